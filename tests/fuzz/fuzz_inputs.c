/* Inputs of every kind, in any order that the shell could bring them in, at any times: links that
 * come up, are lost and answer, hellos, clients, the store, names, scripts, reloads. All laws of
 * outside_laws.c hold after every step. FUZZ_TRACE=1 shows an input of this target as a story. The
 * first byte chooses the configuration, secrets and policy, whether the story is told twice, which
 * has to be the same, and whether it is recorded, which has to replay the same. */
#include "common/mem.h"
#include "sentinel/core/core.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/link.h"
#include "tests/fuzz/sealing.h"

#include <string.h>

#define STEPS_MAX   400
#define WALL_MAX_MS UINT64_C(9223372036000) /* the kernel keeps time in nanoseconds */

/* ---- what servers, peers and clients say ---- */

static const char *const hosts[] = {
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.4",
    "10.0.0.5",
    "10.0.0.6",
    "::1",
    "a.example",
    "b.example",
    "",
    "10.0.0.9",
    "not a host",
};

static const char *const ids[] = {
    "43a6b503dad0d9e4e3902c03e92e684d3a1d4233",
    "262bdd2ca847a5c1f57a218e2f65e07bd8868e3c",
    "0123456789abcdef0123456789abcdef01234567",
    "f413a4d519016d5adc6d4bda3c1e771556186033", /* ours */
    "short",
};

static const char *const groups[] = { "mymaster", "other", "third", "made" };

static const char *const statuses[] = {
    "+PONG",
    "+OK",
    "-LOADING x",
    "-MASTERDOWN x",
    "-BUSY x",
    "-NOAUTH x",
    "-ERR unknown command",
    "-EXECABORT x",
    "+QUEUED",
};

#define PICK(b, list) ((list)[fuzz_choice((b), ARRAY_SIZE(list))])

static const char *pick_group(struct fuzz_bytes *b) {
    return PICK(b, groups);
}

/* Near what is in force, or anything. */
static uint64_t pick_epoch(const struct outside *o, struct fuzz_bytes *b) {
    uint8_t how = fuzz_byte(b);
    if (how < 128)
        return o->core->current_epoch + how % 4;
    if (how < 192)
        return o->core->current_epoch - MIN_OF(o->core->current_epoch, how % 4u);
    return (uint64_t)fuzz_odd_number(b);
}

static unsigned pick_port(struct fuzz_bytes *b) {
    uint8_t how = fuzz_byte(b);
    return how < 200 ? 6379 : (unsigned)how * 300;
}

static void write_info(struct fuzz_bytes *b, struct buf *out) {
    uint8_t what = fuzz_byte(b);
    buf_printf(out, "# Server\r\nrun_id:%040d\r\nuptime_in_seconds:1\r\n", what % 4);
    if ((what & 4) != 0) {
        buf_printf(out, "role:slave\r\nmaster_host:%s\r\n", PICK(b, hosts));
        buf_printf(out, "master_port:%u\r\n", pick_port(b));
        buf_printf(out, "master_link_status:%s\r\n", (what & 8) != 0 ? "up" : "down");
        if ((what & 16) != 0)
            buf_printf(
                out, "master_link_down_since_seconds:%lld\r\n", (long long)fuzz_odd_number(b));
        buf_printf(out, "slave_priority:%d\r\n", (what & 32) != 0 ? 100 : fuzz_byte(b) % 3);
        buf_printf(out, "slave_repl_offset:%lld\r\n", (long long)fuzz_odd_number(b));
        if ((what & 64) != 0)
            buf_printf(out, "replica_announced:%d\r\n", fuzz_byte(b) % 2);
    } else {
        buf_add_text(out, "role:master\r\n");
        for (int i = 0; i < what >> 5; i++)
            buf_printf(
                out, "slave%d:ip=%s,port=%u,state=online\r\n", i, PICK(b, hosts), pick_port(b));
        if ((what & 8) != 0)
            buf_add_text(out, "master_failover_state:failover-in-progress\r\n");
    }
}

/* Mostly as it should be. */
static enum sealed_with pick_seal(struct fuzz_bytes *b) {
    uint8_t how = fuzz_byte(b);
    return how < 192 ? SEALED_WITH_OURS : (enum sealed_with)(how % SEALED_WITH_KINDS);
}

