#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/conf.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int parse(struct settings *s, const char *text, char error[CONF_ERROR_MAX])
{
    error[0] = '\0';
    return conf_parse(s, "t.conf", text, strlen(text), NULL, NULL, error);
}

static void must_parse(struct settings *s, const char *text)
{
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(s, text, error), 0, "%s", error);
}

static size_t metric_option(const char *name)
{
    for (size_t i = 0; i < conf_metric_options_n(); i++)
        if (strcmp(conf_metric_option(i)->name, name) == 0)
            return i;
    cr_assert_fail("no option %s", name);
    return 0;
}

Test(conf, table_is_sound)
{
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        cr_assert_not_null(o->group);
        cr_assert_not_null(o->unit);
        cr_assert(o->help[0] != '\0' && o->help[strlen(o->help) - 1] == '.', "%s: help is a sentence", o->name);
        cr_assert_leq(o->min, o->max);
        cr_assert_lt(o->max, 9007199254740992.0, "%s: range beyond 2^53", o->name);
        cr_assert_eq(o->per_metric, o->default_text == NULL, "%s", o->name);
        for (size_t k = 0; k < i; k++)
            cr_assert(strcmp(o->group, conf_options[k].group) != 0 || strcmp(o->name, conf_options[k].name) != 0);
    }
    for (size_t i = 0; i < conf_metric_options_n(); i++)
        cr_assert(conf_metric_option(i)->per_metric);
    cr_assert_eq(conf_metric_option(conf_metric_options_n() - 1), &conf_options[conf_options_n - 1]);
}

Test(conf, defaults_stand_without_a_file)
{
    struct settings s;
    struct engine_options shipped;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_load(&s, NULL, NULL, NULL, error), 0, "%s", error);
    engine_options_default(&shipped);
    cr_assert_eq(memcmp(&s.detection, &shipped, sizeof shipped), 0);
    cr_assert_eq(s.retention.n, 3);
    cr_assert_eq(s.retention.archive[0].span_s, 86400);
    cr_assert_eq(s.horizon.max_age_s, 1000);
    cr_assert_eq(s.horizon.carbon_pickle.port, 2024);
    cr_assert_eq(s.horizon.skyline_udp.port, 2025);
    cr_assert_eq(s.horizon.queue_bytes, 256ULL << 20);
    cr_assert(s.horizon.self_metrics);
    cr_assert_eq(s.log_level, LOG_LEVEL_INFO);
    cr_assert_eq(s.incident_budget.count, 20);
    cr_assert_eq(s.surface_score, 0);
    cr_assert_str_eq(s.store, "unix:state/redis.sock");
    conf_free(&s);
}

Test(conf, every_shipped_value_lies_in_its_own_range)
{
    struct settings s;
    char error[CONF_ERROR_MAX];
    must_parse(&s, "");
    for (size_t i = 0; i < conf_metric_options_n(); i++) {
        const struct conf_option *o = conf_metric_option(i);
        double value = *(const double *)((const char *)&s.detection + o->offset);
        cr_assert_eq(conf_metric_check(o->name, value, error), (int)i, "%s", error);
    }
    conf_free(&s);
}

