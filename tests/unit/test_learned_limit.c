/* lib/learned_limit.c: over two weeks of points each minute of many kinds, how many learn a limit, and the right one. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "ridgeline/learned_limit.h"

#define MINUTES 20160
#define DAY_M 1440
#define PER_SLOT 10
#define SLOTS (MINUTES / PER_SLOT)
#define SERIES 60 /* of each kind */
#define BEGIN 1790000400u

static double x[MINUTES];
static struct rollup_point slots[SLOTS];
static uint64_t state;

/* Uniform in [0, 1): xorshift64* (Vigna). */
static double uniform(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0;
}

static double between(double low, double high)
{
    return low + (high - low) * uniform();
}

/* Of the normal distribution, by Box and Muller. */
static double normal(void)
{
    return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

static unsigned poisson(double mean)
{
    unsigned count = 0;
    for (double left = exp(-mean), p = uniform(); p > left; p *= uniform())
        count++;
    return count;
}

static double of_day(unsigned i, double shift)
{
    return sin(2 * M_PI * ((double)i / DAY_M + shift));
}

/* Kinds of series that have no limit. */

static void constant(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 42;
}

static void white_noise(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 50 + 10 * normal();
}

static void heavy_tails(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = pow(1 - uniform(), -0.7);
}

static void random_walk(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = v += normal();
}

static void slow_noise(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 100 + (v = 0.999 * v + normal());
}

static void slow_whole_numbers(void)
{
    slow_noise();
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = round(x[i] / 5);
}

static void days_with_noise(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 100 + 50 * of_day(i, 0) + 8 * normal();
}

static void exact_days(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 100 + 50 * of_day(i, 0);
}

static void days_that_are_cut_off(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = fmin(100 + 70 * of_day(i, 0) + 3 * normal(), 150);
}

static void days_of_work(void)
{
    double weekend = between(0.3, 0.7);
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = (100 + 60 * fmax(of_day(i, 0), 0)) * (i / DAY_M % 7 < 5 ? 1 : weekend) + normal();
}

static void days_with_a_square_of_work(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = i % DAY_M > 540 && i % DAY_M < 1020 ? 80 : 20;
}

static void waves_of_nine_hours(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 100 + 50 * sin(2 * M_PI * i / 560);
}

static void few_events(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = poisson(0.3);
}

static void events(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = poisson(4);
}

/* Who is there: some come, each goes after a while. */
static void users(void)
{
    double often = between(0.002, 0.02), present = 5;
    for (unsigned i = 0; i < MINUTES; i++) {
        if (uniform() < often)
            present++;
        else if (uniform() < present * often / 5)
            present--;
        x[i] = present;
    }
}

static void bursts(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = -log(1 - uniform());
    for (unsigned burst = 0; burst < 30; burst++) {
        unsigned first = (unsigned)between(0, MINUTES - 200), last = first + (unsigned)between(5, 200);
        double height = between(10, 100);
        for (unsigned i = first; i < last; i++)
            x[i] += height;
    }
}

static void equal_jobs(void)
{
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 5 + 0.5 * normal();
    for (unsigned job = 0; job < 20; job++) {
        unsigned first = (unsigned)between(0, MINUTES - 200), last = first + (unsigned)between(60, 200);
        for (unsigned i = first; i < last; i++)
            x[i] = 80;
    }
}

static void steps(void)
{
    unsigned until = 0;
    double level = 0;
    for (unsigned i = 0; i < MINUTES; i++) {
        if (i == until) {
            until += (unsigned)between(200, 3000);
            level = floor(between(1, 30));
        }
        x[i] = level;
    }
}

static void share_that_succeeds(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = fmin(99.5 + (v = 0.98 * v + 0.1 * normal()), 100);
}

static void share_that_is_idle(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = fmin(fmax(92 + (v = 0.99 * v + 0.7 * normal()), 0), 100);
}

static void counter(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = v += poisson(5);
}

static void counter_that_restarts(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = v = uniform() < 0.0005 ? 0 : v + poisson(5);
}

static void counter_of_32_bits(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = v = fmod(v + between(1e6, 3e6), 4294967296.0);
}

static void heap(void)
{
    double v = 0, collected_at = 90;
    for (unsigned i = 0; i < MINUTES; i++) {
        if ((v += between(0, 0.4)) > collected_at) {
            v = between(20, 40);
            collected_at = between(70, 100);
        }
        x[i] = v;
    }
}

static void queue(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = v = fmax(v + 10 * normal() - 1 + 6 * of_day(i, 0.3), 0);
}

static void total_of_each_day(void)
{
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = v = i % DAY_M == 0 ? 0 : v + 1;
}

/* Kinds that have one. */

/* Demand beyond `limit` on three to seven occasions of some hours: what there is of it is had. */
static void saturate(double limit)
{
    unsigned occasions = (unsigned)between(3, 8), span = MINUTES / occasions;
    double v = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = limit * (0.3 + (v = 0.99 * v + 0.01 * normal()));
    for (unsigned k = 0; k < occasions; k++) {
        unsigned climb = (unsigned)between(60, 400), stand = (unsigned)between(120, 600);
        unsigned i = k * span + (unsigned)between(0, span - 1500), first = i;
        double demand = between(1.15, 1.6);
        for (; i < first + climb + stand; i++)
            x[i] = limit * fmax(x[i] / limit, demand * fmin((double)(i - first) / climb, 1) + 0.02 * normal());
    }
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = fmin(fmax(x[i], 0), limit);
}

static void pool(double limit)
{
    saturate(limit);
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = round(x[i]);
}

static void pool_of_200(void)
{
    pool(200);
}

static void pool_of_20(void)
{
    pool(20);
}

/* A connection in three hundred is just being handed on. */
static void pool_that_flickers(void)
{
    pool(200);
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] -= i % 10 != 0 && x[i] == 200 && uniform() < 0.3 ? 1 : 0;
}

