/* Strict readers of values with units, as they stand in settings. Each reads
 * the whole text or fails: returns 0, or -1 with `*reason` at a literal that says
 * what is wrong. Pure. */
#ifndef RIDGELINE_UNITS_H
#define RIDGELINE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "90s", "5m", "24h", "14d", "2w", "1y" (365 days, as carbon has it); a sum such as "1h30m" too, the larger unit
 * first. Needs a unit; at most 100 years. */
int units_duration(const char *text, int64_t *seconds, const char **reason);

/* "512B", "64KiB", "256MiB", "2GiB" (also "KB", "MB", "GB": powers of 1000). */
int units_bytes(const char *text, uint64_t *bytes, const char **reason);

/* A finite number and nothing behind it; no hex, no "nan", no "inf". */
int units_number(const char *text, double *number, const char **reason);

#define UNITS_HOST_MAX 256

/* A TCP or UDP end point: "127.0.0.1:2023", "[::1]:2023", "host:2023". Port 0
 * asks the kernel for one. "" means off: `on` is false. */
struct units_address {
    bool on;
    char host[UNITS_HOST_MAX];
    uint16_t port;
};
int units_address(const char *text, struct units_address *address, const char **reason);

/* Retention as carbon writes it, finest first: "10s:24h" or "10s:1h,1m:1d,10m:14d". Each
 * archive's step must divide its span and the next one's step, which its span must reach; steps and spans
 * must grow, and the first archive must keep 360 points. */
#define UNITS_ARCHIVES_MAX 8
#define UNITS_RAW_POINTS_MIN 360 /* what the longest detector window asks of the raw tail */
#define UNITS_ARCHIVE_POINTS_MAX 1000000 /* of one behind the first */
struct units_retention {
    unsigned n;
    struct {
        uint32_t step_s, span_s;
    } archive[UNITS_ARCHIVES_MAX];
};
int units_retention(const char *text, struct units_retention *retention, const char **reason);

/* Whether means of this step would be nothing but the points of a metric with a point each `own_step_s` (0: not known).
 * A tenth, rounded to seconds, is allowed for: points jitter, and a metric around the archive's step stays on one
 * side. */
bool units_is_own_step(uint32_t archive_step_s, uint32_t own_step_s);

/* How far back the raw tail of a metric with a point each `step_s` (0: not known) reaches: over the first archive, over
 * UNITS_RAW_POINTS_MIN points, and over each other archive, save the last one, of which units_is_own_step() is true. */
uint32_t units_raw_span_s(const struct units_retention *retention, uint32_t step_s);

/* Percentiles of timers, as StatsD takes them: "90", "50,90,99.9,-5". From -100 to 100, not 0, each once; a
 * negative one is of the highest values. "" is none. */
#define UNITS_PERCENTILES_MAX 16
struct units_percentiles {
    unsigned n;
    double percent[UNITS_PERCENTILES_MAX];
};
int units_percentiles(const char *text, struct units_percentiles *percentiles, const char **reason);

/* So many in so long: "20/day", "2/hour", "100/week"; 1 to 1,000,000. "none" means no limit: `on` is false. */
struct units_budget {
    bool on;
    uint32_t count;
    uint32_t per_s;
};
int units_budget(const char *text, struct units_budget *budget, const char **reason);

/* One of so many parts: "2/5"; `number` is 1 to `of`. */
#define UNITS_SHARDS_MAX 64
struct units_shard {
    unsigned number, of;
};
int units_shard(const char *text, struct units_shard *shard, const char **reason);

/* The texts that the readers above read back to the same value, cut where `out_bytes`
 * is too short. A duration or size stands in the largest unit that divides it:
 * "2h", "90s", "36h"; "64KiB", "1500B". Each returns `out`. */
#define UNITS_TEXT_MAX 32            /* room for any duration, size, budget or shard */
#define UNITS_ADDRESS_TEXT_MAX (UNITS_HOST_MAX + 9)
#define UNITS_RETENTION_TEXT_MAX (UNITS_ARCHIVES_MAX * 2 * UNITS_TEXT_MAX)
#define UNITS_PERCENTILES_TEXT_MAX (UNITS_PERCENTILES_MAX * UNITS_TEXT_MAX)
char *units_duration_text(char *out, size_t out_bytes, int64_t seconds);
char *units_bytes_text(char *out, size_t out_bytes, uint64_t bytes);
char *units_address_text(char *out, size_t out_bytes, const struct units_address *address);
char *units_budget_text(char *out, size_t out_bytes, const struct units_budget *budget);
char *units_shard_text(char *out, size_t out_bytes, const struct units_shard *shard);
char *units_retention_text(char *out, size_t out_bytes, const struct units_retention *retention);
char *units_percentiles_text(char *out, size_t out_bytes, const struct units_percentiles *percentiles);

#endif
