/* Mail: a text and the same in HTML, threaded by incident. The parts are put together, and encoded, by libcurl
 * (smtp.c); here are the headers that are ours.
 *
 * A Message-ID is made of the message's id, so a repeat of one that was sent already is the same mail, which many
 * servers and clients show once. What belongs to one incident refers to one Message-ID that was never sent. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerter/channels/channel.h"
#include "alerter/channels/harmless.h"
#include "alerter/message_html.h"
#include "alerter/message_text.h"
#include "ridgeline/keys.h"

/* Bytes of text in one encoded word: it may be 75 long (RFC 2047). */
#define WORD_BYTES 42

/* Whether a reader shows the text as it stands: "=?" may begin an encoded word, which could hold anything. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            return false;
    return strstr(text, "=?") == NULL;
}

/* Writes a line of UTF-8 as encoded words, none of which cuts a character. */
static void write_encoded(FILE *out, const char *text)
{
    while (*text != '\0') {
        unsigned char word[4 * ((WORD_BYTES + 2) / 3) + 1];
        size_t n = strnlen(text, WORD_BYTES);
        while (((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        EVP_EncodeBlock(word, (const unsigned char *)text, (int)n);
        text += n;
        fprintf(out, "=?UTF-8?B?%s?=%s", (const char *)word, *text != '\0' ? "\r\n " : "");
    }
}

static int add_subject(struct parcel *p, const struct message *m)
{
    char line[MESSAGE_TEXT_SUMMARY_MAX], subject[MESSAGE_TEXT_SUMMARY_MAX + 128], site[100];
    char *text = NULL;
    size_t len;
    bool named = m->site != NULL && *m->site != '\0';
    snprintf(subject, sizeof subject, "[%s] %s", harmless_line(site, sizeof site, named ? m->site : "Ridgeline"),
             message_text_summary(line, sizeof line, m));
    if (is_plain(subject))
        return parcel_header(p, "Subject", subject);
    FILE *out = open_memstream(&text, &len);
    if (out == NULL || p->n_headers == PARCEL_HEADERS_MAX)
        return -1;
    fputs("Subject: ", out);
    write_encoded(out, subject);
    p->headers[p->n_headers] = harmless_finish(out, &text);
    return p->headers[p->n_headers++] != NULL ? 0 : -1;
}

/* An address a line: one line may be 998 bytes long, and there may be many. */
static int add_to(struct parcel *p, const char *list)
{
    char *text = NULL;
    size_t len;
    FILE *out = p->n_headers < PARCEL_HEADERS_MAX ? open_memstream(&text, &len) : NULL;
    if (out == NULL)
        return -1;
    fputs("To: ", out);
    while (*list != '\0') {
        size_t n = strcspn(list, ", ");
        fwrite(list, 1, n, out);
        list += n + strspn(list + n, ", ");
        fputs(*list != '\0' ? ",\r\n " : "", out);
    }
    p->headers[p->n_headers] = harmless_finish(out, &text);
    return p->headers[p->n_headers++] != NULL ? 0 : -1;
}

static int add_date(struct parcel *p, int64_t now_s)
{
    char date[64];
    struct tm tm;
    time_t seconds = (time_t)now_s;
    if (gmtime_r(&seconds, &tm) == NULL)
        return -1;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    return parcel_header(p, "Date", date);
}

static int add_ids(struct parcel *p, const struct channel_settings *c, const struct channel_event *e)
{
    char id[320], thread[320];
    const char *domain = strchr(c->from, '@');
    const char *key = e->message->dedup_key;
    uint64_t thread_hash = keys_hash(key, strlen(key));
    snprintf(id, sizeof id, "<%016" PRIx64 ".%016" PRIx64 "%s>", thread_hash, keys_hash(e->id, strlen(e->id)), domain);
    snprintf(thread, sizeof thread, "<%016" PRIx64 "%s>", thread_hash, domain);
    return parcel_header(p, "Message-ID", id) < 0 || parcel_header(p, "References", thread) < 0
               ? -1
               : parcel_header(p, "In-Reply-To", thread);
}

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    if (parcel_address(p, c->server, NULL) < 0 || parcel_text(p, message_text_plain(e->message)) < 0)
        return -1;
    p->html = message_html(e->message, e->chart ? CHANNEL_CHART_CID : NULL);
    if (p->html == NULL || parcel_header(p, "From", c->from) < 0 || add_to(p, c->to) < 0 ||
        add_subject(p, e->message) < 0 || add_date(p, e->now_s) < 0 || add_ids(p, c, e) < 0)
        return -1;
    return parcel_header(p, "Auto-Submitted", "auto-generated"); /* RFC 3834: no vacation notes in return */
}

const struct channel_kind channel_mail = {.transport = CHANNEL_OVER_SMTP, .format = format};
