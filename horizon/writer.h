/* Horizon's connection to Redis: takes blocks out of the queue, sends them, settles
 * them by their replies. Never waits; keeps the queue's order; connects again
 * by itself, for ever. */
#ifndef RIDGELINE_HORIZON_WRITER_H
#define RIDGELINE_HORIZON_WRITER_H

#include <stdbool.h>
#include <uv.h>

#include "intake.h"

struct link;

#define WRITER_OUT_BYTES ((size_t)128 * 1024)

/* Invariants: 1. blocks are in flight only while up. 2. `sending` is NULL or in flight; it and all
 * blocks in flight before it, up to its command `next`, are sent or in `out`. */
struct writer {
    uv_loop_t *loop;
    struct intake *intake;
    const char *address;
    struct link *link; /* NULL while waiting to connect again */
    uv_timer_t timer;  /* the next attempt, or the present deadline */
    uv_check_t check;  /* after each round of reads: send what came in */
    uint64_t backoff_ms;
    uint64_t answered_ms; /* loop time of the last sign of life while commands are in flight */
    unsigned n_attempts;
    uint64_t n_connects;
    bool up; /* connected, and Redis answers */
    bool finishing;
    struct queue_block *sending;
    uint32_t next;
    size_t out_at, out_n; /* what of `out` the socket has not taken */
    uint8_t out[WRITER_OUT_BYTES];
    char reason[128];  /* of the last error reply that ended a link */
};

/* `address` ("unix:PATH" or "HOST:PORT") and `intake` must outlive the loop. The first attempt to
 * connect starts with the loop. */
void writer_init(struct writer *w, uv_loop_t *loop, struct intake *intake, const char *address);

/* From now on nothing more is sent than what is in flight. */
void writer_finish(struct writer *w);

/* Drops the connection and closes all handles. */
void writer_close(struct writer *w);

#endif
