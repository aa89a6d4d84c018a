/* ridgeline explain: why a metric was flagged, or was not.
 *
 * First the options in force and where each came from; then, when Redis has
 * the metric, the verdict about its newest point or the one at a given moment. The
 * verdict is made again from the newest saved record before that point and the raw tail, or
 * from means where no raw points are left, by the engine that the workers run, under the
 * options in force now. */
#include "cli/explain.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "ridgeline/history.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/prospect.h"
#include "ridgeline/store.h"

#define SETS_MAX 64
#define STORE_TIMEOUT_MS 3000

static const char usage[] =
    "usage: ridgeline explain [OPTIONS] NAME\n\n"
    "Prints the verdict about the newest point of the metric NAME with every detector's vote; each\n"
    "option in force for it with the source that gave it; and what rules say of it: unit, owner,\n"
    "description, runbook, limit, retention.\n\n"
    "  --settings FILE     settings and rules; without it, the defaults\n"
    "  --state-dir DIR     where the private Redis of `ridgeline run` keeps its socket\n"
    "  --set NAME=VALUE    changes one setting; may be repeated\n"
    "  --at TIME           the last point at or before TIME instead of the newest: epoch seconds,\n"
    "                      or YYYY-MM-DDTHH:MM:SS in UTC; where no raw point is left of that time,\n"
    "                      the mean that is\n";

struct arguments {
    const char *path, *state_dir, *name;
    const char *sets[SETS_MAX + 1];
    size_t n_sets;
    bool has_at;
    uint32_t at;
};

/* Epoch seconds, or ISO 8601 in UTC with or without its Z. */
static int read_time(const char *text, uint32_t *t)
{
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"};
    const char *why;
    double number;
    long long moment = -1;
    if (units_number(text, &number, &why) == 0 && number >= 0 && number <= UINT32_MAX)
        moment = (long long)number;
    for (size_t i = 0; moment < 0 && i < sizeof formats / sizeof *formats; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, formats[i], &tm);
        if (end != NULL && (*end == '\0' || strcmp(end, "Z") == 0))
            moment = timegm(&tm);
    }
    if (moment < 0 || moment > UINT32_MAX)
        return -1;
    *t = (uint32_t)moment;
    return 0;
}

static int take_option(struct arguments *a, int option)
{
    switch (option) {
    case 's':
        a->path = optarg;
        return 0;
    case 'd':
        a->state_dir = optarg;
        return 0;
    case 'v':
        if (a->n_sets == SETS_MAX)
            return -1;
        a->sets[a->n_sets++] = optarg;
        return 0;
    case 't':
        a->has_at = read_time(optarg, &a->at) == 0;
        return a->has_at ? 0 : -1;
    default:
        return -1;
    }
}

/* Returns 0, or the exit status plus 1. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"settings", required_argument, NULL, 's'}, {"state-dir", required_argument, NULL, 'd'},
        {"set", required_argument, NULL, 'v'},      {"at", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 1;
        }
        if (take_option(a, option) < 0) {
            if (option == 't')
                fprintf(stderr, "ridgeline explain: --at %s is not a time\n", optarg);
            else
                fputs(usage, stderr);
            return 3;
        }
    }
    if (optind + 1 != argc || *argv[optind] == '\0' || strlen(argv[optind]) > KEYS_NAME_MAX) {
        fputs(usage, stderr);
        return 3;
    }
    a->name = argv[optind];
    return 0;
}

/* Reads the overrides. A list that cannot be read leaves `*r` empty and says so. */
static void load_overrides(struct store *store, struct conf_rules *r)
{
    char error[CONF_ERROR_MAX];
    redisReply *reply = store_command(store, "HGET %s list", KEYS_OVERRIDES);
    if (store_ok(reply) && reply->type == REDIS_REPLY_STRING &&
        conf_overrides_parse(r, reply->str, (size_t)reply->len, error) < 0)
        printf("Overrides in Redis cannot be read and are left out: %s\n\n", error);
    freeReplyObject(reply);
}

/* Keeps the newest verdict and its episode. */
static void keep_last(void *context, const struct verdict *v, enum episode_change change,
                      const struct episode *episode)
{
    struct explain_verdict *last = context;
    (void)change;
    if (v == NULL)
        return;
    last->verdict = *v;
    last->episode = *episode;
    last->found = true;
}

