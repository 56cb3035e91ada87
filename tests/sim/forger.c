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

static void act(void *context, uint64_t argument);

static void plan(struct forger *f) {
    struct schedule *s = &f->world->schedule;
    int64_t at_us = s->now_us + rng_between(&f->rng, ACT_LOW_US, ACT_HIGH_US);
    schedule_alarm(s, &f->alarm, at_us, act, f);
}

void forger_init(struct forger *f, struct world *w) {
    *f = (struct forger){ .world = w };
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

/* A line about himself; or about a vedette, at its place or elsewhere. It tells of another master.
 */
static void make_up(struct forger *f, struct buf *out) {
    struct world *w = f->world;
    const struct vedette *v = any_vedette(f);
    int group = any(f, w->group_count);
    char foreign[ID_SIZE] = "";
    memset(foreign, FORGED_ID_CHAR, ID_LENGTH);
    bool is_own = rng_chance(&f->rng, 300), is_there = !is_own && rng_chance(&f->rng, 500);
    const struct endpoint elsewhere = names_address(NET_HOSTS - 1, FORGED_PORT);
    const struct endpoint *at = is_there ? &v->party.address : &elsewhere;
    const struct endpoint *master = &farm_server(&w->farm, group, 1)->party.address;
    unsigned long long epoch = any_epoch(f);
    buf_printf(out, "%s,%u,%s,%llu,%s,%s,%u,%llu", at->host, (unsigned)at->port,
        is_own ? foreign : v->id, epoch, world_group_name(group), master->host,
        (unsigned)master->port, epoch);
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

static void say_hello(struct forger *f, const struct vedette *to) {
    struct buf words CLEANUP(buf_fini) = BUF_INIT;
    bool has_line = true;
    buf_add_text(&words, "PUBLISH __sentinel__:hello ");
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    int kind = any(f, 6);
    if (kind < 2) {
        make_up(f, &line);
        if (kind == 1)
            sign_wrongly(f, &line);
    } else {
        has_line = kind == 2 ? alter(f, &line) : repeat(f, &line);
    }
    buf_add_slice(&words, buf_slice(&line));
    if (has_line)
        visitor_say(&f->world->visitor, to, buf_text(&words));
}

static void ask_for_vote(struct forger *f, const struct vedette *of) {
    const struct group *g = vedette_group(of, any(f, f->world->group_count));
    if (g == NULL)
        return;
    const struct endpoint *master = &g->master->address.given;
    char words[ENDPOINT_TEXT_MAX + 120];
    (void)snprintf(words, sizeof(words), "SENTINEL is-master-down-by-addr %s %u %llu %s",
        master->host, master->port, (unsigned long long)any_epoch(f), any_vedette(f)->id);
    visitor_say(&f->world->visitor, of, words);
}

static void act(void *context, uint64_t argument) {
    struct forger *f = context;
    const struct vedette *v = any_vedette(f);
    (void)argument;
    if (rng_chance(&f->rng, 250))
        ask_for_vote(f, v);
    else
        say_hello(f, v);
    plan(f);
}
