/* VEDETTE-PROVE: another vedette wants to know whether we share its secret, and proves that it has
 * ours. Before its requests for votes, once for each connection. */
#include "sentinel/command/call.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/seal.h"

struct asking {
    struct slice id, number;
    const struct group *group; /* whose keys are in question; NULL = those of the process */
    struct slice keys;
};

static bool is_number(struct slice s) {
    for (size_t i = 0; i < s.size; i++)
        if (!((s.data[i] >= '0' && s.data[i] <= '9') || (s.data[i] >= 'a' && s.data[i] <= 'f')))
            return false;
    return s.size == CHALLENGE_SIZE;
}

/* false after refusing. */
static bool read(struct call *call, struct asking *ret) {
    const struct core *c = call->core;
    struct slice name = call->args[3];
    *ret = (struct asking){ .id = call->args[2], .number = call->args[4] };
    ret->group = name.size > 0 ? core_group(c, name) : NULL;
    if (ret->group != NULL)
        ret->keys = secret_reveal(&ret->group->settings.peer_keys);
    else if (name.size == 0)
        ret->keys = secret_reveal(&c->settings.peer_keys);
    if (ret->keys.size == 0)
        resp_error(&call->reply, SLICE_LITERAL("ERR No secret to prove"));
    else if (ret->id.size != ID_LENGTH || !id_is_plausible(ret->id) || !is_number(ret->number))
        resp_error(&call->reply, SLICE_LITERAL("ERR Invalid id or number"));
    else
        return true;
    return false;
}

static void print_sealed(
    struct call *call, const struct asking *a, enum seal kind, struct buf *out) {
    char id[ID_SIZE], number[CHALLENGE_SIZE + 1];
    const char *own = call->core->id;
    bool is_ours = kind == SEAL_ANSWER;
    slice_copy(a->id, id, sizeof(id));
    slice_copy(a->number, number, sizeof(number));
    challenge_print(
        is_ours ? own : id, is_ours ? id : own, number, call->session->proofs.ours, out);
}

static void answer(struct call *call, const struct asking *a) {
    struct buf sealed CLEANUP(buf_fini) = BUF_INIT;
    struct proofs *proofs = &call->session->proofs;
    char seal[DIGEST_HEX_SIZE];
    if (proofs->ours[0] == '\0')
        challenge_draw(call->core, proofs->ours);
    print_sealed(call, a, SEAL_ANSWER, &sealed);
    seal_make(a->keys, SEAL_ANSWER, buf_slice(&sealed), seal);
    resp_array(&call->reply, 3);
    resp_bulk_text(&call->reply, call->core->id);
    resp_bulk_text(&call->reply, proofs->ours);
    resp_bulk_text(&call->reply, seal);
}

static void take(struct call *call, const struct asking *a, struct slice seal) {
    struct buf sealed CLEANUP(buf_fini) = BUF_INIT;
    print_sealed(call, a, SEAL_ASK, &sealed);
    size_t key = seal_find(call->core, a->keys, SEAL_ASK, buf_slice(&sealed), seal);
    if (key == 0) {
        doubt_note(call->core, DOUBT_SEAL,
            "a client at %s:%u does not have the secret that it tells of",
            call->session->remote.host, (unsigned)call->session->remote.port);
        resp_error(&call->reply, SLICE_LITERAL("ERR Not sealed with our secret"));
        return;
    }
    proofs_add(&call->session->proofs, call->core, a->id,
        (struct proof){
            .group = a->group != NULL ? a->group->serial : 0,
            .mark = seal_mark(a->keys, key),
        });
    reply_ok(call);
}

void run_sentinel_vedette_prove(struct call *call) {
    struct asking a;
    if (!read(call, &a))
        return;
    if (call->count == 5)
        answer(call, &a);
    else
        take(call, &a, call->args[5]);
}
