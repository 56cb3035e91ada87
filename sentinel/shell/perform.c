#include "sentinel/shell/perform.h"

#include "sentinel/core/effect.h"
#include "sentinel/shell/client.h"
#include "sentinel/shell/logsink.h"
#include "sentinel/shell/redis_link.h"
#include "sentinel/shell/store.h"

static void perform_one(const struct performer *p, const struct now *now, const struct effect *e,
    struct performed *done) {
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
        done->persist = true;
        done->seq = e->seq;
        break;
    case EFFECT_REPLY:
        clients_write(p->clients, e->client, e->bytes);
        break;
    case EFFECT_HANGUP:
        clients_hang_up(p->clients, e->client);
        break;
    case EFFECT_EVENT:
        break; /* the engine made LOGs and REPLYs of it */
    case EFFECT_LOG:
        logsink_write(p->log, now->wall_ms, e->level, e->text);
        break;
    case EFFECT_STOP:
        done->stop = true;
        done->status = e->status;
        break;
    case EFFECT_KIND_COUNT:
        break;
    }
}

struct performed perform_now(
    const struct performer *p, const struct now *now, const struct effects *effects) {
    struct performed done = { .stop = false };
    for (size_t i = 0; i < effects->count && !done.stop; i++)
        perform_one(p, now, &effects->items[i], &done);
    return done;
}

bool perform_persist(const struct performer *p, const struct effects *effects) {
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *e = &effects->items[i];
        if (e->kind == EFFECT_STOP)
            break;
        if (e->kind == EFFECT_PERSIST)
            store_add(p->store, e->deltas, e->delta_count);
    }
    return store_commit(p->store);
}
