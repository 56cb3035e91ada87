#include "tests/unit/answer.h"

#include <stdio.h>

/* ---- GET ---- */

static void parameters_are_found_by_patterns_each_once(void **state) {
    static const struct {
        const char *patterns, *reply;
    } cases[] = {
        { "*",
            "*[$\"resolve-hostnames\" $\"no\" $\"announce-hostnames\" $\"no\" $\"announce-ip\" $\"\" "
            "$\"announce-port\" $\"0\" $\"sentinel-user\" $\"\" $\"sentinel-pass\" $\"\" "
            "$\"loglevel\" $\"notice\"]" },
        { "ANNOUNCE*",
            "*[$\"announce-hostnames\" $\"no\" $\"announce-ip\" $\"\" $\"announce-port\" $\"0\"]" },
        { "log* announce-port *level log*",
            "*[$\"loglevel\" $\"notice\" $\"announce-port\" $\"0\"]" },
        { "nosuch", "*[]" },
        { "nosuch loglevel", "*[$\"loglevel\" $\"notice\"]" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[128];
        snprintf(line, sizeof(line), "SENTINEL CONFIG get %s", cases[i].patterns);
        assert_answer(d, 1, line, cases[i].reply);
    }
    desk_ask(d, 2, "HELLO 3");
    assert_answer(d, 2, "SENTINEL CONFIG GET announce-port", "%[$\"announce-port\" $\"0\"]");
}

/* ---- SET ---- */

static void values_are_set_and_read_back(void **state) {
    static const struct {
        const char *pairs, *get, *reply;
    } cases[] = {
        { "loglevel Debug", "loglevel", "*[$\"loglevel\" $\"debug\"]" },
        { "LOGLEVEL nothing", "loglevel", "*[$\"loglevel\" $\"nothing\"]" },
        { "resolve-hostnames YES announce-hostnames yes", "*-hostnames",
            "*[$\"resolve-hostnames\" $\"yes\" $\"announce-hostnames\" $\"yes\"]" },
        { "resolve-hostnames no", "resolve-hostnames", "*[$\"resolve-hostnames\" $\"no\"]" },
        { "announce-ip 10.0.0.7", "announce-*p*",
            "*[$\"announce-ip\" $\"10.0.0.7\" $\"announce-port\" $\"0\"]" },
        { "announce-port 26380", "announce-*p*",
            "*[$\"announce-ip\" $\"10.0.0.7\" $\"announce-port\" $\"26380\"]" },
        { "announce-port 0 announce-ip sentinel.example", "announce-*p*",
            "*[$\"announce-ip\" $\"sentinel.example\" $\"announce-port\" $\"0\"]" },
        { "announce-ip ''", "announce-ip", "*[$\"announce-ip\" $\"\"]" },
        { "sentinel-user alice sentinel-pass 'ge heim'", "sentinel-*",
            "*[$\"sentinel-user\" $\"alice\" $\"sentinel-pass\" $\"******\"]" },
        { "sentinel-user '' sentinel-pass ''", "sentinel-*",
            "*[$\"sentinel-user\" $\"\" $\"sentinel-pass\" $\"\"]" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[128];
        snprintf(line, sizeof(line), "SENTINEL CONFIG SET %s", cases[i].pairs);
        assert_answer(d, 1, line, "+\"OK\"");
        snprintf(line, sizeof(line), "SENTINEL CONFIG GET %s", cases[i].get);
        assert_answer(d, 1, line, cases[i].reply);
    }
}

static void all_are_set_or_none(void **state) {
    static const struct {
        const char *arguments, *error;
    } cases[] = {
        { "SET nosuch 1", "ERR Invalid argument 'nosuch' to SENTINEL CONFIG SET" },
        { "SET loglevel debug nosuch", "ERR Invalid argument 'nosuch' to SENTINEL CONFIG SET" },
        { "SET loglevel debug LOGLEVEL debug",
            "ERR Duplicate argument 'LOGLEVEL' to SENTINEL CONFIG SET" },
        { "SET loglevel debug loglevel",
            "ERR Duplicate argument 'loglevel' to SENTINEL CONFIG SET" },
        { "SET loglevel debug announce-port", "ERR Missing argument 'announce-port' value" },
        { "SET loglevel loud", "ERR Invalid value 'loud' to SENTINEL CONFIG SET 'loglevel'" },
        { "SET loglevel ''", "ERR Invalid value '' to SENTINEL CONFIG SET 'loglevel'" },
        { "SET loglevel debug announce-port 65536",
            "ERR Invalid value '65536' to SENTINEL CONFIG SET 'announce-port'" },
        { "SET announce-port -1", "ERR Invalid value '-1' to SENTINEL CONFIG SET 'announce-port'" },
        { "SET announce-port x", "ERR Invalid value 'x' to SENTINEL CONFIG SET 'announce-port'" },
        { "SET announce-ip 10.0.0.7,1",
            "ERR Invalid value '10.0.0.7,1' to SENTINEL CONFIG SET 'announce-ip'" },
        { "SET announce-ip '10.0.0.7 '",
            "ERR Invalid value '10.0.0.7 ' to SENTINEL CONFIG SET 'announce-ip'" },
        { "SET loglevel debug resolve-hostnames maybe",
            "ERR Invalid value 'maybe' to SENTINEL CONFIG SET 'resolve-hostnames'" },
        { "SET announce-hostnames true",
            "ERR Invalid value 'true' to SENTINEL CONFIG SET 'announce-hostnames'" },
        { "SET loglevel debug sentinel-pass \"a\\nb\"",
            "ERR Invalid argument at index 6 for SENTINEL CONFIG SET: control characters are not "
            "allowed" },
        { "SET loglevel",
            "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> "
            "[<param> <value> ...] are supported." },
        { "FROB loglevel debug",
            "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> "
            "[<param> <value> ...] are supported." },
        { "GET", "ERR wrong number of arguments for 'sentinel|config' command" },
    };
    struct desk *d = *state;
    uint64_t seq = d->core->persist_seq;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[128], expected[256];
        snprintf(line, sizeof(line), "SENTINEL CONFIG %s", cases[i].arguments);
        snprintf(expected, sizeof(expected), "-\"%s\"", cases[i].error);
        assert_answer(d, 1, line, expected);
        assert_int_equal(d->core->settings.log_level, LOG_NOTICE);
    }
    assert_int_equal(d->core->persist_seq, seq);
}

static void ok_means_that_it_is_on_disk(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    assert_answer(d, 1, "SENTINEL CONFIG SET loglevel debug", "");
    assert_replies(desk_durable(d, 1, d->core->persist_seq), "+\"OK\"");
    assert_answer(d, 1, "SENTINEL CONFIG SET loglevel debug", ""); /* also if nothing changes */
    assert_replies(desk_failed(d, 1, d->core->persist_seq),
        "-\"ERR Failed to save config file. Check server logs.\"");
    assert_answer(d, 1, "SENTINEL CONFIG GET loglevel", "*[$\"loglevel\" $\"debug\"]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(parameters_are_found_by_patterns_each_once),
        DESK_TEST(values_are_set_and_read_back),
        DESK_TEST(all_are_set_or_none),
        DESK_TEST(ok_means_that_it_is_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
