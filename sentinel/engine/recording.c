#include "sentinel/engine/recording.h"

#include "common/mem.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"
#include "sentinel/engine/contract.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/mask_client.h"
#include "sentinel/engine/proof.h"
#include "sentinel/engine/record.h"
#include "sentinel/engine/skew.h"

struct recording {
    struct buf *out; /* borrowed */
    struct mask mask;
    struct record_context context;
    struct proof proof;
    struct contract contract; /* of which only the oldest SENDs are of interest */
    bool had_effects;         /* of the last step */
    struct map clients;       /* bytes of the id -> struct mask_client, owned */
    struct map tainted; /* bytes of the id -> itself, of clients whose replies may show secrets */
    struct map logins;  /* bytes of the incarnation of a link that awaits the answer to its
                           password, which it sends first */
    struct skew skew;
    bool is_skewed; /* in the present step */
    struct resp_reader reader;
    struct buf late, bytes;
};

struct recording *recording_new(const char key[static MASK_KEY_SIZE], struct buf *out) {
    struct recording *r = mem_new(struct recording);
    r->out = out;
    mask_init(&r->mask, key);
    return r;
}

static struct slice key_of(const uint64_t *number) {
    return (struct slice){ .data = (const char *)number, .size = sizeof(*number) };
}

void recording_free(struct recording *r) {
    if (r == NULL)
        return;
    map_for_each(c, &r->clients, struct mask_client)
        mask_client_free(c);
    map_fini(&r->clients);
    map_fini(&r->tainted);
    map_fini(&r->logins);
    skew_fini(&r->skew);
    contract_fini(&r->contract);
    record_context_fini(&r->context);
    mask_fini(&r->mask);
    proof_fini(&r->proof);
    resp_reader_fini(&r->reader);
    buf_fini(&r->late);
    buf_fini(&r->bytes);
    mem_free(r);
}

/* ---- sets of numbers ---- */

static void set_add(struct map *set, uint64_t number) {
    if (map_get(set, key_of(&number)) == NULL)
        map_put(set, key_of(&number), set);
}

static bool set_has(const struct map *set, uint64_t number) {
    return map_get(set, key_of(&number)) != NULL;
}

static bool set_remove(struct map *set, uint64_t number) {
    return map_remove(set, key_of(&number)) != NULL;
}

/* ---- writing ---- */

static void write_record(struct recording *r, struct record *record) {
    record->is_checked = r->had_effects;
    record->check = (uint8_t)(r->had_effects ? r->proof.number : 0);
    r->had_effects = false;
    record_write(&r->context, &r->mask, record, r->out);
}

void recording_start(struct recording *r, const struct engine_options *options, struct now now,
    const char *version) {
    write_record(r,
        &(struct record){ .kind = RECORD_START, .now = now, .start = options, .version = version });
}

void recording_end(struct recording *r, struct slice why) {
    write_record(r, &(struct record){ .kind = RECORD_END, .why = why, .proof = r->proof.number });
}

/* ---- inputs with secrets ---- */

static struct mask_client *client_of(struct recording *r, uint64_t id) {
    struct mask_client *c = map_get(&r->clients, key_of(&id));
    if (c == NULL) {
        c = mask_client_new(id);
        map_put(&r->clients, key_of(&id), c);
    }
    return c;
}

static void write_bytes(struct recording *r, const struct engine *e, struct record *record) {
    struct masked_bytes masked = { .late = &r->late, .bytes = &r->bytes };
    uint64_t client = record->input.client.value;
    mask_client_take(client_of(r, client), &r->mask, e, &r->reader, record->input.bytes, &masked);
    if (buf_size(&r->late) > 0)
        write_record(r,
            &(struct record){ .kind = RECORD_LATE,
                .client = record->input.client,
                .bytes = buf_slice(&r->late) });
    record->input.bytes = buf_slice(&r->bytes);
    record->input.received = masked.received;
    record->withheld = masked.withheld;
    record->taints = masked.taints;
    if (masked.taints)
        set_add(&r->tainted, client);
    if (masked.received > 0)
        skew_note(&r->skew, record->input.client);
    write_record(r, record);
}

static void forget_client(struct recording *r, uint64_t id) {
    mask_client_free(map_remove(&r->clients, key_of(&id)));
    set_remove(&r->tainted, id);
}

/* The answer to a password may repeat it: of an error only its first word counts then. */
static void write_reply(struct recording *r, struct record *record) {
    struct resp_value *v = &record->input.value;
    bool is_of_login = set_remove(&r->logins, record->input.incarnation);
    if (is_of_login && v->type == RESP_ERROR) {
        struct slice rest = v->text, word = slice_cut(&rest, ' ');
        buf_clear(&r->bytes);
        buf_add_slice(&r->bytes, word);
        mask_blot(slice_sub(v->text, word.size, SIZE_MAX), &r->bytes);
        v->text = buf_slice(&r->bytes);
    }
    uint64_t oldest = contract_oldest(&r->contract, record->input.incarnation);
    record->is_oldest = oldest != 0 && oldest == record->input.tag;
    write_record(r, record);
}

static void write_masked(struct recording *r, struct record *record,
    void (*mask)(struct mask *m, struct slice bytes, struct buf *out)) {
    buf_clear(&r->bytes);
    mask(&r->mask, record->input.bytes, &r->bytes);
    record->input.bytes = buf_slice(&r->bytes);
    write_record(r, record);
}

void recording_input(
    struct recording *r, const struct engine *e, struct now now, const struct input *in) {
    struct record record = { .kind = RECORD_INPUT, .now = now, .input = *in };
    r->is_skewed = skew_is_on(&r->skew, e);
    if (in->kind == INPUT_CLIENT_BYTES)
        write_bytes(r, e, &record);
    else if (in->kind == INPUT_REPLY)
        write_reply(r, &record);
    else if (in->kind == INPUT_FILE_READ || in->kind == INPUT_FILE_WRITTEN)
        write_masked(r, &record, mask_acl_file);
    else if (in->kind == INPUT_DRAWN)
        write_masked(r, &record, mask_random);
    else
        write_record(r, &record);
    (void)contract_input(&r->contract, in);
    if (in->kind == INPUT_CLIENT_CLOSED)
        forget_client(r, in->client.value);
    if (in->kind == INPUT_LINK_LOST)
        set_remove(&r->logins, in->incarnation);
}

/* ---- effects ---- */

static bool has_password(const struct effect *e) {
    for (size_t i = 0; i < e->request_count; i++) {
        if (e->requests[i].secret_from > 0)
            return true;
    }
    return false;
}

void recording_effects(
    struct recording *r, const struct engine *engine, const struct effects *effects, size_t first) {
    for (size_t i = first; i < effects->count; i++) {
        const struct effect *e = &effects->items[i];
        contract_effect(&r->contract, e);
        bool is_tainted = r->is_skewed || set_has(&r->tainted, e->client.value);
        proof_add(&r->proof, e, e->kind == EFFECT_REPLY && is_tainted);
        if (e->kind == EFFECT_SEND && has_password(e))
            set_add(&r->logins, e->incarnation);
        else if (e->kind == EFFECT_CLOSE)
            set_remove(&r->logins, e->incarnation);
        r->had_effects = true;
    }
    struct slice verdicts = engine_verdicts(engine);
    if (verdicts.size > 0)
        write_record(r, &(struct record){ .kind = RECORD_VERDICTS, .bytes = verdicts });
}
