/* alerter/parts.c and alerter/grouping.c: what names share, and which incident an anomaly belongs to. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/grouping.h"
#include "alerter/parts.h"
#include "rounds.h"

static void check_title(const char *wanted, const char *const names[])
{
    char title[PARTS_TITLE_MAX];
    struct parts_common common;

    parts_common_init(&common, names[0]);
    for (size_t i = 0; names[i]; i++)
        parts_common_add(&common, names[i]);
    parts_common_text(&common, title);
    cr_assert_str_eq(title, wanted);
}

Test(parts, title_is_the_name_the_pattern_or_the_leading_parts)
{
    check_title("a.b.c", (const char *const[]){"a.b.c", "a.b.c", NULL});
    check_title("servers.*.cpu", (const char *const[]){"servers.web1.cpu", "servers.web2.cpu", NULL});
    check_title("srv.*.cpu.*", (const char *const[]){"srv.a.cpu.x", "srv.b.cpu.x", "srv.b.cpu.y", NULL});
    check_title("servers.web1.*", (const char *const[]){"servers.web1.cpu", "servers.web1.load", NULL});
    check_title("shop.checkout.**", (const char *const[]){"shop.checkout.errors", "shop.checkout.time.p99", NULL});
    check_title("a.b.**", (const char *const[]){"a.b.c.d", "a.b.e.f", NULL});
    check_title("a.b.**", (const char *const[]){"a.b", "a.b.c", "a.b.c.d", NULL});
    check_title("*.cpu", (const char *const[]){"x.cpu", "y.cpu", NULL});
    check_title("a.b and others", (const char *const[]){"a.b", "a.c", "d.c", NULL});
    check_title("x and others", (const char *const[]){"x", "y", NULL});
    check_title("cpu;*;dc=x", (const char *const[]){"cpu;host=a.b;dc=x", "cpu;host=c.d;dc=x", NULL});
    check_title("..*", (const char *const[]){"..a", "..b", NULL});
}

Test(parts, dots_part_names_and_semicolons_their_tags)
{
    struct parts p;

    parts_split(&p, "cpu.load;host=a.b.c;dc=x");
    cr_assert_eq(p.n, 4);
    cr_assert_eq(p.part[2].len, strlen(";host=a.b.c"));
    parts_split(&p, "");
    cr_assert_eq(p.n, 1);
    parts_split(&p, ".");
    cr_assert_eq(p.n, 2);
}

Test(parts, a_name_of_the_most_parts_fits_and_keeps_its_text)
{
    char name[KEYS_NAME_MAX + 1], other[KEYS_NAME_MAX + 1], title[PARTS_TITLE_MAX];
    struct parts p;
    struct parts_common common;

    memset(name, '.', KEYS_NAME_MAX);
    name[KEYS_NAME_MAX] = '\0';
    parts_split(&p, name);
    cr_assert_eq(p.n, PARTS_MAX);
    size_t len = 0;
    for (unsigned i = 0; i < p.n; i++)
        len += p.part[i].len;
    cr_assert_eq(len, KEYS_NAME_MAX);
    memcpy(other, name, sizeof name);
    other[KEYS_NAME_MAX - 1] = 'x';
    other[3] = 'y';
    parts_common_init(&common, name);
    parts_common_add(&common, other);
    cr_assert_lt(strlen(parts_common_text(&common, title)), PARTS_TITLE_MAX);
}

/* ---- grouping, against a model that compares with every member of every group */

#define GROUPS_MAX 200
#define MEMBERS_MAX 64

struct model_group {
    struct group group; /* first: the group is its model */
    char names[MEMBERS_MAX][64];
    size_t n;
};

static const struct kinship no_statsd;
static struct grouping grouping;
static struct model_group *groups[GROUPS_MAX];
static size_t n_groups;

/* The parts of a name, cut out one by one. */
static size_t cut(char parts[8][32], const char *name)
{
    size_t n = 0, len = 0;
    bool tags = false;

    for (; *name; name++) {
        if (*name == ';' || (*name == '.' && !tags)) {
            tags = *name == ';';
            parts[n++][len] = '\0';
            len = 0;
            if (tags)
                parts[n][len++] = ';';
            continue;
        }
        parts[n][len++] = *name;
    }
    parts[n++][len] = '\0';
    return n;
}

/* How many parts related names share; 0 when they are not related. */
static size_t shared_parts(const char *a, const char *b)
{
    char x[8][32], y[8][32];
    size_t n = cut(x, a), m = cut(y, b), leading = 0, equal = 0;

    while (leading < n && leading < m && strcmp(x[leading], y[leading]) == 0)
        leading++;
    for (size_t i = 0; i < n && i < m; i++)
        equal += strcmp(x[i], y[i]) == 0;
    if (n == m && n >= 2 && equal == n - 1)
        return n - 1;
    return 2 * leading >= n && 2 * leading >= m ? leading : 0;
}

