#include <criterion/criterion.h>

#include "analyzer/lag.h"

Test(lag, keeps_the_worst_of_ten_seconds_and_no_longer)
{
    struct lag l = {0};
    lag_note(&l, ENGINE_PRIORITY_HIGH, 70);
    lag_note(&l, ENGINE_PRIORITY_HIGH, 50);
    for (int second = 0; second < LAG_SECONDS; second++) {
        cr_assert_eq(lag_worst_ms(&l, ENGINE_PRIORITY_HIGH), 70, "second %d", second);
        lag_next_second(&l);
        lag_note(&l, ENGINE_PRIORITY_HIGH, 3);
    }
    cr_assert_eq(lag_worst_ms(&l, ENGINE_PRIORITY_HIGH), 3);
}

Test(lag, tells_priorities_apart)
{
    struct lag l = {0};
    lag_note(&l, ENGINE_PRIORITY_LOW, 9000);
    lag_note(&l, ENGINE_PRIORITY_NORMAL, -5);
    lag_next_second(&l);
    lag_note(&l, ENGINE_PRIORITY_HIGH, 20);
    cr_assert_eq(lag_worst_ms(&l, ENGINE_PRIORITY_LOW), 9000);
    cr_assert_eq(lag_worst_ms(&l, ENGINE_PRIORITY_NORMAL), 0);
    cr_assert_eq(lag_worst_ms(&l, ENGINE_PRIORITY_HIGH), 20);
}
