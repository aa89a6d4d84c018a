#include "webapp/marks.h"

#include "ridgeline/clock.h"
#include "ridgeline/glob.h"
#include "ridgeline/marks.h"
#include "ridgeline/prospect.h"
#include "webapp/app.h"
#include "webapp/names.h"
#include "webapp/query.h"

#define COUNT_MS 200 /* what a glob costs for each name is bounded, and how many names there are is not */
#define NAMES_PER_LOOK 256

void marks_get(const struct request *request, struct reply *reply)
{
    char error[QUERY_ERROR_MAX];
    uint32_t from, until;
    if (query_epoch(request->query, "from", 0, &from, error) != 0 ||
        query_epoch(request->query, "until", UINT32_MAX, &until, error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    json_t *marks = marks_read(request->store, NULL, 0, from, until);
    if (marks)
        http_json(reply, HTTP_OK, json_pack("{s:o}", "marks", marks));
    else
        http_no_redis(reply);
}

/* A mark as a client gives it: `at` may be absent for now, `match` for all metrics. */
struct given {
    int64_t at;
    const char *text, *match;
};

/* Returns NULL, or what is wrong. */
static const char *read_given(struct given *g, const json_t *body, int64_t now_s)
{
    json_t *at = json_object_get(body, "at"), *text = json_object_get(body, "text");
    json_t *match = json_object_get(body, "match");
    if (!json_is_string(text) || (at && !json_is_integer(at)) || (match && !json_is_string(match)) ||
        json_object_size(body) != 1u + (at != NULL) + (match != NULL))
        return "the body must be {\"text\": TEXT, \"at\": EPOCH, \"match\": GLOB}, of which text must be there";
    *g = (struct given){.at = at ? json_integer_value(at) : now_s,
                        .text = json_string_value(text),
                        .match = match ? json_string_value(match) : "**"};
    if (json_string_length(text) < 1 || json_string_length(text) > MARKS_TEXT_MAX ||
        !query_printable(g->text, json_string_length(text)))
        return "text must be 1 to 200 bytes without control characters";
    if (g->at < now_s - MARKS_AGE_S || g->at > now_s + MARKS_FUTURE_S)
        return "at must be epoch seconds within the last 90 days";
    struct glob *glob = glob_new(g->match, NULL);
    if (!glob)
        return "match is not a glob";
    glob_free(glob);
    return NULL;
}

/* How many of the names the glob matches; -1 when it takes too long, or memory is out. */
static int64_t count_matches(const struct glob *glob, const struct names_list *names)
{
    int64_t until_mono_ms = clock_mono_ms() + COUNT_MS, n = 0;
    struct glob_walk *walk = glob_walk_new(glob);
    for (size_t i = 0; walk && n >= 0 && i < names->n; i++) {
        if (i % NAMES_PER_LOOK == 0 && clock_mono_ms() > until_mono_ms)
            n = -1;
        else
            n += glob_walk_match(walk, names->bytes + names->starts[i], names->starts[i + 1] - names->starts[i]);
    }
    glob_walk_free(walk);
    return walk ? n : -1;
}

/* Of how many metrics a mark is: a sender whose glob fits none has mistyped it. Null when that is not known. */
static json_t *metrics_json(const struct app *app, const char *match)
{
    const struct names_list *names = names_hold(app->names);
    struct glob *glob = names->starts ? glob_new(match, NULL) : NULL; /* else they have not been read yet */
    int64_t n = glob ? count_matches(glob, names) : -1;
    names_release(app->names, names);
    glob_free(glob);
    return n >= 0 ? json_integer((json_int_t)n) : json_null();
}

void marks_post(const struct request *request, struct reply *reply)
{
    json_error_t why;
    struct given given;
    int64_t now_s = clock_wall_s();
    json_t *body = json_loadb(request->body ? request->body : "", request->body_len, JSON_REJECT_DUPLICATES, &why);
    const char *wrong = body ? read_given(&given, body, now_s) : "the body is not JSON";
    if (wrong)
        http_error(reply, HTTP_BAD_REQUEST, "%s", wrong);
    else if (marks_add(request->store, given.at, given.text, given.match) != 0)
        http_no_redis(reply);
    else
        http_json(reply, HTTP_OK, json_pack("{s:I, s:s, s:s, s:o}", "at", (json_int_t)given.at, "text", given.text,
                                            "match", given.match, "metrics", metrics_json(request->app, given.match)));
    json_decref(body);
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* How often a learned limit was reached, and since when; null for any other. */
static json_t *if_learned(const struct limit *l, json_int_t figure)
{
    return l->kind == LIMIT_STOOD || l->kind == LIMIT_TURNED ? json_integer(figure) : json_null();
}

int marks_add_context(const struct request *request, json_t *out, const char *metric, size_t len, bool learn,
                      int64_t from, int64_t until)
{
    struct conf_about about;
    struct limit limit;
    conf_about(&request->app->settings, metric, len, &about);
    if (prospect_limit(request->store, metric, len, about.limit, learn, &limit) != 0)
        return -1;
    json_t *marks = marks_read(request->store, &metric, 1, from, until);
    if (!marks)
        return -1;
    json_object_set_new(out, "marks", marks);
    json_object_set_new(
        out, "about",
        json_pack("{s:s?, s:s?, s:s?, s:s?, s:o, s:s?, s:o, s:o}", "unit", or_null(about.unit), "owner",
                  or_null(about.owner), "description", or_null(about.description), "runbook", or_null(about.runbook),
                  "limit", limit.kind == LIMIT_NONE ? json_null() : http_number(limit.value), "limit_by",
                  limit_kind_name(limit.kind), "limit_times", if_learned(&limit, (json_int_t)limit.times),
                  "limit_since", if_learned(&limit, (json_int_t)limit.since)));
    return 0;
}
