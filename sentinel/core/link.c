#include "sentinel/core/link.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/input.h"
#include "sentinel/core/observe.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"

#include <string.h>

#define RING_MIN 2

void link_init(struct core *c, struct link *l, enum link_purpose purpose) {
    size_t slot = c->link_count;
    if (c->free_links > 0) { /* a slot was given back */
        slot = c->first_free_link;
        while (c->links[slot] != NULL)
            slot++;
        c->first_free_link = slot + 1;
        c->free_links--;
    } else {
        mem_grow(&c->links, &c->link_capacity, c->link_count + 1, sizeof(struct link *));
        c->link_count++;
    }
    c->links[slot] = l;
    *l = (struct link){ .id = { (uint32_t)(slot + 1) }, .purpose = purpose };
}

void link_fini(struct core *c, struct link *l) {
    if (l->id.value == 0)
        return;
    if (link_is_usable(l)) {
        struct effect *e = effects_add(c->out, EFFECT_CLOSE);
        e->link = l->id;
        e->incarnation = l->incarnation;
    }
    size_t slot = l->id.value - 1;
    c->links[slot] = NULL;
    c->first_free_link = MIN_OF(c->first_free_link, slot);
    c->free_links++;
    mem_free(l->ring);
    mem_free(l->local_host);
    *l = (struct link){ .id = { 0 } };
}

bool link_is_usable(const struct link *l) {
    return l->state != LINK_CLOSED;
}

/* Where the i-th pending request stands in the ring; i may be the count: the place behind the last.
 */
static size_t ring_at(const struct link *l, size_t i) {
    size_t at = l->head + i;
    return at < l->capacity ? at : at - l->capacity;
}

const struct pending *link_pending_at(const struct link *l, size_t i) {
    return &l->ring[ring_at(l, i)];
}

size_t link_pending(const struct link *l, enum pending_kind kind) {
    size_t found = 0;
    for (size_t i = 0; i < l->count; i++)
        found += link_pending_at(l, i)->kind == kind;
    return found;
}

bool link_is_full(struct core *c, struct link *l, size_t owners) {
    bool full = l->count >= (size_t)c->settings.limits.max[LIMIT_PENDING_COMMANDS] * owners;
    if (full && !l->was_full)
        c->limit_hits[LIMIT_PENDING_COMMANDS]++;
    l->was_full = full;
    return full;
}

static bool awaits_order(const struct link *l) {
    return link_pending(l, PENDING_ORDER) > 0 || link_pending(l, PENDING_RELEASE) > 0 ||
        link_pending(l, PENDING_SCRIPT_KILL) > 0;
}

bool link_hand_over(struct core *c, struct link *l, struct link *to) {
    ensure(l->purpose == to->purpose && !link_is_usable(to));
    if (!link_is_usable(l) || awaits_order(l))
        return false;
    struct node *owner = to->node;
    link_fini(c, to);
    *to = *l;
    to->node = owner;
    to->pinged = false;
    c->links[to->id.value - 1] = to;
    *l = (struct link){ .id = { 0 } };
    for (size_t i = 0; i < to->count; i++) {
        struct pending *p = &to->ring[ring_at(to, i)];
        if (p->kind == PENDING_INFO)
            p->kind = PENDING_HANDSHAKE;
    }
    return true;
}

/* There are thousands of links, and few await something at the same time. */
static void ring_free(struct link *l) {
    mem_free(l->ring);
    l->ring = NULL;
    l->capacity = l->head = 0;
}

static struct pending ring_pop(struct link *l) {
    struct pending p = l->ring[l->head];
    l->head = ring_at(l, 1);
    if (--l->count == 0)
        ring_free(l);
    return p;
}

static struct pending *ring_push(struct link *l) {
    if (l->count == l->capacity) {
        size_t capacity = MAX_OF(l->capacity * 2, (size_t)RING_MIN);
        struct pending *ring = mem_alloc(capacity * sizeof(*ring));
        for (size_t i = 0; i < l->count; i++)
            ring[i] = l->ring[ring_at(l, i)];
        mem_free(l->ring);
        l->ring = ring;
        l->capacity = capacity;
        l->head = 0;
    }
    struct pending *p = &l->ring[ring_at(l, l->count++)];
    *p = (struct pending){ .tag = 0 };
    return p;
}

