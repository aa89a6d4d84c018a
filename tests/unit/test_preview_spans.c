/* webapp/preview_spans.c, against a quadratic oracle. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "webapp/preview_spans.h"

static void push(struct preview_spans *s, uint32_t start, uint32_t end, double score)
{
    cr_assert_eq(preview_spans_push(s, (struct preview_span){.start = start, .end = end, .score = score}), 0);
}

struct alone {
    uint32_t starts[64];
    size_t n;
};

static void keep(void *context, const struct preview_span *span)
{
    struct alone *a = context;
    a->starts[a->n++] = span->start;
}

static size_t only_in(const struct preview_spans *a, const struct preview_spans *b)
{
    return preview_spans_only_in(a, b, NULL, NULL);
}

Test(preview_spans, same_start_is_the_same_anomaly)
{
    struct preview_spans a = {0}, b = {0};
    push(&a, 100, 200, 60);
    push(&b, 100, 100, 60);
    cr_assert_eq(only_in(&a, &b), 0);
    cr_assert_eq(only_in(&b, &a), 0);
    preview_spans_fini(&a);
    preview_spans_fini(&b);
}

Test(preview_spans, what_overlaps_is_kept_and_what_only_follows_is_not)
{
    struct preview_spans a = {0}, b = {0};
    push(&a, 100, 200, 60);
    push(&a, 300, 300, 60);
    push(&b, 200, 250, 60); /* shares the moment 200 */
    push(&b, 301, 310, 60);
    cr_assert_eq(only_in(&a, &b), 1);
    cr_assert_eq(only_in(&b, &a), 1);
    preview_spans_fini(&a);
    preview_spans_fini(&b);
}

Test(preview_spans, one_that_joins_two_keeps_both)
{
    struct preview_spans a = {0}, b = {0};
    push(&a, 100, 200, 60);
    push(&a, 300, 400, 60);
    push(&b, 100, 400, 60);
    cr_assert_eq(only_in(&a, &b), 0);
    cr_assert_eq(only_in(&b, &a), 0);
    preview_spans_fini(&a);
    preview_spans_fini(&b);
}

Test(preview_spans, nothing_before_makes_all_new)
{
    struct preview_spans none = {0}, b = {0};
    push(&b, 100, 200, 60);
    push(&b, 300, 300, 60);
    cr_assert_eq(only_in(&none, &b), 0);
    cr_assert_eq(only_in(&b, &none), 2);
    preview_spans_fini(&b);
}

Test(preview_spans, one_that_reaches_back_into_the_last_begins_after_it)
{
    struct preview_spans s = {0};
    push(&s, 100, 200, 60);
    push(&s, 150, 300, 60);
    cr_assert_eq(s.list[1].start, 201);
    preview_spans_fini(&s);
}

Test(preview_spans, since_drops_what_ended_before)
{
    struct preview_spans s = {0};
    preview_spans_since(&s, 100);
    push(&s, 10, 20, 60);
    push(&s, 30, 99, 60);
    push(&s, 100, 100, 60);
    push(&s, 110, 120, 60);
    preview_spans_since(&s, 100);
    cr_assert_eq(s.n, 2);
    cr_assert_eq(s.list[0].start, 100);
    preview_spans_since(&s, 1000);
    cr_assert_eq(s.n, 0);
    preview_spans_fini(&s);
}

/* Up to 30 spans of random lengths and gaps. */
static void make_random(struct preview_spans *s)
{
    uint32_t t = 0;
    for (int n = rand() % 30; n > 0; n--) {
        uint32_t start = t + 1 + (uint32_t)(rand() % 20);
        t = start + (uint32_t)(rand() % 20);
        push(s, start, t, 60);
    }
}

Test(preview_spans, agrees_with_comparing_each_with_each)
{
    srand(7);
    for (int round = 0; round < 5000; round++) {
        struct preview_spans a = {0}, b = {0};
        struct alone found = {.n = 0};
        size_t wanted = 0;
        make_random(&a);
        make_random(&b);
        cr_assert_eq(preview_spans_only_in(&a, &b, keep, &found), found.n);
        for (size_t i = 0; i < a.n; i++) {
            bool shared = false;
            for (size_t k = 0; k < b.n; k++)
                shared |= a.list[i].start <= b.list[k].end && b.list[k].start <= a.list[i].end;
            if (!shared)
                cr_assert_eq(found.starts[wanted++], a.list[i].start);
        }
        cr_assert_eq(found.n, wanted);
        preview_spans_fini(&a);
        preview_spans_fini(&b);
    }
}

Test(preview_spans, strongest_are_the_first_of_all_sorted)
{
    struct preview_strongest s = {.n = 0};
    double scores[500];
    srand(3);
    for (size_t i = 0; i < 500; i++) {
        scores[i] = rand() % 200 / 2.0;
        preview_strongest_note(&s, &(struct preview_strong){.span = {.score = scores[i], .start = (uint32_t)i}});
    }
    cr_assert_eq(s.n, PREVIEW_STRONGEST_MAX);
    for (size_t i = 0; i < s.n; i++) {
        size_t better = 0;
        const struct preview_span *span = &s.list[i].span;
        for (size_t k = 0; k < 500; k++)
            better += scores[k] > span->score || (scores[k] == span->score && k < span->start);
        cr_assert_eq(better, i, "place %zu has score %g", i, span->score);
    }
}
