#include "sentinel/core/challenge.h"

#include "common/buf.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/order.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/seal.h"

#define CHALLENGE_AGAIN_MS 10000 /* between two at a link that is not proven */
#define CHALLENGE_NEAR_MS  1000  /* how long a request for a vote waits for one */

void challenge_draw(struct core *c, char ret[static CHALLENGE_SIZE + 1]) {
    char text[24], hex[DIGEST_HEX_SIZE];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)++c->challenges);
    const struct slice key = { .data = c->challenge_key, .size = sizeof(c->challenge_key) };
    digest_keyed_hex(key, slice_of(text), hex);
    slice_copy(slice_sub(slice_of(hex), 0, CHALLENGE_SIZE), ret, CHALLENGE_SIZE + 1);
}

void challenge_print(
    const char *by, const char *to, const char *asker, const char *asked, struct buf *out) {
    buf_printf(out, "%s,%s,%s,%s", by, to, asker, asked);
}

static bool has_own_keys(const struct group *g) {
    return secret_is_set(&g->settings.peer_keys);
}

static const struct challenge *find(const struct peer *p) {
    return has_own_keys(p->group) ? &p->challenge : &p->process->challenge;
}

static struct challenge *find_mutable(struct peer *p) {
    return has_own_keys(p->group) ? &p->challenge : &p->process->challenge;
}

/* ---- questions ---- */

bool challenge_counts(const struct core *c, const struct peer *p) {
    if (seal_keys(c, p->group).size == 0 || find(p)->is_proven)
        return true;
    return !seal_is_strict(c, p->group) && !peer_signs(c, p);
}

bool challenge_comes_first(
    const struct core *c, const struct peer *p, bool for_vote, int64_t *due) {
    const struct challenge *h = find(p);
    if (h->is_proven || seal_keys(c, p->group).size == 0)
        return false;
    if (p->process->link.state != LINK_OPEN || h->asked_ms == 0)
        return true; /* the group is looked at again when that changes */
    int64_t until_ms = h->asked_ms + CHALLENGE_NEAR_MS;
    if (!for_vote || !h->is_awaited || c->now.mono_ms >= until_ms)
        return false;
    due_mono(due, until_ms);
    return true;
}

/* ---- asking ---- */

/* Some of them may have something to ask. */
static void touch_groups(struct core *c, const struct process *p) {
    list_for_each(peer, &p->peers, struct peer, of_process)
        group_touch(c, peer->group);
}

static void touch_all(struct core *c, struct process *p) {
    process_touch(c, p);
    touch_groups(c, p);
}

/* g: of which the keys are; NULL: the process. */
static void judge(
    struct core *c, struct process *p, struct challenge *h, const struct group *g, int64_t *due) {
    if (h->is_awaited)
        return;
    if (h->is_proven && h->asked_ms != 0)
        return;
    int64_t next_ms = h->asked_ms == 0 ? 0 : h->asked_ms + CHALLENGE_AGAIN_MS;
    if (c->now.mono_ms < next_ms) {
        due_mono(due, next_ms);
        return;
    }
    challenge_draw(c, h->ours);
    h->is_awaited = true;
    h->asked_ms = c->now.mono_ms;
    order_challenge(c, p, g, h->ours);
    touch_groups(c, p);
}

void challenge_judge(struct core *c, struct process *p, int64_t *due) {
    if (p->link.state != LINK_OPEN)
        return;
    bool of_process = false;
    list_for_each(peer, &p->peers, struct peer, of_process) {
        if (has_own_keys(peer->group))
            judge(c, p, &peer->challenge, peer->group, due);
        else
            of_process = true;
    }
    if (of_process && secret_is_set(&c->settings.peer_keys))
        judge(c, p, &p->challenge, NULL, due);
}

void challenge_on_loss(struct process *p) {
    p->challenge = (struct challenge){ .is_proven = false };
    list_for_each(peer, &p->peers, struct peer, of_process)
        peer->challenge = (struct challenge){ .is_proven = false };
}

