#include "webapp/muting.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/mutes_saved.h"
#include "webapp/app.h"
#include "webapp/mutes.h"

struct muting {
    pthread_mutex_t lock;
    struct mutes_saved saved;
};

struct muting *muting_new(void)
{
    struct muting *m = calloc(1, sizeof *m);
    if (m)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void muting_free(struct muting *m)
{
    if (!m)
        return;
    mutes_saved_fini(&m->saved);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* Redis is asked without the lock. The version of a list that is refused is kept too, and it is not read again. */
int muting_turn(struct muting *m, struct store *s)
{
    struct mutes_saved fresh = {.version = ""};
    memcpy(fresh.version, m->saved.version, sizeof fresh.version); /* only this thread writes it */
    int result = mutes_saved_poll(&fresh, s);
    pthread_mutex_lock(&m->lock);
    memcpy(m->saved.version, fresh.version, sizeof fresh.version);
    if (result > 0) {
        struct conf_mutes old = m->saved.mutes;
        m->saved.mutes = fresh.mutes;
        fresh.mutes = old;
    }
    pthread_mutex_unlock(&m->lock);
    mutes_saved_fini(&fresh);
    return result < 0 ? -1 : 0;
}

json_t *muting_json(struct app *app, const char *metric, size_t len)
{
    int64_t now_s = clock_wall_s();
    struct muting *m = app->muting;
    pthread_mutex_lock(&m->lock);
    json_t *json = mutes_now_json(mutes_find(&app->settings.mutes, &m->saved.mutes, metric, len, now_s), now_s);
    pthread_mutex_unlock(&m->lock);
    return json;
}

void muting_set(struct app *app, json_t *member)
{
    const json_t *metric = json_object_get(member, "metric");
    const char *state = json_string_value(json_object_get(member, "state"));
    bool open = state && strcmp(state, "open") == 0 && json_is_string(metric);
    json_object_set_new(member, "mute", open ? muting_json(app, json_string_value(metric), json_string_length(metric))
                                             : json_null());
}

void muting_set_all(struct app *app, json_t *members)
{
    json_t *member;
    size_t i;
    json_array_foreach(members, i, member)
        muting_set(app, member);
}

/* Mixes those of a list that are in force into the stamp. Returns how many they are. */
static size_t count_active(const struct conf_mutes *mutes, int64_t now_s, uint64_t *stamp)
{
    size_t n = 0;
    for (size_t i = 0; i < mutes->n; i++) {
        const struct mute_settings *one = &mutes->list[i];
        if (!calendar_covers(&one->calendar, now_s))
            continue;
        n++;
        *stamp = *stamp * 31 + keys_hash(one->name, strlen(one->name)) + (uint64_t)one->what;
    }
    return n;
}

json_t *muting_state(struct app *app)
{
    int64_t now_s = clock_wall_s();
    struct muting *m = app->muting;
    pthread_mutex_lock(&m->lock);
    uint64_t stamp = keys_hash(m->saved.version, strlen(m->saved.version));
    size_t active = count_active(&app->settings.mutes, now_s, &stamp);
    active += count_active(&m->saved.mutes, now_s, &stamp);
    pthread_mutex_unlock(&m->lock);
    return json_pack("{s:I,s:o}", "active", (json_int_t)active, "stamp", json_sprintf("%016" PRIx64, stamp));
}
