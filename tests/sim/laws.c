#include "tests/sim/laws.h"

#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/crash.h"
#include "sentinel/core/input.h"
#include "sentinel/engine/engine.h"
#include "tests/sim/child.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

#define LINKS_LOOK_WAKES 64
#define SIMULATED_STATUS 99 /* of a process that SENTINEL SIMULATE-FAILURE ended */

const struct law_row law_table[LAW_COUNT] = {
    [LAW_ONE_LEADER] = { "one leader",
        "at most one attempt is elected under an epoch (C1); forced ones ask nobody" },
    [LAW_VOTE_ONCE] = { "a vote is given once",
        "what a voter told of its vote under an epoch it tells for ever (C3; spec 6.4)" },
    [LAW_VOTE_KEPT] = { "a vote is not forgotten",
        "after a restart it still has the last vote that it told (spec 6.4)" },
    [LAW_VOTE_DURABLE] = { "a vote told is on disk", "ARCHITECTURE 3, rule 6: votes given wait" },
    [LAW_OWN_VOTE_FIRST] = { "own vote first",
        "a vote is asked for when our own one for it is on disk (ARCHITECTURE 3, rule 6)" },
    [LAW_COUNTED] = { "votes are counted",
        "the elected was told of as many votes as are needed, which were given (C1)" },
    [LAW_PASSED] = { "a later epoch ends it",
        "no attempt is won, or goes on, behind an epoch that its group has come to (C1)" },
    [LAW_EPOCH_NEW] = { "attempts have new epochs",
        "or share one for a second, in which the group has not voted (C2)" },
    [LAW_GRANTED] = { "votes go upwards",
        "a vote is for a later epoch than the last, and no old one for the process or group (C3)" },
    [LAW_RANK] = { "rank counts", "who has a smaller id and is up goes first (C4)" },
    [LAW_RETRY] = { "only the dead are tried again",
        "before 2 x failover-timeout only what nobody can win, or was won and left unused (C5, C6)" },
    [LAW_DEAD] = { "dead is dead", "what was given up as dead nobody wins (C5)" },
    [LAW_STEPS_DOWN] = { "the outvoted step down", "a vote for another ends one's attempt (C7)" },
    [LAW_VOTE_HELD] = { "a vote is held",
        "while a promotion is under way no other vote is given (C7)" },
    [LAW_GIVES_WAY] = { "the voter gives way",
        "2 x failover-timeout after a vote for another, or a newer configuration (C8)" },
    [LAW_EPOCH_RISES] = { "epochs rise", "no epoch of a process falls while it lives (spec 1.2)" },
    [LAW_EPOCH_DURABLE] = { "an epoch told is on disk",
        "what was told is not more than what a restart finds" },
    [LAW_CONFIG_DURABLE] = { "a configuration told is on disk",
        "hellos with a config epoch of our making wait (ARCHITECTURE 3, rule 6)" },
    [LAW_CONFIG_UNIQUE] = { "one master an epoch",
        "a config epoch names one address everywhere, unless it was forced (spec 1.2)" },
    [LAW_HELLO_RISES] = { "hellos rise",
        "no hello tells an older configuration than those before" },
    [LAW_SWITCH_RISES] = { "a switch is new", "the master changes with a later config epoch only" },
    [LAW_SWITCH_TOLD] = { "a switch is told",
        "who follows +switch-master knows the master that queries are answered with" },
    [LAW_DOWN_TRUE] = { "the fallen fell",
        "+sdown has a reason: silence for down-after while we listened, a role, a restart (spec 4.2)" },
    [LAW_DOWN_READ] = { "what arrived is read",
        "nobody is silent whose answer has arrived and waits to be read (ARCHITECTURE 4)" },
    [LAW_DOWN_SEEN] = { "silence is seen",
        "who is silent for longer than down-after is down, whatever its connections do (spec 4.2)" },
    [LAW_QUORUM] = { "a quorum agrees",
        "+odown, and an attempt, rest on answers asked for since +sdown, 5 s old at most (C13)" },
    [LAW_PROMOTION_RIGHT] = { "right to promote",
        "a promotion is sent by the elected, with its own vote on disk (C9)" },
    [LAW_STILL_IN_TILT] = { "still in tilt",
        "after a stall nobody is judged, asked or ordered until tilt is over (C9; spec 3.5)" },
    [LAW_CRASH_TRUE] = { "a crash is one",
        "who is down for refused connections did not run for crash_after (ARCHITECTURE 4)" },
    [LAW_PROMOTION_PRIORITY] = { "no promotion of priority 0", "spec 8.3, test 4" },
    [LAW_PROMOTION_ONE] = { "one replica an attempt",
        "never a second one, unless the first has certainly refused (C11)" },
    [LAW_GATE] = { "the gate", "what holds when a promotion leaves (C9)" },
    [LAW_REFUSAL] = { "a refusal is seen", "nobody waits for what was certainly refused (C11)" },
    [LAW_INFORMED] = { "the informed choose",
        "300 ms for INFO asked since +sdown, one second before there is nobody (C10)" },
    [LAW_CHOICE] = { "the right choice",
        "by spec 8.3, fresh answers first, and the only one that turned master (C10)" },
    [LAW_RIGHT_MASTER] = { "the right master", "who is told to follow follows the one we tell of" },
    [LAW_RETURN] = { "a return is awaited",
        "8 s, or a majority that holds the present configuration (C12; spec 8.9)" },
    [LAW_FIX] = { "corrections wait",
        "for failover-timeout at a wrong master, while the right one is fine (spec 8.9)" },
    [LAW_SYNCS] = { "parallel-syncs",
        "so many replicas are led to a new master at once (spec 8.6)" },
    [LAW_FOLLOW_SELF] = { "nobody follows itself",
        "an order names another server than its receiver" },
    [LAW_AFTER] = { "after its write",
        "what rests on a write leaves when it was told of its durability (ARCHITECTURE 3, rule 6)" },
    [LAW_SEQ_RISES] = { "seqs rise", "PERSISTs are numbered upwards (ARCHITECTURE 3, rule 6)" },
    [LAW_SEND_ENDS_ONCE] = { "a SEND ends once",
        "in a reply or in a loss: the engine awaits what is under way (ARCHITECTURE 3, rule 8)" },
    [LAW_LINKS_LIVE] = { "links live",
        "effects name links that there are, and the engine holds no others (ARCHITECTURE 3, rule 8)" },
    [LAW_PENDING_BOUND] = { "pending is bounded", "spec 2.7; ARCHITECTURE 3, rule 9" },
    [LAW_BOUNDS] = { "all is bounded", "replicas, peers, links (ARCHITECTURE 3, rule 9)" },
    [LAW_PROVEN] = { "who has no secret does nothing",
        "in a strict world nothing that was forged or said again changes anything (ARCHITECTURE 5)" },
    [LAW_CLIENTS_LIVE] = { "clients live", "effects name clients that there are" },
    [LAW_REPLY_ONCE] = { "a request is answered once",
        "a client gets as many replies as it asked" },
    [LAW_SLEEPS] = { "it sleeps",
        "a deadline that has passed is dealt with (ARCHITECTURE 3, rule 3)" },
    [LAW_RUNS_ON] = { "it runs on",
        "no group freezes, no process stops unasked (ARCHITECTURE 3, rule 9)" },
    [LAW_SCRIPTS] = { "scripts", "a job runs once at a time, and 16 of them (spec 13.2)" },
    [LAW_DISCOVERY] = { "discovery", "all are known to all within seconds (spec 5, 9)" },
    [LAW_LIVENESS] = { "agreement",
        "down-after, twice failover-timeout and 15 s after the last fault all agree on one master and "
        "follow it" },
    [LAW_WRITES_KEPT] = { "writes are kept",
        "an acknowledged write that had reached each promoted replica before is not lost" },
    [LAW_PROMPTNESS] = { "a master soon",
        "where no attempt was left unfinished, a majority has a master that is one down-after and 3 s "
        "after the last fault" },
    [LAW_REPLACED] = { "a fall is dealt with",
        "a master that dies where all is well is replaced one down-after and 3 s later" },
    [LAW_QUIET] = { "quiet", "where nothing happens nobody tells of anything, and links stay" },
};

