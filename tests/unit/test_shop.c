/* cli/shop.c: the sample shop, and what the engine makes of it. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "cli/pass.h"
#include "cli/shop.h"
#include "rounds.h"

#define NOW 1795315200u
#define DAY 86400
#define WEEK (7 * DAY)
#define FORTNIGHT (2 * WEEK)

static const struct shop shop = {.seed = 1, .now = NOW};

static size_t find(const char *name)
{
    size_t m = 0;
    while (m < shop_metrics() && strcmp(shop_name(m), name) != 0)
        m++;
    cr_assert_lt(m, shop_metrics(), "no metric %s", name);
    return m;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

Test(shop, has_some_forty_metrics_with_names_of_their_own)
{
    cr_assert(shop_metrics() >= 38 && shop_metrics() <= 45);
    for (size_t a = 0; a < shop_metrics(); a++)
        for (size_t b = 0; b < a; b++)
            cr_expect_str_neq(shop_name(a), shop_name(b));
}

Test(shop, a_value_depends_on_nothing_but_seed_metric_and_time)
{
    double there[64], back[64];
    for (size_t m = 0; m < shop_metrics(); m++) {
        for (int i = 0; i < 64; i++)
            there[i] = shop_value(&shop, m, NOW - DAY + (uint32_t)i * SHOP_STEP_S);
        for (int i = 63; i >= 0; i--)
            back[i] = shop_value(&shop, m, NOW - DAY + (uint32_t)i * SHOP_STEP_S);
        for (int i = 0; i < 64; i++)
            cr_expect(same(there[i], back[i]), "%s", shop_name(m));
    }
}

Test(shop, the_same_on_every_machine)
{
    static const struct {
        const char *name;
        double value;
    } rows[] = {
        {"shop.web.requests.rate", 191.48256131629495},
        {"shop.mail.queue.length", 53},
        {"servers.build1.load", 2.7908155091552036},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_float_eq(shop_value(&shop, find(rows[i].name), NOW), rows[i].value, 1e-9 * rows[i].value, "%s: %.17g",
                           rows[i].name, shop_value(&shop, find(rows[i].name), NOW));
}

Test(shop, another_seed_is_another_noise)
{
    struct shop other = {.seed = 2, .now = NOW};
    size_t m = find("shop.web.requests.rate");
    unsigned equal = 0;
    for (uint32_t i = 0; i < 100; i++)
        equal += shop_value(&shop, m, NOW + i * SHOP_STEP_S) == shop_value(&other, m, NOW + i * SHOP_STEP_S);
    cr_assert_eq(equal, 0);
}

Test(shop, only_incidents_move_with_now)
{
    struct shop later = {.seed = 1, .now = NOW + 3 * SHOP_STEP_S};
    for (size_t m = 0; m < shop_metrics(); m++) {
        bool moved = false;
        for (uint32_t t = NOW - FORTNIGHT; t < NOW + 7200; t += SHOP_STEP_S)
            moved |= !same(shop_value(&shop, m, t), shop_value(&later, m, t));
        cr_expect_eq(moved, shop_incident_s(m) != INT32_MIN, "%s", shop_name(m));
    }
}

Test(shop, values_are_finite_and_not_negative_or_not_sent)
{
    size_t dead = find("servers.worker2.cpu.percent");
    for (size_t m = 0; m < shop_metrics(); m++)
        for (uint32_t t = NOW - FORTNIGHT; t < NOW + DAY; t += SHOP_STEP_S * rounds_step()) {
            double v = shop_value(&shop, m, t);
            bool sent = m != dead || t < NOW - 3 * 3600;
            cr_assert_eq(isfinite(v) && v >= 0, sent, "%s is %g", shop_name(m), v);
        }
}

static double mean(size_t m, uint32_t from, uint32_t until)
{
    double sum = 0;
    unsigned n = 0;
    for (uint32_t t = from; t < until; t += SHOP_STEP_S, n++)
        sum += shop_value(&shop, m, t);
    return sum / n;
}

Test(shop, nights_and_weekends_are_quieter)
{
    size_t m = find("shop.search.queries.rate");
    uint32_t midnight = NOW / DAY * DAY, sunday = midnight;
    while ((sunday / DAY + 3) % 7 != 6) /* the epoch began on a Thursday, weeks on a Monday */
        sunday -= DAY;
    double night = mean(m, midnight + 2 * 3600, midnight + 6 * 3600);
    cr_expect_gt(mean(m, midnight + 15 * 3600, midnight + 19 * 3600), 2 * night);
    cr_expect_lt(mean(m, sunday, sunday + DAY), 0.9 * mean(m, sunday + 3 * DAY, sunday + 4 * DAY));
}

/* How many anomalies of the last week began, and whether one of all began within an hour after `from`. */
static unsigned judge(struct pass *p, size_t m, uint32_t until, uint32_t from, bool *found)
{
    struct engine_options o;
    unsigned recent = 0;
    engine_options_default(&o);
    pass_begin(p);
    for (uint32_t t = NOW - FORTNIGHT; t <= until; t += SHOP_STEP_S) {
        struct point point = {.t = t, .v = shop_value(&shop, m, t)};
        if (!isnan(point.v))
            cr_assert_eq(pass_run(p, &o, FORTNIGHT, &point, 1), 0);
    }
    *found = p->episode.open && p->episode.start >= from;
    for (size_t i = 0; i < p->n; i++) {
        recent += p->closed[i].episode.start > NOW - WEEK;
        *found |= p->closed[i].episode.start >= from && p->closed[i].episode.start < from + 3600;
    }
    return recent + p->episode.open;
}

Test(shop, the_noisy_ones_stay_quiet)
{
    struct pass p;
    unsigned noisy = 0;
    bool found;
    cr_assert_eq(pass_init(&p), 0);
    for (size_t m = 0; m < shop_metrics(); m++)
        if (shop_is_noisy(m)) {
            noisy++;
            cr_expect_eq(judge(&p, m, NOW, 0, &found), 0, "%s", shop_name(m));
        }
    cr_assert_geq(noisy, 4);
    pass_fini(&p);
}

Test(shop, every_incident_is_found_be_it_past_or_still_to_come)
{
    struct pass p;
    unsigned to_come = 0;
    bool found;
    cr_assert_eq(pass_init(&p), 0);
    for (size_t m = 0; m < shop_metrics(); m++) {
        int32_t from_s = shop_incident_s(m);
        if (from_s == INT32_MIN || strcmp(shop_name(m), "servers.worker2.cpu.percent") == 0)
            continue; /* nothing befell it, or it died: silence is told by itself */
        to_come += from_s > 0;
        uint32_t until = from_s > 0 ? NOW + (uint32_t)from_s + 5 * SHOP_STEP_S : NOW;
        judge(&p, m, until, (uint32_t)((int64_t)NOW + from_s), &found);
        cr_expect(found, "%s", shop_name(m));
    }
    cr_assert_geq(to_come, 2);
    pass_fini(&p);
}
