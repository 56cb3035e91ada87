#include "sentinel/command/origin.h"

#include "tests/unit/answer.h"

#include <stdio.h>

#define WRONGPASS "-\"WRONGPASS invalid username-password pair or user is disabled.\""
#define HELD_OFF  "-\"ERR Too many failed logins from this address: try again in a minute\""
#define OK        "+\"OK\""

static struct endpoint at(const char *host) {
    struct endpoint e;
    assert_true(endpoint_make(slice_of(host), 1, &e));
    return e;
}

static void an_address_is_known_while_it_has_clients_or_failures(void **state) {
    struct origins o;
    struct endpoint v4 = at("10.0.0.9"), unix_socket = { .host = "/run/x" };
    (void)state;
    origins_init(&o);
    assert_null(origins_enter(&o, &unix_socket));
    origins_leave(&o, NULL, 0);
    origin_fail(NULL, 0);
    assert_int_equal(origin_failures(NULL, 0), 0);

    struct origin *a = origins_enter(&o, &v4);
    assert_ptr_equal(origins_enter(&o, &v4), a);
    assert_int_equal(origins_count(&o, &v4), 2);
    origins_leave(&o, a, 0);
    assert_int_equal(origins_count(&o, &v4), 1);
    origin_fail(a, 5);
    origins_leave(&o, a, 5);
    assert_int_equal(origins_count(&o, &v4), 0);
    assert_int_equal(map_count(&o.by_network), 1);
    assert_ptr_equal(origins_enter(&o, &v4), a);
    assert_int_equal(origin_failures(a, 5 + ORIGIN_LOGINS_MS - 1), 1);
    assert_int_equal(origin_failures(a, 5 + ORIGIN_LOGINS_MS), 0);
    origins_leave(&o, a, 5 + ORIGIN_LOGINS_MS);
    assert_int_equal(map_count(&o.by_network), 0);
    origins_fini(&o);
}

static void a_network_of_ipv6_is_one(void **state) {
    struct origins o;
    struct endpoint a = at("2001:db8:1:2::1"), b = at("2001:db8:1:2:ffff::1");
    struct endpoint other = at("2001:db8:1:3::1");
    (void)state;
    origins_init(&o);
    struct origin *one = origins_enter(&o, &a);
    assert_ptr_equal(origins_enter(&o, &b), one);
    struct origin *two = origins_enter(&o, &other);
    assert_ptr_not_equal(two, one);
    origins_leave(&o, one, 0);
    origins_leave(&o, one, 0);
    origins_leave(&o, two, 0);
    origins_fini(&o);
}

