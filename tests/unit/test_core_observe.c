#include "sentinel/core/observe.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"
#include "sentinel/core/input.h"
#include "sentinel/core/probe.h"

#include <stdio.h>
#include <string.h>

/* An INFO reply to the master or a replica, of these lines. */
static void tell(struct fixture *f, struct node *n, const char *text) {
    fixture_begin(f);
    observe_reply(f->core, &n->command,
        &(struct pending){ .kind = PENDING_INFO, .sent_mono_ms = f->now.mono_ms - 7 },
        &(struct resp_value){ .type = RESP_BULK, .text = slice_of(text) });
}

/* Events of the step so far, a line each. */
static const char *events(struct fixture *f, struct buf *out) {
    buf_clear(out);
    for (size_t i = 0; i < f->out.count; i++)
        if (f->out.items[i].kind == EFFECT_EVENT)
            buf_printf(
                out, "%s " SLICE_FMT "\n", f->out.items[i].event, SLICE_ARG(f->out.items[i].text));
    return buf_text(out);
}

/* ---- INFO ---- */

static void a_replica_is_found_in_the_masters_info_and_persisted(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.unlearned = true;
    o.peers = 0;
    fixture_start_alone(&f, &o);
    fixture_settle(&f);
    assert_has_event(&f, "+slave " REPLICA);
    assert_has_event(&f, "+slave " SECOND);
    assert_int_equal(f.group->replica_count, 2);
    assert_int_equal(fixture_replica(&f, 0)->command.state, LINK_OPEN);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_int_equal(stored->replica_count, 2);
    fixture_forget(&f);
    fixture_advance(&f, 30000); /* told again and again */
    assert_events(&f, "");
    assert_string_equal(fixture_persists(&f), "");
    fixture_stop(&f);
}

