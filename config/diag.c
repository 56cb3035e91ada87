#include "config/diag.h"

#include "common/buf.h"
#include "common/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 1000 /* nobody reads more, and a hostile file has no end of them */
#define WARNINGS_MAX 100

void diag_init(struct diag *d, const char *file) {
    *d = (struct diag){ .file = mem_strdup(file) };
}

static void free_all(struct diag_finding *findings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        mem_free(findings[i].file);
        mem_free(findings[i].text);
    }
    mem_free(findings);
}

void diag_fini(struct diag *d) {
    free_all(d->findings, d->count);
    free_all(d->warnings, d->warning_count);
    mem_free(d->file);
    *d = (struct diag){ .file = NULL };
}

/* It may quote the file: one finding stays one line, and a terminal shows it as it is. */
static struct diag_finding make_finding(const char *file, int line, int column, struct slice text) {
    struct diag_finding f = {
        .file = file == NULL ? NULL : mem_strdup(file),
        .line = line,
        .column = column,
        .text = slice_dup(text),
    };
    for (char *c = f.text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    }
    return f;
}

static void add_finding(struct diag *d, const char *file, int line, int column, struct slice text) {
    mem_grow(&d->findings, &d->capacity, d->count + 1, sizeof(d->findings[0]));
    d->findings[d->count++] = make_finding(file, line, column, text);
}

bool diag_is_full(const struct diag *d) {
    return d->count >= FINDINGS_MAX;
}

static void PRINTF_LIKE(5, 0)
    add(struct diag *d, const char *file, int line, int column, const char *format, va_list args) {
    if (diag_is_full(d))
        return;
    if (d->count == FINDINGS_MAX - 1) {
        add_finding(d, NULL, 0, 0, SLICE_LITERAL("there are more findings than are shown"));
        return;
    }
    struct buf text = BUF_INIT;
    buf_vprintf(&text, format, args);
    add_finding(d, file, line, column, buf_slice(&text));
    buf_fini(&text);
}

void diag_add(struct diag *d, int line, int column, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(d, NULL, line, column, format, args);
    va_end(args);
}

void diag_add_in(struct diag *d, const char *file, int line, int column, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(d, file, line, column, format, args);
    va_end(args);
}

static bool has_warning(const struct diag *d, const char *text) {
    for (size_t i = 0; i < d->warning_count; i++) {
        if (strcmp(d->warnings[i].text, text) == 0)
            return true;
    }
    return false;
}

void diag_warn(struct diag *d, const char *file, int line, int column, const char *format, ...) {
    struct buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    struct diag_finding f = make_finding(file, line, column, buf_slice(&text));
    buf_fini(&text);
    if (d->warning_count < WARNINGS_MAX && !has_warning(d, f.text)) {
        mem_grow(&d->warnings, &d->warning_capacity, d->warning_count + 1, sizeof(d->warnings[0]));
        d->warnings[d->warning_count++] = f;
    } else {
        mem_free(f.file);
        mem_free(f.text);
    }
}

/* By place; those of one place stay in the order in which they were found. */
static int compare_findings(const void *left, const void *right) {
    const struct diag_finding *a = *(const struct diag_finding *const *)left;
    const struct diag_finding *b = *(const struct diag_finding *const *)right;
    int files = slice_compare(slice_of(a->file), slice_of(b->file)); /* that of the diag first */
    if (files != 0)
        return files;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void print(
    const char *outer, const struct diag_finding *findings, size_t count, struct buf *out) {
    if (count == 0)
        return;
    const struct diag_finding **sorted = mem_alloc(count * sizeof(const struct diag_finding *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = &findings[i];
    qsort(sorted, count, sizeof(const struct diag_finding *), compare_findings);

    for (size_t i = 0; i < count; i++) {
        const struct diag_finding *f = sorted[i];
        const char *file = f->file != NULL ? f->file : outer;
        buf_printf(out, "%s:", file == NULL ? "" : file);
        if (f->line > 0)
            buf_printf(out, "%d:", f->line);
        if (f->line > 0 && f->column > 0)
            buf_printf(out, "%d:", f->column);
        buf_printf(out, " %s\n", f->text);
    }
    mem_free(sorted);
}

void diag_print(const struct diag *d, struct buf *out) {
    print(d->file, d->findings, d->count, out);
}

void diag_print_warnings(const struct diag *d, struct buf *out) {
    print(d->file, d->warnings, d->warning_count, out);
}
