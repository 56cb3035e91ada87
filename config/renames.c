#include "config/renames.h"

#include "common/buf.h"
#include "common/mem.h"

#include <string.h>

void command_renames_fini(struct command_renames *r) {
    for (size_t i = 0; i < r->count; i++) {
        mem_free(r->items[i].command);
        mem_free(r->items[i].name);
    }
    mem_free(r->items);
    *r = (struct command_renames){ .items = NULL };
}

void command_renames_copy(struct command_renames *to, const struct command_renames *from) {
    *to = (struct command_renames){ .items = NULL };
    for (size_t i = 0; i < from->count; i++) {
        const struct command_rename *one = &from->items[i];
        struct command_rename *copy =
            command_renames_add(to, slice_of(one->command), slice_of(one->name));
        copy->line = one->line;
        copy->column = one->column;
    }
}

static bool contains(const struct command_renames *r, const struct command_rename *wanted) {
    for (size_t i = 0; i < r->count; i++) {
        if (slice_equal_nocase(slice_of(r->items[i].command), slice_of(wanted->command)) &&
            strcmp(r->items[i].name, wanted->name) == 0)
            return true;
    }
    return false;
}

bool command_renames_equal(const struct command_renames *a, const struct command_renames *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!contains(b, &a->items[i]) || !contains(a, &b->items[i]))
            return false;
    }
    return true;
}

struct command_rename *command_renames_add(
    struct command_renames *r, struct slice command, struct slice name) {
    mem_grow(&r->items, &r->capacity, r->count + 1, sizeof(r->items[0]));
    struct command_rename *one = &r->items[r->count++];
    *one = (struct command_rename){ .command = slice_dup(command), .name = slice_dup(name) };
    return one;
}

void command_renames_print(const struct command_renames *r, struct buf *out) {
    buf_add_char(out, '{');
    for (size_t i = 0; i < r->count; i++)
        buf_printf(out, "%s%s: %s", i > 0 ? ", " : "", r->items[i].command,
            r->items[i].name[0] != '\0' ? r->items[i].name : "''");
    buf_add_char(out, '}');
}
