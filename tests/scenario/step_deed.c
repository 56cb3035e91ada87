/* What is done to servers, vedettes, disks and the network. */
#include "common/buf.h"
#include "sentinel/core/core.h"
#include "tests/scenario/play.h"

#include <string.h>

/* ---- time ---- */

static void run_run(struct play *p, struct words *w) {
    play_for(p, w->step, words_take_us(w));
}

/* Times are shown from here on. */
static void did(struct play *p) {
    stage_deed(&p->stage);
}

static int64_t in_us(const struct play *p, struct words *w) {
    words_need(w, "for");
    return p->stage.world->schedule.now_us + words_take_us(w);
}

/* ---- servers ---- */

static struct server *take_quiet_server(struct play *p, struct words *w) {
    struct server *s = play_take_server(p, w);
    if (!stage_await_quiet(&p->stage, s))
        play_for(p, w->step, 0);
    return s;
}

static void run_kill(struct play *p, struct words *w) {
    struct server *s = take_quiet_server(p, w);
    server_kill(s, words_try(w, "host") ? NET_LEAVE_HOST : NET_LEAVE_PROCESS);
    did(p);
}

static void run_hang(struct play *p, struct words *w) {
    server_hang(take_quiet_server(p, w));
    did(p);
}

static void run_continue(struct play *p, struct words *w) {
    server_continue(play_take_server(p, w));
    did(p);
}

static void set_trouble(struct play *p, struct words *w, struct server *s, enum trouble trouble) {
    s->trouble_until_us = in_us(p, w);
    s->trouble = trouble;
    did(p);
}

static void run_loading(struct play *p, struct words *w) {
    set_trouble(p, w, play_take_server(p, w), TROUBLE_LOADING);
}

static void run_busy(struct play *p, struct words *w) {
    set_trouble(p, w, play_take_server(p, w), TROUBLE_BUSY);
}

static void run_refuse(struct play *p, struct words *w) {
    static const char *const kinds[] = {
        [REFUSE_NOTHING] = "nothing",
        [REFUSE_QUEUEING] = "queueing",
        [REFUSE_EXECUTING] = "executing",
        [REFUSE_REWRITE] = "rewriting",
        [REFUSE_KILLING] = "killing",
    };
    struct server *s = play_take_server(p, w);
    s->refusal = (enum refusal)words_take_one_of(w, kinds, ARRAY_SIZE(kinds));
    did(p);
}

static void run_slaveof(struct play *p, struct words *w) {
    static const struct endpoint nobody = { .port = 0 };
    struct server *s = play_take_server(p, w);
    const struct endpoint *master =
        words_try(w, "nobody") ? &nobody : &play_take_server(p, w)->party.address;
    server_follow(s, master);
    did(p);
}

/* An operator takes back its FAILOVER. */
static void run_abort(struct play *p, struct words *w) {
    struct server *s = play_take_server(p, w);
    if (s->hands_to == NULL)
        play_fail(p, w->step, "%s is not handing over", s->name);
    s->hands_to = NULL;
    did(p);
}

static void run_priority(struct play *p, struct words *w) {
    struct server *s = play_take_server(p, w);
    s->priority = words_take_number(w);
    did(p);
}

/* ---- vedettes, and servers ---- */

static void run_start(struct play *p, struct words *w) {
    const char *name = words_take(w, "a server or a vedette")->text;
    struct server *s = stage_server(&p->stage, name);
    struct vedette *v = stage_vedette(&p->stage, name);
    if (s != NULL ? s->alive : v == NULL || v->engine != NULL)
        words_fail(w, "\"%s\" is nobody who could be started", name);
    if (v != NULL) {
        stage_start_vedette(&p->stage, v);
    } else {
        server_start(s);
        s->trouble = TROUBLE_NONE;
        if (words_try(w, "loading"))
            set_trouble(p, w, s, TROUBLE_LOADING);
    }
    did(p);
}

static void run_crash(struct play *p, struct words *w) {
    struct vedette *v = play_take_vedette(p, w);
    vedette_crash(v, words_try(w, "host") ? NET_LEAVE_HOST : NET_LEAVE_PROCESS);
    did(p);
}

static void run_stall(struct play *p, struct words *w) {
    struct vedette *v = play_take_vedette(p, w);
    vedette_stall(v, in_us(p, w));
    did(p);
}

static void run_dice(struct play *p, struct words *w) {
    const struct vedette *v = play_take_vedette(p, w);
    rng_init(&vedette_core(v)->rng, (uint64_t)words_take_number(w));
}

static void run_disk(struct play *p, struct words *w) {
    struct disk *d = &play_take_vedette(p, w)->disk;
    struct disk_mood mood = p->draw.disk;
    if (words_try(w, "fails")) {
        mood.failure_per_mille = 1000;
    } else if (words_try(w, "takes")) {
        mood.low_us = mood.high_us = words_take_us(w);
    } else {
        words_need(w, "works");
    }
    d->mood = mood;
    did(p);
}

/* ---- files ---- */

static int take_group(struct words *w) {
    const char *name = words_take(w, "a group")->text;
    int group = world_group_named(slice_of(name));
    if (group < 0)
        words_fail(w, "there is no group \"%s\"", name);
    return group;
}

/* One a line, as config/keys.h has them. */
static void take_secrets(struct words *w, char *ret, size_t size) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    do
        buf_printf(&text, "%s%s", buf_size(&text) > 0 ? "\n" : "", words_take(w, "a secret")->text);
    while (words_are_left(w));
    if (buf_size(&text) >= size)
        words_fail(w, "too many secrets");
    slice_copy(slice_is(buf_slice(&text), "none") ? SLICE_EMPTY : buf_slice(&text), ret, size);
}

