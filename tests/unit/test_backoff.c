#include <criterion/criterion.h>

#include "alerter/backoff.h"

Test(backoff, it_begins_at_a_second_and_doubles_to_five_minutes)
{
    static const int64_t waits_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
    for (unsigned i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++)
        cr_expect_eq(backoff_ms(i + 1, 0), waits_ms[i]);
    cr_expect_eq(backoff_ms(4000000000u, 0), 300000);
}

Test(backoff, chance_takes_off_up_to_half)
{
    uint32_t random = 1;
    int64_t least = 1000, most = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t ms = backoff_ms(1, random = random * 1664525u + 1013904223u);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    cr_expect_eq(least, 500);
    cr_expect_eq(most, 1000);
}

Test(backoff, what_the_receiver_asks_for_counts_up_to_five_minutes)
{
    cr_expect_eq(backoff_asked_ms(7, 1, 0), 7000);
    cr_expect_eq(backoff_asked_ms(3600, 1, 0), 300000, "not the second that would be due");
    cr_expect_eq(backoff_asked_ms(INT64_MAX, 1, 0), 300000);
    cr_expect_eq(backoff_asked_ms(0, 3, 0), 4000);
}
