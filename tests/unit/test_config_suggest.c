#include "config/suggest.h"

#include "tests/unit/unit.h"

static void the_nearest_of_the_known_words_is_suggested(void **state) {
    static const char *const words[] = { "quorum", "down_after", "failover_timeout", "auth", "log",
        "listen" };
    static const struct {
        const char *typed, *suggested;
    } cases[] = {
        { "quorum", "quorum" },
        { "quorom", "quorum" },
        { "qourum", "quorum" },
        { "quroum", "quorum" },
        { "quor", "quorum" },
        { "quo", "" },
        { "down-after", "down_after" },
        { "DownAfter", "down_after" },
        { "down_afetr", "down_after" },
        { "downafter_", "down_after" },
        { "failovertimeout", "failover_timeout" },
        { "listne", "listen" },
        { "lost", "" },
        { "lag", "log" },
        { "auht", "auth" },
        { "authentication", "" },
        { "", "" },
        { "peers", "" },
        { "a_word_that_is_longer_than_any_key_that_there_will_ever_be", "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct suggestion s = suggest(slice_of(cases[i].typed));
        for (size_t w = 0; w < ARRAY_SIZE(words); w++)
            suggest_consider(&s, slice_of(words[w]));
        assert_slice(s.best, cases[i].suggested);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_of_the_known_words_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
