/* Exec: the message as JSON on a program's standard input. */
#include "alerter/channels/channel.h"

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    return parcel_address(p, c->program, NULL) < 0 ? -1 : parcel_json(p, message_to_json(e->message, e->id));
}

const struct channel_kind channel_exec = {.transport = CHANNEL_OVER_EXEC, .format = format};
