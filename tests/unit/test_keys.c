#include <criterion/criterion.h>
#include <stdio.h>

#include "ridgeline/keys.h"

/* Marks what each worker of an analyzer owns, as a worker tells it. */
static void cover(unsigned owners[KEYS_SLOTS], unsigned shard, unsigned shards, unsigned n_workers)
{
    for (unsigned worker = 0; worker < n_workers; worker++) {
        struct keys_part part = keys_part(shard, shards, worker, n_workers);
        for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
            owners[slot] += keys_worker(slot, part.n) == part.index;
    }
}

Test(keys, shards_cover_each_slot_once_however_many_workers_each_analyzer_runs)
{
    srand(1);
    for (unsigned shards = 1; shards <= KEYS_SLOTS; shards++) {
        for (int round = 0; round < 20; round++) {
            unsigned owners[KEYS_SLOTS] = {0};
            for (unsigned shard = 0; shard < shards; shard++)
                cover(owners, shard, shards, 1 + (unsigned)rand() % keys_shard_slots(shard, shards));
            for (unsigned slot = 0; slot < KEYS_SLOTS; slot++)
                cr_assert_eq(owners[slot], 1, "slot %u of %u shards has %u owners", slot, shards, owners[slot]);
        }
    }
}

Test(keys, five_analyzers_share_metrics_evenly_and_none_is_left_out)
{
    enum { METRICS = 100000, SHARDS = 5, WORKERS = 2 };
    unsigned metrics[SHARDS] = {0}, owned = 0;
    for (unsigned i = 0; i < METRICS; i++) {
        char name[64];
        int len = snprintf(name, sizeof name, "servers.web%u.load", i);
        unsigned slot = keys_slot(keys_hash(name, (size_t)len));
        for (unsigned shard = 0; shard < SHARDS; shard++) {
            for (unsigned worker = 0; worker < WORKERS; worker++) {
                struct keys_part part = keys_part(shard, SHARDS, worker, WORKERS);
                bool is_owner = keys_worker(slot, part.n) == part.index;
                metrics[shard] += is_owner;
                owned += is_owner;
            }
        }
    }
    cr_assert_eq(owned, METRICS);
    for (unsigned shard = 0; shard < SHARDS; shard++) /* 12 or 13 of 64 slots */
        cr_assert(metrics[shard] > METRICS * 11 / 64 && metrics[shard] < METRICS * 14 / 64, "%u", metrics[shard]);
}

Test(keys, each_worker_of_a_shard_has_a_slot_when_there_are_no_more_than_its_slots)
{
    for (unsigned shards = 1; shards <= KEYS_SLOTS; shards++) {
        for (unsigned shard = 0; shard < shards; shard++) {
            unsigned n = keys_shard_slots(shard, shards);
            for (unsigned worker = 0; worker < n; worker++)
                cr_assert_lt(keys_part(shard, shards, worker, n).index, KEYS_SLOTS);
            cr_assert_geq(keys_part(shard, shards, n, n + 1).index, KEYS_SLOTS);
        }
    }
}
