#include "sentinel/core/hello.h"

#include "tests/unit/core_fixture.h"

#include <stdio.h>
#include <string.h>

#define LINE(host, port, id, master_port, epoch) \
    host "," port "," id ",7,mymaster,10.0.0.1," master_port "," epoch

static void a_line_of_eight_fields_is_a_hello(void **state) {
    struct hello h;
    assert_true(
        hello_parse(SLICE_LITERAL("10.0.0.11,26379," ID_B ",7,mymaster,10.0.0.1,6379,5"), &h));
    assert_string_equal(h.sentinel.host, "10.0.0.11");
    assert_int_equal(h.sentinel.port, 26379);
    assert_slice(h.id, ID_B);
    assert_int_equal(h.current_epoch, 7);
    assert_slice(h.group, "mymaster");
    assert_true(h.master_is_valid);
    assert_string_equal(h.master.host, "10.0.0.1");
    assert_int_equal(h.master.port, 6379);
    assert_int_equal(h.config_epoch, 5);
}

static void what_is_no_hello_is_ignored_whole(void **state) {
    static const char *const lines[] = {
        "",
        ",,,,,,,",
        "10.0.0.11,26379," ID_B ",7,mymaster,10.0.0.1,6379",
        "10.0.0.11,26379," ID_B ",7,mymaster,10.0.0.1,6379,5,6",
        LINE("10.0.0.11", "0", ID_B, "6379", "5"),
        LINE("10.0.0.11", "-1", ID_B, "6379", "5"),
        LINE("10.0.0.11", "65536", ID_B, "6379", "5"),
        LINE("10.0.0.11", "x", ID_B, "6379", "5"),
        LINE("", "26379", ID_B, "6379", "5"),
        LINE("10.1", "26379", ID_B, "6379", "5"),
        LINE("sentinel example", "26379", ID_B, "6379", "5"),
        LINE("10.0.0.11", "26379", "", "6379", "5"),
        LINE("10.0.0.11", "26379", "short", "6379", "5"),
        LINE("10.0.0.11", "26379", ID_B "b", "6379", "5"),
        LINE("10.0.0.11", "26379", "bbbb bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "6379", "5"),
        LINE("10.0.0.11", "26379", ID_B, "6379", "9223372036854775808"),
        "10.0.0.11,26379," ID_B ",9223372036854775808,mymaster,10.0.0.1,6379,5",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct hello h;
        if (hello_parse(slice_of(lines[i]), &h))
            fail_msg("taken for a hello: %s", lines[i]);
    }
}

static void numbers_are_read_leniently_and_a_bad_master_is_marked(void **state) {
    static const struct {
        const char *line;
        uint64_t config_epoch;
        bool master_is_valid;
    } cases[] = {
        { LINE("10.0.0.11", "26379x", ID_B, "6379", "5x"), 5, true },
        { LINE("10.0.0.11", "26379", ID_B, "6379", ""), 0, true },
        { LINE("10.0.0.11", "26379", ID_B, "6379", "-5"), 0, true },
        { LINE("10.0.0.11", "26379", ID_B, "6379", "9223372036854775807"), INT64_MAX, true },
        { LINE("fd00::11", "26379", ID_B, "6379", "5"), 5, true },
        { LINE("10.0.0.11", "26379", ID_B, "0", "5"), 5, false },
        { LINE("10.0.0.11", "26379", ID_B, "65536", "5"), 5, false },
        { "10.0.0.11,26379," ID_B ",7,mymaster,master.example,6379,5", 5, true },
        { "10.0.0.11,26379," ID_B ",7,mymaster,10.1,6379,5", 5, false },
        { "10.0.0.11,26379," ID_B ",7,mymaster,,6379,5", 5, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct hello h;
        if (!hello_parse(slice_of(cases[i].line), &h))
            fail_msg("no hello: %s", cases[i].line);
        assert_true(h.config_epoch == cases[i].config_epoch);
        assert_true(h.master_is_valid == cases[i].master_is_valid);
    }
}

/* ---- ours ---- */

static void ours_goes_to_everybody_of_the_group_every_two_seconds(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 6300);
    struct far *all[] = { &f.master, &f.replicas[0], &f.replicas[1], &f.peers[0], &f.peers[1] };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        assert_int_equal(fixture_sent(&f, all[i], "PUBLISH __sentinel__:hello "), 3);
    assert_string_equal(fixture_last_sent(&f, &f.peers[0], "PUBLISH")->text,
        "PUBLISH __sentinel__:hello 10.0.1.9,26379," OUR_ID ",0,mymaster,10.0.0.1,6379,0");
    fixture_stop(&f);
}

static void ours_names_our_end_of_the_connection_unless_told_otherwise(void **state) {
    static const struct {
        const char *announce, *line;
    } cases[] = {
        { NULL, "10.0.1.9,26379," OUR_ID ",0,mymaster,10.0.0.1,6379,0" },
        { "192.0.2.7:5000", "192.0.2.7,5000," OUR_ID ",0,mymaster,10.0.0.1,6379,0" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        struct buf line = BUF_INIT;
        o.announce = cases[i].announce;
        fixture_start(&f, &o);
        hello_print(f.core, f.group, f.group->master->command.local_host, &line);
        assert_string_equal(buf_text(&line), cases[i].line);
        buf_fini(&line);
        fixture_stop(&f);
    }
}

static void a_refused_hello_is_sent_again_with_a_ping_or_half_a_second_later(void **state) {
    struct fixture f;
    const char *refusal = "-NOPERM no right to the channel\r\n";
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct link *l = &f.group->master->command;
    fixture_forget(&f);
    f.master.holds = "PUBLISH";
    for (int i = 0; i < 10000; i++) {
        fixture_advance(&f, 1);
        while (link_pending(l, PENDING_HELLO) > 0)
            fixture_reply(&f, l, refusal);
    }
    size_t count = fixture_sent(&f, &f.master, "PUBLISH");
    assert_true(count >= 10 && count <= 20);
    fixture_stop(&f);
}

/* ---- theirs ---- */

static void hello_of_b(struct fixture *f, uint64_t current_epoch, uint64_t config_epoch) {
    fixture_hello(f,
        &(struct hello_line){
            "10.0.1.1", 26379, ID_B, current_epoch, "10.0.0.1", 6379, config_epoch, NULL });
}

static void an_unknown_peer_is_met_and_persisted(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.unlearned = true;
    fixture_start(&f, &o);
    hello_of_b(&f, 0, 0);
    assert_events(&f, "+sentinel " PEER_B "\n");
    assert_true(slice_contains(
        slice_of(fixture_persists(&f)), slice_of("peer mymaster " ID_B " 10.0.1.1:26379")));
    assert_int_equal(f.group->peer_count, 1);
    assert_int_equal(fixture_peer(&f, 0)->process->link.state, LINK_OPEN);
    fixture_forget(&f);
    hello_of_b(&f, 0, 0);
    assert_events(&f, "");
    assert_string_equal(fixture_persists(&f), "");
    fixture_stop(&f);
}

static void our_own_hello_is_nobodys(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 2500); /* ours went out and comes back */
    fixture_forget(&f);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.9", 26379, OUR_ID, 9, "10.0.0.3", 6379, 9, NULL });
    assert_events(&f, "");
    assert_string_equal(fixture_logs(&f), "");
    assert_int_equal(f.core->current_epoch, 0);
    fixture_stop(&f);
}

static void another_process_with_our_id_is_warned_of_once_a_minute(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct hello_line copy = { "10.0.1.77", 26379, OUR_ID, 9, "10.0.0.3", 6379, 9, NULL };
    fixture_hello(&f, &copy);
    assert_logged(&f, "another process at 10.0.1.77:26379 uses our id " OUR_ID);
    assert_events(&f, "");
    assert_int_equal(f.group->peer_count, 2);
    fixture_forget(&f);
    fixture_advance(&f, 59000);
    fixture_forget(&f);
    fixture_hello(&f, &copy);
    assert_string_equal(fixture_logs(&f), "");
    fixture_advance(&f, 1000);
    fixture_hello(&f, &copy);
    assert_logged(&f, "uses our id");
    fixture_stop(&f);
}

static void a_line_that_holds_our_id_is_dropped_on_the_channel_but_not_as_a_command(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.unlearned = true;
    fixture_start(&f, &o);
    static const char line[] = "10.0.1.1,26379," ID_B ",0," OUR_ID ",10.0.0.1,6379,0";
    fixture_message(&f, line);
    assert_int_equal(f.group->peer_count, 0);
    fixture_begin(&f);
    hello_receive(f.core, slice_of(line), HELLO_BY_PUBLISH); /* no group is called like us */
    hello_receive(f.core, SLICE_LITERAL("10.0.1.1,26379," ID_B ",0,mymaster,10.0.0.1,6379,0"),
        HELLO_BY_PUBLISH);
    core_end(f.core);
    assert_int_equal(f.group->peer_count, 1);
    fixture_stop(&f);
}

static void an_unknown_group_tells_nothing_not_even_its_epoch(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 99, "10.0.0.9", 6379, 99, "other" });
    assert_events(&f, "");
    assert_int_equal(f.core->current_epoch, 0);
    fixture_stop(&f);
}