static bool in_time(const struct group *g, const struct grouping_rules *rules, int64_t start)
{
    if (start + rules->window_s < g->start || start > (int64_t)g->start + 7200)
        return false;
    if (start <= g->latest_start + rules->window_s)
        return true;
    return g->closed && start <= g->end + rules->reopen_within_s;
}

static struct group *model_find(const struct grouping_rules *rules, const char *name, uint32_t start)
{
    struct group *best = NULL;
    size_t best_shared = 0;

    for (size_t g = 0; g < n_groups; g++) {
        struct group *group = &groups[g]->group;
        size_t shared = 0;
        for (size_t m = 0; m < groups[g]->n; m++) {
            size_t s = shared_parts(name, groups[g]->names[m]);
            shared = s > shared ? s : shared;
        }
        if (shared == 0 || !in_time(group, rules, start))
            continue;
        int64_t far = grouping_distance_s(group, start), best_far = best ? grouping_distance_s(best, start) : 0;
        if (shared > best_shared ||
            (shared == best_shared &&
             (far < best_far || (far == best_far && group->number < best->number)))) {
            best = group;
            best_shared = shared;
        }
    }
    return best;
}

static void random_name(char out[64])
{
    static const char *const words[] = {"a", "b", "web", ""};
    size_t n = 1 + (size_t)(rand() % 5), len = 0;

    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, 64 - len, "%s%s", i ? "." : "", words[rand() % 4]);
    for (int tags = rand() % 6 - 3; tags > 0; tags--)
        len += (size_t)snprintf(out + len, 64 - len, ";h=%s.%s", words[rand() % 4], words[rand() % 4]);
}

static void join(struct model_group *g, const char *name, uint32_t start)
{
    struct group *group = &g->group;

    cr_assert_eq(grouping_add(&grouping, group, name), 0);
    memcpy(g->names[g->n++], name, strlen(name) + 1);
    group->start = g->n > 1 && group->start < start ? group->start : start;
    group->latest_start = group->latest_start > start ? group->latest_start : start;
    uint32_t end = start + (uint32_t)(rand() % 600);
    group->end = group->end > end ? group->end : end;
    group->closed = rand() % 2;
}

static struct model_group *found(uint64_t number)
{
    struct model_group *g = calloc(1, sizeof *g);

    cr_assert_not_null(g);
    g->group.number = number;
    groups[n_groups++] = g;
    return g;
}

static void forget(size_t i)
{
    struct model_group *g = groups[i];

    for (size_t m = 0; m < g->n; m++)
        grouping_remove(&grouping, &g->group, g->names[m]);
    free(g);
    groups[i] = groups[--n_groups];
}

static void run_against_model(unsigned seed)
{
    const struct grouping_rules rules = {.window_s = 60 + seed % 7 * 60, .reopen_within_s = seed % 4 * 300};
    uint32_t now = 1700000000;
    size_t joined = 0;

    srand(seed);
    grouping_init(&grouping, &no_statsd);
    for (uint64_t i = 0; i < 400; i++) {
        char name[64];
        random_name(name);
        now += (uint32_t)(rand() % 90);
        uint32_t start = now - (uint32_t)(rand() % 4 == 0 ? rand() % 4000 : 0);
        struct group *got = grouping_find(&grouping, &rules, name, start);
        cr_assert_eq(got, model_find(&rules, name, start), "seed %u, step %d: %s at %u", seed, (int)i, name, start);
        joined += got != NULL;
        struct model_group *g = (struct model_group *)got;
        join(g && g->n < MEMBERS_MAX ? g : found(i), name, start);
        if (n_groups == GROUPS_MAX || rand() % 40 == 0)
            forget((size_t)rand() % n_groups);
    }
    cr_assert_gt(joined, 40);
    while (n_groups > 0)
        forget(0);
    cr_assert_null(grouping.keys, "keys are left after the last group");
    grouping_fini(&grouping);
}

Test(grouping, finds_what_a_model_finds_that_compares_with_all)
{
    for (unsigned seed = 1; seed <= 40; seed += rounds_step())
        run_against_model(seed);
}

/* Whether an anomaly of `b`, ten seconds after one of `a`, joins it. */
static bool related(const char *a, const char *b)
{
    const struct grouping_rules rules = {.window_s = 300, .reopen_within_s = 900};
    struct group group = {.start = 1000000, .latest_start = 1000000, .end = 1000000};

    grouping_init(&grouping, &no_statsd);
    cr_assert_eq(grouping_add(&grouping, &group, a), 0);
    bool found_it = grouping_find(&grouping, &rules, b, 1000010) == &group;
    grouping_fini(&grouping);
    return found_it;
}

