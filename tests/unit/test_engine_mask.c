#include "sentinel/engine/mask.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/secret.h"

#include <stdio.h>
#include <string.h>

static const char key[MASK_KEY_SIZE] = "a key that nobody knows.........";

static int open_mask(void **state) {
    struct mask *m = mem_new(struct mask);
    mask_init(m, key);
    *state = m;
    return 0;
}

static int close_mask(void **state) {
    mask_fini(*state);
    mem_free(*state);
    return 0;
}

static void password(struct mask *m, const char *text, enum mask_origin origin, struct buf *out) {
    buf_clear(out);
    mask_password(m, slice_of(text), origin, out);
}

static void equal_passwords_have_equal_stand_ins(void **state) {
    struct buf a CLEANUP(buf_fini) = BUF_INIT, b CLEANUP(buf_fini) = BUF_INIT;
    password(*state, "hunter", MASK_TRIED, &a);
    password(*state, "hunter", MASK_TRIED, &b);
    assert_slice_equal(buf_slice(&a), buf_slice(&b));
    password(*state, "hunter2", MASK_TRIED, &b);
    assert_false(slice_equal(buf_slice(&a), buf_slice(&b)));
    assert_null(strstr(buf_text(&a), "hunter"));
}

static void another_key_gives_other_stand_ins(void **state) {
    static const char other_key[MASK_KEY_SIZE] = "another key.....................";
    struct buf a CLEANUP(buf_fini) = BUF_INIT, b CLEANUP(buf_fini) = BUF_INIT;
    struct mask other;
    mask_init(&other, other_key);
    password(*state, "hunter", MASK_TRIED, &a);
    password(&other, "hunter", MASK_TRIED, &b);
    assert_false(slice_equal(buf_slice(&a), buf_slice(&b)));
    mask_fini(&other);
}

/* What was "#" with the digest of a password is "#" with the digest of its stand-in. */
static void the_digest_of_a_password_is_that_of_its_stand_in(void **state) {
    static const char *const passwords[] = { "p", "a password", "" };
    struct mask *m = *state;
    for (size_t i = 0; i < ARRAY_SIZE(passwords); i++) {
        char hex[DIGEST_HEX_SIZE], expected[DIGEST_HEX_SIZE];
        struct buf a CLEANUP(buf_fini) = BUF_INIT, b CLEANUP(buf_fini) = BUF_INIT;
        digest_hex(slice_of(passwords[i]), hex);
        mask_hash(m, slice_of(hex), &b);
        password(m, passwords[i], i == 0 ? MASK_TRIED : MASK_CONFIGURED, &a);
        digest_hex(buf_slice(&a), expected);
        assert_string_equal(buf_text(&b), expected);
    }
}

static void a_configured_password_keeps_its_size(void **state) {
    struct buf a CLEANUP(buf_fini) = BUF_INIT, b CLEANUP(buf_fini) = BUF_INIT;
    password(*state, "twenty bytes of text", MASK_CONFIGURED, &a);
    assert_int_equal(buf_size(&a), 20);
    password(*state, "twenty bytes of text", MASK_TRIED, &b);
    assert_slice_equal(buf_slice(&a), buf_slice(&b));
    password(*state, "short", MASK_CONFIGURED, &a);
    assert_int_equal(buf_size(&a), MASK_SIZE);
    password(*state, "another twenty bytes", MASK_TRIED, &a);
    assert_int_equal(buf_size(&a), MASK_SIZE);
}

static void settings_stay_what_they_can_be(void **state) {
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    mask_setting(*state, SLICE_EMPTY, &out);
    assert_int_equal(buf_size(&out), 0); /* unset */
    mask_setting(*state, SLICE_LITERAL("pass\nword"), &out);
    assert_slice(buf_slice(&out), "xxxx\nxxxx"); /* no value for it */
}

static void PRINTF_LIKE(3, 4)
    rules(struct mask *m, const char *text, const char *format_expected, ...) {
    struct buf out CLEANUP(buf_fini) = BUF_INIT, expected CLEANUP(buf_fini) = BUF_INIT;
    va_list args;
    va_start(args, format_expected);
    buf_vprintf(&expected, format_expected, args);
    va_end(args);
    mask_rules(m, slice_of(text), &out);
    assert_slice_equal(buf_slice(&out), buf_slice(&expected));
}

