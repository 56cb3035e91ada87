#include "tests/unit/answer.h"

#include <stdio.h>
#include <string.h>

/* The value of a field in a readable map, without its quotes. */
static struct slice field(struct slice reply, const char *name) {
    static struct buf printed;
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "$\"%s\" $\"", name);
    buf_clear(&printed);
    reply_print(reply, &printed);
    const char *at = strstr(buf_text(&printed), quoted);
    if (at == NULL)
        return SLICE_EMPTY;
    struct slice rest = slice_of(at + strlen(quoted));
    return slice_cut(&rest, '"');
}

#define assert_field(d, line, name, value) assert_slice(field(desk_ask(d, 1, line), name), value)

/* What a test sets in the model stays. */
static int set_up_unjudged(void **state) {
    set_up_desk(state);
    ((struct desk *)*state)->unjudged = true;
    return 0;
}

static struct node *first_replica(const struct desk *d) {
    return list_first(&d->group->replicas, struct node, siblings);
}

static struct peer *first_peer(const struct desk *d) {
    return list_first(&d->group->peers, struct peer, of_group);
}

static void flags_of_a_master_follow_its_state(void **state) {
    struct desk *d = *state;
    struct node *master = d->group->master;
    assert_field(d, "SENTINEL MASTER mymaster", "flags", "master");
    master->sdown = true;
    assert_field(d, "SENTINEL MASTER mymaster", "flags", "s_down,master");
    d->group->odown = true;
    master->command.state = LINK_CLOSED;
    assert_field(d, "SENTINEL MASTER mymaster", "flags", "s_down,o_down,master,disconnected");
    d->group->attempt.state = FAILOVER_SELECT;
    d->group->attempt.forced = true;
    master->script_kill_sent = master->rebooted = true;
    assert_field(d, "SENTINEL MASTER mymaster", "flags",
        "s_down,o_down,master,disconnected,failover_in_progress,force_failover,script_kill_sent,"
        "master_reboot");
    d->group->attempt = (struct attempt){ .state = FAILOVER_NONE };
}

static void flags_of_a_replica_follow_its_state(void **state) {
    static const struct {
        enum reconf reconf;
        const char *flags;
    } cases[] = {
        { RECONF_NONE, "slave" },
        { RECONF_SENT, "slave,reconf_sent" },
        { RECONF_IN_PROGRESS, "slave,reconf_inprog" },
        { RECONF_DONE, "slave,reconf_done" },
    };
    struct desk *d = *state;
    struct node *replica = first_replica(d);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        replica->reconf = cases[i].reconf;
        assert_field(d, "SENTINEL REPLICAS mymaster", "flags", cases[i].flags);
    }
    replica->reconf = RECONF_NONE;
    d->group->attempt.state = FAILOVER_WAIT_PROMOTION;
    d->group->attempt.selected = replica;
    assert_field(d, "SENTINEL REPLICAS mymaster", "flags", "slave,promoted");
    d->group->attempt = (struct attempt){ .state = FAILOVER_NONE };
    replica->sdown = true;
    assert_field(d, "SENTINEL REPLICAS mymaster", "flags", "s_down,slave");
    replica->pubsub.state = LINK_CLOSED;
    assert_field(d, "SENTINEL REPLICAS mymaster", "flags", "s_down,slave,disconnected");
}

static void flags_of_a_sentinel_follow_its_state(void **state) {
    struct desk *d = *state;
    struct peer *peer = first_peer(d);
    peer->master_down = true;
    peer->sdown = true;
    peer->process->link.state = LINK_CLOSED;
    assert_field(
        d, "SENTINEL SENTINELS mymaster", "flags", "s_down,sentinel,disconnected,master_down");
    slice_copy(slice_of(SCENE_PEER_2), peer->voted_for, sizeof(peer->voted_for));
    peer->voted_epoch = 7;
    assert_field(d, "SENTINEL SENTINELS mymaster", "voted-leader", SCENE_PEER_2);
    assert_field(d, "SENTINEL SENTINELS mymaster", "voted-leader-epoch", "7");
}

static void some_fields_are_there_only_at_times(void **state) {
    struct desk *d = *state;
    assert_field(d, "SENTINEL MASTER mymaster", "s-down-time", "");
    assert_field(d, "SENTINEL MASTER mymaster", "o-down-time", "");
    assert_field(d, "SENTINEL MASTER mymaster", "failover-state", "");
    d->group->master->sdown = d->group->odown = true;
    d->group->master->sdown_since_ms = d->now.mono_ms - 250;
    d->group->odown_since_ms = d->now.mono_ms - 200;
    d->group->attempt.state = FAILOVER_RECONF_REPLICAS;
    assert_field(d, "SENTINEL MASTER mymaster", "s-down-time", "250");
    assert_field(d, "SENTINEL MASTER mymaster", "o-down-time", "200");
    assert_field(d, "SENTINEL MASTER mymaster", "failover-state", "reconf_slaves");
    d->group->attempt = (struct attempt){ .state = FAILOVER_NONE };
}

/* A test of the originals counts on this place. */
static void element_33_is_the_number_of_sentinels(void **state) {
    struct desk *d = *state;
    struct slice reply = desk_ask(d, 1, "SENTINEL MASTER mymaster");
    assert_true(slice_starts_with(reply, "*40\r\n"));
    struct slice rest = reply;
    slice_cut(&rest, '\n');
    for (int i = 0; i < 33; i++) {
        slice_cut(&rest, '\n');
        slice_cut(&rest, '\n');
    }
    assert_true(slice_starts_with(rest, "$1\r\n2\r\n"));
}

