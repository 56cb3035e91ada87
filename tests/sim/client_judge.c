/* Which acknowledged writes were lost, and why. */
#include "common/mem.h"
#include "tests/sim/client.h"
#include "tests/sim/world.h"

#include <string.h>

void clients_note_tenure(struct world *w, int group, uint64_t epoch, const struct server *server) {
    struct clients *all = &w->clients;
    struct tenure t = {
        .group = group,
        .epoch = epoch,
        .server = server,
        .at = server->made_at,
        .made_us = server->made_us,
        .begun_us = w->schedule.now_us,
    };
    mem_grow(&all->tenures, &all->tenure_capacity, all->tenure_count + 1, sizeof(t));
    size_t at = all->tenure_count++;
    for (; at > 0 && all->tenures[at - 1].epoch > epoch; at--)
        all->tenures[at] = all->tenures[at - 1];
    all->tenures[at] = t;
}

static void add_overruling(struct clients *all, struct overruling o) {
    mem_grow(&all->overrulings, &all->overruling_capacity, all->overruling_count + 1, sizeof(o));
    all->overrulings[all->overruling_count++] = o;
}

void clients_note_overruled(struct world *w, const struct server *server, uint64_t epoch) {
    add_overruling(&w->clients,
        (struct overruling){ .server = server, .epoch = epoch, .at_us = w->schedule.now_us });
}

void clients_note_led_by_hand(struct world *w, const struct server *server) {
    add_overruling(&w->clients,
        (struct overruling){ .server = server, .is_by_hand = true, .at_us = w->schedule.now_us });
}

/* Whether the master of a tenure was demoted in that time by one who did not know of it, as most
 * did not (C12): those who did had not told it yet. Or by people, as others had been made to forget
 * it. MARK_COUNT: neither. */
static enum mark was_overruled(
    const struct clients *all, const struct tenure *t, int64_t from_us, int64_t to_us) {
    for (const struct overruling *o = all->overrulings;
         o < all->overrulings + all->overruling_count; o++) {
        if (o->server != t->server || o->at_us < from_us || o->at_us > to_us)
            continue;
        if (o->is_by_hand)
            return MARK_LOST_BY_HAND;
        if (o->epoch < t->epoch)
            return MARK_LOST_OVERRULED;
    }
    return MARK_COUNT;
}

/* The next one of the same group; NULL if there is none. */
static const struct tenure *next_of(const struct clients *all, const struct tenure *t) {
    for (const struct tenure *at = t + 1; at < all->tenures + all->tenure_count; at++)
        if (at->group == t->group)
            return at;
    return NULL;
}

/* The tenure in which a write was acknowledged: that of its server, with no newer one begun. */
static const struct tenure *tenure_of(const struct clients *all, const struct receipt *r) {
    const struct tenure *found = NULL;
    for (size_t i = 0; i < all->tenure_count; i++) {
        const struct tenure *t = &all->tenures[i];
        if (t->group != r->group)
            continue;
        if (t->server == r->server && t->made_us <= r->at_us)
            found = t;
        else if (t->begun_us <= r->at_us)
            found = NULL;
    }
    return found;
}

/* Whether the server lost what it had in that time: with its process, or since it came back as a
 * replica. */
static bool had_mishap(
    const struct farm *f, const struct server *s, int64_t from_us, int64_t to_us) {
    for (size_t i = 0; i < f->mishap_count; i++) {
        const struct mishap *m = &f->mishaps[i];
        bool was_told = m->is_sync && m->started_us < from_us;
        if (m->server == s && m->at_us >= from_us && m->at_us <= to_us && !was_told)
            return true;
    }
    return false;
}

/* Why the final master does not have it; MARK_COUNT: for no good reason. */
static enum mark reason(
    const struct world *w, const struct receipt *r, const struct server *master) {
    const struct tenure *t = tenure_of(&w->clients, r);
    if (t == NULL)
        return MARK_LOST_STALE;
    int64_t from_us = r->at_us;
    for (;;) {
        const struct tenure *next = next_of(&w->clients, t);
        int64_t to_us = next == NULL ? w->schedule.now_us : next->begun_us;
        if (had_mishap(&w->farm, t->server, from_us, to_us))
            return MARK_LOST_MISHAP;
        enum mark overruled = was_overruled(&w->clients, t, from_us, to_us);
        if (overruled != MARK_COUNT)
            return overruled;
        if (next == NULL)
            break;
        if (!data_has(&w->farm.histories, next->at, r->at))
            return MARK_LOST_BEHIND;
        from_us = MAX_OF(from_us, next->made_us);
        t = next;
    }
    return t->server != master && w->is_tampered ? MARK_LOST_BY_HAND : MARK_COUNT;
}

static void judge_receipt(struct world *w, const struct receipt *r, const struct server *master) {
    if (data_has(&w->farm.histories, master->data, r->at))
        return;
    enum mark mark = reason(w, r, master);
    if (mark != MARK_COUNT) {
        marks_hit(&w->marks, mark);
        return;
    }
    laws_break(&w->laws, LAW_WRITES_KEPT,
        "write %llu of %s, acknowledged by %s at %lld ms, had reached every master since and is not at %s",
        (unsigned long long)r->number, r->client->name, r->server->name,
        (long long)(r->at_us / US_PER_MS), master->name);
}

/* The master of a group that agrees; NULL if it does not. */
static const struct server *agreed_master(const struct world *w, int group) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    if (!world_agrees_on(w, group, &why))
        return NULL;
    for (int i = w->farm.first[group]; i < w->farm.first[group + 1]; i++)
        if (server_is_master(&w->farm.servers[i]))
            return &w->farm.servers[i];
    return NULL;
}

void clients_judge(struct world *w) {
    struct clients *all = &w->clients;
    const struct server *masters[SIM_GROUPS_MAX];
    for (int group = 0; group < w->group_count; group++)
        masters[group] = agreed_master(w, group);
    for (size_t i = 0; i < all->receipt_count; i++)
        if (masters[all->receipts[i].group] != NULL)
            judge_receipt(w, &all->receipts[i], masters[all->receipts[i].group]);
    all->receipt_count = 0;
}
