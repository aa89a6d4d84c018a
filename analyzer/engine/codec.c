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

static inline uint64_t bounded(struct codec *c, uint64_t v, uint64_t max)
{
    if (v > max)
        c->failed = true;
    return c->failed ? 0 : v;
}

#define VARYING_BITS 7
#define VARYING_MORE (1u << VARYING_BITS)

/* Moves an integer of up to 32 bits seven at a time, the low ones first; all bytes but the last are marked. */
static uint64_t move_varying(struct codec *c, uint64_t v)
{
    uint64_t moved = 0;
    for (unsigned shift = 0; shift < 32; shift += VARYING_BITS) {
        uint64_t byte = move(c, v >= VARYING_MORE ? v % VARYING_MORE | VARYING_MORE : v, 1);
        moved |= byte % VARYING_MORE << shift;
        if (byte < VARYING_MORE)
            return moved;
        v >>= VARYING_BITS;
    }
    c->failed = true;
    return 0;
}

void codec_write(struct codec *c, uint8_t *out, size_t cap, uint32_t version)
{
    *c = (struct codec){.out = out, .cap = cap, .version = version};
    move(c, version, sizeof version);
}

void codec_read(struct codec *c, const uint8_t *in, size_t len, uint32_t version, uint32_t former)
{
    *c = (struct codec){.in = in, .cap = len};
    if (len < sizeof c->version + CHECKSUM_BYTES) {
        c->failed = true;
        return;
    }
    c->at = len - CHECKSUM_BYTES;
    uint64_t sum = move(c, 0, CHECKSUM_BYTES);
    c->at = 0;
    c->cap = len - CHECKSUM_BYTES;
    c->version = (uint32_t)move(c, 0, sizeof c->version);
    if ((c->version != version && c->version != former) || sum != checksum(in, c->cap))
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
    *v = (uint8_t)bounded(c, move(c, *v, sizeof *v), max);
}

void codec_u16(struct codec *c, uint16_t *v, uint16_t max)
{
    *v = (uint16_t)bounded(c, move_varying(c, *v), max);
}

void codec_u32(struct codec *c, uint32_t *v, uint32_t max)
{
    *v = (uint32_t)bounded(c, move_varying(c, *v), max);
}

void codec_flag(struct codec *c, bool *v)
{
    *v = bounded(c, move(c, *v, 1), 1) != 0;
}

/* The difference has its sign in its lowest bit, so that it is small to either side. */
void codec_time(struct codec *c, uint32_t *t)
{
    uint32_t off = *t - c->time, folded = off << 1 ^ -(off >> 31);
    folded = (uint32_t)bounded(c, move_varying(c, folded), UINT32_MAX);
    *t = c->failed ? 0 : c->time + (folded >> 1 ^ -(folded & 1));
    if (c->time == 0)
        c->time = *t;
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

/* Bits of floats without a sign are in the order of what they stand for, and NaN is above all. */
static uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

void codec_bits24(struct codec *c, struct codec_bits24 *v, size_t n)
{
    const uint32_t most = bits_of(CODEC_FLOAT_MAX) >> CODEC_SHORT_CUT, sign = 1u << (31 - CODEC_SHORT_CUT);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)load(v[i].byte, sizeof v[i].byte), size = bits & ~sign;
        if (c->out && size > most)
            bits = most | (bits & sign);
        bits = (uint32_t)move(c, bits, sizeof v[i].byte);
        if ((bits & ~sign) > most)
            c->failed = true;
        if (c->failed)
            bits = 0;
        v[i] = (struct codec_bits24){{(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16)}};
    }
}

void codec_shorts(struct codec *c, float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct codec_bits24 bits = codec_to_bits24(v[i]);
        codec_bits24(c, &bits, 1);
        v[i] = codec_from_bits24(bits);
    }
}

void codec_half(struct codec *c, uint16_t *v)
{
    *v = (uint16_t)bounded(c, move(c, *v, sizeof *v), bits_of(CODEC_FLOAT_MAX) >> 16);
}

/* A byte says which of them repeat the one before. */
void codec_alike(struct codec *c, float *v, unsigned n)
{
    uint8_t repeats = 0;
    for (unsigned i = 1; i < n; i++)
        repeats |= (uint8_t)((memcmp(&v[i], &v[i - 1], sizeof *v) == 0) << i);
    codec_u8(c, &repeats, UINT8_MAX);
    for (unsigned i = 0; i < n; i++) {
        if (i > 0 && repeats >> i & 1)
            v[i] = v[i - 1];
        else
            codec_numbers(c, &v[i], 1);
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

/* A byte says which of the next eight are not 0. */
void codec_sparse(struct codec *c, uint16_t *v, unsigned n)
{
    for (unsigned i = 0; i < n; i += 8) {
        uint8_t there = 0;
        for (unsigned k = 0; k < 8; k++)
            there |= (uint8_t)((v[i + k] > 0) << k);
        codec_u8(c, &there, UINT8_MAX);
        for (unsigned k = 0; k < 8; k++)
            if (there >> k & 1)
                codec_u16(c, &v[i + k], UINT16_MAX);
    }
}

/* Moves how many of the next `left` integers, 255 at most, are the same; `run` of them are. 0 when that cannot be. */
static unsigned move_run(struct codec *c, unsigned run, unsigned left)
{
    uint8_t moved = (uint8_t)(run < UINT8_MAX ? run : UINT8_MAX);
    codec_u8(c, &moved, UINT8_MAX);
    if (moved == 0 || moved > left)
        c->failed = true;
    return c->failed ? 0 : moved;
}

void codec_runs_u8(struct codec *c, uint8_t *v, unsigned n)
{
    for (unsigned i = 0, run = 1; i < n && !c->failed; i += run, run = 1) {
        while (c->out && i + run < n && v[i + run] == v[i])
            run++;
        run = move_run(c, run, n - i);
        codec_u8(c, &v[i], UINT8_MAX);
        for (unsigned k = 1; k < run; k++)
            v[i + k] = v[i];
    }
}

void codec_runs_u16(struct codec *c, uint16_t *v, unsigned n, uint16_t max)
{
    for (unsigned i = 0, run = 1; i < n && !c->failed; i += run, run = 1) {
        while (c->out && i + run < n && v[i + run] == v[i])
            run++;
        run = move_run(c, run, n - i);
        codec_u16(c, &v[i], max);
        for (unsigned k = 1; k < run; k++)
            v[i + k] = v[i];
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