struct pending *link_send(struct core *c, struct link *l, enum pending_kind kind,
    const struct request *requests, size_t count) {
    ensure(link_is_usable(l));
    struct request *copies = effects_alloc(c->out, count * sizeof(*copies));
    for (size_t i = 0; i < count; i++) {
        struct slice *words = effects_alloc(c->out, requests[i].word_count * sizeof(*words));
        for (size_t w = 0; w < requests[i].word_count; w++)
            words[w] = effects_copy(c->out, requests[i].words[w]);
        copies[i] = requests[i];
        copies[i].words = words;
    }
    struct effect *e = effects_add(c->out, EFFECT_SEND);
    e->link = l->id;
    e->incarnation = l->incarnation;
    e->tag = ++c->next_tag;
    e->requests = copies;
    e->request_count = count;
    struct pending *p = ring_push(l);
    *p = (struct pending){
        .kind = kind,
        .tag = e->tag,
        .sent_heard_ms = c->now.heard_ms,
        .sent_mono_ms = c->now.mono_ms,
    };
    return p;
}

const struct address *link_address(const struct link *l) {
    return l->node != NULL ? &l->node->address : &l->process->address;
}

struct liveness *link_live(const struct link *l) {
    return l->node != NULL ? &l->node->live : &l->process->live;
}

void link_open(struct core *c, struct link *l) {
    ensure(!link_is_usable(l));
    l->state = LINK_OPENING;
    if (l->incarnation == 0 || link_live(l)->unanswered_ms == 0)
        l->blames_none = true;
    l->incarnation = ++c->next_incarnation;
    l->pinged = false;
    l->tried_heard_ms = l->opened_heard_ms = l->active_heard_ms = c->now.heard_ms;
    l->tried_ms = c->now.mono_ms;
    struct effect *e = effects_add(c->out, EFFECT_OPEN);
    e->link = l->id;
    e->incarnation = l->incarnation;
    e->purpose = l->purpose;
    e->address = address_target(link_address(l));
    if (address_is_named(link_address(l)))
        e->name = effects_copy(c->out, slice_of(link_address(l)->given.host));
    order_handshake(c, l);
}

/* Ends every pending request in a loss, and starts the silence at the loss if nothing was asked. */
static void lose(struct core *c, struct link *l) {
    l->state = LINK_CLOSED;
    while (l->count > 0) {
        struct pending p = ring_pop(l);
        observe_loss(c, l, &p);
    }
    observe_link_down(c, l);
}

void link_close(struct core *c, struct link *l) {
    if (!link_is_usable(l))
        return;
    struct effect *e = effects_add(c->out, EFFECT_CLOSE);
    e->link = l->id;
    e->incarnation = l->incarnation;
    l->blames_none = false;
    lose(c, l);
}

/* Nobody was asked: our own want is no silence of theirs. */
static void forgive(const struct core *c, struct link *l) {
    if (l->purpose == LINK_COMMAND && l->blames_none)
        link_live(l)->unanswered_ms = c->now.heard_ms;
}

/* The link that the input is about, or NULL if it is stale. */
static struct link *find(const struct core *c, const struct input *in) {
    if (in->link.value == 0 || in->link.value > c->link_count)
        return NULL;
    struct link *l = c->links[in->link.value - 1];
    bool is_stale = l != NULL && l->incarnation != in->incarnation && !PLANTED(STALE_REPLY);
    return l != NULL && link_is_usable(l) && !is_stale ? l : NULL;
}

void link_input(struct core *c, const struct input *in) {
    struct link *l = find(c, in);
    if (l == NULL)
        return;
    if (in->kind == INPUT_LINK_UP) {
        l->state = LINK_OPEN;
        l->blames_none = false;
        l->opened_heard_ms = l->active_heard_ms = c->now.heard_ms;
        mem_free(l->local_host);
        l->local_host = mem_strdup(in->local.host);
        observe_link_up(c, l);
    } else if (in->kind == INPUT_LINK_LOST) {
        bool failed_to_open = l->state == LINK_OPENING;
        lose(c, l);
        if (in->starved)
            forgive(c, l);
        else
            l->blames_none = false;
        if (failed_to_open)
            observe_link_failed(c, l, in->why, in->refused);
    } else if (in->kind == INPUT_REPLY) {
        ensure(l->count > 0);
        ensure(l->ring[l->head].tag == in->tag);
        struct pending p = ring_pop(l);
        observe_reply(c, l, &p, &in->value);
    } else if (in->kind == INPUT_MESSAGE) {
        l->active_heard_ms = c->now.heard_ms;
        if (slice_is(in->channel, HELLO_CHANNEL))
            hello_receive(c, in->payload, HELLO_BY_CHANNEL);
    }
}
