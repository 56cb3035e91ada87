#include "sentinel/command/acl_log.h"

#include "common/mem.h"
#include "common/tstamp.h"

#include <string.h>

#define GROUPING_MS    (60 * 1000) /* refusals further apart are told apart */
#define GROUPING_DEPTH 10          /* entries that are looked at for an equal one */

const char *acl_reason_name(enum acl_reason reason) {
    switch (reason) {
    case ACL_REASON_COMMAND:
        return "command";
    case ACL_REASON_CHANNEL:
        return "channel";
    case ACL_REASON_AUTH:
        return "auth";
    }
    return "";
}

static void entry_fini(struct acl_log_entry *e) {
    mem_free(e->object);
    mem_free(e->user);
    mem_free(e->client);
}

void acl_log_clear(struct acl_log *l) {
    for (size_t i = 0; i < l->count; i++)
        entry_fini(&l->entries[i]);
    l->count = 0;
}

void acl_log_fini(struct acl_log *l) {
    acl_log_clear(l);
    mem_free(l->entries);
    *l = (struct acl_log){ .entries = NULL };
}

static struct slice cut(struct slice text) {
    return slice_sub(text, 0, ACL_LOG_TEXT_MAX);
}

static bool is_equal(
    const struct acl_log_entry *e, const struct acl_refusal *r, const struct now *now) {
    struct slice object = { e->object, e->object_size }, user = { e->user, e->user_size };
    return e->reason == r->reason && tstamp_age(now->mono_ms, e->at_ms) <= GROUPING_MS &&
        slice_equal(object, cut(r->object)) && slice_equal(user, cut(r->user));
}

static struct acl_log_entry new_entry(
    struct acl_log *l, const struct acl_refusal *r, const struct now *now) {
    return (struct acl_log_entry){
        .id = l->next_id++,
        .reason = r->reason,
        .object = slice_dup(cut(r->object)),
        .object_size = cut(r->object).size,
        .user = slice_dup(cut(r->user)),
        .user_size = cut(r->user).size,
        .created_wall_ms = now->wall_ms,
    };
}

/* Takes the entry at `at` out of the list. */
static struct acl_log_entry take(struct acl_log *l, size_t at) {
    struct acl_log_entry e = l->entries[at];
    l->count--;
    memmove(&l->entries[at], &l->entries[at + 1], (l->count - at) * sizeof(l->entries[0]));
    return e;
}

static size_t find_equal(
    const struct acl_log *l, const struct acl_refusal *r, const struct now *now) {
    for (size_t i = 0; i < MIN_OF(l->count, (size_t)GROUPING_DEPTH); i++) {
        if (is_equal(&l->entries[l->count - 1 - i], r, now))
            return l->count - 1 - i;
    }
    return SIZE_MAX;
}

void acl_log_add(
    struct acl_log *l, const struct acl_refusal *refusal, const struct now *now, size_t max) {
    size_t equal = find_equal(l, refusal, now);
    struct acl_log_entry e = equal != SIZE_MAX ? take(l, equal) : new_entry(l, refusal, now);
    e.count++;
    e.at_ms = now->mono_ms;
    e.updated_wall_ms = now->wall_ms;
    mem_free(e.client);
    e.client = slice_dup(refusal->client);
    e.client_size = refusal->client.size;

    mem_grow(&l->entries, &l->capacity, l->count + 1, sizeof(l->entries[0]));
    l->entries[l->count++] = e;
    while (l->count > max) {
        struct acl_log_entry oldest = take(l, 0);
        entry_fini(&oldest);
    }
}