void laws_init(struct laws *l, struct world *w) {
    *l = (struct laws){ .world = w };
}

void laws_fini(struct laws *l) {
    map_for_each(candidate, &l->votes, char)
        mem_free(candidate);
    map_for_each(reign, &l->reigns, struct reign)
        mem_free(reign);
    for (size_t i = 0; i < SIM_VEDETTES_MAX; i++)
        watch_fini(&l->watch[i]);
    map_fini(&l->votes);
    map_fini(&l->reigns);
    mem_free(l->promotions);
}

void laws_break(struct laws *l, enum law law, const char *format, ...) {
    if (l->is_broken)
        return;
    l->is_broken = true;
    l->broken = law;
    va_list args;
    va_start(args, format);
    vsnprintf(l->text, sizeof(l->text), format, args);
    va_end(args);
    story_line(&l->world->story, "law", "%s: %s", law_table[law].name, l->text);
}

/* ---- what is known of epochs and votes ---- */

/* The key of something about an epoch of a group. */
struct epoch_key {
    uint64_t voter, group, epoch;
};

static struct slice slice_of_key(const struct epoch_key *key) {
    return (struct slice){ .data = (const char *)key, .size = sizeof(*key) };
}

struct reign *laws_reign(struct laws *l, int group, uint64_t epoch) {
    struct latest_reign *latest = &l->latest[group];
    if (latest->reign != NULL && latest->epoch == epoch)
        return latest->reign;
    struct epoch_key key = { .group = (uint64_t)group, .epoch = epoch };
    struct reign *r = map_get(&l->reigns, slice_of_key(&key));
    if (r == NULL) {
        r = mem_new(struct reign);
        r->leader = -1;
        map_put(&l->reigns, slice_of_key(&key), r);
    }
    *latest = (struct latest_reign){ .epoch = epoch, .reign = r };
    return r;
}

