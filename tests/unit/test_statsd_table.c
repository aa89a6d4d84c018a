#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/statsd_table.h"
#include "ridgeline/keys.h"

static struct statsd_table table;

static void set_up(void)
{
    statsd_table_init(&table);
    table.max_series = 1000;
    table.pool = (struct statsd_pool){.max_bytes = 1 << 20, .timer_values_max = 1000, .set_values_max = 1000};
}

static void tear_down(void)
{
    statsd_table_fini(&table);
    cr_assert_eq(table.pool.held_bytes, 0u);
}

TestSuite(statsd_table, .init = set_up, .fini = tear_down);

static struct statsd_series *get(enum statsd_type type, const char *name)
{
    struct statsd_series *s = statsd_table_find(&table, type, name, strlen(name));
    return s ? s : statsd_table_add(&table, type, name, strlen(name));
}

static enum statsd_table_result put(struct statsd_series *s, double value, double weight)
{
    struct statsd_sample sample = {s->type, value, weight, false, "x", 1};
    return statsd_table_put(&table, s, &sample);
}

Test(statsd_table, tells_types_of_one_name_apart)
{
    cr_assert_eq(put(get(STATSD_COUNTER, "a"), 2, 10), STATSD_TABLE_OK);
    cr_assert_eq(put(get(STATSD_GAUGE, "a"), 5, 1), STATSD_TABLE_OK);
    cr_assert_eq(put(get(STATSD_TIMER, "a"), 7, 2), STATSD_TABLE_OK);
    cr_assert_eq(put(get(STATSD_SET, "a"), 0, 1), STATSD_TABLE_OK);
    cr_assert_eq(table.n, 4u);
    cr_assert_eq(get(STATSD_COUNTER, "a")->as.value, 20);
    cr_assert_eq(get(STATSD_GAUGE, "a")->as.value, 5);
    cr_assert_eq(get(STATSD_TIMER, "a")->as.timer->count, 2);
    cr_assert_eq(get(STATSD_SET, "a")->as.set->n, 1u);
}

/* The longest run of slots in use, which is what a look-up in it costs. */
static uint32_t longest_run(const struct statsd_set *set)
{
    uint32_t longest = 0, run = 0;
    for (uint32_t i = 0; i < 2 * set->cap; i++) {
        run = set->slots[i % set->cap] != 0 ? run + 1 : 0;
        longest = run > longest && run <= set->n ? run : longest;
    }
    return longest;
}

/* A sender knows keys_hash(): each value that it puts near the others by that would cost as many steps as they are. */
Test(statsd_table, a_sets_values_are_spread_whatever_their_sender_chose)
{
    struct statsd_series *s = get(STATSD_SET, "a");
    unsigned taken = 0;
    for (unsigned i = 0; taken < 1000; i++) {
        char text[16];
        struct statsd_sample sample = {STATSD_SET, 0, 1, false, text, (size_t)sprintf(text, "%u", i)};
        if ((keys_hash(text, sample.text_len) & 2047) >= 32)
            continue;
        cr_assert_eq(statsd_table_put(&table, s, &sample), STATSD_TABLE_OK);
        taken++;
    }
    cr_assert_eq(s->as.set->n, 1000u);
    cr_assert_lt(longest_run(s->as.set), 300u, "%u", longest_run(s->as.set));
}

Test(statsd_table, adds_no_series_beyond_its_bound)
{
    table.max_series = 2;
    cr_assert(get(STATSD_COUNTER, "a") && get(STATSD_TIMER, "b"));
    cr_assert_null(get(STATSD_SET, "c"));
    cr_assert_not_null(get(STATSD_COUNTER, "a"));
}

Test(statsd_table, refuses_what_would_not_stay_finite_and_keeps_the_rest)
{
    struct statsd_series *c = get(STATSD_COUNTER, "c"), *g = get(STATSD_GAUGE, "g");
    cr_assert_eq(put(c, 1e308, 1), STATSD_TABLE_OK);
    cr_assert_eq(put(c, 1e308, 1), STATSD_TABLE_OVERFLOW);
    cr_assert_eq(put(c, 1e300, 1e10), STATSD_TABLE_OVERFLOW);
    cr_assert_eq(c->as.value, 1e308);
    struct statsd_sample more = {STATSD_GAUGE, 1e308, 1, true, NULL, 0};
    cr_assert_eq(statsd_table_put(&table, g, &more), STATSD_TABLE_OK);
    cr_assert_eq(statsd_table_put(&table, g, &more), STATSD_TABLE_OVERFLOW);
    cr_assert_eq(g->as.value, 1e308);
}

