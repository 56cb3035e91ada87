/* What one client does to connections, its own and others': KILL, PAUSE, REPLY, NO-EVICT. */
#include "tests/unit/answer.h"

#include "sentinel/command/session.h"

#include <stdio.h>

static struct session *session_of(const struct desk *d, uint64_t client) {
    return server_session(d->server, (struct client_id){ .value = client });
}

static bool is_alive(const struct desk *d, uint64_t client) {
    return session_of(d, client)->state == SESSION_OPEN;
}

/* ---- KILL ---- */

static void kill_ends_those_that_pass_every_filter(void **state) {
    struct desk *d = *state;
    desk_open(d, 3);
    desk_open(d, 4);
    desk_ask(d, 2, "SUBSCRIBE a");
    desk_ask(d, 3, "SUBSCRIBE a");
    assert_answer(d, 1, "CLIENT KILL ID 3 TYPE normal", ":\"0\"");
    assert_answer(d, 1, "CLIENT KILL ID 3 TYPE pubsub USER default ADDR 10.0.0.9:40000", ":\"1\"");
    assert_int_equal(d->hung_up, 3);
    assert_answer(d, 1, "CLIENT KILL ADDR 10.0.0.9:40000 LADDR 127.0.0.1:28450", ":\"2\"");
    assert_true(is_alive(d, 1));
    assert_false(is_alive(d, 2));
    assert_false(is_alive(d, 4));
    /* The end of those is not told yet, but nobody counts them. */
    assert_answer(d, 1, "CLIENT KILL TYPE normal", ":\"0\"");
    assert_answer(d, 1, "CLIENT LIST ID 2 3 4", "$\"\"");
}

static void who_kills_itself_gets_its_answer(void **state) {
    struct desk *d = *state;
    assert_answer(d, 2, "CLIENT KILL ID 2 SKIPME no", ":\"1\"");
    assert_int_equal(d->hung_up, 2);
    assert_answer(d, 1, "CLIENT KILL 10.0.0.9:40000", "+\"OK\"");
    assert_int_equal(d->hung_up, 1);
    assert_false(is_alive(d, 1));
}

static void kill_refuses_what_is_no_filter(void **state) {
    static const struct {
        const char *words, *reply;
    } cases[] = {
        { "1.2.3.4:5", "-\"ERR No such client\"" },
        { "ID x", "-\"ERR client-id should be greater than 0\"" },
        { "ID 0", "-\"ERR client-id should be greater than 0\"" },
        { "TYPE x", "-\"ERR Unknown client type 'x'\"" },
        { "USER bob", "-\"ERR No such user 'bob'\"" },
        { "SKIPME perhaps", "-\"ERR syntax error\"" },
        { "ID 1 TYPE", "-\"ERR syntax error\"" },
        { "MAXAGE 1", "-\"ERR syntax error\"" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[64];
        snprintf(line, sizeof(line), "CLIENT KILL %s", cases[i].words);
        assert_answer(d, 1, line, cases[i].reply);
    }
    assert_true(is_alive(d, 1));
    assert_true(is_alive(d, 2));
}

static void valkey_kills_by_age(void **state) {
    struct desk *d = *state;
    d->core->settings.compat = COMPAT_VALKEY;
    desk_pass(d, 10000);
    desk_open(d, 3);
    assert_answer(d, 1, "CLIENT KILL MAXAGE 0", "-\"ERR maxage should be greater than 0\"");
    assert_answer(
        d, 1, "CLIENT KILL MAXAGE x", "-\"ERR maxage is not an integer or out of range\"");
    assert_answer(d, 1, "CLIENT KILL MAXAGE 10", ":\"1\"");
    assert_true(is_alive(d, 3));
    assert_false(is_alive(d, 2));
}

/* Two wait for the disk, and the first of them has a KILL of the second behind its change. */
static void a_kill_may_end_others_that_wait_for_a_write(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    d->core->settings.limits.max[LIMIT_PARKED_REPLIES] = 1;
    uint64_t seq = d->core->persist_seq;
    desk_send(
        d, 1, SLICE_LITERAL("SENTINEL SET mymaster quorum 3\r\nCLIENT KILL ID 2\r\nPING\r\n"));
    desk_ask(d, 2, "SENTINEL SET mymaster quorum 2");
    assert_replies(desk_durable(d, 1, seq + 2), "+\"OK\" :\"1\" +\"PONG\"");
    assert_int_equal(d->hung_up, 2);
}

/* ---- PAUSE ---- */

static void a_pause_of_all_postpones_every_command(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT PAUSE 100", "+\"OK\"");
    assert_answer(d, 2, "PING 1", "");
    assert_answer(d, 2, "PING 2", "");
    assert_answer(d, 1, "CLIENT UNPAUSE", "");
    assert_int_equal(server_deadline(d->server), d->now.mono_ms + 100);
    /* What is refused is refused at once. */
    desk_open(d, 3);
    assert_answer(d, 3, "NOSUCH", "-\"ERR unknown command 'NOSUCH', with args beginning with: \"");
    desk_pass(d, 99);
    assert_replies(desk_timer(d, 2), "");
    desk_pass(d, 1);
    desk_timer(d, 2);
    desk_pass(d, 1);
    assert_replies(desk_timer(d, 2), "$\"1\" $\"2\"");
    assert_int_equal(server_deadline(d->server), TSTAMP_NEVER);
}

