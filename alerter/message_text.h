/* What a message says to people: one line, facts, the text of a mail. Pure.
 *
 * All texts made here are lines of harmless_line(), or escaped for what they are part of. */
#ifndef RIDGELINE_ALERTER_MESSAGE_TEXT_H
#define RIDGELINE_ALERTER_MESSAGE_TEXT_H

#include <stddef.h>

#include "alerter/message.h"
#include "alerter/message_value.h"

/* "OPEN shop.mail: 412 ms, 312 % above the expected 100 ms (80 to 120), since 2026-11-22 06:41:20 UTC, score 93"; of
 * more metrics than one how many they are, and that of the first; one line. Returns `out`. */
#define MESSAGE_TEXT_SUMMARY_MAX 640
char *message_text_summary(char *out, size_t out_bytes, const struct message *m);

/* What else is known, as label and value: since when, first mover, its value, marks, owner, runbook, ... */
#define MESSAGE_TEXT_FACTS_MAX 20
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
 * and one that tells how many more there are; and what the former are made of. */
#define MESSAGE_TEXT_LINES_MAX 10
#define MESSAGE_TEXT_NAME_MAX 256
#define MESSAGE_TEXT_LINE_MAX (MESSAGE_TEXT_NAME_MAX + MESSAGE_VALUE_MAX + 64)
struct message_text_lines {
    size_t n, n_entries;
    char line[MESSAGE_TEXT_LINES_MAX + 1][MESSAGE_TEXT_LINE_MAX];
    struct message_text_entry {
        double score;
        int64_t start;
        char name[MESSAGE_TEXT_NAME_MAX], said[MESSAGE_VALUE_MAX];
    } entry[MESSAGE_TEXT_LINES_MAX];
};
void message_text_lines(struct message_text_lines *l, const struct message *m);

/* The links by which a reader says something of the incident: NULL where the message has none; and their words. */
#define MESSAGE_TEXT_LINKS 2
const char *message_text_link(const struct message *m, size_t i);
const char *message_text_link_words(size_t i);

/* A mail's text; message_html() is its other form. malloc'd; NULL when memory is out. */
char *message_text_plain(const struct message *m);

/* "2026-11-22 06:41:20 UTC", and "2026-11-22T06:41:20Z" (RFC 3339). Return `out`. */
#define MESSAGE_TEXT_TIME_MAX 32
char *message_text_time(char out[MESSAGE_TEXT_TIME_MAX], int64_t t);
char *message_text_rfc3339(char out[MESSAGE_TEXT_TIME_MAX], int64_t t);

#endif
