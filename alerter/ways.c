#include "alerter/ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/routing.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define FIELD "way:"

static bool reaches(const struct alert_settings *alert, const struct channel_settings *channel)
{
    return conf_globs_match(&alert->channels, channel->name, strlen(channel->name));
}

static struct ways_one *add(struct ways *w, const struct settings *settings, const char *alert, size_t channel)
{
    struct ways_one *way = &w->list[w->n++];

    *way = (struct ways_one){.channel = channel, .parts = ALERTS_BY_INCIDENT};
    snprintf(way->field, sizeof way->field, ROUTING_FIELD "%s:%s", alert, settings->channels.list[channel].name);
    return way;
}

static void add_present(struct ways *w, const struct settings *settings)
{
    for (size_t a = 0; a < settings->alerts.n; a++)
        for (size_t c = 0; c < settings->channels.n; c++) {
            const struct alert_settings *alert = &settings->alerts.list[a];
            if (!reaches(alert, &settings->channels.list[c]))
                continue;
            struct ways_one *way = add(w, settings, alert->name, c);
            way->alert = alert;
            way->alert_index = a;
            if (alerts_group_parts(alert->group_by, &way->parts) < 0)
                way->parts = ALERTS_BY_INCIDENT;
        }
}

/* `*w` has room for it, and does not move: its alert is within. */
static void add_former(struct ways *w, const struct settings *settings, const char *alert, size_t channel,
                       bool send_resolved)
{
    struct ways_one *way = add(w, settings, alert, channel);

    way->is_former = true;
    snprintf(way->former_name, sizeof way->former_name, "%s", alert);
    way->former = (struct alert_settings){.name = way->former_name, .send_resolved = send_resolved};
    way->alert = &way->former;
}

/* Of a field `way:<alert>:<channel>` the names. False when it is none. */
static bool read_field(const char *field, char alert[CHANNEL_NAME_MAX + 1], char channel[CHANNEL_NAME_MAX + 1])
{
    const char *name = field + sizeof FIELD - 1;

    if (strncmp(field, FIELD, sizeof FIELD - 1) != 0)
        return false;
    size_t len = strcspn(name, ":");
    if (name[len] != ':' || len > CHANNEL_NAME_MAX || strlen(name + len + 1) > CHANNEL_NAME_MAX)
        return false;
    snprintf(alert, CHANNEL_NAME_MAX + 1, "%.*s", (int)len, name);
    snprintf(channel, CHANNEL_NAME_MAX + 1, "%s", name + len + 1);
    return channels_name_ok(alert) && channels_name_ok(channel);
}

static const struct ways_one *find(const struct ways *w, const struct settings *settings, const char *alert,
                                   const char *channel)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->list[i].alert->name, alert) == 0 &&
            strcmp(settings->channels.list[w->list[i].channel].name, channel) == 0)
            return &w->list[i];
    return NULL;
}

static bool find_channel(const struct settings *settings, const char *name, size_t *channel)
{
    for (*channel = 0; *channel < settings->channels.n; (*channel)++)
        if (strcmp(settings->channels.list[*channel].name, name) == 0)
            return true;
    return false;
}

/* Takes a saved way that settings do not have: one whose channel is gone leads nowhere. */
static int take_saved(struct ways *w, struct store *s, const struct settings *settings, const redisReply *field,
                      const redisReply *value)
{
    char alert[CHANNEL_NAME_MAX + 1], channel[CHANNEL_NAME_MAX + 1];
    size_t c;

    if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
        !read_field(field->str, alert, channel) || find(w, settings, alert, channel))
        return 0;
    if (!find_channel(settings, channel, &c))
        return store_done(store_command(s, "HDEL " KEYS_ALERTER " %s", field->str));
    add_former(w, settings, alert, c, strcmp(value->str, "quiet") != 0);
    return 0;
}

/* Each with whether its ends are told. */
static int save_present(const struct ways *w, struct store *s, const struct settings *settings)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < w->n; i++)
        result = store_done(store_command(s, "HSET " KEYS_ALERTER " " FIELD "%s:%s %s", w->list[i].alert->name,
                                    settings->channels.list[w->list[i].channel].name,
                                    w->list[i].alert->send_resolved ? "resolved" : "quiet"));
    return result;
}

int ways_load(struct ways *w, struct store *s, const struct settings *settings)
{
    redisReply *saved = store_expect(store_command(s, "HGETALL " KEYS_ALERTER), REDIS_REPLY_ARRAY);
    size_t n_saved = saved ? saved->elements / 2 : 0;
    int result = -1;

    *w = (struct ways){.list = NULL};
    if (saved)
        w->list = calloc(settings->alerts.n * settings->channels.n + n_saved + 1, sizeof *w->list);
    if (w->list) {
        add_present(w, settings);
        result = save_present(w, s, settings);
    }
    for (size_t i = 0; result == 0 && i < n_saved; i++)
        result = take_saved(w, s, settings, saved->element[2 * i], saved->element[2 * i + 1]);
    if (saved)
        freeReplyObject(saved);
    if (result != 0)
        ways_free(w);
    return result;
}

void ways_free(struct ways *w)
{
    free(w->list);
    *w = (struct ways){.list = NULL};
}

int ways_forget(const struct ways_one *way, struct store *s, const struct settings *settings)
{
    log_info("way_forgotten", "alert=%s channel=%s", way->alert->name, settings->channels.list[way->channel].name);
    return store_done(store_command(s, "HDEL " KEYS_ALERTER " " FIELD "%s:%s", way->alert->name,
                              settings->channels.list[way->channel].name));
}
