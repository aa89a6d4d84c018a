/* Nothing that the file says of itself is believed before it fits the bytes that are there: archives may
 * neither overlap nor leave the file, so there are never more points than bytes. */
#include "cli/whisper.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define HEADER_BYTES 16
#define ARCHIVE_BYTES 12
#define SLOT_BYTES 12

struct archive {
    const uint8_t *slots;
    uint32_t step_s, points;
};

static uint32_t get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static double get_double(const uint8_t *in)
{
    uint64_t bits = (uint64_t)get_u32(in) << 32 | get_u32(in + 4);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Where the archives' slots begin; 0 when there is no such header. */
static size_t header_bytes(const uint8_t *bytes, size_t len)
{
    if (len < HEADER_BYTES)
        return 0;
    uint32_t archives = get_u32(bytes + HEADER_BYTES - 4);
    if (archives == 0 || archives > (len - HEADER_BYTES) / ARCHIVE_BYTES)
        return 0;
    return HEADER_BYTES + (size_t)archives * ARCHIVE_BYTES;
}

/* Reads the entry at `info`. `*end` is where the slots before it end, and then where its own do. */
static const char *read_archive(const uint8_t *bytes, size_t len, const uint8_t *info, uint32_t finer_s, size_t *end,
                                struct archive *a)
{
    uint32_t offset = get_u32(info);
    *a = (struct archive){.step_s = get_u32(info + 4), .points = get_u32(info + 8)};
    if (a->step_s <= finer_s || a->points == 0)
        return "not a whisper file: its archives do not grow coarser";
    if (offset < *end || offset > len || a->points > (len - offset) / SLOT_BYTES)
        return "not a whisper file, or cut off: its archives do not fit into it";
    a->slots = bytes + offset;
    *end = offset + (size_t)a->points * SLOT_BYTES;
    return NULL;
}

static bool read_slot(const struct archive *a, uint32_t i, uint32_t until, struct point *p)
{
    const uint8_t *slot = a->slots + (size_t)i * SLOT_BYTES;
    *p = (struct point){.t = get_u32(slot), .v = get_double(slot + 4)};
    return p->t != 0 && p->t % a->step_s == 0 && p->t <= until && isfinite(p->v);
}

/* The oldest time that the present lap can hold. */
static uint32_t lap_begin(const struct archive *a, uint32_t until)
{
    struct point p;
    uint32_t newest = 0;
    for (uint32_t i = 0; i < a->points; i++)
        if (read_slot(a, i, until, &p) && p.t > newest)
            newest = p.t;
    uint64_t lap_s = (uint64_t)a->step_s * (a->points - 1);
    return newest > lap_s ? (uint32_t)(newest - lap_s) : 1;
}

/* Takes the slots that end at or before `*before`, and moves it to the first of them. */
static int take_archive(const struct archive *a, uint32_t until, uint64_t *before, struct series *out)
{
    uint32_t begin = lap_begin(a, until);
    uint64_t first = *before;
    struct point p;
    for (uint32_t i = 0; i < a->points; i++) {
        if (!read_slot(a, i, until, &p) || p.t < begin || (uint64_t)p.t + a->step_s > *before)
            continue;
        if (series_push(out, p) != 0)
            return -1;
        if (p.t < first)
            first = p.t;
    }
    *before = first;
    return 0;
}

static const char *take_all(const uint8_t *bytes, size_t len, uint32_t until, struct series *out)
{
    size_t end = header_bytes(bytes, len);
    if (end == 0)
        return "not a whisper file: no header stands at its beginning";
    const uint8_t *infos_end = bytes + end;
    uint64_t before = UINT64_MAX;
    struct archive a = {0};
    for (const uint8_t *info = bytes + HEADER_BYTES; info < infos_end; info += ARCHIVE_BYTES) {
        const char *wrong = read_archive(bytes, len, info, a.step_s, &end, &a);
        if (wrong)
            return wrong;
        if (take_archive(&a, until, &before, out) != 0)
            return "out of memory";
    }
    return NULL;
}

int whisper_read(const uint8_t *bytes, size_t len, uint32_t until, struct series *out, const char **reason)
{
    *reason = take_all(bytes, len, until, out);
    if (*reason)
        out->n = 0;
    series_sort_first_wins(out);
    return *reason ? -1 : 0;
}
