/* What clients see of scripts, and change of them. */
#include "tests/unit/answer.h"

#include "common/mem.h"

#include <stdio.h>

static void queue(struct desk *d, const char *path, const char *argument) {
    const struct slice words[] = { slice_of(path), slice_of(argument) };
    core_begin(d->core, d->now, &d->out);
    script_enqueue(d->core, words, ARRAY_SIZE(words));
    script_start_due(d->core);
}

static void hand_in(struct desk *d, const struct input *in) {
    core_begin(d->core, d->now, &d->out);
    script_input(d->core, in);
    script_start_due(d->core);
}

static void pending_scripts_are_listed_oldest_first(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL PENDING-SCRIPTS", "*[]");
    queue(d, "/notify", "+sdown");
    queue(d, "/other", "a b");
    hand_in(d, &(struct input){ .kind = INPUT_SCRIPT_STARTED, .script = 1, .pid = 77 });
    hand_in(d, &(struct input){ .kind = INPUT_SCRIPT_STARTED, .script = 2, .pid = 78 });
    desk_pass(d, 40);
    hand_in(d, &(struct input){ .kind = INPUT_SCRIPT_ENDED, .script = 2, .exit_status = 1 });
    desk_pass(d, 1000);
    assert_answer(d, 1, "SENTINEL PENDING-SCRIPTS",
        "*[*[$\"argv\" *[$\"/notify\" $\"+sdown\"] $\"flags\" $\"running\" $\"pid\" $\"77\" "
        "$\"run-time\" $\"1040\" $\"retry-num\" $\"1\"] "
        "*[$\"argv\" *[$\"/other\" $\"a b\"] $\"flags\" $\"scheduled\" $\"pid\" $\"0\" "
        "$\"run-delay\" $\"29000\" $\"retry-num\" $\"1\"]]");
    desk_pass(d, 60000);
    assert_true(slice_contains(
        desk_ask(d, 1, "SENTINEL PENDING-SCRIPTS"), SLICE_LITERAL("run-delay\r\n$1\r\n0\r\n")));
}

static void each_script_is_a_map(void **state) {
    struct desk *d = *state;
    queue(d, "/notify", "+sdown");
    desk_ask(d, 1, "HELLO 3");
    assert_true(slice_starts_with(desk_ask(d, 1, "SENTINEL PENDING-SCRIPTS"), "*1\r\n%5\r\n"));
}

static void info_counts_them(void **state) {
    struct desk *d = *state;
    for (int i = 0; i < 20; i++)
        queue(d, "/notify", "x");
    assert_true(slice_contains(desk_ask(d, 1, "INFO sentinel"),
        SLICE_LITERAL("sentinel_running_scripts:16\r\nsentinel_scripts_queue_length:20\r\n")));
}

static void a_master_shows_its_scripts_if_it_has_some(void **state) {
    struct desk *d = *state;
    struct slice without = desk_ask(d, 1, "SENTINEL MASTER mymaster");
    assert_false(slice_contains(without, SLICE_LITERAL("script")));
    d->group->settings.notification_script = mem_strdup("/n");
    d->group->settings.reconfig_script = mem_strdup("/r");
    assert_true(slice_contains(desk_ask(d, 1, "SENTINEL MASTER mymaster"),
        SLICE_LITERAL("parallel-syncs\r\n$1\r\n1\r\n$19\r\nnotification-script\r\n$2\r\n/n\r\n"
                      "$22\r\nclient-reconfig-script\r\n$2\r\n/r\r\n")));
}

/* ---- SENTINEL SET ---- */

#define DENIED \
    "-\"ERR Reconfiguration of scripts path is denied for security reasons. Check the " \
    "deny-scripts-reconfig configuration directive in your Sentinel configuration\""
#define NO_NOTIFICATION "-\"ERR Notification script seems non existing or non executable\""
#define NO_RECONFIG     "-\"ERR Client reconfiguration script seems non existing or non executable\""

static int set_up_allowed(void **state) {
    set_up_desk(state);
    ((struct desk *)*state)->core->settings.deny_scripts_reconfig = false;
    return 0;
}

/* The paths that the last step wants looked at, separated by blanks. */
static const char *checks(const struct desk *d) {
    static struct buf text;
    buf_clear(&text);
    for (size_t i = 0; i < d->out.count; i++)
        for (size_t k = 0;
             d->out.items[i].kind == EFFECT_CHECK_SCRIPTS && k < d->out.items[i].word_count; k++)
            buf_printf(&text, SLICE_FMT " ", SLICE_ARG(d->out.items[i].words[k]));
    return buf_text(&text);
}

static void scripts_are_denied_unless_allowed(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster notification-script /n", DENIED);
    assert_answer(d, 1, "SENTINEL SET mymaster Client-Reconfig-Script ''", DENIED);
    assert_string_equal(checks(d), "");
    assert_null(d->group->settings.notification_script);
}

