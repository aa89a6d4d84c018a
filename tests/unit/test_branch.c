#include <criterion/criterion.h>
#include <stdio.h>

#include "list_of_names.h"
#include "webapp/branch.h"

static struct branch children_of(const struct names_list *list, const char *prefix)
{
    struct branch b;
    cr_assert_eq(branch_read(&b, list, prefix, strlen(prefix)), 0);
    return b;
}

/* Compares with "part count" of each child, parted by blanks; '*' behind the part marks a leaf. */
static void check(const struct names_list *list, const char *prefix, const char *wanted)
{
    char text[1024] = "";
    struct branch b = children_of(list, prefix);
    for (size_t i = 0, at = 0; i < b.n; i++) {
        const struct branch_child *c = &b.children[i];
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s%s %zu", i ? " " : "",
                               (int)(c->name_len - c->part_at), c->name + c->part_at, c->leaf ? "*" : "", c->metrics);
    }
    cr_expect_str_eq(text, wanted, "below \"%s\": %s", prefix, text);
    branch_fini(&b);
}

Test(branch, lists_the_next_parts_sorted_with_their_counts)
{
    const char *const names[] = {"a", "a-b", "a.b", "a.b.c", "a.b-c", "a.b-c.d", "a.b.d", "b.x", "b.y.z",
                                 "cpu;host=a.b", "cpu;host=a.c", ".dot", "x..y", "x.", "web1.cpu", "web10.cpu"};
    struct names_list *list = list_of_names(names, sizeof names / sizeof *names);
    check(list, "", ".dot* 1 a* 6 a-b* 1 b 2 cpu;host=a.b* 1 cpu;host=a.c* 1 web1 1 web10 1 x 2");
    check(list, "a", "b* 3 b-c* 2");
    check(list, "a.b", "c* 1 d* 1");
    check(list, "b", "x* 1 y 1");
    check(list, "x", "* 1 .y* 1");
    check(list, "web1", "cpu* 1");
    check(list, "web", "");
    check(list, "a.b.c", "");
    names_list_free(list);
}

Test(branch, of_no_names_has_no_children)
{
    struct names_list *list = list_of_names(NULL, 0);
    check(list, "", "");
    check(list, "a", "");
    names_list_free(list);
}

Test(branch, of_a_prefix_longer_than_any_name_has_no_children)
{
    char prefix[KEYS_NAME_MAX + 2];
    struct names_list *list = list_of_names((const char *const[]){"a.b"}, 1);
    memset(prefix, 'a', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    check(list, prefix, "");
    prefix[KEYS_NAME_MAX] = '\0';
    check(list, prefix, "");
    names_list_free(list);
}

Test(branch, counts_the_names_below_by_state)
{
    const char *const names[] = {"a", "a.b", "a.c", "a.d.e", "b"};
    struct names_list *list = list_of_names(names, 5);
    give_state(list, "a", ENGINE_NORMAL);
    give_state(list, "a.b", ENGINE_STALE);
    give_state(list, "a.d.e", ENGINE_STALE);
    give_state(list, "b", ENGINE_FLAT);
    struct branch root = children_of(list, "");
    cr_assert_eq(root.n, 2u);
    cr_assert_eq(root.children[0].in_state[ENGINE_STALE], 2u);
    cr_assert_eq(root.children[0].in_state[ENGINE_NORMAL], 1u);
    cr_assert_eq(root.children[1].in_state[ENGINE_FLAT], 1u);
    branch_fini(&root);
    names_list_free(list);
}

/* Every name is below exactly one child of each of its prefixes: so the counts of a level add up to those above it. */
static size_t check_sums(const struct names_list *list, const char *prefix)
{
    struct branch b = children_of(list, prefix);
    size_t sum = 0;
    for (size_t i = 0; i < b.n; i++) {
        const struct branch_child *c = &b.children[i];
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)c->name_len, c->name);
        cr_assert_eq(c->metrics, c->leaf + (c->metrics > c->leaf ? check_sums(list, name) : 0), "below %s", name);
        sum += c->metrics;
    }
    branch_fini(&b);
    return sum;
}

Test(branch, counts_add_up_over_random_trees)
{
    static const char alphabet[] = "a.-;";
    srand(7);
    for (int round = 0; round < 200; round++) {
        char texts[40][12];
        const char *names[40];
        for (int i = 0; i < 40; i++) {
            size_t len = 1 + (size_t)rand() % 10;
            for (size_t k = 0; k < len; k++)
                texts[i][k] = alphabet[rand() % 4];
            texts[i][len] = '\0';
            names[i] = texts[i];
        }
        struct names_list *list = list_of_names(names, 40);
        cr_assert_eq(check_sums(list, ""), list->n);
        names_list_free(list);
    }
}
