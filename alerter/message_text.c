/* One set of facts, from which each form is made: so a mail's text and its HTML (message_html.c) cannot differ. Times
 * are UTC, as everywhere on the page. */
#include "alerter/message_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alerter/channels/harmless.h"
#include "ridgeline/units.h"

/* Bytes of a name: one that is cut ends with "...", and does not pose as another. */
#define FIRST_MAX 104
#define NAME_MAX_BYTES 404

#define MARKS_NAMED 3 /* a deploy is often several, and the nearest not always the one */

static const char *const kind_words[] = {[MESSAGE_OPEN] = "OPEN",
                                         [MESSAGE_UPDATE] = "UPDATE",
                                         [MESSAGE_RESOLVE] = "RESOLVED",
                                         [MESSAGE_DIGEST] = "HELD BACK"};

static char *format_time(char out[MESSAGE_TEXT_TIME_MAX], const char *format, int64_t t)
{
    struct tm tm;
    time_t seconds = (time_t)t;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, MESSAGE_TEXT_TIME_MAX, format, &tm) == 0)
        out[0] = '\0';
    return out;
}

char *message_text_time(char out[MESSAGE_TEXT_TIME_MAX], int64_t t)
{
    return format_time(out, "%Y-%m-%d %H:%M:%S UTC", t);
}

char *message_text_rfc3339(char out[MESSAGE_TEXT_TIME_MAX], int64_t t)
{
    return format_time(out, "%Y-%m-%dT%H:%M:%SZ", t);
}

