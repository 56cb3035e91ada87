#include "sentinel/engine/playback.h"

#include "common/list.h"
#include "common/map.h"
#include "common/mem.h"
#include "sentinel/engine/contract.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/proof.h"
#include "sentinel/engine/record.h"
#include "sentinel/engine/skew.h"
#include "sentinel/engine/trace.h"

#include <string.h>

/* What was withheld of one request, until it was complete. */
struct late {
    struct list_node siblings; /* in its sender's requests */
    size_t size;
    char bytes[];
};

/* A client of which something was withheld. */
struct sender {
    struct list requests; /* struct late, in order */
    size_t given;         /* bytes of the first that were handed in */
    size_t filled;        /* bytes that stand in for a request that never was complete */
};

struct playback {
    struct engine *engine;
    struct effects effects;
    struct contract contract;
    struct proof proof;
    bool had_effects;   /* of the last step */
    struct map senders; /* bytes of the id -> struct sender, owned */
    struct skew skew;
    bool is_skewed;        /* in the present step */
    struct map tainted;    /* bytes of the id -> the map */
    struct buf verdicts;   /* of all inputs, in order */
    struct slice foretold; /* of them those that are still to come */
    struct buf bytes;      /* of the input in hand */
    uint64_t inputs;
    int64_t input_ms; /* mono: of the last one */
    struct buf why;
};

struct playback *playback_new(void) {
    struct playback *p = mem_new(struct playback);
    p->effects = EFFECTS_INIT;
    return p;
}

static void late_free(struct late *l) {
    list_remove(&l->siblings);
    mem_free(l);
}

void playback_free(struct playback *p) {
    if (p == NULL)
        return;
    map_for_each(s, &p->senders, struct sender) {
        list_for_each(l, &s->requests, struct late, siblings)
            late_free(l);
        mem_free(s);
    }
    map_fini(&p->senders);
    map_fini(&p->tainted);
    skew_fini(&p->skew);
    engine_free(p->engine);
    effects_fini(&p->effects);
    contract_fini(&p->contract);
    proof_fini(&p->proof);
    buf_fini(&p->verdicts);
    buf_fini(&p->bytes);
    buf_fini(&p->why);
    mem_free(p);
}

const char *playback_why(const struct playback *p) {
    return buf_text(&p->why);
}

uint64_t playback_inputs(const struct playback *p) {
    return p->inputs;
}

/* ---- what was withheld ---- */

static struct slice key_of(const uint64_t *number) {
    return (struct slice){ .data = (const char *)number, .size = sizeof(*number) };
}

static struct sender *sender_of(struct playback *p, uint64_t id) {
    struct sender *s = map_get(&p->senders, key_of(&id));
    if (s == NULL) {
        s = mem_new(struct sender);
        list_init(&s->requests);
        map_put(&p->senders, key_of(&id), s);
    }
    return s;
}

void playback_scan(struct playback *p, const struct record *r) {
    if (r->kind == RECORD_VERDICTS)
        buf_add_slice(&p->verdicts, r->bytes);
    if (r->kind != RECORD_LATE)
        return;
    struct late *l = mem_alloc(sizeof(*l) + r->bytes.size);
    l->size = r->bytes.size;
    if (l->size > 0)
        memcpy(l->bytes, r->bytes.data, l->size);
    list_append(&sender_of(p, r->client.value)->requests, &l->siblings);
}

/* Byte `at` of a request that goes on without an end. */
static char filling(size_t at) {
    static const char head[] = "*1024\r\n", word[] = "$65536\r\n", end[] = "\r\n";
    size_t head_size = sizeof(head) - 1, word_size = sizeof(word) - 1;
    if (at < head_size)
        return head[at];
    at = (at - head_size) % (word_size + RESP_BULK_MAX + sizeof(end) - 1);
    if (at < word_size)
        return word[at];
    at -= word_size;
    return at < RESP_BULK_MAX ? 'x' : end[at - RESP_BULK_MAX];
}

/* Bytes that were withheld: those of the request, as many as there are, or any that make none. */
static void add_withheld(struct sender *s, size_t size, struct buf *out) {
    const struct late *first = list_first(&s->requests, struct late, siblings);
    if (first != NULL) {
        size = MIN_OF(size, first->size - s->given);
        buf_add(out, first->bytes + s->given, size);
        s->given += size;
        return;
    }
    for (size_t i = 0; i < size; i++)
        buf_add_char(out, filling(s->filled++));
}

