/* The forecast of a metric from what stands in Redis: its rollup, and the raw tail behind it. One reader for the
 * alerter, which tells of limits that come near, and for those who ask of one metric. */
#ifndef RIDGELINE_PROSPECT_H
#define RIDGELINE_PROSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/forecast.h"
#include "ridgeline/store.h"

/* As forecast(), of the metric's points of the week before `now`, epoch s; -1 also when Redis did not answer. */
int prospect_read(struct store *s, const char *metric, size_t len, double limit, uint32_t now, struct forecast *out);

/* For those who ask, and have not followed it: what is within FORECAST_AT_LIMIT of its limit has come to it. Returns as
 * prospect_read(). */
int prospect_now(struct store *s, const char *metric, size_t len, double limit, uint32_t now, struct forecast *out);

#endif
