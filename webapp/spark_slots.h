/* A metric's extremes by time, for a drawing as small as a word. Pure. */
#ifndef WEBAPP_SPARK_SLOTS_H
#define WEBAPP_SPARK_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SPARK_SLOTS 80

/* Slot i covers the seconds from + i * slot_s to from + (i + 1) * slot_s - 1. */
struct spark_slots {
    uint32_t from, slot_s;
    struct {
        double low, high;
        bool any;
    } slot[SPARK_SLOTS];
};

/* Both ends are within; `from` is not after `until`. */
void spark_slots_init(struct spark_slots *s, uint32_t from, uint32_t until);

/* A point, or what is known of a time; what lies outside the range, or is not finite, is left out. */
void spark_slots_add(struct spark_slots *s, uint32_t t, double low, double high);

#endif
