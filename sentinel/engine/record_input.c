#include "sentinel/engine/record_input.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "common/pack.h"
#include "sentinel/engine/record.h"
#include "sentinel/engine/record_settings.h"
#include "sentinel/engine/record_text.h"
#include "sentinel/engine/record_value.h"

#include <string.h>

#define USAGE_MAX     (INT64_C(1) << 53) /* of any number in it */
#define RECEIVED_MAX  (1024 * 1024)      /* bytes that a client sends in one input */
#define LONG_MIN_TEXT 128                /* bytes of a text that is told by its changes */
#define LONG_MAX_TEXT (16 * 1024)
#define USAGE_NUMBERS (sizeof(struct usage) / sizeof(int64_t))
static_assert(sizeof(struct usage) == USAGE_NUMBERS * sizeof(int64_t), "numbers of one size");

/* ---- what an input of each kind has; fields follow in the order of their bits ---- */

enum field {
    LINK = 1 << 0, /* and incarnation */
    TAG = 1 << 1,
    VALUE = 1 << 2,
    CHANNEL = 1 << 3,
    PAYLOAD = 1 << 4,
    CLIENT = 1 << 5,
    REMOTE = 1 << 6,
    LOCAL = 1 << 7,
    DESCRIPTOR = 1 << 8,
    BYTES = 1 << 9,
    RECEIVED = 1 << 10, /* and withheld, taints */
    SEQ = 1 << 11,
    HOST = 1 << 12,
    IPS = 1 << 13,
    WHY = 1 << 14,
    REFUSED = 1 << 15,
    SCRIPT = 1 << 16,
    PID = 1 << 17,
    EXIT = 1 << 18, /* exit_status, signal_number */
    UNFIT = 1 << 19,
    USAGE = 1 << 20,
    PLAN = 1 << 21,
    SAVED = 1 << 22, /* rewritten, and plan and listing if there is one */
    LETTERS = 1 << 23,
    STARVED = 1 << 24,
    FIELD_END = 1 << 25,
};

/* A code is for ever; that of a kind that is gone is not used again. */
static const struct row {
    char code;
    unsigned fields;
} rows[INPUT_KIND_COUNT] = {
    [INPUT_TIMER] = { 't', 0 },
    [INPUT_LINK_UP] = { 'u', LINK | LOCAL },
    [INPUT_LINK_LOST] = { 'l', LINK | WHY | REFUSED | STARVED },
    [INPUT_REPLY] = { 'r', LINK | TAG | VALUE },
    [INPUT_MESSAGE] = { 'm', LINK | CHANNEL | PAYLOAD },
    [INPUT_CLIENT_OPENED] = { 'o', CLIENT | REMOTE | LOCAL | DESCRIPTOR },
    [INPUT_CLIENT_BYTES] = { 'b', CLIENT | BYTES | RECEIVED },
    [INPUT_CLIENT_FULL] = { 'f', CLIENT },
    [INPUT_CLIENT_DRAINED] = { 'd', CLIENT },
    [INPUT_CLIENT_CLOSED] = { 'c', CLIENT },
    [INPUT_DURABLE] = { 'D', SEQ },
    [INPUT_FAILED] = { 'F', SEQ | WHY },
    [INPUT_SCRIPT_STARTED] = { 's', SCRIPT | PID },
    [INPUT_SCRIPT_REFUSED] = { 'x', SCRIPT | WHY },
    [INPUT_SCRIPT_ENDED] = { 'e', SCRIPT | WHY | EXIT },
    [INPUT_SAVED] = { 'w', SEQ | SAVED },
    [INPUT_UNSAVED] = { 'W', SEQ | WHY },
    [INPUT_RESOLVED] = { 'n', HOST | IPS | WHY },
    [INPUT_SCRIPTS_CHECKED] = { 'k', CLIENT | UNFIT },
    [INPUT_FILE_READ] = { 'i', CLIENT | BYTES | WHY },
    [INPUT_FILE_WRITTEN] = { 'j', CLIENT | BYTES | WHY },
    [INPUT_DRAWN] = { 'g', CLIENT | BYTES | LETTERS },
    [INPUT_USAGE] = { 'z', USAGE },
    [INPUT_RELOAD] = { 'R', PLAN },
    [INPUT_RELOAD_FAILED] = { 'X', WHY },
    [INPUT_STOP] = { 'q', WHY },
};

char record_input_code(enum input_kind kind) {
    return rows[kind].code;
}

bool record_input_kind(char code, enum input_kind *ret) {
    for (int kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        if (code == rows[kind].code && code != '\0') {
            *ret = (enum input_kind)kind;
            return true;
        }
    }
    return false;
}

/* ---- the reply of a link: a long text is told by what has changed of the last one ---- */

static bool is_long(const struct resp_value *v) {
    return v->type == RESP_BULK && v->text.size >= LONG_MIN_TEXT && v->text.size <= LONG_MAX_TEXT;
}

static struct buf *text_of(struct record_context *c, struct link_id link) {
    return &c->texts[link.value % RECORD_LINKS];
}

