/* What "this is normal" can teach: the changes of options after which the like of an incident would not open. Pure. */
#ifndef WEBAPP_NORMAL_CHOICES_H
#define WEBAPP_NORMAL_CHOICES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/conf.h"
#include "ridgeline/incident.h"

#define NORMAL_CHOICES_NAMES_MAX 16 /* metrics that an override names one by one */

/* A metric of the incident. */
struct normal_metric {
    const char *name;
    unsigned whats;                    /* what its members are: bits 1 << enum incident_what */
    double score;                      /* the highest of those that are off their value, or fell to nothing */
    enum incident_direction direction; /* of the same */
    struct engine_options now;         /* in force */
};

struct normal_incident {
    const char *title;
    struct normal_metric *metrics; /* each once */
    size_t n;                      /* at least one */
    double distance;               /* of a single metric: how far off it was at most; NaN: not known */
};

/* {"match", "choices": [{"choice", "options", "before", "change"}]}. `match` is the glob that the options would be
 * saved for: the name of a single metric; the title, where that is a pattern of untagged names of one form
 * ("servers.*.load") which matches all; else the names in braces, up to NORMAL_CHOICES_NAMES_MAX; null, with no
 * choices, when these are more. `options` are as POST /api/overrides takes them, `before` what they are now (of the
 * metrics, the largest number), and `change` tells both and the glob. The choices, those that would change anything,
 * in this order:
 *
 *   "strength"   score_to_open a little above the highest score
 *   "direction"  only what goes the other way, where all went one way and both were told of
 *   "change"     min_change a tenth above the largest distance, of a single metric
 *   "state"      no more of the states, such as silence, where there is nothing else. The others turn off with theirs
 *                what they would leave to open.
 *
 * New reference, NULL when memory is out. */
json_t *normal_choices(const struct normal_incident *incident);

#endif
