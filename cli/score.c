/* Times are doubles here: widened incidents may begin before the epoch. */
#include "cli/score.h"

#include <math.h>
#include <stdlib.h>

#define QUIET_S 1800.0
#define QUIET_STEPS 3.0
#define EARLY_S 300.0
#define LATE_S 600.0
#define WARM_UP_S (2 * 86400.0)
#define WARM_UP_SHARE 0.15
#define TOO_LONG_S 21600.0
#define WEEK_S 604800.0
#define THRESHOLDS 120

struct alarm {
    double first, last;
};

/* One series under judgement. */
struct judge {
    const struct score_series *series;
    double start; /* what lies before counts neither way */
    struct alarm *alarms;
    size_t alarms_n;
};

/* Delays of what was found, over all series. */
struct delays {
    double *s;
    size_t n;
};

static double start_of(const struct score_series *s)
{
    double first = s->points[0].t, last = s->points[s->points_n - 1].t;
    return first + fmin(WARM_UP_S, WARM_UP_SHARE * (last - first));
}

static bool fires(const struct score_point *p, double threshold)
{
    return threshold == SCORE_OPENS ? p->opens : p->score >= threshold;
}

static void find_alarms(struct judge *j, double threshold)
{
    const struct score_series *s = j->series;
    double quiet_s = fmax(QUIET_S, QUIET_STEPS * s->step_s);
    j->alarms_n = 0;
    for (size_t i = 0; i < s->points_n; i++) {
        double t = s->points[i].t;
        if (t < j->start || !fires(&s->points[i], threshold))
            continue;
        if (j->alarms_n > 0 && t - j->alarms[j->alarms_n - 1].last <= quiet_s)
            j->alarms[j->alarms_n - 1].last = t;
        else
            j->alarms[j->alarms_n++] = (struct alarm){t, t};
    }
}

static void count_found(const struct judge *j, struct score_result *r, struct delays *delays)
{
    for (size_t e = 0; e < j->series->events_n; e++) {
        double first = j->series->events[e].first, last = j->series->events[e].last;
        if (last < j->start)
            continue;
        r->events++;
        size_t a = 0;
        while (a < j->alarms_n && j->alarms[a].last < first)
            a++;
        if (a == j->alarms_n || j->alarms[a].first > last + LATE_S)
            continue;
        r->found++;
        delays->s[delays->n++] = fmax(0, j->alarms[a].first - first);
    }
}

/* How often an alarm is false. */
static size_t falseness(const struct judge *j, const struct alarm *a)
{
    double inside = 0, covered = a->first; /* widened incidents may overlap: each second counts once */
    bool near = false;
    for (size_t e = 0; e < j->series->events_n; e++) {
        double first = j->series->events[e].first - EARLY_S, last = j->series->events[e].last + LATE_S;
        if (j->series->events[e].last < j->start || a->last < first || a->first > last)
            continue;
        near = true;
        inside += fmax(0, fmin(a->last, last) - fmax(covered, first));
        covered = fmax(covered, fmin(a->last, last));
    }
    double outside = fmax(0, a->last - a->first - inside);
    return !near + (size_t)(outside / TOO_LONG_S);
}

static int judge_series(const struct score_series *s, double threshold, struct score_result *r, struct delays *delays)
{
    if (s->points_n == 0)
        return 0;
    struct judge j = {.series = s, .start = start_of(s)};
    j.alarms = malloc(s->points_n * sizeof *j.alarms);
    if (!j.alarms)
        return -1;
    find_alarms(&j, threshold);
    count_found(&j, r, delays);
    for (size_t a = 0; a < j.alarms_n; a++)
        r->false_alarms += falseness(&j, &j.alarms[a]);
    r->weeks += fmax(0, s->points[s->points_n - 1].t - j.start) / WEEK_S;
    free(j.alarms);
    return 0;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(struct delays *d)
{
    if (d->n == 0)
        return NAN;
    qsort(d->s, d->n, sizeof *d->s, by_size);
    return (d->s[(d->n - 1) / 2] + d->s[d->n / 2]) / 2;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

int score_at(const struct score_series *series, size_t n, double threshold, struct score_result *out)
{
    size_t events = 0;
    for (size_t i = 0; i < n; i++)
        events += series[i].events_n;
    struct delays delays = {.s = malloc((events + 1) * sizeof *delays.s)};
    int result = delays.s ? 0 : -1;
    *out = (struct score_result){.threshold = threshold};
    for (size_t i = 0; i < n && result == 0; i++)
        result = judge_series(&series[i], threshold, out, &delays);
    if (result == 0) {
        out->precision = share((double)out->found, (double)(out->found + out->false_alarms));
        out->recall = share((double)out->found, (double)out->events);
        out->f1 = share(2 * out->precision * out->recall, out->precision + out->recall);
        out->delay_s = median(&delays);
    }
    free(delays.s);
    return result;
}

/* All scores above 0 that count, in rising order; the caller frees them. NULL when memory is out. */
static double *all_scores(const struct score_series *series, size_t n, size_t *scores_n)
{
    size_t points = 0;
    for (size_t i = 0; i < n; i++)
        points += series[i].points_n;
    double *scores = malloc((points + 1) * sizeof *scores);
    *scores_n = 0;
    for (size_t i = 0; scores && i < n; i++) {
        for (size_t k = 0; k < series[i].points_n; k++) {
            const struct score_point *p = &series[i].points[k];
            if (p->score > 0 && p->t >= start_of(&series[i]))
                scores[(*scores_n)++] = p->score;
        }
    }
    if (scores)
        qsort(scores, *scores_n, sizeof *scores, by_size);
    return scores;
}

static bool better(const struct score_result *a, const struct score_result *b, double budget)
{
    if (isinf(budget))
        return a->f1 > b->f1;
    return share((double)a->false_alarms, a->weeks) <= budget && a->recall > b->recall;
}

int score_best(const struct score_series *series, size_t n, double budget, struct score_result *out)
{
    size_t scores_n;
    double *scores = all_scores(series, n, &scores_n);
    int result = scores ? 0 : -1;
    *out = (struct score_result){.f1 = -1, .recall = -1};
    for (unsigned k = 0; k < THRESHOLDS && scores_n > 0 && result >= 0; k++) {
        struct score_result r;
        double quantile = 1 - pow(10, -0.5 - 5.0 * k / THRESHOLDS);
        size_t at = (size_t)(quantile * (double)scores_n);
        if (score_at(series, n, scores[at < scores_n ? at : scores_n - 1], &r)) {
            result = -1;
        } else if (better(&r, out, budget)) {
            *out = r;
            result = 1;
        }
    }
    free(scores);
    return result;
}
