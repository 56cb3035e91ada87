/* Recording and playback together: what is recorded comes out as it was, without its secrets. */
#include "sentinel/engine/recording.h"

#include "tests/unit/unit.h"

#include "common/mem.h"
#include "common/rng.h"
#include "sentinel/core/core.h"
#include "sentinel/core/seal.h"
#include "sentinel/engine/engine.h"
#include "sentinel/engine/playback.h"
#include "sentinel/engine/record.h"
#include "sentinel/engine/trace.h"
#include "tests/lib/scene.h"

#include <stdio.h>
#include <string.h>

/* None has four bytes in a row that stand anywhere else. */
#define SERVERS_PASSWORD "qZ8vT1rWk0"
#define PEERS_PASSWORD   "Yj4mB7xHn2"
#define DEFAULT_PASSWORD "uE9sK3dPf6"
#define ALICE_PASSWORD   "Lg5wO2cVa1"
#define BOB_PASSWORD     "Nx7tR0yIe8"
#define NEW_PASSWORD     "Mh3bG6qSj9"
#define SHARED_SECRET    "Wp6nKx2vRj9sLq4t"
#define FORMER_SECRET    "Hz3bYm8cGd5fTk7u"
#define WRONG_PASSWORD   "Dk1fU4zXp5"

static const char *const secrets[] = {
    SERVERS_PASSWORD,
    PEERS_PASSWORD,
    DEFAULT_PASSWORD,
    ALICE_PASSWORD,
    BOB_PASSWORD,
    NEW_PASSWORD,
    WRONG_PASSWORD,
    SHARED_SECRET,
    FORMER_SECRET,
};

static const char key[MASK_KEY_SIZE] = "drawn for this recording alone..";

/* An engine that is recorded. */
struct studio {
    struct scene scene;
    struct process_facts facts;
    struct now now;
    struct engine *engine;
    struct effects out;
    struct buf story, replayed;
    struct recording *recording;
    struct buf bytes;
    char why[200]; /* of the replay */
};

static void step(struct studio *s, struct input in) {
    effects_clear(&s->out);
    s->now.mono_ms += 5;
    s->now.heard_ms += 5;
    s->now.wall_ms += 5;
    s->now.wake++;
    recording_input(s->recording, s->engine, s->now, &in);
    trace_input(&s->story, s->now, &in);
    engine_step(s->engine, s->now, &in, &s->out);
    trace_effects(&s->story, s->now, &s->out, 0);
    recording_effects(s->recording, s->engine, &s->out, 0);
}

static void send(struct studio *s, uint64_t client, struct slice bytes) {
    step(s, (struct input){ .kind = INPUT_CLIENT_BYTES, .client = { client }, .bytes = bytes });
}

/* What a client got of the last step. */
static struct slice reply_to(const struct studio *s, uint64_t client) {
    for (size_t i = 0; i < s->out.count; i++) {
        if (s->out.items[i].kind == EFFECT_REPLY && s->out.items[i].client.value == client)
            return s->out.items[i].bytes;
    }
    return SLICE_EMPTY;
}

static struct slice ask(struct studio *s, uint64_t client, const char *line) {
    struct buf bytes CLEANUP(buf_fini) = BUF_INIT;
    buf_printf(&bytes, "%s\r\n", line);
    send(s, client, buf_slice(&bytes));
    return reply_to(s, client);
}

static void meet(struct studio *s, uint64_t client) {
    step(s,
        (struct input){ .kind = INPUT_CLIENT_OPENED,
            .client = { client },
            .remote = { .host = "127.0.0.1", .port = 4000 } });
}

static void begin(struct studio *s) {
    const struct engine_options options = {
        .state = &s->scene.state,
        .plan = &s->scene.plan,
        .facts = &s->facts,
        .seed = 42,
    };
    recording_start(s->recording, &options, s->now, "1.2.3");
    s->engine = engine_new(&options, s->now, &s->out);
    trace_effects(&s->story, s->now, &s->out, 0);
    recording_effects(s->recording, s->engine, &s->out, 0);
    step(s, (struct input){ .kind = INPUT_DURABLE, .seq = engine_core(s->engine)->persist_seq });
    for (uint64_t client = 1; client <= 3; client++)
        meet(s, client);
}

