/* Each command, each of its arguments with each kind of bad value: the exact reply, and that a
 * refusal has changed nothing. A new row in command.c needs one in bad_requests.h. */
#include "tests/unit/answer.h"
#include "tests/unit/bad_requests.h"

#include "common/rng.h"
#include "config/option.h"
#include "sentinel/command/command.h"
#include "sentinel/command/session.h"

#include <stdio.h>
#include <string.h>

#define LONG_SIZE 300

/* ---- what may not change ---- */

static void print_options(enum option_scope scope, const void *settings, struct buf *out) {
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == scope) {
            option_write(&option_table[i], settings, out);
            buf_add_char(out, '\n');
        }
    }
}

static void print_session(const struct session *s, struct buf *out) {
    buf_printf(out, "session %d %d %zu %d %d %d %s %s %s\n", (int)s->state, s->version,
        session_subscription_count(s), (int)s->replies, s->is_protected, s->tracking.on,
        s->name == NULL ? "" : s->name, s->library_name == NULL ? "" : s->library_name,
        s->library_version == NULL ? "" : s->library_version);
}

/* Everything that a request can change, as text. */
static void print_all(struct desk *d, struct buf *out) {
    const struct core *c = d->core;
    buf_printf(out, "epoch %llu, writes %llu, stops %d\n", (unsigned long long)c->current_epoch,
        (unsigned long long)c->persist_seq, d->server->stopping);
    print_options(OPTION_PROCESS, &c->settings, out);
    map_for_each(g, &c->groups, struct group) {
        buf_printf(out, "%s %s %llu, attempt %d, replicas %zu, peers %zu\n", g->name,
            g->master->name, (unsigned long long)g->config_epoch, (int)g->attempt.state,
            g->replica_count, g->peer_count);
        print_options(OPTION_GROUP, &g->settings, out);
    }
    acl_print(&d->server->access.acl, out);
    print_session(server_session(d->server, (struct client_id){ 1 }), out);
}

/* What the last request asked of the world. */
static void assert_quiet(const struct desk *d, const char *request) {
    for (size_t i = 0; i < d->out.count; i++) {
        enum effect_kind kind = d->out.items[i].kind;
        if (kind == EFFECT_PERSIST || kind == EFFECT_EVENT || kind == EFFECT_HANGUP ||
            kind == EFFECT_STOP)
            fail_msg("%s: refused, but with an effect of kind %d", request, (int)kind);
    }
}

/* ---- requests ---- */

static struct slice value_of(enum kind kind) {
    static char letters[LONG_SIZE];
    memset(letters, 'x', sizeof(letters));
    return kind == TOO_LONG ? (struct slice){ .data = letters, .size = sizeof(letters) }
                            : bad_values[kind];
}

struct ask {
    struct slice words[16];
    size_t count;
};

static void add_word(struct ask *r, struct slice word) {
    assert_true(r->count < ARRAY_SIZE(r->words));
    r->words[r->count++] = word;
}

static void add_name(struct ask *r, struct slice name) {
    while (name.size > 0)
        add_word(r, slice_cut(&name, '|'));
}

static struct slice send_words(struct desk *d, const struct ask *r) {
    struct buf bytes = BUF_INIT;
    buf_printf(&bytes, "*%zu\r\n", r->count);
    for (size_t i = 0; i < r->count; i++) {
        buf_printf(&bytes, "$%zu\r\n", r->words[i].size);
        buf_add_slice(&bytes, r->words[i]);
        buf_add_text(&bytes, "\r\n");
    }
    struct slice reply = desk_send(d, 1, buf_slice(&bytes));
    buf_fini(&bytes);
    return reply;
}

