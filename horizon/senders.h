/* Who sends what: counts by peer address and listener, in a bounded table. Pure. */
#ifndef RIDGELINE_HORIZON_SENDERS_H
#define RIDGELINE_HORIZON_SENDERS_H

#include <stddef.h>
#include <stdint.h>

#define SENDERS_MAX 256
#define SENDERS_ADDRESS_MAX 48     /* any IPv6 address as text, "other", "rest" or "self" */
#define SENDERS_SAMPLE_MAX 96      /* bytes kept of the last rejected line */
#define SENDERS_MARKS 7            /* points in time, SENDERS_MARK_MS apart, that rates are reckoned between */
#define SENDERS_MARK_MS 10000
#define SENDERS_SILENT_MS 3600000  /* after this a sender without connections gives its place up */

struct sender {
    char address[SENDERS_ADDRESS_MAX];
    const char *listener;
    unsigned connections;
    uint64_t received, accepted, rejected;
    int64_t last_ms; /* last point, epoch ms; 0 = none yet */
    const char *last_reason; /* of the last rejection; NULL = none */
    char sample[SENDERS_SAMPLE_MAX];
    size_t sample_len;
    uint64_t marks[SENDERS_MARKS]; /* `received` at each of the table's marks */
};

/* The last place stands for all that found no place of their own. */
struct senders {
    struct sender places[SENDERS_MAX + 1];
    size_t n; /* used, without the last */
    int64_t marks_ms[SENDERS_MARKS]; /* monotonic; 0 = not yet */
    unsigned mark; /* the newest */
};

void senders_init(struct senders *s);

/* The place of `address` at `listener` (a literal), made when it is new. When the table is full the
 * longest silent sender, if silent for SENDERS_SILENT_MS, is added into the last place; else the last
 * place itself is returned. Never NULL. Pointers of senders with connections stay valid; others
 * until the next call. */
struct sender *senders_find(struct senders *s, const char *address, const char *listener, int64_t now_ms);

/* To be called about once a second: marks what each has received so far, every SENDERS_MARK_MS. */
void senders_mark(struct senders *s, int64_t now_mono_ms);

/* What `p` sent, a second, since the oldest mark: in the last 60 to 70 seconds, or since the first mark. -1 within a
 * second of that. */
double senders_per_second(const struct senders *s, const struct sender *p, int64_t now_mono_ms);

/* Fills `out` with up to `max` senders, most points first. Returns how many. */
size_t senders_top(const struct senders *s, const struct sender **out, size_t max);

/* Sums up all that senders_top leaves out, as a sender "rest". Returns how many those are. */
size_t senders_rest(const struct senders *s, size_t max, struct sender *rest);

#endif
