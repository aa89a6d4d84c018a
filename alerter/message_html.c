/* Styles stand in each element, for many readers drop a style sheet. Names of metrics have no blanks and may be broken
 * anywhere, and the picture shrinks, so that nothing is wider than a telephone. */
#include "alerter/message_html.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "alerter/channels/harmless.h"
#include "alerter/message_text.h"

#define BREAKS "overflow-wrap:anywhere;word-break:break-word"
#define CELL "padding:3px 12px 3px 0;vertical-align:top;text-align:left"

/* Only what begins as a web address becomes a link: no "javascript:". */
static void write_link(FILE *out, const char *url, const char *words)
{
    bool is_link = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (is_link) {
        fputs("<a href=\"", out);
        harmless_html(out, url);
        fputs("\">", out);
    }
    harmless_html(out, words);
    if (is_link)
        fputs("</a>", out);
}

static void write_facts(FILE *out, const struct message *m)
{
    struct message_text_facts facts;
    message_text_facts(&facts, m);
    fputs("<table style=\"border-collapse:collapse\">", out);
    for (size_t i = 0; i < facts.n; i++) {
        fprintf(out, "<tr><th style=\"" CELL "\">%s</th><td style=\"" CELL ";" BREAKS "\">", facts.fact[i].label);
        write_link(out, facts.fact[i].value, facts.fact[i].value);
        fputs("</td></tr>", out);
    }
    fputs("</table>", out);
}

/* What is told of one: its score, its name over what it did, since when. */
static void write_entry(FILE *out, const struct message_text_entry *e)
{
    char at[MESSAGE_TEXT_TIME_MAX];
    fprintf(out, "<tr><td style=\"" CELL "\"><b>%.0f</b></td><td style=\"" CELL ";" BREAKS "\"><b>", e->score);
    harmless_html(out, e->name);
    fputs("</b><br>", out);
    harmless_html(out, e->said);
    fprintf(out, "<br><span style=\"color:#666\">since %s</span></td></tr>", message_text_time(at, e->start));
}

static void write_lines(FILE *out, const struct message *m)
{
    struct message_text_lines lines;
    message_text_lines(&lines, m);
    if (lines.n == 0)
        return;
    fprintf(out, "<h4>%s</h4><table style=\"border-collapse:collapse\">",
            m->kind == MESSAGE_DIGEST ? "Held back" : "The strongest");
    for (size_t i = 0; i < lines.n_entries; i++)
        write_entry(out, &lines.entry[i]);
    fputs("</table>", out);
    if (lines.n > lines.n_entries)
        fprintf(out, "<p>%s</p>", lines.line[lines.n - 1]);
}

static void write_links(FILE *out, const struct message *m)
{
    if (m->page_url == NULL || *m->page_url == '\0')
        return;
    fputs("<p>", out);
    write_link(out, m->page_url, "Open in Ridgeline");
    for (size_t i = 0; i < MESSAGE_TEXT_LINKS; i++) {
        if (message_text_link(m, i) == NULL)
            continue;
        fputs(" &middot; ", out);
        write_link(out, message_text_link(m, i), message_text_link_words(i));
    }
    fputs("</p>", out);
}

char *message_html(const struct message *m, const char *chart)
{
    char summary[MESSAGE_TEXT_SUMMARY_MAX];
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    fputs("<!DOCTYPE html><html><head><meta name=\"viewport\" content=\"width=device-width\"></head>"
          "<body style=\"font-family:sans-serif\"><h3 style=\"" BREAKS "\">", out);
    harmless_html(out, message_text_summary(summary, sizeof summary, m));
    fputs("</h3>", out);
    if (chart != NULL)
        fprintf(out, "<p><img src=\"cid:%s\" width=\"600\" style=\"max-width:100%%;height:auto\""
                     " alt=\"the first mover's last hours\"></p>", chart);
    write_facts(out, m);
    write_lines(out, m);
    write_links(out, m);
    fputs("</body></html>\r\n", out);
    return harmless_finish(out, &text);
}
