/* How a worker learns of its metrics, and which of them were removed on purpose: from the stream of names each second,
 * and of its metrics also from a paced SSCAN of the set of all names at start and every five minutes, for what the
 * stream (which is capped) may have lost. A new metric's saved record is loaded, then its tail is due at once.
 *
 * `ridgeline forget` deletes the metric's keys, takes the name out of the set, and then says so in the stream. What the
 * worker saved of the metric in between it deletes again, and lets the metric go. One that is sent still begins anew:
 * its name has come back into the set before that, or comes behind it in the stream. */
#ifndef ANALYZER_NAMES_H
#define ANALYZER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/judge.h"
#include "ridgeline/store.h"

struct names {
    struct shard *shard;
    struct judge *judge;
    struct store *store;
    uint64_t *counters;   /* WORKER_N */
    char stream_id[64];   /* last entry read from the stream; "" before the first */
    char scan_cursor[32]; /* "" while no scan runs */
    bool complete;        /* a scan has been completed since names_restart() */
    int64_t scan_at_mono_ms, poll_at_mono_ms;
};

void names_init(struct names *n, struct shard *shard, struct judge *judge, struct store *store, uint64_t *counters);

/* Starts a scan anew: at start, and after each reconnect. */
void names_restart(struct names *n);

/* Reads what the stream holds. Returns as names_turn() does. */
int names_follow(struct names *n, int64_t now_mono_ms);

/* Does what is due: reads the stream, or one page of a scan. Returns 0; 1 when more is to be
 * read at once; -1 when Redis did not answer; -2 when memory is out. */
int names_turn(struct names *n, int64_t now_mono_ms);

#endif
