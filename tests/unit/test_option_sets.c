/* analyzer/option_sets: equal options stand in memory once, for as long as a metric has them. */
#include <criterion/criterion.h>

#include "analyzer/option_sets.h"

static struct option_sets sets;

static void begin(void)
{
    option_sets_init(&sets);
}

static void end(void)
{
    option_sets_fini(&sets);
}

TestSuite(option_sets, .init = begin, .fini = end);

static struct engine_options with_score(double score)
{
    struct engine_options o;
    engine_options_default(&o);
    o.score_to_open = score;
    return o;
}

Test(option_sets, that_are_equal_are_one)
{
    struct engine_options a = with_score(50), b = with_score(50), c = with_score(60);
    const struct engine_options *one = option_sets_take(&sets, &a), *two = option_sets_take(&sets, &b);
    const struct engine_options *other = option_sets_take(&sets, &c);
    cr_assert_eq(one, two);
    cr_assert_neq(one, &a);
    cr_assert_neq(one, other);
    cr_expect_eq(one->score_to_open, 50);
    cr_expect_eq(other->score_to_open, 60);
}

Test(option_sets, stay_until_the_last_has_left)
{
    struct engine_options o = with_score(50);
    const struct engine_options *first = option_sets_take(&sets, &o);
    cr_assert_eq(option_sets_take(&sets, &o), first);
    option_sets_leave(&sets, first);
    cr_expect_eq(first->score_to_open, 50);
    cr_expect_not_null(sets.sets);
    option_sets_leave(&sets, first);
    cr_expect_null(sets.sets);
    option_sets_leave(&sets, NULL);
    option_sets_leave(&sets, &sets.shipped);
}
