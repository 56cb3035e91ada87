#include "config/classic_rewrite.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/quoted.h"
#include "config/classic_line.h"

#define NOWHERE SIZE_MAX

/* A line of the old text. */
struct old_line {
    struct slice text; /* without its newline; borrowed */
    bool ours;         /* of an option that is ours to write */
    bool taken;        /* stays, or is replaced */
    size_t by;         /* the line to be said that replaces it; NOWHERE = it stays as it is */
    /* The next one that says the same, that has the same first argument, of the same option. */
    size_t next_same, next_near, next_far;
};

/* Old lines that have something in common, in order. */
struct chain {
    size_t first, last; /* first: those before it are taken */
};

/* A line to be said. */
struct new_line {
    struct buf text; /* canonical */
    size_t near_size, far_size;
    bool placed;
};

struct classic_rewrite {
    struct slice old;
    struct old_line *lines; /* owned */
    size_t line_count, line_capacity;
    bool has_marker;
    struct map same, near, far; /* canonical text or its front -> struct chain, owned */
    struct map included;        /* the same three of lines of included files -> anything */
    struct map owned;           /* names of the options that are ours -> anything */
    struct new_line *said;      /* owned */
    size_t said_count, said_capacity;
};

/* ---- the canonical text of a line: equal ones say the same ---- */

static bool needs_quotes(struct slice word) {
    if (word.size == 0)
        return true;
    for (size_t i = 0; i < word.size; i++) {
        unsigned char c = (unsigned char)word.data[i];
        if (c <= ' ' || c == 0x7f || c == '"' || c == '\'')
            return true;
    }
    return false;
}