static void a_script_that_can_be_executed_is_set(void **state) {
    struct desk *d = *state;
    assert_answer(
        d, 1, "SENTINEL SET mymaster notification-script /n client-reconfig-script '/r s'", "");
    assert_string_equal(checks(d), "/n /r s ");
    assert_null(d->group->settings.notification_script);
    assert_replies(desk_checked(d, 1, SCRIPTS_FIT), "+\"OK\"");
    assert_string_equal(d->group->settings.notification_script, "/n");
    assert_string_equal(d->group->settings.reconfig_script, "/r s");
}

static void an_empty_path_unsets_and_needs_no_look(void **state) {
    struct desk *d = *state;
    d->group->settings.notification_script = mem_strdup("/n");
    assert_answer(d, 1, "SENTINEL SET mymaster notification-script ''", "+\"OK\"");
    assert_null(d->group->settings.notification_script);
}

static void the_first_thing_that_is_wrong_is_told(void **state) {
    static const struct {
        const char *options;
        size_t unfit;
        const char *reply;
    } cases[] = {
        { "notification-script /n", 0, NO_NOTIFICATION },
        { "client-reconfig-script /r", 0, NO_RECONFIG },
        { "notification-script /n client-reconfig-script /r", 1, NO_RECONFIG },
        { "notification-script /n client-reconfig-script /r", 0, NO_NOTIFICATION },
        { "quorum x notification-script /n", 0,
            "-\"ERR Invalid argument 'x' for SENTINEL SET 'quorum'\"" },
        { "notification-script /n quorum x", 0, NO_NOTIFICATION },
        { "notification-script /n quorum x", SCRIPTS_FIT,
            "-\"ERR Invalid argument 'x' for SENTINEL SET 'quorum'\"" },
        { "notification-script /n bogus", 0, NO_NOTIFICATION },
        { "notification-script /n bogus", SCRIPTS_FIT,
            "-\"ERR Unknown option or number of arguments for SENTINEL SET 'bogus'\"" },
        { "quorum 5 notification-script /n notification-script", SCRIPTS_FIT,
            "-\"ERR Unknown option or number of arguments for SENTINEL SET "
            "'notification-script'\"" },
        { "quorum 5 client-reconfig-script '' notification-script /n", 0, NO_NOTIFICATION },
    };
    struct desk *d = *state;
    int64_t quorum = d->group->settings.quorum;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[256];
        snprintf(line, sizeof(line), "SENTINEL SET mymaster %s", cases[i].options);
        assert_answer(d, 1, line, "");
        assert_replies(desk_checked(d, 1, cases[i].unfit), cases[i].reply);
        assert_int_equal(d->group->settings.quorum, quorum);
        assert_null(d->group->settings.notification_script);
    }
}

static void what_follows_waits_for_the_look(void **state) {
    struct desk *d = *state;
    assert_replies(
        desk_send(d, 1, SLICE_LITERAL("SENTINEL SET mymaster notification-script /n\r\nPING\r\n")),
        "");
    assert_answer(d, 2, "PING", "+\"PONG\"");
    assert_true(slice_is(desk_checked(d, 1, 0),
        "-ERR Notification script seems non existing or non executable\r\n+PONG\r\n"));
}

static void the_group_may_be_gone_meanwhile(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster notification-script /n", "");
    assert_answer(d, 2, "SENTINEL REMOVE mymaster", "+\"OK\"");
    assert_replies(desk_checked(d, 1, SCRIPTS_FIT), "-\"ERR No such master with that name\"");
}

static void so_may_the_client(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL SET mymaster notification-script /n", "");
    assert_true(d->server->held > 0);
    desk_close(d, 1);
    assert_int_equal(d->server->held, 0);
    assert_replies(desk_checked(d, 1, SCRIPTS_FIT), "");
    assert_null(d->group->settings.notification_script);
}

#define ALLOWED_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_allowed, tear_down_desk)

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(pending_scripts_are_listed_oldest_first),
        DESK_TEST(each_script_is_a_map),
        DESK_TEST(info_counts_them),
        DESK_TEST(a_master_shows_its_scripts_if_it_has_some),
        DESK_TEST(scripts_are_denied_unless_allowed),
        ALLOWED_TEST(a_script_that_can_be_executed_is_set),
        ALLOWED_TEST(an_empty_path_unsets_and_needs_no_look),
        ALLOWED_TEST(the_first_thing_that_is_wrong_is_told),
        ALLOWED_TEST(what_follows_waits_for_the_look),
        ALLOWED_TEST(the_group_may_be_gone_meanwhile),
        ALLOWED_TEST(so_may_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
