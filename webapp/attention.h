/* The site's budget for attention as it stands now: from which score anomalies surface. The main thread keeps
 * it; any thread asks. See ridgeline/budget.h. */
#ifndef WEBAPP_ATTENTION_H
#define WEBAPP_ATTENTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/budget.h"

struct attention;
struct processes;
struct settings;
struct store;

struct attention *attention_new(void);
void attention_free(struct attention *a);

/* Main thread: reads the crossings that may be new. Returns 0, or -1 when Redis did not answer: what was known
 * stays. */
int attention_turn(struct attention *a, struct store *s, const struct settings *settings, int64_t now_s);

/* Main thread: counts the open anomalies that the living workers hold below the surface score. */
void attention_count_open(struct attention *a, const struct processes *p);

struct attention_state {
    struct budget_bar bar; /* all 0 until the crossings were first read: what is not known hides nothing */
    double per_day;        /* infinity: no budget */
    bool fixed;            /* the score is the settings' own */
    uint64_t candidates;   /* open ones below the score */
};
struct attention_state attention_now(struct attention *a);

/* The API's object: {"per_day", "surface_score", "fixed", "surfaced_last_day", "candidates_open", "exceeded"};
 * per_day is null without a budget. New reference. */
json_t *attention_json(struct attention *a);

#endif
