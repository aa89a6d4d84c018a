#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/intake_statsd.h"

#define NOW_S INT64_C(1795307610)

static struct settings settings;
static struct intake intake;
static struct intake_source from;

static void begin(const char *const *sets)
{
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_load(&settings, NULL, NULL, sets, error), 0, "%s", error);
    cr_assert_eq(intake_init(&intake, &settings), 0);
    intake.now_ms = NOW_S * 1000 - 2500;
    from = (struct intake_source){INTAKE_STATSD_UDP, intake_sender(&intake, INTAKE_STATSD_UDP, "10.0.0.1", 1)};
}

static void tear_down(void)
{
    intake_fini(&intake);
    conf_free(&settings);
}

TestSuite(intake_statsd, .fini = tear_down);

static void send_line(const char *line)
{
    intake_line(&intake, from, line, strlen(line));
}

static struct names_entry *find_name(const char *name)
{
    return names_find(&intake.names, table_hash(&intake.names.table, name, strlen(name)), name, strlen(name));
}

static void flush(void)
{
    intake.now_ms = NOW_S * 1000 + 3;
    intake_statsd_turn(&intake, (uint32_t)NOW_S, 10, true);
    while (intake_statsd_flush(&intake, 1))
        continue;
}

static uint64_t rejected(unsigned reason)
{
    return intake.tallies[INTAKE_STATSD_UDP].rejected[reason];
}

/* Samples and points each add up, and neither counts as the other. */
static void assert_sums(uint64_t samples, uint64_t points)
{
    struct intake_tally total;
    intake_total_samples(&intake, &total);
    cr_assert_eq(total.received, samples, "%llu samples", (unsigned long long)total.received);
    cr_assert_eq(total.received, total.accepted + intake_rejected(&total));
    cr_assert_eq(from.sender->received, samples);
    cr_assert_eq(from.sender->accepted, total.accepted);
    intake_total(&intake, &total);
    cr_assert_eq(total.received, points, "%llu points", (unsigned long long)total.received);
    cr_assert_eq(total.received, total.accepted + intake_rejected(&total));
    cr_assert_eq(intake.tallies[INTAKE_STATSD].received, points);
    cr_assert_eq(total.accepted, intake.queue.stored + intake.queue.queued + intake.queue.dropped);
}

Test(intake_statsd, counts_each_sample_once_by_what_became_of_it)
{
    static const char *const sets[] = {"horizon.max_metrics=8", "statsd.max_set_values=2", NULL};
    begin(sets);
    send_line("a:1|c");
    send_line("a:1|c:2|ms|@0.5:x|g:3|q:4|c|@0:-1|ms:nan|g");
    send_line("s:1|s:2|s:3|s:1|s");
    send_line("no line");
    send_line("(:1|c");
    send_line("");
    send_line("big:1e308|c:1e308|c");
    static const unsigned reasons[] = {HORIZON_REJECTED_malformed, HORIZON_REJECTED_bad_type,
                                       HORIZON_REJECTED_bad_rate,  HORIZON_REJECTED_negative,
                                       HORIZON_REJECTED_bad_name,  HORIZON_REJECTED_over_limit};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        cr_assert_eq(rejected(reasons[i]), reasons[i] == HORIZON_REJECTED_malformed ? 2u : 1u, "reason %u", reasons[i]);
    cr_assert_eq(rejected(HORIZON_REJECTED_not_a_number), 2u);
    cr_assert_str_eq(from.sender->last_reason, "not_a_number");
    assert_sums(16, 0);
    for (int i = 0; i < 10; i++) {
        char line[32];
        sprintf(line, "more%d:1|c", i);
        send_line(line);
    }
    cr_assert_eq(rejected(HORIZON_REJECTED_over_limit), 1u + 6u);
    assert_sums(26, 0);
}

Test(intake_statsd, makes_points_that_are_checked_like_all_others)
{
    static const char *const sets[] = {"horizon.max_name_bytes=30", "horizon.deny=stats_counts.**", NULL};
    begin(sets);
    send_line("a:1|c");
    send_line("name_of_twenty_five_bytes:1|c");
    send_line("n:1e300|h:1e300|h");
    flush();
    const struct intake_tally *points = &intake.tallies[INTAKE_STATSD];
    cr_assert_eq(points->rejected[HORIZON_REJECTED_denied], 1u); /* of the other, the name is too long first */
    cr_assert(points->rejected[HORIZON_REJECTED_bad_name] == 2);
    cr_assert(points->rejected[HORIZON_REJECTED_not_a_number] >= 1, "a sum of squares of 1e300 is none");
    cr_assert_neq(find_name("stats.a"), NULL);
    cr_assert_neq(find_name("stats.timers.n.lower"), NULL);
    assert_sums(4, points->received);
}

