#include <criterion/criterion.h>
#include <stdlib.h>

#include "analyzer/wheel.h"

#define TIMERS 200

/* Times from an unaligned start, so that ticks and slots are not what they would be from 0. */
#define START_MS 123457

#define RANK 2 /* of entries whose rank does not matter */

static struct wheel wheel;

static struct wheel_entry *setup(void)
{
    static struct wheel_entry timers[TIMERS];
    memset(timers, 0, sizeof timers);
    wheel_init(&wheel, START_MS);
    return timers;
}

Test(wheel, gives_nothing_before_its_time_and_all_at_it)
{
    struct wheel_entry *e = setup();
    wheel_set(&wheel, e, RANK, START_MS + 100);
    wheel_advance(&wheel, START_MS + 99);
    cr_assert_null(wheel_take(&wheel, RANK));
    wheel_advance(&wheel, START_MS + 100);
    cr_assert_eq(wheel_take(&wheel, RANK), e);
    cr_assert_null(wheel_take(&wheel, RANK));
}

Test(wheel, gives_what_is_due_already_in_the_order_in_which_it_was_set)
{
    struct wheel_entry *e = setup();
    wheel_set(&wheel, &e[0], RANK, START_MS);
    wheel_set(&wheel, &e[1], RANK, START_MS - 1000);
    wheel_set(&wheel, &e[2], RANK, 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(wheel_take(&wheel, RANK), &e[i]);
}

Test(wheel, keeps_a_timer_that_is_several_turns_ahead)
{
    const int64_t turn_ms = WHEEL_SLOTS * WHEEL_TICK_MS;
    struct wheel_entry *e = setup();
    wheel_set(&wheel, e, RANK, START_MS + 3 * turn_ms + 7);
    for (int64_t now = START_MS; now < START_MS + 3 * turn_ms + 7; now += 1009) {
        wheel_advance(&wheel, now);
        cr_assert_null(wheel_peek(&wheel, RANK));
    }
    wheel_advance(&wheel, START_MS + 3 * turn_ms + 7);
    cr_assert_eq(wheel_take(&wheel, RANK), e);
}

Test(wheel, a_long_sleep_makes_everything_due)
{
    struct wheel_entry *e = setup();
    for (int i = 0; i < TIMERS; i++)
        wheel_set(&wheel, &e[i], RANK, START_MS + 1 + i * 317);
    wheel_advance(&wheel, START_MS + 10 * WHEEL_SLOTS * WHEEL_TICK_MS);
    int n = 0;
    while (wheel_take(&wheel, RANK))
        n++;
    cr_assert_eq(n, TIMERS);
}

Test(wheel, a_cancelled_timer_never_comes_and_can_be_set_again)
{
    struct wheel_entry *e = setup();
    wheel_cancel(e);
    wheel_set(&wheel, e, RANK, START_MS + 10);
    wheel_cancel(e);
    wheel_advance(&wheel, START_MS + 100);
    cr_assert_null(wheel_take(&wheel, RANK));
    wheel_set(&wheel, e, RANK, START_MS + 110);
    wheel_set(&wheel, e, RANK, START_MS + 200);
    wheel_advance(&wheel, START_MS + 150);
    cr_assert_null(wheel_take(&wheel, RANK));
    wheel_advance(&wheel, START_MS + 200);
    cr_assert_eq(wheel_take(&wheel, RANK), e);
}

Test(wheel, gives_each_rank_its_own_queue)
{
    struct wheel_entry *e = setup();
    for (unsigned i = 0; i < 2 * WHEEL_RANKS; i++)
        wheel_set(&wheel, &e[i], i % WHEEL_RANKS, START_MS + 100);
    wheel_advance(&wheel, START_MS + 100);
    for (unsigned rank = WHEEL_RANKS; rank-- > 0;) {
        cr_assert_eq(wheel_take(&wheel, rank), &e[rank]);
        cr_assert_eq(wheel_take(&wheel, rank), &e[rank + WHEEL_RANKS]);
        cr_assert_null(wheel_peek(&wheel, rank));
    }
}

Test(wheel, what_is_put_back_comes_first_and_keeps_its_time)
{
    struct wheel_entry *e = setup();
    for (int i = 0; i < 3; i++)
        wheel_set(&wheel, &e[i], RANK, START_MS - i);
    cr_assert_eq(wheel_take(&wheel, RANK), &e[0]);
    cr_assert_eq(wheel_take(&wheel, RANK), &e[1]);
    wheel_put_back(&wheel, &e[1]);
    wheel_put_back(&wheel, &e[0]);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(wheel_peek(&wheel, RANK)->due_ms, START_MS - i);
        cr_assert_eq(wheel_take(&wheel, RANK), &e[i]);
    }
    cr_assert_null(wheel_take(&wheel, RANK));
}

/* The oracle is an array of due times, -1 for "not set". */
Test(wheel, agrees_with_a_plain_list_of_times_over_random_use)
{
    struct wheel_entry *e = setup();
    int64_t due[TIMERS], now = START_MS;
    for (int i = 0; i < TIMERS; i++)
        due[i] = -1;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        int i = rand() % TIMERS;
        if (rand() % 4 == 0) {
            wheel_cancel(&e[i]);
            due[i] = -1;
        } else {
            due[i] = now + rand() % (rand() % 8 ? 2000 : 200000);
            wheel_set(&wheel, &e[i], RANK, due[i]);
        }
        now += rand() % (rand() % 100 ? 40 : 90000);
        wheel_advance(&wheel, now);
        for (struct wheel_entry *taken; (taken = wheel_take(&wheel, RANK));) {
            i = (int)(taken - e);
            cr_assert(due[i] >= 0 && due[i] <= now, "timer %d came at %lld, due %lld", i, (long long)now,
                      (long long)due[i]);
            due[i] = -1;
        }
        for (i = 0; i < TIMERS; i++)
            cr_assert(due[i] < 0 || due[i] > now, "timer %d did not come", i);
    }
}
