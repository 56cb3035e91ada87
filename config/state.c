#include "config/state.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "common/secret.h"
#include "config/option.h"

#include <stdlib.h>
#include <string.h>

#define ABSENT SIZE_MAX

static void forget_text(char *text) {
    if (text == NULL)
        return;
    /* It may be a password. */
    explicit_bzero(text, strlen(text));
    mem_free(text);
}

static void override_fini(struct override_record *o) {
    mem_free(o->option);
    forget_text(o->value);
    forget_text(o->file_value);
}

static void overrides_fini(struct overrides *list) {
    for (size_t i = 0; i < list->count; i++)
        override_fini(&list->items[i]);
    mem_free(list->items);
    *list = (struct overrides){ .items = NULL };
}

static void group_empty(struct group_state *g) {
    mem_free(g->replicas);
    mem_free(g->peers);
    overrides_fini(&g->overrides);
    g->replicas = NULL;
    g->replica_count = g->replica_capacity = 0;
    g->peers = NULL;
    g->peer_count = g->peer_capacity = 0;
}

static void group_free(struct group_state *g) {
    group_empty(g);
    mem_free(g->heard);
    mem_free(g);
}

bool id_is_plausible(struct slice id) {
    for (size_t i = 0; i < id.size; i++) {
        if (id.data[i] < '!' || id.data[i] > '~' || id.data[i] == ',')
            return false;
    }
    return id.size > 0 && id.size <= ID_LENGTH;
}

void state_init(struct state *s) {
    *s = (struct state){ .groups = MAP_INIT };
}

void state_fini(struct state *s) {
    map_for_each(g, &s->groups, struct group_state)
        group_free(g);
    map_fini(&s->groups);
    overrides_fini(&s->overrides);
    *s = (struct state){ .groups = MAP_INIT };
}

struct group_state *state_group(const struct state *s, struct slice name) {
    return map_get(&s->groups, name);
}

/* ---- lists; each find gives ABSENT where there is none ---- */

static size_t find_replica(const struct group_state *g, const struct endpoint *address) {
    for (size_t i = 0; i < g->replica_count; i++) {
        if (endpoint_equal(&g->replicas[i], address))
            return i;
    }
    return ABSENT;
}

static size_t find_peer(const struct group_state *g, struct slice id) {
    for (size_t i = 0; i < g->peer_count; i++) {
        if (slice_is(id, g->peers[i].id))
            return i;
    }
    return ABSENT;
}

static size_t find_heard(const struct group_state *g, struct slice id) {
    for (size_t i = 0; i < g->heard_count; i++) {
        if (slice_is(id, g->heard[i].id))
            return i;
    }
    return ABSENT;
}

static size_t find_override(const struct overrides *list, struct slice option) {
    for (size_t i = 0; i < list->count; i++) {
        if (slice_is(option, list->items[i].option))
            return i;
    }
    return ABSENT;
}

/* Takes item `at` out of an array; the order of the others stays. */
static void cut_item(void *array, size_t *count, size_t at, size_t item_size) {
    char *items = array;
    (*count)--;
    memmove(items + at * item_size, items + (at + 1) * item_size, (*count - at) * item_size);
}

static void put_replica(struct group_state *g, const struct endpoint *address) {
    if (find_replica(g, address) != ABSENT)
        return;
    mem_grow(&g->replicas, &g->replica_capacity, g->replica_count + 1, sizeof(g->replicas[0]));
    g->replicas[g->replica_count++] = *address;
}

static void put_peer(struct group_state *g, struct slice id, const struct endpoint *address) {
    ensure(id.size <= ID_LENGTH);
    size_t at = find_peer(g, id);
    if (at == ABSENT) {
        mem_grow(&g->peers, &g->peer_capacity, g->peer_count + 1, sizeof(g->peers[0]));
        at = g->peer_count++;
        g->peers[at] = (struct peer_record){ .id = "" };
        slice_copy(id, g->peers[at].id, sizeof(g->peers[at].id));
    }
    g->peers[at].address = *address;
}

static void put_heard(struct group_state *g, struct slice id, uint64_t counter) {
    ensure(id.size <= ID_LENGTH);
    size_t at = find_heard(g, id);
    if (at == ABSENT) {
        mem_grow(&g->heard, &g->heard_capacity, g->heard_count + 1, sizeof(g->heard[0]));
        at = g->heard_count++;
        g->heard[at] = (struct heard_record){ .id = "" };
        slice_copy(id, g->heard[at].id, sizeof(g->heard[at].id));
    }
    g->heard[at].counter = MAX_OF(g->heard[at].counter, counter);
}

