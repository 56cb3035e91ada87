#include "tests/unit/answer.h"

#define OK "+\"OK\""

static void users_are_told_in_the_order_of_their_names(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER zoe", OK);
    assert_answer(d, 1, "ACL SETUSER Al on", OK);
    assert_answer(d, 1, "ACL USERS", "*[$\"Al\" $\"default\" $\"zoe\"]");
    assert_answer(d, 1, "ACL LIST",
        "*[$\"user Al on sanitize-payload resetchannels -@all\" "
        "$\"user default on nopass sanitize-payload ~* &* +@all\" "
        "$\"user zoe off sanitize-payload resetchannels -@all\"]");
}

static void a_user_is_told_in_both_versions_of_resp(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob on >pw ~k %R~r &c +ping (~x &y +role)", OK);
    assert_answer(d, 1, "ACL GETUSER bob",
        "*[$\"flags\" *[$\"on\" $\"sanitize-payload\"] $\"passwords\" "
        "*[$\"30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4\"] "
        "$\"commands\" $\"-@all +ping\" $\"keys\" $\"~k %R~r\" $\"channels\" $\"&c\" "
        "$\"selectors\" *[*[$\"commands\" $\"-@all +role\" $\"keys\" $\"~x\" $\"channels\" "
        "$\"&y\"]]]");
    desk_ask(d, 1, "HELLO 3");
    assert_answer(d, 1, "ACL GETUSER bob",
        "%[$\"flags\" ~[$\"on\" $\"sanitize-payload\"] $\"passwords\" "
        "*[$\"30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4\"] "
        "$\"commands\" $\"-@all +ping\" $\"keys\" $\"~k %R~r\" $\"channels\" $\"&c\" "
        "$\"selectors\" *[%[$\"commands\" $\"-@all +role\" $\"keys\" $\"~x\" $\"channels\" "
        "$\"&y\"]]]");
    assert_answer(d, 1, "ACL GETUSER nobody", "_null");
    assert_answer(d, 2, "ACL GETUSER nobody", "$null");
}

static void valkey_tells_of_databases(void **state) {
    struct desk d;
    desk_init(&d);
    server_free(d.server);
    d.core->settings.compat = COMPAT_VALKEY;
    d.server = server_new(d.core, &d.facts);
    desk_open(&d, 1);
    assert_answer(&d, 1, "ACL SETUSER default (+ping)", OK);
    assert_answer(&d, 1, "ACL GETUSER default",
        "*[$\"flags\" *[$\"on\" $\"nopass\"] $\"passwords\" *[] $\"commands\" $\"+@all\" "
        "$\"keys\" $\"~*\" $\"channels\" $\"&*\" $\"databases\" $\"alldbs\" $\"selectors\" "
        "*[*[$\"commands\" $\"-@all +ping\" $\"keys\" $\"\" $\"channels\" $\"\" $\"databases\" "
        "$\"alldbs\"]]]");
    desk_fini(&d);
}

static void a_change_is_made_whole_or_not_at_all(void **state) {
    static const struct {
        const char *rules, *error;
    } cases[] = {
        { "on foo", "-\"ERR Error in ACL SETUSER modifier 'foo': Syntax error\"" },
        { "+nocmd",
            "-\"ERR Error in ACL SETUSER modifier '+nocmd': Unknown command or category "
            "name in ACL\"" },
        { "on #abc",
            "-\"ERR Error in ACL SETUSER modifier '#abc': The password hash must be "
            "exactly 64 characters and contain only lowercase hexadecimal characters\"" },
        { "<nopw",
            "-\"ERR Error in ACL SETUSER modifier '<nopw': The password you are trying to "
            "remove from the user does not exist\"" },
        { "~* ~a",
            "-\"ERR Error in ACL SETUSER modifier '~a': Adding a pattern after the * "
            "pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
            "Try 'resetkeys' to start with an empty list of patterns\"" },
        { "&* &a",
            "-\"ERR Error in ACL SETUSER modifier '&a': Adding a pattern after the * "
            "pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
            "Try 'resetchannels' to start with an empty list of channels\"" },
        { "+sentinel|masters|x",
            "-\"ERR Error in ACL SETUSER modifier '+sentinel|masters|x': "
            "Allowing first-arg of a subcommand is not supported\"" },
        { "(+ping foo bar)",
            "-\"ERR Error in ACL SETUSER modifier '(+ping foo bar)': Syntax error\"" },
        { "on (+ping", "-\"ERR Unmatched parenthesis in acl selector starting at '(+ping'.\"" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf line = BUF_INIT;
        buf_printf(&line, "ACL SETUSER bob %s", cases[i].rules);
        assert_answer(d, 1, buf_text(&line), cases[i].error);
        buf_fini(&line);
    }
    assert_answer(d, 1, "ACL USERS", "*[$\"default\"]");
    assert_answer(
        d, 1, "ACL SETUSER 'b c' on", "-\"ERR Usernames can't contain spaces or null characters\"");
    assert_answer(
        d, 1, "ACL SETUSER", "-\"ERR wrong number of arguments for 'acl|setuser' command\"");
    assert_answer(d, 1, "ACL SETUSER ''", OK);
}

static void the_default_user_cannot_be_removed(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob", OK);
    assert_answer(d, 1, "ACL DELUSER bob default", "-\"ERR The 'default' user cannot be removed\"");
    assert_answer(d, 1, "ACL DELUSER bob bob nobody", ":\"1\"");
}

static void categories_are_all_those_of_the_originals(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL CAT",
        "*[$\"keyspace\" $\"read\" $\"write\" $\"set\" $\"sortedset\" $\"list\" $\"hash\" "
        "$\"string\" $\"bitmap\" $\"hyperloglog\" $\"geo\" $\"stream\" $\"pubsub\" $\"admin\" "
        "$\"fast\" $\"slow\" $\"blocking\" $\"dangerous\" $\"connection\" $\"transaction\" "
        "$\"scripting\"]");
    assert_answer(d, 1, "ACL CAT PubSub",
        "*[$\"publish\" $\"subscribe\" $\"psubscribe\" $\"unsubscribe\" $\"punsubscribe\"]");
    assert_answer(d, 1, "ACL CAT keyspace", "*[]");
    assert_true(slice_contains(
        desk_ask(d, 1, "ACL CAT dangerous"), SLICE_LITERAL("\r\nsentinel|failover\r\n")));
    assert_answer(d, 1, "ACL CAT nosuch", "-\"ERR Unknown category 'nosuch'\"");
    assert_answer(d, 1, "ACL CAT a b",
        "-\"ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.\"");
}

