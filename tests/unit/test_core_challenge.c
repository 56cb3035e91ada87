/* Links that prove who is at their other end, and what their answers count. */
#include "sentinel/core/challenge.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/configure.h"
#include "sentinel/core/seal.h"

#include <string.h>

#define KEY   "the secret of all peers"
#define OTHER "the secret of others..."
#define PROVE "SENTINEL VEDETTE-PROVE"

static bool is_proven(const struct fixture *f, int peer) {
    return fixture_peer(f, peer)->process->challenge.is_proven;
}

static void each_link_is_proven_once_both_ways(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    for (int i = 0; i < 2; i++) {
        assert_true(is_proven(&f, i));
        assert_true(f.peers[i].knows_us);
    }
    fixture_cut(&f, &f.peers[0]);
    assert_false(is_proven(&f, 0));
    fixture_forget(&f);
    fixture_advance(&f, 30000);
    assert_true(is_proven(&f, 0));
    assert_int_equal(fixture_sent(&f, &f.peers[0], PROVE), 2);
    assert_int_equal(fixture_sent(&f, &f.peers[1], PROVE), 0);
    fixture_stop(&f);
}

static void without_a_secret_nothing_is_asked(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, NULL, false);
    fixture_advance(&f, 30000);
    assert_int_equal(fixture_sent(&f, NULL, PROVE), 0);
    assert_true(challenge_counts(f.core, fixture_peer(&f, 0)));
    fixture_stop(&f);
}

static void who_cannot_prove_it_is_asked_again_every_ten_seconds(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    f.peers[0].keys = NULL;
    f.peers[1].keys = OTHER;
    fixture_cut(&f, &f.peers[0]);
    fixture_cut(&f, &f.peers[1]);
    fixture_advance(&f, 100);
    fixture_forget(&f);
    fixture_advance(&f, 20000);
    for (int i = 0; i < 2; i++) {
        assert_false(is_proven(&f, i));
        assert_false(challenge_counts(f.core, fixture_peer(&f, i)));
        assert_int_equal(fixture_sent(&f, &f.peers[i], PROVE), 2);
    }
    assert_in_range(f.core->doubts.count[DOUBT_SEAL], 2, 3); /* stock's refusal is no lie */
    f.peers[0].keys = f.peers[1].keys = KEY;
    fixture_advance(&f, 10000);
    assert_true(is_proven(&f, 0));
    assert_true(is_proven(&f, 1));
    fixture_stop(&f);
}

static void an_answer_for_another_id_proves_nothing(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    memset(f.peers[0].id, 'd', ID_LENGTH);
    fixture_cut(&f, &f.peers[0]);
    fixture_advance(&f, 100);
    assert_false(peer_find(f.group, ID_B)->process->challenge.is_proven);
    fixture_stop(&f);
}

#define BULK(t) \
    { \
        .type = RESP_BULK, .text = {.data = (t), .size = sizeof(t) - 1 } \
    }
#define SEAL_OF_NOTHING "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void malformed_answers_prove_nothing(void **state) {
    static const struct resp_value parts[][3] = {
        { BULK(ID_C), BULK("00112233445566778899aabbccddeeff"), BULK(SEAL_OF_NOTHING) },
        { BULK(ID_B), BULK("0011"), BULK(SEAL_OF_NOTHING) },
        { BULK(ID_B), BULK("00112233445566778899aabbccddeeff"), BULK("") },
        { BULK(ID_B), BULK("00112233445566778899aabbccddeeff"), BULK(SEAL_OF_NOTHING "x") },
        { BULK(ID_B), { .type = RESP_INTEGER }, BULK(SEAL_OF_NOTHING) },
        { BULK(ID_B), BULK("00112233445566778899aabbccddeeff"), { .type = RESP_NULL } },
    };
    const struct pending pending = { .kind = PENDING_CHALLENGE };
    for (size_t i = 0; i < 4 * ARRAY_SIZE(parts); i++) {
        struct fixture f;
        fixture_start_with_keys(&f, KEY, true);
        struct process *p = fixture_peer(&f, 0)->process;
        const struct resp_value v = {
            .type = i % 4 == 3 ? RESP_STATUS : RESP_ARRAY,
            .text = SLICE_LITERAL("OK"),
            .elements = parts[i / 4],
            .count = i % 4, /* 0 to 2 are too few */
        };
        struct resp_value whole = v;
        whole.type = RESP_ARRAY;
        whole.count = 3;
        fixture_begin(&f);
        challenge_on_answer(f.core, &p->link, &pending, &v);
        assert_false(p->challenge.is_proven);
        challenge_on_answer(f.core, &p->link, &pending, &whole);
        assert_false(p->challenge.is_proven);
        core_end(f.core);
        fixture_end(&f);
        fixture_stop(&f);
    }
}

