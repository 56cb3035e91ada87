#include "sentinel/core/selection.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

#include <string.h>

/* Down-after is 1000 ms; facts are set by hand, nothing is stepped. */
static void start(struct fixture *f, bool master_down) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.replicas = 3;
    fixture_start(f, &o);
    fixture_advance(f, 12000); /* everybody has been asked for INFO */
    if (master_down) {
        f->group->master->sdown = true;
        f->group->master->sdown_since_ms = f->now.mono_ms - 2000;
    }
}

/* ---- who may be promoted ---- */

enum fact { /* one fact that differs from a healthy replica; its value is in ms where it is a time
             */
    FACT_NONE,
    FACT_SDOWN,
    FACT_COMMAND_LINK,
    FACT_PUBSUB_LINK,
    FACT_PONG_AGE,
    FACT_PRIORITY,
    FACT_INFO_AGE,
    FACT_NO_INFO,
    FACT_LINK_DOWN,
    FACT_REFUSED,
};

static void set_fact(struct fixture *f, struct node *n, enum fact fact, int64_t value) {
    switch (fact) {
    case FACT_NONE:
        break;
    case FACT_SDOWN:
        n->sdown = true;
        break;
    case FACT_COMMAND_LINK:
        n->command.state = (enum link_state)value;
        break;
    case FACT_PUBSUB_LINK:
        n->pubsub.state = (enum link_state)value;
        break;
    case FACT_PONG_AGE:
        n->live.available_ms = f->now.heard_ms - value;
        break;
    case FACT_PRIORITY:
        n->priority = value;
        break;
    case FACT_INFO_AGE:
        n->info_ms = f->now.mono_ms - value;
        break;
    case FACT_NO_INFO:
        n->info_ms = 0;
        break;
    case FACT_LINK_DOWN:
        n->master_link_down_ms = value;
        break;
    case FACT_REFUSED:
        f->group->attempt.state = FAILOVER_SELECT;
        f->group->attempt.serial = n->refused_attempt = (uint64_t)value;
        break;
    }
}

