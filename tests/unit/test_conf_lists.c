/* The lists of settings.conf: channels, alerts, mutes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/alerts.h"
#include "ridgeline/incident.h"
#include "ridgeline/mutes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int parse(struct settings *s, const char *text, char error[CONF_ERROR_MAX])
{
    error[0] = '\0';
    return conf_parse(s, "t.conf", text, strlen(text), NULL, NULL, error);
}

#define HOOK "channels = ( { name = \"hook\"; type = \"webhook\"; url = \"http://127.0.0.1:1/\"; } );\n"

Test(conf_lists, entries_get_what_the_file_says_and_defaults_for_the_rest)
{
    static const char text[] =
        "channels = ( { name = \"hook\"; type = \"webhook\"; url = \"http://127.0.0.1:1/\"; timeout = \"5s\"; },\n"
        "  { type = \"mail\"; name = \"ops-mail\"; to = \"a@b.c\"; from = \"r@b.c\"; rate_limit = \"10/hour\"; } );\n"
        "alerts = ( { name = \"shop\"; match = [ \"shop.**\", \"pay.*\" ]; channels = [ \"hook\", \"ops-*\" ];\n"
        "  min_score = 70; min_duration = \"2m\"; send_resolved = false; },\n"
        "  { name = \"all\"; channels = \"*\"; } );\n"
        "mutes = ( { name = \"nights\"; match = \"batch.**\"; what = \"learn\"; duration = \"8h\";\n"
        "  rrule = \"FREQ=DAILY;BYHOUR=22\"; timezone = \"Europe/Berlin\"; } );\n";
    struct settings s;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&s, text, error), 0, "%s", error);
    cr_assert_eq(s.channels.n, 2);
    cr_assert_eq(s.channels.list[0].type, CHANNEL_WEBHOOK);
    cr_assert_eq(s.channels.list[0].timeout_s, 5);
    cr_assert_str_eq(s.channels.list[0].method, "POST");
    cr_assert_null(s.channels.list[0].to);
    cr_assert_str_eq(s.channels.list[1].to, "a@b.c");
    cr_assert_null(s.channels.list[1].url);
    cr_assert_eq(s.channels.list[1].rate_limit.count, 10);
    cr_assert_eq(s.channels.list[1].line, 2);
    cr_assert_eq(s.alerts.n, 2);
    cr_assert_eq(s.alerts.list[0].min_score, 70);
    cr_assert_eq(s.alerts.list[0].min_duration_s, 120);
    cr_assert_not(s.alerts.list[0].send_resolved);
    cr_assert(conf_globs_match(&s.alerts.list[0].match, "pay.a", 5));
    cr_assert_eq(s.alerts.list[1].update_after_s, 600);
    cr_assert(s.alerts.list[1].send_resolved);
    cr_assert(conf_globs_match(&s.alerts.list[1].match, "any.name", 8));
    cr_assert_eq(s.mutes.n, 1);
    cr_assert_eq(mutes_meaning(&s.mutes.list[0]), MUTE_LEARN);
    conf_free(&s);
}

static const struct {
    const char *text, *error;
} wrong[] = {
    {"channel = ();", "t.conf:1: channel: is no known option; did you mean channels?"},
    {"channels = { };", "t.conf:1: channels: must be a list of groups"},
    {"channels = ( 5 );", "t.conf:1: channels: each entry must be a group"},
    {"channels = (\n { type = \"exec\"; program = \"/a\"; } );", "t.conf:2: channels.name: must be given"},
    {"channels = (\n { name = \"a b\"; } );", "t.conf:2: channels.name: must be text in quotes: 1 to 32"},
    {"channels = ( {\n name = 5; } );", "t.conf:2: channels.name: must be text in quotes"},
    {"channels = (\n { name = \"a\"; } );", "t.conf:2: channels.type: must be \"webhook\""},
    {"channels = ( { name = \"a\";\n type = \"pigeon\"; } );", "t.conf:2: channels.type: must be \"webhook\""},
    {"channels = (\n { name = \"a\"; type = \"webhook\"; } );", "t.conf:2: channels.url: must be given"},
    {"channels = ( { name = \"a\"; type = \"exec\";\n url = \"http://a/\"; } );",
     "t.conf:2: channels.url: is no option of a exec channel"},
    {"channels = ( { name = \"a\"; type = \"slack\";\n urll = \"http://a/\"; } );",
     "t.conf:2: channels.urll: is no option of a slack channel; did you mean url?"},
    {"channels = ( { name = \"a\"; type = \"slack\";\n url = \"gopher://a/\"; } );",
     "t.conf:2: channels.url: must begin with https:// or http://"},
    {"channels = ( { name = \"a\"; type = \"exec\"; program = \"/a\";\n timeout = \"0s\"; } );",
     "t.conf:2: channels.timeout: is out of range"},
    {"channels = ( { name = \"a\"; type = \"exec\"; program = \"/a\"; },\n"
     " { name = \"a\"; type = \"exec\"; program = \"/b\"; } );",
     "t.conf:2: channels.name: a channel of this name stands above"},
    {"channels = ( { name = \"c\"; type = \"syslog\"; } );\n"
     "alerts = ( { name = \"a\"; channels = \"c\"; },\n { name = \"a\"; channels = \"c\"; } );",
     "t.conf:3: alerts.name: an alert of this name stands above"},
    {HOOK "alerts = ( { name = \"a\"; } );", "t.conf:2: alerts.channels: must be given"},
    {HOOK "alerts = ( { name = \"a\"; channels = [ ]; } );", "t.conf:2: alerts.channels: must hold a glob"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hooks\"; } );",
     "t.conf:2: alerts.channels: no channel's name is, or matches, \"hooks\""},
    {HOOK "alerts = ( { name = \"a\"; channels = [ \"*\", \"ops-*\" ]; } );",
     "t.conf:2: alerts.channels: no channel's name is, or matches, \"ops-*\""},
    {"alerts = ( { name = \"a\"; channels = \"*\"; } );",
     "t.conf:1: alerts.channels: no channel's name is, or matches, \"*\""},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\"; match = \"[\"; } );",
     "t.conf:2: alerts.match: holds \"[\", which is no glob"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\"; min_score = 101; } );",
     "t.conf:2: alerts.min_score: is out of range"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\"; group_by = \"prefix\"; } );",
     "t.conf:2: alerts.group_by: may be \"incident\", \"prefix:1\" to \"prefix:30\", or \"alert\""},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\"; mni_score = 1; } );",
     "t.conf:2: alerts.mni_score: is no option of an entry; did you mean min_score?"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\";\n states = \"stail\"; } );",
     "t.conf:3: alerts.states: may be \"anomalous\", \"flat\", \"dropout\", \"stale\", \"forecast\", \"gap\" or "
     "\"reset\""},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\";\n states = [ \"stale\", \"STALE\" ]; } );",
     "t.conf:3: alerts.states: may be"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\";\n states = ( \"stale\", 5 ); } );",
     "t.conf:3: alerts.states: must be a list of names in quotes"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\";\n states = 5; } );",
     "t.conf:3: alerts.states: must be a list of names in quotes"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\";\n states = [ ]; } );",
     "t.conf:3: alerts.states: must name a state"},
    {HOOK "alerts = ( { name = \"a\"; channels = \"hook\";\n states = \"stale-and-whatever-else-may-be\"; } );",
     "t.conf:3: alerts.states: may be"},
    {"mutes = ( { name = \"a\"; } );", "t.conf:1: mutes.match: must be given"},
    {"mutes = ( { name = \"a\"; match = \"a\";\n what = \"all\"; } );", "t.conf:2: mutes.what: may be \"notify\""},
    {"mutes = ( { name = \"a\"; match = \"a\";\n timezone = \"Mars\"; } );",
     "t.conf:2: mutes.timezone: is no time zone"},
    {"mutes = ( { name = \"a\"; match = \"a\"; duration = \"1h\";\n rrule = \"FREQ=SECONDLY\"; } );",
     "t.conf:2: mutes.rrule: FREQ may be"},
    {"mutes = (\n { name = \"a\"; match = \"a\"; rrule = \"FREQ=DAILY\"; } );",
     "t.conf:2: mutes.duration: of an rrule"},
};

Test(conf_lists, what_is_wrong_is_said_with_its_line)
{
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct settings s;
        char error[CONF_ERROR_MAX];
        cr_assert_eq(parse(&s, wrong[i].text, error), -1, "accepted: %s", wrong[i].text);
        cr_assert_not_null(strstr(error, wrong[i].error), "%s\ngave %s", wrong[i].text, error);
    }
}

static void note_line(void *context, const char *sentence)
{
    fprintf(context, "%s\n", strchr(sentence, ':'));
}

/* And of one option no more than one: what stands in its place is not what the file says. */
Test(conf_lists, every_fault_of_an_entry_is_told)
{
    static const char text[] =
        "channels = ( { name = \"a\"; type = \"mail\"; to = \"nobody\"; from = 5;\n"
        " server = \"http://x\"; tls = \"maybe\"; } );\n"
        "alerts = ( { name = \"b\"; group_by = \"prefix\"; match = [ ];\n states = [ ]; min_score = 200; } );\n"
        "mutes = ( { name = \"c\"; match = [ ]; timezone = \"Mars\";\n from = \"soon\"; until = \"later\"; },\n"
        " { name = \"d\"; match = \"**\"; from = 5; duration = \"1h\"; } );\n"
        "rules = ( { } );\n";
    static const char *const all[] = {
        ":1: channels.from: must be text", ":1: channels.to: ",       ":2: channels.server: must begin",
        ":2: channels.tls: may be",        ":4: alerts.min_score: is", ":3: alerts.channels: must be given",
        ":3: alerts.group_by: may be",     ":3: alerts.match: must",   ":4: alerts.states: must name",
        ":5: mutes.match: must hold",      ":5: mutes.timezone: is no", ":6: mutes.from: must be a time",
        ":6: mutes.until: must be a time", ":7: mutes.from: must be text", ":8: rules: the rule has no match",
        ":8: rules: the rule sets no option",
    };
    char path[] = "/tmp/test-conf-XXXXXX", *told = NULL, *rest;
    size_t len, n = 0;
    struct settings s;
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    FILE *out = open_memstream(&told, &len);
    cr_assert_eq(conf_check(&s, path, NULL, note_line, out), -1);
    fclose(out);
    unlink(path);
    rest = told;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; n++)
        cr_expect(n < COUNT(all) && strncmp(line, all[n], strlen(all[n])) == 0, "line %zu: %s", n + 1, line);
    cr_expect_eq(n, COUNT(all));
    free(told);
}

