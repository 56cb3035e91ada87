#include "tests/unit/answer.h"

#include "config/diag.h"

#include <stdio.h>
#include <string.h>

#define WRONGPASS "-\"WRONGPASS invalid username-password pair or user is disabled.\""
#define NOAUTH    "-\"NOAUTH Authentication required.\""
#define OK        "+\"OK\""

/* The last one that was. */
static bool is_hung_up(const struct desk *d, uint64_t client) {
    return d->hung_up == client;
}

/* ---- logging in ---- */

static void without_a_password_anybody_is_the_default_user(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL WHOAMI", "$\"default\"");
    assert_answer(d, 1, "AUTH default x", OK);
    assert_answer(d, 1, "AUTH x",
        "-\"ERR AUTH <password> called without any password configured for the default user. Are "
        "you sure your configuration is correct?\"");
    assert_answer(d, 1, "AUTH nobody x", WRONGPASS);
    assert_answer(d, 1, "AUTH a b c", "-\"ERR syntax error\"");
    assert_answer(d, 1, "AUTH", "-\"ERR wrong number of arguments for 'auth' command\"");
}

static void with_a_password_nothing_comes_before_it(void **state) {
    static const struct {
        const char *line, *answer;
    } cases[] = {
        { "PING", NOAUTH }, { "PING a b c", NOAUTH }, { "ACL WHOAMI", NOAUTH },
        { "SUBSCRIBE a", NOAUTH },
        { "NOCMD", "-\"ERR unknown command 'NOCMD', with args beginning with: \"" },
        { "SENTINEL foo", "-\"ERR unknown subcommand 'foo'. Try SENTINEL HELP.\"" },
        { "SENTINEL master", "-\"ERR wrong number of arguments for 'sentinel|master' command\"" },
        { "HELLO x", "-\"ERR Protocol version is not an integer or out of range\"" },
        { "HELLO 4", "-\"NOPROTO unsupported protocol version\"" },
        { "HELLO 2 FOO", "-\"ERR Syntax error in HELLO option 'FOO'\"" },
        { "HELLO 2 AUTH bob", "-\"ERR Syntax error in HELLO option 'AUTH'\"" },
        { "HELLO 2 AUTH bob x", WRONGPASS },
        { "HELLO 3 SETNAME me",
            "-\"NOAUTH HELLO must be called with the client already authenticated, otherwise the "
            "HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and "
            "select the RESP protocol version at the same time\"" },
        { "AUTH x", WRONGPASS }, { "AUTH default x", WRONGPASS }, { "PING", NOAUTH },
        { "AUTH secret", OK }, { "PING", "+\"PONG\"" }, { "CLIENT GETNAME", "$null" },
        { "AUTH wrong", WRONGPASS }, { "ACL WHOAMI", "$\"default\"" }, /* and stays who it is */
    };
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER default resetpass >secret", OK);
    desk_open(d, 3);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_answer(d, 3, cases[i].line, cases[i].answer);
    assert_answer(d, 2, "PING", "+\"PONG\""); /* was there before */
}

static void the_password_of_the_file_is_that_of_the_default_user(void **state) {
    struct desk d;
    desk_init(&d);
    server_free(d.server);
    secret_set(&d.core->settings.client_password, SLICE_LITERAL("sesame"));
    d.server = server_new(d.core, &d.facts);
    desk_open(&d, 1);
    desk_open(&d, 2);
    assert_answer(&d, 1, "PING", NOAUTH);
    assert_answer(&d, 1, "AUTH sesame", OK);

    /* A reload brings another; who is in stays in. */
    secret_set(&d.core->settings.client_password, SLICE_LITERAL("changed"));
    server_reload(d.server);
    assert_answer(&d, 2, "AUTH sesame", WRONGPASS);
    assert_answer(&d, 2, "AUTH changed", OK);
    assert_answer(&d, 1, "PING", "+\"PONG\"");
    secret_set(&d.core->settings.client_password, SLICE_EMPTY);
    server_reload(d.server);
    desk_open(&d, 3);
    assert_answer(&d, 3, "PING", "+\"PONG\"");
    desk_fini(&d);
}

