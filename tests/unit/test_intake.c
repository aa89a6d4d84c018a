#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/intake.h"
#include "ridgeline/marks.h"
#include "pickle_samples.h"

#define NOW_S INT64_C(1795307613)

static struct settings settings;
static struct intake intake;
static struct intake_source from;

static void set_up(void)
{
    char error[CONF_ERROR_MAX];
    const char *sets[] = {"horizon.max_metrics=5", NULL};
    cr_assert_eq(conf_load(&settings, NULL, NULL, sets, error), 0, "%s", error);
    cr_assert_eq(intake_init(&intake, &settings), 0);
    intake.now_ms = NOW_S * 1000 + 500;
    from = (struct intake_source){INTAKE_LINE_TCP, senders_find(&intake.senders, "10.0.0.1", "line_tcp", 1)};
}

static void tear_down(void)
{
    intake_fini(&intake);
    conf_free(&settings);
}

TestSuite(intake, .init = set_up, .fini = tear_down);

static void send_line(const char *line)
{
    intake_line(&intake, from, line, strlen(line));
}

static uint64_t rejected(unsigned reason)
{
    return intake.tallies[from.listener].rejected[reason];
}

static void assert_sums(void)
{
    struct intake_tally total;
    uint64_t by_sender = 0, rejected_by_sender = 0;
    const struct sender *senders[SENDERS_MAX];
    intake_total(&intake, &total);
    cr_assert_eq(total.received, total.accepted + intake_rejected(&total));
    cr_assert_eq(total.accepted, intake.queue.stored + intake.queue.queued + intake.queue.dropped);
    size_t n = senders_top(&intake.senders, senders, SENDERS_MAX);
    for (size_t i = 0; i < n; i++) {
        by_sender += senders[i]->received;
        rejected_by_sender += senders[i]->rejected;
        cr_assert_eq(senders[i]->received, senders[i]->accepted + senders[i]->rejected);
    }
    cr_assert_eq(by_sender, total.received);
    cr_assert_eq(rejected_by_sender, intake_rejected(&total));
}

Test(intake, counts_each_line_once_by_what_became_of_it)
{
    char line[600];
    send_line("a.b 1 1795307613");
    send_line("a.b 1 N");
    send_line("");
    send_line("nonsense");
    send_line("a nan 1795307613");
    send_line("a\x01 1 1795307613");
    send_line("a;b 1 1795307613");
    send_line("a 1 yesterday");
    send_line("a 1 1795306612");
    send_line("a 1 1795308214");
    memset(line, 'x', sizeof line);
    strcpy(line + 513, " 1 1795307613");
    send_line(line);
    cr_assert_eq(intake.tallies[INTAKE_LINE_TCP].received, 10u);
    cr_assert_eq(intake.tallies[INTAKE_LINE_TCP].accepted, 2u);
    cr_assert_eq(rejected(HORIZON_REJECTED_malformed), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_not_a_number), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_bad_name), 3u);
    cr_assert_eq(rejected(HORIZON_REJECTED_bad_time), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_too_old), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_in_future), 1u);
    assert_sums();
}

Test(intake, refuses_the_name_whose_key_is_the_set_of_all_names)
{
    send_line("unique_metrics 1 1795307613");
    send_line("unique_metric 1 1795307613");
    send_line("unique_metrics.x 1 1795307613");
    send_line("unique_metrics;a=b 1 1795307613");
    cr_assert_eq(rejected(HORIZON_REJECTED_bad_name), 1u);
    cr_assert_eq(intake.tallies[INTAKE_LINE_TCP].accepted, 3u);
    assert_sums();
}

Test(intake, takes_points_up_to_the_very_limits_of_time)
{
    send_line("a 1 1795306613");
    send_line("a 1 1795308213");
    cr_assert_eq(intake.tallies[INTAKE_LINE_TCP].accepted, 2u);
}

Test(intake, queues_the_name_in_canonical_form_with_the_time_of_arrival)
{
    struct point p;
    send_line("x;b=2;a=1 7.25 -1");
    const struct queue_block *b = queue_send(&intake.queue);
    cr_assert_not_null(b);
    cr_assert_eq(b->n_commands, 2u, "announced, then appended");
    for (unsigned i = 0; i < b->n_commands; i++) {
        const struct queue_metric *metric = b->commands[i].metric;
        cr_assert_eq(metric->name_len, 9u);
        cr_assert_eq(memcmp(metric->name, "x;a=1;b=2", 9), 0);
    }
    cr_assert(series_decode(b->commands[1].points, &p));
    cr_assert_eq(p.t, NOW_S);
    cr_assert_eq(p.v, 7.25);
}

