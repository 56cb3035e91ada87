#include "sentinel/engine/mask_request.h"

#include "common/mem.h"
#include "config/option.h"
#include "sentinel/command/call.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/mask.h"

#include <string.h>

/* What becomes of a word. */
enum how {
    KEEP,
    PASSWORD, /* that a client tries to log in with */
    SETTING,  /* that becomes part of the configuration */
    RULE,     /* of a user */
    BLOT,
};

struct words {
    const struct engine *engine;
    const struct slice *items;
    enum how *how; /* for each */
    size_t count;
    bool taints;
};

static void mark(struct words *w, size_t from, enum how how) {
    for (size_t i = from; i < w->count; i++)
        w->how[i] = how;
    w->taints |= how == BLOT && from < w->count;
}

/* ---- commands that secrets are told by; `at`: where the command begins ---- */

static void mark_auth(struct words *w, size_t at) {
    bool names_user = w->count - at == 3;
    mark(w, at + (names_user ? 2 : 1), PASSWORD);
}

static void mark_hello(struct words *w, size_t at) {
    int64_t version;
    size_t i = at + 1;
    if (i < w->count && !slice_to_i64(w->items[i], &version))
        w->how[i] = BLOT;
    for (i++; i < w->count;) {
        size_t values = w->count - i - 1;
        if (slice_is_nocase(w->items[i], "auth") && values >= 2) {
            w->how[i + 2] = PASSWORD;
            i += 3;
        } else if (slice_is_nocase(w->items[i], "setname") && values >= 1) {
            i += 2;
        } else {
            mark(w, i, BLOT);
            return;
        }
    }
}

/* Names and values; what a name stands for is a row of the options. */
static void mark_settings(struct words *w, size_t from, enum option_scope scope) {
    for (size_t i = from; i < w->count;) {
        const struct option *o = option_by_set_name(w->items[i]);
        bool is_part = scope == OPTION_PROCESS && slice_starts_with(w->items[i], "announce-");
        if ((o == NULL || o->scope != scope) && !is_part) {
            mark(w, i, BLOT);
            return;
        }
        if (o != NULL && o->type == OPTION_TYPE_SECRET && i + 1 < w->count)
            w->how[i + 1] = SETTING;
        i += o != NULL && o->type == OPTION_TYPE_RENAMES ? 3 : 2;
    }
}

static void mark_config(struct words *w, size_t at) {
    if (w->count > at + 2 && slice_is_nocase(w->items[at + 2], "set"))
        mark_settings(w, at + 3, OPTION_PROCESS);
}

static void mark_command(struct words *w, size_t at) {
    const struct slice *words = w->items + at;
    const struct command *c = engine_command(w->engine, words, w->count - at);
    if (c == NULL) {
        bool has_container = engine_command(w->engine, words, 1) != NULL;
        mark(w, has_container ? at + 1 : at, BLOT);
        return;
    }
    if (c->handler == run_auth)
        mark_auth(w, at);
    else if (c->handler == run_hello)
        mark_hello(w, at);
    else if (c->handler == run_acl_setuser)
        mark(w, at + 3, RULE);
    else if (c->handler == run_sentinel_set)
        mark_settings(w, at + 3, OPTION_GROUP);
    else if (c->handler == run_sentinel_config)
        mark_config(w, at);
    else if (c->handler == run_acl_dryrun && w->count > at + 3)
        mark_command(w, at + 3);
    else if (c->handler == run_command_getkeys && w->count > at + 2)
        mark_command(w, at + 2);
    w->taints |= slice_starts_with(c->name, "acl") || c->handler == run_sentinel_set ||
        c->handler == run_sentinel_config || c->handler == run_sentinel_vedette_prove;
}

/* ---- the request with stand-ins ---- */

static bool is_changed(const struct words *w) {
    for (size_t i = 0; i < w->count; i++) {
        if (w->how[i] != KEEP)
            return true;
    }
    return false;
}