static void keep_text(struct buf *last, struct slice text) {
    buf_clear(last);
    buf_add_slice(last, text);
}

static void pack_reply(struct record_context *c, const struct input *in, struct buf *out) {
    struct buf *last = text_of(c, in->link);
    pack_u64(out, is_long(&in->value));
    if (!is_long(&in->value)) {
        pack_value(&in->value, out);
        return;
    }
    pack_changed_text(out, buf_slice(last), in->value.text);
    keep_text(last, in->value.text);
}

static void unpack_reply(struct unpack *u, struct record_reader *r, struct input *ret) {
    struct buf *last = text_of(&r->context, ret->link);
    if (!unpack_bool(u)) {
        unpack_value(u, &r->arrays, &ret->value);
        return;
    }
    buf_clear(&r->text);
    unpack_changed_text(u, buf_slice(last), &r->text);
    ret->value = (struct resp_value){ .type = RESP_BULK, .text = buf_slice(&r->text) };
    if (is_long(&ret->value))
        keep_text(last, ret->value.text);
    else
        u->failed = true;
}

/* ---- other fields of several numbers, texts or parts ---- */

static uint64_t *incarnation_of(struct record_context *c, struct link_id link) {
    return &c->incarnations[link.value % RECORD_LINKS];
}

static void pack_link(struct record_context *c, const struct input *in, struct buf *out) {
    uint64_t *last = incarnation_of(c, in->link);
    pack_u64(out, in->link.value);
    pack_i64(out, (int64_t)(in->incarnation - *last));
    *last = in->incarnation;
}

static void unpack_link(struct unpack *u, struct record_context *c, struct input *ret) {
    ret->link.value = (uint32_t)unpack_upto(u, UINT32_MAX);
    uint64_t *last = incarnation_of(c, ret->link);
    ret->incarnation = *last += (uint64_t)unpack_i64(u);
}

static void pack_usage(struct record_context *c, const struct usage *usage, struct buf *out) {
    int64_t before[USAGE_NUMBERS], now[USAGE_NUMBERS];
    memcpy(before, &c->usage, sizeof(before));
    memcpy(now, usage, sizeof(now));
    for (size_t i = 0; i < USAGE_NUMBERS; i++)
        pack_i64(out, (int64_t)((uint64_t)now[i] - (uint64_t)before[i]));
    c->usage = *usage;
}

static void unpack_usage(struct unpack *u, struct record_context *c, struct usage *ret) {
    int64_t numbers[USAGE_NUMBERS];
    memcpy(numbers, &c->usage, sizeof(numbers));
    for (size_t i = 0; i < USAGE_NUMBERS; i++) {
        numbers[i] = (int64_t)((uint64_t)numbers[i] + (uint64_t)unpack_i64(u));
        if (numbers[i] < 0 || numbers[i] > USAGE_MAX)
            u->failed = true;
    }
    if (!u->failed)
        memcpy(&c->usage, numbers, sizeof(numbers));
    *ret = c->usage;
}

static void pack_saved(struct mask *mask, const struct input *in, struct buf *out) {
    pack_u64(out, in->rewritten);
    pack_u64(out, in->plan != NULL);
    if (in->plan == NULL)
        return;
    pack_plan(out, mask, in->plan);
    pack_text(out, in->listing);
}

static const struct plan *unpack_owned_plan(struct unpack *u, struct record_reader *r) {
    plan_fini(&r->plan);
    unpack_plan(u, &r->plan);
    return &r->plan;
}

static void unpack_saved(struct unpack *u, struct record_reader *r, struct input *ret) {
    ret->rewritten = unpack_bool(u);
    if (!unpack_bool(u))
        return;
    ret->plan = unpack_owned_plan(u, r);
    unpack_text(u, r->listing, sizeof(r->listing));
    ret->listing = r->listing;
}

static void unpack_ips(struct unpack *u, struct record_reader *r, struct input *ret) {
    size_t count = unpack_count(u, 1);
    mem_free(r->ips);
    r->ips = mem_alloc(MAX_OF(count, (size_t)1) * sizeof(r->ips[0]));
    for (size_t i = 0; i < count && !u->failed; i++) {
        r->ips[i] = unpack_bytes(u);
        if (!host_is_ip(r->ips[i]))
            u->failed = true;
    }
    ret->ips = r->ips;
    ret->ip_count = count;
}

/* ---- fields ---- */

struct writing {
    struct record_context *context;
    struct mask *mask;
    const struct record *record;
    struct buf *out;
};

