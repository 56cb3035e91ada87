#include "sentinel/core/info_text.h"

#include "tests/unit/unit.h"

#include "common/mem.h"
#include "common/rng.h"
#include "config/load.h"

#include <stdio.h>

#define NO_LIMIT  SIZE_MAX
#define TEXTS_MAX 8

/* Keeps a text and sees that it comes back. */
static void keep(struct info_texts *all, struct info_text *t, struct slice text) {
    struct buf back CLEANUP(buf_fini) = BUF_INIT;
    assert_true(info_text_keep(all, t, text, NO_LIMIT));
    info_text_add(t, &back);
    assert_slice_equal(buf_slice(&back), text);
}

static void drop_all(struct info_texts *all, struct info_text *texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        info_text_drop(all, &texts[i]);
    assert_int_equal(all->held, 0);
    for (size_t i = 0; i < INFO_TEMPLATES_MAX; i++)
        assert_null(all->templates[i]);
    info_texts_fini(all);
}

/* As servers write it: many lines with a value. */
static void add_lines(struct buf *out, const char *key, const char *value, size_t count) {
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s_%zu:%s\r\n", key, i, value);
}

/* Keeps a text after another one, and returns the bytes that it takes. */
static size_t size_after(const char *first, const char *second) {
    struct info_texts all = { .held = 0 };
    struct info_text texts[2] = { { .base = NULL } };
    struct buf a CLEANUP(buf_fini) = BUF_INIT, b CLEANUP(buf_fini) = BUF_INIT;
    buf_add_text(&a, first);
    buf_add_text(&b, second);
    /* Enough that the two have in common. */
    add_lines(&a, "same", "0123456789", 50);
    add_lines(&b, "same", "0123456789", 50);
    keep(&all, &texts[0], buf_slice(&a));
    keep(&all, &texts[1], buf_slice(&b));
    size_t size = texts[1].size;
    drop_all(&all, texts, 2);
    return size;
}

static void a_text_is_kept_as_its_differences(void **state) {
    static const struct {
        const char *first, *second;
        size_t size; /* of the second; 2 is what the common lines take */
    } cases[] = {
        { "# A\r\na:1\r\n", "# A\r\na:1\r\n", 2 },
        { "a:1\r\nb:2\r\n", "a:1\r\nb:33\r\n", 1 + 3 + 2 },
        { "a:1\nb:2\n", "a:1\nb:33\n", 1 + 3 + 2 },
        { "a:1\r\nb:2\r\n", "a:\r\nb:2\r\n", 1 + 2 },     /* a value that is empty */
        { "a:1\r\nb:2\r\nc:3\r\n", "c:3\r\n", 1 + 2 },    /* lines that are left out */
        { "a:1\r\n", "a:1\r\nnew:5\r\n", 1 + 1 + 7 + 2 }, /* a line more */
        { "a:1\r\n", "a:1\n", 5 + 1 + 2 },                /* another end is another line */
        { "# A\r\n", "# B\r\n", 6 + 1 + 2 }, /* a line without a value is the same or another */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(size_after(cases[i].first, cases[i].second), cases[i].size);
}

static void read_real(const char *file, struct slice *ret_text) {
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/tests/data/info/%s.txt", SOURCE_ROOT, file);
    assert_int_equal(load_file(path, ret_text), 0);
}

/* Those of one make share a template, whatever their role. */
static void real_texts_of_one_version_take_little(void **state) {
    static const char *const makes[] = { "redis-7.0.15", "redis-8.0.6", "valkey-9.1.2" };
    static const char *const roles[] = { "master", "replica", "replica-announced",
        "replica-link-down" };
    struct info_texts all = { .held = 0 };
    struct info_text texts[ARRAY_SIZE(makes) * ARRAY_SIZE(roles)] = { { .base = NULL } };
    size_t count = 0;
    for (size_t m = 0; m < ARRAY_SIZE(makes); m++) {
        for (size_t r = 0; r < ARRAY_SIZE(roles); r++) {
            char name[64];
            struct slice text;
            (void)snprintf(name, sizeof(name), "%s-%s", makes[m], roles[r]);
            read_real(name, &text);
            keep(&all, &texts[count], text);
            print_message("%s: %zu bytes as %zu\n", name, text.size, texts[count].size);
            assert_true(texts[count].size <= text.size / 4);
            count++;
            mem_free((void *)(uintptr_t)text.data);
        }
    }
    drop_all(&all, texts, count);
}

static void what_has_little_in_common_becomes_a_template_while_there_is_room(void **state) {
    static const char *const keys[] = { "one", "two", "three", "four", "five" };
    struct info_texts all = { .held = 0 };
    struct info_text texts[5] = { { .base = NULL } };
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        buf_clear(&text);
        add_lines(&text, keys[i], "12345678", 100);
        keep(&all, &texts[i], buf_slice(&text));
        bool is_packed = i < INFO_TEMPLATES_MAX;
        assert_true((texts[i].base != NULL) == is_packed);
        assert_int_equal(texts[i].size, is_packed ? 2 : buf_size(&text));
    }
    /* The place of one that nobody uses any more is free. */
    info_text_drop(&all, &texts[1]);
    keep(&all, &texts[4], buf_slice(&text));
    assert_int_equal(texts[4].size, 2);
    drop_all(&all, texts, ARRAY_SIZE(texts));
}

