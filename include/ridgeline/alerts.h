/* Channels: where messages about incidents go. Alerts: which incidents, and when. In settings.conf:
 *
 *   channels = ( { name = "ops-mail"; type = "mail"; to = "ops@example.org"; from = "ridgeline@example.org"; } );
 *   alerts = ( { name = "shop"; match = "shop.**"; channels = "ops-mail"; min_duration = "2m"; } );
 *
 * One table gives each type's options, as lib/options.c does for the rest of the settings: the reader,
 * `ridgeline check` and docs/ALERTS.md agree with it. Pure. */
#ifndef RIDGELINE_ALERTS_H
#define RIDGELINE_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/conf.h"

enum channel_type {
    CHANNEL_WEBHOOK,
    CHANNEL_SLACK,
    CHANNEL_PAGERDUTY,
    CHANNEL_ALERTMANAGER,
    CHANNEL_MAIL,
    CHANNEL_SYSLOG,
    CHANNEL_NAGIOS,
    CHANNEL_EXEC,
    CHANNEL_TYPES
};

#define CHANNEL_NAME_MAX 32 /* bytes: letters, digits, "-" and "_" */

/* One channel. All zero is none. The texts are owned; those that the type has no option for are NULL. */
struct channel_settings {
    char *name;
    enum channel_type type;
    unsigned line; /* in settings.conf; 0 for none */
    int64_t timeout_s, give_up_after_s;
    struct units_budget rate_limit;
    char *url, *secret, *method, *headers; /* of what speaks HTTP */
    char *ca_file;                         /* and of mail: "" = the system's */
    char *routing_key, *severity;          /* pagerduty */
    char *to, *from, *server, *tls, *user, *password; /* mail */
    bool chart;
    char *address, *facility;           /* syslog */
    char *command_file, *host, *service; /* nagios */
    char *program;                       /* exec */
};

/* The name of a type as it stands in the file; and back, or -1. */
const char *channels_type_name(enum channel_type type);
int channels_type(const char *name);

/* The rows of all types: `group` is the type's name, or "" for an option that every type has; offsets are
 * into struct channel_settings. A row without default_text must be given. */
extern const struct conf_option channels_options[];
extern const size_t channels_options_n;


/* Whether `name` may be a channel's. */
bool channels_name_ok(const char *name);

/* Checks those options of a channel that have been read: URLs, addresses, header lines. Tells every fault. */
void channels_check(const struct channel_settings *c, conf_fault *tell, void *context);

/* One alert. Owns its texts and globs. */
struct alert_settings {
    char *name;    /* as a channel's */
    unsigned line; /* in settings.conf */
    struct conf_globs match, channels; /* of metrics' names; of channels' names */
    uint32_t states;                   /* a bit for each enum incident_what that it tells of */
    int64_t min_score;                 /* 0: the score from which anomalies surface */
    int64_t min_duration_s, update_after_s, repeat_after_s; /* repeat_after_s 0: never */
    bool send_resolved;
    char *group_by; /* what alerts_group_parts() takes */
};

/* What one message of an alert is about. Reads "incident" as ALERTS_BY_INCIDENT; and as the number of leading parts of
 * a name that all incidents share which are told together: "alert" as 0, and "prefix:N" as N, which is 1 to
 * ALERTS_PARTS_MAX. Returns 0, or -1 when it is none of these. */
#define ALERTS_BY_INCIDENT (-1)
#define ALERTS_PARTS_MAX 30
int alerts_group_parts(const char *group_by, int *parts);

/* The rows of an alert, as those of channels: offsets into struct alert_settings. */
extern const struct conf_option alerts_options[];
extern const size_t alerts_options_n;

void alerts_fini(struct alert_settings *a);

/* Whether the alert tells of such a member of an incident, by its metric's name and by what it is. */
struct incident_member;
bool alerts_tell_of(const struct alert_settings *a, const struct incident_member *m);

/* Of an enum incident_what, as `states` has it: "anomalous". NULL behind the last. */
const char *alerts_state_name(size_t what);

/* Frees what the channel owns, and leaves none. */
void channels_fini(struct channel_settings *c);

#endif
