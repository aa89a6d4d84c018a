#include "webapp/why.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define DAY_S 86400

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

static const struct {
    const char *name;
    int64_t s;
} units[] = {{"day", DAY_S}, {"hour", 3600}, {"minute", 60}, {"second", 1}};

/* In words, to the two largest units that it has: "43 minutes", "1 day 2 hours". */
static void say_duration(struct text *t, double seconds)
{
    int64_t left = seconds >= 0 && seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX;
    unsigned said = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units && said < 2; i++) {
        int64_t count = left / units[i].s;
        left %= units[i].s;
        if (count)
            say(t, "%s%" PRId64 " %s%s", said ? " " : "", count, units[i].name, count == 1 ? "" : "s");
        said += said || count;
    }
    if (!said)
        say(t, "0 seconds");
}

static void say_clock(struct text *t, uint32_t at, const struct why *w)
{
    int64_t s = ((int64_t)at + (w->zoned ? w->utc_offset_s : 0)) % DAY_S;
    s += s < 0 ? DAY_S : 0;
    say(t, "%02" PRId64 ":%02" PRId64 "%s", s / 3600, s / 60 % 60, w->zoned ? "" : " UTC");
}

/* Whether what `told` tells as expected is what `seasonal` knows of this time of its season. */
static bool is_of_season(const struct verdict *v, const struct engine_told *told)
{
    const struct engine_finding *seasonal = &v->finding[DETECTOR_seasonal];
    if (v->ensemble != ENGINE_ENSEMBLE_RIDGELINE || v->season == ENGINE_SEASON_NONE ||
        seasonal->vote == ENGINE_ABSTAINS)
        return false;
    return v->votes == 0 || seasonal->expected == told->expected;
}

static void say_expected(struct text *t, const struct verdict *v, const struct engine_told *told)
{
    if (!isfinite(told->expected))
        return;
    say(t, "; ");
    if (is_of_season(v, told))
        say(t, "at this time of %s ", v->season == ENGINE_SEASON_WEEK ? "the week" : "day");
    if (isfinite(told->lower) && isfinite(told->upper))
        say(t, "%.4g to %.4g was expected", told->lower, told->upper);
    else
        say(t, "about %.4g was expected", told->expected);
}

static void say_value(struct text *t, const struct verdict *v, const struct why *w)
{
    struct engine_told told;
    engine_told(v, &told);
    say(t, "%.6g", told.value);
    if (told.is_mean)
        say(t, ", a mean (the point itself is %.6g),", v->value);
    say(t, " at ");
    say_clock(t, v->t, w);
    if (isfinite(v->rate))
        say(t, ", judged as a counter, by its rate of %.6g a second", v->rate);
    say_expected(t, v, &told);
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

static void say_gap(struct text *t, const struct verdict *v)
{
    say(t, "Gap: no point came for ");
    say_duration(t, v->t - v->since);
    say(t, " before this one, where silences of up to ");
    say_duration(t, v->longest_s);
    say(t, " are its habit. ");
}

static void say_reset(struct text *t, const struct verdict *v, const struct why *w)
{
    say(t, "Reset: a counter that began anew, at %.6g at ", v->value);
    say_clock(t, v->t, w);
    say(t, ": what it had counted since the point before is not known, and nothing is judged by it.");
}

/* ", first seasonal, then median, slow": who voted. */
static void say_voters(struct text *t, const struct verdict *v, int first)
{
    unsigned n = engine_findings(v->ensemble);
    bool known = first >= 0 && (unsigned)first < n && v->finding[first].vote == ENGINE_VOTE_YES;
    const char *between = ": ";
    if (known && v->votes > 1) {
        say(t, ", first %s", engine_finding_name(v->ensemble, (unsigned)first));
        between = ", then ";
    }
    for (unsigned i = 0; i < n; i++) {
        if (v->finding[i].vote != ENGINE_VOTE_YES || (known && v->votes > 1 && i == (unsigned)first))
            continue;
        say(t, "%s%s", between, engine_finding_name(v->ensemble, i));
        between = ", ";
    }
}

static void say_votes(struct text *t, const struct verdict *v, const struct engine_options *o, const struct why *w)
{
    double needed = engine_votes_needed(o);
    bool enough = v->votes >= needed, strong = v->score >= o->score_to_open;
    bool skyline = v->ensemble == ENGINE_ENSEMBLE_SKYLINE;
    say(t, "; %u of %u %s voted", v->votes, v->judges, skyline ? "algorithms" : "detectors");
    say_voters(t, v, w->first);
    say(t, "; %g %s needed", needed, needed == 1 ? "is" : "are");
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

static void say_stale(struct text *t, const struct verdict *v, const struct why *w)
{
    say(t, "Stale since ");
    say_clock(t, v->t, w);
    say(t, ": no point has come for ");
    say_duration(t, w->silent_s);
    say(t, ", longer than this metric's habit. The last one: ");
}

static void say_warming_up(struct text *t, const struct verdict *v)
{
    say(t, "Warming up: ");
    say_duration(t, v->warmup_left_s);
    say(t, " left of data to learn from; %.6g was learnt, and not judged.", v->value);
}

/* What the state says by itself. Returns whether the value and the votes say more. */
static bool say_state(struct text *t, const struct verdict *v, const struct why *w)
{
    switch (v->state) {
    case ENGINE_WARMING_UP:
        say_warming_up(t, v);
        return false;
    case ENGINE_FLAT:
        say_flat(t, v);
        return false;
    case ENGINE_RESET:
        say_reset(t, v, w);
        return false;
    case ENGINE_STALE:
        say_stale(t, v, w);
        break;
    case ENGINE_ANOMALOUS:
        say(t, "Anomalous: ");
        break;
    case ENGINE_NORMAL:
        say(t, "Normal: ");
        break;
    case ENGINE_DROPOUT:
        say_dropout(t, v);
        break;
    case ENGINE_GAP:
        say_gap(t, v);
        break;
    case ENGINE_DEGENERATE:
        say_nothing_judged(t, v);
        break;
    }
    return true;
}

static void say_sparse(struct text *t, const struct why *w)
{
    say(t, " It is sparse: its points come by chance, about one each ");
    say_duration(t, w->step_s);
    say(t, ", and silences of up to ");
    say_duration(t, w->habit_s);
    say(t, " are its habit.");
}

/* "10-minute", in the largest unit of which it is a multiple. */
static void say_width(struct text *t, uint32_t s)
{
    size_t i = 0;
    while (units[i].s > 1 && s % units[i].s != 0)
        i++;
    say(t, "%" PRId64 "-%s", s / units[i].s, units[i].name);
}

static void say_source(struct text *t, const struct why *w)
{
    if (w->recorded)
        say(t, "Recorded when it was judged: ");
    if (w->means_s > 0) {
        say(t, "Reconstructed from ");
        say_width(t, w->means_s);
        say(t, " means: ");
    }
}

void why_sentence(char out[WHY_MAX], const struct verdict *v, const struct engine_options *o, const struct why *w)
{
    struct text t = {.out = out};
    out[0] = '\0';
    say_source(&t, w);
    if (say_state(&t, v, w)) {
        say_value(&t, v, w);
        say_votes(&t, v, o, w);
        say_abstentions(&t, v);
    }
    if (w->sparse)
        say_sparse(&t, w);
}
