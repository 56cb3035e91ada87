/* The text of a case: steps, one a line, and below some of them the indented lines that are
 * expected. Knows nothing of what the words mean. */
#pragma once

#include "common/base.h"
#include "common/buf.h"
#include "common/slice.h"

#define STEP_WORDS_MAX 32

struct word {
    char *text; /* owned */
    int column; /* from 1 */
    bool is_quoted;
};

/* One step. Its block is what stands indented below it. */
struct step {
    size_t line; /* from 1 */
    struct word words[STEP_WORDS_MAX];
    size_t count;
    size_t block_from, block_to; /* lines of the block, from 1; the last one not included */
    struct buf block;            /* without indentation, each line with its newline */
    bool is_blessed;             /* `blessed` takes the place of the block */
    struct buf blessed;
};

struct playbook {
    char *file;         /* owned: as errors name it */
    char *title;        /* owned: the comment at the top, as one line */
    struct slice *rows; /* owned, of `text` */
    size_t row_count, row_capacity;
    struct step *steps; /* owned */
    size_t step_count, step_capacity;
    struct buf text;
};

/* Reads a file. Ends the process with a message if that cannot be done. */
void playbook_read(struct playbook *s, const char *file);
void playbook_fini(struct playbook *s);
/* Writes the file again, with the blocks that were blessed. */
void playbook_write(const struct playbook *s);

/* Says what is wrong with a word, or with the whole step if NULL, and ends the process. */
NORETURN void playbook_fail(const struct playbook *s, const struct step *at, const struct word *w,
    const char *format, ...) PRINTF_LIKE(4, 5);

/* ---- words in turn ---- */

struct words {
    const struct playbook *book;
    struct step *step;
    size_t next;
};

bool words_are_left(const struct words *w);
const struct word *words_take(struct words *w, const char *what); /* a failure if none is left */
/* Takes the next one if it is this. */
bool words_try(struct words *w, const char *text);
void words_need(struct words *w, const char *text);
void words_end(const struct words *w); /* a failure if one is left */
int64_t words_take_number(struct words *w);
int64_t words_take_us(struct words *w); /* "140ms", "5s", "300us" */
/* The index of the next one among `names`; a failure that lists them if it is none of them. */
size_t words_take_one_of(struct words *w, const char *const *names, size_t count);
NORETURN void words_fail(const struct words *w, const char *format, ...)
    PRINTF_LIKE(2, 3); /* about the word taken last */
