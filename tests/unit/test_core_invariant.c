#include "sentinel/core/invariant.h"

#include "tests/unit/core_fixture.h"

#include "sentinel/core/failover.h"

/* A group in the middle of an attempt under epoch 5 that obeys every law. */
static void start(struct fixture *f, enum failover_state state) {
    struct fixture_options o = FIXTURE_STANDARD;
    o.current_epoch = 5;
    o.vote_epoch = 5;
    o.vote_for = OUR_ID;
    o.config_epoch = state >= FAILOVER_RECONF_REPLICAS ? 5 : 4;
    fixture_start(f, &o);
    if (state == FAILOVER_NONE)
        return;
    f->group->attempt = (struct attempt){
        .state = state,
        .epoch = 5,
        .elected = state > FAILOVER_WAIT_START,
        .selected = state > FAILOVER_SELECT ? fixture_replica(f, 0) : NULL,
    };
}

static void every_state_can_be_lawful(void **state) {
    for (int s = 0; s < FAILOVER_STATE_COUNT; s++) {
        struct fixture f;
        start(&f, (enum failover_state)s);
        assert_null(invariant_broken(f.core, f.group));
        fixture_drop(&f);
    }
}

static void vote_ahead(struct fixture *f) {
    f->group->vote_epoch = 6;
}

static void config_ahead(struct fixture *f) {
    f->group->config_epoch = 6;
}

static void miscount_replicas(struct fixture *f) {
    f->group->replica_count++;
}

static void miscount_peers(struct fixture *f) {
    f->group->peer_count--;
}

static void select_somebody(struct fixture *f) {
    f->group->attempt.selected = fixture_replica(f, 0);
}

static void elect(struct fixture *f) {
    f->group->attempt.elected = true;
}

static void attempt_ahead(struct fixture *f) {
    f->group->attempt.epoch = 6;
}

static void unelect(struct fixture *f) {
    f->group->attempt.elected = false;
}

static void select_the_master(struct fixture *f) {
    f->group->attempt.selected = f->group->master;
}

static void select_nobody(struct fixture *f) {
    f->group->attempt.selected = NULL;
}

static void old_config(struct fixture *f) {
    f->group->config_epoch = 4;
}

static void a_broken_law_is_named(void **state) {
    static const struct {
        enum failover_state state;
        void (*breaks)(struct fixture *f);
        const char *law;
    } cases[] = {
        { FAILOVER_NONE, vote_ahead, "no vote is beyond the current epoch" },
        { FAILOVER_NONE, config_ahead, "no configuration is beyond the current epoch" },
        { FAILOVER_NONE, miscount_replicas, "replicas and peers are counted right" },
        { FAILOVER_NONE, miscount_peers, "replicas and peers are counted right" },
        { FAILOVER_NONE, select_somebody, "nothing is selected outside of a failover" },
        { FAILOVER_NONE, elect, "nothing is selected outside of a failover" },
        { FAILOVER_WAIT_START, attempt_ahead,
            "an attempt has our own vote, or a later one has taken it" },
        { FAILOVER_SELECT, unelect, "only the elected select and promote" },
        { FAILOVER_WAIT_PROMOTION, unelect, "only the elected select and promote" },
        { FAILOVER_SEND_PROMOTION, select_the_master, "the selected is a replica of the group" },
        { FAILOVER_WAIT_PROMOTION, select_nobody, "the selected is a replica of the group" },
        { FAILOVER_RECONF_REPLICAS, old_config,
            "a confirmed promotion has made the configuration of its epoch" },
        { FAILOVER_UPDATE_CONFIG, old_config,
            "a confirmed promotion has made the configuration of its epoch" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        start(&f, cases[i].state);
        size_t replicas = f.group->replica_count, peers = f.group->peer_count;
        cases[i].breaks(&f);
        const char *broken = invariant_broken(f.core, f.group);
        f.group->replica_count = replicas; /* for the end of the group, which minds them */
        f.group->peer_count = peers;
        assert_non_null(broken);
        assert_string_equal(broken, cases[i].law);
        fixture_drop(&f);
    }
}

static void a_group_that_broke_a_law_answers_and_acts_no_more(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    fixture_peers_agree(&f);
    f.group->vote_epoch = 99; /* beyond the current epoch */
    group_touch(f.core, f.group);
    fixture_timer(&f);
    assert_true(f.group->frozen);
    assert_logged(&f,
        "BUG: mymaster: a law was broken: no vote is beyond the current epoch. This group is answered "
        "for, but not acted on, until RESET or a restart.");
    fixture_forget(&f);
    fixture_crash(&f, &f.master);
    fixture_advance(&f, 5000);
    assert_events(&f, ""); /* not even +sdown */
    assert_true(fixture_sent(&f, &f.replicas[0], "PING") > 0);
    assert_int_equal(fixture_request(&f, f.group, 100, ID_B).epoch, 99); /* no new vote */
    fixture_hello(
        &f, &(struct hello_line){ "10.0.1.1", 26379, ID_B, 101, "10.0.0.2", 6379, 101, NULL });
    assert_string_equal(f.group->master->name, "10.0.0.1:6379");
    assert_int_equal(f.group->config_epoch, 0);
    fixture_stop(&f);
}

static void other_groups_go_on_and_a_reset_sets_it_free(void **state) {
    struct fixture f;
    struct fixture_options o = FIXTURE_STANDARD;
    o.second_group = "other";
    fixture_start(&f, &o);
    f.group->vote_epoch = 99;
    group_touch(f.core, f.group);
    fixture_timer(&f);
    fixture_crash(&f, &f.master);
    fixture_crash(&f, &f.second_master);
    fixture_await(&f, "+sdown", 1200);
    assert_events(&f, "+sdown master other 10.0.2.1 6379\n");
    f.core->current_epoch = 99; /* lawful again */
    fixture_begin(&f);
    group_reset(f.core, f.group, RESET_KEEP_PEERS);
    core_end(f.core);
    assert_false(f.group->frozen);
    fixture_drop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_can_be_lawful),
        cmocka_unit_test(a_broken_law_is_named),
        cmocka_unit_test(a_group_that_broke_a_law_answers_and_acts_no_more),
        cmocka_unit_test(other_groups_go_on_and_a_reset_sets_it_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