static void a_pause_of_writes_postpones_publish(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT PAUSE 100 WRITE", "+\"OK\"");
    assert_answer(d, 2, "PUBLISH __sentinel__:hello x", "");
    struct slice list = desk_ask(d, 1, "CLIENT LIST ID 2");
    assert_true(slice_contains(list, SLICE_LITERAL(" flags=b ")));
    assert_answer(d, 1, "CLIENT UNPAUSE", "+\"OK\"");
    desk_pass(d, 1);
    assert_replies(desk_timer(d, 2), ":\"1\"");
}

static void a_pause_is_only_made_longer(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "CLIENT PAUSE 100 WRITE");
    desk_ask(d, 1, "CLIENT PAUSE 10 ALL");
    assert_answer(d, 1, "PING", "");
    desk_pass(d, 50);
    assert_replies(desk_timer(d, 1), "");
    desk_pass(d, 50);
    desk_timer(d, 1);
    desk_pass(d, 1);
    assert_replies(desk_timer(d, 1), "+\"PONG\"");
    desk_ask(d, 1, "CLIENT PAUSE 0");
    assert_answer(d, 1, "PING", "+\"PONG\"");
}

static void pause_and_unblock_check_their_words(void **state) {
    static const struct {
        const char *line, *reply;
    } cases[] = {
        { "CLIENT PAUSE x", "-\"ERR timeout is not an integer or out of range\"" },
        { "CLIENT PAUSE -1", "-\"ERR timeout is negative\"" },
        { "CLIENT PAUSE 9223372036854775807", "-\"ERR timeout is out of range\"" },
        { "CLIENT PAUSE x y", "-\"ERR CLIENT PAUSE mode must be WRITE or ALL\"" },
        { "CLIENT PAUSE 1 ALL x",
            "-\"ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT "
            "HELP.\"" },
        { "CLIENT UNBLOCK 1", ":\"0\"" },
        { "CLIENT UNBLOCK 1 error", ":\"0\"" },
        { "CLIENT UNBLOCK x", "-\"ERR value is not an integer or out of range\"" },
        { "CLIENT UNBLOCK x y", "-\"ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\"" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_answer(d, 1, cases[i].line, cases[i].reply);
    assert_false(server_is_paused(d->server));
}

/* ---- REPLY ---- */

static void replies_are_switched_off_and_on(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT REPLY off", "");
    assert_answer(d, 1, "PING", "");
    assert_answer(d, 1, "NOSUCH", "");
    assert_answer(d, 1, "CLIENT REPLY skip", "");
    assert_answer(d, 1, "SENTINEL SET mymaster quorum 3", "");
    assert_int_equal(d->group->settings.quorum, 3);
    assert_answer(d, 1, "CLIENT REPLY on", "+\"OK\"");
    assert_answer(d, 1, "CLIENT REPLY perhaps", "-\"ERR syntax error\"");
}

static void one_reply_is_skipped(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT REPLY skip", "");
    assert_answer(d, 1, "PING", "");
    assert_answer(d, 1, "PING", "+\"PONG\"");
    assert_answer(d, 1, "CLIENT REPLY skip", "");
    assert_answer(d, 1, "CLIENT REPLY skip", "");
    assert_answer(d, 1, "PING", "");
    assert_answer(d, 1, "PING", "+\"PONG\"");
}

static void messages_come_all_the_same(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "CLIENT REPLY off");
    assert_answer(d, 1, "SUBSCRIBE a", "*[$\"subscribe\" $\"a\" :\"1\"]");
    assert_replies(desk_publish(d, 1, "a", "x"), "*[$\"message\" $\"a\" $\"x\"]");
    assert_answer(d, 1, "PING", "");
    assert_answer(d, 1, "*x", "");
    assert_int_equal(d->hung_up, 1);
}

/* ---- NO-EVICT ---- */

static void the_protected_are_shed_last(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_CLIENT_MEMORY] = 1000;
    assert_answer(d, 1, "CLIENT NO-EVICT perhaps", "-\"ERR syntax error\"");
    assert_answer(d, 1, "CLIENT NO-EVICT on", "+\"OK\"");
    assert_true(slice_contains(desk_ask(d, 1, "CLIENT INFO"), SLICE_LITERAL(" flags=e ")));
    desk_ask(d, 2, "SUBSCRIBE a");
    desk_ask(d, 1, "SUBSCRIBE a b c");
    assert_int_equal(d->hung_up, 2);
    desk_ask(d, 1, "SUBSCRIBE d e f");
    assert_int_equal(d->hung_up, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(kill_ends_those_that_pass_every_filter),
        DESK_TEST(who_kills_itself_gets_its_answer),
        DESK_TEST(kill_refuses_what_is_no_filter),
        DESK_TEST(valkey_kills_by_age),
        DESK_TEST(a_kill_may_end_others_that_wait_for_a_write),
        DESK_TEST(a_pause_of_all_postpones_every_command),
        DESK_TEST(a_pause_of_writes_postpones_publish),
        DESK_TEST(a_pause_is_only_made_longer),
        DESK_TEST(pause_and_unblock_check_their_words),
        DESK_TEST(replies_are_switched_off_and_on),
        DESK_TEST(one_reply_is_skipped),
        DESK_TEST(messages_come_all_the_same),
        DESK_TEST(the_protected_are_shed_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
