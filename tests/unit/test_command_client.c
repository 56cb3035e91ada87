#include "tests/unit/answer.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static void names_are_kept_and_unset(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT GETNAME", "$null");
    assert_answer(d, 1, "CLIENT SETNAME me", "+\"OK\"");
    assert_answer(d, 1, "CLIENT GETNAME", "$\"me\"");
    assert_answer(d, 1, "CLIENT SETNAME ''", "+\"OK\"");
    assert_answer(d, 1, "CLIENT GETNAME", "$null");
}

static void names_are_checked(void **state) {
    static const char error[] =
        "-\"ERR Client names cannot contain spaces, newlines or special characters.\"";
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT SETNAME 'a b'", error);
    assert_answer(d, 1, "CLIENT SETNAME \"a\\n\"", error);
    assert_answer(d, 1, "CLIENT SETNAME \"\\xc3\\xa4\"", error);
    assert_answer(d, 1, "HELLO 3 SETNAME 'a b'", error);
    assert_answer(d, 1, "HELLO", /* still RESP2 */
        "*[$\"server\" $\"redis\" $\"version\" # $\"proto\" :\"2\" $\"id\" # $\"mode\" "
        "$\"sentinel\" $\"modules\" *[]]");
    struct buf line = BUF_INIT;
    buf_add_text(&line, "CLIENT SETNAME ");
    for (int i = 0; i < 256; i++)
        buf_add_char(&line, 'n');
    assert_answer(d, 1, buf_text(&line), "-\"ERR Client names have at most 255 bytes\"");
    buf_fini(&line);
}

static void libraries_tell_their_names(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT SETINFO lib-name redis-py(x_v1)", "+\"OK\"");
    assert_answer(d, 1, "CLIENT SETINFO LIB-VER 1.2.3", "+\"OK\"");
    assert_true(slice_contains(desk_ask(d, 1, "CLIENT LIST ID 1"),
        SLICE_LITERAL(" lib-name=redis-py(x_v1) lib-ver=1.2.3\n")));
    assert_answer(d, 1, "CLIENT SETINFO LIB-VER '1 2'",
        "-\"ERR LIB-VER cannot contain spaces, newlines or special characters.\"");
}

/* ---- LIST, INFO ---- */

/* The line up to its memory, which depends on the machine, and from there on. */
static void assert_line(struct slice line, const char *start, const char *end) {
    struct slice head = slice_sub(line, 0, strlen(start));
    struct slice tail = slice_sub(line, head.size, line.size);
    assert_slice(head, start);
    slice_cut(&tail, ' ');
    assert_slice(tail, end);
}

static void a_line_has_the_keys_of_redis_7_2(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "CLIENT SETNAME me");
    desk_pass(d, 3000);
    desk_ask(d, 2, "SUBSCRIBE a b");
    desk_pass(d, 2000);
    struct slice got = desk_ask(d, 1, "CLIENT LIST");
    slice_cut(&got, '\n');
    assert_line(slice_cut(&got, '\n'),
        "id=1 addr=10.0.0.9:40000 laddr=127.0.0.1:28450 fd=7 name=me age=5 idle=0 flags=N db=0 "
        "sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 "
        "oll=0 omem=0 tot-mem=",
        "events=r cmd=client|list user=default redir=-1 resp=2 lib-name= "
        "lib-ver=");
    assert_line(slice_cut(&got, '\n'),
        "id=2 addr=10.0.0.9:40000 laddr=127.0.0.1:28450 fd=7 name= age=5 idle=2 flags=P db=0 "
        "sub=2 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 "
        "oll=0 omem=0 tot-mem=",
        "events=r cmd=subscribe user=default redir=-1 resp=2 lib-name= "
        "lib-ver=");
}

static void assert_listed(struct desk *d, const char *filter, const char *ids) {
    char line[64];
    struct buf got = BUF_INIT;
    snprintf(line, sizeof(line), "CLIENT LIST %s", filter);
    struct slice reply = desk_ask(d, 1, line);
    slice_cut(&reply, '\n');
    while (slice_starts_with(reply, "id=")) {
        struct slice text = slice_cut(&reply, '\n');
        buf_add_slice(&got, slice_cut(&text, ' '));
        buf_add_char(&got, ';');
    }
    assert_slice(buf_slice(&got), ids);
    buf_fini(&got);
}