const struct group_state *laws_claimed(const struct vedette *v, int group) {
    return state_group(&v->disk.claimed, slice_of(world_group_name(group)));
}

bool laws_has_voted(
    const struct laws *l, int voter, int group, uint64_t epoch, const char *candidate) {
    struct epoch_key numbers = { (uint64_t)voter, (uint64_t)group, epoch };
    const char *told = map_get(&l->votes, slice_of_key(&numbers));
    return told != NULL && strcmp(told, candidate) == 0;
}

void laws_ballot(struct laws *l, int number, int group, uint64_t epoch, struct slice candidate) {
    struct epoch_key numbers = { (uint64_t)number, (uint64_t)group, epoch };
    struct slice key = slice_of_key(&numbers);
    const char *before = map_get(&l->votes, key);
    if (before == NULL)
        map_put(&l->votes, key, slice_dup(candidate));
    else if (!slice_is(candidate, before))
        laws_break(l, LAW_VOTE_ONCE,
            "%s told that its vote of %s, epoch %llu, went to %.8s, and now to %.8s",
            world_sentinel_name(l->world, number), world_group_name(group),
            (unsigned long long)epoch, before, candidate.data);
    else
        marks_hit(&l->world->marks, MARK_VOTE_AGAIN);
    struct told_group *told = &l->told[number].groups[group];
    if (epoch > told->vote_epoch) {
        told->vote_epoch = epoch;
        slice_copy(candidate, told->vote_for, sizeof(told->vote_for));
    }
}

