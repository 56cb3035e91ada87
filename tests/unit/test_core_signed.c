/* Signed hellos: what is sent, and what is believed. */
#include "sentinel/core/hello.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/seal.h"

#include <stdio.h>
#include <string.h>

#define KEY   "the secret of all peers"
#define OLD   "the secret of last year"
#define WRONG "the secret of others..."

/* What B says of itself: where it is, the current epoch, the master, the config epoch. */
#define B_SAYS(epoch, master, config) \
    "10.0.1.1,26379," ID_B "," epoch ",mymaster," master ",6379," config
#define D_SAYS "10.0.1.4,26379," ID_D ",0,mymaster,10.0.0.1,6379,0"
#define SAME   B_SAYS("0", "10.0.0.1", "0")
#define NEWER  B_SAYS("5", "10.0.0.2", "5")

static void hear_signed(struct fixture *f, const char *line, uint64_t counter, const char *key) {
    struct buf text = BUF_INIT;
    char seal[DIGEST_HEX_SIZE];
    buf_printf(&text, "%s,vedette1,%llu,", line, (unsigned long long)counter);
    seal_make(slice_of(key), SEAL_HELLO, buf_slice(&text), seal);
    buf_add_text(&text, seal);
    fixture_message(f, buf_text(&text));
    buf_fini(&text);
}

static uint64_t doubted(const struct fixture *f, enum doubt why) {
    return f->core->doubts.count[why];
}

static struct peer *b(const struct fixture *f) {
    return peer_find(f->group, ID_B);
}

/* ---- ours ---- */

/* The words of the last SEND of hellos to the master, as a trace shows them. */
static const char *last_hello(const struct fixture *f) {
    const struct sent *s = fixture_last_sent(f, &f->master, "PUBLISH");
    assert_non_null(s);
    return s->text;
}

static void without_a_secret_nothing_is_signed(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, NULL, false);
    fixture_advance(&f, 5000);
    assert_false(slice_contains(slice_of(last_hello(&f)), SLICE_LITERAL("vedette1")));
    assert_int_equal(f.stored.hello_counter, 0);
    fixture_stop(&f);
}

#define OUR_HELLO "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",0,mymaster,10.0.0.1,6379,0"

static void the_signed_line_goes_first_and_alone_when_strict(void **state) {
    for (int strict = 0; strict < 2; strict++) {
        struct fixture f;
        fixture_start_with_keys(&f, KEY, strict);
        fixture_advance(&f, 2100);
        struct slice text = slice_of(last_hello(&f));
        assert_true(slice_starts_with(text, OUR_HELLO ",vedette1,"));
        assert_int_equal(slice_contains(text, SLICE_LITERAL("; " OUR_HELLO)), !strict);
        fixture_stop(&f);
    }
}

/* The number of a signed hello, and whether its seal is that of the key. */
static uint64_t read_sent(struct fixture *f, const struct sent *s, const char *key) {
    const char *line = strstr(s->text, "10.0.1.9");
    size_t size = strcspn(line, " ;");
    struct hello h;
    assert_true(hello_parse((struct slice){ .data = line, .size = size }, &h));
    assert_true(h.is_signed);
    assert_int_equal(seal_find(f->core, slice_of(key), SEAL_HELLO, h.sealed, h.seal), 1);
    return h.counter;
}

static void each_of_ours_has_a_higher_number_over_any_restart(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY "\n" OLD, true);
    uint64_t last = 0;
    for (int life = 0; life < 3; life++) {
        size_t seen = 0;
        fixture_advance(&f, 7000);
        for (size_t i = 0; i < f.sent_count; i++) {
            if (strncmp(f.sent[i].text, "PUBLISH", 7) != 0)
                continue;
            uint64_t counter = read_sent(&f, &f.sent[i], KEY);
            assert_true(counter > last);
            assert_true(counter < f.stored.hello_counter);
            last = counter;
            seen++;
        }
        assert_true(seen >= 12);
        fixture_restart(&f);
        fixture_forget(&f);
    }
    fixture_stop(&f);
}

static void no_number_is_used_before_it_is_on_disk(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peer_keys = KEY;
    fixture_start_alone(&f, &o);
    f.store = STORE_HANGS;
    fixture_advance(&f, 5000);
    assert_int_equal(fixture_sent(&f, NULL, "PUBLISH"), 0);
    f.store = STORE_WORKS;
    fixture_advance(&f, 10);
    assert_true(fixture_sent(&f, NULL, "PUBLISH") >= 5);
    fixture_stop(&f);
}

