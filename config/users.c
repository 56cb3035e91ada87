#include "config/users.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/load_file.h"

#include <string.h>

struct slice user_name(const struct user_rules *r) {
    return secret_reveal(&r->name);
}

static void rules_fini(struct user_rules *r) {
    secret_fini(&r->name);
    secret_fini(&r->rules);
}

void users_fini(struct users *u) {
    for (size_t i = 0; i < u->count; i++)
        rules_fini(&u->items[i]);
    mem_free(u->items);
    secret_fini(&u->file_text);
    *u = (struct users){ .items = NULL };
}

void users_copy(struct users *to, const struct users *from) {
    *to = (struct users){ .items = NULL };
    for (size_t i = 0; i < from->count; i++) {
        const struct user_rules *r = &from->items[i];
        struct user_rules *copy = users_set(to, user_name(r), secret_reveal(&r->rules));
        copy->line = r->line;
        copy->column = r->column;
    }
    secret_set(&to->file_text, secret_reveal(&from->file_text));
}

bool users_equal(const struct users *a, const struct users *b) {
    if (a->count != b->count || !secret_equal(&a->file_text, &b->file_text))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct user_rules *other = users_find(b, user_name(&a->items[i]));
        if (other == NULL || !secret_equal(&other->rules, &a->items[i].rules))
            return false;
    }
    return true;
}

static struct user_rules *find(const struct users *u, struct slice name) {
    for (size_t i = 0; i < u->count; i++) {
        if (slice_equal(user_name(&u->items[i]), name))
            return &u->items[i];
    }
    return NULL;
}

const struct user_rules *users_find(const struct users *u, struct slice name) {
    return find(u, name);
}

struct user_rules *users_set(struct users *u, struct slice name, struct slice rules) {
    struct user_rules *r = find(u, name);
    if (r == NULL) {
        mem_grow(&u->items, &u->capacity, u->count + 1, sizeof(u->items[0]));
        r = &u->items[u->count++];
        *r = (struct user_rules){ .line = 0 };
        secret_set(&r->name, name);
    }
    secret_set(&r->rules, rules);
    return r;
}

void users_remove(struct users *u, struct slice name) {
    struct user_rules *r = find(u, name);
    if (r == NULL)
        return;
    rules_fini(r);
    u->count--;
    size_t behind = u->count - (size_t)(r - u->items);
    memmove(r, r + 1, behind * sizeof(*r));
}

int users_read_file(struct users *u, const char *path) {
    struct slice text = SLICE_EMPTY;
    int error = load_file(path, &text);
    if (error != 0)
        return error;
    secret_set(&u->file_text, text);
    explicit_bzero((void *)(uintptr_t)text.data, text.size);
    mem_free((void *)(uintptr_t)text.data);
    return 0;
}

bool users_hold_password(const struct users *u) {
    struct slice text = secret_reveal(&u->file_text);
    return slice_contains(text, SLICE_LITERAL(" >")) || slice_contains(text, SLICE_LITERAL(" #"));
}

/* ---- as overrides in the state ---- */

#define PRESENT '=' /* before the rules: a user without rules is a user, too */

void users_write_one(const struct users *u, struct slice name, struct buf *out) {
    const struct user_rules *r = users_find(u, name);
    if (r == NULL)
        return;
    buf_add_char(out, PRESENT);
    buf_add_slice(out, secret_reveal(&r->rules));
}

void users_restore_one(struct users *u, struct slice name, struct slice text) {
    if (text.size > 0 && text.data[0] == PRESENT)
        users_set(u, name, slice_sub(text, 1, SIZE_MAX));
    else
        users_remove(u, name);
}
