#include <criterion/criterion.h>
#include <stdio.h>

#include "horizon/senders.h"

static struct senders senders;

static struct sender *find(int i, int64_t now_ms)
{
    char address[SENDERS_ADDRESS_MAX];
    snprintf(address, sizeof address, "10.0.0.%d", i);
    return senders_find(&senders, address, "line_tcp", now_ms);
}

static void set_up(void)
{
    senders_init(&senders);
}

TestSuite(senders, .init = set_up);

Test(senders, are_told_apart_by_address_and_listener)
{
    struct sender *a = find(1, 0);
    cr_assert_eq(find(1, 0), a);
    cr_assert_neq(find(2, 0), a);
    cr_assert_neq(senders_find(&senders, "10.0.0.1", "line_udp", 0), a);
    cr_assert_str_eq(a->address, "10.0.0.1");
}

Test(senders, share_one_place_when_the_table_is_full)
{
    for (int i = 0; i < SENDERS_MAX; i++)
        find(i, 1000)->last_ms = 1000;
    struct sender *other = find(1000, 1001);
    cr_assert_str_eq(other->address, "other");
    cr_assert_eq(find(1001, 1001), other);
    cr_assert_str_eq(find(5, 1001)->address, "10.0.0.5");
}

Test(senders, give_up_the_place_of_the_longest_silent_without_losing_its_counts)
{
    for (int i = 0; i < SENDERS_MAX; i++) {
        struct sender *s = find(i, 1000);
        s->last_ms = 1000 + i;
        s->received = 10;
        s->accepted = 7;
        s->rejected = 3;
    }
    find(0, 0)->connections = 1;
    struct sender *fresh = find(1000, 1001 + SENDERS_SILENT_MS);
    cr_assert_str_eq(fresh->address, "10.0.0.1000");
    cr_assert_eq(fresh->received, 0u);
    cr_assert_str_eq(find(0, 0)->address, "10.0.0.0", "a connected one stays");
    uint64_t received = 0;
    const struct sender *all[SENDERS_MAX + 1];
    size_t n = senders_top(&senders, all, SENDERS_MAX + 1);
    for (size_t i = 0; i < n; i++)
        received += all[i]->received;
    cr_assert_eq(received, 10u * SENDERS_MAX);
}

Test(senders, that_are_not_listed_are_summed_up)
{
    struct sender rest;
    const struct sender *top[3];
    uint64_t received = 0, all = 0;
    for (int i = 0; i < SENDERS_MAX + 5; i++) {
        find(i, 0)->received += (uint64_t)i;
        all += (uint64_t)i;
    }
    for (size_t i = 0, n = senders_top(&senders, top, 3); i < n; i++)
        received += top[i]->received;
    cr_assert_eq(senders_rest(&senders, 3, &rest), (size_t)SENDERS_MAX + 1 - 3);
    cr_assert_eq(received + rest.received, all);
    cr_assert_str_eq(rest.address, "rest");
    cr_assert_eq(senders_rest(&senders, SENDERS_MAX + 1, &rest), 0u);
    cr_assert_eq(rest.received, 0u);
}

Test(senders, are_listed_with_most_points_first)
{
    const struct sender *top[3];
    for (int i = 0; i < 20; i++)
        find(i, 0)->received = (uint64_t)(i * 7 % 20);
    cr_assert_eq(senders_top(&senders, top, 3), 3u);
    cr_assert_eq(top[0]->received, 19u);
    cr_assert_eq(top[1]->received, 18u);
    cr_assert_eq(top[2]->received, 17u);
}

Test(senders, have_a_rate_over_the_last_minute)
{
    struct sender *a = find(1, 0);
    cr_assert_eq(senders_per_second(&senders, a, 5000), -1);
    for (int64_t s = 5; s <= 200; s++) { /* 20 a second, until 100 s */
        senders_mark(&senders, s * 1000);
        double rate = senders_per_second(&senders, a, s * 1000);
        if (s > 5 && s <= 100)
            cr_assert_float_eq(rate, 20, 1e-9, "%g after %d s", rate, (int)s);
        if (s > 170)
            cr_assert_eq(rate, 0, "%g after %d s", rate, (int)s);
        a->received += s < 100 ? 20 : 0;
    }
    struct sender *late = find(2, 0);
    late->received = 130;
    cr_assert_float_eq(senders_per_second(&senders, late, 200000), 2, 1e-9); /* the oldest mark is of 135 s */
}

Test(senders, that_give_their_place_up_make_no_rate_of_what_they_sent_before)
{
    for (int i = 0; i < SENDERS_MAX; i++)
        find(i, 1000)->received = 1000;
    senders_mark(&senders, 5000);
    struct sender *other = &senders.places[SENDERS_MAX];
    find(1000, 1000 + SENDERS_SILENT_MS);
    cr_assert_eq(other->received, 1000u);
    cr_assert_eq(senders_per_second(&senders, other, 8000), 0);
}