Test(intake, refuses_new_names_beyond_the_limit_and_goes_on_with_the_known)
{
    char line[64];
    for (int i = 0; i < 8; i++) {
        sprintf(line, "m%d 1 1795307613", i);
        send_line(line);
    }
    send_line("m0 2 1795307613");
    cr_assert_eq(rejected(HORIZON_REJECTED_over_limit), 3u);
    cr_assert_eq(intake.tallies[INTAKE_LINE_TCP].accepted, 6u);
    cr_assert_eq(intake.names.table.n, 5u);
    assert_sums();
}

static void set_globs(struct conf_globs *globs, const char *pattern)
{
    globs->globs = malloc(sizeof *globs->globs);
    globs->globs[0] = glob_new(pattern, NULL);
    globs->n = 1;
}

Test(intake, asks_the_globs_again_when_the_settings_change)
{
    send_line("a.x 1 1795307613");
    set_globs(&settings.horizon.deny, "a.*");
    send_line("a.x 1 1795307613");
    cr_assert_eq(rejected(HORIZON_REJECTED_denied), 0u, "the verdict is remembered");
    intake_settings_changed(&intake);
    send_line("a.x 1 1795307613");
    cr_assert_eq(rejected(HORIZON_REJECTED_denied), 1u);
    set_globs(&settings.horizon.allow, "b.*");
    intake_settings_changed(&intake);
    send_line("b.x 1 1795307613");
    send_line("c.x 1 1795307613");
    cr_assert_eq(rejected(HORIZON_REJECTED_denied), 2u);
    cr_assert_eq(intake.names.table.n, 2u, "a refused name takes no place");
    assert_sums();
}

Test(intake, counts_a_pickle_entry_by_entry_and_an_unreadable_one_once)
{
    from.listener = INTAKE_PICKLE_TCP;
    const uint8_t *sample = (const uint8_t *)pickle_samples[2].bytes;
    intake_pickle(&intake, from, sample, pickle_samples[2].len);
    struct intake_tally *tally = &intake.tallies[INTAKE_PICKLE_TCP];
    cr_assert_eq(tally->received, 8u);
    cr_assert_eq(tally->accepted, 3u);
    cr_assert_eq(rejected(HORIZON_REJECTED_too_old), 3u);
    cr_assert_eq(rejected(HORIZON_REJECTED_not_a_number), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_malformed), 1u);
    intake_pickle(&intake, from, sample, 20);
    cr_assert_eq(rejected(HORIZON_REJECTED_malformed), 2u);
    intake_pickle(&intake, from, (const uint8_t *)"cos\nsystem\n.", 12);
    cr_assert_eq(rejected(HORIZON_REJECTED_forbidden), 1u);
    cr_assert_eq(tally->received, 10u);
    assert_sums();
}

static void send_datagram(const char *bytes, size_t len)
{
    intake_skyline(&intake, from, (const uint8_t *)bytes, len);
}
#define SEND(literal) send_datagram(literal, sizeof(literal) - 1)

Test(intake, takes_every_entry_of_pickles_of_any_length)
{
    static uint8_t message[4096];
    from.listener = INTAKE_PICKLE_TCP;
    uint64_t sent = 0, good = 0;
    for (unsigned entries = 0; entries <= 100; entries++) {
        size_t n = (size_t)sprintf((char *)message, "\x80\x02](");
        for (unsigned i = 0; i < entries; i++)
            n += (size_t)sprintf((char *)message + n, "U\x01%cJ]8\x02k%s\x86\x86", i % 7 ? 'a' + i % 3 : ' ',
                                 i % 5 ? "K\x07" : "N");
        for (unsigned i = 0; i < entries; i++)
            good += i % 7 && i % 5;
        memcpy(message + n, "e.", 2);
        intake_pickle(&intake, from, message, n + 2);
        sent += entries;
        cr_assert_eq(intake.tallies[INTAKE_PICKLE_TCP].received, sent, "%u entries", entries);
        cr_assert_eq(intake.tallies[INTAKE_PICKLE_TCP].accepted, good, "%u entries", entries);
    }
    assert_sums();
}

Test(intake, counts_each_datagram_of_skyline_once_by_what_became_of_it)
{
    from.listener = INTAKE_SKYLINE_UDP;
    SEND("\x92\xa3" "a.b\x92\xce\x6b\x02\x38\x5d\x07");
    SEND("\x92\xa3" "a.b\x92\xff\xca\x40\xa0\0\0");
    SEND("");
    SEND("a.b 1 1795307613\n");
    SEND("\x92\xa3" "a b\x92\xff\7");
    SEND("\x92\xaeunique_metrics\x92\xff\7");
    SEND("\x92\xa3" "a.b\x92\xff\xc0");
    SEND("\x92\xa3" "a.b\x92\xc0\7");
    SEND("\x92\xa3" "a.b\x92\1\7");
    SEND("\x92\xa3" "a.b\x92\xce\x7b\x02\x38\x5d\x07");
    cr_assert_eq(intake.tallies[INTAKE_SKYLINE_UDP].received, 10u);
    cr_assert_eq(intake.tallies[INTAKE_SKYLINE_UDP].accepted, 2u);
    cr_assert_eq(rejected(HORIZON_REJECTED_malformed), 2u);
    cr_assert_eq(rejected(HORIZON_REJECTED_bad_name), 2u);
    cr_assert_eq(rejected(HORIZON_REJECTED_not_a_number), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_bad_time), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_too_old), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_in_future), 1u);
    cr_assert_str_eq(from.sender->last_reason, "in_future");
    cr_assert_eq(from.sender->sample_len, 12u);
    assert_sums();
}

