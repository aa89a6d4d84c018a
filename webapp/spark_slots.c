#include "webapp/spark_slots.h"

#include <math.h>

void spark_slots_init(struct spark_slots *s, uint32_t from, uint32_t until)
{
    *s = (struct spark_slots){.from = from, .slot_s = (until - from) / SPARK_SLOTS + 1};
}

void spark_slots_add(struct spark_slots *s, uint32_t t, double low, double high)
{
    uint32_t i = (t - s->from) / s->slot_s;
    if (t < s->from || i >= SPARK_SLOTS || !isfinite(low) || !isfinite(high))
        return;
    if (!s->slot[i].any || low < s->slot[i].low)
        s->slot[i].low = low;
    if (!s->slot[i].any || high > s->slot[i].high)
        s->slot[i].high = high;
    s->slot[i].any = true;
}
