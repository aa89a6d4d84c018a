/* Carbon lines that are marks: any bytes. What is taken must be JSON of a text and a glob, and fit the queue's room. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/carbon_line.h"
#include "horizon/carbon_name.h"
#include "horizon/mark_points.h"
#include "ridgeline/marks.h"

#define NOW_MS INT64_C(1795307613000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void unannounced(struct queue_metric *metric)
{
    (void)metric;
}

static void check_command(const struct queue *q)
{
    static uint8_t out[QUEUE_COMMAND_MAX];
    const struct queue_metric *metric = q->first->commands[0].metric;
    uint32_t next = 0;
    json_t *mark = json_loadb(metric->name, metric->name_len, 0, NULL);
    const char *match = json_string_value(json_object_get(mark, "match"));
    size_t text_len = json_string_length(json_object_get(mark, "text"));
    struct glob *glob = match ? glob_new(match, NULL) : NULL;
    if (!glob || text_len < 1 || text_len > MARKS_TEXT_MAX || queue_write(q->first, &next, out, sizeof out) == 0)
        abort();
    glob_free(glob);
    json_decref(mark);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char prefix[] = "ridgeline.marks.";
    const struct settings s = {.horizon.mark_prefix = prefix};
    struct mark_points marks = {0};
    struct carbon_point p;
    struct queue q;
    char name[KEYS_NAME_MAX];
    unsigned reason;
    if (carbon_line_parse((const char *)data, len, sizeof name, &p) != CARBON_OK)
        return 0;
    memcpy(name, p.name, p.name_len);
    if (carbon_name_canonical(name, &p.name_len) != 0 || !mark_points_is(&s, name, p.name_len))
        return 0;
    queue_init(&q, 0, unannounced);
    const struct mark_point mark = {.name = name, .name_len = p.name_len, .at = {p.t, p.value}, .came_ms = NOW_MS};
    if (mark_points_take(&marks, &s, &q, &mark, &reason) == 0)
        check_command(&q);
    queue_fini(&q);
    mark_points_fini(&marks);
    return 0;
}
