#include "tests/unit/answer.h"

#include "sentinel/command/session.h"

#include <stdio.h>

#define OFF "*[$\"flags\" *[$\"off\"] $\"redirect\" :\"-1\" $\"prefixes\" *[]]"

static void tracking_is_told(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT TRACKINGINFO", OFF);
    assert_answer(d, 1, "CLIENT GETREDIR", ":\"-1\"");
    assert_answer(d, 1, "CLIENT TRACKING on noloop redirect 2", "+\"OK\"");
    assert_answer(d, 1, "CLIENT TRACKINGINFO",
        "*[$\"flags\" *[$\"on\" $\"noloop\"] $\"redirect\" :\"2\" $\"prefixes\" *[]]");
    assert_answer(d, 1, "CLIENT GETREDIR", ":\"2\"");
    struct slice info = desk_ask(d, 1, "CLIENT INFO");
    assert_true(slice_contains(info, SLICE_LITERAL(" flags=t ")));
    assert_true(slice_contains(info, SLICE_LITERAL(" redir=2 ")));
    assert_answer(d, 1, "CLIENT TRACKING off", "+\"OK\"");
    assert_answer(d, 1, "CLIENT TRACKINGINFO", OFF);
}

static void prefixes_are_kept_in_order_and_apart(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT TRACKING on bcast prefix b prefix a", "+\"OK\"");
    assert_answer(d, 1, "CLIENT TRACKING on bcast prefix abc",
        "-\"ERR Prefix 'abc' overlaps with an existing prefix 'a'. Prefixes for a single client "
        "must not overlap.\"");
    assert_answer(d, 1, "CLIENT TRACKING on bcast prefix x prefix xy",
        "-\"ERR Prefix 'x' overlaps with another provided prefix 'xy'. Prefixes for a single "
        "client must not overlap.\"");
    assert_answer(d, 1, "CLIENT TRACKING on bcast", "+\"OK\"");
    assert_answer(d, 1, "CLIENT TRACKINGINFO",
        "*[$\"flags\" *[$\"on\" $\"bcast\"] $\"redirect\" :\"0\" $\"prefixes\" *[$\"\" $\"a\" "
        "$\"b\"]]");
    size_t held = d->server->held;
    assert_true(held > 0);
    desk_ask(d, 1, "CLIENT TRACKING off");
    assert_int_equal(d->server->held, 0);
}

static void prefixes_are_bounded(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_SUBSCRIPTIONS] = 2;
    assert_answer(d, 1, "CLIENT TRACKING on bcast prefix a prefix b", "+\"OK\"");
    assert_answer(
        d, 1, "CLIENT TRACKING on bcast prefix c", "-\"ERR max number of subscriptions reached\"");
    assert_int_equal(d->core->limit_hits[LIMIT_SUBSCRIPTIONS], 1);
}

static void what_contradicts_is_refused(void **state) {
    static const struct {
        const char *words, *reply;
    } cases[] = {
        { "perhaps", "ERR syntax error" },
        { "on nosuch", "ERR syntax error" },
        { "on prefix", "ERR syntax error" },
        { "on redirect x", "ERR value is not an integer or out of range" },
        { "on redirect 99", "ERR The client ID you want redirect to does not exist" },
        { "on redirect 1 redirect 2", "ERR A client can only redirect to a single other client" },
        { "on prefix a", "ERR PREFIX option requires BCAST mode to be enabled" },
        { "on bcast optin", "ERR OPTIN and OPTOUT are not compatible with BCAST" },
        { "on optin optout", "ERR You can't specify both OPTIN mode and OPTOUT mode" },
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char line[80], reply[120];
        snprintf(line, sizeof(line), "CLIENT TRACKING %s", cases[i].words);
        snprintf(reply, sizeof(reply), "-\"%s\"", cases[i].reply);
        assert_answer(d, 1, line, reply);
    }
    assert_answer(d, 1, "CLIENT TRACKINGINFO", OFF);
    desk_ask(d, 1, "CLIENT TRACKING on optin");
    assert_answer(d, 1, "CLIENT TRACKING on optout",
        "-\"ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
        "then re-enabling it with a different mode.\"");
    assert_answer(d, 1, "CLIENT TRACKING on bcast",
        "-\"ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
        "then re-enabling it with a different mode.\"");
}

#define OPTIN(more) \
    "*[$\"flags\" *[$\"on\" $\"optin\"" more "] $\"redirect\" :\"0\" $\"prefixes\" *[]]"

static void caching_holds_for_the_next_command(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "CLIENT CACHING yes",
        "-\"ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN "
        "or OPTOUT mode enabled\"");
    desk_ask(d, 1, "CLIENT TRACKING on optin");
    assert_answer(d, 1, "CLIENT CACHING no",
        "-\"ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.\"");
    assert_answer(d, 1, "CLIENT CACHING perhaps", "-\"ERR syntax error\"");
    assert_answer(d, 1, "CLIENT CACHING yes", "+\"OK\"");
    assert_answer(d, 1, "CLIENT TRACKINGINFO", OPTIN(" $\"caching-yes\""));
    desk_ask(d, 1, "PING");
    assert_answer(d, 1, "CLIENT TRACKINGINFO", OPTIN(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(tracking_is_told),
        DESK_TEST(prefixes_are_kept_in_order_and_apart),
        DESK_TEST(prefixes_are_bounded),
        DESK_TEST(what_contradicts_is_refused),
        DESK_TEST(caching_holds_for_the_next_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