static void a_higher_current_epoch_is_adopted(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    hello_of_b(&f, 12, 0);
    assert_events(&f, "+new-epoch 12\n");
    assert_int_equal(f.core->current_epoch, 12);
    assert_int_equal(f.core->durable_epoch, 12);
    hello_of_b(&f, 11, 0);
    assert_events(&f, "");
    assert_int_equal(f.core->current_epoch, 12);
    fixture_stop(&f);
}

static void a_newer_configuration_switches_the_master(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.replicas[0].role = ROLE_MASTER; /* as somebody else's failover leaves them */
    f.master.role = ROLE_REPLICA;
    f.master.master = f.replicas[1].master = f.replicas[0].address;
    f.replicas[0].role = ROLE_MASTER;
    f.master.role = ROLE_REPLICA;
    f.master.master = f.replicas[1].master = f.replicas[0].address;
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 3, "10.0.0.2", 6379, 3, NULL });
    assert_events(&f,
        "+new-epoch 3\n"
        "+config-update-from " PEER_B "\n"
        "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379\n"
        "+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379\n"
        "+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379\n");
    assert_string_equal(f.group->master->name, "10.0.0.2:6379");
    assert_int_equal(f.group->config_epoch, 3);
    assert_int_equal(f.group->replica_count, 2);
    const struct group_state *stored = state_group(&f.stored, SLICE_LITERAL("mymaster"));
    assert_string_equal(stored->record.master.host, "10.0.0.2");
    assert_int_equal(stored->record.config_epoch, 3);
    assert_int_equal(stored->replica_count, 2);
    fixture_stop(&f);
}

