/* The way of a StatsD sample: parse, account, gather; and at the end of each interval of what was gathered, as
 * points, into the intake. Pure. */
#ifndef RIDGELINE_HORIZON_INTAKE_STATSD_H
#define RIDGELINE_HORIZON_INTAKE_STATSD_H

#include <stdbool.h>

#include "intake.h"

/* Called by intake_init, intake_fini and intake_settings_changed. */
void intake_statsd_init(struct intake *in);
void intake_statsd_fini(struct intake *in);
void intake_statsd_bound(struct intake *in);

/* One line, without its newline: one sample or several. What is bad in it is rejected, the rest is taken. */
void intake_statsd_line(struct intake *in, struct intake_source from, const char *line, size_t len);

/* Ends the interval of `interval_s` seconds, by which counts become rates: what it gathered is to become points of
 * time `t`, epoch seconds, by intake_statsd_flush. What is left of the one before does so at once. One that is not
 * `whole`, at a stop, says nothing of series without samples: they are forgotten. */
void intake_statsd_turn(struct intake *in, uint32_t t, double interval_s, bool whole);

/* Looks at up to `n` series of the last interval. Returns whether there are more. */
bool intake_statsd_flush(struct intake *in, size_t n);

#endif
