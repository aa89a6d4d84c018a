/* A choice is a list of options with their values; what is in force already is left out of it, and one that is left
 * empty is none. Numbers that only grow (score_to_open, min_change) are compared with the largest that is in force for
 * any of the metrics, so that what was taught before is not taken back. */
#include "webapp/normal_choices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCORE_MARGIN 3
#define SCORE_MAX 100
#define DISTANCE_MARGIN 1.1
#define VALUE_TEXT_MAX 40

#define WHAT(name) (1u << INCIDENT_##name)
#define SCORED (WHAT(ANOMALOUS) | WHAT(DROPOUT)) /* what score, direction and distance are asked of */

struct choice {
    const struct normal_incident *incident;
    const char *match;
    json_t *options, *before;
    char change[GLOB_MAX + 256];
};

/* ---- Which metrics it is for */

struct pattern {
    char *out; /* room for GLOB_MAX and a NUL */
    size_t len;
    bool too_long;
};

static void put(struct pattern *p, const char *text)
{
    size_t len = strlen(text);
    p->too_long |= p->len + len > GLOB_MAX;
    if (p->too_long)
        return;
    memcpy(p->out + p->len, text, len + 1);
    p->len += len;
}

/* The name, as a glob that matches it alone, also within braces. */
static void put_literal(struct pattern *p, const char *name)
{
    for (; *name; name++)
        put(p, strchr("*?[]{},", *name) ? (char[]){'[', *name, ']', '\0'} : (char[]){*name, '\0'});
}

/* "{a,b}", or "a" of a single one. Returns false when it is too long. */
static bool write_names(const struct normal_incident *in, char out[GLOB_MAX + 1])
{
    struct pattern p = {.out = out};
    for (size_t i = 0; i < in->n; i++) {
        if (in->n > 1)
            put(&p, i == 0 ? "{" : ",");
        put_literal(&p, in->metrics[i].name);
    }
    if (in->n > 1)
        put(&p, "}");
    return !p.too_long;
}

static bool matches_all(const char *pattern, const struct normal_incident *in)
{
    struct glob *glob = glob_new(pattern, NULL);
    bool all = glob != NULL;
    for (size_t i = 0; all && i < in->n; i++)
        all = glob_match(glob, in->metrics[i].name, strlen(in->metrics[i].name));
    glob_free(glob);
    return all;
}

/* Whether the title is of names of one form, such as "servers.*.load": leading parts alone ("shop.**") take in what did
 * not go wrong, and so does a star that is the names' own. Nor are tags of a form: the star of "cpu;*" would take in
 * any number of them, with any values. */
static bool is_pattern(const struct normal_incident *in)
{
    for (size_t i = 0; i < in->n; i++)
        if (strpbrk(in->metrics[i].name, "*?[]{}"))
            return false;
    return strchr(in->title, '*') && !strstr(in->title, "**") && !strchr(in->title, ';');
}

static bool find_match(const struct normal_incident *in, char out[GLOB_MAX + 1])
{
    if (in->n > 1 && is_pattern(in) && matches_all(in->title, in)) {
        memcpy(out, in->title, strlen(in->title) + 1); /* a glob is no longer than GLOB_MAX */
        return true;
    }
    return in->n <= NORMAL_CHOICES_NAMES_MAX && write_names(in, out) && matches_all(out, in);
}

/* ---- Options */

static double value_of(const struct engine_options *options, const struct conf_option *o)
{
    double value;
    memcpy(&value, (const char *)options + o->offset, sizeof value);
    return value;
}

/* The largest that is in force. */
static double largest(const struct normal_incident *in, const struct conf_option *o)
{
    double most = value_of(&in->metrics[0].now, o);
    for (size_t i = 1; i < in->n; i++)
        most = fmax(most, value_of(&in->metrics[i].now, o));
    return most;
}

static json_t *value_json(const struct conf_option *o, double value)
{
    if (o->type == CONF_CHOICE)
        return json_string(o->choices[(size_t)value]);
    return value == floor(value) ? json_integer((json_int_t)value) : json_real(value);
}

static const char *value_text(const struct conf_option *o, double value, char out[VALUE_TEXT_MAX])
{
    if (o->type == CONF_CHOICE)
        return o->choices[(size_t)value];
    snprintf(out, VALUE_TEXT_MAX, "%.6g", value);
    return out;
}

static void set(struct choice *c, const char *name, double value)
{
    char error[CONF_ERROR_MAX], from[VALUE_TEXT_MAX], to[VALUE_TEXT_MAX];
    int i = conf_metric_check(name, value, error);
    if (i < 0)
        return; /* beyond what the option may be */
    const struct conf_option *o = conf_metric_option((size_t)i);
    double now = largest(c->incident, o);
    if (o->type == CONF_CHOICE ? now == value : now >= value)
        return;
    size_t len = strlen(c->change);
    snprintf(c->change + len, sizeof c->change - len, "%s%s %s -> %s", len > 0 ? ", " : "", name,
             value_text(o, now, from), value_text(o, value, to));
    json_object_set_new(c->options, name, value_json(o, value));
    json_object_set_new(c->before, name, value_json(o, now));
}

