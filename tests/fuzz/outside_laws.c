#include "tests/fuzz/outside_laws.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/invariant.h"
#include "sentinel/core/link.h"

#include <stdio.h>
#include <string.h>

struct outside_link *outside_link(
    const struct outside *o, struct link_id id, uint64_t incarnation) {
    for (size_t i = 0; i < o->link_count; i++)
        if (o->links[i].id.value == id.value && o->links[i].incarnation == incarnation)
            return &o->links[i];
    return NULL;
}

struct outside_client *outside_client(struct outside *o, struct client_id id) {
    for (size_t i = 0; i < OUTSIDE_CLIENTS; i++)
        if (id.value != 0 && o->clients[i].id.value == id.value)
            return &o->clients[i];
    return NULL;
}

const struct link *outside_view(const struct outside *o, const struct outside_link *l) {
    fuzz_check(l->id.value >= 1);
    fuzz_check(l->id.value <= o->core->link_count);
    const struct link *link = o->core->links[l->id.value - 1];
    fuzz_check(link != NULL);
    fuzz_check(link->incarnation == l->incarnation);
    return link;
}

/* ---- what is sent ---- */

static bool says(const struct request *r, const char *first, const char *second) {
    return r->word_count >= 2 && slice_is_nocase(r->words[0], first) &&
        slice_is_nocase(r->words[1], second);
}

static bool has_voted(const struct outside *o, uint64_t epoch, struct slice candidate) {
    map_for_each(g, &o->disk.groups, struct group_state)
        if (g->record.vote_epoch == epoch && slice_is(candidate, g->record.vote_for))
            return true;
    return false;
}

/* SENTINEL is-master-down-by-addr <ip> <port> <epoch> <id or *>: our own vote is on disk, and what
 * is told of epochs. */
static void check_question(const struct outside *o, const struct request *r) {
    uint64_t epoch = 0;
    fuzz_check(!o->core->tilt);
    fuzz_check(r->word_count == 6);
    fuzz_check(slice_to_u64(r->words[4], &epoch));
    fuzz_check(epoch <= o->disk.current_epoch);
    if (!slice_is(r->words[5], "*"))
        fuzz_check(has_voted(o, epoch, r->words[5]));
}

static void check_hello(const struct outside *o, const struct request *r) {
    struct hello h;
    if (r->word_count == 3 && hello_parse(r->words[2], &h))
        fuzz_check(h.current_epoch <= o->disk.current_epoch);
}

static void check_promotion(const struct outside *o, const struct effect *e) {
    const struct link *link = o->core->links[e->link.value - 1];
    fuzz_check(!o->core->tilt);
    if (link == NULL || link->incarnation != e->incarnation)
        return; /* gone in the same step */
    fuzz_check(link->node != NULL);
    const struct group *g = link->node->group;
    fuzz_check(g->attempt.state == FAILOVER_WAIT_PROMOTION);
    fuzz_check(g->attempt.elected);
    fuzz_check(g->attempt.selected == NULL || g->attempt.selected->priority != 0);
    const struct group_state *s = state_group(&o->disk, slice_of(g->name));
    fuzz_check(s != NULL);
    fuzz_check(s->record.vote_epoch == g->attempt.epoch);
    fuzz_check(strcmp(s->record.vote_for, o->core->id) == 0);
}

static void check_order(const struct outside *o) {
    fuzz_check(!o->core->tilt);
}

static void check_send(const struct outside *o, const struct effect *e) {
    fuzz_check(e->tag != 0);
    fuzz_check(e->request_count > 0);
    for (size_t i = 0; i < e->request_count; i++) {
        const struct request *r = &e->requests[i];
        fuzz_check(r->word_count > 0);
        if (says(r, "SENTINEL", "is-master-down-by-addr"))
            check_question(o, r);
        else if (says(r, "PUBLISH", HELLO_CHANNEL))
            check_hello(o, r);
        else if (says(r, "SLAVEOF", "NO") || says(r, "FAILOVER", "TO"))
            check_promotion(o, e);
        else if (slice_is(r->words[0], "SLAVEOF"))
            check_order(o);
    }
}

/* ---- effects ---- */

static bool is_running(const struct outside *o, uint64_t script) {
    for (size_t i = 0; i < o->question_count; i++)
        if (o->questions[i].kind == EFFECT_RUN && o->questions[i].number == script)
            return true;
    return false;
}

static size_t count_running(const struct outside *o) {
    size_t count = 0;
    for (size_t i = 0; i < o->question_count; i++)
        count += o->questions[i].kind == EFFECT_RUN;
    return count;
}

static void check_client(const struct outside *o, struct client_id id) {
    const struct outside_client *c = outside_client((struct outside *)(uintptr_t)o, id);
    fuzz_check(c != NULL);
    fuzz_check(!c->is_hung_up);
}

