/* Saves horizon's counters each second, and finds out at start whether the last run was
 * killed and what may have been lost with it. */
#ifndef RIDGELINE_HORIZON_STATS_H
#define RIDGELINE_HORIZON_STATS_H

#include <uv.h>

#include "intake.h"
#include "ridgeline/store.h"
#include "tcp.h"
#include "udp.h"
#include "writer.h"

#define STATS_FIELDS (HORIZON_N + 2 * HORIZON_REJECTED_N + 4 * INTAKE_SOURCES_N)
#define STATS_PROCESS_MAX 128
#define STATS_UDP_SOURCES 3

/* What the counters are read from. */
struct stats_sources {
    struct intake *intake; /* its senders are marked */
    const struct tcp *tcp;
    const struct udp *udp[STATS_UDP_SOURCES];
    const struct writer *writer;
};

/* The loop's thread fills `values` and `senders` while no save is under way; then the pool's
 * thread owns them, `store`, `begun` and the gap until the save is over. */
struct stats {
    uv_loop_t *loop;
    struct stats_sources from;
    uv_timer_t timer;
    uv_work_t work;
    bool saving;
    bool down[INTAKE_SOURCES_N]; /* listeners that could not be opened; set by the owner */
    char process[STATS_PROCESS_MAX]; /* "horizon" or "horizon@INSTANCE" */
    int64_t started_ms;
    struct store *store;
    bool begun; /* this run is counted, and the last one's end was looked at */
    bool last_was_sealed; /* the last run lost nothing at its end, whether it could tell Redis or not */
    uint64_t gap_from_ms, gap_until_ms;
    uint64_t values[STATS_FIELDS];
    char *senders; /* JSON */
};

/* `instance` may be "". What `*from` points at must outlive the loop. Returns 0, or -1 with the reason
 * logged. */
int stats_init(struct stats *s, uv_loop_t *loop, const char *instance, const char *redis,
               const struct stats_sources *from);

/* Stops the timer. */
void stats_close(struct stats *s);

/* After the loop has ended: saves once more, as an orderly stop, waiting up to a second or two. */
void stats_fini(struct stats *s);

#endif
