/* A mail: multipart/alternative of the text and multipart/related, which is the HTML and its picture. libcurl
 * encodes the parts, so no line of them can end the mail or be too long. */
#include <string.h>

#include "alerter/channels/exchange.h"

/* Keeps the last line that the server said. */
static size_t on_line(char *bytes, size_t size, size_t n, void *context)
{
    struct exchange *x = context;
    size_t len = size * n;
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        len--;
    if (len >= sizeof x->said)
        len = sizeof x->said - 1;
    memcpy(x->said, bytes, len);
    x->said[len] = '\0';
    x->is_put_off |= *x->said == '4';
    return size * n;
}

static curl_mimepart *add_part(curl_mime *mime, const char *type, const char *encoder, const void *bytes, size_t len)
{
    curl_mimepart *part = curl_mime_addpart(mime);
    if (part == NULL || curl_mime_data(part, bytes, len) != CURLE_OK || curl_mime_type(part, type) != CURLE_OK ||
        curl_mime_encoder(part, encoder) != CURLE_OK)
        return NULL;
    return part;
}

static int add_text(curl_mime *mime, const char *type, const char *text)
{
    return add_part(mime, type, "quoted-printable", text, strlen(text)) != NULL ? 0 : -1;
}

static int add_chart(curl_mime *related, const struct transport_job *job)
{
    curl_mimepart *part = add_part(related, "image/png", "base64", job->chart, job->chart_len);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-ID: <" CHANNEL_CHART_CID ">");
    struct curl_slist *longer =
        headers != NULL ? curl_slist_append(headers, "Content-Disposition: inline; filename=\"chart.png\"") : NULL;
    if (part != NULL && longer != NULL && curl_mime_headers(part, headers, 1) == CURLE_OK)
        return 0;
    curl_slist_free_all(headers);
    return -1;
}

/* The HTML, and the picture that it shows, as one part of `mime`. */
static int add_related(CURL *curl, curl_mime *mime, const struct transport_job *job)
{
    curl_mime *related = curl_mime_init(curl);
    curl_mimepart *part = curl_mime_addpart(mime);
    if (related == NULL || part == NULL || add_text(related, "text/html; charset=utf-8", job->parcel->html) < 0 ||
        (job->chart != NULL && add_chart(related, job) < 0) || curl_mime_subparts(part, related) != CURLE_OK) {
        curl_mime_free(related);
        return -1;
    }
    return curl_mime_type(part, "multipart/related") == CURLE_OK ? 0 : -1;
}

static curl_mime *make_mime(CURL *curl, const struct transport_job *job)
{
    curl_mime *mime = curl_mime_init(curl);
    if (mime != NULL && add_text(mime, "text/plain; charset=utf-8", job->parcel->body) == 0 &&
        add_related(curl, mime, job) == 0)
        return mime;
    curl_mime_free(mime);
    return NULL;
}

/* The addresses of "a@x, b@y", which channels_check() has accepted. NULL when memory is out. */
static struct curl_slist *recipients(const char *list)
{
    struct curl_slist *all = NULL;
    while (*list != '\0') {
        char address[256];
        size_t len = strcspn(list, ", ");
        if (len > 0 && len < sizeof address) {
            memcpy(address, list, len);
            address[len] = '\0';
            struct curl_slist *longer = curl_slist_append(all, address);
            if (longer == NULL)
                break;
            all = longer;
        }
        list += len + strspn(list + len, ", ");
    }
    return all;
}

static long use_ssl(const char *tls)
{
    return strcmp(tls, "off") == 0 ? CURLUSESSL_NONE : strcmp(tls, "required") == 0 ? CURLUSESSL_ALL : CURLUSESSL_TRY;
}

/* Whether this mail will never be taken: 5xx to MAIL, all of RCPT, DATA (libcurl then says CURLE_SEND_ERROR) or to the
 * mail itself. A server that greets us with 5xx, or wants TLS or another login, has not seen it. */
static bool is_final(const struct exchange *x, CURLcode result, long code)
{
    curl_off_t sent = 0;
    curl_easy_getinfo(x->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    bool is_login = code == 530 || code == 534 || code == 535 || code == 538;
    return code >= 500 && code < 600 && !is_login && !x->is_put_off && (result == CURLE_SEND_ERROR || sent > 0);
}

static void judge(const struct exchange *x, CURLcode result, long code, struct transport_answer *answer)
{
    enum transport_outcome outcome = result == CURLE_OK           ? TRANSPORT_DELIVERED
                                     : is_final(x, result, code) ? TRANSPORT_REFUSED
                                                                  : TRANSPORT_RETRY;
    if (result == CURLE_OK)
        transport_answer(answer, outcome, "%s", x->said);
    else
        transport_answer(answer, outcome, "%s%s%s", exchange_error(x, result),
                         x->said[0] != '\0' ? "; the server said: " : "", x->said);
}

static void send_mail(struct exchange *x, const struct transport_job *job, curl_mime *mime, struct curl_slist *to,
                      struct transport_answer *answer)
{
    const struct channel_settings *c = job->channel;
    long code;
    curl_easy_setopt(x->curl, CURLOPT_MIMEPOST, mime);
    curl_easy_setopt(x->curl, CURLOPT_MAIL_FROM, c->from);
    curl_easy_setopt(x->curl, CURLOPT_MAIL_RCPT, to);
    /* One bad address shall not keep it from the others. */
    curl_easy_setopt(x->curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(x->curl, CURLOPT_USE_SSL, use_ssl(c->tls));
    curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
    if (*c->user != '\0') {
        curl_easy_setopt(x->curl, CURLOPT_USERNAME, c->user);
        curl_easy_setopt(x->curl, CURLOPT_PASSWORD, c->password);
    }
    CURLcode result = exchange_run(x, &code);
    judge(x, result, code, answer);
}

void over_smtp_send(const struct transport_job *job, struct transport_answer *answer)
{
    struct exchange x;
    struct curl_slist *to = recipients(job->channel->to), *longer;
    curl_mime *mime = NULL;
    transport_answer(answer, TRANSPORT_RETRY, "out of memory");
    if (exchange_init(&x, job) < 0 || to == NULL)
        goto out;
    longer = curl_slist_append(x.headers, "Content-Type: multipart/alternative");
    if (longer == NULL)
        goto out;
    x.headers = longer;
    mime = make_mime(x.curl, job);
    if (mime != NULL)
        send_mail(&x, job, mime, to, answer);
out:
    curl_mime_free(mime);
    curl_slist_free_all(to);
    exchange_fini(&x);
}
