#include "sentinel/shell/perform.h"

#include "sentinel/core/effect.h"
#include "sentinel/shell/client.h"
#include "sentinel/shell/dns.h"
#include "sentinel/shell/errand.h"
#include "sentinel/shell/logsink.h"
#include "sentinel/shell/redis_link.h"
#include "sentinel/shell/rewriter.h"
#include "sentinel/shell/runner.h"
#include "sentinel/shell/store.h"

/* What came of one pass over the effects. */
struct progress {
    struct performed done;
    bool persist, save;
    uint64_t seq; /* of the last PERSIST */
};

static void perform_one(const struct performer *p, const struct now *now, const struct effect *e,
    struct progress *progress) {
    switch (e->kind) {
    case EFFECT_OPEN:
        redis_links_open(p->links, e->link, e->incarnation, e->purpose, &e->address);
        break;
    case EFFECT_CLOSE:
        redis_links_close(p->links, e->link, e->incarnation);
        break;
    case EFFECT_SEND:
        redis_links_send(p->links, e->link, e->incarnation, e->tag, e->requests, e->request_count);
        break;
    case EFFECT_PERSIST:
        store_add(p->store, e->deltas, e->delta_count);
        progress->persist = true;
        progress->seq = e->seq;
        if (p->rewriter != NULL)
            rewriter_add(p->rewriter, e->deltas, e->delta_count);
        progress->save = progress->save || e->save;
        break;
    case EFFECT_RESOLVE:
        dns_ask(p->dns, e->text);
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
    case EFFECT_EVENT:
    case EFFECT_SCRIPT:
        break; /* the engine made LOGs, REPLYs and RUNs of it */
    case EFFECT_LOG:
        logsink_write(p->log, now->wall_ms, e->level, e->text);
        break;
    case EFFECT_RUN:
        runner_run(p->runner, e->script, e->words, e->word_count);
        break;
    case EFFECT_KILL:
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
        progress->done.stop = true;
        progress->done.status = e->status;
        break;
    case EFFECT_KIND_COUNT:
        break;
    }
}

struct performed perform(
    const struct performer *p, const struct now *now, const struct effects *effects) {
    struct progress progress = { .persist = false };
    for (size_t i = 0; i < effects->count && !progress.done.stop; i++)
        perform_one(p, now, &effects->items[i], &progress);
    if (progress.persist)
        store_hand_over(p->store, progress.seq, now->mono_ms);
    if (progress.persist && p->rewriter != NULL)
        rewriter_hand_over(p->rewriter, progress.seq, progress.save);
    return progress.done;
}