static void a_dry_run_tells_what_would_be_refused(void **state) {
    static const struct {
        const char *request, *answer;
    } cases[] = {
        { "bob ping", OK },
        { "bob auth x", OK },
        { "bob sentinel masters",
            "$\"User bob has no permissions to run the 'sentinel|masters' command\"" },
        { "bob subscribe a x", "$\"User bob has no permissions to access the 'x' channel\"" },
        { "nobody ping", "-\"ERR User 'nobody' not found\"" },
        { "bob nocmd", "-\"ERR Command 'nocmd' not found\"" },
        { "bob sentinel foo", "-\"ERR Command 'sentinel' not found\"" },
        { "bob sentinel", "-\"ERR wrong number of arguments for 'sentinel' command\"" },
        { "bob sentinel master",
            "-\"ERR wrong number of arguments for 'sentinel|master' command\"" },
    };
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER bob +@all -sentinel &a", OK);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf line = BUF_INIT;
        buf_printf(&line, "ACL DRYRUN %s", cases[i].request);
        assert_answer(d, 1, buf_text(&line), cases[i].answer);
        buf_fini(&line);
    }
    assert_answer(d, 1, "ACL LOG", "*[]"); /* nothing was refused */
}

/* ---- what comes from outside ---- */

static const struct effect *effect_of(const struct desk *d, enum effect_kind kind) {
    for (size_t i = 0; i < d->out.count; i++) {
        if (d->out.items[i].kind == kind)
            return &d->out.items[i];
    }
    fail_msg("not asked for");
    return NULL;
}

#define NO_FILE(redis) \
    "-\"ERR This " redis "instance is not configured to use an ACL file. You may want to specify " \
    "users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a " redis \
    "configuration file set) in order to store users in the " redis "configuration.\""

static void without_an_acl_file_none_is_read_or_written(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL LOAD", NO_FILE("Redis "));
    assert_answer(d, 1, "ACL SAVE", NO_FILE("Redis "));
    d->core->settings.compat = COMPAT_VALKEY;
    assert_answer(d, 1, "ACL SAVE", NO_FILE(""));
}

static void the_acl_file_is_read_whole_or_not_at_all(void **state) {
    struct desk *d = *state;
    d->core->settings.acl_file = slice_dup(SLICE_LITERAL("/users.acl"));
    assert_answer(d, 1, "ACL SETUSER old on nopass +@all", OK);
    assert_answer(d, 2, "AUTH old x", OK);

    assert_slice(desk_ask(d, 1, "ACL LOAD"), "");
    assert_slice(effect_of(d, EFFECT_READ_FILE)->text, "/users.acl");
    assert_int_equal(effect_of(d, EFFECT_READ_FILE)->client.value, 1);
    struct input in = {
        .kind = INPUT_FILE_READ, .client = { 1 }, .bytes = SLICE_LITERAL("user a on\nuser b foo\n")
    };
    assert_replies(desk_take(d, 1, &in),
        "-\"ERR /users.acl:2: Syntax error. WARNING: ACL errors detected, no change to the "
        "previously active ACL rules was performed\"");
    assert_answer(d, 1, "ACL USERS", "*[$\"default\" $\"old\"]");

    assert_slice(desk_ask(d, 1, "ACL LOAD"), "");
    in.bytes = SLICE_EMPTY;
    in.why = SLICE_LITERAL("No such file or directory");
    assert_replies(desk_take(d, 1, &in),
        "-\"ERR Error loading ACLs, opening file '/users.acl': No such file or directory\"");
    assert_int_equal(d->hung_up, 0);

    assert_slice(desk_ask(d, 1, "ACL LOAD"), "");
    in.bytes = SLICE_LITERAL("user a on\n");
    in.why = SLICE_EMPTY;
    assert_replies(desk_take(d, 1, &in), OK);
    assert_answer(d, 1, "ACL USERS", "*[$\"a\" $\"default\"]"); /* still the default user */
    assert_int_equal(d->hung_up, 2);
}