Test(intake_statsd, gives_idle_series_again_unless_they_are_deleted)
{
    static const char *const sets[] = {"statsd.delete_idle_counters=true", "statsd.delete_idle_gauges=true", NULL};
    begin(sets);
    send_line("c:1|c");
    send_line("g:5|g");
    send_line("t:5|ms");
    send_line("s:5|s");
    flush();
    assert_sums(4, 2 + 1 + 14 + 1);
    flush();
    assert_sums(4, 18 + 2 + 1); /* a timer's two zeros, a set's one */
    cr_assert_eq(intake.statsd.table.n, 2u);
    send_line("g:+2|g");
    struct statsd_series *g = statsd_table_find(&intake.statsd.table, STATSD_GAUGE, "g", 1);
    cr_assert_eq(g->as.value, 2, "a deleted gauge begins anew");
    flush();
    assert_sums(5, 21 + 3 + 1);
}

Test(intake_statsd, flushes_a_series_that_a_sample_meets_before_its_turn)
{
    begin(NULL);
    send_line("a:1|c:10|g");
    send_line("b:2|c");
    intake_statsd_turn(&intake, (uint32_t)NOW_S, 10, true);
    cr_assert(intake_statsd_flush(&intake, 1));
    assert_sums(3, 2);
    send_line("b:5|c");
    assert_sums(4, 4);
    cr_assert_eq(statsd_table_find(&intake.statsd.table, STATSD_COUNTER, "b", 1)->as.value, 5);
    while (intake_statsd_flush(&intake, 1))
        continue;
    assert_sums(4, 5);
    intake_statsd_turn(&intake, (uint32_t)NOW_S + 10, 10, true);
    intake_statsd_turn(&intake, (uint32_t)NOW_S + 20, 10, true); /* what is left of the one before comes first */
    assert_sums(4, 10);
}

Test(intake_statsd, says_nothing_of_idle_series_at_a_stop)
{
    begin(NULL);
    send_line("idle:1|c:2|g:3|ms");
    flush();
    assert_sums(3, 2 + 1 + 14);
    send_line("busy:5|c");
    intake_statsd_turn(&intake, (uint32_t)NOW_S + 2, 2, false);
    while (intake_statsd_flush(&intake, 1))
        continue;
    assert_sums(4, 17 + 2);
}

Test(intake_statsd, tells_since_when_samples_wait)
{
    begin(NULL);
    cr_assert_eq(intake_oldest_ms(&intake, intake.now_ms), intake.now_ms);
    send_line("a:1|c");
    int64_t first_ms = intake.now_ms;
    intake.now_ms += 1000;
    send_line("b:1|c");
    cr_assert_eq(intake_oldest_ms(&intake, intake.now_ms), first_ms);
    intake_statsd_turn(&intake, (uint32_t)NOW_S, 10, true);
    cr_assert(intake_statsd_flush(&intake, 1));
    cr_assert_eq(intake_oldest_ms(&intake, intake.now_ms + 5), first_ms);
    while (intake_statsd_flush(&intake, 1))
        continue;
    cr_assert_eq(intake_oldest_ms(&intake, intake.now_ms + 5), intake.now_ms, "only the queue is left");
}

Test(intake_statsd, uses_a_settled_series_without_new_memory)
{
    begin(NULL);
    for (int interval = 0; interval < 3; interval++) {
        for (int i = 0; i < 100; i++) {
            char line[32];
            sprintf(line, "t:%d|ms:%d|s", i, i);
            send_line(line);
        }
        struct statsd_series *s = statsd_table_find(&intake.statsd.table, STATSD_TIMER, "t", 1);
        static const double *values;
        cr_assert(interval == 0 || s->as.timer->values == values);
        values = s->as.timer->values;
        flush();
    }
    assert_sums(600, 3 * (14 + 1));
}