/* Above the last one that may have come, or not. */
static uint64_t pick_counter(const struct outside *o, struct fuzz_bytes *b) {
    uint8_t how = fuzz_byte(b);
    return how < 192 ? o->now.wake * 256 + how : how < 250 ? how : (uint64_t)fuzz_odd_number(b);
}

/* Where there are no secrets none is signed. */
static void write_hello(const struct outside *o, struct fuzz_bytes *b, struct buf *out) {
    struct buf line = BUF_INIT;
    buf_printf(&line, "%s,%u,%s,", PICK(b, hosts), pick_port(b) + 20000, PICK(b, ids));
    uint64_t epoch = pick_epoch(o, b);
    const char *group = pick_group(b);
    buf_printf(&line, "%llu,%s,", (unsigned long long)epoch, group);
    buf_printf(&line, "%s,%u,", PICK(b, hosts), pick_port(b));
    buf_printf(&line, "%llu", (unsigned long long)pick_epoch(o, b));
    if (o->trust > 0 && fuzz_byte(b) < 192) {
        uint64_t counter = pick_counter(o, b);
        sealing_hello(o, slice_of(group), pick_seal(b), counter, &line);
    }
    buf_add_slice(out, buf_slice(&line));
    buf_fini(&line);
}

/* Who it is, and then that it wants a vote. */
static void write_proof(const struct outside *o, const struct outside_client *c,
    struct fuzz_bytes *b, struct buf *out) {
    const char *id = PICK(b, ids), *group = fuzz_byte(b) < 128 ? "" : pick_group(b);
    const char *host = PICK(b, hosts);
    sealing_prove(o, c, id, slice_of(group), pick_seal(b), out);
    buf_printf(out, "\r\nSENTINEL IS-MASTER-DOWN-BY-ADDR %s 6379 %llu %s", host,
        (unsigned long long)pick_epoch(o, b), id);
}

static void write_request(const struct outside *o, const struct outside_client *c,
    struct fuzz_bytes *b, struct buf *out) {
    static const char *const about_group[] = {
        "SENTINEL FAILOVER",
        "SENTINEL FAILOVER",
        "SENTINEL RESET",
        "SENTINEL REMOVE",
        "SENTINEL MASTER",
        "SENTINEL REPLICAS",
        "SENTINEL SENTINELS",
        "SENTINEL CKQUORUM",
        "SENTINEL GET-MASTER-ADDR-BY-NAME",
        "SENTINEL INFO-CACHE",
    };
    static const char *const others[] = {
        "SENTINEL RESET *",
        "PSUBSCRIBE *",
        "SUBSCRIBE +switch-master",
        "INFO",
        "CLIENT LIST",
        "CLIENT KILL TYPE normal",
        "CLIENT PAUSE 1000",
        "CLIENT UNPAUSE",
        "ACL GENPASS",
        "ACL LIST",
        "ACL SETUSER u on >u +@all &*",
        "ACL DELUSER u",
        "ACL LOAD",
        "ACL SAVE",
        "AUTH x",
        "HELLO 3",
        "SENTINEL DEBUG",
        "SENTINEL SIMULATE-FAILURE crash-after-election",
        "SENTINEL FLUSHCONFIG",
        "SENTINEL CONFIG SET announce-ip 10.0.0.10",
        "SENTINEL CONFIG SET resolve-hostnames yes",
        "SENTINEL PENDING-SCRIPTS",
        "SHUTDOWN",
        "SENTINEL FAILOVER mymaster COORDINATED",
        "SENTINEL FAILOVER other COORDINATED",
    };
    static const char *const settings[] = {
        "quorum",
        "down-after-milliseconds",
        "failover-timeout",
        "parallel-syncs",
        "auth-pass",
        "notification-script",
        "rename-command CONFIG",
        "master-reboot-down-after-period",
    };
    uint8_t what = fuzz_byte(b);
    if (what < 80) {
        buf_printf(out, "%s %s", PICK(b, about_group), pick_group(b));
    } else if (what < 140) {
        buf_add_text(out, PICK(b, others));
    } else if (what < 170) {
        buf_printf(out, "SENTINEL SET %s %s", pick_group(b), PICK(b, settings));
        buf_printf(out, " %lld", (long long)fuzz_odd_number(b));
    } else if (what < 190) {
        buf_printf(out, "SENTINEL MONITOR %s %s", pick_group(b), PICK(b, hosts));
        buf_printf(out, " %u %d", pick_port(b), fuzz_byte(b) % 3);
    } else if (what < 220) {
        buf_printf(out, "SENTINEL IS-MASTER-DOWN-BY-ADDR %s %u", PICK(b, hosts), pick_port(b));
        buf_printf(out, " %llu", (unsigned long long)pick_epoch(o, b));
        buf_printf(out, " %s", (what & 1) != 0 ? PICK(b, ids) : "*");
    } else if (what < 240) {
        buf_add_text(out, "PUBLISH " HELLO_CHANNEL " ");
        write_hello(o, b, out);
    } else if (o->trust > 0 && what < 254) {
        write_proof(o, c, b, out);
    } else {
        buf_add_slice(out, fuzz_text(b));
    }
    buf_add_text(out, "\r\n");
}

