/* Steps of the core, answers to what it asks for, and time. */
#include "tests/unit/core_fixture_parts.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/input.h"
#include "tests/lib/reply.h"

#include <stdio.h>
#include <string.h>

#define STEPS_MAX  20000 /* without time going by: something goes in circles */
#define HEARD_LATE 50    /* what a late wake-up adds to the heard clock */

/* ---- effects ---- */

static void trace(const struct fixture *f, const char *mark, const struct buf *line) {
    if (f->traces)
        (void)fprintf(stderr, "%7lld %s %s\n", (long long)(f->now.mono_ms - FIXTURE_START_MS), mark,
            buf_text(line));
}

static struct far *far_at(struct fixture *f, const struct endpoint *address) {
    if (endpoint_equal(&f->master.address, address))
        return &f->master;
    if (endpoint_equal(&f->second_master.address, address))
        return &f->second_master;
    for (int i = 0; i < f->replica_count; i++)
        if (endpoint_equal(&f->replicas[i].address, address))
            return &f->replicas[i];
    for (int i = 0; i < f->peer_count; i++)
        if (endpoint_equal(&f->peers[i].address, address))
            return &f->peers[i];
    return NULL; /* nobody is there */
}

static void take_open(struct fixture *f, const struct effect *e) {
    ensure(e->link.value < FIXTURE_LINKS_MAX);
    struct link_here_state *l = &f->links[e->link.value];
    ensure(l->state == HERE_CLOSED);
    ensure(e->incarnation > l->incarnation);
    *l = (struct link_here_state){
        .state = HERE_OPENING,
        .incarnation = e->incarnation,
        .purpose = e->purpose,
        .to = far_at(f, &e->address),
    };
}

static void end_sends(struct fixture *f, uint32_t link) {
    for (size_t i = 0; i < f->sent_count; i++)
        if (f->sent[i].link.value == link)
            f->sent[i].ended = true;
}

static void take_close(struct fixture *f, const struct effect *e) {
    struct link_here_state *l = &f->links[e->link.value];
    ensure(l->state != HERE_CLOSED);
    ensure(l->incarnation == e->incarnation);
    l->state = HERE_CLOSED;
    end_sends(f, e->link.value);
}

static void take_send(struct fixture *f, const struct effect *e) {
    const struct link_here_state *l = &f->links[e->link.value];
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    ensure(l->state != HERE_CLOSED);
    ensure(l->incarnation == e->incarnation);
    ensure(e->tag != 0);
    effect_print(e, &text);
    const char *requests = strchr(buf_text(&text), '#');
    requests = strchr(requests, ' ') + 1;
    mem_grow(&f->sent, &f->sent_capacity, f->sent_count + 1, sizeof(*f->sent));
    f->sent[f->sent_count++] = (struct sent){
        .link = e->link,
        .incarnation = e->incarnation,
        .tag = e->tag,
        .purpose = l->purpose,
        .to = l->to,
        .at_ms = f->now.mono_ms,
        .text = mem_strdup(requests),
    };
}

static void take_persist(struct fixture *f, const struct effect *e, const struct buf *line) {
    ensure(e->seq == f->persist_seq + 1);
    f->persist_seq = e->seq;
    for (size_t i = 0; i < e->delta_count; i++)
        state_apply(&f->stored, &e->deltas[i]);
    buf_printf(&f->persists, "%s\n", buf_text(line));
}

static void take_effect(struct fixture *f, const struct effect *e) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    effect_print(e, &line);
    trace(f, "->", &line);
    switch (e->kind) {
    case EFFECT_OPEN:
        take_open(f, e);
        break;
    case EFFECT_CLOSE:
        take_close(f, e);
        break;
    case EFFECT_SEND:
        take_send(f, e);
        break;
    case EFFECT_PERSIST:
        take_persist(f, e, &line);
        break;
    case EFFECT_EVENT:
        buf_printf(e->level == LOG_DEBUG ? &f->logs : &f->events, "%s " SLICE_FMT SLICE_FMT "\n",
            e->event, SLICE_ARG(e->text), SLICE_ARG(e->note));
        break;
    case EFFECT_LOG:
        buf_printf(&f->logs, "%s " SLICE_FMT "\n", log_level_name(e->level), SLICE_ARG(e->text));
        break;
    case EFFECT_SCRIPT:
    case EFFECT_RUN:
    case EFFECT_KILL:
        buf_printf(&f->scripts, "%s\n", buf_text(&line));
        break;
    case EFFECT_RESOLVE:
        buf_printf(&f->asked, SLICE_FMT "\n", SLICE_ARG(e->text));
        break;
    case EFFECT_CHECK_SCRIPTS:
    case EFFECT_READ_FILE:
    case EFFECT_WRITE_FILE:
    case EFFECT_DRAW:
    case EFFECT_REPLY:
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_HANGUP:
    case EFFECT_STOP:
    case EFFECT_KIND_COUNT:
        fail_msg("not an effect of the core: %s", buf_text(&line));
    }
}

