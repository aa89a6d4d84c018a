/* What of a surprise is worth telling, after what was told before: a metric that
 * often alerts must do ever more, and after an alert it rests. */
#ifndef RIDGELINE_ENGINE_ATTENTION_H
#define RIDGELINE_ENGINE_ATTENTION_H

#include <stdint.h>

#define ATTENTION_KEPT 10
#define ATTENTION_ALERT 2.3 /* what is at least this is an alert */

struct codec;

/* Invariant: largest[] falls, and is 0 where no alert is on record. */
struct attention {
    uint32_t rest; /* points left in which nothing is told */
    double peak;   /* of the last alert */
    double spent;  /* alerts, fading over 2,100 points */
    float largest[ATTENTION_KEPT];
};

/* Takes the surprise of the next point, which `earlier` came before. Returns what is told of it:
 * 0 for nothing, ATTENTION_ALERT or more for an alert. */
double attention_take(struct attention *a, double surprise, uint32_t earlier);

void attention_codec(struct attention *a, struct codec *c);

#endif