static void numbers_are_reserved_before_they_run_out(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    fixture_advance(&f, 2100);
    uint64_t limit = f.stored.hello_counter;
    f.core->counting.next = limit - 3;
    f.store = STORE_HANGS;
    fixture_forget(&f);
    fixture_advance(&f, 10000);
    assert_int_equal(fixture_sent(&f, NULL, "PUBLISH"), 3);
    f.store = STORE_WORKS;
    fixture_advance(&f, 2100);
    assert_true(fixture_sent(&f, NULL, "PUBLISH") > 3);
    assert_true(f.stored.hello_counter > limit);
    fixture_stop(&f);
}

/* ---- others' ---- */

static void a_signed_line_is_parsed_with_what_its_seal_is_over(void **state) {
    static const char seal[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    struct buf line = BUF_INIT;
    struct hello h;
    buf_printf(&line, SAME ",vedette1,42,%s", seal);
    assert_true(hello_parse(buf_slice(&line), &h));
    assert_true(h.is_signed);
    assert_int_equal(h.counter, 42);
    assert_slice(h.sealed, SAME ",vedette1,42,");
    assert_slice(h.seal, seal);
    static const char *const bad[] = {
        SAME ",vedette1,42",
        SAME ",vedette1,42,",
        SAME ",vedette1,42,0011",
        SAME ",vedette2,42,00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        SAME ",vedette1,0,00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        SAME ",vedette1,042,00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        SAME ",vedette1,-1,00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        SAME ",vedette1,9223372036854775808,"
             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        SAME ",vedette1,42,00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,",
        SAME ",,,",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (hello_parse(slice_of(bad[i]), &h))
            fail_msg("taken for a hello: %s", bad[i]);
    buf_fini(&line);
}

static void a_signed_hello_counts_and_its_number_is_stored_with_what_it_changed(void **state) {
    for (int strict = 0; strict < 2; strict++) {
        struct fixture f;
        fixture_start_with_keys(&f, KEY, strict);
        hear_signed(&f, NEWER, 7, KEY);
        assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
        assert_true(slice_contains(
            slice_of(fixture_persists(&f)), slice_of("counter mymaster " ID_B " 7")));
        assert_int_equal(b(&f)->counter, 7);
        assert_true(peer_signs(f.core, b(&f)));
        fixture_forget(&f);
        hear_signed(&f, D_SAYS, 3, KEY);
        assert_has_event(&f, "+sentinel sentinel " ID_D " 10.0.1.4 26379 @ mymaster 10.0.0.2 6379");
        assert_true(slice_contains(
            slice_of(fixture_persists(&f)), SLICE_LITERAL("counter mymaster " ID_D " 3")));
        fixture_stop(&f);
    }
}

static void any_of_the_keys_is_believed_and_no_other(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY "\n" OLD, false);
    hear_signed(&f, SAME, 1, OLD);
    assert_int_equal(b(&f)->counter, 1);
    hear_signed(&f, SAME, 2, KEY);
    assert_int_equal(b(&f)->counter, 2);
    hear_signed(&f, NEWER, 3, WRONG);
    assert_int_equal(b(&f)->counter, 2);
    assert_int_equal(doubted(&f, DOUBT_SEAL), 1);
    assert_int_equal(f.core->current_epoch, 0);
    assert_logged(
        &f, "mymaster: hello of " ID_B " at 10.0.1.1:26379 refused: not signed with our secret");
    fixture_stop(&f);
}

static void a_letter_that_differs_anywhere_spoils_it(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    struct buf text = BUF_INIT;
    char seal[DIGEST_HEX_SIZE];
    buf_add_text(&text, NEWER ",vedette1,9,");
    seal_make(slice_of(KEY), SEAL_HELLO, buf_slice(&text), seal);
    buf_add_text(&text, seal);
    for (size_t i = 0; i < buf_size(&text); i++) {
        char was = text.data[i];
        text.data[i] = was == '1' ? '2' : '1';
        fixture_message(&f, buf_text(&text));
        text.data[i] = was;
        assert_int_equal(f.core->current_epoch, 0);
        assert_int_equal(b(&f)->counter, 0);
    }
    assert_int_equal(f.group->peer_count, 2);
    fixture_message(&f, buf_text(&text));
    assert_int_equal(f.core->current_epoch, 5);
    buf_fini(&text);
    fixture_stop(&f);
}

static void what_was_said_before_is_nothing_new(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    hear_signed(&f, SAME, 10, KEY);
    fixture_forget(&f);
    hear_signed(&f, NEWER, 10, KEY);
    hear_signed(&f, NEWER, 9, KEY);
    assert_int_equal(f.core->current_epoch, 0);
    assert_int_equal(doubted(&f, DOUBT_REPLAY), 2);
    assert_string_equal(fixture_logs(&f), "");
    hear_signed(&f, NEWER, 11, KEY);
    assert_int_equal(f.core->current_epoch, 5);
    fixture_stop(&f);
}

static void a_replay_says_nothing_new_after_a_crash(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    hear_signed(&f, B_SAYS("0", "10.0.0.1", "0"), 10, KEY); /* changes nothing: not stored */
    hear_signed(&f, NEWER, 20, KEY);
    fixture_restart(&f);
    fixture_forget(&f);
    assert_int_equal(b(&f)->counter, 20);
    hear_signed(&f, B_SAYS("3", "10.0.0.3", "3"), 15, KEY);
    assert_int_equal(doubted(&f, DOUBT_REPLAY), 1);
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    fixture_stop(&f);
}

/* Its host was given to another one, or an operator had all forgotten: whoever kept what it said
 * must not bring it back. */
static void who_is_gone_does_not_come_back_by_a_replay(void **state) {
    static const char taken[] = "10.0.1.7,26379," ID_D ",0,mymaster,10.0.0.1,6379,0";
    for (int restarted = 0; restarted < 2; restarted++) {
        struct fixture f;
        fixture_start_with_keys(&f, KEY, true);
        hear_signed(&f, "10.0.1.5,26379," ID_E ",0,mymaster,10.0.0.1,6379,0", 10, KEY);
        hear_signed(&f, "10.0.1.7,26379," ID_E ",0,mymaster,10.0.0.1,6379,0", 11, KEY);
        hear_signed(&f, taken, 3, KEY);
        assert_null(peer_find(f.group, ID_E));
        if (restarted)
            fixture_restart(&f);
        size_t peers = f.group->peer_count;
        hear_signed(&f, "10.0.1.7,26379," ID_E ",0,mymaster,10.0.0.1,6379,0", 11, KEY);
        assert_null(peer_find(f.group, ID_E));
        assert_int_equal(f.group->peer_count, peers);
        hear_signed(&f, "10.0.1.5,26379," ID_E ",0,mymaster,10.0.0.1,6379,0", 12, KEY);
        assert_non_null(peer_find(f.group, ID_E));
        fixture_stop(&f);
    }
}

static void strict_takes_nothing_that_is_not_signed(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    for (int i = 0; i < 5; i++) {
        fixture_message(&f, NEWER);
        fixture_message(&f, D_SAYS);
    }
    assert_string_equal(fixture_events(&f), "");
    assert_int_equal(f.group->peer_count, 2);
    assert_int_equal(doubted(&f, DOUBT_UNSIGNED), 10);
    assert_logged(&f, "mymaster: hello of " ID_B " at 10.0.1.1:26379 refused: not signed\n");
    fixture_forget(&f);
    fixture_message(&f, D_SAYS);
    assert_string_equal(fixture_logs(&f), "");
    fixture_advance(&f, 60 * 1000);
    fixture_forget(&f);
    fixture_message(&f, D_SAYS);
    assert_logged(&f, "refused: not signed (and 10 like it since the last such line)");
    fixture_stop(&f);
}

/* B is permissive still, and says everything twice. */
static void strict_tells_nothing_of_what_came_signed_too(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    hear_signed(&f, SAME, 7, KEY);
    fixture_forget(&f);
    fixture_message(&f, SAME);
    assert_string_equal(fixture_logs(&f), "");
    assert_int_equal(doubted(&f, DOUBT_UNSIGNED), 1);
    fixture_message(&f, "10.0.1.9,26379," ID_B ",0,mymaster,10.0.0.1,6379,0");
    assert_logged(
        &f, "mymaster: hello of " ID_B " at 10.0.1.9:26379 refused: not signed (and 1 like");
    fixture_stop(&f);
}

static void permissive_believes_who_never_signed_and_says_so_once(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    fixture_message(&f, D_SAYS);
    assert_has_event(&f, "+sentinel sentinel " ID_D " 10.0.1.4 26379" AT);
    assert_logged(&f, "mymaster: sentinel " ID_D " does not sign its hellos");
    fixture_forget(&f);
    fixture_message(&f, D_SAYS);
    assert_string_equal(fixture_logs(&f), "");
    fixture_message(&f, NEWER);
    assert_int_equal(f.core->current_epoch, 5);
    fixture_stop(&f);
}

static void nobody_speaks_unsigned_for_one_that_signs(void **state) {
    static const char *const lines[] = {
        NEWER, "10.0.1.8,26379," ID_B ",0,mymaster,10.0.0.1,6379,0", /* takes it to another place */
        "10.0.1.1,26379," ID_E ",0,mymaster,10.0.0.1,6379,0",        /* takes its place */
    };
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    hear_signed(&f, SAME, 1, KEY);
    fixture_forget(&f);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        fixture_message(&f, lines[i]);
    assert_string_equal(fixture_events(&f), "");
    assert_string_equal(b(&f)->process->address.given.host, "10.0.1.1");
    assert_int_equal(f.group->peer_count, 2);
    assert_string_equal(fixture_logs(&f), "");
    fixture_advance(&f, 60 * 1000); /* its secret was taken away */
    assert_false(peer_signs(f.core, b(&f)));
    fixture_message(&f, NEWER);
    assert_int_equal(f.core->current_epoch, 5);
    assert_logged(&f, "mymaster: sentinel " ID_B " does not sign its hellos");
    fixture_stop(&f);
}

static void who_signed_before_a_restart_is_not_spoken_for_after_it(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    hear_signed(&f, NEWER, 1, KEY);
    fixture_restart(&f);
    fixture_message(&f, B_SAYS("9", "10.0.0.3", "9"));
    assert_int_equal(f.core->current_epoch, 5);
    fixture_stop(&f);
}

static void a_group_without_a_secret_moves_nobody_who_signs_elsewhere(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    fixture_settle(&f);
    secret_set(&f.group->settings.peer_keys, SLICE_LITERAL(KEY));
    hear_signed(&f, SAME, 1, KEY);
    fixture_message(&f, "10.0.1.8,26379," ID_B ",0,other,10.0.2.1,6379,0");
    assert_string_equal(b(&f)->process->address.given.host, "10.0.1.1");
    fixture_message(&f, "10.0.1.1,26379," ID_B ",4,other,10.0.2.1,6379,0"); /* it says no more */
    assert_int_equal(f.core->current_epoch, 4);
    fixture_stop(&f);
}

static void without_a_secret_signed_lines_are_as_if_not_there(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, NULL, false);
    hear_signed(&f, NEWER, 1, KEY);
    hear_signed(&f, D_SAYS, 1, KEY);
    assert_string_equal(fixture_events(&f), "");
    assert_string_equal(fixture_logs(&f), "");
    assert_string_equal(fixture_persists(&f), "");
    fixture_message(&f, NEWER);
    assert_int_equal(f.core->current_epoch, 5);
    assert_string_equal(fixture_logs(&f), "");
    fixture_stop(&f);
}