static void add_quoted(struct buf *out, struct slice word) {
    buf_add_char(out, '"');
    for (size_t i = 0; i < word.size; i++) {
        unsigned char c = (unsigned char)word.data[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

static void add_lower(struct buf *out, struct slice word) {
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        buf_add_char(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

/* Other spellings of the options that are written. */
static struct slice usual_name(struct slice name) {
    static const char *const spellings[][2] = {
        { "known-slave", "known-replica" },
        { "primary-reboot-down-after-period", "master-reboot-down-after-period" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
        if (slice_is_nocase(name, spellings[i][0]))
            return slice_of(spellings[i][1]);
    }
    return name;
}

/* Some values have always been written in quotes. */
static bool is_quoted_option(struct slice option) {
    return slice_is(option, "dir") || slice_is(option, "logfile") ||
        slice_is(option, "sentinel announce-ip");
}

static bool is_switch(struct slice word) {
    return slice_is_nocase(word, "yes") || slice_is_nocase(word, "no");
}

/* *ret_far: how much of it names the option; *ret_near: that and the first argument. */
static void write_canonical(
    struct buf *out, const struct slice *words, size_t count, size_t *ret_near, size_t *ret_far) {
    bool of_sentinel = count > 1 && slice_is_nocase(words[0], "sentinel");
    size_t named = of_sentinel ? 2 : 1; /* words that name the option */
    size_t start = buf_size(out);
    add_lower(out, words[0]);
    if (of_sentinel) {
        buf_add_char(out, ' ');
        add_lower(out, usual_name(words[1]));
    }
    struct slice option = slice_sub(buf_slice(out), start, SIZE_MAX);
    bool quoted = is_quoted_option(option);
    *ret_far = *ret_near = option.size;
    for (size_t i = named; i < count; i++) {
        buf_add_char(out, ' ');
        if (quoted || needs_quotes(words[i]))
            add_quoted(out, words[i]);
        else if (count == named + 1 && is_switch(words[i]))
            add_lower(out, words[i]);
        else
            buf_add_slice(out, words[i]);
        if (i == named)
            *ret_near = buf_size(out) - start;
    }
}

/* ---- the old text ---- */

static void append_to_chain(
    struct classic_rewrite *r, struct map *m, struct slice key, size_t at, size_t offset_of_next) {
    struct chain *c = map_get(m, key);
    if (c == NULL) {
        c = mem_new(struct chain);
        *c = (struct chain){ .first = at, .last = at };
        map_put(m, key, c);
        return;
    }
    *(size_t *)((char *)&r->lines[c->last] + offset_of_next) = at;
    c->last = at;
}

static size_t words_of(const struct classic_line *l, struct slice **ret_words) {
    *ret_words = mem_alloc(l->count * sizeof(**ret_words));
    for (size_t i = 0; i < l->count; i++)
        (*ret_words)[i] = classic_word(l, i);
    return l->count;
}

/* The canonical text of a line as it stands in a file; empty for a comment, and for one that is
 * none of ours to understand. */
static void read_canonical(
    struct classic_line *l, struct slice text, struct buf *out, size_t *ret_near, size_t *ret_far) {
    int column;
    buf_clear(out);
    if (!classic_line_read(text, l, &column) || l->count == 0)
        return;
    struct slice *words;
    size_t count = words_of(l, &words);
    write_canonical(out, words, count, ret_near, ret_far);
    mem_free(words);
}

static void add_old_line(
    struct classic_rewrite *r, struct slice text, struct classic_line *l, struct buf *canonical) {
    size_t near_size = 0, far_size = 0;
    mem_grow(&r->lines, &r->line_capacity, r->line_count + 1, sizeof(r->lines[0]));
    size_t at = r->line_count++;
    r->lines[at] = (struct old_line){
        .text = text,
        .by = NOWHERE,
        .next_same = NOWHERE,
        .next_near = NOWHERE,
        .next_far = NOWHERE,
    };
    if (slice_is(slice_trim(text), CLASSIC_MARKER))
        r->has_marker = true;
    read_canonical(l, text, canonical, &near_size, &far_size);
    if (buf_size(canonical) == 0)
        return;
    struct slice whole = buf_slice(canonical);
    append_to_chain(r, &r->same, whole, at, offsetof(struct old_line, next_same));
    append_to_chain(
        r, &r->near, slice_sub(whole, 0, near_size), at, offsetof(struct old_line, next_near));
    append_to_chain(
        r, &r->far, slice_sub(whole, 0, far_size), at, offsetof(struct old_line, next_far));
}

struct classic_rewrite *classic_rewrite_new(struct slice old) {
    struct classic_rewrite *r = mem_new(struct classic_rewrite);
    *r = (struct classic_rewrite){
        .old = old,
        .same = MAP_INIT,
        .near = MAP_INIT,
        .far = MAP_INIT,
        .included = MAP_INIT,
        .owned = MAP_INIT,
    };
    struct classic_line line = CLASSIC_LINE_INIT;
    struct buf canonical = BUF_INIT;
    struct slice rest = old;
    while (rest.size > 0)
        add_old_line(r, slice_cut(&rest, '\n'), &line, &canonical);
    classic_line_fini(&line);
    buf_fini(&canonical);
    return r;
}

static void free_chains(struct map *m) {
    map_for_each(c, m, struct chain)
        mem_free(c);
    map_fini(m);
}

void classic_rewrite_free(struct classic_rewrite *r) {
    if (r == NULL)
        return;
    free_chains(&r->same);
    free_chains(&r->near);
    free_chains(&r->far);
    map_fini(&r->included);
    map_fini(&r->owned);
    for (size_t i = 0; i < r->said_count; i++)
        buf_fini(&r->said[i].text);
    mem_free(r->said);
    mem_free(r->lines);
    mem_free(r);
}

static void put_once(struct map *m, struct slice key) {
    static char anything;
    if (map_get(m, key) == NULL)
        map_put(m, key, &anything);
}

void classic_rewrite_include(struct classic_rewrite *r, struct slice line) {
    struct classic_line l = CLASSIC_LINE_INIT;
    struct buf canonical = BUF_INIT;
    size_t near_size = 0, far_size = 0;
    read_canonical(&l, line, &canonical, &near_size, &far_size);
    if (buf_size(&canonical) > 0) {
        struct slice whole = buf_slice(&canonical);
        put_once(&r->included, whole);
        put_once(&r->included, slice_sub(whole, 0, near_size));
        put_once(&r->included, slice_sub(whole, 0, far_size));
    }
    classic_line_fini(&l);
    buf_fini(&canonical);
}

/* ---- what is to be said ---- */

bool classic_rewrite_has(const struct classic_rewrite *r, const struct slice *words, size_t count) {
    struct buf text = BUF_INIT;
    size_t near_size, far_size;
    write_canonical(&text, words, count, &near_size, &far_size);
    struct slice key = buf_slice(&text);
    bool has = map_get(near_size > far_size ? &r->near : &r->far, key) != NULL ||
        map_get(&r->included, key) != NULL;
    buf_fini(&text);
    return has;
}

void classic_rewrite_own(struct classic_rewrite *r, const char *option) {
    put_once(&r->owned, slice_of(option));
    const struct chain *c = map_get(&r->far, slice_of(option));
    for (size_t at = c == NULL ? NOWHERE : c->first; at != NOWHERE; at = r->lines[at].next_far)
        r->lines[at].ours = true;
}

void classic_rewrite_say(struct classic_rewrite *r, const struct slice *words, size_t count) {
    mem_grow(&r->said, &r->said_capacity, r->said_count + 1, sizeof(r->said[0]));
    struct new_line *n = &r->said[r->said_count++];
    *n = (struct new_line){ .text = BUF_INIT };
    write_canonical(&n->text, words, count, &n->near_size, &n->far_size);
    ensure(map_get(&r->owned, slice_sub(buf_slice(&n->text), 0, n->far_size)) != NULL);
}

/* ---- finding places ---- */

/* The first of a chain that is not taken. Those that are are passed over for good. */
static struct old_line *first_free(
    struct classic_rewrite *r, const struct map *m, struct slice key, size_t offset_of_next) {
    struct chain *c = map_get(m, key);
    if (c == NULL)
        return NULL;
    while (c->first != NOWHERE && r->lines[c->first].taken)
        c->first = *(const size_t *)((const char *)&r->lines[c->first] + offset_of_next);
    return c->first == NOWHERE ? NULL : &r->lines[c->first];
}

static void place_same(struct classic_rewrite *r, struct new_line *n) {
    struct slice whole = buf_slice(&n->text);
    struct old_line *l = first_free(r, &r->same, whole, offsetof(struct old_line, next_same));
    if (l != NULL)
        l->taken = true;
    n->placed = l != NULL || map_get(&r->included, whole) != NULL;
}

static void place_instead(struct classic_rewrite *r, size_t at, struct old_line *l) {
    if (l == NULL)
        return;
    l->taken = true;
    l->by = at;
    r->said[at].placed = true;
}

static void find_places(struct classic_rewrite *r) {
    for (size_t i = 0; i < r->said_count; i++)
        place_same(r, &r->said[i]);
    for (size_t i = 0; i < r->said_count; i++) {
        const struct new_line *n = &r->said[i];
        struct slice key = slice_sub(buf_slice(&n->text), 0, n->near_size);
        if (!n->placed)
            place_instead(r, i, first_free(r, &r->near, key, offsetof(struct old_line, next_near)));
    }
    for (size_t i = 0; i < r->said_count; i++) {
        const struct new_line *n = &r->said[i];
        struct slice key = slice_sub(buf_slice(&n->text), 0, n->far_size);
        if (!n->placed)
            place_instead(r, i, first_free(r, &r->far, key, offsetof(struct old_line, next_far)));
    }
}

/* ---- the new text ---- */

static bool ends_in_return(struct slice line) {
    return line.size > 0 && line.data[line.size - 1] == '\r';
}

static void write_old(const struct classic_rewrite *r, size_t at, struct buf *out) {
    const struct old_line *l = &r->lines[at];
    if (l->ours && !l->taken)
        return;
    if (l->by == NOWHERE) {
        buf_add_slice(out, l->text);
    } else {
        buf_add_slice(out, buf_slice(&r->said[l->by].text));
        if (ends_in_return(l->text))
            buf_add_char(out, '\r');
    }
    bool last = at + 1 == r->line_count;
    if (!last || r->old.data[r->old.size - 1] == '\n')
        buf_add_char(out, '\n');
}

static void write_added(const struct classic_rewrite *r, struct buf *out) {
    const char *newline = r->line_count > 0 && ends_in_return(r->lines[0].text) ? "\r\n" : "\n";
    bool first = true;
    for (size_t i = 0; i < r->said_count; i++) {
        if (r->said[i].placed)
            continue;
        struct slice so_far = buf_slice(out);
        if (so_far.size > 0 && so_far.data[so_far.size - 1] != '\n')
            buf_add_text(out, newline);
        if (first && !r->has_marker)
            buf_printf(out, "%s" CLASSIC_MARKER "%s", so_far.size > 0 ? newline : "", newline);
        first = false;
        buf_add_slice(out, buf_slice(&r->said[i].text));
        buf_add_text(out, newline);
    }
}

void classic_rewrite_finish(struct classic_rewrite *r, struct buf *out) {
    find_places(r);
    for (size_t i = 0; i < r->line_count; i++)
        write_old(r, i, out);
    write_added(r, out);
}
