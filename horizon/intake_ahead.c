/* With a quarter of a million metrics nearly every line misses the cache, at its place in a table and again at its
 * entry. So the names of some lines are hashed before the first of them is taken, and what they will be looked up in
 * comes from memory for all of them at a time.
 *
 * It is a guess: a name is taken as it stands, up to the first blank or colon. For one that is cleaned, sorted or
 * refused later the wrong thing was fetched, which costs time and nothing else. */
#include <string.h>

#include "intake.h"

#define LINES 32 /* what is fetched for so many, some 10 KB, stays in a first-level cache until it is used */

static const char *find(const char *p, const char *end, char c)
{
    return memchr(p, c, (size_t)(end - p));
}

const char *intake_ahead(const struct intake *in, enum intake_listener listener, const char *bytes, const char *end)
{
    const bool samples = listener >= INTAKE_LISTENERS_N;
    const struct table *table = samples ? &in->statsd.table.by_name : &in->names.table;
    uint64_t hashes[LINES];
    unsigned n = 0;
    while (bytes < end && n < LINES) {
        const char *name_end = find(bytes, end, samples ? ':' : ' ');
        const char *newline = name_end ? find(name_end, end, '\n') : NULL;
        if (name_end) {
            hashes[n] = table_hash(table, bytes, (size_t)(name_end - bytes));
            table_fetch_place(table, hashes[n++]);
        }
        bytes = newline ? newline + 1 : end;
    }
    for (unsigned i = 0; i < n; i++)
        table_fetch_entry(table, hashes[i]);
    return bytes;
}