static void add_secrets(struct scene *scene) {
    struct settings *active = &scene->plan.active;
    char hex[DIGEST_HEX_SIZE];
    struct buf bob CLEANUP(buf_fini) = BUF_INIT;
    digest_hex(SLICE_LITERAL(BOB_PASSWORD), hex);
    buf_printf(&bob, "on #%s +@all", hex);
    secret_set(&active->peer_password, SLICE_LITERAL(PEERS_PASSWORD));
    secret_set(&active->peer_keys, SLICE_LITERAL(SHARED_SECRET "\n" FORMER_SECRET));
    secret_set(&active->client_password, SLICE_LITERAL(DEFAULT_PASSWORD));
    users_set(
        &active->users, SLICE_LITERAL("alice"), SLICE_LITERAL("on >" ALICE_PASSWORD " +@all"));
    users_set(&active->users, SLICE_LITERAL("bob"), buf_slice(&bob));
    secret_set(&scene->plan.groups[0].active.auth_password, SLICE_LITERAL(SERVERS_PASSWORD));
    secret_set(&scene->plan.groups[0].file.auth_password, SLICE_LITERAL(SERVERS_PASSWORD));
    state_apply(&scene->state,
        &(struct delta){ .kind = DELTA_OVERRIDE,
            .option = SLICE_LITERAL("clients.users.bob"),
            .value = SLICE_LITERAL("=on >" BOB_PASSWORD),
            .file_value = SLICE_LITERAL("=on >" WRONG_PASSWORD) });
}

static struct studio *studio_new(void) {
    struct studio *s = mem_new(struct studio);
    s->facts = (struct process_facts){
        .process_id = 1,
        .executable = "/usr/bin/vedette",
        .config_file = "/etc/vedette.yaml",
        .os = "Linux",
        .compiler = "cc",
        .multiplexer = "epoll",
        .arch_bits = 64,
    };
    s->now = (struct now){ .mono_ms = 1000, .heard_ms = 1000, .wall_ms = 1700000000000, .wake = 1 };
    scene_init(&s->scene);
    s->recording = recording_new(key, &s->bytes);
    return s;
}

static int open_plain(void **state) {
    struct studio *s = studio_new();
    begin(s);
    *state = s;
    return 0;
}

static int open_guarded(void **state) {
    struct studio *s = studio_new();
    add_secrets(&s->scene);
    begin(s);
    *state = s;
    return 0;
}

static int close_studio(void **state) {
    struct studio *s = *state;
    engine_free(s->engine);
    effects_fini(&s->out);
    recording_free(s->recording);
    buf_fini(&s->story);
    buf_fini(&s->replayed);
    buf_fini(&s->bytes);
    scene_fini(&s->scene);
    mem_free(s);
    return 0;
}

/* ---- replaying ---- */

typedef enum playback_result visitor(struct playback *p, const struct record *r, struct buf *out);

static enum playback_result scan(struct playback *p, const struct record *r, struct buf *out) {
    (void)out;
    playback_scan(p, r);
    return PLAYBACK_GOES_ON;
}

static enum playback_result pass(struct studio *s, struct playback *p, visitor *visit) {
    struct record_reader reader = { .start = NULL };
    struct slice rest = buf_slice(&s->bytes);
    enum playback_result result = PLAYBACK_GOES_ON;
    while (rest.size > 0 && result == PLAYBACK_GOES_ON) {
        struct record r;
        size_t used = 0;
        if (record_read(&reader, rest, &r, &used) != RECORD_READ_ONE)
            result = PLAYBACK_DIFFERS;
        else
            result = visit(p, &r, &s->replayed);
        rest = slice_sub(rest, used, SIZE_MAX);
    }
    if (visit == playback_take) { /* before what it borrows from goes */
        slice_copy(slice_of(playback_why(p)), s->why, sizeof(s->why));
        playback_free(p);
    }
    record_reader_fini(&reader);
    return result;
}

static enum playback_result replay(struct studio *s) {
    struct playback *p = playback_new();
    buf_clear(&s->replayed);
    (void)pass(s, p, scan);
    return pass(s, p, playback_take);
}

static void expect_same(struct studio *s) {
    recording_end(s->recording, SLICE_LITERAL("test"));
    enum playback_result result = replay(s);
    if (result != PLAYBACK_ENDED)
        fail_msg("%s", s->why);
}

