#include "sentinel/core/info_text.h"

#include "common/mem.h"
#include "common/pack.h"

#include <string.h>

/* Only texts of such sizes have to do with templates: less is not worth it, and the work on more
 * would be felt. */
#define PACKED_MIN 256
#define PACKED_MAX ((size_t)64 * 1024)
/* Packed to such a part of its size, a text is packed well, or badly but worth it. */
#define WELL  4
#define BADLY 2
/* How many lines of the template a text may leave out at a time. */
#define SKIPPED_MAX 32

/* A packed text is a row of these, until its end: a number with the kind in its low bits. It goes
 * along the lines of the template. */
enum step {
    STEP_SAME,  /* so many lines are the template's */
    STEP_SKIP,  /* so many lines of the template are left out */
    STEP_VALUE, /* the template's line with another value, of so many bytes, which follow */
    STEP_OTHER, /* so many bytes that the template has not here, which follow */
};
#define STEP_BITS 2

struct line {
    size_t from; /* in the text */
    size_t key;  /* bytes up to the colon, with it; the whole line if it has none */
    size_t end;  /* bytes behind the value: "\r\n", as a rule */
};

struct info_template {
    size_t users; /* texts that are packed by it */
    struct slice text;
    size_t count;
    struct line lines[]; /* `count`, and the end of the text as one more */
};

/* ---- templates ---- */

/* With its line feed, if there is one. */
static struct slice cut_line(struct slice *rest) {
    const char *feed = memchr(rest->data, '\n', rest->size);
    struct slice line = *rest;
    if (feed != NULL)
        line.size = (size_t)(feed - rest->data) + 1;
    rest->data += line.size;
    rest->size -= line.size;
    return line;
}

static struct line line_of(struct slice text, struct slice line) {
    const char *colon = memchr(line.data, ':', line.size);
    struct line l = { .from = (size_t)(line.data - text.data), .key = line.size };
    if (colon == NULL)
        return l;
    l.key = (size_t)(colon - line.data) + 1;
    if (line.data[line.size - 1] == '\n')
        l.end = line.data[line.size - 2] == '\r' ? 2 : 1;
    return l;
}

static size_t count_lines(struct slice text) {
    size_t count = 0;
    for (; text.size > 0; count++)
        (void)cut_line(&text);
    return count;
}

static size_t template_size(const struct info_template *base) {
    return sizeof(*base) + (base->count + 1) * sizeof(base->lines[0]) + base->text.size;
}

static struct info_template *template_new(struct slice text) {
    size_t count = count_lines(text);
    struct info_template *base =
        mem_alloc(sizeof(*base) + (count + 1) * sizeof(base->lines[0]) + text.size);
    char *copy = (char *)&base->lines[count + 1];
    memcpy(copy, text.data, text.size);
    base->text = (struct slice){ .data = copy, .size = text.size };
    base->count = count;
    struct slice rest = base->text;
    for (size_t i = 0; i < count; i++)
        base->lines[i] = line_of(base->text, cut_line(&rest));
    base->lines[count] = (struct line){ .from = text.size };
    return base;
}

/* Its lines from `first` up to `last`. */
static struct slice template_lines(const struct info_template *base, size_t first, size_t last) {
    size_t from = base->lines[first].from;
    return (struct slice){ .data = base->text.data + from, .size = base->lines[last].from - from };
}

/* ---- packing ---- */

static void add_step(struct buf *out, enum step kind, size_t n) {
    pack_u64(out, (uint64_t)n << STEP_BITS | kind);
}

/* Whether both are one line but for the value. */
static bool has_key(const struct info_template *base, size_t at, struct slice line) {
    const struct line *l = &base->lines[at];
    struct slice own = template_lines(base, at, at + 1);
    return line.size >= l->key + l->end && memcmp(own.data, line.data, l->key) == 0 &&
        memcmp(own.data + own.size - l->end, line.data + line.size - l->end, l->end) == 0;
}

/* The line of the template, from `at` on, that is this one but for the value; the count if there is
 * none near. */
static size_t find_line(const struct info_template *base, size_t at, struct slice line) {
    size_t stop = MIN_OF(base->count, at + 1 + SKIPPED_MAX);
    while (at < stop && !has_key(base, at, line))
        at++;
    return at < stop ? at : base->count;
}

static void add_same(struct buf *out, size_t *same) {
    if (*same > 0)
        add_step(out, STEP_SAME, *same);
    *same = 0;
}

