#include "sentinel/engine/skew.h"

#include "common/mem.h"
#include "sentinel/engine/engine.h"

static struct slice key_of(const struct client_id *id) {
    return (struct slice){ .data = (const char *)&id->value, .size = sizeof(id->value) };
}

void skew_fini(struct skew *s) {
    map_for_each(id, &s->clients, struct client_id)
        mem_free(id);
    map_fini(&s->clients);
}

void skew_note(struct skew *s, struct client_id client) {
    if (map_get(&s->clients, key_of(&client)) != NULL)
        return;
    struct client_id *id = mem_dup(&client, sizeof(client));
    map_put(&s->clients, key_of(id), id);
}

/* One that is not held up any more. */
static struct client_id *find_level(const struct skew *s, const struct engine *e) {
    map_for_each(id, &s->clients, struct client_id)
        if (!engine_has_backlog(e, *id))
            return id;
    return NULL;
}

bool skew_is_on(struct skew *s, const struct engine *e) {
    struct client_id *level;
    while ((level = find_level(s, e)) != NULL) {
        (void)map_remove(&s->clients, key_of(level));
        mem_free(level);
    }
    return map_count(&s->clients) > 0;
}
