#include "tests/sim/forger.h"

#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/seal.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

#define ACT_LOW_US  (200 * US_PER_MS)
#define ACT_HIGH_US (4 * US_PER_S)
#define SIGNS_MS    (60 * 1000) /* for so long one that has signed is taken to go on with it */

static const char foreign_id[ID_SIZE] = "ffffffffffffffffffffffffffffffffffffffff";

static void act(void *context, uint64_t argument);

static void plan(struct forger *f) {
    struct schedule *s = &f->world->schedule;
    int64_t at_us = s->now_us + rng_between(&f->rng, ACT_LOW_US, ACT_HIGH_US);
    schedule_alarm(s, &f->alarm, at_us, act, f);
}

void forger_init(struct forger *f, struct world *w) {
    *f = (struct forger){ .world = w, .elsewhere = names_address(NET_HOSTS - 1, FORGED_PORT) };
    rng_init(&f->rng, w->seed ^ FORGED_EPOCH);
    if (w->draw.has_forger)
        plan(f);
}

void forger_fini(struct forger *f) {
    for (size_t i = 0; i < FORGER_LINES; i++)
        mem_free(f->lines[i]);
}

void forger_overhear(struct forger *f, const struct effect *e) {
    if (e->kind != EFFECT_SEND || !f->world->draw.has_forger)
        return;
    const struct request *r = &e->requests[0];
    if (r->sealed == 0 || r->word_count != 3)
        return;
    char **place = &f->lines[f->heard++ % FORGER_LINES];
    mem_free(*place);
    *place = slice_dup(r->words[2]);
}

/* ---- what he says ---- */

static int any(struct forger *f, int count) {
    return (int)rng_between(&f->rng, 0, count - 1);
}

static uint64_t any_epoch(struct forger *f) {
    return FORGED_EPOCH + (uint64_t)rng_between(&f->rng, 0, 1000);
}

static const struct vedette *any_vedette(struct forger *f) {
    return &f->world->vedettes[any(f, f->world->vedette_count)];
}

/* Who it is from, as he says, where that one is, and its epochs. */
struct claim {
    int group;
    const char *id;
    const struct endpoint *at;
    uint64_t epoch, config_epoch;
};

/* It tells of another master. */
static void print_line(const struct forger *f, const struct claim *c, struct buf *out) {
    const struct endpoint *master = &farm_server(&f->world->farm, c->group, 1)->party.address;
    buf_printf(out, "%s,%u,%s,%llu,%s,%s,%u,%llu", c->at->host, (unsigned)c->at->port, c->id,
        (unsigned long long)c->epoch, world_group_name(c->group), master->host,
        (unsigned)master->port, (unsigned long long)c->config_epoch);
}

/* A line about himself; or about a vedette, at its place or elsewhere. */
static void make_up(struct forger *f, struct buf *out) {
    const struct vedette *v = any_vedette(f);
    struct claim c = { .group = any(f, f->world->group_count) };
    bool is_own = rng_chance(&f->rng, 300), is_there = !is_own && rng_chance(&f->rng, 500);
    c.id = is_own ? foreign_id : v->id;
    c.at = is_there ? &v->party.address : &f->elsewhere;
    c.epoch = c.config_epoch = any_epoch(f);
    print_line(f, &c, out);
}

static void sign_wrongly(struct forger *f, struct buf *line) {
    char seal[DIGEST_HEX_SIZE];
    buf_printf(line, ",vedette1,%llu,", (unsigned long long)any_epoch(f) << 20);
    seal_make(SLICE_LITERAL("the secret of nobody here"), SEAL_HELLO, buf_slice(line), seal);
    buf_add_text(line, seal);
}

/* One of those that he heard; false if there is none. */
static bool repeat(struct forger *f, struct buf *out) {
    const char *line = f->lines[any(f, FORGER_LINES)];
    if (line != NULL)
        buf_add_text(out, line);
    return line != NULL;
}

/* The same with other epochs, or another number, under the seal that it had. */
static bool alter(struct forger *f, struct buf *out) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    static const int fields[] = { 3, 7, 9 };
    int altered = fields[any(f, ARRAY_SIZE(fields))];
    if (!repeat(f, &line))
        return false;
    struct slice rest = buf_slice(&line);
    for (int i = 0; rest.data != NULL; i++) {
        struct slice field = slice_cut(&rest, ',');
        if (i > 0)
            buf_add_char(out, ',');
        if (i == altered)
            buf_add_u64(out, any_epoch(f) << (i == 9 ? 20 : 0));
        else
            buf_add_slice(out, field);
    }
    return true;
}

static void publish(
    struct forger *f, const struct vedette *to, const struct vedette *as, const struct buf *line) {
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&words, "PUBLISH __sentinel__:hello ");
    buf_add_slice(&words, buf_slice(line));
    visitor_say_as(&f->world->visitor, to, as, buf_text(&words));
}

