/* Bytes are put together one by one, so that records move between machines of
 * any byte order and no read is unaligned. */
#include "analyzer/engine/codec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define CHECKSUM_BYTES 8

/* FNV-1a. */
static uint64_t checksum(const uint8_t *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* Moves the low `bytes` bytes of an integer in the codec's direction. */
static uint64_t move(struct codec *c, uint64_t v, size_t bytes)
{
    if (c->failed)
        return 0;
    if (c->out) {
        assert(c->cap - c->at >= bytes);
        for (size_t i = 0; i < bytes; i++)
            c->out[c->at++] = (uint8_t)(v >> 8 * i);
        return v;
    }
    if (c->cap - c->at < bytes) {
        c->failed = true;
        return 0;
    }
    v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)c->in[c->at++] << 8 * i;
    return v;
}

static uint64_t bounded(struct codec *c, uint64_t v, size_t bytes, uint64_t max)
{
    v = move(c, v, bytes);
    if (v > max)
        c->failed = true;
    return c->failed ? 0 : v;
}

void codec_write(struct codec *c, uint8_t *out, size_t cap, uint32_t version)
{
    *c = (struct codec){.out = out, .cap = cap};
    move(c, version, sizeof version);
}

void codec_read(struct codec *c, const uint8_t *in, size_t len, uint32_t version)
{
    *c = (struct codec){.in = in, .cap = len};
    if (len < sizeof version + CHECKSUM_BYTES) {
        c->failed = true;
        return;
    }
    c->at = len - CHECKSUM_BYTES;
    uint64_t sum = move(c, 0, CHECKSUM_BYTES);
    c->at = 0;
    c->cap = len - CHECKSUM_BYTES;
    if (move(c, 0, sizeof version) != version || sum != checksum(in, c->cap))
        c->failed = true;
}

size_t codec_end(struct codec *c)
{
    if (c->failed)
        return 0;
    if (c->out)
        move(c, checksum(c->out, c->at), CHECKSUM_BYTES);
    else if (c->at != c->cap)
        c->failed = true;
    return c->failed ? 0 : c->at;
}

void codec_u8(struct codec *c, uint8_t *v, uint8_t max)
{
    *v = (uint8_t)bounded(c, *v, sizeof *v, max);
}

void codec_u16(struct codec *c, uint16_t *v, uint16_t max)
{
    *v = (uint16_t)bounded(c, *v, sizeof *v, max);
}

void codec_u32(struct codec *c, uint32_t *v, uint32_t max)
{
    *v = (uint32_t)bounded(c, *v, sizeof *v, max);
}

void codec_flag(struct codec *c, bool *v)
{
    *v = bounded(c, *v, 1, 1) != 0;
}

/* What is to be written; NaN, which no sound state holds, becomes the limit. */
static double limited(double v, double min, double max)
{
    return fmax(min, fmin(max, v));
}

static void range(struct codec *c, double *v, double min, double max)
{
    uint64_t bits;
    if (c->out)
        *v = limited(*v, min, max);
    memcpy(&bits, v, sizeof bits);
    bits = move(c, bits, sizeof bits);
    memcpy(v, &bits, sizeof bits);
    if (!(*v >= min && *v <= max)) /* NaN too */
        c->failed = true;
    if (c->failed)
        *v = 0;
}

static void ranges(struct codec *c, float *v, size_t n, float min, float max)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        if (c->out)
            v[i] = (float)limited((double)v[i], (double)min, (double)max);
        memcpy(&bits, &v[i], sizeof bits);
        bits = (uint32_t)move(c, bits, sizeof bits);
        memcpy(&v[i], &bits, sizeof bits);
        if (!(v[i] >= min && v[i] <= max))
            c->failed = true;
        if (c->failed)
            v[i] = 0;
    }
}

void codec_number(struct codec *c, double *v)
{
    range(c, v, -CODEC_DOUBLE_MAX, CODEC_DOUBLE_MAX);
}

void codec_size(struct codec *c, double *v)
{
    range(c, v, 0, CODEC_DOUBLE_MAX);
}

void codec_numbers(struct codec *c, float *v, size_t n)
{
    ranges(c, v, n, -CODEC_FLOAT_MAX, CODEC_FLOAT_MAX);
}

void codec_sizes(struct codec *c, float *v, size_t n)
{
    ranges(c, v, n, 0, CODEC_FLOAT_MAX);
}

#define SHORT_CUT 8 /* bits */

float codec_short(double v)
{
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits = (bits + (1u << (SHORT_CUT - 1))) & ~((1u << SHORT_CUT) - 1);
    memcpy(&f, &bits, sizeof f);
    return f;
}

void codec_shorts(struct codec *c, float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        if (c->out && !(fabsf(v[i]) <= CODEC_FLOAT_MAX))
            v[i] = codec_short(limited((double)v[i], (double)-CODEC_FLOAT_MAX / 2, (double)CODEC_FLOAT_MAX / 2));
        memcpy(&bits, &v[i], sizeof bits);
        bits = (uint32_t)move(c, bits >> SHORT_CUT, sizeof bits - 1) << SHORT_CUT;
        memcpy(&v[i], &bits, sizeof bits);
        if (!(fabsf(v[i]) <= CODEC_FLOAT_MAX)) /* NaN too */
            c->failed = true;
        if (c->failed)
            v[i] = 0;
    }
}

void codec_leading_sizes(struct codec *c, float *v, uint8_t n)
{
    uint8_t used = n;
    while (used > 0 && v[used - 1] == 0)
        used--;
    codec_u8(c, &used, n);
    codec_sizes(c, v, used);
}

void codec_finite(struct codec *c, double *v)
{
    range(c, v, -HUGE_VAL, HUGE_VAL);
    if (!isfinite(*v)) {
        c->failed = true;
        *v = 0;
    }
}
