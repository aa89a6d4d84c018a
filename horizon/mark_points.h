/* Points that are marks: what people did to the site and when (ridgeline/marks.h), said by whatever can send a carbon
 * line. Pure.
 *
 *   ridgeline.marks.deploy.1234;match=shop.** 1 1700000000
 *
 * Behind horizon.mark_prefix stands the text, whose first dot is read as a blank ("deploy 1234"); the tag `match` is
 * the glob of the metrics that it is of, all without it. Other tags, and the value, say nothing.
 *
 * A mark is accounted for as the point that it came as: accepted, then stored, queued or dropped; a mark that is sent
 * twice is stored once. Two bounds keep a flood of them from the site's other marks and from ingest: mark_limit, as a
 * bucket that fills at its rate, and how many may wait for Redis. */
#ifndef RIDGELINE_HORIZON_MARK_POINTS_H
#define RIDGELINE_HORIZON_MARK_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"
#include "ridgeline/conf.h"

#define MARK_POINTS_WAITING_MAX 256

/* All zero at first: the bucket is full then. */
struct mark_points {
    struct mark_points_slot *slots[MARK_POINTS_WAITING_MAX]; /* kept for reuse when the queue no longer holds theirs */
    double used; /* of mark_limit, as of `used_at_ms` (epoch ms) */
    int64_t used_at_ms;
    uint64_t n_taken;
};

/* After the queue's end. */
void mark_points_fini(struct mark_points *m);

/* Whether a point of this name is a mark. */
bool mark_points_is(const struct settings *s, const char *name, size_t len);

/* A point that is a mark, as it came. */
struct mark_point {
    const char *name; /* its tags in canonical form */
    size_t name_len;
    struct point at;
    int64_t came_ms; /* epoch */
};

/* Queues the mark. Returns 0, or -1 with the reason, one of HORIZON_REJECTED_... */
int mark_points_take(struct mark_points *m, const struct settings *s, struct queue *q, const struct mark_point *mark,
                     unsigned *reason);

#endif
