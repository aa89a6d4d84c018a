/* Anomalies and verdicts to JSON and back, and the id of an anomaly.
 *
 * What Redis keeps is the API's own object, so a reader can pass it on as it is.
 * Detectors stand there by name: text written by another version, with a
 * detector more or less, is still read. Numbers that are not finite become null,
 * since JSON has none. */
#include "ridgeline/anomaly.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define VOTES (ENGINE_ABSTAINS + 1)
#define SEASONS (ENGINE_SEASON_WEEK + 1)
#define ENSEMBLES (ENGINE_ENSEMBLE_SKYLINE + 1)

void anomaly_id(char out[ANOMALY_ID_BYTES], const char *metric, size_t len, uint32_t start)
{
    char text[KEYS_NAME_MAX + sizeof "\0" "4294967295"];

    memcpy(text, metric, len);
    text[len] = '\0';
    int digits = snprintf(text + len + 1, sizeof text - len - 1, "%" PRIu32, start);
    snprintf(out, ANOMALY_ID_BYTES, "%016" PRIx64, keys_hash(text, len + 1 + (size_t)digits));
}

void anomaly_from_episode(struct anomaly *a, const char *metric, size_t len, const struct episode *i)
{
    *a = (struct anomaly){.open = i->open,
                          .start = i->start,
                          .end = i->last_hot,
                          .score = i->score,
                          .opened = i->opened,
                          .peak = i->peak};
    memcpy(a->metric, metric, len);
    a->metric[len] = '\0';
    anomaly_id(a->id, metric, len, i->start);
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static const char *direction_name(int direction)
{
    return direction > 0 ? "up" : direction < 0 ? "down" : "unknown";
}

static json_t *finding_to_json(const struct engine_finding *f, const char *name)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:s?}", "detector", name, "statistic", number(f->statistic),
                     "threshold", number(f->threshold), "seen", number(f->seen), "expected", number(f->expected),
                     "step_s", (json_int_t)f->step_s, "vote", engine_vote_name(f->vote), "reason",
                     f->reason == ENGINE_REASON_NONE ? NULL : engine_reason_name(f->reason));
}

/* An array with what `each` makes of every finding. */
static json_t *findings_to_json(const struct verdict *v,
                                json_t *(*each)(const struct engine_finding *f, const char *name))
{
    json_t *array = json_array();

    for (unsigned i = 0; array && i < engine_findings(v->ensemble); i++) {
        if (json_array_append_new(array, each(&v->finding[i], engine_finding_name(v->ensemble, i))) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *told_to_json(const struct verdict *v)
{
    struct engine_told told;

    engine_told(v, &told);
    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "value", number(told.value), "expected", number(told.expected),
                     "lower", number(told.lower), "upper", number(told.upper), "mean", (int)told.is_mean);
}

json_t *anomaly_verdict_to_json(const struct verdict *v)
{
    return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:s, s:I, s:o, s:I, s:o, s:s, s:o,"
                     " s:o}",
                     "t",
                     (json_int_t)v->t, "value", number(v->value), "state", engine_state_name(v->state), "score",
                     number(v->score), "strength", number(v->strength), "rarity", number(v->rarity), "expected",
                     number(v->expected), "lower", number(v->lower),
                     "upper", number(v->upper), "direction", direction_name(v->direction), "votes",
                     (json_int_t)v->votes, "judges", (json_int_t)v->judges, "season", engine_season_name(v->season),
                     "warmup_left_s", (json_int_t)v->warmup_left_s, "rate", number(v->rate), "since",
                     (json_int_t)v->since, "longest_s", number(v->longest_s), "ensemble",
                     engine_ensemble_name(v->ensemble), "findings", findings_to_json(v, finding_to_json), "told",
                     told_to_json(v));
}

static json_t *vote_to_json(const struct engine_finding *f, const char *name)
{
    return json_pack("{s:s, s:o, s:o, s:s}", "detector", name, "statistic", number(f->statistic),
                     "threshold", number(f->threshold), "vote", engine_vote_name(f->vote));
}

json_t *anomaly_to_json(const struct anomaly *a)
{
    const struct verdict *p = &a->peak;
    struct engine_told told;

    engine_told(p, &told);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", a->id,
                     "metric", a->metric, "state", a->open ? "open" : "closed", "start", (json_int_t)a->start, "end",
                     (json_int_t)a->end, "direction", direction_name(p->direction), "score", number(a->score),
                     "value", number(told.value), "expected", number(told.expected), "lower", number(told.lower),
                     "upper", number(told.upper), "votes", findings_to_json(p, vote_to_json), "peak_at",
                     (json_int_t)p->t, "opened", anomaly_verdict_to_json(&a->opened), "peak",
                     anomaly_verdict_to_json(p), "closed", a->closed.t ? anomaly_verdict_to_json(&a->closed) : json_null());
}

