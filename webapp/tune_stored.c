/* Overrides are one JSON list with a version beside it, in one hash. A change reads both,
 * edits the list, and puts it back by a script that does so only if the version still
 * stands: two operators who save at once both get their change in. */
#include "webapp/tune_stored.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"

static const char swap_source[] = "if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end\n"
                                  "redis.call('HSET', KEYS[1], 'list', ARGV[2])\n"
                                  "redis.call('HINCRBY', KEYS[1], 'version', 1)\n"
                                  "return 1\n";

void tune_stored_fini(struct tune_stored *s)
{
    json_decref(s->list);
    conf_rules_free(&s->rules);
    *s = (struct tune_stored){.list = NULL};
}

/* Takes the list's text; one that does not parse counts as empty. */
static void take_list(struct tune_stored *s, const redisReply *text)
{
    char error[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    if (text->type == REDIS_REPLY_STRING) {
        if (conf_overrides_parse(&s->rules, text->str, text->len, error) == 0)
            s->list = json_loadb(text->str, text->len, 0, NULL);
        else
            log_warning("overrides_unreadable", "reason=%s", log_quote(quoted, sizeof quoted, error, strlen(error)));
        s->unreadable = !s->list;
    }
    if (!s->list)
        s->list = json_array();
}

int tune_stored_read(struct tune_stored *s, struct store *store)
{
    *s = (struct tune_stored){.version = "0"};
    redisReply *r = store_command(store, "HMGET " KEYS_OVERRIDES " version list");
    int result = -1;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
        const redisReply *version = r->element[0];
        if (version->type == REDIS_REPLY_STRING && version->len < sizeof s->version)
            memcpy(s->version, version->str, version->len + 1);
        take_list(s, r->element[1]);
        result = s->list ? 0 : -1;
    }
    if (r)
        freeReplyObject(r);
    return result;
}

int tune_stored_swap(const struct tune_stored *s, struct store *store)
{
    struct store_script script = {.source = swap_source}; /* not shared: threads */
    char *text = json_dumps(s->list, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!text)
        return -1;
    const char *argv[] = {s->version, text};
    size_t lens[] = {strlen(s->version), strlen(text)};
    redisReply *r = store_eval(store, &script, KEYS_OVERRIDES, strlen(KEYS_OVERRIDES), 2, argv, lens);
    int result = store_ok(r) && r->type == REDIS_REPLY_INTEGER ? r->integer == 1 : -1;
    if (r)
        freeReplyObject(r);
    free(text);
    return result;
}
