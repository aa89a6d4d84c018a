#include "alerter/channels/channel.h"

static const struct channel_kind *const kinds[CHANNEL_TYPES] = {
    [CHANNEL_WEBHOOK] = &channel_webhook,     [CHANNEL_SLACK] = &channel_slack,
    [CHANNEL_PAGERDUTY] = &channel_pagerduty, [CHANNEL_ALERTMANAGER] = &channel_alertmanager,
    [CHANNEL_MAIL] = &channel_mail,           [CHANNEL_SYSLOG] = &channel_syslog,
    [CHANNEL_NAGIOS] = &channel_nagios,       [CHANNEL_EXEC] = &channel_exec,
};

const struct channel_kind *channel_kind(enum channel_type type)
{
    return kinds[type];
}