/* A line for people. */
static void print_request(const struct ask *r, struct buf *out) {
    for (size_t i = 0; i < r->count; i++) {
        for (size_t k = 0; k < r->words[i].size; k++) {
            unsigned char c = (unsigned char)r->words[i].data[k];
            buf_printf(out, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
        }
        buf_add_char(out, ' ');
    }
}

/* Asks, and checks that a refusal has changed nothing. Returns what came back. */
static struct slice ask_carefully(struct desk *d, const struct ask *r) {
    struct buf before = BUF_INIT, after = BUF_INIT, text = BUF_INIT;
    print_all(d, &before);
    print_request(r, &text);
    struct slice reply = send_words(d, r);
    if (slice_starts_with(reply, "-")) {
        print_all(d, &after);
        if (!slice_equal(buf_slice(&before), buf_slice(&after)))
            fail_msg("%s: refused, but\n%s-- became --\n%s", buf_text(&text), buf_text(&before),
                buf_text(&after));
        assert_quiet(d, buf_text(&text));
    }
    buf_fini(&before);
    buf_fini(&after);
    buf_fini(&text);
    return reply;
}

/* ---- every row ---- */

/* As an error shows a value: up to a NUL, blanks for what would break the line. */
static void add_shown(struct buf *out, struct slice value) {
    for (size_t i = 0; i < value.size && value.data[i] != '\0'; i++) {
        bool breaks = value.data[i] == '\r' || value.data[i] == '\n';
        buf_add_char(out, breaks ? ' ' : value.data[i]);
    }
}

/* `said` with the value in place of "$"; what a client gets is printed with escapes. */
static void expect(const char *said, struct slice value, struct buf *ret) {
    struct slice tail = slice_of(said);
    if (strchr(said, '$') == NULL || said[0] != '-') {
        buf_add_text(ret, said);
        return;
    }
    struct buf error = BUF_INIT, line = BUF_INIT;
    struct slice head = slice_cut(&tail, '$');
    buf_add_slice(&error, slice_sub(head, 2, head.size));
    add_shown(&error, value);
    buf_add_slice(&error, slice_sub(tail, 0, tail.size - 1));
    buf_printf(&line, "-");
    buf_add_slice(&line, buf_slice(&error));
    buf_add_text(&line, "\r\n");
    reply_print(buf_slice(&line), ret);
    buf_fini(&error);
    buf_fini(&line);
}

static size_t count_arguments(const struct row *row) {
    size_t count = 0;
    while (count < ARGS_MAX && row->arguments[count].good != NULL)
        count++;
    return count;
}

/* The request of a row with a bad value at `at`, or none beyond its arguments. */
static struct ask make_request(const struct row *row, size_t at, struct slice bad) {
    struct ask r = { .count = 0 };
    add_name(&r, slice_of(row->name));
    for (size_t i = 0; i < count_arguments(row); i++)
        add_word(&r, i == at ? bad : slice_of(row->arguments[i].good));
    return r;
}

/* Commands of Valkey alone are served as Valkey only. */
static void use_compat(struct desk *d, const struct command *c) {
    assert_non_null(c);
    d->core->settings.compat = c->is_valkey ? COMPAT_VALKEY : COMPAT_REDIS;
}

static void check_value(const struct row *row, size_t at, enum kind kind) {
    struct desk d;
    struct buf got = BUF_INIT, expected = BUF_INIT, text = BUF_INIT;
    const char *said = row->arguments[at].said[kind];
    struct ask r = make_request(row, at, value_of(kind));
    desk_init(&d);
    desk_open(&d, 1);
    use_compat(&d, command_find(slice_of(row->name)));
    print_request(&r, &text);
    reply_print(ask_carefully(&d, &r), &got);
    if (said != NULL) {
        expect(said, value_of(kind), &expected);
        if (!slice_equal(buf_slice(&got), buf_slice(&expected)))
            fail_msg(
                "%s: got %s instead of %s", buf_text(&text), buf_text(&got), buf_text(&expected));
    } else if (slice_starts_with(buf_slice(&got), "-")) {
        fail_msg("%s: refused, %s", buf_text(&text), buf_text(&got));
    }
    buf_fini(&got);
    buf_fini(&expected);
    buf_fini(&text);
    desk_fini(&d);
}

static bool is_settled(const struct row *row, size_t at) {
    return row->arguments[at].said[0] == settled;
}

static void each_argument_of_each_command_with_each_kind_of_bad_value(void **state) {
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (size_t at = 0; at < count_arguments(&rows[i]); at++) {
            for (int kind = 0; kind < KIND_COUNT && !is_settled(&rows[i], at); kind++)
                check_value(&rows[i], at, (enum kind)kind);
        }
    }
}

/* ---- every command ---- */

static bool has_row(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (slice_is(name, rows[i].name))
            return true;
    }
    return false;
}

typedef void visit_function(struct desk *d, const struct command *c);

static void for_each_command(struct desk *d, visit_function *visit) {
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        visit(d, c);
        for (size_t k = 0; k < c->subcommand_count; k++)
            visit(d, &c->subcommands[k]);
    }
}

static void check_has_row(struct desk *d, const struct command *c) {
    if (c->handler != NULL && !has_row(c->name))
        fail_msg(SLICE_FMT " has no row in bad_requests.h", SLICE_ARG(c->name));
}

static void no_command_is_forgotten(void **state) {
    for_each_command(*state, check_has_row);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (command_find(slice_of(rows[i].name)) == NULL)
            fail_msg("there is no command %s", rows[i].name);
    }
}

