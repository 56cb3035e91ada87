#include "sentinel/engine/record.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "common/pack.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/mask.h"
#include "sentinel/engine/record_settings.h"
#include "sentinel/engine/record_text.h"

#include <string.h>

#define DEPTH_MAX     8                  /* of arrays in a RESP value */
#define INSTANT_MAX   (INT64_C(1) << 53) /* ms */
#define USAGE_MAX     (INT64_C(1) << 53) /* of any number in it */
#define TEXT_MAX      4096               /* bytes of a fact with its NUL */
#define RECEIVED_MAX  (1024 * 1024)      /* bytes that a client sends in one input */
#define LONG_MIN_TEXT 128                /* bytes of a text that is told by its changes */
#define LONG_MAX_TEXT (16 * 1024)
#define USAGE_NUMBERS (sizeof(struct usage) / sizeof(int64_t))
static_assert(sizeof(struct usage) == USAGE_NUMBERS * sizeof(int64_t), "numbers of one size");

/* ---- what a record of each kind has; fields follow in the order of their bits ---- */

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
#define CODE_START    'S'
#define CODE_VERDICTS 'V'
#define CODE_LATE     'L'
#define CODE_END      'E'

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

bool record_knows(enum input_kind kind) {
    return rows[kind].code != '\0';
}

enum {
    FLAG_CHECKED = 1 << 0,
    FLAG_SAME_TIME = 1 << 1,  /* as the record before */
    FLAG_PLAIN_TIME = 1 << 2, /* all clocks went on alike, in one wake-up */
    FLAG_OLDEST = 1 << 3,     /* of a REPLY; there is no tag then */
};

/* ---- time ---- */

static bool is_same_time(const struct now *a, const struct now *b) {
    return a->mono_ms == b->mono_ms && a->heard_ms == b->heard_ms && a->wall_ms == b->wall_ms &&
        a->wake == b->wake;
}

/* How far the clocks went on. */
static struct now passed(const struct now *from, const struct now *to) {
    return (struct now){
        .mono_ms = to->mono_ms - from->mono_ms,
        .heard_ms = to->heard_ms - from->heard_ms,
        .wall_ms = to->wall_ms - from->wall_ms,
        .wake = to->wake - from->wake,
    };
}

static bool is_plain(const struct now *step) {
    return step->heard_ms == step->mono_ms && step->wall_ms == step->mono_ms && step->wake == 1;
}

static unsigned time_flags(const struct record_context *c, const struct now *now) {
    struct now step = passed(&c->now, now);
    if (is_same_time(&c->now, now))
        return FLAG_SAME_TIME;
    return is_plain(&step) ? FLAG_PLAIN_TIME : 0;
}

static void pack_time(struct record_context *c, const struct now *now, struct buf *out) {
    unsigned flags = time_flags(c, now);
    struct now step = passed(&c->now, now);
    c->now = *now;
    if (flags == FLAG_SAME_TIME)
        return;
    pack_i64(out, step.mono_ms);
    if (flags == FLAG_PLAIN_TIME)
        return;
    pack_i64(out, step.heard_ms);
    pack_i64(out, step.wall_ms);
    pack_i64(out, (int64_t)step.wake);
}

/* No clock but that of people goes back, and none is so far off that it cannot be reckoned with. */
static bool is_possible(const struct now *step, const struct now *now) {
    return step->mono_ms >= 0 && step->heard_ms >= 0 && now->mono_ms <= INSTANT_MAX &&
        now->heard_ms <= now->mono_ms && now->wall_ms >= -INSTANT_MAX &&
        now->wall_ms <= INSTANT_MAX;
}

static int64_t unpack_step(struct unpack *u) {
    int64_t step = unpack_i64(u);
    if (step < -2 * INSTANT_MAX || step > 2 * INSTANT_MAX) {
        u->failed = true;
        return 0;
    }
    return step;
}