/* With the seal of somebody else: of another line, of another secret, or of this one, once more. */
static void misuse_seal(struct forger *f, const struct vedette *to, int kind) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    bool has_line = true;
    if (kind == 1) {
        make_up(f, &line);
        sign_wrongly(f, &line);
    } else {
        has_line = kind == 2 ? alter(f, &line) : repeat(f, &line);
    }
    if (has_line)
        publish(f, to, NULL, &line);
}

static void say_hello(struct forger *f, const struct vedette *to) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    int kind = any(f, 6);
    if (kind == 0) {
        make_up(f, &line);
        publish(f, to, NULL, &line);
    } else {
        misuse_seal(f, to, kind);
    }
}

static void ask_for_vote(struct forger *f, const struct vedette *of, const struct vedette *as,
    const char *candidate, uint64_t epoch, const struct group *g) {
    const struct endpoint *master = &g->master->address.given;
    char words[ENDPOINT_TEXT_MAX + 120];
    (void)snprintf(words, sizeof(words), "SENTINEL is-master-down-by-addr %s %u %llu %s",
        master->host, master->port, (unsigned long long)epoch, candidate);
    visitor_say_as(&f->world->visitor, of, as, words);
}

/* NULL: it has forgotten that one. */
static const struct group *any_group(struct forger *f, const struct vedette *of) {
    return vedette_group(of, any(f, f->world->group_count));
}

static void ask_as_somebody(struct forger *f, const struct vedette *of) {
    const struct group *g = any_group(f, of);
    if (g == NULL)
        return;
    const char *candidate = any_vedette(f)->id;
    ask_for_vote(f, of, NULL, candidate, any_epoch(f), g);
}

/* ---- where not all have to prove who they are ---- */

static bool hears_it_sign(const struct forger *f, const struct vedette *to,
    const struct vedette *as, const struct endpoint *at) {
    for (int i = 0; i < f->world->group_count; i++) {
        const struct group *g = vedette_group(to, i);
        const struct peer *p = g != NULL ? peer_find(g, as->id) : NULL;
        if (g == NULL)
            continue;
        if (p == NULL || !tstamp_is_recent(to->now.mono_ms, p->signed_ms, SIGNS_MS) ||
            !endpoint_equal(&p->process->address.given, at))
            return false;
    }
    return true;
}

bool forger_dares(struct forger *f, const struct vedette *to, const struct vedette *as,
    const struct endpoint *at) {
    bool dares = to == as || hears_it_sign(f, to, as, at);
    if (dares)
        marks_hit(&f->world->marks, MARK_SPOKEN_FOR);
    return dares;
}

/* It moves a peer, takes its address, says what it has not said, or takes a vote in its name; of
 * the one that he speaks to, this alone. */
static void speak_for(struct forger *f, const struct vedette *to, const struct vedette *as) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    const struct group *g = any_group(f, to);
    int kind = as != to ? any(f, 4) : 0;
    if (kind == 0) {
        if (g != NULL)
            ask_for_vote(f, to, as, as->id, any_epoch(f), g);
        return;
    }
    struct claim c = {
        .group = any(f, f->world->group_count),
        .id = kind == 1 ? foreign_id : as->id,
        .at = kind == 2 ? &f->elsewhere : &as->party.address,
        .epoch = any_epoch(f),
        .config_epoch = any_epoch(f),
    };
    print_line(f, &c, &line);
    publish(f, to, as, &line);
}

/* In his own name, which is believed: but not of such epochs. */
static void exaggerate(struct forger *f, const struct vedette *to) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    uint64_t far = (rng_chance(&f->rng, 500) ? FORGED_FAR : FORGED_END) + any_epoch(f);
    const struct group *g = any_group(f, to);
    int kind = any(f, 3);
    if (kind == 0) {
        if (g != NULL)
            ask_for_vote(f, to, NULL, foreign_id, far, g);
        return;
    }
    struct claim c = {
        .group = any(f, f->world->group_count),
        .id = foreign_id,
        .at = &f->elsewhere,
        .epoch = kind == 1 ? far : 0,
        .config_epoch = kind == 1 ? 0 : far,
    };
    print_line(f, &c, &line);
    publish(f, to, NULL, &line);
}

static void act_among_permissive(struct forger *f, const struct vedette *v) {
    const struct vedette *as = any_vedette(f);
    int kind = any(f, 6);
    if (kind < 3)
        speak_for(f, v, as);
    else if (kind == 3)
        exaggerate(f, v);
    else
        misuse_seal(f, v, 1 + any(f, 4));
}

static void act(void *context, uint64_t argument) {
    struct forger *f = context;
    const struct vedette *v = any_vedette(f);
    (void)argument;
    if (f->world->draw.trust == TRUST_PERMISSIVE)
        act_among_permissive(f, v);
    else if (rng_chance(&f->rng, 250))
        ask_as_somebody(f, v);
    else
        say_hello(f, v);
    plan(f);
}
