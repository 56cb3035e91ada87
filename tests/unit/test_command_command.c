#include "tests/unit/answer.h"

#include "config/diag.h"
#include "sentinel/command/command.h"
#include "sentinel/command/doc.h"
#include "sentinel/command/naming.h"

#include <stdio.h>

static bool is_lower(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 'A' && text.data[i] <= 'Z')
            return false;
    }
    return text.size > 0;
}

static void check_row(const struct command *c, const struct command *container) {
    assert_true(is_lower(c->name));
    assert_ptr_equal(command_find(c->name), c); /* no name twice */
    assert_true(c->arity != 0);
    assert_non_null(c->summary);
    assert_non_null(c->since);
    assert_true(c->handler != NULL || c->subcommand_count > 0);
    if (container == NULL) {
        assert_non_null(c->group);
        assert_slice_equal(c->word, c->name);
        return;
    }
    struct slice rest = c->name;
    assert_slice_equal(slice_cut(&rest, '|'), container->name);
    assert_slice_equal(rest, c->word);
    assert_true(c->arity > 1 || c->arity < -1);
}

static void the_rows_are_in_order(void **state) {
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        check_row(c, NULL);
        for (size_t k = 0; k < c->subcommand_count; k++)
            check_row(&c->subcommands[k], c);
    }
}

static void commands_are_found_without_case(void **state) {
    assert_non_null(command_find(SLICE_LITERAL("Sentinel|MASTERS")));
    assert_null(command_find(SLICE_LITERAL("sentinel|")));
    assert_null(command_find(SLICE_LITERAL("ping|x")));
    assert_null(command_find(SLICE_LITERAL("")));
    assert_null(command_find(SLICE_LITERAL("masters")));
}

static void errors_echo_at_most_128_bytes(void **state) {
    struct desk *d = *state;
    struct buf line = BUF_INIT, expected = BUF_INIT;
    for (int i = 0; i < 140; i++)
        buf_add_char(&line, 'n');
    buf_add_text(&line, " ");
    for (int i = 0; i < 140; i++)
        buf_add_char(&line, 'a');
    buf_add_text(&line, " b");

    buf_printf(&expected, "-ERR unknown command '%.128s', with args beginning with: '%.128s' \r\n",
        buf_text(&line), buf_text(&line) + 141);
    assert_slice_equal(desk_ask(d, 1, buf_text(&line)), buf_slice(&expected));

    buf_clear(&expected);
    buf_printf(
        &expected, "-ERR unknown subcommand '%.128s'. Try SENTINEL HELP.\r\n", buf_text(&line));
    struct buf sub = BUF_INIT;
    buf_printf(&sub, "sentinel %s", buf_text(&line));
    assert_slice_equal(desk_ask(d, 1, buf_text(&sub)), buf_slice(&expected));
    buf_fini(&line);
    buf_fini(&sub);
    buf_fini(&expected);
}

static void errors_stay_on_one_line(void **state) {
    struct desk *d = *state;
    assert_slice(desk_ask(d, 1, "\"a\\r\\nb\" \"c\\nd\""),
        "-ERR unknown command 'a  b', with args beginning with: 'c d' \r\n");
}

static void a_container_alone_is_too_little(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT", "-\"ERR wrong number of arguments for 'client' command\"");
    assert_answer(
        d, 1, "command nosuch", "-\"ERR unknown subcommand 'nosuch'. Try COMMAND HELP.\"");
}

static void subscribed_resp2_clients_may_do_little_else(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SUBSCRIBE +sdown");
    assert_answer(d, 1, "SENTINEL MASTERS",
        "-\"ERR Can't execute 'sentinel|masters': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
        "QUIT / RESET are allowed in this context\"");
    assert_answer(d, 1, "PING", "*[$\"pong\" $\"\"]");
    assert_answer(d, 1, "PING x", "*[$\"pong\" $\"x\"]");
    assert_answer(d, 1, "ECHO", "-\"ERR unknown command 'ECHO', with args beginning with: \"");
    desk_ask(d, 1, "UNSUBSCRIBE");
    assert_answer(d, 1, "PING", "+\"PONG\"");
}

static void subscribed_resp3_clients_may_do_all(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "HELLO 3");
    desk_ask(d, 1, "SUBSCRIBE +sdown");
    assert_answer(d, 1, "PING", "+\"PONG\"");
}

/* ---- COMMAND ---- */