static void expect_no_secret(const struct studio *s) {
    struct slice bytes = buf_slice(&s->bytes);
    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
        for (size_t at = 0; at + 4 <= strlen(secrets[i]); at++) {
            struct slice part = { .data = secrets[i] + at, .size = 4 };
            if (memmem(bytes.data, bytes.size, part.data, part.size) != NULL)
                fail_msg("a part of %s is in the recording", secrets[i]);
        }
        char hex[DIGEST_HEX_SIZE];
        digest_hex(slice_of(secrets[i]), hex);
        if (memmem(bytes.data, bytes.size, hex, 16) != NULL)
            fail_msg("the digest of %s is in the recording", secrets[i]);
    }
}

/* ---- tests ---- */

static void a_session_without_secrets_replays_byte_for_byte(void **state) {
    struct studio *s = *state;
    ask(s, 1, "SUBSCRIBE +set");
    ask(s, 2, "SENTINEL SET mymaster quorum 3");
    step(s, (struct input){ .kind = INPUT_DURABLE, .seq = engine_core(s->engine)->persist_seq });
    ask(s, 3, "INFO");
    for (int i = 0; i < 1000; i++)
        step(s, (struct input){ .kind = INPUT_TIMER });
    step(s, (struct input){ .kind = INPUT_CLIENT_CLOSED, .client = { 1 } });
    expect_same(s);
    assert_slice_equal(buf_slice(&s->replayed), buf_slice(&s->story));
    assert_string_equal(s->why, "test");
}

/* A hello of a peer, signed with a key. */
static void hear_signed(struct studio *s, uint64_t client, const char *port, const char *with) {
    struct buf line CLEANUP(buf_fini) = BUF_INIT, bytes CLEANUP(buf_fini) = BUF_INIT;
    char seal[DIGEST_HEX_SIZE];
    static uint64_t counter;
    buf_printf(&line, "127.0.0.1,%s," SCENE_PEER_1 ",0,mymaster,127.0.0.1,28400,0,vedette1,%llu,",
        port, (unsigned long long)++counter);
    seal_make(slice_of(with), SEAL_HELLO, buf_slice(&line), seal);
    buf_printf(&bytes, "PUBLISH __sentinel__:hello %s%s", buf_text(&line), seal);
    ask(s, client, buf_text(&bytes));
}

