#include "tests/sim/data.h"

#include "common/mem.h"

#define REMEMBERED 1 /* beginnings of histories */

void histories_fini(struct histories *h) {
    mem_free(h->begun_at);
}

struct point data_branch(struct histories *h, struct point at) {
    mem_grow(&h->begun_at, &h->capacity, h->count + 1, sizeof(*h->begun_at));
    h->begun_at[h->count++] = at;
    return (struct point){ .history = (uint32_t)h->count, .offset = at.offset };
}

static bool leads_over(
    const struct histories *h, struct point whole, struct point part, size_t beginnings) {
    while (whole.history != part.history && whole.history != 0 && beginnings-- > 0) {
        whole = h->begun_at[whole.history - 1];
    }
    return whole.history == part.history && part.offset <= whole.offset;
}

bool data_has(const struct histories *h, struct point whole, struct point part) {
    return part.history == 0 || leads_over(h, whole, part, h->count);
}

bool data_can_go_on(const struct histories *h, struct point from, struct point to) {
    return from.history != 0 && leads_over(h, to, from, REMEMBERED);
}