/* ---- replies ---- */

static struct resp_value text_value(enum resp_type type, struct slice text) {
    return (struct resp_value){ .type = type, .text = text };
}

static struct resp_value status_value(struct fuzz_bytes *b) {
    const char *status = PICK(b, statuses);
    return text_value(status[0] == '+' ? RESP_STATUS : RESP_ERROR, slice_of(status + 1));
}

/* Any value; `elements` is for those of an array. */
static struct resp_value any_value(struct fuzz_bytes *b, struct resp_value elements[static 4]) {
    uint8_t how = fuzz_byte(b);
    switch (how % 6) {
    case 0:
        return (struct resp_value){ .type = RESP_NULL };
    case 1:
        return (struct resp_value){ .type = RESP_INTEGER, .integer = fuzz_odd_number(b) };
    case 2:
        return text_value(RESP_BULK, fuzz_text(b));
    case 3:
        return status_value(b);
    default:
        for (size_t i = 0; i < 4; i++)
            elements[i] = (struct resp_value){ .type = RESP_INTEGER, .integer = fuzz_byte(b) };
        return (
            struct resp_value){ .type = RESP_ARRAY, .elements = elements, .count = how / 6 % 5 };
    }
}

static void vote_value(
    const struct outside *o, struct fuzz_bytes *b, struct resp_value elements[static 3]) {
    uint8_t how = fuzz_byte(b);
    elements[0] = (struct resp_value){ .type = RESP_INTEGER, .integer = how % 4 != 0 };
    const char *candidate = how < 100 ? o->core->id : how < 160 ? "*" : PICK(b, ids);
    elements[1] = text_value(RESP_BULK, slice_of(candidate));
    elements[2] = (struct resp_value){
        .type = RESP_INTEGER,
        .integer = (int64_t)(how < 160 ? o->core->current_epoch : pick_epoch(o, b)),
    };
}

#define ELEMENTS_MAX 8

/* What whoever means well would answer to that, more or less. */
static void reply_well(struct outside *o, struct outside_link *l, struct fuzz_bytes *b) {
    struct resp_value elements[ELEMENTS_MAX];
    struct resp_value v = status_value(b);
    struct sealing_answer sealed;
    struct buf text = BUF_INIT;
    switch (link_pending_at(outside_view(o, l), 0)->kind) {
    case PENDING_PING:
    case PENDING_HANDSHAKE:
    case PENDING_SCRIPT_KILL:
    case PENDING_PROOF:
        break;
    case PENDING_CHALLENGE:
        sealing_answer(o, l, pick_seal(b), &sealed);
        if (fuzz_byte(b) >= 224)
            sealed.elements[fuzz_byte(b) % 3] = text_value(RESP_BULK, slice_of(PICK(b, ids)));
        v = (struct resp_value){ .type = RESP_ARRAY, .elements = sealed.elements, .count = 3 };
        break;
    case PENDING_INFO:
        write_info(b, &text);
        v = text_value(RESP_BULK, buf_slice(&text));
        break;
    case PENDING_IDENTIFY:
        v = text_value(RESP_BULK,
            fuzz_byte(b) % 2 == 0 ? SLICE_LITERAL("# Server\r\nvedette_version:1\r\n")
                                  : SLICE_LITERAL("# Server\r\nredis_version:7.0.15\r\n"));
        break;
    case PENDING_HELLO:
        v = (struct resp_value){ .type = RESP_INTEGER, .integer = fuzz_byte(b) };
        break;
    case PENDING_QUESTION:
        vote_value(o, b, elements);
        v = (struct resp_value){ .type = RESP_ARRAY, .elements = elements, .count = 3 };
        break;
    case PENDING_ORDER:
    case PENDING_RELEASE:
        for (size_t i = 0; i < ELEMENTS_MAX; i++)
            elements[i] = text_value(RESP_STATUS, SLICE_LITERAL("OK"));
        uint8_t how = fuzz_byte(b);
        if (how > 128)
            elements[how % ELEMENTS_MAX] = text_value(RESP_ERROR, SLICE_LITERAL("ERR x"));
        v = (struct resp_value){ .type = RESP_ARRAY, .elements = elements, .count = ELEMENTS_MAX };
        break;
    }
    outside_reply(o, l, &v);
    buf_fini(&text);
}