/* A vote of v leaves it, in an answer or in a question of its own. */
/* A vote of v leaves it, in an answer or in a question of its own. */
void laws_vote_told(
    struct laws *l, struct vedette *v, int group, uint64_t epoch, struct slice candidate) {
    laws_ballot(l, v->number, group, epoch, candidate);
    l->told[v->number].epoch = MAX_OF(l->told[v->number].epoch, epoch);
    const struct group_state *g = laws_claimed(v, group);
    bool is_on_disk = g != NULL &&
        (g->record.vote_epoch > epoch ||
            (g->record.vote_epoch == epoch && slice_is(candidate, g->record.vote_for)));
    if (!is_on_disk)
        laws_break(l, LAW_VOTE_DURABLE,
            "%s tells its vote of epoch %llu for %.8s, which is not on disk", v->name,
            (unsigned long long)epoch, candidate.data);
}

void laws_answer_told(
    struct laws *l, struct vedette *v, int group, const struct resp_value *answer) {
    if (answer->type != RESP_ARRAY || answer->count != 3)
        return;
    const struct resp_value *candidate = &answer->elements[1], *epoch = &answer->elements[2];
    if (candidate->type != RESP_BULK || slice_is(candidate->text, "*"))
        return;
    laws_vote_told(l, v, group, (uint64_t)epoch->integer, candidate->text);
}

/* ---- life ---- */

static void start_group(struct laws *l, const struct vedette *v, int group) {
    struct told_group *told = &l->told[v->number].groups[group];
    const struct group *g = vedette_group(v, group);
    const struct tombstone *t =
        map_get(&vedette_core(v)->tombstones, slice_of(world_group_name(group)));
    uint64_t vote_epoch = g != NULL ? g->vote_epoch : t != NULL ? t->vote_epoch : 0;
    const char *vote_for = g != NULL ? g->vote_for : t != NULL ? t->vote_for : "";
    bool is_forgotten = vote_epoch < told->vote_epoch ||
        (vote_epoch == told->vote_epoch && strcmp(vote_for, told->vote_for) != 0);
    if (told->vote_epoch > 0 && is_forgotten)
        laws_break(l, LAW_VOTE_KEPT,
            "%s told its vote of epoch %llu for %.8s, and starts with %llu for %.8s", v->name,
            (unsigned long long)told->vote_epoch, told->vote_for, (unsigned long long)vote_epoch,
            vote_for);
    const struct group_state *known =
        state_group(&v->disk.synced, slice_of(world_group_name(group)));
    if (g == NULL || known == NULL || known->record.origin == GROUP_REMOVED)
        told->config_epoch = 0; /* removed */
    else if (g->config_epoch < told->config_epoch)
        laws_break(l, LAW_CONFIG_DURABLE, "%s made and told config epoch %llu and starts with %llu",
            v->name, (unsigned long long)told->config_epoch, (unsigned long long)g->config_epoch);
    told->seen_config_epoch = told->seen_vote_epoch = 0;
    told->seen_master = told->seen_server = told->switched_to = NULL;
    told->serial = g == NULL ? 0 : g->serial;
}

void laws_start(struct laws *l, struct vedette *v) {
    struct told *told = &l->told[v->number];
    const struct core *c = vedette_core(v);
    for (int group = 0; group < l->world->group_count; group++)
        start_group(l, v, group);
    if (c->current_epoch < told->epoch)
        laws_break(l, LAW_EPOCH_DURABLE, "%s told epoch %llu and starts with %llu", v->name,
            (unsigned long long)told->epoch, (unsigned long long)c->current_epoch);
    told->persist_seq = told->seen_epoch = told->made_epoch = 0;
    told->refused = NULL;
    watch_start(&l->watch[v->number], v);
    told->promotions_under_way = 0;
    memset(told->heard_priority_0, 0, sizeof(told->heard_priority_0));
}