/* However many networks somebody has, those that are remembered for failures are bounded. */
static void the_oldest_without_clients_are_forgotten(void **state) {
    struct origins o;
    (void)state;
    origins_init(&o);
    for (unsigned i = 0; i < 3 * ORIGINS_IDLE_MAX; i++) {
        char host[64];
        (void)snprintf(host, sizeof(host), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
        struct endpoint e = at(host);
        struct origin *origin = origins_enter(&o, &e);
        origin_fail(origin, (int64_t)i);
        origins_leave(&o, origin, (int64_t)i);
        assert_in_range(map_count(&o.by_network), 1, ORIGINS_IDLE_MAX);
        assert_int_equal(o.idle_count, map_count(&o.by_network));
    }
    assert_int_equal(o.idle_count, ORIGINS_IDLE_MAX);
    struct endpoint last = at("10.0.0.1");
    origins_leave(&o, origins_enter(&o, &last), 3 * ORIGINS_IDLE_MAX + ORIGIN_LOGINS_MS);
    assert_int_equal(o.idle_count, 0);
    origins_fini(&o);
}

/* ---- as clients see it ---- */

static void so_many_clients_of_an_address_are_let_in(void **state) {
    struct desk *d = *state; /* clients 1 and 2 are of 10.0.0.9 */
    d->core->settings.limits.max[LIMIT_CLIENTS_PER_ADDRESS] = 3;
    assert_slice(desk_open_from(d, 3, "10.0.0.9"), "");
    assert_slice(desk_open_from(d, 4, "10.0.0.9"),
        "-ERR max number of clients from this address reached\r\n");
    assert_int_equal(d->hung_up, 4);
    assert_slice(desk_open_from(d, 5, "10.0.0.8"), "");
    assert_int_equal(d->core->limit_hits[LIMIT_CLIENTS_PER_ADDRESS], 1);
    desk_close(d, 4); /* it was never in */
    desk_close(d, 1);
    assert_slice(desk_open_from(d, 6, "10.0.0.9"), "");
    assert_slice(desk_open_from(d, 7, "10.0.0.9"),
        "-ERR max number of clients from this address reached\r\n");
    d->core->settings.limits.max[LIMIT_CLIENTS_PER_ADDRESS] = 0;
    assert_slice(desk_open_from(d, 8, "10.0.0.9"), "");
}

static void after_so_many_failures_no_login_of_an_address_is_looked_at(void **state) {
    struct desk *d = *state;
    desk_open_from(d, 3, "10.0.0.8");
    assert_answer(d, 3, "ACL SETUSER bob on >pw +ping", OK);
    d->core->settings.limits.max[LIMIT_FAILED_LOGINS] = 3;
    assert_answer(d, 1, "AUTH bob x", WRONGPASS);
    desk_pass(d, 20 * 1000);
    assert_answer(d, 2, "HELLO 3 AUTH nobody x", WRONGPASS);
    assert_answer(d, 2, "AUTH bob pw", OK); /* and changes nothing */
    assert_answer(d, 1, "AUTH bob x", WRONGPASS);
    assert_true(desk_count(d, EFFECT_LOG) == 1 &&
        slice_contains(d->out.items[0].text, SLICE_LITERAL("3 within a minute")));
    assert_answer(d, 1, "AUTH bob pw", HELD_OFF);
    assert_answer(d, 2, "HELLO 3 AUTH bob pw", HELD_OFF);
    assert_answer(d, 2, "PING", "+\"PONG\""); /* logged in before */
    assert_int_equal(d->core->limit_hits[LIMIT_FAILED_LOGINS], 2);
    assert_answer(d, 3, "AUTH bob pw", OK);

    desk_close(d, 1); /* another connection is no way around it */
    desk_close(d, 2);
    desk_open_from(d, 4, "10.0.0.9");
    desk_pass(d, 39999);
    assert_answer(d, 4, "AUTH bob pw", HELD_OFF);
    desk_pass(d, 1);
    assert_answer(d, 4, "AUTH bob x", WRONGPASS);
    assert_answer(d, 4, "AUTH bob pw", OK);
}

static void at_a_unix_socket_logins_may_fail(void **state) {
    struct desk *d = *state;
    d->core->settings.limits.max[LIMIT_FAILED_LOGINS] = 1;
    d->core->settings.limits.max[LIMIT_CLIENTS_PER_ADDRESS] = 1;
    for (uint64_t client = 3; client < 6; client++) {
        desk_take(d, client,
            &(struct input){ .kind = INPUT_CLIENT_OPENED,
                .client = { client },
                .remote = { .host = "/run/x.sock" } });
        assert_answer(d, client, "AUTH bob x", WRONGPASS);
        assert_answer(d, client, "AUTH bob x", WRONGPASS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_known_while_it_has_clients_or_failures),
        cmocka_unit_test(a_network_of_ipv6_is_one),
        cmocka_unit_test(the_oldest_without_clients_are_forgotten),
        DESK_TEST(so_many_clients_of_an_address_are_let_in),
        DESK_TEST(after_so_many_failures_no_login_of_an_address_is_looked_at),
        DESK_TEST(at_a_unix_socket_logins_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
