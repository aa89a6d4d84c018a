#include "alerter/routing.h"

#include <inttypes.h>
#include <stdio.h>
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

char *routing_to_text(char out[ROUTING_TEXT_MAX], const struct routing_state *s)
{
    snprintf(out, ROUTING_TEXT_MAX, "%d %d %s %" PRIu32 " %" PRIu32 " %" PRId64, s->told, s->held,
             kind_names[s->pending], s->sequence, s->count, s->at_s);
    return out;
}

int routing_from_text(struct routing_state *s, const char *text)
{
    int told, held, end = 0;
    char kind[8];
    struct routing_state read = {.told = false};
    size_t k = 0;
    *s = read;
    if (sscanf(text, "%1d %1d %7s %9" SCNu32 " %9" SCNu32 " %12" SCNd64 "%n", &told, &held, kind, &read.sequence,
               &read.count, &read.at_s, &end) != 6 ||
        text[end] != '\0')
        return -1;
    while (k < KINDS && strcmp(kind_names[k], kind) != 0)
        k++;
    if (k == KINDS)
        return -1;
    read.told = told == 1;
    read.held = held == 1;
    read.pending = (enum routing_kind)k;
    *s = read;
    return 0;
}
