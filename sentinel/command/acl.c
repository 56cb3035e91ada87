#include "sentinel/command/acl.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"

#include <stdlib.h>

#define STANDARD_NAME "default"

/* ---- users ---- */

void acl_add(struct acl *a, struct acl_user *u) {
    map_put(&a->users, acl_user_name(u), u);
}

/* The default user of a process without any configuration. */
static void open_standard(struct acl_user *u) {
    static const char *const rules[] = { "+@all", "~*", "&*", "on", "nopass" };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        enum acl_error error = acl_user_apply(u, slice_of(rules[i]));
        ensure(error == ACL_OK);
    }
}

void acl_init(struct acl *a, const struct acl_style *style) {
    *a = (struct acl){ .style = *style, .users = MAP_INIT };
    a->standard = acl_user_new(SLICE_LITERAL(STANDARD_NAME), style);
    open_standard(a->standard);
    acl_add(a, a->standard);
}

void acl_fini(struct acl *a) {
    map_for_each(u, &a->users, struct acl_user)
        acl_user_free(u);
    map_fini(&a->users);
    a->standard = NULL;
}

struct acl_user *acl_find(const struct acl *a, struct slice name) {
    return map_get(&a->users, name);
}

static int by_name(const void *a, const void *b) {
    const struct acl_user *const *left = a, *const *right = b;
    return slice_compare(acl_user_name(*left), acl_user_name(*right));
}

struct acl_user **acl_sorted(const struct acl *a) {
    struct acl_user **users = mem_alloc(map_count(&a->users) * sizeof(struct acl_user *));
    size_t count = 0;
    map_for_each(u, &a->users, struct acl_user)
        users[count++] = u;
    qsort(users, count, sizeof(struct acl_user *), by_name);
    return users;
}

void acl_remove(struct acl *a, struct acl_user *u) {
    ensure(u != a->standard);
    map_remove(&a->users, acl_user_name(u));
}

void acl_set_standard_password(struct acl *a, struct slice password) {
    struct buf rule = BUF_INIT;
    enum acl_error error = acl_user_apply(a->standard, SLICE_LITERAL("resetpass"));
    buf_add_char(&rule, '>');
    buf_add_slice(&rule, password);
    if (error == ACL_OK)
        error = acl_user_apply(
            a->standard, password.size > 0 ? buf_slice(&rule) : SLICE_LITERAL("nopass"));
    ensure(error == ACL_OK);
    buf_fini(&rule);
}

struct acl_change acl_change_user(struct acl_user *u, const struct slice *rules, size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum acl_error error = acl_user_apply(u, rules[i]);
        if (error != ACL_OK)
            return (struct acl_change){ .error = error, .rule = rules[i] };
    }
    return (struct acl_change){ .error = ACL_OK };
}

/* ---- rules in several words ---- */

static bool opens(struct slice word) {
    return word.size > 0 && word.data[0] == '(' && word.data[word.size - 1] != ')';
}

static bool closes(struct slice word) {
    return word.size > 0 && word.data[word.size - 1] == ')';
}

bool acl_join_rules(const struct slice *words, size_t count, struct slice **ret_rules,
    size_t *ret_count, size_t *ret_open) {
    struct slice *rules = mem_alloc((count + 1) * sizeof(rules[0]));
    struct buf open = BUF_INIT;
    size_t rule_count = 0, opened_at = 0;
    bool is_open = false;
    for (size_t i = 0; i < count; i++) {
        if (opens(words[i]))
            opened_at = i;
        if (is_open)
            buf_add_char(&open, ' ');
        is_open = is_open || opens(words[i]);
        buf_add_slice(&open, words[i]);
        if (is_open && !closes(words[i]))
            continue;
        rules[rule_count++] = (struct slice){ slice_dup(buf_slice(&open)), buf_size(&open) };
        buf_clear(&open);
        is_open = false;
    }
    buf_fini(&open);
    if (is_open) {
        acl_rules_free(rules, rule_count);
        *ret_open = opened_at;
        return false;
    }
    *ret_rules = rules;
    *ret_count = rule_count;
    return true;
}

/* ret_words: owned (mem_free), borrowing from the text. */
static size_t split(struct slice text, struct slice **ret_words) {
    size_t count = 0, capacity = 0;
    struct slice *words = NULL;
    while (text.data != NULL) {
        mem_grow(&words, &capacity, count + 1, sizeof(words[0]));
        words[count++] = slice_cut(&text, ' ');
    }
    *ret_words = words;
    return count;
}