/* ---- effects ---- */

/* Judgements: what a vedette in tilt must not tell. */
static bool is_judgement(const char *event) {
    static const char *const names[] = {
        "+sdown",
        "-sdown",
        "+odown",
        "-odown",
        "+elected-leader",
        "+selected-slave",
        "+slave-reconf-sent",
        "+convert-to-slave",
        "+fix-slave-config",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], event) == 0)
            return true;
    return false;
}

/* Between two attempts, and an attempt may be on its way for crash_after. The clock of the vedette
 * counts whole milliseconds. */
int64_t laws_glimpse_us(const struct group_draw *g) {
    int64_t pause_ms = MAX_OF(g->crash_after_ms / 4, CRASH_ATTEMPT_MIN_MS);
    return (pause_ms + g->crash_after_ms + 1) * US_PER_MS;
}

/* It may be told later, when tilt is over: who was dead for so long is down until it answers. */
static void check_crash(struct laws *l, const struct vedette *v, const struct effect *e) {
    struct world *w = l->world;
    const struct server *s;
    const struct watched_server *is = watch_subject(&l->watch[v->number], e, &s);
    marks_hit(&w->marks, MARK_REFUSED_DOWN);
    if (is == NULL)
        return;
    int64_t crash_after_ms = w->draw.group[s->group].crash_after_ms, dead_us = is->refused_dead_us;
    dead_us += dead_us * w->draw.drift_max / US_PER_S + US_PER_MS; /* as its clock has it */
    if (dead_us / US_PER_MS < crash_after_ms)
        laws_break(l, LAW_CRASH_TRUE, "%s holds %s for crashed, which was dead for %lld ms",
            v->name, s->name, (long long)(dead_us / US_PER_MS));
}

static void check_event(struct laws *l, const struct vedette *v, const struct effect *e) {
    if (e->level == LOG_DEBUG) /* the most frequent ones; no law is about them */
        return;
    if (strcmp(e->event, "+sdown") == 0 && e->note.size > 0)
        check_crash(l, v, e);
    if (vedette_is_in_tilt(v) && is_judgement(e->event))
        laws_break(l, LAW_STILL_IN_TILT, "%s tells %s in tilt", v->name, e->event);
    laws_health_event(l, v, e);
    laws_election_event(l, v, e);
    laws_select_event(l, v, e);
    laws_return_event(l, v, e);
}

void laws_hello(struct laws *l, const struct vedette *v, struct slice text, bool waits) {
    watch_hello(&l->watch[v->number], v, text, waits);
}

void laws_client_gone(struct laws *l, const struct vedette *v, const struct effect *e) {
    laws_break(l, LAW_CLIENTS_LIVE, "%s speaks to client %llu, which is not there", v->name,
        (unsigned long long)e->client.value);
}

/* A group that is removed has no configuration that would have to be kept. */
static void note_removals(struct told *told, const struct effect *e) {
    for (size_t i = 0; i < e->delta_count; i++) {
        const struct delta *d = &e->deltas[i];
        if (d->kind != DELTA_GROUP || d->record.origin != GROUP_REMOVED)
            continue;
        struct told_group *g = &told->groups[world_group_named(d->group)];
        g->config_epoch = g->elected_epoch = g->elected_first = 0;
    }
}

static void check_quiet(struct laws *l, const struct vedette *v, const struct effect *e) {
    /* A script that fails is tried again for hours. */
    bool tells = e->kind == EFFECT_EVENT && strstr(e->event, "script") == NULL;
    if (tells || e->kind == EFFECT_CLOSE)
        laws_break(l, LAW_QUIET, "%s has an effect of kind %d, %s " SLICE_FMT, v->name,
            (int)e->kind, tells ? e->event : "", SLICE_ARG(e->text));
}

