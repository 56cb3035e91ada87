#include "sentinel/core/resolve.h"

#include "sentinel/core/input.h"
#include "tests/unit/core_fixture.h"

#include <stdio.h>

static struct fixture_options named(void) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.named = true;
    return o;
}

static void start_named(struct fixture *f) {
    struct fixture_options o = named();
    fixture_start_alone(f, &o);
    fixture_resolve_all(f);
}

static void a_start_asks_for_every_name_and_connects_as_they_come(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    fixture_start_alone(&f, &o);
    assert_asked(&f, "db-0.test\ndb-1.test\ndb-2.test\ns-0.test\ns-1.test\n");
    fixture_settle(&f);
    assert_int_equal(f.group->master->command.state, LINK_CLOSED);
    fixture_resolve(&f, "db-0.test", "10.0.0.1");
    assert_int_equal(f.group->master->command.state, LINK_OPEN);
    assert_string_equal(f.group->master->address.ip, "10.0.0.1");
    fixture_resolve(&f, "s-1.test", "10.0.1.2");
    assert_int_equal(fixture_peer(&f, 1)->process->link.state, LINK_OPEN);
    assert_int_equal(fixture_peer(&f, 0)->process->link.state, LINK_CLOSED);
    fixture_stop(&f);
}

static void what_never_resolved_is_down_in_time_and_is_told_by_its_name(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    fixture_start_alone(&f, &o);
    fixture_resolve(&f, "db-0.test", "10.0.0.1");
    fixture_forget(&f);
    fixture_advance(&f, 1100);
    assert_has_event(&f, "+sdown slave db-1.test:6379 db-1.test 6379 @ mymaster 10.0.0.1 6379");
    fixture_resolve(&f, "db-1.test", "10.0.0.2");
    fixture_advance(&f, 100);
    assert_has_event(&f, "-sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379");
    fixture_stop(&f);
}

static void a_name_that_fails_is_asked_for_again_at_growing_pauses(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    o.replicas = o.peers = 0;
    fixture_start_alone(&f, &o);
    assert_asked(&f, "db-0.test\n");
    static const int64_t pauses_ms[] = { 2000, 4000, 5000, 5000 };
    for (size_t i = 0; i < ARRAY_SIZE(pauses_ms); i++) {
        fixture_resolve(&f, "db-0.test", "");
        fixture_advance(&f, pauses_ms[i] - 1);
        assert_asked(&f, "");
        fixture_advance(&f, 1);
        assert_asked(&f, "db-0.test\n");
    }
    fixture_stop(&f);
}

static void a_failure_is_logged_once(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    o.replicas = o.peers = 0;
    fixture_start_alone(&f, &o);
    fixture_resolve(&f, "db-0.test", "");
    assert_logged(&f, "warning Failed to resolve hostname 'db-0.test': no such name\n");
    fixture_forget(&f);
    fixture_advance(&f, 2000);
    fixture_resolve(&f, "db-0.test", "");
    assert_string_equal(fixture_logs(&f), "");
    fixture_stop(&f);
}

static void a_lost_connection_asks_anew_and_is_tried_meanwhile_at_the_old_ip(void **state) {
    struct fixture f;
    start_named(&f);
    fixture_advance(&f, 5000);
    fixture_forget(&f);
    fixture_cut(&f, &f.replicas[0]);
    fixture_settle(&f);
    assert_asked(&f, "db-1.test\n");
    fixture_advance(&f, 1000);
    assert_int_equal(
        fixture_replica(&f, 0)->command.state, LINK_OPEN); /* 10 s make no difference */
    fixture_advance(&f, 9000);
    assert_no_event(&f, "+sdown");
    fixture_resolve(&f, "db-1.test", "10.0.0.2");
    assert_int_equal(fixture_replica(&f, 0)->command.state, LINK_OPEN);
    fixture_stop(&f);
}

static void a_name_that_stops_resolving_keeps_its_ip(void **state) {
    struct fixture f;
    start_named(&f);
    fixture_advance(&f, 5000);
    fixture_cut(&f, &f.replicas[0]);
    fixture_settle(&f);
    fixture_resolve(&f, "db-1.test", "");
    assert_logged(&f, "no such name; it stays 10.0.0.2\n");
    assert_string_equal(fixture_replica(&f, 0)->address.ip, "10.0.0.2");
    fixture_advance(&f, 1000);
    assert_int_equal(fixture_replica(&f, 0)->command.state, LINK_OPEN);
    fixture_stop(&f);
}

/* The server is gone from its old IP, and reachable at another one: replicas[1] stands there. */
static void a_server_whose_name_changes_while_it_is_away_is_found_at_once(void **state) {
    struct fixture f;
    start_named(&f);
    fixture_advance(&f, 5000);
    fixture_crash(&f, &f.replicas[0]);
    fixture_settle(&f);
    f.replicas[0].address.host[7] = '9'; /* 10.0.0.9 */
    fixture_revive(&f.replicas[0]);
    assert_int_equal(fixture_replica(&f, 1)->command.state, LINK_OPEN);
    struct node *n = list_first(&f.group->replicas, struct node, siblings);
    fixture_resolve(&f, "db-1.test", "10.0.0.9");
    assert_string_equal(n->address.ip, "10.0.0.9");
    assert_int_equal(n->command.state, LINK_OPEN);
    assert_logged(&f, "host name db-1.test is now 10.0.0.9, was 10.0.0.2\n");
    assert_string_equal(n->name, "10.0.0.2:6379"); /* names of entries stay */
    fixture_stop(&f);
}