Test(conf, every_type_is_read)
{
    struct settings s;
    must_parse(&s, "retention = \"1m:2d\"; redis = \"db:6379\"; instance = \"b\"; log_level = \"debug\";\n"
                   "incident_budget = \"3/week\"; surface_score = 70;\n"
                   "horizon: { carbon_udp = \"\"; carbon_line = \"[::1]:7\"; max_age = \"1h\"; max_metrics = 0x10;\n"
                   "  queue_bytes = \"1GiB\"; deny = [ \"a.*\", \"b\" ]; allow = ( \"c.**\" );\n"
                   "  self_metrics = false; };\n"
                   "detection: { median = 6; seasonal = 5.5; consensus = 3; close_after = \"2h\"; };\n");
    cr_assert_eq(s.retention.archive[0].step_s, 60);
    cr_assert_str_eq(s.store, "db:6379");
    cr_assert_str_eq(s.instance, "b");
    cr_assert_eq(s.log_level, LOG_LEVEL_DEBUG);
    cr_assert_eq(s.incident_budget.count, 3);
    cr_assert_eq(s.incident_budget.per_s, 604800);
    cr_assert_eq(s.surface_score, 70);
    cr_assert_not(s.horizon.carbon_udp.on);
    cr_assert_str_eq(s.horizon.carbon_line.host, "::1");
    cr_assert_eq(s.horizon.max_age_s, 3600);
    cr_assert_eq(s.horizon.max_metrics, 16);
    cr_assert_eq(s.horizon.queue_bytes, 1ULL << 30);
    cr_assert_not(s.horizon.self_metrics);
    cr_assert(conf_globs_match(&s.horizon.deny, "a.x", 3));
    cr_assert_not(conf_globs_match(&s.horizon.deny, "c.x", 3));
    cr_assert(conf_globs_match(&s.horizon.allow, "c.x.y", 5));
    cr_assert_eq(s.detection.threshold[DETECTOR_median], 6);
    cr_assert_eq(s.detection.threshold[DETECTOR_seasonal], 5.5);
    cr_assert_eq(s.detection.consensus, 3);
    cr_assert_eq(s.detection.close_after_s, 7200);
    conf_free(&s);
}

