#include <criterion/criterion.h>

#include "analyzer/pace.h"

#define T0 1000000

/* A sender of a point every `step_s`, each `delay_ms` behind its own timestamp, polled as the
 * pace says for `points` steps. */
struct run {
    unsigned polls, hits;
    int64_t worst_late_ms; /* from arrival to the poll that found it, once the pace had 50 points to learn */
};

static struct run simulate(double step_s, int64_t delay_ms, unsigned points)
{
    struct pace p = {0};
    struct run run = {0};
    int64_t now_ms = (int64_t)T0 * 1000, step_ms = (int64_t)(step_s * 1000);
    int64_t end_ms = now_ms + step_ms * points;
    int64_t next = 0; /* the first point not yet found */
    while (now_ms < end_ms) {
        int64_t arrived = (now_ms - delay_ms - (int64_t)T0 * 1000) / step_ms; /* index of the newest there */
        run.polls++;
        if (now_ms - delay_ms >= (int64_t)T0 * 1000 && arrived >= next) {
            int64_t late_ms = now_ms - ((int64_t)T0 * 1000 + next * step_ms + delay_ms);
            if (next > 50 && late_ms > run.worst_late_ms)
                run.worst_late_ms = late_ms;
            run.hits++;
            next = arrived + 1;
            now_ms += pace_hit(&p, now_ms, (uint32_t)(T0 + arrived * step_ms / 1000), step_s);
        } else {
            now_ms += pace_miss(&p, now_ms, step_s);
        }
    }
    return run;
}

Test(pace, learns_the_phase_of_a_steady_sender)
{
    static const struct {
        double step_s;
        int64_t delay_ms;
    } senders[] = {{1, 0}, {1, 700}, {10, 0}, {10, 3210}, {10, 9990}, {60, 45000}, {300, 1000}, {10, 86400000}};
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
        struct run r = simulate(senders[i].step_s, senders[i].delay_ms, 500);
        int64_t bound_ms = PACE_SLACK_MS + (int64_t)(senders[i].step_s * 1000 / 8);
        bound_ms += bound_ms < PACE_SLACK_MS + PACE_MIN_MS ? PACE_MIN_MS : 0;
        cr_expect_leq(r.worst_late_ms, bound_ms, "step %g delay %lld: found %lld ms late", senders[i].step_s,
                      (long long)senders[i].delay_ms, (long long)r.worst_late_ms);
        double minutes = senders[i].step_s * 500 / 60; /* long steps are also looked at once a minute */
        cr_expect_leq(r.polls, 1.3 * r.hits + minutes + 50, "step %g delay %lld: %u polls for %u points",
                      senders[i].step_s, (long long)senders[i].delay_ms, r.polls, r.hits);
    }
}

Test(pace, asks_a_silent_metric_once_a_minute)
{
    struct pace p = {0};
    int64_t now_ms = (int64_t)T0 * 1000, wait_ms = pace_hit(&p, now_ms, T0, 10);
    cr_assert(wait_ms > 4000 && wait_ms < 11000, "%lld", (long long)wait_ms);
    now_ms += wait_ms;
    int64_t last_ms = 0;
    for (int i = 0; i < 400; i++) {
        wait_ms = pace_miss(&p, now_ms, 10);
        cr_assert(wait_ms >= last_ms && wait_ms <= PACE_MAX_MS);
        last_ms = wait_ms;
        now_ms += wait_ms;
    }
    cr_assert_eq(last_ms, PACE_MAX_MS);
}

Test(pace, backs_off_from_an_eighth_of_the_step_and_starts_anew_after_a_point)
{
    struct pace p = {0};
    int64_t now_ms = (int64_t)T0 * 1000;
    now_ms += pace_hit(&p, now_ms, T0, 10);
    cr_assert_eq(pace_miss(&p, now_ms, 10), 1250);
    cr_assert_eq(pace_miss(&p, now_ms + 1250, 10), 2500);
    now_ms += 3750;
    now_ms += pace_hit(&p, now_ms, T0 + 10, 10);
    cr_assert_eq(pace_miss(&p, now_ms, 10), 1250);
}

Test(pace, a_new_metric_without_points_is_asked_again_soon)
{
    struct pace p = {0};
    cr_assert_leq(pace_miss(&p, (int64_t)T0 * 1000, 1), PACE_MIN_MS);
}

Test(pace, absurd_steps_and_times_stay_within_bounds)
{
    static const double steps[] = {1e-9, 1, 1e18};
    static const int64_t times[] = {0, 1, INT64_C(4294967295) * 1000};
    static const uint32_t points[] = {0, UINT32_MAX};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 2; k++) {
                struct pace p = {0};
                int64_t wait_ms = pace_hit(&p, times[j], points[k], steps[i]);
                cr_assert(wait_ms >= PACE_MIN_MS && wait_ms <= PACE_MAX_MS);
                wait_ms = pace_miss(&p, times[j] + wait_ms, steps[i]);
                cr_assert(wait_ms >= PACE_MIN_MS && wait_ms <= PACE_MAX_MS);
            }
}
