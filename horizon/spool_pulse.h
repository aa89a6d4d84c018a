/* Whether the spool's disk answers at all. Horizon writes to it on the thread that reads from all senders, and a disk
 * that hangs would stop them: a write into the page cache returns at once until the kernel has too much of it waiting,
 * and a file is begun at once until the journal must be written. A pulse, a byte synced on a thread of its own, hangs
 * sooner. */
#ifndef RIDGELINE_HORIZON_SPOOL_PULSE_H
#define RIDGELINE_HORIZON_SPOOL_PULSE_H

#include <stdbool.h>
#include <stdint.h>

/* A disk that is only busy answers by then. At 100,000 points/s on ext4 horizon itself was held up soon after: 5000 was
 * too late. */
#define SPOOL_PULSE_LATE_MS 2000

struct spool_pulse;

/* Of this directory. Returns NULL when memory is out. */
struct spool_pulse *spool_pulse_new(const char *dir);

/* NULL-safe. One that is under way is left to itself. */
void spool_pulse_free(struct spool_pulse *p);

/* Begins one, unless the last is under way. Any answer will do, an error, too: who reads and writes tells those. */
void spool_pulse_beat(struct spool_pulse *p, int64_t now_mono_ms);

/* Whether one has been under way for too long. */
bool spool_pulse_is_late(const struct spool_pulse *p, int64_t now_mono_ms);

#endif
