/* Today's half hours count from tomorrow on: what lasts is not forgiven while it lasts. */
#include "analyzer/engine/custom.h"

#include <math.h>
#include <string.h>

#include "analyzer/engine/codec.h"

#define DAY_S 86400u
#define BIN_S (DAY_S / CUSTOM_BINS)
#define PER_UNIT 64
#define KEPT_A_DAY 0.87
#define AROUND 2 /* half hours to either side */

static unsigned bin_at(uint32_t t)
{
    return t % DAY_S / BIN_S;
}

static uint16_t larger(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

void custom_pass(struct custom *k, uint32_t t)
{
    uint32_t day = t / DAY_S;
    if (day <= k->day)
        return;
    for (unsigned i = 0; i < CUSTOM_BINS; i++)
        k->past[i] = larger((uint16_t)(KEPT_A_DAY * k->past[i]), k->today[i]);
    memset(k->today, 0, sizeof k->today);
    k->day = day;
}

double custom_at(const struct custom *k, uint32_t t)
{
    uint16_t most = 0;
    for (unsigned i = 0; i <= 2 * AROUND; i++)
        most = larger(most, k->past[(bin_at(t) + CUSTOM_BINS - AROUND + i) % CUSTOM_BINS]);
    return (double)most / PER_UNIT;
}

void custom_learn(struct custom *k, uint32_t t, double v)
{
    uint16_t *today = &k->today[bin_at(t)];
    *today = larger(*today, (uint16_t)fmin(v * PER_UNIT, UINT16_MAX));
}

void custom_keep_times(struct custom *k, uint32_t from, uint32_t until)
{
    for (uint32_t i = (until - from) / BIN_S + 2 + AROUND; i < CUSTOM_BINS - AROUND; i++) {
        unsigned bin = (bin_at(from) + i) % CUSTOM_BINS;
        k->past[bin] = k->today[bin] = 0;
    }
}

void custom_codec(struct custom *k, struct codec *c)
{
    codec_u32(c, &k->day, UINT32_MAX / DAY_S);
    codec_sparse(c, k->past, CUSTOM_BINS);
    codec_sparse(c, k->today, CUSTOM_BINS);
}
