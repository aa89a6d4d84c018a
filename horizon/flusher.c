/* libuv's timers follow the monotonic clock. One that fires before its moment by the wall clock is set again for the
 * rest; where the wall clock was set, the interval under way ends at the next multiple of the new time. */
#include "flusher.h"

#include "intake_statsd.h"
#include "ridgeline/clock.h"

#define SERIES_A_LOOK 64 /* between two looks at the clock */
#define LATE_MS 1000     /* a flush that is off by less, */
#define LATE_SHARE 10    /* or by less than this part of the interval, is on time */
#define GATHERED_MIN_MS 1000
#define SLICE_NS 2000000 /* then the sockets get their turn: a default receive buffer fills in a few ms */

static void on_timer(uv_timer_t *timer);

static void wait_for_end(struct flusher *f, int64_t now_ms)
{
    uv_timer_start(&f->timer, on_timer, (uint64_t)(f->due_ms - now_ms), 0);
}

static void begin_interval(struct flusher *f, int64_t now_ms)
{
    f->interval_ms = f->intake->settings->statsd.flush_interval_s * 1000;
    f->due_ms = (now_ms / f->interval_ms + 1) * f->interval_ms;
    wait_for_end(f, now_ms);
}

/* How long samples were gathered: as set, unless a start, a stop, a clock that was set or a flush that took too long
 * made it another time. */
static double gathered_s(const struct flusher *f, int64_t now_mono_ms)
{
    int64_t took_ms = now_mono_ms - f->began_mono_ms, off_ms = took_ms - f->interval_ms;
    if (off_ms < 0)
        off_ms = -off_ms;
    if (off_ms < LATE_MS || off_ms * LATE_SHARE < f->interval_ms)
        took_ms = f->interval_ms;
    return (double)(took_ms > GATHERED_MIN_MS ? took_ms : GATHERED_MIN_MS) / 1000;
}

static void end_interval(struct flusher *f, int64_t end_ms, bool whole)
{
    int64_t now_mono_ms = clock_mono_ms();
    intake_statsd_turn(f->intake, (uint32_t)(end_ms / 1000), gathered_s(f, now_mono_ms), whole);
    f->began_mono_ms = now_mono_ms;
}

/* Whether series had better wait where they are: a large flush would fill the queue faster than Redis empties it, and
 * push out what came before. Where Redis is away they wait no longer than the next interval allows. */
static bool is_held_back(const struct flusher *f)
{
    const struct queue *q = &f->intake->queue;
    return q->n_blocks > q->max_blocks / 2 && clock_mono_ms() - f->began_mono_ms < f->interval_ms / 4 * 3;
}

/* Makes points for a while. Returns whether series are left. */
static bool flush_slice(struct flusher *f)
{
    int64_t start_ns = clock_mono_ns();
    bool more = true;
    while (more && !is_held_back(f) && clock_mono_ns() - start_ns < SLICE_NS)
        more = intake_statsd_flush(f->intake, SERIES_A_LOOK);
    return more;
}

static void on_timer(uv_timer_t *timer)
{
    struct flusher *f = timer->data;
    int64_t now_ms = clock_wall_ms(), early_ms = f->due_ms - now_ms;
    f->intake->now_ms = now_ms;
    if (!f->flushing) {
        if (early_ms > 0 && early_ms <= f->interval_ms) {
            wait_for_end(f, now_ms);
            return;
        }
        end_interval(f, now_ms / f->interval_ms * f->interval_ms, true);
    }
    f->flushing = flush_slice(f);
    if (f->flushing) {
        uv_timer_start(&f->timer, on_timer, 1, 0); /* with 0 libuv 1.44 would not poll the sockets before */
        return;
    }
    int64_t late_ms = clock_wall_ms() - (int64_t)f->intake->statsd.t * 1000;
    f->intake->statsd.flush_ms = late_ms > 0 ? (uint64_t)late_ms : 0;
    begin_interval(f, now_ms);
}

void flusher_init(struct flusher *f, uv_loop_t *loop, struct intake *intake)
{
    *f = (struct flusher){.intake = intake, .began_mono_ms = clock_mono_ms()};
    uv_timer_init(loop, &f->timer);
    f->timer.data = f;
    begin_interval(f, clock_wall_ms());
}

void flusher_close(struct flusher *f)
{
    f->intake->now_ms = clock_wall_ms();
    end_interval(f, f->intake->now_ms, false);
    while (intake_statsd_flush(f->intake, SERIES_A_LOOK))
        continue;
    uv_close((uv_handle_t *)&f->timer, NULL);
}
