#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "horizon/names.h"

static struct names_entry *add(struct names *names, const char *name)
{
    struct names_entry *e = names_add(names, name, strlen(name));
    cr_assert_not_null(e);
    return e;
}

Test(names, are_found_again_and_bounded)
{
    struct names names;
    char name[32];
    names_init(&names, 1000);
    for (int i = 0; i < 1000; i++) {
        sprintf(name, "m%d", i);
        cr_assert_null(names_find(&names, name, strlen(name)));
        struct names_entry *e = add(&names, name);
        cr_assert_eq(names_find(&names, name, strlen(name)), e);
    }
    cr_assert_null(names_add(&names, "one.more", 8));
    cr_assert_not_null(names_find(&names, "m77", 3));
    cr_assert_null(names_find(&names, "m7777", 5));
    cr_assert_eq(names.n, 1000u);
    names_fini(&names);
}

Test(names, are_announced_at_once_and_then_every_hour)
{
    struct names names;
    names_init(&names, 10);
    struct names_entry *e = add(&names, "a.b");
    uint32_t start = 1795307613, last = start;
    cr_assert(names_touch(&names, e, start));
    cr_assert_not(names_touch(&names, e, start));
    unsigned times = 0;
    for (uint32_t t = start; t < start + 10 * NAMES_ANNOUNCE_S; t += 10) {
        if (!names_touch(&names, e, t))
            continue;
        times++;
        cr_assert(t - last <= NAMES_ANNOUNCE_S + 10, "%u s after the last", t - last);
        cr_assert(times == 1 || t - last >= NAMES_ANNOUNCE_S - 10, "%u s after the last", t - last);
        last = t;
    }
    cr_assert(times == 10 || times == 9, "%u times", times);
    names_fini(&names);
}

Test(names, are_announced_again_spread_over_the_hour)
{
    struct names names;
    char name[32];
    unsigned in_quarter[4] = {0};
    names_init(&names, 4000);
    for (int i = 0; i < 4000; i++) {
        sprintf(name, "m%d", i);
        names_touch(&names, add(&names, name), 7200);
    }
    for (uint32_t t = 7201; t <= 7200 + NAMES_ANNOUNCE_S; t++) {
        for (int i = 0; i < 4000; i += 40) {
            sprintf(name, "m%d", i);
            in_quarter[(t - 7201) / 900] += names_touch(&names, names_find(&names, name, strlen(name)), t);
        }
    }
    for (int i = 0; i < 4; i++)
        cr_assert(in_quarter[i] > 10 && in_quarter[i] < 40, "%u of 100 in quarter %d", in_quarter[i], i);
    names_fini(&names);
}

Test(names, are_announced_again_when_redis_was_away_or_an_announcement_was_lost)
{
    struct names names;
    names_init(&names, 10);
    struct names_entry *a = add(&names, "a"), *b = add(&names, "b");
    names_touch(&names, a, 100);
    names_touch(&names, b, 100);
    names_announce_all(&names);
    cr_assert(names_touch(&names, a, 101));
    cr_assert_not(names_touch(&names, a, 102));
    cr_assert(names_touch(&names, b, 103));
    names_unannounce(&names, "b", 1);
    names_unannounce(&names, "unknown", 7);
    cr_assert_not(names_touch(&names, a, 104));
    cr_assert(names_touch(&names, b, 104));
    names_fini(&names);
}

Test(names, remember_the_verdict_of_one_generation)
{
    struct names names;
    names_init(&names, 10);
    struct names_entry *e = add(&names, "a");
    cr_assert_eq(names_verdict(e, 1), -1);
    names_set_verdict(e, 1, false);
    cr_assert_eq(names_verdict(e, 1), 0);
    cr_assert_eq(names_verdict(e, 2), -1);
    names_set_verdict(e, 2, true);
    cr_assert_eq(names_verdict(e, 2), 1);
    names_fini(&names);
}

Test(names, give_their_place_up_when_they_are_silent)
{
    struct names names;
    char name[32];
    names_init(&names, 100);
    for (uint32_t i = 0; i < 100; i++) {
        sprintf(name, "m%u", i);
        names_touch(&names, add(&names, name), i % 3 == 0 ? 50 : 1000);
    }
    /* In small steps, as it is done; two rounds must change no more than one. */
    for (int i = 0; i < 80; i++)
        names_sweep(&names, 7, 500);
    cr_assert_eq(names.n, 66u, "%zu left", names.n);
    for (uint32_t i = 0; i < 100; i++) {
        sprintf(name, "m%u", i);
        cr_assert_eq(names_find(&names, name, strlen(name)) != NULL, i % 3 != 0, "%s", name);
    }
    add(&names, "new");
    names_sweep(&names, 1000, UINT32_MAX);
    names_sweep(&names, 1000, UINT32_MAX);
    cr_assert_eq(names.n, 0u);
    names_sweep(&names, 1000, UINT32_MAX);
    add(&names, "after");
    names_fini(&names);
}