/* The old IP may be somebody else's by now. */
static void a_connection_made_while_the_answer_was_awaited_moves_when_it_differs(void **state) {
    struct fixture f;
    start_named(&f);
    fixture_advance(&f, 5000);
    fixture_cut(&f, &f.replicas[0]);
    fixture_advance(&f, 300);
    struct node *n = list_first(&f.group->replicas, struct node, siblings);
    assert_int_equal(n->command.state, LINK_OPEN);
    uint64_t incarnation = n->command.incarnation;
    fixture_resolve(&f, "db-1.test", "10.0.0.3");
    assert_true(n->command.incarnation > incarnation);
    assert_string_equal(n->address.ip, "10.0.0.3");
    fixture_stop(&f);
}

static void a_connection_that_works_stays_where_it_is(void **state) {
    struct fixture f;
    start_named(&f);
    fixture_advance(&f, RESOLVE_OLD_MS);
    fixture_begin(&f);
    assert_int_equal(resolve_look(f.core, SLICE_LITERAL("DB-1.test")), MEANING_KNOWN);
    fixture_end(&f);
    fixture_settle(&f);
    struct node *n = list_first(&f.group->replicas, struct node, siblings);
    uint64_t incarnation = n->command.incarnation;
    fixture_resolve(&f, "db-1.test", "10.0.0.9");
    assert_int_equal(n->command.incarnation, incarnation);
    assert_string_equal(n->address.ip, "10.0.0.2");
    fixture_cut(&f, &f.replicas[0]); /* at the next loss it moves */
    fixture_settle(&f);
    assert_string_equal(n->address.ip, "10.0.0.9");
    fixture_stop(&f);
}

static void of_several_addresses_the_present_one_stays_unless_it_never_led_anywhere(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    o.replicas = o.peers = 0;
    fixture_start_alone(&f, &o);
    struct node *n = f.group->master;
    fixture_resolve(&f, "db-0.test", "10.0.0.77 10.0.0.1"); /* nothing is at the first one */
    assert_string_equal(n->address.ip, "10.0.0.77");
    fixture_advance(&f, 2000);
    fixture_resolve(&f, "db-0.test", "10.0.0.77 10.0.0.1");
    assert_string_equal(n->address.ip, "10.0.0.1");
    assert_int_equal(n->command.state, LINK_OPEN);
    fixture_advance(&f, 5000);
    fixture_crash(&f, &f.master);
    fixture_settle(&f);
    fixture_resolve(&f, "db-0.test", "10.0.0.77 10.0.0.1"); /* it had worked */
    assert_string_equal(n->address.ip, "10.0.0.1");
    fixture_stop(&f);
}

static void switched_off_nothing_is_asked_and_on_again_everything(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    o.peers = 0;
    fixture_start_alone(&f, &o);
    assert_asked(&f, "db-0.test\ndb-1.test\ndb-2.test\n");
    f.core->settings.resolve_hostnames = false;
    fixture_timer(&f);
    fixture_resolve(&f, "db-0.test", "10.0.0.1"); /* too late */
    assert_string_equal(f.group->master->address.ip, "");
    fixture_resolve(&f, "db-1.test", "");
    fixture_advance(&f, 60000);
    assert_asked(&f, "");
    f.core->settings.resolve_hostnames = true;
    fixture_timer(&f);
    assert_asked(&f, "db-0.test\ndb-1.test\n"); /* the answer for the third is still on its way */
    fixture_stop(&f);
}

static void names_of_strangers_are_bounded(void **state) {
    struct fixture f;
    start_named(&f);
    fixture_begin(&f);
    for (int i = 0; i < RESOLVE_IDLE_MAX + 10; i++) {
        char host[32];
        (void)snprintf(host, sizeof(host), "x%d.test", i);
        assert_int_equal(resolve_look(f.core, slice_of(host)),
            i < RESOLVE_IDLE_MAX ? MEANING_AWAITED : MEANING_NONE);
    }
    assert_int_equal(f.core->resolve.idle_count, RESOLVE_IDLE_MAX);
    fixture_end(&f);
    fixture_settle(&f);
    assert_logged(&f, "too many are awaited");
    fixture_resolve(&f, "x7.test", "10.9.9.9");
    fixture_begin(&f);
    assert_int_equal(resolve_look(f.core, SLICE_LITERAL("x7.test")), MEANING_KNOWN);
    assert_int_equal(resolve_look(f.core, SLICE_LITERAL("y.test")), MEANING_AWAITED);
    assert_null(resolve_find(f.core, SLICE_LITERAL("x7.test"))); /* made room */
    fixture_end(&f);
    fixture_stop(&f);
}