static void reply_anything(struct outside *o, struct outside_link *l, struct fuzz_bytes *b) {
    struct resp_value elements[4];
    struct resp_value v = any_value(b, elements);
    outside_reply(o, l, &v);
}

/* ---- steps ---- */

static struct outside_link *pick_link(struct outside *o, struct fuzz_bytes *b) {
    return o->link_count == 0 ? NULL : &o->links[fuzz_choice(b, o->link_count)];
}

/* All that is under way is answered well. */
static void everybody_answers(struct outside *o, struct fuzz_bytes *b) {
    for (size_t i = 0; i < o->link_count && !o->has_stopped; i++) {
        uint64_t incarnation = o->links[i].incarnation;
        if (!o->links[i].is_up)
            outside_link_up(o, &o->links[i]);
        /* As many as there are now; a step may close the link, and ask for more. */
        for (size_t n = o->links[i].tag_count; n > 0 && !o->has_stopped; n--)
            if (i < o->link_count && o->links[i].incarnation == incarnation && o->links[i].is_up &&
                o->links[i].tag_count > 0)
                reply_well(o, &o->links[i], b);
    }
}

static void link_step(struct outside *o, uint8_t what, struct fuzz_bytes *b) {
    struct outside_link *l = pick_link(o, b);
    struct buf text = BUF_INIT;
    if (l == NULL)
        return;
    if (what == 0 || !l->is_up) {
        if (what < 4 && !l->is_up)
            outside_link_up(o, l);
        else
            outside_link_lost(o, l, what % 2 == 0);
    } else if (what == 1) {
        outside_link_lost(o, l, false);
    } else if (l->purpose == LINK_PUBSUB && l->tag_count == 0) {
        write_hello(o, b, &text);
        outside_message(o, l, SLICE_LITERAL(HELLO_CHANNEL), buf_slice(&text));
    } else if (what == 2 && l->tag_count > 0) {
        reply_anything(o, l, b);
    } else if (l->tag_count > 0) {
        reply_well(o, l, b);
    } else if (l->purpose == LINK_PUBSUB) {
        struct slice channel = fuzz_text(b);
        outside_message(o, l, channel, fuzz_text(b));
    }
    buf_fini(&text);
}

/* Stale: of a link or an incarnation that there is not. */
static void stale_step(struct outside *o, struct fuzz_bytes *b) {
    static const enum input_kind kinds[] = {
        INPUT_LINK_UP,
        INPUT_LINK_LOST,
        INPUT_REPLY,
        INPUT_MESSAGE,
    };
    struct input in = {
        .kind = PICK(b, kinds),
        .link = { (uint32_t)fuzz_odd_number(b) },
        .incarnation = (uint64_t)fuzz_odd_number(b) + o->core->next_incarnation,
        .tag = (uint64_t)fuzz_odd_number(b),
        .channel = SLICE_LITERAL(HELLO_CHANNEL),
    };
    for (size_t i = 0; i < o->link_count; i++)
        if (o->links[i].incarnation == in.incarnation)
            return; /* there is one after all */
    outside_step(o, &in);
}

static void client_step(struct outside *o, uint8_t what, struct fuzz_bytes *b) {
    struct buf text = BUF_INIT;
    struct outside_client *c = &o->clients[fuzz_choice(b, OUTSIDE_CLIENTS)];
    if (c->id.value == 0)
        outside_open(o, c, what % 2 == 0 ? "127.0.0.1" : "10.0.0.20");
    if (o->has_stopped)
        return;
    if (what == 1 || c->is_hung_up) {
        outside_close(o, c);
    } else if (what == 2 || what == 3) {
        outside_step(o,
            &(struct input){
                .kind = what == 2 ? INPUT_CLIENT_FULL : INPUT_CLIENT_DRAINED, .client = c->id });
    } else if (what == 4) {
        outside_bytes(o, c, fuzz_text(b));
    } else {
        write_request(o, c, b, &text);
        outside_bytes(o, c, buf_slice(&text));
    }
    buf_fini(&text);
}

