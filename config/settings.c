#include "config/settings.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "config/option.h"
#include "config/value.h"

#include <string.h>

bool group_name_is_valid(struct slice name) {
    if (name.size == 0 || name.size >= GROUP_NAME_MAX || value_has_control(name))
        return false;
    return memchr(name.data, ' ', name.size) == NULL && memchr(name.data, ',', name.size) == NULL;
}

void group_settings_init(struct group_settings *g) {
    *g = (struct group_settings){ .name = "" };
    option_set_standards(OPTION_GROUP, g);
}

void group_settings_fini(struct group_settings *g) {
    option_fini_owned(OPTION_GROUP, g);
    mem_free(g->renames);
    *g = (struct group_settings){ .name = "" };
}

void group_settings_copy(struct group_settings *to, const struct group_settings *from) {
    *to = *from;
    option_copy_owned(OPTION_GROUP, to);
    to->renames = NULL;
    if (from->renames != NULL)
        to->renames = mem_dup(from->renames, RENAMES_MAX * sizeof(from->renames[0]));
}

bool group_settings_equal(const struct group_settings *a, const struct group_settings *b) {
    if (strcmp(a->name, b->name) != 0)
        return false;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_GROUP && !option_equal(o, a, b))
            return false;
    }
    return true;
}

const char *group_settings_command(const struct group_settings *g, const char *command) {
    for (size_t i = 0; i < g->rename_count; i++) {
        if (strcmp(g->renames[i].command, command) == 0)
            return g->renames[i].name;
    }
    return command;
}

bool group_settings_rename(struct group_settings *g, const struct rename *r) {
    size_t at = 0;
    while (at < g->rename_count && strcmp(g->renames[at].command, r->command) < 0)
        at++;
    bool known = at < g->rename_count && strcmp(g->renames[at].command, r->command) == 0;
    size_t behind = g->rename_count - at - (known ? 1 : 0);

    if (slice_equal_nocase(slice_of(r->command), slice_of(r->name))) {
        if (known) {
            memmove(&g->renames[at], &g->renames[at + 1], behind * sizeof(g->renames[0]));
            g->rename_count--;
        }
        return true;
    }
    if (!known) {
        if (g->rename_count == RENAMES_MAX)
            return false;
        if (g->renames == NULL)
            g->renames = mem_alloc(RENAMES_MAX * sizeof(g->renames[0]));
        memmove(&g->renames[at + 1], &g->renames[at], behind * sizeof(g->renames[0]));
        g->rename_count++;
    }
    g->renames[at] = *r;
    return true;
}

void settings_init(struct settings *s) {
    *s = (struct settings){ .groups = NULL };
    option_set_standards(OPTION_PROCESS, s);
    /* As the row of `listen` says. A system without IPv6 serves IPv4 alone. */
    bool made = endpoint_make(SLICE_LITERAL("0.0.0.0"), LISTEN_PORT, &s->listen.at[0]);
    ensure(made);
    made = endpoint_make(SLICE_LITERAL("::"), LISTEN_PORT, &s->listen.at[1]);
    ensure(made);
    s->listen.optional[1] = true;
    s->listen.count = 2;
}

void settings_fini(struct settings *s) {
    for (size_t i = 0; i < s->group_count; i++)
        group_settings_fini(&s->groups[i]);
    mem_free(s->groups);
    option_fini_owned(OPTION_PROCESS, s);
    *s = (struct settings){ .groups = NULL };
}

void settings_copy_process(struct settings *to, const struct settings *from) {
    struct settings old = *to;
    *to = *from;
    option_copy_owned(OPTION_PROCESS, to);
    to->groups = old.groups;
    to->group_count = old.group_count;
    to->group_capacity = old.group_capacity;
    option_fini_owned(OPTION_PROCESS, &old);
}

struct group_settings *settings_add_group(struct settings *s) {
    ensure(s->group_count < GROUPS_MAX);
    mem_grow(&s->groups, &s->group_capacity, s->group_count + 1, sizeof(s->groups[0]));
    struct group_settings *g = &s->groups[s->group_count++];
    group_settings_init(g);
    return g;
}

uint16_t settings_announced_port(const struct settings *s) {
    bool is_tls = s->tls.listen.count > 0 && (s->tls.links || s->listen.count == 0);
    const struct listen *l = is_tls ? &s->tls.listen : &s->listen;
    return l->count > 0 ? l->at[0].port : 0;
}

const struct group_settings *settings_group(const struct settings *s, struct slice name) {
    for (size_t i = 0; i < s->group_count; i++) {
        if (slice_is(name, s->groups[i].name))
            return &s->groups[i];
    }
    return NULL;
}
