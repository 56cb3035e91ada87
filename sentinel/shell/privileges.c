#include "sentinel/shell/privileges.h"

#include "common/buf.h"
#include "config/diag.h"
#include "config/settings.h"
#include "sentinel/shell/store_place.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct identity {
    const struct passwd *user; /* borrowed from the C library, until the next look */
    gid_t group;
};

/* ---- who it is to be ---- */

enum find { FIND_DONE, FIND_NO_USER, FIND_NO_GROUP };

/* While there is no other thread. */
static enum find find_identity(const struct settings *settings, struct identity *ret) {
    // cppcheck-suppress getpwnamCalled ; as said above
    const struct passwd *user = getpwnam(settings->user);
    if (user == NULL)
        return FIND_NO_USER;
    *ret = (struct identity){ .user = user, .group = user->pw_gid };
    if (settings->user_group == NULL)
        return FIND_DONE;
    // cppcheck-suppress getgrnamCalled ; as said above
    const struct group *group = getgrnam(settings->user_group);
    if (group == NULL)
        return FIND_NO_GROUP;
    ret->group = group->gr_gid;
    return FIND_DONE;
}

/* Who is that user already keeps the group that he has, if none is named. */
static void check_rights(
    const struct settings *settings, const struct identity *who, struct diag *diag) {
    bool is_root = geteuid() == 0;
    const struct place *at = &settings->user_at, *group_at = &settings->user_group_at;
    if (who->user->pw_uid == 0)
        diag_add(diag, at->line, at->column,
            "user %s may do everything: to remain who we are, leave it out", settings->user);
    else if (!is_root && who->user->pw_uid != geteuid())
        diag_add(diag, at->line, at->column, "only root can become user %s", settings->user);
    else if (!is_root && settings->user_group != NULL && who->group != getegid())
        diag_add(diag, group_at->line, group_at->column, "only root can change to group %s",
            settings->user_group);
}

void privileges_check(const struct settings *settings, struct diag *diag) {
    struct identity who;
    if (settings->user == NULL)
        return;
    switch (find_identity(settings, &who)) {
    case FIND_NO_USER:
        diag_add(diag, settings->user_at.line, settings->user_at.column, "there is no user %s",
            settings->user);
        break;
    case FIND_NO_GROUP:
        diag_add(diag, settings->user_group_at.line, settings->user_group_at.column,
            "there is no group %s", settings->user_group);
        break;
    case FIND_DONE:
        check_rights(settings, &who, diag);
        break;
    }
}

bool privileges_are_given_up(const struct settings *settings) {
    return settings->user != NULL && geteuid() == 0;
}

/* ---- places ---- */

static bool refuse(struct buf *why, const char *what, int error) {
    buf_printf(why, "%s: %s", what, strerror(error));
    return false;
}

/* Links are not followed: whoever may write beside it could lead us anywhere. */
static bool make_log_file(const char *path, const struct identity *who, struct buf *why) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return errno == EEXIST || refuse(why, path, errno);
    int r = fchown(fd, who->user->pw_uid, who->group);
    int error = errno;
    close(fd);
    return r == 0 || refuse(why, path, error);
}

static bool make_state_folder(const char *path, const struct identity *who, struct buf *why) {
    bool made = false;
    if (!store_place_make_folder(path, &made, why))
        return false;
    return !made || lchown(path, who->user->pw_uid, who->group) == 0 || refuse(why, path, errno);
}

/* ---- becoming ---- */

static int drop_capabilities(void) {
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { .effective = 0 } };
    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static int become(const struct identity *who) {
    if (initgroups(who->user->pw_name, who->group) < 0 ||
        setresgid(who->group, who->group, who->group) < 0 ||
        setresuid(who->user->pw_uid, who->user->pw_uid, who->user->pw_uid) < 0)
        return -errno;
    return drop_capabilities();
}

/* Tried, not believed. */
static bool is_for_good(const struct identity *who) {
    uid_t user = who->user->pw_uid, users[3];
    gid_t group = who->group, groups[3];
    if (getresuid(&users[0], &users[1], &users[2]) < 0 ||
        getresgid(&groups[0], &groups[1], &groups[2]) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(users); i++)
        if (users[i] != user || groups[i] != group)
            return false;
    return setresuid(0, 0, 0) < 0 && seteuid(0) < 0;
}

/* As scripts expect it of who runs them. */
static int tell_environment(const struct passwd *user) {
    bool told = setenv("USER", user->pw_name, true) == 0 &&
        setenv("LOGNAME", user->pw_name, true) == 0 && setenv("HOME", user->pw_dir, true) == 0;
    return told ? 0 : -errno;
}

bool privileges_give_up(const struct settings *settings, struct buf *why) {
    struct identity who;
    if (find_identity(settings, &who) != FIND_DONE)
        return refuse(why, settings->user, ENOENT); /* gone since it was checked */
    if (!make_state_folder(settings->state_dir, &who, why))
        return false;
    if (settings->log_file != NULL && !make_log_file(settings->log_file, &who, why))
        return false;
    int r = tell_environment(who.user);
    if (r == 0)
        r = become(&who);
    if (r < 0)
        return refuse(why, settings->user, -r);
    if (is_for_good(&who))
        return true;
    buf_printf(why, "%s: the way back to root is open", settings->user);
    return false;
}
