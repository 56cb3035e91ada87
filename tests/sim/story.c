#include "tests/sim/story.h"

#include "sentinel/core/effect.h"
#include "sentinel/core/input.h"
#include "tests/sim/schedule.h"

/* FNV-1a. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

void story_init(struct story *t, const struct schedule *schedule) {
    *t = (struct story){ .schedule = schedule, .hash = HASH_START };
}

void story_fini(struct story *t) {
    buf_fini(&t->line);
}

void story_start(struct story *t, FILE *out) {
    t->is_on = true;
    t->out = out;
}

static void begin(struct story *t, const char *who, const char *arrow) {
    buf_clear(&t->line);
    int64_t now_us = t->schedule->now_us;
    buf_printf(&t->line, "%5lld.%06lld %-8s%s", (long long)(now_us / US_PER_S),
        (long long)(now_us % US_PER_S), who, arrow);
}

/* Each line is written at once: a process that dies has told its story to the end. */
static void end(struct story *t) {
    buf_add_char(&t->line, '\n');
    struct slice line = buf_slice(&t->line);
    for (size_t i = 0; i < line.size; i++)
        t->hash = (t->hash ^ (unsigned char)line.data[i]) * HASH_PRIME;
    if (t->out != NULL) {
        fwrite(line.data, 1, line.size, t->out);
        fflush(t->out);
    }
}

void story_line(struct story *t, const char *who, const char *format, ...) {
    if (!t->is_on)
        return;
    begin(t, who, "");
    va_list args;
    va_start(args, format);
    buf_vprintf(&t->line, format, args);
    va_end(args);
    end(t);
}

void story_input(struct story *t, const char *who, const struct input *in) {
    if (!t->is_on)
        return;
    begin(t, who, "<- ");
    input_print(in, &t->line);
    end(t);
}

void story_effect(struct story *t, const char *who, const struct effect *e) {
    if (!t->is_on)
        return;
    begin(t, who, "-> ");
    effect_print(e, &t->line);
    end(t);
}
