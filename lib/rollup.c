/* The map's structure is written by one function, write_structure(), which leaves the rings
 * alone. Reading is writing: the numbers are taken from their places, the structure that they
 * call for is written over a copy, and what then differs from what was read is not ours.
 *
 * Times are int64_t wherever they are added to, so that none wraps. */
#include "ridgeline/rollup.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rollup_internal.h"

#define VERSION 1
#define STEP_AT 10
#define RAW_AT 19
#define FOLDED_AT (ROLLUP_HEAD_BYTES - 4)
#define ARCHIVES_AT 50 /* of the array's header: its low half byte is their number */
#define ARCHIVE_BYTES 12
#define RING_HEADER_BYTES 5
#define SPAN_MAX_S (100ll * 365 * 86400)

/* msgpack's first bytes. */
enum { MAP_OF_6 = 0x86, ARRAY = 0x90, FIXSTR = 0xa0, BIN_32 = 0xc6, UINT_32 = 0xce, ARRAY_16 = 0xdc };

static uint8_t *put_u32(uint8_t *out, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        *out++ = (uint8_t)(x >> (24 - 8 * i));
    return out;
}

static uint32_t get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static uint8_t *put_text(uint8_t *out, const char *text)
{
    size_t len = strlen(text);
    *out++ = (uint8_t)(FIXSTR | len);
    memcpy(out, text, len);
    return out + len;
}

static uint8_t *put_number(uint8_t *out, uint32_t x)
{
    *out = UINT_32;
    return put_u32(out + 1, x);
}

static uint8_t *write_rings(struct rollup *r, uint8_t *out)
{
    unsigned rings = 0;
    for (unsigned k = 0; k < r->n; k++)
        rings += r->archive[k].aggregates;
    out = put_text(out, "rings");
    *out++ = ARRAY_16;
    *out++ = 0;
    *out++ = (uint8_t)rings;
    for (unsigned k = 0; k < r->n; k++) {
        struct rollup_archive *a = &r->archive[k];
        a->at = (size_t)(out - r->bytes) + RING_HEADER_BYTES;
        for (unsigned i = 0; i < a->aggregates; i++) {
            *out = BIN_32;
            out = put_u32(out + 1, a->slots * ROLLUP_SLOT_BYTES) + (size_t)a->slots * ROLLUP_SLOT_BYTES;
        }
    }
    return out;
}

/* Writes all of r->bytes but the slots, and notes where these are. */
static void write_structure(struct rollup *r)
{
    uint8_t *out = r->bytes;
    *out++ = MAP_OF_6;
    out = put_text(out, "v");
    *out++ = VERSION;
    out = put_number(put_text(out, "step"), r->step_s);
    out = put_number(put_text(out, "raw"), r->raw_s);
    out = put_number(put_text(out, "folded_until"), r->folded_until);
    assert(out == r->bytes + ROLLUP_HEAD_BYTES);
    out = put_text(out, "archives");
    assert(out == r->bytes + ARCHIVES_AT);
    *out++ = (uint8_t)(ARRAY | r->n);
    for (unsigned k = 0; k < r->n; k++) {
        *out++ = ARRAY | 3;
        out = put_number(out, r->archive[k].step_s);
        out = put_number(out, r->archive[k].slots);
        *out++ = (uint8_t)r->archive[k].aggregates;
    }
    out = write_rings(r, out);
    assert(out == r->bytes + r->len);
}

static size_t bytes_of(const struct rollup *r)
{
    const size_t rings_header = 1 + strlen("rings") + 3;
    size_t bytes = ARCHIVES_AT + 1 + r->n * ARCHIVE_BYTES + rings_header;
    for (unsigned k = 0; k < r->n; k++)
        bytes += r->archive[k].aggregates * (RING_HEADER_BYTES + (size_t)r->archive[k].slots * ROLLUP_SLOT_BYTES);
    return bytes;
}

int64_t rollup_span_s(const struct rollup_archive *a)
{
    return (int64_t)a->step_s * a->slots;
}