static void pack_field(const struct writing *w, enum field field) {
    const struct input *in = &w->record->input;
    struct buf *out = w->out;
    switch (field) {
    case LINK:
        pack_link(w->context, in, out);
        break;
    case TAG:
        if (w->record->is_oldest)
            break;
        pack_i64(out, (int64_t)(in->tag - w->context->tag));
        w->context->tag = in->tag;
        break;
    case VALUE:
        pack_reply(w->context, in, out);
        break;
    case CHANNEL:
        pack_bytes(out, in->channel);
        break;
    case PAYLOAD:
        pack_bytes(out, in->payload);
        break;
    case CLIENT:
        pack_u64(out, in->client.value);
        break;
    case REMOTE:
        pack_endpoint(out, &in->remote);
        break;
    case LOCAL:
        pack_endpoint(out, &in->local);
        break;
    case DESCRIPTOR:
        pack_i64(out, in->descriptor);
        break;
    case BYTES:
        pack_bytes(out, in->bytes);
        break;
    case RECEIVED:
        pack_u64(out, in->received);
        pack_u64(out, w->record->withheld);
        pack_u64(out, w->record->taints);
        break;
    case SEQ:
        pack_i64(out, (int64_t)(in->seq - w->context->seq));
        w->context->seq = in->seq;
        break;
    case HOST:
        pack_bytes(out, in->host);
        break;
    case IPS:
        pack_u64(out, in->ip_count);
        for (size_t i = 0; i < in->ip_count; i++)
            pack_bytes(out, in->ips[i]);
        break;
    case WHY:
        pack_bytes(out, in->why);
        break;
    case REFUSED:
        pack_u64(out, in->refused);
        break;
    case SCRIPT:
        pack_u64(out, in->script);
        break;
    case PID:
        pack_i64(out, in->pid);
        break;
    case EXIT:
        pack_i64(out, in->exit_status);
        pack_i64(out, in->signal_number);
        break;
    case UNFIT:
        pack_u64(out, in->unfit);
        break;
    case USAGE:
        pack_usage(w->context, &in->usage, out);
        break;
    case PLAN:
        pack_plan(out, w->mask, in->plan);
        break;
    case SAVED:
        pack_saved(w->mask, in, out);
        break;
    case STARVED:
        pack_u64(out, in->starved);
        break;
    case LETTERS:
        pack_u64(out, in->tag);
        break;
    case FIELD_END:
        break;
    }
}

static void unpack_field(
    struct unpack *u, struct record_reader *r, enum field field, struct record *ret) {
    struct input *in = &ret->input;
    switch (field) {
    case LINK:
        unpack_link(u, &r->context, in);
        break;
    case TAG:
        if (ret->is_oldest)
            break;
        in->tag = r->context.tag += (uint64_t)unpack_i64(u);
        break;
    case VALUE:
        unpack_reply(u, r, in);
        break;
    case CHANNEL:
        in->channel = unpack_bytes(u);
        break;
    case PAYLOAD:
        in->payload = unpack_bytes(u);
        break;
    case CLIENT:
        in->client.value = unpack_u64(u);
        break;
    case REMOTE:
        unpack_endpoint(u, &in->remote);
        break;
    case LOCAL:
        unpack_endpoint(u, &in->local);
        break;
    case DESCRIPTOR:
        in->descriptor = unpack_int(u);
        break;
    case BYTES:
        in->bytes = unpack_bytes(u);
        break;
    case RECEIVED:
        in->received = (size_t)unpack_upto(u, RECEIVED_MAX);
        ret->withheld = (size_t)unpack_upto(u, RECEIVED_MAX);
        ret->taints = unpack_bool(u);
        break;
    case SEQ:
        in->seq = r->context.seq += (uint64_t)unpack_i64(u);
        break;
    case HOST:
        in->host = unpack_bytes(u);
        break;
    case IPS:
        unpack_ips(u, r, in);
        break;
    case WHY:
        in->why = unpack_bytes(u);
        break;
    case REFUSED:
        in->refused = unpack_bool(u);
        break;
    case SCRIPT:
        in->script = unpack_u64(u);
        break;
    case PID:
        in->pid = unpack_i64(u);
        break;
    case EXIT:
        in->exit_status = unpack_int(u);
        in->signal_number = unpack_int(u);
        break;
    case UNFIT:
        in->unfit = (size_t)unpack_u64(u);
        break;
    case USAGE:
        unpack_usage(u, &r->context, &in->usage);
        break;
    case PLAN:
        in->plan = unpack_owned_plan(u, r);
        break;
    case SAVED:
        unpack_saved(u, r, in);
        break;
    case STARVED:
        in->starved = unpack_bool(u);
        break;
    case LETTERS: /* two from each byte */
        in->tag = unpack_upto(u, 2 * (uint64_t)in->bytes.size);
        break;
    case FIELD_END:
        break;
    }
}

/* ---- all of an input ---- */

void pack_input(
    struct record_context *context, struct mask *mask, const struct record *r, struct buf *out) {
    const struct writing w = { .context = context, .mask = mask, .record = r, .out = out };
    for (unsigned field = 1; field < FIELD_END; field <<= 1) {
        if ((rows[r->input.kind].fields & field) != 0)
            pack_field(&w, (enum field)field);
    }
}

void unpack_input(struct unpack *u, struct record_reader *r, struct record *ret) {
    for (unsigned field = 1; field < FIELD_END; field <<= 1) {
        if ((rows[ret->input.kind].fields & field) != 0)
            unpack_field(u, r, (enum field)field, ret);
    }
}
