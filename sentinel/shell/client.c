#include "sentinel/shell/client.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/limit.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/complaint.h"
#include "sentinel/shell/tls_session.h"

#include <sys/socket.h>
#include <unistd.h>

struct client {
    struct clients *clients; /* borrowed */
    struct client_id id;
    struct stream *stream;    /* owned; NULL once it was closed at once */
    uint64_t used;            /* clients->uses at its last read or write */
    struct list_node gone;    /* in clients->gone */
    struct list_node leaving; /* in clients->leaving */
    struct list_node filled;  /* in clients->filled */
    bool is_full;             /* does not read */
    bool was_full;            /* as told to the engine */
    bool has_spoken;
};

static const char REFUSAL[] = "-ERR max number of clients reached\r\n";

void clients_init(struct clients *c, struct streams *streams, struct inlet inlet,
    clients_room_fn *room, void *room_context) {
    *c = (struct clients){
        .streams = streams,
        .inlet = inlet,
        .room = room,
        .room_context = room_context,
        .by_id = MAP_INIT,
        .read = { .kind = INPUT_CLIENT_BYTES },
        .streams_may = { .read_max = CLIENT_READ_MAX, .kept = CLIENT_KEPT, .total = &c->unread },
    };
    list_init(&c->gone);
    list_init(&c->leaving);
    list_init(&c->filled);
}

void clients_set_limits(struct clients *c, const struct limits *limits) {
    size_t output_max = (size_t)limits->max[LIMIT_OUTPUT_BUFFER];
    c->max = (uint64_t)limits->max[LIMIT_CLIENTS];
    c->unread_max = (size_t)limits->max[LIMIT_CLIENT_MEMORY];
    c->streams_may.pending_max = output_max;
    c->streams_may.high_water = MIN_OF((size_t)CLIENT_HIGH_WATER, output_max / 4);
}

static struct slice key_of(const struct client_id *id) {
    return (struct slice){ .data = (const char *)&id->value, .size = sizeof(id->value) };
}

static void client_free(struct client *client) {
    map_remove(&client->clients->by_id, key_of(&client->id));
    list_remove(&client->gone);
    list_remove(&client->leaving);
    list_remove(&client->filled);
    stream_free(client->stream);
    mem_free(client);
}

void clients_fini(struct clients *c) {
    map_for_each(client, &c->by_id, struct client) {
        client_free(client);
    }
    map_fini(&c->by_id);
}

/* ---- what the stream tells ---- */

static void note_use(struct client *client) {
    client->used = ++client->clients->uses;
}

/* How a handshake of TLS begins; no request does. */
static bool is_tls(struct slice bytes) {
    return bytes.size >= 2 && bytes.data[0] == 0x16 && bytes.data[1] == 0x03;
}

static bool turns_away(struct client *client, struct slice bytes) {
    bool is_first = !client->has_spoken;
    client->has_spoken = true;
    if (!is_first || stream_is_tls(client->stream) || !is_tls(bytes))
        return false;
    struct endpoint remote;
    stream_remote(client->stream, &remote);
    complaints_tell(client->clients->complaints,
        "client %s: closed: it speaks TLS to a port that does not", remote.host);
    list_append(&client->clients->gone, &client->gone);
    return true;
}

static void on_bytes(void *context, struct slice bytes) {
    struct client *client = context;
    struct input *in = &client->clients->read;
    if (list_is_linked(&client->gone) || turns_away(client, bytes))
        return;
    note_use(client);
    in->client = client->id;
    in->bytes = bytes;
    inlet_take(&client->clients->inlet, in);
}

static void on_ended(void *context, const char *why) {
    struct client *client = context;
    client->clients->overflowed += why == STREAM_OVERFULL;
    if (!list_is_linked(&client->gone))
        list_append(&client->clients->gone, &client->gone);
}

static void on_filled(void *context, bool is_full) {
    struct client *client = context;
    client->is_full = is_full;
    if (!list_is_linked(&client->filled))
        list_append(&client->clients->filled, &client->filled);
}

static const struct stream_handler handler = {
    .bytes = on_bytes,
    .ended = on_ended,
    .filled = on_filled,
};

/* ---- questions ---- */

static uint64_t allowed(const struct clients *c) {
    return c->room == NULL ? c->max : MIN_OF(c->max, (uint64_t)c->room(c->room_context));
}

static struct client *reads_least(const struct clients *c) {
    struct client *least = NULL;
    map_for_each(client, &c->by_id, struct client) {
        bool reads_less = client->stream != NULL &&
            (least == NULL || stream_pending(client->stream) > stream_pending(least->stream));
        if (reads_less)
            least = client;
    }
    return least;
}

