/* Peers that say what the scenario makes them say. */
#include "common/buf.h"
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
    if (words_try(w, "secret"))
        slice_copy(slice_of(words_take(w, "a secret")->text), one->secret, sizeof(one->secret));
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
    int64_t epoch, config_epoch, counter; /* counter: 0 = it is not signed */
    const struct server *master;
    const struct endpoint *from;
    const char *id;
};

static void take_identity(struct play *p, struct words *w, struct hello_words *h) {
    const char *name = words_take(w, "a vedette or a peer")->text;
    const struct vedette *v = stage_vedette(&p->stage, name);
    const struct puppet *one = stage_puppet(&p->stage, name);
    if (v == NULL && one == NULL)
        words_fail(w, "there is no \"%s\"", name);
    h->id = v != NULL ? v->id : one->id;
}

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
            take_identity(p, w, h);
        else if (words_try(w, "number"))
            h->counter = words_take_number(w);
        else if (words_try(w, "unsigned"))
            h->counter = 0;
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
        .counter = one->secret[0] != '\0' ? (int64_t)one->counter + 1 : 0,
    };
    take_hello(p, w, &h);
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&line, "%s,%u,%s,%lld,%s,%s,%u,%lld", h.from->host, h.from->port, h.id,
        (long long)h.epoch, world_group_name(h.master->group), h.master->party.address.host,
        h.master->party.address.port, (long long)h.config_epoch);
    if (h.counter > 0)
        puppet_sign(one, (uint64_t)h.counter, &line);
    const struct slice words[] = { SLICE_LITERAL("PUBLISH"), SLICE_LITERAL("__sentinel__:hello"),
        buf_slice(&line) };
    puppet_say(one, &to->address, words, ARRAY_SIZE(words));
    stage_deed(&p->stage);
}

/* ---- over a connection that stays ---- */

#define ANSWER_US     US_PER_S
#define ASK_WORDS_MAX 8

static const struct resp_value *ask(struct play *p, struct words *w, struct puppet *one,
    const struct vedette *v, const char *request) {
    struct slice rest = slice_of(request), words[ASK_WORDS_MAX];
    size_t count = 0;
    while (rest.data != NULL && count < ASK_WORDS_MAX)
        words[count++] = slice_cut(&rest, ' ');
    puppet_ask(one, &v->party.address, words, count);
    for (int64_t us = 0; puppet_answer(one) == NULL; us += US_PER_MS) {
        if (us >= ANSWER_US)
            play_fail(p, w->step, "%s does not answer", v->name);
        play_for(p, w->step, US_PER_MS);
    }
    return puppet_answer(one);
}

static void run_asks(struct play *p, struct words *w) {
    struct puppet *one = play_take_puppet(p, w);
    const struct vedette *v = play_take_vedette(p, w);
    struct buf request CLEANUP(buf_fini) = BUF_INIT, got CLEANUP(buf_fini) = BUF_INIT;
    struct buf answer CLEANUP(buf_fini) = BUF_INIT;
    play_expand(p, words_take(w, "a request")->text, &request);
    stage_deed(&p->stage);
    resp_value_print(ask(p, w, one, v, buf_text(&request)), &got);
    chronicle_make_readable(&p->stage.chronicle, buf_slice(&got), &answer);
    buf_add_char(&answer, '\n');
    play_compare(p, w->step, "the answer", buf_slice(&answer));
}

/* As a vedette does: asks for the other one's proof, and gives its own. */
static void run_proves(struct play *p, struct words *w) {
    struct puppet *one = play_take_puppet(p, w);
    words_need(w, "to");
    const struct vedette *v = play_take_vedette(p, w);
    const char *group = words_try(w, "of") ? words_take(w, "a group")->text : "";
    struct buf request CLEANUP(buf_fini) = BUF_INIT, got CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&request, "SENTINEL VEDETTE-PROVE %s %s %s", one->id, group, puppet_number);
    stage_deed(&p->stage);
    const struct resp_value *answer = ask(p, w, one, v, buf_text(&request));
    if (answer->type != RESP_ARRAY || answer->count != 3 || one->secret[0] == '\0')
        play_fail(p, w->step, "there is nothing to prove");
    buf_add_char(&request, ' ');
    puppet_seal(one, v->id, answer->elements[1].text, &request);
    resp_value_print(ask(p, w, one, v, buf_text(&request)), &got);
    buf_add_char(&got, '\n');
    play_compare(p, w->step, "the answer", buf_slice(&got));
}

const struct step_row puppet_steps[] = {
    { .name = "peer",
        .usage = "NAME [first] [vedette] [secret SECRET] [answers ...]",
        .run = run_peer },
    { .name = "answers",
        .usage = "PEER up | down | grants | votes WHOM | silent [at EPOCH]",
        .run = run_answers },
    { .name = "dies", .usage = "PEER", .run = run_dies },
    { .name = "hello",
        .usage = "PEER to ANYBODY [epoch N] [config N] [master SERVER] [at ANYBODY] "
                 "[as SENTINEL] [number N | unsigned]",
        .run = run_hello },
    { .name = "asks", .usage = "PEER VEDETTE \"REQUEST\"", .run = run_asks, .has_block = true },
    { .name = "proves",
        .usage = "PEER to VEDETTE [of GROUP]",
        .run = run_proves,
        .has_block = true },
    { .name = NULL },
};
