#include "tests/unit/answer.h"

#include <stdio.h>
#include <string.h>

static bool has_line(struct desk *d, const char *section, const char *wanted) {
    char request[64], framed[256];
    snprintf(request, sizeof(request), "INFO %s", section);
    snprintf(framed, sizeof(framed), "\r\n%s\r\n", wanted);
    return slice_contains(desk_ask(d, 1, request), slice_of(framed));
}

#define assert_line(d, section, wanted) \
    do { \
        if (!has_line((d), (section), (wanted))) \
            fail_msg("INFO %s has no line \"%s\"", (section), (wanted)); \
    } while (0)

/* The names of the sections in a reply. */
static void assert_sections(struct desk *d, const char *line, const char *expected) {
    struct buf got = BUF_INIT;
    struct slice rest = desk_ask(d, 1, line);
    while (rest.size > 0) {
        struct slice text = slice_trim(slice_cut(&rest, '\n'));
        if (slice_starts_with(text, "# "))
            buf_printf(&got, SLICE_FMT " ", SLICE_ARG(slice_sub(text, 2, text.size)));
    }
    assert_slice(buf_slice(&got), expected);
    buf_fini(&got);
}

static void sections_are_asked_for_by_name(void **state) {
    struct desk *d = *state;
    static const char all[] = "Server Clients Stats CPU Sentinel Vedette ";
    assert_sections(d, "INFO", all);
    assert_sections(d, "INFO default", all);
    assert_sections(d, "INFO ALL", all);
    assert_sections(d, "INFO nosuch everything", all);
    assert_sections(d, "INFO sentinel SERVER", "Server Sentinel ");
    assert_sections(d, "INFO cpu nosuch", "CPU ");
    assert_sections(d, "INFO vedette", "Vedette ");
    assert_answer(d, 1, "INFO replication", "$\"\"");
}

static void sections_are_separated_by_an_empty_line(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "HELLO 3"); /* a bulk there, too */
    assert_replies(desk_ask(d, 1, "INFO cpu sentinel"),
        "$\"# CPU\\r\\nused_cpu_sys:0.000000\\r\\nused_cpu_user:0.000000\\r\\n"
        "used_cpu_sys_children:0.000000\\r\\nused_cpu_user_children:0.000000\\r\\n"
        "used_cpu_sys_main_thread:0.000000\\r\\nused_cpu_user_main_thread:0.000000\\r\\n\\r\\n"
        "# Sentinel\\r\\nsentinel_masters:1\\r\\nsentinel_tilt:0\\r\\n"
        "sentinel_tilt_since_seconds:-1\\r\\nsentinel_running_scripts:0\\r\\n"
        "sentinel_scripts_queue_length:0\\r\\nsentinel_simulate_failure_flags:0\\r\\n"
        "master0:name=mymaster,status=ok,address=127.0.0.1:28400,slaves=2,sentinels=3\\r\\n\"");
}

static void the_server_section_has_what_tools_read(void **state) {
    static const char *const lines[] = { "redis_version:7.2.4", "redis_mode:sentinel",
        ("vedette_version:" VEDETTE_VERSION), "vedette_store:ok", "os:Linux", "arch_bits:64",
        "multiplexing_api:epoll", "gcc_version:12.2.0", "process_id:4711", "process_supervised:no",
        "run_id:1111111111111111111111111111111111111111", "tcp_port:28450",
        "server_time_usec:1700000090000000", "uptime_in_seconds:90", "uptime_in_days:0", "hz:10",
        "configured_hz:10", "executable:/usr/bin/vedette", "config_file:/etc/vedette.yaml",
        "listener0:name=tcp,bind=127.0.0.1,port=28450" };
    struct desk *d = *state;
    desk_pass(d, 90000);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_line(d, "server", lines[i]);
}

static void nothing_of_a_data_server_is_shown(void **state) {
    static const char *const absent[] = { "used_memory", "rdb_last_bgsave", "master_repl_offset",
        "cluster_enabled", "role:" };
    struct desk *d = *state;
    struct slice all = desk_ask(d, 1, "INFO");
    for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
        assert_false(slice_contains(all, slice_of(absent[i])));
}

