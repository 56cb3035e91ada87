#include "sentinel/shell/client.h"

#include "common/mem.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/stream.h"

#include <sys/socket.h>
#include <unistd.h>

struct client {
    struct clients *clients; /* borrowed */
    struct client_id id;
    struct stream *stream;    /* owned */
    struct list_node gone;    /* in clients->gone */
    struct list_node leaving; /* in clients->leaving */
};

static const struct stream_limits limits = {
    .read_max = CLIENT_READ_MAX,
    .pending_max = CLIENT_PENDING_MAX,
};

static const char REFUSAL[] = "-ERR max number of clients reached\r\n";

void clients_init(struct clients *c, struct streams *streams, struct inlet inlet, size_t max) {
    *c = (struct clients){ .streams = streams, .inlet = inlet, .by_id = MAP_INIT, .max = max };
    list_init(&c->gone);
    list_init(&c->leaving);
}

static struct slice key_of(const struct client_id *id) {
    return (struct slice){ .data = (const char *)&id->value, .size = sizeof(id->value) };
}

static void client_free(struct client *client) {
    map_remove(&client->clients->by_id, key_of(&client->id));
    list_remove(&client->gone);
    list_remove(&client->leaving);
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

static void on_bytes(void *context, struct slice bytes) {
    struct client *client = context;
    inlet_take(&client->clients->inlet,
        &(struct input){ .kind = INPUT_CLIENT_BYTES, .client = client->id, .bytes = bytes });
}

static void on_ended(void *context, const char *why) {
    (void)why;
    struct client *client = context;
    list_append(&client->clients->gone, &client->gone);
}

static const struct stream_handler handler = { .bytes = on_bytes, .ended = on_ended };

/* ---- operations ---- */

void clients_accept(struct clients *c, int fd, const struct endpoint *remote) {
    if (map_count(&c->by_id) >= c->max) {
        (void)!send(fd, REFUSAL, sizeof(REFUSAL) - 1, MSG_NOSIGNAL);
        close(fd);
        return;
    }
    struct client *client = mem_new(struct client);
    client->clients = c;
    client->id.value = ++c->last_id;
    client->stream = stream_new(c->streams, fd, &handler, &limits, client);
    map_put(&c->by_id, key_of(&client->id), client);

    struct input in = {
        .kind = INPUT_CLIENT_OPENED,
        .client = client->id,
        .remote = *remote,
        .descriptor = fd,
    };
    stream_local(client->stream, &in.local);
    inlet_take(&c->inlet, &in);
}

void clients_write(struct clients *c, struct client_id id, struct slice bytes) {
    struct client *client = map_get(&c->by_id, key_of(&id));
    if (client != NULL)
        stream_write(client->stream, bytes);
}

void clients_hang_up(struct clients *c, struct client_id id) {
    struct client *client = map_get(&c->by_id, key_of(&id));
    if (client == NULL || list_is_linked(&client->gone) || list_is_linked(&client->leaving))
        return;
    stream_stop_reading(client->stream);
    list_append(&c->leaving, &client->leaving);
}

static void collect_leaving(struct clients *c) {
    list_for_each(client, &c->leaving, struct client, leaving) {
        if (stream_pending(client->stream) == 0 && !list_is_linked(&client->gone))
            list_append(&c->gone, &client->gone);
    }
}

bool clients_report(struct clients *c) {
    collect_leaving(c);
    bool any = false;
    struct client *client;
    while ((client = list_first(&c->gone, struct client, gone)) != NULL) {
        struct input in = { .kind = INPUT_CLIENT_CLOSED, .client = client->id };
        client_free(client);
        inlet_take(&c->inlet, &in);
        any = true;
    }
    return any;
}