static void what_seals_were_found_to_be_is_recorded_and_no_secret(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    hear_signed(s, 1, "29001", SHARED_SECRET); /* moves it */
    hear_signed(s, 1, "29002", "a secret of others..");
    hear_signed(s, 1, "29003", FORMER_SECRET);
    ask(s, 1, "SENTINEL VEDETTE-PROVE " SCENE_PEER_1 " '' 00112233445566778899aabbccddeeff");
    ask(s, 1,
        "SENTINEL VEDETTE-PROVE " SCENE_PEER_1 " '' 00112233445566778899aabbccddeeff "
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    const struct core *c = engine_core(s->engine);
    assert_int_equal(c->doubts.count[DOUBT_SEAL], 2);
    const struct process *p = map_get(&c->processes, SLICE_LITERAL(SCENE_PEER_1));
    assert_int_equal(p->address.given.port, 29003);
    expect_same(s);
    expect_no_secret(s);
}

static void another_effect_is_noticed(void **state) {
    struct studio *s = *state;
    ask(s, 1, "PING");
    /* As if the engine had said something else. */
    s->out.items[0].bytes = SLICE_LITERAL("+PANG\r\n");
    recording_effects(s->recording, s->engine, &s->out, 0);
    ask(s, 1, "PING");
    recording_end(s->recording, SLICE_LITERAL("test"));
    assert_int_equal(replay(s), PLAYBACK_DIFFERS);
    assert_string_equal(
        s->why, "at input 5, 1025 ms: the effects are not those that were recorded");
}

static void passwords_let_in_as_they_did(void **state) {
    struct studio *s = *state;
    assert_slice(ask(s, 1, "PING"), "-NOAUTH Authentication required.\r\n");
    assert_true(slice_starts_with(ask(s, 1, "AUTH " WRONG_PASSWORD), "-WRONGPASS"));
    assert_slice(ask(s, 1, "AUTH " DEFAULT_PASSWORD), "+OK\r\n");
    assert_true(slice_starts_with(ask(s, 1, "AUTH alice " BOB_PASSWORD), "-WRONGPASS"));
    assert_slice(ask(s, 1, "AUTH alice " ALICE_PASSWORD), "+OK\r\n");
    assert_slice(ask(s, 2, "AUTH bob " BOB_PASSWORD), "+OK\r\n"); /* known by its digest */
    assert_true(
        slice_starts_with(ask(s, 3, "HELLO 3 AUTH bob " BOB_PASSWORD " SETNAME x"), "%6\r\n"));
    ask(s, 1, "INFO");
    ask(s, 1, "CLIENT LIST");
    expect_same(s);
    expect_no_secret(s);
}

static void users_change_as_they_did(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    ask(s, 1, "ACL SETUSER carol on >" NEW_PASSWORD " +@all (~a &b)");
    ask(s, 1, "ACL SETUSER bob <" BOB_PASSWORD);
    ask(s, 1, "ACL SETUSER bob <" WRONG_PASSWORD);  /* has no such password: refused */
    ask(s, 1, "ACL SETUSER carol " WRONG_PASSWORD); /* no rule */
    ask(s, 1, "ACL LIST");
    ask(s, 1, "ACL GETUSER carol");
    ask(s, 1, "ACL DRYRUN carol AUTH " WRONG_PASSWORD);
    assert_true(slice_starts_with(ask(s, 2, "AUTH bob " BOB_PASSWORD), "-WRONGPASS"));
    step(s, (struct input){ .kind = INPUT_DURABLE, .seq = engine_core(s->engine)->persist_seq });
    assert_slice(ask(s, 2, "AUTH carol " NEW_PASSWORD), "+OK\r\n");
    ask(s, 2, "INFO");
    expect_same(s);
    expect_no_secret(s);
}

static void settings_change_as_they_did(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    ask(s, 1, "SENTINEL SET mymaster auth-pass " SERVERS_PASSWORD); /* what it is */
    ask(s, 1, "SENTINEL SET mymaster quorum 3 auth-pass " NEW_PASSWORD);
    ask(s, 1, "SENTINEL SET mymaster auth-pas " WRONG_PASSWORD);
    ask(s, 1, "SENTINEL CONFIG SET sentinel-pass " NEW_PASSWORD);
    ask(s, 1, "SENTINEL CONFIG SET sentinel-pas " WRONG_PASSWORD);
    ask(s, 1, "SENTINEL CONFIG GET *");
    ask(s, 1, "SENTINEL REMOVE mymaster");
    ask(s, 1, "INFO");
    expect_same(s);
    expect_no_secret(s);
}

static void what_nobody_understands_is_not_kept(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    ask(s, 2, "AUHT " WRONG_PASSWORD);
    ask(s, 2, WRONG_PASSWORD);
    ask(s, 2, "AUTH a b " WRONG_PASSWORD);
    ask(s, 2, "HELLO 3 AUHT a " WRONG_PASSWORD);
    ask(s, 2, "HELLO " WRONG_PASSWORD);
    ask(s, 2, "SENTINEL " WRONG_PASSWORD);
    ask(s, 2, "CONFIG SET requirepass " WRONG_PASSWORD);
    ask(s, 1, "INFO");
    ask(s, 2, "AUTH \"" WRONG_PASSWORD);
    ask(s, 2, WRONG_PASSWORD);
    ask(s, 1, "INFO");
    expect_same(s);
    expect_no_secret(s);
}

/* What stands in for the request of one is longer, and waits in its buffer, of which INFO tells
 * others. */
static void what_waits_to_be_carried_out_may_have_another_size(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    ask(s, 2, "AUTH " DEFAULT_PASSWORD);
    ask(s, 3, "AUTH " DEFAULT_PASSWORD);
    ask(s, 1, "CLIENT PAUSE 100 ALL");
    ask(s, 2, "PING");
    s->now.mono_ms += 200;
    ask(s, 2, "X y");
    assert_true(slice_starts_with(ask(s, 3, "INFO"), "$"));
    for (int i = 0; i < 5; i++)
        step(s, (struct input){ .kind = INPUT_TIMER });
    ask(s, 3, "INFO");
    expect_same(s);
}

/* Each is refused by the reader of requests, or hung up. */
static void what_is_no_request_is_not_kept(void **state) {
    struct studio *s = *state;
    static const char *const streams[] = {
        "*2\r\n$4\r\nAUTH\r\n$99999999\r\n" WRONG_PASSWORD "\r\n",
        "*2\r\n$4\r\nAUTH\r\n$3\r\n" WRONG_PASSWORD "\r\n",
        "*2\r\n$4\r\nAUTH\r\n" WRONG_PASSWORD "\r\n",
        "*" WRONG_PASSWORD "\r\n" WRONG_PASSWORD,
        "*3\r\n$4\r\nAUTH\r\n$10\r\n" WRONG_PASSWORD "\r\n$" WRONG_PASSWORD "\r\n",
        "POST /" WRONG_PASSWORD " HTTP/1.1\r\n",
        "*2\r\n$4\r\npost\r\n$10\r\n" WRONG_PASSWORD "\r\n",
        "AUTH '" WRONG_PASSWORD "\r\n",
    };
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
        /* Whole, and byte by byte. */
        meet(s, 100 + 2 * i);
        send(s, 100 + 2 * i, slice_of(streams[i]));
        meet(s, 101 + 2 * i);
        for (const char *c = streams[i]; *c != '\0'; c++)
            send(s, 101 + 2 * i, (struct slice){ .data = c, .size = 1 });
        ask(s, 1, "INFO");
        step(s, (struct input){ .kind = INPUT_CLIENT_CLOSED, .client = { 100 + 2 * i } });
    }
    expect_same(s);
    expect_no_secret(s);
}

