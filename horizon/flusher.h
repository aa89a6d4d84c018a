/* Ends StatsD's intervals at whole multiples of the wall clock, and makes points of them between reads. */
#ifndef RIDGELINE_HORIZON_FLUSHER_H
#define RIDGELINE_HORIZON_FLUSHER_H

#include <stdbool.h>
#include <uv.h>

#include "intake.h"

struct flusher {
    uv_timer_t timer;
    struct intake *intake;
    int64_t interval_ms; /* of the one under way: new settings hold from the next on */
    int64_t due_ms;      /* its end, epoch ms */
    int64_t began_mono_ms; /* when samples began to be gathered for it */
    bool flushing;
};

/* Starts. `intake` must outlive the loop. */
void flusher_init(struct flusher *f, uv_loop_t *loop, struct intake *intake);

/* Ends the interval where it stands, makes points of what had samples in it, and stops. */
void flusher_close(struct flusher *f);

#endif