/* "3m20s"; to whole minutes from an hour on. */
static char *span_text(char out[UNITS_TEXT_MAX], int64_t s)
{
    if (s >= 3600)
        snprintf(out, UNITS_TEXT_MAX, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(out, UNITS_TEXT_MAX, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    else
        snprintf(out, UNITS_TEXT_MAX, "%" PRId64 "s", s > 0 ? s : 0);
    return out;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void summarize_digest(char *out, size_t out_bytes, const struct message *m)
{
    struct message_head h;
    char title[200];
    message_read_head(&h, json_array_get(m->held, 0));
    snprintf(out, out_bytes, "%s: %" PRId64 " incident%s", kind_words[m->kind], m->held_count, plural(m->held_count));
    size_t len = strlen(out);
    if (*h.title != '\0' && len < out_bytes)
        snprintf(out + len, out_bytes - len, ", strongest %s, score %.0f", harmless_line(title, sizeof title, h.title),
                 h.score);
}

/* The member that moved first. The message tells its unit, also where the member itself does not. */
static void read_first(struct message_member *first, const struct message *m, const struct message_head *h)
{
    message_read_member(first, h->first);
    if (*first->unit == '\0' && m->unit != NULL)
        first->unit = m->unit;
}

/* "12 metrics, first a.b: 412 ms, ..., since when"; of one metric, which the title names, how it is and since when; how
 * they went where no value is known. */
static void describe(char *out, size_t out_bytes, const struct message *m, const struct message_head *h)
{
    struct message_member first;
    char metrics[64] = "", name[FIRST_MAX], phrase[MESSAGE_VALUE_MAX], since[MESSAGE_TEXT_TIME_MAX];
    read_first(&first, m, h);
    if (h->count != 1)
        snprintf(metrics, sizeof metrics, "%" PRId64 " metrics, ", h->count);
    message_value_phrase(phrase, &first);
    message_text_time(since, first.start);
    if (*phrase == '\0')
        snprintf(out, out_bytes, "%s%s", metrics, h->direction);
    else if (h->count == 1)
        snprintf(out, out_bytes, "%s, since %s", phrase, since);
    else
        snprintf(out, out_bytes, "%sfirst %s: %s, since %s", metrics, harmless_line(name, sizeof name, first.metric),
                 phrase, since);
}

char *message_text_summary(char *out, size_t out_bytes, const struct message *m)
{
    struct message_head h;
    char title[200], said[400], line[400], lasted[UNITS_TEXT_MAX];
    if (m->kind == MESSAGE_DIGEST) {
        summarize_digest(out, out_bytes, m);
        return out;
    }
    message_read_head(&h, m->incident);
    harmless_line(title, sizeof title, *h.title != '\0' ? h.title : "an incident");
    if (m->kind == MESSAGE_RESOLVE) {
        snprintf(out, out_bytes, "%s %s: %" PRId64 " metric%s, lasted %s", kind_words[m->kind], title, h.count,
                 plural(h.count), span_text(lasted, h.end - h.start));
        return out;
    }
    describe(said, sizeof said, m, &h);
    harmless_line(line, sizeof line, said);
    snprintf(out, out_bytes, "%s %s: %s, score %.0f", kind_words[m->kind], title, line, h.score);
    return out;
}

static void __attribute__((format(printf, 3, 4)))
add(struct message_text_facts *f, const char *label, const char *format, ...)
{
    char text[MESSAGE_TEXT_VALUE_MAX];
    va_list args;
    if (f->n == MESSAGE_TEXT_FACTS_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    harmless_line(f->fact[f->n].value, MESSAGE_TEXT_VALUE_MAX, text);
    f->fact[f->n++].label = label;
}

/* "40s after deploy 1234, 15m00s after deploy 1233": the last marks that were set before the incident began, the
 * nearest first. The message has them in the order of their times. */
static void add_marks(struct message_text_facts *f, const struct message *m, int64_t start)
{
    char said[MESSAGE_TEXT_VALUE_MAX] = "", span[UNITS_TEXT_MAX];
    size_t n = 0, len = 0;
    for (size_t i = json_array_size(m->marks); i > 0 && n < MARKS_NAMED && len < sizeof said; i--) {
        const json_t *mark = json_array_get(m->marks, i - 1);
        const char *text = json_string_value(json_object_get(mark, "text"));
        int64_t at = json_integer_value(json_object_get(mark, "at"));
        if (text == NULL || at < 0 || at > start)
            continue;
        len += (size_t)snprintf(said + len, sizeof said - len, "%s%s after %s", n++ > 0 ? ", " : "",
                                span_text(span, start - at), text);
    }
    if (n > 0)
        add(f, "Began", "%s", said);
}

/* What the first mover did: a state or a forecast, its value at the peak, what was expected. */
static void add_first(struct message_text_facts *f, const struct message *m, const struct message_head *h)
{
    struct message_member first;
    char name[NAME_MAX_BYTES], at[MESSAGE_TEXT_TIME_MAX];
    char seen[MESSAGE_VALUE_MAX], off[MESSAGE_VALUE_MAX], expected[MESSAGE_VALUE_MAX];
    read_first(&first, m, h);
    message_value_seen(seen, &first);
    message_value_off(off, &first);
    message_value_expected(expected, &first);
    if (*first.metric != '\0' && h->count > 1)
        add(f, "First", "%s, %s", harmless_line(name, sizeof name, first.metric), message_text_time(at, first.start));
    if (*first.note != '\0')
        add(f, "State", "%s, since %s", first.note, message_text_time(at, first.start));
    if (*seen != '\0')
        add(f, "Value", "%s%s%s%s, at %s", seen, *off ? ", " : "", off, *off ? " what was expected" : "",
            message_text_time(at, first.peak_at));
    if (*expected != '\0')
        add(f, "Expected", "%s", expected);
}

static void add_incident(struct message_text_facts *f, const struct message *m)
{
    struct message_head h;
    char since[MESSAGE_TEXT_TIME_MAX], end[MESSAGE_TEXT_TIME_MAX], span[UNITS_TEXT_MAX];
    message_read_head(&h, m->incident);
    add(f, "Since", "%s", message_text_time(since, h.start));
    if (m->kind == MESSAGE_RESOLVE)
        add(f, "Until", "%s, %s", message_text_time(end, h.end), span_text(span, h.end - h.start));
    add_first(f, m, &h);
    if (m->kind == MESSAGE_RESOLVE)
        add(f, "Metrics", "%" PRId64, h.count);
    else
        add(f, "Metrics", "%" PRId64 ", %" PRId64 " of them now", h.count, h.open);
    if (h.incidents > 0)
        add(f, "Group", "%" PRId64 " incident%s told together", h.incidents, plural(h.incidents));
    add(f, "Score", "%.0f, %s", h.score, h.direction);
    if (*h.whole_title != '\0')
        add(f, "Part of", "%s: %" PRId64 " metrics, score %.0f", h.whole_title, h.whole_metrics, h.whole_score);
    if (h.muted > 0)
        add(f, "Muted", "%" PRId64 " metric%s more, left out here", h.muted, plural(h.muted));
    add_marks(f, m, h.start);
}

void message_text_facts(struct message_text_facts *f, const struct message *m)
{
    const struct {
        const char *label, *value;
    } rest[] = {{"Unit", m->unit},       {"Owner", m->owner}, {"What", m->description},
                {"Runbook", m->runbook}, {"Alert", m->alert}, {"Site", m->site}};
    f->n = 0;
    if (m->kind != MESSAGE_DIGEST)
        add_incident(f, m);
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        if (rest[i].value != NULL && *rest[i].value != '\0')
            add(f, rest[i].label, "%s", rest[i].value);
}

/* Of an incident that a digest names. */
static void read_held(struct message_text_entry *e, const json_t *head)
{
    struct message_head h;
    struct message_member first;
    char phrase[MESSAGE_VALUE_MAX], said[MESSAGE_VALUE_MAX + 32];
    message_read_head(&h, head);
    message_read_member(&first, h.first);
    message_value_phrase(phrase, &first);
    snprintf(said, sizeof said, "%" PRId64 " metric%s%s%s", h.count, plural(h.count), *phrase != '\0' ? ", first " : "",
             phrase);
    e->score = h.score;
    e->start = h.start;
    harmless_line(e->name, sizeof e->name, h.title);
    harmless_line(e->said, sizeof e->said, said);
}

static void read_member(struct message_text_entry *e, const json_t *json)
{
    struct message_member member;
    char phrase[MESSAGE_VALUE_MAX];
    message_read_member(&member, json);
    e->score = member.score;
    e->start = member.start;
    harmless_line(e->name, sizeof e->name, member.metric);
    harmless_line(e->said, sizeof e->said, *message_value_phrase(phrase, &member) != '\0' ? phrase : member.direction);
}

void message_text_lines(struct message_text_lines *l, const struct message *m)
{
    bool digest = m->kind == MESSAGE_DIGEST;
    const json_t *list = digest ? m->held : json_object_get(m->incident, "strongest");
    struct message_head h;
    char at[MESSAGE_TEXT_TIME_MAX];
    message_read_head(&h, m->incident);
    size_t listed = json_array_size(list);
    l->n = l->n_entries = 0;
    if (!digest && listed < 2) /* the title says it already */
        return;
    for (size_t i = 0; i < listed && i < MESSAGE_TEXT_LINES_MAX; i++) {
        struct message_text_entry e;
        (digest ? read_held : read_member)(&e, json_array_get(list, i));
        snprintf(l->line[l->n++], MESSAGE_TEXT_LINE_MAX, "%3.0f  %s  %s, %s", e.score, message_text_time(at, e.start),
                 e.name, e.said);
        l->entry[l->n_entries++] = e;
    }
    int64_t more = (digest ? m->held_count : h.count) - (int64_t)l->n;
    if (more > 0)
        snprintf(l->line[l->n++], MESSAGE_TEXT_LINE_MAX, "and %" PRId64 " more", more);
}

const char *message_text_link(const struct message *m, size_t i)
{
    return i == 0 ? m->ack_url : m->normal_url;
}

const char *message_text_link_words(size_t i)
{
    return i == 0 ? "I see to it" : "This is normal";
}

char *message_text_plain(const struct message *m)
{
    char summary[MESSAGE_TEXT_SUMMARY_MAX], url[1024];
    struct message_text_facts facts;
    struct message_text_lines lines;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    message_text_facts(&facts, m);
    message_text_lines(&lines, m);
    fprintf(out, "%s\r\n\r\n", message_text_summary(summary, sizeof summary, m));
    for (size_t i = 0; i < facts.n; i++)
        fprintf(out, "%-9s%s\r\n", facts.fact[i].label, facts.fact[i].value);
    for (size_t i = 0; i < lines.n; i++)
        fprintf(out, "%s%s\r\n", i == 0 ? "\r\n" : "", lines.line[i]);
    if (m->page_url != NULL && *m->page_url != '\0')
        fprintf(out, "\r\n%s\r\n", harmless_line(url, sizeof url, m->page_url));
    for (size_t i = 0; i < MESSAGE_TEXT_LINKS; i++)
        if (message_text_link(m, i) != NULL)
            fprintf(out, "%s: %s\r\n", message_text_link_words(i),
                    harmless_line(url, sizeof url, message_text_link(m, i)));
    return harmless_finish(out, &text);
}
