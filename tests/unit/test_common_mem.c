#include "common/mem.h"

#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitizer would end the process in its own manner. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static int last_words_fd;

static void hear(const char *text) {
    (void)!write(last_words_fd, text, strlen(text));
}

static void without_memory_it_says_so_and_ends(void **state) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        volatile size_t too_much = (size_t)PTRDIFF_MAX;
        last_words_fd = ends[1];
        signal(SIGABRT, SIG_DFL);
        mem_set_last_words(hear);
        mem_free(mem_alloc(too_much));
        _exit(0);
    }
    close(ends[1]);
    char text[512];
    ssize_t size = read(ends[0], text, sizeof(text) - 1);
    assert_true(size > 0);
    text[size] = '\0';
    close(ends[0]);
    assert_non_null(strstr(text, "out of memory: 9223372036854775807 bytes more were refused"));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void allocated_memory_is_zeroed(void **state) {
    unsigned char *bytes = mem_alloc(1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(bytes[i], 0);
    mem_free(bytes);
}

static void nothing_can_be_allocated_copied_and_freed(void **state) {
    void *none = mem_alloc(0), *copy = mem_dup(NULL, 0);
    assert_non_null(none);
    assert_non_null(copy);
    mem_free(none);
    mem_free(copy);
    mem_free(NULL);
    assert_null(mem_strdup(NULL));
}

static void copies_are_equal_and_apart(void **state) {
    char text[] = "abc";
    char *copy = mem_strdup(text), *bytes = mem_dup("x\0y", 3);
    text[0] = 'X';
    assert_string_equal(copy, "abc");
    assert_memory_equal(bytes, "x\0y", 3);
    mem_free(copy);
    mem_free(bytes);
}

static void an_array_keeps_its_items_and_at_least_doubles(void **state) {
    static const struct {
        size_t capacity, needed, expected;
    } cases[] = {
        { 0, 0, 0 },
        { 0, 1, 8 }, /* the least is 64 bytes */
        { 8, 8, 8 },
        { 8, 7, 8 },
        { 8, 9, 16 },
        { 8, 17, 17 },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t *items = NULL;
        size_t capacity = 0;
        mem_grow(&items, &capacity, cases[i].capacity, sizeof(items[0]));
        for (size_t k = 0; k < cases[i].capacity; k++)
            items[k] = k * 7;
        mem_grow(&items, &capacity, cases[i].needed, sizeof(items[0]));
        assert_int_equal(capacity, cases[i].expected);
        for (size_t k = 0; k < cases[i].capacity; k++)
            assert_int_equal(items[k], k * 7);
        mem_free(items);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocated_memory_is_zeroed),
        cmocka_unit_test(nothing_can_be_allocated_copied_and_freed),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(without_memory_it_says_so_and_ends),
        cmocka_unit_test(an_array_keeps_its_items_and_at_least_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