static void protected_mode_keeps_others_out_while_there_is_no_password(void **state) {
    struct desk *d = *state;
    d->core->settings.protected_mode = true;
    assert_slice(desk_open_from(d, 3, "127.0.0.9"), "");
    assert_slice(desk_open_from(d, 4, "::1"), "");
    assert_true(slice_starts_with(
        desk_open_from(d, 5, "192.0.2.1"), "-DENIED Redis is running in protected mode because "));
    assert_int_equal(d->hung_up, 5);
    assert_answer(d, 3, "PING", "+\"PONG\"");
    assert_answer(d, 1, "PING", "+\"PONG\""); /* was there before */
    assert_answer(d, 3, "ACL SETUSER default >pw", OK);
    assert_slice(desk_open_from(d, 6, "192.0.2.1"), "");
    assert_answer(d, 6, "AUTH pw", OK);
}

static void hello_logs_in_and_is_done_whole_or_not_at_all(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on >pw +@all", OK);
    assert_answer(d, 2, "HELLO 3 AUTH bob wrong SETNAME me", WRONGPASS);
    assert_answer(d, 2, "CLIENT GETNAME", "$null"); /* RESP2 still */
    assert_answer(d, 2, "HELLO 3 AUTH bob pw SETNAME 'a b'",
        "-\"ERR Client names cannot contain spaces, newlines or special characters.\"");
    assert_answer(d, 2, "ACL WHOAMI", "$\"default\"");
    assert_answer(d, 2, "HELLO 3 AUTH bob pw SETNAME me",
        "%[$\"server\" $\"redis\" $\"version\" # $\"proto\" :\"3\" $\"id\" # $\"mode\" "
        "$\"sentinel\" $\"modules\" *[]]");
    assert_answer(d, 2, "ACL WHOAMI", "$\"bob\"");
    assert_answer(d, 2, "CLIENT GETNAME", "$\"me\"");
    assert_true(slice_contains(desk_ask(d, 2, "CLIENT LIST ID 2"), SLICE_LITERAL(" user=bob ")));
}

static void a_disabled_user_stays_but_comes_in_no_more(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on >pw +@all", OK);
    assert_answer(d, 2, "AUTH bob pw", OK);
    assert_answer(d, 1, "ACL SETUSER bob off", OK);
    assert_answer(d, 2, "PING", "+\"PONG\"");
    assert_answer(d, 2, "AUTH bob pw", WRONGPASS);
}

/* Not logged in is not logged out: a client that came in while the default user had no password is
 * in, and one that did not is let in when it has none again. */
static void a_disabled_default_user_bars_new_clients(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER default off", OK);
    assert_answer(d, 1, "PING", "+\"PONG\"");
    desk_open(d, 3);
    assert_answer(d, 3, "PING", NOAUTH);
    assert_answer(d, 1, "ACL SETUSER default on", OK);
    assert_answer(d, 3, "PING", "+\"PONG\"");
}

/* ---- users of the configuration ---- */

static void say_user(struct settings *s, const char *name, const char *rules) {
    users_set(&s->users, slice_of(name), slice_of(rules));
}

static void users_of_the_file_are_there_and_follow_it(void **state) {
    struct desk d;
    desk_init(&d);
    server_free(d.server);
    struct settings *s = &d.core->settings;
    say_user(s, "bob", "on >pw +@all &a");
    say_user(s, "al", "on nopass +ping");
    d.server = server_new(d.core, &d.facts);
    for (uint64_t client = 1; client <= 3; client++)
        desk_open(&d, client);
    assert_answer(&d, 1, "ACL USERS", "*[$\"al\" $\"bob\" $\"default\"]");
    assert_answer(&d, 2, "AUTH bob pw", OK);
    assert_answer(&d, 2, "SUBSCRIBE a", "*[$\"subscribe\" $\"a\" :\"1\"]");
    assert_answer(&d, 3, "AUTH al x", OK);

    say_user(s, "bob", "on >pw +@all -role &a"); /* a reload: bob loses a right */
    server_reload(d.server);
    assert_answer(
        &d, 1, "ACL DRYRUN bob role", "$\"User bob has no permissions to run the 'role' command\"");
    assert_int_equal(d.hung_up, 0);
    users_remove(&s->users, SLICE_LITERAL("al"));
    server_reload(d.server);
    assert_answer(&d, 1, "ACL USERS", "*[$\"bob\" $\"default\"]");
    assert_int_equal(d.hung_up, 3);
    say_user(s, "bob", "on >pw +@all &b");
    server_reload(d.server);
    assert_answer(&d, 1, "PING", "+\"PONG\"");
    assert_int_equal(d.hung_up, 2);
    desk_fini(&d);
}