bool acl_split_rules(
    struct slice text, struct slice **ret_rules, size_t *ret_count, struct slice *ret_open) {
    struct slice *words = NULL;
    size_t open = 0, count = split(text, &words);
    bool closed = acl_join_rules(words, count, ret_rules, ret_count, &open);
    if (!closed)
        *ret_open = words[open];
    mem_free(words);
    return closed;
}

void acl_rules_free(struct slice *rules, size_t count) {
    for (size_t i = 0; i < count; i++)
        mem_free((void *)(uintptr_t)rules[i].data);
    mem_free(rules);
}

/* ---- lines ---- */

/* A line on its way into a user. */
struct reading {
    struct acl *acl;
    const char *place;
    size_t line;
    bool has_standard; /* a line before was about the default user */
    struct buf *why;
};

/* Commands that are not known here are all told; of the rest only what comes first, since the
 * others may follow from it. Passwords are among the rest. */
static void apply_rules(
    const struct reading *r, struct acl_user *u, const struct slice *rules, size_t count) {
    bool told = false;
    for (size_t i = 0; i < count; i++) {
        enum acl_error error = acl_user_apply(u, slice_trim(rules[i]));
        if (error == ACL_E_UNKNOWN) {
            buf_printf(r->why, "%s:%zu: Error in applying operation '" SLICE_FMT "': %s. ",
                r->place, r->line, SLICE_ARG(rules[i]), acl_error_text(error));
        } else if (error != ACL_OK && !told) {
            buf_printf(r->why, "%s:%zu: %s. ", r->place, r->line, acl_error_text(error));
            told = true;
        }
    }
}

static void read_rules(
    const struct reading *r, struct acl_user *u, const struct slice *words, size_t count) {
    struct slice *rules = NULL;
    size_t rule_count = 0, open = 0;
    if (acl_join_rules(words, count, &rules, &rule_count, &open)) {
        apply_rules(r, u, rules, rule_count);
        acl_rules_free(rules, rule_count);
    } else {
        buf_printf(
            r->why, "%s:%zu: Unmatched parenthesis in selector definition. ", r->place, r->line);
    }
}

/* The user whom a line is about, without any right; NULL after saying why it cannot be. */
static struct acl_user *begin_user(struct reading *r, struct slice name) {
    if (!acl_user_name_is_valid(name)) {
        buf_printf(r->why, "'%s:%zu: username '" SLICE_FMT "' contains invalid characters. ",
            r->place, r->line, SLICE_ARG(name));
        return NULL;
    }
    struct acl_user *u = acl_find(r->acl, name);
    if (u == NULL) {
        u = acl_user_new(name, &r->acl->style);
        acl_add(r->acl, u);
        return u;
    }
    if (u == r->acl->standard && !r->has_standard) {
        r->has_standard = true;
        acl_user_reset(u);
        return u;
    }
    buf_printf(r->why, "WARNING: Duplicate user '" SLICE_FMT "' found on line %zu. ",
        SLICE_ARG(name), r->line);
    return NULL;
}

static void read_line(struct reading *r, struct slice line) {
    struct slice *words = NULL;
    size_t count = split(line, &words);
    if (count >= 2 && slice_is(words[0], "user")) {
        struct acl_user *u = begin_user(r, words[1]);
        if (u != NULL)
            read_rules(r, u, words + 2, count - 2);
    } else {
        buf_printf(r->why, "%s:%zu should start with user keyword followed by the username. ",
            r->place, r->line);
    }
    mem_free(words);
}

bool acl_read(struct acl *a, const char *place, struct slice text, struct buf *why) {
    struct reading r = { .acl = a, .place = place, .why = why };
    size_t before = buf_size(why);
    while (text.size > 0) {
        struct slice line = slice_trim(slice_cut(&text, '\n'));
        r.line++;
        if (line.size > 0)
            read_line(&r, line);
        if (map_count(&a->users) > ACL_USERS_MAX) {
            buf_printf(why, "%s:%zu: more than %d users. ", place, r.line, ACL_USERS_MAX);
            break;
        }
    }
    if (buf_size(why) == before)
        return true;
    buf_add_text(why,
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
    return false;
}

void acl_print_user(const struct acl_user *u, struct buf *out) {
    buf_add_text(out, "user ");
    buf_add_slice(out, acl_user_name(u));
    buf_add_char(out, ' ');
    acl_user_print(u, out);
}

void acl_print(const struct acl *a, struct buf *out) {
    struct acl_user **users = acl_sorted(a);
    for (size_t i = 0; i < map_count(&a->users); i++) {
        acl_print_user(users[i], out);
        buf_add_char(out, '\n');
    }
    mem_free(users);
}