void fixture_take_effects(struct fixture *f) {
    for (size_t i = 0; i < f->out.count; i++)
        take_effect(f, &f->out.items[i]);
    effects_clear(&f->out);
    f->group = core_group(f->core, SLICE_LITERAL("mymaster"));
}

void fixture_begin(struct fixture *f) {
    core_begin(f->core, f->now, &f->out);
}

void fixture_end(struct fixture *f) {
    core_end(f->core);
    script_start_due(f->core);
    fixture_take_effects(f);
}

void fixture_step(struct fixture *f, const struct input *in) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    input_print(in, &line);
    trace(f, "<-", &line);
    fixture_begin(f);
    core_input(f->core, in);
    fixture_end(f);
}

/* ---- answers ---- */

void fixture_answer(
    struct fixture *f, struct link_id link, uint64_t incarnation, uint64_t tag, const char *resp) {
    struct input in = {
        .kind = INPUT_REPLY,
        .link = link,
        .incarnation = incarnation,
        .tag = tag,
    };
    struct reply_reader reader = { .blocks = NULL };
    size_t used;
    ensure(reply_read(&reader, slice_of(resp), &in.value, &used) == REPLY_READ_VALUE);
    fixture_step(f, &in);
    reply_reader_fini(&reader);
}

static bool is_held(const struct sent *s) {
    return s->to->mood != FAR_ANSWERS ||
        (s->to->holds != NULL && strncmp(s->text, s->to->holds, strlen(s->to->holds)) == 0);
}

/* Whether nothing older is pending on the same link. */
static bool is_first(const struct fixture *f, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (!f->sent[i].ended && f->sent[i].link.value == f->sent[index].link.value)
            return false;
    return true;
}

/* When a SEND is answered, TSTAMP_NEVER if it is not. */
static int64_t answered_at(const struct fixture *f, size_t index) {
    const struct sent *s = &f->sent[index];
    if (s->ended || f->links[s->link.value].state != HERE_UP || is_held(s) || !is_first(f, index))
        return TSTAMP_NEVER;
    return s->at_ms + s->to->latency_ms;
}

static bool answer_send(struct fixture *f) {
    for (size_t i = 0; i < f->sent_count; i++) {
        if (answered_at(f, i) > f->now.mono_ms)
            continue;
        struct buf resp CLEANUP(buf_fini) = BUF_INIT;
        f->sent[i].ended = true;
        struct sent s = f->sent[i];
        far_answer(f, s.to, s.text, &resp);
        fixture_answer(f, s.link, s.incarnation, s.tag, buf_text(&resp));
        return true;
    }
    return false;
}

void fixture_lose(struct fixture *f, uint32_t link, const char *why) {
    struct link_here_state *l = &f->links[link];
    l->state = HERE_CLOSED;
    end_sends(f, link);
    fixture_step(f,
        &(struct input){ .kind = INPUT_LINK_LOST,
            .link = { link },
            .incarnation = l->incarnation,
            .why = slice_of(why),
            .refused = strcmp(why, "Connection refused") == 0 });
}

static bool answer_open(struct fixture *f) {
    for (uint32_t i = 0; i < FIXTURE_LINKS_MAX; i++) {
        struct link_here_state *l = &f->links[i];
        if (l->state != HERE_OPENING || (l->to != NULL && l->to->mood == FAR_VANISHED))
            continue;
        if (l->to == NULL || l->to->mood == FAR_REFUSES) {
            fixture_lose(f, i, "Connection refused");
            return true;
        }
        l->state = HERE_UP;
        fixture_step(f,
            &(struct input){ .kind = INPUT_LINK_UP,
                .link = { i },
                .incarnation = l->incarnation,
                .local = { .host = "10.0.1.9", .port = 40000 } });
        return true;
    }
    return false;
}

static bool answer_persist(struct fixture *f) {
    if (f->answered_seq == f->persist_seq || f->store == STORE_HANGS)
        return false;
    if (f->store == STORE_WORKS)
        fixture_durable(f, f->persist_seq);
    else
        fixture_failed(f, f->persist_seq);
    return true;
}