static void a_request_may_be_cut_anywhere(void **state) {
    struct studio *s = *state;
    static const struct slice requests[] = {
        SLICE_LITERAL("*2\r\n$4\r\nAUTH\r\n$10\r\n" DEFAULT_PASSWORD "\r\nPING\r\n"),
        SLICE_LITERAL("AUTH " DEFAULT_PASSWORD "\r\n*1\r\n$4\r\nPING\r\n"),
        SLICE_LITERAL("AUTH \"" DEFAULT_PASSWORD "\"\n\r\nPING\n"),
    };
    uint64_t client = 10;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        for (size_t cut = 1; cut < requests[i].size; cut++) {
            meet(s, ++client);
            send(s, client, slice_sub(requests[i], 0, cut));
            ask(s, 1, "INFO stats");
            send(s, client, slice_sub(requests[i], cut, SIZE_MAX));
            ask(s, 1, "INFO stats");
        }
        meet(s, ++client);
        for (size_t at = 0; at < requests[i].size; at++)
            send(s, client, slice_sub(requests[i], at, 1));
        ask(s, 1, "INFO stats");
    }
    expect_same(s);
    expect_no_secret(s);
}

/* It is told how much came, and shows in CLIENT LIST as it did. */
static void what_never_becomes_a_request_is_not_kept(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    send(s, 2, SLICE_LITERAL("*2\r\n$4\r\nAUTH\r\n$10\r\n"));
    send(s, 2, SLICE_LITERAL(WRONG_PASSWORD));
    send(s, 3, SLICE_LITERAL("AUTH " WRONG_PASSWORD));
    ask(s, 1, "CLIENT LIST");
    step(s, (struct input){ .kind = INPUT_CLIENT_CLOSED, .client = { 2 } });
    ask(s, 1, "CLIENT LIST");
    expect_same(s);
    expect_no_secret(s);
}

static void too_long_a_request_is_refused_as_it_was(void **state) {
    struct studio *s = *state;
    struct buf word CLEANUP(buf_fini) = BUF_INIT;
    size_t sent = 0;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    buf_printf(&word, "$%d\r\n%060000d\r\n", 60000, 0);
    send(s, 2, SLICE_LITERAL("*1000\r\n"));
    while (sent < 2 * 1024 * 1024) {
        send(s, 2, buf_slice(&word));
        sent += buf_size(&word);
    }
    assert_true(engine_core(s->engine)->limit_hits[LIMIT_QUERY_BUFFER] > 0);
    ask(s, 1, "INFO");
    expect_same(s);
}

static void pipelined_requests_are_cut_where_they_were(void **state) {
    struct studio *s = *state;
    struct buf many CLEANUP(buf_fini) = BUF_INIT;
    for (int i = 0; i < 200; i++)
        buf_add_text(&many, "SENTINEL get-master-addr-by-name mymaster\r\n*1\r\n$4\r\nPING\r\n");
    for (size_t at = 0; at < buf_size(&many); at += 97) {
        send(s, 1, slice_sub(buf_slice(&many), at, 97));
        if (at % 5 == 0)
            ask(s, 2, "CLIENT LIST");
    }
    expect_same(s);
    assert_slice_equal(buf_slice(&s->replayed), buf_slice(&s->story));
}