static void put_override(struct overrides *list, const struct delta *d) {
    struct override_record record = {
        .option = slice_dup(d->option),
        .value = slice_dup(d->value),
        .file_value = slice_dup(d->file_value),
    };
    size_t at = find_override(list, d->option);
    if (at == ABSENT) {
        mem_grow(&list->items, &list->capacity, list->count + 1, sizeof(list->items[0]));
        at = list->count++;
    } else {
        override_fini(&list->items[at]);
    }
    list->items[at] = record;
}

static void drop_override(struct overrides *list, struct slice option) {
    size_t at = find_override(list, option);
    if (at == ABSENT)
        return;
    override_fini(&list->items[at]);
    cut_item(list->items, &list->count, at, sizeof(list->items[0]));
}

/* ---- deltas ---- */

static bool delta_is_of_process(const struct delta *d) {
    return d->group.size == 0 && (d->kind == DELTA_OVERRIDE || d->kind == DELTA_OVERRIDE_GONE);
}

static void put_group(struct state *s, struct slice name, const struct group_record *record) {
    struct group_state *g = state_group(s, name);
    if (g == NULL) {
        ensure(name.size < GROUP_NAME_MAX);
        g = mem_new(struct group_state);
        slice_copy(name, g->name, sizeof(g->name));
        map_put(&s->groups, name, g);
    }
    g->record = *record;
}

static void apply_to_group(struct group_state *g, const struct delta *d) {
    size_t at;
    switch (d->kind) {
    case DELTA_GROUP_EMPTY:
        group_empty(g);
        break;
    case DELTA_REPLICA:
        put_replica(g, &d->address);
        break;
    case DELTA_REPLICA_GONE:
        at = find_replica(g, &d->address);
        if (at != ABSENT)
            cut_item(g->replicas, &g->replica_count, at, sizeof(g->replicas[0]));
        break;
    case DELTA_PEER:
        put_peer(g, d->id, &d->address);
        break;
    case DELTA_PEER_GONE:
        at = find_peer(g, d->id);
        if (at != ABSENT)
            cut_item(g->peers, &g->peer_count, at, sizeof(g->peers[0]));
        break;
    case DELTA_OVERRIDE:
        put_override(&g->overrides, d);
        break;
    case DELTA_OVERRIDE_GONE:
        drop_override(&g->overrides, d->option);
        break;
    case DELTA_COUNTER:
        put_heard(g, d->id, d->counter);
        break;
    case DELTA_LISTING:
    case DELTA_EPOCH:
    case DELTA_GROUP:
    case DELTA_GROUP_FORGET:
        break; /* not below a group */
    }
}

void state_apply(struct state *s, const struct delta *d) {
    if (d->kind == DELTA_LISTING) {
        slice_copy(d->value, s->listing, sizeof(s->listing));
        return;
    }
    if (d->kind == DELTA_EPOCH) {
        s->current_epoch = d->epoch;
        return;
    }
    if (d->kind == DELTA_COUNTER && d->group.size == 0) {
        s->hello_counter = d->counter;
        return;
    }
    if (d->kind == DELTA_GROUP) {
        put_group(s, d->group, &d->record);
        return;
    }
    if (delta_is_of_process(d)) {
        if (d->kind == DELTA_OVERRIDE)
            put_override(&s->overrides, d);
        else
            drop_override(&s->overrides, d->option);
        return;
    }
    struct group_state *g = state_group(s, d->group);
    if (g == NULL)
        return;
    if (d->kind == DELTA_GROUP_FORGET) {
        map_remove(&s->groups, d->group);
        group_free(g);
        return;
    }
    apply_to_group(g, d);
}

static void override_deltas(const struct overrides *list, struct slice group,
    void (*visit)(const struct delta *d, void *context), void *context) {
    for (size_t i = 0; i < list->count; i++) {
        const struct override_record *o = &list->items[i];
        struct delta d = {
            .kind = DELTA_OVERRIDE,
            .group = group,
            .option = slice_of(o->option),
            .value = slice_of(o->value),
            .file_value = slice_of(o->file_value),
        };
        visit(&d, context);
    }
}

static void group_deltas(const struct group_state *g,
    void (*visit)(const struct delta *d, void *context), void *context) {
    struct slice name = slice_of(g->name);
    visit(&(struct delta){ .kind = DELTA_GROUP, .group = name, .record = g->record }, context);
    for (size_t i = 0; i < g->replica_count; i++)
        visit(&(struct delta){ .kind = DELTA_REPLICA, .group = name, .address = g->replicas[i] },
            context);
    for (size_t i = 0; i < g->peer_count; i++) {
        const struct peer_record *p = &g->peers[i];
        visit(
            &(struct delta){
                .kind = DELTA_PEER,
                .group = name,
                .id = slice_of(p->id),
                .address = p->address,
            },
            context);
    }
    for (size_t i = 0; i < g->heard_count; i++) {
        const struct heard_record *h = &g->heard[i];
        visit(&(struct delta){ .kind = DELTA_COUNTER,
                  .group = name,
                  .id = slice_of(h->id),
                  .counter = h->counter },
            context);
    }
    override_deltas(&g->overrides, name, visit, context);
}

