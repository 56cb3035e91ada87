#include "sentinel/core/address.h"

#include "tests/unit/core_fixture.h"

static struct address address(const char *host, uint16_t port, const char *ip) {
    struct endpoint given = { .port = port };
    slice_copy(slice_of(host), given.host, sizeof(given.host));
    struct address a = address_of(&given);
    if (ip != NULL)
        slice_copy(slice_of(ip), a.ip, sizeof(a.ip));
    return a;
}

static void an_ip_literal_is_its_own_ip(void **state) {
    static const struct {
        const char *host, *ip;
        bool named;
    } cases[] = {
        { "10.0.0.1", "10.0.0.1", false },
        { "fd00::1", "fd00::1", false },
        { "db-1.example", "", true },
        { "localhost", "", true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct address a = address(cases[i].host, 6379, NULL);
        assert_string_equal(a.ip, cases[i].ip);
        assert_int_equal(address_is_named(&a), cases[i].named);
        assert_int_equal(address_is_resolved(&a), !cases[i].named);
    }
}

static void addresses_are_equal_by_ip_or_by_host_on_one_port(void **state) {
    static const struct {
        const char *host_a, *ip_a, *host_b, *ip_b;
        uint16_t port_b;
        bool equal;
    } cases[] = {
        { "10.0.0.1", NULL, "10.0.0.1", NULL, 1, true },
        { "10.0.0.1", NULL, "10.0.0.1", NULL, 2, false },
        { "10.0.0.1", NULL, "10.0.0.2", NULL, 1, false },
        { "db", "10.0.0.1", "10.0.0.1", NULL, 1, true },
        { "db", "10.0.0.1", "db2", "10.0.0.1", 1, true },
        { "db", "10.0.0.1", "DB", "10.0.0.2", 1, true }, /* one of them was resolved earlier */
        { "db", NULL, "DB", "10.0.0.2", 1, true }, { "db", "10.0.0.1", "DB", "10.0.0.1", 2, false },
        { "db", NULL, "10.0.0.1", NULL, 1, false },
        { "db", NULL, "db2", NULL, 1, false }, /* the originals find two empty IPs equal */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct address a = address(cases[i].host_a, 1, cases[i].ip_a);
        struct address b = address(cases[i].host_b, cases[i].port_b, cases[i].ip_b);
        assert_int_equal(address_equal(&a, &b), cases[i].equal);
        assert_int_equal(address_equal(&b, &a), cases[i].equal);
    }
}

static void a_host_designates_an_address_by_ip_or_by_name(void **state) {
    struct address named = address("Db.Example", 1, "fd00::1");
    struct address unresolved = address("db", 1, NULL);
    assert_true(address_is_at(&named, SLICE_LITERAL("db.example")));
    assert_true(address_is_at(&named, SLICE_LITERAL("FD00::1")));
    assert_false(address_is_at(&named, SLICE_LITERAL("db")));
    assert_true(address_is_at(&unresolved, SLICE_LITERAL("DB")));
    assert_false(address_is_at(&unresolved, SLICE_EMPTY));
}

static void connections_go_to_the_ip(void **state) {
    struct address a = address("db", 6380, "10.0.0.9");
    struct endpoint target = address_target(&a);
    assert_string_equal(target.host, "10.0.0.9");
    assert_int_equal(target.port, 6380);
}

static void what_is_announced_follows_the_switch_at_once(void **state) {
    struct fixture f;
    fixture_start(&f, &FIXTURE_STANDARD);
    struct address named = address("db", 1, "10.0.0.9"), unresolved = address("db", 1, NULL),
                   literal = address("10.0.0.9", 1, NULL);
    for (int on = 0; on <= 1; on++) {
        f.core->settings.announce_hostnames = on == 1;
        assert_string_equal(address_announced(f.core, &named), on == 1 ? "db" : "10.0.0.9");
        assert_string_equal(address_announced(f.core, &literal), "10.0.0.9");
        /* An empty text would split what is announced differently, and clients would dial it. */
        assert_string_equal(address_announced(f.core, &unresolved), "db");
    }
    fixture_drop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ip_literal_is_its_own_ip),
        cmocka_unit_test(addresses_are_equal_by_ip_or_by_host_on_one_port),
        cmocka_unit_test(a_host_designates_an_address_by_ip_or_by_name),
        cmocka_unit_test(connections_go_to_the_ip),
        cmocka_unit_test(what_is_announced_follows_the_switch_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
