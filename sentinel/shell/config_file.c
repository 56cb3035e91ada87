#include "sentinel/shell/config_file.h"

#include "common/mem.h"
#include "config/diag.h"
#include "sentinel/command/access.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- scripts ---- */

static void check_script(
    int folder, const char *path, const struct place *at, const char *kind, struct diag *diag) {
    if (path != NULL && faccessat(folder, path, X_OK, 0) < 0)
        diag_add(
            diag, at->line, at->column, "%s script seems non existing or non executable.", kind);
}

/* As they will be run: relative paths are below `dir`, where a classic file names one. */
static void check_scripts(const struct config_file *f, struct diag *diag) {
    int folder = AT_FDCWD;
    if (f->format == CONFIG_CLASSIC)
        folder = open(f->settings.state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < f->settings.group_count; i++) {
        const struct group_settings *g = &f->settings.groups[i];
        check_script(folder, g->notification_script, &g->notification_at, "Notification", diag);
        check_script(folder, g->reconfig_script, &g->reconfig_at, "Client reconfiguration", diag);
    }
    if (folder >= 0)
        close(folder);
}

/* ---- the whole ---- */

bool config_file_load(const char *path, struct config_file *ret, struct diag *diag) {
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
    } else {
        ok = load_classic(text, &ret->settings, &ret->state, diag);
    }
    mem_free((void *)(uintptr_t)text.data);
    check_scripts(ret, diag);
    access_check(&ret->settings, diag);
    return ok && diag->count == 0;
}

void config_file_fini(struct config_file *f) {
    settings_fini(&f->settings);
    state_fini(&f->state);
}
