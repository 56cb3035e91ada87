/* What befalls the far ends, and what is said to us. */
#include "tests/unit/core_fixture_parts.h"

#include "common/ensure.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/input.h"

#include <stdio.h>
#include <string.h>

static void lose_all(struct fixture *f, const struct far *far, const char *why) {
    for (uint32_t i = 0; i < FIXTURE_LINKS_MAX; i++)
        if (f->links[i].state != HERE_CLOSED && f->links[i].to == far)
            fixture_lose(f, i, why);
}

void fixture_crash(struct fixture *f, struct far *far) {
    far->mood = FAR_REFUSES;
    lose_all(f, far, "Connection reset by peer");
    fixture_settle(f);
}

void fixture_cut(struct fixture *f, struct far *far) {
    lose_all(f, far, "Connection reset by peer");
    fixture_settle(f);
}

void fixture_hang(struct far *far) {
    far->mood = FAR_HANGS;
}

void fixture_revive(struct far *far) {
    far->mood = FAR_ANSWERS;
}

struct vote fixture_request(
    struct fixture *f, struct group *g, uint64_t epoch, const char *candidate) {
    fixture_begin(f);
    struct vote vote = election_request(f->core, g, epoch, slice_of(candidate));
    fixture_end(f);
    return vote;
}

void fixture_stand(struct fixture *f, enum election_why why) {
    fixture_begin(f);
    election_begin(f->core, f->group, why);
    fixture_end(f);
    fixture_timer(f);
}

void fixture_peers_agree(struct fixture *f) {
    for (int i = 0; i < f->peer_count; i++)
        f->peers[i].says_down = true;
}

void fixture_fall(struct fixture *f) {
    fixture_crash(f, &f->master);
    fixture_await(f, "+odown", 1200);
}

void fixture_durable(struct fixture *f, uint64_t seq) {
    f->answered_seq = seq;
    fixture_step(f, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
}

void fixture_failed(struct fixture *f, uint64_t seq) {
    f->answered_seq = seq;
    fixture_step(
        f, &(struct input){ .kind = INPUT_FAILED, .seq = seq, .why = SLICE_LITERAL("disk full") });
}

void fixture_message(struct fixture *f, const char *payload) {
    const struct link *l = &f->group->master->pubsub;
    list_for_each(n, &f->group->replicas, struct node, siblings)
        if (l->state != LINK_OPEN)
            l = &n->pubsub;
    ensure(l->state == LINK_OPEN);
    fixture_step(f,
        &(struct input){ .kind = INPUT_MESSAGE,
            .link = l->id,
            .incarnation = l->incarnation,
            .channel = SLICE_LITERAL(HELLO_CHANNEL),
            .payload = slice_of(payload) });
    fixture_settle(f);
}

void fixture_hello(struct fixture *f, const struct hello_line *h) {
    char line[512];
    (void)snprintf(line, sizeof(line), "%s,%d,%s,%llu,%s,%s,%d,%llu", h->host, h->port, h->id,
        (unsigned long long)h->current_epoch, h->group != NULL ? h->group : "mymaster",
        h->master_host, h->master_port, (unsigned long long)h->config_epoch);
    fixture_message(f, line);
}

void fixture_confirm(struct fixture *f) {
    const struct endpoint *master = &f->group->master->address.given;
    for (int i = 0; i < f->peer_count; i++) {
        fixture_peer(f, i)->hello_ms = f->now.mono_ms; /* so they have all along */
        fixture_hello(f,
            &(struct hello_line){ f->peers[i].address.host, f->peers[i].address.port,
                f->peers[i].id, f->core->current_epoch, master->host, master->port,
                f->group->config_epoch, NULL });
    }
}

void fixture_reply(struct fixture *f, const struct link *l, const char *resp) {
    for (size_t i = 0; i < f->sent_count; i++) {
        struct sent *s = &f->sent[i];
        if (s->ended || s->link.value != l->id.value)
            continue;
        s->ended = true;
        fixture_answer(f, s->link, s->incarnation, s->tag, resp);
        return;
    }
    fail_msg("nothing is pending on link %u", l->id.value);
}