void laws_before_effect(struct laws *l, struct vedette *v, const struct effect *e) {
    struct told *told = &l->told[v->number];
    bool leaves = e->kind != EFFECT_EVENT && e->kind != EFFECT_SCRIPT && e->kind != EFFECT_LOG;
    if (leaves && e->after > v->durable_seq)
        laws_break(l, LAW_AFTER,
            "%s lets out an effect that rests on PERSIST %llu, durable is %llu", v->name,
            (unsigned long long)e->after, (unsigned long long)v->durable_seq);
    if (l->world->is_quiet)
        check_quiet(l, v, e);
    switch (e->kind) {
    case EFFECT_OPEN:
        if (wire_is_open(v, e->link))
            laws_break(l, LAW_LINKS_LIVE, "%s opens link %u, which it has not closed", v->name,
                e->link.value);
        break;
    case EFFECT_CLOSE:
    case EFFECT_SEND:
        if (wire_of_link(v, e->link, e->incarnation) == NULL)
            laws_break(l, LAW_LINKS_LIVE, "%s uses link %u.%llu, which is not there", v->name,
                e->link.value, (unsigned long long)e->incarnation);
        else if (e->kind == EFFECT_SEND)
            laws_send(l, v, e);
        break;
    case EFFECT_PERSIST:
        if (e->seq <= told->persist_seq)
            laws_break(l, LAW_SEQ_RISES, "%s: PERSIST %llu comes after %llu", v->name,
                (unsigned long long)e->seq, (unsigned long long)told->persist_seq);
        told->persist_seq = e->seq;
        note_removals(told, e);
        break;
    case EFFECT_STOP:
        if (!v->stop_asked && !(v->failure_asked && e->status == SIMULATED_STATUS))
            laws_break(l, LAW_RUNS_ON, "%s stops with status %d", v->name, e->status);
        break;
    case EFFECT_EVENT:
        check_event(l, v, e);
        break;
    case EFFECT_LOG:
        laws_election_log(l, v, e);
        break;
    case EFFECT_RUN:
        if (child_find(v, e->script) != NULL || list_count(&v->children) >= SCRIPT_RUNNING_MAX)
            laws_break(l, LAW_SCRIPTS, "%s starts script #%llu, which runs, or too many", v->name,
                (unsigned long long)e->script);
        break;
    case EFFECT_REPLY:
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_HANGUP:
    case EFFECT_RESOLVE:
    case EFFECT_SCRIPT:
    case EFFECT_KILL:
    case EFFECT_CHECK_SCRIPTS:
    case EFFECT_READ_FILE:
    case EFFECT_WRITE_FILE:
    case EFFECT_DRAW:
    case EFFECT_KIND_COUNT:
        break;
    }
    watch_effect(&l->watch[v->number], v, e);
}

/* ---- the core as it shows itself ---- */

static void check_rise(
    struct laws *l, const struct vedette *v, const char *what, uint64_t *seen, uint64_t is) {
    if (is < *seen)
        laws_break(l, LAW_EPOCH_RISES, "%s: the %s falls from %llu to %llu", v->name, what,
            (unsigned long long)*seen, (unsigned long long)is);
    *seen = is;
}

bool laws_is_lone(struct laws *l, const struct group *g) {
    return group_needed_votes(g) < (size_t)world_sentinel_count(l->world) / 2 + 1;
}

void laws_stands(struct laws *l, int number, int group, uint64_t epoch) {
    struct reign *r = laws_reign(l, group, epoch);
    unsigned mask = 1U << number;
    if ((r->candidates & mask) == 0 && r->candidates != 0)
        marks_hit(&l->world->marks, MARK_SPLIT);
    r->candidates |= mask;
}

static bool is_leader(const struct reign *r, const struct leader *a) {
    return r->leader == a->number && r->life == a->life && r->attempt == a->attempt;
}