static void who_loads_a_file_without_itself_is_told_before_it_is_hung_up(void **state) {
    struct desk *d = *state;
    d->core->settings.acl_file = slice_dup(SLICE_LITERAL("/users.acl"));
    assert_answer(d, 1, "ACL SETUSER bob on nopass +@all", OK);
    assert_answer(d, 2, "AUTH bob x", OK);
    assert_slice(desk_ask(d, 2, "ACL LOAD"), "");
    assert_replies(
        desk_take(d, 2, &(struct input){ .kind = INPUT_FILE_READ, .client = { 2 } }), OK);
    assert_int_equal(d->hung_up, 2);
}

static void users_are_saved_as_lines(void **state) {
    struct desk *d = *state;
    d->core->settings.acl_file = slice_dup(SLICE_LITERAL("/users.acl"));
    assert_answer(d, 1, "ACL SETUSER bob on nopass +ping", OK);
    assert_slice(desk_ask(d, 1, "ACL SAVE"), "");
    const struct effect *e = effect_of(d, EFFECT_WRITE_FILE);
    assert_slice(e->text, "/users.acl");
    assert_slice(e->bytes,
        "user bob on nopass sanitize-payload resetchannels -@all +ping\n"
        "user default on nopass sanitize-payload ~* &* +@all\n");
    struct input in = { .kind = INPUT_FILE_WRITTEN, .client = { 1 }, .why = SLICE_LITERAL("full") };
    assert_replies(desk_take(d, 1, &in),
        "-\"ERR There was an error trying to save the ACLs. Please check the server logs for more "
        "information\"");
    assert_slice(desk_ask(d, 1, "ACL SAVE\r\nPING"), ""); /* one after the other */
    in.why = SLICE_EMPTY;
    assert_replies(desk_take(d, 1, &in), OK " +\"PONG\"");
}

static void passwords_are_drawn_outside(void **state) {
    static const struct {
        const char *line, *password;
        uint64_t letters;
    } cases[] = {
        { "ACL GENPASS 5", "$\"01\"", 2 },
        { "ACL GENPASS 1", "$\"0\"", 1 },
        { "ACL GENPASS 12", "$\"01a\"", 3 },
        { "ACL GENPASS 13", "$\"01ab\"", 4 },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_slice(desk_ask(d, 1, cases[i].line), "");
        assert_int_equal(effect_of(d, EFFECT_DRAW)->tag, cases[i].letters);
        const struct input in = { .kind = INPUT_DRAWN,
            .client = { 1 },
            .tag = cases[i].letters,
            .bytes = SLICE_LITERAL("\x01\xab") };
        assert_replies(desk_take(d, 1, &in), cases[i].password);
    }
    assert_slice(desk_ask(d, 1, "ACL GENPASS"), "");
    assert_int_equal(effect_of(d, EFFECT_DRAW)->tag, 64);
    static const char range[] =
        "-\"ERR ACL GENPASS argument must be the number of bits for the output password, a "
        "positive number up to 4096\"";
    assert_answer(d, 2, "ACL GENPASS 0", range);
    assert_answer(d, 2, "ACL GENPASS 4097", range);
    assert_answer(d, 2, "ACL GENPASS x", "-\"ERR value is not an integer or out of range\"");
    assert_answer(d, 2, "ACL GENPASS 1 2",
        "-\"ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(users_are_told_in_the_order_of_their_names),
        DESK_TEST(a_user_is_told_in_both_versions_of_resp),
        cmocka_unit_test(valkey_tells_of_databases),
        DESK_TEST(a_change_is_made_whole_or_not_at_all),
        DESK_TEST(the_default_user_cannot_be_removed),
        DESK_TEST(categories_are_all_those_of_the_originals),
        DESK_TEST(without_an_acl_file_none_is_read_or_written),
        DESK_TEST(the_acl_file_is_read_whole_or_not_at_all),
        DESK_TEST(who_loads_a_file_without_itself_is_told_before_it_is_hung_up),
        DESK_TEST(users_are_saved_as_lines),
        DESK_TEST(passwords_are_drawn_outside),
        DESK_TEST(a_dry_run_tells_what_would_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
