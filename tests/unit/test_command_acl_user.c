#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/rng.h"
#include "sentinel/command/acl_user.h"
#include "sentinel/command/naming.h"

#include <string.h>

#define PW_HASH    "30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4" /* of "pw" */
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct acl_style plain = { .sanitize = ACL_SANITIZE_UNSAID };

static struct acl_user *new_user(void) {
    return acl_user_new(SLICE_LITERAL("bob"), &plain);
}

/* Applies rules separated by blanks up to the first that is refused. */
static enum acl_error apply(struct acl_user *u, const char *rules) {
    struct slice rest = slice_of(rules);
    enum acl_error error = ACL_OK;
    while (rest.size > 0 && error == ACL_OK) {
        struct slice rule = slice_cut(&rest, ' ');
        if (slice_starts_with(rule, "(") && rest.data != NULL) {
            while (rule.data[rule.size - 1] != ')' && rest.size > 0)
                rule.size += 1 + slice_cut(&rest, ' ').size;
        }
        error = acl_user_apply(u, rule);
    }
    return error;
}

/* ---- rules and how they print ---- */

static void rules_print_as_the_originals_print_them(void **state) {
    static const struct {
        const char *rules, *printed;
    } cases[] = {
        { "", "off resetchannels -@all" },
        { "on", "on resetchannels -@all" },
        { "ON nopass", "on nopass resetchannels -@all" },
        { "on off", "off resetchannels -@all" },
        { "sanitize-payload", "off sanitize-payload resetchannels -@all" },
        { "nopass skip-sanitize-payload", "off nopass skip-sanitize-payload resetchannels -@all" },

        { ">pw", "off #" PW_HASH " resetchannels -@all" },
        { ">pw >pw #" PW_HASH, "off #" PW_HASH " resetchannels -@all" },
        { ">", "off #" EMPTY_HASH " resetchannels -@all" },
        { ">pw > <pw", "off #" EMPTY_HASH " resetchannels -@all" },
        { ">pw !" PW_HASH, "off resetchannels -@all" },
        { ">pw nopass", "off nopass resetchannels -@all" },
        { "nopass >pw", "off #" PW_HASH " resetchannels -@all" },
        { "nopass resetpass", "off resetchannels -@all" },

        { "~a ~a %R~b %W~c %RW~d %wr~e", "off ~a %R~b %W~c ~d ~e resetchannels -@all" },
        { "%R~b %W~b", "off ~b resetchannels -@all" },
        { "%R", "off %R~ resetchannels -@all" },
        { "~a ~*", "off ~* resetchannels -@all" },
        { "allkeys resetkeys ~x", "off ~x resetchannels -@all" },
        { "%RW~*", "off ~* resetchannels -@all" },
        { "~x %R~* %W~* resetkeys ~y", "off ~y resetchannels -@all" },
        { "~x %R~* %W~*", "off ~* resetchannels -@all" },

        { "&a &b* &a", "off resetchannels &a &b* -@all" },
        { "&a allchannels", "off &* -@all" },
        { "&* resetchannels &x", "off resetchannels &x -@all" },

        { "+ping -ping +Ping", "off resetchannels -@all +ping" },
        { "+@all", "off resetchannels +@all" },
        { "+@all -@dangerous +info", "off resetchannels +@all -@dangerous +info" },
        { "+ping +info allcommands", "off resetchannels +@all" },
        { "+@all nocommands +role", "off resetchannels -@all +role" },
        { "+sentinel|masters +sentinel|master -sentinel", "off resetchannels -@all -sentinel" },
        { "+sentinel -sentinel|failover", "off resetchannels -@all +sentinel -sentinel|failover" },
        { "+@FAST -@fast", "off resetchannels -@all -@fast" },
        { "+ping|Hi +ping|ho", "off resetchannels -@all +ping|hi +ping|ho" },
        { "+ping|hi +ping", "off resetchannels -@all +ping" },

        { "(+ping ~x) ()",
            "off resetchannels -@all (~x resetchannels -@all +ping) "
            "(resetchannels -@all)" },
        { "( +ping  &x )", "off resetchannels -@all (resetchannels &x -@all +ping)" },
        { "(+ping) clearselectors", "off resetchannels -@all" },
        { "on >pw allkeys &a +ping (+role) skip-sanitize-payload reset",
            "off resetchannels -@all" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acl_user *u = new_user();
        struct buf printed = BUF_INIT;
        assert_int_equal(apply(u, cases[i].rules), ACL_OK);
        acl_user_print(u, &printed);
        assert_slice(buf_slice(&printed), cases[i].printed);
        buf_fini(&printed);
        acl_user_free(u);
    }
}

static void wrong_rules_are_refused_for_what_they_are(void **state) {
    static const struct {
        const char *rules;
        enum acl_error error;
    } cases[] = {
        { "foo", ACL_E_SYNTAX },
        { ")", ACL_E_SYNTAX },
        { "(on)", ACL_E_SYNTAX },
        { "((+ping))", ACL_E_SYNTAX },
        { "(+ping ~x))", ACL_E_SYNTAX },
        { "(+nocmd)", ACL_E_UNKNOWN },
        { "+nocmd", ACL_E_UNKNOWN },
        { "-nocmd", ACL_E_UNKNOWN },
        { "+", ACL_E_UNKNOWN },
        { "+@nocat", ACL_E_UNKNOWN },
        { "-@", ACL_E_UNKNOWN },
        { "+sentinel|nosub", ACL_E_UNKNOWN },
        { "-sentinel|", ACL_E_UNKNOWN },
        { "+sentinel|", ACL_E_SYNTAX },
        { "+ping|", ACL_E_SYNTAX },
        { "+ping|a\tb", ACL_E_SYNTAX },
        { "-ping|hi", ACL_E_UNKNOWN },
        { "+ping|a|b", ACL_E_UNKNOWN },
        { "+sentinel|masters|x", ACL_E_FIRST_ARGUMENT },
        { "-sentinel|masters|x", ACL_E_UNKNOWN },
        { "+|x", ACL_E_UNKNOWN },
        { "%~x", ACL_E_SYNTAX },
        { "%X~x", ACL_E_SYNTAX },
        { "%RR~x", ACL_E_SYNTAX },
        { "~a\tb", ACL_E_SYNTAX },
        { "&a\nb", ACL_E_SYNTAX },
        { "allkeys ~a", ACL_E_ALL_KEYS },
        { "~* %R~a", ACL_E_ALL_KEYS },
        { "&* &a", ACL_E_ALL_CHANNELS },
        { "(~* ~b)", ACL_E_ALL_KEYS },
        { "<pw", ACL_E_NO_PASSWORD },
        { "!" PW_HASH, ACL_E_NO_PASSWORD },
        { "#abc", ACL_E_BAD_HASH },
        { "!abc", ACL_E_BAD_HASH },
        { "#30C952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4", ACL_E_BAD_HASH },
        { "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c40", ACL_E_BAD_HASH },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acl_user *u = new_user();
        if (apply(u, cases[i].rules) != cases[i].error)
            fail_msg("%s: not refused as it should", cases[i].rules);
        acl_user_free(u);
    }
}

static void every_refusal_has_a_text(void **state) {
    for (int e = ACL_OK + 1; e < ACL_ERROR_COUNT; e++)
        assert_true(strlen(acl_error_text((enum acl_error)e)) > 0);
}

static void items_are_bounded(void **state) {
    static const struct {
        const char *before, *after;
    } forms[] = { { "~", "" }, { "&", "" }, { ">", "" }, { "+ping|", "" }, { "(+ping|", ")" } };
    for (size_t form = 0; form < ARRAY_SIZE(forms); form++) {
        struct acl_user *u = new_user();
        for (int i = 0; i <= ACL_ITEMS_MAX; i++) {
            struct buf rule = BUF_INIT;
            buf_printf(&rule, "%s%d%s", forms[form].before, i, forms[form].after);
            assert_int_equal(
                acl_user_apply(u, buf_slice(&rule)), i < ACL_ITEMS_MAX ? ACL_OK : ACL_E_TOO_MANY);
            buf_fini(&rule);
        }
        acl_user_free(u);
    }
}

/* ---- passwords ---- */

static void passwords_let_in(void **state) {
    static const struct {
        const char *rules, *password;
        bool accepted;
    } cases[] = {
        { "on >pw", "pw", true },
        { "on >a >pw >b", "pw", true },
        { "on >pw", "pW", false },
        { "on >pw", "", false },
        { "on >", "", true },
        { "on #" PW_HASH, "pw", true },
        { "on", "", false },
        { "on nopass", "anything", true },
        { "off nopass", "anything", false },
        { "off >pw", "pw", false },
        { "on >pw <pw", "pw", false },
        { "on nopass >pw", "x", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acl_user *u = new_user();
        assert_int_equal(apply(u, cases[i].rules), ACL_OK);
        assert_int_equal(acl_user_accepts(u, slice_of(cases[i].password)), cases[i].accepted);
        acl_user_free(u);
    }
}

/* ---- rights ---- */

static enum acl_verdict check(const struct acl_user *u, const char *line, size_t *ret_at) {
    struct slice words[8], rest = slice_of(line);
    size_t count = 0;
    while (rest.size > 0)
        words[count++] = slice_cut(&rest, ' ');
    struct naming names = { .words = { SLICE_EMPTY } };
    naming_init(&names, &(struct command_renames){ .items = NULL });
    const struct command *c = command_of(&names, words, count, COMPAT_REDIS);
    naming_fini(&names);
    assert_non_null(c);
    return acl_user_check(u, c, words, count, ret_at);
}

static void rights_are_those_of_the_rules(void **state) {
    static const struct {
        const char *rules, *request;
        enum acl_verdict verdict;
        size_t at;
    } cases[] = {
        { "", "PING", ACL_DENIED_COMMAND, 0 },
        { "", "AUTH x", ACL_ALLOWED, 0 },
        { "", "HELLO", ACL_ALLOWED, 0 },
        { "+ping", "ping", ACL_ALLOWED, 0 },
        { "+@all -ping", "ping", ACL_DENIED_COMMAND, 0 },
        { "+@all -ping +@connection", "ping", ACL_ALLOWED, 0 },
        { "+@fast", "ping", ACL_ALLOWED, 0 },
        { "+@fast", "info", ACL_DENIED_COMMAND, 0 },
        { "+@read", "info", ACL_DENIED_COMMAND, 0 },
        { "+sentinel|masters", "sentinel masters", ACL_ALLOWED, 0 },
        { "+sentinel|masters", "sentinel master x", ACL_DENIED_COMMAND, 0 },
        { "+sentinel -sentinel|master", "sentinel master x", ACL_DENIED_COMMAND, 0 },
        { "+sentinel -sentinel|master", "sentinel masters", ACL_ALLOWED, 0 },
        { "+@all -@dangerous", "sentinel help", ACL_DENIED_COMMAND, 0 },
        { "+@all -@admin", "client list", ACL_DENIED_COMMAND, 0 },
        { "+@all -@admin", "client id", ACL_ALLOWED, 0 },
        { "+ping|hi", "ping HI", ACL_ALLOWED, 0 },
        { "+ping|hi", "ping ho", ACL_DENIED_COMMAND, 0 },
        { "+ping|hi", "ping", ACL_DENIED_COMMAND, 0 },
        { "+ping|hi -ping", "ping hi", ACL_DENIED_COMMAND, 0 },
        { "+ping|hi +@connection -ping|x", "ping ho", ACL_ALLOWED, 0 },

        { "+@all", "subscribe a", ACL_DENIED_CHANNEL, 1 },
        { "+@all &a", "subscribe a b", ACL_DENIED_CHANNEL, 2 },
        { "+@all &a*", "subscribe a ab abc", ACL_ALLOWED, 0 },
        { "+@all &*", "psubscribe *", ACL_ALLOWED, 0 },
        { "+@all &a*", "psubscribe a*", ACL_ALLOWED, 0 },
        { "+@all &a*", "psubscribe ab", ACL_DENIED_CHANNEL, 1 },
        { "+@all", "unsubscribe a", ACL_ALLOWED, 0 },
        { "+@all", "punsubscribe a", ACL_ALLOWED, 0 },
        { "+@all &a", "publish a b", ACL_ALLOWED, 0 },
        { "+@all &b", "publish a b", ACL_DENIED_CHANNEL, 1 },

        { "(+ping)", "ping", ACL_ALLOWED, 0 },
        { "+subscribe (&a)", "subscribe a", ACL_DENIED_CHANNEL, 1 },
        { "(+subscribe &a) (+subscribe &b)", "subscribe b", ACL_ALLOWED, 0 },
        { "(+subscribe &a) (+subscribe &b)", "subscribe a b", ACL_DENIED_CHANNEL, 2 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acl_user *u = new_user();
        size_t at = 0;
        apply(u, cases[i].rules);
        enum acl_verdict verdict = check(u, cases[i].request, &at);
        if (verdict != cases[i].verdict || at != cases[i].at)
            fail_msg("%s: %s: %d at %zu", cases[i].rules, cases[i].request, (int)verdict, at);
        acl_user_free(u);
    }
}

/* ---- a walk over rules ---- */

static const char *const steps[] = { "on", "off", "nopass", "resetpass", ">a", ">b", "<a",
    ("#" PW_HASH), ("!" PW_HASH), "~a", "%R~b", "%W~b", "~*", "resetkeys", "&a", "&b*",
    "allchannels", "resetchannels", "+@all", "-@all", "+@fast", "-@fast", "+@slow", "-@dangerous",
    "+@connection", "-@connection", "+@admin", "-@admin", "+@pubsub", "-@pubsub", "+@read",
    "-@nocat", "+ping", "-ping", "+info", "-info", "+sentinel", "-sentinel", "+sentinel|masters",
    "-sentinel|masters", "+sentinel|help", "-sentinel|help", "+client", "-client", "+client|id",
    "-client|id", "+acl", "-acl|setuser", "+command|docs", "-command", "+ping|a", "+ping|b",
    "+role|x", "+publish", "+subscribe", "-nocmd", "(+ping &a)", "(+@all -@slow ~k)", "(foo)",
    "clearselectors", "reset", "foo", "" };

static void same_rights(
    const struct acl_user *a, const struct acl_user *b, const struct command *c) {
    static const char *const arguments[] = { "a", "b", "bc", "x" };
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        struct slice words[] = { c->name, slice_of(arguments[i]), SLICE_LITERAL("a") };
        size_t at_a = 0, at_b = 0;
        for (size_t count = 1; count <= ARRAY_SIZE(words); count++) {
            assert_int_equal(acl_user_check(a, c, words, count, &at_a),
                acl_user_check(b, c, words, count, &at_b));
            assert_int_equal(at_a, at_b);
        }
    }
}

/* The printed rules make the same user again, and so does a copy. */
static void verify_print(const struct acl_user *u) {
    struct buf printed = BUF_INIT, again = BUF_INIT;
    struct acl_user *read = new_user(), *copy = new_user();
    acl_user_print(u, &printed);
    assert_int_equal(apply(read, buf_text(&printed)), ACL_OK);
    acl_user_print(read, &again);
    assert_slice_equal(buf_slice(&again), buf_slice(&printed));
    acl_user_copy(copy, u);
    buf_clear(&again);
    acl_user_print(copy, &again);
    assert_slice_equal(buf_slice(&again), buf_slice(&printed));
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        same_rights(u, read, c);
        same_rights(u, copy, c);
        for (size_t k = 0; k < c->subcommand_count; k++)
            same_rights(u, read, &c->subcommands[k]);
    }
    acl_user_free(read);
    acl_user_free(copy);
    buf_fini(&printed);
    buf_fini(&again);
}

static void what_is_printed_makes_the_same_user(void **state) {
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct acl_user *u = new_user();
        for (int step = 0; step < 40; step++) {
            const char *rule = steps[rng_between(&r, 0, (int64_t)ARRAY_SIZE(steps) - 1)];
            struct buf before = BUF_INIT, after = BUF_INIT;
            acl_user_print(u, &before);
            if (acl_user_apply(u, slice_of(rule)) != ACL_OK) {
                acl_user_print(u, &after); /* nothing was taken */
                assert_slice_equal(buf_slice(&after), buf_slice(&before));
            }
            buf_fini(&before);
            buf_fini(&after);
            verify_print(u);
        }
        acl_user_free(u);
    }
}

static void what_all_users_begin_with_is_a_matter_of_style(void **state) {
    const struct acl_style style = { .sanitize = ACL_SANITIZE, .all_channels = true };
    struct acl_user *u = acl_user_new(SLICE_LITERAL("x"), &style);
    struct buf printed = BUF_INIT;
    assert_int_equal(apply(u, "on resetchannels reset (+ping)"), ACL_OK);
    acl_user_print(u, &printed);
    assert_slice(buf_slice(&printed), "off sanitize-payload &* -@all (&* -@all +ping)");
    buf_fini(&printed);
    acl_user_free(u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_print_as_the_originals_print_them),
        cmocka_unit_test(wrong_rules_are_refused_for_what_they_are),
        cmocka_unit_test(every_refusal_has_a_text),
        cmocka_unit_test(items_are_bounded),
        cmocka_unit_test(passwords_let_in),
        cmocka_unit_test(rights_are_those_of_the_rules),
        cmocka_unit_test(what_is_printed_makes_the_same_user),
        cmocka_unit_test(what_all_users_begin_with_is_a_matter_of_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
