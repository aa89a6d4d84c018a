/* The table of channels' options, and what must hold of each value beyond its type. What is accepted
 * here can be put into a request, a mail or a line of text as it stands: no control characters, no header
 * that we make ourselves. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ridgeline/alerts.h"

#define MINUTE 60.0
#define DAY 86400.0
#define HEADERS_MAX 16 /* lines of a webhook's own */
#define HEADER_MAX 2000 /* bytes of one of them: parcel_header() would cut it */
#define URL_MAX 1000

static const char *const type_names[CHANNEL_TYPES] = {
    [CHANNEL_WEBHOOK] = "webhook", [CHANNEL_SLACK] = "slack",   [CHANNEL_PAGERDUTY] = "pagerduty",
    [CHANNEL_ALERTMANAGER] = "alertmanager", [CHANNEL_MAIL] = "mail", [CHANNEL_SYSLOG] = "syslog",
    [CHANNEL_NAGIOS] = "nagios",   [CHANNEL_EXEC] = "exec",
};

#define OPTION(group_, name_, type_, member, default_, help_)                                        \
    {.group = group_, .name = name_, .type = type_, .offset = offsetof(struct channel_settings, member), \
     .default_text = default_, .unit = "", .help = help_}
#define TEXT(group, name, default_, help) OPTION(group, #name, CONF_TEXT, name, default_, help)
#define DURATION(group_, name_, member, default_, min_, max_, help_)                                 \
    {.group = group_, .name = name_, .type = CONF_DURATION, .offset = offsetof(struct channel_settings, member), \
     .min = min_, .max = max_, .default_text = default_, .unit = "s", .help = help_}
#define CA_FILE(group) TEXT(group, ca_file, "", "File of the certificates to trust, PEM; empty: the system's.")

const struct conf_option channels_options[] = {
    DURATION("", "timeout", timeout_s, "20s", 1, 5 * MINUTE, "How long one delivery may take."),
    DURATION("", "give_up_after", give_up_after_s, "1d", MINUTE, 30 * DAY,
             "A message that could not be delivered for this long becomes a dead letter."),
    OPTION("", "rate_limit", CONF_BUDGET, rate_limit, "30/hour",
           "Openings and updates beyond this are held back, and told together when there is room again."),

    TEXT("webhook", url, NULL, "Where the JSON goes, `https://...` or `http://...`."),
    TEXT("webhook", secret, "", "Signs each request (X-Ridgeline-Signature); empty: not signed."),
    TEXT("webhook", method, "POST", "`POST`, `PUT` or `PATCH`."),
    TEXT("webhook", headers, "", "Further header lines, `Name: value`, with `\\n` between two."),
    CA_FILE("webhook"),

    TEXT("slack", url, NULL, "The incoming webhook, of Slack or of what takes the same: Mattermost, Rocket.Chat."),
    CA_FILE("slack"),

    TEXT("pagerduty", routing_key, NULL, "The integration key of the service, for Events API v2."),
    TEXT("pagerduty", severity, "critical", "`critical`, `error`, `warning` or `info`."),
    TEXT("pagerduty", url, "https://events.pagerduty.com/v2/enqueue", "Where events go."),
    CA_FILE("pagerduty"),

    TEXT("alertmanager", url, NULL, "Alertmanager's own address, such as `http://127.0.0.1:9093`."),
    CA_FILE("alertmanager"),

    TEXT("mail", to, NULL, "Who gets it: addresses with commas between them."),
    TEXT("mail", from, NULL, "The sender's address."),
    TEXT("mail", server, "smtp://127.0.0.1:25", "`smtp://HOST:PORT`, or `smtps://HOST:PORT` for TLS from the start."),
    TEXT("mail", tls, "auto", "STARTTLS: `auto` takes it when offered, `required` sends nothing without, `off`."),
    TEXT("mail", user, "", "For AUTH; empty: none."),
    TEXT("mail", password, "", "For AUTH."),
    OPTION("mail", "chart", CONF_BOOL, chart, "true", "Put a chart of the first mover into the mail."),
    CA_FILE("mail"),

    TEXT("syslog", address, "unix:/dev/log", "`unix:PATH`, `udp:HOST:PORT` or `tcp:HOST:PORT`."),
    TEXT("syslog", facility, "daemon", "`daemon`, `user`, or `local0` to `local7`."),

    TEXT("nagios", command_file, NULL, "Nagios' external command file."),
    TEXT("nagios", host, NULL, "The host whose service takes the results."),
    TEXT("nagios", service, "Ridgeline", "The service, which must take passive checks."),

    TEXT("exec", program, NULL, "Absolute path of the program that gets the event as JSON on its standard input."),
};
const size_t channels_options_n = sizeof channels_options / sizeof *channels_options;