static unsigned whats(const struct normal_incident *in)
{
    unsigned all = 0;
    for (size_t i = 0; i < in->n; i++)
        all |= in->metrics[i].whats;
    return all;
}

/* Turns off the states among `wanted` that members are in. A silence that is not told while it lasts is a gap when it
 * is over. */
static void set_states(struct choice *c, unsigned wanted)
{
    static const struct {
        const char *option;
        unsigned whats;
    } states[] = {{"flat", WHAT(FLAT)},
                  {"dropout", WHAT(DROPOUT)},
                  {"stale", WHAT(STALE)},
                  {"gap", WHAT(STALE) | WHAT(GAP)},
                  {"reset", WHAT(RESET)}};
    unsigned of = whats(c->incident) & wanted;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (of & states[i].whats)
            set(c, states[i].option, 0);
}

static void set_strength(struct choice *c)
{
    double highest = 0;
    for (size_t i = 0; i < c->incident->n; i++)
        highest = fmax(highest, c->incident->metrics[i].score);
    for (size_t i = 0; i < c->incident->n; i++)
        if (c->incident->metrics[i].now.ensemble != ENGINE_ENSEMBLE_RIDGELINE)
            return; /* Skyline's algorithms have votes and no score */
    if (highest >= SCORE_MAX)
        return; /* nothing is stronger */
    set(c, "score_to_open", fmin(SCORE_MAX, floor(highest) + SCORE_MARGIN));
}

/* The way that all went of which score, direction and distance are asked; INCIDENT_MIXED where there is none. */
static enum incident_direction way(const struct normal_incident *in)
{
    enum incident_direction all = INCIDENT_UNKNOWN;
    for (size_t i = 0; i < in->n; i++) {
        const struct normal_metric *m = &in->metrics[i];
        if (!(m->whats & SCORED))
            continue;
        bool same = all == INCIDENT_UNKNOWN || all == m->direction;
        if (!same || m->now.direction != ENGINE_DIRECTION_BOTH || m->direction == INCIDENT_UNKNOWN)
            return INCIDENT_MIXED;
        all = m->direction;
    }
    return all == INCIDENT_UNKNOWN ? INCIDENT_MIXED : all;
}

static void set_direction(struct choice *c)
{
    enum incident_direction went = way(c->incident);
    if (went != INCIDENT_MIXED)
        set(c, "direction", went == INCIDENT_UP ? ENGINE_DIRECTION_DOWN : ENGINE_DIRECTION_UP);
}

static void set_change(struct choice *c)
{
    char rounded[VALUE_TEXT_MAX];
    if (c->incident->n != 1 || !isfinite(c->incident->distance))
        return;
    snprintf(rounded, sizeof rounded, "%.3g", c->incident->distance * DISTANCE_MARGIN);
    set(c, "min_change", strtod(rounded, NULL));
}

/* ---- Choices */

/* Of what is scored, `set_scored` is what the choice is about, and it must change something. */
static void add(json_t *choices, const struct normal_incident *in, const char *match, const char *name,
                void (*set_scored)(struct choice *), unsigned states)
{
    struct choice c = {.incident = in, .match = match, .options = json_object(), .before = json_object()};
    if (set_scored)
        set_scored(&c);
    bool says = !set_scored || json_object_size(c.options) > 0;
    if (says)
        set_states(&c, states);
    if (says && json_object_size(c.options) > 0) {
        size_t len = strlen(c.change);
        snprintf(c.change + len, sizeof c.change - len, " for %s", match);
        json_array_append_new(choices, json_pack("{s:s, s:O, s:O, s:s}", "choice", name, "options", c.options, "before",
                                                 c.before, "change", c.change));
    }
    json_decref(c.options);
    json_decref(c.before);
}

json_t *normal_choices(const struct normal_incident *incident)
{
    const unsigned unscored = WHAT(FLAT) | WHAT(STALE) | WHAT(GAP) | WHAT(RESET), all = unscored | WHAT(DROPOUT);
    char match[GLOB_MAX + 1];
    json_t *choices = json_array();
    if (!find_match(incident, match))
        return json_pack("{s:n, s:o}", "match", "choices", choices);
    if (whats(incident) & SCORED) {
        add(choices, incident, match, "strength", set_strength, all);
        add(choices, incident, match, "direction", set_direction, unscored);
        add(choices, incident, match, "change", set_change, all);
    } else {
        add(choices, incident, match, "state", NULL, all);
    }
    return json_pack("{s:s, s:o}", "match", match, "choices", choices);
}
