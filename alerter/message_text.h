/* What a message says to people: one line, facts, the text and the HTML of a mail. Pure.
 *
 * All texts made here are lines of harmless_line(), or escaped for what they are part of. */
#ifndef RIDGELINE_ALERTER_MESSAGE_TEXT_H
#define RIDGELINE_ALERTER_MESSAGE_TEXT_H

#include <stddef.h>

#include "alerter/message.h"

/* "OPEN shop.checkout.**: 12 metrics, down, score 93"; one line. Returns `out`. */
#define MESSAGE_TEXT_SUMMARY_MAX 400
char *message_text_summary(char *out, size_t out_bytes, const struct message *m);

/* What else is known, as label and value: since when, first mover, marks, owner, runbook, ... */
#define MESSAGE_TEXT_FACTS_MAX 12
#define MESSAGE_TEXT_VALUE_MAX 640
struct message_text_facts {
    size_t n;
    struct {
        const char *label; /* a literal */
        char value[MESSAGE_TEXT_VALUE_MAX];
    } fact[MESSAGE_TEXT_FACTS_MAX];
};
void message_text_facts(struct message_text_facts *f, const struct message *m);

/* The strongest members of an incident, or a digest's incidents, one line each: at most MESSAGE_TEXT_LINES_MAX
 * and one that tells how many more there are. */
#define MESSAGE_TEXT_LINES_MAX 10
#define MESSAGE_TEXT_LINE_MAX 320
struct message_text_lines {
    size_t n;
    char line[MESSAGE_TEXT_LINES_MAX + 1][MESSAGE_TEXT_LINE_MAX];
};
void message_text_lines(struct message_text_lines *l, const struct message *m);

/* The links by which a reader says something of the incident: NULL where the message has none; and their words. */
#define MESSAGE_TEXT_LINKS 2
const char *message_text_link(const struct message *m, size_t i);
const char *message_text_link_words(size_t i);

/* A mail's two forms. `chart` is the Content-ID of the picture, NULL without one. malloc'd; NULL when memory is out. */
char *message_text_plain(const struct message *m);
char *message_text_html(const struct message *m, const char *chart);

/* "2026-11-22 06:41:20 UTC", and "2026-11-22T06:41:20Z" (RFC 3339). Return `out`. */
#define MESSAGE_TEXT_TIME_MAX 32
char *message_text_time(char out[MESSAGE_TEXT_TIME_MAX], int64_t t);
char *message_text_rfc3339(char out[MESSAGE_TEXT_TIME_MAX], int64_t t);

#endif
