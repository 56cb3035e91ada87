/* One recording as a run of bytes: what an engine was made of, then each input with its time. Each
 * record is its size and its body. Times, numbers that grow and usage are told as differences from
 * the record before, so that records are read in order and from the first on. What is read may be
 * anything; what it gives is fit for an engine. */
#pragma once

#include "common/buf.h"
#include "common/tstamp.h"
#include "config/merge.h"
#include "config/state.h"
#include "sentinel/core/input.h"
#include "sentinel/engine/record_value.h"

struct engine_options;
struct mask;

#define RECORD_FORMAT 3                  /* of what is written; another one is refused */
#define RECORD_MAX    (64 * 1024 * 1024) /* bytes of one record */

enum record_kind {
    RECORD_START, /* the first one, and it alone: now, start */
    RECORD_INPUT, /* now, input; of CLIENT_BYTES: withheld, taints */
    /* Bytes: of the input before, what each seal that it brought was found to be. */
    RECORD_VERDICTS,
    RECORD_LATE, /* client, bytes: what was withheld of a request that the next input ends */
    RECORD_END,  /* the last one: why, proof. Nothing is said of what came afterwards */
};

struct record {
    enum record_kind kind;
    /* Whether the step before had effects, and what they come to with all before them (proof.h). */
    bool is_checked;
    uint8_t check;
    struct now now;
    struct input input;
    /* REPLY: `input.tag` is that of the oldest SEND of the link that awaits one, and 0 here. */
    bool is_oldest;
    /* CLIENT_BYTES: so many bytes more came behind `input.bytes`, of a request that is not
     * complete. They follow in a LATE if it ever was. */
    size_t withheld;
    bool taints; /* replies to this client may show secrets from now on, and prove nothing */
    struct client_id client;
    struct slice bytes;
    struct slice why;
    uint64_t proof;
    const struct engine_options *start;
    const char *version; /* of the program that wrote it */
};

/* What the next record tells its differences from. */
#define RECORD_LINKS 4096
struct record_context {
    bool has_started, has_ended;
    struct now now;
    uint64_t tag, seq;
    /* Of each link, by its id modulo RECORD_LINKS: */
    uint64_t incarnations[RECORD_LINKS]; /* last seen */
    struct buf texts[RECORD_LINKS];      /* the last long text that it replied with */
    struct usage usage;
};

/* A zeroed context is a valid start. */
void record_context_fini(struct record_context *c);

/* Appends a record. mask: of secrets in plans and states; NULL = they are written as they are. All
 * else that may hold secrets is masked by the caller. */
void record_write(
    struct record_context *context, struct mask *mask, const struct record *r, struct buf *out);

/* ---- reading ---- */

struct record_start; /* what START holds */

struct record_reader {
    struct record_context context;
    struct record_start *start; /* owned; lives as long as the reader */
    struct plan plan;           /* owned: of the last record, as what follows */
    char listing[DIGEST_HEX_SIZE];
    struct slice *ips;
    struct value_arrays arrays;
    struct buf text; /* of a RESP value */
    char error[160]; /* after RECORD_READ_BAD */
};

enum record_read {
    RECORD_READ_ONE,  /* *ret is a record; *ret_used bytes belong to it */
    RECORD_READ_MORE, /* it is not complete */
    RECORD_READ_BAD,  /* reader->error says what is wrong; nothing further can be read */
};

/* A zeroed reader is a valid start. */
void record_reader_fini(struct record_reader *r);
/* Reads the record at the start of `bytes`. *ret borrows from the bytes and the reader until the
 * next call; `ret->start` until record_reader_fini. */
enum record_read record_read(
    struct record_reader *r, struct slice bytes, struct record *ret, size_t *ret_used);

/* ---- for tests ---- */
bool record_knows(enum input_kind kind); /* whether an input of this kind can be recorded */
