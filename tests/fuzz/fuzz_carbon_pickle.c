/* The reader of carbon pickles: any bytes. What it accepts must be a name and finite numbers. */
#include <math.h>
#include <stdlib.h>

#include "horizon/carbon_name.h"
#include "horizon/carbon_pickle.h"

#define NAME_MAX_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct carbon_pickle *reader;
    struct carbon_point p;
    enum carbon_result result;
    if (!reader && !(reader = carbon_pickle_new()))
        abort();
    if (carbon_pickle_run(reader, data, len) != PICKLE_OK)
        return 0;
    while ((result = carbon_pickle_next(reader, NAME_MAX_BYTES, &p)) != CARBON_NOTHING)
        if (result == CARBON_OK && (!isfinite(p.value) || carbon_name_span(p.name, p.name_len) != p.name_len))
            abort();
    return 0;
}
