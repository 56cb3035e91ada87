/* VEDETTE-PROVE, and what requests for votes count with and without a proof. */
#include "tests/unit/answer.h"

#include "sentinel/core/challenge.h"
#include "sentinel/core/seal.h"

#include <string.h>

#define KEY    "the secret of all peers"
#define OTHER  "the secret of others..."
#define PROVE  "SENTINEL VEDETTE-PROVE "
#define NUMBER "00112233445566778899aabbccddeeff"
#define ASK    "SENTINEL is-master-down-by-addr 127.0.0.1 28400 "
#define NONE   "*[:\"0\" $\"*\" :\"0\"]"

static void set_keys(struct desk *d, const char *keys, enum peer_policy policy) {
    secret_set(&d->core->settings.peer_keys, slice_of(keys));
    d->core->settings.peer_policy = policy;
}

/* The number that we gave in an answer: its second element. */
static void read_number(struct slice answer, char ret[static CHALLENGE_SIZE + 1]) {
    const char *at = memmem(answer.data, answer.size, "$32\r\n", 5);
    assert_non_null(at);
    slice_copy((struct slice){ .data = at + 5, .size = CHALLENGE_SIZE }, ret, CHALLENGE_SIZE + 1);
}

/* Asks, looks at the answer, and sends a seal made with `key`; returns what came of it. */
static struct slice prove(
    struct desk *d, uint64_t client, const char *id, const char *group, const char *key) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT, sealed CLEANUP(buf_fini) = BUF_INIT;
    char theirs[CHALLENGE_SIZE + 1], seal[DIGEST_HEX_SIZE];
    buf_printf(&line, PROVE "%s '%s' " NUMBER, id, group);
    struct slice answer = desk_ask(d, client, buf_text(&line));
    if (slice_starts_with(answer, "-"))
        return answer;
    read_number(answer, theirs);
    challenge_print(SCENE_ID, id, NUMBER, theirs, &sealed);
    seal_make(slice_of(KEY), SEAL_ANSWER, buf_slice(&sealed), seal);
    assert_true(slice_contains(answer, slice_of(seal)));
    buf_clear(&sealed);
    challenge_print(id, SCENE_ID, NUMBER, theirs, &sealed);
    seal_make(slice_of(key), SEAL_ASK, buf_slice(&sealed), seal);
    buf_printf(&line, " %s", seal);
    return desk_ask(d, client, buf_text(&line));
}

static void who_has_the_secret_proves_it(void **state) {
    struct desk *d = *state;
    set_keys(d, KEY, PEERS_STRICT);
    assert_slice(prove(d, 1, SCENE_PEER_1, "", KEY), "+OK\r\n");
    assert_slice(prove(d, 1, SCENE_PEER_1, "", KEY), "+OK\r\n"); /* again: after a change of keys */
    assert_slice(prove(d, 2, SCENE_PEER_1, "", OTHER), "-ERR Not sealed with our secret\r\n");
    assert_int_equal(d->core->doubts.count[DOUBT_SEAL], 1);
}

static void what_is_malformed_is_refused(void **state) {
    struct desk *d = *state;
    assert_slice(prove(d, 1, SCENE_PEER_1, "", KEY), "-ERR No secret to prove\r\n");
    set_keys(d, KEY, PEERS_PERMISSIVE);
    assert_slice(prove(d, 1, SCENE_PEER_1, "mymaster", KEY), "-ERR No secret to prove\r\n");
    assert_slice(prove(d, 1, SCENE_PEER_1, "nosuch", KEY), "-ERR No secret to prove\r\n");
    assert_slice(prove(d, 1, "short", "", KEY), "-ERR Invalid id or number\r\n");
    assert_answer(d, 1, PROVE SCENE_PEER_1 " '' 123", "-\"ERR Invalid id or number\"");
    assert_answer(
        d, 1, PROVE SCENE_PEER_1 " '' " NUMBER " x", "-\"ERR Not sealed with our secret\"");
}

/* The seal of one connection, or of another number, is of no use. */
static void a_seal_counts_on_its_own_connection_only(void **state) {
    struct desk *d = *state;
    char first[CHALLENGE_SIZE + 1], second[CHALLENGE_SIZE + 1], again[CHALLENGE_SIZE + 1];
    set_keys(d, KEY, PEERS_STRICT);
    read_number(desk_ask(d, 1, PROVE SCENE_PEER_1 " '' " NUMBER), first);
    read_number(desk_ask(d, 2, PROVE SCENE_PEER_1 " '' " NUMBER), second);
    read_number(desk_ask(d, 1, PROVE SCENE_PEER_1 " '' " NUMBER), again);
    assert_string_not_equal(first, second);
    assert_string_equal(first, again);
}

static void in_strict_only_the_candidate_itself_gets_a_vote(void **state) {
    struct desk *d = *state;
    set_keys(d, KEY, PEERS_STRICT);
    assert_answer(d, 1, ASK "50 " SCENE_PEER_1, NONE);
    assert_int_equal(d->core->current_epoch, 0);
    prove(d, 1, SCENE_PEER_1, "", KEY);
    assert_answer(d, 1, ASK "50 " SCENE_PEER_2, NONE);
    assert_answer(d, 2, ASK "50 " SCENE_PEER_1, NONE);
    assert_int_equal(d->core->current_epoch, 0);
    assert_int_equal(d->core->doubts.count[DOUBT_VOTE], 3);
    assert_answer(d, 1, ASK "50 " SCENE_PEER_1, "*[:\"0\" $\"" SCENE_PEER_1 "\" :\"50\"]");
    assert_answer(d, 2, ASK "50 *", NONE);
}

