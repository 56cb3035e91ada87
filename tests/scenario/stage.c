#include "tests/scenario/stage.h"

#include "common/mem.h"
#include "sentinel/core/core.h"

#include <stdlib.h>
#include <string.h>

#define SEED         7 /* any other will do */
#define DISCOVERY_US (20 * US_PER_S)
#define REST_US      (5 * US_PER_S)
#define ANSWER_MS    1000
#define INSTANT_US   100 /* well below the delays of the network and the disks */

/* ---- text ---- */

/* How events call somebody, longest first, and what we call it. */
struct name {
    char text[2 * ENDPOINT_TEXT_MAX + ID_SIZE];
    const char *name; /* borrowed */
};

#define NAME_COUNT (2 * (SIM_SERVERS_MAX + SIM_VEDETTES_MAX))

static size_t fill_names(const struct world *w, struct name names[static NAME_COUNT]) {
    for (int i = 0; i < w->vedette_count; i++, names += 2) {
        const struct vedette *v = &w->vedettes[i];
        const struct endpoint *e = &v->party.address;
        names[0].name = names[1].name = v->name;
        (void)snprintf(names[0].text, sizeof(names->text), "%s %s %u", v->id, e->host, e->port);
        (void)snprintf(names[1].text, sizeof(names->text), "%s", v->id);
    }
    for (int i = 0; i < w->farm.count; i++, names += 2) {
        const struct server *s = &w->farm.servers[i];
        const struct endpoint *e = &s->party.address;
        names[0].name = names[1].name = s->name;
        (void)snprintf(
            names[0].text, sizeof(names->text), "%s:%u %s %u", e->host, e->port, e->host, e->port);
        (void)snprintf(names[1].text, sizeof(names->text), "%s %u", e->host, e->port);
    }
    return 2 * (size_t)(w->vedette_count + w->farm.count);
}

static void make_readable(struct stage *s, int number, struct buf *out) {
    struct name names[NAME_COUNT];
    size_t count = fill_names(s->world, names);
    struct slice text = buf_slice(&s->events[number - 1]);
    while (text.size > 0) {
        size_t i = 0;
        while (i < count && !slice_starts_with(text, names[i].text))
            i++;
        if (i < count)
            buf_add_text(out, names[i].name);
        else
            buf_add_char(out, text.data[0]);
        text = slice_sub(text, i < count ? strlen(names[i].text) : 1, text.size);
    }
}

static size_t first_difference(struct slice expected, struct slice got) {
    for (size_t line = 1; expected.size > 0 || got.size > 0; line++)
        if (!slice_equal(slice_cut(&expected, '\n'), slice_cut(&got, '\n')))
            return line;
    return 0;
}

static void print_marked(const char *title, struct slice text, size_t marked) {
    print_error("  %s:\n", title);
    size_t line = 1;
    for (; text.size > 0; line++) {
        struct slice one = slice_cut(&text, '\n');
        print_error("  %s " SLICE_FMT "\n", line == marked ? ">>" : "  ", SLICE_ARG(one));
    }
    if (line <= marked)
        print_error("  >> (ends here)\n");
}

void expect_events_(
    struct stage *s, int number, const char *expected, const char *file, int source_line) {
    struct buf got CLEANUP(buf_fini) = BUF_INIT;
    make_readable(s, number, &got);
    size_t line = first_difference(slice_of(expected), buf_slice(&got));
    if (line == 0)
        return;
    print_error("v%d told another story than expected, from line %zu on:\n", number, line);
    print_marked("expected", slice_of(expected), line);
    print_marked("got", buf_slice(&got), line);
    buf_fini(&got); /* _fail does not return */
    _fail(file, source_line);
}

bool stage_has_told(struct stage *s, int number, const char *line) {
    struct buf text CLEANUP(buf_fini) = BUF_INIT;
    make_readable(s, number, &text);
    for (struct slice rest = buf_slice(&text); rest.size > 0;)
        if (slice_is(slice_cut(&rest, '\n'), line))
            return true;
    return false;
}

void stage_forget(struct stage *s) {
    for (int i = 0; i < SIM_VEDETTES_MAX; i++)
        buf_clear(&s->events[i]);
    buf_clear(&s->heard);
}

/* ---- time ---- */

static void run_us(struct stage *s, int64_t us) {
    struct world *w = s->world;
    if (!world_run(w, w->schedule.now_us + us))
        fail_msg("the law \"%s\" is broken: %s", law_table[w->laws.broken].name, w->laws.text);
}

