#include "sentinel/shell/classic_state.h"

#include "config/merge.h"
#include "sentinel/shell/store.h"

#include <string.h>

static void add(const struct delta *d, void *context) {
    store_add(context, d, 1);
}

void classic_state_take(struct store *store, const struct state *file) {
    if (file->id[0] != '\0' && strcmp(file->id, store_state(store)->id) != 0)
        store_adopt_id(store, file->id);
    merge_classic_state(store_state(store), file, add, store);
}
