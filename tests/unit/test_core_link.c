#include "sentinel/core/link.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/input.h"

#include <string.h>

static struct link *master_link(struct fixture *f) {
    return &f->group->master->command;
}

static struct pending *send(struct fixture *f, struct link *l, const char *text) {
    struct slice word = slice_of(text);
    return link_send(
        f->core, l, PENDING_SCRIPT_KILL, &(struct request){ .words = &word, .word_count = 1 }, 1);
}

static void a_connection_is_asked_for_and_greeted_without_waiting(void **state) {
    struct fixture f;
    fixture_start_alone(&f, &FIXTURE_STANDARD);
    const struct link *l = master_link(&f), *p = &f.group->master->pubsub;
    assert_int_equal(l->state, LINK_OPENING);
    assert_int_equal(p->state, LINK_OPENING);
    assert_true(link_is_usable(l));
    assert_int_equal(link_pending(l, PENDING_HANDSHAKE), 1);
    assert_int_equal(link_pending(l, PENDING_PING), 1);
    assert_int_equal(link_pending(p, PENDING_HANDSHAKE), 2);
    fixture_settle(&f);
    assert_int_equal(l->state, LINK_OPEN);
    assert_int_equal(l->count, 0);
    assert_string_equal(l->local_host, "10.0.1.9");
    fixture_stop(&f);
}

static void each_link_and_each_of_its_connections_has_a_number_of_its_own(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct link *links[] = { master_link(&f), &f.group->master->pubsub,
        &fixture_replica(&f, 0)->command, &fixture_replica(&f, 0)->pubsub,
        &fixture_replica(&f, 1)->command, &fixture_replica(&f, 1)->pubsub,
        &fixture_peer(&f, 0)->process->link, &fixture_peer(&f, 1)->process->link };
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        for (size_t k = 0; k < i; k++) {
            assert_true(links[i]->id.value != links[k]->id.value);
            assert_true(links[i]->incarnation != links[k]->incarnation);
        }
    uint64_t before = links[0]->incarnation;
    fixture_advance(&f, 1000);
    fixture_cut(&f, &f.master);
    assert_true(links[0]->incarnation > before);
    fixture_stop(&f);
}

static void a_stale_input_is_dropped(void **state) {
    static const enum input_kind kinds[] = { INPUT_LINK_UP, INPUT_LINK_LOST, INPUT_REPLY,
        INPUT_MESSAGE };
    static const struct {
        uint32_t link;
        int incarnation; /* off the present one */
    } cases[] = { { 0, 0 }, { 1, -1 }, { 1, 1 }, { 1000, 0 }, { UINT32_MAX, 0 } };
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    const struct link *l = master_link(&f);
    assert_int_equal(l->id.value, 1);
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            fixture_step(&f,
                &(struct input){ .kind = kinds[k],
                    .link = { cases[i].link },
                    .incarnation = l->incarnation + (uint64_t)cases[i].incarnation,
                    .tag = 1,
                    .value = { .type = RESP_STATUS, .text = SLICE_LITERAL("PONG") },
                    .channel = SLICE_LITERAL("c"),
                    .payload = SLICE_LITERAL("p") });
            assert_int_equal(l->state, LINK_OPEN);
        }
    assert_events(&f, "");
    fixture_stop(&f);
}

static void what_comes_after_we_closed_is_dropped(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct link *l = master_link(&f);
    fixture_begin(&f);
    link_close(f.core, l);
    assert_int_equal(f.out.items[0].kind, EFFECT_CLOSE);
    link_close(f.core, l); /* nothing more */
    assert_int_equal(f.out.count, 1);
    assert_int_equal(l->state, LINK_CLOSED);
    core_input(f.core,
        &(struct input){ .kind = INPUT_LINK_LOST, .link = l->id, .incarnation = l->incarnation });
    assert_int_equal(l->state, LINK_CLOSED);
    effects_clear(&f.out);
    fixture_stop(&f);
}

