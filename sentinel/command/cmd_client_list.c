/* CLIENT LIST, INFO and KILL: the state of connections, and the filters that choose among them. */
#include "sentinel/command/call.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"

/* ---- the line of a client ---- */

static const char *text_or_empty(const char *text) {
    return text == NULL ? "" : text;
}

static bool is_valkey(const struct session *s) {
    return core_compat(s->server->core) == COMPAT_VALKEY;
}

static void print_flags(const struct session *s, struct buf *out) {
    const struct {
        char letter;
        bool is_set;
    } flags[] = {
        { 'P', session_has_subscriptions(s) },
        { 'b', s->is_postponed },
        { 'U', endpoint_is_path(&s->remote) },
        { 't', s->tracking.on },
        { 'B', s->tracking.bcast },
        { 'c', s->state == SESSION_ENDING },
        { 'e', s->is_protected },
    };
    bool any = false;
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (!flags[i].is_set)
            continue;
        buf_add_char(out, flags[i].letter);
        any = true;
    }
    if (!any)
        buf_add_char(out, 'N');
}

/* What we do not have (databases, transactions, buffers of fixed size) is shown as an idle
 * connection of the originals shows it. */
static void print_buffers(const struct session *s, struct buf *out) {
    size_t query = buf_size(&s->query), waiting = buf_size(&s->waiting_bytes);
    buf_printf(out, " multi=-1%s qbuf=%zu qbuf-free=%zu argv-mem=0 multi-mem=0 rbs=0 rbp=0",
        is_valkey(s) ? " watch=0" : "", query, s->query.capacity - query);
    buf_printf(out, " obl=0 oll=%zu omem=%zu tot-mem=%zu events=r", s->waiting_count, waiting,
        sizeof(*s) + s->query.capacity + s->waiting_bytes.capacity);
}

/* One line in the form of Redis 7.2, or of Valkey. */
void client_print(const struct session *s, int64_t now_ms, struct buf *out) {
    char remote[ENDPOINT_TEXT_MAX], local[ENDPOINT_TEXT_MAX];
    buf_printf(out, "id=%llu addr=%s laddr=%s fd=%d name=%s", (unsigned long long)s->id.value,
        endpoint_text(&s->remote, remote), endpoint_text(&s->local, local), s->descriptor,
        text_or_empty(s->name));
    buf_printf(out,
        " age=%lld idle=%lld flags=", (long long)tstamp_age(now_ms, s->opened_ms) / 1000,
        (long long)tstamp_age(now_ms, s->active_ms) / 1000);
    print_flags(s, out);
    buf_printf(out, "%s db=0 sub=%zu psub=%zu ssub=0", is_valkey(s) ? " capa=" : "",
        map_count(&s->channels), map_count(&s->patterns));
    print_buffers(s, out);
    buf_add_text(out, " cmd=");
    buf_add_slice(out, s->last != NULL ? s->last->name : SLICE_LITERAL("NULL"));
    buf_printf(out, " user=" SLICE_FMT " redir=%lld resp=%d lib-name=%s lib-ver=%s",
        SLICE_ARG(acl_user_name(s->user)), s->tracking.on ? (long long)s->tracking.redirect : -1,
        s->version, text_or_empty(s->library_name), text_or_empty(s->library_version));
    if (is_valkey(s))
        buf_printf(out, " tot-net-in=%llu tot-net-out=%llu tot-cmds=%llu",
            (unsigned long long)s->input_bytes, (unsigned long long)s->output_bytes,
            (unsigned long long)s->requests);
    buf_add_char(out, '\n');
}

void run_client_info(struct call *call) {
    struct buf text = BUF_INIT;
    client_print(call->session, call->core->now.mono_ms, &text);
    reply_verbatim(call, buf_slice(&text));
    buf_fini(&text);
}

/* ---- filters ---- */

enum client_type { CLIENT_ANY, CLIENT_NORMAL, CLIENT_PUBSUB, CLIENT_ABSENT };

/* Which clients are meant; all conditions hold together. */
struct filter {
    enum client_type type;
    int64_t id;                         /* 0 = any */
    const struct slice *remote, *local; /* NULL = any */
    const struct slice *user;           /* NULL = any */
    int64_t age_s;                      /* at least; 0 = any */
    bool skips_me;
};

static bool has_address(const struct endpoint *e, struct slice wanted) {
    char text[ENDPOINT_TEXT_MAX];
    return slice_is(wanted, endpoint_text(e, text));
}