static void a_group_can_have_a_secret_and_a_policy_of_its_own(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, true);
    secret_set(&f.group->settings.peer_keys, SLICE_LITERAL(OLD));
    hear_signed(&f, SAME, 1, KEY);
    assert_int_equal(b(&f)->counter, 0);
    hear_signed(&f, SAME, 1, OLD);
    assert_int_equal(b(&f)->counter, 1);
    f.group->settings.peer_policy = GROUP_PEERS_PERMISSIVE;
    fixture_message(&f, D_SAYS);
    assert_int_equal(f.group->peer_count, 3);
    fixture_stop(&f);
}

static void a_strict_policy_that_comes_later_drops_nobody(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    hear_signed(&f, SAME, 1, KEY);
    uint64_t incarnation = b(&f)->process->link.incarnation;
    f.core->settings.peer_policy = PEERS_STRICT;
    fixture_advance(&f, 1000);
    hear_signed(&f, SAME, 2, KEY);
    assert_int_equal(f.group->peer_count, 2);
    assert_int_equal(b(&f)->process->link.incarnation, incarnation);
    assert_int_equal(b(&f)->counter, 2);
    fixture_stop(&f);
}

static void the_number_of_one_that_says_nothing_new_is_stored_at_times(void **state) {
    struct fixture f;
    fixture_start_with_keys(&f, KEY, false);
    hear_signed(&f, SAME, 1, KEY);
    b(&f)->uncounted = 65535;
    hear_signed(&f, SAME, 2, KEY);
    assert_true(slice_contains(
        slice_of(fixture_persists(&f)), SLICE_LITERAL("counter mymaster " ID_B " 2")));
    assert_int_equal(b(&f)->uncounted, 0);
    fixture_stop(&f);
}