void laws_elected(
    struct laws *l, int group, uint64_t epoch, const struct leader *who, bool is_forced) {
    struct reign *r = laws_reign(l, group, epoch);
    r->makers |= 1U << who->number;
    if (is_forced) {
        r->was_forced = true;
        return;
    }
    if (r->leader >= 0 && !is_leader(r, who))
        laws_break(l, LAW_ONE_LEADER, "%s and %s were both elected under epoch %llu",
            world_sentinel_name(l->world, r->leader), world_sentinel_name(l->world, who->number),
            (unsigned long long)epoch);
    r->leader = who->number;
    r->life = who->life;
    r->attempt = who->attempt;
}

static void check_attempt(
    struct laws *l, const struct vedette *v, int group, const struct group *g) {
    const struct attempt *a = &g->attempt;
    if (a->state == FAILOVER_NONE)
        return;
    laws_stands(l, v->number, group, a->epoch);
    if (!a->elected)
        return;
    struct reign *r = laws_reign(l, group, a->epoch);
    unsigned mask = 1U << v->number;
    const struct leader leader = { .number = v->number, .life = v->life, .attempt = a->serial };
    struct told_group *told = &l->told[v->number].groups[group];
    told->elected_epoch = a->epoch;
    if (told->elected_first == 0)
        told->elected_first = a->epoch;
    if (!is_leader(r, &leader) && !a->forced && laws_is_lone(l, g) && (r->loners & mask) == 0) {
        r->loners |= mask;
        marks_hit(&l->world->marks, MARK_LONE_LEADER);
    }
    laws_elected(l, group, a->epoch, &leader, a->forced || (r->loners & mask) != 0);
}

void laws_holds(
    struct laws *l, int number, int group, uint64_t epoch, const struct endpoint *master) {
    if (epoch == 0)
        return;
    struct reign *r = laws_reign(l, group, epoch);
    if (!r->has_master) {
        r->has_master = true;
        r->master = *master;
        clients_note_tenure(l->world, group, epoch, farm_at(&l->world->farm, master));
    } else if (!endpoint_equal(&r->master, master)) {
        if (!r->was_forced)
            laws_break(l, LAW_CONFIG_UNIQUE,
                "%s holds %s for master of %s under config epoch %llu, another held %s",
                world_sentinel_name(l->world, number), master->host, world_group_name(group),
                (unsigned long long)epoch, r->master.host);
        if (l->clash_epochs[group] != epoch)
            marks_hit(&l->world->marks, MARK_FORCED_CLASH);
        l->clash_epochs[group] = epoch;
    }
}

static void check_config(
    struct laws *l, const struct vedette *v, int group, const struct group *g) {
    const struct endpoint master = names_ip(&group_current_master(g)->address.given);
    laws_holds(l, v->number, group, g->config_epoch, &master);
}

static void check_link(struct laws *l, const struct vedette *v, const struct link *link) {
    unsigned id = link->id.value;
    if (link->state == LINK_CLOSED) {
        if (link->count > 0)
            laws_break(l, LAW_SEND_ENDS_ONCE, "%s: link %u is closed and awaits %zu replies",
                v->name, id, link->count);
        return;
    }
    const struct wire *x = wire_of_link(v, link->id, link->incarnation);
    if (x == NULL) {
        laws_break(l, LAW_LINKS_LIVE, "%s holds link %u.%llu, which is not there", v->name, id,
            (unsigned long long)link->incarnation);
        return;
    }
    bool is_same = x->sent_count == link->count;
    for (size_t i = 0; is_same && i < link->count; i++)
        is_same = link->ring[(link->head + i) % link->capacity].tag == x->sent[i].tag;
    if (!is_same)
        laws_break(l, LAW_SEND_ENDS_ONCE, "%s: link %u awaits %zu replies, %zu are under way",
            v->name, id, link->count, x->sent_count);
    size_t brake = link_pending(link, PENDING_PING) + link_pending(link, PENDING_INFO) +
        link_pending(link, PENDING_HELLO);
    size_t limit = (size_t)engine_core(v->engine)->settings.limits.max[LIMIT_PENDING_COMMANDS];
    if (link->process != NULL)
        limit *= (size_t)v->world->group_count; /* that share it */
    if (brake > limit || link->count > 2 * limit)
        laws_break(
            l, LAW_PENDING_BOUND, "%s: link %u awaits %zu replies", v->name, id, link->count);
}

