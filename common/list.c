#include "common/list.h"

#include "common/ensure.h"

void list_init(struct list *l) {
    l->head.prev = l->head.next = &l->head;
}

size_t list_count(const struct list *l) {
    size_t count = 0;
    for (const struct list_node *n = l->head.next; n != &l->head; n = n->next)
        count++;
    return count;
}

static void list_insert(struct list_node *prev, struct list_node *n) {
    ensure(!list_is_linked(n));
    n->prev = prev;
    n->next = prev->next;
    n->next->prev = n;
    prev->next = n;
}

void list_append(struct list *l, struct list_node *n) {
    list_insert(l->head.prev, n);
}

void list_prepend(struct list *l, struct list_node *n) {
    list_insert(&l->head, n);
}

void list_remove(struct list_node *n) {
    if (!list_is_linked(n))
        return;
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->prev = n->next = NULL;
}
