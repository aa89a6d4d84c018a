/* The text of ridgeline explain. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/explain.h"

#define TIME_MAX 40
#define NUMBER_MAX 32

static char *time_text(char out[TIME_MAX], uint32_t t)
{
    struct tm tm;
    time_t seconds = (time_t)t;
    gmtime_r(&seconds, &tm);
    strftime(out, TIME_MAX, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return out;
}

/* "-" where there is no number. */
static char *number_text(char out[NUMBER_MAX], double v)
{
    snprintf(out, NUMBER_MAX, isfinite(v) ? "%.6g" : "-", v);
    return out;
}

void explain_print_options(const struct engine_options *o, const struct conf_origin *origins)
{
    puts("Options");
    for (size_t i = 0; i < conf_metric_options_n(); i++) {
        const struct conf_option *option = conf_metric_option(i);
        char value[UNITS_TEXT_MAX], origin[CONF_ORIGIN_TEXT_MAX];
        double number;
        memcpy(&number, (const char *)o + option->offset, sizeof number);
        printf("  %-19s %-11s %s\n", option->name, conf_value_text(value, sizeof value, i, number),
               conf_origin_text(origin, sizeof origin, &origins[i]));
    }
}

void explain_print_about(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < conf_rule_options_n; i++) {
        const struct conf_option *o = &conf_rule_options[i];
        struct conf_origin origin;
        char from[CONF_ORIGIN_TEXT_MAX];
        char *text = o->type == CONF_RETENTION ? NULL : conf_about_text(s, name, strlen(name), o, &origin);
        if (text)
            printf("  %-19s %-11s %s\n", o->name, text, conf_origin_text(from, sizeof from, &origin));
        free(text);
    }
}

void explain_print_retention(const struct units_retention *r, const struct conf_origin *origin)
{
    char value[UNITS_RETENTION_TEXT_MAX], from[CONF_ORIGIN_TEXT_MAX];
    printf("  %-19s %s %s\n\n", "retention", units_retention_text(value, sizeof value, r),
           conf_origin_text(from, sizeof from, origin));
}

static void print_source(const struct history_end *end)
{
    char step[UNITS_TEXT_MAX];
    if (end->source == HISTORY_FROM_MEANS)
        printf("  source    reconstructed from means of %s: no raw point is left of that time\n",
               units_duration_text(step, sizeof step, (int64_t)end->step_s));
    else if (end->source == HISTORY_RECORDED)
        puts("  source    recorded when it was judged");
}

static void print_state(const struct explain_verdict *e, int64_t now)
{
    const struct verdict *v = &e->verdict;
    int64_t silent_s = now - (int64_t)v->t;
    char left[UNITS_TEXT_MAX];
    printf("  state     %s", engine_state_name(v->state));
    if (v->state == ENGINE_WARMING_UP)
        printf(", %s of data to go", units_duration_text(left, sizeof left, v->warmup_left_s));
    if (v->since > 0)
        printf(" for %s", units_duration_text(left, sizeof left, v->t - v->since));
    if (v->state == ENGINE_FLAT)
        printf(", never longer than %s before", units_duration_text(left, sizeof left, (int64_t)v->longest_s));
    if (v->state == ENGINE_GAP)
        printf(", longer than its habit of %s", units_duration_text(left, sizeof left, (int64_t)v->longest_s));
    putchar('\n');
    if (isfinite(v->rate))
        printf("  rate      %.6g a second: a counter is judged by its rate\n", v->rate);
    if (now > 0 && e->end.stale_after_s > 0 && (double)silent_s > e->end.stale_after_s)
        printf("  silent    %s: for %lld s, longer than its habit of %.0f s\n", engine_state_name(ENGINE_STALE),
               (long long)silent_s, e->end.stale_after_s);
}

static void print_sparse(const struct explain_verdict *e)
{
    char step[UNITS_TEXT_MAX], habit[UNITS_TEXT_MAX];
    if (e->end.sparse)
        printf("  sparse    its points come by chance, about one each %s; its habit are silences of up to %s\n",
               units_duration_text(step, sizeof step, (int64_t)e->end.step_s),
               units_duration_text(habit, sizeof habit, (int64_t)e->end.stale_after_s));
}

static void print_expected(const struct verdict *v)
{
    char value[NUMBER_MAX], expected[NUMBER_MAX], lower[NUMBER_MAX], upper[NUMBER_MAX];
    struct engine_told told;
    if (!isfinite(v->expected))
        return;
    printf("  expected  %s, within %s to %s\n", number_text(expected, v->expected), number_text(lower, v->lower),
           number_text(upper, v->upper));
    engine_told(v, &told);
    if (told.expected == v->expected)
        return;
    printf("  strongest %s%s where %s was expected, within %s to %s\n", number_text(value, told.value),
           told.is_mean ? ", a mean," : "", number_text(expected, told.expected), number_text(lower, told.lower),
           number_text(upper, told.upper));
}