const char *channels_type_name(enum channel_type type)
{
    return type_names[type];
}

int channels_type(const char *name)
{
    for (int i = 0; i < CHANNEL_TYPES; i++)
        if (strcmp(type_names[i], name) == 0)
            return i;
    return -1;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool channels_name_ok(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return len >= 1 && len <= CHANNEL_NAME_MAX;
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Visible ASCII without blanks. */
static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

static const char *check_url(const char *url)
{
    if (!starts(url, "http://") && !starts(url, "https://"))
        return "must begin with https:// or http://";
    if (strlen(url) > URL_MAX)
        return "has more than 1000 bytes";
    if (!is_visible(url) || *(strchr(url, ':') + 3) == '\0')
        return "is no URL";
    return NULL;
}

static const char *check_server(const char *server)
{
    if (!starts(server, "smtp://") && !starts(server, "smtps://"))
        return "must begin with smtp:// or smtps://";
    return is_visible(server) && *(strchr(server, ':') + 3) != '\0' ? NULL : "is no address of a server";
}

/* `choices` with blanks between them. */
static bool is_one_of(const char *value, const char *choices)
{
    size_t len = strlen(value);
    for (const char *p = choices; len > 0 && (p = strstr(p, value)) != NULL; p += len)
        if ((p == choices || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
            return strchr(value, ' ') == NULL;
    return false;
}

/* Whether the `len` bytes may stand between "<" and ">" of a mail's header and envelope. */
static bool is_mail_address(const char *text, size_t len)
{
    const char *at = memchr(text, '@', len);
    if (at == NULL || at == text || at == text + len - 1 || len > 254)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f || strchr("<>()[]\\,;:\"", text[i]) != NULL)
            return false;
    return memchr(at + 1, '@', (size_t)(text + len - at - 1)) == NULL;
}

static const char *check_mail_addresses(const char *list)
{
    for (const char *p = list;; p++) {
        p += strspn(p, " ");
        size_t len = strcspn(p, ",");
        size_t trimmed = len;
        while (trimmed > 0 && p[trimmed - 1] == ' ')
            trimmed--;
        if (!is_mail_address(p, trimmed))
            return "holds something that is no mail address";
        p += len;
        if (*p == '\0')
            return NULL;
    }
}

static const char *check_mail_sender(const char *from)
{
    return is_mail_address(from, strlen(from)) ? NULL : "must be one mail address";
}

/* One "Name: value" of `len` bytes, none of the headers that we make ourselves. */
static bool is_header(const char *line, size_t len)
{
    static const char *const ours[] = {"content-type", "content-length", "host", "transfer-encoding", "connection"};
    const char *colon = memchr(line, ':', len);
    if (colon == NULL || colon == line)
        return false;
    size_t name_len = (size_t)(colon - line);
    for (size_t i = 0; i < name_len; i++)
        if (!is_alnum(line[i]) && strchr("-_.", line[i]) == NULL)
            return false;
    for (size_t i = name_len; i < len; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == name_len && strncasecmp(ours[i], line, name_len) == 0)
            return false;
    return name_len < 12 || strncasecmp(line, "x-ridgeline-", 12) != 0;
}

static const char *check_headers(const char *headers)
{
    size_t n = 0;
    while (*headers != '\0') {
        size_t len = strcspn(headers, "\n");
        if (len > HEADER_MAX)
            return "holds a line of more than 2000 bytes";
        if (len > 0 && !is_header(headers, len))
            return "must hold lines such as \"X-Team: ops\\n\", and none of the headers that Ridgeline makes";
        headers += len + (headers[len] == '\n');
        n += len > 0;
    }
    return n <= HEADERS_MAX ? NULL : "holds more than 16 lines";
}

static const char *check_syslog_address(const char *address)
{
    struct units_address parsed;
    const char *reason;
    if (starts(address, "unix:"))
        return address[5] == '/' && !has_control(address) ? NULL : "unix: must be followed by an absolute path";
    if (!starts(address, "udp:") && !starts(address, "tcp:"))
        return "must be unix:PATH, udp:HOST:PORT or tcp:HOST:PORT";
    if (units_address(address + 4, &parsed, &reason) < 0)
        return reason;
    return parsed.on && parsed.port != 0 ? NULL : "must name a host and a port";
}

/* A host or service of Nagios' stands between semicolons of a line. */
static const char *check_nagios_name(const char *name)
{
    return *name != '\0' && !has_control(name) && strchr(name, ';') == NULL ? NULL : "must hold no semicolon";
}

static const char *check_path(const char *path)
{
    return *path == '/' && !has_control(path) ? NULL : "must be an absolute path";
}

static const char *check_text(const char *text)
{
    return has_control(text) ? "holds a control character" : NULL;
}

static const char *check_method(const char *method)
{
    return is_one_of(method, "POST PUT PATCH") ? NULL : "may be \"POST\", \"PUT\" or \"PATCH\"";
}

static const char *check_severity(const char *severity)
{
    return is_one_of(severity, "critical error warning info")
               ? NULL
               : "may be \"critical\", \"error\", \"warning\" or \"info\"";
}

static const char *check_tls(const char *tls)
{
    return is_one_of(tls, "auto required off") ? NULL : "may be \"auto\", \"required\" or \"off\"";
}

static const char *check_facility(const char *facility)
{
    return is_one_of(facility, "daemon user local0 local1 local2 local3 local4 local5 local6 local7")
               ? NULL
               : "may be \"daemon\", \"user\", or \"local0\" to \"local7\"";
}

static const char *check_routing_key(const char *key)
{
    return *key != '\0' && is_visible(key) ? NULL : "must be the key without blanks";
}

void channels_check(const struct channel_settings *c, conf_fault *tell, void *context)
{
    const struct {
        const char *option, *value;
        const char *(*check)(const char *value);
    } checks[] = {
        {"url", c->url, check_url},
        {"method", c->method, check_method},
        {"headers", c->headers, check_headers},
        {"routing_key", c->routing_key, check_routing_key},
        {"severity", c->severity, check_severity},
        {"to", c->to, check_mail_addresses},
        {"from", c->from, check_mail_sender},
        {"server", c->server, check_server},
        {"tls", c->tls, check_tls},
        {"user", c->user, check_text},
        {"password", c->password, check_text},
        {"address", c->address, check_syslog_address},
        {"facility", c->facility, check_facility},
        {"command_file", c->command_file, check_path},
        {"host", c->host, check_nagios_name},
        {"service", c->service, check_nagios_name},
        {"program", c->program, check_path},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const char *reason = checks[i].value != NULL ? checks[i].check(checks[i].value) : NULL;
        if (reason != NULL)
            tell(context, checks[i].option, reason);
    }
}

void channels_fini(struct channel_settings *c)
{
    for (size_t i = 0; i < channels_options_n; i++)
        if (channels_options[i].type == CONF_TEXT) {
            char **text = (char **)(void *)((char *)c + channels_options[i].offset);
            free(*text);
            *text = NULL;
        }
    free(c->name);
    *c = (struct channel_settings){0};
}
