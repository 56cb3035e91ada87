#include "tests/sim/child.h"

#include "common/mem.h"
#include "sentinel/core/input.h"
#include "tests/sim/world.h"

#define SIGKILL_NUMBER 9
#define PROCESS_ID     1000

struct child *child_find(const struct vedette *v, uint64_t script) {
    list_for_each(c, &v->children, struct child, siblings)
        if (c->script == script)
            return c;
    return NULL;
}

/* Both lives and scripts are far fewer. */
static uint64_t task_of(const struct vedette *v, uint64_t script) {
    return v->life << 32 | script;
}

static void write_letter(struct vedette *v, uint64_t script) {
    vedette_letter(v, LETTER_SCRIPT, NULL, SLICE_EMPTY)->seq = script;
}

static void end(void *context, uint64_t task) {
    struct vedette *v = context;
    uint64_t script = (uint32_t)task;
    struct child *c = child_find(v, script);
    if (v->engine == NULL || task != task_of(v, script) || c == NULL || c->is_ended)
        return;
    c->is_ended = true;
    write_letter(v, script);
}

static void end_in(struct vedette *v, uint64_t script, int64_t ms) {
    struct schedule *s = &v->world->schedule;
    schedule_at(s, s->now_us + ms * US_PER_MS, end, v, task_of(v, script));
}

void child_run(struct vedette *v, const struct effect *e) {
    static const struct {
        int64_t lasts_ms; /* 0 = for ever */
        int exit_status, signal_number;
    } ways[] = { { 5, 0, 0 }, { 300, 0, 0 }, { 20, 1, 0 }, { 0, 0, 0 }, { 1, 2, 0 },
        { 2000, 0, 11 }, { 100, 0, 0 } };
    size_t way = (e->script + e->words[1].size) % ARRAY_SIZE(ways);
    struct child *c = mem_new(struct child);
    c->script = e->script;
    c->exit_status = ways[way].exit_status;
    c->signal_number = ways[way].signal_number;
    list_append(&v->children, &c->siblings);
    write_letter(v, e->script);
    if (ways[way].lasts_ms > 0)
        end_in(v, e->script, ways[way].lasts_ms);
}

void child_kill(struct vedette *v, uint64_t script) {
    struct child *c = child_find(v, script);
    if (c == NULL || c->is_ended)
        return;
    c->exit_status = 0;
    c->signal_number = SIGKILL_NUMBER;
    end_in(v, script, 1);
}

bool child_input(struct vedette *v, uint64_t script, struct input *ret) {
    struct child *c = child_find(v, script);
    if (c == NULL)
        return false;
    *ret = (struct input){
        .kind = INPUT_SCRIPT_STARTED,
        .script = script,
        .pid = PROCESS_ID + (int64_t)script,
    };
    if (!c->is_ended)
        return true;
    *ret = (struct input){
        .kind = INPUT_SCRIPT_ENDED,
        .script = script,
        .exit_status = c->exit_status,
        .signal_number = c->signal_number,
    };
    list_remove(&c->siblings);
    mem_free(c);
    return true;
}

void children_free(struct vedette *v) {
    list_for_each(c, &v->children, struct child, siblings) {
        list_remove(&c->siblings);
        mem_free(c);
    }
}
