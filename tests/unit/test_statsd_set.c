#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/statsd_set.h"
#include "ridgeline/keys.h"

static struct statsd_pool pool;
static struct statsd_set set;

static void set_up(void)
{
    pool = (struct statsd_pool){.max_bytes = 1 << 20, .set_values_max = 5000};
    memset(&set, 0, sizeof set);
}

TestSuite(statsd_set, .init = set_up);

static bool add(unsigned value)
{
    char text[32];
    return statsd_set_add(&set, keys_hash(text, (size_t)sprintf(text, "user-%u", value)), &pool);
}

Test(statsd_set, counts_what_is_different)
{
    bool seen[5000] = {false};
    uint32_t different = 0;
    srand(5);
    for (int i = 0; i < 20000; i++) {
        unsigned value = (unsigned)rand() % 5000;
        different += !seen[value];
        seen[value] = true;
        cr_assert(add(value));
        cr_assert_eq(set.n, different);
    }
    statsd_set_clear(&set, &pool);
    cr_assert_eq(set.n, 0u);
    cr_assert(add(1) && set.n == 1);
    statsd_set_fini(&set, &pool);
    cr_assert_eq(pool.held_bytes, 0u);
}

Test(statsd_set, takes_a_hash_of_zero_for_one_value)
{
    cr_assert(statsd_set_add(&set, 0, &pool) && statsd_set_add(&set, 0, &pool));
    cr_assert_eq(set.n, 1u);
    statsd_set_fini(&set, &pool);
}

Test(statsd_set, refuses_only_new_values_at_its_bound)
{
    pool.set_values_max = 100;
    for (unsigned i = 0; i < 200; i++)
        cr_assert_eq(add(i), i < 100, "%u", i);
    for (unsigned i = 0; i < 100; i++)
        cr_assert(add(i));
    cr_assert_eq(set.n, 100u);
    statsd_set_fini(&set, &pool);
}

Test(statsd_set, refuses_new_values_where_the_pool_is_full)
{
    pool.max_bytes = 1000;
    unsigned taken = 0;
    while (taken < 5000 && add(taken))
        taken++;
    cr_assert(taken >= 12 && taken < 5000, "%u", taken);
    cr_assert_eq(set.n, taken);
    cr_assert(add(0));
    cr_assert_leq(pool.held_bytes, pool.max_bytes + STATSD_POOL_FIRST_BYTES);
    statsd_set_fini(&set, &pool);
}

Test(statsd_set, gives_memory_back_that_it_does_not_use)
{
    for (unsigned i = 0; i < 5000; i++)
        cr_assert(add(i));
    const uint64_t *slots = set.slots;
    statsd_set_clear(&set, &pool);
    cr_assert_eq(set.slots, slots);
    cr_assert(add(1));
    statsd_set_clear(&set, &pool);
    cr_assert_eq(pool.held_bytes, 0u, "one of thousands");
    cr_assert(add(1));
    statsd_set_clear(&set, &pool);
    cr_assert_eq(pool.held_bytes, STATSD_POOL_FIRST_BYTES);
    statsd_set_clear(&set, &pool);
    cr_assert_eq(pool.held_bytes, 0u, "an idle interval");
}
