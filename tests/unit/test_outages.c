/* analyzer/engine/outages.c: the list of times in which points could not arrive. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "engine_noise.h"
#include "ridgeline/outages.h"
#include "rounds.h"

#define START 1790000000u
#define DAY_S 86400u

static struct outages o;

Test(outages, stand_in_redis_as_text_and_nothing_else_is_one)
{
    static const struct outage sound[] = {{1, 2, OUTAGE_OURS}, {START, UINT32_MAX, OUTAGE_SHARED}};
    static const char *const wrong[] = {"",           "ours",       "ours 1",   "ours 2 2",  "ours 3 2",
                                        "theirs 1 2", "ours -1 2",  "ours 1 2 ", "ours 01 2", "ours 1 4294967296",
                                        "ours  1 2",  "shared 1 2x", " ours 1 2", "ours 1 99999999999999999999999"};
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        char text[OUTAGES_TEXT_MAX];
        struct outage back;
        outages_format(text, &sound[i]);
        cr_assert_eq(outages_parse(text, strlen(text), &back), 0, "%s", text);
        cr_expect(back.from == sound[i].from && back.until == sound[i].until && back.kind == sound[i].kind);
        cr_expect_neq(outages_parse(text, strlen(text) + 1, &back), 0, "a NUL is no part of it");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct outage back;
        cr_expect_eq(outages_parse(wrong[i], strlen(wrong[i]), &back), -1, "%s", wrong[i]);
    }
}

/* Second by second. */
Test(outages, overlap_is_the_seconds_in_any_of_them)
{
    for (unsigned seed = 0; seed < 200; seed += rounds_step()) {
        struct noise n = noise_seeded(seed);
        bool out[500] = {false};
        struct outage told[12];
        for (size_t i = 0; i < 12; i++) {
            uint32_t from = (uint32_t)(480 * noise_uniform(&n)), until = from + 1 + (uint32_t)(15 * noise_uniform(&n));
            told[i] = (struct outage){from, until, OUTAGE_OURS};
            for (uint32_t s = from; s < until; s++)
                out[s] = true;
        }
        outages_make(&o, told, 12);
        for (size_t i = 1; i < o.n; i++)
            cr_assert_gt(o.list[i].from, o.list[i - 1].until);
        for (unsigned k = 0; k < 100; k++) {
            uint32_t from = (uint32_t)(499 * noise_uniform(&n)), sum = 0;
            uint32_t until = from + (uint32_t)((500 - from) * noise_uniform(&n));
            for (uint32_t s = from; s < until; s++)
                sum += out[s];
            cr_assert_eq(outages_overlap_s(&o, from, until), sum, "seed %u: %u to %u", seed, from, until);
        }
    }
    cr_expect_eq(outages_overlap_s(NULL, 0, UINT32_MAX), 0);
}

Test(outages, that_all_share_and_that_come_again_within_two_weeks_are_how_the_site_lives)
{
    struct outage told[] = {
        {START, START + 7200, OUTAGE_SHARED},
        {START + 60, START + 7260, OUTAGE_SHARED}, /* of another worker: the same */
        {START + DAY_S, START + DAY_S + 7200, OUTAGE_SHARED},
        {START + 2 * DAY_S, START + 2 * DAY_S + 20000, OUTAGE_SHARED}, /* far longer */
        {START + 3 * DAY_S, START + 3 * DAY_S + 7200, OUTAGE_OURS},
        {START + 17 * DAY_S, START + 17 * DAY_S + 7200, OUTAGE_SHARED},
    };
    outages_make(&o, told, sizeof told / sizeof *told);
    cr_assert_eq(o.n, 4u);
    cr_expect_eq(outages_overlap_s(&o, START, START + DAY_S), 7260);
    cr_expect_eq(outages_overlap_s(&o, START + DAY_S, START + 2 * DAY_S), 0);
    cr_expect_eq(outages_overlap_s(&o, START + 2 * DAY_S, START + 3 * DAY_S), 20000);
    cr_expect_eq(outages_overlap_s(&o, START + 3 * DAY_S, START + 4 * DAY_S), 7200);
    cr_expect_eq(outages_overlap_s(&o, START + 17 * DAY_S, START + 18 * DAY_S), 7200);
}

Test(outages, of_ours_count_however_often_they_come)
{
    struct outage told[OUTAGES_MAX];
    for (uint32_t i = 0; i < OUTAGES_MAX; i++)
        told[i] = (struct outage){START + i * 3600, START + i * 3600 + 1800, OUTAGE_OURS};
    outages_make(&o, told, OUTAGES_MAX);
    cr_expect_eq(outages_overlap_s(&o, START, UINT32_MAX), OUTAGES_MAX * 1800u);
}