static void processor(void)
{
    saturate(100);
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] -= x[i] == 100 ? between(0, 0.3) : 0;
}

/* Fills over days, and stands full until somebody comes. */
static void disk(void)
{
    double v = 40;
    unsigned full_until = 0;
    for (unsigned i = 0; i < MINUTES; i++) {
        if (v == 100 && i >= full_until)
            v = between(30, 50);
        v = fmin(v + between(0, 0.06), 100);
        if (v == 100 && full_until <= i)
            full_until = i + (unsigned)between(300, 900);
        x[i] = v;
    }
}

/* Grows to 10 GB at an ever other pace, and begins anew. */
static void rotate(double fastest_m, double slowest_m)
{
    double v = 0, pace = 1 / between(fastest_m, slowest_m);
    for (unsigned i = 0; i < MINUTES; i++) {
        v += pace * between(0.5, 1.5);
        if (v >= 1) {
            v = 0;
            pace = 1 / between(fastest_m, slowest_m);
        }
        x[i] = 1e10 * v;
    }
}

static void log_of_days(void)
{
    rotate(1800, 3600);
}

static void log_of_hours(void)
{
    rotate(300, 700);
}

static void leases_down_to_a_floor(void)
{
    rotate(1800, 3600);
    for (unsigned i = 0; i < MINUTES; i++)
        x[i] = 1.5e10 - x[i];
}

static void fold(void)
{
    for (unsigned s = 0; s < SLOTS; s++) {
        double low = INFINITY, high = -INFINITY, sum = 0;
        for (unsigned i = s * PER_SLOT; i < (s + 1) * PER_SLOT; i++) {
            low = fmin(low, x[i]);
            high = fmax(high, x[i]);
            sum += x[i];
        }
        slots[s] = (struct rollup_point){BEGIN + s * 600, 600, low, fmin(fmax(sum / PER_SLOT, low), high), high};
    }
}

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
