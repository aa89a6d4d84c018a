/* Daemons that were started together have the same to say: they are named in one sentence. Workers and channels
 * ("analyzer.3", "alerter.ops") belong to a daemon that says it for them. */
#include "webapp/daemons.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/conf.h"
#include "ridgeline/log.h"

#define TWIN_TOLD_MS 10000 /* each of the two sees the other nearly every second */

static bool is_daemon(const struct process *p)
{
    return p->alive && p->defs && !strchr(p->name, '.');
}

/* What the daemon says in this field; "" for nothing, and of what is no daemon. */
static const char *says(const struct process *p, const char *field)
{
    const char *text = is_daemon(p) ? processes_text(p, field) : NULL;
    return text ? text : "";
}

/* The names of the daemons from number `first` on that say `text` in `field`, with commas. Returns `out`. */
static char *who_says(const struct processes *p, size_t first, const char *field, const char *text, char *out,
                      size_t out_bytes)
{
    size_t used = 0;
    *out = '\0';
    for (size_t i = first; i < p->n && used < out_bytes; i++)
        if (strcmp(says(&p->list[i], field), text) == 0)
            used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", used > 0 ? ", " : "", p->list[i].name);
    return out;
}

/* Names a file may have that are no UTF-8: then as the log writes it. */
static void append(json_t *list, const char *sentence)
{
    char quoted[2 * CONF_ERROR_MAX];
    json_t *string = json_string(sentence);
    json_array_append_new(list, string ? string
                                       : json_string(log_quote(quoted, sizeof quoted, sentence, strlen(sentence))));
}

/* What daemons say in `field`, each text once, behind `intro` and the names of those who say it. */
static void add_said(json_t *list, const struct processes *p, const char *field, const char *intro)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *reason = says(&p->list[i], field);
        bool told = *reason == '\0';
        for (size_t before = 0; before < i && !told; before++)
            told = strcmp(says(&p->list[before], field), reason) == 0;
        if (told)
            continue;
        char sentence[2 * CONF_ERROR_MAX], names[256];
        snprintf(sentence, sizeof sentence, "%s (%s): %s", intro,
                 who_says(p, i, field, reason, names, sizeof names), reason);
        append(list, sentence);
    }
}

/* Whether another process was seen lately that saves under this one's name. */
static bool has_twin(const struct process *p, int64_t now_wall_ms)
{
    uint64_t at_ms;
    return is_daemon(p) && processes_number(p, "twin_at_ms", &at_ms) && at_ms < INT64_MAX &&
           now_wall_ms - (int64_t)at_ms < TWIN_TOLD_MS;
}

/* "4711@web1" of "4711@web1:1700000000000". */
static int identity_len(const char *identity)
{
    return (int)strcspn(identity, ":");
}

static void add_twins(json_t *list, const struct processes *p, int64_t now_wall_ms)
{
    char sentence[1024], names[256];
    size_t used = 0;
    const struct process *first = NULL;
    for (size_t i = 0; i < p->n && used < sizeof names; i++) {
        if (!has_twin(&p->list[i], now_wall_ms))
            continue;
        first = first ? first : &p->list[i];
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", p->list[i].name);
    }
    if (!first)
        return;
    const char *one = says(first, "owner"), *other = says(first, "twin");
    snprintf(sentence, sizeof sentence,
             "two processes on this Redis have one name and overwrite each other's figures: %s (%s is %.*s and %.*s); "
             "give one Ridgeline another instance, or a Redis of its own",
             names, first->name, identity_len(one), one, identity_len(other), other);
    append(list, sentence);
}

void daemons_problems(json_t *list, const struct processes *p, int64_t now_wall_ms)
{
    add_said(list, p, "settings_refused", "settings refused, the old ones stay in force");
    add_said(list, p, "settings_pending", "settings changed that need a restart");
    add_twins(list, p, now_wall_ms);
}