static void a_replica_is_found_once_and_only_where_it_can_be_one(void **state) {
    static const struct {
        const char *line;
        size_t found;
    } cases[] = {
        { "slave0:ip=10.0.0.9,port=6379,state=online", 1 },
        { "slave0:ip=10.0.0.9,port=6379\nslave1:ip=10.0.0.9,port=6379", 1 },
        { "slave0:ip=fd00::9,port=6379", 1 },
        { "slave0:ip=10.0.0.2,port=6379", 0 },        /* known */
        { "slave0:ip=10.0.0.1,port=6379", 0 },        /* the master itself */
        { "slave0:ip=replica.example,port=6379", 0 }, /* nothing resolves names */
        { "slave0:ip=10.0.0.9,port=0", 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start(&f, &FIXTURE_STANDARD);
        char text[256];
        (void)snprintf(text, sizeof(text), "role:master\n%s\n", cases[i].line);
        tell(&f, f.group->master, text);
        assert_int_equal(f.group->replica_count, 2 + cases[i].found);
        tell(&f, fixture_replica(&f, 0), text); /* a replica's list is not read */
        assert_int_equal(f.group->replica_count, 2 + cases[i].found);
        fixture_drop(&f);
    }
}

static void info_becomes_facts(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *n = fixture_replica(&f, 0);
    fixture_advance(&f, 500);
    tell(&f, n,
        "run_id:2222222222222222222222222222222222222222\r\nrole:slave\r\n"
        "master_host:10.0.0.8\r\nmaster_port:7000\r\nmaster_link_status:down\r\n"
        "master_link_down_since_seconds:12\r\nslave_priority:7\r\nslave_repl_offset:99\r\n"
        "replica_announced:0\r\n");
    assert_int_equal(n->info_ms, f.now.mono_ms);
    assert_int_equal(n->info_sent_ms, f.now.mono_ms - 7);
    assert_string_equal(n->master_host, "10.0.0.8");
    assert_int_equal(n->master_port, 7000);
    assert_int_equal(n->conf_changed_ms, f.now.mono_ms);
    assert_false(n->master_link_up);
    assert_int_equal(n->master_link_down_ms, 12000);
    assert_int_equal(n->priority, 7);
    assert_int_equal(n->repl_offset, 99);
    assert_false(n->announced);
    fixture_drop(&f);
}

static void what_is_not_said_keeps_its_value_but_the_link_down_time(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *n = fixture_replica(&f, 0);
    tell(&f, n,
        "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:up\n"
        "slave_priority:7\nslave_repl_offset:99\nmaster_link_down_since_seconds:3\n");
    int64_t changed_ms = n->conf_changed_ms;
    f.now.mono_ms += 1000;
    tell(&f, n, "role:slave\n");
    assert_string_equal(n->master_host, "10.0.0.1");
    assert_int_equal(n->master_port, 6379);
    assert_true(n->master_link_up);
    assert_int_equal(n->priority, 7);
    assert_int_equal(n->repl_offset, 99);
    assert_int_equal(n->master_link_down_ms, 0);
    assert_int_equal(n->conf_changed_ms, changed_ms);
    tell(&f, n, "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379\n");
    assert_int_equal(n->conf_changed_ms, changed_ms); /* the same */
    tell(&f, n, "role:slave\nmaster_port:6380\n");
    assert_int_equal(n->conf_changed_ms, f.now.mono_ms);
    fixture_drop(&f);
}

static void what_is_no_text_is_no_info(void **state) {
    static const struct resp_value values[] = {
        { .type = RESP_NULL },
        { .type = RESP_ERROR, .text = SLICE_LITERAL("NOPERM role:master") },
        { .type = RESP_STATUS, .text = SLICE_LITERAL("role:master") },
        { .type = RESP_INTEGER, .integer = 1 },
        { .type = RESP_ARRAY },
    };
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *n = fixture_replica(&f, 0);
    n->info_ms = 0;
    fixture_begin(&f);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        observe_reply(f.core, &n->command, &(struct pending){ .kind = PENDING_INFO }, &values[i]);
    assert_int_equal(n->info_ms, 0);
    assert_int_equal(n->role_reported, ROLE_REPLICA);
    fixture_drop(&f);
}

static void a_change_of_role_is_an_event_that_says_whether_it_is_the_right_one(void **state) {
    struct fixture f;
    struct buf text = BUF_INIT;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *m = f.group->master, *n = fixture_replica(&f, 0);
    tell(&f, m, "role:slave\n");
    tell(&f, m, "role:slave\n");
    tell(&f, m, "role:master\n");
    tell(&f, n, "role:master\n");
    tell(&f, n, "nothing about roles\n");
    tell(&f, n, "role:slave\n");
    assert_string_equal(events(&f, &text),
        "-role-change " MASTER " new reported role is slave\n"
        "+role-change " MASTER " new reported role is master\n"
        "-role-change " REPLICA " new reported role is master\n"
        "+role-change " REPLICA " new reported role is slave\n");
    assert_int_equal(n->role_since_ms, f.now.mono_ms);
    buf_fini(&text);
    fixture_drop(&f);
}

static void a_changed_run_id_is_a_reboot_the_first_one_is_none(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    struct buf text = BUF_INIT;
    o.reboot_down_after_ms = 5000;
    fixture_start_alone(&f, &o);
    struct node *m = f.group->master, *n = fixture_replica(&f, 0);
    effects_clear(&f.out);
    tell(&f, m, "run_id:1111111111111111111111111111111111111111\n");
    tell(&f, m, "run_id:1111111111111111111111111111111111111111\n");
    tell(&f, m, "role:master\n"); /* not said */
    assert_string_equal(events(&f, &text), "");
    assert_false(m->rebooted);
    tell(&f, m, "run_id:2222222222222222222222222222222222222222\n");
    assert_string_equal(events(&f, &text), "+reboot " MASTER "\n");
    assert_true(m->rebooted);
    tell(&f, n, "run_id:3333333333333333333333333333333333333333\n");
    tell(&f, n, "run_id:4444444444444444444444444444444444444444\n");
    assert_string_equal(events(&f, &text), "+reboot " MASTER "\n+reboot " REPLICA "\n");
    assert_false(n->rebooted); /* for masters only */
    buf_fini(&text);
    fixture_drop(&f);
}

#define RUN_1 "run_id:1111111111111111111111111111111111111111\n"
#define RUN_2 "run_id:2222222222222222222222222222222222222222\n"

/* Law C10 prefers who was promoted: not who comes back as the master of former times. */
static void a_master_that_was_not_a_replica_since_its_start_was_not_promoted(void **state) {
    static const struct {
        const char *before, *then;
        bool promoted;
    } cases[] = {
        { RUN_1 "role:slave\n", RUN_1 "role:master\n", true },
        { RUN_1 "role:slave\n", RUN_2 "role:master\n", false }, /* started anew */
        { NULL, RUN_1 "role:master\n", false },                 /* not known before */
        { RUN_1 "role:slave\n", "role:master\n", true },        /* tells no run id */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_start_alone(&f, &FIXTURE_STANDARD);
        struct node *n = fixture_replica(&f, 0);
        if (cases[i].before != NULL)
            tell(&f, n, cases[i].before);
        tell(&f, n, cases[i].then);
        assert_int_equal(n->role_reported, ROLE_MASTER);
        assert_int_equal(n->turned_master_ms, cases[i].promoted ? f.now.mono_ms : 0);
        fixture_drop(&f);
    }
}

/* ---- peers ---- */

static void a_vedette_says_so_in_its_info(void **state) {
    struct fixture f;
    fixture_start_alone(&f, &FIXTURE_STANDARD);
    f.peers[0].is_vedette = true;
    fixture_settle(&f);
    assert_true(fixture_peer(&f, 0)->process->is_vedette);
    assert_false(fixture_peer(&f, 1)->process->is_vedette);
    fixture_stop(&f);
}

static void answer(struct fixture *f, struct peer *p, int64_t down, const char *candidate,
    int64_t epoch, uint64_t attempt) {
    const struct resp_value elements[] = {
        { .type = RESP_INTEGER, .integer = down },
        { .type = RESP_BULK, .text = slice_of(candidate) },
        { .type = RESP_INTEGER, .integer = epoch },
    };
    fixture_begin(f);
    observe_reply(f->core, &p->process->link,
        &(struct pending){ .kind = PENDING_QUESTION,
            .group_serial = p->group->serial,
            .sent_mono_ms = f->now.mono_ms,
            .attempt = attempt },
        &(struct resp_value){ .type = RESP_ARRAY, .elements = elements, .count = 3 });
}

static void a_vote_is_remembered_and_a_star_leaves_it_alone(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct peer *p = fixture_peer(&f, 0);
    fixture_advance(&f, 10);
    answer(&f, p, 0, ID_C, 3, 0);
    assert_string_equal(p->voted_for, ID_C);
    assert_int_equal(p->voted_epoch, 3);
    assert_int_equal(p->answered_ms, f.now.mono_ms);
    assert_int_equal(p->answered_attempt, 0);
    assert_slice(f.out.items[0].text, ID_B " voted for " ID_C " 3");
    effects_clear(&f.out);
    answer(&f, p, 0, "*", 0, 5);
    assert_string_equal(p->voted_for, ID_C);
    assert_int_equal(p->voted_epoch, 3);
    assert_int_equal(p->answered_attempt, 0); /* no vote: ask again */
    answer(&f, p, 0, ID_C, 3, 5);
    assert_int_equal(p->answered_attempt, 5);
    assert_int_equal(f.out.count, 0); /* known already */
    fixture_drop(&f);
}

static void an_odd_vote_is_none(void **state) {
    struct fixture f;
    char candidate[CANDIDATE_MAX + 1];
    fixture_start(&f, &FIXTURE_STANDARD);
    struct peer *p = fixture_peer(&f, 0);
    memset(candidate, 'x', sizeof(candidate));
    candidate[CANDIDATE_MAX] = '\0';
    answer(&f, p, 0, candidate, 3, 1);
    assert_string_equal(p->voted_for, "");
    answer(&f, p, 0, ID_C, -1, 1);
    assert_string_equal(p->voted_for, "");
    answer(&f, p, 0, ID_C, INT64_MIN, 1);
    assert_string_equal(p->voted_for, "");
    candidate[CANDIDATE_MAX - 1] = '\0';
    answer(&f, p, 0, candidate, INT64_MAX, 1);
    assert_string_equal(p->voted_for, "");
    answer(&f, p, 0, candidate, 1000, 1);
    assert_string_equal(p->voted_for, candidate);
    fixture_drop(&f);
}

static void an_answer_about_a_group_that_is_gone_is_nothing(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct peer *p = fixture_peer(&f, 0);
    uint64_t serial = f.group->serial;
    struct link *l = &p->process->link;
    fixture_begin(&f);
    (void)core_remove_group(f.core, f.group, CORE_REMOVE_FORGET);
    static const enum pending_kind kinds[] = { PENDING_QUESTION, PENDING_HELLO };
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct pending gone = { .kind = kinds[i], .group_serial = serial };
        observe_reply(f.core, l, &gone,
            &(struct resp_value){ .type = RESP_ERROR, .text = SLICE_LITERAL("ERR") });
        observe_loss(f.core, l, &gone);
    }
    fixture_drop(&f);
}

