/* A metric's stored points as one series across archives: raw where there is raw, rolled up before. Pure. */
#ifndef WEBAPP_POINTS_H
#define WEBAPP_POINTS_H

#include <jansson.h>
#include <stdint.h>

#include "ridgeline/rollup.h"
#include "ridgeline/series.h"

struct thin;

/* Adds to `out` what of the rollup (may be empty), and of what `thin` keeps of `raw` (sorted), lies in [from, until]:
 * "points", "envelope" of those that have extremes or can borrow them (rollup_borrow_extremes()), and "stretches" of
 * one resolution each; that of raw points is `raw_step_s` (0: not known). `raw` is to be read before the rollup: what
 * is trimmed in between is then in both. Of rolled-up slots there are about twice THIN_COLUMNS_MAX at most: of more,
 * several become one. Returns the time of the first point that is stored at all; 0 without one. */
uint32_t points_add(json_t *out, const struct rollup *rollup, const struct series *raw, double raw_step_s,
                    const struct thin *thin, uint32_t from, uint32_t until);

#endif
