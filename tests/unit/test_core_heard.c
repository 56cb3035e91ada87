#include "sentinel/core/heard.h"

#include "sentinel/core/input.h"
#include "tests/unit/core_fixture.h"

/* Ours are given by IP; names are resolved. */
static void start(struct fixture *f) {
    fixture_start(f, &FIXTURE_STANDARD);
    f->core->settings.resolve_hostnames = true;
    fixture_timer(f);
}

static void a_peer_that_names_itself_is_met_when_its_name_is_known(void **state) {
    struct fixture f;
    start(&f);
    for (int i = 0; i < 3; i++) /* only the last one is kept */
        fixture_hello(
            &f, &(struct hello_line){ "s-9.test", 26379, ID_E, 3, "10.0.0.1", 6379, 0, NULL });
    assert_asked(&f, "s-9.test\n");
    assert_int_equal(f.core->resolve.heard_count, 1);
    assert_events(&f, "");
    fixture_resolve(&f, "s-9.test", "10.0.1.77");
    assert_events(&f, "+sentinel sentinel " ID_E " 10.0.1.77 26379" AT "\n+new-epoch 3\n");
    assert_int_equal(f.core->resolve.heard_count, 0);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_string_equal(stored->peers[2].address.host, "s-9.test");
    fixture_stop(&f);
}

/* What waited says nothing of now: C12 counts what was heard since a server came back. */
static void a_hello_is_as_old_as_it_is_when_its_name_is_known(void **state) {
    struct fixture f;
    start(&f);
    fixture_hello(
        &f, &(struct hello_line){ "s-9.test", 26379, ID_E, 3, "10.0.0.1", 6379, 0, NULL });
    int64_t heard_ms = f.now.mono_ms;
    fixture_advance(&f, 700);
    fixture_resolve(&f, "s-9.test", "10.0.1.77");
    assert_int_equal(peer_find(f.group, ID_E)->hello_ms, heard_ms);
    /* The name of its master is awaited then. */
    fixture_hello(
        &f, &(struct hello_line){ "s-8.test", 26379, ID_E, 3, "db-5.test", 6379, 3, NULL });
    heard_ms = f.now.mono_ms;
    fixture_advance(&f, 700);
    fixture_resolve(&f, "s-8.test", "10.0.1.78");
    assert_int_equal(peer_find(f.group, ID_E)->hello_ms, heard_ms);
    fixture_advance(&f, 700);
    fixture_resolve(&f, "db-5.test", "10.0.0.5");
    assert_int_equal(peer_find(f.group, ID_E)->hello_ms, heard_ms);
    assert_int_equal(f.group->config_epoch, 3);
    fixture_stop(&f);
}

static void a_peer_whose_name_does_not_resolve_is_not_met(void **state) {
    struct fixture f;
    start(&f);
    fixture_hello(
        &f, &(struct hello_line){ "s-9.test", 26379, ID_E, 3, "10.0.0.1", 6379, 0, NULL });
    fixture_resolve(&f, "s-9.test", "");
    assert_events(&f, "");
    assert_int_equal(f.core->current_epoch, 0);
    assert_int_equal(f.core->resolve.heard_count, 0);
    assert_logged(&f, "Failed to resolve hostname 's-9.test'");
    fixture_stop(&f);
}

static void what_the_sender_said_since_stands(void **state) {
    struct fixture f;
    start(&f);
    fixture_hello(
        &f, &(struct hello_line){ "s-9.test", 26379, ID_B, 0, "10.0.0.1", 6379, 0, NULL });
    fixture_advance(&f, 10);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.50", 26379, ID_B, 0, "10.0.0.1", 6379, 0, NULL });
    fixture_resolve(&f, "s-9.test", "10.0.1.77");
    assert_string_equal(fixture_peer(&f, 0)->process->address.given.host, "10.0.1.50");
    fixture_stop(&f);
}

/* The originals take the epoch without the address, and the right hello is then ignored for ever.
 */
