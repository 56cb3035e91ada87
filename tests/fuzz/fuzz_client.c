/* What clients send, one line of text for each step, so that a case can be read and written by
 * hand:
 *
 *     +1            client 1 is opened        -1       it is gone
 *     1PING a       it sends "PING a\r\n"     =1"x\n"  it sends the bytes between the quotes
 *     !1            it does not read          ?1       it reads again
 *     d             what was to be written is durable           f    it failed
 *     s             the classic file is up to date              u    it could not be written
 *     t             the next deadline          T100    100 ms go by
 *     a             the oldest question is answered; the letters behind it choose how
 *     l             all links that are wanted come up
 *     r2            the configuration with this number is loaded
 *     p2            the same one, with the secrets and the policy of this number (sealing.c)
 *     h1 7 TEXT     it publishes a hello, signed with this number           H1   with a wrong
 * secret v1 ID GROUP   it asks who we are, and the next time proves that it is ID           V1
 * likewise
 *
 * The first byte chooses the configuration, secrets and policy to start with, and whether all is
 * recorded: then it has to replay the same. All laws of outside_laws.c hold after every step. */
#include "common/quoted.h"
#include "sentinel/core/hello.h"
#include "tests/fuzz/sealing.h"

#include <string.h>

#define LINES_MAX 200

static struct outside_client *client_of(struct outside *o, char name) {
    return &o->clients[(unsigned char)name % OUTSIDE_CLIENTS];
}

static bool is_open(const struct outside_client *c) {
    return c->id.value != 0 && !c->is_hung_up;
}

static void send_line(struct outside *o, const struct outside_client *c, struct slice text) {
    struct buf line = BUF_INIT;
    buf_add_slice(&line, text);
    buf_add_text(&line, "\r\n");
    if (is_open(c))
        outside_bytes(o, c, buf_slice(&line));
    buf_fini(&line);
}

static void send_quoted(struct outside *o, const struct outside_client *c, struct slice text) {
    struct buf bytes = BUF_INIT;
    if (is_open(c) && quoted_read(text, &bytes) > 0)
        outside_bytes(o, c, buf_slice(&bytes));
    buf_fini(&bytes);
}

static void send_hello(
    struct outside *o, const struct outside_client *c, enum sealed_with with, struct slice text) {
    struct buf line = BUF_INIT, words = BUF_INIT;
    struct hello h;
    slice_cut(&text, ' ');
    uint64_t counter = slice_to_u64_lenient(slice_cut(&text, ' '));
    buf_add_slice(&line, text);
    sealing_hello(o, hello_parse(text, &h) ? h.group : SLICE_EMPTY, with, counter, &line);
    buf_add_text(&words, "PUBLISH " HELLO_CHANNEL " ");
    buf_add_slice(&words, buf_slice(&line));
    send_line(o, c, buf_slice(&words));
    buf_fini(&line);
    buf_fini(&words);
}

static void send_proof(
    struct outside *o, const struct outside_client *c, enum sealed_with with, struct slice text) {
    struct buf words = BUF_INIT;
    char id[ID_SIZE];
    slice_cut(&text, ' ');
    slice_copy(slice_cut(&text, ' '), id, sizeof(id));
    sealing_prove(o, c, id, slice_cut(&text, ' '), with, &words);
    send_line(o, c, buf_slice(&words));
    buf_fini(&words);
}

static void tell_reading(struct outside *o, const struct outside_client *c, enum input_kind kind) {
    if (is_open(c))
        outside_step(o, &(struct input){ .kind = kind, .client = c->id });
}

static void bring_up(struct outside *o) {
    for (size_t i = 0; i < o->link_count && !o->has_stopped; i++)
        if (!o->links[i].is_up)
            outside_link_up(o, &o->links[i]);
}

static void answer(struct outside *o, struct slice how) {
    struct fuzz_bytes bytes = { .data = (const uint8_t *)how.data, .size = how.size };
    if (o->question_count > 0)
        outside_answer(o, 0, &bytes);
}

/* A step that is about a client. */
static void client_step(struct outside *o, char what, char name, struct slice rest) {
    struct outside_client *c = client_of(o, name);
    if (what == '+' && c->id.value == 0)
        outside_open(o, c, name >= '4' ? "127.0.0.1" : "10.0.0.20");
    else if (what == '=')
        send_quoted(o, c, rest);
    else if (what == '!')
        tell_reading(o, c, INPUT_CLIENT_FULL);
    else if (what == '?')
        tell_reading(o, c, INPUT_CLIENT_DRAINED);
    else if (what == 'h' || what == 'H')
        send_hello(o, c, what == 'h' ? SEALED_WITH_OURS : SEALED_WITH_WRONG, rest);
    else if (what == 'v' || what == 'V')
        send_proof(o, c, what == 'v' ? SEALED_WITH_OURS : SEALED_WITH_WRONG, rest);
    else if (what == '-' && c->id.value != 0)
        outside_close(o, c);
}

static void other_step(struct outside *o, char what, struct slice rest) {
    uint64_t number = slice_to_u64_lenient(rest) % 1000000;
    switch (what) {
    case 'd':
        outside_durable(o, o->persist_seq);
        break;
    case 'f':
        outside_failed(o, o->persist_seq);
        break;
    case 's':
    case 'u':
        outside_saved(o, what == 's');
        break;
    case 't':
        outside_wake(o);
        break;
    case 'T':
        outside_pass(o, (int64_t)number, (int64_t)number);
        outside_step(o, &(struct input){ .kind = INPUT_TIMER });
        break;
    case 'a':
        answer(o, rest);
        break;
    case 'l':
        bring_up(o);
        break;
    case 'r':
        outside_reload(o, number % OUTSIDE_CONFIGS);
        break;
    case 'p':
        o->trust = number % TRUSTS;
        outside_reload(o, o->config);
        break;
    default:
        break;
    }
}

static void take_line(struct outside *o, struct slice line) {
    if (line.size == 0)
        return;
    char what = line.data[0];
    if (what >= '0' && what <= '9')
        send_line(o, client_of(o, what), slice_sub(line, 1, line.size));
    else if (strchr("+-=!?hHvV", what) != NULL && line.size > 1)
        client_step(o, what, line.data[1], slice_sub(line, 2, line.size));
    else
        other_step(o, what, slice_sub(line, 1, line.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    struct outside o;
    uint8_t choice = fuzz_byte(&bytes);
    outside_init(&o,
        &(struct outside_options){ .config = choice % OUTSIDE_CONFIGS,
            .trust = choice % 32 / OUTSIDE_CONFIGS % TRUSTS,
            .writes_file = (choice & 0x80) != 0,
            .is_recorded = (choice & 0x40) != 0 });
    for (int i = 0; i < LINES_MAX && bytes.size > 0 && !o.has_stopped; i++)
        take_line(&o, fuzz_part(&bytes, '\n'));
    outside_rest(&o);
    outside_replay(&o);
    outside_fini(&o);
    return 0;
}
