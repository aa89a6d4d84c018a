/* Each change of an anomaly is an entry of its slot's stream, with whole verdicts of its opening, its peak and its
 * closing. The first that tells of a moment was written soon after it, or by an import later: so the stream is read
 * forwards from there. Its cap bounds the reading. */
#include <stdio.h>
#include <string.h>

#include "ridgeline/anomaly_outline.h"
#include "ridgeline/history.h"
#include "ridgeline/keys.h"

#define ENTRIES_PER_READ 256
#define AHEAD_S 86400 /* data may be ahead of the clock that stamps events, by max_future */
#define STREAM_ID_MAX 44

/* What is looked for, and how far the stream has been read. */
struct search {
    const char *name;
    size_t len;
    uint32_t at;
    char after[STREAM_ID_MAX]; /* a first id, or "(" and the last that was read */
    struct anomaly *found;
};

/* Whether the text is such an anomaly's; `*s->found` is then that. A silence's verdicts are of no point. */
static bool tells(struct search *s, const redisReply *text)
{
    struct anomaly_outline o;
    struct anomaly *a = s->found;
    if (anomaly_outline_from_text(&o, text->str, text->len) != 0 || strlen(o.metric) != s->len ||
        memcmp(o.metric, s->name, s->len) != 0 || o.start > s->at || anomaly_from_text(a, text->str, text->len) != 0)
        return false;
    if (a->opened.state == ENGINE_STALE)
        return false;
    return a->opened.t == s->at || a->peak.t == s->at || (a->closed.t > 0 && a->closed.t == s->at);
}

/* Takes one entry, [id, [field, value, ...]]. Returns 0 when it tells of the moment, 1 when not, -1 when it is none. */
static int take_entry(struct search *s, const redisReply *entry)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[0]->len + 2 > STREAM_ID_MAX || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return -1;
    snprintf(s->after, sizeof s->after, "(%s", entry->element[0]->str);
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *field = fields->element[i], *value = fields->element[i + 1];
        if (field->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
            strcmp(field->str, "json") == 0 && tells(s, value))
            return 0;
    }
    return 1;
}

/* Reads on. Returns 0 when found, 1 when it may come, 2 when there is no more to read, -1 when Redis did not answer. */
static int read_on(struct search *s, struct store *store, const char *key)
{
    redisReply *r = store_command(store, "XRANGE %s %s + COUNT %d", key, s->after, ENTRIES_PER_READ);
    if (!r)
        return -1;
    int result = 2;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY) {
        int taken = 1;
        for (size_t i = 0; i < r->elements && taken == 1; i++)
            taken = take_entry(s, r->element[i]);
        result = taken == 0 ? 0 : taken == 1 && r->elements == ENTRIES_PER_READ ? 1 : 2;
    }
    freeReplyObject(r);
    return result;
}

int history_recorded(struct store *s, const char *name, size_t len, uint32_t at, struct anomaly *a)
{
    char key[KEYS_MAX];
    struct search search = {.name = name, .len = len, .at = at, .found = a};
    int result;
    keys_events(key, keys_slot(keys_hash(name, len)));
    snprintf(search.after, sizeof search.after, "%lld", (at > AHEAD_S ? (long long)at - AHEAD_S : 0) * 1000);
    do
        result = read_on(&search, s, key);
    while (result == 1);
    return result == 2 ? 1 : result;
}
