/* What clients ask: who is master, what is known of a group. Nothing here changes anything, and but
 * for CKQUORUM and INFO-CACHE nothing allocates. */
#include "sentinel/command/call.h"
#include "sentinel/command/fields.h"
#include "sentinel/core/core.h"

void run_sentinel_masters(struct call *call) {
    resp_array(&call->reply, map_count(&call->core->groups));
    map_for_each(g, &call->core->groups, struct group)
        fields_of_master(&call->reply, call->core, g);
}

void run_sentinel_master(struct call *call) {
    const struct group *g = call_group(call);
    if (g != NULL)
        fields_of_master(&call->reply, call->core, g);
}

/* Replicas that do not want to be announced are watched, but not shown. */
void run_sentinel_replicas(struct call *call) {
    const struct group *g = call_group(call);
    if (g == NULL)
        return;
    size_t announced = 0;
    list_for_each(counted, &g->replicas, struct node, siblings)
        announced += counted->announced;

    resp_array(&call->reply, announced);
    list_for_each(replica, &g->replicas, struct node, siblings) {
        if (replica->announced)
            fields_of_replica(&call->reply, call->core, replica);
    }
}

void run_sentinel_sentinels(struct call *call) {
    const struct group *g = call_group(call);
    if (g == NULL)
        return;
    resp_array(&call->reply, g->peer_count);
    list_for_each(peer, &g->peers, struct peer, of_group)
        fields_of_sentinel(&call->reply, call->core, peer);
}

void run_sentinel_get_master_addr_by_name(struct call *call) {
    const struct group *g = core_group(call->core, call->args[2]);
    if (g == NULL) {
        resp_null_array(&call->reply);
        return;
    }
    const struct address *address = &group_current_master(g)->address;
    resp_array(&call->reply, 2);
    resp_bulk_text(&call->reply, address_announced(call->core, address));
    resp_bulk_i64(&call->reply, address->given.port);
}

/* ---- CKQUORUM ---- */

/* Why this group could not be failed over by us, one sentence each, joined by ". ". */
static void print_obstacles(const struct core *c, const struct group *g, struct buf *out) {
    size_t usable = group_usable(c, g);
    const char *reasons[] = {
        (int64_t)usable < g->settings.quorum
            ? "Not enough available Sentinels to reach the specified quorum for this master"
            : NULL,
        usable < group_majority(g) ? "Not enough available Sentinels to reach the majority and "
                                     "authorize a failover"
                                   : NULL,
        core_store_failed(c) ? "This Sentinel cannot write its state, thus gives no vote" : NULL,
        g->frozen ? "This Sentinel found its own state of this master broken, and does not act"
                  : NULL,
    };
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        if (reasons[i] == NULL)
            continue;
        if (buf_size(out) > 0)
            buf_add_text(out, ". ");
        buf_add_text(out, reasons[i]);
    }
}

void run_sentinel_ckquorum(struct call *call) {
    const struct group *g = call_group(call);
    if (g == NULL)
        return;
    struct buf obstacles = BUF_INIT, answer = BUF_INIT;
    print_obstacles(call->core, g, &obstacles);
    if (buf_size(&obstacles) == 0) {
        buf_printf(&answer,
            "OK %zu usable Sentinels. Quorum and failover authorization can be reached",
            group_usable(call->core, g));
        resp_status(&call->reply, buf_text(&answer));
    } else {
        resp_errorf(&call->reply, "NOQUORUM %zu usable Sentinels. %s", group_usable(call->core, g),
            buf_text(&obstacles));
    }
    buf_fini(&obstacles);
    buf_fini(&answer);
}

/* ---- PENDING-SCRIPTS ---- */

static void print_script(struct resp_writer *w, const struct core *c, const struct script *s) {
    resp_map(w, 5);
    resp_bulk_text(w, "argv");
    resp_array(w, s->word_count);
    for (size_t i = 0; i < s->word_count; i++)
        resp_bulk(w, s->words[i]);
    resp_bulk_text(w, "flags");
    resp_bulk_text(w, s->is_running ? "running" : "scheduled");
    resp_bulk_text(w, "pid");
    resp_bulk_i64(w, s->pid);
    resp_bulk_text(w, s->is_running ? "run-time" : "run-delay");
    resp_bulk_i64(w,
        s->is_running ? tstamp_age(c->now.mono_ms, s->start_ms)
                      : tstamp_age(s->start_ms, c->now.mono_ms));
    resp_bulk_text(w, "retry-num");
    resp_bulk_i64(w, s->run_count);
}

void run_sentinel_pending_scripts(struct call *call) {
    resp_array(&call->reply, call->core->scripts.count);
    list_for_each(s, &call->core->scripts.jobs, struct script, queued)
        print_script(&call->reply, call->core, s);
}

/* ---- INFO-CACHE ---- */

/* Whether an argument before this one names the same group. */
static bool is_repeated(const struct call *call, size_t at) {
    for (size_t i = 2; i < at; i++) {
        if (slice_equal(call->args[i], call->args[at]))
            return true;
    }
    return false;
}

/* The group that an argument names for the first time; else NULL. */
static const struct group *named_by(const struct call *call, size_t at) {
    return is_repeated(call, at) ? NULL : core_group(call->core, call->args[at]);
}

/* `text` is for the text of the INFO. */
static void write_cached(struct call *call, const struct node *n, struct buf *text) {
    bool known = n->info_ms != 0 && n->group->master->info_ms != 0;
    resp_array(&call->reply, 2);
    resp_integer(&call->reply, known ? tstamp_age(call->core->now.mono_ms, n->info_ms) : 0);
    if (n->info_text.bytes == NULL) {
        resp_null(&call->reply);
        return;
    }
    buf_clear(text);
    info_text_add(&n->info_text, text);
    resp_bulk(&call->reply, buf_slice(text));
}

void run_sentinel_info_cache(struct call *call) {
    struct buf text = BUF_INIT;
    size_t count = 0;
    for (size_t i = 2; i < call->count; i++)
        count += named_by(call, i) != NULL;
    resp_array(&call->reply, 2 * count);
    for (size_t i = 2; i < call->count; i++) {
        const struct group *g = named_by(call, i);
        if (g == NULL)
            continue;
        resp_bulk_text(&call->reply, g->name);
        resp_array(&call->reply, 1 + g->replica_count);
        write_cached(call, g->master, &text);
        list_for_each(replica, &g->replicas, struct node, siblings)
            write_cached(call, replica, &text);
    }
    buf_fini(&text);
}

void run_sentinel_myid(struct call *call) {
    resp_bulk_text(&call->reply, call->core->id);
}
