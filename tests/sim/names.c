#include "tests/sim/names.h"

#include "sentinel/core/input.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

/* A question as a number: who is asked for, and whether it fails; in a task also of which life. */
#define FAILS      UINT64_C(0x100)
#define IS_VEDETTE UINT64_C(0x10)
#define LIFE_SHIFT 32

#define SLOW_US (10 * US_PER_S)

struct endpoint names_of(enum naming naming, char letter, int number, const struct endpoint *e) {
    struct endpoint named = *e;
    if (naming != NAMING_NONE)
        (void)snprintf(named.host, sizeof(named.host), "%c%d.sim", letter, number + 1);
    return named;
}

/* The number in "s1.sim", from 0; -1 if it is no name of that letter. */
static int number_of(const char *host, char letter) {
    struct slice rest = slice_of(host);
    struct slice first = slice_cut(&rest, '.');
    if (!slice_is(rest, "sim") || first.size != 2 || first.data[0] != letter)
        return -1;
    return first.data[1] - '1';
}

#define NETWORK "10.0.0."

struct endpoint names_address(int host, uint16_t port) {
    struct endpoint e = { .port = port };
    (void)snprintf(e.host, sizeof(e.host), NETWORK "%d", host + 1);
    return e;
}

/* The host of a server is that of its row. */
int names_host(const struct endpoint *e) {
    if (memcmp(e->host, NETWORK, sizeof(NETWORK) - 1) != 0)
        return number_of(e->host, 's');
    int number = 0;
    for (const char *c = e->host + sizeof(NETWORK) - 1; *c != '\0'; c++)
        number = 10 * number + (*c - '0');
    return number - 1;
}

struct endpoint names_ip(const struct endpoint *e) {
    int number = number_of(e->host, 's');
    return number < 0 ? *e : names_address(number, e->port);
}

static void arrive(void *context, uint64_t task) {
    struct vedette *v = context;
    if (v->engine != NULL && task >> LIFE_SHIFT == v->life)
        vedette_letter(v, LETTER_RESOLVED, NULL, SLICE_EMPTY)->seq = (uint32_t)task;
}

void names_ask(struct vedette *v, const struct effect *e) {
    struct world *w = v->world;
    char host[ENDPOINT_HOST_MAX];
    slice_copy(e->text, host, sizeof(host));
    int server = number_of(host, 's'), vedette = number_of(host, 'v');
    uint64_t question = server >= 0 ? (uint64_t)server : IS_VEDETTE | (uint64_t)vedette;
    int64_t delay_us = rng_between(&w->rng, 1, 20) * US_PER_MS;
    if (w->faults_are_on && rng_chance(&w->rng, 100)) {
        delay_us = SLOW_US;
        v->names_late_us = w->schedule.now_us + SLOW_US;
    }
    if (w->faults_are_on && rng_chance(&w->rng, w->draw.lost_names))
        question |= FAILS;
    schedule_at(
        &w->schedule, w->schedule.now_us + delay_us, arrive, v, v->life << LIFE_SHIFT | question);
}

void names_answer(struct vedette *v, uint64_t question) {
    struct world *w = v->world;
    int number = (int)(question & 0xf);
    bool is_vedette = (question & IS_VEDETTE) != 0;
    const struct endpoint address =
        is_vedette ? w->vedettes[number].party.address : names_address(number, 0);
    const struct endpoint name =
        names_of(NAMING_RESOLVED, is_vedette ? 'v' : 's', number, &address);
    const struct slice ip = slice_of(address.host);
    bool fails = (question & FAILS) != 0;
    marks_hit(&w->marks, fails ? MARK_NAME_FAILED : MARK_NAME_RESOLVED);
    vedette_step(v,
        &(struct input){
            .kind = INPUT_RESOLVED,
            .host = slice_of(name.host),
            .ips = &ip,
            .ip_count = fails ? 0 : 1,
            .why = SLICE_LITERAL("Timeout while contacting DNS servers"),
        });
}
