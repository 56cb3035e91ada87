#include "sentinel/shell/redis_link.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/reply_reader.h"
#include "sentinel/shell/socket.h"
#include "sentinel/shell/stream.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#define WHY_MAX       256
#define ARGV_ON_STACK 16

/* A SEND that waits for its replies. */
struct pending {
    uint64_t tag;
    size_t left; /* replies to come; the last one is the answer */
};

struct redis_link {
    struct redis_links *links; /* borrowed */
    struct link_id id;
    uint64_t incarnation;
    enum link_purpose purpose;
    struct endpoint *to;         /* owned: where it is to be opened; NULL once that was tried */
    char *name;                  /* owned: host name of it, "" = none; the same */
    struct buf early;            /* what was sent before */
    struct stream *stream;       /* owned; NULL before it is opened, or if it could not be */
    struct reply_reader *reader; /* owned; NULL while idle */
    struct pending *pending;     /* owned: [first, count) in order of sending */
    size_t first, count, capacity;
    bool is_lost;
    bool refused;             /* why it is lost: nothing listens there, */
    bool starved;             /* or there was no descriptor for it */
    char *why;                /* owned; NULL until it is lost */
    struct list_node waiting; /* in links->waiting */
    struct list_node lost;    /* in links->lost */
};

/* An empty queue keeps nothing, as an idle link holds no reader. An INFO takes one read or two; who
 * sends without end, or answers hundreds of questions at once, has each turn for no longer. */
static const struct stream_limits limits = {
    .read_max = REDIS_LINK_READ_MAX,
    .pending_max = REDIS_LINK_PENDING_MAX,
};

/* ---- the table ---- */

void redis_links_init(struct redis_links *l, struct streams *streams, struct inlet inlet) {
    *l = (struct redis_links){ .streams = streams, .inlet = inlet };
    list_init(&l->waiting);
    list_init(&l->lost);
}

static void link_free(struct redis_link *link) {
    struct redis_links *l = link->links;
    list_remove(&link->waiting);
    list_remove(&link->lost);
    l->slots[link->id.value] = NULL;
    l->count--;
    stream_free(link->stream);
    mem_free(link->to);
    mem_free(link->name);
    buf_fini(&link->early);
    reply_reader_free(link->reader);
    mem_free(link->pending);
    mem_free(link->why);
    mem_free(link);
}

void redis_links_fini(struct redis_links *l) {
    for (size_t i = 0; i < l->capacity; i++)
        if (l->slots[i] != NULL)
            link_free(l->slots[i]);
    mem_free(l->slots);
    reply_reader_free(l->spare);
    l->slots = NULL;
    l->spare = NULL;
    l->capacity = 0;
}

static void slots_grow(struct redis_links *l, size_t needed) {
    size_t before = l->capacity;
    mem_grow(&l->slots, &l->capacity, needed, sizeof(struct redis_link *));
    for (size_t i = before; i < l->capacity; i++)
        l->slots[i] = NULL;
}

static struct redis_link *link_at(const struct redis_links *l, struct link_id id) {
    return id.value < l->capacity ? l->slots[id.value] : NULL;
}

/* The link while this incarnation of it lives; NULL afterwards. */
static struct redis_link *link_of(
    const struct redis_links *l, struct link_id id, uint64_t incarnation) {
    struct redis_link *link = link_at(l, id);
    return link != NULL && link->incarnation == incarnation ? link : NULL;
}

/* ---- losing it ---- */

