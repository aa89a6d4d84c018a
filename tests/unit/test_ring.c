#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/ring.h"

static void push(struct ring *r, const char *text)
{
    cr_assert_neq(ring_push(r, text, strlen(text)), 0);
}

Test(ring, reader_gets_each_entry_once_in_order)
{
    struct ring r;
    const struct ring_entry *e;
    cr_assert_eq(ring_init(&r, 4, 1000, 100), 0);
    uint64_t seen = ring_newest(&r);
    cr_assert_eq(ring_next(&r, &seen, &e), RING_NONE);
    push(&r, "a");
    push(&r, "b");
    cr_assert_eq(ring_next(&r, &seen, &e), RING_ENTRY);
    cr_assert_str_eq(e->text, "a");
    cr_assert_eq(seen, 100);
    cr_assert_eq(ring_next(&r, &seen, &e), RING_ENTRY);
    cr_assert_str_eq(e->text, "b");
    cr_assert_eq(ring_next(&r, &seen, &e), RING_NONE);
    ring_fini(&r);
}

Test(ring, reader_that_comes_back_goes_on_after_its_last_id)
{
    struct ring r;
    const struct ring_entry *e;
    ring_init(&r, 4, 1000, 1);
    push(&r, "a");
    push(&r, "b");
    push(&r, "c");
    uint64_t seen = 2;
    cr_assert_eq(ring_next(&r, &seen, &e), RING_ENTRY);
    cr_assert_str_eq(e->text, "c");
    ring_fini(&r);
}

Test(ring, reader_of_dropped_entries_is_told_once_and_goes_on_with_what_is_new)
{
    struct ring r;
    const struct ring_entry *e;
    ring_init(&r, 2, 1000, 10);
    push(&r, "a");
    push(&r, "b");
    push(&r, "c");
    uint64_t seen = 9;
    cr_assert_eq(ring_next(&r, &seen, &e), RING_LOST);
    cr_assert_eq(ring_next(&r, &seen, &e), RING_NONE);
    push(&r, "d");
    cr_assert_eq(ring_next(&r, &seen, &e), RING_ENTRY);
    cr_assert_str_eq(e->text, "d");
    ring_fini(&r);
}

Test(ring, id_of_another_run_counts_as_lost)
{
    static const uint64_t ids[] = {0, 7, 98, 101, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct ring r;
        const struct ring_entry *e;
        uint64_t seen = ids[i];
        ring_init(&r, 4, 1000, 100);
        push(&r, "a");
        push(&r, "b");
        cr_assert_eq(ring_next(&r, &seen, &e), ids[i] == 101 ? RING_NONE : RING_LOST, "id %zu", i);
        cr_assert_eq(seen, 101);
        ring_fini(&r);
    }
}

Test(ring, bytes_are_bounded)
{
    struct ring r;
    ring_init(&r, 100, 10, 1);
    push(&r, "1234");
    push(&r, "5678");
    cr_assert_eq(r.n, 2);
    push(&r, "90ab");
    cr_assert_eq(r.n, 2);
    cr_assert_eq(r.bytes, 8);
    ring_fini(&r);
}

Test(ring, entry_that_is_too_long_leaves_a_gap_that_readers_see)
{
    struct ring r;
    const struct ring_entry *e;
    ring_init(&r, 4, 3, 1);
    push(&r, "a");
    uint64_t seen = ring_newest(&r);
    cr_assert_eq(ring_push(&r, "long", 4), 0);
    cr_assert_eq(ring_next(&r, &seen, &e), RING_LOST);
    push(&r, "b");
    cr_assert_eq(ring_next(&r, &seen, &e), RING_ENTRY);
    cr_assert_str_eq(e->text, "b");
    ring_fini(&r);
}

/* Against an unbounded list: what the ring gives is what stands there, and it says lost only when the
 * next entry is indeed gone. */
Test(ring, agrees_with_an_unbounded_list_over_random_pushes_and_readers)
{
    enum { PUSHES = 3000, READERS = 8, CAP = 16, BYTES = 60 };
    struct ring r;
    char *all[PUSHES];
    uint64_t seen[READERS] = {0};
    size_t n = 0;
    srand(1);
    ring_init(&r, CAP, BYTES, 1);
    while (n < PUSHES) {
        char text[16];
        snprintf(text, sizeof text, "%0*zu", 1 + rand() % 9, n);
        all[n++] = strdup(text);
        cr_assert_eq(ring_push(&r, text, strlen(text)), n);
        cr_assert_leq(r.n, CAP);
        cr_assert_leq(r.bytes, BYTES);
        int reader = rand() % READERS;
        for (int reads = rand() % 12; reads > 0; reads--) {
            const struct ring_entry *e;
            uint64_t before = seen[reader];
            enum ring_next got = ring_next(&r, &seen[reader], &e);
            if (got == RING_NONE)
                cr_assert_eq(before, n);
            else if (got == RING_ENTRY)
                cr_assert_str_eq(e->text, all[before]); /* id before + 1 stands at index before */
            else
                cr_assert_lt(before, n - r.n);
        }
    }
    for (size_t i = 0; i < n; i++)
        free(all[i]);
    ring_fini(&r);
}
