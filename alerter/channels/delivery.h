/* One attempt to deliver one message: what the channel's type makes of it, sent by its transport. */
#ifndef RIDGELINE_ALERTER_DELIVERY_H
#define RIDGELINE_ALERTER_DELIVERY_H

#include "alerter/channels/transport.h"

struct delivery {
    const struct channel_settings *channel;
    const struct message *message;
    const char *id;
    int64_t others_open;        /* see struct channel_event */
    const unsigned char *chart; /* PNG, for mail; NULL for none */
    size_t chart_len;
    bool (*go_on)(void *context); /* see struct transport_job */
    void *context;
};

/* Takes at most about the channel's timeout. The answer is filled in any case. */
void delivery_attempt(const struct delivery *d, struct transport_answer *answer);

#endif
