/* The surface score.
 *
 *     crossed(h, l)  how many anomalies crossed level l in hour h, of the last 14 days
 *     H              how many of those hours were measured
 *     c              a quarter of a day's budget, at least 1; no limit while H <= 24
 *     rate(l)        sum over h of min(crossed(h, l), c) / max(H / 24, 1)
 *     surface score  the least level such that it and all above keep rate <= budget; 100 if none does
 *
 * Fourteen days hold two of every weekday, and follow a site that changes.
 *
 * An hour's limit c is there for storms. When a data centre burns, a thousand metrics rightly alarm together;
 * counted in full, they would silence everything else for the two weeks that they are remembered.
 * And they cost less attention than a thousand alarms spread over the days: they are looked at as one.
 *
 * Through the first day there is no limit: nothing is known yet, all metrics finish warming up in the same hours,
 * and the limit would let a whole flood through. It shows the strongest that fit the budget instead.
 *
 * A day is the least divisor, so that the first hours are not extrapolated: a day's budget may be used
 * within the first hour. Hours in which nothing was measured count neither way. */
#include "ridgeline/budget.h"

#include <math.h>
#include <stdlib.h>

#define DAY_HOURS 24
#define DAY_S 86400.0
#define CHANGE_MAX INT32_MAX /* sums over all hours and levels stay far within 64 bits */

int budget_level(double score)
{
    if (!(score > 0))
        return 0;
    return score < BUDGET_LEVELS - 1 ? (int)score : BUDGET_LEVELS - 1;
}

bool budget_is_candidate(double score, int surface_score)
{
    return budget_level(score) < surface_score;
}

void budget_cross(int64_t change[BUDGET_LEVELS], int from, int to)
{
    if (to <= from)
        return;
    change[to]++;
    if (from != BUDGET_UNTOLD)
        change[from]--;
}

/* Reads a whole number between `min` and `max`. */
static int read_whole(const char *text, long min, long max, long *value)
{
    char *end;
    if (*text != '-' && (*text < '0' || *text > '9'))
        return -1;
    *value = strtol(text, &end, 10); /* at its limits, which are out of range, when it does not fit */
    return *end == '\0' && *value >= min && *value <= max ? 0 : -1;
}

int budget_hour_take(struct budget_hour *h, const char *level, const char *change)
{
    long l, n;
    if (read_whole(level, 0, BUDGET_LEVELS - 1, &l) != 0 || read_whole(change, -CHANGE_MAX, CHANGE_MAX, &n) != 0)
        return -1;
    h->measured = true;
    h->change[l] = n;
    return 0;
}

double budget_per_day(const struct units_budget *budget)
{
    return budget->on ? budget->count * DAY_S / budget->per_s : (double)INFINITY;
}

/* Adds to counts[l], for every level, how many crossed it, each hour's at most `limit`. */
static void add_crossed(double counts[BUDGET_LEVELS], const struct budget_hour *h, double limit)
{
    int64_t crossed = 0;
    for (int l = BUDGET_LEVELS - 1; l >= 0; l--) {
        crossed += h->change[l];
        if (crossed > 0)
            counts[l] += fmin((double)crossed, limit);
    }
}

/* The least level from which on upwards every rate is within the budget. An anomaly that has risen out of an hour that
 * is forgotten crosses only higher levels, so a rate may be lower below than above. */
static int least_within(const double rates[BUDGET_LEVELS], double per_day)
{
    int level = BUDGET_LEVELS - 1;
    while (level > 0 && rates[level] <= per_day && rates[level - 1] <= per_day)
        level--;
    return level;
}

void budget_bar(struct budget_bar *out, const struct budget_hour hours[BUDGET_HOURS], double per_day, int fixed)
{
    double rates[BUDGET_LEVELS] = {0}, last_day[BUDGET_LEVELS] = {0};
    int measured = 0;
    for (int h = 0; h < BUDGET_HOURS; h++)
        measured += hours[h].measured;
    double limit = measured > DAY_HOURS ? fmax(per_day / 4, 1) : (double)INFINITY;
    for (int h = 0; h < BUDGET_HOURS; h++) {
        add_crossed(rates, &hours[h], limit);
        if (h < DAY_HOURS)
            add_crossed(last_day, &hours[h], INFINITY);
    }
    for (int l = 0; l < BUDGET_LEVELS; l++)
        rates[l] /= fmax((double)measured / DAY_HOURS, 1);
    int score = fixed > 0 ? fixed : least_within(rates, per_day);
    *out = (struct budget_bar){.score = score,
                               .rate = rates[score],
                               .exceeded = rates[score] > per_day,
                               .last_day = (int64_t)last_day[score]};
}
