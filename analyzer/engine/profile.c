/* A bin learns all at once on its first visit and ever less until its rate is reached; from
 * the third visit on an outlier moves it by five errors at most. */
#include "analyzer/engine/profile.h"

#include <math.h>
#include <string.h>

#include "analyzer/engine/codec.h"

#define DAY_S 86400u
#define WEEK_S (7 * DAY_S)
#define HOUR_S 3600u
#define BIN_MIN_S 300u
#define BIN_SERVES 4 /* how much longer or shorter a bin may be than a new one would */
#define ERROR_RATE 0.005
#define ERRORS_DOUBTED 20 /* what errors that are doubted count as */
#define DAY_RATE 0.05
#define WEEK_RATE 0.4       /* for a whole hour of points */
#define WEEK_BETTER 0.9     /* the week speaks when its error is below this share of the day's */
#define WEEK_TRIED_S DAY_S  /* its error is measured for so long before it may */
#define CLIP 5.0            /* learning is clipped at this many errors */
#define CLIP_AFTER_VISITS 2 /* but not before a bin was visited so often */

static unsigned day_bin(const struct profile *p, uint32_t t)
{
    return t % DAY_S / p->bin_s;
}

static unsigned week_bin(uint32_t t)
{
    return t % WEEK_S / HOUR_S;
}

void profile_begin(struct profile *p, uint32_t t, double step_s)
{
    uint32_t bin_s = (uint32_t)fmin(fmax(step_s, BIN_MIN_S), DAY_S);
    if (p->bin_s > 0 && bin_s <= BIN_SERVES * p->bin_s && p->bin_s <= BIN_SERVES * bin_s)
        return;
    memset(p, 0, sizeof *p);
    p->bin_s = bin_s;
    p->first_t = t;
}

static bool day_known(const struct profile *p, uint32_t t)
{
    return p->bin_s && t - p->first_t >= DAY_S && p->day_n[day_bin(p, t)] > 0;
}

static bool week_known(const struct profile *p, uint32_t t)
{
    return p->bin_s && t - p->first_t >= WEEK_S && p->week_n[week_bin(t)] > 0;
}

static bool week_fits_better(const struct profile *p, uint32_t t)
{
    return t - p->first_t >= WEEK_S + WEEK_TRIED_S && p->week_errors_n > 0 &&
           p->week_error < WEEK_BETTER * p->day_error;
}

/* Which of the two is asked, known or not. */
static enum engine_season speaks(const struct profile *p, enum engine_season_option option, uint32_t t)
{
    if (option == ENGINE_SEASON_OFF)
        return ENGINE_SEASON_NONE;
    if (option == ENGINE_SEASON_ONLY_WEEK || (option == ENGINE_SEASON_AUTO && week_fits_better(p, t)))
        return ENGINE_SEASON_WEEK;
    return ENGINE_SEASON_DAY;
}

enum engine_season profile_expect(const struct profile *p, enum engine_season_option option, uint32_t t, double *y)
{
    enum engine_season season = speaks(p, option, t);
    if (season == ENGINE_SEASON_WEEK && week_known(p, t)) {
        *y = (double)codec_from_bits24(p->week[week_bin(t)]);
        return ENGINE_SEASON_WEEK;
    }
    if (season == ENGINE_SEASON_NONE || option == ENGINE_SEASON_ONLY_WEEK || !day_known(p, t))
        return ENGINE_SEASON_NONE;
    *y = (double)codec_from_bits24(p->day[day_bin(p, t)]);
    return ENGINE_SEASON_DAY;
}

double profile_error(const struct profile *p, enum engine_season_option option, uint32_t t)
{
    switch (speaks(p, option, t)) {
    case ENGINE_SEASON_NONE:
        return HUGE_VAL;
    case ENGINE_SEASON_DAY:
        return p->day_errors_n > 0 ? p->day_error : HUGE_VAL;
    case ENGINE_SEASON_WEEK:
        return p->week_errors_n > 0 ? p->week_error : HUGE_VAL;
    }
    return HUGE_VAL;
}

bool profile_tried(const struct profile *p, double step_s)
{
    return p->day_errors_n * step_s >= DAY_S;
}

