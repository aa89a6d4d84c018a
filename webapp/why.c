#include "webapp/why.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/units.h"

struct text {
    char *out;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->out + t->len, WHY_MAX - t->len, format, args);
    va_end(args);
    size_t room = WHY_MAX - t->len - 1;
    if (n > 0)
        t->len += (size_t)n < room ? (size_t)n : room;
}

static void say_duration(struct text *t, double seconds)
{
    char duration[64];
    int64_t whole = seconds >= 0 && seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX;
    say(t, "%s", units_duration_text(duration, sizeof duration, whole));
}

static void say_value(struct text *t, const struct verdict *v)
{
    struct engine_told told;
    engine_told(v, &told);
    say(t, "%.6g", told.value);
    if (told.is_mean)
        say(t, ", a mean (the point itself is %.6g),", v->value);
    if (!isfinite(told.expected))
        return;
    say(t, " is %s the expected %.6g",
        told.value > told.expected ? "above" : told.value < told.expected ? "below" : "just", told.expected);
    if (isfinite(told.lower) && isfinite(told.upper))
        say(t, " (%.6g to %.6g)", told.lower, told.upper);
    if (isfinite(v->rate))
        say(t, ", judged as a counter, by its rate of %.6g a second", v->rate);
}

static void say_flat(struct text *t, const struct verdict *v)
{
    if (isfinite(v->rate))
        say(t, "Flat: a counter whose rate has been %.6g a second for ", v->rate);
    else
        say(t, "Flat: it has been %.6g for ", v->value);
    say_duration(t, v->t - v->since);
    say(t, "; before, it never stayed the same for longer than ");
    say_duration(t, v->longest_s);
    say(t, ".");
}

static void say_dropout(struct text *t, const struct verdict *v)
{
    say(t, "Dropout: for ");
    say_duration(t, v->t - v->since);
    say(t, " it has been at next to nothing, which it hardly ever is. ");
}

/* " (median, seasonal)": who voted yes. */
static void say_voters(struct text *t, const struct verdict *v)
{
    const char *between = " (";
    for (unsigned i = 0; i < engine_findings(v->ensemble); i++) {
        if (v->finding[i].vote != ENGINE_VOTE_YES)
            continue;
        say(t, "%s%s", between, engine_finding_name(v->ensemble, i));
        between = ", ";
    }
    if (v->votes)
        say(t, ")");
}

static void say_votes(struct text *t, const struct verdict *v, const struct engine_options *o)
{
    double needed = engine_votes_needed(o);
    bool enough = v->votes >= needed, strong = v->score >= o->score_to_open;
    bool skyline = v->ensemble == ENGINE_ENSEMBLE_SKYLINE;
    say(t, "; %u of %u %s vote yes", v->votes, v->judges, skyline ? "algorithms" : "detectors");
    say_voters(t, v);
    say(t, " where %g %s needed", needed, needed == 1 ? "is" : "are");
    if (!skyline)
        say(t, ", %s the score %.3g %s %g", enough == strong ? "and" : "but", v->score,
            strong ? "reaches" : "stays below", o->score_to_open);
    say(t, ".");
    if (v->state == ENGINE_NORMAL && enough && (strong || skyline))
        say(t, " But such a change is not wanted, by direction, min_change or min_change_relative.");
}

/* Those that abstain, one after the other, with their reason. */
static void say_abstentions(struct text *t, const struct verdict *v)
{
    const char *between = " Abstaining: ";
    for (unsigned i = 0; i < engine_findings(v->ensemble); i++) {
        if (v->finding[i].vote != ENGINE_ABSTAINS)
            continue;
        say(t, "%s%s (%s)", between, engine_finding_name(v->ensemble, i), engine_reason_name(v->finding[i].reason));
        between = ", ";
    }
    if (between[1] != 'A')
        say(t, ".");
}

/* Of a verdict for which no detector judged. */
static void say_nothing_judged(struct text *t, const struct verdict *v)
{
    bool constant = false;
    for (unsigned i = 0; i < engine_findings(v->ensemble); i++)
        constant = constant || v->finding[i].reason == ENGINE_REASON_CONSTANT;
    say(t, "%s: ", constant ? "It never varied, so there is nothing to judge by" : "Nothing judges it");
}

void why_sentence(char out[WHY_MAX], const struct verdict *v, const struct engine_options *o, double silent_s)
{
    struct text t = {.out = out};
    out[0] = '\0';
    switch (v->state) {
    case ENGINE_WARMING_UP:
        say(&t, "Warming up: %.6g was learnt but not judged; verdicts begin after ", v->value);
        say_duration(&t, v->warmup_left_s);
        say(&t, " more of data.");
        return;
    case ENGINE_STALE:
        say(&t, "Stale: no point has come for ");
        say_duration(&t, silent_s);
        say(&t, ", longer than this metric's habit. The last one: ");
        break;
    case ENGINE_ANOMALOUS:
        say(&t, "Anomalous: ");
        break;
    case ENGINE_NORMAL:
        say(&t, "Normal: ");
        break;
    case ENGINE_FLAT:
        say_flat(&t, v);
        return;
    case ENGINE_DROPOUT:
        say_dropout(&t, v);
        break;
    case ENGINE_DEGENERATE:
        say_nothing_judged(&t, v);
        break;
    }
    say_value(&t, v);
    say_votes(&t, v, o);
    say_abstentions(&t, v);
}
