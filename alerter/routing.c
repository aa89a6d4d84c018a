#include "alerter/routing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/alerts.h"

#define NEWS_S 86400 /* what was over longer ago when it was first known is history that was imported */

static const char *const kind_names[] = {
    [ROUTING_NOTHING] = "nothing", [ROUTING_OPEN] = "open", [ROUTING_UPDATE] = "update", [ROUTING_RESOLVE] = "resolve"};
#define KINDS (sizeof kind_names / sizeof *kind_names)

enum routing_kind routing_decide(const struct routing_state *s, const struct alert_settings *alert, int score,
                                 const struct incident_head *head, int64_t now_s)
{
    if (!s->told) {
        bool lasted = now_s - head->start >= alert->min_duration_s;
        bool is_news = head->told_at_ms / 1000 - head->end < NEWS_S;
        return head->open && !head->ack.given && lasted && is_news && head->score >= score ? ROUTING_OPEN
                                                                                           : ROUTING_NOTHING;
    }
    if (!head->open)
        return ROUTING_RESOLVE;
    if (head->ack.normal)
        return ROUTING_NOTHING;
    /* A clock that was put back must not silence it until it has caught up. */
    int64_t since_s = now_s >= s->at_s ? now_s - s->at_s : INT64_MAX;
    bool joined = head->metrics > s->count && since_s >= alert->update_after_s;
    bool repeats = alert->repeat_after_s > 0 && !head->ack.given && since_s >= alert->repeat_after_s;
    return joined || repeats ? ROUTING_UPDATE : ROUTING_NOTHING;
}

void routing_intend(struct routing_state *s, const struct alert_settings *alert, enum routing_kind kind, bool hold,
                    const struct incident_head *head, int64_t now_s)
{
    bool silent = hold || s->held || (kind == ROUTING_RESOLVE && !alert->send_resolved);
    s->told = kind != ROUTING_RESOLVE;
    s->held = s->told && (s->held || (hold && kind == ROUTING_OPEN));
    s->count = head->metrics;
    s->at_s = now_s;
    s->pending = silent ? ROUTING_NOTHING : kind;
    s->sequence += !silent;
}

void routing_sent(struct routing_state *s)
{
    s->pending = ROUTING_NOTHING;
}

bool routing_is_busy(const struct routing_state *s)
{
    return s->told || s->pending != ROUTING_NOTHING;
}

void routing_join(struct routing_state *s, const char *leader, int64_t now_s)
{
    snprintf(s->with, sizeof s->with, "%s", leader);
    s->key = 0;
    s->count = s->own;
    s->at_s = now_s;
}

void routing_leave(struct routing_state *s)
{
    s->with[0] = '\0';
}

char *routing_to_text(char out[ROUTING_TEXT_MAX], const struct routing_state *s)
{
    int len = snprintf(out, ROUTING_TEXT_MAX, "%d %d %s %" PRIu32 " %" PRIu32 " %" PRId64, s->told, s->held,
                       kind_names[s->pending], s->sequence, s->count, s->at_s);
    if (*s->with)
        snprintf(out + len, ROUTING_TEXT_MAX - (size_t)len, " own=%" PRIu32 " with=%s", s->own, s->with);
    else if (s->key != 0)
        snprintf(out + len, ROUTING_TEXT_MAX - (size_t)len, " own=%" PRIu32 " key=%016" PRIx64, s->own, s->key);
    return out;
}

/* Reads what may follow, up to the end of the text. */
static bool read_group(struct routing_state *s, const char *text)
{
    static const char key[] = " key=", with[] = " with=";
    const char *hex;
    int end = 0;
    s->own = s->count;
    if (sscanf(text, " own=%9" SCNu32 "%n", &s->own, &end) == 1)
        text += end;
    if (*text == '\0')
        return end == 0;
    bool leads = strncmp(text, key, sizeof key - 1) == 0;
    if (!leads && (strncmp(text, with, sizeof with - 1) != 0 || routing_is_busy(s)))
        return false;
    hex = text + (leads ? sizeof key : sizeof with) - 1;
    if (strlen(hex) != ANOMALY_ID_BYTES - 1 || strspn(hex, "0123456789abcdef") != ANOMALY_ID_BYTES - 1)
        return false;
    if (leads)
        s->key = strtoull(hex, NULL, 16);
    else
        memcpy(s->with, hex, ANOMALY_ID_BYTES);
    return true;
}

int routing_from_text(struct routing_state *s, const char *text)
{
    int told, held, end = 0;
    char kind[8];
    struct routing_state read = {.told = false};
    size_t k = 0;
    *s = read;
    if (sscanf(text, "%1d %1d %7s %9" SCNu32 " %9" SCNu32 " %12" SCNd64 "%n", &told, &held, kind, &read.sequence,
               &read.count, &read.at_s, &end) != 6)
        return -1;
    while (k < KINDS && strcmp(kind_names[k], kind) != 0)
        k++;
    if (k == KINDS)
        return -1;
    read.told = told == 1;
    read.held = held == 1;
    read.pending = (enum routing_kind)k;
    if (!read_group(&read, text + end))
        return -1;
    *s = read;
    return 0;
}