bool rollup_is_from_raw(const struct rollup *r, unsigned k)
{
    return k == 0 || r->archive[k].step_s <= r->raw_s;
}

/* The coarsest step among the archives that are computed from raw points. */
static uint32_t align_s(const struct rollup *r)
{
    unsigned k = r->n - 1;
    while (!rollup_is_from_raw(r, k))
        k--;
    return r->archive[k].step_s;
}

int64_t rollup_end(const struct rollup *r, unsigned k)
{
    return rollup_down(r->folded_until, r->archive[k].step_s);
}

int64_t rollup_begin(const struct rollup *r, unsigned k)
{
    int64_t begin = rollup_end(r, k) - rollup_span_s(&r->archive[k]);
    return begin > 0 ? begin : 0;
}

void rollup_set_folded_until(struct rollup *r, int64_t t)
{
    r->folded_until = (uint32_t)t;
    put_u32(r->bytes + FOLDED_AT, r->folded_until);
}

uint8_t *rollup_place(const struct rollup *r, unsigned k, unsigned ring, int64_t t)
{
    const struct rollup_archive *a = &r->archive[k];
    size_t from_ring_to_ring = (size_t)a->slots * ROLLUP_SLOT_BYTES + RING_HEADER_BYTES;
    return r->bytes + a->at + ring * from_ring_to_ring + (size_t)(t / a->step_s % a->slots) * ROLLUP_SLOT_BYTES;
}

static void put_float(uint8_t *out, double value)
{
    float kept = isnan(value) ? NAN : (float)fmax(-FLT_MAX, fmin(FLT_MAX, value));
    uint32_t bits;
    memcpy(&bits, &kept, sizeof bits);
    for (unsigned i = 0; i < ROLLUP_SLOT_BYTES; i++)
        out[i] = (uint8_t)(bits >> 8 * i);
}

static double get_float(const uint8_t *in)
{
    uint32_t bits = 0;
    float kept;
    for (unsigned i = 0; i < ROLLUP_SLOT_BYTES; i++)
        bits |= (uint32_t)in[i] << 8 * i;
    memcpy(&kept, &bits, sizeof kept);
    return isfinite(kept) ? (double)kept : NAN;
}

void rollup_put(struct rollup *r, unsigned k, int64_t t, double low, double mean, double high)
{
    if (r->archive[k].aggregates == 1) {
        put_float(rollup_place(r, k, 0, t), mean);
        return;
    }
    put_float(rollup_place(r, k, ROLLUP_MINIMUM, t), low);
    put_float(rollup_place(r, k, ROLLUP_MEAN, t), mean);
    put_float(rollup_place(r, k, ROLLUP_MAXIMUM, t), high);
}

bool rollup_get(const struct rollup *r, unsigned k, int64_t t, struct rollup_point *p)
{
    *p = (struct rollup_point){.t = (uint32_t)t, .step_s = r->archive[k].step_s, .low = NAN, .high = NAN};
    if (r->archive[k].aggregates == 1) {
        p->mean = get_float(rollup_place(r, k, 0, t));
    } else {
        p->low = get_float(rollup_place(r, k, ROLLUP_MINIMUM, t));
        p->mean = get_float(rollup_place(r, k, ROLLUP_MEAN, t));
        p->high = get_float(rollup_place(r, k, ROLLUP_MAXIMUM, t));
    }
    return !isnan(p->mean);
}

/* The archives of the retention that a metric of this step gets. The finest that the retention names keeps the mean
 * alone, whether it is left out or not. */
static void choose_archives(struct rollup *r, const struct units_retention *retention, uint32_t own_step_s)
{
    r->step_s = own_step_s;
    r->raw_s = retention->archive[0].span_s;
    r->n = 0;
    for (unsigned i = 1; i < retention->n; i++) {
        uint32_t step_s = retention->archive[i].step_s;
        if (units_is_own_step(step_s, own_step_s) && i + 1 < retention->n)
            continue;
        r->archive[r->n++] = (struct rollup_archive){.step_s = step_s,
                                                     .slots = retention->archive[i].span_s / step_s,
                                                     .aggregates = i == 1 ? 1 : ROLLUP_RINGS_MAX};
    }
    r->align_s = align_s(r);
}