/* Each wrong text, and what its error must hold. */
static const struct {
    const char *text, *error;
} wrong[] = {
    {"horizon: {\n max_agee = \"5m\";\n};",
     "t.conf:2: horizon.max_agee: is no known option; did you mean horizon.max_age?"},
    {"\nmax_age = \"5m\";", "t.conf:2: max_age: is no known option; did you mean horizon.max_age?"},
    {"horizn: { };", "t.conf:1: horizn: is no known option; did you mean horizon?"},
    {"rule = ();", "t.conf:1: rule: is no known option; did you mean rules?"},
    {"qqqqqq = 1;", "t.conf:1: qqqqqq: is no known option"},
    {"horizon = 5;", "t.conf:1: horizon: must be a group"},
    {"horizon: {\n\n max_age = 5;\n};", "t.conf:3: horizon.max_age: must be text in quotes"},
    {"horizon: {\n\n max_age = \"5\";\n};", "t.conf:3: horizon.max_age: needs a unit"},
    {"horizon: {\n max_age = \"5x\";\n};", "t.conf:2: horizon.max_age: has a bad unit"},
    {"horizon: { max_age = \"0s\"; };", "horizon.max_age: is out of range; it may be \"1s\" to \"52w\""},
    {"horizon: { max_age = \"24h\"; };", "t.conf:1: horizon.max_age: must be less than the raw retention, 1d"},
    {"horizon: { max_metrics = 0; };", "horizon.max_metrics: is out of range; it may be 1 to 100000000"},
    {"horizon: { max_metrics = 1.5; };", "horizon.max_metrics: must be a whole number"},
    {"horizon: { max_metrics = \"5\"; };", "horizon.max_metrics: must be a whole number, without quotes"},
    {"horizon: { max_metrics = 99999999999999999999; };", "t.conf:1: "},
    {"horizon: { max_name_bytes = 1025; };", "horizon.max_name_bytes: is out of range"},
    {"horizon: {\n max_line_bytes = \"128B\"; };",
     "t.conf:2: horizon.max_line_bytes: must be max_name_bytes (512) and 64 more"},
    {"horizon: { queue_bytes = \"1\"; };", "horizon.queue_bytes: needs a unit"},
    {"horizon: { self_metrics = 1; };", "horizon.self_metrics: may be true or false"},
    {"horizon: { carbon_line = \"2023\"; };", "horizon.carbon_line: needs a port"},
    {"horizon: { deny = 5; };", "horizon.deny: must be a list of globs"},
    {"horizon: { deny = [ 1 ]; };", "horizon.deny: must be a list of globs in quotes"},
    {"horizon: { deny = [ \"a\", \"{b\" ]; };", "horizon.deny: holds \"{b\", which is no glob: unclosed {"},
    {"statsd: { percentiles = 90; };", "statsd.percentiles: must be text in quotes: numbers in one text"},
    {"statsd: {\n percentiles = \"90,0\"; };", "t.conf:2: statsd.percentiles: may hold numbers from -100 to 100"},
    {"statsd: { prefix_timer = \"a b\"; };", "t.conf:1: statsd.prefix_timer: may hold letters, digits"},
    {"horizon: {\n mark_prefix = \"a;\"; };", "t.conf:2: horizon.mark_prefix: may hold letters, digits"},
    {"statsd: { flush_interval = \"0s\"; };", "statsd.flush_interval: is out of range"},
    {"retention = \"10s:10m\";", "t.conf:1: retention: must keep at least 360 points"},
    {"retention = \"10s:1h,1m:1h\";", "t.conf:1: retention: has an archive that spans no more than the one before"},
    {"incident_budget = \"20\";", "t.conf:1: incident_budget: needs a time"},
    {"analyzer: { shard = \"6/5\"; };", "t.conf:1: analyzer.shard: is not one of so many"},
    {"analyzer: { shard = \"2 of 5\"; };", "t.conf:1: analyzer.shard: is not a shard"},
    {"detection: { priority = \"urgent\"; };", "t.conf:1: detection.priority: "},
    {"incident_budget = 20;", "t.conf:1: incident_budget: must be text in quotes"},
    {"surface_score = 101;", "t.conf:1: surface_score: is out of range; it may be 0 to 100"},
    {"retention = \"1m:12h\";\ndetection: {\n ensemble = \"skyline\"; };",
     "t.conf:3: detection.ensemble: \"skyline\" needs a day of raw points, and the retention keeps 12h"},
    {"retention = \"1m:12h\";\nrules = ( { match = \"b\"; ensemble = \"ridgeline\"; },\n"
     " { match = \"a\"; ensemble = \"skyline\"; } );",
     "t.conf:3: rules.ensemble: \"skyline\" needs a day of raw points"},
    {"rules = ( { match = \"a\"; median = 5; },\n { match = \"b\"; retention = \"1m:12h\"; ensemble = \"skyline\"; } );",
     "t.conf:2: rules.ensemble: \"skyline\" needs a day of raw points, and the retention keeps 12h"},
    {"detection: { ensemble = \"skyline\"; };\nrules = ( { match = \"b\"; retention = \"1m:12h\"; } );",
     "t.conf:2: rules.retention: \"skyline\" needs a day of raw points, and the retention keeps 12h"},
    {"horizon: { max_age = \"6h\"; };\nrules = ( { match = \"b\"; median = 5; },\n { match = \"c\"; retention = "
     "\"10s:6h,1m:7d\"; } );",
     "t.conf:3: rules.retention: keeps raw points for 6h, and must keep them for longer than horizon.max_age, 6h"},
    {"rules = ( { match = \"a\";\n retention = \"10s:10m\"; } );",
     "t.conf:2: rules.retention: must keep at least 360 points"},
    {"rules = ( { match = \"a\";\n retention = 5; } );",
     "t.conf:2: rules.retention: must be text in quotes: \"STEP:SPAN\""},
    {"rules = ( { match = \"a\";\n retenton = \"10s:1h\"; } );", "did you mean retention?"},
    {"detection: { retention = \"10s:1h\"; };", "detection.retention: is no known option; did you mean retention?"},
    {"detection: { ensemble = \"orchestra\"; };", "detection.ensemble: may be \"ridgeline\" or \"skyline\""},
    {"detection: { skyline_consensus = 10; };", "detection.skyline_consensus: is out of range; it may be 1 to 9"},
    {"redis = \"host\";", "t.conf:1: redis: must be"},
    {"redis = \"host:0\";", "t.conf:1: redis: must be"},
    {"redis = \"unix:\";", "t.conf:1: redis: must be"},
    {"state_dir = \"\";", "t.conf:1: state_dir: must not be empty"},
    {"instance = \"a b\";", "t.conf:1: instance: may hold"},
    {"log_level = \"loud\";", "t.conf:1: log_level: may be"},
    {"webapp: { listen = \"\"; };", "t.conf:1: webapp.listen: must name an address"},
    {"webapp: { max_connections = 100; };", "webapp.max_event_streams: must be less than max_connections (100)"},
    {"webapp: {\n graph_url = \"javascript:alert(1)//{metric}\"; };", "t.conf:2: webapp.graph_url: must begin with http"},
    {"detection: { median = \"5\"; };", "detection.median: must be a number, without quotes"},
    {"detection: { median = 0.4; };", "detection.median: is out of range; it may be 0.5 to 1000"},
    {"detection: { median = 1e999; };", "detection.median: is out of range"},
    {"detection: { consensus = 2.5; };", "detection.consensus: must be a whole number"},
    {"detection: { close_after = \"59s\"; };", "detection.close_after: is out of range"},
    {"detection: {\n median = nan; };", "t.conf:2: syntax error"},
    {"detection: {\n median = 5;", "t.conf:2: syntax error"},
    {"detection: { median = 5;\n median = 6; };", "t.conf:2: duplicate setting name"},
    {"detection: { };\ndetection: { };", "t.conf:2: duplicate setting name"},
    {"retention = \"10s:24h", "t.conf:1: "},
    {"rules = { };", "t.conf:1: rules: must be a list"},
    {"rules = (\n 5 );", "t.conf:2: rules: each rule must be a group"},
    {"rules = (\n { median = 5; } );", "t.conf:2: rules: the rule has no match"},
    {"rules = (\n { match = \"a\"; } );", "t.conf:2: rules: the rule sets no option"},
    {"rules = (\n { match = 5; } );", "t.conf:2: rules.match: must be a glob in quotes"},
    {"rules = (\n { match = \"a\"; median = 5; },\n { match = \"[\"; } );",
     "t.conf:3: rules.match: \"[\" is no glob: unclosed ["},
    {"rules = ( { match = \"a\";\n medain = 5; } );",
     "t.conf:2: rules.medain: is no option of a single metric; did you mean median?"},
    {"rules = ( { match = \"a\";\n unti = \"%\"; } );", "t.conf:2: rules.unti: is no option of a single metric; did you mean unit?"},
    {"rules = ( { match = \"a\";\n unit = 5; } );", "t.conf:2: rules.unit: must be text in quotes"},
    {"rules = ( { match = \"a\";\n owner = \"a\\nb\"; } );", "t.conf:2: rules.owner: must be UTF-8 without control"},
    {"rules = ( { match = \"a\";\n unit = \"\\xff\"; } );", "t.conf:2: rules.unit: must be UTF-8 without control"},
    {"rules = ( { match = \"a\";\n limit = \"5\"; } );", "t.conf:2: rules.limit: must be a number, without quotes"},
    {"rules = ( { match = \"a\";\n runbook = \"javascript:alert(1)\"; } );",
     "t.conf:2: rules.runbook: must begin with http:// or https://"},
    {"rules = ( { match = \"a\";\n median = 0; } );", "t.conf:2: rules.median: is out of range"},
    {"#\n  @include \"/\"\n", "t.conf:2: @include is not supported"},
};

