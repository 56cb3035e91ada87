#include "tests/fuzz/outside.h"

#include "common/mem.h"
#include "common/siphash.h"
#include "config/diag.h"
#include "config/load.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/recording.h"
#include "sentinel/engine/trace.h"
#include "sentinel/shell/store_batch.h"
#include "tests/fuzz/outside_laws.h"
#include "tests/fuzz/replayed.h"
#include "tests/fuzz/sealing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_OURS "f413a4d519016d5adc6d4bda3c1e771556186033"
#define ID_PEER "43a6b503dad0d9e4e3902c03e92e684d3a1d4233"

static const char *const configs[OUTSIDE_CONFIGS] = {
    /* a small deployment */
    "groups:\n"
    "  mymaster: {master: '10.0.0.1:6379', quorum: 2, down_after: 1s, failover_timeout: 20s}\n",
    /* several groups, every kind of setting */
    "announce: 10.0.0.9:26379\n"
    "groups:\n"
    "  mymaster: {master: '10.0.0.1:6379', quorum: 1, down_after: 500ms, crash_after: 100ms,\n"
    "    reboot_down_after: 5s, scripts: {notification: /n, reconfig: /r}}\n"
    "  other: {master: '10.0.0.2:6379', quorum: 2, auth: {user: u, password: p},\n"
    "    rename_commands: {CONFIG: X, SLAVEOF: Y}}\n"
    "  third: {master: '10.0.0.3:6379', quorum: 1, parallel_syncs: 3}\n",
    /* names instead of addresses */
    "hostnames: {resolve: yes, announce: yes}\n"
    "groups:\n"
    "  mymaster: {master: 'a.example:6379', quorum: 1, scripts: {notification: /n}}\n"
    "  other: {master: 'b.example:6379', quorum: 1, down_after: 200ms}\n",
    /* limits at their least, users */
    "limits: {peers: 1, replicas: 1, pending_commands: 10, parked_replies: 1, subscriptions: 2,\n"
    "  query_buffer: 64KiB, output_buffer: 64KiB, client_memory: 1MiB, info_cache: 64KiB}\n"
    "clients: {password: x, users: {u: 'on >u ~* &a* +@all -@dangerous'}, timeout: 10s,\n"
    "  protected_mode: no}\n"
    "groups:\n"
    "  mymaster: {master: '10.0.0.1:6379', quorum: 1, down_after: 200ms, failover_timeout: 1s}\n",
    /* the other make */
    "compat: valkey\n"
    "clients: {rename_commands: {PING: PONGY, ROLE: ''}}\n"
    "groups:\n"
    "  mymaster: {master: '10.0.0.1:6379', quorum: 2, down_after: 30s}\n"
    "  other: {master: '[::1]:6380', quorum: 5}\n",
};

/* ---- configurations ---- */

static void read_config(const struct outside *o, size_t config, struct settings *ret) {
    struct diag diag;
    struct buf findings = BUF_INIT;
    diag_init(&diag, "config");
    bool valid = load_yaml(slice_of(configs[config]), ret, &diag);
    diag_print(&diag, &findings);
    if (!valid)
        fputs(buf_text(&findings), stderr);
    fuzz_check(valid);
    buf_fini(&findings);
    diag_fini(&diag);
    sealing_apply(o->trust, ret);
}

/* false: what is known stands against it. */
static bool merge(const struct outside *o, const struct settings *file, struct plan *ret) {
    struct diag diag;
    plan_init(ret);
    diag_init(&diag, "config");
    bool valid =
        config_merge(file, &o->known, o->writes_file ? MERGE_CLASSIC : MERGE_YAML, ret, &diag);
    fuzz_check(valid == (diag.count == 0));
    diag_fini(&diag);
    return valid;
}

static struct endpoint host(const char *name, uint16_t port) {
    struct endpoint e;
    fuzz_check(endpoint_make(slice_of(name), port, &e));
    return e;
}

static void learn(struct state *s, const struct settings *settings) {
    const struct group_settings *g = &settings->groups[0];
    struct delta deltas[] = {
        { .kind = DELTA_GROUP,
            .record = { .origin = GROUP_FROM_FILE, .master = g->master, .seed = g->master } },
        { .kind = DELTA_REPLICA, .address = host("10.0.0.4", 6379) },
        { .kind = DELTA_REPLICA, .address = host("10.0.0.5", 6379) },
        { .kind = DELTA_PEER, .id = slice_of(ID_PEER), .address = host("10.0.0.8", 26379) },
    };
    state_init(s);
    memcpy(s->id, ID_OURS, sizeof(s->id));
    for (size_t i = 0; i < ARRAY_SIZE(deltas); i++) {
        deltas[i].group = slice_of(g->name);
        state_apply(s, &deltas[i]);
    }
}

