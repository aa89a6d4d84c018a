/* webapp/spark_slots.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "webapp/spark_slots.h"

Test(spark_slots, every_second_of_the_range_has_a_slot_and_none_outside)
{
    static const uint32_t ranges[] = {0, 1, 78, 79, 80, 81, 3600, 86400, 90 * 86400, UINT32_MAX - 1000};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        uint32_t from = 1000, until = from + ranges[i];
        struct spark_slots s;
        spark_slots_init(&s, from, until);
        spark_slots_add(&s, from, 1, 1);
        spark_slots_add(&s, until, 2, 2);
        cr_expect(s.slot[0].any && s.slot[0].low == 1);
        cr_expect(s.slot[(until - from) / s.slot_s].high == 2, "range %u", ranges[i]);
        cr_expect_lt((until - from) / s.slot_s, SPARK_SLOTS);
        spark_slots_init(&s, from, until);
        spark_slots_add(&s, from - 1, 1, 1);
        for (size_t j = 0; j < SPARK_SLOTS; j++)
            cr_expect_not(s.slot[j].any);
    }
}

Test(spark_slots, a_slot_keeps_the_extremes_of_random_points)
{
    enum { N = 5000, RANGE = 7200 };
    static struct {
        uint32_t t;
        double low, high;
    } points[N];
    struct spark_slots s;
    srand(3);
    spark_slots_init(&s, 0, RANGE);
    for (size_t i = 0; i < N; i++) {
        points[i].t = (uint32_t)rand() % (RANGE + 1);
        points[i].low = rand() % 1000 - 500;
        points[i].high = points[i].low + rand() % 10;
        spark_slots_add(&s, points[i].t, points[i].low, points[i].high);
    }
    for (uint32_t j = 0; j < SPARK_SLOTS; j++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < N; i++) {
            if (points[i].t / s.slot_s == j) {
                low = fmin(low, points[i].low);
                high = fmax(high, points[i].high);
            }
        }
        cr_expect_eq(s.slot[j].any, low <= high);
        cr_expect(!s.slot[j].any || (s.slot[j].low == low && s.slot[j].high == high));
    }
}

Test(spark_slots, what_is_not_finite_is_left_out)
{
    struct spark_slots s;
    spark_slots_init(&s, 0, 79);
    spark_slots_add(&s, 5, NAN, 1);
    spark_slots_add(&s, 5, 1, INFINITY);
    cr_expect_not(s.slot[5].any);
    spark_slots_add(&s, 5, -1, 1);
    cr_expect(s.slot[5].any);
}