static void epochs_out_of_reach_are_refused_with_the_whole_hello(void **state) {
    static const char *const lines[] = {
        "10.0.1.4,26379," ID_D ",1000001,mymaster,10.0.0.1,6379,0",
        "10.0.1.4,26379," ID_D ",0,mymaster,10.0.0.2,6379,1000001",
        "10.0.1.4,26379," ID_D ",4611686018427387904,mymaster,10.0.0.1,6379,0",
    };
    struct fixture f;
    fixture_start_with_keys(&f, NULL, false);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        fixture_message(&f, lines[i]);
    assert_string_equal(fixture_events(&f), "");
    assert_int_equal(doubted(&f, DOUBT_CLAIM), 3);
    assert_logged(&f, "epoch 1000001 of " ID_D " is not believed, the current one is 0");
    fixture_message(&f, "10.0.1.4,26379," ID_D ",1000000,mymaster,10.0.0.1,6379,0");
    assert_int_equal(f.core->current_epoch, 1000000);
    fixture_stop(&f);
}

static void a_signed_hello_that_waits_for_a_name_counts_when_it_resolves(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peer_keys = KEY;
    o.strict = o.named = true;
    fixture_start(&f, &o);
    fixture_resolve_all(&f);
    fixture_settle(&f);
    fixture_forget(&f);
    hear_signed(&f, "s-9.test,26379," ID_D ",0,mymaster,db-1.test,6379,0", 4, KEY);
    assert_null(peer_find(f.group, ID_D));
    fixture_resolve(&f, "s-9.test", "10.0.1.4");
    assert_non_null(peer_find(f.group, ID_D));
    hear_signed(&f, "s-9.test,26379," ID_D ",6,mymaster,db-9.test,6379,6", 5, KEY);
    assert_int_equal(f.group->config_epoch, 0);
    fixture_resolve(&f, "db-9.test", "10.0.0.9");
    assert_int_equal(f.group->config_epoch, 6);
    assert_int_equal(doubted(&f, DOUBT_REPLAY), 0);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_secret_nothing_is_signed),
        cmocka_unit_test(the_signed_line_goes_first_and_alone_when_strict),
        cmocka_unit_test(each_of_ours_has_a_higher_number_over_any_restart),
        cmocka_unit_test(no_number_is_used_before_it_is_on_disk),
        cmocka_unit_test(numbers_are_reserved_before_they_run_out),
        cmocka_unit_test(a_signed_line_is_parsed_with_what_its_seal_is_over),
        cmocka_unit_test(a_signed_hello_counts_and_its_number_is_stored_with_what_it_changed),
        cmocka_unit_test(any_of_the_keys_is_believed_and_no_other),
        cmocka_unit_test(a_letter_that_differs_anywhere_spoils_it),
        cmocka_unit_test(what_was_said_before_is_nothing_new),
        cmocka_unit_test(a_replay_says_nothing_new_after_a_crash),
        cmocka_unit_test(who_is_gone_does_not_come_back_by_a_replay),
        cmocka_unit_test(strict_takes_nothing_that_is_not_signed),
        cmocka_unit_test(strict_tells_nothing_of_what_came_signed_too),
        cmocka_unit_test(permissive_believes_who_never_signed_and_says_so_once),
        cmocka_unit_test(nobody_speaks_unsigned_for_one_that_signs),
        cmocka_unit_test(who_signed_before_a_restart_is_not_spoken_for_after_it),
        cmocka_unit_test(a_group_without_a_secret_moves_nobody_who_signs_elsewhere),
        cmocka_unit_test(without_a_secret_signed_lines_are_as_if_not_there),
        cmocka_unit_test(a_group_can_have_a_secret_and_a_policy_of_its_own),
        cmocka_unit_test(a_strict_policy_that_comes_later_drops_nobody),
        cmocka_unit_test(the_number_of_one_that_says_nothing_new_is_stored_at_times),
        cmocka_unit_test(epochs_out_of_reach_are_refused_with_the_whole_hello),
        cmocka_unit_test(a_signed_hello_that_waits_for_a_name_counts_when_it_resolves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