static bool leaves(const struct effect *e) {
    return e->kind != EFFECT_EVENT && e->kind != EFFECT_SCRIPT && e->kind != EFFECT_LOG;
}

static void check_open(const struct outside *o, const struct effect *e) {
    fuzz_check(e->link.value != 0);
    fuzz_check(e->address.host[0] != '\0');
    for (size_t i = 0; i < o->link_count; i++)
        fuzz_check(o->links[i].id.value != e->link.value);
}

void outside_check_effect(const struct outside *o, const struct effect *e) {
    if (leaves(e))
        fuzz_check(e->after <= o->durable_seq);
    switch (e->kind) {
    case EFFECT_OPEN:
        check_open(o, e);
        break;
    case EFFECT_CLOSE:
        fuzz_check(outside_link(o, e->link, e->incarnation) != NULL);
        break;
    case EFFECT_SEND:
        fuzz_check(outside_link(o, e->link, e->incarnation) != NULL);
        check_send(o, e);
        break;
    case EFFECT_PERSIST:
        fuzz_check(e->seq > o->persist_seq);
        break;
    case EFFECT_REPLY:
        fuzz_check(e->bytes.size > 0);
        check_client(o, e->client);
        break;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_HANGUP:
    case EFFECT_CHECK_SCRIPTS:
    case EFFECT_READ_FILE:
    case EFFECT_WRITE_FILE:
    case EFFECT_DRAW:
        check_client(o, e->client);
        break;
    case EFFECT_RUN:
        fuzz_check(!is_running(o, e->script));
        fuzz_check(count_running(o) < SCRIPT_RUNNING_MAX);
        break;
    case EFFECT_KILL:
        fuzz_check(is_running(o, e->script));
        break;
    case EFFECT_RESOLVE:
        fuzz_check(host_is_name(e->text));
        break;
    case EFFECT_EVENT:
    case EFFECT_SCRIPT:
    case EFFECT_LOG:
    case EFFECT_STOP:
    case EFFECT_KIND_COUNT:
        break;
    }
}

/* ---- the core as it shows itself ---- */

/* The engine awaits what is under way, in its order, and no more than it may. */
static void check_link(const struct outside *o, const struct link *link) {
    const struct outside_link *ours = outside_link(o, link->id, link->incarnation);
    if (link->state == LINK_CLOSED) {
        fuzz_check(ours == NULL);
        fuzz_check(link->count == 0);
        return;
    }
    fuzz_check(ours != NULL);
    fuzz_check((link->state == LINK_OPEN) == ours->is_up);
    fuzz_check(link->count == ours->tag_count);
    for (size_t i = 0; i < link->count; i++)
        fuzz_check(link_pending_at(link, i)->tag == ours->tags[i]);
}

static void check_links(const struct outside *o) {
    size_t live = 0;
    for (size_t i = 0; i < o->core->link_count; i++)
        if (o->core->links[i] != NULL) {
            check_link(o, o->core->links[i]);
            live += o->core->links[i]->state != LINK_CLOSED;
        }
    fuzz_check(live == o->link_count);
}

static struct outside_epochs *epochs_of(struct outside *o, const struct group *g) {
    for (size_t i = 0; i < o->epoch_count; i++)
        if (o->epochs[i].serial == g->serial)
            return &o->epochs[i];
    mem_grow(&o->epochs, &o->epoch_capacity, o->epoch_count + 1, sizeof(o->epochs[0]));
    o->epochs[o->epoch_count] = (struct outside_epochs){ .serial = g->serial };
    return &o->epochs[o->epoch_count++];
}

static void check_group(struct outside *o, const struct group *g) {
    const char *broken = invariant_broken(o->core, g);
    if (broken != NULL)
        fprintf(stderr, "broken: %s\n", broken);
    fuzz_check(broken == NULL);
    fuzz_check(!g->frozen);
    struct outside_epochs *seen = epochs_of(o, g);
    fuzz_check(g->config_epoch >= seen->config_epoch);
    fuzz_check(g->vote_epoch >= seen->vote_epoch);
    if (g->vote_epoch == seen->vote_epoch && seen->vote_for[0] != '\0') /* once given it stays */
        fuzz_check(strcmp(g->vote_for, seen->vote_for) == 0);
    memcpy(seen->vote_for, g->vote_for, sizeof(seen->vote_for));
    seen->config_epoch = g->config_epoch;
    seen->vote_epoch = g->vote_epoch;
}

void outside_check_core(struct outside *o) {
    fuzz_check(o->core->current_epoch >= o->current_epoch);
    o->current_epoch = o->core->current_epoch;
    check_links(o);
    map_for_each(g, &o->core->groups, struct group)
        check_group(o, g);
    fuzz_check(state_group(&o->known, SLICE_LITERAL("")) == NULL);
    fuzz_check(o->known.current_epoch == o->current_epoch);
}
