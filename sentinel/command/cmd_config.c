/* SENTINEL CONFIG: the settings of the process that clients may read and change. Source:
 * spec 10.12. */
#include "common/glob.h"
#include "common/mem.h"
#include "config/option.h"
#include "sentinel/command/call.h"
#include "sentinel/core/configure.h"
#include "sentinel/core/core.h"

#include <string.h>

#define FIRST_WORD 3 /* behind SENTINEL CONFIG GET or SET */

/* ---- parameters ---- */

/* It is announced in hellos, thus has to be fit for one. */
static bool set_announce_ip(struct settings *s, struct slice value) {
    if (value.size == 0) {
        s->announce.host[0] = '\0';
        return true;
    }
    return (host_is_ip(value) || host_is_name(value)) &&
        endpoint_make(value, s->announce.port, &s->announce);
}

static bool set_announce_port(struct settings *s, struct slice value) {
    int64_t port;
    if (!slice_to_i64(value, &port) || port < 0 || port > UINT16_MAX)
        return false;
    s->announce.port = (uint16_t)port;
    return true;
}

static void print_announce_ip(const struct settings *s, struct buf *out) {
    buf_add_text(out, s->announce.host);
}

static void print_announce_port(const struct settings *s, struct buf *out) {
    buf_add_u64(out, s->announce.port);
}

/* In the order in which they are printed. */
static const struct parameter {
    const char *name;
    const char *key; /* of its option; NULL: part of one, by the two functions */
    bool (*set)(struct settings *s, struct slice value);
    void (*print)(const struct settings *s, struct buf *out);
} parameter_table[] = {
    { "resolve-hostnames", "hostnames.resolve", NULL, NULL },
    { "announce-hostnames", "hostnames.announce", NULL, NULL },
    { "announce-ip", NULL, set_announce_ip, print_announce_ip },
    { "announce-port", NULL, set_announce_port, print_announce_port },
    { "sentinel-user", "peers.user", NULL, NULL },
    { "sentinel-pass", "peers.password", NULL, NULL },
    { "loglevel", "log.level", NULL, NULL },
};

static const struct option *option_of(const struct parameter *p) {
    return option_by_key(OPTION_PROCESS, slice_of(p->key));
}

static bool set_parameter(const struct parameter *p, struct settings *s, struct slice value) {
    return p->key != NULL ? option_assign(option_of(p), s, value) : p->set(s, value);
}

static void print_parameter(const struct parameter *p, const struct settings *s, struct buf *out) {
    if (p->key == NULL)
        p->print(s, out);
    else if (option_of(p)->type == OPTION_TYPE_SECRET)
        option_print(option_of(p), s, out); /* whoever may ask need not know it */
    else
        option_write(option_of(p), s, out);
}

static const struct parameter *find_parameter(struct slice name) {
    for (size_t i = 0; i < ARRAY_SIZE(parameter_table); i++) {
        if (slice_is_nocase(name, parameter_table[i].name))
            return &parameter_table[i];
    }
    return NULL;
}

/* ---- GET ---- */

/* Each is printed once, by the first pattern that matches it. */
static void get(struct call *call) {
    const struct parameter *matched[ARRAY_SIZE(parameter_table)];
    bool is_matched[ARRAY_SIZE(parameter_table)] = { false };
    size_t count = 0;
    for (size_t word = FIRST_WORD; word < call->count; word++) {
        for (size_t i = 0; i < ARRAY_SIZE(parameter_table); i++) {
            const struct parameter *p = &parameter_table[i];
            if (is_matched[i] || !glob_match(call->args[word], slice_of(p->name), true))
                continue;
            is_matched[i] = true;
            matched[count++] = p;
        }
    }
    struct buf value CLEANUP(buf_fini) = BUF_INIT;
    resp_map(&call->reply, count);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&value);
        print_parameter(matched[i], &call->core->settings, &value);
        resp_bulk_text(&call->reply, matched[i]->name);
        resp_bulk(&call->reply, buf_slice(&value));
    }
}

/* ---- SET ---- */

/* Reads the pairs into `wanted`; false after refusing the first bad one. */
static bool read_pairs(struct call *call, struct settings *wanted) {
    bool is_set[ARRAY_SIZE(parameter_table)] = { false };
    for (size_t i = FIRST_WORD; i < call->count; i += 2) {
        struct slice name = call->args[i];
        const struct parameter *p = find_parameter(name);
        if (p == NULL) {
            resp_errorf(&call->reply, "ERR Invalid argument '" SLICE_FMT "' to SENTINEL CONFIG SET",
                SLICE_ARG(name));
            return false;
        }
        if (is_set[p - parameter_table]) {
            resp_errorf(&call->reply,
                "ERR Duplicate argument '" SLICE_FMT "' to SENTINEL CONFIG SET", SLICE_ARG(name));
            return false;
        }
        is_set[p - parameter_table] = true;
        if (i + 1 == call->count) {
            resp_errorf(
                &call->reply, "ERR Missing argument '" SLICE_FMT "' value", SLICE_ARG(name));
            return false;
        }
        if (!set_parameter(p, wanted, call->args[i + 1])) {
            resp_errorf(&call->reply,
                "ERR Invalid value '" SLICE_FMT "' to SENTINEL CONFIG SET '" SLICE_FMT "'",
                SLICE_ARG(call->args[i + 1]), SLICE_ARG(name));
            return false;
        }
    }
    return true;
}

static void set(struct call *call) {
    if (!call_check_characters(call, FIRST_WORD, "SENTINEL CONFIG SET"))
        return;
    struct settings wanted = { .groups = NULL };
    settings_copy_process(&wanted, &call->core->settings);
    if (read_pairs(call, &wanted))
        reply_ok_after(call, configure_set(call->core, &wanted));
    settings_fini(&wanted);
}

void run_sentinel_config(struct call *call) {
    if (slice_is_nocase(call->args[2], "get"))
        get(call);
    else if (slice_is_nocase(call->args[2], "set") && call->count > FIRST_WORD + 1)
        set(call);
    else
        resp_error(&call->reply,
            SLICE_LITERAL(
                "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> "
                "[<param> <value> ...] are supported."));
}