static void in_permissive_nobody_asks_in_the_name_of_one_that_signs(void **state) {
    struct desk *d = *state;
    set_keys(d, KEY, PEERS_PERMISSIVE);
    peer_find(d->group, SCENE_PEER_1)->signed_ms = d->now.mono_ms;
    assert_answer(d, 1, ASK "50 " SCENE_PEER_1, NONE);
    assert_int_equal(d->core->current_epoch, 0);
    assert_answer(d, 1, ASK "50 " SCENE_PEER_2, "*[:\"0\" $\"" SCENE_PEER_2 "\" :\"50\"]");
    prove(d, 1, SCENE_PEER_1, "", KEY);
    assert_answer(d, 1, ASK "51 " SCENE_PEER_1, "*[:\"0\" $\"" SCENE_PEER_1 "\" :\"51\"]");
}

/* It signs, though it is no peer of itself. */
static void in_permissive_nobody_asks_in_our_own_name(void **state) {
    struct desk *d = *state;
    set_keys(d, KEY, PEERS_PERMISSIVE);
    assert_answer(d, 1, ASK "50 " SCENE_ID, NONE);
    assert_int_equal(d->core->current_epoch, 0);
    assert_int_equal(d->core->doubts.count[DOUBT_VOTE], 1);
}

static void a_proof_lasts_as_long_as_its_key(void **state) {
    struct desk *d = *state;
    set_keys(d, KEY, PEERS_STRICT);
    prove(d, 1, SCENE_PEER_1, "", KEY);
    set_keys(d, OTHER "\n" KEY, PEERS_STRICT);
    assert_answer(d, 1, ASK "50 " SCENE_PEER_1, "*[:\"0\" $\"" SCENE_PEER_1 "\" :\"50\"]");
    set_keys(d, OTHER, PEERS_STRICT);
    assert_answer(d, 1, ASK "51 " SCENE_PEER_1, NONE);
}

static void a_group_with_its_own_secret_wants_that(void **state) {
    struct desk *d = *state;
    set_keys(d, OTHER, PEERS_STRICT);
    secret_set(&d->group->settings.peer_keys, SLICE_LITERAL(KEY));
    assert_slice(prove(d, 1, SCENE_PEER_1, "mymaster", KEY), "+OK\r\n");
    assert_answer(d, 1, ASK "50 " SCENE_PEER_1, "*[:\"0\" $\"" SCENE_PEER_1 "\" :\"50\"]");
    secret_set(&d->group->settings.peer_keys, SLICE_EMPTY);
    assert_answer(d, 1, ASK "51 " SCENE_PEER_1, NONE);
}

static void clients_are_told_nothing_of_it(void **state) {
    struct desk *d = *state;
    assert_false(slice_contains(desk_ask(d, 1, "SENTINEL HELP"), SLICE_LITERAL("PROVE")));
    assert_false(slice_contains(desk_ask(d, 1, "COMMAND LIST"), SLICE_LITERAL("prove")));
    assert_false(slice_contains(desk_ask(d, 1, "COMMAND INFO sentinel"), SLICE_LITERAL("prove")));
    assert_false(slice_contains(desk_ask(d, 1, "COMMAND DOCS sentinel"), SLICE_LITERAL("prove")));
}

static void sentinels_are_shown_as_signing_where_there_is_a_secret(void **state) {
    struct desk *d = *state;
    static const char ask[] = "SENTINEL SENTINELS mymaster";
    assert_false(slice_contains(desk_ask(d, 1, ask), SLICE_LITERAL("signed")));
    set_keys(d, KEY, PEERS_PERMISSIVE);
    peer_find(d->group, SCENE_PEER_1)->signed_ms = d->now.mono_ms;
    struct slice answer = desk_ask(d, 1, ask);
    assert_true(slice_contains(answer, SLICE_LITERAL("$6\r\nsigned\r\n$3\r\nyes")));
    assert_true(slice_contains(answer, SLICE_LITERAL("$6\r\nsigned\r\n$2\r\nno")));
    assert_true(
        slice_contains(desk_ask(d, 1, "INFO stats"), SLICE_LITERAL("vedette_peers_unsigned:1")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(who_has_the_secret_proves_it),
        DESK_TEST(what_is_malformed_is_refused),
        DESK_TEST(a_seal_counts_on_its_own_connection_only),
        DESK_TEST(in_strict_only_the_candidate_itself_gets_a_vote),
        DESK_TEST(in_permissive_nobody_asks_in_the_name_of_one_that_signs),
        DESK_TEST(in_permissive_nobody_asks_in_our_own_name),
        DESK_TEST(a_proof_lasts_as_long_as_its_key),
        DESK_TEST(a_group_with_its_own_secret_wants_that),
        DESK_TEST(clients_are_told_nothing_of_it),
        DESK_TEST(sentinels_are_shown_as_signing_where_there_is_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