static void what_is_changed_at_runtime_is_kept(void **state) {
    struct desk *d = *state;
    struct users *users = &d->core->settings.users;
    d->store_waits = true;
    assert_slice(desk_ask(d, 1, "ACL SETUSER bob on nopass +ping"), "");
    assert_answer(d, 2, "AUTH bob x", OK); /* in force, and not told yet */
    assert_replies(desk_durable(d, 1, d->core->persist_seq), OK);
    assert_slice(secret_reveal(&users_find(users, SLICE_LITERAL("bob"))->rules),
        "on nopass sanitize-payload resetchannels -@all +ping");
    assert_slice(desk_ask(d, 1, "ACL DELUSER bob"), "");
    assert_null(users_find(users, SLICE_LITERAL("bob")));
    assert_replies(desk_failed(d, 1, d->core->persist_seq),
        "-\"ERR Failed to save config file. Check server logs.\"");
}

static void with_an_acl_file_nothing_is_kept_but_by_saving_it(void **state) {
    struct desk d;
    desk_init(&d);
    server_free(d.server);
    struct settings *s = &d.core->settings;
    s->acl_file = slice_dup(SLICE_LITERAL("/etc/users.acl"));
    secret_set(&s->client_password, SLICE_LITERAL("ignored"));
    secret_set(&s->users.file_text, SLICE_LITERAL("user bob on nopass +@all\n"));
    d.server = server_new(d.core, &d.facts);
    desk_open(&d, 1);
    assert_answer(&d, 1, "ACL USERS", "*[$\"bob\" $\"default\"]");
    d.store_waits = true;
    assert_answer(&d, 1, "ACL SETUSER al", OK); /* rests on nothing */
    assert_int_equal(s->users.count, 0);
    server_reload(d.server); /* the file says what it said */
    assert_answer(&d, 1, "ACL USERS", "*[$\"al\" $\"bob\" $\"default\"]");
    secret_set(&s->users.file_text, SLICE_LITERAL("user joe off\n"));
    server_reload(d.server);
    assert_answer(&d, 1, "ACL USERS", "*[$\"default\" $\"joe\"]");
    desk_fini(&d);
}

