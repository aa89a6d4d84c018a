#include <stdio.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/outages.h"
#include "ridgeline/store.h"

#define AHEAD_S 60 /* the clocks of two machines differ */

/* Whoever told of one that goes on had a clock that was ahead: it would excuse all that dies until then. */
static bool is_over(const struct outage *o)
{
    return o->until <= clock_wall_s() + AHEAD_S;
}

int outages_read(struct outages *o, struct store *s)
{
    struct outage told[OUTAGES_MAX];
    size_t n = 0;
    redisReply *r = store_command(s, "ZREVRANGE " KEYS_OUTAGES " 0 %d", OUTAGES_MAX - 1);
    bool listed = store_ok(r) && r->type == REDIS_REPLY_ARRAY;
    int result = listed || store_is_foreign(r) ? 0 : -1;
    for (size_t i = 0; listed && i < r->elements && n < OUTAGES_MAX; i++) {
        const redisReply *e = r->element[i];
        n += e->type == REDIS_REPLY_STRING && outages_parse(e->str, e->len, &told[n]) == 0 && is_over(&told[n]);
    }
    freeReplyObject(r);
    if (listed)
        outages_make(o, told, n);
    return result;
}

int outages_tell(struct store *s, const struct outage *o)
{
    char text[OUTAGES_TEXT_MAX];
    long long forgotten = (long long)o->until - OUTAGES_AGE_S;
    outages_format(text, o);
    if (store_noted(store_command(s, "ZADD " KEYS_OUTAGES " %lld %s", (long long)o->until, text)) != 0 ||
        store_noted(store_command(s, "ZREMRANGEBYSCORE " KEYS_OUTAGES " -inf (%lld", forgotten)) != 0)
        return -1;
    return store_noted(store_command(s, "ZREMRANGEBYRANK " KEYS_OUTAGES " 0 %d", -OUTAGES_MAX - 1));
}