/* ---- the story ---- */

static void tell(struct outside *o) {
    const struct siphash_key key = { .words = { o->story } };
    o->story = siphash(&key, buf_slice(&o->line));
    if (o->is_told)
        fputs(buf_text(&o->line), stderr);
    buf_clear(&o->line);
}

/* ---- effects ---- */

static void note_send(struct outside *o, const struct effect *e) {
    struct outside_link *l = outside_link(o, e->link, e->incarnation);
    mem_grow(&l->tags, &l->tag_capacity, l->tag_count + 1, sizeof(l->tags[0]));
    l->tags[l->tag_count++] = e->tag;
}

static void note_open(struct outside *o, const struct effect *e) {
    mem_grow(&o->links, &o->link_capacity, o->link_count + 1, sizeof(o->links[0]));
    o->links[o->link_count++] = (struct outside_link){
        .id = e->link,
        .incarnation = e->incarnation,
        .purpose = e->purpose,
    };
}

static void forget_link(struct outside *o, struct outside_link *l) {
    mem_free(l->tags);
    size_t at = (size_t)(l - o->links);
    o->link_count--;
    memmove(l, l + 1, (o->link_count - at) * sizeof(*l));
}

static void note_persist(struct outside *o, const struct effect *e) {
    struct store_batch *b = store_batch_new();
    for (size_t i = 0; i < e->delta_count; i++) {
        store_batch_add(b, &e->deltas[i]);
        state_apply(&o->known, &e->deltas[i]);
    }
    b->seq = o->persist_seq = e->seq;
    mem_grow(&o->queue, &o->queue_capacity, o->queue_count + 1, sizeof(struct store_batch *));
    o->queue[o->queue_count++] = b;
    if (e->save)
        o->save_seq = e->seq;
}

static void note_question(struct outside *o, const struct effect *e) {
    mem_grow(&o->questions, &o->question_capacity, o->question_count + 1, sizeof(o->questions[0]));
    struct outside_question *q = &o->questions[o->question_count++];
    *q = (struct outside_question){ .kind = e->kind, .client = e->client };
    if (e->kind == EFFECT_RUN)
        q->number = e->script;
    else
        q->number = e->kind == EFFECT_DRAW ? e->tag : e->word_count;
    buf_add_slice(&q->text, e->kind == EFFECT_WRITE_FILE ? e->bytes : e->text);
}

static void forget_question(struct outside *o, size_t i) {
    buf_fini(&o->questions[i].text);
    o->question_count--;
    memmove(
        &o->questions[i], &o->questions[i + 1], (o->question_count - i) * sizeof(o->questions[0]));
}

static void note_effect(struct outside *o, const struct effect *e) {
    switch (e->kind) {
    case EFFECT_OPEN:
        note_open(o, e);
        break;
    case EFFECT_CLOSE:
        forget_link(o, outside_link(o, e->link, e->incarnation));
        break;
    case EFFECT_SEND:
        note_send(o, e);
        break;
    case EFFECT_PERSIST:
        note_persist(o, e);
        break;
    case EFFECT_HANGUP:
        outside_client(o, e->client)->is_hung_up = true;
        break;
    case EFFECT_RESOLVE:
    case EFFECT_RUN:
    case EFFECT_CHECK_SCRIPTS:
    case EFFECT_READ_FILE:
    case EFFECT_WRITE_FILE:
    case EFFECT_DRAW:
        note_question(o, e);
        break;
    case EFFECT_STOP:
        o->has_stopped = true;
        break;
    case EFFECT_REPLY:
        sealing_overhear(outside_client(o, e->client), e->bytes);
        break;
    case EFFECT_PAUSE:
    case EFFECT_RESUME:
    case EFFECT_EVENT:
    case EFFECT_LOG:
    case EFFECT_SCRIPT:
    case EFFECT_KILL:
    case EFFECT_KIND_COUNT:
        break;
    }
}

static void carry_out(struct outside *o) {
    trace_effects(&o->line, o->now, &o->effects, 0);
    tell(o);
    if (o->recording != NULL)
        recording_effects(o->recording, o->engine, &o->effects, 0);
    for (size_t i = 0; i < o->effects.count; i++) {
        outside_check_effect(o, &o->effects.items[i]);
        note_effect(o, &o->effects.items[i]);
    }
    effects_clear(&o->effects);
    if (!o->has_stopped)
        outside_check_core(o);
}

/* ---- life ---- */

static const char recording_key[MASK_KEY_SIZE] = "as good as any other............";

