#include "ridgeline/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static size_t join(char out[KEYS_MAX], const char *prefix, const char *name, size_t name_len)
{
    size_t prefix_len = strlen(prefix);
    assert(name_len <= KEYS_NAME_MAX);
    memcpy(out, prefix, prefix_len);
    memcpy(out + prefix_len, name, name_len);
    out[prefix_len + name_len] = '\0';
    return prefix_len + name_len;
}

size_t keys_metric(char out[KEYS_MAX], const char *name, size_t name_len)
{
    return join(out, KEYS_METRIC_PREFIX, name, name_len);
}

size_t keys_rollup(char out[KEYS_MAX], const char *name, size_t name_len)
{
    return join(out, "rollup.", name, name_len);
}

size_t keys_record(char out[KEYS_MAX], const char *name, size_t name_len)
{
    return join(out, "ridgeline:record:", name, name_len);
}

size_t keys_open(char out[KEYS_MAX], unsigned slot)
{
    return (size_t)snprintf(out, KEYS_MAX, "ridgeline:open:%u", slot);
}

size_t keys_events(char out[KEYS_MAX], unsigned slot)
{
    return (size_t)snprintf(out, KEYS_MAX, "ridgeline:events:%u", slot);
}

size_t keys_states(char out[KEYS_MAX], unsigned slot)
{
    return (size_t)snprintf(out, KEYS_MAX, "ridgeline:states:%u", slot);
}

size_t keys_crossings(char out[KEYS_MAX], int64_t hour)
{
    return (size_t)snprintf(out, KEYS_MAX, "ridgeline:crossings:%" PRId64, hour);
}

size_t keys_incident(char out[KEYS_MAX], const char *id)
{
    return join(out, "ridgeline:incident:", id, strlen(id));
}

size_t keys_stats(char out[KEYS_MAX], const char *process)
{
    return join(out, "ridgeline:stats:", process, strlen(process));
}

uint64_t keys_hash(const char *name, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        h ^= (unsigned char)name[i];
        h *= UINT64_C(0x100000001b3);
    }
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    h ^= h >> 33;
    return h;
}

unsigned keys_slot(uint64_t hash)
{
    return (unsigned)(hash % KEYS_SLOTS);
}

unsigned keys_worker(unsigned slot, unsigned n_workers)
{
    return slot % n_workers;
}

/* A shard's slots are shard, shard + shards, ..., of which each worker takes every n_workers-th. */
struct keys_part keys_part(unsigned shard, unsigned shards, unsigned worker, unsigned n_workers)
{
    return (struct keys_part){.index = shard + shards * worker, .n = shards * n_workers};
}

unsigned keys_shard_slots(unsigned shard, unsigned shards)
{
    return (KEYS_SLOTS - shard + shards - 1) / shards;
}