static void print_word(struct mask *m, struct slice word, enum how how, struct buf *out) {
    switch (how) {
    case KEEP:
        buf_add_slice(out, word);
        break;
    case PASSWORD:
        mask_password(m, word, MASK_TRIED, out);
        break;
    case SETTING:
        mask_setting(m, word, out);
        break;
    case RULE:
        mask_rules(m, word, out);
        break;
    case BLOT:
        mask_blot(word, out);
        break;
    }
}

static void print_request(struct mask *m, const struct words *w, struct buf *out) {
    struct buf word CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(out, "*%zu\r\n", w->count);
    for (size_t i = 0; i < w->count; i++) {
        buf_clear(&word);
        print_word(m, w->items[i], w->how[i], &word);
        buf_printf(out, "$%zu\r\n", buf_size(&word));
        buf_add_slice(out, buf_slice(&word));
        buf_add_text(out, "\r\n");
    }
}

bool mask_request(struct mask *m, const struct engine *e, const struct resp_request *request,
    struct slice raw, struct buf *out) {
    struct words w = { .engine = e, .items = request->args, .count = request->count };
    if (request->count > 0) {
        w.how = mem_alloc(request->count * sizeof(w.how[0]));
        mark_command(&w, 0);
    }
    if (is_changed(&w))
        print_request(m, &w, out);
    else
        buf_add_slice(out, raw);
    mem_free(w.how);
    return w.taints;
}

/* ---- what is no request ---- */

/* The line of a number, with the two bytes of its end, if it is in order; else empty. */
static struct slice number_line(struct slice bytes, int64_t low, int64_t high, int64_t *ret) {
    const char *cr = bytes.size > 0 ? memchr(bytes.data, '\r', bytes.size) : NULL;
    size_t size = cr == NULL ? 0 : (size_t)(cr - bytes.data);
    bool is_number = size > 0 && size + 2 <= bytes.size &&
        slice_to_i64(slice_sub(bytes, 1, size - 1), ret) && *ret >= low && *ret <= high;
    return is_number ? slice_sub(bytes, 0, size + 2) : SLICE_EMPTY;
}

static void keep(struct slice *bytes, size_t size, struct buf *out) {
    buf_add_slice(out, slice_sub(*bytes, 0, size));
    *bytes = slice_sub(*bytes, size, SIZE_MAX);
}

/* Its type stays, since the refusal names it. */
static void blot_rest(struct slice bytes, struct buf *out) {
    keep(&bytes, 1, out);
    mask_blot_garbage(bytes, out);
}

static void blot_multibulk(struct slice bytes, struct buf *out) {
    int64_t size;
    struct slice line = number_line(bytes, INT64_MIN, RESP_ARGS_MAX, &size);
    keep(&bytes, line.size, out);
    while (line.size > 0 && bytes.size > 0 && bytes.data[0] == '$') {
        line = number_line(bytes, 0, RESP_BULK_MAX, &size);
        keep(&bytes, line.size, out);
        if (line.size == 0)
            break;
        struct slice word = slice_sub(bytes, 0, (size_t)size + 2);
        mask_blot(word, out);
        bytes = slice_sub(bytes, word.size, SIZE_MAX);
    }
    blot_rest(bytes, out);
}

/* A first word that is enough, and its end where that of `raw` is. */
static void print_http(size_t size, struct buf *out) {
    struct slice word = slice_sub(SLICE_LITERAL("POST"), 0, size > 0 ? size - 1 : 0);
    buf_add_slice(out, word);
    for (size_t i = word.size + 1; i < size; i++)
        buf_add_char(out, ' ');
    buf_add_char(out, '\n');
}

void mask_refused(enum resp_read verdict, struct slice raw, struct buf *out) {
    if (verdict == RESP_READ_HTTP)
        print_http(raw.size, out);
    else if (raw.data[0] == '*')
        blot_multibulk(raw, out);
    else
        mask_blot_garbage(raw, out);
}
