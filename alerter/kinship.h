/* What of a metric's name tells of its kin: all of it but what StatsD puts around the name that it was sent. Pure.
 *
 * `stats.timers.checkout.upper_90`, `stats_counts.checkout` and `stats.gauges.checkout` are three figures of
 * `checkout`, while `stats.gauges.queue` and `stats.gauges.load` have nothing in common but their type. */
#ifndef RIDGELINE_ALERTER_KINSHIP_H
#define RIDGELINE_ALERTER_KINSHIP_H

#include <stdbool.h>
#include <stddef.h>

#include "alerter/parts.h"
#include "ridgeline/conf.h"

#define KINSHIP_HEADS_MAX 5

/* How StatsD's names are put together, as the settings `statsd` say. All zero knows of no StatsD. */
struct kinship {
    size_t n_heads;
    struct kinship_head {
        char text[2 * CONF_PREFIX_MAX + 3]; /* "stats.timers." */
        bool has_statistic;                        /* as the last part of its names */
    } head[KINSHIP_HEADS_MAX];                     /* of two that fit, the first holds */
    char suffix[CONF_PREFIX_MAX + 2];       /* ".web1" or "" */
};

void kinship_init(struct kinship *k, const struct settings *settings);

/* The parts of `name` without those. At least one is left. They point into `name`. */
void kinship_parts(const struct kinship *k, struct parts *p, const char *name);

#endif
