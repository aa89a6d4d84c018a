/* Times in which points could not arrive, for no fault of the metrics': so a silence in them is nobody's habit. Horizon
 * tells those of its own, from its last save to its next start; a worker those that nearly all of its metrics shared.
 *
 * An outage that all shared is taken for one only where no other of half its length began in the fourteen days before:
 * what comes again is how the site lives. Pure, but for what reads and tells. */
#ifndef RIDGELINE_OUTAGES_H
#define RIDGELINE_OUTAGES_H

#include <stddef.h>
#include <stdint.h>

#define OUTAGES_MAX 500
#define OUTAGES_AGE_S (30 * 86400) /* older ones are forgotten */
#define OUTAGES_LEAST_S 60         /* shorter ones make nobody more patient */
#define OUTAGES_TEXT_MAX 40

enum outage_kind { OUTAGE_OURS, OUTAGE_SHARED };

struct outage {
    uint32_t from, until; /* epoch s; from < until */
    enum outage_kind kind;
};

/* Invariant: in order, and none touches the next. */
struct outages {
    size_t n;
    struct outage list[OUTAGES_MAX];
};

/* An outage as it stands in Redis, "ours FROM UNTIL" or "shared FROM UNTIL", and back: 0, or -1 where that is none. */
void outages_format(char out[OUTAGES_TEXT_MAX], const struct outage *o);
int outages_parse(const char *text, size_t len, struct outage *o);

/* Makes the list of what was told, in any order and one over another; `told` gets sorted, and those beyond the first
 * OUTAGES_MAX are passed over. */
void outages_make(struct outages *o, struct outage *told, size_t n);

/* How many of the seconds from `from` to `until` were in an outage; 0 where `o` is NULL. */
uint32_t outages_overlap_s(const struct outages *o, uint32_t from, uint32_t until);

struct store;

/* Reads those that Redis has and that are over, of the newest OUTAGES_MAX. Returns 0, or -1 when Redis did not
 * answer, or refused: then `*o` stays as it was, and where the key is of another type. */
int outages_read(struct outages *o, struct store *s);

/* Adds one to Redis, and forgets the old ones. Telling it again changes nothing. Returns 0, where the key is of another
 * type, too, or -1. */
int outages_tell(struct store *s, const struct outage *o);

#endif