void stage_run(struct stage *s, int64_t ms) {
    run_us(s, ms * US_PER_MS);
}

int64_t stage_until_(struct stage *s, int number, const char *line, int64_t limit_ms,
    const char *file, int source_line) {
    const struct buf *events = &s->events[number - 1];
    size_t looked_at = SIZE_MAX;
    for (int64_t us = 0; us <= limit_ms * US_PER_MS; us += INSTANT_US) {
        if (buf_size(events) != looked_at && stage_has_told(s, number, line))
            return us / US_PER_MS;
        looked_at = buf_size(events);
        run_us(s, INSTANT_US);
    }
    print_error(
        "v%d did not tell \"%s\" within %lld ms, but:\n", number, line, (long long)limit_ms);
    struct buf got CLEANUP(buf_fini) = BUF_INIT;
    make_readable(s, number, &got);
    print_marked("got", buf_slice(&got), 0);
    buf_fini(&got); /* _fail does not return */
    _fail(file, source_line);
    return limit_ms;
}

/* ---- who is on it ---- */

static bool is_settled(const struct world *w) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    return world_is_discovered(w) && world_agrees(w, &why);
}

int stage_open(void **state) {
    struct stage *s = mem_new(struct stage);
    *state = s;
    struct draw draw;
    draw_plain(&draw);
    draw.group[0].priorities[1] = 10;
    struct world *w = s->world = world_new(SEED, &draw);
    w->net.weather = draw.weather;
    w->events = s->events;
    w->visitor.heard = &s->heard;
    const char *path = getenv("SCENARIO_STORY");
    if (path != NULL)
        s->story = fopen(path, "a");
    if (s->story != NULL)
        story_start(&w->story, s->story);
    world_start(w);
    while (!is_settled(w) && w->schedule.now_us < DISCOVERY_US && !w->laws.is_broken)
        world_run(w, w->schedule.now_us + US_PER_MS);
    if (!is_settled(w) || !world_run(w, w->schedule.now_us + REST_US)) {
        print_error("the world does not come to rest: %s\n", w->laws.text);
        return -1;
    }
    stage_forget(s);
    return 0;
}

int stage_close(void **state) {
    struct stage *s = *state;
    world_free(s->world);
    for (int i = 0; i < SIM_VEDETTES_MAX; i++)
        buf_fini(&s->events[i]);
    buf_fini(&s->heard);
    if (s->story != NULL)
        fclose(s->story);
    mem_free(s);
    return 0;
}

struct vedette *stage_vedette(struct stage *s, int number) {
    return &s->world->vedettes[number - 1];
}

struct server *stage_server(struct stage *s, int number) {
    return &s->world->farm.servers[number - 1];
}

/* ---- what happens to them ---- */

static bool master_is_awaited(const struct world *w) {
    for (int i = 0; i < w->vedette_count; i++) {
        const struct group *g = vedette_group(&w->vedettes[i], 0);
        if (g != NULL && g->master->live.unanswered_ms != 0)
            return true;
    }
    return false;
}

void stage_kill_master(struct stage *s) {
    while (master_is_awaited(s->world))
        run_us(s, INSTANT_US);
    server_kill(stage_server(s, 1), NET_LEAVE_PROCESS);
}

void stage_start_server(struct stage *s, int number) {
    server_start(stage_server(s, number));
    stage_server(s, number)->trouble = TROUBLE_NONE;
}

void stage_cut_link(struct stage *s, int number, int server) {
    const struct endpoint *to = &stage_server(s, server)->party.address;
    list_for_each(x, &stage_vedette(s, number)->wires, struct wire, siblings)
        if (x->client.value == 0 && x->purpose == LINK_COMMAND && x->conn != NULL &&
            endpoint_equal(&x->address, to))
            net_reset(x->conn, "reset by the scenario");
}

const char *stage_ask(struct stage *s, int number, const char *words) {
    buf_clear(&s->heard);
    visitor_say(&s->world->visitor, stage_vedette(s, number), words);
    for (int ms = 0; buf_size(&s->heard) == 0; ms++) {
        if (ms >= ANSWER_MS)
            fail_msg("v%d does not answer to \"%s\"", number, words);
        stage_run(s, 1);
    }
    return buf_text(&s->heard);
}
