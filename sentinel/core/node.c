#include "sentinel/core/node.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/observe.h"

#include <string.h>

/* Everything but identity and links, as at creation. Source: spec 1.4. */
static void set_defaults(struct core *c, struct node *n) {
    n->live = (struct liveness){
        /* Counts as pending although nothing was sent: an instance that never answers goes down in
           time. */
        .unanswered_ms = c->now.heard_ms,
        .available_ms = c->now.heard_ms,
        .pong_ms = c->now.heard_ms,
    };
    n->alive_ms = c->now.mono_ms;
    n->role_reported = n->kind;
    n->role_since_ms = c->now.mono_ms;
    n->conf_changed_ms = c->now.mono_ms;
    n->priority = 100;
    n->announced = true;
    n->hello_sent_heard_ms = c->now.heard_ms;
}

void node_print_name(const struct core *c, struct node *n) {
    struct endpoint announced = { .port = n->address.given.port };
    slice_copy(slice_of(address_announced(c, &n->address)), announced.host, sizeof(announced.host));
    endpoint_text(&announced, n->name);
}

void node_take_name(struct core *c, struct node *n, const struct endpoint *given) {
    resolve_release(c, &n->name_user);
    resolve_use(c, &n->name_user, given, &n->address);
    node_print_name(c, n);
}

struct node *node_new(
    struct core *c, struct group *g, enum node_role kind, const struct endpoint *address) {
    struct node *n = mem_new(struct node);
    n->group = g;
    n->kind = kind;
    n->name_user.node = n;
    resolve_use(c, &n->name_user, address, &n->address);
    node_print_name(c, n);
    link_init(c, &n->command, LINK_COMMAND);
    link_init(c, &n->pubsub, LINK_PUBSUB);
    n->command.node = n->pubsub.node = n;
    set_defaults(c, n);
    return n;
}

void node_inherit(struct core *c, struct node *n, struct node *former) {
    int64_t answered_ms = tstamp_age(c->now.heard_ms, former->live.available_ms);
    if (former->sdown || answered_ms > 2 * c->periods.ping)
        return;
    (void)link_hand_over(c, &former->pubsub, &n->pubsub);
    if (link_hand_over(c, &former->command, &n->command) && n->command.state == LINK_OPEN)
        observe_link_up(c, &n->command);
}

void node_keep_info(struct core *c, struct node *n, struct slice text) {
    size_t limit = (size_t)c->settings.limits.max[LIMIT_INFO_CACHE];
    if (!info_text_keep(&c->info_texts, &n->info_text, text, limit))
        c->limit_hits[LIMIT_INFO_CACHE]++;
}

void node_free(struct core *c, struct node *n) {
    if (n == NULL)
        return;
    link_fini(c, &n->command);
    link_fini(c, &n->pubsub);
    resolve_release(c, &n->name_user);
    info_text_drop(&c->info_texts, &n->info_text);
    list_remove(&n->siblings);
    mem_free(n);
}

bool node_is_disconnected(const struct node *n) {
    return !link_is_usable(&n->command) || !link_is_usable(&n->pubsub);
}
