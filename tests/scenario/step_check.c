/* What has to come of it. */
#include "sentinel/core/core.h"
#include "tests/scenario/play.h"

#include <string.h>

#define ANSWER_US US_PER_S

/* ---- until ---- */

/* Since the curtain rose, or the last `forget`. */
static size_t times_told(const struct play *p, const struct vedette *v, const char *text) {
    const struct chronicle *c = &p->stage.chronicle;
    size_t times = 0;
    for (size_t i = p->stage.curtain; i < c->count; i++)
        times += c->lines[i].vedette == v->number && strcmp(c->lines[i].text, text) == 0;
    return times;
}

/* Something that is to come about. */
struct condition {
    const struct vedette *vedette; /* tells `text` once more than `before`; NULL: a server */
    const char *text;
    size_t before;
    const struct server *server; /* is a master, or follows `upstream` */
    const struct server *upstream;
};

static bool holds(const struct play *p, const struct condition *c) {
    if (c->vedette != NULL)
        return times_told(p, c->vedette, c->text) > c->before;
    if (c->upstream == NULL)
        return server_is_master(c->server);
    return c->server->repl == REPL_UP && c->server->upstream == c->upstream;
}

static struct condition take_condition(struct play *p, struct words *w) {
    struct condition c = { .text = "" };
    const char *name = words_take(w, "a vedette or a server")->text;
    c.vedette = stage_vedette(&p->stage, name);
    c.server = stage_server(&p->stage, name);
    if (c.vedette == NULL && c.server == NULL)
        words_fail(w, "there is no \"%s\"", name);
    if (c.vedette != NULL) {
        c.text = words_take(w, "a line")->text;
    } else if (words_try(w, "follows")) {
        c.upstream = play_take_server(p, w);
    } else {
        words_need(w, "is");
        words_need(w, "master");
    }
    return c;
}

static void show_what_was_told(struct play *p, const struct vedette *v) {
    struct buf got CLEANUP(buf_fini) = BUF_INIT;
    stage_show(&p->stage, v, TOPIC_BIT(TOPIC_EVENTS) | TOPIC_BIT(TOPIC_LOG), true, &got);
    (void)fprintf(stderr, "what it told:\n%s", buf_text(&got));
}

/* Times count from here; a line that was told before does not count. */
static void run_until(struct play *p, struct words *w) {
    struct condition c = take_condition(p, w);
    int64_t least_us = words_try(w, "after") ? words_take_us(w) : 0;
    words_need(w, "within");
    int64_t most_us = words_take_us(w), begun_us = p->stage.world->schedule.now_us;
    if (c.vedette != NULL)
        c.before = times_told(p, c.vedette, c.text);
    while (!holds(p, &c)) {
        int64_t took_us = p->stage.world->schedule.now_us - begun_us;
        if (took_us > most_us) {
            if (c.vedette != NULL)
                show_what_was_told(p, c.vedette);
            play_fail(p, w->step, "this did not come about within %lld ms",
                (long long)(most_us / US_PER_MS));
        }
        play_for(p, w->step, INSTANT_US);
    }
    int64_t took_us = p->stage.world->schedule.now_us - begun_us;
    if (took_us < least_us)
        play_fail(p, w->step, "this came about too soon, after %lld ms",
            (long long)(took_us / US_PER_MS));
}

/* ---- what was told ---- */

static unsigned take_topics(struct words *w) {
    unsigned topics = 0;
    do
        topics |= TOPIC_BIT(words_take_one_of(w, topic_names, TOPIC_COUNT));
    while (words_are_left(w));
    return topics;
}

static void run_expect(struct play *p, struct words *w) {
    const struct vedette *tellers[SIM_VEDETTES_MAX];
    size_t count = 0;
    unsigned topics = TOPIC_BIT(TOPIC_EVENTS);
    do {
        if (count == SIM_VEDETTES_MAX)
            words_fail(w, "too many vedettes");
        tellers[count++] = play_take_vedette(p, w);
    } while (words_are_left(w) && w->step->words[w->next].text[0] == 'v');
    bool timed = words_try(w, "timed");
    if (words_try(w, "only"))
        topics = take_topics(w);
    else if (words_try(w, "with"))
        topics |= take_topics(w);
    for (size_t i = 0; i < count; i++) {
        struct buf got CLEANUP(buf_fini) = BUF_INIT;
        stage_show(&p->stage, tellers[i], topics, timed, &got);
        play_compare(p, w->step, tellers[i]->name, buf_slice(&got));
    }
}

/* Since the curtain rose, or the last `forget`; whether it was shown already or not. */
static void run_never(struct play *p, struct words *w) {
    const struct chronicle *c = &p->stage.chronicle;
    const struct vedette *v = play_take_vedette(p, w);
    const char *start = words_take(w, "how a line begins")->text;
    for (size_t i = p->stage.curtain; i < c->count; i++)
        if (c->lines[i].vedette == v->number &&
            slice_starts_with(slice_of(c->lines[i].text), start))
            play_fail(p, w->step, "%s did tell \"%s\"", v->name, c->lines[i].text);
}

