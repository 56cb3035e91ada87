#include "sentinel/engine/record.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "common/pack.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/record_input.h"
#include "sentinel/engine/record_start.h"
#include "sentinel/engine/record_time.h"

/* Of what is no input; the codes of those are in record_input.c. */
#define CODE_START    'S'
#define CODE_VERDICTS 'V'
#define CODE_LATE     'L'
#define CODE_END      'E'

/* Further bits say how the time is told: record_time.h. */
enum {
    FLAG_CHECKED = 1 << 0,
    FLAG_OLDEST = 1 << 3, /* of a REPLY; there is no tag then */
};

bool record_knows(enum input_kind kind) {
    return record_input_code(kind) != '\0';
}

void record_context_fini(struct record_context *c) {
    for (size_t i = 0; i < RECORD_LINKS; i++)
        buf_fini(&c->texts[i]);
}

static char code_of(const struct record *r) {
    switch (r->kind) {
    case RECORD_START:
        return CODE_START;
    case RECORD_VERDICTS:
        return CODE_VERDICTS;
    case RECORD_LATE:
        return CODE_LATE;
    case RECORD_END:
        return CODE_END;
    case RECORD_INPUT:
        break;
    }
    return record_input_code(r->input.kind);
}

static void pack_body(
    struct record_context *context, struct mask *mask, const struct record *r, struct buf *out) {
    bool is_timed = r->kind == RECORD_START || r->kind == RECORD_INPUT;
    unsigned flags = r->is_checked ? FLAG_CHECKED : 0;
    if (r->is_oldest)
        flags |= FLAG_OLDEST;
    if (is_timed)
        flags |= time_flags(&context->now, &r->now);
    buf_add_char(out, code_of(r));
    buf_add_char(out, (char)flags);
    if (r->is_checked)
        buf_add_char(out, (char)r->check);
    if (is_timed)
        pack_time(&context->now, &r->now, out);
    switch (r->kind) {
    case RECORD_START:
        pack_u64(out, RECORD_FORMAT);
        pack_start(r->start, r->version, mask, out);
        break;
    case RECORD_INPUT:
        pack_input(context, mask, r, out);
        break;
    case RECORD_VERDICTS:
        pack_bytes(out, r->bytes);
        break;
    case RECORD_LATE:
        pack_u64(out, r->client.value);
        pack_bytes(out, r->bytes);
        break;
    case RECORD_END:
        pack_bytes(out, r->why);
        pack_u64(out, r->proof);
        break;
    }
}

void record_write(
    struct record_context *context, struct mask *mask, const struct record *r, struct buf *out) {
    struct buf body CLEANUP(buf_fini) = BUF_INIT;
    ensure(r->kind != RECORD_INPUT || record_knows(r->input.kind));
    pack_body(context, mask, r, &body);
    pack_bytes(out, buf_slice(&body));
}

/* ---- reading ---- */

static void forget_last(struct record_reader *r) {
    plan_fini(&r->plan);
    mem_free(r->ips);
    r->ips = NULL;
    value_arrays_clear(&r->arrays);
}

void record_reader_fini(struct record_reader *r) {
    forget_last(r);
    record_context_fini(&r->context);
    buf_fini(&r->text);
    value_arrays_fini(&r->arrays);
    record_start_free(r->start);
    *r = (struct record_reader){ .start = NULL };
}

static enum record_read bad(struct record_reader *r, const char *what) {
    slice_copy(slice_of(what), r->error, sizeof(r->error));
    return RECORD_READ_BAD;
}

static bool find_kind(char code, struct record *ret) {
    static const char codes[] = { CODE_START, CODE_VERDICTS, CODE_LATE, CODE_END };
    static const enum record_kind kinds[] = { RECORD_START, RECORD_VERDICTS, RECORD_LATE,
        RECORD_END };
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (code == codes[i]) {
            ret->kind = kinds[i];
            return true;
        }
    }
    ret->kind = RECORD_INPUT;
    return record_input_kind(code, &ret->input.kind);
}

/* NULL if a record of this kind may come now. */
static const char *find_fault(const struct record_context *c, const struct record *r) {
    if (c->has_ended)
        return "a record behind the end";
    if (r->kind == RECORD_START)
        return c->has_started ? "a second start" : NULL;
    return c->has_started ? NULL : "no start before this";
}

static void unpack_parts(struct unpack *u, struct record_reader *r, struct record *ret) {
    switch (ret->kind) {
    case RECORD_START:
        if (unpack_u64(u) != RECORD_FORMAT) {
            (void)bad(r, "a format that this program does not know");
            u->failed = true;
            return;
        }
        r->start = unpack_start(u);
        ret->start = &r->start->options;
        ret->version = r->start->version;
        r->context.has_started = true;
        break;
    case RECORD_INPUT:
        unpack_input(u, r, ret);
        break;
    case RECORD_VERDICTS:
        ret->bytes = unpack_bytes(u);
        break;
    case RECORD_LATE:
        ret->client.value = unpack_u64(u);
        ret->bytes = unpack_bytes(u);
        break;
    case RECORD_END:
        ret->why = unpack_bytes(u);
        ret->proof = unpack_u64(u);
        r->context.has_ended = true;
        break;
    }
}

static enum record_read read_body(struct record_reader *r, struct slice body, struct record *ret) {
    struct unpack u = { .rest = body };
    struct slice head = unpack_run(&u, 2);
    *ret = (struct record){ .kind = RECORD_INPUT };
    if (u.failed || !find_kind(head.data[0], ret))
        return bad(r, "a record of a kind that this program does not know");
    const char *fault = find_fault(&r->context, ret);
    if (fault != NULL)
        return bad(r, fault);
    unsigned flags = (unsigned char)head.data[1];
    ret->is_checked = (flags & FLAG_CHECKED) != 0;
    ret->is_oldest = (flags & FLAG_OLDEST) != 0;
    struct slice check = unpack_run(&u, ret->is_checked ? 1 : 0);
    if (check.size > 0)
        ret->check = (uint8_t)check.data[0];
    if (ret->kind == RECORD_START || ret->kind == RECORD_INPUT)
        unpack_time(&u, &r->context.now, flags);
    ret->now = r->context.now;
    r->error[0] = '\0';
    unpack_parts(&u, r, ret);
    if (!u.failed && u.rest.size == 0)
        return RECORD_READ_ONE;
    return r->error[0] != '\0' ? RECORD_READ_BAD : bad(r, "a record that cannot be read");
}

enum record_read record_read(
    struct record_reader *r, struct slice bytes, struct record *ret, size_t *ret_used) {
    struct unpack u = { .rest = bytes };
    forget_last(r);
    uint64_t size = unpack_u64(&u);
    if (u.failed)
        return bytes.size < 10 ? RECORD_READ_MORE : bad(r, "a record without a size");
    if (size > RECORD_MAX)
        return bad(r, "a record that is too long");
    if (size > u.rest.size)
        return RECORD_READ_MORE;
    struct slice body = unpack_run(&u, (size_t)size);
    *ret_used = bytes.size - u.rest.size;
    return read_body(r, body, ret);
}
