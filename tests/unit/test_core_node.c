#include "sentinel/core/node.h"

#include "tests/unit/core_fixture.h"

static void a_new_node_counts_as_asked_and_as_heard(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 777);
    fixture_begin(&f);
    struct endpoint address = { .host = "fd00::1", .port = 6379 };
    struct node *n = node_new(f.core, f.group, ROLE_REPLICA, &address);
    assert_string_equal(n->name, "[fd00::1]:6379");
    assert_int_equal(n->live.unanswered_ms, f.now.heard_ms);
    assert_int_equal(n->live.available_ms, f.now.heard_ms);
    assert_int_equal(n->live.pong_ms, f.now.heard_ms);
    assert_int_equal(n->live.ping_ms, 0);
    assert_int_equal(n->info_ms, 0);
    assert_int_equal(n->role_reported, ROLE_REPLICA);
    assert_int_equal(n->role_since_ms, f.now.mono_ms);
    assert_int_equal(n->priority, 100);
    assert_true(n->announced);
    assert_false(n->sdown);
    assert_string_equal(n->run_id, "");
    assert_int_equal(n->command.purpose, LINK_COMMAND);
    assert_int_equal(n->pubsub.purpose, LINK_PUBSUB);
    node_free(f.core, n);
    node_free(f.core, NULL);
    fixture_drop(&f);
}

static void it_is_disconnected_while_one_of_its_sockets_is_missing(void **state) {
    static const struct {
        enum link_state command, pubsub;
        bool disconnected;
    } cases[] = {
        { LINK_OPEN, LINK_OPEN, false },
        { LINK_OPENING, LINK_OPEN, false },
        { LINK_OPEN, LINK_OPENING, false },
        { LINK_CLOSED, LINK_OPEN, true },
        { LINK_OPEN, LINK_CLOSED, true },
        { LINK_CLOSED, LINK_CLOSED, true },
    };
    struct node n = { .kind = ROLE_REPLICA };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        n.command.state = cases[i].command;
        n.pubsub.state = cases[i].pubsub;
        assert_true(node_is_disconnected(&n) == cases[i].disconnected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_node_counts_as_asked_and_as_heard),
        cmocka_unit_test(it_is_disconnected_while_one_of_its_sockets_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