static void short_and_huge_texts_stay_as_they_are(void **state) {
    struct info_texts all = { .held = 0 };
    struct info_text t = { .base = NULL };
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    keep(&all, &t, SLICE_EMPTY);
    assert_non_null(t.bytes);
    keep(&all, &t, SLICE_LITERAL("a:1\r\n"));
    assert_int_equal(all.held, 5);
    add_lines(&text, "key", "value", 10000);
    keep(&all, &t, buf_slice(&text));
    assert_int_equal(all.held, buf_size(&text));
    drop_all(&all, &t, 1);
}

static void texts_and_templates_are_bounded_together(void **state) {
    struct info_texts all = { .held = 0 };
    struct info_text texts[2] = { { .base = NULL } };
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    add_lines(&text, "key", "value", 100);
    size_t limit = buf_size(&text) + 10;
    assert_true(info_text_keep(&all, &texts[0], buf_slice(&text), limit));
    assert_null(texts[0].base); /* no room for a template */
    assert_false(info_text_keep(&all, &texts[1], buf_slice(&text), limit));
    assert_null(texts[1].bytes);
    assert_int_equal(all.held, texts[0].size);
    assert_false(info_text_keep(&all, &texts[0], buf_slice(&text), 10));
    assert_null(texts[0].bytes); /* what does not fit leaves nothing of the old one */
    assert_int_equal(all.held, 0);
    drop_all(&all, texts, 2);
}

/* Changes a text as servers do, and as only a liar does. */
static void change(struct rng *rng, struct slice from, struct buf *out) {
    static const char *const inserted[] = { "\n", ":", "\r\n", "\r", "key:value\r\n", ":\r\n",
        "\n\n", "0", "slave0:ip=1" };
    int64_t rate = rng_between(rng, 0, 100);
    for (size_t at = 0; at < from.size;) {
        size_t size = MIN_OF((size_t)rng_between(rng, 1, 200), from.size - at);
        bool changes = rng_between(rng, 0, 99) < rate;
        if (!changes || rng_chance(rng, 300))
            buf_add_slice(out, slice_sub(from, at, size));
        if (changes && rng_chance(rng, 500))
            buf_add_text(out, inserted[rng_between(rng, 0, ARRAY_SIZE(inserted) - 1)]);
        if (changes && rng_chance(rng, 100))
            buf_add_char(out, (char)rng_between(rng, -128, 127));
        at += size;
    }
}

static void what_is_kept_comes_back_whatever_it_is(void **state) {
    static const char *const files[] = { "redis-7.0.15-master", "redis-8.0.6-replica",
        "valkey-9.1.2-master", "redis-7.0.15-replica" };
    struct slice real[ARRAY_SIZE(files)];
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        read_real(files[i], &real[i]);
    size_t packed = 0, raw = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct info_texts all = { .held = 0 };
        struct info_text texts[TEXTS_MAX] = { { .base = NULL } };
        struct buf text CLEANUP(buf_fini) = BUF_INIT;
        for (int i = 0; i < 40; i++) {
            struct info_text *t = &texts[rng_between(&rng, 0, TEXTS_MAX - 1)];
            buf_clear(&text);
            change(&rng, real[rng_between(&rng, 0, ARRAY_SIZE(files) - 1)], &text);
            keep(&all, t, buf_slice(&text));
            *(t->base != NULL ? &packed : &raw) += 1;
            if (rng_chance(&rng, 100))
                info_text_drop(&all, t);
        }
        drop_all(&all, texts, TEXTS_MAX);
    }
    assert_true(packed > 100);
    assert_true(raw > 100);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        mem_free((void *)(uintptr_t)real[i].data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_kept_as_its_differences),
        cmocka_unit_test(real_texts_of_one_version_take_little),
        cmocka_unit_test(what_has_little_in_common_becomes_a_template_while_there_is_room),
        cmocka_unit_test(short_and_huge_texts_stay_as_they_are),
        cmocka_unit_test(texts_and_templates_are_bounded_together),
        cmocka_unit_test(what_is_kept_comes_back_whatever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