void state_deltas(
    const struct state *s, void (*visit)(const struct delta *d, void *context), void *context) {
    visit(&(struct delta){ .kind = DELTA_EPOCH, .epoch = s->current_epoch }, context);
    if (s->listing[0] != '\0')
        visit(&(struct delta){ .kind = DELTA_LISTING, .value = slice_of(s->listing) }, context);
    if (s->hello_counter != 0)
        visit(&(struct delta){ .kind = DELTA_COUNTER, .counter = s->hello_counter }, context);
    override_deltas(&s->overrides, SLICE_EMPTY, visit, context);
    map_for_each(g, &s->groups, struct group_state)
        group_deltas(g, visit, context);
}

static void apply_visited(const struct delta *d, void *context) {
    state_apply(context, d);
}

void state_copy(struct state *to, const struct state *from) {
    state_fini(to);
    memcpy(to->id, from->id, sizeof(to->id));
    state_deltas(from, apply_visited, to);
}

/* ---- comparing ---- */

static int compare_lines(const void *left, const void *right) {
    return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

/* A line for each replica and peer. */
static void list_all(const struct state *s, struct buf *out) {
    map_for_each(g, &s->groups, struct group_state) {
        for (size_t i = 0; i < g->replica_count; i++) {
            buf_printf(out, "%s ", g->name);
            endpoint_print(&g->replicas[i], out);
            buf_add_char(out, '\n');
        }
        for (size_t i = 0; i < g->peer_count; i++) {
            buf_printf(out, "%s %s ", g->name, g->peers[i].id);
            endpoint_print(&g->peers[i].address, out);
            buf_add_char(out, '\n');
        }
    }
}

void state_listing(const struct state *s, char ret_hex[static DIGEST_HEX_SIZE]) {
    struct buf text = BUF_INIT, sorted = BUF_INIT;
    struct slice *lines = NULL;
    size_t count = 0, capacity = 0;
    list_all(s, &text);
    for (struct slice rest = buf_slice(&text); rest.size > 0;) {
        mem_grow(&lines, &capacity, count + 1, sizeof(lines[0]));
        lines[count++] = slice_cut(&rest, '\n');
    }
    if (count > 0)
        qsort(lines, count, sizeof(lines[0]), compare_lines);
    for (size_t i = 0; i < count; i++) {
        buf_add_slice(&sorted, lines[i]);
        buf_add_char(&sorted, '\n');
    }
    digest_hex(buf_slice(&sorted), ret_hex);
    mem_free(lines);
    buf_fini(&text);
    buf_fini(&sorted);
}

static bool records_equal(const struct group_record *a, const struct group_record *b) {
    return a->origin == b->origin && endpoint_equal(&a->master, &b->master) &&
        endpoint_equal(&a->seed, &b->seed) && a->config_epoch == b->config_epoch &&
        a->vote_epoch == b->vote_epoch && strcmp(a->vote_for, b->vote_for) == 0 &&
        strcmp(a->section, b->section) == 0;
}

static bool overrides_equal(const struct overrides *a, const struct overrides *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct override_record *record = &a->items[i];
        size_t at = find_override(b, slice_of(record->option));
        if (at == ABSENT || strcmp(record->value, b->items[at].value) != 0 ||
            strcmp(record->file_value, b->items[at].file_value) != 0)
            return false;
    }
    return true;
}

static bool groups_equal(const struct group_state *a, const struct group_state *b) {
    if (!records_equal(&a->record, &b->record) || a->replica_count != b->replica_count ||
        a->peer_count != b->peer_count || a->heard_count != b->heard_count ||
        !overrides_equal(&a->overrides, &b->overrides))
        return false;

    for (size_t i = 0; i < a->replica_count; i++) {
        if (find_replica(b, &a->replicas[i]) == ABSENT)
            return false;
    }
    for (size_t i = 0; i < a->peer_count; i++) {
        size_t at = find_peer(b, slice_of(a->peers[i].id));
        if (at == ABSENT || !endpoint_equal(&a->peers[i].address, &b->peers[at].address))
            return false;
    }
    for (size_t i = 0; i < a->heard_count; i++) {
        size_t at = find_heard(b, slice_of(a->heard[i].id));
        if (at == ABSENT || a->heard[i].counter != b->heard[at].counter)
            return false;
    }
    return true;
}

