/* webapp/spread.c */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "webapp/spread.h"

Test(spread, every_thing_comes_once)
{
    for (size_t n = 1; n < 2000; n++) {
        char *seen = calloc(n, 1);
        size_t step = spread_step(n);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(seen[i * step % n]++, 0, "of %zu, thing %zu comes twice", n, i * step % n);
        free(seen);
    }
}

Test(spread, any_first_part_lies_over_all)
{
    /* Of what was looked at, each eighth of the things holds about an eighth. */
    for (size_t n = 800; n < 4000; n++) {
        size_t step = spread_step(n);
        for (size_t part = 80; part <= n; part *= 2) {
            size_t in[8] = {0};
            for (size_t i = 0; i < part; i++)
                in[i * step % n * 8 / n]++;
            for (size_t e = 0; e < 8; e++)
                cr_assert(in[e] >= part / 16 && in[e] <= part / 4, "of %zu, %zu of the first %zu in eighth %zu", n,
                          in[e], part, e);
        }
    }
}

Test(spread, nothing_and_one_thing_have_a_step)
{
    cr_assert_eq(spread_step(0), 1);
    cr_assert_eq(spread_step(1), 1);
    cr_assert_eq(spread_step(2), 1);
}
