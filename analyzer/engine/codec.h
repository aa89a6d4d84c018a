/* One description of a state serves packing and unpacking: each codec_* call
 * writes a field, or reads and checks it, as the codec was started.
 *
 *   version, body, checksum of both       (all little-endian)
 *
 * A field that fails its check makes the codec fail for good; the field is then
 * left at zero and the remaining calls do nothing. */
#ifndef RIDGELINE_ENGINE_CODEC_H
#define RIDGELINE_ENGINE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Largest magnitude in a packed state. A float's square, and a double's, still fit a double. */
#define CODEC_FLOAT_MAX 1e36f
#define CODEC_DOUBLE_MAX 1e72

struct codec {
    uint8_t *out;      /* NULL when reading */
    const uint8_t *in; /* NULL when writing */
    size_t at, cap;
    uint32_t version;  /* of what is written or read */
    uint32_t time; /* the first one that was moved; 0: none yet */
    bool failed;
};

/* Starts writing into the `cap` bytes at `out`. Running out of them is a programmer error. */
void codec_write(struct codec *c, uint8_t *out, size_t cap, uint32_t version);

/* Starts reading `len` bytes; fails unless the checksum is right, and the version is `version` or `former`. */
void codec_read(struct codec *c, const uint8_t *in, size_t len, uint32_t version, uint32_t former);

/* Writes the checksum, or checks that all bytes were read. Returns the packed
 * length, or 0 when the codec failed. */
size_t codec_end(struct codec *c);

/* Integers from 0 to `max`; those of more than a byte take one for each seven of their bits. */
void codec_u8(struct codec *c, uint8_t *v, uint8_t max);
void codec_u16(struct codec *c, uint16_t *v, uint16_t max);
void codec_u32(struct codec *c, uint32_t *v, uint32_t max);
void codec_flag(struct codec *c, bool *v);

/* A time, in few bytes where it is near the first one that was moved. */
void codec_time(struct codec *c, uint32_t *t);

/* Numbers within the limits above; `size` for those that are never negative. What lies beyond, where bytes that were
 * never packed led a state, is written at the limit: a record that was once accepted can always be packed. */
void codec_number(struct codec *c, double *v);
void codec_size(struct codec *c, double *v);
void codec_sizes(struct codec *c, float *v, size_t n);
void codec_numbers(struct codec *c, float *v, size_t n);

/* Numbers in 24 bits: `v` must come from codec_short(), which rounds to 4 decimals. */
#define CODEC_SHORT_CUT 8 /* bits of a float that are cut off */
static inline float codec_short(double v)
{
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits = (bits + (1u << (CODEC_SHORT_CUT - 1))) & ~((1u << CODEC_SHORT_CUT) - 1);
    memcpy(&f, &bits, sizeof f);
    return f;
}
void codec_shorts(struct codec *c, float *v, size_t n);

/* The same in memory: three bytes instead of four. */
struct codec_bits24 {
    uint8_t byte[3]; /* the upper ones of a float, the lowest first */
};

static inline struct codec_bits24 codec_to_bits24(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (struct codec_bits24){{(uint8_t)(bits >> 8), (uint8_t)(bits >> 16), (uint8_t)(bits >> 24)}};
}

static inline float codec_from_bits24(struct codec_bits24 r)
{
    uint32_t bits = (uint32_t)r.byte[0] << 8 | (uint32_t)r.byte[1] << 16 | (uint32_t)r.byte[2] << 24;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

void codec_bits24(struct codec *c, struct codec_bits24 *v, size_t n);

/* The upper half of a float that is no larger than CODEC_FLOAT_MAX and not negative. */
void codec_half(struct codec *c, uint16_t *v);

/* Up to 8 numbers of which neighbours are often equal. */
void codec_alike(struct codec *c, float *v, unsigned n);

/* Sizes of which the last ones are usually zero: those are not packed. */
void codec_leading_sizes(struct codec *c, float *v, uint8_t n);

/* `n` integers, a multiple of 8, of which many are 0. */
void codec_sparse(struct codec *c, uint16_t *v, unsigned n);

/* `n` integers of which neighbours are often equal: each run of equal ones takes a byte and one of them. */
void codec_runs_u8(struct codec *c, uint8_t *v, unsigned n);
void codec_runs_u16(struct codec *c, uint16_t *v, unsigned n, uint16_t max);

/* Any finite number. */
void codec_finite(struct codec *c, double *v);

#endif