bool state_equal(const struct state *a, const struct state *b) {
    if (strcmp(a->id, b->id) != 0 || strcmp(a->listing, b->listing) != 0 ||
        a->current_epoch != b->current_epoch || a->hello_counter != b->hello_counter ||
        map_count(&a->groups) != map_count(&b->groups) ||
        !overrides_equal(&a->overrides, &b->overrides))
        return false;
    map_for_each(g, &a->groups, struct group_state) {
        const struct group_state *other = state_group(b, slice_of(g->name));
        if (other == NULL || !groups_equal(g, other))
            return false;
    }
    return true;
}

/* ---- traces ---- */

static const char *const delta_names[] = {
    [DELTA_EPOCH] = "epoch",
    [DELTA_GROUP] = "group",
    [DELTA_GROUP_FORGET] = "group-forget",
    [DELTA_GROUP_EMPTY] = "group-empty",
    [DELTA_REPLICA] = "replica",
    [DELTA_REPLICA_GONE] = "replica-gone",
    [DELTA_PEER] = "peer",
    [DELTA_PEER_GONE] = "peer-gone",
    [DELTA_OVERRIDE] = "override",
    [DELTA_OVERRIDE_GONE] = "override-gone",
    [DELTA_LISTING] = "listing",
    [DELTA_COUNTER] = "counter",
};

static const char *const origin_names[] = {
    [GROUP_FROM_FILE] = "file",
    [GROUP_FROM_RUNTIME] = "runtime",
    [GROUP_REMOVED] = "removed",
};

static void print_record(const struct group_record *r, struct buf *out) {
    buf_printf(out, " origin=%s master=", origin_names[r->origin]);
    endpoint_print(&r->master, out);
    buf_add_text(out, " seed=");
    endpoint_print(&r->seed, out);
    buf_printf(out,
        " config-epoch=%llu vote-epoch=%llu vote-for=", (unsigned long long)r->config_epoch,
        (unsigned long long)r->vote_epoch);
    buf_add_escaped(out, slice_of(r->vote_for));
    if (r->section[0] != '\0')
        buf_printf(out, " section=%.8s", r->section);
}

/* An option that we do not know may have been a password. */
static bool is_secret(const struct delta *d) {
    enum option_scope scope = delta_is_of_process(d) ? OPTION_PROCESS : OPTION_GROUP;
    const struct option *o = option_by_key(scope, d->option);
    return o == NULL || o->type == OPTION_TYPE_SECRET;
}

static void print_value(const struct delta *d, struct slice value, struct buf *out) {
    if (is_secret(d) && value.size > 0)
        buf_add_text(out, SECRET_STARS);
    else
        buf_add_escaped(out, value);
}

void delta_print(const struct delta *d, struct buf *out) {
    buf_add_text(out, delta_names[d->kind]);
    if (d->kind == DELTA_EPOCH) {
        buf_add_char(out, ' ');
        buf_add_u64(out, d->epoch);
        return;
    }
    buf_add_char(out, ' ');
    if (d->kind == DELTA_LISTING) {
        buf_add_escaped(out, d->value);
        return;
    }
    if (delta_is_of_process(d) || (d->kind == DELTA_COUNTER && d->group.size == 0))
        buf_add_text(out, "#process");
    else
        buf_add_escaped(out, d->group);

    switch (d->kind) {
    case DELTA_GROUP:
        print_record(&d->record, out);
        break;
    case DELTA_PEER:
    case DELTA_PEER_GONE:
        buf_add_char(out, ' ');
        buf_add_escaped(out, d->id);
        if (d->kind == DELTA_PEER_GONE)
            break;
        buf_add_char(out, ' ');
        endpoint_print(&d->address, out);
        break;
    case DELTA_COUNTER:
        if (d->group.size > 0) {
            buf_add_char(out, ' ');
            buf_add_escaped(out, d->id);
        }
        buf_printf(out, " %llu", (unsigned long long)d->counter);
        break;
    case DELTA_REPLICA:
    case DELTA_REPLICA_GONE:
        buf_add_char(out, ' ');
        endpoint_print(&d->address, out);
        break;
    case DELTA_OVERRIDE:
    case DELTA_OVERRIDE_GONE:
        buf_add_char(out, ' ');
        buf_add_escaped(out, d->option);
        if (d->kind == DELTA_OVERRIDE_GONE)
            break;
        buf_add_char(out, ' ');
        print_value(d, d->value, out);
        buf_add_text(out, " file=");
        print_value(d, d->file_value, out);
        break;
    case DELTA_EPOCH:
    case DELTA_LISTING:
    case DELTA_GROUP_FORGET:
    case DELTA_GROUP_EMPTY:
        break;
    }
}