static void command_docs_tell_summaries(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "HELLO 3");
    assert_answer(d, 1, "COMMAND DOCS role nosuch client|id",
        "%[$\"role\" %[$\"summary\" $\"The word sentinel, and the names of the masters.\" "
        "$\"since\" $\"2.8.12\" $\"group\" $\"server\" $\"complexity\" $\"O(1)\"] "
        "$\"client|id\" %[$\"summary\" $\"The number of this connection.\" "
        "$\"since\" $\"5.0.0\" $\"group\" $\"connection\" $\"complexity\" $\"O(1)\"]]");
    assert_answer(d, 1, "COMMAND DOCS ping sentinel|slaves",
        "%[$\"ping\" %[$\"summary\" $\"Whether anybody is there.\" $\"since\" $\"1.0.0\" "
        "$\"group\" $\"connection\" $\"complexity\" $\"O(1)\" $\"arguments\" "
        "*[%[$\"name\" $\"message\" $\"type\" $\"string\" $\"flags\" ~[+\"optional\"]]]] "
        "$\"sentinel|slaves\" %[$\"summary\" $\"The same as REPLICAS.\" $\"since\" $\"2.8.0\" "
        "$\"group\" $\"sentinel\" $\"complexity\" $\"O(N)\" $\"doc_flags\" ~[+\"deprecated\"] "
        "$\"deprecated_since\" $\"5.0.0\" $\"replaced_by\" $\"`SENTINEL REPLICAS`\" "
        "$\"arguments\" *[%[$\"name\" $\"master-name\" $\"type\" $\"string\"]]]]");
    assert_answer(d, 1, "COMMAND DOCS nosuch", "%[]");
}

/* Every argument has what its type needs, and every doc a command. */
static void check_arguments(const struct argument *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct argument *a = &list[i];
        bool has_parts = a->type == ARGUMENT_ONEOF || a->type == ARGUMENT_BLOCK;
        assert_true(has_parts == (a->part_count > 0));
        check_arguments(a->parts, a->part_count);
    }
}

static void the_arguments_are_well_formed(void **state) {
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        for (size_t k = 0; k <= c->subcommand_count; k++) {
            struct slice name = k == 0 ? c->name : c->subcommands[k - 1].name;
            const struct command_doc *doc = command_doc_find(name);
            if (doc == NULL)
                continue;
            assert_slice(name, doc->command);
            check_arguments(doc->arguments, doc->argument_count);
        }
    }
    assert_null(command_doc_find(SLICE_LITERAL("nosuch")));
}

static void command_lists_are_filtered(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "COMMAND LIST FILTERBY PATTERN client|set*",
        "*[$\"client|setinfo\" $\"client|setname\"]");
    assert_answer(d, 1, "COMMAND LIST FILTERBY ACLCAT pubsub",
        "*[$\"publish\" $\"subscribe\" $\"psubscribe\" $\"unsubscribe\" $\"punsubscribe\"]");
    assert_answer(d, 1, "COMMAND LIST FILTERBY MODULE x", "*[]");
    assert_answer(d, 1, "COMMAND LIST FILTERBY NOSUCH x", "-\"ERR syntax error\"");
    assert_answer(d, 1, "COMMAND LIST x", "-\"ERR syntax error\"");
}

static size_t count_of(struct slice text, const char *part) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += slice_starts_with(slice_sub(text, i, text.size), part);
    return count;
}