Test(conf, each_error_names_file_line_option_and_reason)
{
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct settings s;
        char error[CONF_ERROR_MAX];
        cr_assert_eq(parse(&s, wrong[i].text, error), -1, "accepted: %s", wrong[i].text);
        cr_assert_not_null(strstr(error, wrong[i].error), "%s\ngave  %s\nnot   %s", wrong[i].text, error,
                           wrong[i].error);
    }
}

static void note(void *context, const char *sentence)
{
    fprintf(context, "%s\n", sentence);
}

Test(conf, a_check_tells_every_error_and_a_load_the_first)
{
    static const char text[] = "horizon: { max_agee = \"5m\";\n max_metrics = 0; };\n"
                               "channels = ( { name = \"a b\"; type = \"exec\"; prog = 1; },\n"
                               " { type = \"pigeon\"; }, 5 );\n"
                               "rules = ( { match = \"[\"; median = 0;\n medain = 4; }, { median = 4.0; } );\n"
                               "alerts = ( { name = \"x\"; channels = \"nobody\"; min_score = 200; } );\n"
                               "log_level = 3;\n";
    static const char *const all[] = {
        ":1: horizon.max_agee: is no known option", ":2: horizon.max_metrics: is out of range",
        ":3: channels.name: must be text",          ":3: channels.prog: is no option of a exec channel",
        ":3: channels.program: must be given",      ":4: channels.name: must be given",
        ":4: channels.type: must be",               ":4: channels: each channel must be a group",
        ":5: rules.match: \"[\" is no glob",         ":5: rules.median: is out of range",
        ":6: rules.medain: is no option",           ":6: rules: the rule has no match",
        ":7: alerts.min_score: is out of range",    ":8: log_level: must be text in quotes",
        "--set foo: is no known option",
    };
    const char *const sets[] = {"foo=1", NULL};
    char path[] = "/tmp/test-conf-XXXXXX", error[CONF_ERROR_MAX], *told = NULL, *rest;
    size_t told_len, n = 0;
    struct settings s;
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(fd);
    FILE *out = open_memstream(&told, &told_len);
    cr_assert_eq(conf_check(&s, path, sets, note, out), -1);
    fclose(out);
    cr_assert_eq(conf_load(&s, path, NULL, sets, error), -1);
    unlink(path);
    cr_assert_eq(strncmp(told, error, strlen(error)), 0, "%s", error);
    rest = told;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; n++)
        cr_assert(n < COUNT(all) && strstr(line, all[n]) != NULL, "line %zu: %s", n + 1, line);
    cr_assert_eq(n, COUNT(all));
    free(told);
}

