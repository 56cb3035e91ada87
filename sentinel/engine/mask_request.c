#include "sentinel/engine/mask_request.h"

#include "common/mem.h"
#include "sentinel/command/secrecy.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/mask.h"

#include <string.h>

/* A request, and what may be told of each word. */
struct words {
    const struct slice *items;
    enum secrecy *secrecy;
    size_t count;
};

/* ---- the request with stand-ins ---- */

static bool is_changed(const struct words *w) {
    for (size_t i = 0; i < w->count; i++) {
        if (w->secrecy[i] != SECRECY_NONE)
            return true;
    }
    return false;
}

static void print_word(struct mask *m, struct slice word, enum secrecy secrecy, struct buf *out) {
    switch (secrecy) {
    case SECRECY_NONE:
        buf_add_slice(out, word);
        break;
    case SECRECY_LOGIN:
        mask_password(m, word, MASK_TRIED, out);
        break;
    case SECRECY_SETTING:
        mask_setting(m, word, out);
        break;
    case SECRECY_RULE:
        mask_rules(m, word, out);
        break;
    case SECRECY_UNKNOWN:
        mask_blot(word, out);
        break;
    }
}

static void print_request(struct mask *m, const struct words *w, struct buf *out) {
    struct buf word CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(out, "*%zu\r\n", w->count);
    for (size_t i = 0; i < w->count; i++) {
        buf_clear(&word);
        print_word(m, w->items[i], w->secrecy[i], &word);
        buf_printf(out, "$%zu\r\n", buf_size(&word));
        buf_add_slice(out, buf_slice(&word));
        buf_add_text(out, "\r\n");
    }
}

bool mask_request(struct mask *m, const struct engine *e, const struct resp_request *request,
    struct slice raw, struct buf *out) {
    struct words w = { .items = request->args, .count = request->count };
    w.secrecy = mem_alloc(request->count * sizeof(w.secrecy[0]));
    bool taints = engine_secrecy(e, request->args, request->count, w.secrecy);
    if (is_changed(&w))
        print_request(m, &w, out);
    else
        buf_add_slice(out, raw);
    mem_free(w.secrecy);
    return taints;
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
