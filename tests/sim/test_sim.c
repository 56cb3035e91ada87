/* Tests of the simulator itself: that it repeats what it did, and that its laws can be broken. */
#include "tests/unit/unit.h"

#include "tests/lib/reply.h"
#include "tests/sim/run.h"

#include <string.h>

static struct run_result run(uint64_t seed, const char *mutant, bool is_traced) {
    struct run_result result;
    run_seed(&(struct run_options){ .seed = seed,
                 .mutant = mutant == NULL ? NULL : mutant_find(mutant),
                 .is_traced = is_traced },
        &result);
    return result;
}

static void a_seed_tells_the_same_story_twice(void **state) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct run_result first = run(seed, NULL, true);
        struct run_result second = run(seed, NULL, true);
        assert_true(first.hash == second.hash);
        assert_true(first.virtual_us == second.virtual_us);
        assert_memory_equal(&first.marks, &second.marks, sizeof(first.marks));
    }
}

static void another_seed_tells_another_story(void **state) {
    assert_true(run(1, NULL, true).hash != run(2, NULL, true).hash);
}

static void telling_the_story_changes_nothing(void **state) {
    struct run_result told = run(3, NULL, true), silent = run(3, NULL, false);
    assert_memory_equal(&told.marks, &silent.marks, sizeof(told.marks));
}

/* Crashes, reloads, scripts, names, votes: whatever came about comes about again. */
static void a_recorded_life_replays(void **state) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct run_result result;
        run_seed(&(struct run_options){ .seed = seed, .is_taped = true }, &result);
        if (result.has_failed)
            fail_msg("%s: %s", result.law, result.text);
    }
}

/* Looks for a seed that breaks `law`, among a few. */
static void expect_broken(const char *mutant, const char *law) {
    struct run_result result = { .has_failed = false };
    for (uint64_t seed = 1; seed <= 60; seed++) {
        result = run(seed, mutant, false);
        if (result.has_failed && strcmp(result.law, law) == 0)
            return;
    }
    fail_msg("no seed broke the law \"%s\"; the last one: %s %s", law, result.law, result.text);
}

static void a_disk_that_lies_forgets_a_vote(void **state) {
    expect_broken("lying-disk", "a vote is not forgotten");
}

static void a_disk_that_answers_too_soon_lets_a_vote_out(void **state) {
    expect_broken("hasty-disk", "a vote told is on disk");
}

static void a_disk_that_answers_too_soon_lets_a_question_out(void **state) {
    expect_broken("hasty-disk", "own vote first");
}

static void forged_votes_are_found_out(void **state) {
    expect_broken("forged-vote", "votes are counted");
}

static void writes_that_a_promoted_server_forgets_are_missed(void **state) {
    expect_broken("forgetful-server", "writes are kept");
}

static void a_vedette_that_stays_away_is_missed(void **state) {
    expect_broken("absent", "agreement");
}

/* ---- the reader of replies ---- */

static const struct {
    const char *bytes;
    enum reply_read expected;
    const char *printed;
} replies[] = {
    { "+PONG\r\n", REPLY_READ_VALUE, "+PONG" },
    { "-ERR no\r\n", REPLY_READ_VALUE, "-ERR no" },
    { ":42\r\n", REPLY_READ_VALUE, ":42" },
    { "$-1\r\n", REPLY_READ_VALUE, "(null)" },
    { "*-1\r\n", REPLY_READ_VALUE, "(null)" },
    { "$3\r\na\r\n\r\n", REPLY_READ_VALUE, "\"a\\r\\n\"" },
    { "*3\r\n:1\r\n$1\r\n*\r\n*1\r\n+OK\r\n", REPLY_READ_VALUE, "[:1, \"*\", [+OK]]" },
    { "", REPLY_READ_MORE, NULL },
    { "+PONG\r", REPLY_READ_MORE, NULL },
    { "$3\r\nab", REPLY_READ_MORE, NULL },
    { "*2\r\n:1\r\n", REPLY_READ_MORE, NULL },
    { "$-2\r\n", REPLY_READ_BAD, NULL },
    { "$x\r\n", REPLY_READ_BAD, NULL },
    { "%1\r\n", REPLY_READ_BAD, NULL },
    { "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", REPLY_READ_BAD, NULL },
};

static void replies_are_read(void **state) {
    struct reply_reader reader = { .blocks = NULL };
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
        struct resp_value value;
        size_t used = 0;
        struct slice bytes = slice_of(replies[i].bytes);
        assert_int_equal(reply_read(&reader, bytes, &value, &used), replies[i].expected);
        if (replies[i].printed == NULL)
            continue;
        struct buf text CLEANUP(buf_fini) = BUF_INIT;
        resp_value_print(&value, &text);
        assert_slice(buf_slice(&text), replies[i].printed);
        assert_int_equal(used, bytes.size);
    }
    reply_reader_fini(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read),
        cmocka_unit_test(a_seed_tells_the_same_story_twice),
        cmocka_unit_test(another_seed_tells_another_story),
        cmocka_unit_test(telling_the_story_changes_nothing),
        cmocka_unit_test(a_recorded_life_replays),
        cmocka_unit_test(a_disk_that_lies_forgets_a_vote),
        cmocka_unit_test(a_disk_that_answers_too_soon_lets_a_vote_out),
        cmocka_unit_test(a_disk_that_answers_too_soon_lets_a_question_out),
        cmocka_unit_test(forged_votes_are_found_out),
        cmocka_unit_test(writes_that_a_promoted_server_forgets_are_missed),
        cmocka_unit_test(a_vedette_that_stays_away_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
