/* Two weeks of points each minute, of many kinds: those that have no limit, and those that have one. Each fills x[]. */
#ifndef TESTS_UNIT_LIMIT_KINDS_H
#define TESTS_UNIT_LIMIT_KINDS_H

#include <math.h>
#include <stdint.h>

#include "ridgeline/rollup.h"

#define MINUTES 20160
#define DAY_M 1440
#define PER_SLOT 10
#define SLOTS (MINUTES / PER_SLOT)
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

#endif
