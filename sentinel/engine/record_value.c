#include "sentinel/engine/record_value.h"

#include "common/mem.h"

#define DEPTH_MAX 8 /* of arrays in each other */

void pack_value(const struct resp_value *v, struct buf *out) {
    pack_u64(out, v->type);
    switch (v->type) {
    case RESP_NULL:
        break;
    case RESP_STATUS:
    case RESP_ERROR:
    case RESP_BULK:
        pack_bytes(out, v->text);
        break;
    case RESP_INTEGER:
        pack_i64(out, v->integer);
        break;
    case RESP_ARRAY:
        pack_u64(out, v->count);
        for (size_t i = 0; i < v->count; i++)
            pack_value(&v->elements[i], out);
        break;
    }
}

static struct resp_value *new_elements(struct value_arrays *a, size_t count) {
    mem_grow(&a->all, &a->capacity, a->count + 1, sizeof(a->all[0]));
    struct resp_value *elements = mem_alloc(MAX_OF(count, (size_t)1) * sizeof(*elements));
    a->all[a->count++] = elements;
    return elements;
}

static void unpack_within(
    struct unpack *u, struct value_arrays *a, struct resp_value *ret, int depth) {
    *ret = (struct resp_value){ .type = (enum resp_type)unpack_upto(u, RESP_ARRAY) };
    switch (ret->type) {
    case RESP_NULL:
        break;
    case RESP_STATUS:
    case RESP_ERROR:
    case RESP_BULK:
        ret->text = unpack_bytes(u);
        break;
    case RESP_INTEGER:
        ret->integer = unpack_i64(u);
        break;
    case RESP_ARRAY: {
        size_t count = depth < DEPTH_MAX ? unpack_count(u, 1) : 0;
        u->failed |= depth >= DEPTH_MAX;
        struct resp_value *elements = new_elements(a, count);
        for (size_t i = 0; i < count && !u->failed; i++)
            unpack_within(u, a, &elements[i], depth + 1);
        ret->elements = elements;
        ret->count = count;
        break;
    }
    }
}

void unpack_value(struct unpack *u, struct value_arrays *a, struct resp_value *ret) {
    unpack_within(u, a, ret, 0);
}

void value_arrays_clear(struct value_arrays *a) {
    for (size_t i = 0; i < a->count; i++)
        mem_free(a->all[i]);
    a->count = 0;
}

void value_arrays_fini(struct value_arrays *a) {
    value_arrays_clear(a);
    mem_free(a->all);
    *a = (struct value_arrays){ .all = NULL };
}
