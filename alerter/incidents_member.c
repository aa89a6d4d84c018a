/* An anomaly, as the analyzer tells it, made a member. */
#include "alerter/incidents.h"

#include <string.h>

static enum incident_what what_of(enum engine_state state)
{
    switch (state) {
    case ENGINE_FLAT:
        return INCIDENT_FLAT;
    case ENGINE_DROPOUT:
        return INCIDENT_DROPOUT;
    case ENGINE_STALE:
        return INCIDENT_STALE;
    case ENGINE_GAP:
        return INCIDENT_GAP;
    case ENGINE_RESET:
        return INCIDENT_RESET;
    default:
        return INCIDENT_ANOMALOUS;
    }
}

struct incident_member incidents_member_of(const struct anomaly *a)
{
    struct incident_member m = {.metric = a->metric,
                                .start = a->start,
                                .end = a->end,
                                .open = a->open,
                                .direction = a->peak.direction > 0   ? INCIDENT_UP
                                             : a->peak.direction < 0 ? INCIDENT_DOWN
                                                                     : INCIDENT_UNKNOWN,
                                .score = a->score,
                                .peak_at = a->peak.t,
                                .what = what_of(a->opened.state)};

    memcpy(m.id, a->id, sizeof m.id);
    engine_told(&a->peak, &m.told);
    return m;
}
