/* The user as whom the process works. Root starts it, it binds its addresses and makes the places
 * where it writes, and becomes that user for good: no way leads back, no capability is left. It
 * does so before there is a thread, and before it has heard anything from outside. */
#pragma once

#include "common/base.h"

struct buf;
struct diag;
struct settings;

/* Adds a finding for a user or a group that is none, or that we may not become. */
void privileges_check(const struct settings *settings, struct diag *diag);
/* Whether there is anything to give up: we are root, and the settings name a user. */
bool privileges_are_given_up(const struct settings *settings);
/* Makes the state folder (0700) and the log file if they are not there, for that user, and becomes
 * him. false with the reason in *why, a sentence: we are not to go on then. */
bool privileges_give_up(const struct settings *settings, struct buf *why);
