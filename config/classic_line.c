#include "config/classic_line.h"

#include "common/mem.h"
#include "common/quoted.h"
#include "config/exposure.h"
#include "config/settings.h"

#include <string.h>

void classic_line_fini(struct classic_line *l) {
    mem_free(l->words);
    buf_fini(&l->memory);
    *l = CLASSIC_LINE_INIT;
}

/* Reads a word at `at`; returns where it ends. SIZE_MAX and *ret_column if its quotes are wrong. */
static size_t read_word(struct slice text, size_t at, struct buf *out, int *ret_column) {
    while (at < text.size && !quoted_is_blank(text.data[at])) {
        char c = text.data[at];
        if (c != '"' && c != '\'') {
            buf_add_char(out, c);
            at++;
            continue;
        }
        size_t size = quoted_read(slice_sub(text, at, text.size), out);
        if (size == 0) {
            *ret_column = (int)at + 1;
            return SIZE_MAX;
        }
        at += size;
    }
    return at;
}

static void add_word(struct classic_line *l, size_t size, int column) {
    mem_grow(&l->words, &l->capacity, l->count + 1, sizeof(l->words[0]));
    l->words[l->count++] = (struct classic_word){ .text.size = size, .column = column };
}

bool classic_line_read(struct slice text, struct classic_line *ret, int *ret_column) {
    buf_clear(&ret->memory);
    ret->count = 0;
    size_t at = 0;
    for (;;) {
        while (at < text.size && quoted_is_blank(text.data[at]))
            at++;
        if (at == text.size || (ret->count == 0 && text.data[at] == '#'))
            break;
        size_t before = buf_size(&ret->memory);
        size_t end = read_word(text, at, &ret->memory, ret_column);
        if (end == SIZE_MAX)
            return false;
        add_word(ret, buf_size(&ret->memory) - before, (int)at + 1);
        at = end;
    }

    /* Only now does the memory stand still. */
    const char *data = buf_text(&ret->memory);
    for (size_t i = 0; i < ret->count; i++) {
        ret->words[i].text.data = data;
        data += ret->words[i].text.size;
    }
    return true;
}

struct place classic_place(const struct classic_line *l, size_t index) {
    bool is_included = l->file != NULL;
    return (struct place){
        .line = is_included ? 0 : l->number,
        .column = is_included ? 0 : l->words[index].column,
    };
}

void classic_note_password(
    struct diag *diag, const struct classic_line *l, size_t index, struct place *at) {
    if (l->file != NULL)
        exposure_check(diag, l->file, l->number, l->words[index].column, l->file);
    else if (at->line == 0)
        *at = classic_place(l, index);
}

struct slice classic_word(const struct classic_line *l, size_t index) {
    return l->words[index].text;
}
