#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "ridgeline/records.h"

struct state {
    struct engine_record *record;
    struct episode episode;
    uint8_t *bytes;
    size_t len;
};

/* A metric with an anomaly that is open, packed. */
static struct state packed(void)
{
    struct state s = {.record = malloc(engine_record_bytes()), .bytes = malloc(records_packed_max())};
    struct engine_options o;
    struct verdict v;
    bool again;
    engine_init(s.record);
    episode_init(&s.episode);
    engine_options_default(&o);
    srand(1);
    for (uint32_t i = 1; i <= 600; i++) {
        struct point p = {.t = 1600000000 + 10 * i, .v = 10 + rand() % 100 / 100.0 + (i > 590 ? 50 : 0)};
        cr_assert_eq(engine_update(s.record, &o, p, &v), 0);
        episode_update(&s.episode, &o, engine_step_s(s.record), &v, &again);
    }
    cr_assert(s.episode.open, "no anomaly to pack");
    s.episode.peak.ensemble = ENGINE_ENSEMBLE_SKYLINE;
    s.episode.peak.finding[SKYLINE_median_absolute_deviation] =
        (struct engine_finding){.statistic = 7.5, .threshold = 6, .vote = ENGINE_VOTE_YES};
    s.len = records_pack(s.record, &s.episode, s.bytes);
    return s;
}

static void done(struct state *s)
{
    free(s->record);
    free(s->bytes);
}

Test(records, come_back_as_they_were_packed)
{
    struct state s = packed();
    struct engine_record *back = malloc(engine_record_bytes());
    struct episode i;
    uint8_t *again = malloc(records_packed_max());
    cr_assert_leq(s.len, records_packed_max());
    cr_assert_eq(records_unpack(back, &i, s.bytes, s.len), 0);
    cr_assert(i.open);
    cr_assert_eq(i.start, s.episode.start);
    cr_assert_eq(i.last_hot, s.episode.last_hot);
    cr_assert_eq(i.peak.score, s.episode.peak.score);
    cr_assert_eq(i.peak.direction, s.episode.peak.direction);
    cr_assert_eq(i.peak.ensemble, ENGINE_ENSEMBLE_SKYLINE);
    cr_assert_eq(i.peak.finding[SKYLINE_median_absolute_deviation].statistic, 7.5);
    cr_assert_eq(i.opened.ensemble, ENGINE_ENSEMBLE_RIDGELINE);
    cr_assert_eq(i.opened.t, s.episode.opened.t);
    cr_assert_eq(i.opened.finding[DETECTOR_median].statistic, s.episode.opened.finding[DETECTOR_median].statistic);
    cr_assert_eq(engine_last_t(back), engine_last_t(s.record));
    cr_assert_eq(records_pack(back, &i, again), s.len);
    cr_assert_arr_eq(again, s.bytes, s.len);
    free(back);
    free(again);
    done(&s);
}

Test(records, of_a_metric_without_an_anomaly_leave_its_verdicts_out)
{
    struct state s = packed();
    struct engine_record *back = malloc(engine_record_bytes());
    struct episode i;
    size_t open_len = s.len;
    s.episode.open = false;
    s.len = records_pack(s.record, &s.episode, s.bytes);
    cr_assert_lt(s.len + 800, open_len);
    cr_assert_eq(records_unpack(back, &i, s.bytes, s.len), 0);
    cr_assert_not(i.open);
    cr_assert_eq(i.last_hot, s.episode.last_hot);
    cr_assert_eq(i.peak.t, 0);
    s.bytes[8] = 1; /* "open", of which there are no verdicts */
    cr_assert_eq(records_unpack(back, &i, s.bytes, s.len), -1);
    s.bytes[8] = 0;
    s.episode.pending = true;
    cr_assert_eq(records_pack(s.record, &s.episode, s.bytes), open_len);
    cr_assert_eq(records_unpack(back, &i, s.bytes, open_len), 0);
    cr_assert(i.pending);
    cr_assert_eq(i.peak.t, s.episode.peak.t);
    free(back);
    done(&s);
}

Test(records, that_are_cut_or_damaged_are_refused_and_leave_a_fresh_state)
{
    struct state s = packed();
    struct engine_record *back = malloc(engine_record_bytes());
    struct episode i;
    for (size_t len = 0; len < s.len; len += len < 1200 ? 1 : 97)
        cr_assert_eq(records_unpack(back, &i, s.bytes, len), -1, "cut to %zu bytes", len);
    for (size_t at = 0; at < s.len; at++) {
        s.bytes[at] ^= 0x41;
        cr_assert_eq(records_unpack(back, &i, s.bytes, s.len), -1, "byte %zu changed", at);
        s.bytes[at] ^= 0x41;
    }
    cr_assert_eq(engine_last_t(back), 0);
    cr_assert_not(i.open);
    cr_assert_eq(records_unpack(back, &i, s.bytes, s.len), 0);
    free(back);
    done(&s);
}