static void a_configuration_is_adopted_with_the_address_or_not_at_all(void **state) {
    struct fixture f;
    start(&f);
    const struct hello_line named = { "10.0.1.1", 26379, ID_B, 8, "db-5.test", 6379, 8, NULL };
    fixture_hello(&f, &named);
    assert_events(&f, "+new-epoch 8\n"); /* the rest of the hello does not wait */
    assert_int_equal(f.group->config_epoch, 0);
    fixture_resolve(&f, "db-5.test", "");
    assert_int_equal(f.group->config_epoch, 0);
    assert_logged(&f, "its master does not resolve");
    fixture_advance(&f, 6000);
    fixture_hello(&f, &named);
    fixture_resolve(&f, "db-5.test", "10.0.0.5");
    assert_int_equal(f.group->config_epoch, 8);
    assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.5 6379");
    assert_string_equal(f.group->master->address.given.host, "db-5.test");
    fixture_stop(&f);
}

static void a_master_told_by_ip_keeps_the_name_that_we_know(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.named = true;
    fixture_start_alone(&f, &o);
    fixture_resolve_all(&f);
    fixture_hello(
        &f, &(struct hello_line){ "s-0.test", 26379, ID_B, 8, "10.0.0.2", 6379, 8, NULL });
    assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    assert_string_equal(f.group->master->address.given.host, "db-1.test");
    assert_int_equal(f.group->replica_count, 2);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_string_equal(stored->record.master.host, "db-1.test");
    assert_int_equal(stored->replica_count, 2);
    fixture_stop(&f);
}

static void start_with_a_master_unresolved(struct fixture *f, uint64_t config_epoch) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.named = true;
    o.current_epoch = o.config_epoch = config_epoch;
    fixture_start_alone(f, &o);
    fixture_resolve(f, "db-1.test", "10.0.0.2");
    fixture_resolve(f, "db-0.test", "");
    assert_string_equal(f->group->master->address.ip, "");
}

static void a_peer_of_the_same_configuration_tells_where_our_master_is(void **state) {
    struct fixture f;
    start_with_a_master_unresolved(&f, 7);
    fixture_hello(
        &f, &(struct hello_line){ "s-0.test", 26379, ID_B, 7, "10.0.0.1", 6379, 7, NULL });
    assert_string_equal(f.group->master->address.ip, "10.0.0.1");
    assert_int_equal(f.group->master->command.state, LINK_OPEN);
    fixture_stop(&f);
}

/* What a peer says is hearsay: the resolver has the last word, though the connection works. */
static void the_name_is_asked_for_until_the_resolver_has_answered(void **state) {
    struct fixture f;
    start_with_a_master_unresolved(&f, 7);
    fixture_hello(
        &f, &(struct hello_line){ "s-0.test", 26379, ID_B, 7, "10.0.0.2", 6379, 7, NULL });
    struct node *master = f.group->master;
    assert_int_equal(master->command.state, LINK_OPEN);
    buf_clear(&f.asked);
    fixture_advance(&f, RESOLVE_PAUSE_MS);
    assert_asked(&f, "db-0.test\n");
    fixture_resolve(&f, "db-0.test", "");
    assert_string_equal(master->address.ip, "10.0.0.2");
    fixture_advance(&f, RESOLVE_PAUSE_MS);
    assert_asked(&f, "db-0.test\n");
    fixture_resolve(&f, "db-0.test", "10.0.0.1");
    assert_string_equal(master->address.ip, "10.0.0.1");
    assert_int_equal(master->command.state, LINK_OPEN);
    fixture_advance(&f, RESOLVE_OLD_MS);
    assert_asked(&f, "");
    fixture_stop(&f);
}

/* Of epoch 0 is what stands in a file, or what an operator said to one of them: another server. */
static void nobody_elected_what_has_epoch_0(void **state) {
    struct fixture f;
    start_with_a_master_unresolved(&f, 0);
    fixture_hello(
        &f, &(struct hello_line){ "s-0.test", 26379, ID_B, 0, "10.0.0.2", 6379, 0, NULL });
    assert_string_equal(f.group->master->address.ip, "");
    assert_int_equal(f.group->master->command.state, LINK_CLOSED);
    fixture_stop(&f);
}

/* While a failover brings the others in step, the configuration names the promoted one. */
static void where_the_promoted_master_is_does_not_tell_where_the_former_one_was(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.named = o.announce_names = true;
    fixture_start_alone(&f, &o);
    fixture_peers_agree(&f);
    for (int i = 0; i < 2; i++) {
        fixture_resolve(&f, f.replicas[i].name, f.replicas[i].address.host);
        fixture_resolve(&f, f.peers[i].name, f.peers[i].address.host);
    }
    f.replicas[0].offset = 2000;
    f.replicas[1].holds = "MULTI";
    fixture_await(&f, "+slave-reconf-sent", 3000);
    fixture_hello(
        &f, &(struct hello_line){ "s-0.test", 26379, ID_B, 1, "10.0.0.2", 6379, 1, NULL });
    assert_int_equal(f.group->attempt.state, FAILOVER_RECONF_REPLICAS);
    assert_string_equal(f.group->master->address.ip, "");
    fixture_stop(&f);
}

