#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/health_line.h"

Test(health_line, the_status_and_the_line_follow_from_the_answer)
{
    static const struct {
        const char *body, *line;
        enum health_line_status status;
    } rows[] = {
        {"{\"status\":\"ok\",\"metrics\":12,\"open_anomalies\":2,\"lag_ms\":5}",
         "RIDGELINE OK: 12 metrics, 2 open anomalies|metrics=12 open_anomalies=2 lag_ms=5\n", HEALTH_LINE_OK},
        {"{\"status\":\"degraded\",\"problems\":[\"a|b\\n\",\"c\"],\"points_per_second\":null}",
         "RIDGELINE WARNING: a b ; c\n", HEALTH_LINE_WARNING},
        {"{\"status\":\"down\",\"problems\":[\"Redis does not answer\"]}",
         "RIDGELINE CRITICAL: Redis does not answer\n", HEALTH_LINE_CRITICAL},
        {"{\"status\":\"odd\"}", "RIDGELINE UNKNOWN: what answers is no Ridgeline\n", HEALTH_LINE_UNKNOWN},
        {"<html>", "RIDGELINE UNKNOWN: what answers is no Ridgeline\n", HEALTH_LINE_UNKNOWN},
        {"[]", "RIDGELINE UNKNOWN: what answers is no Ridgeline\n", HEALTH_LINE_UNKNOWN},
        {"", "RIDGELINE UNKNOWN: what answers is no Ridgeline\n", HEALTH_LINE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        cr_expect_eq(health_line(out, rows[i].body, strlen(rows[i].body)), rows[i].status, "%s", rows[i].body);
        fclose(out);
        cr_expect_str_eq(text, rows[i].line);
        free(text);
    }
}
