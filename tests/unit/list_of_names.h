/* A list of names for tests, with room for their states. */
#ifndef TESTS_LIST_OF_NAMES_H
#define TESTS_LIST_OF_NAMES_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "webapp/join.h"
#include "webapp/names_list.h"

static inline struct names_list *list_of_names(const char *const *names, size_t n)
{
    struct names_pile pile = {.bytes = NULL};
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(names_list_pile(&pile, names[i], strlen(names[i])), 0);
    struct names_list *list = names_list_new(&pile);
    cr_assert_not_null(list);
    list->join = join_new(list->bytes, list->starts, list->n);
    cr_assert_not_null(list->join);
    free(pile.bytes);
    free(pile.starts);
    return list;
}

/* Has the list take the state of one name. */
static inline void give_state(struct names_list *list, const char *name, enum engine_state state)
{
    struct roster r = {.bytes = NULL};
    size_t len;
    cr_assert_eq(roster_add(&r, keys_hash(name, strlen(name)), state), 0);
    const uint8_t *bytes = roster_seal(&r, 1, &len);
    join_take(list->join, bytes, len);
    roster_fini(&r);
}

#endif
