/* One field of a saved record, as bytes:
 *
 *   'R', version, number of detectors, of Skyline's algorithms, checksum of what follows up to the engine record (u32),
 *   last time that it is for (u32), episode, engine record (with a checksum of its own)
 *
 * Numbers are little-endian. One walk over the episode serves both packing and
 * unpacking, so the two cannot come apart. Reading checks every enumerator. */
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/records.h"

#define VERSION 7
#define HEADER_BYTES 8
#define UNTIL_BYTES 4
#define FINDING_BYTES (4 * 8 + 4 + 2)
#define VERDICT_BYTES \
    (4 + 8 + 1 + 7 * 8 + 1 + 1 + 1 + 4 + 1 + 8 + 4 + 8 + 1 + ENGINE_FINDINGS_MAX * FINDING_BYTES)
#define EPISODE_HEAD_BYTES (2 + 4 * 4 + 8)
#define EXPIRE_SPAN_LEAST_S 86400
#define EPISODE_BYTES_MAX (EPISODE_HEAD_BYTES + 2 * VERDICT_BYTES)

/* Where a walk stands: exactly one of `out` and `in` is set. `bad` stays set once a value read was impossible. */
struct walk {
    uint8_t *out;
    const uint8_t *in;
    bool bad;
};

static void walk_bits(struct walk *w, uint64_t *bits, unsigned bytes)
{
    if (w->out) {
        for (unsigned i = 0; i < bytes; i++)
            *w->out++ = (uint8_t)(*bits >> (8 * i));
        return;
    }
    *bits = 0;
    for (unsigned i = 0; i < bytes; i++)
        *bits |= (uint64_t)*w->in++ << (8 * i);
}

static void walk_u32(struct walk *w, uint32_t *x)
{
    uint64_t bits = *x;
    walk_bits(w, &bits, 4);
    *x = (uint32_t)bits;
}

static void walk_double(struct walk *w, double *x)
{
    uint64_t bits;
    memcpy(&bits, x, sizeof bits);
    walk_bits(w, &bits, 8);
    memcpy(x, &bits, sizeof bits);
}

/* One byte that is at most `max`. Returns the value read, or `x` when packing. */
static unsigned walk_small(struct walk *w, unsigned x, unsigned max)
{
    uint64_t bits = x;
    walk_bits(w, &bits, 1);
    if (bits > max) {
        w->bad = true;
        return 0;
    }
    return (unsigned)bits;
}

static void walk_finding(struct walk *w, struct engine_finding *f)
{
    walk_double(w, &f->statistic);
    walk_double(w, &f->threshold);
    walk_double(w, &f->seen);
    walk_double(w, &f->expected);
    walk_u32(w, &f->step_s);
    f->vote = (enum engine_vote)walk_small(w, f->vote, ENGINE_ABSTAINS);
    f->reason = (enum engine_reason)walk_small(w, f->reason, ENGINE_REASONS - 1);
}

static void walk_verdict(struct walk *w, struct verdict *v)
{
    walk_u32(w, &v->t);
    walk_double(w, &v->value);
    v->state = (enum engine_state)walk_small(w, v->state, ENGINE_STATES - 1);
    walk_double(w, &v->score);
    walk_double(w, &v->strength);
    walk_double(w, &v->rarity);
    walk_double(w, &v->surprise);
    walk_double(w, &v->expected);
    walk_double(w, &v->lower);
    walk_double(w, &v->upper);
    v->direction = (int)walk_small(w, (unsigned)(v->direction + 1), 2) - 1;
    v->votes = walk_small(w, v->votes, ENGINE_FINDINGS_MAX);
    v->judges = walk_small(w, v->judges, ENGINE_FINDINGS_MAX);
    walk_u32(w, &v->warmup_left_s);
    v->season = (enum engine_season)walk_small(w, v->season, ENGINE_SEASON_WEEK);
    walk_double(w, &v->rate);
    walk_u32(w, &v->since);
    walk_double(w, &v->longest_s);
    v->ensemble = (enum engine_ensemble)walk_small(w, v->ensemble, ENGINE_ENSEMBLE_SKYLINE);
    for (size_t i = 0; i < ENGINE_FINDINGS_MAX; i++)
        walk_finding(w, &v->finding[i]);
}