/* ---- silence ---- */

static void only_an_acceptable_answer_ends_the_silence_but_any_is_a_sign_of_life(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *m = f.group->master;
    m->live.unanswered_ms = m->live.available_ms = m->live.pong_ms = f.now.heard_ms;
    fixture_advance(&f, 0);
    f.now.heard_ms += 40;
    struct pending p = { .kind = PENDING_PING, .sent_heard_ms = f.now.heard_ms - 15 };
    fixture_begin(&f);
    observe_reply(f.core, &m->command, &p,
        &(struct resp_value){ .type = RESP_ERROR, .text = SLICE_LITERAL("NOAUTH x") });
    assert_int_equal(m->live.unanswered_ms, f.now.heard_ms - 40);
    assert_int_equal(m->live.available_ms, f.now.heard_ms - 40);
    assert_int_equal(m->live.pong_ms, f.now.heard_ms);
    assert_int_equal(m->live.round_trip_ms, 15);
    observe_reply(f.core, &m->command, &p,
        &(struct resp_value){ .type = RESP_STATUS, .text = SLICE_LITERAL("PONG") });
    assert_int_equal(m->live.unanswered_ms, 0);
    assert_int_equal(m->live.available_ms, f.now.heard_ms);
    fixture_drop(&f);
}

static void a_lost_pubsub_connection_is_no_silence(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 5);
    fixture_begin(&f);
    assert_int_equal(f.group->master->live.unanswered_ms, 0);
    link_close(f.core, &f.group->master->pubsub);
    assert_int_equal(f.group->master->live.unanswered_ms, 0);
    link_close(f.core, &f.group->master->command);
    assert_int_equal(f.group->master->live.unanswered_ms, f.now.heard_ms);
    fixture_drop(&f);
}

