/* Nagios: one passive check result for the service that stands for Ridgeline. It is CRITICAL while any incident
 * is open that this channel was told of, OK when the last is over, WARNING for a digest when none is. */
#include <inttypes.h>
#include <stdio.h>

#include "alerter/channels/channel.h"
#include "alerter/message_text.h"

enum { OK, WARNING, CRITICAL };

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    const struct message *m = e->message;
    char summary[MESSAGE_TEXT_SUMMARY_MAX], *text;
    int64_t open = e->others_open + (m->kind == MESSAGE_OPEN || m->kind == MESSAGE_UPDATE);
    int code = open > 0 ? CRITICAL : m->kind == MESSAGE_DIGEST ? WARNING : OK;
    message_text_summary(summary, sizeof summary, m);
    for (char *s = summary; *s != '\0'; s++)
        if (*s == '|') /* what follows would be taken for performance data */
            *s = '/';
    if (parcel_address(p, c->command_file, NULL) < 0 ||
        asprintf(&text,
                 "[%" PRId64 "] PROCESS_SERVICE_CHECK_RESULT;%s;%s;%d;%" PRId64 " open: %s|open=%" PRId64 ";;;0\n",
                 e->now_s, c->host, c->service, code, open, summary, open) < 0)
        return -1;
    return parcel_text(p, text);
}

const struct channel_kind channel_nagios = {.transport = CHANNEL_OVER_FIFO, .counts_open = true, .format = format};