static const char info_with_names[] =
    "$108\r\n# Replication\r\nrole:master\r\nslave0:ip=db-5.test,port=6379,state=online\r\n"
    "slave1:ip=db-6.test,port=6379,state=online\r\n\r\n";

static void replicas_that_announce_names_are_added_as_these_resolve(void **state) {
    struct fixture f;
    start(&f);
    f.master.info = info_with_names;
    fixture_advance(&f, 11000);
    assert_asked(&f, "db-5.test\ndb-6.test\n");
    assert_int_equal(f.group->replica_count, 2);
    fixture_resolve(&f, "db-6.test", "10.0.0.9");
    assert_has_event(&f, "+slave slave 10.0.0.9:6379 10.0.0.9 6379" AT);
    fixture_resolve(&f, "db-5.test", "10.0.0.2"); /* known by its IP */
    assert_int_equal(f.group->replica_count, 3);
    assert_string_equal(fixture_replica(&f, 0)->address.given.host, "db-5.test");
    fixture_stop(&f);
}

static void a_reset_forgets_what_waits(void **state) {
    struct fixture f;
    start(&f);
    f.master.info = info_with_names;
    fixture_advance(&f, 11000);
    assert_int_equal(f.core->resolve.heard_count, 2);
    f.master.info = NULL;
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_DROP_PEERS);
    fixture_end(&f);
    assert_int_equal(f.core->resolve.heard_count, 0);
    fixture_resolve(&f, "db-5.test", "10.0.0.77");
    list_for_each(n, &f.group->replicas, struct node, siblings)
        assert_string_not_equal(n->address.given.host, "db-5.test");
    fixture_stop(&f);
}

static void an_end_forgets_what_waits(void **state) {
    struct fixture f;
    start(&f);
    fixture_hello(
        &f, &(struct hello_line){ "s-8.test", 26379, ID_D, 0, "10.0.0.1", 6379, 0, NULL });
    fixture_hello(
        &f, &(struct hello_line){ "s-9.test", 26379, ID_E, 0, "10.0.0.1", 6379, 0, NULL });
    assert_int_equal(f.core->resolve.heard_count, 2);
    fixture_stop(&f);
}

static void what_waits_is_bounded(void **state) {
    struct fixture f;
    start(&f);
    fixture_begin(&f);
    assert_int_equal(resolve_look(f.core, SLICE_LITERAL("slow.test")), MEANING_AWAITED);
    struct host_name *name = resolve_find(f.core, SLICE_LITERAL("slow.test"));
    for (int i = 0; i < HEARD_MAX + 5; i++) {
        struct endpoint e = { .host = "slow.test", .port = (uint16_t)(i + 1) };
        heard_replica(f.core, name, f.group, &e);
    }
    fixture_end(&f);
    fixture_settle(&f);
    assert_int_equal(f.core->resolve.heard_count, HEARD_MAX);
    assert_logged(&f, "too much waits for host names to be resolved");
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_names_itself_is_met_when_its_name_is_known),
        cmocka_unit_test(a_hello_is_as_old_as_it_is_when_its_name_is_known),
        cmocka_unit_test(a_peer_whose_name_does_not_resolve_is_not_met),
        cmocka_unit_test(what_the_sender_said_since_stands),
        cmocka_unit_test(a_configuration_is_adopted_with_the_address_or_not_at_all),
        cmocka_unit_test(a_master_told_by_ip_keeps_the_name_that_we_know),
        cmocka_unit_test(a_peer_of_the_same_configuration_tells_where_our_master_is),
        cmocka_unit_test(the_name_is_asked_for_until_the_resolver_has_answered),
        cmocka_unit_test(nobody_elected_what_has_epoch_0),
        cmocka_unit_test(where_the_promoted_master_is_does_not_tell_where_the_former_one_was),
        cmocka_unit_test(replicas_that_announce_names_are_added_as_these_resolve),
        cmocka_unit_test(a_reset_forgets_what_waits),
        cmocka_unit_test(an_end_forgets_what_waits),
        cmocka_unit_test(what_waits_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
