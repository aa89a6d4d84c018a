/* What 250,000 names cost the webapp: the list and its table of states, a look at every state, a search by words, and
 * the root of the tree. Prints `name value` lines, milliseconds. */
#include <stdio.h>
#include <time.h>

#include "ridgeline/keys.h"
#include "webapp/branch.h"
#include "webapp/find.h"
#include "webapp/join.h"
#include "webapp/names_list.h"

#define NAMES 250000

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return 1e3 * (double)ts.tv_sec + (double)ts.tv_nsec / 1e6;
}

static double lap(const char *name, double begin_ms)
{
    printf("names.ms_%s %.2f\n", name, now_ms() - begin_ms);
    return now_ms();
}

/* The names in an order without one, as SSCAN gives them; and the rosters of all slots. */
static int fill(struct names_pile *pile, struct roster rosters[KEYS_SLOTS])
{
    for (unsigned i = 0; i < NAMES; i++) {
        char name[64];
        unsigned mixed = (unsigned)(i * 7919ull % NAMES);
        int len = snprintf(name, sizeof name, "servers.rack%02u.web%04u.cpu.core%u.percent", mixed % 40,
                           mixed / 40 % 1000, mixed / 40000);
        uint64_t hash = keys_hash(name, (size_t)len);
        if (names_list_pile(pile, name, (size_t)len) != 0 ||
            roster_add(&rosters[keys_slot(hash)], hash, i % 100 ? ENGINE_NORMAL : ENGINE_STALE) != 0)
            return -1;
    }
    return 0;
}

static void take_all(struct join *join, struct roster rosters[KEYS_SLOTS], unsigned slots)
{
    for (unsigned slot = 0; slot < slots; slot++) {
        size_t len;
        const uint8_t *bytes = roster_seal(&rosters[slot], 1, &len);
        join_take(join, bytes, len);
    }
}

static size_t count_found(const struct names_list *list, const char *text)
{
    char error[QUERY_ERROR_MAX];
    struct find f;
    size_t n = 0;
    if (find_parse(&f, text, error) != 0)
        return 0;
    for (size_t i = 0; i < list->n; i++)
        n += find_matches(&f, list->bytes + list->starts[i], list->starts[i + 1] - list->starts[i]);
    find_fini(&f);
    return n;
}

int main(void)
{
    static struct roster rosters[KEYS_SLOTS];
    struct names_pile pile = {.bytes = NULL};
    struct branch branch;
    if (fill(&pile, rosters) != 0)
        return 1;
    double begin_ms = now_ms();
    struct names_list *list = names_list_new(&pile);
    begin_ms = lap("sort", begin_ms);
    list->join = join_new(list->bytes, list->starts, list->n);
    begin_ms = lap("join_new", begin_ms);
    take_all(list->join, rosters, KEYS_SLOTS);
    begin_ms = lap("join_all_slots", begin_ms);
    take_all(list->join, rosters, 1);
    begin_ms = lap("join_one_slot", begin_ms);
    size_t stale = 0;
    for (size_t i = 0; i < list->n; i++)
        stale += join_state(list->join, i) == ENGINE_STALE;
    begin_ms = lap("filter_by_state", begin_ms);
    size_t found = count_found(list, "web00 cpu");
    begin_ms = lap("find_by_words", begin_ms);
    if (branch_read(&branch, list, "", 0) != 0)
        return 1;
    lap("tree_root", begin_ms);
    printf("names.stale %zu\nnames.found %zu\nnames.children %zu\n", stale, found, branch.n);
    branch_fini(&branch);
    names_list_free(list);
    return 0;
}
