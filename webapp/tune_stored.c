#include "webapp/tune_stored.h"

#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"

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
    *s = (struct tune_stored){.list = NULL};
    redisReply *r = versioned_read(store, KEYS_OVERRIDES, s->version);
    if (!r)
        return -1;
    take_list(s, r->element[1]);
    freeReplyObject(r);
    return s->list ? 0 : -1;
}

int tune_stored_swap(const struct tune_stored *s, struct store *store)
{
    return versioned_swap(store, KEYS_OVERRIDES, s->version, s->list);
}
