#include "sentinel/shell/config_file.h"

#include "common/mem.h"
#include "config/diag.h"

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
    return ok;
}

void config_file_fini(struct config_file *f) {
    settings_fini(&f->settings);
    state_fini(&f->state);
}