Test(conf, what_must_hold_between_options_is_told_together)
{
    static const char text[] = "horizon: { max_age = \"2d\"; max_line_bytes = \"128B\"; };\nredis = \"host\";\n"
                               "webapp: { max_connections = 100; listen = \"\"; };\n"
                               "rules = ( { match = \"a\"; retention = \"10s:6h\"; } );";
    const char *const sets[] = {"instance=a b", NULL};
    char path[] = "/tmp/test-conf-XXXXXX", *told = NULL;
    static const char *const all[] = {"redis: must be", "max_line_bytes: must be", "max_event_streams: must be less",
                                      "webapp.listen: must name", "instance: may hold", "horizon.max_age: must be less",
                                      "rules.retention: keeps raw points for 6h"};
    size_t told_len, lines = 0;
    struct settings s;
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(fd);
    FILE *out = open_memstream(&told, &told_len);
    cr_assert_eq(conf_check(&s, path, sets, note, out), -1);
    fclose(out);
    unlink(path);
    for (size_t i = 0; i < COUNT(all); i++)
        cr_assert_not_null(strstr(told, all[i]), "%s is not told:\n%s", all[i], told);
    for (size_t i = 0; i < told_len; i++)
        lines += told[i] == '\n';
    cr_assert_eq(lines, COUNT(all), "%s", told);
    free(told);
}

Test(conf, a_metric_s_retention_is_that_of_the_last_matching_rule_that_sets_one)
{
    static const char text[] = "retention = \"10s:24h,1m:3d\";\n"
                               "rules = ( { match = \"stats.**\"; retention = \"10s:2h,1m:2d\"; },\n"
                               "          { match = \"stats.timers.**\"; retention = \"10s:6h,1m:7d\"; },\n"
                               "          { match = \"stats.**\"; median = 5; } );";
    static const struct {
        const char *name, *retention, *origin;
    } cases[] = {
        {"servers.a", "10s:1d,1m:3d", "top level"},
        {"stats.a", "10s:2h,1m:2d", "rule stats.** (t.conf:2)"},
        {"stats.timers.a.mean", "10s:6h,1m:1w", "rule stats.timers.** (t.conf:3)"},
    };
    struct settings s;
    must_parse(&s, text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_origin origin;
        char shown[UNITS_RETENTION_TEXT_MAX], from[CONF_ORIGIN_TEXT_MAX];
        const struct units_retention *r = conf_retention(&s, cases[i].name, strlen(cases[i].name), &origin);
        cr_assert_str_eq(units_retention_text(shown, sizeof shown, r), cases[i].retention);
        cr_assert_str_eq(conf_origin_text(from, sizeof from, &origin), cases[i].origin);
    }
    conf_free(&s);
}

