/* What a poll that is yet to come is late already counts as lag: a worker that is stuck says so. */
#include "analyzer/load.h"

#include "analyzer/shard.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/proc.h"

void load_rest(struct load *l, int64_t ms)
{
    int64_t from_ms = clock_mono_ms();
    proc_sleep_ms(ms);
    l->idle_ms += clock_mono_ms() - from_ms;
}

/* What still waits counts with what was polled. */
static void note_waiting(struct load *l)
{
    int64_t now_mono_ms = clock_mono_ms();
    for (unsigned rank = 0; rank < WHEEL_RANKS; rank++) {
        const struct wheel_entry *waiting = wheel_peek(l->wheel, rank);
        if (waiting)
            lag_note(l->lag, SHARD_PRIORITY(rank), now_mono_ms - waiting->due_ms);
    }
}

static void measure_lag(struct load *l)
{
    static const size_t gauges[ENGINE_PRIORITIES] = {
        [ENGINE_PRIORITY_LOW] = WORKER_lag_low_ms,
        [ENGINE_PRIORITY_NORMAL] = WORKER_lag_normal_ms,
        [ENGINE_PRIORITY_HIGH] = WORKER_lag_high_ms,
    };
    note_waiting(l);
    l->counters[WORKER_lag_ms] = 0;
    for (unsigned priority = 0; priority < ENGINE_PRIORITIES; priority++) {
        uint64_t worst_ms = (uint64_t)lag_worst_ms(l->lag, priority);
        l->counters[gauges[priority]] = worst_ms;
        if (worst_ms > l->counters[WORKER_lag_ms])
            l->counters[WORKER_lag_ms] = worst_ms;
    }
    lag_next_second(l->lag);
}

static void measure_delay(struct load *l)
{
    l->counters[WORKER_delay_median_ms] = (uint64_t)delay_quantile_ms(l->delay, 0.5);
    l->counters[WORKER_delay_p99_ms] = (uint64_t)delay_quantile_ms(l->delay, 0.99);
    l->counters[WORKER_judged_per_second] = delay_points(l->delay) / DELAY_SECONDS;
    delay_next_second(l->delay);
}

void load_second(struct load *l, int64_t elapsed_ms)
{
    int64_t busy_ms = elapsed_ms - l->idle_ms;
    measure_lag(l);
    measure_delay(l);
    l->counters[WORKER_busy_permille] = busy_ms > 0 ? (uint64_t)(busy_ms * 1000 / elapsed_ms) : 0;
    l->idle_ms = 0;
}
