#include "sentinel/core/seal.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "config/keys.h"
#include "sentinel/core/core.h"
#include "sentinel/core/planted.h"

#include <string.h>

#define COUNTS_RESERVED (UINT64_C(1) << 20) /* numbers that one write reserves, */
#define COUNTS_LOW      (UINT64_C(1) << 16) /* and how many are left when the next ones are */

static const char *const labels[] = {
    [SEAL_HELLO] = "vedette hello 1\n",
    [SEAL_ANSWER] = "vedette answer 1\n",
    [SEAL_ASK] = "vedette ask 1\n",
};

struct slice seal_keys(const struct core *c, const struct group *g) {
    const struct secret *own = &g->settings.peer_keys;
    return secret_reveal(secret_is_set(own) ? own : &c->settings.peer_keys);
}

bool seal_is_strict(const struct core *c, const struct group *g) {
    enum group_peer_policy own = (enum group_peer_policy)g->settings.peer_policy;
    return own == GROUP_PEERS_AS_PROCESS ? c->settings.peer_policy == PEERS_STRICT
                                         : own == GROUP_PEERS_STRICT;
}

static void make(
    struct slice key, enum seal kind, struct slice text, char ret_hex[static DIGEST_HEX_SIZE]) {
    struct buf labelled CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&labelled, labels[kind]);
    buf_add_slice(&labelled, text);
    digest_keyed_hex(key, buf_slice(&labelled), ret_hex);
}

void seal_make(
    struct slice keys, enum seal kind, struct slice text, char ret_hex[static DIGEST_HEX_SIZE]) {
    ensure(keys.size > 0);
    make(keys_cut(&keys), kind, text, ret_hex);
}

static size_t look(struct slice keys, enum seal kind, struct slice text, struct slice hex) {
    for (size_t number = 1; keys.size > 0; number++) {
        char own[DIGEST_HEX_SIZE];
        make(keys_cut(&keys), kind, text, own);
        if (digest_hex_equal(own, hex) || PLANTED(SEAL_UNCHECKED))
            return number;
    }
    return 0;
}

/* What was not recorded was the last of all. */
static size_t take_foretold(struct slice *verdicts) {
    size_t number = verdicts->size > 0 ? (unsigned char)verdicts->data[0] : 0;
    *verdicts = slice_sub(*verdicts, 1, SIZE_MAX);
    return MIN_OF(number, (size_t)KEYS_MAX);
}

size_t seal_find(
    struct core *c, struct slice keys, enum seal kind, struct slice text, struct slice hex) {
    size_t number = 0;
    if (c->foretold != NULL)
        number = take_foretold(c->foretold);
    else if (digest_is_hex(hex))
        number = look(keys, kind, text, hex);
    buf_add_char(&c->verdicts, (char)number);
    return number;
}

static uint64_t mark_of(struct slice key) {
    unsigned char digest[DIGEST_SIZE];
    uint64_t mark;
    digest_keyed(key, SLICE_LITERAL("vedette mark 1\n"), digest);
    memcpy(&mark, digest, sizeof(mark));
    return mark;
}

uint64_t seal_mark(struct slice keys, size_t number) {
    struct slice key = SLICE_EMPTY;
    for (size_t i = 0; i < number; i++)
        key = keys_cut(&keys);
    return mark_of(key);
}

bool seal_knows(struct slice keys, uint64_t mark) {
    while (keys.size > 0)
        if (mark_of(keys_cut(&keys)) == mark)
            return true;
    return false;
}

/* ---- numbers ---- */

bool seal_may_count(struct core *c) {
    struct counting *n = &c->counting;
    if (n->asked > n->limit && core_is_durable(c, n->asked_seq))
        n->limit = n->asked;
    if (n->asked == n->limit && n->limit - n->next < COUNTS_LOW) {
        n->asked = n->limit + COUNTS_RESERVED;
        n->asked_seq =
            core_persist(c, &(struct delta){ .kind = DELTA_COUNTER, .counter = n->asked });
    }
    return n->next < n->limit;
}

uint64_t seal_count(struct core *c) {
    ensure(c->counting.next < c->counting.limit);
    return c->counting.next++;
}
