#include "tests/unit/answer.h"

#include "sentinel/command/pubsub.h"

static void subscriptions_are_confirmed_one_by_one(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SUBSCRIBE a b a",
        "*[$\"subscribe\" $\"a\" :\"1\"] *[$\"subscribe\" $\"b\" :\"2\"] "
        "*[$\"subscribe\" $\"a\" :\"2\"]");
    assert_answer(d, 1, "PSUBSCRIBE *", "*[$\"psubscribe\" $\"*\" :\"3\"]");
    assert_answer(d, 1, "UNSUBSCRIBE b x",
        "*[$\"unsubscribe\" $\"b\" :\"2\"] *[$\"unsubscribe\" $\"x\" :\"2\"]");
    assert_answer(d, 1, "PUNSUBSCRIBE", "*[$\"punsubscribe\" $\"*\" :\"1\"]");
    assert_answer(d, 1, "PUNSUBSCRIBE", "*[$\"punsubscribe\" $null :\"1\"]");
    assert_answer(d, 1, "UNSUBSCRIBE", "*[$\"unsubscribe\" $\"a\" :\"0\"]");
}

static void resp3_gets_pushes(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "HELLO 3");
    assert_answer(d, 1, "SUBSCRIBE +sdown", ">[$\"subscribe\" $\"+sdown\" :\"1\"]");
    assert_replies(desk_publish(d, 1, "+sdown", "x y"), ">[$\"message\" $\"+sdown\" $\"x y\"]");
    assert_answer(d, 1, "UNSUBSCRIBE", ">[$\"unsubscribe\" $\"+sdown\" :\"0\"]");
    assert_answer(d, 1, "UNSUBSCRIBE", ">[$\"unsubscribe\" _null :\"0\"]");
}

static void messages_reach_those_who_listen(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SUBSCRIBE +sdown +odown");
    desk_ask(d, 2, "PSUBSCRIBE [-+]sdown");
    assert_replies(desk_publish(d, 1, "+sdown", "x"), "*[$\"message\" $\"+sdown\" $\"x\"]");
    assert_replies(
        desk_publish(d, 2, "+sdown", "x"), "*[$\"pmessage\" $\"[-+]sdown\" $\"+sdown\" $\"x\"]");
    assert_replies(desk_publish(d, 1, "-sdown", "x"), "");
    assert_replies(
        desk_publish(d, 2, "-sdown", "x"), "*[$\"pmessage\" $\"[-+]sdown\" $\"-sdown\" $\"x\"]");
    assert_replies(desk_publish(d, 2, "+odown", "x"), "");
    assert_replies(desk_publish(d, 1, "+SDOWN", "x"), "");
}

static void a_client_that_listens_twice_hears_twice(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SUBSCRIBE +sdown");
    desk_ask(d, 1, "PSUBSCRIBE +* *down");
    assert_replies(desk_publish(d, 1, "+sdown", "x"),
        "*[$\"message\" $\"+sdown\" $\"x\"] *[$\"pmessage\" $\"+*\" $\"+sdown\" $\"x\"] "
        "*[$\"pmessage\" $\"*down\" $\"+sdown\" $\"x\"]");
}

static void hellos_are_not_passed_on(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SUBSCRIBE __sentinel__:hello");
    desk_ask(d, 2, "PUBLISH __sentinel__:hello x");
    d->received_by = 1;
    assert_slice(buf_slice(&d->received), ":1\r\n"); /* what client 2 got; client 1 got nothing */
}