/* At 10 s, over six retentions of 3600 s: what is kept for each point of a metric. */
Test(records, past_ones_are_kept_once_a_retention_in_turns_at_a_time_of_each_metric_s_own)
{
    enum { SPAN_S = 3600, STEP_S = 10, METRICS = 2000, LATER = SPAN_S / 6 };
    unsigned at[SPAN_S / LATER] = {0};
    for (unsigned i = 0; i < METRICS; i++) {
        char name[32];
        uint32_t kept[2] = {0}, start = 1700000000, phase_s;
        enum records_field last = RECORDS_NOW;
        phase_s = records_phase_s(name, (size_t)snprintf(name, sizeof name, "m%u", i), SPAN_S);
        cr_assert_lt(phase_s, SPAN_S);
        for (uint32_t t = start; t < start + 6 * SPAN_S; t += STEP_S) {
            for (unsigned k = 0; k < 2; k++)
                cr_assert(kept[k] == 0 || t <= records_span(SPAN_S, kept[k]).until, "kept at %u, read at %u", kept[k],
                          t);
            enum records_field field = records_past(phase_s, SPAN_S, t - STEP_S, t);
            if (field == RECORDS_NOW)
                continue;
            cr_assert_neq(field, last);
            last = field;
            kept[field == RECORDS_PAST1] = t;
            at[t % SPAN_S / LATER]++;
            uint32_t older = kept[0] < kept[1] ? kept[0] : kept[1];
            cr_assert(older == 0 || t - older == SPAN_S);
        }
        cr_assert(kept[0] > 0 && kept[1] > 0);
    }
    for (unsigned i = 0; i < SPAN_S / LATER; i++) /* each sixth of the time has about a sixth of the work */
        cr_assert(at[i] > METRICS * 3 / 4 && at[i] < METRICS * 5 / 4, "%u at %u", at[i], i);
}

Test(records, are_kept_for_two_retentions_and_two_days_at_least)
{
    cr_assert_eq(records_expire_s(1), 2 * 86400);
    cr_assert_eq(records_expire_s(3600), 2 * 86400);
    cr_assert_eq(records_expire_s(3 * 86400), 6 * 86400);
    cr_assert_eq(records_expire_s(UINT32_MAX), 2 * (int64_t)UINT32_MAX);
}

Test(records, past_ones_ask_for_nothing_before_the_first_point_and_bear_any_time)
{
    cr_assert_eq(records_past(7, 3600, 0, 4000000000u), RECORDS_NOW);
    cr_assert_eq(records_past(3599, 3600, UINT32_MAX - 1, UINT32_MAX - 2), RECORDS_NOW);
    cr_assert_neq(records_past(3599, 3600, 1, UINT32_MAX), RECORDS_NOW);
}

Test(records, past_ones_are_smaller_by_what_is_usual_at_other_times_and_come_back)
{
    struct state s = packed();
    struct engine_record *back = malloc(engine_record_bytes());
    struct episode i;
    struct engine_options o;
    struct verdict v;
    engine_options_default(&o);
    for (uint32_t t = engine_last_t(s.record) + 300; t < 1600000000 + 3 * 86400; t += 300)
        cr_assert_eq(engine_update(s.record, &o, (struct point){t, 10 + rand() % 100 / 100.0}, &v), 0);
    struct records_span span = records_span(3600, engine_last_t(s.record) + 300);
    cr_assert_eq(span.until - span.from, 7200);
    size_t whole = records_pack(s.record, &s.episode, s.bytes);
    cr_assert_eq(records_until(s.bytes), UINT32_MAX);
    size_t past = records_pack_past(s.record, &s.episode, &span, s.bytes);
    cr_assert_lt(past + 1000, whole);
    cr_assert_eq(records_unpack(back, &i, s.bytes, past), 0);
    cr_assert_eq(records_until(s.bytes), span.until);
    s.bytes[8] ^= 1; /* of its last time */
    cr_assert_eq(records_unpack(back, &i, s.bytes, past), -1);
    s.bytes[8] ^= 1;
    cr_assert_eq(records_unpack(back, &i, s.bytes, past), 0);
    cr_assert_eq(engine_last_t(back), engine_last_t(s.record));
    cr_assert_eq(i.peak.t, s.episode.peak.t);
    cr_assert_eq(records_span(3600, UINT32_MAX - 7).until, UINT32_MAX);
    free(back);
    done(&s);
}
