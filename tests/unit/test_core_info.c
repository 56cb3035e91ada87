#include "sentinel/core/info.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/load.h"

#include <stdio.h>

static void the_texts_of_real_servers_are_read(void **state) {
    static const struct {
        const char *file, *run_id;
        enum info_role role;
        const char *master_host;
        int64_t master_port;
        bool link_up, has_link_down;
        int64_t link_down_ms, priority;
        uint64_t offset;
        const char *replicas[2];
    } cases[] = {
        { "redis-7.0.15-master", "f0fabb6b61aef8fc77b894c9964dd5170acc3bfc", INFO_ROLE_MASTER, "",
            0, false, false, 0, 0, 0, { "replica.example:7000", "127.0.0.1:27101" } },
        { "redis-7.0.15-replica", "10dd54e534d449d1ac43660cb1fd82ad93d9816a", INFO_ROLE_REPLICA,
            "127.0.0.1", 27100, false, true, -1000, 100, 1, { NULL } },
        { "redis-7.0.15-replica-announced", "113c5dc9d3bc9bc410eec5832f6ebe502c053c75",
            INFO_ROLE_REPLICA, "127.0.0.1", 27100, false, true, -1000, 7, 1, { NULL } },
        { "redis-7.0.15-replica-link-down", "10dd54e534d449d1ac43660cb1fd82ad93d9816a",
            INFO_ROLE_REPLICA, "127.0.0.1", 27100, false, true, 0, 100, 87, { NULL } },
        { "redis-8.0.6-master", "4e8a09d30ee7d413fa4148504109ec7f35b152ee", INFO_ROLE_MASTER, "", 0,
            false, false, 0, 0, 0, { "127.0.0.1:27111", "replica.example:7000" } },
        { "redis-8.0.6-replica", "1f0c44604499c88ca2677ed0d722b271e2ecdad7", INFO_ROLE_REPLICA,
            "127.0.0.1", 27110, true, false, 0, 100, 137, { NULL } },
        { "redis-8.0.6-replica-announced", "1c0ff57d97a46de6e2176acef9670e79db745751",
            INFO_ROLE_REPLICA, "127.0.0.1", 27110, true, false, 0, 7, 137, { NULL } },
        { "redis-8.0.6-replica-link-down", "1f0c44604499c88ca2677ed0d722b271e2ecdad7",
            INFO_ROLE_REPLICA, "127.0.0.1", 27110, false, true, 2000, 100, 137, { NULL } },
        { "valkey-9.1.2-master", "443bc3322947a420eed4d29b824c505bfda4f18d", INFO_ROLE_MASTER, "",
            0, false, false, 0, 0, 0, { "127.0.0.1:27121", "replica.example:7000" } },
        { "valkey-9.1.2-replica", "2d1179af3024382b14d85d0bb8a9efe050905d90", INFO_ROLE_REPLICA,
            "127.0.0.1", 27120, true, false, 0, 100, 137, { NULL } },
        { "valkey-9.1.2-replica-announced", "95df1ffbc0933013e94e5e24fee4fe8a4622c1c9",
            INFO_ROLE_REPLICA, "127.0.0.1", 27120, true, false, 0, 7, 137, { NULL } },
        { "valkey-9.1.2-replica-link-down", "2d1179af3024382b14d85d0bb8a9efe050905d90",
            INFO_ROLE_REPLICA, "127.0.0.1", 27120, false, true, 1000, 100, 137, { NULL } },
    };
    static struct info info;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[512], text[ENDPOINT_TEXT_MAX];
        struct slice bytes;
        (void)snprintf(path, sizeof(path), "%s/tests/data/info/%s.txt", SOURCE_ROOT, cases[i].file);
        assert_int_equal(load_file(path, &bytes), 0);
        info_parse(bytes, &info);
        bool is_replica = cases[i].role == INFO_ROLE_REPLICA;
        assert_slice(info.run_id, cases[i].run_id);
        assert_int_equal(info.role, cases[i].role);
        assert_slice(info.master_host, cases[i].master_host);
        assert_true(info.has_master_port == is_replica);
        assert_true(info.has_link_status == is_replica);
        assert_true(info.has_priority == is_replica);
        assert_true(info.has_offset == is_replica);
        assert_true(info.has_announced == is_replica);
        assert_true(info.has_link_down == cases[i].has_link_down);
        assert_int_equal(info.link_down_ms, cases[i].link_down_ms);
        if (is_replica) {
            assert_int_equal(info.master_port, cases[i].master_port);
            assert_true(info.master_link_up == cases[i].link_up);
            assert_int_equal(info.priority, cases[i].priority);
            assert_int_equal(info.offset, cases[i].offset);
            assert_true(info.announced);
        }
        assert_int_equal(info.replica_count, is_replica ? 0 : 2);
        for (size_t r = 0; r < info.replica_count; r++)
            assert_string_equal(endpoint_text(&info.replicas[r], text), cases[i].replicas[r]);
        mem_free((void *)(uintptr_t)bytes.data);
    }
}