static void print_findings(const struct verdict *v)
{
    printf("\n  %-27s %10s %10s %12s %6s  vote\n", "detector", "statistic", "threshold", "expected", "of");
    for (unsigned i = 0; i < engine_findings(v->ensemble); i++) {
        const struct engine_finding *f = &v->finding[i];
        char statistic[NUMBER_MAX], threshold[NUMBER_MAX], expected[NUMBER_MAX], step[UNITS_TEXT_MAX] = "-";
        if (f->step_s > 0)
            units_duration_text(step, sizeof step, f->step_s);
        printf("  %-27s %10s %10s %12s %6s  %s", engine_finding_name(v->ensemble, i),
               number_text(statistic, f->statistic), number_text(threshold, f->threshold),
               number_text(expected, f->expected), step, engine_vote_name(f->vote));
        if (f->vote == ENGINE_ABSTAINS)
            printf(": %s", engine_reason_name(f->reason));
        putchar('\n');
    }
    putchar('\n');
}

/* Why there is an anomaly, or why there is none. */
static void print_conclusion(const struct explain_verdict *e, const struct engine_options *o)
{
    const struct verdict *v = &e->verdict;
    char start[TIME_MAX], after[UNITS_TEXT_MAX];
    bool by_score = v->ensemble == ENGINE_ENSEMBLE_RIDGELINE;
    bool score_reached = v->score >= o->score_to_open || !by_score, votes_reached = v->votes >= engine_votes_needed(o);
    if (e->episode.open)
        printf("An anomaly is open since %s; it closes %s after its last anomalous point.\n",
               time_text(start, e->episode.start),
               units_duration_text(after, sizeof after, (int64_t)e->patience_s));
    else if (e->episode.pending)
        printf("No anomaly yet: one opens when this has lasted %s.\n",
               units_duration_text(after, sizeof after, (int64_t)o->min_duration_s));
    else if (v->state == ENGINE_WARMING_UP)
        puts("No anomaly: nothing is judged while the metric warms up.");
    else if (!score_reached && !votes_reached)
        puts("No anomaly: neither the score nor the votes reach what opens one.");
    else if (!score_reached)
        puts("No anomaly: the votes suffice, the score does not reach what opens one.");
    else if (!votes_reached)
        printf("No anomaly: %sthe votes do not reach the consensus.\n", by_score ? "the score suffices, " : "");
    else
        printf("No anomaly, although %s suffice: such a change is not wanted, by direction, min_change or "
               "min_change_relative.\n", by_score ? "score and votes" : "the votes");
    if (e->end.source == HISTORY_FROM_TAIL)
        puts("No saved record stands before this point: it was judged from the first raw point on.");
}

void explain_print_verdict(const struct explain_verdict *e, const struct engine_options *o, int64_t now)
{
    const struct verdict *v = &e->verdict;
    char moment[TIME_MAX], value[NUMBER_MAX], strength[NUMBER_MAX];
    printf("Verdict about the point of %s (%u)\n", time_text(moment, v->t), (unsigned)v->t);
    printf("  value     %s\n", number_text(value, v->value));
    print_source(&e->end);
    print_state(e, now);
    print_sparse(e);
    print_expected(v);
    printf("  ensemble  %s\n", engine_ensemble_name(v->ensemble));
    if (v->ensemble == ENGINE_ENSEMBLE_RIDGELINE)
        printf("  score     %.1f of 100, opens at %.15g (strength %s)\n", v->score, o->score_to_open,
               number_text(strength, v->strength));
    else
        printf("  score     %.1f of 100\n", v->score);
    printf("  rarity    %.2f of 1, 0.5 is an alert\n", v->rarity);
    printf("  votes     %u of %u, opens at %.15g\n", v->votes, v->judges, engine_votes_needed(o));
    printf("  season    %s\n", engine_season_name(v->season));
    print_findings(v);
    print_conclusion(e, o);
}

void explain_print_forecast(const struct forecast *f, const char *note, const char *unit)
{
    char value[NUMBER_MAX], slope[NUMBER_MAX];
    const char *blank = *unit != '\0' ? " " : "";
    printf("Forecast: it %s; now at %s%s%s, changing by %s%s%s a day.\n", note, number_text(value, f->last), blank,
           unit, number_text(slope, f->slope * 86400), blank, unit);
}