static void unpack_time(struct unpack *u, struct record_context *c, unsigned flags) {
    struct now step = { .mono_ms = 0 };
    if ((flags & FLAG_SAME_TIME) != 0)
        return;
    step.mono_ms = step.heard_ms = step.wall_ms = unpack_step(u);
    step.wake = 1;
    if ((flags & FLAG_PLAIN_TIME) == 0) {
        step.heard_ms = unpack_step(u);
        step.wall_ms = unpack_step(u);
        step.wake = (uint64_t)unpack_i64(u);
    }
    struct now now = {
        .mono_ms = c->now.mono_ms + step.mono_ms,
        .heard_ms = c->now.heard_ms + step.heard_ms,
        .wall_ms = c->now.wall_ms + step.wall_ms,
        .wake = c->now.wake + step.wake,
    };
    if (u->failed || !is_possible(&step, &now))
        u->failed = true;
    else
        c->now = now;
}

/* ---- values ---- */

static void pack_value(const struct resp_value *v, struct buf *out) {
    pack_u64(out, v->type);
    switch (v->type) {
    case RESP_NULL:
        break;
    case RESP_STATUS:
    case RESP_ERROR:
    case RESP_BULK:
        pack_bytes(out, v->text);
        break;
    case RESP_INTEGER:
        pack_i64(out, v->integer);
        break;
    case RESP_ARRAY:
        pack_u64(out, v->count);
        for (size_t i = 0; i < v->count; i++)
            pack_value(&v->elements[i], out);
        break;
    }
}

static struct resp_value *new_elements(struct record_reader *r, size_t count) {
    mem_grow(&r->arrays, &r->array_capacity, r->array_count + 1, sizeof(r->arrays[0]));
    struct resp_value *elements = mem_alloc(MAX_OF(count, (size_t)1) * sizeof(*elements));
    r->arrays[r->array_count++] = elements;
    return elements;
}

