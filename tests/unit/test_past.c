/* webapp/past.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "webapp/past.h"

static struct anomaly anomaly(const char *metric, uint32_t start, uint32_t end, bool open, double score)
{
    struct anomaly a = {.open = open, .start = start, .end = end, .score = score, .peak = {.direction = 1}};
    snprintf(a.metric, sizeof a.metric, "%s", metric);
    anomaly_id(a.id, metric, strlen(metric), start);
    return a;
}

struct seen {
    size_t n, open;
    struct past_anomaly last;
    uint32_t least_end;
};

static void see(void *context, const struct past_anomaly *a)
{
    struct seen *seen = context;
    seen->n++;
    seen->open += a->open;
    seen->last = *a;
    if (seen->n == 1 || a->end < seen->least_end)
        seen->least_end = a->end;
}

static struct seen all(struct past *p)
{
    struct seen seen = {0};
    past_each(p, see, &seen);
    return seen;
}

Test(past, what_is_newer_of_an_anomaly_replaces_what_was_known)
{
    struct past *p = past_new();
    struct anomaly a = anomaly("web.requests", 100, 100, true, 60);
    past_take(p, 3, &a);
    cr_expect(past_knows(p, 3, a.id));
    cr_expect_not(past_knows(p, 4, a.id));
    a.end = 200, a.score = 75, a.open = false;
    past_take(p, 3, &a);
    struct seen seen = all(p);
    cr_expect_eq(seen.n, 1);
    cr_expect_eq(seen.last.end, 200);
    cr_expect_eq(seen.last.score, 75);
    cr_expect_eq(seen.last.direction, 1);
    cr_expect_not(seen.last.open);
    cr_expect_str_eq(seen.last.id, a.id);
    past_free(p);
}

Test(past, what_makes_no_sense_is_made_harmless)
{
    struct past *p = past_new();
    struct anomaly a = anomaly("m", 500, 100, false, NAN);
    past_take(p, 0, &a);
    struct seen seen = all(p);
    cr_expect_eq(seen.last.end, 500);
    cr_expect_eq(seen.last.score, 0);
    past_free(p);
}

Test(past, a_full_slot_lets_go_of_the_closed_one_that_ended_first)
{
    struct past *p = past_new();
    char metric[32];
    struct anomaly old = anomaly("still.open", 1, 1, true, 90);
    past_take(p, 0, &old);
    for (uint32_t i = 1; i < PAST_SLOT_MAX; i++) {
        snprintf(metric, sizeof metric, "m%u", i);
        struct anomaly a = anomaly(metric, 1000 + i, 1000 + i, false, 50);
        cr_assert_not(past_is_full(p, 0));
        past_take(p, 0, &a);
    }
    cr_assert(past_is_full(p, 0));
    struct anomaly one_more = anomaly("more", 9000, 9000, false, 50), first = anomaly("m1", 1001, 1001, false, 50);
    cr_assert(past_knows(p, 0, first.id));
    past_take(p, 0, &one_more);
    struct seen seen = all(p);
    cr_expect_eq(seen.n, PAST_SLOT_MAX);
    cr_expect_eq(seen.open, 1);
    cr_expect_eq(seen.least_end, 1, "the open one stays");
    cr_expect(past_knows(p, 0, one_more.id));
    cr_expect_not(past_knows(p, 0, first.id));
    past_free(p);
}

Test(past, it_is_complete_from_when_that_is_told_until_it_is_cleared)
{
    struct past *p = past_new();
    struct anomaly a = anomaly("m", 1, 1, true, 50);
    cr_expect_not(past_is_complete(p));
    past_take(p, 63, &a);
    past_set_complete(p, true);
    cr_expect(past_is_complete(p));
    past_clear(p);
    cr_expect_not(past_is_complete(p));
    cr_expect_eq(all(p).n, 0);
    past_free(p);
    past_free(NULL);
}