static bool has_set_row(const char *option) {
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].name, "sentinel|set") == 0 &&
            strcmp(rows[i].arguments[1].good, option) == 0)
            return true;
    }
    return false;
}

static void no_option_is_forgotten(void **state) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != OPTION_GROUP || o->set_name == NULL)
            continue;
        if (!has_set_row(o->set_name) || (o->set_alias != NULL && !has_set_row(o->set_alias)))
            fail_msg("SENTINEL SET %s has no row in bad_requests.h", o->set_name);
    }
}

/* With too few words and, where there is an end, too many. */
static void check_arity(struct desk *d, const struct command *c) {
    use_compat(d, c);
    size_t least = (size_t)(c->arity < 0 ? -c->arity : c->arity);
    size_t most = c->more_words != 0 ? (size_t)c->more_words : least;
    size_t bounds[] = { least - 1, c->arity < 0 ? 0 : most + 1 };
    char reply[256];
    snprintf(reply, sizeof(reply), "-\"ERR wrong number of arguments for '" SLICE_FMT "' command\"",
        SLICE_ARG(c->name));
    for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
        struct ask r = { .count = 0 };
        add_name(&r, c->name);
        if (bounds[i] < r.count)
            continue;
        while (r.count < bounds[i])
            add_word(&r, SLICE_LITERAL("x"));
        assert_replies(ask_carefully(d, &r), reply);
    }
}

static void each_command_counts_its_words(void **state) {
    for_each_command(*state, check_arity);
}

/* ---- any request ---- */

static const char *const words[] = { "mymaster", "other", "127.0.0.1", "10.0.0.1", "28400", "0",
    "1", "2", "3", "*", "quorum", "parallel-syncs", "rename-command", "auth-pass", "config",
    "down-after-milliseconds", "announce-ip", "announce-port", "resolve-hostnames", "loglevel",
    "get", "set", "yes", "no", "on", "off", "type", "id", "user", "normal", "setname", "auth",
    "default", "lib-name", "help", "__sentinel__:hello", "+switch-master", "skipme", "filterby",
    "127.0.0.1,1,eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee,1,mymaster,127.0.0.1,28401,9" };

static struct slice draw_word(struct rng *r) {
    if (rng_chance(r, 300))
        return value_of((enum kind)rng_between(r, 0, KIND_COUNT - 1));
    return slice_of(words[rng_between(r, 0, ARRAY_SIZE(words) - 1)]);
}

static struct ask draw_request(struct rng *r) {
    struct ask request = { .count = 0 };
    if (rng_chance(r, 700)) { /* a row with one or two words changed */
        const struct row *row = &rows[rng_between(r, 0, ARRAY_SIZE(rows) - 1)];
        request = make_request(row, SIZE_MAX, SLICE_EMPTY);
        for (int64_t i = rng_between(r, 1, 2); i > 0 && request.count > 1; i--)
            request.words[rng_between(r, 1, (int64_t)request.count - 1)] = draw_word(r);
    } else {
        const struct row *row = &rows[rng_between(r, 0, ARRAY_SIZE(rows) - 1)];
        add_name(&request, slice_of(row->name));
    }
    for (int64_t i = rng_between(r, -2, 4); i > 0; i--)
        add_word(&request, draw_word(r));
    return request;
}

/* A reply, and what it means for the state, whatever is asked in whatever order. */
static void whatever_is_asked_a_refusal_changes_nothing(void **state) {
    size_t refused = 0, asked = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct desk d;
        struct rng r;
        rng_init(&r, seed);
        desk_init(&d);
        desk_open(&d, 1);
        for (int i = 0; i < 400; i++) {
            struct ask request = draw_request(&r);
            struct buf printed = BUF_INIT;
            struct slice reply = ask_carefully(&d, &request);
            refused += slice_starts_with(reply, "-");
            asked++;
            reply_print(reply, &printed); /* it is RESP, or this fails */
            bool over = reply.size == 0;
            buf_fini(&printed);
            if (over) /* it was told to stop, or answers later */
                break;
        }
        desk_fini(&d);
    }
    assert_in_range(refused, asked / 4, asked - asked / 20); /* both kinds were seen */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_argument_of_each_command_with_each_kind_of_bad_value),
        DESK_TEST(no_command_is_forgotten),
        cmocka_unit_test(no_option_is_forgotten),
        DESK_TEST(each_command_counts_its_words),
        cmocka_unit_test(whatever_is_asked_a_refusal_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
