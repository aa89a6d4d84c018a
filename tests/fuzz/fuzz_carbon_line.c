/* The parser of carbon lines: any bytes. What it accepts must be a name that carbon's rules
 * allow, a finite value and a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/carbon_line.h"
#include "horizon/carbon_name.h"

#define NAME_MAX_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct carbon_point p;
    if (carbon_line_parse((const char *)data, len, NAME_MAX_BYTES, &p) != CARBON_OK)
        return 0;
    if (!isfinite(p.value) || p.name_len == 0 || p.name_len > NAME_MAX_BYTES ||
        carbon_name_span(p.name, p.name_len) != p.name_len)
        abort();
    char name[NAME_MAX_BYTES];
    size_t once = p.name_len, twice;
    memcpy(name, p.name, p.name_len);
    if (carbon_name_canonical(name, &once) != 0)
        return 0;
    twice = once;
    if (once > p.name_len || carbon_name_canonical(name, &twice) != 0 || twice != once)
        abort();
    return 0;
}
