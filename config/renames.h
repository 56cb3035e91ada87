/* Other names for our own commands, as a configuration gives them. In the order of the file: a
 * rename may name what an earlier one has made. Which commands there are the command layer knows.
 */
#pragma once

#include "common/slice.h"

struct buf;

#define COMMAND_RENAMES_MAX 1000

struct command_rename {
    char *command;    /* owned */
    char *name;       /* owned; "" = removed */
    int line, column; /* where it stands in the file; 0 if in none */
};

struct command_renames {
    struct command_rename *items; /* owned */
    size_t count, capacity;
};

void command_renames_fini(struct command_renames *r);
void command_renames_copy(struct command_renames *to, const struct command_renames *from);
/* Without places, in any order. */
bool command_renames_equal(const struct command_renames *a, const struct command_renames *b);
/* Borrowed until the next addition. */
struct command_rename *command_renames_add(
    struct command_renames *r, struct slice command, struct slice name);
/* "{PING: x, ROLE: ''}": for people. */
void command_renames_print(const struct command_renames *r, struct buf *out);
