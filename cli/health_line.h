/* What a monitoring plugin says of /api/health. Pure. */
#ifndef RIDGELINE_CLI_HEALTH_LINE_H
#define RIDGELINE_CLI_HEALTH_LINE_H

#include <stddef.h>
#include <stdio.h>

/* Exit statuses of Nagios' plugins. */
enum health_line_status { HEALTH_LINE_OK, HEALTH_LINE_WARNING, HEALTH_LINE_CRITICAL, HEALTH_LINE_UNKNOWN };

/* Writes one line, with performance data, about the `len` bytes that the webapp answered: OK when all is well, WARNING
 * with the problems when it is degraded, CRITICAL when Redis is away, UNKNOWN when it is no such answer. */
enum health_line_status health_line(FILE *out, const char *body, size_t len);

#endif
