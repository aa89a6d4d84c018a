#include <criterion/criterion.h>
#include <stdio.h>

#include "list_of_names.h"

#define NAMES 5000

static char texts[NAMES][32];
static const char *names[NAMES];

static struct names_list *many(void)
{
    for (int i = 0; i < NAMES; i++) {
        snprintf(texts[i], sizeof texts[i], "servers.web%d.cpu", i);
        names[i] = texts[i];
    }
    return list_of_names(names, NAMES);
}

/* The state that the tests give to a name. */
static enum engine_state wanted(const char *name, size_t len)
{
    return (enum engine_state)(keys_hash(name, len) / KEYS_SLOTS % ENGINE_STATES);
}

static void fill_rosters(struct roster rosters[KEYS_SLOTS])
{
    for (int i = 0; i < NAMES; i++) {
        uint64_t hash = keys_hash(names[i], strlen(names[i]));
        cr_assert_eq(roster_add(&rosters[keys_slot(hash)], hash, wanted(names[i], strlen(names[i]))), 0);
    }
}

Test(join, gives_every_name_the_state_that_its_slots_roster_has)
{
    struct names_list *list = many();
    struct roster rosters[KEYS_SLOTS] = {{.bytes = NULL}};
    fill_rosters(rosters);
    for (size_t i = 0; i < list->n; i++)
        cr_assert_eq(join_state(list->join, i), ROSTER_UNKNOWN);
    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++) {
        size_t len;
        const uint8_t *bytes = roster_seal(&rosters[slot], 1, &len);
        join_take(list->join, bytes, len);
        roster_fini(&rosters[slot]);
    }
    for (size_t i = 0; i < list->n; i++)
        cr_assert_eq(join_state(list->join, i),
                     (int)wanted(list->bytes + list->starts[i], list->starts[i + 1] - list->starts[i]));
    names_list_free(list);
}

Test(join, passes_over_names_that_the_list_does_not_have)
{
    struct names_list *list = list_of_names((const char *const[]){"a", "b"}, 2);
    give_state(list, "c", ENGINE_STALE);
    give_state(list, "b", ENGINE_FLAT);
    cr_assert_eq(join_state(list->join, 0), ROSTER_UNKNOWN);
    cr_assert_eq(join_state(list->join, 1), ENGINE_FLAT);
    names_list_free(list);
}

Test(join, forgets_what_a_roster_said_and_nothing_else)
{
    struct names_list *list = list_of_names((const char *const[]){"a", "b"}, 2);
    struct roster lost = {.bytes = NULL};
    size_t len;
    give_state(list, "a", ENGINE_NORMAL);
    give_state(list, "b", ENGINE_FLAT);
    cr_assert_eq(roster_add(&lost, keys_hash("b", 1), ENGINE_FLAT), 0);
    const uint8_t *bytes = roster_seal(&lost, 1, &len);
    join_forget(list->join, bytes, len);
    roster_fini(&lost);
    cr_expect_eq(join_state(list->join, 0), ENGINE_NORMAL);
    cr_expect_eq(join_state(list->join, 1), ROSTER_UNKNOWN);
    names_list_free(list);
}

Test(join, of_no_names_takes_rosters_and_keeps_nothing)
{
    struct names_list *list = list_of_names(NULL, 0);
    give_state(list, "a", ENGINE_NORMAL);
    cr_assert_eq(list->n, 0u);
    names_list_free(list);
}

Test(join, forgets_a_state_that_is_none)
{
    struct names_list *list = list_of_names((const char *const[]){"a"}, 1);
    uint8_t bytes[ROSTER_HEADER_BYTES + ROSTER_ENTRY_BYTES] = {1};
    uint64_t hash = keys_hash("a", 1);
    give_state(list, "a", ENGINE_NORMAL);
    for (unsigned i = 0; i < 8; i++)
        bytes[ROSTER_HEADER_BYTES + i] = (uint8_t)(hash >> 8 * i);
    bytes[sizeof bytes - 1] = 200;
    join_take(list->join, bytes, sizeof bytes);
    cr_assert_eq(join_state(list->join, 0), ROSTER_UNKNOWN);
    names_list_free(list);
}

Test(names_list, is_sorted_and_has_each_name_once)
{
    const char *const given[] = {"b", "a.b", "a", "ridgeline.horizon.received", "b", "a-b", "ridgeline"};
    const char *const sorted[] = {"a", "a-b", "a.b", "b", "ridgeline", "ridgeline.horizon.received"};
    struct names_list *list = list_of_names(given, 7);
    struct names_list *same = list_of_names(sorted, 6), *less = list_of_names(sorted, 5);
    cr_assert_eq(list->n, 6u);
    cr_assert_eq(list->site, 5u);
    for (size_t i = 0; i < list->n; i++) {
        cr_assert_eq(list->starts[i + 1] - list->starts[i], strlen(sorted[i]));
        cr_assert_arr_eq(list->bytes + list->starts[i], sorted[i], strlen(sorted[i]));
    }
    cr_assert(names_list_same(list, same));
    cr_assert_not(names_list_same(list, less));
    cr_assert_not(names_list_same(list, &(struct names_list){.n = 0}));
    names_list_free(list);
    names_list_free(same);
    names_list_free(less);
}
