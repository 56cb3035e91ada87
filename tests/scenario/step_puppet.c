/* Peers that say what the scenario makes them say. */
#include "tests/scenario/play.h"

#include <stdio.h>
#include <string.h>

/* ---- peer ---- */

static void set_mood(struct puppet *one, struct words *w) {
    one->mood = (enum puppet_mood)words_take_one_of(w, puppet_moods, PUPPET_MOOD_COUNT);
    one->epoch = 0;
}

/* For whom it votes: an id by its name, or any text. */
static void set_candidate(struct play *p, struct puppet *one, struct words *w) {
    const char *text = words_take(w, "a candidate")->text;
    const struct vedette *v = stage_vedette(&p->stage, text);
    const struct puppet *other = stage_puppet(&p->stage, text);
    slice_copy(slice_of(v != NULL      ? v->id
                       : other != NULL ? other->id
                                       : text),
        one->candidate, sizeof(one->candidate));
}

static void set_answers(struct play *p, struct puppet *one, struct words *w) {
    set_mood(one, w);
    if (one->mood == PUPPET_VOTES)
        set_candidate(p, one, w);
    if (words_try(w, "at"))
        one->epoch = (uint64_t)words_take_number(w);
}

static void run_peer(struct play *p, struct words *w) {
    struct stage *s = &p->stage;
    char name[8];
    (void)snprintf(name, sizeof(name), "p%u", (unsigned)(s->puppet_count + 1) % 10);
    words_need(w, name);
    if (s->puppet_count == PUPPETS_MAX)
        words_fail(w, "more than %d peers", PUPPETS_MAX);
    struct puppet *one = &s->puppets[s->puppet_count++];
    puppet_init(one, &s->world->net, s->puppet_count);
    if (words_try(w, "first"))
        memset(one->id, '0', ID_LENGTH);
    one->is_vedette = words_try(w, "vedette");
    chronicle_add_sentinel(
        &s->chronicle, one->name, one->id, one->party.address.host, one->party.address.port);
    if (words_try(w, "answers"))
        set_answers(p, one, w);
    stage_deed(s);
}

static void run_answers(struct play *p, struct words *w) {
    struct puppet *one = play_take_puppet(p, w);
    set_answers(p, one, w);
    stage_deed(&p->stage);
}

static void run_dies(struct play *p, struct words *w) {
    puppet_die(play_take_puppet(p, w));
    stage_deed(&p->stage);
}

/* ---- hello ---- */

struct hello_words {
    int64_t epoch, config_epoch;
    const struct server *master;
    const struct endpoint *from;
    const char *id;
};

static void take_hello(struct play *p, struct words *w, struct hello_words *h) {
    while (words_are_left(w)) {
        if (words_try(w, "epoch"))
            h->epoch = words_take_number(w);
        else if (words_try(w, "config"))
            h->config_epoch = words_take_number(w);
        else if (words_try(w, "master"))
            h->master = play_take_server(p, w);
        else if (words_try(w, "at"))
            h->from = &play_take_party(p, w)->address;
        else if (words_try(w, "as"))
            h->id = play_take_puppet(p, w)->id;
        else
            break;
    }
}

/* To a vedette as a peer does, or by a server to all that listen there. */
static void run_hello(struct play *p, struct words *w) {
    struct puppet *one = play_take_puppet(p, w);
    words_need(w, "to");
    const struct party *to = play_take_party(p, w);
    struct hello_words h = {
        .master = &p->stage.world->farm.servers[0],
        .from = &one->party.address,
        .id = one->id,
    };
    take_hello(p, w, &h);
    char line[1024];
    (void)snprintf(line, sizeof(line), "%s,%u,%s,%lld,%s,%s,%u,%lld", h.from->host, h.from->port,
        h.id, (long long)h.epoch, world_group_name(h.master->group), h.master->party.address.host,
        h.master->party.address.port, (long long)h.config_epoch);
    const struct slice words[] = { SLICE_LITERAL("PUBLISH"), SLICE_LITERAL("__sentinel__:hello"),
        slice_of(line) };
    puppet_say(one, &to->address, words, ARRAY_SIZE(words));
    stage_deed(&p->stage);
}

const struct step_row puppet_steps[] = {
    { .name = "peer", .usage = "NAME [first] [vedette] [answers ...]", .run = run_peer },
    { .name = "answers",
        .usage = "PEER up | down | grants | votes WHOM | silent [at EPOCH]",
        .run = run_answers },
    { .name = "dies", .usage = "PEER", .run = run_dies },
    { .name = "hello",
        .usage = "PEER to ANYBODY [epoch N] [config N] [master SERVER] [at ANYBODY] [as PEER]",
        .run = run_hello },
    { .name = NULL },
};