/* Of a series "n12": 12. */
static int number_of(const struct statsd_series *s)
{
    int number = 0;
    for (size_t i = 1; i < s->name_len; i++)
        number = number * 10 + (s->name[i] - '0');
    return number;
}

/* One type, name and interval as an oracle keeps it: everything that was ever added. */
enum { NAMES = 12, ROUNDS = 40 };
static struct expected {
    bool known, active;
    double sum, gauge;
    unsigned n_values, n_different, bits;
} expected[STATSD_TYPES_N][NAMES];

/* What the oracle holds must be what the series holds; then a new interval begins for both. */
static void check_and_settle(struct statsd_series *s)
{
    struct expected *e = &expected[s->type][number_of(s)];
    cr_assert_eq(s->active, e->active);
    if (s->type == STATSD_COUNTER)
        cr_assert_eq(s->as.value, e->sum);
    else if (s->type == STATSD_GAUGE)
        cr_assert_eq(s->as.value, e->gauge);
    else if (s->type == STATSD_TIMER)
        cr_assert(s->as.timer->n == e->n_values && s->as.timer->sum == e->sum);
    else
        cr_assert_eq(s->as.set->n, e->n_different);
    *e = (struct expected){.known = true, .gauge = e->gauge};
    statsd_table_settle(&table, s, false);
}

static void add_random_sample(void)
{
    enum statsd_type type = (enum statsd_type)(rand() % STATSD_TYPES_N);
    int number = rand() % NAMES;
    unsigned value = (unsigned)rand() % 16;
    char name[8], text[8];
    sprintf(name, "n%d", number);
    struct statsd_series *s = get(type, name);
    if (statsd_table_is_due(&table, s))
        check_and_settle(s);
    struct statsd_sample sample = {type, value, 1, rand() % 2 == 0, text, (size_t)sprintf(text, "%u", value)};
    cr_assert_eq(statsd_table_put(&table, s, &sample), STATSD_TABLE_OK);
    struct expected *e = &expected[type][number];
    e->known = e->active = true;
    e->sum += value;
    e->gauge = sample.delta ? e->gauge + value : value;
    e->n_values++;
    e->n_different += !(e->bits >> value & 1);
    e->bits |= 1u << value;
}

Test(statsd_table, loses_nothing_while_a_flush_goes_on_between_samples)
{
    srand(3);
    for (int round = 0; round < ROUNDS; round++) {
        bool walking = round > 0;
        for (int i = rand() % 300; i > 0; i--) {
            add_random_sample();
            struct statsd_series *s = walking && rand() % 2 ? statsd_table_walk(&table) : NULL;
            if (s && statsd_table_is_due(&table, s))
                check_and_settle(s);
        }
        struct statsd_series *s;
        while ((s = statsd_table_walk(&table)))
            if (statsd_table_is_due(&table, s))
                check_and_settle(s);
        statsd_table_assert(&table);
        statsd_table_turn(&table);
        statsd_table_assert(&table);
    }
    size_t known = 0, walked = 0;
    for (int type = 0; type < STATSD_TYPES_N; type++)
        for (int i = 0; i < NAMES; i++)
            known += expected[type][i].known;
    for (struct statsd_series *s; (s = statsd_table_walk(&table)); walked++)
        check_and_settle(s);
    cr_assert_eq(walked, known);
    cr_assert_eq(table.n, known);
}

Test(statsd_table, forgets_on_the_walk_and_goes_on)
{
    for (int i = 0; i < 100; i++) {
        char name[8];
        sprintf(name, "n%d", i);
        put(get((enum statsd_type)(i % STATSD_TYPES_N), name), 1, 1);
    }
    statsd_table_turn(&table);
    unsigned walked = 0;
    for (struct statsd_series *s; (s = statsd_table_walk(&table)); walked++) {
        if (number_of(s) % 3 == 0)
            statsd_table_forget(&table, s);
        else
            statsd_table_settle(&table, s, false);
    }
    cr_assert_eq(walked, 100u);
    cr_assert_eq(table.n, 66u);
    cr_assert_null(statsd_table_find(&table, STATSD_GAUGE, "n30", 3));
    cr_assert_not_null(statsd_table_find(&table, STATSD_GAUGE, "n10", 3));
}