static void a_lost_info_is_wanted_again(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct node *n = fixture_replica(&f, 0);
    n->info_wanted = false;
    fixture_begin(&f);
    observe_loss(f.core, &n->command, &(struct pending){ .kind = PENDING_INFO });
    assert_true(n->info_wanted);
    fixture_drop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_is_found_in_the_masters_info_and_persisted),
        cmocka_unit_test(a_replica_is_found_once_and_only_where_it_can_be_one),
        cmocka_unit_test(info_becomes_facts),
        cmocka_unit_test(what_is_not_said_keeps_its_value_but_the_link_down_time),
        cmocka_unit_test(what_is_no_text_is_no_info),
        cmocka_unit_test(a_change_of_role_is_an_event_that_says_whether_it_is_the_right_one),
        cmocka_unit_test(a_changed_run_id_is_a_reboot_the_first_one_is_none),
        cmocka_unit_test(a_master_that_was_not_a_replica_since_its_start_was_not_promoted),
        cmocka_unit_test(a_vedette_says_so_in_its_info),
        cmocka_unit_test(a_vote_is_remembered_and_a_star_leaves_it_alone),
        cmocka_unit_test(an_odd_vote_is_none),
        cmocka_unit_test(an_answer_about_a_group_that_is_gone_is_nothing),
        cmocka_unit_test(only_an_acceptable_answer_ends_the_silence_but_any_is_a_sign_of_life),
        cmocka_unit_test(a_lost_pubsub_connection_is_no_silence),
        cmocka_unit_test(a_lost_info_is_wanted_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
