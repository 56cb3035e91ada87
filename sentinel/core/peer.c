#include "sentinel/core/peer.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/health.h"
#include "sentinel/core/probe.h"

#define SIGNED_AGE_MS (60 * 1000) /* who has not signed for longer has no secret any more */

static struct process *process_of(struct core *c, const char *id, const struct endpoint *address) {
    struct process *p = map_get(&c->processes, slice_of(id));
    if (p != NULL)
        return p;
    p = mem_new(struct process);
    slice_copy(slice_of(id), p->id, sizeof(p->id));
    p->name_user.process = p;
    resolve_use(c, &p->name_user, address, &p->address);
    list_init(&p->peers);
    link_init(c, &p->link, LINK_COMMAND);
    p->link.process = p;
    p->live = (struct liveness){
        .unanswered_ms = c->now.heard_ms,
        .available_ms = c->now.heard_ms,
        .pong_ms = c->now.heard_ms,
    };
    p->due.at_ms = TSTAMP_NEVER;
    map_put(&c->processes, slice_of(p->id), p);
    return p;
}

static void process_free(struct core *c, struct process *p) {
    map_remove(&c->processes, slice_of(p->id));
    list_remove(&p->dirty_node);
    heap_remove(&c->process_due, &p->due);
    resolve_release(c, &p->name_user);
    link_fini(c, &p->link);
    mem_free(p);
}

struct peer *peer_new(
    struct core *c, struct group *g, const char *id, const struct endpoint *address) {
    struct process *process = process_of(c, id, address);
    struct peer *p = mem_new(struct peer);
    p->group = g;
    p->process = process;
    /* Discovery counts as an answer and a hello, so that the first of each is not overdue. */
    p->answered_ms = p->hello_ms = p->resumed_ms = c->now.mono_ms;
    p->hello_sent_heard_ms = c->now.heard_ms;
    p->counter = group_heard(g, id);
    list_append(&g->peers, &p->of_group);
    list_append(&process->peers, &p->of_process);
    g->peer_count++;
    process->peer_count++;
    process->down_after_ms = 0;
    process_touch(c, process);
    return p;
}

/* Who signed before goes on with it: for the first minute it is taken at that. */
void peer_restore(struct core *c, struct group *g, const struct peer_record *r) {
    struct peer *p = peer_new(c, g, r->id, &r->address);
    if (p->counter == 0)
        return;
    p->signed_ms = p->process->signed_ms = c->now.mono_ms;
    c->has_signers = true;
}

static bool signs(const struct core *c, int64_t signed_ms) {
    return tstamp_is_recent(c->now.mono_ms, signed_ms, SIGNED_AGE_MS);
}

bool peer_signs(const struct core *c, const struct peer *p) {
    return signs(c, p->signed_ms);
}

bool process_signs(const struct core *c, const struct process *p) {
    return signs(c, p->signed_ms);
}

void peer_persist_counter(struct core *c, struct peer *p) {
    p->uncounted = 0;
    core_persist(c,
        &(struct delta){
            .kind = DELTA_COUNTER,
            .group = slice_of(p->group->name),
            .id = slice_of(p->process->id),
            .counter = p->counter,
        });
}

void peer_free(struct core *c, struct peer *p) {
    if (p == NULL)
        return;
    struct process *process = p->process;
    if (p->uncounted > 0)
        peer_persist_counter(c, p);
    group_note_heard(p->group, process->id, p->counter);
    p->group->peer_count--;
    process->down_count -= p->sdown;
    process->peer_count--;
    process->down_after_ms = 0;
    list_remove(&p->of_group);
    list_remove(&p->of_process);
    mem_free(p);
    if (list_is_empty(&process->peers))
        process_free(c, process);
}

struct peer *peer_find(const struct group *g, const char *id) {
    list_for_each(p, &g->peers, struct peer, of_group)
        if (slice_equal(slice_of(p->process->id), slice_of(id)))
            return p;
    return NULL;
}

void process_move(struct core *c, struct process *p, const struct endpoint *address) {
    link_close(c, &p->link);
    resolve_release(c, &p->name_user);
    resolve_use(c, &p->name_user, address, &p->address);
    p->link.tried_heard_ms = 0; /* the new address has not been tried: at once */
    p->is_vedette = false;
    process_touch(c, p);
}

void process_touch(struct core *c, struct process *p) {
    if (!list_is_linked(&p->dirty_node))
        list_append(&c->dirty_processes, &p->dirty_node);
}

void process_judge(struct core *c, struct process *p) {
    int64_t due = probe_process(c, p);
    if (!c->tilt)
        due_mono(&due, health_judge_process(c, p));
    list_remove(&p->dirty_node); /* it was looked at, whatever came of that */
    heap_set(&c->process_due, &p->due, MAX_OF(due, c->now.mono_ms + core_has_read_all(c)));
}
