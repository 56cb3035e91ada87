#include "sentinel/shell/reply_reader.h"

#include "common/ensure.h"
#include "common/mem.h"
#include "sentinel/shell/arena.h"

#include <hiredis/hiredis.h>
#include <string.h>

/* Where an unfinished string announces its length: "4194304" and the line's end fit well. */
#define LENGTH_LINE_MAX 32

struct reply_reader {
    redisReader *parser; /* owned */
    struct arena arena;  /* behind the value that is being read or was read last */
    bool given;          /* the arena holds a value that was given out */
    bool partial;        /* a part of a value was read */
    const char *refusal; /* static; why one of our own bounds refused; NULL = it did not */
};

/* ---- what the parser calls to build a value ---- */

static struct reply_reader *reader_of(const redisReadTask *task) {
    return task->privdata;
}

static void *refuse(struct reply_reader *r, const char *why) {
    r->refusal = why;
    return NULL;
}

/* The place of the value that is being read: within its array, or a new one at the top. */
static struct resp_value *place(const redisReadTask *task) {
    struct reply_reader *r = reader_of(task);
    if (task->parent == NULL) {
        struct resp_value *top = arena_take(&r->arena, sizeof(*top));
        return top != NULL ? top : refuse(r, "a reply that takes too much memory");
    }
    const struct resp_value *array = task->parent->obj;
    ensure(task->idx >= 0 && (size_t)task->idx < array->count);
    /* The elements are constant for those who read the value; here it is still in the making. */
    return (struct resp_value *)(uintptr_t)&array->elements[task->idx];
}

static void *create_string(const redisReadTask *task, char *text, size_t size) {
    struct reply_reader *r = reader_of(task);
    enum resp_type type;
    switch (task->type) {
    case REDIS_REPLY_STATUS:
        type = RESP_STATUS;
        break;
    case REDIS_REPLY_ERROR:
        type = RESP_ERROR;
        break;
    case REDIS_REPLY_STRING:
        type = RESP_BULK;
        break;
    default:
        return refuse(r, "a reply of a type that RESP2 does not have");
    }
    if (size > REPLY_TEXT_MAX)
        return refuse(r, "a reply with too long a string");
    struct resp_value *v = place(task);
    char *copy = arena_take(&r->arena, size + 1);
    if (v == NULL || copy == NULL)
        return refuse(r, "a reply that takes too much memory");
    memcpy(copy, text, size);
    *v = (struct resp_value){ .type = type, .text = { .data = copy, .size = size } };
    return v;
}

static int depth_of(const redisReadTask *task) {
    int depth = 0;
    for (; task != NULL; task = task->parent)
        depth++;
    return depth;
}

static void *create_elements(const redisReadTask *task, size_t count) {
    struct reply_reader *r = reader_of(task);
    if (task->type != REDIS_REPLY_ARRAY)
        return refuse(r, "a reply of a type that RESP2 does not have");
    if (count > REPLY_ELEMENTS_MAX)
        return refuse(r, "a reply with too big an array");
    if (depth_of(task) > REPLY_DEPTH_MAX)
        return refuse(r, "a reply nested too deeply");
    struct resp_value *v = place(task);
    struct resp_value *elements = arena_take(&r->arena, count * sizeof(*elements));
    if (v == NULL || elements == NULL)
        return refuse(r, "a reply that takes too much memory");
    *v = (struct resp_value){ .type = RESP_ARRAY, .elements = elements, .count = count };
    return v;
}

static void *create_integer(const redisReadTask *task, long long integer) {
    struct resp_value *v = place(task);
    if (v != NULL)
        *v = (struct resp_value){ .type = RESP_INTEGER, .integer = integer };
    return v;
}

static void *create_nil(const redisReadTask *task) {
    struct resp_value *v = place(task);
    if (v != NULL)
        *v = (struct resp_value){ .type = RESP_NULL };
    return v;
}

/* All memory is the arena's. */
static void free_object(void *object) {
    (void)object;
}

/* Debian 12 has hiredis 0.14, Debian 13 has 1.2: another type of count, and RESP3's types. */
#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t count) {
    return create_elements(task, count);
}

static void *create_double(const redisReadTask *task, double number, char *text, size_t size) {
    (void)number;
    (void)text;
    (void)size;
    return refuse(reader_of(task), "a reply of a type that RESP2 does not have");
}

static void *create_bool(const redisReadTask *task, int value) {
    (void)value;
    return refuse(reader_of(task), "a reply of a type that RESP2 does not have");
}
#else
static void *create_array(const redisReadTask *task, int count) {
    return create_elements(task, count < 0 ? SIZE_MAX : (size_t)count);
}
#endif

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_object,
#if HIREDIS_MAJOR >= 1
    .createDouble = create_double,
    .createBool = create_bool,
#endif
};

/* ---- life cycle ---- */

struct reply_reader *reply_reader_new(void) {
    struct reply_reader *r = mem_new(struct reply_reader);
    r->arena = ARENA_INIT(REPLY_MEMORY_MAX);
    r->parser = redisReaderCreateWithFunctions(&functions);
    ensure(r->parser != NULL);
    r->parser->privdata = r;
    return r;
}

void reply_reader_free(struct reply_reader *r) {
    if (r == NULL)
        return;
    redisReaderFree(r->parser);
    arena_fini(&r->arena);
    mem_free(r);
}

/* ---- reading ---- */

static size_t buffered(const struct reply_reader *r) {
    return r->parser->len - r->parser->pos;
}

bool reply_reader_is_idle(const struct reply_reader *r) {
    return r->parser->err == 0 && r->refusal == NULL && !r->partial && buffered(r) == 0;
}

const char *reply_reader_error(const struct reply_reader *r) {
    return r->refusal != NULL ? r->refusal : r->parser->errstr;
}

void reply_reader_feed(struct reply_reader *r, struct slice bytes) {
    if (r->refusal != NULL || r->parser->err != 0)
        return;
    ensure(redisReaderFeed(r->parser, bytes.data, bytes.size) == REDIS_OK);
}

/* A line without an end would be searched for it from its start at every feed. What is unfinished
 * and that long is either such a line, or a string, whose length ends in a line's end soon. */
static bool is_endless_line(const struct reply_reader *r) {
    return buffered(r) > REPLY_LINE_MAX &&
        memchr(r->parser->buf + r->parser->pos, '\r', LENGTH_LINE_MAX) == NULL;
}

enum reply_read reply_reader_next(struct reply_reader *r, const struct resp_value **ret) {
    if (r->refusal != NULL)
        return REPLY_BAD;
    if (r->given)
        arena_clear(&r->arena);
    r->given = false;
    if (buffered(r) == 0)
        return REPLY_MORE;

    void *value = NULL;
    if (redisReaderGetReply(r->parser, &value) != REDIS_OK)
        return REPLY_BAD;
    r->partial = value == NULL;
    if (value != NULL) {
        r->given = true;
        *ret = value;
        return REPLY_VALUE;
    }
    if (buffered(r) > REPLY_BUFFERED_MAX)
        r->refusal = "a reply with too long a string";
    else if (is_endless_line(r))
        r->refusal = "a reply with too long a line";
    return r->refusal != NULL ? REPLY_BAD : REPLY_MORE;
}
