/* Every Redis key name that Ridgeline uses is made here; docs/REDIS.md lists
 * each with its type, writer, readers, bytes and life time.
 *
 * A metric's name hashes to one of KEYS_SLOTS slots, and a slot to one worker:
 * so each slot's keys have one writer, however many workers there are. */
#ifndef RIDGELINE_KEYS_H
#define RIDGELINE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS_SLOTS 64

/* Longest metric name that any setting may allow, in bytes. */
#define KEYS_NAME_MAX 1024

/* Room for any key with its NUL. */
#define KEYS_MAX (KEYS_NAME_MAX + 64)

#define KEYS_METRIC_PREFIX "metrics."                 /* string: raw tail of one metric */
#define KEYS_UNIQUE "metrics.unique_metrics"          /* set: "metrics.<name>" of each metric */
#define KEYS_NAMES "ridgeline:names"                  /* stream, capped: name in field "n", new, or "f", forgotten */
#define KEYS_OVERRIDES "ridgeline:overrides"          /* hash: version, list (JSON) */
#define KEYS_MUTES "ridgeline:mutes"                  /* hash: version, list (JSON) */
#define KEYS_MARKS "ridgeline:marks"                  /* zset: mark (JSON) -> epoch s */
#define KEYS_OUTAGES "ridgeline:outages"              /* zset: outage (outages.h) -> epoch s of its end */
#define KEYS_OVERRIDES_HISTORY "ridgeline:overrides:history" /* stream, capped: field "json" = one change */
#define KEYS_PROCESSES "ridgeline:processes"          /* hash: process -> epoch s of its last save */
#define KEYS_LEASE_ROOMBA "ridgeline:lease:roomba"    /* string with expiry: holder */
#define KEYS_LEASE_ALERTER "ridgeline:lease:alerter"  /* string with expiry: holder */
#define KEYS_ALERTER "ridgeline:alerter"              /* hash: cursor:<slot>, and what else the alerter remembers */
#define KEYS_ALERTER_DESK "desk"                     /* field of that hash: the last entry taken of */
#define KEYS_ALERTER_LIMITS "limits"                 /* field of that hash: epoch s, all due before were looked at */
#define KEYS_DESK "ridgeline:desk"                    /* stream, capped: field json, what people say of incidents */
#define KEYS_OUTLOOK "ridgeline:outlook"              /* hash: metric -> JSON, when it will reach its limit */
#define KEYS_LIMITS "ridgeline:limits"                /* hash: metric -> JSON, the limit that it showed (limit.h) */
#define KEYS_SECRET "ridgeline:secret"                /* string: 64 hex digits that sign tickets */
#define KEYS_INCIDENTS_OPEN "ridgeline:incidents:open"     /* sorted set: id -> start */
#define KEYS_INCIDENTS_CLOSED "ridgeline:incidents:closed" /* sorted set: id -> end */
#define KEYS_INCIDENTS_EVENTS "ridgeline:incidents:events" /* stream: kind, id, json */

/* Each writes a NUL-terminated key to `out` and returns its length. Names are
 * at most KEYS_NAME_MAX bytes (programmer error otherwise). */
size_t keys_metric(char out[KEYS_MAX], const char *name, size_t name_len);
size_t keys_rollup(char out[KEYS_MAX], const char *name, size_t name_len);  /* string: coarse history (rollup.h) */
size_t keys_record(char out[KEYS_MAX], const char *name, size_t name_len);  /* hash: saved worker records */
size_t keys_open(char out[KEYS_MAX], unsigned slot);                        /* hash: id -> anomaly JSON */
size_t keys_events(char out[KEYS_MAX], unsigned slot);                      /* stream: openings, updates, closings */
size_t keys_states(char out[KEYS_MAX], unsigned slot);                      /* string: metrics' states (roster.h) */
size_t keys_crossings(char out[KEYS_MAX], int64_t hour);                    /* hash: score -> change of the count */
size_t keys_incident(char out[KEYS_MAX], const char *id);                   /* hash: head, told, m:<anomaly id> */
size_t keys_outbox(char out[KEYS_MAX], const char *channel);                /* stream: a channel's messages that wait */
size_t keys_dead(char out[KEYS_MAX], const char *channel);                  /* stream: those that were given up */
size_t keys_firing(char out[KEYS_MAX], const char *channel);                /* hash: dedup_key -> last message */
size_t keys_sent(char out[KEYS_MAX], const char *channel, const char *id);  /* string with expiry */
size_t keys_lease_channel(char out[KEYS_MAX], const char *channel);         /* string with expiry: holder */
size_t keys_stats(char out[KEYS_MAX], const char *process);                 /* hash: counters of one process */

/* FNV-1a with a final avalanche (Fowler, Noll, Vo; finaliser of MurmurHash3). Stable
 * across releases: slots on disk depend on it. */
uint64_t keys_hash(const char *name, size_t len);

unsigned keys_slot(uint64_t hash);                       /* 0 .. KEYS_SLOTS - 1 */
unsigned keys_worker(unsigned slot, unsigned n_workers); /* who owns a slot; n_workers from 1 */

/* One of `n` parts of the slots: those with keys_worker(slot, n) == index. */
struct keys_part {
    unsigned index, n;
};

/* The part of worker 0 .. n_workers - 1 of the analyzer that has shard 0 .. shards - 1: the parts of all analyzers'
 * workers cover each slot once, however many workers each of them runs. */
struct keys_part keys_part(unsigned shard, unsigned shards, unsigned worker, unsigned n_workers);

/* How many slots a shard has: more workers would have nothing to do. */
unsigned keys_shard_slots(unsigned shard, unsigned shards);

#endif
