/* The carbon line protocol: `name value timestamp`. Pure. */
#ifndef RIDGELINE_HORIZON_CARBON_LINE_H
#define RIDGELINE_HORIZON_CARBON_LINE_H

#include "carbon.h"

/* Reads one line, without its newline (a carriage return may be left at its end). The
 * three fields stand apart by blanks or tabs, any number; so may blanks at both
 * ends. `*p` is set on CARBON_OK, its name pointing into `line`. A line of
 * blanks alone is CARBON_NOTHING. `name_max` is the longest name, in bytes. */
enum carbon_result carbon_line_parse(const char *line, size_t len, size_t name_max, struct carbon_point *p);

/* Reads a timestamp alone: epoch seconds, whole or fractional, up to UINT32_MAX; -1 and N mean
 * now. Sets `t` and `now` of `*p`. Returns CARBON_OK or CARBON_BAD_TIME. */
enum carbon_result carbon_line_time(const char *text, size_t len, struct carbon_point *p);

/* The same for a number that has been read already. */
enum carbon_result carbon_line_time_number(double seconds, struct carbon_point *p);

#endif
