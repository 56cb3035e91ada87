#include "tests/sim/server.h"

#include "common/mem.h"
#include "tests/sim/marks.h"
#include "tests/sim/names.h"
#include "tests/sim/schedule.h"
#include "tests/sim/story.h"

#include <stdio.h>
#include <string.h>

#define TICK_US          (50 * US_PER_MS)
#define WRITES_IN_A_TICK 200 /* bytes by which a master's offset grows, at most */
#define LOADING_MAX_US   (2 * US_PER_S)
#define SAVE_US          (60 * US_PER_S)

static struct schedule *clock_of(const struct server *s) {
    return s->farm->net->schedule;
}

static void draw_run_id(struct server *s) {
    for (size_t i = 0; i < ID_LENGTH; i++)
        s->run_id[i] = "0123456789abcdef"[rng_between(s->farm->net->rng, 0, 15)];
    s->run_id[ID_LENGTH] = '\0';
}

void farm_add_group(struct farm *f, int servers) {
    f->count += servers;
    f->first[++f->group_count] = f->count;
}

struct server *farm_server(const struct farm *f, int group, int row) {
    bool is_there = group >= 0 && group < f->group_count && row >= 0 &&
        f->first[group] + row < f->first[group + 1];
    return is_there ? (struct server *)&f->servers[f->first[group] + row] : NULL;
}

struct server *farm_at(const struct farm *f, const struct endpoint *address) {
    return farm_server(f, address->port - SERVER_PORT, names_host(address));
}

bool server_is_master(const struct server *s) {
    return s->master.port == 0;
}

/* ---- replication ---- */

static bool both_ways(const struct server *a, const struct server *b) {
    const struct net *n = a->farm->net;
    return net_reaches(n, a->party.host, b->party.host) &&
        net_reaches(n, b->party.host, a->party.host);
}

static void repl_lose(struct server *s) {
    if (s->repl == REPL_UP)
        s->repl_down_us = clock_of(s)->now_us;
    s->repl = REPL_CONNECT;
    s->repl_retry_us = clock_of(s)->now_us + s->farm->reconnect_us;
}

/* Those that replicate from it have to connect anew. */
static void cut_downstream(struct server *s) {
    for (int i = 0; i < s->farm->count; i++) {
        struct server *other = &s->farm->servers[i];
        if (other->repl >= REPL_SYNC && other->upstream == s)
            repl_lose(other);
    }
}

static void set_master(struct server *s, const struct endpoint *master) {
    s->master = *master;
    s->upstream = server_is_master(s) ? NULL : farm_at(s->farm, master);
}

void server_follow(struct server *s, const struct endpoint *master) {
    if (endpoint_equal(&s->master, master))
        return;
    if (endpoint_equal(&s->party.address, master))
        s->farm->followed_itself = s;
    set_master(s, master);
    s->handed_to = NULL;
    cut_downstream(s);
    if (server_is_master(s)) {
        s->repl = REPL_MASTER;
        s->made_at = s->data;
        s->made_us = clock_of(s)->now_us;
        if (s->farm->forgets)
            s->data = (struct point){ .history = 0 };
        s->data = data_branch(&s->farm->histories, s->data);
        return;
    }
    s->repl = REPL_UP; /* for the time of its loss */
    repl_lose(s);
    s->repl_retry_us = clock_of(s)->now_us;
}

static bool can_serve(const struct server *upstream) {
    return upstream->alive && upstream->trouble != TROUBLE_LOADING &&
        (server_is_master(upstream) || upstream->repl == REPL_UP);
}

static void add_mishap(struct farm *f, const struct server *whose, const struct server *s) {
    struct mishap m = {
        .server = whose,
        .at_us = clock_of(s)->now_us,
        .started_us = s->started_us,
        .is_sync = s->alive,
    };
    mem_grow(&f->mishaps, &f->mishap_capacity, f->mishap_count + 1, sizeof(m));
    f->mishaps[f->mishap_count++] = m;
}

/* What others have handed over to it, and take from it since, is lost to them as well. */
static void note_mishap(struct server *s) {
    struct farm *f = s->farm;
    add_mishap(f, s, s);
    for (int i = 0; i < f->count; i++)
        if (f->servers[i].handed_to == s && f->servers[i].upstream == s)
            add_mishap(f, &f->servers[i], s);
}

static void wipe(struct server *s) {
    if (s->data.history != 0)
        note_mishap(s);
    s->data = (struct point){ .history = 0 };
    s->has_lost_place = true;
}

/* Whether upstream still knows what comes behind the replica's data. */
static bool can_go_on(const struct server *s, const struct server *upstream) {
    return !s->has_lost_place && data_can_go_on(&s->farm->histories, s->data, upstream->data) &&
        s->data.offset >= upstream->backlog_start &&
        upstream->data.offset - s->data.offset <= s->farm->backlog_size;
}

