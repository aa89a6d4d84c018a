/* One family for each counter of counters.h, with a sample for each process that
 * has it, and for each of its parts (`received|listener=line_tcp`). The
 * sample without a part is the total of the parts: sum one or the other.
 *
 * With Redis away ridgeline_redis_up is 0, the figures of the others are the last known, whose age two gauges tell,
 * and the answer is still 200: a scrape that fails looks like a dead webapp. */
#include "webapp/prometheus.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "webapp/app.h"
#include "webapp/attention.h"
#include "webapp/figures.h"
#include "webapp/processes.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* A label's value, escaped as the format wants it: backslash, quote, newline. */
static void put_label(FILE *out, const char *name, size_t name_len, const char *value)
{
    fprintf(out, "%.*s=\"", (int)name_len, name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            fputc('\\', out);
        if (*value == '\n')
            fputs("\\n", out);
        else
            fputc(*value, out);
    }
    fputc('"', out);
}

struct family {
    FILE *out;
    char name[128];
    const struct process *process;
};

static void put_sample(const struct family *f, const char *label, uint64_t value)
{
    fprintf(f->out, "%s{", f->name);
    put_label(f->out, "process", 7, f->process->name);
    if (label) {
        size_t len = strcspn(label, "=");
        fputc(',', f->out);
        put_label(f->out, label, len, label + len + (label[len] == '='));
    }
    fprintf(f->out, "} %" PRIu64 "\n", value);
}

static bool is_label_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    return n > 0 && text[n] == '=';
}

/* Labels of our own counters, by name and form; a field that looks otherwise is not one. */
static void put_part(void *context, const char *label, uint64_t value)
{
    if (is_label_name(label) && strncmp(label, "process=", 8) != 0)
        put_sample(context, label, value);
}

static void open_family(struct family *f, const char *kind, const struct counters_def *def)
{
    bool counter = def->kind == COUNTERS_COUNTER;
    snprintf(f->name, sizeof f->name, "ridgeline_%s_%s%s", kind, def->name, counter ? "_total" : "");
    fprintf(f->out, "# HELP %s %s\n# TYPE %s %s\n", f->name, def->help, f->name, counter ? "counter" : "gauge");
}

/* What is told of: the processes as they were read, so long ago; of this one the counters are in memory. */
struct told {
    struct app *app;
    const struct processes *processes;
    int64_t age_s;
};

static bool is_own(const struct told *t, const struct process *p)
{
    return strcmp(p->name, t->app->process) == 0;
}

static void put_family(FILE *out, const struct told *t, const char *kind, const struct counters_def *defs,
                       const struct counters_def *def)
{
    struct family f = {.out = out};
    char prefix[96];
    open_family(&f, kind, def);
    snprintf(prefix, sizeof prefix, "%s|", def->name);
    if (defs == counters_webapp) {
        f.process = &(struct process){.name = t->app->process};
        put_sample(&f, NULL, t->app->counters[def - defs]);
    }
    for (size_t i = 0; i < t->processes->n; i++) {
        uint64_t value;
        f.process = &t->processes->list[i];
        if (f.process->defs != defs || is_own(t, f.process))
            continue;
        if (processes_number(f.process, def->name, &value))
            put_sample(&f, NULL, value);
        processes_labels(f.process, prefix, put_part, &f);
    }
}

/* What holds for every process, whatever it counts. */
static void put_common(FILE *out, const struct told *t)
{
    static const struct counters_def starts = {"starts", COUNTERS_COUNTER, "starts of this process so far"};
    static const struct counters_def age = {"age_seconds", COUNTERS_GAUGE, "seconds since it last saved its counters"};
    struct family f = {.out = out};
    open_family(&f, "process", &starts);
    for (size_t i = 0; i < t->processes->n; i++) {
        uint64_t value;
        f.process = &t->processes->list[i];
        if (processes_number(f.process, "generation", &value))
            put_sample(&f, NULL, value);
    }
    open_family(&f, "process", &age);
    for (size_t i = 0; i < t->processes->n; i++) {
        f.process = &t->processes->list[i];
        put_sample(&f, NULL, (uint64_t)(f.process->age_s + t->age_s));
    }
}

