#include "analyzer/tuning.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"

/* "" stands for none. Returns 0, 1 when Redis answered with an error, -1 when it did not answer. */
static int read_version(struct store *s, char *version, size_t bytes)
{
    if (store_append(s, "HGET " KEYS_OVERRIDES " version") != 0)
        return -1;
    redisReply *r = store_reply(s);
    int result = !r ? -1 : store_ok(r) ? 0 : 1;
    if (result == 0)
        snprintf(version, bytes, "%s", r->type == REDIS_REPLY_STRING ? r->str : "");
    freeReplyObject(r);
    return result;
}

/* Returns 0, 1 when there is no list that parses, -1 when Redis did not answer. */
static int read_list(struct store *s, struct conf_rules *fresh)
{
    char error[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    if (store_append(s, "HGET " KEYS_OVERRIDES " list") != 0)
        return -1;
    redisReply *r = store_reply(s);
    int result = !r ? -1 : store_ok(r) ? 0 : 1;
    if (result == 0 && r->type == REDIS_REPLY_STRING && conf_overrides_parse(fresh, r->str, r->len, error) != 0) {
        log_error("overrides_rejected", "reason=%s kept=old", log_quote(quoted, sizeof quoted, error, strlen(error)));
        result = 1;
    }
    freeReplyObject(r);
    return result;
}

int tuning_poll(struct tuning *t, struct store *s, struct conf_rules *rules)
{
    char version[sizeof t->version];
    struct conf_rules fresh = {0};
    int result = read_version(s, version, sizeof version);
    if (result != 0)
        return result < 0 ? -1 : 0;
    if (strcmp(version, t->version) == 0)
        return 0;
    result = read_list(s, &fresh);
    if (result < 0)
        return -1;
    memcpy(t->version, version, sizeof version);
    if (result > 0)
        return 0;
    conf_rules_free(rules);
    *rules = fresh;
    log_info("overrides_read", "overrides=%zu", rules->n);
    return 1;
}