void challenge_now(struct core *c, struct peer *p) {
    struct challenge *h = find_mutable(p);
    if (h->is_proven || h->asked_ms == 0)
        return;
    h->asked_ms = 0;
    process_touch(c, p->process);
}

void challenge_again(struct core *c, struct peer *p) {
    struct challenge *h = find_mutable(p);
    if (seal_keys(c, p->group).size == 0 || !h->is_proven ||
        tstamp_is_recent(c->now.mono_ms, h->asked_ms, CHALLENGE_AGAIN_MS))
        return;
    h->asked_ms = 0;
    process_touch(c, p->process);
}

void challenge_all(struct core *c) {
    map_for_each(p, &c->processes, struct process) {
        p->challenge.asked_ms = 0;
        list_for_each(peer, &p->peers, struct peer, of_process)
            peer->challenge.asked_ms = 0;
        process_touch(c, p);
    }
}

/* ---- answers ---- */

/* "[id, number, seal]" of the process that the link leads to. */
static bool read_answer(const struct core *c, const struct process *p, const struct challenge *h,
    const struct resp_value *v, char theirs[static CHALLENGE_SIZE + 1], struct buf *sealed) {
    if (v->type != RESP_ARRAY || v->count != 3)
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (v->elements[i].type != RESP_BULK)
            return false;
    if (v->elements[1].text.size != CHALLENGE_SIZE || !slice_is(v->elements[0].text, p->id))
        return false;
    slice_copy(v->elements[1].text, theirs, CHALLENGE_SIZE + 1);
    challenge_print(p->id, c->id, h->ours, theirs, sealed);
    return true;
}

static void take_answer(struct core *c, struct process *p, struct challenge *h,
    const struct group *g, struct slice keys, const struct resp_value *v) {
    struct buf sealed CLEANUP(buf_fini) = BUF_INIT;
    char theirs[CHALLENGE_SIZE + 1], seal[DIGEST_HEX_SIZE];
    bool is_refused = v->type == RESP_ERROR; /* of stock, or without a secret */
    h->is_proven = read_answer(c, p, h, v, theirs, &sealed) &&
        seal_find(c, keys, SEAL_ANSWER, buf_slice(&sealed), v->elements[2].text) != 0;
    if (!h->is_proven) {
        if (is_refused && process_signs(c, p))
            doubt_note(c, DOUBT_SEAL,
                "sentinel %s signs its hellos, and refuses to prove who it is: " SLICE_FMT, p->id,
                SLICE_ARG(v->text));
        else if (!is_refused)
            doubt_note(c, DOUBT_SEAL, "sentinel %s at %s:%u does not have our secret", p->id,
                p->address.given.host, (unsigned)p->address.given.port);
        return;
    }
    buf_clear(&sealed);
    challenge_print(c->id, p->id, h->ours, theirs, &sealed);
    seal_make(keys, SEAL_ASK, buf_slice(&sealed), seal);
    order_proof(c, p, g, h->ours, seal);
}

/* Whose challenge it was; NULL if that is gone. */
static struct challenge *asked_by(
    struct core *c, struct process *p, const struct pending *pending, struct group **ret) {
    *ret = NULL;
    if (pending->group_serial == 0)
        return &p->challenge;
    *ret = group_by_serial(c, pending->group_serial);
    struct peer *peer = *ret != NULL ? peer_find(*ret, p->id) : NULL;
    return peer != NULL ? &peer->challenge : NULL;
}

void challenge_on_answer(
    struct core *c, struct link *l, const struct pending *pending, const struct resp_value *v) {
    struct process *p = l->process;
    struct group *g;
    struct challenge *h = asked_by(c, p, pending, &g);
    if (h == NULL)
        return;
    if (pending->kind == PENDING_PROOF) {
        if (v->type == RESP_ERROR) /* it has another secret since, or none */
            h->is_proven = false;
        touch_all(c, p);
        return;
    }
    struct slice keys =
        g != NULL ? secret_reveal(&g->settings.peer_keys) : secret_reveal(&c->settings.peer_keys);
    h->is_awaited = false;
    h->is_proven = false;
    if (keys.size > 0)
        take_answer(c, p, h, g, keys, v);
    touch_all(c, p);
}
