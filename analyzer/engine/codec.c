/* Records move between machines of any byte order, and no field of theirs is aligned: integers are copied to and from
 * their little-endian form. Their sizes are constants wherever the compiler looks, so that each is one instruction. */
#include "analyzer/engine/codec.h"

#include <assert.h>
#include <endian.h>
#include <math.h>
#include <string.h>

#define CHECKSUM_BYTES 8

/* The `bytes` (1 to 8) at `in` as an integer, and the way back. Three are taken apart: as one they would be put
 * together in memory, and waited for. */
static inline uint64_t load(const uint8_t *in, size_t bytes)
{
    uint64_t v = 0;
    if (bytes == 3)
        return in[0] | (uint64_t)in[1] << 8 | (uint64_t)in[2] << 16;
    memcpy(&v, in, bytes);
    return le64toh(v);
}

static inline void store(uint8_t *out, uint64_t v, size_t bytes)
{
    v = htole64(v);
    memcpy(out, &v, bytes);
}

/* FNV-1a by eight bytes instead of one, and what is left over behind them. A product carries differences upwards only,
 * hence the shift. Each step can be undone, so damage within one of the eight never goes unnoticed. */
static uint64_t checksum(const uint8_t *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u ^ len;
    size_t at = 0;
    for (; len - at >= 8; at += 8) {
        hash = (hash ^ load(bytes + at, 8)) * 0x100000001b3u;
        hash ^= hash >> 32;
    }
    if (at < len)
        hash = (hash ^ load(bytes + at, len - at)) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The next `bytes` of what is read; NULL, and the codec has failed, when they are not there. */
static inline const uint8_t *take(struct codec *c, size_t bytes)
{
    if (c->failed || c->cap - c->at < bytes) {
        c->failed = true;
        return NULL;
    }
    c->at += bytes;
    return c->in + c->at - bytes;
}

/* Moves the low `bytes` bytes of an integer in the codec's direction. */
static inline uint64_t move(struct codec *c, uint64_t v, size_t bytes)
{
    if (!c->out) {
        const uint8_t *in = take(c, bytes);
        return in ? load(in, bytes) : 0;
    }
    if (c->failed)
        return 0;
    assert(c->cap - c->at >= bytes);
    store(c->out + c->at, v, bytes);
    c->at += bytes;
    return v;
}

static inline uint64_t bounded(struct codec *c, uint64_t v, size_t bytes, uint64_t max)
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

static inline void range(struct codec *c, double *v, double min, double max)
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

static inline void ranges(struct codec *c, float *v, size_t n, float min, float max)
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

/* How many of the `n` numbers, 255 at most, are the first one again, it included. */
static uint8_t run_of(const uint8_t *v, unsigned n)
{
    uint8_t run = 1;
    while (run < UINT8_MAX && run < n && v[run] == v[0])
        run++;
    return run;
}

void codec_runs(struct codec *c, uint8_t *v, unsigned n)
{
    while (n > 0 && !c->failed) {
        uint8_t run = c->out ? run_of(v, n) : 0;
        codec_u8(c, &run, UINT8_MAX);
        codec_u8(c, v, UINT8_MAX);
        if (run == 0 || run > n) {
            c->failed = true;
            return;
        }
        memset(v, *v, run);
        v += run;
        n -= run;
    }
}

void codec_finite(struct codec *c, double *v)
{
    range(c, v, -HUGE_VAL, HUGE_VAL);
    if (!isfinite(*v)) {
        c->failed = true;
        *v = 0;
    }
}
