/* Any bytes under a right version and checksum: what is taken for an engine record can be used, and saved again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/engine.h"
#include "tests/unit/engine_sign.h"

#define VERSION_BYTES 4
#define POINTS 45 /* more than the step is learnt from */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine_record *r, *back;
static struct engine_options o;
static uint8_t *bytes, *out;

static void begin(void)
{
    r = malloc(engine_record_bytes());
    back = malloc(engine_record_bytes());
    bytes = malloc(engine_packed_max() + VERSION_BYTES + CHECKSUM_BYTES);
    out = malloc(engine_packed_max());
    assert(r && back && bytes && out);
    engine_options_default(&o);
    o.gap = o.reset = 1;
}

static void feed(uint32_t step_s)
{
    struct verdict v;
    for (unsigned i = 0; i < POINTS; i++) {
        uint32_t t = engine_last_t(r), later = i == POINTS / 2 ? 1000 * step_s : step_s;
        double value = i % 7 == 3 ? -1e300 : i % 11 == 5 ? 3e7 : i * 1.5;
        if (t > UINT32_MAX - later)
            return;
        o.season = i / 12;
        assert(engine_update(r, &o, (struct point){t + later, value}, &v) == 0);
        assert(v.score >= 0 && v.score <= 100);
        engine_silence(r, &o, NULL, t + later + 86400, &v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!r)
        begin();
    if (size == 0 || size - 1 > engine_packed_max())
        return 0;
    engine_init(r);
    engine_pack(r, bytes); /* its version */
    size_t len = VERSION_BYTES + size - 1 + CHECKSUM_BYTES;
    memcpy(bytes + VERSION_BYTES, data + 1, size - 1);
    sign(bytes, len);
    if (engine_unpack(r, bytes, len) != 0)
        return 0;
    uint32_t from = engine_last_t(r), until = from > UINT32_MAX - 7200 ? from : from + 7200;
    assert(engine_unpack(back, out, engine_pack(r, out)) == 0);
    assert(engine_unpack(back, out, engine_pack_times(r, from, until, out)) == 0);
    feed(1 + 4u * data[0]);
    assert(engine_unpack(back, out, engine_pack(r, out)) == 0);
    return 0;
}
