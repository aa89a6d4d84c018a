/* What a worker tells of the states of all its metrics: one roster a slot, in Redis. */
#ifndef ANALYZER_ROSTERS_H
#define ANALYZER_ROSTERS_H

#include "analyzer/shard.h"
#include "ridgeline/keys.h"
#include "ridgeline/roster.h"
#include "ridgeline/store.h"

#define ROSTERS_EVERY_MS 5000 /* a slot's roster is written no oftener than this */

struct rosters_slot { /* Invariant: entry i of `roster` is of members[i], whose roster_place is i + 1 */
    struct roster roster;
    struct metric **members;
    size_t cap;
    bool changed;
    int64_t due_mono_ms;
};

struct rosters {
    struct rosters_slot slots[KEYS_SLOTS]; /* those of other workers stay empty */
};

/* Of the worker's slots each is due at a time of its own. */
void rosters_init(struct rosters *r, const struct shard *shard, int64_t now_mono_ms);
void rosters_fini(struct rosters *r);

/* Takes down the state of a metric. One for which memory is out is taken up with its next call. */
void rosters_set(struct rosters *r, struct metric *m, enum engine_state state);

/* Takes the metric out; before its removal. */
void rosters_drop(struct rosters *r, struct metric *m);

/* A new connection: all are to be written again, for Redis may have lost some. */
void rosters_restart(struct rosters *r, const struct shard *shard);

/* Writes one that has changed and is due, if there is one. Returns 0, or -1 when Redis did not take it: it stays
 * changed. */
int rosters_turn(struct rosters *r, struct store *s, int64_t now_mono_ms, int64_t now_wall_ms);

#endif
