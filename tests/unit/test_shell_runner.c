/* Real processes: small scripts of /bin/sh in a folder of their own. */
#include "sentinel/shell/runner.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/tstamp.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define INPUTS_MAX  64
#define OF_LIBC     UINT64_C(0x180000000) /* signals 32 and 33, which nobody else may name */

struct heard {
    enum input_kind kind;
    uint64_t script, client;
    size_t unfit;
    int64_t pid;
    int exit_status, signal_number;
    char why[64];
};

struct bench {
    struct loop *loop;
    struct runner *runner;
    struct heard heard[INPUTS_MAX];
    size_t count;
    char folder[32];
    char path[64], output[64]; /* of the script, and of what it writes */
};

static void take(void *context, const struct input *in) {
    struct bench *b = context;
    assert_true(b->count < INPUTS_MAX);
    struct heard *h = &b->heard[b->count++];
    *h = (struct heard){
        .kind = in->kind,
        .script = in->script,
        .client = in->client.value,
        .unfit = in->unfit,
        .pid = in->pid,
        .exit_status = in->exit_status,
        .signal_number = in->signal_number,
    };
    slice_copy(in->why, h->why, sizeof(h->why));
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new();
    b->runner = runner_new(b->loop, (struct inlet){ .take = take, .context = b });
    assert_non_null(b->runner);
    snprintf(b->folder, sizeof(b->folder), "/tmp/runner-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof(b->path), "%s/script", b->folder);
    snprintf(b->output, sizeof(b->output), "%s/output", b->folder);
    assert_int_equal(setenv("OUTPUT", b->output, 1), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    runner_free(b->runner);
    loop_free(b->loop);
    unlink(b->path);
    unlink(b->output);
    rmdir(b->folder);
    free(b);
    return 0;
}

static void write_file(const char *path, const char *text, mode_t mode) {
    ensure(path != NULL);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Runs a script of this text with two arguments, as number 1. */
static void run(struct bench *b, const char *text) {
    struct slice words[] = { slice_of(b->path), SLICE_LITERAL("one"), SLICE_LITERAL("two words") };
    write_file(b->path, text, 0755);
    runner_run(b->runner, 1, words, ARRAY_SIZE(words));
}

/* Until `count` inputs have been heard. */
static void await(struct bench *b, size_t count) {
    int64_t until_ms = clock_mono_us() / 1000 + PATIENCE_MS;
    while (b->count < count) {
        if (clock_mono_us() / 1000 > until_ms)
            fail_msg("%zu of %zu inputs", b->count, count);
        loop_wait(b->loop, until_ms);
        (void)loop_dispatch(b->loop, TSTAMP_NEVER);
    }
}

static const char *read_output(const struct bench *b, char *text, size_t capacity) {
    FILE *f = fopen(b->output, "r");
    assert_non_null(f);
    text[fread(text, 1, capacity - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void assert_ended(const struct heard *h, uint64_t script, int exit_status, int signal) {
    assert_int_equal(h->kind, INPUT_SCRIPT_ENDED);
    assert_int_equal(h->script, script);
    assert_int_equal(h->exit_status, exit_status);
    assert_int_equal(h->signal_number, signal);
}

static void a_start_and_an_end_are_told(void **state) {
    struct bench *b = *state;
    run(b, "#!/bin/sh\nexit 3\n");
    await(b, 2);
    assert_int_equal(b->heard[0].kind, INPUT_SCRIPT_STARTED);
    assert_int_equal(b->heard[0].script, 1);
    assert_true(b->heard[0].pid > 0);
    assert_ended(&b->heard[1], 1, 3, 0);
}

static void it_has_its_arguments_our_environment_and_our_folder(void **state) {
    struct bench *b = *state;
    char text[512], expected[512], here[256];
    run(b, "#!/bin/sh\n{ echo \"$0|$1|$2|$#\"; echo $OUTPUT; pwd -P; } >$OUTPUT\n");
    await(b, 2);
    assert_ended(&b->heard[1], 1, 0, 0);
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(expected, sizeof(expected), "%s|one|two words|2\n%s\n%s\n", b->path, b->output, here);
    assert_string_equal(read_output(b, text, sizeof(text)), expected);
}

/* 3 is what `ls` reads the folder by. */
static void it_has_none_of_our_descriptors(void **state) {
    struct bench *b = *state;
    char text[512];
    int careless = open("/dev/null", O_RDONLY); // NOLINT(android-cloexec-open) ; that is the point
    int far = fcntl(careless, F_DUPFD, 200);
    assert_true(careless >= 3);
    assert_int_equal(far, 200);
    run(b, "#!/bin/sh\nexec ls -1 /proc/self/fd >$OUTPUT\n");
    await(b, 2);
    assert_string_equal(read_output(b, text, sizeof(text)), "0\n1\n2\n3\n");
    close(careless);
    close(far);
}

static uint64_t mask_of(const char *status, const char *name) {
    const char *at = strstr(status, name);
    assert_non_null(at);
    return strtoull(at + strlen(name), NULL, 16);
}

static void it_has_none_of_our_signals(void **state) {
    struct bench *b = *state;
    char text[512];
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGTERM);
    sigprocmask(SIG_BLOCK, &some, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    run(b, "#!/bin/sh\nexec grep -E 'SigBlk|SigIgn' /proc/self/status >$OUTPUT\n");
    await(b, 2);
    read_output(b, text, sizeof(text));
    assert_int_equal(mask_of(text, "SigBlk:"), 0);
    assert_int_equal(mask_of(text, "SigIgn:") & ~OF_LIBC, 0);
    sigprocmask(SIG_UNBLOCK, &some, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
}

static void a_signal_that_ends_it_is_told(void **state) {
    struct bench *b = *state;
    run(b, "#!/bin/sh\nkill -USR1 $$\n");
    await(b, 2);
    assert_ended(&b->heard[1], 1, 0, SIGUSR1);
}

static void what_cannot_be_executed_ends_with_2_and_says_why(void **state) {
    static const struct {
        const char *text; /* NULL: no file */
        mode_t mode;
        const char *why;
    } cases[] = {
        { NULL, 0, "No such file or directory" },
        { "#!/bin/sh\n", 0644, "Permission denied" },
        { "exit 0\n", 0755, "Exec format error" },
        { "#!/no/such/shell\n", 0755, "No such file or directory" },
    };
    struct bench *b = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (cases[i].text != NULL)
            write_file(b->path, cases[i].text, cases[i].mode);
        b->count = 0;
        runner_run(b->runner, i, &(struct slice){ .data = b->path, .size = strlen(b->path) }, 1);
        await(b, 1);
        assert_ended(&b->heard[0], i, 2, 0);
        assert_string_equal(b->heard[0].why, cases[i].why);
    }
}

static void what_runs_can_be_killed(void **state) {
    struct bench *b = *state;
    run(b, "#!/bin/sh\nexec sleep 1000\n");
    await(b, 1);
    runner_kill(b->runner, 2); /* not this one */
    runner_kill(b->runner, 1);
    await(b, 2);
    assert_ended(&b->heard[1], 1, 0, SIGKILL);
    runner_kill(b->runner, 1); /* it is gone */
}

/* Each waits for the last: one after the other they would never end. */
static void sixteen_run_side_by_side(void **state) {
    struct bench *b = *state;
    write_file(b->path,
        "#!/bin/sh\necho $1 >>$OUTPUT\nuntil [ $(wc -l <$OUTPUT) = 16 ]; do sleep 0.02; done\n",
        0755);
    for (uint64_t i = 1; i <= 16; i++) {
        const struct slice words[] = { slice_of(b->path), SLICE_LITERAL("x") };
        runner_run(b->runner, i, words, ARRAY_SIZE(words));
    }
    await(b, 32);
    uint64_t seen = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->heard[i].kind == INPUT_SCRIPT_ENDED) {
            assert_int_equal(b->heard[i].exit_status, 0);
            seen |= UINT64_C(1) << b->heard[i].script;
        }
    assert_int_equal(seen, 0x1fffe);
}

static void files_are_looked_at(void **state) {
    struct bench *b = *state;
    write_file(b->path, "", 0755);
    write_file(b->output, "", 0644);
    const struct slice paths[] = { slice_of(b->path), slice_of(b->path), slice_of(b->output),
        SLICE_LITERAL("/no/such/file") };
    static const struct {
        size_t from, count, unfit;
    } cases[] = { { 0, 2, SCRIPTS_FIT }, { 0, 3, 2 }, { 2, 1, 0 }, { 0, 1, SCRIPTS_FIT },
        { 3, 1, 0 }, { 2, 2, 0 } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        b->count = 0;
        runner_check(b->runner, (struct client_id){ 9 }, &paths[cases[i].from], cases[i].count);
        await(b, 1);
        assert_int_equal(b->heard[0].kind, INPUT_SCRIPTS_CHECKED);
        assert_int_equal(b->heard[0].client, 9);
        assert_int_equal(b->heard[0].unfit, cases[i].unfit);
    }
}

static void other_children_are_left_to_others(void **state) {
    struct bench *b = *state;
    pid_t other = fork();
    if (other == 0)
        _exit(7);
    run(b, "#!/bin/sh\nexit 0\n");
    await(b, 2);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_process_outlives_the_runner(void **state) {
    struct bench *b = *state;
    run(b, "#!/bin/sh\nexec sleep 1000\n");
    await(b, 1);
    runner_free(b->runner);
    b->runner = NULL;
    pid_t pid = (pid_t)b->heard[0].pid;
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (kill(pid, 0) == 0) /* its thread waits for it */
        usleep(1000);
}

int main(void) {
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ONE(a_start_and_an_end_are_told),
        ONE(it_has_its_arguments_our_environment_and_our_folder),
        ONE(it_has_none_of_our_descriptors),
        ONE(it_has_none_of_our_signals),
        ONE(a_signal_that_ends_it_is_told),
        ONE(what_cannot_be_executed_ends_with_2_and_says_why),
        ONE(what_runs_can_be_killed),
        ONE(sixteen_run_side_by_side),
        ONE(files_are_looked_at),
        ONE(other_children_are_left_to_others),
        ONE(a_process_outlives_the_runner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