static void files_and_random_bytes_come_without_secrets(void **state) {
    struct studio *s = *state;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    ask(s, 1, "ACL GENPASS 40");
    step(s,
        (struct input){ .kind = INPUT_DRAWN,
            .client = { 1 },
            .tag = 10,
            .bytes = SLICE_LITERAL(NEW_PASSWORD) });
    assert_slice(reply_to(s, 1), "$10\r\n4d68336247\r\n");
    expect_same(s);
    expect_no_secret(s);
}

static int open_with_file(void **state) {
    struct studio *s = studio_new();
    add_secrets(&s->scene);
    s->scene.plan.active.acl_file = mem_strdup("/etc/users.acl");
    secret_set(&s->scene.plan.active.users.file_text,
        SLICE_LITERAL("user default on >" DEFAULT_PASSWORD " +@all\n"));
    begin(s);
    *state = s;
    return 0;
}

static void an_acl_file_is_loaded_as_it_was(void **state) {
    struct studio *s = *state;
    assert_slice(ask(s, 1, "AUTH " DEFAULT_PASSWORD), "+OK\r\n");
    ask(s, 1, "ACL LOAD");
    step(s,
        (struct input){ .kind = INPUT_FILE_READ,
            .client = { 1 },
            .bytes = SLICE_LITERAL(
                "user default on >" NEW_PASSWORD " +@all\nuser alice on >" ALICE_PASSWORD "\n") });
    assert_slice(ask(s, 2, "AUTH " NEW_PASSWORD), "+OK\r\n");
    ask(s, 2, "ACL SAVE");
    assert_int_equal(s->out.items[0].kind, EFFECT_WRITE_FILE);
    struct buf written CLEANUP(buf_fini) = BUF_INIT;
    buf_add_slice(&written, s->out.items[0].bytes);
    step(s,
        (struct input){
            .kind = INPUT_FILE_WRITTEN, .client = { 2 }, .bytes = buf_slice(&written) });
    assert_slice(ask(s, 3, "AUTH alice " ALICE_PASSWORD), "+OK\r\n");
    expect_same(s);
    expect_no_secret(s);
}

/* A server that does not know AUTH repeats the words behind it. */
static void a_server_may_repeat_our_password(void **state) {
    struct studio *s = *state;
    const struct effect *login = NULL;
    step(s, (struct input){ .kind = INPUT_TIMER });
    /* The first step opened all links; close one, so that it is opened anew. */
    step(s,
        (struct input){ .kind = INPUT_LINK_LOST,
            .link = { 1 },
            .incarnation = 1,
            .why = SLICE_LITERAL("reset") });
    for (int i = 0; i < 1000 && login == NULL; i++) {
        step(s, (struct input){ .kind = INPUT_TIMER });
        for (size_t k = 0; k < s->out.count && login == NULL; k++) {
            const struct effect *e = &s->out.items[k];
            if (e->kind == EFFECT_SEND && e->requests[0].secret_from > 0)
                login = e;
        }
    }
    assert_non_null(login);
    struct input reply = { .kind = INPUT_REPLY,
        .link = login->link,
        .incarnation = login->incarnation,
        .tag = login->tag,
        .value = { .type = RESP_ERROR,
            .text = SLICE_LITERAL("ERR unknown command 'AUTH', with args beginning with: "
                                  "'" SERVERS_PASSWORD "'") } };
    step(s,
        (struct input){
            .kind = INPUT_LINK_UP, .link = reply.link, .incarnation = reply.incarnation });
    step(s, reply);
    expect_same(s);
    expect_no_secret(s);
}

static void what_breaks_the_contract_is_not_handed_in(void **state) {
    static const struct input inputs[] = {
        { .kind = INPUT_REPLY, .link = { 1 }, .incarnation = 1, .tag = 999 },
        { .kind = INPUT_CLIENT_OPENED, .client = { 1 } },
        { .kind = INPUT_CLIENT_BYTES, .client = { 99 }, .bytes = SLICE_LITERAL("PING\r\n") },
        { .kind = INPUT_SCRIPTS_CHECKED, .client = { 1 } },
        { .kind = INPUT_DRAWN, .client = { 1 } },
        { .kind = INPUT_FILE_READ, .client = { 1 } },
        { .kind = INPUT_FILE_WRITTEN, .client = { 1 } },
    };
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        struct studio *s;
        open_plain((void **)&s);
        s->now.wake++;
        recording_input(s->recording, s->engine, s->now, &inputs[i]);
        assert_int_equal(replay(s), PLAYBACK_DIFFERS);
        close_studio((void **)&s);
    }
    (void)state;
}