static void keys_are_looked_for_in_vain(void **state) {
    static const struct {
        const char *words, *reply;
    } cases[] = {
        { "ping", "-\"ERR The command has no key arguments\"" },
        { "client list", "-\"ERR The command has no key arguments\"" },
        { "client nosuch", "-\"ERR Invalid command specified\"" },
        { "client|list x", "-\"ERR Invalid command specified\"" },
        { "get key", "-\"ERR Invalid command specified\"" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[64];
        snprintf(line, sizeof(line), "COMMAND GETKEYS %s", cases[i].words);
        assert_answer(d, 1, line, cases[i].reply);
        snprintf(line, sizeof(line), "COMMAND GETKEYSANDFLAGS %s", cases[i].words);
        assert_answer(d, 1, line, cases[i].reply);
    }
}

static void assert_begins(struct desk *d, const char *line, size_t count, const char *rest) {
    struct buf expected = BUF_INIT;
    buf_printf(&expected, "*%zu\r\n%s", count, rest);
    assert_true(slice_starts_with(desk_ask(d, 1, line), buf_text(&expected)));
    buf_fini(&expected);
}

static void command_without_arguments_tells_all(void **state) {
    struct desk *d = *state;
    size_t rows = command_count;
    for (size_t i = 0; i < command_count; i++)
        rows += command_count_told(
            command_table[i].subcommands, command_table[i].subcommand_count, COMPAT_REDIS);
    assert_begins(d, "COMMAND", command_count, "*10\r\n$8\r\nsentinel\r\n:-2\r\n");
    assert_int_equal(count_of(desk_ask(d, 1, "COMMAND"), "*10\r\n$"), rows);
    assert_begins(d, "COMMAND INFO", command_count, "*10\r\n");
    assert_begins(d, "COMMAND DOCS", 2 * command_count, "$8\r\nsentinel\r\n");
    assert_begins(d, "COMMAND LIST", rows, "");
    struct buf expected = BUF_INIT;
    buf_printf(&expected, ":\"%zu\"", command_count);
    assert_answer(d, 1, "COMMAND COUNT", buf_text(&expected));
    buf_fini(&expected);
}

static void spellings_of_valkey_are_served_with_it(void **state) {
    struct desk *d = *state;
    assert_answer(
        d, 1, "SENTINEL PRIMARIES", "-\"ERR unknown subcommand 'PRIMARIES'. Try SENTINEL HELP.\"");
    assert_answer(d, 1, "COMMAND INFO sentinel|primaries", "*[$null]");
    size_t count = count_of(desk_ask(d, 1, "SENTINEL HELP"), "\r\n+");
    d->core->settings.compat = COMPAT_VALKEY;
    assert_answer(
        d, 1, "SENTINEL GET-PRIMARY-ADDR-BY-NAME mymaster", "*[$\"127.0.0.1\" $\"28400\"]");
    assert_answer(
        d, 1, "SENTINEL IS-PRIMARY-DOWN-BY-ADDR 127.0.0.1 28400 0 *", "*[:\"0\" $\"*\" :\"0\"]");
    assert_answer(d, 1, "SENTINEL PRIMARY nosuch", "-\"ERR No such master with that name\"");
    assert_answer(d, 1, "SENTINEL PRIMARY",
        "-\"ERR wrong number of arguments for 'sentinel|primary' command\"");
    assert_true(slice_starts_with(desk_ask(d, 1, "SENTINEL PRIMARIES"), "*1\r\n*"));
    assert_int_equal(count_of(desk_ask(d, 1, "SENTINEL HELP"), "\r\n+"), count + 8);
    assert_answer(d, 1, "COMMAND LIST FILTERBY PATTERN sentinel|*prim*",
        "*[$\"sentinel|get-primary-addr-by-name\" $\"sentinel|is-primary-down-by-addr\" "
        "$\"sentinel|primaries\" $\"sentinel|primary\"]");
}

static void help_begins_and_ends_as_clients_expect(void **state) {
    static const char *const containers[] = { "SENTINEL", "CLIENT", "COMMAND", "ACL" };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s HELP", containers[i]);
        struct slice help = desk_ask(d, 1, line);
        snprintf(line, sizeof(line),
            "+%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", containers[i]);
        slice_cut(&help, '\n');
        assert_true(slice_starts_with(help, line));
        assert_true(slice_contains(help, SLICE_LITERAL("\r\n+HELP\r\n+    Print this help.\r\n")));
    }
}

/* ---- renamed commands ---- */

static void rename_all(struct desk *d, const char *const (*pairs)[2], size_t count) {
    for (size_t i = 0; i < count; i++)
        command_renames_add(
            &d->core->settings.renames, slice_of(pairs[i][0]), slice_of(pairs[i][1]));
    server_free(d->server);
    d->server = server_new(d->core, &d->facts);
    desk_open(d, 1);
}