/* false: it takes more than `most` bytes. */
static bool pack(
    const struct info_template *base, struct slice text, size_t most, struct buf *out) {
    size_t at = 0, same = 0;
    buf_clear(out);
    for (struct slice rest = text; rest.size > 0 && buf_size(out) <= most;) {
        struct slice line = cut_line(&rest);
        size_t found = find_line(base, at, line);
        if (found == base->count) {
            add_same(out, &same);
            add_step(out, STEP_OTHER, line.size);
            buf_add_slice(out, line);
            continue;
        }
        if (found > at) {
            add_same(out, &same);
            add_step(out, STEP_SKIP, found - at);
        }
        at = found + 1;
        if (slice_equal(template_lines(base, found, at), line)) {
            same++;
            continue;
        }
        const struct line *l = &base->lines[found];
        struct slice value = slice_sub(line, l->key, line.size - l->key - l->end);
        add_same(out, &same);
        add_step(out, STEP_VALUE, value.size);
        buf_add_slice(out, value);
    }
    add_same(out, &same);
    return buf_size(out) <= most;
}

static void unpack(const struct info_template *base, struct slice packed, struct buf *out) {
    struct unpack u = { .rest = packed };
    for (size_t at = 0; u.rest.size > 0;) {
        uint64_t step = unpack_u64(&u);
        size_t n = (size_t)(step >> STEP_BITS);
        switch ((enum step)(step & ((1U << STEP_BITS) - 1))) {
        case STEP_SAME:
            buf_add_slice(out, template_lines(base, at, at + n));
            at += n;
            break;
        case STEP_SKIP:
            at += n;
            break;
        case STEP_VALUE: {
            struct slice own = template_lines(base, at, at + 1);
            const struct line *l = &base->lines[at++];
            buf_add(out, own.data, l->key);
            buf_add_slice(out, unpack_run(&u, n));
            buf_add(out, own.data + own.size - l->end, l->end);
            break;
        }
        case STEP_OTHER:
            buf_add_slice(out, unpack_run(&u, n));
            break;
        }
    }
}

/* ---- the texts ---- */

void info_texts_fini(struct info_texts *all) {
    buf_fini(&all->packed);
}

static void leave_template(struct info_texts *all, struct info_template *base) {
    if (base == NULL || --base->users > 0)
        return;
    for (size_t i = 0; i < INFO_TEMPLATES_MAX; i++) {
        if (all->templates[i] == base)
            all->templates[i] = NULL;
    }
    all->held -= template_size(base);
    mem_free(base);
}

void info_text_drop(struct info_texts *all, struct info_text *t) {
    all->held -= t->size;
    mem_free(t->bytes);
    leave_template(all, t->base);
    *t = (struct info_text){ .base = NULL };
}

/* Makes a template of the text, if there is a place for one. */
static struct info_template *add_template(struct info_texts *all, struct slice text, size_t limit) {
    for (size_t i = 0; i < INFO_TEMPLATES_MAX; i++) {
        if (all->templates[i] != NULL)
            continue;
        struct info_template *base = template_new(text);
        if (all->held + template_size(base) > limit) {
            mem_free(base);
            return NULL;
        }
        all->held += template_size(base);
        return all->templates[i] = base;
    }
    return NULL;
}

/* Packs into all->packed by a template that is there; `last`, which may be NULL, comes first. NULL:
 * by none in `most` bytes. */
static struct info_template *pack_by_known(
    struct info_texts *all, struct info_template *last, struct slice text, size_t most) {
    if (last != NULL && pack(last, text, most, &all->packed))
        return last;
    for (size_t i = 0; i < INFO_TEMPLATES_MAX; i++) {
        struct info_template *base = all->templates[i];
        if (base != NULL && base != last && pack(base, text, most, &all->packed))
            return base;
    }
    return NULL;
}

/* The same, by a new one if those that are there do badly. NULL: it is not worth it. */
static struct info_template *pack_by_any(
    struct info_texts *all, struct info_template *last, struct slice text, size_t limit) {
    if (text.size < PACKED_MIN || text.size > PACKED_MAX)
        return NULL;
    struct info_template *base = pack_by_known(all, last, text, text.size / WELL);
    if (base != NULL)
        return base;
    base = add_template(all, text, limit);
    if (base == NULL)
        return pack_by_known(all, last, text, text.size / BADLY);
    (void)pack(base, text, text.size, &all->packed);
    return base;
}

bool info_text_keep(struct info_texts *all, struct info_text *t, struct slice text, size_t limit) {
    struct info_template *base = pack_by_any(all, t->base, text, limit);
    struct slice bytes = base != NULL ? buf_slice(&all->packed) : text;
    if (base != NULL)
        base->users++;
    leave_template(all, t->base);
    t->base = base;
    all->held -= t->size;
    t->size = 0;
    if (all->held + bytes.size > limit) {
        info_text_drop(all, t);
        return false;
    }
    if (bytes.size > 0)
        memcpy(t->bytes = mem_realloc(t->bytes, bytes.size), bytes.data, bytes.size);
    else if (t->bytes == NULL)
        t->bytes = mem_alloc(1);
    t->size = bytes.size;
    all->held += bytes.size;
    return true;
}

void info_text_add(const struct info_text *t, struct buf *out) {
    struct slice bytes = { .data = t->bytes, .size = t->size };
    if (t->base == NULL)
        buf_add_slice(out, bytes);
    else
        unpack(t->base, bytes, out);
}
