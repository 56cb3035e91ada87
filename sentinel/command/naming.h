/* What our commands are called: as in the table, unless clients.rename_commands says otherwise. The
 * new name is what requests and COMMAND ask by; replies, errors and rules of users keep the old. */
#pragma once

#include "config/renames.h"
#include "sentinel/command/command.h"

struct diag;

#define NAMING_ROWS_MAX 32 /* rows of command_table at most */

struct naming {
    struct command_renames renames;      /* owned; none: the names are those of the table */
    struct slice words[NAMING_ROWS_MAX]; /* of each row; lent by the table or `renames`; empty =
                                            the command is removed */
};

void naming_init(struct naming *n, const struct command_renames *renames);
void naming_fini(struct naming *n);
/* Tells what is wrong with renames. */
void naming_check(const struct command_renames *renames, struct diag *diag);

/* The row that goes by this name now, without case; NULL if there is none. */
const struct command *naming_row(const struct naming *n, struct slice word);
/* Whether the row can be asked for by any name. */
bool naming_has(const struct naming *n, const struct command *row);
size_t naming_count(const struct naming *n); /* rows that can */