void outside_init(struct outside *o, const struct outside_options *with) {
    struct plan plan;
    *o = (struct outside){
        .facts = { .process_id = 1,
            .run_id = ID_OURS,
            .executable = "/x",
            .config_file = "/c",
            .os = "o",
            .compiler = "c",
            .multiplexer = "m",
            .arch_bits = 64 },
        .now = { .mono_ms = 1000, .heard_ms = 1000, .wall_ms = 1600000000000, .wake = 1 },
        .config = with->config,
        .trust = with->trust,
        .writes_file = with->writes_file,
        .effects = EFFECTS_INIT,
        .is_told = getenv("FUZZ_TRACE") != NULL,
    };
    read_config(o, with->config, &o->settings);
    learn(&o->known, &o->settings);
    state_init(&o->disk);
    state_copy(&o->disk, &o->known);
    fuzz_check(merge(o, &o->settings, &plan));
    struct engine_options options = {
        .state = &o->known,
        .plan = &plan,
        .facts = &o->facts,
        .writes_file = with->writes_file,
        .seed = 1,
    };
    if (with->is_recorded) {
        o->recording = recording_new(recording_key, &o->recorded);
        recording_start(o->recording, &options, o->now, "1");
    }
    o->engine = engine_new(&options, o->now, &o->effects);
    o->core = engine_core(o->engine);
    carry_out(o);
    plan_fini(&plan);
}

void outside_fini(struct outside *o) {
    engine_free(o->engine);
    recording_free(o->recording);
    buf_fini(&o->recorded);
    effects_fini(&o->effects);
    while (o->link_count > 0)
        forget_link(o, &o->links[o->link_count - 1]);
    while (o->question_count > 0)
        forget_question(o, o->question_count - 1);
    while (o->queue_count > 0)
        store_batch_free(o->queue[--o->queue_count]);
    mem_free(o->links);
    mem_free(o->questions);
    mem_free(o->queue);
    mem_free(o->epochs);
    settings_fini(&o->settings);
    state_fini(&o->known);
    state_fini(&o->disk);
    buf_fini(&o->line);
}

void outside_pass(struct outside *o, int64_t mono_ms, int64_t heard_ms) {
    o->now.mono_ms += mono_ms;
    o->now.heard_ms += MIN_OF(heard_ms, mono_ms);
    o->now.wall_ms += mono_ms;
    o->now.wake++;
}

void outside_step(struct outside *o, const struct input *in) {
    if (o->has_stopped)
        return;
    trace_input(&o->line, o->now, in);
    tell(o);
    if (o->recording != NULL)
        recording_input(o->recording, o->engine, o->now, in);
    engine_step(o->engine, o->now, in, &o->effects);
    carry_out(o);
}

static void timer(struct outside *o) {
    outside_step(o, &(struct input){ .kind = INPUT_TIMER });
}

void outside_wake(struct outside *o) {
    int64_t deadline = o->has_stopped ? TSTAMP_NEVER : engine_deadline(o->engine);
    int64_t wait_ms = 0;
    if (deadline != TSTAMP_NEVER && deadline > o->now.mono_ms)
        wait_ms = deadline - o->now.mono_ms;
    outside_pass(o, wait_ms, wait_ms);
    timer(o);
}

#define WAKES_MAX 64 /* in one millisecond; a client with much to ask has as many turns */

void outside_rest(struct outside *o) {
    for (int i = 0; i < WAKES_MAX && !o->has_stopped; i++) {
        if (engine_deadline(o->engine) > o->now.mono_ms)
            return;
        o->now.wake++;
        timer(o);
    }
    fuzz_check(o->has_stopped);
}

