#include "config/suggest.h"

#define WORD_MAX     48 /* longer words have no neighbours */
#define DISTANCE_MAX 2

struct suggestion suggest(struct slice wanted) {
    return (struct suggestion){ .wanted = wanted, .distance = DISTANCE_MAX + 1 };
}

static char fold(char c) {
    if (c == '-')
        return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How many letters must be added, removed, changed or swapped with their neighbour. */
static size_t distance(struct slice a, struct slice b) {
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *now = rows[i % 3], *before = rows[(i - 1) % 3], *before_that = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool same = fold(a.data[i - 1]) == fold(b.data[j - 1]);
            size_t changed = before[j - 1] + (same ? 0 : 1);
            now[j] = MIN_OF(changed, MIN_OF(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a.data[i - 1]) == fold(b.data[j - 2]) &&
                fold(a.data[i - 2]) == fold(b.data[j - 1]))
                now[j] = MIN_OF(now[j], before_that[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

void suggest_consider(struct suggestion *s, struct slice word) {
    size_t shorter = MIN_OF(s->wanted.size, word.size), longer = MAX_OF(s->wanted.size, word.size);
    if (longer > WORD_MAX || longer - shorter > DISTANCE_MAX)
        return;
    size_t needed = distance(s->wanted, word);
    if (needed <= word.size / 3 && needed < s->distance) {
        s->best = word;
        s->distance = needed;
    }
}