static void what_makes_no_user_is_found(void **state) {
    static const struct {
        const char *name, *rules, *finding;
    } cases[] = {
        { "bob", "on foo", "f:3:5: Error in user declaration 'bob': Syntax error\n" },
        { "bob", "+nocmd",
            "f:3:5: Error in user declaration 'bob': Unknown command or category name in ACL: +nocmd\n" },
        { "bob", "<secret",
            "f:3:5: Error in user declaration 'bob': The password you are trying to remove from the user does not exist\n" },
        { "bob", "on (+ping",
            "f:3:5: Error in user declaration 'bob': Unmatched parenthesis in acl selector starting at '(+ping'.\n" },
        { "b c", "on",
            "f:3:5: Error in user declaration 'b c': Spaces not allowed in ACL usernames\n" },
        { "bob", "on (+ping ~x)", "" },
        { "default", "off", "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct settings s;
        struct diag diag;
        struct buf found = BUF_INIT;
        settings_init(&s);
        diag_init(&diag, "f");
        say_user(&s, cases[i].name, cases[i].rules);
        s.users.items[0].line = 3;
        s.users.items[0].column = 5;
        access_check(&s, &diag);
        diag_print(&diag, &found);
        assert_slice(buf_slice(&found), cases[i].finding);
        buf_fini(&found);
        diag_fini(&diag);
        settings_fini(&s);
    }
}

/* ---- rights ---- */

static void what_is_not_allowed_is_refused(void **state) {
    static const struct {
        const char *line, *answer;
    } cases[] = {
        { "PING", "+\"PONG\"" },
        { "INFO", "-\"NOPERM User bob has no permissions to run the 'info' command\"" },
        { "SENTINEL masters",
            "-\"NOPERM User bob has no permissions to run the 'sentinel|masters' command\"" },
        { "SENTINEL foo", "-\"ERR unknown subcommand 'foo'. Try SENTINEL HELP.\"" },
        { "SENTINEL", "-\"ERR wrong number of arguments for 'sentinel' command\"" },
        { "ROLE x", "-\"ERR wrong number of arguments for 'role' command\"" },
        { "SUBSCRIBE +sdown x", "-\"NOPERM No permissions to access a channel\"" },
        { "SUBSCRIBE +sdown", "*[$\"subscribe\" $\"+sdown\" :\"1\"]" },
        { "PSUBSCRIBE *", "-\"NOPERM No permissions to access a channel\"" },
        { "PSUBSCRIBE +*", "*[$\"psubscribe\" $\"+*\" :\"2\"]" },
        { "PUBLISH __sentinel__:hello x", "-\"NOPERM No permissions to access a channel\"" },
        { "INFO", "-\"NOPERM User bob has no permissions to run the 'info' command\"" },
        { "CLIENT ID",
            "-\"ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE "
            "/ PING / QUIT / RESET are allowed in this context\"" },
        { "UNSUBSCRIBE", "*[$\"unsubscribe\" $\"+sdown\" :\"1\"]" },
    };
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on nopass +@all -@dangerous &+*", OK);
    assert_answer(d, 2, "AUTH bob x", OK);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_answer(d, 2, cases[i].line, cases[i].answer);
}

/* Source: spec 16.1. */
static void a_restricted_user_has_all_that_clients_need(void **state) {
    static const char *const allowed[] = { "AUTH app pw", "CLIENT GETNAME", "CLIENT ID",
        "CLIENT SETNAME me", "COMMAND", "HELLO 2", "PING", "ROLE",
        "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", "SENTINEL MASTER mymaster", "SENTINEL MYID",
        "SENTINEL REPLICAS mymaster", "SENTINEL SENTINELS mymaster" };
    static const char *const refused[] = { "CLIENT LIST", "INFO", "ACL LIST", "SHUTDOWN",
        "SENTINEL MASTERS", "SENTINEL SLAVES mymaster", "SENTINEL FAILOVER mymaster",
        "SENTINEL SET mymaster quorum 1", "SUBSCRIBE +switch-master", "CLIENT SETINFO LIB-NAME x" };
    struct desk *d = *state;
    assert_answer(d, 1,
        "ACL SETUSER app on >pw +auth +client|getname +client|id +client|setname +command +hello "
        "+ping +role +sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid "
        "+sentinel|replicas +sentinel|sentinels",
        OK);
    desk_ask(d, 2, "AUTH app pw");
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        assert_false(slice_starts_with(desk_ask(d, 2, allowed[i]), "-"));
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        assert_true(slice_starts_with(desk_ask(d, 2, refused[i]), "-NOPERM "));
}

/* ---- users that change under their clients ---- */

static void listeners_are_hung_up_when_they_may_listen_no_more(void **state) {
    static const struct {
        const char *rules;
        bool hung_up;
    } cases[] = {
        { "off", false },
        { "on -@all", false },
        { "&c", false },
        { "resetchannels &a1", false },
        { "resetchannels &a*", false },
        { "resetchannels (allchannels)", false },
        { "clearselectors resetchannels &b*", true },
    };
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on nopass +@all &a* &b", OK);
    assert_answer(d, 2, "AUTH bob x", OK);
    desk_open(d, 3);
    assert_answer(d, 3, "AUTH bob x", OK);
    assert_answer(d, 2, "SUBSCRIBE a1 a2",
        "*[$\"subscribe\" $\"a1\" :\"1\"] *[$\"subscribe\" $\"a2\" :\"2\"]");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[128];
        if (strcmp(cases[i].rules, "resetchannels &a1") == 0)
            assert_answer(d, 2, "UNSUBSCRIBE a2", "*[$\"unsubscribe\" $\"a2\" :\"1\"]");
        snprintf(line, sizeof(line), "ACL SETUSER bob on +@all %s", cases[i].rules);
        assert_answer(d, 1, line, OK);
        assert_int_equal(d->hung_up, cases[i].hung_up ? 2 : 0); /* 3 listens to nothing */
    }
}

