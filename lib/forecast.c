#include "ridgeline/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR_S 3600u
#define DAY_S (24 * HOUR_S)
#define SHORT_S (6 * HOUR_S)
#define SHORT_STEP_S 600u
#define SLOTS_MAX (FORECAST_SPAN_S / HOUR_S)
#define SLOTS_MIN 12
#define LEAST_S (3 * HOUR_S)
#define Z99 2.5758 /* two-sided 99 % of the normal distribution */
#define CORRELATION_MAX 0.9
#define VALUE_MAX 1e300 /* sums of larger ones are no numbers */
#define SPAN_BYTES 16
#define HISTORY_BYTES 48
#define LIMIT_BYTES (64 + HISTORY_BYTES)
#define SPAN_S_MAX 1e9  /* of a span that is told */

struct slot {
    double t, v; /* seconds before now, at most 0; mean */
};

struct slots {
    size_t n;
    struct slot slot[SLOTS_MAX];
};

/* Means of the points in [now - span_s, now], by steps. */
static void gather(struct slots *out, const struct point *points, size_t n, uint32_t now, uint32_t span_s,
                   uint32_t step_s)
{
    struct slot sum = {0};
    size_t count = 0;
    uint32_t last = UINT32_MAX;
    out->n = 0;
    for (size_t i = 0; i <= n; i++) {
        bool inside = i < n && points[i].t <= now && now - points[i].t < span_s;
        uint32_t slot = inside ? (now - points[i].t) / step_s : UINT32_MAX;
        if (count > 0 && slot != last && out->n < SLOTS_MAX) {
            out->slot[out->n++] = (struct slot){sum.t / (double)count, sum.v / (double)count};
            sum = (struct slot){0};
            count = 0;
        }
        last = slot;
        if (!inside || !(fabs(points[i].v) < VALUE_MAX))
            continue;
        sum.t -= (double)(now - points[i].t);
        sum.v += points[i].v;
        count++;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/* The level of the line at t = 0, and what its residuals' neighbours correlate by. */
static double level_of(const struct slots *s, double slope, double *correlation)
{
    double residual[SLOTS_MAX], sorted[SLOTS_MAX], of_neighbours = 0, of_all = 0;
    for (size_t i = 0; i < s->n; i++)
        sorted[i] = residual[i] = s->slot[i].v - slope * s->slot[i].t;
    qsort(sorted, s->n, sizeof *sorted, by_value);
    double level = median(sorted, s->n);
    for (size_t i = 0; i < s->n; i++) {
        of_all += (residual[i] - level) * (residual[i] - level);
        if (i > 0)
            of_neighbours += (residual[i] - level) * (residual[i - 1] - level);
    }
    *correlation = of_all > 0 ? fmin(fmax(of_neighbours / of_all, 0), CORRELATION_MAX) : 0;
    return level;
}

/* The slopes of all pairs, sorted. Returns how many, or 0 when memory is out. */
static size_t slopes_of(const struct slots *s, double **out)
{
    size_t n = 0;
    double *slopes = malloc(s->n * (s->n - 1) / 2 * sizeof *slopes);
    for (size_t i = 1; slopes && i < s->n; i++)
        for (size_t j = 0; j < i; j++)
            slopes[n++] = (s->slot[i].v - s->slot[j].v) / (s->slot[i].t - s->slot[j].t);
    if (slopes)
        qsort(slopes, n, sizeof *slopes, by_value);
    *out = slopes;
    return n;
}

static int fit(struct forecast *out, const struct slots *s)
{
    double *slopes, correlation, size = (double)s->n;
    size_t n = slopes_of(s, &slopes);
    if (!slopes)
        return -1;
    out->slope = median(slopes, n);
    out->level = level_of(s, out->slope, &correlation);
    double kendall = size * (size - 1) * (2 * size + 5) / 18 * (1 + correlation) / (1 - correlation);
    double half = fmin(Z99 * sqrt(kendall), (double)n - 1) / 2, middle = ((double)n - 1) / 2;
    out->low = slopes[(size_t)fmax(floor(middle - half), 0)];
    out->high = slopes[(size_t)fmin(ceil(middle + half), (double)n - 1)];
    free(slopes);
    return 0;
}

/* Seconds until `distance` (signed) is gone at `slope`; infinity when that leads away. */
static double reach_s(double distance, double slope)
{
    return distance * slope > 0 ? distance / slope : INFINITY;
}

/* Whether the last six hours have come to where nothing before them was, seen from the line of `f`. */
static bool left_the_line(const struct forecast *f, const struct slots *hours, const struct slots *recent)
{
    const struct slot *last = &recent->slot[recent->n - 1];
    double least = INFINITY, most = -INFINITY, at = last->v - f->slope * last->t;
    for (size_t i = 0; i < hours->n && hours->slot[i].t < -(double)SHORT_S; i++) {
        double before = hours->slot[i].v - f->slope * hours->slot[i].t;
        least = fmin(least, before);
        most = fmax(most, before);
    }
    return at < least || at > most;
}

/* What is worth a line: enough slots over enough time. */
static bool suffices(const struct slots *s)
{
    return s->n >= SLOTS_MIN && s->slot[s->n - 1].t - s->slot[0].t >= LEAST_S - HOUR_S;
}

int forecast(struct forecast *out, const struct point *points, size_t n, double limit, uint32_t now)
{
    struct slots hours, recent;
    gather(&hours, points, n, now, FORECAST_SPAN_S, HOUR_S);
    gather(&recent, points, n, now, SHORT_S, SHORT_STEP_S);
    uint32_t span_s = hours.n > 0 ? (uint32_t)-hours.slot[0].t + HOUR_S / 2 : 0;
    if (span_s >= 2 * DAY_S)
        gather(&hours, points, n, now, span_s / DAY_S * DAY_S, HOUR_S);
    bool has_long = suffices(&hours), has_short = suffices(&recent);
    out->last = recent.n > 0 ? recent.slot[recent.n - 1].v : hours.n > 0 ? hours.slot[hours.n - 1].v : NAN;
    if (!has_long && !has_short)
        return 1;
    if (has_long && fit(out, &hours) != 0)
        return -1;
    if (has_short && (!has_long || left_the_line(out, &hours, &recent)) && fit(out, &recent) != 0)
        return -1;
    double distance = limit - out->level;
    out->reach_s = reach_s(distance, out->slope);
    out->soonest_s = fmin(reach_s(distance, out->low), reach_s(distance, out->high));
    out->heading = distance * out->low > 0 && distance * out->high > 0;
    return 0;
}

/* "3d4h" from a day on, "3h57m" before. */
static void write_span(char out[SPAN_BYTES], double s)
{
    unsigned minutes = (unsigned)(fmax(fmin(s, SPAN_S_MAX), 0) / 60);
    if (minutes >= 1440)
        snprintf(out, SPAN_BYTES, "%ud%uh", minutes / 1440, minutes / 60 % 24);
    else
        snprintf(out, SPAN_BYTES, "%uh%02um", minutes / 60, minutes % 60);
}

/* "100 %", "its learned limit 200 (reached 5 times since 2026-11-08)". */
static void write_limit(char out[LIMIT_BYTES], const struct limit *limit, const char *unit)
{
    bool is_learned = limit->kind == LIMIT_STOOD || limit->kind == LIMIT_TURNED;
    time_t since = (time_t)limit->since;
    char history[HISTORY_BYTES] = "", date[sizeof "2026-11-08"] = "";
    struct tm day;
    size_t len = strnlen(unit, FORECAST_UNIT_MAX);
    if (len == FORECAST_UNIT_MAX)
        for (len--; len > 0 && ((unsigned char)unit[len] & 0xc0) == 0x80; len--)
            ;
    if (is_learned && gmtime_r(&since, &day) && strftime(date, sizeof date, "%Y-%m-%d", &day) > 0)
        snprintf(history, sizeof history, " (reached %u times since %s)", limit->times, date);
    int digits = limit->kind == LIMIT_TURNED ? 3 : 6; /* it is turned back somewhat before or after */
    snprintf(out, LIMIT_BYTES, "%s%.*g%s%.*s%s", is_learned ? "its learned limit " : "", digits, limit->value,
             len > 0 ? " " : "", (int)len, unit, history);
}

void forecast_note(char out[FORECAST_NOTE_BYTES], const struct forecast *f, const struct limit *limit,
                   const char *unit)
{
    char there[LIMIT_BYTES], after[SPAN_BYTES], earliest[SPAN_BYTES];
    write_limit(there, limit, unit);
    write_span(after, f->reach_s);
    write_span(earliest, f->soonest_s);
    if (f->soonest_s <= 0 || f->reach_s < 60)
        snprintf(out, FORECAST_NOTE_BYTES, "is at %s", there);
    else if (!f->heading)
        snprintf(out, FORECAST_NOTE_BYTES, "is not heading for %s", there);
    else
        snprintf(out, FORECAST_NOTE_BYTES, "reaches %s in %s at this pace (earliest %s)", there, after, earliest);
}
