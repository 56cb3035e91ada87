/* Intrusive doubly linked list with a sentinel head, walked in insertion order. Owns nothing. */
#pragma once

#include "common/base.h"

struct list_node {
    struct list_node *prev, *next; /* both NULL while in no list */
};

struct list {
    struct list_node head; /* head.next is the first item */
};

void list_init(struct list *l);
size_t list_count(const struct list *l); /* walks */
void list_append(struct list *l, struct list_node *n);
void list_prepend(struct list *l, struct list_node *n);
void list_remove(struct list_node *n); /* nothing if in no list */

static inline bool list_is_empty(const struct list *l) {
    return l->head.next == &l->head;
}

static inline bool list_is_linked(const struct list_node *n) {
    return n->next != NULL;
}

/* The item at *next, whose node lies `offset` bytes into it, or NULL at the end; moves *next on.
 * For the macro below, which must not make an item out of the head: there is none around it. */
static inline void *list_step(const struct list *l, struct list_node **next, size_t offset) {
    struct list_node *n = *next;
    if (n == &l->head)
        return NULL;
    *next = n->next;
    return (char *)n - offset;
}

/* `item` walks the list; the current item may be removed and freed by the body, the one after it
 * may not. `type *` is declared by the macro. */
#define list_for_each(item, l, type, member) \
    for (struct list_node *item##_next = (l)->head.next, *item##_once = item##_next; \
         item##_once != NULL; item##_once = NULL) \
        for (type *item = list_step((l), &item##_next, offsetof(type, member)); item != NULL; \
             item = list_step((l), &item##_next, offsetof(type, member)))

/* First item or NULL. */
#define list_first(l, type, member) \
    (list_is_empty(l) ? NULL : container_of((l)->head.next, type, member))
