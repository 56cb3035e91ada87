/* CLIENT: connections, their names and their state. */
#include "common/mem.h"
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

/* ---- names ---- */

static bool is_plain(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '!' || text.data[i] > '~')
            return false;
    }
    return true;
}

/* Replaces an owned text; empty unsets it. */
static void replace_text(char **text, struct slice value) {
    mem_free(*text);
    *text = value.size > 0 ? slice_dup(value) : NULL;
}

bool call_set_name(struct call *call, struct slice name) {
    if (!is_plain(name)) {
        resp_error(&call->reply,
            SLICE_LITERAL(
                "ERR Client names cannot contain spaces, newlines or special characters."));
        return false;
    }
    if (name.size > CLIENT_TEXT_MAX) {
        resp_errorf(&call->reply, "ERR Client names have at most %d bytes", CLIENT_TEXT_MAX);
        return false;
    }
    replace_text(&call->session->name, name);
    return true;
}

void run_client_setname(struct call *call) {
    if (call_set_name(call, call->args[2]))
        reply_ok(call);
}

void run_client_getname(struct call *call) {
    if (call->session->name == NULL)
        resp_null(&call->reply);
    else
        resp_bulk_text(&call->reply, call->session->name);
}

void run_client_setinfo(struct call *call) {
    struct slice option = call->args[2], value = call->args[3];
    bool is_name = slice_is_nocase(option, "lib-name");
    if (!is_name && !slice_is_nocase(option, "lib-ver")) {
        resp_errorf(&call->reply, "ERR Unrecognized option '" SLICE_FMT "'", SLICE_ARG(option));
        return;
    }
    if (!is_plain(value) || value.size > CLIENT_TEXT_MAX) {
        resp_errorf(&call->reply, "ERR %s cannot contain spaces, newlines or special characters.",
            is_name ? "lib-name" : "lib-ver");
        return;
    }
    replace_text(is_name ? &call->session->library_name : &call->session->library_version, value);
    reply_ok(call);
}

void run_client_id(struct call *call) {
    resp_integer(&call->reply, (int64_t)call->session->id.value);
}

/* ---- state ---- */

static const char *text_or_empty(const char *text) {
    return text == NULL ? "" : text;
}

/* One line in the form of Redis 7.2. What we do not have (databases, transactions, buffers of fixed
 * size) is shown as an idle connection of the originals shows it. */
static void print_client(const struct session *s, int64_t now_ms, struct buf *out) {
    char remote[ENDPOINT_TEXT_MAX], local[ENDPOINT_TEXT_MAX];
    size_t query = buf_size(&s->query), waiting = buf_size(&s->waiting_bytes);
    buf_printf(out, "id=%llu addr=%s laddr=%s fd=%d name=%s", (unsigned long long)s->id.value,
        endpoint_text(&s->remote, remote), endpoint_text(&s->local, local), s->descriptor,
        text_or_empty(s->name));
    buf_printf(out, " age=%lld idle=%lld flags=%s db=0 sub=%zu psub=%zu ssub=0 multi=-1",
        (long long)tstamp_age(now_ms, s->opened_ms) / 1000,
        (long long)tstamp_age(now_ms, s->active_ms) / 1000,
        session_has_subscriptions(s) ? "P" : "N", map_count(&s->channels), map_count(&s->patterns));
    buf_printf(out, " qbuf=%zu qbuf-free=%zu argv-mem=0 multi-mem=0 rbs=0 rbp=0", query,
        s->query.capacity - query);
    buf_printf(out, " obl=0 oll=%zu omem=%zu tot-mem=%zu events=r cmd=", s->waiting_count, waiting,
        sizeof(*s) + s->query.capacity + s->waiting_bytes.capacity);
    if (s->last != NULL)
        buf_add_slice(out, s->last->name);
    else
        buf_add_text(out, "NULL");
    buf_printf(out, " user=default redir=-1 resp=%d lib-name=%s lib-ver=%s\n", s->version,
        text_or_empty(s->library_name), text_or_empty(s->library_version));
}

void run_client_info(struct call *call) {
    struct buf text = BUF_INIT;
    print_client(call->session, call->core->now.mono_ms, &text);
    reply_verbatim(call, buf_slice(&text));
    buf_fini(&text);
}

/* ---- LIST ---- */

enum client_type { CLIENT_ANY, CLIENT_NORMAL, CLIENT_PUBSUB, CLIENT_ABSENT };

/* Which clients are listed. */
struct filter {
    enum client_type type;
    const struct slice *ids; /* NULL = any */
    size_t id_count;
};

/* Masters and replicas connect to servers, never to a Sentinel. */
static bool parse_type(struct slice word, enum client_type *ret) {
    static const struct {
        const char *word;
        enum client_type type;
    } types[] = {
        { "normal", CLIENT_NORMAL },
        { "pubsub", CLIENT_PUBSUB },
        { "master", CLIENT_ABSENT },
        { "replica", CLIENT_ABSENT },
        { "slave", CLIENT_ABSENT },
    };
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (slice_is_nocase(word, types[i].word)) {
            *ret = types[i].type;
            return true;
        }
    }
    return false;
}

static bool ids_are_valid(const struct slice *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int64_t id;
        if (!slice_to_i64(ids[i], &id) || id < 1)
            return false;
    }
    return true;
}

/* false after refusing. */
static bool read_filter(struct call *call, struct filter *ret) {
    if (call->count == 2)
        return true;
    if (call->count == 4 && slice_is_nocase(call->args[2], "type")) {
        if (parse_type(call->args[3], &ret->type))
            return true;
        resp_errorf(
            &call->reply, "ERR Unknown client type '" SLICE_FMT "'", SLICE_ARG(call->args[3]));
        return false;
    }
    if (call->count > 3 && slice_is_nocase(call->args[2], "id")) {
        ret->ids = call->args + 3;
        ret->id_count = call->count - 3;
        if (ids_are_valid(ret->ids, ret->id_count))
            return true;
        resp_error(&call->reply, SLICE_LITERAL("ERR Invalid client ID"));
        return false;
    }
    resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
    return false;
}

static bool passes(const struct session *s, enum client_type type) {
    switch (type) {
    case CLIENT_ANY:
        return true;
    case CLIENT_NORMAL:
        return !session_has_subscriptions(s);
    case CLIENT_PUBSUB:
        return session_has_subscriptions(s);
    case CLIENT_ABSENT:
        return false;
    }
    return false;
}

static void print_all(const struct call *call, enum client_type type, struct buf *out) {
    map_for_each(s, &call->server->sessions, struct session) {
        if (passes(s, type))
            print_client(s, call->core->now.mono_ms, out);
    }
}

/* Each is looked up: a thousand ids compared with ten thousand clients would stall all of them. As
 * with the originals the ids give the order, and one that is named twice is listed twice. */
static void print_named(const struct call *call, const struct filter *f, struct buf *out) {
    for (size_t i = 0; i < f->id_count; i++) {
        struct client_id id;
        if (!slice_to_u64(f->ids[i], &id.value))
            continue;
        const struct session *s = server_session(call->server, id);
        if (s != NULL)
            print_client(s, call->core->now.mono_ms, out);
    }
}

void run_client_list(struct call *call) {
    struct filter filter = { .type = CLIENT_ANY };
    if (!read_filter(call, &filter))
        return;
    struct buf text = BUF_INIT;
    if (filter.ids != NULL)
        print_named(call, &filter, &text);
    else
        print_all(call, filter.type, &text);
    reply_verbatim(call, buf_slice(&text));
    buf_fini(&text);
}

void run_client_help(struct call *call) {
    reply_help(call, "client", "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
}
