/* The parser of Skyline's datagrams: any bytes. What it accepts must be a name, a finite value and a time, and
 * msgpack-c must find the same numbers in the same bytes. */
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>

#include "horizon/carbon_name.h"
#include "horizon/skyline_msgpack.h"

#define NAME_MAX_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whether `o` is this number; text is not looked at. */
static int is_number(const msgpack_object *o, double v)
{
    switch (o->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return (double)o->via.u64 == v;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return (double)o->via.i64 == v;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return o->via.f64 == v;
    default:
        return o->type == MSGPACK_OBJECT_STR || o->type == MSGPACK_OBJECT_BIN;
    }
}

/* The time is compared where it is a whole number: fractions are cut, and some numbers mean now. */
static int is_same(const msgpack_object *o, const struct carbon_point *p)
{
    const msgpack_object *pair = o->via.array.ptr, *point = pair[1].via.array.ptr;
    const char *name = pair->type == MSGPACK_OBJECT_BIN ? pair->via.bin.ptr : pair->via.str.ptr;
    if (p->name != name || !is_number(&point[1], p->value))
        return 0;
    return point[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER || (point[0].via.u64 == p->t && !p->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct carbon_point p;
    if (skyline_msgpack_parse(data, len, NAME_MAX_BYTES, &p) != CARBON_OK)
        return 0;
    if (!isfinite(p.value) || p.name_len == 0 || p.name_len > NAME_MAX_BYTES ||
        carbon_name_span(p.name, p.name_len) != p.name_len)
        abort();
    msgpack_unpacked unpacked;
    size_t bytes = 0;
    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, (const char *)data, len, &bytes) < 0 || bytes != len ||
        !is_same(&unpacked.data, &p))
        abort();
    msgpack_unpacked_destroy(&unpacked);
    return 0;
}
