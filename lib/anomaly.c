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

#include "member.h"

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

static json_t *finding_to_json(const struct engine_finding *f, const char *name)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:s?}", "detector", name, "statistic",
                     member_real(f->statistic), "threshold", member_real(f->threshold), "seen", member_real(f->seen),
                     "expected", member_real(f->expected), "step_s", (json_int_t)f->step_s, "vote",
                     engine_vote_name(f->vote), "reason",
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
    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "value", member_real(told.value), "expected",
                     member_real(told.expected), "lower", member_real(told.lower), "upper", member_real(told.upper),
                     "mean", (int)told.is_mean);
}

json_t *anomaly_verdict_to_json(const struct verdict *v)
{
    return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:s, s:I, s:o, s:I, s:o, s:s, s:o,"
                     " s:o}",
                     "t", (json_int_t)v->t, "value", member_real(v->value), "state", engine_state_name(v->state),
                     "score", member_real(v->score), "strength", member_real(v->strength), "rarity",
                     member_real(v->rarity), "expected", member_real(v->expected), "lower", member_real(v->lower),
                     "upper", member_real(v->upper), "direction", engine_direction_name(v->direction), "votes",
                     (json_int_t)v->votes, "judges", (json_int_t)v->judges, "season", engine_season_name(v->season),
                     "warmup_left_s", (json_int_t)v->warmup_left_s, "rate", member_real(v->rate), "since",
                     (json_int_t)v->since, "longest_s", member_real(v->longest_s), "ensemble",
                     engine_ensemble_name(v->ensemble), "findings", findings_to_json(v, finding_to_json), "told",
                     told_to_json(v));
}

static json_t *vote_to_json(const struct engine_finding *f, const char *name)
{
    return json_pack("{s:s, s:o, s:o, s:s}", "detector", name, "statistic", member_real(f->statistic),
                     "threshold", member_real(f->threshold), "vote", engine_vote_name(f->vote));
}

json_t *anomaly_to_json(const struct anomaly *a)
{
    const struct verdict *p = &a->peak;
    struct engine_told told;

    engine_told(p, &told);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", a->id,
                     "metric", a->metric, "state", a->open ? "open" : "closed", "start", (json_int_t)a->start, "end",
                     (json_int_t)a->end, "direction", engine_direction_name(p->direction), "score",
                     member_real(a->score), "value", member_real(told.value), "expected",
                     member_real(told.expected), "lower", member_real(told.lower), "upper", member_real(told.upper),
                     "votes", findings_to_json(p, vote_to_json), "peak_at", (json_int_t)p->t, "opened",
                     anomaly_verdict_to_json(&a->opened), "peak", anomaly_verdict_to_json(p), "closed",
                     a->closed.t ? anomaly_verdict_to_json(&a->closed) : json_null());
}

char *anomaly_to_text(const struct anomaly *a)
{
    json_t *json = anomaly_to_json(a);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    return text;
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
    unsigned i = find_name(member_text(object, key, SIZE_MAX, bad), n, name_of);

    if (i == n)
        *bad = true;
    return i < n ? i : 0;
}

static int read_direction(const json_t *object, bool *bad)
{
    const char *text = member_text(object, "direction", SIZE_MAX, bad);

    for (int direction = -1; direction <= 1; direction++)
        if (!strcmp(text, engine_direction_name(direction)))
            return direction;
    *bad = true;
    return 0;
}

static void read_finding(struct engine_finding *f, const json_t *json, bool *bad)
{
    f->statistic = member_number(json, "statistic", bad);
    f->threshold = member_number(json, "threshold", bad);
    f->seen = member_newer_number(json, "seen", bad);
    f->expected = member_number(json, "expected", bad);
    f->step_s = member_newer_uint32(json, "step_s", bad);
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
        unsigned d = find_name(member_text(json, "detector", SIZE_MAX, bad), n, name_of);
        if (d < n)
            read_finding(&v->finding[d], json, bad);
    }
}

static void read_verdict(struct verdict *v, const json_t *json, bool *bad)
{
    *v = (struct verdict){
        .t = member_uint32(json, "t", bad),
        .value = member_number(json, "value", bad),
        .state = (enum engine_state)read_name(json, "state", ENGINE_STATES, state_name, bad),
        .score = member_number(json, "score", bad),
        .strength = member_number(json, "strength", bad),
        .rarity = member_number(json, "rarity", bad),
        .expected = member_number(json, "expected", bad),
        .lower = member_number(json, "lower", bad),
        .upper = member_number(json, "upper", bad),
        .direction = read_direction(json, bad),
        .votes = member_uint32(json, "votes", bad),
        .judges = member_uint32(json, "judges", bad),
        .warmup_left_s = member_uint32(json, "warmup_left_s", bad),
        .season = (enum engine_season)read_name(json, "season", SEASONS, season_name, bad),
        .rate = member_newer_number(json, "rate", bad),
        .since = member_newer_uint32(json, "since", bad),
        .longest_s = member_newer_number(json, "longest_s", bad),
    };
    if (json_object_get(json, "ensemble")) /* text of before there was a choice has none */
        v->ensemble = (enum engine_ensemble)read_name(json, "ensemble", ENSEMBLES, ensemble_name, bad);
    read_findings(v, json_object_get(json, "findings"), bad);
}

/* Copies a text member that must fit in `out`; what would be cut is bad. */
static void read_copy(char *out, size_t out_bytes, const json_t *object, const char *key, bool *bad)
{
    const char *text = member_text(object, key, SIZE_MAX, bad);
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
    const char *state = member_text(json, "state", SIZE_MAX, &bad);
    const json_t *closed = json_object_get(json, "closed");

    *a = (struct anomaly){.open = !strcmp(state, "open"),
                          .start = member_uint32(json, "start", &bad),
                          .end = member_uint32(json, "end", &bad)};
    if (!a->open && strcmp(state, "closed") != 0)
        bad = true;
    a->score = member_number(json, "score", &bad);
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