static void a_replica_may_be_promoted_unless_a_reason_speaks_against_it(void **state) {
    static const struct {
        bool master_down;
        enum fact fact;
        int64_t value;
        const char *why; /* NULL: it may */
        int64_t number, limit;
    } cases[] = {
        { true, FACT_NONE, 0, NULL, 0, 0 },
        { false, FACT_NONE, 0, NULL, 0, 0 },
        { true, FACT_SDOWN, 0, "it is down", 0, 0 },
        { true, FACT_COMMAND_LINK, LINK_CLOSED, "its link is disconnected", 0, 0 },
        { true, FACT_COMMAND_LINK, LINK_OPENING, "its link is disconnected", 0, 0 },
        { true, FACT_PUBSUB_LINK, LINK_CLOSED, "its link is disconnected", 0, 0 },
        { true, FACT_PUBSUB_LINK, LINK_OPENING, NULL, 0, 0 },
        { true, FACT_PONG_AGE, 5000, NULL, 0, 0 },
        { true, FACT_PONG_AGE, 5001, "last good PING reply too old", 5001, 5000 },
        { false, FACT_PONG_AGE, 5001, "last good PING reply too old", 5001, 5000 },
        { true, FACT_PRIORITY, 0, "its priority is 0", 0, 0 },
        { true, FACT_PRIORITY, 1, NULL, 0, 0 },
        { true, FACT_PRIORITY, INT32_MAX, NULL, 0, 0 },
        { true, FACT_NO_INFO, 0, "no INFO received yet", 0, 0 },
        { true, FACT_INFO_AGE, 5000, NULL, 0, 0 },
        { true, FACT_INFO_AGE, 5001, "last INFO too old", 5001, 5000 },
        { false, FACT_INFO_AGE, 5001, NULL, 0, 0 },
        { false, FACT_INFO_AGE, 30000, NULL, 0, 0 },
        { false, FACT_INFO_AGE, 30001, "last INFO too old", 30001, 30000 },
        { true, FACT_LINK_DOWN, 12000, NULL, 0, 0 }, /* down for 2 s, and 10 x down-after */
        { true, FACT_LINK_DOWN, 12001, "its link to the master was down too long", 12001, 12000 },
        { false, FACT_LINK_DOWN, 10000, NULL, 0, 0 },
        { false, FACT_LINK_DOWN, 10001, "its link to the master was down too long", 10001, 10000 },
        { true, FACT_LINK_DOWN, -1000, NULL, 0, 0 }, /* never connected, as the originals have it */
        { true, FACT_REFUSED, 4, "it refused the promotion", 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        int64_t number, limit;
        start(&f, cases[i].master_down);
        struct node *n = fixture_replica(&f, 0);
        enum link_state command = n->command.state, pubsub = n->pubsub.state;
        set_fact(&f, n, cases[i].fact, cases[i].value);
        const char *why = selection_refusal(f.core, f.group, n, &number, &limit);
        if (why == NULL || cases[i].why == NULL)
            assert_ptr_equal(why, cases[i].why);
        else
            assert_string_equal(why, cases[i].why);
        assert_int_equal(number, cases[i].number);
        assert_int_equal(limit, cases[i].limit);
        n->command.state = command;
        n->pubsub.state = pubsub;
        f.group->attempt.state = FAILOVER_NONE;
        fixture_stop(&f);
    }
}

/* ---- who is best ---- */

static void the_best_has_the_fresher_facts_then_priority_offset_and_run_id(void **state) {
    static const struct {
        struct {
            bool fresh;
            int64_t priority;
            uint64_t offset;
            const char *run_id;
        } replicas[3];
        int best;
    } cases[] = {
        { { { true, 100, 5, "a" }, { true, 100, 5, "b" }, { true, 100, 5, "c" } }, 0 },
        { { { true, 100, 5, "c" }, { true, 100, 5, "b" }, { true, 100, 5, "a" } }, 2 },
        { { { true, 100, 5, "a" }, { true, 100, 6, "b" }, { true, 100, 5, "c" } }, 1 },
        { { { true, 100, 9, "a" }, { true, 100, 6, "b" }, { true, 99, 5, "c" } }, 2 },
        { { { true, 100, 5, "B" }, { true, 100, 5, "a" }, { true, 100, 5, "C" } },
            1 },                                                                      /* no case */
        { { { true, 100, 5, "" }, { true, 100, 5, "z" }, { true, 100, 5, "" } }, 1 }, /* unknown */
        { { { true, 100, 5, "" }, { true, 100, 5, "" }, { true, 100, 5, "" } }, 0 },  /* as found */
        { { { false, 1, 99, "a" }, { true, 100, 5, "b" }, { false, 1, 99, "c" } }, 1 },
        { { { false, 100, 5, "a" }, { false, 99, 5, "b" }, { false, 100, 99, "c" } }, 1 },
        { { { true, 100, UINT64_MAX, "b" }, { true, 100, 0, "a" }, { true, 100, 0, "c" } }, 0 },
        { { { true, INT64_MAX, 9, "a" }, { true, -1, 0, "b" }, { true, 1, 5, "c" } }, 1 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start(&f, true);
        int64_t down_ms = f.group->master->sdown_since_ms;
        for (int r = 0; r < 3; r++) {
            struct node *n = fixture_replica(&f, r);
            n->info_ms = f.now.mono_ms - 100;
            n->info_sent_ms = cases[i].replicas[r].fresh ? down_ms : down_ms - 1;
            n->priority = cases[i].replicas[r].priority;
            n->repl_offset = cases[i].replicas[r].offset;
            slice_copy(slice_of(cases[i].replicas[r].run_id), n->run_id, sizeof(n->run_id));
        }
        const struct node *best = selection_best(f.core, f.group);
        assert_ptr_equal(best, fixture_replica(&f, cases[i].best));
        fixture_stop(&f);
    }
}

static void nobody_is_best_if_none_may_be_promoted(void **state) {
    struct fixture f;
    start(&f, true);
    for (int r = 0; r < 3; r++)
        fixture_replica(&f, r)->priority = 0;
    assert_null(selection_best(f.core, f.group));
    fixture_replica(&f, 1)->priority = 100;
    fixture_replica(&f, 1)->info_ms = f.now.mono_ms;
    assert_ptr_equal(selection_best(f.core, f.group), fixture_replica(&f, 1));
    fixture_stop(&f);
}

static void c10_the_one_that_turned_master_is_the_choice(void **state) {
    static const struct {
        int turned;       /* how many replicas say master */
        int64_t after_ms; /* when, counted from the fall */
        int64_t priority; /* of the first */
        int best;
    } cases[] = {
        { 1, 0, 100, 0 }, { 1, 500, 100, 0 }, { 1, -1, 100, 2 }, /* it was a stray before */
        { 2, 500, 100, 2 },                                      /* which one? */
        { 1, 500, 0, 2 },                                        /* it must not be promoted */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start(&f, true);
        for (int r = 0; r < 3; r++) {
            struct node *n = fixture_replica(&f, r);
            n->info_ms = n->info_sent_ms = f.now.mono_ms;
            n->repl_offset = 1000 + (uint64_t)r;
        }
        for (int r = 0; r < cases[i].turned; r++) {
            struct node *n = fixture_replica(&f, r);
            n->role_reported = ROLE_MASTER;
            n->turned_master_ms = f.group->master->sdown_since_ms + cases[i].after_ms;
        }
        fixture_replica(&f, 0)->priority = cases[i].priority;
        assert_ptr_equal(selection_best(f.core, f.group), fixture_replica(&f, cases[i].best));
        fixture_stop(&f);
    }
}

/* As one that is known by its IP, and by a name that is resolved in the midst of the failover. */
static void a_server_that_is_there_twice_is_one(void **state) {
    struct fixture f;
    int64_t number, limit;
    start(&f, true);
    struct node *first = fixture_replica(&f, 0), *again = fixture_replica(&f, 1);
    slice_copy(slice_of(first->address.ip), again->address.ip, sizeof(again->address.ip));
    for (int r = 0; r < 3; r++)
        fixture_replica(&f, r)->info_ms = fixture_replica(&f, r)->info_sent_ms = f.now.mono_ms;

    first->role_reported = again->role_reported = ROLE_MASTER;
    first->turned_master_ms = again->turned_master_ms = f.group->master->sdown_since_ms;
    fixture_replica(&f, 2)->repl_offset = 2000;
    assert_ptr_equal(selection_best(f.core, f.group), again);
    first->turned_master_ms = 0; /* it has said so on the connection of the other one alone */
    assert_ptr_equal(selection_best(f.core, f.group), again);

    set_fact(&f, again, FACT_REFUSED, 4);
    assert_string_equal(
        selection_refusal(f.core, f.group, first, &number, &limit), "it refused the promotion");
    assert_ptr_equal(selection_best(f.core, f.group), fixture_replica(&f, 2));
    f.group->attempt.state = FAILOVER_NONE;
    fixture_stop(&f);
}

static void c10_it_is_informed_when_all_that_can_be_asked_have_answered_since_the_fall(
    void **state) {
    struct fixture f;
    start(&f, true);
    assert_false(selection_is_informed(f.core, f.group));
    for (int r = 0; r < 3; r++) {
        struct node *n = fixture_replica(&f, r);
        n->info_ms = f.now.mono_ms;
        n->info_sent_ms = f.group->master->sdown_since_ms;
    }
    assert_true(selection_is_informed(f.core, f.group));
    struct node *first = fixture_replica(&f, 0);
    first->info_sent_ms--;
    assert_false(selection_is_informed(f.core, f.group));
    first->sdown = true;
    assert_true(selection_is_informed(f.core, f.group));
    first->sdown = false;
    first->command.state = LINK_OPENING;
    assert_true(selection_is_informed(f.core, f.group));
    first->command.state = LINK_OPEN;
    fixture_stop(&f);
}

static void each_that_is_not_chosen_is_told_why(void **state) {
    struct fixture f;
    start(&f, true);
    struct node *chosen = fixture_replica(&f, 0);
    for (int r = 0; r < 3; r++) {
        struct node *n = fixture_replica(&f, r);
        n->info_ms = n->info_sent_ms = f.now.mono_ms;
    }
    chosen->repl_offset = 2000;
    fixture_replica(&f, 2)->live.available_ms = f.now.heard_ms - 6000;
    fixture_begin(&f);
    selection_explain(f.core, f.group, chosen);
    assert_int_equal(f.out.count, 2);
    assert_slice(f.out.items[0].text,
        "replica 10.0.0.3:6379 not selected: smaller replication offset (priority 100, offset 1000; "
        "10.0.0.2:6379 has 100, 2000)");
    assert_slice(f.out.items[1].text,
        "replica 10.0.0.4:6379 rejected: last good PING reply too old: 6000 ms, limit 5000 ms");
    effects_clear(&f.out);
    fixture_stop(&f);
}

static void a_loser_is_told_what_decided(void **state) {
    static const struct {
        bool turned, stale;
        int64_t priority;
        uint64_t offset;
        const char *why;
    } cases[] = {
        { true, false, 1, 9, "the other one is a master already" },
        { false, true, 1, 9, "its INFO is not fresh" },
        { false, false, 101, 9, "worse priority" },
        { false, false, 100, 4, "smaller replication offset" },
        { false, false, 100, 5, "greater run id" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start(&f, true);
        struct node *chosen = fixture_replica(&f, 0), *loser = fixture_replica(&f, 1);
        fixture_replica(&f, 2)->sdown = true;
        chosen->info_ms = loser->info_ms = f.now.mono_ms;
        chosen->info_sent_ms = loser->info_sent_ms = f.now.mono_ms;
        chosen->repl_offset = 5;
        loser->priority = cases[i].priority;
        loser->repl_offset = cases[i].offset;
        if (cases[i].turned) {
            chosen->role_reported = ROLE_MASTER;
            chosen->turned_master_ms = f.now.mono_ms;
        }
        if (cases[i].stale)
            loser->info_sent_ms = f.group->master->sdown_since_ms - 1;
        fixture_begin(&f);
        selection_explain(f.core, f.group, chosen);
        assert_true(slice_contains(f.out.items[0].text, slice_of(cases[i].why)));
        effects_clear(&f.out);
        fixture_stop(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_may_be_promoted_unless_a_reason_speaks_against_it),
        cmocka_unit_test(the_best_has_the_fresher_facts_then_priority_offset_and_run_id),
        cmocka_unit_test(nobody_is_best_if_none_may_be_promoted),
        cmocka_unit_test(c10_the_one_that_turned_master_is_the_choice),
        cmocka_unit_test(a_server_that_is_there_twice_is_one),
        cmocka_unit_test(
            c10_it_is_informed_when_all_that_can_be_asked_have_answered_since_the_fall),
        cmocka_unit_test(each_that_is_not_chosen_is_told_why),
        cmocka_unit_test(a_loser_is_told_what_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