/* By the convention of Prometheus: 1, and the version as a label. */
static void put_build_info(FILE *out, const struct processes *p)
{
    fprintf(out, "# HELP ridgeline_build_info 1; the version of each process\n# TYPE ridgeline_build_info gauge\n");
    for (size_t i = 0; i < p->n; i++) {
        const char *version = processes_text(&p->list[i], "version");
        if (!version)
            continue;
        fputs("ridgeline_build_info{", out);
        put_label(out, "process", 7, p->list[i].name);
        fputc(',', out);
        put_label(out, "version", 7, version);
        fputs("} 1\n", out);
    }
}

static void put_all(FILE *out, const struct told *t)
{
    static const struct {
        const char *kind;
        const struct counters_def *defs;
        size_t n;
    } kinds[] = {
        {"horizon", counters_horizon, HORIZON_N}, {"roomba", counters_roomba, ROOMBA_N},
        {"analyzer", counters_analyzer, ANALYZER_N}, {"worker", counters_worker, WORKER_N},
        {"alerter", counters_alerter, ALERTER_N}, {"channel", counters_channel, CHANNEL_N},
        {"webapp", counters_webapp, WEBAPP_N},
    };
    put_build_info(out, t->processes);
    put_common(out, t);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (size_t i = 0; i < kinds[k].n; i++)
            put_family(out, t, kinds[k].kind, kinds[k].defs, &kinds[k].defs[i]);
    }
}

/* Of the site, not of a process. */
static void put_budget(FILE *out, struct attention *a)
{
    struct attention_state now = attention_now(a);
    const struct {
        const char *name, *help;
        double value;
    } gauges[] = {
        {"surface_score", "score from which anomalies surface; what lies below are candidates", now.bar.score},
        {"per_day", "anomalies a day that incident_budget allows", now.per_day},
        {"surfaced_last_day", "anomalies that reached the surface score in the last 24 hours",
         (double)now.bar.last_day},
        {"candidates_open", "open anomalies below the surface score", (double)now.candidates},
        {"exceeded", "1 while even the anomalies at the surface score are more than the budget", now.bar.exceeded},
    };
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
        const char *name = gauges[i].name;
        if (!isfinite(gauges[i].value)) /* there is no budget */
            continue;
        fprintf(out, "# HELP ridgeline_budget_%s %s\n# TYPE ridgeline_budget_%s gauge\n", name, gauges[i].help, name);
        fprintf(out, "ridgeline_budget_%s %.15g\n", name, gauges[i].value);
    }
}

static void put_gauge(FILE *out, const char *name, const char *help, int64_t value)
{
    fprintf(out, "# HELP ridgeline_%s %s\n# TYPE ridgeline_%s gauge\n", name, help, name);
    fprintf(out, "ridgeline_%s %" PRId64 "\n", name, value);
}

/* How long ago `then_s` was; 0 where that is not known. */
static int64_t age_of(int64_t then_s, int64_t now_s)
{
    return then_s > 0 && now_s > then_s ? now_s - then_s : 0;
}

/* Whether Redis answers, and how old what follows is. */
static void put_redis(FILE *out, bool up, int64_t away_s, int64_t age_s)
{
    put_gauge(out, "redis_up", "1 while Redis answers the webapp", up);
    put_gauge(out, "redis_away_seconds", "seconds since Redis stopped answering the webapp, 0 while it does",
              away_s);
    put_gauge(out, "figures_age_seconds",
              "seconds since the figures of the other processes were last known, 0 while Redis answers", age_s);
}

/* The figures that were last known, while Redis does not answer. */
static void put_last_known(FILE *out, struct app *app, int64_t now_s)
{
    int64_t taken_s, away_since_s = figures_away_since(app->figures);
    struct told t = {.app = app, .processes = figures_hold(app->figures, &taken_s)};
    t.age_s = age_of(taken_s, now_s);
    put_redis(out, false, age_of(away_since_s, now_s), t.age_s);
    put_all(out, &t);
    figures_release(app->figures);
}

void prometheus_get(const struct request *request, struct reply *reply)
{
    char *text = NULL;
    size_t len;
    struct app *app = request->app;
    struct processes p;
    int64_t now_s = clock_wall_s();
    bool up = processes_read(&p, request->store, now_s) == 0;
    FILE *out = open_memstream(&text, &len);
    if (out && up) {
        put_redis(out, true, 0, 0);
        put_all(out, &(struct told){.app = app, .processes = &p});
    } else if (out) {
        put_last_known(out, app, now_s);
    }
    if (out) {
        put_budget(out, app->attention);
        if (fclose(out) != 0) {
            free(text);
            text = NULL;
        }
    }
    processes_fini(&p);
    http_text(reply, TEXT_TYPE, text);
}
