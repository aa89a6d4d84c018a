/* lib/conf.c: what it reads, and what it says of what it does not. */
#include <criterion/criterion.h>
#include <string.h>

#include "settings_text.h"

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
    cr_assert_eq(s.retention.archive[0].span_s, 3600);
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
    {"horizon: { max_age = \"24h\"; };", "t.conf:1: horizon.max_age: must be less than the raw retention, 1h"},
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
    {"rules = ( { match = \"a\"; median = 5; },\n"
     " { match = \"b\"; retention = \"1m:12h\"; ensemble = \"skyline\"; } );",
     "t.conf:2: rules.ensemble: \"skyline\" needs a day of raw points, and the retention keeps 12h"},
    {"detection: { ensemble = \"skyline\"; }; retention = \"1m:24h\";\n"
     "rules = ( { match = \"b\"; retention = \"1m:12h\"; } );",
     "t.conf:2: rules.retention: \"skyline\" needs a day of raw points, and the retention keeps 12h"},
    {"horizon: { max_age = \"6h\"; }; retention = \"10s:24h\";\n"
     "rules = ( { match = \"b\"; median = 5; },\n { match = \"c\"; retention = "
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
    {"horizon: { carbon_pickle = \"127.0.0.1:2023\"; };",
     "t.conf:1: horizon.carbon_pickle: 127.0.0.1:2023 cannot be had: horizon.carbon_line listens there, too "
     "(127.0.0.1:2023 over TCP)"},
    {"horizon: {\n carbon_line = \"0.0.0.0:1500\"; };",
     "t.conf:2: horizon.carbon_line: 0.0.0.0:1500 cannot be had: webapp.listen"},
    {"webapp: { listen = \"[::]:2024\"; };", "webapp.listen: [::]:2024 cannot be had: horizon.carbon_pickle"},
    {"statsd: { listen = \"localhost:2025\"; };", "statsd.listen: localhost:2025 cannot be had: horizon.skyline_udp"},
    {"webapp: { listen = \"localhost:8125\"; };", "(127.0.0.1:8125 over TCP)"},
    {"horizon: { carbon_udp = \"graphs.example.org:9\"; skyline_udp = \"graphs.example.org:9\"; };", "over UDP)"},
    {"webapp: { max_connections = 100; };", "webapp.max_event_streams: must be less than max_connections (100)"},
    {"webapp: {\n graph_url = \"javascript:alert(1)//{metric}\"; };",
     "t.conf:2: webapp.graph_url: must begin with http"},
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
    {"rules = ( { match = \"a\";\n unti = \"%\"; } );",
     "t.conf:2: rules.unti: is no option of a single metric; did you mean unit?"},
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

Test(conf, listeners_that_do_not_meet_share_a_port)
{
    static const char *const texts[] = {
        "horizon: { carbon_line = \"127.0.0.1:9\"; carbon_pickle = \"127.0.0.2:9\"; carbon_udp = \"127.0.0.1:9\"; };",
        "horizon: { carbon_line = \"0.0.0.0:9\"; carbon_pickle = \"[::1]:9\"; };",
        "horizon: { carbon_line = \"a.example.org:9\"; carbon_pickle = \"b.example.org:9\"; };",
        "horizon: { carbon_line = \"0.0.0.0:0\"; carbon_pickle = \"0.0.0.0:0\"; };",
        "horizon: { carbon_line = \"\"; carbon_pickle = \"0.0.0.0:2023\"; };",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct settings s;
        must_parse(&s, texts[i]);
        conf_free(&s);
    }
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
    cr_assert_str_eq(error, "/dev/zero: holds more than 1 MiB");
}
