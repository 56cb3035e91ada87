#include "sentinel/command/naming.h"

#include "common/ensure.h"
#include "config/diag.h"

static size_t find(const struct naming *n, struct slice word) {
    size_t i = 0;
    while (i < command_count && (word.size == 0 || !slice_equal_nocase(n->words[i], word)))
        i++;
    return i;
}

static void start(struct naming *n) {
    ensure(command_count <= NAMING_ROWS_MAX);
    for (size_t i = 0; i < command_count; i++)
        n->words[i] = command_table[i].word;
}

/* NULL, or why it cannot be. */
static const char *apply(struct naming *n, const struct command_rename *r) {
    size_t row = find(n, slice_of(r->command));
    if (row == command_count)
        return "No such command in rename-command";
    size_t other = find(n, slice_of(r->name));
    if (other != command_count && other != row)
        return "Target command name already exists";
    n->words[row] = slice_of(r->name);
    return NULL;
}

void naming_init(struct naming *n, const struct command_renames *renames) {
    command_renames_copy(&n->renames, renames);
    start(n);
    for (size_t i = 0; i < n->renames.count; i++)
        (void)apply(n, &n->renames.items[i]); /* one that cannot be is refused by naming_check */
}

void naming_fini(struct naming *n) {
    command_renames_fini(&n->renames);
}

void naming_check(const struct command_renames *renames, struct diag *diag) {
    struct naming n = { .renames = { .items = NULL } };
    start(&n);
    for (size_t i = 0; i < renames->count; i++) {
        const struct command_rename *r = &renames->items[i];
        const char *why = apply(&n, r);
        if (why != NULL)
            diag_add(diag, r->line, r->column, "%s", why);
    }
}

const struct command *naming_row(const struct naming *n, struct slice word) {
    size_t row = find(n, word);
    return row < command_count ? &command_table[row] : NULL;
}

bool naming_has(const struct naming *n, const struct command *row) {
    return n->words[row - command_table].size > 0;
}

size_t naming_count(const struct naming *n) {
    size_t count = 0;
    for (size_t i = 0; i < command_count; i++)
        count += n->words[i].size > 0;
    return count;
}
