#include "tests/fuzz/loaded.h"

#include "common/buf.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/option.h"
#include "sentinel/command/access.h"
#include "sentinel/command/naming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* YAML breaks lines at more than \n, and its columns count characters: where the text has other
 * than ASCII or such breaks, only the size of the text bounds them. */
static bool is_plain(struct slice text) {
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] >= 0x80 || text.data[i] == '\r')
            return false;
    return true;
}

static void check_place(const struct diag_finding *f, struct slice text) {
    fuzz_check(f->line >= 0);
    fuzz_check(f->column >= 0);
    fuzz_check(f->text[0] != '\0');
    if (f->file != NULL || f->line == 0)
        return;
    fuzz_check(f->column >= 1);
    size_t line = (size_t)f->line, column = (size_t)f->column;
    fuzz_check(line <= text.size + 1);
    fuzz_check(column <= text.size + 1);
    if (!is_plain(text))
        return;
    struct slice rest = text, found = SLICE_EMPTY;
    for (size_t i = 0; i < line; i++) {
        fuzz_check(rest.data != NULL);
        found = slice_cut(&rest, '\n');
    }
    fuzz_check(column <= found.size + 1);
}

static bool judge(bool valid, const struct diag *diag, struct slice text) {
    struct buf findings = BUF_INIT;
    fuzz_check(valid == (diag->count == 0));
    for (size_t i = 0; i < diag->count; i++)
        check_place(&diag->findings[i], text);
    diag_print(diag, &findings);
    if (getenv("FUZZ_TRACE") != NULL)
        fputs(buf_text(&findings), stderr);
    buf_fini(&findings);
    return valid;
}

/* As a start does: what cannot be said of users and names is found, too. */
static bool check_whole(bool valid, struct loaded *l, struct diag *diag) {
    access_check(&l->settings, diag);
    naming_check(&l->settings.renames, diag);
    return valid && diag->count == 0;
}

bool loaded_yaml(struct loaded *l, struct slice text) {
    struct diag diag;
    diag_init(&diag, "f");
    state_init(&l->state);
    plan_init(&l->plan);
    bool valid = check_whole(load_yaml(text, &l->settings, &diag), l, &diag);
    valid = valid && config_merge(&l->settings, &l->state, MERGE_YAML, &l->plan, &diag);
    valid = judge(valid, &diag, text);
    diag_fini(&diag);
    return valid;
}

bool loaded_classic(struct loaded *l, struct slice text) {
    struct diag diag;
    diag_init(&diag, "f");
    plan_init(&l->plan);
    bool valid = check_whole(load_classic(text, &l->settings, &l->state, &diag), l, &diag);
    valid = valid && config_merge(&l->settings, &l->state, MERGE_CLASSIC, &l->plan, &diag);
    valid = judge(valid, &diag, text);
    diag_fini(&diag);
    return valid;
}

void loaded_fini(struct loaded *l) {
    settings_fini(&l->settings);
    state_fini(&l->state);
    plan_fini(&l->plan);
}

static bool process_equal(const struct settings *a, const struct settings *b) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_PROCESS && !option_equal(o, a, b)) {
            fprintf(stderr, "%s differs\n", o->key);
            return false;
        }
    }
    return true;
}

bool loaded_equal(const struct loaded *a, const struct loaded *b) {
    if (!process_equal(&a->plan.active, &b->plan.active) ||
        a->plan.group_count != b->plan.group_count || !state_equal(&a->state, &b->state))
        return false;
    for (size_t i = 0; i < a->plan.group_count; i++)
        if (!group_settings_equal(&a->plan.groups[i].active, &b->plan.groups[i].active))
            return false;
    return true;
}
