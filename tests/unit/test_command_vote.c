#include "tests/unit/answer.h"

#define ASK  "SENTINEL is-master-down-by-addr 127.0.0.1 28400 "
#define NONE "*[:\"0\" $\"*\" :\"0\"]"

static void a_question_is_answered_without_a_vote(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, ASK "9 *", NONE);
    assert_int_equal(d->group->vote_epoch, 0);
    assert_int_equal(d->core->current_epoch, 0);
    d->group->master->sdown = true;
    assert_answer(d, 1, ASK "9 *", "*[:\"1\" $\"*\" :\"0\"]");
    d->core->tilt = true;
    assert_answer(d, 1, ASK "9 *", NONE);
}

static void a_vote_goes_to_the_first_who_asks(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, ASK "50 abc", "*[:\"0\" $\"abc\" :\"50\"]");
    assert_answer(d, 2, ASK "50 def", "*[:\"0\" $\"abc\" :\"50\"]");
    assert_answer(d, 2, ASK "49 def", "*[:\"0\" $\"abc\" :\"50\"]");
    assert_answer(d, 2, ASK "51 def", "*[:\"0\" $\"def\" :\"51\"]");
    assert_int_equal(d->core->current_epoch, 51);
}

static void our_own_id_can_be_voted_for(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, ASK "99 " SCENE_ID, "*[:\"0\" $\"" SCENE_ID "\" :\"99\"]");
}

static void at_epoch_0_there_is_no_vote(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, ASK "0 abc", NONE);
}

static void unknown_addresses_are_not_down(void **state) {
    struct desk *d = *state;
    d->group->master->sdown = true;
    assert_answer(d, 1, "SENTINEL is-master-down-by-addr 127.0.0.2 28400 5 abc", NONE);
    assert_answer(d, 1, "SENTINEL is-master-down-by-addr 127.0.0.1 28401 5 abc", NONE);
    assert_answer(d, 1, "SENTINEL is-master-down-by-addr 127.0.0.1 99999 5 abc", NONE);
    assert_answer(d, 1, "SENTINEL is-master-down-by-addr 127.0.0.1 -1 5 abc", NONE);
    assert_answer(d, 1, "SENTINEL is-master-down-by-addr '' 28400 5 abc", NONE);
    assert_int_equal(d->core->current_epoch, 0);
}

static void numbers_are_checked(void **state) {
    struct desk *d = *state;
    static const char error[] = "-\"ERR value is not an integer or out of range\"";
    assert_answer(d, 1, "SENTINEL is-master-down-by-addr 127.0.0.1 x 5 *", error);
    assert_answer(d, 1, ASK "5x *", error);
    assert_answer(d, 1, ASK "-1 *", NONE);
    assert_answer(d, 1, ASK "-1 abc", NONE); /* no epoch of its own was ever so low */
    assert_int_equal(d->core->current_epoch, 0);
    assert_answer(d, 1, ASK "18446744073709551616 *", error);
}

static void candidates_that_cannot_be_kept_get_no_vote(void **state) {
    struct desk *d = *state;
    struct buf line = BUF_INIT;
    buf_add_text(&line, ASK "5 ");
    for (int i = 0; i < CANDIDATE_MAX; i++)
        buf_add_char(&line, 'x');
    assert_answer(d, 1, buf_text(&line), NONE);
    assert_answer(d, 1, ASK "5 ''", NONE);
    buf_fini(&line);
}

static void a_hello_is_taken_and_acknowledged(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1,
        "PUBLISH __sentinel__:hello 10.0.0.7,26379,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,3,mymaster,"
        "127.0.0.1,28400,0",
        ":\"1\"");
    assert_int_equal(d->group->peer_count, 3);
    assert_int_equal(d->core->current_epoch, 3);
    assert_answer(d, 1, "PUBLISH __sentinel__:hello garbage", ":\"1\"");
    assert_answer(d, 1, "PUBLISH __SENTINEL__:hello x",
        "-\"ERR Only HELLO messages are accepted by Sentinel instances.\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_question_is_answered_without_a_vote),
        DESK_TEST(a_vote_goes_to_the_first_who_asks),
        DESK_TEST(our_own_id_can_be_voted_for),
        DESK_TEST(at_epoch_0_there_is_no_vote),
        DESK_TEST(unknown_addresses_are_not_down),
        DESK_TEST(numbers_are_checked),
        DESK_TEST(candidates_that_cannot_be_kept_get_no_vote),
        DESK_TEST(a_hello_is_taken_and_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
