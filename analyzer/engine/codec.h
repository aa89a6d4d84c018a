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

/* Largest magnitude in a packed state. A float's square, and a double's, still fit a double. */
#define CODEC_FLOAT_MAX 1e36f
#define CODEC_DOUBLE_MAX 1e72

struct codec {
    uint8_t *out;      /* NULL when reading */
    const uint8_t *in; /* NULL when writing */
    size_t at, cap;
    bool failed;
};

/* Starts writing into the `cap` bytes at `out`. Running out of them is a programmer error. */
void codec_write(struct codec *c, uint8_t *out, size_t cap, uint32_t version);

/* Starts reading `len` bytes; fails unless version and checksum are right. */
void codec_read(struct codec *c, const uint8_t *in, size_t len, uint32_t version);

/* Writes the checksum, or checks that all bytes were read. Returns the packed
 * length, or 0 when the codec failed. */
size_t codec_end(struct codec *c);

/* Integers from 0 to `max`. */
void codec_u8(struct codec *c, uint8_t *v, uint8_t max);
void codec_u16(struct codec *c, uint16_t *v, uint16_t max);
void codec_u32(struct codec *c, uint32_t *v, uint32_t max);
void codec_flag(struct codec *c, bool *v);

/* Numbers within the limits above; `size` for those that are never negative. What lies beyond, where bytes that were
 * never packed led a state, is written at the limit: a record that was once accepted can always be packed. */
void codec_number(struct codec *c, double *v);
void codec_size(struct codec *c, double *v);
void codec_sizes(struct codec *c, float *v, size_t n);
void codec_numbers(struct codec *c, float *v, size_t n);

/* Numbers in 24 bits: `v` must come from codec_short(), which rounds to 4 decimals. */
float codec_short(double v);
void codec_shorts(struct codec *c, float *v, size_t n);

/* Sizes of which the last ones are usually zero: those are not packed. */
void codec_leading_sizes(struct codec *c, float *v, uint8_t n);

/* `n` numbers from 0 to 255 of which neighbours are often equal: each run of equal ones takes two bytes. */
void codec_runs(struct codec *c, uint8_t *v, unsigned n);

/* Any finite number. */
void codec_finite(struct codec *c, double *v);

#endif
