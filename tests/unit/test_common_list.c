#include "common/list.h"

#include "tests/unit/unit.h"

#include "common/mem.h"

/* Aligned beyond the head and with the node far inside: a walk that took the head for an item would
 * be caught by the sanitizers. */
struct item {
    _Alignas(32) char name;
    char filler[200];
    struct list_node node;
};

static struct item *item_new(char name) {
    struct item *it = mem_new(struct item);
    it->name = name;
    return it;
}

static void append_all(struct list *l, const char *names) {
    for (; *names != '\0'; names++)
        list_append(l, &item_new(*names)->node);
}

static void assert_names(const struct list *l, const char *expected) {
    size_t i = 0;
    list_for_each(it, l, struct item, node) {
        assert_int_equal(it->name, expected[i]);
        i++;
    }
    assert_int_equal(expected[i], '\0');
    assert_int_equal(list_count(l), i);
    assert_int_equal(list_is_empty(l), i == 0);
}

static void free_all(struct list *l) {
    list_for_each(it, l, struct item, node) {
        list_remove(&it->node);
        mem_free(it);
    }
    assert_true(list_is_empty(l));
}

static void a_new_list_is_empty(void **state) {
    struct list l;
    list_init(&l);
    assert_names(&l, "");
    assert_null(list_first(&l, struct item, node));
}

static void items_come_in_order_of_insertion(void **state) {
    struct list l;
    list_init(&l);
    append_all(&l, "bcd");
    list_prepend(&l, &item_new('a')->node);
    assert_names(&l, "abcd");
    struct item *first = list_first(&l, struct item, node);
    assert_non_null(first);
    assert_int_equal(first->name, 'a');
    free_all(&l);
}

static void the_current_item_may_go(void **state) {
    static const struct {
        const char *gone, *left;
    } cases[] = { { "", "abcd" }, { "a", "bcd" }, { "d", "abc" }, { "bc", "ad" }, { "abcd", "" } };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct list l;
        list_init(&l);
        append_all(&l, "abcd");
        list_for_each(it, &l, struct item, node) {
            if (!slice_contains(slice_of(cases[i].gone), (struct slice){ &it->name, 1 }))
                continue;
            list_remove(&it->node);
            mem_free(it);
        }
        assert_names(&l, cases[i].left);
        free_all(&l);
    }
}

static void a_walk_can_be_left_and_nested(void **state) {
    struct list l;
    list_init(&l);
    append_all(&l, "abc");
    size_t pairs = 0;
    list_for_each(left, &l, struct item, node) {
        if (left->name == 'c')
            break;
        list_for_each(right, &l, struct item, node) {
            if (right->name == 'b')
                continue;
            pairs++;
        }
    }
    assert_int_equal(pairs, 4);
    free_all(&l);
}

static void items_appended_during_a_walk_are_seen_unless_at_its_end(void **state) {
    struct list l;
    list_init(&l);
    append_all(&l, "ab");
    size_t seen = 0;
    list_for_each(it, &l, struct item, node) {
        if (it->name == 'a')
            append_all(&l, "c");
        seen++;
    }
    assert_int_equal(seen, 3);
    free_all(&l);
}

static void removing_twice_is_nothing(void **state) {
    struct list l;
    list_init(&l);
    append_all(&l, "ab");
    struct item *a = list_first(&l, struct item, node);
    assert_true(list_is_linked(&a->node));
    list_remove(&a->node);
    list_remove(&a->node);
    assert_false(list_is_linked(&a->node));
    assert_names(&l, "b");
    list_append(&l, &a->node);
    assert_names(&l, "ba");
    free_all(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_list_is_empty),
        cmocka_unit_test(items_come_in_order_of_insertion),
        cmocka_unit_test(the_current_item_may_go),
        cmocka_unit_test(a_walk_can_be_left_and_nested),
        cmocka_unit_test(items_appended_during_a_walk_are_seen_unless_at_its_end),
        cmocka_unit_test(removing_twice_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
