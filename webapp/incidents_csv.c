#include "webapp/incidents_csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char names[] = "id,state,start,end,closed_at,duration_s,title,metrics,score,direction,first_metric,"
                            "reopened,acknowledged_by,normal,first_notified_at\r\n";

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void write_text(FILE *out, const char *text)
{
    bool formula = *text && strchr("=+-@\t\r", *text);
    if (!formula && !strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputs(formula ? "\"'" : "\"", out);
    for (; *text; text++)
        fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', out);
}

/* Nothing where it is null. */
static void write_time(FILE *out, const json_t *epoch_s)
{
    char text[32];
    struct tm tm;
    time_t t = (time_t)json_integer_value(epoch_s);
    if (json_is_integer(epoch_s) && gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        fputs(text, out);
}

static void write_row(FILE *out, const json_t *head)
{
    const json_t *start = json_object_get(head, "start"), *end = json_object_get(head, "end");
    const json_t *ack = json_object_get(head, "ack");
    fprintf(out, "%s,%s,", text_of(head, "id"), text_of(head, "state"));
    write_time(out, start);
    fputc(',', out);
    write_time(out, end);
    fputc(',', out);
    write_time(out, json_object_get(head, "closed_at"));
    fprintf(out, ",%" JSON_INTEGER_FORMAT ",", json_integer_value(end) - json_integer_value(start));
    write_text(out, text_of(head, "title"));
    fprintf(out, ",%" JSON_INTEGER_FORMAT ",%.4g,%s,", json_integer_value(json_object_get(head, "metrics")),
            json_number_value(json_object_get(head, "score")), text_of(head, "direction"));
    write_text(out, text_of(json_object_get(head, "first"), "metric"));
    fprintf(out, ",%" JSON_INTEGER_FORMAT ",", json_integer_value(json_object_get(head, "reopened")));
    write_text(out, text_of(ack, "by"));
    fprintf(out, ",%s,", json_is_true(json_object_get(ack, "normal")) ? "yes" : "no");
    write_time(out, json_object_get(head, "notified_at"));
    fputs("\r\n", out);
}

char *incidents_csv(const json_t *incidents)
{
    char *text = NULL;
    size_t len, i;
    const json_t *head;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    fputs(names, out);
    json_array_foreach(incidents, i, head)
        write_row(out, head);
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
