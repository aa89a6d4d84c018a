/* How a worker learns of its metrics: from the stream of new names each second, and from a paced
 * SSCAN of the set of all names at start and every five minutes, for what the stream
 * (which is capped) may have lost. A new metric's saved record is loaded, then its tail is due at once. */
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

/* Does what is due: reads the stream, or one page of a scan. Returns 0; 1 when more is to be
 * read at once; -1 when Redis did not answer; -2 when memory is out. */
int names_turn(struct names *n, int64_t now_mono_ms);

#endif
