#include "sentinel/engine/contract.h"

#include "common/mem.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"

#include <string.h>

/* A connection that the engine wants. */
struct owed_link {
    bool is_up;
    uint64_t *tags; /* owned: of what awaits a reply, oldest first from `head` */
    size_t head, count, capacity;
};

/* A client, and what it awaits. */
struct owed_client {
    enum effect_kind awaited; /* EFFECT_KIND_COUNT: nothing */
    uint64_t letters;         /* DRAW */
};

static struct slice key_of(const uint64_t *number) {
    return (struct slice){ .data = (const char *)number, .size = sizeof(*number) };
}

static void link_free(struct owed_link *l) {
    if (l == NULL)
        return;
    mem_free(l->tags);
    mem_free(l);
}

void contract_fini(struct contract *c) {
    map_for_each(l, &c->links, struct owed_link)
        link_free(l);
    map_for_each(client, &c->clients, struct owed_client)
        mem_free(client);
    map_fini(&c->links);
    map_fini(&c->clients);
}

/* ---- what is asked for ---- */

static void await_reply(struct owed_link *l, uint64_t tag) {
    if (l == NULL)
        return;
    if (l->head > 0 && l->head >= l->count / 2) { /* the front half is free */
        l->count -= l->head;
        memmove(l->tags, l->tags + l->head, l->count * sizeof(l->tags[0]));
        l->head = 0;
    }
    mem_grow(&l->tags, &l->capacity, l->count + 1, sizeof(l->tags[0]));
    l->tags[l->count++] = tag;
}

static void await(struct contract *c, const struct effect *e) {
    struct owed_client *client = map_get(&c->clients, key_of(&e->client.value));
    if (client == NULL)
        return;
    client->awaited = e->kind;
    client->letters = e->tag;
}

void contract_effect(struct contract *c, const struct effect *e) {
    struct slice link = key_of(&e->incarnation);
    if (e->kind == EFFECT_OPEN && map_get(&c->links, link) == NULL)
        map_put(&c->links, link, mem_new(struct owed_link));
    else if (e->kind == EFFECT_CLOSE)
        link_free(map_remove(&c->links, link));
    else if (e->kind == EFFECT_SEND)
        await_reply(map_get(&c->links, link), e->tag);
    else if (e->kind == EFFECT_READ_FILE || e->kind == EFFECT_WRITE_FILE ||
        e->kind == EFFECT_DRAW || e->kind == EFFECT_CHECK_SCRIPTS)
        await(c, e);
}

/* ---- what comes ---- */

static const char *take_up(struct owed_link *l) {
    if (l == NULL)
        return NULL; /* stale: it will be dropped */
    if (l->is_up)
        return "a link that is up comes up";
    l->is_up = true;
    return NULL;
}

uint64_t contract_oldest(const struct contract *c, uint64_t incarnation) {
    const struct owed_link *l = map_get(&c->links, key_of(&incarnation));
    return l == NULL || l->head == l->count ? 0 : l->tags[l->head];
}

static const char *take_reply(struct owed_link *l, uint64_t tag) {
    if (l == NULL)
        return NULL;
    if (l->head == l->count || l->tags[l->head] != tag)
        return "a reply to what was not asked";
    l->head++;
    return NULL;
}

static const char *take_answer(struct contract *c, const struct input *in, enum effect_kind to) {
    struct owed_client *client = map_get(&c->clients, key_of(&in->client.value));
    if (client == NULL)
        return NULL;
    if (client->awaited != to || (to == EFFECT_DRAW && client->letters != in->tag))
        return "an answer that no client awaits";
    client->awaited = EFFECT_KIND_COUNT;
    return NULL;
}

static const char *take_client(struct contract *c, const struct input *in) {
    struct slice key = key_of(&in->client.value);
    struct owed_client *client = map_get(&c->clients, key);
    if (in->kind == INPUT_CLIENT_OPENED) {
        if (client != NULL)
            return "a client that is connected connects";
        client = mem_new(struct owed_client);
        client->awaited = EFFECT_KIND_COUNT;
        map_put(&c->clients, key, client);
    } else if (client == NULL) {
        return "a client that is not connected";
    } else if (in->kind == INPUT_CLIENT_CLOSED) {
        mem_free(map_remove(&c->clients, key));
    }
    return NULL;
}

const char *contract_input(struct contract *c, const struct input *in) {
    struct owed_link *l = map_get(&c->links, key_of(&in->incarnation));
    switch (in->kind) {
    case INPUT_LINK_UP:
        return take_up(l);
    case INPUT_LINK_LOST:
        link_free(map_remove(&c->links, key_of(&in->incarnation)));
        return NULL;
    case INPUT_REPLY:
        return take_reply(l, in->tag);
    case INPUT_CLIENT_OPENED:
    case INPUT_CLIENT_BYTES:
    case INPUT_CLIENT_FULL:
    case INPUT_CLIENT_DRAINED:
    case INPUT_CLIENT_CLOSED:
        return take_client(c, in);
    case INPUT_SCRIPTS_CHECKED:
        return take_answer(c, in, EFFECT_CHECK_SCRIPTS);
    case INPUT_FILE_READ:
        return take_answer(c, in, EFFECT_READ_FILE);
    case INPUT_FILE_WRITTEN:
        return take_answer(c, in, EFFECT_WRITE_FILE);
    case INPUT_DRAWN:
        return take_answer(c, in, EFFECT_DRAW);
    case INPUT_TIMER:
    case INPUT_MESSAGE:
    case INPUT_DURABLE:
    case INPUT_FAILED:
    case INPUT_SCRIPT_STARTED:
    case INPUT_SCRIPT_REFUSED:
    case INPUT_SCRIPT_ENDED:
    case INPUT_SAVED:
    case INPUT_UNSAVED:
    case INPUT_RESOLVED:
    case INPUT_USAGE:
    case INPUT_RELOAD:
    case INPUT_RELOAD_FAILED:
    case INPUT_STOP:
    case INPUT_KIND_COUNT:
        break;
    }
    return NULL;
}
