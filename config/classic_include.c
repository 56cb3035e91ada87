#include "config/classic_include.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/load_file.h"

#include <string.h>

static void read_text(struct classic_include *i, struct slice text);

static const char *current_file(const struct classic_include *i) {
    return i->depth == 0 ? NULL : i->files[i->stack[i->depth - 1]];
}

/* Whether a file is among those that are being read. */
static bool is_open(const struct classic_include *i, const char *path) {
    if (i->diag->file != NULL && load_is_same_file(path, i->diag->file))
        return true;
    for (size_t k = 0; k < i->depth; k++)
        if (load_is_same_file(path, i->files[i->stack[k]]))
            return true;
    return false;
}

static void read_file(struct classic_include *i, const struct classic_line *l, const char *path) {
    struct slice text = { .data = NULL };
    int error;
    if (is_open(i, path)) {
        CLASSIC_FINDING(i->diag, l, 1, "%s includes itself", path);
    } else if (i->depth == INCLUDE_DEPTH_MAX) {
        CLASSIC_FINDING(i->diag, l, 1, "more than %d files within each other", INCLUDE_DEPTH_MAX);
    } else if (i->file_count == INCLUDE_FILES_MAX) {
        CLASSIC_FINDING(i->diag, l, 1, "more than %d included files", INCLUDE_FILES_MAX);
    } else if ((error = load_file(path, &text)) != 0) {
        CLASSIC_FINDING(i->diag, l, 1, "cannot read %s: %s", path, load_file_why(error));
    } else {
        mem_grow(&i->files, &i->file_capacity, i->file_count + 1, sizeof(i->files[0]));
        i->files[i->file_count] = mem_strdup(path);
        i->stack[i->depth++] = i->file_count++;
        read_text(i, text);
        i->depth--;
    }
    if (text.data != NULL)
        explicit_bzero((void *)(uintptr_t)text.data, text.size);
    mem_free((void *)(uintptr_t)text.data);
}

static void read_include(struct classic_include *i, const struct classic_line *l) {
    struct buf pattern = BUF_INIT;
    struct load_names found;
    if (l->count != 2 || classic_word(l, 1).size == 0) {
        CLASSIC_FINDING(i->diag, l, 0, "include takes one path");
        return;
    }
    if (i->folder != NULL && !slice_starts_with(classic_word(l, 1), "/"))
        buf_printf(&pattern, "%s/", i->folder);
    buf_add_slice(&pattern, classic_word(l, 1));
    load_names_find(buf_text(&pattern), &found);
    for (size_t k = 0; k < found.count; k++)
        read_file(i, l, found.names[k]);
    load_names_fini(&found);
    buf_fini(&pattern);
}

static void read_line(struct classic_include *i, struct classic_line *l) {
    if (slice_is_nocase(classic_word(l, 0), "include")) {
        read_include(i, l);
        return;
    }
    if (slice_is_nocase(classic_word(l, 0), "dir") && l->count == 2) {
        mem_free(i->folder);
        i->folder = slice_dup(classic_word(l, 1));
    }
    i->visit(l, i->context);
}

static void read_text(struct classic_include *i, struct slice text) {
    struct classic_line line = CLASSIC_LINE_INIT;
    for (int number = 1; text.size > 0 && !diag_is_full(i->diag); number++) {
        int column;
        if (!classic_line_read(slice_cut(&text, '\n'), &line, &column)) {
            diag_add_in(i->diag, current_file(i), number, column,
                "Unbalanced quotes in configuration line");
            continue;
        }
        line.number = number;
        line.file = current_file(i);
        if (line.count > 0)
            read_line(i, &line);
    }
    classic_line_fini(&line);
}

void classic_include_read(struct classic_include *i, struct slice text) {
    read_text(i, text);
}

void classic_include_fini(struct classic_include *i) {
    for (size_t k = 0; k < i->file_count; k++)
        mem_free(i->files[k]);
    mem_free(i->files);
    mem_free(i->folder);
}

static void collect(struct classic_line *l, void *context) {
    struct buf *out = context;
    if (l->file == NULL)
        return;
    for (size_t i = 0; i < l->count; i++) {
        struct slice word = classic_word(l, i);
        buf_add_text(out, i > 0 ? " \"" : "\"");
        for (size_t k = 0; k < word.size; k++)
            buf_printf(out, "\\x%02x", (unsigned char)word.data[k]);
        buf_add_char(out, '"');
    }
    buf_add_char(out, '\n');
}

void classic_included(const char *path, struct slice text, struct buf *out) {
    struct diag diag;
    diag_init(&diag, path);
    struct classic_include i = { .diag = &diag, .visit = collect, .context = out };
    classic_include_read(&i, text);
    classic_include_fini(&i);
    diag_fini(&diag);
}