static void a_line_of_a_replica_is_read_or_skipped(void **state) {
    static const struct {
        const char *line, *replica; /* NULL: skipped */
    } cases[] = {
        { "slave0:ip=10.0.0.2,port=6380,state=online,offset=1001,lag=0", "10.0.0.2:6380" },
        { "slave0:10.0.0.2,6380,online", "10.0.0.2:6380" }, /* servers before 2.8 */
        { "slave12:port=1,ip=10.0.0.2", "10.0.0.2:1" },
        { "slave0:ip=fd00::2,port=6380,state=online", "[fd00::2]:6380" },
        { "slave0:ip=10.0.0.2,port=0,state=online", NULL },
        { "slave0:ip=10.0.0.2,port=-1,state=online", NULL },
        { "slave0:ip=10.0.0.2,port=65536,state=online", NULL },
        { "slave0:ip=10.0.0.2,state=online", NULL },
        { "slave0:ip=,port=6380,state=online", NULL },
        { "slave0:10.0.0.2", NULL },
        { "slave0:", NULL },
        { "slave0", NULL },
        { "slave_priority:100", NULL },
        { "slavex:ip=10.0.0.2,port=6380", NULL },
        { "# slave0:ip=10.0.0.2,port=6380", NULL },
        { " slave0:ip=10.0.0.2,port=6380", NULL },
    };
    static struct info info;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[ENDPOINT_TEXT_MAX];
        info_parse(slice_of(cases[i].line), &info);
        assert_int_equal(info.replica_count, cases[i].replica != NULL);
        if (cases[i].replica != NULL)
            assert_string_equal(endpoint_text(&info.replicas[0], text), cases[i].replica);
    }
}

static void what_a_replica_says_counts_below_its_role_only(void **state) {
    static struct info info;
    info_parse(SLICE_LITERAL("master_host:10.0.0.1\r\nslave_priority:5\r\nrole:slave\r\n"
                             "master_port:6379\r\n"),
        &info);
    assert_slice(info.master_host, "");
    assert_false(info.has_priority);
    assert_true(info.has_master_port);
    assert_int_equal(info.master_port, 6379);

    info_parse(SLICE_LITERAL("role:master\r\nmaster_host:10.0.0.1\r\nmaster_port:1\r\n"), &info);
    assert_slice(info.master_host, "");
    assert_false(info.has_master_port);
}

static void odd_texts_give_facts_or_nothing(void **state) {
    static const struct {
        const char *text, *run_id;
        enum info_role role;
        bool has_link_down;
        int64_t link_down_ms;
    } cases[] = {
        { "", "", INFO_ROLE_NONE, false, 0 },
        { "\n\n\r\n", "", INFO_ROLE_NONE, false, 0 },
        { "role:", "", INFO_ROLE_NONE, false, 0 },
        { "role:sentinel", "", INFO_ROLE_NONE, false, 0 },
        { "role:masters", "", INFO_ROLE_NONE, false, 0 },
        { "role:master", "", INFO_ROLE_MASTER, false, 0 }, /* no end of line */
        { "role:slave\nrole:master\n", "", INFO_ROLE_MASTER, false, 0 },
        { "ROLE:master\r\n", "", INFO_ROLE_NONE, false, 0 },
        { "run_id:short\r\n", "", INFO_ROLE_NONE, false, 0 },
        { "run_id:0123456789012345678901234567890123456789\r\n",
            "0123456789012345678901234567890123456789", INFO_ROLE_NONE, false, 0 },
        { "run_id:0123456789012345678901234567890123456789xyz\r\n",
            "0123456789012345678901234567890123456789", INFO_ROLE_NONE, false, 0 },
        { "master_link_down_since_seconds:7\r\n", "", INFO_ROLE_NONE, true, 7000 },
        { "master_link_down_since_seconds:-1\r\n", "", INFO_ROLE_NONE, true, -1000 },
        { "master_link_down_since_seconds:x\r\n", "", INFO_ROLE_NONE, true, 0 },
        { "master_link_down_since_seconds:9223372036854775807\r\n", "", INFO_ROLE_NONE, true,
            INT64_MAX },
    };
    static struct info info;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        info_parse(slice_of(cases[i].text), &info);
        assert_slice(info.run_id, cases[i].run_id);
        assert_int_equal(info.role, cases[i].role);
        assert_true(info.has_link_down == cases[i].has_link_down);
        assert_true(info.link_down_ms == cases[i].link_down_ms);
    }
}

static void values_are_read_leniently(void **state) {
    static struct info info;
    info_parse(SLICE_LITERAL("role:slave\nmaster_link_status:UP\nslave_priority:-3\n"
                             "slave_repl_offset:18446744073709551615\nreplica_announced:0\n"),
        &info);
    assert_true(info.master_link_up);
    assert_int_equal(info.priority, -3);
    assert_true(info.offset == UINT64_MAX);
    assert_true(info.has_announced);
    assert_false(info.announced);
    info_parse(SLICE_LITERAL("role:slave\nmaster_link_status:sync\nslave_priority:12a\n"
                             "slave_repl_offset:99999999999999999999\n"),
        &info);
    assert_false(info.master_link_up);
    assert_int_equal(info.priority, 12);
    assert_true(info.offset == UINT64_MAX);
    assert_false(info.has_announced);
}

static void replicas_beyond_the_bound_are_ignored(void **state) {
    static struct info info;
    struct buf text = BUF_INIT;
    buf_add_text(&text, "role:master\r\n");
    for (int i = 0; i < INFO_REPLICAS_MAX + 10; i++)
        buf_printf(&text, "slave%d:ip=10.0.%d.%d,port=6379,state=online\r\n", i, i / 250, i % 250);
    info_parse(buf_slice(&text), &info);
    assert_int_equal(info.replica_count, INFO_REPLICAS_MAX);
    buf_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_real_servers_are_read),
        cmocka_unit_test(a_line_of_a_replica_is_read_or_skipped),
        cmocka_unit_test(what_a_replica_says_counts_below_its_role_only),
        cmocka_unit_test(odd_texts_give_facts_or_nothing),
        cmocka_unit_test(values_are_read_leniently),
        cmocka_unit_test(replicas_beyond_the_bound_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