void fixture_settle(struct fixture *f) {
    for (int i = 0; answer_persist(f) || answer_open(f) || answer_send(f); i++)
        if (i > STEPS_MAX)
            fail_msg("goes in circles: %zu sends", f->sent_count);
}

void fixture_timer(struct fixture *f) {
    fixture_step(f, &(struct input){ .kind = INPUT_TIMER });
    fixture_settle(f);
}

/* ---- time ---- */

static int64_t next_instant(const struct fixture *f) {
    int64_t next = core_deadline(f->core);
    for (size_t i = 0; i < f->sent_count; i++)
        next = tstamp_min(next, answered_at(f, i));
    return next;
}

static void pass(struct fixture *f, int64_t ms) {
    f->now.mono_ms += ms;
    f->now.heard_ms += ms;
    f->now.wall_ms += ms;
    f->now.wake += ms > 0;
}

static void next_wake(struct fixture *f, int64_t end_ms) {
    int64_t next = MAX_OF(next_instant(f), f->now.mono_ms);
    pass(f, tstamp_min(next, end_ms) - f->now.mono_ms);
    fixture_settle(f);
    if (core_deadline(f->core) <= f->now.mono_ms)
        fixture_timer(f);
}

void fixture_advance(struct fixture *f, int64_t ms) {
    int64_t end_ms = f->now.mono_ms + ms;
    fixture_settle(f);
    while (f->now.mono_ms < end_ms)
        next_wake(f, end_ms);
}

void fixture_stall(struct fixture *f, int64_t ms) {
    f->now.mono_ms += ms;
    f->now.heard_ms += MIN_OF(ms, HEARD_LATE);
    f->now.wall_ms += ms;
    f->now.wake++;
}

static bool has_event(const struct fixture *f, const char *name) {
    struct slice rest = buf_slice(&f->events);
    while (rest.data != NULL) {
        struct slice line = slice_cut(&rest, '\n');
        if (slice_is(slice_cut(&line, ' '), name))
            return true;
    }
    return false;
}

int64_t fixture_await(struct fixture *f, const char *event, int64_t limit_ms) {
    int64_t from_ms = f->now.mono_ms;
    fixture_settle(f);
    while (!has_event(f, event)) {
        if (f->now.mono_ms >= from_ms + limit_ms)
            fail_msg("no %s within %lld ms; events:\n%slogs:\n%s", event, (long long)limit_ms,
                fixture_events(f), fixture_logs(f));
        next_wake(f, from_ms + limit_ms);
    }
    return f->now.mono_ms - from_ms;
}

int64_t fixture_deadline(const struct fixture *f) {
    int64_t deadline = core_deadline(f->core);
    return deadline == TSTAMP_NEVER ? TSTAMP_NEVER : deadline - f->now.mono_ms;
}

/* ---- questions ---- */

struct node *fixture_replica(const struct fixture *f, int index) {
    return group_replica(f->group, &f->replicas[index].address);
}

struct peer *fixture_peer(const struct fixture *f, int index) {
    return peer_find(f->group, f->peers[index].id);
}

const struct sent *fixture_last_sent(
    const struct fixture *f, const struct far *to, const char *prefix) {
    for (size_t i = f->sent_count; i > 0; i--) {
        const struct sent *s = &f->sent[i - 1];
        if ((to == NULL || s->to == to) && strncmp(s->text, prefix, strlen(prefix)) == 0)
            return s;
    }
    return NULL;
}

size_t fixture_sent(const struct fixture *f, const struct far *to, const char *prefix) {
    size_t found = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        const struct sent *s = &f->sent[i];
        found += (to == NULL || s->to == to) && strncmp(s->text, prefix, strlen(prefix)) == 0;
    }
    return found;
}

size_t fixture_promotions(const struct fixture *f, int replica) {
    return fixture_sent(f, &f->replicas[replica], "MULTI; SLAVEOF NO ONE; ");
}

void fixture_forget(struct fixture *f) {
    size_t kept = 0;
    for (size_t i = 0; i < f->sent_count; i++) {
        if (f->sent[i].ended)
            mem_free(f->sent[i].text);
        else
            f->sent[kept++] = f->sent[i];
    }
    f->sent_count = kept;
    buf_clear(&f->events);
    buf_clear(&f->logs);
    buf_clear(&f->scripts);
    buf_clear(&f->persists);
    buf_clear(&f->asked);
}

const char *fixture_events(const struct fixture *f) {
    return buf_text(&f->events);
}

const char *fixture_logs(const struct fixture *f) {
    return buf_text(&f->logs);
}

const char *fixture_persists(const struct fixture *f) {
    return buf_text(&f->persists);
}
