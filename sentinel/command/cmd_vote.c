/* What other Sentinels ask of us: questions about a master's health, requests for our vote, and
 * their hellos. */
#include "sentinel/command/call.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/election.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/planted.h"
#include "sentinel/core/seal.h"

static void write_answer(
    struct resp_writer *w, bool is_down, struct slice candidate, uint64_t epoch) {
    resp_array(w, 3);
    resp_integer(w, is_down);
    resp_bulk(w, candidate.size > 0 ? candidate : SLICE_LITERAL("*"));
    resp_integer(w, epoch > INT64_MAX ? INT64_MAX : (int64_t)epoch);
}

/* A vote that could not be made durable is never told: a restart would forget it, and might give
 * another. */
static void answer_request(
    struct call *call, struct group *g, uint64_t epoch, struct slice candidate, bool is_down) {
    struct vote vote = election_request(call->core, g, epoch, candidate);
    write_answer(&call->reply, is_down, vote.candidate, vote.epoch);
    call->rests_on = PLANTED(VOTE_TOLD_EARLY) ? 0 : vote.seq;
    write_answer(&call->otherwise, is_down, SLICE_EMPTY, 0);
}

/* Whether it counts what this client asks about the group: without a secret everybody's; else that
 * of nobody who speaks for one that signs, and where strict that of nobody at all, without a proof.
 */
static bool may_ask(const struct call *call, const struct group *g, struct slice id) {
    const struct core *c = call->core;
    if (seal_keys(c, g).size == 0 || proofs_hold(&call->session->proofs, c, g, id))
        return true;
    char text[ID_SIZE];
    slice_copy(id, text, sizeof(text));
    const struct peer *p = peer_find(g, text);
    bool signs = p != NULL ? peer_signs(c, p) : slice_is(id, c->id);
    return !seal_is_strict(c, g) && !signs;
}

/* Who has proven to be somebody may ask about the master's health, too. */
static bool may_hint(const struct call *call, const struct group *g) {
    return may_ask(call, g, slice_of(call->session->proofs.id));
}

void run_sentinel_is_master_down_by_addr(struct call *call) {
    struct slice host = call->args[2], candidate = call->args[5];
    int64_t port, epoch;
    if (!slice_to_i64(call->args[3], &port) || !slice_to_i64(call->args[4], &epoch)) {
        resp_error(&call->reply, SLICE_LITERAL("ERR value is not an integer or out of range"));
        return;
    }
    struct endpoint master;
    struct group *g = NULL;
    if (endpoint_make(host, port, &master)) {
        g = core_group_by_address(call->core, &master);
        if (g == NULL) /* a name that we do not know is known when the question comes again */
            (void)resolve_look(call->core, host);
    }
    if (g == NULL) {
        write_answer(&call->reply, false, SLICE_EMPTY, 0);
        return;
    }

    bool is_down = election_master_is_down(call->core, g);
    if (is_down && may_hint(call, g))
        election_hint(call->core, g);
    if (slice_is(candidate, "*")) {
        write_answer(&call->reply, is_down, SLICE_EMPTY, 0);
        return;
    }
    if (!may_ask(call, g, candidate) && !PLANTED(UNPROVEN_VOTED_FOR)) {
        doubt_note(call->core, DOUBT_VOTE,
            "%s: a vote was asked for at %s:%u, without a proof by whom: refused", g->name,
            call->session->remote.host, (unsigned)call->session->remote.port);
        write_answer(&call->reply, is_down, SLICE_EMPTY, 0);
    } else { /* a negative one is as good as an old one */
        answer_request(call, g, (uint64_t)MAX_OF(epoch, 0), candidate, is_down);
    }
}

void run_publish(struct call *call) {
    if (!slice_is(call->args[1], "__sentinel__:hello")) {
        resp_error(&call->reply,
            SLICE_LITERAL("ERR Only HELLO messages are accepted by Sentinel instances."));
        return;
    }
    hello_receive(call->core, call->args[2], HELLO_BY_PUBLISH);
    resp_integer(&call->reply, 1);
}
