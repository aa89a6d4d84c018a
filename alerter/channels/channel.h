/* What a type of channel is: a pure function that makes of an event what is to be sent, and the transport that
 * sends it. One file a type, one table (channel.c) that lists them. */
#ifndef RIDGELINE_ALERTER_CHANNEL_H
#define RIDGELINE_ALERTER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerter/channels/parcel.h"
#include "alerter/message.h"
#include "ridgeline/alerts.h"

enum channel_transport {
    CHANNEL_OVER_HTTP,
    CHANNEL_OVER_SMTP,
    CHANNEL_OVER_SOCKET, /* a datagram, or a framed line over TCP */
    CHANNEL_OVER_FIFO,   /* a line written to a file that a program reads */
    CHANNEL_OVER_EXEC,   /* a program's standard input */
};

struct channel_event {
    const struct message *message;
    const char *id;   /* of the message: a repeat has the same */
    const char *host; /* name of this machine */
    int64_t now_s;
    int64_t others_open; /* other open incidents that this channel was told of; 0 where it does not count them */
    bool chart;          /* of mail: a picture goes with it */
};

struct channel_kind {
    enum channel_transport transport;
    bool resends;     /* an open incident is told again each minute */
    bool counts_open; /* what it says depends on which others are open */

    /* Fills `p`, zero at first. Returns 0, or -1 when memory is out. */
    int (*format)(const struct channel_settings *c, const struct channel_event *e, struct parcel *p);
};

extern const struct channel_kind channel_webhook, channel_slack, channel_pagerduty, channel_alertmanager,
    channel_mail, channel_syslog, channel_nagios, channel_exec;

const struct channel_kind *channel_kind(enum channel_type type);

/* Content-ID of a mail's picture. */
#define CHANNEL_CHART_CID "chart@ridgeline"

#endif