static void start_sync(struct server *s, const struct server *upstream) {
    struct farm *f = s->farm;
    int64_t now_us = clock_of(s)->now_us;
    s->repl = REPL_SYNC;
    s->upstream_incarnation = upstream->incarnation;
    s->repl_heard_us = now_us;
    s->is_full_sync = !can_go_on(s, upstream);
    if (f->marks != NULL)
        marks_hit(f->marks, s->is_full_sync ? MARK_FULL_SYNC : MARK_PARTIAL_SYNC);
    int64_t high_us = s->is_full_sync ? f->sync_high_us : f->sync_low_us;
    int64_t time_us = rng_between(f->net->rng, f->sync_low_us, high_us);
    s->repl_until_us = now_us + time_us;
    s->load_us = now_us + time_us / 2;
    s->snapshot = upstream->data;
}

/* The second half of a full synchronisation is loading what has arrived, without anything else. */
static void go_on_with_sync(struct server *s) {
    int64_t now_us = clock_of(s)->now_us;
    if (s->is_full_sync && now_us >= s->load_us && s->data.history != 0) {
        wipe(s);
        cut_downstream(s);
        s->trouble = TROUBLE_LOADING;
        s->trouble_until_us = s->repl_until_us;
    }
    if (now_us < s->repl_until_us)
        return;
    if (s->is_full_sync)
        s->data = s->snapshot;
    s->has_lost_place = false;
    s->backlog_start = s->data.offset;
    s->repl = REPL_UP;
    s->repl_down_us = 0;
}

static void take_stream(struct server *s, const struct server *upstream) {
    struct farm *f = s->farm;
    if (!data_has(&f->histories, upstream->data, s->data))
        repl_lose(s); /* it is on its way to other data itself */
    else if (f->lag_per_mille == 0 || !rng_chance(f->net->rng, f->lag_per_mille))
        s->data = upstream->data;
}

static void replicate(struct server *s) {
    int64_t now_us = clock_of(s)->now_us;
    const struct server *upstream = s->upstream;
    if (upstream == NULL || upstream == s)
        return;
    bool hears = both_ways(s, upstream) && !upstream->hung;
    if (s->repl == REPL_CONNECT) {
        if (now_us < s->repl_retry_us)
            return;
        s->repl_retry_us = now_us + s->farm->reconnect_us;
        if (hears && can_serve(upstream))
            start_sync(s, upstream);
        return;
    }
    bool is_gone = !upstream->alive || upstream->incarnation != s->upstream_incarnation;
    if (hears)
        s->repl_heard_us = now_us;
    if ((is_gone && both_ways(s, upstream)) ||
        now_us - s->repl_heard_us > s->farm->repl_timeout_us) {
        repl_lose(s);
        return;
    }
    if (!hears)
        return;
    if (s->repl == REPL_SYNC)
        go_on_with_sync(s);
    else
        take_stream(s, upstream);
}

static void hand_over(struct server *s) {
    struct server *to = s->hands_to;
    int64_t now_us = clock_of(s)->now_us;
    if (to == NULL || now_us < s->hand_from_us)
        return;
    bool is_ready =
        to->alive && !to->hung && to->repl == REPL_UP && to->upstream == s && both_ways(s, to);
    if (is_ready) {
        story_line(s->farm->net->story, s->name, "hands over to %s", to->name);
        s->hands_to = NULL;
        to->data = s->data; /* nothing was written meanwhile */
        server_follow(to, &(struct endpoint){ .port = 0 });
        server_follow(s, &to->party.address);
        s->handed_to = to;
    } else if (now_us >= s->hand_until_us) {
        story_line(s->farm->net->story, s->name, "gives up handing over to %s", to->name);
        s->hands_to = NULL;
    }
}

static void end_trouble(struct server *s) {
    if (s->trouble != TROUBLE_NONE && clock_of(s)->now_us >= s->trouble_until_us)
        s->trouble = TROUBLE_NONE;
}

static void save(struct server *s) {
    if (clock_of(s)->now_us < s->save_us)
        return;
    s->saved = s->data;
    s->save_us = clock_of(s)->now_us + (s->farm->keeping == KEEP_ALL ? US_PER_S : SAVE_US);
}

static void tick(void *context, uint64_t argument) {
    struct farm *f = context;
    for (int i = 0; i < f->count; i++) {
        struct server *s = &f->servers[i];
        if (!s->alive || s->hung)
            continue;
        end_trouble(s);
        hand_over(s);
        if (s->holds_writes && s->hands_to == NULL) {
            s->holds_writes = false;
            server_catch_up(s);
        }
        if (server_is_master(s))
            s->data.offset += (uint64_t)rng_between(f->net->rng, 0, WRITES_IN_A_TICK);
        else
            replicate(s);
        save(s);
    }
    schedule_at(f->net->schedule, f->net->schedule->now_us + TICK_US, tick, f, argument);
}

/* ---- life ---- */