static void store_step(struct outside *o, uint8_t what, struct fuzz_bytes *b) {
    uint64_t open = o->persist_seq - o->durable_seq;
    uint64_t seq = o->persist_seq - (open > 1 ? fuzz_choice(b, (size_t)open) : 0);
    if (what == 0)
        outside_failed(o, seq);
    else if (what == 1)
        outside_saved(o, fuzz_byte(b) % 4 != 0);
    else
        outside_durable(o, what < 4 ? seq : o->persist_seq);
}

static void time_step(struct outside *o, uint8_t what, struct fuzz_bytes *b) {
    if (what < 4) {
        outside_wake(o);
        return;
    }
    bool is_long = what == 5 || what == 7;
    int64_t ms = is_long ? (int64_t)fuzz_number(b, 1 + fuzz_choice(b, 4)) : fuzz_byte(b);
    outside_pass(o, ms, what == 5 ? 50 : ms); /* 5: it did not listen */
    if (what != 6)
        outside_step(o, &(struct input){ .kind = INPUT_TIMER });
    if (what == 7)
        o->now.wall_ms = (int64_t)((uint64_t)fuzz_odd_number(b) % WALL_MAX_MS);
}

static void process_step(struct outside *o, uint8_t what, struct fuzz_bytes *b) {
    struct input in = { .kind = INPUT_USAGE };
    if (what < 5 && o->question_count > 0) {
        outside_answer(o, fuzz_choice(b, o->question_count), b);
    } else if (what == 5) {
        outside_reload(o, fuzz_choice(b, OUTSIDE_CONFIGS));
    } else if (what == 6) {
        in.usage.clients.unread = fuzz_number(b, 4);
        in.usage.loop.wakes = fuzz_number(b, 2);
        in.usage.descriptors.links = in.usage.loop.wakes % 64;
        outside_step(o, &in);
    } else {
        uint8_t which = fuzz_byte(b);
        if (which < 8) {
            outside_step(o, &(struct input){ .kind = INPUT_STOP, .why = SLICE_LITERAL("SIGTERM") });
        } else if (which < 128) {
            o->trust = which % TRUSTS;
            outside_reload(o, o->config);
        }
    }
}

/* Five bits say of what kind a step is, three more which one. */
static void step(struct outside *o, struct fuzz_bytes *b) {
    uint8_t op = fuzz_byte(b), what = op >> 5;
    switch (op & 31) {
    case 0:
    case 1:
    case 2:
    case 3:
        time_step(o, what, b);
        break;
    case 4:
    case 5:
    case 6:
        store_step(o, what, b);
        break;
    case 7:
    case 8:
    case 9:
        process_step(o, what, b);
        break;
    case 10:
        stale_step(o, b);
        break;
    case 11:
    case 12:
    case 13:
        everybody_answers(o, b);
        break;
    case 14:
    case 15:
    case 16:
    case 17:
    case 18:
        client_step(o, what, b);
        break;
    default:
        link_step(o, what, b);
        break;
    }
}

static uint64_t tell_story(struct fuzz_bytes bytes) {
    struct outside o;
    uint8_t choice = fuzz_byte(&bytes);
    outside_init(&o,
        &(struct outside_options){ .config = choice % OUTSIDE_CONFIGS,
            .trust = choice % 32 / OUTSIDE_CONFIGS % TRUSTS,
            .writes_file = (choice & 0x40) != 0,
            .is_recorded = (choice & 0x20) != 0 });
    for (int i = 0; i < STEPS_MAX && bytes.size > 0 && !o.has_stopped; i++)
        step(&o, &bytes);
    outside_rest(&o);
    outside_replay(&o);
    uint64_t story = o.story;
    outside_fini(&o);
    return story;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct fuzz_bytes bytes = { .data = data, .size = size };
    uint64_t story = tell_story(bytes);
    if (size > 0 && (data[0] & 0x80) != 0)
        fuzz_check(tell_story(bytes) == story);
    return 0;
}
