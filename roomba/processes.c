/* Statistics go first, the entry that leads to them last: what fails in between
 * is done again after the next walk. */
#include "processes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/outages.h"

/* Whether `saved` is a time before `limit_s`. What is no time is left alone. */
static bool is_before(const redisReply *saved, int64_t limit_s)
{
    char *end;
    long long t = strtoll(saved->str, &end, 10);

    return end != saved->str && *end == '\0' && t < limit_s;
}

static bool is_horizon(const char *process)
{
    static const char name[] = "horizon";
    size_t len = sizeof name - 1;
    return strncmp(process, name, len) == 0 && (process[len] == '\0' || process[len] == '@');
}

/* A horizon that comes back must know when it saved last: it tells of the outage, and of what may be lost. */
static redisReply *drop_stats(struct store *s, const char *key, size_t len, const char *process)
{
    return is_horizon(process) ? store_command(s, "EXPIRE %b %d", key, len, OUTAGES_AGE_S)
                               : store_command(s, "DEL %b", key, len);
}

static int drop(struct store *s, const redisReply *process)
{
    char key[KEYS_MAX], quoted[128];

    if (process->len > KEYS_NAME_MAX || strlen(process->str) != process->len)
        return 0;
    size_t len = keys_stats(key, process->str);
    log_info("process_forgotten", "name=%s", log_quote(quoted, sizeof quoted, process->str, process->len));
    if (store_done(drop_stats(s, key, len, process->str)) < 0)
        return -1;
    return store_done(store_command(s, "HDEL " KEYS_PROCESSES " %b", process->str, process->len));
}

int processes_drop_gone(struct store *s, int64_t now_s)
{
    redisReply *r = store_command(s, "HGETALL " KEYS_PROCESSES);
    int result = store_ok(r) && r->type == REDIS_REPLY_ARRAY ? 0 : -1;

    for (size_t i = 0; result == 0 && i + 1 < r->elements; i += 2) {
        if (r->element[i]->type == REDIS_REPLY_STRING && r->element[i + 1]->type == REDIS_REPLY_STRING &&
            is_before(r->element[i + 1], now_s - PROCESSES_KEPT_S))
            result = drop(s, r->element[i]);
    }
    freeReplyObject(r);
    return result;
}