char *anomaly_to_text(const struct anomaly *a)
{
    json_t *json = anomaly_to_json(a);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    return text;
}

/* The readers below take one member each. A wrong or missing one sets *bad, so
 * that a caller reads all of them and looks once. */

static uint32_t read_uint32(const json_t *object, const char *key, bool *bad)
{
    const json_t *member = json_object_get(object, key);
    json_int_t value = json_integer_value(member);

    if (!json_is_integer(member) || value < 0 || value > UINT32_MAX) {
        *bad = true;
        return 0;
    }
    return (uint32_t)value;
}

static double read_number(const json_t *object, const char *key, bool *bad)
{
    const json_t *member = json_object_get(object, key);

    if (!json_is_number(member) && !json_is_null(member))
        *bad = true;
    return json_is_number(member) ? json_number_value(member) : NAN;
}

/* Members that texts of an older version lack. */

static uint32_t read_newer_uint32(const json_t *object, const char *key, bool *bad)
{
    return json_object_get(object, key) ? read_uint32(object, key, bad) : 0;
}

static double read_newer_number(const json_t *object, const char *key, bool *bad)
{
    return json_object_get(object, key) ? read_number(object, key, bad) : NAN;
}

static const char *read_text(const json_t *object, const char *key, bool *bad)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text)
        *bad = true;
    return text ? text : "";
}

static const char *state_name(unsigned i)
{
    return engine_state_name((enum engine_state)i);
}

static const char *vote_name(unsigned i)
{
    return engine_vote_name((enum engine_vote)i);
}

static const char *reason_name(unsigned i)
{
    return engine_reason_name((enum engine_reason)i);
}

static const char *season_name(unsigned i)
{
    return engine_season_name((enum engine_season)i);
}

static const char *ensemble_name(unsigned i)
{
    return engine_ensemble_name((enum engine_ensemble)i);
}

static const char *detector_name(unsigned i)
{
    return engine_finding_name(ENGINE_ENSEMBLE_RIDGELINE, i);
}

static const char *algorithm_name(unsigned i)
{
    return engine_finding_name(ENGINE_ENSEMBLE_SKYLINE, i);
}

/* Which of the `n` names `text` is; `n` when none. */
static unsigned find_name(const char *text, unsigned n, const char *(*name_of)(unsigned))
{
    unsigned i = 0;
    while (i < n && strcmp(text, name_of(i)) != 0)
        i++;
    return i;
}

static unsigned read_name(const json_t *object, const char *key, unsigned n, const char *(*name_of)(unsigned),
                          bool *bad)
{
    unsigned i = find_name(read_text(object, key, bad), n, name_of);

    if (i == n)
        *bad = true;
    return i < n ? i : 0;
}

static int read_direction(const json_t *object, bool *bad)
{
    const char *text = read_text(object, "direction", bad);

    for (int direction = -1; direction <= 1; direction++)
        if (!strcmp(text, direction_name(direction)))
            return direction;
    *bad = true;
    return 0;
}

static void read_finding(struct engine_finding *f, const json_t *json, bool *bad)
{
    f->statistic = read_number(json, "statistic", bad);
    f->threshold = read_number(json, "threshold", bad);
    f->seen = read_newer_number(json, "seen", bad);
    f->expected = read_number(json, "expected", bad);
    f->step_s = read_newer_uint32(json, "step_s", bad);
    f->vote = (enum engine_vote)read_name(json, "vote", VOTES, vote_name, bad);
    f->reason = ENGINE_REASON_NONE;
    if (!json_is_null(json_object_get(json, "reason")))
        f->reason = (enum engine_reason)read_name(json, "reason", ENGINE_REASONS, reason_name, bad);
}

