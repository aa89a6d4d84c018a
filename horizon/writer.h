/* Horizon's connection to Redis: takes blocks out of the queue, sends them, settles
 * them by their replies. Never waits; keeps the queue's order; connects again
 * by itself, for ever. */
#ifndef RIDGELINE_HORIZON_WRITER_H
#define RIDGELINE_HORIZON_WRITER_H

#include <stdbool.h>
#include <uv.h>

#include "intake.h"

struct link;

/* Invariants: 1. blocks are in flight only while up. 2. `sending` is NULL or in flight, and all
 * blocks in flight before it are sent. */
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
    struct queue_block *sending;
    size_t sent_bytes; /* of `sending` */
    char reason[128];  /* of the last error reply that ended a link */
};

/* `address` ("unix:PATH" or "HOST:PORT") and `intake` must outlive the loop. The first attempt to
 * connect starts with the loop. */
void writer_init(struct writer *w, uv_loop_t *loop, struct intake *intake, const char *address);

/* Drops the connection and closes all handles. */
void writer_close(struct writer *w);

#endif
