#include "alerter/channels/delivery.h"

#include <unistd.h>

#include "ridgeline/clock.h"

void delivery_attempt(const struct delivery *d, struct transport_answer *answer)
{
    const struct channel_kind *kind = channel_kind(d->channel->type);
    char host[256] = "";
    struct parcel parcel = {0};
    struct transport_job job = {.channel = d->channel,
                                .parcel = &parcel,
                                .chart = d->chart,
                                .chart_len = d->chart_len,
                                .go_on = d->go_on,
                                .context = d->context};
    gethostname(host, sizeof host - 1);
    struct channel_event event = {.message = d->message,
                                  .id = d->id,
                                  .host = host,
                                  .now_s = clock_wall_s(),
                                  .others_open = d->others_open,
                                  .chart = d->chart != NULL};
    if (kind->format(d->channel, &event, &parcel) == 0)
        transport_send(&job, kind->transport, answer);
    else
        transport_answer(answer, TRANSPORT_RETRY, "out of memory");
    parcel_fini(&parcel);
}