static void patterns_must_be_allowed_letter_by_letter(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on nopass +@all &*", OK);
    assert_answer(d, 2, "AUTH bob x", OK);
    assert_answer(d, 2, "PSUBSCRIBE a1*", "*[$\"psubscribe\" $\"a1*\" :\"1\"]");
    assert_answer(d, 1, "ACL SETUSER bob resetchannels &a1* &b", OK);
    assert_false(is_hung_up(d, 2));
    assert_answer(d, 1, "ACL SETUSER bob resetchannels &a*", OK);
    assert_true(is_hung_up(d, 2));
}

static void clients_of_a_removed_user_are_hung_up(void **state) {
    struct desk *d = *state;
    desk_open(d, 3);
    assert_answer(d, 1, "ACL SETUSER bob on nopass +@all allchannels", OK);
    assert_answer(d, 1, "ACL SETUSER al on nopass +@all", OK);
    assert_answer(d, 2, "AUTH bob x", OK);
    assert_answer(d, 2, "SUBSCRIBE a", "*[$\"subscribe\" $\"a\" :\"1\"]");
    assert_answer(d, 3, "AUTH al x", OK);
    assert_answer(d, 1, "ACL DELUSER bob nobody", ":\"1\"");
    assert_true(is_hung_up(d, 2));
    assert_false(is_hung_up(d, 3));
    desk_close(d, 2);

    /* Whoever removes itself is told so before. */
    assert_answer(d, 3, "ACL DELUSER bob al", ":\"1\"");
    assert_true(is_hung_up(d, 3));
    assert_answer(d, 1, "ACL USERS", "*[$\"default\"]");
}

/* ---- the log of refusals ---- */

static void refusals_are_logged_newest_first(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on >pw +ping +subscribe", OK);
    desk_ask(d, 2, "AUTH bob wrong");
    desk_ask(d, 2, "AUTH bob pw");
    desk_ask(d, 2, "INFO");
    desk_pass(d, 1500);
    desk_ask(d, 2, "SUBSCRIBE chan");
    desk_pass(d, 250);
    assert_answer(d, 1, "ACL LOG",
        "*[*[$\"count\" :\"1\" $\"reason\" $\"channel\" $\"context\" $\"toplevel\" $\"object\" "
        "$\"chan\" $\"username\" $\"bob\" $\"age-seconds\" $\"0.25\" $\"client-info\" # "
        "$\"entry-id\" :\"2\" $\"timestamp-created\" :\"1700000001500\" "
        "$\"timestamp-last-updated\" :\"1700000001500\"] "
        "*[$\"count\" :\"1\" $\"reason\" $\"command\" $\"context\" $\"toplevel\" $\"object\" "
        "$\"info\" $\"username\" $\"bob\" $\"age-seconds\" $\"1.75\" $\"client-info\" # "
        "$\"entry-id\" :\"1\" $\"timestamp-created\" :\"1700000000000\" "
        "$\"timestamp-last-updated\" :\"1700000000000\"] "
        "*[$\"count\" :\"1\" $\"reason\" $\"auth\" $\"context\" $\"toplevel\" $\"object\" "
        "$\"AUTH\" $\"username\" $\"bob\" $\"age-seconds\" $\"1.75\" $\"client-info\" # "
        "$\"entry-id\" :\"0\" $\"timestamp-created\" :\"1700000000000\" "
        "$\"timestamp-last-updated\" :\"1700000000000\"]]");
    struct slice log = desk_ask(d, 1, "ACL LOG 1");
    assert_true(slice_contains(log, SLICE_LITERAL("\r\nid=2 addr=10.0.0.9:40000 laddr=")));
    assert_true(slice_contains(log, SLICE_LITERAL(" cmd=subscribe user=bob ")));
    desk_ask(d, 1, "HELLO 3");
    assert_true(
        slice_starts_with(desk_ask(d, 1, "ACL LOG 1"), "*1\r\n%10\r\n$5\r\ncount\r\n:1\r\n"));
    assert_true(slice_contains(desk_ask(d, 1, "ACL LOG 1"), SLICE_LITERAL("\r\n,0.25\r\n")));
}