/* As Redis 7.0 answers. */
static void renamed_commands_go_by_the_new_name_and_speak_by_the_old(void **state) {
    static const char *const pairs[][2] = { { "PING", "Pongy" }, { "sentinel", "WACHT" },
        { "role", "" }, { "hello", "ROLE" }, { "client", "CLIENT" }, { "pongy", "pong" } };
    struct desk *d = *state;
    rename_all(d, pairs, ARRAY_SIZE(pairs));
    static const char *const cases[][2] = {
        { "PONG", "+\"PONG\"" },
        { "PING", "-\"ERR unknown command 'PING', with args beginning with: \"" },
        { "pongy", "-\"ERR unknown command 'pongy', with args beginning with: \"" },
        { "\"\"", "-\"ERR unknown command '', with args beginning with: \"" },
        { "pong 1 2", "-\"ERR wrong number of arguments for 'ping' command\"" },
        { "sentinel myid",
            "-\"ERR unknown command 'sentinel', with args beginning with: 'myid' \"" },
        { "wacht foo", "-\"ERR unknown subcommand 'foo'. Try WACHT HELP.\"" },
        { "wacht master", "-\"ERR wrong number of arguments for 'sentinel|master' command\"" },
        { "CLIENT ID", ":\"1\"" },
        { "COMMAND INFO ping sentinel|myid", "*[$null $null]" },
        { "COMMAND LIST FILTERBY PATTERN pin*", "*[$\"ping\"]" },
        { "COMMAND LIST FILTERBY PATTERN ro*", "*[]" },
        { "COMMAND GETKEYS pong x", "-\"ERR The command has no key arguments\"" },
        { "ACL SETUSER al on +ping +role +sentinel|myid", "+\"OK\"" },
        { "ACL SETUSER al +pong",
            "-\"ERR Error in ACL SETUSER modifier '+pong': Unknown command or category name in "
            "ACL\"" },
        { "ACL DRYRUN al pong", "+\"OK\"" },
        { "ACL DRYRUN al wacht myid", "+\"OK\"" },
        { "ACL DRYRUN al ping", "-\"ERR Command 'ping' not found\"" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_answer(d, 1, cases[i][0], cases[i][1]);
    assert_true(slice_contains(desk_ask(d, 1, "role"), SLICE_LITERAL("proto")));
    assert_true(slice_contains(
        desk_ask(d, 1, "wacht help"), SLICE_LITERAL("\r\n+WACHT <subcommand> [<arg>")));
    assert_true(slice_starts_with(
        desk_ask(d, 1, "COMMAND INFO wacht|myid"), "*1\r\n*10\r\n$13\r\nsentinel|myid\r\n"));
    assert_true(slice_starts_with(desk_ask(d, 1, "COMMAND DOCS pong"), "*2\r\n$4\r\nping\r\n"));
    assert_int_equal(count_of(desk_ask(d, 1, "COMMAND"), "\r\n$4\r\nrole"), 0);
    struct buf expected = BUF_INIT;
    buf_printf(&expected, ":\"%zu\"", command_count - 1);
    assert_answer(d, 1, "COMMAND COUNT", buf_text(&expected));
    buf_fini(&expected);
}

static void renames_that_cannot_be_are_found(void **state) {
    static const struct {
        const char *pairs[3][2];
        const char *findings;
    } cases[] = {
        { { { "GET", "x" } }, "f: No such command in rename-command\n" },
        { { { "sentinel|myid", "x" } }, "f: No such command in rename-command\n" },
        { { { "ping", "info" } }, "f: Target command name already exists\n" },
        { { { "ping", "a" }, { "ping", "b" } }, "f: No such command in rename-command\n" },
        { { { "ping", "" }, { "", "b" } }, "f: No such command in rename-command\n" },
        { { { "ping", "a" }, { "A", "b" } }, "" },
        { { { "ping", "Ping" } }, "" },
        { { { "shutdown", "" }, { "ping", "SHUTDOWN" } }, "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct command_renames renames = { .items = NULL };
        struct diag diag;
        struct buf findings = BUF_INIT;
        diag_init(&diag, "f");
        for (size_t k = 0; k < 3 && cases[i].pairs[k][0] != NULL; k++)
            command_renames_add(
                &renames, slice_of(cases[i].pairs[k][0]), slice_of(cases[i].pairs[k][1]));
        naming_check(&renames, &diag);
        diag_print(&diag, &findings);
        assert_string_equal(buf_text(&findings), cases[i].findings);
        buf_fini(&findings);
        diag_fini(&diag);
        command_renames_fini(&renames);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_are_in_order),
        cmocka_unit_test(commands_are_found_without_case),
        DESK_TEST(errors_echo_at_most_128_bytes),
        DESK_TEST(errors_stay_on_one_line),
        DESK_TEST(a_container_alone_is_too_little),
        DESK_TEST(subscribed_resp2_clients_may_do_little_else),
        DESK_TEST(subscribed_resp3_clients_may_do_all),
        DESK_TEST(command_docs_tell_summaries),
        cmocka_unit_test(the_arguments_are_well_formed),
        DESK_TEST(command_lists_are_filtered),
        DESK_TEST(keys_are_looked_for_in_vain),
        DESK_TEST(command_without_arguments_tells_all),
        DESK_TEST(spellings_of_valkey_are_served_with_it),
        DESK_TEST(help_begins_and_ends_as_clients_expect),
        DESK_TEST(renamed_commands_go_by_the_new_name_and_speak_by_the_old),
        cmocka_unit_test(renames_that_cannot_be_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
