/* webapp/lanes.c */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/lanes.h"

#define FROM 1000000u
#define SLOT_S 60u
#define SLOTS 20u

static size_t group(const char *metric, size_t prefix_len, unsigned depth)
{
    return lanes_group(metric, strlen(metric), prefix_len, depth);
}

Test(lanes, a_group_is_whole_parts_of_a_name_without_its_tags)
{
    static const struct {
        const char *metric;
        size_t prefix_len;
        unsigned depth;
        const char *group;
    } cases[] = {
        {"a.b.c", 0, 1, "a"},          {"a.b.c", 0, 2, "a.b"},       {"a.b.c", 0, 3, "a.b.c"},
        {"a.b.c", 0, 8, "a.b.c"},      {"a.b.c", 1, 1, "a.b"},       {"a.b.c", 3, 1, "a.b.c"},
        {"a.b.c", 5, 1, "a.b.c"},      {"abc", 0, 1, "abc"},         {"abc", 0, 4, "abc"},
        {"a.b;x=1.2", 0, 4, "a.b"},    {"a;x=1.2", 0, 1, "a"},       {"a.b;x=1", 1, 2, "a.b"},
        {"..c", 0, 1, ""},             {"..c", 0, 2, "."},           {".", 0, 2, "."},
        {";x=1", 0, 2, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = group(cases[i].metric, cases[i].prefix_len, cases[i].depth);
        cr_expect(len == strlen(cases[i].group) && memcmp(cases[i].metric, cases[i].group, len) == 0, "%s: %zu bytes",
                  cases[i].metric, len);
    }
}

Test(lanes, a_metric_lies_below_whole_parts_only)
{
    static const struct {
        const char *metric, *prefix;
        bool below;
    } cases[] = {
        {"a.b", "", true},    {"a.b", "a", true},  {"a.b", "a.b", true},   {"a.b;t=1", "a.b", true},
        {"a.bc", "a.b", false}, {"a", "a.b", false}, {"b.a", "a", false}, {"ab", "a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect(lanes_is_below(cases[i].metric, strlen(cases[i].metric), cases[i].prefix, strlen(cases[i].prefix)) ==
                      cases[i].below,
                  "%s below %s", cases[i].metric, cases[i].prefix);
}

static struct lanes *new_lanes(unsigned depth)
{
    struct lanes_frame frame = {.prefix = "", .depth = depth, .from = FROM, .slot_s = SLOT_S, .slots = SLOTS};
    struct lanes *l = lanes_new(&frame);
    cr_assert(l);
    return l;
}

static void add(struct lanes *l, const char *metric, uint32_t start, uint32_t end, double score)
{
    lanes_add(l, metric, strlen(metric), start, end, score);
}

static json_t *rows_of(struct lanes *l, size_t total_wanted)
{
    size_t total;
    json_t *rows = lanes_to_json(l, &total);
    cr_assert(rows);
    cr_expect_eq(total, total_wanted);
    return rows;
}

static int cell(const json_t *rows, size_t row, size_t i)
{
    return (int)json_integer_value(json_array_get(json_object_get(json_array_get(rows, row), "cells"), i));
}

static const char *name(const json_t *rows, size_t row)
{
    return json_string_value(json_object_get(json_array_get(rows, row), "prefix"));
}

Test(lanes, an_anomaly_colours_each_slot_that_it_touches)
{
    struct lanes *l = new_lanes(1);
    add(l, "a.x", FROM + 2 * SLOT_S + 59, FROM + 4 * SLOT_S, 80.9);
    add(l, "a.y", FROM - 500, FROM, 0.2);
    add(l, "a.z", FROM + SLOTS * SLOT_S - 1, UINT32_MAX, 100);
    add(l, "a.before", FROM - 500, FROM - 1, 99);
    add(l, "a.after", FROM + SLOTS * SLOT_S, FROM + SLOTS * SLOT_S + 9, 99);
    add(l, "a.nan", FROM + 300, FROM + 300, NAN);
    json_t *rows = rows_of(l, 1);
    static const int wanted[SLOTS] = {[0] = 1, [2] = 80, [3] = 80, [4] = 80, [5] = 1, [SLOTS - 1] = 100};
    for (size_t i = 0; i < SLOTS; i++)
        cr_expect_eq(cell(rows, 0, i), wanted[i], "slot %zu: %d", i, cell(rows, 0, i));
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(rows, 0), "metrics")), 4);
    json_decref(rows);
    lanes_free(l);
}

Test(lanes, the_strongest_group_comes_first_and_of_equals_that_of_more_metrics)
{
    struct lanes *l = new_lanes(1);
    add(l, "few.x", FROM, FROM, 70);
    add(l, "strong.x", FROM, FROM, 90);
    add(l, "many.x", FROM, FROM, 70);
    add(l, "many.y", FROM, FROM, 10);
    add(l, "many.y", FROM + 100, FROM + 100, 10);
    add(l, "leaf", FROM, FROM, 70);
    json_t *rows = rows_of(l, 4);
    static const char *const wanted[] = {"strong", "many", "few", "leaf"};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_str_eq(name(rows, i), wanted[i]);
        cr_expect_eq(json_is_true(json_object_get(json_array_get(rows, i), "leaf")), i == 3);
    }
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(rows, 1), "metrics")), 2);
    json_decref(rows);
    lanes_free(l);
}

Test(lanes, only_the_strongest_groups_are_told_and_all_are_counted)
{
    struct lanes *l = new_lanes(1);
    char metric[16];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(metric, sizeof metric, "m%02u.x", i);
        add(l, metric, FROM, FROM, i);
    }
    json_t *rows = rows_of(l, 100);
    cr_expect_eq(json_array_size(rows), LANES_ROWS_MAX);
    cr_expect_str_eq(name(rows, 0), "m99");
    cr_expect_str_eq(name(rows, LANES_ROWS_MAX - 1), "m60");
    json_decref(rows);
    lanes_free(l);
}

/* Slot by slot, anomaly by anomaly. */
Test(lanes, a_thousand_random_anomalies_give_what_a_naive_count_gives)
{
    enum { N = 1000, GROUPS = 5 };
    int naive[GROUPS][SLOTS] = {{0}};
    struct lanes *l = new_lanes(2);
    srand(7);
    for (int n = 0; n < N; n++) {
        unsigned g = (unsigned)rand() % GROUPS;
        uint32_t start = FROM - 300 + (uint32_t)rand() % 2000, end = start + (uint32_t)rand() % 400;
        int score = 1 + rand() % 100;
        char metric[32];
        snprintf(metric, sizeof metric, "site.g%u.m%d;t=1", g, n);
        add(l, metric, start, end, score + 0.5);
        for (unsigned i = 0; i < SLOTS; i++) {
            uint32_t from = FROM + i * SLOT_S, to = from + SLOT_S - 1;
            if (start <= to && end >= from && score > naive[g][i])
                naive[g][i] = score;
        }
    }
    json_t *rows = rows_of(l, GROUPS);
    for (size_t row = 0; row < GROUPS; row++) {
        unsigned g = (unsigned)(name(rows, row)[6] - '0');
        for (size_t i = 0; i < SLOTS; i++)
            cr_expect_eq(cell(rows, row, i), naive[g][i]);
    }
    json_decref(rows);
    lanes_free(l);
}
