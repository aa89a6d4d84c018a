#include "cli/health_line.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* "|" begins performance data, and a line end other output. */
static void write_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc(*text == '|' || (unsigned char)*text < ' ' ? ' ' : *text, out);
}

static void write_problems(FILE *out, const json_t *problems)
{
    const json_t *problem;
    size_t i;
    json_array_foreach(problems, i, problem) {
        fputs(i > 0 ? "; " : ": ", out);
        write_text(out, json_is_string(problem) ? json_string_value(problem) : "?");
    }
}

static void write_performance(FILE *out, const json_t *health)
{
    static const char *const numbers[] = {"metrics", "open_anomalies", "warming_up", "stale", "lag_ms", "queued",
                                          "points_per_second"};
    const char *before = "|";
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const json_t *value = json_object_get(health, numbers[i]);
        if (!json_is_number(value))
            continue;
        fprintf(out, "%s%s=%.10g", before, numbers[i], json_number_value(value));
        before = " ";
    }
}

static enum health_line_status judge(const json_t *health)
{
    const char *status = json_string_value(json_object_get(health, "status"));
    if (status == NULL)
        return HEALTH_LINE_UNKNOWN;
    return strcmp(status, "ok") == 0         ? HEALTH_LINE_OK
           : strcmp(status, "degraded") == 0 ? HEALTH_LINE_WARNING
           : strcmp(status, "down") == 0     ? HEALTH_LINE_CRITICAL
                                             : HEALTH_LINE_UNKNOWN;
}

enum health_line_status health_line(FILE *out, const char *body, size_t len)
{
    json_t *health = json_loadb(body, len, 0, NULL);
    enum health_line_status status = judge(health);
    fprintf(out, "RIDGELINE %s", words[status]);
    if (status == HEALTH_LINE_OK)
        fprintf(out, ": %" PRId64 " metrics, %" PRId64 " open anomalies",
                (int64_t)json_integer_value(json_object_get(health, "metrics")),
                (int64_t)json_integer_value(json_object_get(health, "open_anomalies")));
    else if (status == HEALTH_LINE_UNKNOWN)
        fputs(": what answers is no Ridgeline", out);
    else
        write_problems(out, json_object_get(health, "problems"));
    write_performance(out, health);
    fputc('\n', out);
    json_decref(health);
    return status;
}