static struct client *idle_longest(const struct clients *c) {
    struct client *idlest = NULL;
    map_for_each(client, &c->by_id, struct client) {
        if (client->stream != NULL && (idlest == NULL || client->used < idlest->used))
            idlest = client;
    }
    return idlest;
}

struct client_usage clients_usage(const struct clients *c) {
    const struct client *least = c->unread > 0 ? reads_least(c) : NULL;
    return (struct client_usage){
        .allowed = allowed(c),
        .refused = c->refused,
        .overflowed = c->overflowed,
        .shed = c->shed,
        .evicted = c->evicted,
        .unread = c->unread,
        .longest_unread = least != NULL ? stream_pending(least->stream) : 0,
    };
}

size_t clients_room_left(const struct clients *c) {
    uint64_t may = allowed(c), are = map_count(&c->by_id);
    return may > are ? (size_t)(may - are) : 0;
}

/* ---- operations ---- */

static void refuse(struct clients *c, int fd, struct tls_session *session) {
    struct slice text = slice_of(REFUSAL);
    c->refused++;
    if (session != NULL && tls_session_write(session, text))
        text = buf_slice(tls_session_output(session));
    (void)!send(fd, text.data, text.size, MSG_NOSIGNAL);
    tls_session_free(session);
    close(fd);
}

void clients_accept(
    struct clients *c, int fd, struct tls_session *session, const struct endpoint *remote) {
    if (clients_room_left(c) == 0) {
        refuse(c, fd, session);
        return;
    }
    struct client *client = mem_new(struct client);
    client->clients = c;
    client->id.value = ++c->last_id;
    client->stream = stream_new(
        c->streams, fd, session, (struct stream_owner){ &handler, &c->streams_may, client });
    map_put(&c->by_id, key_of(&client->id), client);
    note_use(client);

    struct input in = {
        .kind = INPUT_CLIENT_OPENED,
        .client = client->id,
        .remote = *remote,
        .descriptor = fd,
    };
    if (endpoint_is_path(remote))
        in.local = *remote; /* one name for both ends */
    else
        stream_local(client->stream, &in.local);
    inlet_take(&c->inlet, &in);
    if (session != NULL)
        stream_catch_up(client->stream);
}

void clients_write(struct clients *c, struct client_id id, struct slice bytes) {
    struct client *client = map_get(&c->by_id, key_of(&id));
    if (client == NULL || client->stream == NULL)
        return;
    note_use(client);
    stream_write(client->stream, bytes);
}

static bool is_ending(const struct client *client) {
    return list_is_linked(&client->gone) || list_is_linked(&client->leaving);
}

void clients_read(struct clients *c, struct client_id id, bool reading) {
    struct client *client = map_get(&c->by_id, key_of(&id));
    if (client != NULL && !is_ending(client))
        stream_read(client->stream, reading);
}

void clients_hang_up(struct clients *c, struct client_id id) {
    struct client *client = map_get(&c->by_id, key_of(&id));
    if (client == NULL || is_ending(client))
        return;
    stream_read(client->stream, false);
    list_append(&c->leaving, &client->leaving);
}

/* Without waiting for anything that is still to be written. */
static void close_now(struct client *client) {
    stream_free(client->stream);
    client->stream = NULL;
    list_remove(&client->leaving);
    if (!list_is_linked(&client->gone))
        list_append(&client->clients->gone, &client->gone);
}

bool clients_evict(struct clients *c) {
    struct client *idlest = idle_longest(c);
    if (idlest == NULL)
        return false;
    c->evicted++;
    close_now(idlest);
    return true;
}

static void shed(struct clients *c) {
    while (c->unread > c->unread_max) {
        c->shed++;
        close_now(reads_least(c));
    }
}

static bool tell_filled(struct clients *c) {
    bool any = false;
    list_for_each(client, &c->filled, struct client, filled) {
        list_remove(&client->filled);
        if (is_ending(client) || client->is_full == client->was_full)
            continue;
        client->was_full = client->is_full;
        inlet_take(&c->inlet,
            &(struct input){
                .kind = client->is_full ? INPUT_CLIENT_FULL : INPUT_CLIENT_DRAINED,
                .client = client->id,
            });
        any = true;
    }
    return any;
}

static void collect_leaving(struct clients *c) {
    list_for_each(client, &c->leaving, struct client, leaving) {
        if (stream_pending(client->stream) == 0 && !list_is_linked(&client->gone))
            list_append(&c->gone, &client->gone);
    }
}

bool clients_report(struct clients *c) {
    collect_leaving(c);
    shed(c);
    bool any = tell_filled(c);
    struct client *client;
    while ((client = list_first(&c->gone, struct client, gone)) != NULL) {
        struct input in = { .kind = INPUT_CLIENT_CLOSED, .client = client->id };
        client_free(client);
        inlet_take(&c->inlet, &in);
        any = true;
    }
    return any;
}
