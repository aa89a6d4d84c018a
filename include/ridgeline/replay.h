/* Judges stored points again: for the page's band, for "why" at any moment,
 * for previews of other options, and for `backtest`. Pure, and exactly what the
 * live worker does with in-order points. */
#ifndef RIDGELINE_REPLAY_H
#define RIDGELINE_REPLAY_H

#include "ridgeline/engine.h"
#include "ridgeline/episode.h"
#include "ridgeline/series.h"
#include "ridgeline/skyline_window.h"

/* Called for each judged point, in time order. `episode` is its metric's
 * episode after the point; a gap may give two calls' worth of change for one
 * point: then the first call has `v` == NULL and change EPISODE_CLOSED. */
typedef void replay_each(void *context, const struct verdict *v, enum episode_change change,
                         const struct episode *episode);

/* Takes a verdict that was given already, of the engine with a step of `step_s`: the half of replay_take() that follows
 * the episode. */
void replay_follow(struct episode *i, const struct engine_options *o, double step_s, const struct verdict *v,
                   replay_each *each, void *context);

/* Feeds one point through `r` and `i`, as the live worker does; one that is not later than engine_last_t(r) is not
 * judged. `*window` is that of ensemble_update(), `outages` those that are no habit of the metric's, or NULL. Returns
 * 0, or -1 when memory is out. */
struct outages;
int replay_take(struct engine_record *r, struct skyline_window **window, struct episode *i,
                const struct engine_options *o, const struct outages *outages, struct point p, replay_each *each,
                void *context);

/* A record that has just begun (engine_step_s() is 0) learns from `coarse` when its step is known, as a live
 * one does. To be called before each point; does nothing for any other record, nor where `coarse` is NULL. */
struct coarse;
void replay_warm(struct engine_record *r, const struct coarse *coarse);

/* Feeds the points of `s` (any order; it is sorted in place, first written
 * wins) that are later than engine_last_t(r) through `r` and `i`. Those before fill the day that Skyline's
 * algorithms look at, where `o` asks for them. `coarse` as for replay_warm(), `outages` as for replay_take(). Returns
 * 0, or -1 when memory is out. */
int replay_run(struct engine_record *r, struct episode *i, const struct engine_options *o, struct series *s,
               const struct coarse *coarse, const struct outages *outages, replay_each *each, void *context);

#endif