/* Judges what is left of the moment again. Returns as history_explain() does. */
static int judge(struct store *store, const struct arguments *a, const struct engine_options *o,
                 struct explain_verdict *out)
{
    struct series stored;
    struct history_end *end = &out->end;
    struct history_replay what = {.name = a->name,
                                  .len = strlen(a->name),
                                  .stored = &stored,
                                  .until = a->has_at ? a->at : UINT32_MAX,
                                  .options = o,
                                  .each = keep_last,
                                  .context = out};
    int none = history_read(store, a->name, what.len, &stored);
    if (none == 0)
        none = history_explain(store, &what, end);
    if (none == 0)
        out->patience_s = episode_patience_s(o, end->step_s);
    series_fini(&stored);
    return none;
}

static int explain_metric(struct store *store, const struct arguments *a, const struct engine_options *o)
{
    struct explain_verdict last = {.found = false};
    int none = judge(store, a, o, &last);
    if (none < 0)
        puts("Redis gave no usable answer.");
    else if (last.found)
        explain_print_verdict(&last, o, a->has_at ? 0 : clock_wall_s());
    else
        puts(a->has_at ? "Redis holds no point of this metric at or before that time, raw or rolled up."
                       : "Redis holds no points of this metric.");
    return none == 0 && last.found ? 0 : 1;
}

/* When it reaches its limit, where it has one. */
static void explain_forecast(const struct settings *s, struct store *store, const struct arguments *a, bool learn)
{
    struct conf_about about;
    struct limit limit;
    struct forecast f;
    char note[FORECAST_NOTE_BYTES];
    size_t len = strlen(a->name);
    conf_about(s, a->name, len, &about);
    int unknown = prospect_limit(store, a->name, len, about.limit, learn, &limit);
    if (unknown == 0 && limit.kind == LIMIT_NONE)
        return;
    if (unknown == 0)
        unknown = prospect_now(store, a->name, len, &limit, a->has_at ? a->at : (uint32_t)clock_wall_s(), &f);
    if (unknown < 0) {
        puts("Redis gave no usable answer about its limit.");
    } else if (unknown) {
        puts("Less than three hours of points are known: too little to say when it reaches its limit.");
    } else {
        forecast_note(note, &f, &limit, about.unit);
        explain_print_forecast(&f, note, about.unit);
    }
}

static int explain(const struct settings *s, struct store *store, const struct arguments *a)
{
    struct conf_rules overrides = {0};
    struct engine_options options;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX], origin;
    char quoted[4 * KEYS_NAME_MAX + 8];
    bool connected = store_connect(store) == 0;
    int status = 1;
    printf("%s\n\n", log_quote(quoted, sizeof quoted, a->name, strlen(a->name)));
    if (connected)
        load_overrides(store, &overrides);
    conf_resolve(s, &overrides, a->name, strlen(a->name), &options, origins);
    if (connected) {
        status = explain_metric(store, a, &options);
        explain_forecast(s, store, a, options.learn_limit != 0);
    } else {
        printf("Redis at %s cannot be reached (%s): overrides and the verdict are left out.\n"
               "Is --state-dir, or redis in the settings, that of the running Ridgeline?\n",
               s->store, store_error(store));
    }
    putchar('\n');
    explain_print_options(&options, origins);
    explain_print_about(s, a->name);
    explain_print_retention(conf_retention(s, a->name, strlen(a->name), &origin), &origin);
    conf_rules_free(&overrides);
    return status;
}

int explain_main(int argc, char **argv)
{
    struct arguments a = {0};
    struct settings s;
    struct store *store;
    char error[CONF_ERROR_MAX];
    int status = read_arguments(&a, argc, argv);
    if (status > 0)
        return status - 1;
    if (conf_load(&s, a.path, a.state_dir, a.sets, error) < 0) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    log_init("explain", LOG_LEVEL_ERROR);
    store = store_new(s.store, STORE_TIMEOUT_MS);
    if (store != NULL) {
        status = explain(&s, store, &a);
    } else {
        fprintf(stderr, "ridgeline explain: out of memory\n");
        status = 1;
    }
    store_free(store);
    conf_free(&s);
    return status;
}