static void equal_refusals_of_a_minute_are_one(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on nopass +ping", OK);
    desk_ask(d, 2, "AUTH bob x");
    desk_ask(d, 2, "INFO");
    desk_ask(d, 2, "ROLE");
    desk_pass(d, 60000);
    desk_ask(d, 2, "INFO");
    assert_true(slice_starts_with(desk_ask(d, 1, "ACL LOG"), "*2\r\n*20\r\n$5\r\ncount\r\n:2\r\n"));
    desk_pass(d, 60001);
    desk_ask(d, 2, "INFO");
    assert_true(slice_starts_with(desk_ask(d, 1, "ACL LOG"), "*3\r\n*20\r\n$5\r\ncount\r\n:1\r\n"));
}

static void the_log_is_bounded(void **state) {
    struct desk *d = *state;
    for (int i = 0; i < 148; i++) {
        char line[32];
        snprintf(line, sizeof(line), "AUTH user%d x", i);
        assert_answer(d, 2, line, WRONGPASS);
    }
    assert_true(slice_starts_with(desk_ask(d, 1, "ACL LOG 1000"), "*128\r\n"));
    assert_true(slice_starts_with(desk_ask(d, 1, "ACL LOG"), "*10\r\n"));
    assert_true(slice_starts_with(desk_ask(d, 1, "ACL LOG 3"), "*3\r\n"));
    assert_answer(d, 1, "ACL LOG 0", "*[]");
    assert_answer(d, 1, "ACL LOG -1", "*[]");
    assert_answer(d, 1, "ACL LOG x", "-\"ERR value is not an integer or out of range\"");
    assert_answer(d, 1, "ACL LOG RESET 1",
        "-\"ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.\"");
    assert_answer(d, 1, "ACL LOG reset", OK);
    assert_answer(d, 1, "ACL LOG", "*[]");
}

static void names_in_the_log_are_cut(void **state) {
    struct desk *d = *state;
    struct buf line = BUF_INIT;
    buf_add_text(&line, "AUTH ");
    for (int i = 0; i < 5000; i++)
        buf_add_char(&line, 'n');
    buf_add_text(&line, " x");
    assert_answer(d, 2, buf_text(&line), WRONGPASS);
    assert_true(slice_contains(desk_ask(d, 1, "ACL LOG"), SLICE_LITERAL("\r\n$1024\r\nnnnn")));
    buf_fini(&line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(without_a_password_anybody_is_the_default_user),
        DESK_TEST(with_a_password_nothing_comes_before_it),
        cmocka_unit_test(the_password_of_the_file_is_that_of_the_default_user),
        DESK_TEST(protected_mode_keeps_others_out_while_there_is_no_password),
        DESK_TEST(hello_logs_in_and_is_done_whole_or_not_at_all),
        DESK_TEST(a_disabled_user_stays_but_comes_in_no_more),
        DESK_TEST(a_disabled_default_user_bars_new_clients),
        cmocka_unit_test(users_of_the_file_are_there_and_follow_it),
        DESK_TEST(what_is_changed_at_runtime_is_kept),
        cmocka_unit_test(with_an_acl_file_nothing_is_kept_but_by_saving_it),
        cmocka_unit_test(what_makes_no_user_is_found),
        DESK_TEST(what_is_not_allowed_is_refused),
        DESK_TEST(a_restricted_user_has_all_that_clients_need),
        DESK_TEST(listeners_are_hung_up_when_they_may_listen_no_more),
        DESK_TEST(patterns_must_be_allowed_letter_by_letter),
        DESK_TEST(clients_of_a_removed_user_are_hung_up),
        DESK_TEST(refusals_are_logged_newest_first),
        DESK_TEST(equal_refusals_of_a_minute_are_one),
        DESK_TEST(the_log_is_bounded),
        DESK_TEST(names_in_the_log_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