/* The next input completes the request. */
static void end_withheld(struct playback *p, uint64_t client) {
    struct sender *s = sender_of(p, client);
    struct late *first = list_first(&s->requests, struct late, siblings);
    if (first != NULL)
        late_free(first);
    s->given = 0;
}

static void restore_bytes(struct playback *p, const struct record *r, struct input *in) {
    buf_clear(&p->bytes);
    buf_add_slice(&p->bytes, r->input.bytes);
    if (r->withheld > 0)
        add_withheld(sender_of(p, in->client.value), r->withheld, &p->bytes);
    size_t received = r->input.received > 0 ? r->input.received : r->input.bytes.size + r->withheld;
    in->bytes = buf_slice(&p->bytes);
    in->received = received != in->bytes.size ? received : 0;
    if (in->received > 0)
        skew_note(&p->skew, in->client);
    if (r->taints && map_get(&p->tainted, key_of(&in->client.value)) == NULL)
        map_put(&p->tainted, key_of(&in->client.value), p);
}

/* ---- one step ---- */

static enum playback_result differ(struct playback *p, const char *what) {
    buf_clear(&p->why);
    buf_printf(&p->why, "at input %llu, %lld ms: %s", (unsigned long long)p->inputs,
        (long long)p->input_ms, what);
    return PLAYBACK_DIFFERS;
}

static void take_effects(struct playback *p, struct now now, struct buf *story) {
    trace_effects(story, now, &p->effects, 0);
    for (size_t i = 0; i < p->effects.count; i++) {
        const struct effect *e = &p->effects.items[i];
        bool is_tainted = p->is_skewed || map_get(&p->tainted, key_of(&e->client.value)) != NULL;
        contract_effect(&p->contract, e);
        proof_add(&p->proof, e, e->kind == EFFECT_REPLY && is_tainted);
        p->had_effects = true;
    }
    effects_clear(&p->effects);
}

static enum playback_result step(struct playback *p, const struct record *r, struct buf *story) {
    struct input in = r->input;
    p->inputs++;
    p->input_ms = r->now.mono_ms;
    p->is_skewed = skew_is_on(&p->skew, p->engine);
    if (in.kind == INPUT_CLIENT_BYTES)
        restore_bytes(p, r, &in);
    if (r->is_oldest)
        in.tag = contract_oldest(&p->contract, in.incarnation);
    const char *fault = contract_input(&p->contract, &in);
    if (fault != NULL)
        return differ(p, fault);
    trace_input(story, r->now, &in);
    engine_step(p->engine, r->now, &in, &p->effects);
    take_effects(p, r->now, story);
    if (in.kind == INPUT_CLIENT_CLOSED)
        (void)map_remove(&p->tainted, key_of(&in.client.value));
    return PLAYBACK_GOES_ON;
}

static bool is_as_recorded(const struct playback *p, const struct record *r) {
    if (r->is_checked != p->had_effects)
        return false;
    return !r->is_checked || r->check == (uint8_t)p->proof.number;
}

static enum playback_result end(struct playback *p, const struct record *r) {
    if (r->proof != p->proof.number)
        return differ(p, "the effects up to here are not those that were recorded");
    buf_clear(&p->why);
    buf_add_escaped(&p->why, r->why);
    return PLAYBACK_ENDED;
}

static void start(struct playback *p, const struct record *r, struct buf *story) {
    struct engine_options options = *r->start;
    p->foretold = buf_slice(&p->verdicts);
    options.foretold = &p->foretold;
    p->input_ms = r->now.mono_ms;
    p->engine = engine_new(&options, r->now, &p->effects);
    take_effects(p, r->now, story);
}

enum playback_result playback_take(struct playback *p, const struct record *r, struct buf *story) {
    if (!is_as_recorded(p, r))
        return differ(p, "the effects are not those that were recorded");
    p->had_effects = false;
    switch (r->kind) {
    case RECORD_START:
        start(p, r, story);
        break;
    case RECORD_INPUT:
        return step(p, r, story);
    case RECORD_VERDICTS: /* foretold */
        break;
    case RECORD_LATE:
        end_withheld(p, r->client.value);
        break;
    case RECORD_END:
        return end(p, r);
    }
    return PLAYBACK_GOES_ON;
}
