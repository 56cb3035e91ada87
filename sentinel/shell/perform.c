#include "sentinel/shell/perform.h"

#include "sentinel/core/effect.h"
#include "sentinel/shell/client.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/dns.h"
#include "sentinel/shell/errand.h"
#include "sentinel/shell/logsink.h"
#include "sentinel/shell/redis_link.h"
#include "sentinel/shell/rewriter.h"
#include "sentinel/shell/runner.h"
#include "sentinel/shell/spawner.h"
#include "sentinel/shell/store.h"

#define LOOK_EVERY 16 /* effects, at the clock */

/* PERSISTs of one pass. */
struct batch {
    bool persist, save;
    uint64_t seq; /* of the last one */
};

static void perform_one_hurried(
    const struct performer *p, const struct effect *e, struct batch *batch) {
    switch (e->kind) {
    case EFFECT_PERSIST:
        store_add(p->store, e->deltas, e->delta_count);
        batch->persist = true;
        batch->seq = e->seq;
        if (p->rewriter != NULL)
            rewriter_add(p->rewriter, e->deltas, e->delta_count);
        batch->save = batch->save || e->save;
        break;
    case EFFECT_REPLY:
        clients_write(p->clients, e->client, e->bytes);
        break;
    case EFFECT_PAUSE:
        clients_read(p->clients, e->client, false);
        break;
    case EFFECT_RESUME:
        clients_read(p->clients, e->client, true);
        break;
    case EFFECT_HANGUP:
        clients_hang_up(p->clients, e->client);
        break;
    default:
        break;
    }
}

static void perform_one(struct performer *p, const struct now *now, const struct effect *e) {
    switch (e->kind) {
    case EFFECT_OPEN:
        redis_links_open(p->links, e->link, e->incarnation, e->purpose, &e->address, e->name);
        break;
    case EFFECT_CLOSE:
        redis_links_close(p->links, e->link, e->incarnation);
        break;
    case EFFECT_SEND:
        redis_links_send(p->links, e->link, e->incarnation, e->tag, e->requests, e->request_count);
        break;
    case EFFECT_RESOLVE:
        dns_ask(p->dns, e->text);
        break;
    case EFFECT_LOG:
        logsink_write(p->log, now->wall_ms, e->level, e->text);
        break;
    case EFFECT_RUN:
        if (p->spawner != NULL)
            spawner_run(p->spawner, e->script, e->words, e->word_count);
        else
            runner_run(p->runner, e->script, e->words, e->word_count);
        break;
    case EFFECT_KILL:
        if (p->spawner != NULL)
            spawner_kill(p->spawner, e->script);
        else
            runner_kill(p->runner, e->script);
        break;
    case EFFECT_CHECK_SCRIPTS:
        runner_check(p->runner, e->client, e->words, e->word_count);
        break;
    case EFFECT_READ_FILE:
        errands_read(p->errands, e->client, e->text);
        break;
    case EFFECT_WRITE_FILE:
        errands_write(p->errands, e->client, e->text, e->bytes);
        break;
    case EFFECT_DRAW:
        errands_draw(p->errands, e->client, e->tag, (e->tag + 1) / 2);
        break;
    case EFFECT_STOP:
        p->stop = true;
        p->status = e->status;
        break;
    case EFFECT_PERSIST:
    case EFFECT_REPLY:
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_HANGUP:
        break; /* carried out before */
    case EFFECT_EVENT:
    case EFFECT_SCRIPT:
        break; /* the engine made LOGs, REPLYs and RUNs of it */
    case EFFECT_KIND_COUNT:
        break;
    }
}

void perform_hurried(struct performer *p, const struct now *now, const struct effects *effects) {
    struct batch batch = { .persist = false };
    for (; p->hurried_next < effects->count; p->hurried_next++) {
        const struct effect *e = &effects->items[p->hurried_next];
        if (e->kind == EFFECT_STOP)
            break;
        perform_one_hurried(p, e, &batch);
    }
    if (batch.persist)
        store_hand_over(p->store, batch.seq, now->mono_ms);
    if (batch.persist && p->rewriter != NULL)
        rewriter_hand_over(p->rewriter, batch.seq, batch.save);
}

bool perform(
    struct performer *p, const struct now *now, const struct effects *effects, int64_t until_us) {
    while (p->next < effects->count && !p->stop) {
        perform_one(p, now, &effects->items[p->next++]);
        if (p->next % LOOK_EVERY == 0 && clock_is_at(until_us))
            break;
    }
    return p->next == effects->count || p->stop;
}
