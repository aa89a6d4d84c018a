/* Each check looks at one kind of entry and asks whether what it says can ever come to pass: whether a channel's files
 * are there, whether a mute still comes, whether the votes that are asked for can be had. What may become true without
 * a change of the settings (Nagios is not started yet) is no error, so it is a warning. */
#include "cli/lint.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ridgeline/alerts.h"
#include "ridgeline/incident.h"
#include "ridgeline/mutes.h"

struct lint {
    const struct settings *s;
    FILE *out;
    size_t n;
};

/* A `line` of 0 is none: by --set, or by default. */
static void __attribute__((format(printf, 3, 4))) warn(struct lint *l, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(l->out, "%s", *l->s->path == '\0' ? "settings" : l->s->path);
    if (line > 0)
        fprintf(l->out, ":%u", line);
    fputs(": warning: ", l->out);
    vfprintf(l->out, format, args);
    fputc('\n', l->out);
    va_end(args);
    l->n++;
}

/* NULL when the file is there, of this kind (0: any) and may be used in this way; else why not. */
static const char *lacks(const char *path, mode_t kind, const char *not_of_kind, int mode)
{
    struct stat file;
    if (stat(path, &file) != 0)
        return strerror(errno);
    if (kind != 0 && (file.st_mode & S_IFMT) != kind)
        return not_of_kind;
    return access(path, mode) == 0 ? NULL : strerror(errno);
}

static void check_files(struct lint *l, const struct channel_settings *c)
{
    const struct {
        const char *option, *path;
        mode_t kind;
        const char *not_of_kind;
        int mode;
    } files[] = {
        {"ca_file", c->ca_file, 0, NULL, R_OK},
        {"program", c->program, S_IFREG, "is no file", X_OK},
        {"command_file", c->command_file, S_IFIFO, "is no FIFO, as Nagios makes it", W_OK},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = files[i].path;
        const char *why = path != NULL && *path != '\0'
                              ? lacks(path, files[i].kind, files[i].not_of_kind, files[i].mode) : NULL;
        if (why != NULL)
            warn(l, c->line, "channel %s cannot deliver: %s %s: %s", c->name, files[i].option, path, why);
    }
}

static void check_channels(struct lint *l)
{
    for (size_t i = 0; i < l->s->channels.n; i++) {
        const struct channel_settings *c = &l->s->channels.list[i];
        bool named = false;
        for (size_t a = 0; a < l->s->alerts.n && !named; a++)
            named = conf_globs_match(&l->s->alerts.list[a].channels, c->name, strlen(c->name));
        if (!named)
            warn(l, c->line, "no alert names channel %s: nothing is told there", c->name);
        check_files(l, c);
    }
}

/* Whether the glob is one name, and horizon makes no metric of that. Of globs with more in them nothing is said. */
static bool never_matches(const struct settings *s, const struct glob *glob)
{
    const char *name = glob_pattern(glob), *prefix = s->horizon.mark_prefix;
    size_t len = strlen(name);
    if (strpbrk(name, "*?[{") != NULL)
        return false;
    return conf_globs_match(&s->horizon.deny, name, len) ||
           (s->horizon.allow.n > 0 && !conf_globs_match(&s->horizon.allow, name, len)) ||
           (*prefix != '\0' && strncmp(name, prefix, strlen(prefix)) == 0);
}

/* An entry of this kind and name that is for the metrics that `match` matches. */
static void check_match(struct lint *l, unsigned line, const char *kind, const char *name,
                        const struct conf_globs *match)
{
    for (size_t i = 0; i < match->n; i++)
        if (never_matches(l->s, match->globs[i]))
            warn(l, line, "%s %s is for %s, of which horizon makes no metric", kind, name,
                 glob_pattern(match->globs[i]));
}

/* Whether `detection` or a rule turns this per-metric choice of "no" and "yes" on. */
static bool is_on(const struct settings *s, const char *option)
{
    for (size_t k = 0; k < conf_metric_options_n(); k++) {
        if (strcmp(conf_metric_option(k)->name, option) != 0)
            continue;
        double value;
        memcpy(&value, (const char *)&s->detection + conf_metric_option(k)->offset, sizeof value);
        bool on = value != 0;
        for (size_t i = 0; i < s->rules.n; i++)
            on |= s->rules.rules[i].set[k] && s->rules.rules[i].value[k] != 0;
        return on;
    }
    return true;
}

/* Whether a rule gives any metric a limit, or one may be learned. */
static bool may_have_limits(const struct settings *s)
{
    bool found = is_on(s, "learn_limit");
    for (size_t i = 0; i < s->rules.n; i++)
        found |= !isnan(s->rules.rules[i].limit);
    return found;
}

/* One that names no states has all, and would be warned of for those that nobody asked for. What the page's overrides
 * turn on is not known here. */
