/* What clients see of scripts, and change of them. */
#include "tests/unit/answer.h"

#include "common/mem.h"

static void queue(struct desk *d, const char *path, const char *argument) {
    const struct slice words[] = { slice_of(path), slice_of(argument) };
    core_begin(d->core, d->now, &d->out);
    script_enqueue(d->core, words, ARRAY_SIZE(words));
    script_start_due(d->core);
}

static void hand_in(struct desk *d, const struct input *in) {
    core_begin(d->core, d->now, &d->out);
    script_input(d->core, in);
    script_start_due(d->core);
}

static void pending_scripts_are_listed_oldest_first(void **state) {
    struct desk *d = *state;
    assert_answer(d, 1, "SENTINEL PENDING-SCRIPTS", "*[]");
    queue(d, "/notify", "+sdown");
    queue(d, "/other", "a b");
    hand_in(d, &(struct input){ .kind = INPUT_SCRIPT_STARTED, .script = 1, .pid = 77 });
    hand_in(d, &(struct input){ .kind = INPUT_SCRIPT_STARTED, .script = 2, .pid = 78 });
    desk_pass(d, 40);
    hand_in(d, &(struct input){ .kind = INPUT_SCRIPT_ENDED, .script = 2, .exit_status = 1 });
    desk_pass(d, 1000);
    assert_answer(d, 1, "SENTINEL PENDING-SCRIPTS",
        "*[*[$\"argv\" *[$\"/notify\" $\"+sdown\"] $\"flags\" $\"running\" $\"pid\" $\"77\" "
        "$\"run-time\" $\"1040\" $\"retry-num\" $\"1\"] "
        "*[$\"argv\" *[$\"/other\" $\"a b\"] $\"flags\" $\"scheduled\" $\"pid\" $\"0\" "
        "$\"run-delay\" $\"29000\" $\"retry-num\" $\"1\"]]");
    desk_pass(d, 60000);
    assert_true(slice_contains(
        desk_ask(d, 1, "SENTINEL PENDING-SCRIPTS"), SLICE_LITERAL("run-delay\r\n$1\r\n0\r\n")));
}

static void each_script_is_a_map(void **state) {
    struct desk *d = *state;
    queue(d, "/notify", "+sdown");
    desk_ask(d, 1, "HELLO 3");
    assert_true(slice_starts_with(desk_ask(d, 1, "SENTINEL PENDING-SCRIPTS"), "*1\r\n%5\r\n"));
}

static void info_counts_them(void **state) {
    struct desk *d = *state;
    for (int i = 0; i < 20; i++)
        queue(d, "/notify", "x");
    assert_true(slice_contains(desk_ask(d, 1, "INFO sentinel"),
        SLICE_LITERAL("sentinel_running_scripts:16\r\nsentinel_scripts_queue_length:20\r\n")));
}

static void a_master_shows_its_scripts_if_it_has_some(void **state) {
    struct desk *d = *state;
    struct slice without = desk_ask(d, 1, "SENTINEL MASTER mymaster");
    assert_false(slice_contains(without, SLICE_LITERAL("script")));
    d->group->settings.notification_script = mem_strdup("/n");
    d->group->settings.reconfig_script = mem_strdup("/r");
    assert_true(slice_contains(desk_ask(d, 1, "SENTINEL MASTER mymaster"),
        SLICE_LITERAL("parallel-syncs\r\n$1\r\n1\r\n$19\r\nnotification-script\r\n$2\r\n/n\r\n"
                      "$22\r\nclient-reconfig-script\r\n$2\r\n/r\r\n")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(pending_scripts_are_listed_oldest_first),
        DESK_TEST(each_script_is_a_map),
        DESK_TEST(info_counts_them),
        DESK_TEST(a_master_shows_its_scripts_if_it_has_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
