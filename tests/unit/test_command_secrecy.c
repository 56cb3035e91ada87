#include "sentinel/command/secrecy.h"

#include "tests/unit/answer.h"

#include <string.h>

#define WORDS_MAX 16

/* What is told of each word: '.' nothing, then the first letter of its member. */
static void assert_told(const struct desk *d, const char *line, const char *expected, bool taints) {
    struct slice words[WORDS_MAX] = { SLICE_EMPTY }, rest = slice_of(line);
    enum secrecy secrecy[WORDS_MAX];
    char told[WORDS_MAX + 1] = "";
    size_t count = 0;
    while (rest.data != NULL && count < WORDS_MAX)
        words[count++] = slice_cut(&rest, ' ');
    assert_int_equal(secrecy_of_request(d->server, words, count, secrecy), taints);
    for (size_t i = 0; i < count; i++)
        told[i] = ".LSRU"[secrecy[i]];
    assert_string_equal(told, expected);
}

static void words_that_may_be_secrets_are_told_apart(void **state) {
    static const struct {
        const char *line, *told;
        bool taints;
    } cases[] = {
        { "PING x", "..", false },
        { "auth geheim", ".L", false },
        { "AUTH bob geheim", "..L", false },
        { "AUTH a b c", ".LLL", false },
        { "HELLO 3 AUTH bob geheim SETNAME me", "....L..", false },
        { "HELLO geheim", ".U", false },
        { "HELLO 3 geheim", "..U", true },
        { "SENTINEL SET g auth-pass geheim quorum 2", "....S..", true },
        { "SENTINEL SET g auth-pass", "....", true },
        { "SENTINEL SET g auth-pas geheim", "...UU", true },
        { "SENTINEL SET g rename-command A B auth-pass geheim", ".......S", true },
        { "SENTINEL CONFIG SET sentinel-pass geheim", "....S", true },
        { "SENTINEL CONFIG SET announce-ip 1.2.3.4", ".....", true },
        { "SENTINEL CONFIG GET *", "....", true },
        { "ACL SETUSER bob on >geheim", "...RR", true },
        { "ACL DRYRUN bob AUTH geheim", "....L", true },
        { "ACL WHOAMI", "..", true },
        { "COMMAND GETKEYS AUTH geheim", "...L", false },
        { "NOSUCH geheim", "UU", true },
        { "SENTINEL NOSUCH geheim", ".UU", true },
    };
    const struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_told(d, cases[i].line, cases[i].told, cases[i].taints);
}

static void a_rule_that_lacks_its_sign_may_be_a_password(void **state) {
    static const char *const plain[] = { "", "on", "OFF", "+ping", "-@all", "~x", "&x", "%R~x",
        "(+ping", "~x)", "allkeys", "reset" };
    static const char *const others[] = { ">x", "#x", "<x", "!x", "geheim", "onn" };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
        assert_true(secrecy_is_plain_rule(slice_of(plain[i])));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_false(secrecy_is_plain_rule(slice_of(others[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(words_that_may_be_secrets_are_told_apart),
        cmocka_unit_test(a_rule_that_lacks_its_sign_may_be_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