/* For the seeds of the target record. */
static void keep_recording(const struct outside *o) {
    const char *path = getenv("FUZZ_RECORD");
    FILE *file = path != NULL ? fopen(path, "wbe") : NULL;
    if (file == NULL)
        return;
    struct slice bytes = buf_slice(&o->recorded);
    fuzz_check(fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    fuzz_check(fclose(file) == 0);
}

void outside_replay(struct outside *o) {
    if (o->recording == NULL)
        return;
    recording_end(o->recording, SLICE_LITERAL("end"));
    keep_recording(o);
    fuzz_check(replayed(buf_slice(&o->recorded)) == REPLAYED_SAME);
}

/* ---- clients ---- */

void outside_open(struct outside *o, struct outside_client *c, const char *from) {
    *c = (struct outside_client){ .id = { ++o->last_client } };
    outside_step(o,
        &(struct input){ .kind = INPUT_CLIENT_OPENED,
            .client = c->id,
            .remote = host(from, 40000),
            .local = host("10.0.0.9", 26379),
            .descriptor = 10 + (int)(c - o->clients) });
}

void outside_bytes(struct outside *o, const struct outside_client *c, struct slice bytes) {
    if (bytes.size > 0)
        outside_step(
            o, &(struct input){ .kind = INPUT_CLIENT_BYTES, .client = c->id, .bytes = bytes });
}

void outside_close(struct outside *o, struct outside_client *c) {
    const struct input in = { .kind = INPUT_CLIENT_CLOSED, .client = c->id };
    c->id.value = 0;
    outside_step(o, &in);
}

/* ---- the store ---- */

void outside_durable(struct outside *o, uint64_t seq) {
    size_t count = 0;
    if (seq <= o->durable_seq || o->has_stopped)
        return;
    while (count < o->queue_count && o->queue[count]->seq <= seq) {
        struct store_batch *b = o->queue[count++];
        for (size_t i = 0; i < b->count; i++)
            state_apply(&o->disk, &b->changes[i].delta);
        store_batch_free(b);
    }
    o->queue_count -= count;
    memmove(o->queue, o->queue + count, o->queue_count * sizeof(o->queue[0]));
    o->durable_seq = seq;
    outside_step(o, &(struct input){ .kind = INPUT_DURABLE, .seq = seq });
}

void outside_failed(struct outside *o, uint64_t seq) {
    if (seq > o->durable_seq)
        outside_step(o,
            &(struct input){
                .kind = INPUT_FAILED, .seq = seq, .why = SLICE_LITERAL("disk I/O error") });
}

void outside_saved(struct outside *o, bool worked) {
    struct plan plan;
    char listing[DIGEST_HEX_SIZE];
    if (!o->writes_file || o->persist_seq <= o->saved_seq)
        return;
    if (!worked) {
        outside_step(o,
            &(struct input){ .kind = INPUT_UNSAVED,
                .seq = o->persist_seq,
                .why = SLICE_LITERAL("Read-only file system") });
        return;
    }
    bool merged = merge(o, &o->settings, &plan);
    state_listing(&o->known, listing);
    o->saved_seq = o->persist_seq;
    if (merged)
        outside_step(o,
            &(struct input){ .kind = INPUT_SAVED,
                .seq = o->saved_seq,
                .rewritten = true,
                .plan = &plan,
                .listing = listing });
    else
        outside_step(o,
            &(struct input){
                .kind = INPUT_UNSAVED, .seq = o->saved_seq, .why = SLICE_LITERAL("refused") });
    plan_fini(&plan);
}

void outside_reload(struct outside *o, size_t config) {
    struct settings settings;
    struct plan plan;
    read_config(o, config, &settings);
    if (merge(o, &settings, &plan)) {
        outside_step(o, &(struct input){ .kind = INPUT_RELOAD, .plan = &plan });
        struct settings old = o->settings;
        o->settings = settings;
        o->config = config;
        settings = old;
    } else {
        outside_step(
            o, &(struct input){ .kind = INPUT_RELOAD_FAILED, .why = SLICE_LITERAL("refused") });
    }
    settings_fini(&settings);
    plan_fini(&plan);
}

/* ---- links ---- */

void outside_link_up(struct outside *o, struct outside_link *l) {
    l->is_up = true;
    outside_step(o,
        &(struct input){ .kind = INPUT_LINK_UP,
            .link = l->id,
            .incarnation = l->incarnation,
            .local = host("10.0.0.9", 50000) });
}

void outside_link_lost(struct outside *o, struct outside_link *l, bool refused) {
    const struct input in = {
        .kind = INPUT_LINK_LOST,
        .link = l->id,
        .incarnation = l->incarnation,
        .why = SLICE_LITERAL("Connection refused"),
        .refused = refused && !l->is_up,
    };
    forget_link(o, l);
    outside_step(o, &in);
}

void outside_reply(struct outside *o, struct outside_link *l, const struct resp_value *value) {
    const struct input in = {
        .kind = INPUT_REPLY,
        .link = l->id,
        .incarnation = l->incarnation,
        .tag = l->tags[0],
        .value = *value,
    };
    l->tag_count--;
    memmove(l->tags, l->tags + 1, l->tag_count * sizeof(l->tags[0]));
    outside_step(o, &in);
}

struct seen {
    uint64_t epoch, config_epochs; /* config_epochs: their sum */
    size_t peers;
};

static struct seen look(const struct outside *o) {
    struct seen s = { .epoch = o->core->current_epoch };
    map_for_each(g, &o->core->groups, struct group) {
        s.config_epochs += g->config_epoch;
        s.peers += g->peer_count;
    }
    return s;
}

/* What nobody has sealed who has the secret changes nothing, where it has to be. */
void outside_message(
    struct outside *o, const struct outside_link *l, struct slice channel, struct slice payload) {
    struct seen before = look(o);
    bool may_count = slice_is(channel, HELLO_CHANNEL) && sealing_may_count(o, payload);
    outside_step(o,
        &(struct input){ .kind = INPUT_MESSAGE,
            .link = l->id,
            .incarnation = l->incarnation,
            .channel = channel,
            .payload = payload });
    struct seen after = look(o);
    fuzz_check(after.epoch - before.epoch <= EPOCH_STEP_MAX);
    fuzz_check(
        may_count || (after.peers == before.peers && after.config_epochs == before.config_epochs));
}

/* ---- questions ---- */

static void answer_name(struct outside *o, const struct outside_question *q, uint8_t how) {
    static const char *const ips[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "::1" };
    struct slice answers[2];
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        answers[i] = slice_of(ips[(how / 4u + i) % ARRAY_SIZE(ips)]);
    outside_step(o,
        &(struct input){ .kind = INPUT_RESOLVED,
            .host = buf_slice(&q->text),
            .ips = answers,
            .ip_count = how % 4u % 3u,
            .why = SLICE_LITERAL("not found") });
}

/* Started, refused or ended; the question is forgotten before the step if that was all of it. */
static void answer_script(struct outside *o, size_t i, uint8_t how) {
    struct outside_question *q = &o->questions[i];
    struct input in = { .kind = INPUT_SCRIPT_ENDED, .script = q->number, .pid = 100 };
    if (!q->is_answered && how % 4 == 0)
        in.kind = INPUT_SCRIPT_STARTED;
    else if (!q->is_answered && how % 4 == 1)
        in.kind = INPUT_SCRIPT_REFUSED;
    if (in.kind == INPUT_SCRIPT_ENDED) {
        in.exit_status = how / 4 % 4;
        in.signal_number = how > 200 ? 9 : 0;
    }
    if (how % 4 == 1 || how % 4 == 2)
        in.why = SLICE_LITERAL("No such file or directory");
    q->is_answered = true;
    if (in.kind != INPUT_SCRIPT_STARTED)
        forget_question(o, i);
    outside_step(o, &in);
}

static void answer_file(
    struct outside *o, const struct outside_question *q, struct fuzz_bytes *how) {
    static const char *const texts[] = {
        "user default on nopass ~* &* +@all\n",
        "user default off\nuser u on >u +@all\n",
        "user x foo\n",
        "",
    };
    uint8_t which = fuzz_byte(how);
    struct input in = { .client = q->client };
    in.kind = q->kind == EFFECT_READ_FILE ? INPUT_FILE_READ : INPUT_FILE_WRITTEN;
    if (q->kind == EFFECT_WRITE_FILE)
        in.bytes = buf_slice(&q->text);
    else if (which % 8 < ARRAY_SIZE(texts))
        in.bytes = slice_of(texts[which % 8]);
    else
        in.bytes = fuzz_text(how);
    if (which > 200) {
        in.why = SLICE_LITERAL("Permission denied");
        in.bytes = SLICE_EMPTY;
    }
    outside_step(o, &in);
}

static void answer_draw(struct outside *o, const struct outside_question *q) {
    char bytes[512];
    memset(bytes, 0xa5, sizeof(bytes));
    size_t size = (size_t)(q->number + 1) / 2;
    fuzz_check(size <= sizeof(bytes));
    outside_step(o,
        &(struct input){ .kind = INPUT_DRAWN,
            .client = q->client,
            .tag = q->number,
            .bytes = { .data = bytes, .size = size } });
}

void outside_answer(struct outside *o, size_t i, struct fuzz_bytes *how) {
    struct outside_question q = o->questions[i];
    if (q.kind == EFFECT_RUN) {
        answer_script(o, i, fuzz_byte(how));
        return;
    }
    o->questions[i].text = BUF_INIT; /* taken, and forgotten before the step, which may ask anew */
    forget_question(o, i);
    if (q.kind == EFFECT_RESOLVE)
        answer_name(o, &q, fuzz_byte(how));
    else if (q.kind == EFFECT_CHECK_SCRIPTS)
        outside_step(o,
            &(struct input){ .kind = INPUT_SCRIPTS_CHECKED,
                .client = q.client,
                .unfit = fuzz_byte(how) % 2 == 0 ? SCRIPTS_FIT : 0 });
    else if (q.kind == EFFECT_DRAW)
        answer_draw(o, &q);
    else
        answer_file(o, &q, how);
    buf_fini(&q.text);
}