static void only_passwords_of_rules_are_masked(void **state) {
    struct mask *m = *state;
    struct buf pw CLEANUP(buf_fini) = BUF_INIT, hash CLEANUP(buf_fini) = BUF_INIT;
    char hex[DIGEST_HEX_SIZE], line[256];
    password(m, "pw", MASK_CONFIGURED, &pw);
    digest_hex(SLICE_LITERAL("pw"), hex);
    mask_hash(m, slice_of(hex), &hash);
    rules(m, "on >pw ~* +@all  (+get &x)", "on >%s ~* +@all  (+get &x)", buf_text(&pw));
    (void)snprintf(line, sizeof(line), "on #%s !%s <pw", hex, hex);
    rules(m, line, "on #%s !%s <%s", buf_text(&hash), buf_text(&hash), buf_text(&pw));
    rules(m, "on pw #pw", "on xx #xx"); /* without its sign; no digest */
}

static void an_acl_file_keeps_its_lines(void **state) {
    struct mask *m = *state;
    struct buf out CLEANUP(buf_fini) = BUF_INIT, pw CLEANUP(buf_fini) = BUF_INIT;
    struct buf expected CLEANUP(buf_fini) = BUF_INIT;
    password(m, "pw", MASK_CONFIGURED, &pw);
    mask_acl_file(m, SLICE_LITERAL("user >me on >pw\r\n\nuse >pw\n"), &out);
    buf_printf(&expected, "user >me on >%s\r\n\nxxx xxx\n", buf_text(&pw));
    assert_slice_equal(buf_slice(&out), buf_slice(&expected));
}

static void override(
    struct mask *m, bool of_process, const char *option, const char *value, struct buf *out) {
    buf_clear(out);
    mask_override(m, of_process, slice_of(option), slice_of(value), out);
}

static void overrides_are_masked_by_what_they_override(void **state) {
    struct mask *m = *state;
    struct buf out CLEANUP(buf_fini) = BUF_INIT, pw CLEANUP(buf_fini) = BUF_INIT;
    password(m, "the password", MASK_CONFIGURED, &pw);
    override(m, false, "quorum", "3", &out);
    assert_slice(buf_slice(&out), "3");
    override(m, false, "auth.password", "the password", &out);
    assert_slice_equal(buf_slice(&out), buf_slice(&pw));
    override(m, true, "peers.password", "the password", &out);
    assert_slice_equal(buf_slice(&out), buf_slice(&pw));
    override(m, true, "of a later version", "the password", &out);
    assert_slice_equal(buf_slice(&out), buf_slice(&pw));
    override(m, true, "clients.users.alice", "=on >the", &out);
    assert_true(slice_starts_with(buf_slice(&out), "=on >"));
    assert_null(strstr(buf_text(&out), "the"));
    override(m, true, "clients.users.alice", "", &out);
    assert_int_equal(buf_size(&out), 0);
    /* What the file says of the default user: the digest of its password. */
    char hex[DIGEST_HEX_SIZE], masked[DIGEST_HEX_SIZE];
    digest_hex(SLICE_LITERAL("the password"), hex);
    digest_hex(buf_slice(&pw), masked);
    override(m, true, "clients.users.default", hex, &out);
    assert_slice(buf_slice(&out), masked);
}

static void garbage_keeps_what_a_reader_looks_at(void **state) {
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    mask_blot_garbage(SLICE_LITERAL("AUTH \"a\\\"b' c\r\n"), &out);
    assert_slice(buf_slice(&out), "xxxx \"x\\\"x' x\r\n");
}

static void random_bytes_become_as_many_others(void **state) {
    struct buf out CLEANUP(buf_fini) = BUF_INIT;
    mask_random(*state, SLICE_LITERAL("0123456789abcdef0123456789abcdef0123456789"), &out);
    assert_int_equal(buf_size(&out), 42);
    assert_null(strstr(buf_text(&out), "0123"));
}

int main(void) {
#define with_mask(test) cmocka_unit_test_setup_teardown(test, open_mask, close_mask)
    const struct CMUnitTest tests[] = {
        with_mask(equal_passwords_have_equal_stand_ins),
        with_mask(another_key_gives_other_stand_ins),
        with_mask(the_digest_of_a_password_is_that_of_its_stand_in),
        with_mask(a_configured_password_keeps_its_size),
        with_mask(settings_stay_what_they_can_be),
        with_mask(only_passwords_of_rules_are_masked),
        with_mask(an_acl_file_keeps_its_lines),
        with_mask(overrides_are_masked_by_what_they_override),
        with_mask(garbage_keeps_what_a_reader_looks_at),
        with_mask(random_bytes_become_as_many_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
