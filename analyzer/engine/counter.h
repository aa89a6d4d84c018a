/* Counters: series that only rise, but for the resets when what counts is started anew. They are judged by their
 * rate, of which level, season and noise can be told; of the count itself only that it grows.
 *
 * A series is a counter when it rose at 16 of its first 20 points, or later at 200, without a fall. A fall to half or
 * less is a reset, and so is one to what it may have counted since the point before (twice its usual pace): a service
 * that dies again and again has counted little each time, and after a gap it has counted much. No reset is a fall from
 * just below 2^32 or 2^64, where its bits are full: it goes on at 0. Any other fall shows that it was a gauge after
 * all: that is for good. Becoming the one or the other begins everything anew. */
#ifndef RIDGELINE_ENGINE_COUNTER_H
#define RIDGELINE_ENGINE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/series.h"

struct codec;

enum counter_kind { COUNTER_UNDECIDED, COUNTER_YES, COUNTER_NEVER };

struct counter {
    uint8_t kind;
    bool seen;        /* any point */
    uint32_t rises;   /* strict ones since the last fall, saturating */
    struct point last;
    double pace;      /* of late rises, a second: the largest, fading */
    double from;      /* value before the last point, below 0 where its bits were full in between, */
    double over_s;    /* and the time since then */
};

enum counter_change {
    COUNTER_SAME,
    COUNTER_RESET,  /* began anew: what it counted since the point before is not known */
    COUNTER_TURNED, /* became one, or turned out to be none: all else begins anew */
};

/* Takes the next point. */
enum counter_change counter_take(struct counter *c, struct point p);

/* To be asked when the first points have shown the step: whether they show a counter. */
bool counter_decide(struct counter *c);

/* Rate of the last point, a second; always finite. Only after two points. */
double counter_rate(const struct counter *c);

/* The count that the last point would have had at `rate`; always finite. */
double counter_at(const struct counter *c, double rate);

/* Rate between two points. */
double counter_slope(double from, double to, double over_s);

void counter_codec(struct counter *c, struct codec *codec);

#endif