static bool has_type(const struct session *s, enum client_type type) {
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

/* Those that were hung up are gone, although their end has not been told yet. */
static bool passes(const struct session *s, const struct filter *f, const struct call *call) {
    return s->state == SESSION_OPEN && has_type(s, f->type) &&
        (f->id == 0 || s->id.value == (uint64_t)f->id) &&
        (f->remote == NULL || has_address(&s->remote, *f->remote)) &&
        (f->local == NULL || has_address(&s->local, *f->local)) &&
        (f->user == NULL || slice_equal(*f->user, acl_user_name(s->user))) &&
        tstamp_age(call->core->now.mono_ms, s->opened_ms) / 1000 >= f->age_s &&
        !(f->skips_me && s == call->session);
}

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

/* ---- their options; each reads a value and returns false after refusing ---- */

static bool refuse_syntax(struct call *call) {
    resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
    return false;
}

static bool read_type(struct call *call, const struct slice *word, struct filter *f) {
    if (parse_type(*word, &f->type))
        return true;
    resp_errorf(
        &call->reply, "ERR Unknown client type '" SLICE_FMT "'", SLICE_ARG(call_shown(*word)));
    return false;
}

static bool read_id(struct call *call, const struct slice *word, struct filter *f) {
    int64_t id;
    if (slice_to_i64(*word, &id) && id > 0) {
        f->id = id;
        return true;
    }
    resp_error(&call->reply, SLICE_LITERAL("ERR client-id should be greater than 0"));
    return false;
}

static bool read_remote(struct call *call, const struct slice *word, struct filter *f) {
    (void)call;
    f->remote = word;
    return true;
}

static bool read_local(struct call *call, const struct slice *word, struct filter *f) {
    (void)call;
    f->local = word;
    return true;
}

static bool read_user(struct call *call, const struct slice *word, struct filter *f) {
    f->user = word;
    if (acl_find(&call->server->access.acl, *word) != NULL)
        return true;
    resp_errorf(&call->reply, "ERR No such user '" SLICE_FMT "'", SLICE_ARG(call_shown(*word)));
    return false;
}

static bool read_skipme(struct call *call, const struct slice *word, struct filter *f) {
    f->skips_me = slice_is_nocase(*word, "yes");
    return f->skips_me || slice_is_nocase(*word, "no") || refuse_syntax(call);
}

/* Redis 7.2 does not know it yet. */
static bool read_maxage(struct call *call, const struct slice *word, struct filter *f) {
    if (!is_valkey(call->session))
        return refuse_syntax(call);
    if (!slice_to_i64(*word, &f->age_s)) {
        resp_error(&call->reply, SLICE_LITERAL("ERR maxage is not an integer or out of range"));
        return false;
    }
    if (f->age_s > 0)
        return true;
    resp_error(&call->reply, SLICE_LITERAL("ERR maxage should be greater than 0"));
    return false;
}

static const struct {
    const char *name;
    bool (*read)(struct call *call, const struct slice *word, struct filter *f);
} options[] = {
    { "id", read_id },
    { "type", read_type },
    { "addr", read_remote },
    { "laddr", read_local },
    { "user", read_user },
    { "skipme", read_skipme },
    { "maxage", read_maxage },
};

static bool read_option(
    struct call *call, struct slice name, const struct slice *value, struct filter *f) {
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (slice_is_nocase(name, options[i].name))
            return options[i].read(call, value, f);
    }
    return refuse_syntax(call);
}

static bool read_options(struct call *call, struct filter *f) {
    for (size_t i = 2; i < call->count; i += 2) {
        if (i + 1 == call->count)
            return refuse_syntax(call);
        if (!read_option(call, call->args[i], &call->args[i + 1], f))
            return false;
    }
    return true;
}

/* ---- KILL ---- */

/* The killer itself comes last and gets its reply. */
static size_t kill_all(struct call *call, const struct filter *f) {
    size_t count = 0;
    map_for_each(s, &call->server->sessions, struct session) {
        if (s == call->session || !passes(s, f, call))
            continue;
        session_abandon(s);
        count++;
    }
    if (passes(call->session, f, call)) {
        session_end(call->session);
        count++;
    }
    return count;
}

/* CLIENT KILL ip:port */
static void kill_by_address(struct call *call) {
    struct filter filter = { .remote = &call->args[2] };
    if (kill_all(call, &filter) > 0)
        reply_ok(call);
    else
        resp_error(&call->reply, SLICE_LITERAL("ERR No such client"));
}

void run_client_kill(struct call *call) {
    struct filter filter = { .skips_me = true };
    if (call->count == 3)
        kill_by_address(call);
    else if (read_options(call, &filter))
        resp_integer(&call->reply, (int64_t)kill_all(call, &filter));
}

/* ---- LIST ---- */

static void print_all(const struct call *call, const struct filter *f, struct buf *out) {
    map_for_each(s, &call->server->sessions, struct session) {
        if (passes(s, f, call))
            client_print(s, call->core->now.mono_ms, out);
    }
}

/* Each is looked up: a thousand ids compared with ten thousand clients would stall all of them. As
 * with the originals the ids give the order, and one that is named twice is listed twice. false
 * after refusing. */
static bool print_named(struct call *call, struct buf *out) {
    for (size_t i = 3; i < call->count; i++) {
        int64_t id;
        if (!slice_to_i64(call->args[i], &id)) {
            resp_error(&call->reply, SLICE_LITERAL("ERR Invalid client ID"));
            return false;
        }
        const struct session *s =
            server_session(call->server, (struct client_id){ .value = (uint64_t)id });
        if (s != NULL && s->state == SESSION_OPEN)
            client_print(s, call->core->now.mono_ms, out);
    }
    return true;
}

/* false after refusing. */
static bool print_list(struct call *call, struct buf *out) {
    struct filter filter = { .type = CLIENT_ANY };
    if (call->count > 3 && slice_is_nocase(call->args[2], "id"))
        return print_named(call, out);
    if (call->count == 4 && slice_is_nocase(call->args[2], "type")) {
        if (!read_type(call, &call->args[3], &filter))
            return false;
    } else if (call->count != 2) {
        return refuse_syntax(call);
    }
    print_all(call, &filter, out);
    return true;
}

void run_client_list(struct call *call) {
    struct buf text = BUF_INIT;
    if (print_list(call, &text))
        reply_verbatim(call, buf_slice(&text));
    buf_fini(&text);
}
