/* HINCRBY adds up whatever workers and analyzers there are. That the hash is there says that the hour was measured:
 * each worker makes it once an hour, whether or not something was told. It is kept for a day longer than the 14
 * that count, for readers whose clock lags. */
#include "analyzer/crossings.h"

#include "ridgeline/keys.h"

#define KEEP_S "1296000" /* 15 days */
#define HOUR_MS 3600000

void crossings_add(struct crossings *c, int from, int to)
{
    budget_cross(c->change, from, to);
    c->due = true;
}

/* Sends the changes, and level 0 in any case where the hour is `fresh`. Returns how many commands that are. */
static unsigned append_changes(struct crossings *c, struct store *s, const char *key, bool fresh)
{
    unsigned n = 0;
    c->due = false;
    for (int level = 0; level < BUDGET_LEVELS; level++) {
        if (c->change[level] == 0 && !(fresh && level == 0))
            continue;
        if (store_append(s, "HINCRBY %s %d %lld", key, level, (long long)c->change[level]) != 0) {
            c->due = true;
            break;
        }
        c->change[level] = 0;
        n++;
    }
    return n;
}

unsigned crossings_flush(struct crossings *c, struct store *s, int64_t now_wall_ms)
{
    char key[KEYS_MAX];
    int64_t hour = now_wall_ms / HOUR_MS;
    bool fresh = hour != c->hour;
    unsigned lost = 0;
    if (!fresh && !c->due)
        return 0;
    keys_crossings(key, hour);
    unsigned sent = append_changes(c, s, key, fresh);
    bool expires = fresh && store_append(s, "EXPIRE %s " KEEP_S, key) == 0;
    for (unsigned i = 0; i < sent; i++)
        lost += store_done(store_reply(s)) != 0;
    if (expires && store_done(store_reply(s)) == 0)
        c->hour = hour;
    return lost;
}
