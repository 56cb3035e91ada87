#include "sentinel/core/order.h"

#include "tests/unit/core_fixture.h"

#include "common/mem.h"
#include "sentinel/core/failover.h"

#include <stdio.h>
#include <string.h>

/* What the step has sent on a link so far, as a trace shows it, a SEND per line. */
static const char *sent(struct fixture *f, const struct link *l, struct buf *out) {
    buf_clear(out);
    for (size_t i = 0; i < f->out.count; i++) {
        const struct effect *e = &f->out.items[i];
        if (e->kind != EFFECT_SEND || e->link.value != l->id.value)
            continue;
        struct buf line CLEANUP(buf_fini) = BUF_INIT;
        effect_print(e, &line);
        buf_printf(out, "%s\n", strchr(strchr(buf_text(&line), '#'), ' ') + 1);
    }
    return buf_text(out);
}

static void rename_command(struct fixture *f, const char *command, const char *name) {
    struct rename r;
    slice_copy(slice_of(command), r.command, sizeof(r.command));
    slice_copy(slice_of(name), r.name, sizeof(r.name));
    assert_true(group_settings_rename(&f->group->settings, &r));
}

static void the_handshake_logs_in_if_there_is_a_password_and_gives_our_name(void **state) {
    static const struct {
        const char *user, *password, *command, *pubsub;
    } cases[] = {
        { NULL, NULL, "CLIENT SETNAME sentinel-aaaaaaaa-cmd\n",
            "CLIENT SETNAME sentinel-aaaaaaaa-pubsub\nSUBSCRIBE __sentinel__:hello\n" },
        { "alice", NULL, "CLIENT SETNAME sentinel-aaaaaaaa-cmd\n",
            "CLIENT SETNAME sentinel-aaaaaaaa-pubsub\nSUBSCRIBE __sentinel__:hello\n" },
        { NULL, "pass", "AUTH ******\nCLIENT SETNAME sentinel-aaaaaaaa-cmd\n",
            "AUTH ******\nCLIENT SETNAME sentinel-aaaaaaaa-pubsub\nSUBSCRIBE "
            "__sentinel__:hello\n" },
        { "alice", "pass", "AUTH alice ******\nCLIENT SETNAME sentinel-aaaaaaaa-cmd\n",
            "AUTH alice ******\nCLIENT SETNAME sentinel-aaaaaaaa-pubsub\nSUBSCRIBE "
            "__sentinel__:hello\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        struct buf text = BUF_INIT;
        o.auth_user = cases[i].user;
        o.auth_password = cases[i].password;
        fixture_start(&f, &o);
        struct node *n = fixture_replica(&f, 0);
        fixture_begin(&f);
        order_handshake(f.core, &n->command);
        order_handshake(f.core, &n->pubsub);
        order_handshake(f.core, &fixture_peer(&f, 0)->process->link);
        assert_string_equal(sent(&f, &n->command, &text), cases[i].command);
        assert_string_equal(sent(&f, &n->pubsub, &text), cases[i].pubsub);
        assert_string_equal(sent(&f, &fixture_peer(&f, 0)->process->link, &text),
            "CLIENT SETNAME sentinel-aaaaaaaa-cmd\n"); /* a group's password is not for peers */
        if (cases[i].password != NULL) {
            const struct request *auth = f.out.items[0].requests;
            assert_slice(auth->words[auth->word_count - 1], cases[i].password);
        }
        buf_fini(&text);
        fixture_drop(&f);
    }
}

static void peers_are_logged_in_with_what_is_set_for_them_or_asked_of_clients(void **state) {
    static const struct {
        const char *user, *password, *client_password, *line, *sent_password;
    } cases[] = {
        { NULL, NULL, NULL, "CLIENT SETNAME sentinel-aaaaaaaa-cmd\n", NULL },
        { "alice", NULL, NULL, "CLIENT SETNAME sentinel-aaaaaaaa-cmd\n", NULL },
        { NULL, "pass", NULL, "AUTH ******\nCLIENT SETNAME sentinel-aaaaaaaa-cmd\n", "pass" },
        { "alice", "pass", "ours", "AUTH alice ******\nCLIENT SETNAME sentinel-aaaaaaaa-cmd\n",
            "pass" },
        { "alice", NULL, "ours", "AUTH ******\nCLIENT SETNAME sentinel-aaaaaaaa-cmd\n", "ours" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct buf text = BUF_INIT;
        fixture_start(&f, &FIXTURE_STANDARD);
        struct settings *s = &f.core->settings;
        struct link *l = &fixture_peer(&f, 0)->process->link;
        s->peer_user = mem_strdup(cases[i].user);
        secret_set(&s->peer_password, slice_of(cases[i].password));
        secret_set(&s->client_password, slice_of(cases[i].client_password));
        fixture_begin(&f);
        order_handshake(f.core, l);
        assert_string_equal(sent(&f, l, &text), cases[i].line);
        if (cases[i].sent_password != NULL) {
            const struct request *auth = f.out.items[0].requests;
            assert_slice(auth->words[auth->word_count - 1], cases[i].sent_password);
        }
        buf_fini(&text);
        fixture_drop(&f);
    }
}

static void commands_to_servers_go_by_their_new_names_and_to_peers_by_the_old_ones(void **state) {
    static const char *const commands[] = { "AUTH", "CLIENT", "SUBSCRIBE", "PING", "INFO",
        "PUBLISH", "SCRIPT", "MULTI", "SLAVEOF", "CONFIG", "EXEC" };
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    struct buf text = BUF_INIT;
    o.auth_password = "pass";
    fixture_start(&f, &o);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "my-%s", commands[i]);
        rename_command(&f, commands[i], name);
    }
    rename_command(&f, "REPLICAOF", "unused");
    rename_command(&f, "SENTINEL", "unused");
    fixture_begin(&f);
    struct node *n = fixture_replica(&f, 0);
    struct address master = address_of(&(struct endpoint){ .host = "10.0.0.9", .port = 7000 });
    order_handshake(f.core, &n->command);
    order_ping(f.core, &n->command);
    order_info(f.core, n);
    order_script_kill(f.core, n);
    order_hello(f.core, &n->command, f.group);
    (void)order_role(f.core, n, NULL);
    (void)order_role(f.core, n, &master);
    assert_string_equal(sent(&f, &n->command, &text),
        "my-AUTH ******\n"
        "my-CLIENT SETNAME sentinel-aaaaaaaa-cmd\n"
        "my-PING\n"
        "my-INFO\n"
        "my-SCRIPT KILL\n"
        "my-PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",0,mymaster,10.0.0.1,6379,0\n"
        "my-MULTI; my-SLAVEOF NO ONE; my-CONFIG REWRITE; my-CLIENT KILL TYPE normal; "
        "my-CLIENT KILL TYPE pubsub; my-EXEC\n"
        "my-MULTI; my-SLAVEOF 10.0.0.9 7000; my-CONFIG REWRITE; my-CLIENT KILL TYPE normal; "
        "my-CLIENT KILL TYPE pubsub; my-EXEC\n");
    order_handshake(f.core, &n->pubsub);
    assert_string_equal(sent(&f, &n->pubsub, &text),
        "my-AUTH ******\nmy-CLIENT SETNAME sentinel-aaaaaaaa-pubsub\n"
        "my-SUBSCRIBE __sentinel__:hello\n");
    struct peer *p = fixture_peer(&f, 0);
    order_ping(f.core, &p->process->link);
    order_identify(f.core, &p->process->link);
    order_hello(f.core, &p->process->link, f.group);
    order_question(f.core, p, false);
    assert_string_equal(sent(&f, &p->process->link, &text),
        "PING\n"
        "INFO server\n"
        "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",0,mymaster,10.0.0.1,6379,0\n"
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *\n");
    buf_fini(&text);
    fixture_drop(&f);
}

static void a_question_tells_our_durable_epoch_and_a_vote_request_that_of_the_attempt(
    void **state) {
    struct fixture f;
    struct buf text = BUF_INIT;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.store = STORE_HANGS;
    fixture_begin(&f);
    core_raise_epoch(f.core, f.group, 8);
    struct peer *p = fixture_peer(&f, 0);
    order_question(f.core, p, false);
    assert_string_equal(
        sent(&f, &p->process->link, &text), "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *\n");
    assert_int_equal(p->question_tag, f.core->next_tag);
    assert_int_equal(p->question_attempt, 0);
    assert_int_equal(p->asked_ms, f.now.mono_ms);
    f.group->attempt.epoch = 9;
    f.group->attempt.serial = 4;
    order_question(f.core, p, true);
    assert_string_equal(sent(&f, &p->process->link, &text),
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *\n"
        "SENTINEL is-master-down-by-addr 10.0.0.1 6379 9 " OUR_ID "\n");
    assert_int_equal(p->question_attempt, 4);
    buf_fini(&text);
    fixture_drop(&f);
}

static void ping_starts_the_silence_but_does_not_restart_it(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *n = f.group->master;
    fixture_begin(&f);
    order_ping(f.core, &n->command);
    assert_int_equal(n->live.unanswered_ms, f.now.heard_ms);
    n->live.unanswered_ms -= 300;
    order_ping(f.core, &n->command);
    assert_int_equal(n->live.unanswered_ms, f.now.heard_ms - 300);
    assert_int_equal(n->live.ping_ms, f.now.heard_ms);
    fixture_drop(&f);
}

static void a_role_change_is_one_send_of_six_requests(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_begin(&f);
    struct node *n = fixture_replica(&f, 0);
    const struct pending *p = order_role(f.core, n, NULL);
    assert_int_equal(f.out.count, 1);
    assert_int_equal(f.out.items[0].request_count, 6);
    assert_int_equal(p->kind, PENDING_ORDER);
    assert_int_equal(p->tag, f.out.items[0].tag);
    assert_int_equal(p->attempt, 0);
    fixture_drop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_logs_in_if_there_is_a_password_and_gives_our_name),
        cmocka_unit_test(peers_are_logged_in_with_what_is_set_for_them_or_asked_of_clients),
        cmocka_unit_test(commands_to_servers_go_by_their_new_names_and_to_peers_by_the_old_ones),
        cmocka_unit_test(a_question_tells_our_durable_epoch_and_a_vote_request_that_of_the_attempt),
        cmocka_unit_test(ping_starts_the_silence_but_does_not_restart_it),
        cmocka_unit_test(a_role_change_is_one_send_of_six_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
