/* The names that horizon knows: one entry per metric, bounded. Pure.
 *
 * An entry remembers what would cost too much for every point: whether deny and
 * allow let the name pass, when it was announced last, and where in the queue its
 * newest points wait. A name that stays silent gives its place to others. */
#ifndef RIDGELINE_HORIZON_NAMES_H
#define RIDGELINE_HORIZON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

#define NAMES_ANNOUNCE_S 3600 /* a name is announced again once in this time, spread by its hash */

struct names_entry;
struct queue;
struct queue_metric;

struct names {
    struct table table;
    size_t max;
    size_t sweep;   /* the place where the next names_sweep goes on */
    uint32_t round; /* a new one asks for every name to be announced again */
};

void names_init(struct names *names, size_t max);
void names_fini(struct names *names);

/* NULL when the name is not known. `hash` is its table_hash. */
struct names_entry *names_find(const struct names *names, uint64_t hash, const char *name, size_t len);

/* Adds a name that is not known. NULL at the bound or when memory is out. */
struct names_entry *names_add(struct names *names, uint64_t hash, const char *name, size_t len);

/* The metric as the queue takes it; it lies as long as the entry. */
struct queue_metric *names_metric(struct names_entry *e);

/* The verdict of the globs in the settings of `generation`: 1 pass, 0 refused, -1 not asked yet. */
int names_verdict(const struct names_entry *e, uint32_t generation);
void names_set_verdict(struct names_entry *e, uint32_t generation, bool pass);

/* Notes a point at `now_s`. Returns whether the name is to be announced with it; if so
 * it counts as announced. */
bool names_touch(struct names *names, struct names_entry *e, uint32_t now_s);

/* The metric of a name; if it is not known it is added, or not: as asked. NULL when it is not known, at the bound or
 * when memory is out. */
struct queue_metric *names_known(struct names *names, const char *name, size_t len, bool adds);

/* Takes an announcement back that was lost. */
void names_unannounce(struct queue_metric *metric);

/* Every name is announced again with its next point: Redis may have lost what it was told. */
void names_announce_all(struct names *names);

/* Looks at up to `n` places of the table, one after the other from call to call, and forgets the names with
 * no point since `silent_since_s` of which the queue holds nothing. */
void names_sweep(struct names *names, size_t n, uint32_t silent_since_s, const struct queue *q);

#endif
