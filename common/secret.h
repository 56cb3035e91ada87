/* A string that prints as stars. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct secret {
    char *value; /* owned, NUL-terminated; NULL = unset */
    size_t size; /* bytes; the value may hold NULs */
};

#define SECRET_STARS "******"

void secret_set(struct secret *s, struct slice value); /* empty unsets; the old value is wiped */
void secret_fini(struct secret *s);
bool secret_is_set(const struct secret *s);
struct slice secret_reveal(const struct secret *s); /* the only way to the text; empty if unset */
const char *secret_print(const struct secret *s);   /* stars, or "" if unset */
bool secret_equal(
    const struct secret *a, const struct secret *b); /* constant time in the contents */
