/* The table of alerts' options, and what is read of their texts. */
#include "ridgeline/alerts.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/incident.h"

#define MINUTE 60.0
#define WEEK (7 * 86400.0)

#define OPTION(name_, type_, member, default_, help_)                                                \
    {.group = "", .name = name_, .type = type_, .offset = offsetof(struct alert_settings, member),   \
     .default_text = default_, .unit = "", .help = help_}
#define RANGED(name_, type_, member, default_, min_, max_, unit_, help_)                             \
    {.group = "", .name = name_, .type = type_, .offset = offsetof(struct alert_settings, member),   \
     .min = min_, .max = max_, .default_text = default_, .unit = unit_, .help = help_}

static const char *const states[INCIDENT_WHATS + 1] = {
    [INCIDENT_ANOMALOUS] = "anomalous", [INCIDENT_FLAT] = "flat",         [INCIDENT_DROPOUT] = "dropout",
    [INCIDENT_STALE] = "stale",         [INCIDENT_FORECAST] = "forecast", [INCIDENT_GAP] = "gap",
    [INCIDENT_RESET] = "reset",
};

const struct conf_option alerts_options[] = {
    OPTION("match", CONF_GLOBS, match, "**", "Tells of incidents with a metric that matches."),
    {.group = "", .name = "states", .type = CONF_SET, .offset = offsetof(struct alert_settings, states),
     .default_text = "anomalous flat dropout stale forecast gap reset", .choices = states, .unit = "",
     .help = "And that is one of these: a list of names, or one."},
    OPTION("channels", CONF_GLOBS, channels, NULL,
           "Names of channels, or globs of such, each of one at least: where it is told."),
    RANGED("min_score", CONF_INTEGER, min_score, "0", 0, 100, "",
           "And the strongest of these reaches this score; 0: the score from which anomalies surface."),
    RANGED("min_duration", CONF_DURATION, min_duration_s, "0s", 0, WEEK, "s",
           "And the first of these began this long ago; what is over before is not told."),
    RANGED("update_after", CONF_DURATION, update_after_s, "10m", MINUTE, WEEK, "s",
           "Metrics that join later are told together, no sooner than this after the last message."),
    RANGED("repeat_after", CONF_DURATION, repeat_after_s, "0s", 0, 4 * WEEK, "s",
           "Tells again of what is still open after this long without a message; 0: never."),
    OPTION("group_by", CONF_TEXT, group_by, "incident",
           "What one message is about: `incident`; `prefix:N`, all incidents whose names share their first N parts; "
           "`alert`, all of this alert."),
    OPTION("send_resolved", CONF_BOOL, send_resolved, "true", "Tells of the end too."),
};
const size_t alerts_options_n = sizeof alerts_options / sizeof *alerts_options;

bool alerts_tell_of(const struct alert_settings *a, const struct incident_member *m)
{
    return (a->states >> m->what & 1) && conf_globs_match(&a->match, m->metric, strlen(m->metric));
}

const char *alerts_state_name(size_t what)
{
    return states[what];
}

int alerts_group_parts(const char *group_by, int *parts)
{
    static const char prefix[] = "prefix:";
    size_t len = sizeof prefix - 1;
    *parts = ALERTS_BY_INCIDENT;
    if (strcmp(group_by, "incident") == 0)
        return 0;
    *parts = 0;
    if (strcmp(group_by, "alert") == 0)
        return 0;
    if (strncmp(group_by, prefix, len) != 0)
        return -1;
    for (group_by += len; *group_by >= '0' && *group_by <= '9' && *parts <= ALERTS_PARTS_MAX; group_by++)
        *parts = 10 * *parts + (*group_by - '0');
    return *group_by == '\0' && *parts >= 1 && *parts <= ALERTS_PARTS_MAX ? 0 : -1;
}

void alerts_fini(struct alert_settings *a)
{
    conf_entry_fini(alerts_options, alerts_options_n, a);
    free(a->name);
    a->name = NULL;
}