static void run_told(struct play *p, struct words *w) {
    const struct vedette *v = play_take_vedette(p, w);
    const char *text = words_take(w, "a line")->text;
    if (times_told(p, v, text) == 0)
        play_fail(p, w->step, "%s did not tell this", v->name);
}

static void run_forget(struct play *p, struct words *w) {
    (void)w;
    stage_forget(&p->stage);
}

/* ---- how things stand ---- */

/* Now, without waiting for it. */
static void run_now(struct play *p, struct words *w) {
    struct condition c = take_condition(p, w);
    if (c.vedette != NULL)
        playbook_fail(p->book, w->step, &w->step->words[1], "\"now\" is about servers");
    if (!holds(p, &c))
        play_fail(p, w->step, "it is not so");
}

static void run_agree(struct play *p, struct words *w) {
    (void)w;
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    if (!world_agrees(p->stage.world, &why))
        play_fail(p, w->step, "they do not agree: %s", buf_text(&why));
}

static void run_promotions(struct play *p, struct words *w) {
    int64_t expected = words_take_number(w);
    size_t got = p->stage.world->laws.promotion_count;
    if ((int64_t)got != expected)
        play_fail(p, w->step, "promotions were sent %zu times", got);
}

/* ---- ask ---- */

/* Without lines below it the answer may be any. */
static void run_ask(struct play *p, struct words *w) {
    const struct vedette *v = play_take_vedette(p, w);
    struct buf words CLEANUP(buf_fini) = BUF_INIT, answer CLEANUP(buf_fini) = BUF_INIT;
    play_expand(p, words_take(w, "a request")->text, &words);
    struct buf *heard = &p->stage.heard;
    buf_clear(heard);
    stage_deed(&p->stage);
    visitor_say(&p->stage.world->visitor, v, buf_text(&words));
    for (int64_t us = 0; buf_size(heard) == 0; us += US_PER_MS) {
        if (us >= ANSWER_US)
            play_fail(p, w->step, "%s does not answer", v->name);
        play_for(p, w->step, US_PER_MS);
    }
    if (buf_size(&w->step->block) == 0 && !p->is_bless)
        return;
    chronicle_make_readable(&p->stage.chronicle, buf_slice(heard), &answer);
    buf_add_char(&answer, '\n');
    play_compare(p, w->step, "the answer", buf_slice(&answer));
}

/* ---- what was not believed ---- */

/* As INFO names them. */
static const char *const doubt_names[DOUBT_COUNT] = {
    [DOUBT_CLAIM] = "refused_claims",
    [DOUBT_UNSIGNED] = "refused_unsigned_hellos",
    [DOUBT_SEAL] = "refused_signatures",
    [DOUBT_REPLAY] = "old_signed_hellos",
    [DOUBT_VOTE] = "refused_votes",
};

/* Since the curtain rose, or the last `forget`. Old ones come without anybody's fault, since the
 * same hello comes in several ways. */
static void run_refused(struct play *p, struct words *w) {
    const struct vedette *v = play_take_vedette(p, w);
    const struct doubts *now = &vedette_core(v)->doubts, *then = &p->stage.doubts[v->number];
    struct buf got CLEANUP(buf_fini) = BUF_INIT;
    bool with_old = words_try(w, "with");
    if (with_old)
        words_need(w, "old");
    for (size_t i = 0; i < DOUBT_COUNT; i++)
        if (now->count[i] > then->count[i] && (i != DOUBT_REPLAY || with_old))
            buf_printf(&got, "%s %llu\n", doubt_names[i],
                (unsigned long long)(now->count[i] - then->count[i]));
    play_compare(p, w->step, "what was not believed", buf_slice(&got));
}

const struct step_row check_steps[] = {
    { .name = "until",
        .usage =
            "VEDETTE \"LINE\" | SERVER follows SERVER | SERVER is master [after TIME] within TIME",
        .run = run_until },
    { .name = "expect",
        .usage = "VEDETTE ... [timed] [with TOPIC ... | only TOPIC ...]",
        .run = run_expect,
        .has_block = true },
    { .name = "never", .usage = "VEDETTE \"START OF A LINE\"", .run = run_never },
    { .name = "told", .usage = "VEDETTE \"LINE\"", .run = run_told },
    { .name = "forget", .usage = "", .run = run_forget },
    { .name = "now", .usage = "SERVER follows SERVER | SERVER is master", .run = run_now },
    { .name = "agree", .usage = "", .run = run_agree },
    { .name = "promotions", .usage = "NUMBER", .run = run_promotions },
    { .name = "refused", .usage = "VEDETTE [with old]", .run = run_refused, .has_block = true },
    { .name = "ask", .usage = "VEDETTE \"REQUEST\"", .run = run_ask, .has_block = true },
    { .name = NULL },
};
