/* Syslog: one RFC 5424 message, "<PRI>1 TIME HOST ridgeline - KIND - TEXT". */
#include <stdio.h>
#include <string.h>

#include "alerter/channels/channel.h"
#include "alerter/channels/harmless.h"
#include "alerter/message_text.h"

/* Severities of RFC 5424. */
#define WARNING 4
#define NOTICE 5
#define INFORMATIONAL 6

static const int severities[] = {[MESSAGE_OPEN] = WARNING,
                                 [MESSAGE_UPDATE] = WARNING,
                                 [MESSAGE_RESOLVE] = NOTICE,
                                 [MESSAGE_DIGEST] = INFORMATIONAL};

static int facility_number(const char *name)
{
    if (strncmp(name, "local", 5) == 0)
        return 16 + (name[5] - '0');
    return strcmp(name, "user") == 0 ? 1 : 3;
}

/* A field of the header is visible ASCII: what is not becomes "?". */
static char *field(char *out, size_t out_bytes, const char *text)
{
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < out_bytes; i++)
        out[i] = (unsigned char)text[i] > ' ' && (unsigned char)text[i] < 0x7f ? text[i] : '?';
    out[i] = '\0';
    if (i == 0)
        snprintf(out, out_bytes, "-");
    return out;
}

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    const struct message *m = e->message;
    char at[MESSAGE_TEXT_TIME_MAX], host[256], summary[MESSAGE_TEXT_SUMMARY_MAX], url[512], key[128], *text;
    int pri = facility_number(c->facility) * 8 + severities[m->kind];
    if (parcel_address(p, c->address, NULL) < 0 ||
        asprintf(&text, "<%d>1 %s %s ridgeline - %s - %s incident=%s%s%s", pri, message_text_rfc3339(at, e->now_s),
                 field(host, sizeof host, e->host), message_kind_name(m->kind),
                 message_text_summary(summary, sizeof summary, m), harmless_line(key, sizeof key, m->dedup_key),
                 m->page_url != NULL ? " url=" : "", harmless_line(url, sizeof url, m->page_url)) < 0)
        return -1;
    return parcel_text(p, text);
}

const struct channel_kind channel_syslog = {.transport = CHANNEL_OVER_SOCKET, .format = format};