/* A vedette has them in its file, which is read again. */
static void run_secrets(struct play *p, struct words *w) {
    struct puppet *peer =
        words_are_left(w) ? stage_puppet(&p->stage, w->step->words[w->next].text) : NULL;
    if (peer != NULL) {
        (void)play_take_puppet(p, w);
        take_secrets(w, peer->secret, sizeof(peer->secret));
    } else {
        struct vedette *v = play_take_vedette(p, w);
        int group = words_try(w, "of") ? take_group(w) : -1;
        take_secrets(w, group < 0 ? v->file.keys : v->file.sections[group].keys, FILE_KEYS_SIZE);
        vedette_reload(v);
    }
    did(p);
}

static void run_policy(struct play *p, struct words *w) {
    static const char *const policies[] = {
        [PEERS_PERMISSIVE] = "permissive",
        [PEERS_STRICT] = "strict",
    };
    struct vedette *v = play_take_vedette(p, w);
    v->file.peer_policy = (int64_t)words_take_one_of(w, policies, ARRAY_SIZE(policies));
    vedette_reload(v);
    did(p);
}

/* ---- the network ---- */

/* Resets the command link between two. What was sent already arrives before that; no answer does.
 */
static void run_cut(struct play *p, struct words *w) {
    const struct vedette *v = play_take_vedette(p, w);
    words_need(w, "->");
    const struct endpoint *to = &play_take_party(p, w)->address;
    bool found = false;
    list_for_each(x, &v->wires, struct wire, siblings)
        if (x->client.value == 0 && x->purpose == LINK_COMMAND && x->conn != NULL &&
            endpoint_equal(&x->address, to)) {
            net_reset(x->conn, "reset by the scenario");
            found = true;
        }
    if (!found)
        play_fail(p, w->step, "there is no such link");
    did(p);
}

static void set_blocked(struct play *p, struct words *w, bool is_blocked) {
    struct net *n = &p->stage.world->net;
    const struct party *a = play_take_party(p, w);
    bool one_way = words_try(w, "->");
    if (!one_way)
        words_need(w, "-");
    const struct party *b = play_take_party(p, w);
    net_block(n, a->host, b->host, is_blocked);
    if (!one_way)
        net_block(n, b->host, a->host, is_blocked);
    did(p);
}

static void run_block(struct play *p, struct words *w) {
    set_blocked(p, w, true);
}

static void run_unblock(struct play *p, struct words *w) {
    set_blocked(p, w, false);
}

/* partition A B | C D ...: those on one side do not reach those on the other. */
static void run_partition(struct play *p, struct words *w) {
    struct net *n = &p->stage.world->net;
    const struct party *left[STEP_WORDS_MAX];
    size_t count = 0;
    while (!words_try(w, "|"))
        left[count++] = play_take_party(p, w);
    while (words_are_left(w)) {
        const struct party *right = play_take_party(p, w);
        for (size_t i = 0; i < count; i++) {
            net_block(n, left[i]->host, right->host, true);
            net_block(n, right->host, left[i]->host, true);
        }
    }
    did(p);
}

static void run_heal(struct play *p, struct words *w) {
    (void)w;
    net_unblock_all(&p->stage.world->net);
    did(p);
}

const struct step_row deed_steps[] = {
    { .name = "run", .usage = "TIME", .run = run_run },
    { .name = "kill", .usage = "SERVER [host]", .run = run_kill },
    { .name = "hang", .usage = "SERVER", .run = run_hang },
    { .name = "continue", .usage = "SERVER", .run = run_continue },
    { .name = "loading", .usage = "SERVER for TIME", .run = run_loading },
    { .name = "busy", .usage = "SERVER for TIME", .run = run_busy },
    { .name = "refuse",
        .usage = "SERVER nothing | queueing | executing | rewriting | killing",
        .run = run_refuse },
    { .name = "slaveof", .usage = "SERVER SERVER | nobody", .run = run_slaveof },
    { .name = "abort", .usage = "SERVER", .run = run_abort },
    { .name = "priority", .usage = "SERVER NUMBER", .run = run_priority },
    { .name = "start", .usage = "SERVER [loading for TIME] | VEDETTE", .run = run_start },
    { .name = "crash", .usage = "VEDETTE [host]", .run = run_crash },
    { .name = "stall", .usage = "VEDETTE for TIME", .run = run_stall },
    { .name = "dice", .usage = "VEDETTE NUMBER", .run = run_dice },
    { .name = "disk", .usage = "VEDETTE takes TIME | fails | works", .run = run_disk },
    { .name = "secrets",
        .usage = "VEDETTE [of GROUP] SECRET ... | none | PEER SECRET | none",
        .run = run_secrets },
    { .name = "policy", .usage = "VEDETTE permissive | strict", .run = run_policy },
    { .name = "cut", .usage = "VEDETTE -> ANYBODY", .run = run_cut },
    { .name = "block", .usage = "ANYBODY -> ANYBODY | ANYBODY - ANYBODY", .run = run_block },
    { .name = "unblock", .usage = "ANYBODY -> ANYBODY | ANYBODY - ANYBODY", .run = run_unblock },
    { .name = "partition", .usage = "ANYBODY ... | ANYBODY ...", .run = run_partition },
    { .name = "heal", .usage = "", .run = run_heal },
    { .name = NULL },
};
