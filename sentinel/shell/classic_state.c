#include "sentinel/shell/classic_state.h"

#include "sentinel/shell/store.h"

#include <string.h>

static void take_id(struct store *store, const struct state *file) {
    if (file->id[0] != '\0' && strcmp(file->id, store_state(store)->id) != 0)
        store_adopt_id(store, file->id);
}

static void take_epoch(struct store *store, const struct state *file) {
    if (file->current_epoch > store_state(store)->current_epoch)
        store_add(store, &(struct delta){ .kind = DELTA_EPOCH, .epoch = file->current_epoch }, 1);
}

static void take_new_group(struct store *store, const struct group_state *g) {
    struct slice name = slice_of(g->name);
    struct delta d = { .kind = DELTA_GROUP, .group = name, .record = g->record };
    store_add(store, &d, 1);
    for (size_t i = 0; i < g->replica_count; i++) {
        d = (struct delta){ .kind = DELTA_REPLICA, .group = name, .address = g->replicas[i] };
        store_add(store, &d, 1);
    }
    for (size_t i = 0; i < g->peer_count; i++) {
        const struct peer_record *p = &g->peers[i];
        d = (struct delta){
            .kind = DELTA_PEER, .group = name, .id = slice_of(p->id), .address = p->address
        };
        store_add(store, &d, 1);
    }
}

static void take_epochs(
    struct store *store, const struct group_state *known, const struct group_state *g) {
    struct group_record r = known->record;
    r.config_epoch = MAX_OF(r.config_epoch, g->record.config_epoch);
    if (g->record.vote_epoch > r.vote_epoch) {
        r.vote_epoch = g->record.vote_epoch;
        memcpy(r.vote_for, g->record.vote_for, sizeof(r.vote_for));
    }
    if (r.config_epoch == known->record.config_epoch && r.vote_epoch == known->record.vote_epoch)
        return;
    struct delta d = { .kind = DELTA_GROUP, .group = slice_of(known->name), .record = r };
    store_add(store, &d, 1);
}

void classic_state_take(struct store *store, const struct state *file) {
    take_id(store, file);
    take_epoch(store, file);
    map_for_each(g, &file->groups, struct group_state) {
        const struct group_state *known = state_group(store_state(store), slice_of(g->name));
        if (known == NULL)
            take_new_group(store, g);
        else
            take_epochs(store, known, g);
    }
}