static void topics_are_counted_while_somebody_listens(void **state) {
    struct desk *d = *state;
    const struct pubsub *p = &d->server->pubsub;
    desk_ask(d, 1, "SUBSCRIBE a b");
    desk_ask(d, 2, "SUBSCRIBE b c");
    desk_ask(d, 2, "PSUBSCRIBE *");
    assert_int_equal(pubsub_topic_count(p, PUBSUB_CHANNEL), 3);
    assert_int_equal(pubsub_topic_count(p, PUBSUB_PATTERN), 1);
    assert_int_equal(server_count_subscribers(d->server), 2);
    desk_close(d, 2);
    assert_int_equal(pubsub_topic_count(p, PUBSUB_CHANNEL), 2);
    assert_int_equal(pubsub_topic_count(p, PUBSUB_PATTERN), 0);
    desk_ask(d, 1, "UNSUBSCRIBE");
    assert_int_equal(pubsub_topic_count(p, PUBSUB_CHANNEL), 0);
    assert_int_equal(server_count_subscribers(d->server), 0);
}

#define TOO_MANY "-\"ERR max number of subscriptions reached\""

static void subscriptions_are_bounded(void **state) {
    struct desk *d = *state;
    const uint64_t *hits = &d->core->limit_hits[LIMIT_SUBSCRIPTIONS];
    d->core->settings.limits.max[LIMIT_SUBSCRIPTIONS] = 3;
    desk_ask(d, 1, "SUBSCRIBE a");
    assert_answer(d, 1, "SUBSCRIBE b c d", TOO_MANY);
    assert_int_equal(*hits, 1);
    assert_int_equal(pubsub_topic_count(&d->server->pubsub, PUBSUB_CHANNEL), 1); /* none of them */
    assert_answer(d, 1, "PSUBSCRIBE *", "*[$\"psubscribe\" $\"*\" :\"2\"]");
    assert_answer(d, 1, "SUBSCRIBE b", "*[$\"subscribe\" $\"b\" :\"3\"]");
    assert_int_equal(*hits, 1);
    assert_answer(d, 1, "SUBSCRIBE c", TOO_MANY);
    assert_answer(d, 1, "PSUBSCRIBE ?", TOO_MANY);
    assert_int_equal(*hits, 3);
    assert_answer(d, 1, "SUBSCRIBE a", "*[$\"subscribe\" $\"a\" :\"3\"]"); /* it has that one */
    assert_answer(d, 1, "PING", "*[$\"pong\" $\"\"]");
    assert_answer(d, 2, "SUBSCRIBE c", "*[$\"subscribe\" $\"c\" :\"1\"]");

    d->core->settings.limits.max[LIMIT_SUBSCRIPTIONS] = 2; /* those that are stay */
    assert_replies(desk_publish(d, 1, "b", "x"),
        "*[$\"message\" $\"b\" $\"x\"] *[$\"pmessage\" $\"*\" $\"b\" $\"x\"]");
    assert_answer(d, 1, "SUBSCRIBE b", "*[$\"subscribe\" $\"b\" :\"3\"]");
    assert_int_equal(*hits, 3);
}

static void names_of_channels_are_bounded(void **state) {
    struct desk *d = *state;
    struct buf line = BUF_INIT;
    buf_add_text(&line, "SUBSCRIBE ");
    for (int i = 0; i < PUBSUB_NAME_MAX; i++)
        buf_add_char(&line, 'x');
    desk_ask(d, 2, buf_text(&line));
    assert_int_equal(server_count_subscribers(d->server), 1);
    buf_add_char(&line, 'x');
    assert_answer(d, 2, buf_text(&line), "-\"ERR too long a name of a channel or pattern\"");
    assert_true(slice_starts_with(
        desk_ask(d, 2, "UNSUBSCRIBE"), "*3\r\n$11\r\nunsubscribe\r\n$1024\r\nxx"));
    buf_fini(&line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(subscriptions_are_confirmed_one_by_one),
        DESK_TEST(resp3_gets_pushes),
        DESK_TEST(messages_reach_those_who_listen),
        DESK_TEST(a_client_that_listens_twice_hears_twice),
        DESK_TEST(hellos_are_not_passed_on),
        DESK_TEST(topics_are_counted_while_somebody_listens),
        DESK_TEST(subscriptions_are_bounded),
        DESK_TEST(names_of_channels_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