Test(conf, an_override_cannot_set_what_rules_of_the_file_alone_set)
{
    static const char json[] = "[{\"match\": \"a\", \"saved_at\": 1, \"options\": {\"retention\": \"10s:1h\"}}]";
    struct conf_rules rules = {0};
    char error[CONF_ERROR_MAX];
    double value;
    cr_assert_eq(conf_overrides_parse(&rules, json, sizeof json - 1, error), -1);
    cr_assert_str_eq(error, "override 1: retention: is set by the rules of settings.conf alone");
    cr_assert_eq(conf_metric_check("retention", 5, error), -1);
    cr_assert_str_eq(error, "retention: is set by the rules of settings.conf alone");
    cr_assert_eq(conf_metric_check_choice("retention", "10s:1h", &value, error), -1);
    cr_assert_str_eq(error, "retention: is set by the rules of settings.conf alone");
}

Test(conf, a_nul_hides_nothing_behind_it)
{
    struct settings s;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_parse(&s, "t.conf", "\n \0nonsense", 11, NULL, NULL, error), -1);
    cr_assert_str_eq(error, "t.conf:2: a NUL byte");
}

Test(conf, set_wins_over_the_file)
{
    static const char text[] = "detection: { median = 6.0; };";
    static const char *const sets[] = {"median=7", "horizon.max_age=5m", "retention=1m:2d", "horizon.deny=a.* b",
                                       "log_level=error", "horizon.carbon_udp=", NULL};
    struct settings s;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_parse(&s, "t.conf", text, sizeof text - 1, "/tmp/x", sets, error), 0, "%s", error);
    cr_assert_eq(s.detection.threshold[DETECTOR_median], 7);
    cr_assert_eq(s.horizon.max_age_s, 300);
    cr_assert_eq(s.retention.archive[0].step_s, 60);
    cr_assert_eq(s.horizon.deny.n, 2);
    cr_assert_eq(s.log_level, LOG_LEVEL_ERROR);
    cr_assert_not(s.horizon.carbon_udp.on);
    cr_assert_str_eq(s.state_dir, "/tmp/x");
    cr_assert_str_eq(s.store, "unix:/tmp/x/redis.sock");
    conf_free(&s);
}

Test(conf, each_bad_set_is_refused_with_its_name)
{
    static const struct {
        const char *set, *error;
    } cases[] = {
        {"median", "--set median: must be NAME=VALUE"},
        {"median=", "--set detection.median: is not a number"},
        {"median=5x", "--set detection.median: is not a number"},
        {"median=1e9", "--set detection.median: is out of range"},
        {"consensus=1.5", "--set detection.consensus: must be a whole number"},
        {"medain=5", "--set medain: is no known option; did you mean detection.median?"},
        {"max_age=5m", "--set max_age: is no known option; did you mean horizon.max_age?"},
        {"horizon.max_age=2d", "--set horizon.max_age: must be less than the raw retention"},
        {"horizon.self_metrics=yes", "--set horizon.self_metrics: may be true or false"},
        {"horizon.deny=a b[", "--set horizon.deny: holds \"b[\""},
        {"=5", "--set =5: must be NAME=VALUE"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const sets[] = {cases[i].set, NULL};
        struct settings s;
        char error[CONF_ERROR_MAX];
        cr_assert_eq(conf_load(&s, NULL, NULL, sets, error), -1, "accepted: %s", cases[i].set);
        cr_assert_not_null(strstr(error, cases[i].error), "%s gave %s", cases[i].set, error);
    }
}

Test(conf, a_socket_path_must_fit)
{
    struct settings s;
    char error[CONF_ERROR_MAX], dir[200];
    memset(dir, 'd', sizeof dir);
    dir[sizeof dir - 1] = '\0';
    cr_assert_eq(conf_parse(&s, "t.conf", "", 0, dir, NULL, error), -1);
    cr_assert_not_null(strstr(error, "state_dir: makes a socket path of more than 107 bytes"), "%s", error);
}

Test(conf, an_unreadable_file_gives_its_reason)
{
    struct settings s;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_load(&s, "/", NULL, NULL, error), -1);
    cr_assert_str_eq(error, "/: Is a directory");
    cr_assert_eq(conf_load(&s, "/nonexistent", NULL, NULL, error), -1);
    cr_assert_str_eq(error, "/nonexistent: No such file or directory");
    cr_assert_eq(conf_load(&s, "/dev/zero", NULL, NULL, error), -1);
    cr_assert_str_eq(error, "/dev/zero: File too large");
}

