#include "sentinel/core/peer.h"

#include "tests/unit/core_fixture.h"

static void groups_share_the_link_to_a_process(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    struct peer *a = peer_find(f.group, ID_B), *b = peer_find(other, ID_B);
    assert_true(a != b);
    assert_ptr_equal(a->process, b->process);
    assert_int_equal(a->process->peer_count, 2);
    assert_int_equal(map_count(&f.core->processes), 2);
    fixture_forget(&f);
    fixture_advance(&f, 10000);
    assert_int_equal(fixture_sent(&f, &f.peers[0], "PING"), 10);    /* one for both */
    assert_int_equal(fixture_sent(&f, &f.peers[0], "PUBLISH"), 10); /* one for each */
    fixture_stop(&f);
}

static void a_process_goes_with_its_last_peer(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    fixture_begin(&f);
    peer_free(f.core, peer_find(f.group, ID_B));
    assert_int_equal(f.group->peer_count, 1);
    assert_null(peer_find(f.group, ID_B));
    assert_int_equal(peer_find(other, ID_B)->process->peer_count, 1);
    assert_int_equal(f.out.count, 0);
    peer_free(f.core, peer_find(other, ID_B));
    assert_null(map_get(&f.core->processes, slice_of(ID_B)));
    assert_int_equal(f.out.count, 1);
    assert_int_equal(f.out.items[0].kind, EFFECT_CLOSE);
    peer_free(f.core, NULL);
    fixture_drop(&f);
}

static void a_peer_gone_while_it_was_asked_leaves_the_link_in_order(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    o.quorum = 5;
    fixture_start(&f, &o);
    f.peers[0].holds = "SENTINEL";
    fixture_crash(&f, &f.master);
    fixture_await(&f, "+sdown", 1200);
    fixture_begin(&f);
    peer_free(f.core, peer_find(f.group, ID_B));
    core_end(f.core);
    f.peers[0].holds = NULL;
    fixture_settle(&f);
    fixture_advance(&f, 5000);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    assert_false(peer_find(other, ID_B)->sdown);
    fixture_stop(&f);
}

static void a_new_peer_is_not_overdue(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 333);
    fixture_begin(&f);
    struct endpoint address = { .host = "10.0.1.9", .port = 26379 };
    const struct peer *p = peer_new(f.core, f.group, ID_E, &address);
    assert_int_equal(p->answered_ms, f.now.mono_ms);
    assert_int_equal(p->hello_ms, f.now.mono_ms);
    assert_int_equal(p->hello_sent_heard_ms, f.now.heard_ms);
    assert_int_equal(p->process->live.unanswered_ms, f.now.heard_ms);
    assert_string_equal(p->voted_for, "");
    assert_ptr_equal(peer_find(f.group, ID_E), p);
    assert_null(peer_find(f.group, ID_D));
    fixture_drop(&f);
}

static void a_moved_process_is_connected_at_its_new_address_at_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct process *p = fixture_peer(&f, 0)->process;
    p->is_vedette = true;
    fixture_begin(&f);
    struct endpoint address = { .host = "10.0.1.77", .port = 26380 };
    process_move(f.core, p, &address);
    core_end(f.core);
    assert_int_equal(f.out.items[0].kind, EFFECT_CLOSE);
    assert_int_equal(f.out.items[1].kind, EFFECT_OPEN);
    assert_true(endpoint_equal(&f.out.items[1].address, &address));
    assert_false(p->is_vedette); /* unknown again */
    fixture_drop(&f);
}

static void groups_may_disagree_about_a_peer_that_is_silent(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    struct group *other = core_group(f.core, SLICE_LITERAL("other"));
    other->settings.down_after_ms = 5000;
    fixture_crash(&f, &f.peers[0]);
    fixture_advance(&f, 2000);
    assert_true(peer_find(f.group, ID_B)->sdown);
    assert_false(peer_find(other, ID_B)->sdown);
    assert_int_equal(peer_find(other, ID_B)->process->down_count, 1);
    fixture_advance(&f, 3001);
    assert_true(peer_find(other, ID_B)->sdown);
    fixture_revive(&f.peers[0]);
    fixture_advance(&f, 1000);
    assert_false(peer_find(f.group, ID_B)->sdown);
    assert_false(peer_find(other, ID_B)->sdown);
    assert_int_equal(peer_find(other, ID_B)->process->down_count, 0);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_share_the_link_to_a_process),
        cmocka_unit_test(a_process_goes_with_its_last_peer),
        cmocka_unit_test(a_peer_gone_while_it_was_asked_leaves_the_link_in_order),
        cmocka_unit_test(a_new_peer_is_not_overdue),
        cmocka_unit_test(a_moved_process_is_connected_at_its_new_address_at_once),
        cmocka_unit_test(groups_may_disagree_about_a_peer_that_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
