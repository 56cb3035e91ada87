#include "tests/fuzz/sealing.h"

#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/link.h"
#include "sentinel/core/seal.h"
#include "tests/lib/sealed.h"

#include <string.h>

#define KEY_OF_ALL    "the secret of all"
#define KEY_NEXT      "the next one of all"
#define KEY_OF_GROUP  "the secret of one group"
#define KEY_OF_NOBODY "the secret of nobody here"
#define NUMBER        "00112233445566778899aabbccddeeff"

static const struct {
    const char *keys, *group_keys; /* of the process, and of the first group; NULL = none */
    enum peer_policy policy;
    enum group_peer_policy group_policy;
} trusts[TRUSTS] = {
    { .keys = NULL },
    { .keys = KEY_OF_ALL },
    { .keys = KEY_OF_ALL, .policy = PEERS_STRICT },
    { .keys = KEY_NEXT "\n" KEY_OF_ALL, .policy = PEERS_STRICT },
    { .keys = KEY_OF_ALL, .group_keys = KEY_OF_GROUP, .group_policy = GROUP_PEERS_STRICT },
    { .group_keys = KEY_OF_GROUP, .group_policy = GROUP_PEERS_STRICT },
    { .keys = KEY_NEXT, .policy = PEERS_STRICT, .group_policy = GROUP_PEERS_PERMISSIVE },
};

void sealing_apply(size_t trust, struct settings *settings) {
    if (trusts[trust].keys != NULL)
        secret_set(&settings->peer_keys, slice_of(trusts[trust].keys));
    settings->peer_policy = trusts[trust].policy;
    if (settings->group_count == 0)
        return;
    struct group_settings *g = &settings->groups[0];
    if (trusts[trust].group_keys != NULL)
        secret_set(&g->peer_keys, slice_of(trusts[trust].group_keys));
    g->peer_policy = trusts[trust].group_policy;
}

/* ---- keys ---- */

static struct slice keys_of(const struct outside *o, struct slice group) {
    const struct group *g = core_group(o->core, group);
    return g != NULL ? seal_keys(o->core, g) : secret_reveal(&o->core->settings.peer_keys);
}

static void seal(const struct outside *o, struct slice group, enum sealed_with with, enum seal kind,
    const struct buf *text, char ret[static DIGEST_HEX_SIZE]) {
    struct slice keys = with == SEALED_WITH_OURS ? keys_of(o, group) : SLICE_EMPTY;
    if (keys.size == 0)
        keys = with == SEALED_WITH_WRONG ? SLICE_LITERAL(KEY_OF_NOBODY) : SLICE_LITERAL(KEY_OF_ALL);
    seal_make(keys, kind, buf_slice(text), ret);
}

/* ---- what is sealed ---- */

void sealing_hello(const struct outside *o, struct slice group, enum sealed_with with,
    uint64_t counter, struct buf *line) {
    char hex[DIGEST_HEX_SIZE];
    buf_printf(line, "," SIGNED_TAG ",%llu,", (unsigned long long)counter);
    seal(o, group, with, SEAL_HELLO, line, hex);
    buf_add_text(line, hex);
}

bool sealing_may_count(const struct outside *o, struct slice line) {
    struct hello h;
    const struct group *g = hello_parse(line, &h) ? core_group(o->core, h.group) : NULL;
    if (g == NULL)
        return false;
    struct slice keys = seal_keys(o->core, g);
    if (!h.is_signed)
        return keys.size == 0 || !seal_is_strict(o->core, g);
    return hello_is_sealed(keys, &h);
}

void sealing_prove(const struct outside *o, const struct outside_client *c, const char *id,
    struct slice group, enum sealed_with with, struct buf *out) {
    struct buf sealed = BUF_INIT;
    char hex[DIGEST_HEX_SIZE];
    buf_printf(out, "SENTINEL VEDETTE-PROVE %s \"" SLICE_FMT "\" " NUMBER, id, SLICE_ARG(group));
    if (c->number[0] != '\0') {
        challenge_print(id, o->core->id, NUMBER, c->number, &sealed);
        seal(o, group, with, SEAL_ASK, &sealed, hex);
        buf_printf(out, " %s", hex);
    }
    buf_fini(&sealed);
}

void sealing_overhear(struct outside_client *c, struct slice reply) {
    static const char before[] = "\r\n$32\r\n";
    while (reply.size >= sizeof(before) - 1 + CHALLENGE_SIZE) {
        if (slice_starts_with(reply, before)) {
            slice_copy(
                slice_sub(reply, sizeof(before) - 1, CHALLENGE_SIZE), c->number, sizeof(c->number));
            return;
        }
        reply = slice_sub(reply, 1, SIZE_MAX);
    }
}

void sealing_answer(const struct outside *o, const struct outside_link *l, enum sealed_with with,
    struct sealing_answer *ret) {
    const struct link *link = outside_view(o, l);
    const struct process *p = link->process;
    const struct group *g = group_by_serial(o->core, link_pending_at(link, 0)->group_serial);
    const struct peer *peer = g != NULL ? peer_find(g, p->id) : NULL;
    const struct challenge *h = peer != NULL ? &peer->challenge : &p->challenge;
    struct buf sealed = BUF_INIT;
    challenge_print(p->id, o->core->id, h->ours, NUMBER, &sealed);
    seal(o, slice_of(g != NULL ? g->name : ""), with, SEAL_ANSWER, &sealed, ret->seal);
    buf_fini(&sealed);
    const char *const texts[] = { p->id, NUMBER, ret->seal };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ret->elements[i] = (struct resp_value){ .type = RESP_BULK, .text = slice_of(texts[i]) };
}