static void PRINTF_LIKE(2, 3) lose(struct redis_link *link, const char *format, ...) {
    if (link->is_lost)
        return;
    link->is_lost = true;
    char why[WHY_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    link->why = mem_strdup(why);
    list_append(&link->links->lost, &link->lost);
}

bool redis_links_report(struct redis_links *l, int64_t until_us) {
    struct redis_link *link;
    while ((link = list_first(&l->lost, struct redis_link, lost)) != NULL) {
        char *why = link->why;
        struct input in = {
            .kind = INPUT_LINK_LOST,
            .link = link->id,
            .incarnation = link->incarnation,
            .why = slice_of(why),
            .refused = link->refused,
            .starved = link->starved,
        };
        link->why = NULL; /* outlives the link */
        link_free(link);
        inlet_take(&l->inlet, &in);
        mem_free(why);
        if (clock_is_at(until_us))
            break;
    }
    return list_is_empty(&l->lost);
}

/* ---- receiving ---- */

static bool is_message(const struct redis_link *link, const struct resp_value *v) {
    return link->purpose == LINK_PUBSUB && v->type == RESP_ARRAY && v->count == 3 &&
        v->elements[0].type == RESP_BULK && slice_is(v->elements[0].text, "message");
}

static void take_message(struct redis_link *link, const struct resp_value *v) {
    if (v->elements[1].type != RESP_BULK || v->elements[2].type != RESP_BULK) {
        lose(link, "a pub/sub message without text");
        return;
    }
    inlet_take(&link->links->inlet,
        &(struct input){
            .kind = INPUT_MESSAGE,
            .link = link->id,
            .incarnation = link->incarnation,
            .channel = v->elements[1].text,
            .payload = v->elements[2].text,
        });
}

static void take_reply(struct redis_link *link, const struct resp_value *v) {
    if (link->first == link->count) {
        lose(link, "a reply without a request");
        return;
    }
    struct pending *p = &link->pending[link->first];
    if (--p->left > 0)
        return;
    uint64_t tag = p->tag;
    if (++link->first == link->count)
        link->first = link->count = 0;
    inlet_take(&link->links->inlet,
        &(struct input){
            .kind = INPUT_REPLY,
            .link = link->id,
            .incarnation = link->incarnation,
            .tag = tag,
            .value = *v,
        });
}

/* An idle link holds no reader: there are thousands of links, and few speak at the same time. */
static struct reply_reader *reader_take(struct redis_links *l) {
    struct reply_reader *r = l->spare;
    l->spare = NULL;
    return r != NULL ? r : reply_reader_new();
}

static void reader_give_back(struct redis_links *l, struct reply_reader *r) {
    if (l->spare == NULL)
        l->spare = r;
    else
        reply_reader_free(r);
}

/* What an end says that expects TLS, and is spoken to plainly. */
static bool is_tls_alert(struct slice bytes) {
    return bytes.size >= 2 && bytes.data[0] == 0x15 && bytes.data[1] == 0x03;
}

static void on_bytes(void *context, struct slice bytes) {
    struct redis_link *link = context;
    if (link->is_lost)
        return;
    if (link->reader == NULL)
        link->reader = reader_take(link->links);
    reply_reader_feed(link->reader, bytes);

    const struct resp_value *value;
    enum reply_read got = REPLY_MORE;
    while (!link->is_lost && (got = reply_reader_next(link->reader, &value)) == REPLY_VALUE) {
        if (is_message(link, value))
            take_message(link, value);
        else
            take_reply(link, value);
    }
    if (got == REPLY_BAD && is_tls_alert(bytes))
        lose(link, "the other end wants TLS, and tls.links is no");
    else if (got == REPLY_BAD)
        lose(link, "%s", reply_reader_error(link->reader));
    if (!link->is_lost && reply_reader_is_idle(link->reader)) {
        reader_give_back(link->links, link->reader);
        link->reader = NULL;
    }
}

static void on_connected(void *context) {
    struct redis_link *link = context;
    struct input in = {
        .kind = INPUT_LINK_UP,
        .link = link->id,
        .incarnation = link->incarnation,
    };
    stream_local(link->stream, &in.local);
    inlet_take(&link->links->inlet, &in);
}

static void on_ended(void *context, const char *why) {
    struct redis_link *link = context;
    link->refused = why == STREAM_REFUSED;
    lose(link, "%s", why);
}

static const struct stream_handler handler = {
    .connected = on_connected,
    .bytes = on_bytes,
    .ended = on_ended,
};

/* ---- what the engine asks for ---- */

static bool is_starved(const struct redis_link *link, int error) {
    return link->stream == NULL && (error == -EMFILE || error == -ENFILE);
}

void redis_links_open(struct redis_links *l, struct link_id id, uint64_t incarnation,
    enum link_purpose purpose, const struct endpoint *address, struct slice name) {
    ensure(id.value != 0);
    ensure(id.value <= REDIS_LINK_ID_MAX);
    if (link_at(l, id) != NULL)
        link_free(link_at(l, id));
    slots_grow(l, id.value + (size_t)1);

    struct redis_link *link = mem_new(struct redis_link);
    link->links = l;
    link->id = id;
    link->incarnation = incarnation;
    link->purpose = purpose;
    l->slots[id.value] = link;
    l->count++;
    link->to = mem_new(struct endpoint);
    *link->to = *address;
    link->name = slice_dup(name);
    list_append(&l->waiting, &link->waiting);
}

static void begin(struct redis_link *link) {
    struct redis_links *l = link->links;
    const struct stream_owner owner = { &handler, &limits, link };
    int error = 0;
    link->stream = stream_open(l->streams, link->to, link->name, owner, &error);
    if (is_starved(link, error) && l->make_room != NULL && l->make_room(l->room_context))
        link->stream = stream_open(l->streams, link->to, link->name, owner, &error);
    if (link->stream != NULL) {
        stream_write(link->stream, buf_slice(&link->early));
    } else {
        link->refused = error == -ECONNREFUSED;
        link->starved = is_starved(link, error);
        l->starved += link->starved;
        lose(link, "%s", socket_why(error));
    }
    mem_free(link->to);
    mem_free(link->name);
    link->to = NULL;
    link->name = NULL;
    buf_fini(&link->early);
}

bool redis_links_begin(struct redis_links *l, int64_t until_us) {
    struct redis_link *link;
    while ((link = list_first(&l->waiting, struct redis_link, waiting)) != NULL) {
        list_remove(&link->waiting);
        begin(link);
        if (clock_is_at(until_us))
            break;
    }
    return list_is_empty(&l->waiting);
}

void redis_links_close(struct redis_links *l, struct link_id id, uint64_t incarnation) {
    struct redis_link *link = link_of(l, id, incarnation);
    if (link != NULL)
        link_free(link);
}

static void write_request(struct redis_link *link, const struct request *request) {
    const char *on_stack[ARGV_ON_STACK];
    size_t sizes_on_stack[ARGV_ON_STACK];
    bool fits = request->word_count <= ARGV_ON_STACK;
    const char **argv = fits ? on_stack : mem_alloc(request->word_count * sizeof(*argv));
    size_t *sizes = fits ? sizes_on_stack : mem_alloc(request->word_count * sizeof(*sizes));
    for (size_t i = 0; i < request->word_count; i++) {
        argv[i] = request->words[i].size > 0 ? request->words[i].data : "";
        sizes[i] = request->words[i].size;
    }

    char *bytes = NULL;
    long long size = redisFormatCommandArgv(&bytes, (int)request->word_count, argv, sizes);
    ensure(size > 0);
    struct slice encoded = { .data = bytes, .size = (size_t)size };
    if (link->stream != NULL)
        stream_write(link->stream, encoded);
    else
        buf_add_slice(&link->early, encoded);
    redisFreeCommand(bytes);
    if (!fits) {
        mem_free(argv);
        mem_free(sizes);
    }
}

void redis_links_send(struct redis_links *l, struct link_id id, uint64_t incarnation, uint64_t tag,
    const struct request *requests, size_t count) {
    struct redis_link *link = link_of(l, id, incarnation);
    if (link == NULL || link->is_lost)
        return;
    ensure(count > 0);
    if (link->first > 0 && link->count == link->capacity) { /* the front is free: use it again */
        link->count -= link->first;
        memmove(link->pending, link->pending + link->first, link->count * sizeof(*link->pending));
        link->first = 0;
    }
    mem_grow(&link->pending, &link->capacity, link->count + 1, sizeof(*link->pending));
    link->pending[link->count++] = (struct pending){ .tag = tag, .left = count };
    for (size_t i = 0; i < count; i++)
        write_request(link, &requests[i]);
}
