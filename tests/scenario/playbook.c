#include "tests/scenario/playbook.h"

#include "common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2 /* of a block that is written */

/* ---- failures ---- */

static void complain(const struct playbook *s, size_t line, int column, const char *format,
    va_list args) PRINTF_LIKE(4, 0);
static void complain(
    const struct playbook *s, size_t line, int column, const char *format, va_list args) {
    (void)fprintf(stderr, "%s:%zu:%d: ", s->file, line, column);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

void playbook_fail(const struct playbook *s, const struct step *at, const struct word *w,
    const char *format, ...) {
    va_list args;
    va_start(args, format);
    complain(s, at->line, w == NULL ? 1 : w->column, format, args);
    va_end(args);
    exit(1);
}

NORETURN static void fail_at(const struct playbook *s, size_t line, size_t column,
    const char *format, ...) PRINTF_LIKE(4, 5);
static void fail_at(const struct playbook *s, size_t line, size_t column, const char *format, ...) {
    va_list args;
    va_start(args, format);
    complain(s, line, (int)column, format, args);
    va_end(args);
    exit(1);
}

/* ---- reading ---- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static void read_file(struct playbook *s) {
    FILE *f = fopen(s->file, "r");
    if (f == NULL) {
        perror(s->file);
        exit(1);
    }
    for (size_t got = 1; got > 0;) {
        got = fread(buf_reserve(&s->text, 4096), 1, 4096, f);
        buf_commit(&s->text, got);
    }
    (void)fclose(f);
}

static void split_rows(struct playbook *s) {
    struct slice rest = buf_slice(&s->text);
    while (rest.size > 0) {
        mem_grow(&s->rows, &s->row_capacity, s->row_count + 1, sizeof(*s->rows));
        s->rows[s->row_count++] = slice_cut(&rest, '\n');
    }
}

/* A row without its indentation; *ret_indent says how deep it was. */
static struct slice trimmed(struct slice row, size_t *ret_indent) {
    *ret_indent = 0;
    while (*ret_indent < row.size && is_blank(row.data[*ret_indent]))
        (*ret_indent)++;
    return slice_trim(row);
}

static void add_word(
    struct playbook *s, struct step *step, struct slice text, size_t column, bool is_quoted) {
    if (step->count == STEP_WORDS_MAX)
        fail_at(s, step->line, column, "more than %d words", STEP_WORDS_MAX);
    step->words[step->count++] =
        (struct word){ .text = slice_dup(text), .column = (int)column, .is_quoted = is_quoted };
}

static void split_words(struct playbook *s, struct step *step, struct slice row) {
    size_t i = 0;
    while (i < row.size) {
        if (is_blank(row.data[i])) {
            i++;
            continue;
        }
        bool is_quoted = row.data[i] == '"';
        size_t from = i + is_quoted, to = from;
        while (to < row.size && (is_quoted ? row.data[to] != '"' : !is_blank(row.data[to])))
            to++;
        if (is_quoted && to == row.size)
            fail_at(s, step->line, i + 1, "a quotation that does not end");
        add_word(s, step, slice_sub(row, from, to - from), i + 1, is_quoted);
        i = to + is_quoted;
    }
}

static struct step *add_step(struct playbook *s, size_t line) {
    mem_grow(&s->steps, &s->step_capacity, s->step_count + 1, sizeof(*s->steps));
    struct step *step = &s->steps[s->step_count++];
    *step = (struct step){ .line = line, .block_from = line + 1, .block_to = line + 1 };
    return step;
}

static void read_title(struct playbook *s) {
    struct buf title CLEANUP(buf_fini) = BUF_INIT;
    for (size_t i = 0; i < s->row_count && slice_starts_with(s->rows[i], "#"); i++) {
        if (i > 0)
            buf_add_char(&title, ' ');
        buf_add_slice(&title, slice_trim(slice_sub(s->rows[i], 1, s->rows[i].size)));
    }
    s->title = slice_dup(buf_slice(&title));
}

void playbook_read(struct playbook *s, const char *file) {
    *s = (struct playbook){ .file = mem_strdup(file), .text = BUF_INIT };
    read_file(s);
    split_rows(s);
    read_title(s);
    for (size_t i = 0; i < s->row_count; i++) {
        size_t indent, line = i + 1;
        struct slice row = trimmed(s->rows[i], &indent);
        if (row.size == 0 || row.data[0] == '#')
            continue;
        if (indent == 0) {
            split_words(s, add_step(s, line), row);
            continue;
        }
        struct step *step = s->step_count == 0 ? NULL : &s->steps[s->step_count - 1];
        if (step == NULL)
            fail_at(s, line, indent + 1, "an indented line without a step above it");
        buf_add_slice(&step->block, row);
        buf_add_char(&step->block, '\n');
        step->block_to = line + 1;
    }
}

void playbook_fini(struct playbook *s) {
    for (size_t i = 0; i < s->step_count; i++) {
        struct step *step = &s->steps[i];
        for (size_t w = 0; w < step->count; w++)
            mem_free(step->words[w].text);
        buf_fini(&step->block);
        buf_fini(&step->blessed);
    }
    mem_free(s->steps);
    mem_free(s->rows);
    mem_free(s->title);
    mem_free(s->file);
    buf_fini(&s->text);
}

/* ---- writing ---- */

static void write_block(FILE *f, struct slice block) {
    while (block.size > 0) {
        struct slice row = slice_cut(&block, '\n');
        (void)fprintf(f, "%*s" SLICE_FMT "\n", INDENT, "", SLICE_ARG(row));
    }
}

void playbook_write(const struct playbook *s) {
    FILE *f = fopen(s->file, "w");
    if (f == NULL) {
        perror(s->file);
        exit(1);
    }
    const struct step *step = s->steps, *end = s->steps + s->step_count;
    for (size_t line = 1; line <= s->row_count; line++) {
        while (step < end && line >= step->block_to && line > step->line)
            step++;
        bool is_replaced =
            step < end && step->is_blessed && line >= step->block_from && line < step->block_to;
        if (!is_replaced)
            (void)fprintf(f, SLICE_FMT "\n", SLICE_ARG(s->rows[line - 1]));
        if (step < end && step->is_blessed && line == step->line)
            write_block(f, buf_slice(&step->blessed));
    }
    if (fclose(f) != 0) {
        perror(s->file);
        exit(1);
    }
}

/* ---- words in turn ---- */

bool words_are_left(const struct words *w) {
    return w->next < w->step->count;
}

const struct word *words_take(struct words *w, const char *what) {
    if (!words_are_left(w)) {
        const struct word *last = &w->step->words[w->step->count - 1];
        fail_at(w->book, w->step->line,
            (size_t)last->column + strlen(last->text) + 2 * last->is_quoted, "%s is missing", what);
    }
    return &w->step->words[w->next++];
}

bool words_try(struct words *w, const char *text) {
    bool is_it = words_are_left(w) && !w->step->words[w->next].is_quoted &&
        strcmp(w->step->words[w->next].text, text) == 0;
    w->next += is_it;
    return is_it;
}

void words_need(struct words *w, const char *text) {
    const struct word *got = words_take(w, text);
    if (strcmp(got->text, text) != 0)
        words_fail(w, "\"%s\" where \"%s\" should be", got->text, text);
}

void words_end(const struct words *w) {
    if (words_are_left(w))
        playbook_fail(w->book, w->step, &w->step->words[w->next], "\"%s\" is one word too many",
            w->step->words[w->next].text);
}

void words_fail(const struct words *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
    complain(w->book, w->step->line, w->step->words[w->next - 1].column, format, args);
    va_end(args);
    exit(1);
}

int64_t words_take_number(struct words *w) {
    int64_t value;
    const struct word *got = words_take(w, "a number");
    if (!slice_to_i64(slice_of(got->text), &value))
        words_fail(w, "\"%s\" is no number", got->text);
    return value;
}

int64_t words_take_us(struct words *w) {
    static const struct {
        const char *name;
        int64_t us;
    } units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };
    const struct word *got = words_take(w, "a time");
    struct slice text = slice_of(got->text);
    size_t digits = strspn(got->text, "0123456789");
    int64_t value;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (slice_is(slice_sub(text, digits, text.size), units[i].name) &&
            slice_to_i64(slice_sub(text, 0, digits), &value) && value < INT32_MAX)
            return value * units[i].us;
    words_fail(w, "\"%s\" is no time, like 140ms or 5s", got->text);
}

size_t words_take_one_of(struct words *w, const char *const *names, size_t count) {
    const struct word *got = words_take(w, "a word");
    struct buf list CLEANUP(buf_fini) = BUF_INIT;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(got->text, names[i]) == 0)
            return i;
        buf_printf(&list, " %s", names[i]);
    }
    words_fail(w, "\"%s\" is none of:%s", got->text, buf_text(&list));
}