static const char resolved[] = "detection: {\n  median = 6.0;\n  seasonal = 6.0;\n};\n"
                               "rules = (\n  { match = \"a.*\"; median = 7.0; consensus = 3; },\n"
                               "  { match = \"**.b\"; median = 8.0; },\n  { match = \"c\"; median = 9.0; }\n);\n";

Test(conf, later_sources_win_option_by_option)
{
    static const char json[] = "[{\"match\": \"a.{b,c}\", \"saved_at\": 5, \"options\": {\"close_after\": 60}}]";
    struct settings s;
    struct conf_rules overrides = {0};
    struct engine_options o;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX];
    char text[CONF_ORIGIN_TEXT_MAX], error[CONF_ERROR_MAX];
    must_parse(&s, resolved);
    cr_assert_eq(conf_overrides_parse(&overrides, json, strlen(json), error), 0, "%s", error);
    conf_resolve(&s, &overrides, "a.b", 3, &o, origins);
    static const struct {
        const char *name;
        double value;
        const char *origin;
    } expected[] = {
        {"three_sigma", 3, "default"},
        {"seasonal", 6, "detection (t.conf:3)"},
        {"consensus", 3, "rule a.* (t.conf:6)"},
        {"median", 8, "rule **.b (t.conf:7)"},
        {"close_after", 60, "override a.{b,c}"},
    };
    for (size_t i = 0; i < COUNT(expected); i++) {
        size_t k = metric_option(expected[i].name);
        double value = *(double *)((char *)&o + conf_metric_option(k)->offset);
        cr_assert_eq(value, expected[i].value, "%s", expected[i].name);
        cr_assert_str_eq(conf_origin_text(text, sizeof text, &origins[k]), expected[i].origin);
    }
    conf_resolve(&s, NULL, "c", 1, &o, NULL);
    cr_assert_eq(o.threshold[DETECTOR_median], 9);
    cr_assert_eq(o.close_after_s, s.detection.close_after_s);
    conf_rules_free(&overrides);
    conf_free(&s);
}

Test(conf, later_rules_say_more_of_a_metric)
{
    struct settings s;
    struct conf_about about;
    must_parse(&s, "rules = ( { match = \"disk.**\"; unit = \"%\"; limit = 100; owner = \"ops\"; },\n"
                   " { match = \"disk.a\"; owner = \"Ann\"; runbook = \"https://w/disk\"; limit = 90.5; } );\n");
    conf_about(&s, "disk.a", 6, &about);
    cr_assert_str_eq(about.unit, "%");
    cr_assert_str_eq(about.owner, "Ann");
    cr_assert_str_eq(about.runbook, "https://w/disk");
    cr_assert_str_eq(about.description, "");
    cr_assert_eq(about.limit, 90.5);
    conf_about(&s, "disk.b", 6, &about);
    cr_assert_str_eq(about.owner, "ops");
    cr_assert_eq(about.limit, 100);
    conf_about(&s, "cpu", 3, &about);
    cr_assert_str_eq(about.unit, "");
    cr_assert(isnan(about.limit));
    conf_free(&s);
}

Test(conf, an_override_cannot_say_what_rules_say)
{
    static const char json[] = "[{\"match\": \"a\", \"saved_at\": 5, \"options\": {\"limit\": 60}}]";
    struct conf_rules overrides = {0};
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_overrides_parse(&overrides, json, strlen(json), error), -1);
    cr_assert_not_null(strstr(error, "limit: is set by the rules of settings.conf alone"), "%s", error);
}

Test(conf, set_of_a_metric_option_is_its_origin)
{
    static const char *const sets[] = {"median=7", NULL};
    struct settings s;
    struct engine_options o;
    struct conf_origin origins[CONF_METRIC_OPTIONS_MAX];
    char error[CONF_ERROR_MAX], text[CONF_ORIGIN_TEXT_MAX];
    cr_assert_eq(conf_load(&s, NULL, NULL, sets, error), 0);
    conf_resolve(&s, NULL, "a", 1, &o, origins);
    cr_assert_str_eq(conf_origin_text(text, sizeof text, &origins[metric_option("median")]), "detection (--set)");
    conf_free(&s);
}

