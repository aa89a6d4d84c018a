/* Ridgeline's own figures as metrics, so that there is always something to see:
 *
 *   ridgeline.<process>.<counter>     as saved by each process
 *   ridgeline.host.<machine>.<figure> of the machine that horizon runs on */
#ifndef RIDGELINE_HORIZON_SELF_H
#define RIDGELINE_HORIZON_SELF_H

#include <uv.h>

#include "host.h"
#include "intake.h"
#include "ridgeline/store.h"

#define SELF_INTERVAL_MS 10000
#define SELF_FIGURES_MAX 2048

struct self_figure {
    char name[192];
    double value;
};

/* While a sample is under way the pool's thread owns all but the loop's handles. */
struct self {
    uv_loop_t *loop;
    struct intake *intake;
    const char *state_dir;
    uv_timer_t timer;
    uv_work_t work;
    bool sampling;
    struct store *store;
    struct host host;
    struct self_figure *figures;
    size_t n_figures;
};

/* Starts to sample. What is pointed at must outlive the loop, `state_dir` included. Returns 0, or
 * -1 with the reason logged. */
int self_init(struct self *s, uv_loop_t *loop, struct intake *intake, const char *redis, const char *state_dir);

/* Stops the timer. */
void self_close(struct self *s);

/* After the loop has ended. */
void self_fini(struct self *s);

#endif
