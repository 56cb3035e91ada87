#include "common/secret.h"

#include "common/mem.h"

#include <string.h>

void secret_set(struct secret *s, struct slice value) {
    /* Copied first: the value may be a view of the old one. */
    struct secret copy = { .value = value.size > 0 ? slice_dup(value) : NULL, .size = value.size };
    secret_fini(s);
    *s = copy;
}

void secret_fini(struct secret *s) {
    if (s->value != NULL)
        explicit_bzero(s->value, s->size);
    mem_free(s->value);
    *s = (struct secret){ .value = NULL };
}

bool secret_is_set(const struct secret *s) {
    return s->value != NULL;
}

struct slice secret_reveal(const struct secret *s) {
    return secret_is_set(s) ? (struct slice){ .data = s->value, .size = s->size } : SLICE_EMPTY;
}

const char *secret_print(const struct secret *s) {
    return secret_is_set(s) ? SECRET_STARS : "";
}

bool secret_equal(const struct secret *a, const struct secret *b) {
    struct slice left = secret_reveal(a), right = secret_reveal(b);
    if (left.size != right.size)
        return false;
    volatile unsigned char differences = 0;
    for (size_t i = 0; i < left.size; i++)
        differences = (unsigned char)(differences | (left.data[i] ^ right.data[i]));
    return differences == 0;
}