int rollup_init(struct rollup *r, const struct units_retention *retention, uint32_t own_step_s, uint32_t first_t)
{
    *r = (struct rollup){0};
    choose_archives(r, retention, own_step_s);
    r->folded_until = (uint32_t)rollup_down(first_t, r->align_s);
    r->len = bytes_of(r);
    r->bytes = malloc(r->len);
    if (!r->bytes)
        return -1;
    write_structure(r);
    for (unsigned k = 0; k < r->n; k++)
        for (int64_t slot = 0; slot < r->archive[k].slots; slot++)
            rollup_put(r, k, slot * r->archive[k].step_s, NAN, NAN, NAN);
    return 0;
}

/* Takes archive `k` from its place. Returns whether it can be one. */
static bool read_archive(struct rollup *r, unsigned k, const uint8_t *in)
{
    struct rollup_archive *a = &r->archive[k];
    *a = (struct rollup_archive){.step_s = get_u32(in + 2), .slots = get_u32(in + 7), .aggregates = in[11]};
    if (a->step_s < 1 || a->slots < 1 || a->slots > UNITS_ARCHIVE_POINTS_MAX || rollup_span_s(a) > SPAN_MAX_S ||
        (a->aggregates != 1 && a->aggregates != ROLLUP_RINGS_MAX))
        return false;
    return k == 0 ||
           (a->step_s > a[-1].step_s && a->step_s % a[-1].step_s == 0 && a->step_s <= rollup_span_s(a - 1));
}

/* Takes the numbers from their places. Returns whether they can be a rollup's. */
static bool read_numbers(struct rollup *r, const uint8_t *bytes, size_t len)
{
    if (len <= ARCHIVES_AT || (bytes[ARCHIVES_AT] & 0xf0) != ARRAY)
        return false;
    r->n = bytes[ARCHIVES_AT] & 0x0f;
    if (r->n < 1 || r->n > ROLLUP_ARCHIVES_MAX || len <= ARCHIVES_AT + 1 + r->n * ARCHIVE_BYTES)
        return false;
    r->step_s = get_u32(bytes + STEP_AT);
    r->raw_s = get_u32(bytes + RAW_AT);
    r->folded_until = get_u32(bytes + FOLDED_AT);
    for (unsigned k = 0; k < r->n; k++)
        if (!read_archive(r, k, bytes + ARCHIVES_AT + 1 + k * ARCHIVE_BYTES))
            return false;
    r->align_s = align_s(r);
    return r->folded_until % r->align_s == 0 && bytes_of(r) == len;
}

int rollup_load(struct rollup *r, const uint8_t *bytes, size_t len)
{
    *r = (struct rollup){0};
    if (!read_numbers(r, bytes, len))
        return 1;
    r->len = len;
    r->bytes = malloc(len);
    if (!r->bytes)
        return -1;
    memcpy(r->bytes, bytes, len);
    write_structure(r);
    return memcmp(r->bytes, bytes, len) == 0 ? 0 : 1;
}

void rollup_fini(struct rollup *r)
{
    free(r->bytes);
    *r = (struct rollup){0};
}

bool rollup_fits(const struct rollup *r, const struct units_retention *retention, uint32_t own_step_s)
{
    struct rollup wanted = {0};
    choose_archives(&wanted, retention, own_step_s > 0 && own_step_s < r->step_s ? own_step_s : r->step_s);
    if (wanted.n != r->n || wanted.raw_s != r->raw_s)
        return false;
    for (unsigned k = 0; k < r->n; k++) {
        const struct rollup_archive *a = &r->archive[k], *b = &wanted.archive[k];
        if (a->step_s != b->step_s || a->slots != b->slots || a->aggregates != b->aggregates)
            return false;
    }
    return true;
}

uint32_t rollup_align_s(const struct units_retention *retention)
{
    struct rollup all = {0};
    if (retention->n < 2)
        return 1;
    choose_archives(&all, retention, 0);
    return all.align_s;
}
