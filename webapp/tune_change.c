/* Each try reads the list anew, edits it, and swaps it in; whoever comes second tries again. What it was and what it
 * became go to the history after that, so a history that is cut short by a crash lacks a change, and never tells of
 * one that was not made. */
#include "webapp/tune_change.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/skyline_window.h"
#include "webapp/app.h"
#include "webapp/merge.h"
#include "webapp/tune_history.h"

#define SWAP_TRIES 10

/* Whether the change asks for Skyline's algorithms, by name or by number, where less than the day is kept that they
 * look at: by the rule that takes in all that `match` does, a name or a glob. */
static bool lacks_day(const struct request *request, const char *match, const json_t *options)
{
    const json_t *ensemble = json_object_get(options, "ensemble");
    const char *name = json_string_value(ensemble);
    bool skyline = name ? strcmp(name, engine_ensemble_name(ENGINE_ENSEMBLE_SKYLINE)) == 0
                        : json_number_value(ensemble) == ENGINE_ENSEMBLE_SKYLINE;
    const struct units_retention *retention = conf_retention(&request->app->settings, match, strlen(match), NULL);
    return skyline && retention->archive[0].span_s < SKYLINE_WINDOW_S;
}

/* Whether all that is to be saved is in the list. */
static bool stands(const struct tune_change *c, const json_t *list)
{
    json_t *entries = merge_find(list, c->match), *options = merge_options(entries), *value;
    const char *name;
    bool all = true;
    json_object_foreach((json_t *)(uintptr_t)c->options, name, value)
        all = all && json_equal(json_object_get(options, name), value);
    json_decref(options);
    json_decref(entries);
    return all;
}

static int save(const struct tune_change *c, struct tune_stored *s, struct reply *reply)
{
    char error[CONF_ERROR_MAX];
    if (c->anew && stands(c, s->list)) {
        http_error(reply, HTTP_CONFLICT, "somebody else saved the same at this moment");
        return -1;
    }
    if (merge_save(s->list, c->match, c->options, clock_wall_s(), error) == 0)
        return 0;
    http_error(reply, HTTP_BAD_REQUEST, "%s", error);
    return -1;
}

static int take_back(const struct tune_change *c, struct tune_stored *s, struct reply *reply)
{
    char error[CONF_ERROR_MAX];
    if (!tune_history_stands(c->undo, s->list))
        http_error(reply, HTTP_CONFLICT, "this override has changed since: undo the later change first");
    else if (merge_restore(s->list, c->match, json_object_get(c->undo, "before"), error) != 0)
        http_error(reply, HTTP_CONFLICT, "what was before cannot be in force now: %s", error);
    else
        return 0;
    return -1;
}

/* Makes the change, whose options are these, unless it may not be made. */
static int edit(const struct tune_change *c, const json_t *options, struct tune_stored *s,
                const struct request *request, struct reply *reply)
{
    if (s->unreadable) /* saved by another release, perhaps: a change would wipe them all */
        http_error(reply, HTTP_CONFLICT, "the overrides in Redis cannot be read by this release, and stay as they "
                                         "are: see overrides_unreadable in the log, and " KEYS_OVERRIDES);
    else if (lacks_day(request, c->match, options))
        http_error(reply, HTTP_BAD_REQUEST,
                   "ensemble: \"skyline\" needs a day of raw points, and the retention is shorter");
    else if (c->undo)
        return take_back(c, s, reply);
    else if (c->options)
        return save(c, s, reply);
    else if (!merge_remove(s->list, c->match))
        http_error(reply, HTTP_NOT_FOUND, "there is no override with this match");
    else
        return 0;
    return -1;
}

int tune_change_edit(const struct tune_change *c, struct tune_stored *s, const struct request *request,
                     struct reply *reply)
{
    json_t *options = c->undo ? merge_options(json_object_get(c->undo, "before"))
                              : json_incref((json_t *)(uintptr_t)c->options);
    int result = edit(c, options, s, request, reply);
    json_decref(options);
    return result;
}

/* Notes the change that was made, and answers. */
static void tell(const struct tune_change *c, const struct request *request, struct reply *reply,
                 const struct tune_stored *s, const json_t *before)
{
    char quoted[128];
    char entry[TUNE_HISTORY_ID_BYTES];
    log_info(c->undo ? "override_undone" : c->options ? "override_saved" : "override_removed", "match=%s",
             log_quote(quoted, sizeof quoted, c->match, strlen(c->match)));
    app_count(request->app, WEBAPP_overrides_saved, 1);
    json_t *after = merge_find(s->list, c->match);
    bool noted = tune_history_note(request->store, c->match, before, after, entry) == 0;
    json_decref(after);
    http_json(reply, HTTP_OK,
              json_pack("{s:I,s:O,s:o}", "version", (json_int_t)strtoll(s->version, NULL, 10) + 1, "overrides", s->list,
                        "entry", noted ? json_string(entry) : json_null()));
}

/* Returns 1 when there is an answer, 0 when another change came between, -1 when Redis did not answer. */
static int attempt(const struct tune_change *c, const struct request *request, struct reply *reply)
{
    struct tune_stored s;
    json_t *before = NULL;
    int result = tune_stored_read(&s, request->store);
    if (result != 0)
        goto out;
    before = merge_find(s.list, c->match);
    result = 1;
    if (tune_change_edit(c, &s, request, reply) != 0)
        goto out;
    result = tune_stored_swap(&s, request->store);
    if (result == 1)
        tell(c, request, reply, &s, before);
out:
    json_decref(before);
    tune_stored_fini(&s);
    return result;
}

void tune_change_apply(const struct tune_change *c, const struct request *request, struct reply *reply)
{
    int done = 0;
    for (int i = 0; done == 0 && i < SWAP_TRIES; i++)
        done = attempt(c, request, reply);
    if (done == 0)
        http_error(reply, HTTP_UNAVAILABLE, "others are changing the overrides at this moment; try again");
    else if (done < 0)
        http_no_redis(reply);
}
