/* A filter of system calls around the whole process, all its threads: what the daemon never needs
 * is refused, so that who takes it over can do little with it. It outlives everything but the
 * process; what is started from within has it, too, so that scripts need a process that was there
 * before: spawner.h. */
#pragma once

#include "config/settings.h"

struct buf;

/* SECCOMP_YES: what is not listed fails with ENOSYS, and what only an attacker would try ends the
 * process by SIGSYS. SECCOMP_LOG: all of that is only logged, by the kernel. false with the reason
 * in *why: nothing was changed then. */
bool sandbox_enter(enum seccomp mode, struct buf *why);