Test(grouping, names_are_related_by_half_of_their_leading_parts_or_their_shape)
{
    static const struct {
        const char *a, *b;
        bool related;
    } rows[] = {
        {"a", "a", true},
        {"a", "b", false}, /* one part, and it differs */
        {"a.x", "a.y", true},
        {"x.a", "y.a", true},
        {"a.x", "b.y", false},
        {"a.b", "a.b.c.d", true},
        {"a.b", "a.b.c.d.e", false}, /* two of five */
        {"a.b.c", "a.x.y", false},
        {"servers.web1.cpu.load", "servers.web2.cpu.load", true},
        {"servers.web1.cpu.load", "servers.web2.cpu.idle", false},
        {"servers.web1.cpu.load", "servers.web1.disk.used", true},
        {"cpu;host=a", "cpu;host=b", true},
        {"cpu.a", "cpu;a", true},   /* half of either's, though one is a tag */
        {"x.cpu.a", "y.cpu;a", false},
        {"m;host=a.b", "m;host=a.c;dc=x", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(related(rows[i].a, rows[i].b), rows[i].related, "%s and %s", rows[i].a, rows[i].b);
        cr_assert_eq(related(rows[i].b, rows[i].a), rows[i].related, "%s and %s", rows[i].b, rows[i].a);
    }
}

/* Settings as far as StatsD's names go. */
static struct kinship statsd_kinship(bool legacy, char *global, char *suffix)
{
    static char counters[] = "counters", timers[] = "timers", gauges[] = "gauges", sets[] = "sets";
    const struct settings settings = {.statsd = {.legacy_namespace = legacy,
                                                 .global_prefix = global,
                                                 .prefix_counter = counters,
                                                 .prefix_timer = timers,
                                                 .prefix_gauge = gauges,
                                                 .prefix_set = sets,
                                                 .global_suffix = suffix}};
    struct kinship k;

    kinship_init(&k, &settings);
    return k;
}

static void check_kin(const struct kinship *k, const char *name, const char *wanted)
{
    struct parts p;
    char text[KEYS_NAME_MAX + 1];
    size_t len = 0;

    kinship_parts(k, &p, name);
    for (unsigned i = 0; i < p.n; i++) {
        memcpy(text + len, p.part[i].text, p.part[i].len);
        len += p.part[i].len;
    }
    text[len] = '\0';
    cr_assert_str_eq(text, wanted, "%s gave %s, not %s", name, text, wanted);
}

Test(kinship, of_a_name_that_statsd_made_what_was_sent_is_left)
{
    char stats[] = "stats", web1[] = "web1.dc", app[] = "app.prod", none[] = "";
    const struct kinship legacy = statsd_kinship(true, app, none), suffixed = statsd_kinship(true, stats, web1),
                         fresh = statsd_kinship(false, app, none), bare = statsd_kinship(false, none, none);
    const struct {
        const struct kinship *k;
        const char *name, *kin;
    } rows[] = {
        {&legacy, "stats.timers.shop.checkout.upper_90", "shop.checkout"},
        {&legacy, "stats.timers.checkout.mean;dc=lon.1;env=prod", "checkout;dc=lon.1;env=prod"},
        {&legacy, "stats.timers.mean", "mean"},
        {&legacy, "stats.timers", "timers"},
        {&legacy, "stats.gauges.queue", "queue"},
        {&legacy, "stats.sets.users.count", "users"},
        {&legacy, "stats.checkout.errors", "checkout.errors"},
        {&legacy, "stats_counts.checkout.errors", "checkout.errors"},
        {&legacy, "stats", "stats"},
        {&legacy, "stats.", ""},
        {&legacy, "statsd.x.y", "statsd.x.y"},
        {&legacy, "app.prod.timers.x.mean", "app.prod.timers.x.mean"}, /* the legacy namespace has its own prefix */
        {&suffixed, "stats.gauges.queue.depth.web1.dc", "queue.depth"},
        {&suffixed, "stats.timers.checkout.mean.web1.dc;a=b", "checkout;a=b"},
        {&suffixed, "stats.gauges.web1.dc", "web1.dc"},
        {&suffixed, "stats.gauges.queue.depth.web2.dc", "queue.depth.web2.dc"},
        {&fresh, "app.prod.timers.checkout.mean", "checkout"},
        {&fresh, "app.prod.counters.checkout.errors.rate", "checkout.errors"},
        {&fresh, "app.prod.counters.checkout.errors.count", "checkout.errors"},
        {&fresh, "app.prod.gauges.queue", "queue"},
        {&fresh, "app.prod.other.queue", "app.prod.other.queue"},
        {&fresh, "stats.gauges.queue", "stats.gauges.queue"},
        {&bare, "timers.checkout.mean", "checkout"},
        {&bare, "servers.web1.load", "servers.web1.load"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_kin(rows[i].k, rows[i].name, rows[i].kin);
}

Test(kinship, a_name_of_very_many_parts_keeps_some)
{
    char stats[] = "stats", suffix[] = ".........", name[KEYS_NAME_MAX + 1] = "stats.timers.";
    const struct kinship k = statsd_kinship(true, stats, suffix);
    struct parts p;

    memset(name + strlen(name), '.', KEYS_NAME_MAX - strlen(name));
    kinship_parts(&k, &p, name);
    cr_assert_gt(p.n, 0);
    cr_assert_leq(p.n, PARTS_MAX);
}

/* How many incidents the anomalies of these metrics make, ten seconds apart. */
static unsigned count_groups(const struct kinship *k, const char *const names[], size_t n)
{
    const struct grouping_rules rules = {.window_s = 300, .reopen_within_s = 900};
    static struct group made[64];
    unsigned n_made = 0;

    grouping_init(&grouping, k);
    for (size_t i = 0; i < n; i++) {
        uint32_t start = 1000000 + 10 * (uint32_t)i;
        struct group *group = grouping_find(&grouping, &rules, names[i], start);
        if (!group) {
            group = &made[n_made];
            *group = (struct group){.number = n_made++, .start = start, .end = start};
        }
        group->latest_start = start;
        cr_assert_eq(grouping_add(&grouping, group, names[i]), 0);
    }
    grouping_fini(&grouping);
    return n_made;
}

Test(grouping, thirty_gauges_are_thirty_incidents_and_what_a_service_sends_is_one)
{
    static const char *const service[] = {"stats.timers.checkout.mean",     "stats.timers.checkout.upper_90",
                                          "stats.timers.checkout.count",    "stats_counts.checkout",
                                          "stats.checkout.errors",          "stats_counts.checkout.errors",
                                          "stats.gauges.checkout.sessions", "stats.sets.checkout.users.count"};
    char stats[] = "stats", none[] = "", texts[30][32];
    const char *gauges[30];
    const struct kinship k = statsd_kinship(true, stats, none);

    for (unsigned i = 0; i < 30; i++) {
        snprintf(texts[i], sizeof texts[i], "stats.gauges.%c%u", 'a' + i % 26, i);
        gauges[i] = texts[i];
    }
    cr_assert_eq(count_groups(&k, gauges, 30), 30);
    cr_assert_eq(count_groups(&no_statsd, gauges, 30), 1, "they are kin by what StatsD adds alone");
    cr_assert_eq(count_groups(&k, service, sizeof service / sizeof *service), 1);
}

Test(grouping, time_has_a_window_two_hours_and_a_way_back)
{
    const struct grouping_rules rules = {.window_s = 300, .reopen_within_s = 900};
    const struct group open = {.start = 100000, .latest_start = 107000, .end = 107500};
    struct group closed = open;

    closed.closed = true;
    cr_assert(!grouping_in_time(&open, &rules, 99699));
    cr_assert(grouping_in_time(&open, &rules, 99700));
    cr_assert(grouping_in_time(&open, &rules, 107200));
    cr_assert(!grouping_in_time(&open, &rules, 107201), "later than two hours");
    closed.latest_start = 100000;
    closed.end = 101000;
    cr_assert(grouping_in_time(&closed, &rules, 101900));
    cr_assert(!grouping_in_time(&closed, &rules, 101901));
    closed.closed = false;
    cr_assert(!grouping_in_time(&closed, &rules, 100301));
    cr_assert(!grouping_in_time(&(struct group){.start = 10}, &rules, UINT32_MAX));
    cr_assert(grouping_in_time(&(struct group){.start = 10}, &rules, 0));
}

Test(grouping, of_very_many_with_one_key_the_last_are_looked_at)
{
    const struct grouping_rules rules = {.window_s = 300, .reopen_within_s = 900};
    static struct group many[GROUPING_PER_KEY + 50];
    size_t n = sizeof many / sizeof *many;

    grouping_init(&grouping, &no_statsd);
    for (size_t i = 0; i < n; i++) {
        uint32_t start = 1000000 + 100000 * (uint32_t)i;
        many[i] = (struct group){.number = i, .start = start, .latest_start = start, .end = start};
        cr_assert_eq(grouping_add(&grouping, &many[i], "a.b"), 0);
    }
    cr_assert_eq(grouping_find(&grouping, &rules, "a.c", many[n - 1].start), &many[n - 1]);
    cr_assert_eq(grouping_find(&grouping, &rules, "a.c", many[50].start), &many[50]);
    cr_assert_null(grouping_find(&grouping, &rules, "a.c", many[49].start));
    for (size_t i = 0; i < n; i++)
        grouping_remove(&grouping, &many[i], "a.b");
    cr_assert_null(grouping.keys);
}