static void fall(struct fixture *f) {
    f->peers[0].says_down = f->peers[1].says_down = true;
    fixture_crash(f, &f->master);
    fixture_advance(f, 2000);
}

/* Agreement and votes of those who prove nothing elect nobody; of those who do, they do. */
static void in_strict_only_answers_of_the_proven_count(void **state) {
    for (int proven = 0; proven < 2; proven++) {
        struct fixture f;
        fixture_start_with_keys(&f, KEY, true);
        for (int i = 0; i < 2; i++) {
            f.peers[i].keys = proven ? KEY : NULL;
            fixture_cut(&f, &f.peers[i]);
        }
        fixture_advance(&f, 100);
        fixture_forget(&f);
        fall(&f);
        assert_int_equal(f.group->odown || f.group->config_epoch > 0, proven);
        assert_int_equal(f.core->doubts.count[DOUBT_VOTE] > 0, !proven);
        assert_int_equal(group_usable(f.core, f.group), proven ? 3 : 1);
        assert_int_equal(group_voters(f.group), 3); /* they stay voters */
        if (!proven)
            assert_logged(&f, "has proven nothing");
        fixture_stop(&f);
    }
}

static void in_permissive_who_signs_has_to_prove_it_too(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    for (int i = 0; i < 2; i++) {
        f.peers[i].keys = NULL;
        fixture_cut(&f, &f.peers[i]);
    }
    fixture_advance(&f, 100);
    assert_true(challenge_counts(f.core, fixture_peer(&f, 0)));
    fixture_peer(&f, 0)->signed_ms = f.now.mono_ms;
    assert_false(challenge_counts(f.core, fixture_peer(&f, 0)));
    assert_true(challenge_counts(f.core, fixture_peer(&f, 1)));
    fixture_stop(&f);
}

/* As the user that we log in as may be forbidden the command there. */
static void who_signs_and_does_not_prove_it_is_told_of(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    f.peers[0].keys = NULL;
    fixture_peer(&f, 0)->process->signed_ms = f.now.mono_ms;
    fixture_cut(&f, &f.peers[0]);
    fixture_advance(&f, 500);
    assert_logged(&f,
        "sentinel " ID_B
        " signs its hellos, and refuses to prove who it is: ERR unknown subcommand");
    fixture_stop(&f);
}

static void a_request_for_a_vote_waits_for_a_proof_that_is_under_way(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    fixture_peers_agree(&f);
    fixture_crash(&f, &f.master);
    f.peers[0].holds = PROVE; /* and all behind it */
    fixture_advance(&f, 900);
    fixture_cut(&f, &f.peers[0]);
    fixture_advance(&f, 900);
    assert_true(f.group->config_epoch > 0 || f.group->attempt.elected); /* by the other one */
    size_t asked = 0;
    for (size_t i = 0; i < f.sent_count; i++)
        asked += f.sent[i].to == &f.peers[0] && strstr(f.sent[i].text, OUR_ID) != NULL &&
            strstr(f.sent[i].text, "is-master-down") != NULL;
    assert_int_equal(asked, 0);
    fixture_stop(&f);
}

