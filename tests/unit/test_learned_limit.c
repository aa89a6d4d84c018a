/* lib/learned_limit.c: over two weeks of points each minute of many kinds, how many learn the right limit. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

#include "limit_kinds.h"
#include "ridgeline/learned_limit.h"

#define SERIES 60 /* of each kind */

#define KIND(f) f, #f
static const struct kind {
    void (*make)(void);
    const char *name;
    enum limit_kind learns;
    double limit;    /* what it is, within a fiftieth; 0: none */
    unsigned others; /* of SERIES, at most so many learn anything else */
} kinds[] = {
    {KIND(constant), LIMIT_NONE, 0, 0},
    {KIND(white_noise), LIMIT_NONE, 0, 0},
    {KIND(heavy_tails), LIMIT_NONE, 0, 0},
    {KIND(random_walk), LIMIT_NONE, 0, 0},
    {KIND(slow_noise), LIMIT_NONE, 0, 0},
    {KIND(slow_whole_numbers), LIMIT_NONE, 0, 0},
    {KIND(days_with_noise), LIMIT_NONE, 0, 0},
    {KIND(exact_days), LIMIT_NONE, 0, 0},
    {KIND(days_that_are_cut_off), LIMIT_NONE, 0, 0},
    {KIND(days_of_work), LIMIT_NONE, 0, 0},
    {KIND(days_with_a_square_of_work), LIMIT_NONE, 0, 0},
    {KIND(waves_of_nine_hours), LIMIT_NONE, 0, 0},
    {KIND(few_events), LIMIT_NONE, 0, 0},
    {KIND(events), LIMIT_NONE, 0, 0},
    {KIND(users), LIMIT_NONE, 0, 0},
    {KIND(bursts), LIMIT_NONE, 0, 0},
    {KIND(equal_jobs), LIMIT_NONE, 0, 0},
    {KIND(steps), LIMIT_NONE, 0, 0},
    {KIND(share_that_succeeds), LIMIT_NONE, 0, 0},
    {KIND(share_that_is_idle), LIMIT_NONE, 0, 0},
    {KIND(counter), LIMIT_NONE, 0, 0},
    {KIND(counter_that_restarts), LIMIT_NONE, 0, 0},
    {KIND(counter_of_32_bits), LIMIT_NONE, 0, 0},
    {KIND(heap), LIMIT_NONE, 0, 0},
    {KIND(queue), LIMIT_NONE, 0, 0},
    {KIND(total_of_each_day), LIMIT_NONE, 0, 0},
    {KIND(pool_of_200), LIMIT_STOOD, 200, 6},
    {KIND(pool_of_20), LIMIT_STOOD, 20, 6},
    {KIND(pool_that_flickers), LIMIT_STOOD, 200, 6},
    {KIND(processor), LIMIT_STOOD, 100, 6},
    {KIND(disk), LIMIT_STOOD, 100, 12},
    {KIND(log_of_days), LIMIT_TURNED, 1e10, 6},
    {KIND(log_of_hours), LIMIT_TURNED, 1e10, 6},
    {KIND(leases_down_to_a_floor), LIMIT_TURNED, 5e9, 6},
};

Test(learned_limit, is_learned_where_there_is_one_and_nowhere_else)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        unsigned others = 0;
        state = 88172645463325252ULL + k;
        for (unsigned i = 0; i < SERIES; i++) {
            struct limit learned;
            kinds[k].make();
            fold();
            learned_limit_find(&learned, slots, SLOTS, false);
            others += learned.kind != kinds[k].learns || fabs(learned.value - kinds[k].limit) > kinds[k].limit / 50;
        }
        cr_expect_leq(others, kinds[k].others, "%s: %u of %u", kinds[k].name, others, SERIES);
    }
}

static struct limit learned_of(void (*make)(void), size_t n, bool is_percent)
{
    struct limit learned;
    state = 88172645463325252ULL;
    make();
    fold();
    learned_limit_find(&learned, slots, n, is_percent);
    return learned;
}

Test(learned_limit, tells_when_and_how_often_it_was_reached)
{
    unsigned times = 0;
    uint32_t first = 0;
    struct limit learned = learned_of(disk, SLOTS, false);
    for (unsigned s = 1; s < SLOTS; s++)
        if (slots[s].high == 100 && slots[s - 1].high < 100)
            first = times++ == 0 ? slots[s].t : first;
    cr_assert_eq(learned.kind, LIMIT_STOOD);
    cr_expect_eq(learned.times, times);
    cr_expect(learned.since <= first && first - learned.since <= 3 * 600, "what is within R/200 has come there");
    cr_expect_not(learned.is_floor);
    cr_expect(learned_of(leases_down_to_a_floor, SLOTS, false).is_floor);
}

Test(learned_limit, is_none_once_it_was_passed)
{
    cr_assert_eq(learned_of(pool_of_200, SLOTS, false).kind, LIMIT_STOOD);
    struct limit learned;
    slots[SLOTS / 2].high = 240;
    learned_limit_find(&learned, slots, SLOTS, false);
    cr_expect_eq(learned.kind, LIMIT_NONE);
}

Test(learned_limit, gaps_are_no_climbs_and_no_falls)
{
    learned_of(log_of_days, SLOTS, false);
    struct limit learned;
    static struct rollup_point fewer[SLOTS];
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++) /* an hour is lost with each rotation */
        if (i < 3 || i + 3 >= SLOTS || slots[i + 3].low > slots[i - 3].low)
            fewer[n++] = slots[i];
    cr_assert_lt(n, SLOTS);
    learned_limit_find(&learned, fewer, n, false);
    cr_expect_eq(learned.kind, LIMIT_NONE);
}

Test(learned_limit, in_percent_it_is_a_hundred_unless_the_metric_was_beyond_or_is_at_home_there)
{
    static const struct {
        double usual, most;
        size_t n;
        bool has;
    } rows[] = {{80, 90, SLOTS, true}, {80, 100, 1, true},  {98.9, 100, SLOTS, true}, {99, 100, SLOTS, false},
                {80, 100.5, 300, false}, {0, 0, 10, true}, {50, 50, 0, false},       {-5, 90, SLOTS, true}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct limit learned;
        for (unsigned s = 0; s < SLOTS; s++)
            slots[s] = (struct rollup_point){BEGIN + s * 600, 600, rows[r].usual, rows[r].usual, rows[r].usual};
        slots[0].high = rows[r].most;
        learned_limit_find(&learned, slots, rows[r].n, true);
        cr_expect_eq(learned.kind, rows[r].has ? LIMIT_OF_UNIT : LIMIT_NONE, "%zu", r);
        cr_expect(!rows[r].has || (learned.value == 100 && !learned.is_floor));
        learned_limit_find(&learned, slots, rows[r].n, false);
        cr_expect_eq(learned.kind, LIMIT_NONE);
    }
}

Test(learned_limit, of_the_largest_numbers_is_none)
{
    struct limit learned;
    for (unsigned s = 0; s < SLOTS; s++)
        slots[s] = (struct rollup_point){BEGIN + s * 600, 600, -1.7e308, s % 3 ? -1.7e308 : 1.7e308, 1.7e308};
    learned_limit_find(&learned, slots, SLOTS, true);
    cr_expect_eq(learned.kind, LIMIT_NONE);
}
