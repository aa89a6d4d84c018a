/* Saved worker records: hash ridgeline:record:<name>.
 *
 *   now            as of the last save
 *   past0, past1   as of the last two boundaries of `retention` ((t + phase) / span, odd
 *                  and even): one of them is always older than the raw tail, so any
 *                  moment in the tail can be replayed from a record before it, until the boundary
 *                  after the next: what is usual at times of the day and the week beyond that
 *                  is left out. Each metric has a phase of its own, or all would be saved at the same moment
 *   place          where in the raw tail the worker stood when it saved `now` (analyzer/tail.h)
 *
 * Each field but `place` is one packed engine record and its episode, with version, checksum, and the last time that it
 * is for. */
#ifndef RIDGELINE_RECORDS_H
#define RIDGELINE_RECORDS_H

#include "ridgeline/engine.h"
#include "ridgeline/episode.h"
#include "ridgeline/store.h"

/* Most bytes that one field takes. */
size_t records_packed_max(void);

/* The times that a past record is for: of the point before which it was kept, until its field is saved again. */
struct records_span {
    uint32_t from, until;
};

/* Packs and unpacks one field. Pure. records_unpack returns 0, or -1 with both as after
 * their init functions. */
size_t records_pack(const struct engine_record *r, const struct episode *i, uint8_t *out);
size_t records_pack_past(const struct engine_record *r, const struct episode *i, const struct records_span *span,
                         uint8_t *out);
int records_unpack(struct engine_record *r, struct episode *i, const uint8_t *bytes, size_t len);

/* The last time that a field which records_unpack() took is for: of a past record its span's. */
uint32_t records_until(const uint8_t *bytes);

enum records_field { RECORDS_NOW, RECORDS_PAST0, RECORDS_PAST1 };

/* The phase of a metric's boundaries, 0 .. span_s - 1; and the field that a boundary between the last judged time (0:
 * none) and a point at `t` asks to be saved before the point is judged: RECORDS_NOW when there is none. Pure. */
uint32_t records_phase_s(const char *name, size_t len, uint32_t span_s);
enum records_field records_past(uint32_t phase_s, uint32_t span_s, uint32_t last_t, uint32_t t);

/* The times of the past record that is kept before a point at `t`. Pure. */
struct records_span records_span(uint32_t span_s, uint32_t t);

/* How long all of a metric's are kept after a save: two spans, and long enough that who stops Ridgeline over a day
 * finds all that it knew. Pure. */
int64_t records_expire_s(uint32_t span_s);

/* Loads the field `now`. Returns 0, 1 when there is none (or no usable one; `*rejected`, may
 * be NULL, says so), -1 when Redis did not answer. */
int records_load(struct store *s, const char *name, size_t len, struct engine_record *r, struct episode *i,
                 bool *rejected);

/* Loads the newest saved record whose last judged time is before `t`, and which is for all times up to `until`: a past
 * one is not where retention has grown since, or after a long silence. Returns as records_load does; 1 leaves `*r` and
 * `*i` initialised, ready for a replay from the first point. */
int records_load_before(struct store *s, const char *name, size_t len, uint32_t t, uint32_t until,
                        struct engine_record *r, struct episode *i);

#define RECORDS_PLACE_MAX 64

/* What the worker keeps of a metric, for pipelined loads and saves. */
struct records_saved {
    struct engine_record *record;
    struct episode *episode;
    struct records_span span; /* of a past record; a load leaves it alone */
    uint8_t place[RECORDS_PLACE_MAX];
    size_t place_bytes; /* 0: none */
};

/* Appends the load of `now` and `place`. Returns 0 or -1. */
int records_ask(struct store *s, const char *name, size_t len);

/* Takes the reply to one records_ask. Returns as records_load does; `rejected` may not be NULL. */
int records_answer(struct store *s, struct records_saved *saved, bool *rejected);

/* Appends the save of `saved` under `field` (`place` goes with RECORDS_NOW only), to expire after
 * `expire_s`. Returns 0 or -1. */
int records_save(struct store *s, const char *name, size_t len, enum records_field field,
                 const struct records_saved *saved, int64_t expire_s);

/* Takes the replies to one records_save. Returns 0 when Redis has acknowledged it, 1 when it refused, -1 when
 * it did not answer. */
int records_confirm(struct store *s);

#endif