Test(conf, option_texts_load_again_as_what_they_were)
{
    static const char text[] = "retention = \"1m:2d\"; instance = \"x\"; state_dir = \"a \\\"b\\\\ \\n\";\n"
                               "log_level = \"error\"; incident_budget = \"none\"; surface_score = 90;\n"
                               "horizon: { carbon_udp = \"\"; max_age = \"90s\"; queue_bytes = \"1500000B\";\n"
                               "deny = [ \"a\\\"b\", \"c{d,e}\" ]; self_metrics = false; };\n"
                               "analyzer: { shard = \"2/5\"; };\n"
                               "detection: { median = 6.25; close_after = \"90m\"; priority = \"low\"; };\n";
    struct settings s, again;
    char *out = NULL, error[CONF_ERROR_MAX];
    size_t len;
    must_parse(&s, text);
    FILE *file = open_memstream(&out, &len);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        char *value = conf_option_text(&s, o);
        if (i == 0 || strcmp(o->group, conf_options[i - 1].group) != 0)
            fprintf(file, "%s%s%s\n", i == 0 || *conf_options[i - 1].group == '\0' ? "" : "};\n", o->group,
                    *o->group == '\0' ? "" : ": {");
        fprintf(file, "%s = %s;\n", o->name, value);
        free(value);
    }
    fputs("};\n", file);
    fclose(file);
    cr_assert_eq(parse(&again, out, error), 0, "%s\n%s", error, out);
    for (size_t i = 0; i < conf_options_n; i++) {
        char *a = conf_option_text(&s, &conf_options[i]), *b = conf_option_text(&again, &conf_options[i]);
        cr_assert_str_eq(a, b);
        free(a);
        free(b);
    }
    cr_assert_str_eq(again.state_dir, "a \"b\\ \n");
    free(out);
    conf_free(&s);
    conf_free(&again);
}

/* The repository's root: tests are run from there. */
static char *slurp(const char *path)
{
    char *text = calloc(1, 1 << 18);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s: run from the repository's root", path);
    cr_assert_gt(fread(text, 1, (1 << 18) - 1, file), 0);
    fclose(file);
    return text;
}

Test(conf, reference_page_is_current)
{
    char *made = conf_reference(), *stored = slurp("docs/SETTINGS.md");
    cr_assert_str_eq(made, stored, "run: ridgeline check --reference > docs/SETTINGS.md");
    free(made);
    free(stored);
}

Test(conf, shipped_settings_conf_changes_nothing)
{
    struct settings s, defaults;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_load(&s, "settings.conf", NULL, NULL, error), 0, "%s", error);
    must_parse(&defaults, "");
    for (size_t i = 0; i < conf_options_n; i++) {
        char *a = conf_option_text(&s, &conf_options[i]), *b = conf_option_text(&defaults, &conf_options[i]);
        cr_assert_str_eq(a, b, "%s", conf_options[i].name);
        free(a);
        free(b);
    }
    conf_free(&s);
    conf_free(&defaults);
}

/* Takes the # away where no blank follows it: those lines are settings. */
static char *uncommented(const char *text)
{
    char *out = calloc(1, strlen(text) + 1), *to = out;
    for (const char *p = text; *p != '\0'; p++) {
        bool line_starts = p == text || p[-1] == '\n' || p[-1] == ' ';
        if (*p == '#' && line_starts && p[1] != ' ' && p[1] != '\n')
            continue;
        *to++ = *p;
    }
    return out;
}

Test(conf, shipped_settings_conf_names_every_option_with_its_default)
{
    char *text = slurp("settings.conf"), *bare = uncommented(text);
    struct settings s, defaults;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&s, bare, error), 0, "%s\n%s", error, bare);
    must_parse(&defaults, "");
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        char *a = conf_option_text(&s, o), *b = conf_option_text(&defaults, o), line[64];
        cr_assert_str_eq(a, b, "%s", o->name);
        snprintf(line, sizeof line, "#%s = ", o->name);
        cr_assert_not_null(strstr(text, line), "settings.conf lacks %s", o->name);
        free(a);
        free(b);
    }
    conf_free(&s);
    conf_free(&defaults);
    free(text);
    free(bare);
}
