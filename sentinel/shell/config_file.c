#include "sentinel/shell/config_file.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/exposure.h"
#include "config/tls.h"
#include "sentinel/command/access.h"
#include "sentinel/command/naming.h"
#include "sentinel/shell/script_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- scripts ---- */

static void check_script(const struct config_file *f, const char *path, const struct place *at,
    const char *kind, struct diag *diag) {
    struct buf whole = BUF_INIT;
    if (path == NULL)
        return;
    if (f->format == CONFIG_CLASSIC && path[0] != '/')
        buf_printf(&whole, "%s/", f->settings.state_dir);
    buf_add_text(&whole, path);
    char *real;
    enum script_fault fault = script_file_check(buf_text(&whole), f->settings.script_dirs, &real);
    if (fault == SCRIPT_NOT_EXECUTABLE)
        diag_add(
            diag, at->line, at->column, "%s script seems non existing or non executable.", kind);
    else if (fault != SCRIPT_FIT)
        diag_add(diag, at->line, at->column, "%s script %s is refused: %s", kind, path,
            script_file_why(fault));
    else if (f->settings.script_dirs == NULL && script_file_is_open(buf_text(&whole)))
        diag_warn(
            diag, NULL, at->line, at->column, "%s script %s can be changed by others", kind, path);
    free(real);
    buf_fini(&whole);
}

/* As they will be run: relative paths are below `dir`, where a classic file names one. */
static void check_scripts(const struct config_file *f, struct diag *diag) {
    for (size_t i = 0; i < f->settings.group_count; i++) {
        const struct group_settings *g = &f->settings.groups[i];
        check_script(f, g->notification_script, &g->notification_at, "Notification", diag);
        check_script(f, g->reconfig_script, &g->reconfig_at, "Client reconfiguration", diag);
    }
}

/* ---- passwords ---- */

static void check_place(const char *path, const struct place *password_at, struct diag *diag) {
    if (password_at->line > 0)
        exposure_check(diag, NULL, password_at->line, password_at->column, path);
}

static void check_key(const char *path, struct diag *diag) {
    if (path != NULL)
        exposure_check_key(diag, path);
}

/* Whether others may read what the file itself says, or our private keys. */
static void check_exposure(const char *path, const struct settings *s, struct diag *diag) {
    check_key(s->tls.server.key, diag);
    check_key(s->tls.client.key, diag);
    check_place(path, &s->password_at, diag);
    for (size_t i = 0; i < s->group_count; i++)
        check_place(path, &s->groups[i].password_at, diag);
}

/* ---- the whole ---- */

static void anchor(char **path, const char *folder) {
    if (*path == NULL || (*path)[0] == '/')
        return;
    struct buf joined = BUF_INIT;
    buf_printf(&joined, strcmp(*path, ".") == 0 ? "%s" : "%s/%s", folder, *path);
    mem_free(*path);
    *path = slice_dup(buf_slice(&joined));
    buf_fini(&joined);
}

static bool load_classic_source(
    const struct config_source *from, struct slice text, struct config_file *f, struct diag *diag) {
    struct buf all = BUF_INIT;
    buf_add_slice(&all, text);
    if (text.size > 0 && text.data[text.size - 1] != '\n')
        buf_add_char(&all, '\n');
    buf_add_slice(&all, from->more);
    bool ok = load_classic(buf_slice(&all), &f->settings, &f->state, diag);
    buf_fini(&all);
    anchor(&f->settings.state_dir, from->folder);
    anchor(&f->settings.log_file, from->folder);
    char **paths[TLS_PATHS];
    tls_paths(&f->settings.tls, paths);
    for (size_t i = 0; i < TLS_PATHS; i++)
        anchor(paths[i], from->folder);
    return ok;
}

bool config_file_load(
    const struct config_source *from, struct config_file *ret, struct diag *diag) {
    const char *path = from->path;
    *ret = (struct config_file){ .format = CONFIG_YAML };
    struct slice text = SLICE_EMPTY;
    int r = load_file(path, &text);
    if (r != 0) {
        settings_init(&ret->settings);
        state_init(&ret->state);
        diag_add(diag, 0, 0, "cannot be read: %s", load_file_why(r));
        return false;
    }
    ret->format = config_format_of(slice_of(path), text);
    bool ok;
    if (ret->format == CONFIG_YAML) {
        state_init(&ret->state);
        ok = load_yaml(text, &ret->settings, diag);
        if (from->more.size > 0)
            diag_add(diag, 0, 0, "options on the command line go with a classic file only");
    } else {
        ok = load_classic_source(from, text, ret, diag);
    }
    explicit_bzero((void *)(uintptr_t)text.data, text.size);
    mem_free((void *)(uintptr_t)text.data);
    check_exposure(path, &ret->settings, diag);
    check_scripts(ret, diag);
    access_check(&ret->settings, diag);
    naming_check(&ret->settings.renames, diag);
    return ok && diag->count == 0;
}

void config_file_fini(struct config_file *f) {
    settings_fini(&f->settings);
    state_fini(&f->state);
}
