#include "sentinel/core/resolve.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/crash.h"
#include "sentinel/core/event.h"
#include "sentinel/core/heard.h"
#include "sentinel/core/input.h"

#include <string.h>

#define FULL_TOLD_MS (60 * 1000)

void resolve_init(struct core *c) {
    list_init(&c->resolve.idle);
    c->resolve.is_on = c->settings.resolve_hostnames;
}

static void stop_idling(struct core *c, struct host_name *n) {
    if (!list_is_linked(&n->idle))
        return;
    list_remove(&n->idle);
    c->resolve.idle_count--;
}

static void name_free(struct core *c, struct host_name *n) {
    stop_idling(c, n);
    map_remove(&c->resolve.names, slice_of(n->host));
    heap_remove(&c->resolve.due, &n->due);
    mem_free(n);
}

void resolve_fini(struct core *c) {
    map_for_each(n, &c->resolve.names, struct host_name) {
        heard_drop(c, n);
        name_free(c, n);
    }
    map_fini(&c->resolve.names);
    heap_fini(&c->resolve.due);
}

/* ---- the names ---- */

static struct slice key_of(struct slice host, char text[static ENDPOINT_HOST_MAX]) {
    slice_copy(host, text, ENDPOINT_HOST_MAX);
    for (char *at = text; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return slice_of(text);
}

struct host_name *resolve_find(const struct core *c, struct slice host) {
    char text[ENDPOINT_HOST_MAX];
    return map_get(&c->resolve.names, key_of(host, text));
}

static bool is_idle(const struct host_name *n) {
    return list_is_empty(&n->users) && list_is_empty(&n->heard);
}

static void begin_idling(struct core *c, struct host_name *n) {
    if (!is_idle(n) || list_is_linked(&n->idle))
        return;
    list_append(&c->resolve.idle, &n->idle);
    c->resolve.idle_count++;
}

/* Makes room for one more name that nothing known uses; one whose answer is on its way stays. */
static bool make_room(struct core *c) {
    if (c->resolve.idle_count < RESOLVE_IDLE_MAX)
        return true;
    list_for_each(n, &c->resolve.idle, struct host_name, idle) {
        if (n->is_asked)
            continue;
        name_free(c, n);
        return true;
    }
    return false;
}

static struct host_name *name_new(struct core *c, struct slice host) {
    struct host_name *n = mem_new(struct host_name);
    (void)key_of(host, n->host);
    n->wait_ms = RESOLVE_FIRST_MS;
    n->due.at_ms = TSTAMP_NEVER;
    list_init(&n->users);
    list_init(&n->heard);
    map_put(&c->resolve.names, slice_of(n->host), n);
    begin_idling(c, n);
    return n;
}

static void ask(struct core *c, struct host_name *n) {
    if (!c->resolve.is_on || n->is_asked)
        return;
    n->is_asked = true;
    n->asked_ms = c->now.mono_ms;
    n->asked_incarnation = c->next_incarnation;
    heap_remove(&c->resolve.due, &n->due);
    effects_add(c->out, EFFECT_RESOLVE)->text = effects_copy(c->out, slice_of(n->host));
}

/* Asks now, or as soon as the pause since the last question is over. */
static void ask_in_time(struct core *c, struct host_name *n) {
    if (!c->resolve.is_on || n->is_asked)
        return;
    if (n->asked_ms == 0 || c->now.mono_ms >= n->answered_ms + n->wait_ms)
        ask(c, n);
    else
        heap_set(&c->resolve.due, &n->due, n->answered_ms + n->wait_ms);
}

/* ---- servers and peers ---- */

static struct address *address_of_user(const struct name_user *u) {
    ensure(u->node != NULL || u->process != NULL);
    return u->node != NULL ? &u->node->address : &u->process->address;
}

static bool is_connected(const struct name_user *u) {
    if (u->process != NULL)
        return u->process->link.state == LINK_OPEN;
    return u->node->command.state == LINK_OPEN && u->node->pubsub.state == LINK_OPEN;
}

void resolve_use(
    struct core *c, struct name_user *u, const struct endpoint *given, struct address *address) {
    *address = address_of(given);
    if (!address_is_named(address))
        return;
    struct host_name *n = resolve_find(c, slice_of(given->host));
    if (n == NULL)
        n = name_new(c, slice_of(given->host));
    stop_idling(c, n);
    list_append(&n->users, &u->of_name);
    u->name = n;
    memcpy(address->ip, n->ip, sizeof(address->ip));
    if (!c->resolve.is_on)
        core_log(c, LOG_WARNING, "host name %s is not resolved: resolve-hostnames is no", n->host);
    if (n->ip[0] == '\0' || n->is_hearsay)
        ask_in_time(c, n);
}

void resolve_release(struct core *c, struct name_user *u) {
    if (u->name == NULL)
        return;
    list_remove(&u->of_name);
    begin_idling(c, u->name);
    u->name = NULL;
    if (c->resolve.idle_count > RESOLVE_IDLE_MAX)
        (void)make_room(c);
}

static struct link *command_link(const struct name_user *u) {
    return u->node != NULL ? &u->node->command : &u->process->link;
}

/* Where it is now has not been tried: at once. */
static void reopen(struct core *c, struct link *l) {
    link_close(c, l);
    l->tried_heard_ms = 0;
}

/* The owner is at another IP from now on. */
static void redirect(struct core *c, const struct host_name *n, const struct name_user *u) {
    struct address *a = address_of_user(u);
    if (slice_is(slice_of(a->ip), n->ip))
        return;
    if (u->node != NULL) {
        group_node_found(c, u->node, n->ip);
        reopen(c, &u->node->pubsub);
    } else {
        memcpy(a->ip, n->ip, sizeof(a->ip));
        process_touch(c, u->process);
    }
    crash_note_attempt(c, command_link(u), false); /* what was refused, was refused elsewhere */
    reopen(c, command_link(u));
}

/* A connection that was made before the question stays where it is; it leads somewhere. One that
 * was made while the answer was awaited rests on the old one, or on what a peer said. */
static bool stays(const struct host_name *n, const struct name_user *u) {
    const struct link *l = command_link(u);
    return !n->is_hearsay && l->state == LINK_OPEN && l->incarnation <= n->asked_incarnation;
}

void resolve_note_link(struct core *c, struct name_user *u, bool is_up) {
    struct host_name *n = u->name;
    if (n == NULL)
        return;
    bool is_present = slice_is(slice_of(address_of_user(u)->ip), n->ip);
    if (is_up) {
        n->is_proven = n->is_proven || is_present;
        n->wait_ms = RESOLVE_FIRST_MS;
        return;
    }
    n->is_refuted = n->is_refuted || is_present;
    if (!is_present)
        redirect(c, n, u);
    ask_in_time(c, n);
}

static void set_ip(struct core *c, struct host_name *n, const char *ip) {
    if (slice_is(slice_of(n->ip), ip))
        return;
    bool was_known = n->ip[0] != '\0';
    if (was_known && !list_is_empty(&n->users))
        core_log(c, LOG_NOTICE, "host name %s is now %s, was %s", n->host, ip, n->ip);
    slice_copy(slice_of(ip), n->ip, sizeof(n->ip));
    n->is_proven = false;
    list_for_each(u, &n->users, struct name_user, of_name)
        if (!stays(n, u))
            redirect(c, n, u);
}

/* ---- answers ---- */

/* Where the present IP stands among the addresses; `count` if it does not. */
static size_t place_of(const struct host_name *n, const struct slice *ips, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (slice_is(ips[i], n->ip))
            return i;
    return count;
}

/* The present IP for as long as it is one of them, unless it has never led anywhere: then the one
 * behind it. Else the first, as the originals. */
static struct slice choose(const struct host_name *n, const struct slice *ips, size_t count) {
    size_t place = place_of(n, ips, count);
    if (place == count)
        return ips[0];
    return n->is_proven || !n->is_refuted ? ips[place] : ips[(place + 1) % count];
}

static void on_failure(struct core *c, struct host_name *n, struct slice why) {
    if (!n->has_failed)
        core_log(c, LOG_WARNING, "Failed to resolve hostname '%s': " SLICE_FMT "%s%s", n->host,
            SLICE_ARG(why), n->ip[0] != '\0' ? "; it stays " : "", n->ip);
    n->has_failed = true;
}

static bool is_wanted(const struct host_name *n) {
    if (n->is_hearsay && !list_is_empty(&n->users))
        return true;
    list_for_each(u, &n->users, struct name_user, of_name)
        if (!is_connected(u))
            return true;
    return false;
}

void resolve_input(struct core *c, const struct input *in) {
    struct host_name *n = resolve_find(c, in->host);
    if (n == NULL || !n->is_asked)
        return;
    n->is_asked = false;
    n->answered_ms = c->now.mono_ms;
    if (!c->resolve.is_on)
        return;
    n->wait_ms = MIN_OF(n->wait_ms * 2, (int64_t)RESOLVE_PAUSE_MS);
    if (in->ip_count == 0) {
        on_failure(c, n, in->why);
    } else {
        char ip[ADDRESS_IP_MAX];
        slice_copy(
            choose(n, in->ips, MIN_OF(in->ip_count, (size_t)RESOLVE_ANSWER_MAX)), ip, sizeof(ip));
        n->has_failed = false;
        set_ip(c, n, ip);
        n->is_hearsay = false;
    }
    n->is_refuted = false;
    if (is_wanted(n))
        heap_set(&c->resolve.due, &n->due, n->answered_ms + n->wait_ms);
    heard_deliver(c, n);
}

void resolve_suggest(struct core *c, struct name_user *u, const char *ip) {
    if (u->name == NULL || u->name->ip[0] != '\0' || !c->resolve.is_on)
        return;
    set_ip(c, u->name, ip);
    u->name->is_hearsay = true;
}

/* ---- names in passing ---- */

static void tell_full(struct core *c, struct slice host) {
    if (tstamp_is_recent(c->now.mono_ms, c->resolve.full_told_ms, FULL_TOLD_MS))
        return;
    c->resolve.full_told_ms = c->now.mono_ms;
    core_log(c, LOG_WARNING, "host name " SLICE_FMT " is not resolved: too many are awaited",
        SLICE_ARG(host));
}

enum meaning resolve_look(struct core *c, struct slice host) {
    if (host_is_ip(host))
        return MEANING_KNOWN;
    if (!c->resolve.is_on || !host_is_name(host))
        return MEANING_NONE;
    struct host_name *n = resolve_find(c, host);
    if (n == NULL && !make_room(c)) {
        tell_full(c, host);
        return MEANING_NONE;
    }
    if (n == NULL)
        n = name_new(c, host);
    bool has_just_failed =
        n->has_failed && tstamp_is_recent(c->now.mono_ms, n->answered_ms, n->wait_ms);
    bool is_old = !tstamp_is_recent(c->now.mono_ms, n->answered_ms, RESOLVE_OLD_MS);
    bool is_known = n->ip[0] != '\0';
    if (is_known ? is_old : !has_just_failed)
        ask(c, n);
    if (is_known)
        return MEANING_KNOWN;
    return n->is_asked ? MEANING_AWAITED : MEANING_NONE;
}

struct address resolve_address(const struct core *c, const struct endpoint *given) {
    struct address a = address_of(given);
    const struct host_name *n =
        address_is_named(&a) ? resolve_find(c, slice_of(given->host)) : NULL;
    if (n != NULL)
        memcpy(a.ip, n->ip, sizeof(a.ip));
    return a;
}

bool resolve_is_at(struct core *c, const struct address *a, const char *host, int64_t port) {
    if (port != a->given.port || host[0] == '\0')
        return false;
    if (address_is_at(a, slice_of(host)))
        return true;
    if (host_is_ip(slice_of(host)) || resolve_look(c, slice_of(host)) != MEANING_KNOWN)
        return false;
    return address_is_resolved(a) && slice_is(slice_of(a->ip), resolve_find(c, slice_of(host))->ip);
}

void resolve_hold(struct core *c, struct host_name *n) {
    stop_idling(c, n);
}

void resolve_unhold(struct core *c, struct host_name *n) {
    begin_idling(c, n);
}

/* ---- the step ---- */

static void switch_on(struct core *c) {
    map_for_each(n, &c->resolve.names, struct host_name)
        if (!list_is_empty(&n->users))
            ask_in_time(c, n);
}

static void switch_off(struct core *c) {
    map_for_each(n, &c->resolve.names, struct host_name)
        heard_drop(c, n);
}

void resolve_judge(struct core *c) {
    if (c->resolve.is_on != c->settings.resolve_hostnames) {
        c->resolve.is_on = c->settings.resolve_hostnames;
        if (c->resolve.is_on)
            switch_on(c);
        else
            switch_off(c);
    }
    struct heap_item *item;
    while ((item = heap_first(&c->resolve.due)) != NULL && item->at_ms <= c->now.mono_ms) {
        heap_remove(&c->resolve.due, item);
        struct host_name *n = container_of(item, struct host_name, due);
        if (is_wanted(n))
            ask(c, n);
    }
}

int64_t resolve_deadline(const struct core *c) {
    return heap_deadline(&c->resolve.due);
}
