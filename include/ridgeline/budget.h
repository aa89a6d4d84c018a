/* A budget for attention: the score at which the site's anomalies surface. Pure.
 *
 * An anomaly crosses a level (a whole score, 0 to 100) when it is told with a score that reaches the level for
 * the first time. Crossings are counted by hour, over all metrics; budget_bar() finds the level at
 * which no more surface than the budget allows. lib/budget.c gives the formula and its reasons. */
#ifndef RIDGELINE_BUDGET_H
#define RIDGELINE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/units.h"

#define BUDGET_LEVELS 101
#define BUDGET_HOURS (14 * 24) /* how far back the crossings count */
#define BUDGET_UNTOLD (-1)     /* the level of an anomaly that was not told yet */

/* The crossings of one hour, as differences: change[l] is how many anomalies came to stand at level l less how many
 * left it, so the sum from l up is how many crossed l. One that is told at 60 and later at 80 is
 * +1 at 60, then -1 at 60 and +1 at 80. */
struct budget_hour {
    bool measured; /* an analyzer ran; without it the hour says nothing */
    int64_t change[BUDGET_LEVELS];
};

/* The level of a score: the whole score at or below it. 0 for what is not a number. */
int budget_level(double score);

/* Whether what has this score lies below the surface score: a candidate. */
bool budget_is_candidate(double score, int surface_score);

/* Notes that an anomaly told at level `from` (or BUDGET_UNTOLD) is now told at `to`. One that fell crosses nothing. */
void budget_cross(int64_t change[BUDGET_LEVELS], int from, int to);

/* Takes one field of the hour's hash in Redis, "LEVEL" and "CHANGE", which also makes it a measured one. Returns 0,
 * or -1 with `*h` as it was when either is not such. */
int budget_hour_take(struct budget_hour *h, const char *level, const char *change);

/* How many a day the budget allows; infinity when there is none. */
double budget_per_day(const struct units_budget *budget);

struct budget_bar {
    int score;       /* anomalies surface whose score reaches it */
    double rate;     /* how many a day did, as the formula counts */
    bool exceeded;   /* that is more than the budget */
    int64_t last_day; /* how many did in the newest 24 hours, each counted */
};

/* hours[0] is the present hour, hours[1] the one before, and so on. A `fixed` score other than 0 is taken
 * instead of the one that the budget asks for. */
void budget_bar(struct budget_bar *out, const struct budget_hour hours[BUDGET_HOURS], double per_day, int fixed);

#endif