/* Whatever the bytes say, the engine is handed nothing that it cannot take. */
static void damaged_recordings_are_replayed_safely(void **state) {
    struct studio *s = *state;
    struct rng rng;
    struct buf whole CLEANUP(buf_fini) = BUF_INIT;
    rng_init(&rng, 7);
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    ask(s, 1, "SENTINEL SET mymaster quorum 3");
    ask(s, 1, "ACL GENPASS");
    ask(s, 2, "SUBSCRIBE +sdown");
    send(s, 3, SLICE_LITERAL("*2\r\n$4\r\nAU"));
    for (int i = 0; i < 20; i++)
        step(s, (struct input){ .kind = INPUT_TIMER });
    send(s, 3, SLICE_LITERAL("TH\r\n$1\r\nx\r\n"));
    step(s, (struct input){ .kind = INPUT_USAGE });
    step(s, (struct input){ .kind = INPUT_RELOAD, .plan = &s->scene.plan });
    recording_end(s->recording, SLICE_LITERAL("test"));
    buf_add_slice(&whole, buf_slice(&s->bytes));
    size_t size = buf_size(&whole);
    for (int i = 0; i < 1000; i++) {
        memcpy(s->bytes.data, whole.data, size);
        for (int64_t n = rng_between(&rng, 1, 3); n > 0; n--)
            s->bytes.data[rng_between(&rng, 0, (int64_t)size - 1)] =
                (char)rng_between(&rng, -128, 127);
        (void)replay(s);
    }
}

static void a_reload_replays(void **state) {
    struct studio *s = *state;
    struct plan *plan = &s->scene.plan;
    ask(s, 1, "AUTH " DEFAULT_PASSWORD);
    secret_set(&plan->active.client_password, SLICE_LITERAL(NEW_PASSWORD));
    secret_set(&plan->file.client_password, SLICE_LITERAL(NEW_PASSWORD));
    plan->groups[0].active.quorum = 3;
    step(s, (struct input){ .kind = INPUT_RELOAD, .plan = plan });
    assert_slice(ask(s, 2, "AUTH " NEW_PASSWORD), "+OK\r\n");
    assert_true(slice_starts_with(ask(s, 2, "AUTH " DEFAULT_PASSWORD), "-WRONGPASS"));
    ask(s, 2, "SENTINEL MASTER mymaster");
    expect_same(s);
    expect_no_secret(s);
}

int main(void) {
#define in_studio(test, open) cmocka_unit_test_setup_teardown(test, open, close_studio)
    const struct CMUnitTest tests[] = {
        in_studio(a_session_without_secrets_replays_byte_for_byte, open_plain),
        in_studio(what_seals_were_found_to_be_is_recorded_and_no_secret, open_guarded),
        in_studio(another_effect_is_noticed, open_plain),
        in_studio(passwords_let_in_as_they_did, open_guarded),
        in_studio(users_change_as_they_did, open_guarded),
        in_studio(settings_change_as_they_did, open_guarded),
        in_studio(what_nobody_understands_is_not_kept, open_guarded),
        in_studio(what_waits_to_be_carried_out_may_have_another_size, open_guarded),
        in_studio(what_is_no_request_is_not_kept, open_guarded),
        in_studio(a_request_may_be_cut_anywhere, open_guarded),
        in_studio(what_never_becomes_a_request_is_not_kept, open_guarded),
        in_studio(too_long_a_request_is_refused_as_it_was, open_guarded),
        in_studio(pipelined_requests_are_cut_where_they_were, open_plain),
        in_studio(files_and_random_bytes_come_without_secrets, open_guarded),
        in_studio(an_acl_file_is_loaded_as_it_was, open_with_file),
        in_studio(a_server_may_repeat_our_password, open_guarded),
        in_studio(a_reload_replays, open_guarded),
        in_studio(damaged_recordings_are_replayed_safely, open_guarded),
        cmocka_unit_test(what_breaks_the_contract_is_not_handed_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