/* The readable form hides ages, so these are looked for in the bytes. */
static void assert_age(struct desk *d, const char *line, const char *name, const char *value) {
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "\r\n%s\r\n$%zu\r\n%s\r\n", name, strlen(value), value);
    if (!slice_contains(desk_ask(d, 1, line), slice_of(wanted)))
        fail_msg("%s of %s is not %s", name, line, value);
}

static void ages_are_counted_on_their_clocks(void **state) {
    struct desk *d = *state;
    struct node *master = d->group->master;
    desk_pass(d, 100);
    d->now.mono_ms += 1000; /* not listening for a second */
    master->live.unanswered_ms = d->now.heard_ms - 40;
    first_peer(d)->hello_ms = d->now.mono_ms - 30;
    assert_age(d, "SENTINEL MASTER mymaster", "last-ping-sent", "40");
    assert_age(d, "SENTINEL MASTER mymaster", "last-ok-ping-reply", "999");
    assert_age(d, "SENTINEL MASTER mymaster", "info-refresh", "6100");
    assert_age(d, "SENTINEL SENTINELS mymaster", "last-hello-message", "30");
    master->live.unanswered_ms = 0;
    master->info_ms = 0;
    assert_age(d, "SENTINEL MASTER mymaster", "last-ping-sent", "0");
    assert_age(d, "SENTINEL MASTER mymaster", "info-refresh", "0");
}

static void a_replica_that_hides_is_counted_but_not_listed(void **state) {
    struct desk *d = *state;
    first_replica(d)->announced = false;
    assert_true(slice_starts_with(desk_ask(d, 1, "SENTINEL REPLICAS mymaster"), "*1\r\n"));
    assert_field(d, "SENTINEL REPLICAS mymaster", "name", "127.0.0.1:28402");
    assert_field(d, "SENTINEL MASTER mymaster", "num-slaves", "2");
}

static void what_a_replica_has_not_told_is_shown_as_unknown(void **state) {
    struct desk *d = *state;
    struct node *replica = first_replica(d);
    replica->master_host[0] = '\0';
    replica->master_link_up = false;
    replica->master_link_down_ms = 3000;
    replica->role_reported = ROLE_MASTER;
    assert_field(d, "SENTINEL REPLICAS mymaster", "master-host", "?");
    assert_field(d, "SENTINEL REPLICAS mymaster", "master-link-status", "err");
    assert_field(d, "SENTINEL REPLICAS mymaster", "master-link-down-time", "3000");
    assert_field(d, "SENTINEL REPLICAS mymaster", "role-reported", "master");
}

static void the_address_is_that_of_the_promoted_replica_during_reconfiguration(void **state) {
    struct desk *d = *state;
    d->group->attempt.state = FAILOVER_RECONF_REPLICAS;
    d->group->attempt.selected = first_replica(d);
    assert_answer(
        d, 1, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", "*[$\"127.0.0.1\" $\"28401\"]");
    assert_field(d, "SENTINEL MASTER mymaster", "port", "28400");
    d->group->attempt = (struct attempt){ .state = FAILOVER_NONE };
}

/* ---- CKQUORUM ---- */

static void ckquorum_counts_the_sentinels_in_reach(void **state) {
    struct desk *d = *state;
    first_peer(d)->sdown = true;
    assert_answer(d, 1, "SENTINEL CKQUORUM mymaster",
        "+\"OK 2 usable Sentinels. Quorum and failover authorization can be reached\"");
    d->group->settings.quorum = 3;
    assert_answer(d, 1, "SENTINEL CKQUORUM mymaster",
        "-\"NOQUORUM 2 usable Sentinels. Not enough available Sentinels to reach the specified "
        "quorum for this master\"");
    list_for_each(p, &d->group->peers, struct peer, of_group)
        p->sdown = true;
    assert_answer(d, 1, "SENTINEL CKQUORUM mymaster",
        "-\"NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified "
        "quorum for this master. Not enough available Sentinels to reach the majority and "
        "authorize a failover\"");
}

static void ckquorum_tells_that_nothing_can_be_written(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    desk_ask(d, 1, "SENTINEL FLUSHCONFIG");
    desk_failed(d, 2, d->core->persist_seq);
    assert_answer(d, 1, "SENTINEL CKQUORUM mymaster",
        "-\"NOQUORUM 3 usable Sentinels. This Sentinel cannot write its state, thus gives no "
        "vote\"");
    desk_durable(d, 2, d->core->persist_seq);
    d->group->frozen = true;
    d->unjudged = true;
    assert_answer(d, 1, "SENTINEL CKQUORUM mymaster",
        "-\"NOQUORUM 3 usable Sentinels. This Sentinel found its own state of this master broken, "
        "and does not act\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_unjudged, tear_down_desk)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(flags_of_a_master_follow_its_state),
        TEST(flags_of_a_replica_follow_its_state),
        TEST(flags_of_a_sentinel_follow_its_state),
        TEST(some_fields_are_there_only_at_times),
        TEST(element_33_is_the_number_of_sentinels),
        TEST(ages_are_counted_on_their_clocks),
        TEST(a_replica_that_hides_is_counted_but_not_listed),
        TEST(what_a_replica_has_not_told_is_shown_as_unknown),
        TEST(the_address_is_that_of_the_promoted_replica_during_reconfiguration),
        TEST(ckquorum_counts_the_sentinels_in_reach),
        DESK_TEST(ckquorum_tells_that_nothing_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