static void learn_error(double *error, uint32_t *n, double away)
{
    *n += *n < UINT32_MAX;
    *error += fmax(ERROR_RATE, 1.0 / *n) * (away - *error);
}

static void learn_bin(struct codec_bits24 *bin, uint8_t *n, double away, double rate, double error,
                      unsigned clip_after)
{
    if (*n >= clip_after && error > 0)
        away = fmax(-CLIP * error, fmin(CLIP * error, away));
    *bin = codec_to_bits24(codec_short((double)codec_from_bits24(*bin) + fmax(rate, 1.0 / (*n + 1)) * away));
    *n += *n < UINT8_MAX;
}

void profile_learn(struct profile *p, uint32_t t, double y, double step_s)
{
    unsigned d = day_bin(p, t), w = week_bin(t);
    double from_day = y - (double)codec_from_bits24(p->day[d]), from_week = y - (double)codec_from_bits24(p->week[w]);
    double day_visit = fmax(1, floor(p->bin_s / step_s)), week_visit = fmax(1, floor(HOUR_S / step_s));
    if (day_known(p, t))
        learn_error(&p->day_error, &p->day_errors_n, fabs(from_day));
    if (week_known(p, t))
        learn_error(&p->week_error, &p->week_errors_n, fabs(from_week));
    learn_bin(&p->day[d], &p->day_n[d], from_day, DAY_RATE, p->day_error,
              (unsigned)(CLIP_AFTER_VISITS * day_visit));
    learn_bin(&p->week[w], &p->week_n[w], from_week, WEEK_RATE * fmin(1, step_s / HOUR_S), p->week_error,
              (unsigned)(CLIP_AFTER_VISITS * week_visit));
}

void profile_doubt_errors(struct profile *p)
{
    p->day_errors_n = p->day_errors_n < ERRORS_DOUBTED ? p->day_errors_n : ERRORS_DOUBTED;
    p->week_errors_n = p->week_errors_n < ERRORS_DOUBTED ? p->week_errors_n : ERRORS_DOUBTED;
}

/* Forgets all but `kept` bins from the `first` on, around the end. */
static void keep_bins(struct codec_bits24 *bin, uint8_t *n, unsigned bins, unsigned first, uint32_t kept)
{
    for (uint32_t i = kept; i < bins; i++) {
        bin[(first + i) % bins] = codec_to_bits24(0);
        n[(first + i) % bins] = 0;
    }
}

/* A span has a part of a bin at either end, and may pass the last bin of a day: shorter, where bins do not fit. */
void profile_keep_times(struct profile *p, uint32_t from, uint32_t until)
{
    uint32_t span_s = until - from;
    keep_bins(p->day, p->day_n, (DAY_S + p->bin_s - 1) / p->bin_s, day_bin(p, from), span_s / p->bin_s + 3);
    keep_bins(p->week, p->week_n, PROFILE_WEEK_BINS, week_bin(from), span_s / HOUR_S + 2);
}

/* Neighbouring bins have been visited equally often; a bin's mean is packed only where it has been visited at all. */
static void codec_bins(struct codec *c, struct codec_bits24 *bin, uint8_t *n, unsigned bins)
{
    codec_runs_u8(c, n, bins);
    for (unsigned i = 0, seen; i < bins; i = seen + 1) {
        for (seen = i; seen < bins && n[seen] > 0;)
            seen++;
        codec_bits24(c, &bin[i], seen - i);
    }
}

void profile_codec(struct profile *p, struct codec *c)
{
    codec_u32(c, &p->bin_s, DAY_S);
    codec_time(c, &p->first_t);
    codec_u32(c, &p->day_errors_n, UINT32_MAX);
    codec_u32(c, &p->week_errors_n, UINT32_MAX);
    codec_size(c, &p->day_error);
    codec_size(c, &p->week_error);
    codec_bins(c, p->day, p->day_n, PROFILE_DAY_BINS);
    codec_bins(c, p->week, p->week_n, PROFILE_WEEK_BINS);
    if (p->bin_s < BIN_MIN_S)
        c->failed = true;
}
