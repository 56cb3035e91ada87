#include "sentinel/shell/memory.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that stands for /sys/fs/cgroup, and a file for /proc/self/cgroup. */
static char root[64];
static char cgroups[96];

static int set_up(void **state) {
    strcpy(root, "/tmp/vedette-memory-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(cgroups, sizeof(cgroups), "%s/self", root);
    return 0;
}

static int tear_down(void **state) {
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -r '%s'", root);
    return system(command); // NOLINT(cert-env33-c): a folder of our own
}

static void put(const char *path, const char *text) {
    char whole[256];
    (void)snprintf(whole, sizeof(whole), "%s/%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *f = fopen(whole, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void what_is_used_is_less_than_what_there_is(void **state) {
    uint64_t before = memory_used();
    const size_t size = (size_t)32 * 1024 * 1024;
    char *much = malloc(size);
    assert_non_null(much);
    memset(much, 1, size);
    uint64_t used = memory_used();
    free(much);
    assert_in_range(used, before + size / 2, memory_allowed("/nonexistent", root));
}

static uint64_t of_machine(void) {
    return memory_allowed("/nonexistent", root);
}

static void the_least_limit_on_the_way_up_counts(void **state) {
    put("self", "0::/system.slice/vedette.service\n");
    put("system.slice/vedette.service/memory.max", "64000000\n");
    put("system.slice/memory.max", "max\n");
    assert_int_equal(memory_allowed(cgroups, root), 64000000);
    put("system.slice/memory.max", "32000000\n");
    assert_int_equal(memory_allowed(cgroups, root), 32000000);
}

static void so_does_that_of_the_hierarchy_of_memory(void **state) {
    put("self", "5:devices:/\n4:memory:/box\n0::/\n");
    put("memory/box/memory.limit_in_bytes", "16000000\n");
    put("memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(memory_allowed(cgroups, root), 16000000);
}

static void what_cannot_be_read_limits_nothing(void **state) {
    static const char *const lines[] = { "", "nonsense\n", "0::/gone\n", "4:memory:/gone\n" };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        put("self", lines[i]);
        assert_int_equal(memory_allowed(cgroups, root), of_machine());
    }
    put("self", "0::/odd\n");
    put("odd/memory.max", "a lot\n");
    assert_int_equal(memory_allowed(cgroups, root), of_machine());
}

static void the_machine_has_some(void **state) {
    assert_true(of_machine() > memory_needed(1));
    assert_true(of_machine() < UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_least_limit_on_the_way_up_counts),
        TEST(so_does_that_of_the_hierarchy_of_memory),
        TEST(what_cannot_be_read_limits_nothing),
        TEST(the_machine_has_some),
        TEST(what_is_used_is_less_than_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
