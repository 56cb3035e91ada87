#include "sentinel/engine/proof.h"

#include "common/pack.h"
#include "common/siphash.h"
#include "sentinel/core/effect.h"
#include "sentinel/engine/record_settings.h"

void proof_fini(struct proof *p) {
    buf_fini(&p->text);
}

static void add_requests(const struct effect *e, struct buf *out) {
    pack_u64(out, e->request_count);
    for (size_t i = 0; i < e->request_count; i++) {
        const struct request *r = &e->requests[i];
        size_t shown = r->secret_from > 0 ? (size_t)r->secret_from : r->word_count;
        pack_u64(out, r->word_count);
        for (size_t w = 0; w < MIN_OF(shown, r->word_count); w++) {
            size_t sealed = w + 1 == r->word_count ? r->sealed : 0;
            pack_bytes(out, slice_sub(r->words[w], 0, r->words[w].size - sealed));
        }
    }
}

/* The digest of a section is made of its passwords, too. */
static void add_deltas(const struct effect *e, struct buf *out) {
    for (size_t i = 0; i < e->delta_count; i++) {
        struct delta d = e->deltas[i];
        pack_u64(out, d.record.section[0] != '\0');
        d.record.section[0] = '\0';
        delta_print(&d, out);
    }
}

static void add_words(const struct effect *e, struct buf *out) {
    pack_u64(out, e->word_count);
    for (size_t i = 0; i < e->word_count; i++)
        pack_bytes(out, e->words[i]);
}

/* What is written to a file holds digests of passwords; how much it is stays the same. */
static void add_bytes(const struct effect *e, bool is_tainted, struct buf *out) {
    if (e->kind == EFFECT_WRITE_FILE)
        pack_u64(out, e->bytes.size);
    else if (!is_tainted)
        pack_bytes(out, e->bytes);
}

void proof_add(struct proof *p, const struct effect *e, bool is_tainted) {
    struct buf *out = &p->text;
    buf_clear(out);
    pack_u64(out, e->kind);
    pack_u64(out, e->link.value);
    pack_u64(out, e->incarnation);
    pack_u64(out, e->tag);
    pack_u64(out, e->purpose);
    pack_endpoint(out, &e->address);
    add_requests(e, out);
    pack_u64(out, e->seq);
    pack_u64(out, e->after);
    add_deltas(e, out);
    pack_u64(out, e->save);
    pack_u64(out, e->client.value);
    add_bytes(e, is_tainted, out);
    pack_text(out, e->event);
    pack_u64(out, e->level);
    pack_bytes(out, e->group);
    pack_bytes(out, e->text);
    pack_bytes(out, e->note);
    pack_i64(out, e->status);
    pack_u64(out, e->script);
    add_words(e, out);
    const struct siphash_key key = { { p->number, 0 } };
    p->number = siphash(&key, buf_slice(out));
}
