#include "analyzer/pace.h"

#define TRY_EARLIER_MS 20
#define STEP_MAX_S 86400.0 /* beyond it every poll is a minute apart anyway */

static int64_t clamp_ms(int64_t ms)
{
    return ms < PACE_MIN_MS ? PACE_MIN_MS : ms > PACE_MAX_MS ? PACE_MAX_MS : ms;
}

static int64_t step_ms(double step_s)
{
    return (int64_t)((step_s < STEP_MAX_S ? step_s : STEP_MAX_S) * 1000);
}

/* How much earlier the next try may be, when the arrival lay within the last `gap_ms`: after a gap that
 * tells little, half of it; after one short against the step, little, for each
 * try that comes too early costs an empty poll. */
static int64_t first_try_ms(int64_t gap_ms, int64_t step)
{
    if (gap_ms > step / 4)
        return (gap_ms < step ? gap_ms : step) / 2;
    return gap_ms / 8;
}

int64_t pace_hit(struct pace *p, int64_t now_wall_ms, uint32_t last_t, double step_s)
{
    int64_t t_ms = (int64_t)last_t * 1000, step = step_ms(step_s), seen_ms = now_wall_ms - t_ms;

    if (p->expect_ms == 0 || p->misses > 0) {
        p->delay_ms = seen_ms;
        p->earlier_ms = first_try_ms(p->misses > 0 ? now_wall_ms - p->missed_ms : step, step);
    } else {
        p->delay_ms = seen_ms < p->delay_ms ? seen_ms : p->delay_ms;
        p->earlier_ms /= 2;
    }
    if (p->earlier_ms < TRY_EARLIER_MS)
        p->earlier_ms = TRY_EARLIER_MS;
    p->delay_ms -= p->earlier_ms;
    p->misses = 0;
    p->expect_ms = t_ms + step + p->delay_ms + PACE_SLACK_MS;
    return clamp_ms(p->expect_ms - now_wall_ms);
}

int64_t pace_miss(struct pace *p, int64_t now_wall_ms, double step_s)
{
    /* Long steps are waited for in minutes: a poll on the way is no miss. */
    if (now_wall_ms < p->expect_ms)
        return clamp_ms(p->expect_ms - now_wall_ms);

    int64_t wait_ms = step_ms(step_s) / 8;
    if (wait_ms < PACE_MIN_MS)
        wait_ms = PACE_MIN_MS;
    for (unsigned i = 0; i < p->misses && wait_ms < PACE_MAX_MS; i++)
        wait_ms *= 2;
    if (p->misses < UINT8_MAX)
        p->misses++;
    p->missed_ms = now_wall_ms;
    return clamp_ms(wait_ms);
}