static void check_states(struct lint *l, const struct alert_settings *a)
{
    if (a->states == (UINT32_C(1) << INCIDENT_WHATS) - 1)
        return;
    for (size_t what = 0; what < INCIDENT_WHATS; what++) {
        const char *state = alerts_state_name(what);
        if ((a->states >> what & 1) == 0)
            continue;
        if (what == INCIDENT_FORECAST && !may_have_limits(l->s))
            warn(l, a->line, "alert %s tells of forecast, and no rule sets a limit, and none is learned", a->name);
        else if (what != INCIDENT_FORECAST && !is_on(l->s, state))
            warn(l, a->line, "alert %s tells of %s, and neither detection nor a rule has %s = \"yes\"", a->name, state,
                 state);
    }
}

static void check_alerts(struct lint *l)
{
    for (size_t i = 0; i < l->s->alerts.n; i++) {
        const struct alert_settings *a = &l->s->alerts.list[i];
        check_match(l, a->line, "alert", a->name, &a->match);
        check_states(l, a);
    }
}

static void check_mutes(struct lint *l, int64_t now_s)
{
    for (size_t i = 0; i < l->s->mutes.n; i++) {
        const struct mute_settings *m = &l->s->mutes.list[i];
        if (calendar_is_over(&m->calendar, now_s))
            warn(l, m->line, "mute %s is over for good", m->name);
        check_match(l, m->line, "mute", m->name, &m->match);
    }
}

/* Whether the options of `o` can open an anomaly by votes. */
static void check_votes(struct lint *l, unsigned line, const struct engine_options *o)
{
    unsigned used = 0;
    for (size_t d = 0; d < DETECTOR_COUNT; d++)
        used += o->use[d] != 0;
    if (o->ensemble == ENGINE_ENSEMBLE_RIDGELINE && o->consensus > used)
        warn(l, line, "consensus asks for %.0f votes and %u detectors are used: no value can open an anomaly",
             o->consensus, used);
}

/* The options by which check_votes() judges. */
static bool decides_votes(const char *name)
{
    return strcmp(name, "consensus") == 0 || strcmp(name, "ensemble") == 0 || strncmp(name, "use_", 4) == 0;
}

static double *option_at(struct engine_options *o, size_t k)
{
    return (double *)(void *)((char *)o + conf_metric_option(k)->offset);
}

/* Of what `detection` and all rules say of each option that decides votes, what is best for opening an anomaly. */
static struct engine_options most_favourable(const struct settings *s)
{
    struct engine_options best = s->detection;
    for (size_t i = 0; i < s->rules.n; i++)
        for (size_t k = 0; k < conf_metric_options_n(); k++) {
            const struct conf_rule *rule = &s->rules.rules[i];
            const char *name = conf_metric_option(k)->name;
            double *at = option_at(&best, k);
            if (rule->set[k] && decides_votes(name))
                *at = strcmp(name, "consensus") == 0 ? fmin(*at, rule->value[k]) : fmax(*at, rule->value[k]);
        }
    return best;
}

/* Which rules meet in a name is not known here: what this one does not say, another may (`best`), and a false warning
 * is worse than none. `explain` tells what holds for a name. */
static void check_rule_votes(struct lint *l, const struct conf_rule *rule, const struct engine_options *best)
{
    struct engine_options o = *best;
    bool decides = false;
    for (size_t k = 0; k < conf_metric_options_n(); k++) {
        if (!rule->set[k] || !decides_votes(conf_metric_option(k)->name))
            continue;
        *option_at(&o, k) = rule->value[k];
        decides = true;
    }
    if (decides)
        check_votes(l, rule->line, &o);
}

static void check_rules(struct lint *l)
{
    const struct engine_options best = most_favourable(l->s);
    const bool limited = may_have_limits(l->s);
    for (size_t i = 0; i < l->s->rules.n; i++) {
        const struct conf_rule *rule = &l->s->rules.rules[i];
        check_rule_votes(l, rule, &best);
        if (never_matches(l->s, rule->match))
            warn(l, rule->line, "the rule is for %s, of which horizon makes no metric", glob_pattern(rule->match));
        if (rule->warn_before_s > 0 && !limited)
            warn(l, rule->line, "warn_before has nothing to warn of: no rule sets a limit, and none is learned");
    }
}

static unsigned detection_line(const struct settings *s)
{
    unsigned line = 0;
    for (size_t k = 0; k < conf_metric_options_n(); k++)
        if (decides_votes(conf_metric_option(k)->name) && s->detection_line[k] > line)
            line = s->detection_line[k];
    return line;
}

static void check_listeners(struct lint *l)
{
    const struct settings *s = l->s;
    if (!s->horizon.carbon_line.on && !s->horizon.carbon_udp.on && !s->horizon.carbon_pickle.on &&
        !s->horizon.skyline_udp.on && !s->statsd.listen.on)
        warn(l, 0, "horizon has no listener: nobody can send");
}

size_t lint_settings(const struct settings *s, int64_t now_s, FILE *out)
{
    struct lint l = {.s = s, .out = out};
    check_listeners(&l);
    check_votes(&l, detection_line(s), &s->detection);
    check_rules(&l);
    check_channels(&l);
    check_alerts(&l);
    check_mutes(&l, now_s);
    return l.n;
}