/* A bit for each enum incident_what that the alert tells of when it is `a.b`, and none of `c.d`. */
static unsigned tells_of(const struct alert_settings *a)
{
    unsigned told = 0;
    for (int what = 0; what < INCIDENT_WHATS; what++) {
        struct incident_member m = {.metric = "a.b", .what = (enum incident_what)what}, other = m;
        other.metric = "c.d";
        told |= (unsigned)alerts_tell_of(a, &m) << what;
        cr_expect_not(alerts_tell_of(a, &other));
    }
    return told;
}

Test(conf_lists, alert_tells_of_the_states_that_it_names_and_of_all_where_it_names_none)
{
    static const struct {
        const char *states;
        unsigned told;
    } cases[] = {
        {"", (1u << INCIDENT_WHATS) - 1},
        {"states = \"stale\";", 1u << INCIDENT_STALE},
        {"states = [ \"stale\" ];", 1u << INCIDENT_STALE},
        {"states = [ \"anomalous\", \"forecast\", \"anomalous\" ];",
         1u << INCIDENT_ANOMALOUS | 1u << INCIDENT_FORECAST},
        {"states = ( \"gap\", \"reset\" );", 1u << INCIDENT_GAP | 1u << INCIDENT_RESET},
        {"states = \" flat  dropout \";", 1u << INCIDENT_FLAT | 1u << INCIDENT_DROPOUT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings s;
        char text[512], error[CONF_ERROR_MAX];
        snprintf(text, sizeof text, HOOK "alerts = ( { name = \"a\"; match = \"a.*\"; channels = \"hook\"; %s } );",
                 cases[i].states);
        cr_assert_eq(parse(&s, text, error), 0, "%s", error);
        cr_expect_eq(tells_of(&s.alerts.list[0]), cases[i].told, "%s", cases[i].states);
        conf_free(&s);
    }
}

static const char page[] =
    "[{\"name\": \"deploy\", \"saved_at\": 1782890000, \"match\": \"shop.**\", \"what\": \"open\","
    "  \"from\": \"2026-07-01T08:00Z\", \"until\": \"2026-07-01T10:00Z\"}]";

Test(conf_lists, the_mute_that_means_most_is_found)
{
    static const char text[] = "mutes = ( { name = \"quiet\"; match = \"shop.*\"; },\n"
                               " { name = \"blind\"; match = \"shop.c\"; what = \"learn\"; } );\n";
    struct settings s;
    struct conf_mutes saved = {0};
    char error[CONF_ERROR_MAX];
    const int64_t within = 1782892800, before = within - 1;
    cr_assert_eq(parse(&s, text, error), 0, "%s", error);
    cr_assert_eq(mutes_parse(&saved, page, strlen(page), error), 0, "%s", error);
    cr_assert_str_eq(mutes_find(&s.mutes, &saved, "shop.a", 6, within)->name, "deploy");
    cr_assert_str_eq(mutes_find(&s.mutes, &saved, "shop.a", 6, before)->name, "quiet");
    cr_assert_str_eq(mutes_find(&s.mutes, &saved, "shop.c", 6, within)->name, "blind");
    cr_assert_null(mutes_find(&s.mutes, &saved, "pay", 3, within));
    cr_assert_str_eq(mutes_find(NULL, &saved, "shop.a.b", 8, within)->name, "deploy");
    cr_assert_null(mutes_find(NULL, &saved, "shop.a.b", 8, before));
    const struct mute_settings *in_force[3];
    cr_assert_eq(mutes_in_force(in_force, &s.mutes, &saved, within), 3);
    cr_assert_str_eq(in_force[2]->name, "deploy");
    cr_assert_eq(mutes_in_force(in_force, &s.mutes, &saved, before), 2);
    mutes_free(&saved);
    conf_free(&s);
}

Test(conf_lists, mutes_that_are_not_of_their_form_are_refused)
{
    static const struct {
        const char *json, *error;
    } cases[] = {
        {"", "no JSON"},
        {"{}", "must be a list"},
        {"[5]", "must be an object"},
        {"[{\"match\": \"a\"}]", "name: must be given"},
        {"[{\"name\": \"a:b\", \"match\": \"a\"}]", "name: must be 1 to 32"},
        {"[{\"name\": \"a\"}]", "match: must hold a glob"},
        {"[{\"name\": \"a\", \"match\": \"\"}]", "match: must hold a glob"},
        {"[{\"name\": \"a\", \"match\": \"[\"}]", "match: holds \"[\", which is no glob"},
        {"[{\"name\": \"a\", \"match\": \"a\\u0000b\"}]", "no JSON"},
        {"[{\"name\": \"a\", \"match\": 5}]", "match: must be text"},
        {"[{\"name\": \"a\", \"match\": \"a\", \"saved_at\": -1}]", "saved_at: must be epoch seconds"},
        {"[{\"name\": \"a\", \"match\": \"a\", \"whta\": \"open\"}]", "whta: is no option of a mute"},
        {"[{\"name\": \"a\", \"match\": \"a\", \"duration\": \"5\"}]", "duration: "},
        {"[{\"name\": \"a\", \"match\": \"a\", \"until\": \"soon\"}]", "until: must be a time"},
        {"[{\"name\": \"a\", \"name\": \"b\", \"match\": \"a\"}]", "no JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_mutes mutes = {0};
        char error[CONF_ERROR_MAX] = "";
        cr_assert_eq(mutes_parse(&mutes, cases[i].json, strlen(cases[i].json), error), -1, "%s", cases[i].json);
        cr_assert_not_null(strstr(error, cases[i].error), "%s gave %s", cases[i].json, error);
        cr_assert_null(mutes.list);
    }
}