static void replies_come_in_the_order_of_the_requests_whatever_the_queue_has_been_through(
    void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct link *l = master_link(&f);
    uint64_t expected = 0;
    f.master.holds = "";
    fixture_settle(&f);
    for (int round = 0; round < 50; round++) {
        fixture_begin(&f);
        for (int i = 0; i < 7; i++) {
            uint64_t tag = send(&f, l, "REQUEST")->tag;
            if (expected == 0)
                expected = tag;
        }
        effects_clear(&f.out);
        for (int i = 0; i < (round < 25 ? 5 : 9) && l->count > 0; i++) {
            assert_int_equal(l->ring[l->head].tag, expected);
            core_input(f.core,
                &(struct input){ .kind = INPUT_REPLY,
                    .link = l->id,
                    .incarnation = l->incarnation,
                    .tag = expected,
                    .value = { .type = RESP_STATUS, .text = SLICE_LITERAL("OK") } });
            expected++;
        }
    }
    assert_int_equal(link_pending(l, PENDING_SCRIPT_KILL), l->count);
    assert_int_equal(l->count, 0);
    assert_null(l->ring); /* a link that awaits nothing holds no memory for it */
    fixture_drop(&f);
}

static void a_loss_ends_everything_that_was_pending(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct link *l = master_link(&f);
    fixture_hang(&f.master);
    fixture_advance(&f, 500);
    assert_true(l->count > 0);
    f.master.mood = FAR_REFUSES;
    fixture_cut(&f, &f.master);
    assert_int_equal(l->count, 0);
    assert_null(l->ring);
    assert_int_equal(l->state, LINK_CLOSED);
    fixture_stop(&f);
}

static void a_loss_before_the_connection_was_up_is_an_event_a_later_one_is_none(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_advance(&f, 5000);
    fixture_cut(&f, &f.master); /* was up, and is again */
    assert_string_equal(fixture_logs(&f), "");
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 250);
    assert_logged(&f, "-cmd-link-reconnection " MASTER " #Connection refused");
    assert_logged(&f, "-pubsub-link-reconnection " MASTER " #Connection refused");
    fixture_stop(&f);
}

static void an_event_about_a_shared_link_is_one(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    fixture_advance(&f, 5000);
    fixture_forget(&f);
    fixture_crash(&f, &f.peers[0]);
    assert_string_equal(
        fixture_logs(&f), "-cmd-link-reconnection " PEER_B " #Connection refused\n");
    fixture_stop(&f);
}

static void a_slot_is_used_again_under_another_incarnation(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    size_t slots = f.core->link_count;
    uint64_t last = f.core->next_incarnation;
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_KEEP_PEERS); /* all nodes but the master go */
    assert_int_equal(f.core->free_links, 4);
    struct endpoint address = { .host = "10.0.0.77", .port = 1 };
    struct node *n = group_add_replica(f.core, f.group, &address);
    assert_true(n->command.id.value <= slots);
    assert_int_equal(f.core->link_count, slots);
    assert_int_equal(f.core->free_links, 2);
    core_end(f.core);
    assert_true(n->command.incarnation > last);
    fixture_drop(&f);
}

static void other_channels_than_the_hello_are_only_signs_of_life(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.unlearned = true;
    fixture_start(&f, &o);
    fixture_advance(&f, 500);
    const struct link *l = &f.group->master->pubsub;
    fixture_step(&f,
        &(struct input){ .kind = INPUT_MESSAGE,
            .link = l->id,
            .incarnation = l->incarnation,
            .channel = SLICE_LITERAL("other"),
            .payload = SLICE_LITERAL("10.0.1.1,26379," ID_B ",0,mymaster,10.0.0.1,6379,0") });
    assert_int_equal(f.group->peer_count, 0);
    assert_int_equal(l->active_heard_ms, f.now.heard_ms);
    fixture_stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_asked_for_and_greeted_without_waiting),
        cmocka_unit_test(each_link_and_each_of_its_connections_has_a_number_of_its_own),
        cmocka_unit_test(a_stale_input_is_dropped),
        cmocka_unit_test(what_comes_after_we_closed_is_dropped),
        cmocka_unit_test(
            replies_come_in_the_order_of_the_requests_whatever_the_queue_has_been_through),
        cmocka_unit_test(a_loss_ends_everything_that_was_pending),
        cmocka_unit_test(a_loss_before_the_connection_was_up_is_an_event_a_later_one_is_none),
        cmocka_unit_test(an_event_about_a_shared_link_is_one),
        cmocka_unit_test(a_slot_is_used_again_under_another_incarnation),
        cmocka_unit_test(other_channels_than_the_hello_are_only_signs_of_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