static void a_configuration_not_newer_never_moves_the_master(void **state) {
    static const uint64_t epochs[] = { 0, 4, 5 };
    for (size_t i = 0; i < ARRAY_SIZE(epochs); i++) {
        struct fixture f;
        struct fixture_options o = FIXTURE_STANDARD;
        o.current_epoch = o.config_epoch = 5;
        fixture_start(&f, &o);
        fixture_hello(&f,
            &(struct hello_line){ "10.0.1.1", 26379, ID_B, 5, "10.0.0.2", 6379, epochs[i], NULL });
        assert_events(&f, "");
        assert_string_equal(f.group->master->name, "10.0.0.1:6379");
        fixture_stop(&f);
    }
}

static void a_newer_epoch_of_the_same_master_is_adopted_silently_and_persisted(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    hello_of_b(&f, 8, 8);
    assert_events(&f, "+new-epoch 8\n");
    assert_int_equal(f.group->config_epoch, 8);
    assert_int_equal(state_group(&f.stored, SLICE_LITERAL("mymaster"))->record.config_epoch, 8);
    assert_int_equal(f.group->master->command.state, LINK_OPEN); /* not reset */
    fixture_stop(&f);
}

static void a_newer_configuration_whose_master_is_no_address_is_ignored_with_a_word(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 0, "master example", 6379, 8, NULL });
    assert_logged(&f, "its master is no address");
    fixture_hello(/* names are not resolved here */
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 0, "master.example", 6379, 8, NULL });
    assert_logged(&f, "its master does not resolve");
    assert_events(&f, "");
    assert_int_equal(f.group->config_epoch, 0);
    fixture_stop(&f);
}

static void a_peer_that_moved_is_followed_and_its_link_opened_anew(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.50", 26380, ID_B, 0, "10.0.0.1", 6379, 0, NULL });
    assert_events(&f, "+sentinel-address-switch " MASTER " ip 10.0.1.50 port 26380 for " ID_B "\n");
    assert_logged(
        &f, "-cmd-link-reconnection sentinel " ID_B " 10.0.1.50 26380" AT " #Connection refused");
    assert_string_equal(fixture_peer(&f, 0)->process->address.given.host, "10.0.1.50");
    assert_true(slice_contains(
        slice_of(fixture_persists(&f)), slice_of("peer mymaster " ID_B " 10.0.1.50:26380")));
    fixture_stop(&f);
}

static void a_moved_peer_moves_in_all_its_groups(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    f.peers[0].mood = FAR_VANISHED;
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.50", 26380, ID_B, 0, "10.0.0.1", 6379, 0, NULL });
    assert_has_event(&f,
        "+sentinel-address-update sentinel " ID_B " 10.0.1.50 26380" AT
        " 1 additional matching instances");
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    assert_ptr_equal(peer_find(other, ID_B)->process, fixture_peer(&f, 0)->process);
    assert_true(slice_contains(
        slice_of(fixture_persists(&f)), slice_of("peer other " ID_B " 10.0.1.50:26380")));
    fixture_stop(&f);
}

static void who_takes_a_peers_address_drives_it_out_of_all_groups(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_D, 0, "10.0.0.1", 6379, 0, NULL });
    assert_events(&f,
        "+sentinel-invalid-addr " PEER_B "\n"
        "+sentinel sentinel " ID_D " 10.0.1.1 26379" AT "\n");
    assert_null(peer_find(f.group, ID_B));
    assert_non_null(peer_find(f.group, ID_D));
    assert_null(peer_find(core_group(f.core, SLICE_LITERAL("other")), ID_B));
    assert_int_equal(f.group->peer_count, 2);
    assert_true(
        slice_contains(slice_of(fixture_persists(&f)), slice_of("peer-gone mymaster " ID_B)));
    assert_true(slice_contains(slice_of(fixture_persists(&f)), slice_of("peer-gone other " ID_B)));
    fixture_stop(&f);
}

