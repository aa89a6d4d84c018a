#include "ridgeline/mutes_saved.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"

/* Takes the list's text, or none. Returns 1 when it is in force now. */
static int take(struct mutes_saved *m, const redisReply *text)
{
    char error[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    struct conf_mutes fresh = {.list = NULL};
    if (text->type == REDIS_REPLY_STRING && mutes_parse(&fresh, text->str, text->len, error) != 0) {
        log_error("mutes_rejected", "reason=%s kept=old", log_quote(quoted, sizeof quoted, error, strlen(error)));
        return 0;
    }
    mutes_free(&m->mutes);
    m->mutes = fresh;
    log_info("mutes_read", "mutes=%zu", fresh.n);
    return 1;
}

/* Whether there is another version. Returns 1, 0 (where Redis refuses to say, too), or -1 when it did not answer. */
static int has_changed(const struct mutes_saved *m, struct store *s)
{
    redisReply *r = store_command(s, "HGET " KEYS_MUTES " version");
    if (!r)
        return -1;
    int result = store_ok(r) && strcmp(r->type == REDIS_REPLY_STRING ? r->str : "", m->version) != 0;
    freeReplyObject(r);
    return result;
}

int mutes_saved_poll(struct mutes_saved *m, struct store *s)
{
    int result = has_changed(m, s);
    if (result <= 0)
        return result;
    redisReply *r = store_command(s, "HMGET " KEYS_MUTES " version list");
    if (!r)
        return -1;
    result = 0;
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
        const redisReply *version = r->element[0];
        snprintf(m->version, sizeof m->version, "%s", version->type == REDIS_REPLY_STRING ? version->str : "");
        result = take(m, r->element[1]);
    }
    freeReplyObject(r);
    return result;
}

void mutes_saved_fini(struct mutes_saved *m)
{
    mutes_free(&m->mutes);
    *m = (struct mutes_saved){.version = ""};
}
