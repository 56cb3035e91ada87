/* The lines of a classic configuration file, cut into words. What they say is classic.c's business.
 */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"

struct diag;
struct place;

struct classic_word {
    struct slice text; /* unquoted; owned by its line */
    int column;        /* from 1, in bytes */
};

struct classic_line {
    int number;                 /* from 1 */
    const char *file;           /* borrowed: an included one; NULL = the file itself */
    struct classic_word *words; /* owned */
    size_t count, capacity;
    struct buf memory; /* behind the words */
};

#define CLASSIC_LINE_INIT ((struct classic_line){ .words = NULL })

/* Cuts a line into words, separated by blanks; "..." knows \n \r \t \b \a \xHH and backslash for
 * the next character,
 * '...' only \'. No words: an empty line or a comment. false if a quote is left open or text
 * follows right after one; *ret_column is then the quote's. `ret` is emptied first. */
bool classic_line_read(struct slice text, struct classic_line *ret, int *ret_column);
void classic_line_fini(struct classic_line *l);

struct slice classic_word(const struct classic_line *l, size_t index); /* index < count */
/* Where the word stands, for a finding that is made when all files were read: in no place if that
 * is an included one, whose name is forgotten by then. */
struct place classic_place(const struct classic_line *l, size_t index);

/* A word is a password. Of an included file it is looked at here whether others may read it; of the
 * file itself the place is noted, if it is the first. */
void classic_note_password(
    struct diag *diag, const struct classic_line *l, size_t index, struct place *at);

/* A finding at word `index` of line `l`. */
#define CLASSIC_FINDING(diag, l, index, ...) \
    diag_add_in(diag, (l)->file, (l)->number, (l)->words[index].column, __VA_ARGS__)
/* For "%.*s": what a finding quotes of a word. */
#define CLASSIC_QUOTED(s) (int)MIN_OF((s).size, (size_t)80), (s).data
