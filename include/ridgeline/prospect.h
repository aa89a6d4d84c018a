/* The limit of a metric, and when it will be there, from what stands in Redis: its rollup, and the raw tail behind it.
 * One reader for the alerter, which tells of limits that come near, and for those who ask of one metric. */
#ifndef RIDGELINE_PROSPECT_H
#define RIDGELINE_PROSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/forecast.h"
#include "ridgeline/limit.h"
#include "ridgeline/store.h"

/* As forecast(), of the metric's points of the week before `now`, epoch s; -1 also when Redis did not answer. */
int prospect_read(struct store *s, const char *metric, size_t len, double limit, uint32_t now, struct forecast *out);

/* For those who ask, and have not followed it: what is within FORECAST_AT_LIMIT of its limit has come to it, and
 * what has passed a limit that was not given does not head for it. Returns as prospect_read(). */
int prospect_now(struct store *s, const char *metric, size_t len, const struct limit *limit, uint32_t now,
                 struct forecast *out);

/* What limit the metric has: `given` by a rule, or where that is NaN what the alerter keeps of it, unless `learn` (the
 * option learn_limit) is off. Returns 0, or -1 when Redis did not answer. */
int prospect_limit(struct store *s, const char *metric, size_t len, double given, bool learn, struct limit *out);

/* What its last two weeks show (learned_limit.h). Returns 0, or -1 when Redis did not answer or memory is out. */
int prospect_learn(struct store *s, const char *metric, size_t len, bool is_percent, uint32_t now, struct limit *out);

#endif