static void a_group_is_found_by_name_and_by_ip(void **state) {
    struct fixture f;
    start_named(&f);
    const struct endpoint by_name = { .host = "DB-0.test", .port = 6379 };
    const struct endpoint by_ip = { .host = "10.0.0.1", .port = 6379 };
    const struct endpoint by_alias = { .host = "alias.test", .port = 6379 };
    assert_ptr_equal(core_group_by_address(f.core, &by_name), f.group);
    assert_ptr_equal(core_group_by_address(f.core, &by_ip), f.group);
    assert_null(core_group_by_address(f.core, &by_alias));
    fixture_begin(&f);
    assert_int_equal(resolve_look(f.core, SLICE_LITERAL("alias.test")), MEANING_AWAITED);
    fixture_end(&f);
    fixture_resolve(&f, "alias.test", "10.0.0.1");
    assert_ptr_equal(core_group_by_address(f.core, &by_alias), f.group);

    fixture_advance(&f, 5000);
    fixture_crash(&f, &f.master); /* it comes back somewhere else */
    fixture_settle(&f);
    fixture_resolve(&f, "db-0.test", "10.0.0.50");
    assert_null(core_group_by_address(f.core, &by_ip));
    assert_ptr_equal(core_group_by_address(f.core, &by_name), f.group);
    fixture_stop(&f);
}

static void a_server_listed_by_ip_too_is_one_entry_under_its_name(void **state) {
    struct fixture f;
    struct fixture_options o = named();
    fixture_start_alone(&f, &o);
    fixture_resolve(&f, "db-0.test", "10.0.0.1"); /* its INFO names the replicas by IP */
    fixture_advance(&f, 100);
    assert_int_equal(f.group->replica_count, 4);
    fixture_resolve_all(&f);
    assert_int_equal(f.group->replica_count, 2);
    assert_string_equal(fixture_replica(&f, 0)->address.given.host, "db-1.test");
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_int_equal(stored->replica_count, 2);
    fixture_stop(&f);
}

static void a_master_given_by_ip_takes_the_name_of_its_double(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.core->settings.resolve_hostnames = true;
    fixture_timer(&f);
    const struct endpoint name = { .host = "db-0.test", .port = 6379 };
    fixture_begin(&f);
    assert_non_null(group_add_replica(f.core, f.group, &name));
    fixture_end(&f);
    fixture_resolve(&f, "db-0.test", "10.0.0.1");
    assert_int_equal(f.group->replica_count, 2);
    assert_string_equal(f.group->master->address.given.host, "db-0.test");
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_string_equal(stored->record.master.host, "db-0.test");
    assert_int_equal(stored->replica_count, 2);
    fixture_stop(&f);
}

/* Two names of one server, of which one is the master: it must not be told to follow itself. */
static void the_master_under_another_name_is_left_alone(void **state) {
    struct fixture f;
    start_named(&f);
    const struct endpoint alias = { .host = "alias.test", .port = 6379 };
    fixture_begin(&f);
    assert_non_null(group_add_replica(f.core, f.group, &alias));
    fixture_end(&f);
    fixture_resolve(&f, "alias.test", "10.0.0.1");
    fixture_advance(&f, 60000);
    assert_int_equal(fixture_sent(&f, &f.master, "MULTI"), 0);
    assert_no_event(&f, "+convert-to-slave");
    fixture_stop(&f);
}

static void entries_are_announced_by_name_from_the_switch_on(void **state) {
    struct fixture f;
    start_named(&f);
    f.core->settings.announce_hostnames = true;
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 1200);
    assert_has_event(&f, "+sdown master mymaster db-0.test 6379");
    assert_non_null(
        fixture_last_sent(&f, &f.peers[0], "SENTINEL is-master-down-by-addr db-0.test 6379"));
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_asks_for_every_name_and_connects_as_they_come),
        cmocka_unit_test(what_never_resolved_is_down_in_time_and_is_told_by_its_name),
        cmocka_unit_test(a_name_that_fails_is_asked_for_again_at_growing_pauses),
        cmocka_unit_test(a_failure_is_logged_once),
        cmocka_unit_test(a_lost_connection_asks_anew_and_is_tried_meanwhile_at_the_old_ip),
        cmocka_unit_test(a_name_that_stops_resolving_keeps_its_ip),
        cmocka_unit_test(a_server_whose_name_changes_while_it_is_away_is_found_at_once),
        cmocka_unit_test(a_connection_made_while_the_answer_was_awaited_moves_when_it_differs),
        cmocka_unit_test(a_connection_that_works_stays_where_it_is),
        cmocka_unit_test(of_several_addresses_the_present_one_stays_unless_it_never_led_anywhere),
        cmocka_unit_test(switched_off_nothing_is_asked_and_on_again_everything),
        cmocka_unit_test(names_of_strangers_are_bounded),
        cmocka_unit_test(a_group_is_found_by_name_and_by_ip),
        cmocka_unit_test(a_server_listed_by_ip_too_is_one_entry_under_its_name),
        cmocka_unit_test(a_master_given_by_ip_takes_the_name_of_its_double),
        cmocka_unit_test(the_master_under_another_name_is_left_alone),
        cmocka_unit_test(entries_are_announced_by_name_from_the_switch_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