static void check_links(struct laws *l, const struct vedette *v, const struct core *c) {
    size_t live = 0;
    for (size_t i = 0; i < c->link_count; i++) {
        if (c->links[i] == NULL)
            continue;
        check_link(l, v, c->links[i]);
        live += c->links[i]->state != LINK_CLOSED;
    }
    list_for_each(x, &v->wires, struct wire, siblings)
        live -= !x->is_gone && x->client.value == 0;
    if (live != 0)
        laws_break(l, LAW_LINKS_LIVE, "%s has connections that it does not know of", v->name);
}

/* By its address of now: the server that a name means, be it told by name or by IP. */
static void check_told(
    struct laws *l, const struct vedette *v, struct told_group *told, const struct group *g) {
    const struct endpoint *given = &group_current_master(g)->address.given;
    const struct server *is = farm_at(&l->world->farm, given);
    if (told->seen_server != NULL && is != told->seen_server && is != told->switched_to)
        laws_break(l, LAW_SWITCH_TOLD, "%s answers that %s is master of %s, and has not told it",
            v->name, given->host, g->name);
    told->seen_server = is;
}

static void check_group(struct laws *l, const struct vedette *v, const struct group *g) {
    int group = world_group_named(slice_of(g->name));
    struct told_group *told = &l->told[v->number].groups[group];
    if (g->serial != told->serial) { /* made anew: its vote stays, its configuration does not */
        told->serial = g->serial;
        told->config_epoch = told->seen_config_epoch = 0;
        told->elected_epoch = told->elected_first = 0;
        told->seen_master = told->seen_server = told->switched_to = NULL;
    }
    const void *master = group_current_master(g);
    bool is_new = g->config_epoch != told->seen_config_epoch || master != told->seen_master;
    told->seen_master = master;
    laws_election_step(l, v, group, g);
    check_rise(l, v, "config epoch", &told->seen_config_epoch, g->config_epoch);
    check_rise(l, v, "vote epoch", &told->seen_vote_epoch, g->vote_epoch);
    check_attempt(l, v, group, g);
    if (is_new) {
        check_config(l, v, group, g);
        check_told(l, v, told, g);
    }
    if (g->frozen)
        laws_break(l, LAW_RUNS_ON, "%s has frozen %s", v->name, g->name);
}

void laws_after_step(struct laws *l, struct vedette *v, const struct input *in) {
    const struct core *c = vedette_core(v);
    bool is_of_link = in->kind == INPUT_REPLY || in->kind == INPUT_LINK_UP ||
        in->kind == INPUT_LINK_LOST || in->kind == INPUT_MESSAGE;
    if (is_of_link && c->links[in->link.value - 1] != NULL)
        check_link(l, v, c->links[in->link.value - 1]);
    check_rise(l, v, "current epoch", &l->told[v->number].seen_epoch, c->current_epoch);
    map_for_each(g, &c->groups, struct group)
        check_group(l, v, g);
    laws_gate_step(l, v);
}

void laws_before_sleep(struct laws *l, struct vedette *v) {
    if (++l->told[v->number].wakes % LINKS_LOOK_WAKES != 0)
        return;
    check_links(l, v, vedette_core(v));
    laws_links_look(l, v);
    for (int group = 0; group < l->world->group_count; group++) {
        const struct group *g = vedette_group(v, group);
        if (g == NULL)
            continue;
        laws_health_look(l, v, g);
        laws_bounds_look(l, v, g);
        laws_proof_look(l, v, g);
    }
}
