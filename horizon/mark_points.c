/* The queue writes a mark as it writes a point's command: from what stands with its metric. So each mark that waits has
 * a metric of its own, whose name is the mark as Redis keeps it, in a slot that is free again when the queue has
 * settled it. */
#include "mark_points.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/counters.h"
#include "ridgeline/marks.h"

struct mark_points_slot {
    struct queue_metric metric;
    char member[MARKS_MEMBER_MAX];
};

void mark_points_fini(struct mark_points *m)
{
    for (size_t i = 0; i < MARK_POINTS_WAITING_MAX; i++)
        free(m->slots[i]);
    *m = (struct mark_points){0};
}

/* Bytes of the prefix that the name begins with; 0 when it does not, or there is none. */
static size_t prefix_len(const struct settings *s, const char *name, size_t len)
{
    const char *prefix = s->horizon.mark_prefix;
    size_t i = 0;
    while (i < len && prefix[i] == name[i])
        i++;
    return prefix[i] == '\0' ? i : 0;
}

bool mark_points_is(const struct settings *s, const char *name, size_t len)
{
    return prefix_len(s, name, len) > 0;
}

/* Copies a part of a name. False when it is empty or does not fit. */
static bool copy(char *out, size_t out_bytes, const char *from, const char *end)
{
    size_t len = (size_t)(end - from);
    if (len == 0 || len >= out_bytes)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

/* The value of the tag `match` among ";tag=value...", or all metrics. */
static bool read_match(char match[GLOB_MAX + 1], const char *tags, const char *end)
{
    static const char name[] = "match=";
    strcpy(match, "**");
    while (tags < end) {
        const char *tag = tags + 1, *semicolon = memchr(tag, ';', (size_t)(end - tag));
        tags = semicolon ? semicolon : end;
        if ((size_t)(tags - tag) >= sizeof name - 1 && memcmp(tag, name, sizeof name - 1) == 0 &&
            !copy(match, GLOB_MAX + 1, tag + sizeof name - 1, tags))
            return false;
    }
    struct glob *glob = glob_new(match, NULL);
    glob_free(glob);
    return glob != NULL;
}

/* What stands behind the prefix as Redis keeps it; malloc'd, NULL when it is no mark. */
static char *read_mark(const char *text_at, const char *end, int64_t t)
{
    char text[MARKS_TEXT_MAX + 1], match[GLOB_MAX + 1];
    const char *semicolon = memchr(text_at, ';', (size_t)(end - text_at));
    const char *tags = semicolon ? semicolon : end;
    if (!copy(text, sizeof text, text_at, tags) || !read_match(match, tags, end))
        return NULL;
    char *dot = strchr(text, '.');
    if (dot && dot > text && dot[1] != '\0')
        *dot = ' ';
    return marks_member(t, text, match);
}

static struct mark_points_slot *find_slot(struct mark_points *m, const struct queue *q)
{
    for (size_t i = 0; i < MARK_POINTS_WAITING_MAX; i++) {
        if (!m->slots[i])
            m->slots[i] = calloc(1, sizeof **m->slots);
        if (!m->slots[i] || !queue_holds(q, &m->slots[i]->metric))
            return m->slots[i];
    }
    return NULL;
}

/* Whether the bucket has room for one more. A clock that jumps back leaves it as it is. */
static bool has_room(struct mark_points *m, const struct units_budget *limit, int64_t now_ms)
{
    int64_t passed_ms = now_ms - m->used_at_ms;
    m->used_at_ms = now_ms;
    if (!limit->on) {
        m->used = 0;
        return true;
    }
    if (passed_ms > 0)
        m->used -= (double)passed_ms / 1000 * limit->count / limit->per_s;
    if (m->used < 0)
        m->used = 0;
    return m->used + 1 <= limit->count;
}

int mark_points_take(struct mark_points *m, const struct settings *s, struct queue *q, const struct mark_point *mark,
                     unsigned *reason)
{
    const char *text_at = mark->name + prefix_len(s, mark->name, mark->name_len);
    char *member = read_mark(text_at, mark->name + mark->name_len, mark->at.t);
    struct mark_points_slot *slot = NULL;
    *reason = HORIZON_REJECTED_bad_mark;
    if (member && strlen(member) < MARKS_MEMBER_MAX) {
        *reason = HORIZON_REJECTED_mark_limit;
        slot = has_room(m, &s->horizon.mark_limit, mark->came_ms) ? find_slot(m, q) : NULL;
    }
    if (slot) {
        strcpy(slot->member, member);
        slot->metric.name = slot->member;
        slot->metric.name_len = (uint32_t)strlen(member);
        queue_mark(q, &slot->metric, mark->at, mark->came_ms);
        m->used++;
        m->n_taken++;
    }
    free(member);
    return slot ? 0 : -1;
}
