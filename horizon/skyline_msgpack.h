/* Skyline's UDP protocol: a datagram is one point, msgpack of [name, [timestamp, value]]. Pure. */
#ifndef RIDGELINE_HORIZON_SKYLINE_MSGPACK_H
#define RIDGELINE_HORIZON_SKYLINE_MSGPACK_H

#include "carbon.h"

/* Reads one datagram, all of it. The name is text or binary (Python 2 and 3 differ there), timestamp
 * and value are integers, floats or numeric strings, as in carbon's pickles. On CARBON_OK `*p` is set,
 * its name pointing into `bytes`. `name_max` is the longest name, in bytes. Anything but this shape, and
 * anything behind it, is CARBON_MALFORMED. */
enum carbon_result skyline_msgpack_parse(const uint8_t *bytes, size_t len, size_t name_max, struct carbon_point *p);

#endif