static void server_init(struct server *s, struct farm *f, int group, int row) {
    *s = (struct server){
        .farm = f,
        .priority = 100,
        .party = s->party,
        .group = group,
        .row = row,
    };
    (void)snprintf(s->name, sizeof(s->name), "%c%d", "stuwx"[group], row % 10 + 1);
    s->party.ops = &server_ops;
    s->party.owner = s;
    s->party.name = s->name;
    list_init(&s->sessions);
    if (row > 0)
        s->original_master = farm_server(f, group, 0)->party.address;
    s->saved_master = s->original_master;
    net_add(f->net, &s->party);
}

static void start_in_step(struct server *s) {
    server_start(s);
    s->trouble = TROUBLE_NONE;
    if (s->upstream == NULL)
        return;
    s->repl = REPL_UP;
    s->has_lost_place = false;
    s->data = s->upstream->data;
    s->repl_down_us = 0;
    s->upstream_incarnation = s->upstream->incarnation;
    s->repl_heard_us = clock_of(s)->now_us;
}

void farm_init(struct farm *f, struct net *net) {
    f->net = net;
    list_init(&f->parcels);
    for (int group = 0; group < f->group_count; group++)
        for (int row = 0; farm_server(f, group, row) != NULL; row++)
            server_init(farm_server(f, group, row), f, group, row);
    for (int i = 0; i < f->count; i++)
        start_in_step(&f->servers[i]);
    schedule_at(net->schedule, net->schedule->now_us + TICK_US, tick, f, 0);
}

void farm_fini(struct farm *f) {
    for (int i = 0; i < f->count; i++)
        server_end_sessions(&f->servers[i]);
    farm_end_parcels(f);
    histories_fini(&f->histories);
    mem_free(f->mishaps);
    buf_fini(&f->out);
    buf_fini(&f->text);
}

void server_start(struct server *s) {
    static const struct endpoint nobody = { .port = 0 };
    const struct endpoint *masters[] = {
        [RESTART_SAVED] = &s->saved_master,
        [RESTART_ORIGINAL] = &s->original_master,
        [RESTART_MASTER] = s->incarnation == 0 ? &s->original_master : &nobody,
    };
    s->alive = true;
    s->hung = false;
    s->started_us = clock_of(s)->now_us;
    s->incarnation++;
    s->party.listening = true;
    draw_run_id(s);
    set_master(s, masters[s->farm->restart_role]);
    s->repl = server_is_master(s) ? REPL_MASTER : REPL_CONNECT;
    s->repl_retry_us = clock_of(s)->now_us;
    s->repl_down_us = 0;
    s->has_lost_place = s->has_lost_place || rng_chance(s->farm->net->rng, 500);
    if (server_is_master(s)) { /* anew, if it was one: it may have lost what came since */
        s->made_at = s->data;
        s->made_us = clock_of(s)->now_us;
        s->data = data_branch(&s->farm->histories, s->data);
    }
    s->saved = s->data;
    s->backlog_start = s->data.offset;
    if (rng_chance(s->farm->net->rng, 300)) {
        s->trouble = TROUBLE_LOADING;
        s->trouble_until_us =
            clock_of(s)->now_us + rng_between(s->farm->net->rng, 0, LOADING_MAX_US);
    }
    story_line(s->farm->net->story, s->name, "starts as a %s%s",
        server_is_master(s) ? "master" : "replica",
        s->trouble == TROUBLE_LOADING ? ", loading" : "");
}

static void roll_back(struct server *s, struct point to) {
    if (!data_has(&s->farm->histories, to, s->data))
        note_mishap(s);
    s->data = to;
}

/* Its process has died; or the whole host, which takes what was not on disk. */
static void lose_data(struct server *s, enum net_leave how) {
    /* It has dropped what it handed over, to take it anew from the one that has it now; it may come
     * back as the master that its file makes it. */
    if (s->handed_to != NULL && s->data.history == 0)
        note_mishap(s);
    if (s->farm->keeping == KEEP_NOTHING)
        wipe(s);
    else if (s->farm->keeping == KEEP_SOME || how == NET_LEAVE_HOST)
        roll_back(s, s->saved);
}

void server_wipe(struct server *s) {
    story_line(s->farm->net->story, s->name, "loses its data folder");
    wipe(s);
}

void server_kill(struct server *s, enum net_leave how) {
    if (!s->alive)
        return;
    story_line(s->farm->net->story, s->name, "dies");
    s->alive = s->hung = false;
    if (clock_of(s)->now_us - s->started_us > s->glimpse_us)
        s->dead_us = clock_of(s)->now_us;
    s->party.listening = false;
    s->trouble = TROUBLE_NONE;
    s->refusal = REFUSE_NOTHING;
    s->forbidden = 0;
    lose_data(s, how);
    s->hands_to = NULL;
    s->holds_writes = false;
    net_leave(s->farm->net, &s->party, how);
    server_end_sessions(s);
}

void server_hang(struct server *s) {
    if (!s->alive || s->hung)
        return;
    story_line(s->farm->net->story, s->name, "hangs");
    s->hung = true;
}

void server_continue(struct server *s) {
    if (!s->hung)
        return;
    story_line(s->farm->net->story, s->name, "continues");
    s->hung = false;
    server_catch_up(s);
}