static void walk_episode(struct walk *w, struct episode *i)
{
    i->open = walk_small(w, i->open, 1) != 0;
    i->pending = walk_small(w, i->pending, 1) != 0;
    walk_u32(w, &i->start);
    walk_u32(w, &i->first_hot);
    walk_u32(w, &i->last_hot);
    walk_u32(w, &i->odd_since);
    walk_double(w, &i->score);
    if (i->open || i->pending) {
        walk_verdict(w, &i->opened);
        walk_verdict(w, &i->peak);
    }
    w->bad = w->bad || i->last_hot < i->start || (i->open && i->pending);
}

/* How long the episode is that begins with `open` and `pending`: without either its verdicts are left out. */
static size_t episode_bytes(const uint8_t *episode)
{
    return episode[0] || episode[1] ? EPISODE_BYTES_MAX : EPISODE_HEAD_BYTES;
}

/* Of the last time and the episode behind it. */
static uint32_t checksum(const uint8_t *until)
{
    return (uint32_t)keys_hash((const char *)until, UNTIL_BYTES + episode_bytes(until + UNTIL_BYTES));
}

size_t records_packed_max(void)
{
    return HEADER_BYTES + UNTIL_BYTES + EPISODE_BYTES_MAX + engine_packed_max();
}

static void put_header(uint8_t out[HEADER_BYTES], uint32_t sum)
{
    const uint8_t fixed[] = {'R', VERSION, DETECTOR_COUNT, SKYLINE_COUNT};
    struct walk w = {.out = out + sizeof fixed};
    memcpy(out, fixed, sizeof fixed);
    walk_u32(&w, &sum);
}

/* Packs what stands before the engine record. Returns its bytes. */
static size_t pack_episode(const struct episode *i, uint32_t until, uint8_t *out)
{
    struct episode copy = *i;
    struct walk w = {.out = out + HEADER_BYTES};
    walk_u32(&w, &until);
    walk_episode(&w, &copy);
    put_header(out, checksum(out + HEADER_BYTES));
    return (size_t)(w.out - out);
}

size_t records_pack(const struct engine_record *r, const struct episode *i, uint8_t *out)
{
    size_t at = pack_episode(i, UINT32_MAX, out);
    return at + engine_pack(r, out + at);
}

size_t records_pack_past(const struct engine_record *r, const struct episode *i, const struct records_span *span,
                         uint8_t *out)
{
    size_t at = pack_episode(i, span->until, out);
    return at + engine_pack_times(r, span->from, span->until, out + at);
}

int records_unpack(struct engine_record *r, struct episode *i, const uint8_t *bytes, size_t len)
{
    uint8_t header[HEADER_BYTES];
    const size_t before = HEADER_BYTES + UNTIL_BYTES;
    if (len < before + EPISODE_HEAD_BYTES || len - before < episode_bytes(bytes + before))
        goto reject;
    put_header(header, checksum(bytes + HEADER_BYTES));
    if (memcmp(header, bytes, HEADER_BYTES) != 0)
        goto reject;
    struct walk w = {.in = bytes + before};
    *i = (struct episode){0};
    walk_episode(&w, i);
    if (w.bad || engine_unpack(r, w.in, len - (size_t)(w.in - bytes)) != 0)
        goto reject;
    return 0;
reject:
    episode_init(i);
    engine_init(r);
    return -1;
}

uint32_t records_until(const uint8_t *bytes)
{
    struct walk w = {.in = bytes + HEADER_BYTES};
    uint32_t until = 0;
    walk_u32(&w, &until);
    return until;
}

uint32_t records_phase_s(const char *name, size_t len, uint32_t span_s)
{
    return (uint32_t)(keys_hash(name, len) / KEYS_SLOTS % span_s);
}

enum records_field records_past(uint32_t phase_s, uint32_t span_s, uint32_t last_t, uint32_t t)
{
    uint64_t before = ((uint64_t)last_t + phase_s) / span_s, now = ((uint64_t)t + phase_s) / span_s;
    if (last_t == 0 || now <= before)
        return RECORDS_NOW;
    return now % 2 ? RECORDS_PAST1 : RECORDS_PAST0;
}

int64_t records_expire_s(uint32_t span_s)
{
    return 2 * (int64_t)(span_s > EXPIRE_SPAN_LEAST_S ? span_s : EXPIRE_SPAN_LEAST_S);
}

struct records_span records_span(uint32_t span_s, uint32_t t)
{
    uint64_t until = (uint64_t)t + 2 * (uint64_t)span_s;
    return (struct records_span){t, until < UINT32_MAX ? (uint32_t)until : UINT32_MAX};
}
