#include "sentinel/command/audit.h"

#include "tests/unit/answer.h"

#include "common/mem.h"

#include <stdio.h>

/* The only line of the last step that tells of a client; "" = none. */
static const char *line_of(const struct desk *d) {
    static char text[4096];
    size_t count = 0;
    text[0] = '\0';
    for (size_t i = 0; i < d->out.count; i++) {
        const struct effect *e = &d->out.items[i];
        if (e->kind != EFFECT_LOG || !slice_contains(e->text, SLICE_LITERAL("client 10.0.0.9")))
            continue;
        assert_int_equal(e->level, LOG_NOTICE);
        slice_copy(e->text, text, sizeof(text));
        count++;
    }
    assert_in_range(count, 0, 1);
    return text;
}

static void assert_line(struct desk *d, const char *request, const char *expected) {
    d->store_waits = true; /* so that it is the last step */
    desk_ask(d, 1, request);
    assert_string_equal(line_of(d), expected);
}

#define WHO "client 10.0.0.9:40000, user default: "

static void what_changes_something_is_logged_with_who_and_from_where(void **state) {
    static const struct {
        const char *request, *line; /* line: behind WHO */
    } cases[] = {
        { "sentinel set mymaster quorum 3", "SENTINEL SET mymaster quorum 3" },
        { "SENTINEL FLUSHCONFIG", "SENTINEL FLUSHCONFIG" },
        { "SENTINEL RESET *", "SENTINEL RESET *" },
        { "SENTINEL MONITOR two 10.0.0.1 6379 2", "SENTINEL MONITOR two 10.0.0.1 6379 2" },
        { "SENTINEL REMOVE two", "SENTINEL REMOVE two" },
        { "SENTINEL CONFIG SET announce-port 5 sentinel-user a",
            "SENTINEL CONFIG SET announce-port 5 sentinel-user a" },
        { "SENTINEL DEBUG info-period 9000", "SENTINEL DEBUG info-period 9000" },
        { "SENTINEL SIMULATE-FAILURE crash-after-election",
            "SENTINEL SIMULATE-FAILURE crash-after-election" },
        { "ACL DELUSER nobody", "ACL DELUSER nobody" },
        { "ACL LOG RESET", "ACL LOG RESET" },
        { "CLIENT KILL ADDR 1.2.3.4:5", "CLIENT KILL ADDR 1.2.3.4:5" },
        { "CLIENT PAUSE 0 WRITE", "CLIENT PAUSE 0 WRITE" },
        { "CLIENT UNPAUSE", "CLIENT UNPAUSE" },
        { "SHUTDOWN NOSAVE", "SHUTDOWN NOSAVE" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char expected[256];
        (void)snprintf(expected, sizeof(expected), "done for " WHO "%s", cases[i].line);
        assert_line(d, cases[i].request, expected);
    }
}

static void what_only_asks_is_not(void **state) {
    static const char *const requests[] = {
        "PING",
        "SENTINEL MASTERS",
        "SENTINEL CONFIG GET *",
        "SENTINEL DEBUG",
        "ACL LOG",
        "ACL LIST",
        "CLIENT LIST",
        "INFO",
        "SENTINEL CKQUORUM mymaster",
        "NOSUCH",
        "CLIENT REPLY ON",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 28400 0 *",
        "SENTINEL MASTER nosuch",
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        assert_line(d, requests[i], "");
}

static void passwords_are_stars(void **state) {
    static const struct {
        const char *request, *line;
    } cases[] = {
        { "SENTINEL SET mymaster quorum 2 auth-pass geheim down-after-milliseconds 7000",
            "done for " WHO
            "SENTINEL SET mymaster quorum 2 auth-pass ****** down-after-milliseconds 7000" },
        { "SENTINEL SET mymaster auth-pas geheim",
            "refused to " WHO "SENTINEL SET mymaster ****** ****** (ERR)" },
        { "SENTINEL SET mymaster auth-pass \"ge\\x01heim\"",
            "refused to " WHO "SENTINEL SET mymaster auth-pass ****** (ERR)" },
        { "SENTINEL CONFIG SET sentinel-pass geheim",
            "done for " WHO "SENTINEL CONFIG SET sentinel-pass ******" },
        { "ACL SETUSER bob on >geheim resetchannels +ping ~x",
            "done for " WHO "ACL SETUSER bob on >****** resetchannels +ping ~x" },
        { "ACL SETUSER bob geheim", "refused to " WHO "ACL SETUSER bob ****** (ERR)" },
        { "ACL SETUSER bob <geheim '(+role >geheim)'",
            "refused to " WHO "ACL SETUSER bob <****** ****** (ERR)" },
        { "ACL SETUSER bob (>geheim +ping)",
            "refused to " WHO "ACL SETUSER bob ****** +ping) (ERR)" },
        { "ACL SETUSER bob "
          "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
            "done for " WHO "ACL SETUSER bob #******" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_line(d, cases[i].request, cases[i].line);
}

static void a_refusal_for_want_of_rights_is_logged_whatever_was_asked(void **state) {
    struct desk *d = *state;
    assert_answer(d, 2, "ACL SETUSER app on >pw +client|setname", "+\"OK\"");
    assert_answer(d, 1, "AUTH app pw", "+\"OK\"");
    assert_answer(d, 1, "CLIENT SETNAME shop", "+\"OK\"");
    assert_line(d, "SENTINEL FAILOVER mymaster",
        "refused to client 10.0.0.9:40000, user app, name shop: SENTINEL FAILOVER mymaster "
        "(NOPERM)");
    assert_line(d, "INFO server",
        "refused to client 10.0.0.9:40000, user app, name shop: INFO server (NOPERM)");
}

static void who_is_nobody_yet_is_refused_too(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "ACL SETUSER default >pw", "+\"OK\"");
    desk_open(d, 3);
    d->store_waits = true;
    desk_ask(d, 3, "SENTINEL REMOVE mymaster");
    assert_string_equal(line_of(d),
        "refused to client 10.0.0.9:40000, not logged in: SENTINEL REMOVE mymaster (NOAUTH)");
    desk_ask(d, 3, "SENTINEL MASTERS");
    assert_string_equal(line_of(d), "");
}

static void lines_are_bounded(void **state) {
    struct desk *d = *state;
    struct buf request = BUF_INIT;
    buf_add_text(&request, "SENTINEL SET mymaster");
    for (int i = 0; i < 500; i++) {
        buf_add_text(&request, " quorum ");
        for (int k = 0; k < 100; k++)
            buf_add_char(&request, '2');
    }
    d->store_waits = true;
    desk_ask(d, 1, buf_text(&request));
    const char *line = line_of(d);
    assert_in_range(strlen(line), 1000, 2600);
    assert_non_null(strstr(line, " ... (1003 words) (ERR)"));
    buf_fini(&request);
}

static size_t count_lines(struct desk *d, const char *request, size_t times) {
    size_t count = 0;
    for (size_t i = 0; i < times; i++) {
        desk_ask(d, 1, request);
        count += line_of(d)[0] != '\0';
    }
    return count;
}

static void each_kind_has_a_budget_of_its_own(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    assert_int_equal(count_lines(d, "SENTINEL REMOVE nosuch", 100), 20);
    assert_int_equal(count_lines(d, "AUTH nobody x", 100), 20);
    assert_int_equal(count_lines(d, "CLIENT UNPAUSE", 1100), 1000);
    desk_pass(d, 999);
    assert_line(d, "SENTINEL REMOVE nosuch", "");
    desk_pass(d, 1);
    assert_line(d, "SENTINEL REMOVE nosuch",
        "refused to " WHO "SENTINEL REMOVE nosuch (ERR) (81 more without a line before)");
    assert_line(d, "SENTINEL REMOVE nosuch", "");
    assert_line(
        d, "CLIENT UNPAUSE", "done for " WHO "CLIENT UNPAUSE (100 more without a line before)");
    desk_pass(d, 60 * 1000);
    assert_int_equal(count_lines(d, "SENTINEL REMOVE nosuch", 100), 20);
}

static void a_failed_login_is_logged_without_what_may_be_a_password(void **state) {
    static const char unknown[] =
        "client 10.0.0.9:40000, user default failed to log in as a user that there is not";
    struct desk *d = *state;
    assert_answer(d, 2, "ACL SETUSER bob on >pw", "+\"OK\"");
    assert_line(
        d, "AUTH bob geheim", "client 10.0.0.9:40000, user default failed to log in as user bob");
    assert_line(d, "AUTH geheim geheim", unknown);
    assert_line(d, "HELLO 3 AUTH geheim bob", unknown);
}

static void what_is_answered_later_is_logged_then(void **state) {
    struct desk *d = *state;
    d->core->settings.acl_file = mem_strdup("/x");
    assert_line(d, "ACL SAVE", "");
    desk_take(d, 1, &(struct input){ .kind = INPUT_FILE_WRITTEN, .client = { 1 } });
    assert_string_equal(line_of(d), "done for " WHO "ACL SAVE");
    assert_answer(d, 1, "PING", "+\"PONG\"");
    d->core->settings.deny_scripts_reconfig = false;
    desk_ask(d, 2, "SENTINEL SET mymaster notification-script /bin/true");
    assert_string_equal(line_of(d), "");
    desk_checked(d, 2, 0);
    assert_string_equal(
        line_of(d), "refused to " WHO "SENTINEL SET mymaster notification-script /bin/true (ERR)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(what_changes_something_is_logged_with_who_and_from_where),
        DESK_TEST(what_only_asks_is_not),
        DESK_TEST(passwords_are_stars),
        DESK_TEST(a_refusal_for_want_of_rights_is_logged_whatever_was_asked),
        DESK_TEST(who_is_nobody_yet_is_refused_too),
        DESK_TEST(lines_are_bounded),
        DESK_TEST(each_kind_has_a_budget_of_its_own),
        DESK_TEST(a_failed_login_is_logged_without_what_may_be_a_password),
        DESK_TEST(what_is_answered_later_is_logged_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
