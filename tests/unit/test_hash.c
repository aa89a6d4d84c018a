/* lib/hash.c, and uthash with it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/seeded_uthash.h"

#define CROWD 1024
#define PLAIN_BUCKETS 512

/* Names that uthash's own hash would have share one bucket. */
static size_t make_crowd(char names[CROWD][24])
{
    size_t n = 0;
    for (unsigned i = 0; n < CROWD; i++) {
        unsigned hash;
        int len = snprintf(names[n], sizeof names[n], "crowd.%u", i);
        HASH_JEN(names[n], (unsigned)len, hash);
        n += hash % PLAIN_BUCKETS == 5;
    }
    return n;
}

Test(hash, names_that_crowd_a_bucket_of_the_plain_hash_are_spread)
{
    static char names[CROWD][24];
    static unsigned in_bucket[CROWD];
    size_t n = make_crowd(names);
    unsigned most = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned hash, *bucket;
        HASH_FUNCTION(names[i], strlen(names[i]), hash);
        bucket = &in_bucket[hash % CROWD];
        most = ++*bucket > most ? *bucket : most;
    }
    cr_assert_leq(most, 16, "%u of %zu names share a bucket", most, n); /* by chance, 6 or so */
}

Test(hash, bytes_have_one_hash_under_a_seed_and_another_under_another)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char moved[sizeof text + 1];
    struct hash_seed one, other;
    hash_seed_init(&one);
    hash_seed_init(&other);
    memcpy(moved + 1, text, sizeof text);
    for (size_t len = 0; len < sizeof text; len++) {
        cr_assert_eq(hash_bytes(&one, text, len), hash_bytes(&one, moved + 1, len));
        cr_assert_neq(hash_bytes(&one, text, len), hash_bytes(&other, text, len), "%zu bytes", len);
        cr_assert(len == 0 || hash_bytes(&one, text, len) != hash_bytes(&one, text, len - 1), "%zu bytes", len);
        cr_assert_eq(hash_private(text, len), hash_private(moved + 1, len));
    }
}

struct named {
    UT_hash_handle hh;
    char name[24];
};

Test(hash, a_table_finds_what_is_in_it)
{
    static char names[CROWD][24];
    static struct named all[CROWD];
    struct named *table = NULL, *found;
    size_t n = make_crowd(names);
    for (size_t i = 0; i < n; i += 2) {
        memcpy(all[i].name, names[i], sizeof all[i].name);
        HASH_ADD_STR(table, name, &all[i]);
    }
    for (size_t i = 0; i < n; i++) {
        HASH_FIND_STR(table, names[i], found);
        cr_assert_eq(found, i % 2 ? NULL : &all[i]);
    }
    HASH_CLEAR(hh, table);
}
