/* What the carbon parsers give: one data point as its sender wrote it. */
#ifndef RIDGELINE_HORIZON_CARBON_H
#define RIDGELINE_HORIZON_CARBON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct carbon_point {
    const char *name; /* in the parsed bytes; not NUL-terminated */
    size_t name_len;
    double value;     /* finite */
    uint32_t t;       /* epoch seconds; fractions are cut */
    bool now;         /* the sender gave -1 or N: the time of arrival, `t` is 0 */
};

enum carbon_result {
    CARBON_OK,
    CARBON_NOTHING, /* no point here: a blank line, the end of a list */
    CARBON_MALFORMED,
    CARBON_BAD_NAME,
    CARBON_NOT_A_NUMBER,
    CARBON_BAD_TIME,
};

#endif