static void clients_and_commands_are_counted(void **state) {
    struct desk *d = *state;
    desk_ask(d, 2, "SUBSCRIBE a b");
    desk_ask(d, 2, "PSUBSCRIBE *");
    desk_ask(d, 2, "NOSUCH");
    assert_line(d, "clients", "connected_clients:2");
    assert_line(d, "clients", "maxclients:10000");
    assert_line(d, "clients", "pubsub_clients:1");
    assert_line(d, "clients", "blocked_clients:0");
    assert_line(d, "stats", "pubsub_channels:2");
    assert_line(d, "stats", "pubsub_patterns:1");
    assert_line(d, "stats", "total_connections_received:2");
    assert_line(d, "stats", "total_error_replies:1");
    assert_line(d, "stats", "rejected_connections:0");
    assert_line(d, "stats", "total_commands_processed:12"); /* without this one */
    assert_line(d, "stats", "instantaneous_ops_per_sec:0");
    desk_pass(d, 1000);
    assert_line(d, "stats", "instantaneous_ops_per_sec:14");
}

static void a_client_that_waits_for_a_write_is_blocked(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    desk_ask(d, 2, "SENTINEL FLUSHCONFIG");
    assert_line(d, "clients", "blocked_clients:1");
    desk_failed(d, 2, d->core->persist_seq);
    assert_line(d, "clients", "blocked_clients:0");
    assert_line(d, "server", "vedette_store:failed");
}

static void processor_time_is_shown_in_seconds(void **state) {
    struct desk *d = *state;
    d->server->usage = (struct usage){ .sys_us = 1000001, .user_us = 999999 };
    assert_line(d, "cpu", "used_cpu_sys:1.000001");
    assert_line(d, "cpu", "used_cpu_user:0.999999");
}

static void stalls_are_shown(void **state) {
    struct desk *d = *state;
    assert_line(d, "stats",
        "vedette_stalls:0\r\nvedette_stall_longest_ms:0\r\nvedette_stall_last_ms:0\r\n"
        "vedette_stall_last_seconds_ago:-1");
    d->server->usage.stalls = (struct stalls){
        .count = 3, .longest_ms = 2950, .last_ms = 51, .last_at_ms = d->now.mono_ms - 1999
    };
    assert_line(d, "stats",
        "vedette_stalls:3\r\nvedette_stall_longest_ms:2950\r\nvedette_stall_last_ms:51\r\n"
        "vedette_stall_last_seconds_ago:1");
}

static void groups_show_their_status_in_order(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "SENTINEL MONITOR other ::1 6380 1");
    d->unjudged = true;
    d->group->master->sdown = true;
    assert_line(d, "sentinel",
        "master0:name=mymaster,status=sdown,address=127.0.0.1:28400,slaves=2,sentinels=3\r\n"
        "master1:name=other,status=ok,address=::1:6380,slaves=0,sentinels=1");
    d->group->odown = true;
    assert_line(d, "sentinel",
        "master0:name=mymaster,status=odown,address=127.0.0.1:28400,slaves=2,sentinels=3");
    d->core->tilt = true;
    d->core->tilt_since_ms = d->now.heard_ms - 12345;
    assert_line(d, "sentinel", "sentinel_tilt:1\r\nsentinel_tilt_since_seconds:12");
}

/* ---- # Vedette ---- */

static void the_limits_are_shown_as_they_are(void **state) {
    static const char *const lines[] = {
        "vedette_limit_clients:max=10000,used=2,hits=0",
        "vedette_limit_query_buffer:max=1048576,used=0,hits=0",
        "vedette_limit_output_buffer:max=33554432,used=0,hits=0",
        "vedette_limit_client_memory:max=268435456,used=0,hits=0",
        "vedette_limit_parked_replies:max=10000,used=0,hits=0",
        "vedette_limit_parked_time:max=10000,used=0,hits=0",
        "vedette_limit_subscriptions:max=10000,used=0,hits=0",
        "vedette_limit_pending_commands:max=100,used=0,hits=0",
        "vedette_limit_peers:max=64,used=2,hits=0",
        "vedette_limit_replicas:max=256,used=2,hits=0",
        "vedette_limit_clients_per_address:max=0,used=2,hits=0",
        "vedette_limit_failed_logins:max=0,used=0,hits=0",
        "vedette_clients_evicted:0",
    };
    struct desk *d = *state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_line(d, "VEDETTE", lines[i]);
}

