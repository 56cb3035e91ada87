/* What the log says of clients: who changed what, what was refused for want of rights, and who
 * failed to log in. Passwords show as stars. Anybody can cause such lines: each kind has a budget
 * of its own, so that many of one do not hide another, and a line says how many went without one.
 */
#pragma once

#include "common/slice.h"

struct acl_user;
struct call;

enum audit_kind { AUDIT_DONE, AUDIT_REFUSED, AUDIT_LOGIN, AUDIT_HELD_OFF, AUDIT_KIND_COUNT };

struct audit {
    struct audit_budget {
        int64_t spent_until_ms; /* mono: when all lines so far are paid for */
        uint64_t unlogged;      /* since the last line */
    } budgets[AUDIT_KIND_COUNT];
};

/* A request that awaits its reply: what will be said of it then is kept. */
void audit_keep(struct call *call);
/* A request got its reply. */
void audit_request(struct call *call, struct slice reply);
/* A client failed to log in as `user`, who is nobody if NULL. */
void audit_login(struct call *call, const struct acl_user *user);
/* The same, and it was the last that its address may fail with for now. */
void audit_held_off(struct call *call);
