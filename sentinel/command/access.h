/* What each client may do: between the sessions and the users of access control. */
#pragma once

#include "common/secret.h"
#include "sentinel/command/acl.h"
#include "sentinel/command/acl_log.h"

struct call;
struct server;
struct session;
struct diag;
struct endpoint;
struct settings;

struct access {
    struct acl acl;
    struct acl_log log;
    uint64_t refused[ACL_REASON_COUNT];
    struct secret file_text; /* of the ACL file, as it was last read */
};

/* Finds what a configuration says of users and what no user can be made of. */
void access_check(const struct settings *settings, struct diag *diag);

void access_init(struct access *a, const struct settings *settings);
void access_fini(struct access *a);
/* The core has taken new settings: what changed in the file wins over what was done at runtime. */
void access_reload(struct server *s);

/* ---- one client ---- */
/* Whether protected mode, if it is on, lets a client in that comes from there. */
bool access_admits(
    const struct access *a, const struct settings *settings, const struct endpoint *from);
/* A new client is the default user, and need not log in if that one has no password. */
void access_enter(struct session *s);
/* Whether the client has to log in before it may ask for anything. */
bool access_is_barred(const struct session *s);
/* Logs in; false after refusing: user and password do not fit, which the log of refusals notes, or
 * too many logins from there have failed. */
bool access_log_in(struct call *call, struct slice user, struct slice password);
/* Whether the call's command may be carried out; false after refusing it. */
bool access_permits(struct call *call);

/* ---- users ---- */
/* Makes a user what `changed` is, and takes that; a new one is added. Hangs up who listens to what
 * its user may no longer listen to. */
void access_change_user(struct server *s, struct acl_user *changed);
/* Keeps a user as it is now, or that it is gone, beyond a restart, unless an ACL file is there for
 * that. Returns the PERSIST; 0 without one. */
uint64_t access_keep(struct server *s, struct slice name);
/* Removes a user that is not the default one, and hangs up all who are it. True if `self` is among
 * them: it still has its reply to get, and is to be ended afterwards. */
bool access_remove_user(struct server *s, struct acl_user *u, const struct session *self);
/* Replaces all users by those of the ACL file's text, and hangs up whoever is not the default user;
 * `self` as above. false, with what is wrong added to `why`, if the text is not in order. */
bool access_load(struct server *s, struct slice text, const struct session *self, bool *ret_is_self,
    struct buf *why);
void access_saved(struct server *s, struct slice text); /* that is what the ACL file says now */

/* ---- texts ---- */
/* Why a user may not make a request, as people read it; the call's own arguments are not used. */
void access_print_refusal(const struct acl_user *u, const struct command *c,
    enum acl_verdict verdict, struct slice channel, struct buf *out);