static void limits_show_what_is_used_and_how_often_they_were_hit(void **state) {
    struct desk *d = *state;
    d->store_waits = true;
    d->core->limit_hits[LIMIT_CLIENTS] = 1;
    d->core->limit_hits[LIMIT_OUTPUT_BUFFER] = 1;
    d->core->limit_hits[LIMIT_CLIENT_MEMORY] = 1;
    d->core->limit_hits[LIMIT_PEERS] = 9;
    server_take_usage(d->server,
        &(struct usage){ .clients = { .allowed = 20,
                             .refused = 3,
                             .overflowed = 4,
                             .shed = 5,
                             .evicted = 6,
                             .unread = 5000,
                             .longest_unread = 3000 },
            .memory = { .allowed = 70000000, .used = 9000000 } });
    desk_open(d, 3);
    desk_ask(d, 2, "SUBSCRIBE a b c");
    desk_ask(d, 3, "SENTINEL FLUSHCONFIG\r\nSENTINEL FLUSHCONFIG\r\nPING aaa");
    desk_pass(d, 70);
    static const char *const lines[] = {
        "vedette_limit_clients:max=10000,used=3,hits=4",
        "vedette_limit_output_buffer:max=33554432,used=3000,hits=5",
        "vedette_limit_client_memory:max=268435456,used=5000,hits=6",
        "vedette_limit_parked_replies:max=10000,used=3,hits=0",
        "vedette_limit_parked_time:max=10000,used=70,hits=0",
        "vedette_limit_subscriptions:max=10000,used=3,hits=0",
        "vedette_limit_peers:max=64,used=2,hits=9",
        "vedette_clients_evicted:6",
        "vedette_memory:allowed=70000000,used=9000000",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_line(d, "vedette", lines[i]);
    assert_line(d, "clients", "maxclients:20");
    assert_line(d, "stats", "rejected_connections:3");
    assert_line(d, "stats", "total_connections_received:6");
}

/* ---- what Valkey's says ---- */

static void valkey_is_told_apart(void **state) {
    struct desk *d = *state;
    d->core->tilt_count = 7;
    assert_false(slice_contains(desk_ask(d, 1, "INFO"), SLICE_LITERAL("valkey_version")));
    assert_false(slice_contains(desk_ask(d, 1, "INFO"), SLICE_LITERAL("sentinel_total_tilt")));
    d->core->settings.compat = COMPAT_VALKEY;
    assert_line(d, "server",
        "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.0.0\r\n"
        "valkey_release_stage:ga");
    assert_false(slice_contains(desk_ask(d, 1, "INFO"), SLICE_LITERAL("redis_mode")));
    assert_line(d, "sentinel", "sentinel_tilt_since_seconds:-1\r\nsentinel_total_tilt:7");
}

/* ---- SENTINEL INFO-CACHE ---- */

static void the_last_info_of_each_server_is_kept(void **state) {
    struct desk *d = *state;
    struct core *c = d->core;
    struct node *master = d->group->master;
    struct node *replica = list_first(&d->group->replicas, struct node, siblings);
    master->info_ms = d->now.mono_ms;
    replica->info_ms = d->now.mono_ms - 5;
    node_keep_info(c, master, SLICE_LITERAL("# Server"));
    node_keep_info(c, replica, SLICE_LITERAL("one"));
    node_keep_info(c, replica, SLICE_LITERAL("two"));
    assert_int_equal(c->info_texts.held, 11);
    desk_pass(d, 10);
    assert_answer(d, 1, "SENTINEL INFO-CACHE nosuch mymaster mymaster",
        "*[$\"mymaster\" *[*[:\"10\" $\"# Server\"] *[:\"15\" $\"two\"] "
        "*[:\"5010\" $null]]]");
    assert_answer(d, 1, "SENTINEL INFO-CACHE nosuch", "*[]");
    desk_ask(d, 2, "HELLO 3");
    assert_answer(d, 2, "SENTINEL INFO-CACHE mymaster",
        "*[$\"mymaster\" *[*[:\"10\" $\"# Server\"] *[:\"15\" $\"two\"] *[:\"5010\" _null]]]");
    master->info_ms = 0;
    assert_true(slice_starts_with(desk_ask(d, 1, "SENTINEL INFO-CACHE mymaster"),
        "*2\r\n$8\r\nmymaster\r\n*3\r\n*2\r\n:0\r\n$8\r\n# Server\r\n*2\r\n:0\r\n"));
}

static void texts_of_info_are_bounded_in_all(void **state) {
    struct desk *d = *state;
    struct core *c = d->core;
    struct node *master = d->group->master;
    struct node *replica = list_first(&d->group->replicas, struct node, siblings);
    c->settings.limits.max[LIMIT_INFO_CACHE] = 10;
    node_keep_info(c, master, SLICE_LITERAL("12345678"));
    node_keep_info(c, replica, SLICE_LITERAL("123"));
    assert_null(replica->info_text.bytes);
    assert_int_equal(c->limit_hits[LIMIT_INFO_CACHE], 1);
    assert_line(d, "vedette", "vedette_limit_info_cache:max=10,used=8,hits=1");
    node_keep_info(c, master, SLICE_LITERAL("12345678901"));
    assert_null(master->info_text.bytes); /* what does not fit leaves nothing of the old one */
    assert_int_equal(c->info_texts.held, 0);
    node_keep_info(c, replica, SLICE_LITERAL("123"));
    node_keep_info(c, replica, SLICE_EMPTY);
    assert_int_equal(c->info_texts.held, 0);
}

static void rates_are_those_of_the_last_full_second(void **state) {
    struct desk *d = *state;
    desk_pass(d, 1000);
    desk_ask(d, 2, "PING 1234567890123456789012345678901234567890"); /* 47 bytes, answered by 47 */
    desk_pass(d, 1000);
    assert_line(d, "stats", "instantaneous_input_kbps:0.04");
    assert_line(d, "stats", "instantaneous_output_kbps:0.04");
    desk_pass(d, 5000);
    assert_line(d, "stats", "instantaneous_input_kbps:0.00");
}

static void the_loop_is_measured_between_two_reports(void **state) {
    struct desk *d = *state;
    struct usage usage = { .loop = { .wakes = 100, .busy_us = 5000, .requests_us = 700 } };
    server_take_usage(d->server, &usage);
    desk_pass(d, 2000);
    usage.loop = (struct loop_usage){ .wakes = 300, .busy_us = 6000, .requests_us = 900 };
    core_begin(d->core, d->now, &d->out);
    server_take_usage(d->server, &usage);
    assert_line(d, "stats", "eventloop_cycles:300");
    assert_line(d, "stats", "eventloop_duration_sum:6000");
    assert_line(d, "stats", "eventloop_duration_cmd_sum:900");
    assert_line(d, "stats", "instantaneous_eventloop_cycles_per_sec:100");
    assert_line(d, "stats", "instantaneous_eventloop_duration_usec:5");
}

static void tracked_prefixes_are_counted_once(void **state) {
    struct desk *d = *state;
    desk_ask(d, 1, "CLIENT TRACKING on bcast prefix a prefix b");
    desk_ask(d, 2, "CLIENT TRACKING on bcast prefix b prefix c");
    assert_line(d, "stats", "tracking_total_prefixes:3");
    assert_line(d, "clients", "tracking_clients:2");
}

static void valkey_has_lines_of_its_own(void **state) {
    static const char *const lines[] = { "server_name:valkey", "valkey_version:9.0.0",
        "server_mode:sentinel", "redis_version:7.2.4", "availability_zone:" };
    struct desk *d = *state;
    d->core->settings.compat = COMPAT_VALKEY;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        assert_line(d, "server", lines[i]);
    assert_false(slice_contains(desk_ask(d, 1, "INFO"), SLICE_LITERAL("redis_mode")));
    assert_line(d, "clients", "paused_reason:none");
    desk_ask(d, 1, "CLIENT PAUSE 100 WRITE");
    desk_pass(d, 40);
    assert_line(d, "clients", "paused_reason:client_pause");
    assert_line(d, "clients", "paused_actions:write");
    assert_line(d, "clients", "paused_timeout_milliseconds:60");
    assert_true(slice_contains(desk_ask(d, 1, "CLIENT INFO"), SLICE_LITERAL(" tot-cmds=")));
    assert_answer(d, 2, "HELLO",
        "*[$\"server\" $\"valkey\" $\"version\" # $\"proto\" :\"2\" $\"id\" # $\"mode\" "
        "$\"sentinel\" $\"modules\" *[]]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(sections_are_asked_for_by_name),
        DESK_TEST(sections_are_separated_by_an_empty_line),
        DESK_TEST(the_server_section_has_what_tools_read),
        DESK_TEST(nothing_of_a_data_server_is_shown),
        DESK_TEST(clients_and_commands_are_counted),
        DESK_TEST(a_client_that_waits_for_a_write_is_blocked),
        DESK_TEST(rates_are_those_of_the_last_full_second),
        DESK_TEST(the_loop_is_measured_between_two_reports),
        DESK_TEST(tracked_prefixes_are_counted_once),
        DESK_TEST(valkey_has_lines_of_its_own),
        DESK_TEST(processor_time_is_shown_in_seconds),
        DESK_TEST(stalls_are_shown),
        DESK_TEST(groups_show_their_status_in_order),
        DESK_TEST(the_limits_are_shown_as_they_are),
        DESK_TEST(limits_show_what_is_used_and_how_often_they_were_hit),
        DESK_TEST(valkey_is_told_apart),
        DESK_TEST(the_last_info_of_each_server_is_kept),
        DESK_TEST(texts_of_info_are_bounded_in_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
