/* How a stock Sentinel votes, stands and counts (spec 6.4 and 7). */
#include "common/mem.h"
#include "tests/sim/stock_parts.h"

#include <string.h>

/* ---- voting ---- */

static int64_t some_time_ahead(struct stock *s) {
    return stock_ms(s) + rng_between(&s->rng, 0, DESYNC_MAX_MS);
}

/* Spec 6.4. The answer is in g->leader and g->leader_epoch then. */
void stock_vote(struct stock *s, struct stock_group *g, uint64_t epoch, struct slice candidate) {
    if (epoch > s->current_epoch) {
        s->current_epoch = epoch;
        stock_write_file(s);
        stock_tell(s, g, "+new-epoch", NULL, "%llu", (unsigned long long)epoch);
    }
    if (g->leader_epoch >= epoch || s->current_epoch > epoch)
        return;
    slice_copy(candidate, g->leader, sizeof(g->leader));
    g->leader_epoch = s->current_epoch;
    stock_write_file(s);
    stock_tell(
        s, g, "+vote-for-leader", NULL, "%s %llu", g->leader, (unsigned long long)g->leader_epoch);
    if (!slice_is_nocase(candidate, s->settings.id))
        g->started_ms = some_time_ahead(s);
}

/* ---- standing ---- */

void stock_start_failover(struct stock *s, struct stock_group *g) {
    g->state = STOCK_WAIT_START;
    g->in_failover = true;
    g->failover_epoch = ++s->current_epoch;
    stock_tell(s, g, "+new-epoch", NULL, "%llu", (unsigned long long)s->current_epoch);
    stock_tell_of(s, "+try-failover", g->master);
    g->started_ms = some_time_ahead(s);
    g->changed_ms = stock_ms(s);
}

/* Spec 7.1. */
bool stock_start_if_needed(struct stock *s, struct stock_group *g) {
    if (!g->master->odown || g->in_failover ||
        stock_ms(s) - g->started_ms < 2 * g->settings->failover_timeout_ms)
        return false;
    stock_start_failover(s, g);
    return true;
}

/* ---- counting (spec 7.2) ---- */

static int64_t votes_of_peers(
    const struct stock *s, const struct stock_group *g, const char *candidate) {
    int64_t votes = 0;
    list_for_each(p, &g->peers, struct stock_instance, siblings)
        votes += p->leader_epoch == s->current_epoch && strcmp(p->leader, candidate) == 0;
    return votes;
}

/* The first of those with most votes; NULL: nobody has one. */
static const char *first_of_peers(const struct stock *s, const struct stock_group *g) {
    const char *first = NULL;
    int64_t most = 0;
    list_for_each(p, &g->peers, struct stock_instance, siblings) {
        int64_t votes = p->leader[0] == '\0' ? 0 : votes_of_peers(s, g, p->leader);
        if (votes > most) {
            most = votes;
            first = p->leader;
        }
    }
    return first;
}

bool stock_is_elected(struct stock *s, struct stock_group *g) {
    int64_t voters = (int64_t)list_count(&g->peers) + 1;
    const char *winner = first_of_peers(s, g);
    int64_t most = winner == NULL ? 0 : votes_of_peers(s, g, winner);
    stock_vote(s, g, g->failover_epoch, slice_of(winner == NULL ? s->settings.id : winner));
    if (g->leader[0] != '\0' && g->leader_epoch == g->failover_epoch) {
        int64_t votes = votes_of_peers(s, g, g->leader) + 1;
        if (votes > most) {
            most = votes;
            winner = g->leader;
        }
    }
    return winner != NULL && most >= voters / 2 + 1 && most >= g->settings->quorum &&
        strcmp(winner, s->settings.id) == 0;
}
