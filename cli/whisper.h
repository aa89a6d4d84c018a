/* Whisper files, carbon's database of one metric: bytes in, points out. Pure.
 *
 *   header    aggregation u32, longest retention u32, x-files factor f32, number of archives u32
 *   archives  offset u32, seconds a point u32, points u32; finest first, one behind the other
 *   slots     time u32, value f64; a ring for each archive
 *
 * All big-endian. The format: whisper.py of the Graphite project, version 1.1. */
#ifndef RIDGELINE_CLI_WHISPER_H
#define RIDGELINE_CLI_WHISPER_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

/* Fills the empty `out`, in time order, with each point at or before `until`: those of the finest archive, and
 * of every coarser one the slots that end before the finer ones begin. Slots that were never written, that an
 * earlier lap of the ring left behind, or whose value is not finite are passed over. Returns 0, or -1 with a
 * sentence in `*reason` and `out` empty, when the bytes are not a whisper file or memory is out. */
int whisper_read(const uint8_t *bytes, size_t len, uint32_t until, struct series *out, const char **reason);

#endif