/* A detector that the text does not name counts as warming up, one that we do not know is
 * passed over. */
static void read_findings(struct verdict *v, const json_t *array, bool *bad)
{
    const char *(*name_of)(unsigned) = v->ensemble == ENGINE_ENSEMBLE_SKYLINE ? algorithm_name : detector_name;
    unsigned n = engine_findings(v->ensemble);
    const json_t *json;
    size_t i;

    for (unsigned d = 0; d < n; d++)
        v->finding[d] = (struct engine_finding){.statistic = NAN,
                                                .threshold = NAN,
                                                .seen = NAN,
                                                .expected = NAN,
                                                .vote = ENGINE_ABSTAINS,
                                                .reason = ENGINE_REASON_WARMING_UP};
    if (!json_is_array(array))
        *bad = true;
    json_array_foreach(array, i, json) {
        unsigned d = find_name(read_text(json, "detector", bad), n, name_of);
        if (d < n)
            read_finding(&v->finding[d], json, bad);
    }
}

static void read_verdict(struct verdict *v, const json_t *json, bool *bad)
{
    *v = (struct verdict){
        .t = read_uint32(json, "t", bad),
        .value = read_number(json, "value", bad),
        .state = (enum engine_state)read_name(json, "state", ENGINE_STATES, state_name, bad),
        .score = read_number(json, "score", bad),
        .strength = read_number(json, "strength", bad),
        .rarity = read_number(json, "rarity", bad),
        .expected = read_number(json, "expected", bad),
        .lower = read_number(json, "lower", bad),
        .upper = read_number(json, "upper", bad),
        .direction = read_direction(json, bad),
        .votes = read_uint32(json, "votes", bad),
        .judges = read_uint32(json, "judges", bad),
        .warmup_left_s = read_uint32(json, "warmup_left_s", bad),
        .season = (enum engine_season)read_name(json, "season", SEASONS, season_name, bad),
        .rate = read_newer_number(json, "rate", bad),
        .since = read_newer_uint32(json, "since", bad),
        .longest_s = read_newer_number(json, "longest_s", bad),
    };
    if (json_object_get(json, "ensemble")) /* text of before there was a choice has none */
        v->ensemble = (enum engine_ensemble)read_name(json, "ensemble", ENSEMBLES, ensemble_name, bad);
    read_findings(v, json_object_get(json, "findings"), bad);
}

/* Copies a text member that must fit in `out`; what would be cut is bad. */
static void read_copy(char *out, size_t out_bytes, const json_t *object, const char *key, bool *bad)
{
    const char *text = read_text(object, key, bad);
    size_t len = strlen(text);

    if (len >= out_bytes) {
        *bad = true;
        len = 0;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

int anomaly_from_json(struct anomaly *a, const json_t *json)
{
    bool bad = false;
    const char *state = read_text(json, "state", &bad);
    const json_t *closed = json_object_get(json, "closed");

    *a = (struct anomaly){.open = !strcmp(state, "open"),
                          .start = read_uint32(json, "start", &bad),
                          .end = read_uint32(json, "end", &bad)};
    if (!a->open && strcmp(state, "closed") != 0)
        bad = true;
    a->score = read_number(json, "score", &bad);
    read_copy(a->id, sizeof a->id, json, "id", &bad);
    read_copy(a->metric, sizeof a->metric, json, "metric", &bad);
    read_verdict(&a->opened, json_object_get(json, "opened"), &bad);
    read_verdict(&a->peak, json_object_get(json, "peak"), &bad);
    if (!json_is_null(closed))
        read_verdict(&a->closed, closed, &bad);
    return bad ? -1 : 0;
}

int anomaly_from_text(struct anomaly *a, const char *text, size_t len)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    int result = json ? anomaly_from_json(a, json) : -1;

    json_decref(json);
    return result;
}
