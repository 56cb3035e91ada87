/* The thread that writes the durable state, so that the loop never waits for the disk. It alone
 * touches the disk while it runs. What is handed over while a commit is under way becomes the next
 * one: however much that is, it costs one fsync. */
#pragma once

#include "common/base.h"

struct buf;
struct store_batch;
struct store_disk;
struct store_worker;

/* Starts it; `disk` is taken. NULL if the system refuses, *why says what; then `disk` is closed. */
struct store_worker *store_worker_start(struct store_disk *disk, struct buf *why);
/* Finishes what was handed over, however long the disk takes, and ends the thread. NULL is nothing.
 */
void store_worker_stop(struct store_worker *w);

/* `b` is taken. */
void store_worker_hand_over(struct store_worker *w, struct store_batch *b);

/* What came of the batches since the last time. Of one that failed nothing is said when a later one
 * worked: that one wrote everything. */
struct store_outcome {
    bool durable, failed;
    uint64_t durable_seq; /* durable: all up to here are on disk */
    uint64_t failed_seq;  /* failed: those behind that, up to here, are not */
};

int store_worker_fd(const struct store_worker *w); /* readable when there is an outcome */
/* Never waits; nothing is set in it if there is none. *why: replaced, if something failed. */
struct store_outcome store_worker_collect(struct store_worker *w, struct buf *why);
