#include "sentinel/core/effect.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/secret.h"

#include <stdalign.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)16 * 1024)
#define ITEMS_KEPT 1024 /* more are given back when a burst, as that of a start, is over */

/* Memory behind effects: bytes handed out never move. */
struct effects_chunk {
    struct effects_chunk *next; /* older */
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

static void chunks_free(struct effects_chunk *chunk) {
    while (chunk != NULL) {
        struct effects_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
}

void effects_fini(struct effects *list) {
    chunks_free(list->chunks);
    mem_free(list->items);
    *list = EFFECTS_INIT;
}

void effects_clear(struct effects *list) {
    bool is_over = list->count < list->capacity / 4;
    list->count = 0;
    if (list->capacity > ITEMS_KEPT && is_over) {
        mem_free(list->items);
        list->items = NULL;
        list->capacity = 0;
    }
    if (list->chunks == NULL)
        return;
    chunks_free(list->chunks->next);
    list->chunks->next = NULL;
    list->chunks->used = 0;
    if (list->chunks->size > CHUNK_SIZE) { /* an outsized one is not kept */
        chunks_free(list->chunks);
        list->chunks = NULL;
    }
}

struct effect *effects_add(struct effects *list, enum effect_kind kind) {
    mem_grow(&list->items, &list->capacity, list->count + 1, sizeof(*list->items));
    struct effect *e = &list->items[list->count++];
    *e = (struct effect){ .kind = kind };
    return e;
}

void *effects_alloc(struct effects *list, size_t size) {
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct effects_chunk *chunk = list->chunks;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        size_t capacity = MAX_OF(rounded, CHUNK_SIZE);
        chunk = mem_realloc(NULL, sizeof(*chunk) + capacity);
        chunk->used = 0;
        chunk->size = capacity;
        chunk->next = list->chunks;
        list->chunks = chunk;
    }
    void *bytes = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return bytes;
}

struct slice effects_copy(struct effects *list, struct slice bytes) {
    char *copy = effects_alloc(list, bytes.size + 1);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return (struct slice){ .data = copy, .size = bytes.size };
}

struct effect *effects_add_words(
    struct effects *list, enum effect_kind kind, const struct slice *words, size_t count) {
    struct slice *copies = effects_alloc(list, slice_packed_size(words, count));
    slice_pack(words, count, copies);
    struct effect *e = effects_add(list, kind);
    e->words = copies;
    e->word_count = count;
    return e;
}

static void print_words(const struct effect *e, struct buf *out) {
    for (size_t i = 0; i < e->word_count; i++) {
        buf_add_char(out, ' ');
        buf_add_escaped(out, e->words[i]);
    }
}

static void print_requests(const struct effect *e, struct buf *out) {
    for (size_t i = 0; i < e->request_count; i++) {
        const struct request *r = &e->requests[i];
        buf_add_text(out, i == 0 ? " " : "; ");
        for (size_t w = 0; w < r->word_count; w++) {
            if (w > 0)
                buf_add_char(out, ' ');
            if (r->secret_from > 0 && w >= (size_t)r->secret_from)
                buf_add_text(out, SECRET_STARS);
            else
                buf_add_escaped(out, r->words[w]);
        }
    }
}

void effect_print(const struct effect *e, struct buf *out) {
    char text[ENDPOINT_TEXT_MAX];

    switch (e->kind) {
    case EFFECT_OPEN:
        buf_printf(out, "open link %u.%llu %s %s", e->link.value,
            (unsigned long long)e->incarnation, e->purpose == LINK_PUBSUB ? "pubsub" : "command",
            endpoint_text(&e->address, text));
        break;
    case EFFECT_CLOSE:
        buf_printf(out, "close link %u.%llu", e->link.value, (unsigned long long)e->incarnation);
        break;
    case EFFECT_SEND:
        buf_printf(out, "send link %u.%llu #%llu", e->link.value,
            (unsigned long long)e->incarnation, (unsigned long long)e->tag);
        print_requests(e, out);
        break;
    case EFFECT_PERSIST:
        buf_printf(out, "persist %llu:", (unsigned long long)e->seq);
        for (size_t i = 0; i < e->delta_count; i++) {
            buf_add_text(out, i == 0 ? " " : "; ");
            delta_print(&e->deltas[i], out);
        }
        break;
    case EFFECT_RESOLVE:
        buf_printf(out, "resolve " SLICE_FMT, SLICE_ARG(e->text));
        break;
    case EFFECT_REPLY:
        buf_printf(out, "reply client %llu ", (unsigned long long)e->client.value);
        buf_add_escaped(out, slice_sub(e->bytes, 0, 200));
        break;
    case EFFECT_PAUSE:
        buf_printf(out, "pause client %llu", (unsigned long long)e->client.value);
        break;
    case EFFECT_RESUME:
        buf_printf(out, "resume client %llu", (unsigned long long)e->client.value);
        break;
    case EFFECT_HANGUP:
        buf_printf(out, "hang up client %llu", (unsigned long long)e->client.value);
        break;
    case EFFECT_EVENT:
        buf_printf(
            out, "event %s " SLICE_FMT SLICE_FMT, e->event, SLICE_ARG(e->text), SLICE_ARG(e->note));
        break;
    case EFFECT_LOG:
        buf_printf(out, "log %s " SLICE_FMT, log_level_name(e->level), SLICE_ARG(e->text));
        break;
    case EFFECT_SCRIPT:
        buf_add_text(out, "script");
        print_words(e, out);
        break;
    case EFFECT_RUN:
        buf_printf(out, "run #%llu", (unsigned long long)e->script);
        print_words(e, out);
        break;
    case EFFECT_KILL:
        buf_printf(out, "kill #%llu", (unsigned long long)e->script);
        break;
    case EFFECT_CHECK_SCRIPTS:
        buf_printf(out, "check for client %llu", (unsigned long long)e->client.value);
        print_words(e, out);
        break;
    case EFFECT_READ_FILE:
        buf_printf(out, "read for client %llu " SLICE_FMT, (unsigned long long)e->client.value,
            SLICE_ARG(e->text));
        break;
    case EFFECT_WRITE_FILE: /* what is written may hold passwords */
        buf_printf(out, "write for client %llu " SLICE_FMT ", %zu bytes",
            (unsigned long long)e->client.value, SLICE_ARG(e->text), e->bytes.size);
        break;
    case EFFECT_DRAW:
        buf_printf(out, "draw for client %llu %llu letters", (unsigned long long)e->client.value,
            (unsigned long long)e->tag);
        break;
    case EFFECT_STOP:
        buf_printf(out, "stop %d", e->status);
        break;
    case EFFECT_KIND_COUNT:
        break;
    }
    if (e->after > 0)
        buf_printf(out, " (after %llu)", (unsigned long long)e->after);
}
