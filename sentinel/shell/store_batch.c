#include "sentinel/shell/store_batch.h"

#include "common/mem.h"

#include <string.h>

struct store_batch *store_batch_new(void) {
    return mem_new(struct store_batch);
}

void store_batch_free(struct store_batch *b) {
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->count; i++) {
        /* There may be a password among them. */
        explicit_bzero(b->changes[i].texts, b->changes[i].texts_size);
        mem_free(b->changes[i].texts);
    }
    mem_free(b->changes);
    mem_free(b);
}

static void keep(struct slice *text, char **at) {
    if (text->size > 0)
        memcpy(*at, text->data, text->size);
    text->data = *at;
    *at += text->size;
}

void store_batch_add(struct store_batch *b, const struct delta *d) {
    mem_grow(&b->changes, &b->capacity, b->count + 1, sizeof(*b->changes));
    struct store_change *c = &b->changes[b->count++];
    c->delta = *d;
    c->texts_size =
        d->group.size + d->id.size + d->option.size + d->value.size + d->file_value.size;
    c->texts = mem_alloc(c->texts_size + 1);
    char *at = c->texts;
    keep(&c->delta.group, &at);
    keep(&c->delta.id, &at);
    keep(&c->delta.option, &at);
    keep(&c->delta.value, &at);
    keep(&c->delta.file_value, &at);
}

void store_batch_join(struct store_batch *b, struct store_batch *more) {
    if (more->count > 0) {
        mem_grow(&b->changes, &b->capacity, b->count + more->count, sizeof(*b->changes));
        memcpy(b->changes + b->count, more->changes, more->count * sizeof(*b->changes));
        b->count += more->count;
        more->count = 0;
    }
    if (more->id[0] != '\0')
        memcpy(b->id, more->id, sizeof(b->id));
    b->seq = MAX_OF(b->seq, more->seq);
    store_batch_free(more);
}