static void hello_of_stranger(struct fixture *f, int number) {
    char id[ID_SIZE], host[32];
    (void)snprintf(id, sizeof(id), "%040d", number);
    (void)snprintf(host, sizeof(host), "10.0.9.%d", number + 1);
    fixture_hello(f, &(struct hello_line){ host, 26379, id, 0, "10.0.0.1", 6379, 0, NULL });
}

static void peers_beyond_the_bound_are_ignored_with_a_word(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.peers = 0;
    fixture_start(&f, &o);
    f.core->settings.limits.max[LIMIT_PEERS] = 2;
    hello_of_stranger(&f, 0);
    hello_of_stranger(&f, 1);
    hello_of_stranger(&f, 1); /* known: nothing new */
    assert_int_equal(f.group->peer_count, 2);
    assert_int_equal(f.core->limit_hits[LIMIT_PEERS], 0);
    hello_of_stranger(&f, 2);
    assert_int_equal(f.group->peer_count, 2);
    assert_int_equal(f.core->limit_hits[LIMIT_PEERS], 1);
    assert_logged(&f,
        "mymaster: peer 0000000000000000000000000000000000000002 ignored: 2 are known already "
        "(limits.peers)");

    fixture_forget(&f);
    hello_of_stranger(&f, 3);
    assert_int_equal(f.core->limit_hits[LIMIT_PEERS], 2);
    assert_false(slice_contains(slice_of(fixture_logs(&f)), slice_of("ignored")));
    fixture_advance(&f, 60 * 1000);
    hello_of_stranger(&f, 4);
    assert_logged(&f, "0004 ignored: 2 are known already");
    fixture_stop(&f);
}

static void a_lowered_limit_of_peers_counts_for_new_ones(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    f.core->settings.limits.max[LIMIT_PEERS] = 1;
    fixture_hello(&f,
        &(struct hello_line){ "10.0.1.2", 26379, ID_C, 0, "10.0.0.1", 6379, 0, NULL }); /* known */
    assert_int_equal(f.group->peer_count, 2);
    assert_int_equal(f.core->limit_hits[LIMIT_PEERS], 0);
    fixture_stop(&f);
}

static void in_tilt_a_newer_configuration_is_adopted_all_the_same(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_stall(&f, 5000);
    fixture_timer(&f);
    assert_true(f.core->tilt);
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 3, "10.0.0.2", 6379, 3, NULL });
    assert_has_event(&f, "+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379");
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_eight_fields_is_a_hello),
        cmocka_unit_test(what_is_no_hello_is_ignored_whole),
        cmocka_unit_test(numbers_are_read_leniently_and_a_bad_master_is_marked),
        cmocka_unit_test(ours_goes_to_everybody_of_the_group_every_two_seconds),
        cmocka_unit_test(ours_names_our_end_of_the_connection_unless_told_otherwise),
        cmocka_unit_test(a_refused_hello_is_sent_again_with_a_ping_or_half_a_second_later),
        cmocka_unit_test(an_unknown_peer_is_met_and_persisted),
        cmocka_unit_test(our_own_hello_is_nobodys),
        cmocka_unit_test(another_process_with_our_id_is_warned_of_once_a_minute),
        cmocka_unit_test(a_line_that_holds_our_id_is_dropped_on_the_channel_but_not_as_a_command),
        cmocka_unit_test(an_unknown_group_tells_nothing_not_even_its_epoch),
        cmocka_unit_test(a_higher_current_epoch_is_adopted),
        cmocka_unit_test(a_newer_configuration_switches_the_master),
        cmocka_unit_test(a_configuration_not_newer_never_moves_the_master),
        cmocka_unit_test(a_newer_epoch_of_the_same_master_is_adopted_silently_and_persisted),
        cmocka_unit_test(a_newer_configuration_whose_master_is_no_address_is_ignored_with_a_word),
        cmocka_unit_test(a_peer_that_moved_is_followed_and_its_link_opened_anew),
        cmocka_unit_test(a_moved_peer_moves_in_all_its_groups),
        cmocka_unit_test(who_takes_a_peers_address_drives_it_out_of_all_groups),
        cmocka_unit_test(peers_beyond_the_bound_are_ignored_with_a_word),
        cmocka_unit_test(a_lowered_limit_of_peers_counts_for_new_ones),
        cmocka_unit_test(in_tilt_a_newer_configuration_is_adopted_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