Test(intake, keeps_the_last_rejected_line_of_a_sender)
{
    send_line("first bad");
    send_line("a nan 1795307613");
    send_line("good 1 1795307613");
    cr_assert_str_eq(from.sender->last_reason, "not_a_number");
    cr_assert_eq(from.sender->sample_len, 16u);
    cr_assert_eq(memcmp(from.sender->sample, "a nan 1795307613", 16), 0);
}

Test(intake, takes_what_begins_with_the_prefix_as_a_mark_and_no_metric)
{
    char line[128];
    send_line("ridgeline.marks.deploy.1234 1 1795307600");
    snprintf(line, sizeof line, "ridgeline.marks.deploy.1233 1 %lld", (long long)(NOW_S - MARKS_AGE_S));
    send_line(line);
    send_line("ridgeline.marksman.hits 1 1795307600");
    snprintf(line, sizeof line, "ridgeline.marks.deploy.1232 1 %lld", (long long)(NOW_S - MARKS_AGE_S - 1));
    send_line(line);
    snprintf(line, sizeof line, "ridgeline.marks.deploy.1235 1 %lld", (long long)(NOW_S + MARKS_FUTURE_S + 1));
    send_line(line);
    send_line("ridgeline.marks. 1 1795307600");
    send_line("ridgeline.marks.x;match=[ 1 1795307600");
    cr_assert_eq(intake.tallies[from.listener].accepted, 3u);
    cr_assert_eq(intake.marks.n_taken, 2u);
    cr_assert_eq(intake.names.table.n, 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_too_old), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_in_future), 1u);
    cr_assert_eq(rejected(HORIZON_REJECTED_bad_mark), 2u);
    assert_sums();
}

Test(intake, a_flood_of_marks_is_rejected_by_reason_and_costs_no_point)
{
    char line[128];
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "ridgeline.marks.flood.%d 1 1795307600", i);
        send_line(line);
        send_line("a.b 1 1795307600");
        assert_sums();
    }
    cr_assert_eq(intake.marks.n_taken, 100u);
    cr_assert_eq(rejected(HORIZON_REJECTED_mark_limit), 900u);
    cr_assert_eq(intake.tallies[from.listener].accepted, 1100u);
}

Test(intake, looks_ahead_from_line_to_line_up_to_the_end_and_takes_none)
{
    static const char letters[] = "ab: |\n";
    struct intake_tally total;
    srand(31);
    send_line("a 1 1795307613");
    for (int i = 0; i < 2000; i++) {
        size_t len = (size_t)rand() % 1000;
        char *text = malloc(len ? len : 1); /* of its very size, for sanitizers */
        for (size_t k = 0; k < len; k++)
            text[k] = letters[(size_t)rand() % (sizeof letters - 1)];
        const char *at = text, *end = text + len;
        while (at < end) {
            const char *next = intake_ahead(&intake, i % 2 ? INTAKE_LINE_TCP : INTAKE_STATSD_UDP, at, end);
            cr_assert(next > at && next <= end && (next == end || next[-1] == '\n'));
            at = next;
        }
        free(text);
    }
    intake_total(&intake, &total);
    cr_assert_eq(total.received, 1u);
}

Test(intake, reconciles_at_any_time)
{
    static const char *const parts[] = {"a", "b;t=1", "b;t", "c..", "", "nan", "1", "1e3",
                                        "N", "1795307613", "5", " ", "\t", "\x01"};
    srand(29);
    for (int i = 0; i < 20000; i++) {
        char line[128] = "";
        for (int n = rand() % 8; n > 0; n--) {
            strcat(line, parts[(size_t)rand() % (sizeof parts / sizeof *parts)]);
            strcat(line, rand() % 2 ? " " : "");
        }
        from.listener = rand() % 2 ? INTAKE_LINE_TCP : INTAKE_LINE_UDP;
        send_line(line);
    }
    assert_sums();
    struct intake_tally total;
    intake_total(&intake, &total);
    cr_assert(total.accepted > 10, "%llu accepted", (unsigned long long)total.accepted);
}