static void unpack_value(
    struct unpack *u, struct record_reader *r, struct resp_value *ret, int depth) {
    *ret = (struct resp_value){ .type = (enum resp_type)unpack_upto(u, RESP_ARRAY) };
    switch (ret->type) {
    case RESP_NULL:
        break;
    case RESP_STATUS:
    case RESP_ERROR:
    case RESP_BULK:
        ret->text = unpack_bytes(u);
        break;
    case RESP_INTEGER:
        ret->integer = unpack_i64(u);
        break;
    case RESP_ARRAY: {
        size_t count = depth < DEPTH_MAX ? unpack_count(u, 1) : 0;
        u->failed |= depth >= DEPTH_MAX;
        struct resp_value *elements = new_elements(r, count);
        for (size_t i = 0; i < count && !u->failed; i++)
            unpack_value(u, r, &elements[i], depth + 1);
        ret->elements = elements;
        ret->count = count;
        break;
    }
    }
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
        unpack_value(u, r, &ret->value, 0);
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

static int unpack_int(struct unpack *u) {
    int64_t value = unpack_i64(u);
    u->failed |= value < INT32_MIN || value > INT32_MAX;
    return u->failed ? 0 : (int)value;
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

/* ---- START ---- */

struct record_start {
    struct state state;
    struct plan plan;
    struct process_facts facts;
    char version[64];
    char executable[TEXT_MAX], config_file[TEXT_MAX], os[TEXT_MAX], compiler[TEXT_MAX];
    char multiplexer[TEXT_MAX];
    struct engine_options options; /* of the above */
};

static void pack_start(const struct record *r, struct mask *mask, struct buf *out) {
    const struct engine_options *o = r->start;
    const struct process_facts *f = o->facts;
    pack_u64(out, RECORD_FORMAT);
    pack_text(out, r->version);
    pack_i64(out, f->process_id);
    pack_text(out, f->run_id);
    pack_text(out, f->executable);
    pack_text(out, f->config_file);
    pack_text(out, f->os);
    pack_text(out, f->compiler);
    pack_text(out, f->multiplexer);
    pack_i64(out, f->arch_bits);
    pack_u64(out, o->writes_file);
    pack_u64(out, o->seed);
    pack_bytes(out, (struct slice){ .data = o->challenge_key, .size = CHALLENGE_KEY_SIZE });
    pack_u64(out, o->descriptors.max);
    pack_u64(out, o->descriptors.links);
    pack_state(out, mask, o->state);
    pack_plan(out, mask, o->plan);
}

static void start_free(struct record_start *s) {
    if (s == NULL)
        return;
    state_fini(&s->state);
    plan_fini(&s->plan);
    mem_free(s);
}

static struct record_start *unpack_start(struct unpack *u) {
    struct record_start *s = mem_new(struct record_start);
    struct process_facts *f = &s->facts;
    unpack_text(u, s->version, sizeof(s->version));
    f->process_id = unpack_i64(u);
    unpack_text(u, f->run_id, sizeof(f->run_id));
    unpack_text(u, s->executable, sizeof(s->executable));
    unpack_text(u, s->config_file, sizeof(s->config_file));
    unpack_text(u, s->os, sizeof(s->os));
    unpack_text(u, s->compiler, sizeof(s->compiler));
    unpack_text(u, s->multiplexer, sizeof(s->multiplexer));
    f->executable = s->executable;
    f->config_file = s->config_file;
    f->os = s->os;
    f->compiler = s->compiler;
    f->multiplexer = s->multiplexer;
    f->arch_bits = unpack_int(u);
    s->options.writes_file = unpack_bool(u);
    s->options.seed = unpack_u64(u);
    struct slice key = unpack_bytes(u);
    u->failed |= key.size != CHALLENGE_KEY_SIZE;
    if (!u->failed)
        memcpy(s->options.challenge_key, key.data, CHALLENGE_KEY_SIZE);
    s->options.descriptors.max = unpack_upto(u, INT32_MAX);
    s->options.descriptors.links = unpack_upto(u, INT32_MAX);
    unpack_state(u, &s->state);
    unpack_plan(u, &s->plan);
    s->options.state = &s->state;
    s->options.plan = &s->plan;
    s->options.facts = &s->facts;
    return s;
}

/* ---- whole records ---- */

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
    return rows[r->input.kind].code;
}

static void pack_body(const struct writing *w) {
    const struct record *r = w->record;
    bool is_timed = r->kind == RECORD_START || r->kind == RECORD_INPUT;
    unsigned flags = r->is_checked ? FLAG_CHECKED : 0;
    if (r->is_oldest)
        flags |= FLAG_OLDEST;
    if (is_timed)
        flags |= time_flags(w->context, &r->now);
    buf_add_char(w->out, code_of(r));
    buf_add_char(w->out, (char)flags);
    if (r->is_checked)
        buf_add_char(w->out, (char)r->check);
    if (is_timed)
        pack_time(w->context, &r->now, w->out);
    switch (r->kind) {
    case RECORD_START:
        pack_start(r, w->mask, w->out);
        break;
    case RECORD_INPUT:
        for (unsigned field = 1; field < FIELD_END; field <<= 1) {
            if ((rows[r->input.kind].fields & field) != 0)
                pack_field(w, (enum field)field);
        }
        break;
    case RECORD_VERDICTS:
        pack_bytes(w->out, r->bytes);
        break;
    case RECORD_LATE:
        pack_u64(w->out, r->client.value);
        pack_bytes(w->out, r->bytes);
        break;
    case RECORD_END:
        pack_bytes(w->out, r->why);
        pack_u64(w->out, r->proof);
        break;
    }
}

void record_write(
    struct record_context *context, struct mask *mask, const struct record *r, struct buf *out) {
    struct buf body CLEANUP(buf_fini) = BUF_INIT;
    const struct writing w = { .context = context, .mask = mask, .record = r, .out = &body };
    ensure(r->kind != RECORD_INPUT || record_knows(r->input.kind));
    pack_body(&w);
    pack_bytes(out, buf_slice(&body));
}

/* ---- reading ---- */

static void forget_last(struct record_reader *r) {
    plan_fini(&r->plan);
    mem_free(r->ips);
    r->ips = NULL;
    for (size_t i = 0; i < r->array_count; i++)
        mem_free(r->arrays[i]);
    r->array_count = 0;
}

void record_reader_fini(struct record_reader *r) {
    forget_last(r);
    record_context_fini(&r->context);
    buf_fini(&r->text);
    mem_free(r->arrays);
    start_free(r->start);
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
    for (int kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        if (code == rows[kind].code && code != '\0') {
            ret->input.kind = (enum input_kind)kind;
            return true;
        }
    }
    return false;
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
        for (unsigned field = 1; field < FIELD_END; field <<= 1) {
            if ((rows[ret->input.kind].fields & field) != 0)
                unpack_field(u, r, (enum field)field, ret);
        }
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
        unpack_time(&u, &r->context, flags);
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
