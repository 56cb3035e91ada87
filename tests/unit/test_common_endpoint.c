#include "common/endpoint.h"

#include "tests/unit/unit.h"

#include "common/buf.h"

#include <string.h>

static void texts_are_read_and_printed_in_canonical_form(void **state) {
    static const struct {
        const char *text, *host;
        uint16_t port;
        const char *printed; /* NULL: as read */
        bool is_ip, is_ipv6;
    } cases[] = {
        { "10.0.0.1:6379", "10.0.0.1", 6379, NULL, true, false },
        { "0.0.0.0:0", "0.0.0.0", 0, NULL, true, false },
        { "255.255.255.255:65535", "255.255.255.255", 65535, NULL, true, false },
        { "[::1]:26379", "::1", 26379, NULL, true, true },
        { "[::]:1", "::", 1, NULL, true, true },
        { "[2001:DB8:0:0::1]:1", "2001:db8::1", 1, "[2001:db8::1]:1", true, true },
        { "[0:0:0:0:0:0:0:1]:1", "::1", 1, "[::1]:1", true, true },
        { "[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1, NULL, true, true },
        { "[fe80::1%eth0]:6379", "fe80::1%eth0", 6379, NULL, false, false },
        { "redis-0.redis.default.svc:6379", "redis-0.redis.default.svc", 6379, NULL, false, false },
        { "Redis_1:1", "Redis_1", 1, NULL, false, false },
        { "localhost.:1", "localhost.", 1, NULL, false, false },
        { "10.example:1", "10.example", 1, NULL, false, false },
        { "1a:1", "1a", 1, NULL, false, false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct endpoint e;
        assert_true(endpoint_parse(slice_of(cases[i].text), &e));
        assert_string_equal(e.host, cases[i].host);
        assert_int_equal(e.port, cases[i].port);
        assert_int_equal(endpoint_is_ip(&e), cases[i].is_ip);
        assert_int_equal(endpoint_is_ipv6(&e), cases[i].is_ipv6);
        assert_int_equal(host_is_ip(slice_of(cases[i].host)), cases[i].is_ip);

        const char *printed = cases[i].printed == NULL ? cases[i].text : cases[i].printed;
        char text[ENDPOINT_TEXT_MAX];
        assert_string_equal(endpoint_text(&e, text), printed);
        struct buf out = BUF_INIT;
        endpoint_print(&e, &out);
        assert_string_equal(buf_text(&out), printed);
        buf_fini(&out);

        struct endpoint again;
        assert_true(endpoint_parse(slice_of(printed), &again));
        assert_true(endpoint_equal(&e, &again));
    }
}

static void malformed_texts_are_refused_and_change_nothing(void **state) {
    static const char *const cases[] = {
        "",
        ":",
        ":6379",
        "host",
        "host:",
        "host:x",
        "host:-1",
        "host:+1",
        "host:65536",
        "host:99999999999999999999",
        "host:06379",
        "host:6379 ",
        " host:6379",
        "host :6379",
        "host:6379:6380",
        "::1:6379",
        "::1",
        "[::1]",
        "[::1]:",
        "[::1]6379",
        "[::1:6379",
        "[]:6379",
        "[10.0.0.1]:6379",
        "[host]:6379",
        "[::g]:6379",
        "[1:2:3]:6379",
        "[::1%]:6379",
        "[::1%a b]:6379",
        "[::1]x:6379",
        "10.0.0.256:1",
        "10.0.0:1",
        "10.0.0.1.5:1",
        "010:1",
        "host.5:1",
        "a..b:1",
        ".a:1",
        "-a:1",
        "a.-b:1",
        "a/b:1",
        "a,b:1",
        "a\tb:1",
        "a\x01:1",
        "\xc3\xa4:1",
        "*:1",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct endpoint e = { .host = "before", .port = 7 };
        if (endpoint_parse(slice_of(cases[i]), &e))
            fail_msg("\"%s\" was accepted", cases[i]);
        assert_string_equal(e.host, "before");
        assert_int_equal(e.port, 7);
    }
    struct endpoint e;
    assert_false(endpoint_parse((struct slice){ "ho\0st:1", 7 }, &e));
    assert_false(endpoint_parse((struct slice){ "10.0.0.1\0:1", 11 }, &e));
    assert_false(endpoint_parse((struct slice){ NULL, 0 }, &e));
}

static void parts_are_taken_as_announced(void **state) {
    static const struct {
        const char *host;
        int64_t port;
        const char *canonical; /* NULL: refused */
    } cases[] = {
        { "10.0.0.1", 6379, "10.0.0.1" },
        { "2001:DB8::0:1", 0, "2001:db8::1" },
        { "::1", 65535, "::1" },
        { "Some.Host", 1, "Some.Host" },
        { "10.0.0.256", 1, "10.0.0.256" },
        { "fe80::1%eth0", 1, "fe80::1%eth0" },
        { "", 1, NULL },
        { "a", -1, NULL },
        { "a", 65536, NULL },
        { "a", INT64_MAX, NULL },
        { "a", INT64_MIN, NULL },
        { "a b", 1, NULL },
        { "a\n", 1, NULL },
        { "a\x7f", 1, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct endpoint e;
        bool made = endpoint_make(slice_of(cases[i].host), cases[i].port, &e);
        assert_int_equal(made, cases[i].canonical != NULL);
        if (made)
            assert_string_equal(e.host, cases[i].canonical);
        if (made)
            assert_int_equal(e.port, cases[i].port);
    }
    struct endpoint e;
    assert_false(endpoint_make((struct slice){ "a\0b", 3 }, 1, &e));
}

static void a_host_may_be_as_long_as_a_name_can_be(void **state) {
    char name[ENDPOINT_HOST_MAX + 8];
    memset(name, 'a', sizeof(name));
    struct endpoint e;
    assert_true(endpoint_make((struct slice){ name, ENDPOINT_HOST_MAX - 1 }, 65535, &e));
    assert_int_equal(strlen(e.host), ENDPOINT_HOST_MAX - 1);
    char text[ENDPOINT_TEXT_MAX];
    assert_int_equal(strlen(endpoint_text(&e, text)), ENDPOINT_HOST_MAX - 1 + 6);
    assert_false(endpoint_make((struct slice){ name, ENDPOINT_HOST_MAX }, 1, &e));
    memcpy(name + ENDPOINT_HOST_MAX, ":1", 2);
    assert_false(endpoint_parse((struct slice){ name, ENDPOINT_HOST_MAX + 2 }, &e));

    /* The longest that prints in brackets. */
    name[1] = ':';
    assert_true(endpoint_make((struct slice){ name, ENDPOINT_HOST_MAX - 1 }, 65535, &e));
    assert_int_equal(strlen(endpoint_text(&e, text)), ENDPOINT_HOST_MAX - 1 + 8);
}

static void equality_looks_at_host_without_case_and_port(void **state) {
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "host:1", "HOST:1", true },
        { "host:1", "host:2", false },
        { "host:1", "hosts:1", false },
        { "[::1]:1", "[0::1]:1", true },
        { "[2001:DB8::1]:1", "[2001:db8::1]:1", true },
        { "10.0.0.1:1", "[::ffff:10.0.0.1]:1", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct endpoint a, b;
        assert_true(endpoint_parse(slice_of(cases[i].a), &a));
        assert_true(endpoint_parse(slice_of(cases[i].b), &b));
        assert_int_equal(endpoint_equal(&a, &b), cases[i].equal);
        assert_int_equal(endpoint_equal(&b, &a), cases[i].equal);
    }
}

static void only_literals_are_ips(void **state) {
    static const struct {
        const char *host;
        bool is_ip;
    } cases[] = { { "1.2.3.4", true }, { "::", true }, { "1.2.3", false }, { "0x7f.1.1.1", false },
        { "1.2.3.4 ", false }, { "[::1]", false }, { "", false }, { "localhost", false },
        { "1111:2222:3333:4444:5555:6666:123.123.123.123", true },
        { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", false } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(host_is_ip(slice_of(cases[i].host)), cases[i].is_ip);
    assert_false(host_is_ip((struct slice){ "1.2.3.4\0", 8 }));
    assert_false(host_is_ip((struct slice){ NULL, 0 }));
}

static void a_network_is_what_one_user_has(void **state) {
    static const struct {
        const char *host;
        size_t size;
        unsigned char network[ENDPOINT_NETWORK_MAX];
    } cases[] = {
        { "10.0.0.9", 4, { 10, 0, 0, 9 } },
        { "::ffff:10.0.0.9", 4, { 10, 0, 0, 9 } },
        { "2001:db8:1:2:3:4:5:6", 8, { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2 } },
        { "::1", 8, { 0 } },
        { "fe80::1%eth0", 8, { 0xfe, 0x80 } },
        { "/run/x.sock", 0, { 0 } },
        { "localhost", 0, { 0 } },
        { "", 0, { 0 } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct endpoint e = { .port = 1 };
        unsigned char network[ENDPOINT_NETWORK_MAX];
        slice_copy(slice_of(cases[i].host), e.host, sizeof(e.host));
        assert_int_equal(endpoint_network(&e, network), cases[i].size);
        assert_memory_equal(network, cases[i].network, cases[i].size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_and_printed_in_canonical_form),
        cmocka_unit_test(malformed_texts_are_refused_and_change_nothing),
        cmocka_unit_test(parts_are_taken_as_announced),
        cmocka_unit_test(a_host_may_be_as_long_as_a_name_can_be),
        cmocka_unit_test(equality_looks_at_host_without_case_and_port),
        cmocka_unit_test(only_literals_are_ips),
        cmocka_unit_test(a_network_is_what_one_user_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
