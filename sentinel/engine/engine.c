#include "sentinel/engine/engine.h"

#include "common/mem.h"
#include "sentinel/command/cmd_admin.h"
#include "sentinel/command/monitor.h"
#include "sentinel/command/secrecy.h"
#include "sentinel/command/server.h"
#include "sentinel/command/session.h"
#include "sentinel/core/core.h"
#include "sentinel/core/event.h"
#include "sentinel/core/script.h"
#include "sentinel/engine/route.h"

struct engine {
    struct core *core;
    struct server *server;
    struct route route;
};

enum log_level engine_log_level(const struct engine *e) {
    return e->core->settings.log_level;
}

/* The end of a step: the events go their ways, scripts are started, and each client gets what it is
 * owed. */
static void deliver(struct engine *e, struct effects *out, size_t first) {
    e->route.log_level = engine_log_level(e);
    route_effects(&e->route, out, first);
    route_publish(&e->route, e->core, e->server);
    script_start_due(e->core);
    server_flush(e->server);
}

struct engine *engine_new(
    const struct engine_options *options, struct now now, struct effects *out) {
    struct engine *e = mem_new(struct engine);
    size_t first = out->count;
    struct core_options core_options = {
        .state = options->state,
        .plan = options->plan,
        .writes_file = options->writes_file,
        .seed = options->seed,
        .descriptors = options->descriptors,
        .foretold = options->foretold,
    };
    memcpy(core_options.challenge_key, options->challenge_key, sizeof(core_options.challenge_key));
    route_init(&e->route);
    e->core = core_new(&core_options, now, out);
    e->server = server_new(e->core, options->facts);
    deliver(e, out, first);
    return e;
}

void engine_free(struct engine *e) {
    if (e == NULL)
        return;
    server_free(e->server);
    core_free(e->core);
    route_fini(&e->route);
    mem_free(e);
}

static void stop(struct effects *out) {
    effects_add(out, EFFECT_STOP)->status = 0;
}

static void dispatch(struct engine *e, const struct input *in) {
    switch (in->kind) {
    case INPUT_CLIENT_OPENED:
    case INPUT_CLIENT_BYTES:
    case INPUT_CLIENT_FULL:
    case INPUT_CLIENT_DRAINED:
    case INPUT_CLIENT_CLOSED:
    case INPUT_FILE_READ:
    case INPUT_FILE_WRITTEN:
    case INPUT_DRAWN:
        server_input(e->server, in);
        break;
    case INPUT_DURABLE:
    case INPUT_FAILED:
    case INPUT_SAVED:
    case INPUT_UNSAVED:
        core_input(e->core, in);
        server_release(e->server);
        break;
    case INPUT_RESOLVED:
        core_input(e->core, in);
        monitors_resolved(e->server, in->host);
        break;
    case INPUT_SCRIPTS_CHECKED:
        answer_sentinel_set(e->server, in->client, in->unfit);
        break;
    case INPUT_USAGE:
        room_set(e->core, &in->usage.descriptors);
        server_take_usage(e->server, &in->usage);
        break;
    case INPUT_RELOAD:
        core_input(e->core, in);
        server_reload(e->server);
        break;
    case INPUT_STOP:
        core_log(e->core, LOG_WARNING, "stopping: " SLICE_FMT, SLICE_ARG(in->why));
        e->server->stopping = true;
        break;
    case INPUT_TIMER:
        core_input(e->core, in);
        server_turn(e->server);
        break;
    case INPUT_LINK_UP:
    case INPUT_LINK_LOST:
    case INPUT_REPLY:
    case INPUT_MESSAGE:
    case INPUT_SCRIPT_STARTED:
    case INPUT_SCRIPT_REFUSED:
    case INPUT_SCRIPT_ENDED:
    case INPUT_RELOAD_FAILED:
    case INPUT_KIND_COUNT:
        core_input(e->core, in);
        break;
    }
}

void engine_step(struct engine *e, struct now now, const struct input *in, struct effects *out) {
    size_t first = out->count;
    core_begin(e->core, now, out);
    dispatch(e, in);
    server_shed(e->server);
    core_end(e->core);
    deliver(e, out, first);
    if (e->server->stopping) {
        e->server->stopping = false;
        stop(out);
    }
}

struct slice engine_verdicts(const struct engine *e) {
    return buf_slice(&e->core->verdicts);
}

int64_t engine_deadline(const struct engine *e) {
    return tstamp_min(core_deadline(e->core), server_deadline(e->server));
}

size_t engine_wanted_links(const struct engine *e) {
    return core_wanted_links(e->core);
}

bool engine_secrecy(
    const struct engine *e, const struct slice *words, size_t count, enum secrecy *ret) {
    return secrecy_of_request(e->server, words, count, ret);
}

bool engine_has_backlog(const struct engine *e, struct client_id client) {
    const struct session *s = server_session(e->server, client);
    return s != NULL && buf_size(&s->query) > 0;
}

struct core *engine_core(struct engine *e) {
    return e->core;
}