static void lists_are_filtered(void **state) {
    struct desk *d = *state;
    desk_open(d, 3);
    desk_ask(d, 2, "PSUBSCRIBE *");
    assert_listed(d, "", "id=1;id=2;id=3;");
    assert_listed(d, "TYPE normal", "id=1;id=3;");
    assert_listed(d, "type PUBSUB", "id=2;");
    assert_listed(d, "TYPE replica", "");
    assert_listed(d, "TYPE master", "");
    assert_listed(d, "ID 3 1 77 3", "id=3;id=1;id=3;");
    assert_answer(d, 1, "CLIENT LIST ID x", "-\"ERR Invalid client ID\"");
    assert_listed(d, "ID 0 -1", "");
    assert_answer(d, 1, "CLIENT LIST NOSUCH", "-\"ERR syntax error\"");
    assert_answer(d, 1, "CLIENT LIST TYPE", "-\"ERR syntax error\"");
    assert_answer(d, 1, "CLIENT LIST TYPE normal x", "-\"ERR syntax error\"");
}

static void resp3_gets_verbatim_text(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "HELLO 3");
    assert_answer(d, 1, "CLIENT LIST ID 99", "=\"txt:\"");
    assert_true(slice_starts_with(desk_ask(d, 1, "CLIENT INFO"), "="));
    assert_answer(d, 1, "CLIENT ID", ":\"1\"");
}

/* ---- HELLO, AUTH ---- */

static void hello_logs_in_names_and_switches(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "HELLO 3 AUTH default any SETNAME me",
        "%[$\"server\" $\"redis\" $\"version\" # $\"proto\" :\"3\" $\"id\" # $\"mode\" "
        "$\"sentinel\" $\"modules\" *[]]");
    assert_answer(d, 1, "CLIENT GETNAME", "$\"me\"");
    assert_true(
        slice_contains(desk_ask(d, 1, "HELLO"), SLICE_LITERAL("$7\r\nversion\r\n$5\r\n7.2.4\r\n")));
    desk_ask(d, 1, "HELLO 2");
    assert_answer(d, 1, "SENTINEL GET-MASTER-ADDR-BY-NAME x", "*null");
}

static void hello_refuses(void **state) {
    static const struct {
        const char *line, *reply;
    } cases[] = {
        { "HELLO 1", "-\"NOPROTO unsupported protocol version\"" },
        { "HELLO 3x", "-\"ERR Protocol version is not an integer or out of range\"" },
        { "HELLO 3 AUTH default", "-\"ERR Syntax error in HELLO option 'AUTH'\"" },
        { "HELLO 3 SETNAME", "-\"ERR Syntax error in HELLO option 'SETNAME'\"" },
        { "HELLO 3 AUTH bob x",
            "-\"WRONGPASS invalid username-password pair or user is disabled.\"" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_answer(d, 1, cases[i].line, cases[i].reply);
}

static void auth_answers_as_without_a_password(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "AUTH x",
        "-\"ERR AUTH <password> called without any password configured for the default user. Are "
        "you sure your configuration is correct?\"");
    assert_answer(d, 1, "AUTH default x", "+\"OK\"");
    assert_answer(
        d, 1, "AUTH bob x", "-\"WRONGPASS invalid username-password pair or user is disabled.\"");
    assert_answer(d, 1, "AUTH a b c", "-\"ERR syntax error\"");
}

/* ---- SHUTDOWN ---- */

static void shutdown_checks_its_words(void **state) {
    static const char *const wrong[] = { "x", "SAVE NOSAVE", "ABORT NOW", "NOW x" };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char line[64];
        snprintf(line, sizeof(line), "SHUTDOWN %s", wrong[i]);
        assert_answer(d, 1, line, "-\"ERR syntax error\"");
    }
    assert_answer(d, 1, "SHUTDOWN ABORT", "-\"ERR No shutdown in progress.\"");
    assert_false(d->server->stopping);
    assert_answer(d, 1, "SHUTDOWN nosave NOW force", "");
    assert_true(d->server->stopping);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(names_are_kept_and_unset),
        DESK_TEST(names_are_checked),
        DESK_TEST(libraries_tell_their_names),
        DESK_TEST(a_line_has_the_keys_of_redis_7_2),
        DESK_TEST(lists_are_filtered),
        DESK_TEST(resp3_gets_verbatim_text),
        DESK_TEST(hello_logs_in_names_and_switches),
        DESK_TEST(hello_refuses),
        DESK_TEST(auth_answers_as_without_a_password),
        DESK_TEST(shutdown_checks_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