static void take(struct fixture *f, const char *keys) {
    struct settings new = { .group_count = 0 };
    settings_copy_process(&new, &f->core->settings);
    secret_set(&new.peer_keys, slice_of(keys));
    fixture_begin(f);
    configure_take(f->core, &new, &new);
    core_end(f->core);
    fixture_end(f);
    settings_fini(&new);
    fixture_settle(f);
}

static void other_keys_are_proven_at_once_and_old_proofs_hold_until_then(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    fixture_forget(&f);
    f.peers[0].keys = f.peers[1].keys = OTHER;
    f.peers[0].holds = PROVE;
    take(&f, OTHER "\n" KEY);
    assert_true(is_proven(&f, 0));
    assert_true(is_proven(&f, 1));
    assert_true(f.peers[1].knows_us);
    assert_int_equal(fixture_sent(&f, &f.peers[1], PROVE), 2);
    assert_int_equal(fixture_peer(&f, 0)->process->link.state, LINK_OPEN);
    fixture_stop(&f);
}

static void a_secret_that_comes_later_is_proven_on_the_links_that_are_there(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, NULL, false);
    uint64_t incarnation = fixture_peer(&f, 0)->process->link.incarnation;
    f.peers[0].keys = f.peers[1].keys = KEY;
    take(&f, KEY);
    assert_true(is_proven(&f, 0));
    assert_int_equal(fixture_peer(&f, 0)->process->link.incarnation, incarnation);
    fixture_stop(&f);
}

static void a_group_with_its_own_secret_is_proven_apart(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, NULL, true);
    f.peers[0].keys = f.peers[1].keys = OTHER;
    struct group_settings own;
    group_settings_copy(&own, &f.group->settings);
    secret_set(&own.peer_keys, SLICE_LITERAL(OTHER));
    own.peer_policy = GROUP_PEERS_STRICT;
    fixture_begin(&f);
    core_apply_settings(f.core, f.group, &own);
    core_end(f.core);
    fixture_end(&f);
    fixture_settle(&f);
    group_settings_fini(&own);
    assert_true(fixture_peer(&f, 0)->challenge.is_proven);
    assert_false(is_proven(&f, 0));
    assert_true(challenge_counts(f.core, fixture_peer(&f, 0)));
    const struct sent *s = fixture_last_sent(&f, &f.peers[0], PROVE " " OUR_ID " mymaster ");
    assert_non_null(s);
    fixture_stop(&f);
}

static void no_number_comes_twice(void **state) {
    struct fixture f;
    char first[CHALLENGE_SIZE + 1], second[CHALLENGE_SIZE + 1];
    fixture_start_with_keys(&f, KEY, false);
    challenge_draw(f.core, first);
    challenge_draw(f.core, second);
    assert_int_equal(strlen(first), CHALLENGE_SIZE);
    assert_string_not_equal(first, second);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_link_is_proven_once_both_ways),
        cmocka_unit_test(without_a_secret_nothing_is_asked),
        cmocka_unit_test(who_cannot_prove_it_is_asked_again_every_ten_seconds),
        cmocka_unit_test(an_answer_for_another_id_proves_nothing),
        cmocka_unit_test(malformed_answers_prove_nothing),
        cmocka_unit_test(in_strict_only_answers_of_the_proven_count),
        cmocka_unit_test(in_permissive_who_signs_has_to_prove_it_too),
        cmocka_unit_test(who_signs_and_does_not_prove_it_is_told_of),
        cmocka_unit_test(a_request_for_a_vote_waits_for_a_proof_that_is_under_way),
        cmocka_unit_test(other_keys_are_proven_at_once_and_old_proofs_hold_until_then),
        cmocka_unit_test(a_secret_that_comes_later_is_proven_on_the_links_that_are_there),
        cmocka_unit_test(a_group_with_its_own_secret_is_proven_apart),
        cmocka_unit_test(no_number_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
