#include "sentinel/shell/pace.h"

#ifdef VEDETTE_TEST_HOOKS

#include "common/buf.h"
#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"
#include "sentinel/shell/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static FILE *file; /* NULL = nobody asked */

static void open_file(void) {
    const char *path = getenv("VEDETTE_TEST_PACE");
    if (path == NULL)
        return;
    char name[512];
    snprintf(name, sizeof(name), "%s.%d", path, (int)getpid());
    file = fopen(name, "we");
}

static bool is_asked_for(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_file);
    return file != NULL;
}

int64_t pace_now_us(void) {
    return is_asked_for() ? clock_mono_us() : 0;
}

void pace_moment(const char *moment) {
    if (is_asked_for())
        fprintf(file, "%" PRId64 " %s\n", clock_mono_us(), moment);
}

static void add_effect(const struct effect *e, struct buf *out) {
    if (e->kind == EFFECT_EVENT)
        buf_printf(out, " %s", e->event);
    else if (e->kind == EFFECT_PERSIST)
        buf_printf(out, " persist:%" PRIu64, e->seq);
    else if (e->kind == EFFECT_REPLY && e->after != 0)
        buf_printf(out, " reply-after:%" PRIu64, e->after);
    else if (e->kind == EFFECT_SEND)
        buf_printf(out, " send:" SLICE_FMT, SLICE_ARG(e->requests[0].words[0]));
}

/* "durable 7", "reply", "timer" and the like: the first words tell enough. */
void pace_step(int64_t began_us, const struct input *in, const struct effects *out, size_t first) {
    if (!is_asked_for())
        return;
    struct buf line CLEANUP(buf_fini) = BUF_INIT;
    int64_t ended_us = clock_mono_us();
    for (size_t i = first; i < out->count; i++)
        add_effect(&out->items[i], &line);
    static const char *const kinds[INPUT_KIND_COUNT] = {
        [INPUT_TIMER] = "timer",
        [INPUT_REPLY] = "reply",
        [INPUT_CLIENT_BYTES] = "bytes",
        [INPUT_DURABLE] = "durable",
    };
    const char *kind = kinds[in->kind] != NULL ? kinds[in->kind] : "other";
    fprintf(file, "%" PRId64 " step %s %" PRId64 "%s\n", ended_us, kind, ended_us - began_us,
        buf_text(&line));
}

#endif
