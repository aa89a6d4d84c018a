/* A transfer ends after the channel's timeout in all, so a receiver that takes or gives a byte at a time gets no
 * longer than a silent one. Redirections are not followed: what an operator names is what is talked to. */
#include "alerter/channels/exchange.h"

#include <string.h>

#define CONNECT_S_MAX 10L
#define BODY_MAX (64 * 1024) /* bytes of an answer that are read */

static int on_progress(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    const struct transport_job *job = context;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return job->go_on(job->context) ? 0 : 1;
}

/* Keeps the beginning of the body; the rest is read and forgotten, and what is very long is broken off. */
static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct exchange *x = context;
    x->body_bytes += size * n;
    if (x->body_bytes > BODY_MAX)
        return 0;
    size_t have = strlen(x->said), room = sizeof x->said - 1 - have, len = size * n < room ? size * n : room;
    memcpy(x->said + have, bytes, len);
    x->said[have + len] = '\0';
    return size * n;
}

static int set_headers(struct exchange *x, const struct parcel *p)
{
    for (size_t i = 0; i < p->n_headers; i++) {
        struct curl_slist *longer = curl_slist_append(x->headers, p->headers[i]);
        if (longer == NULL)
            return -1;
        x->headers = longer;
    }
    return 0;
}

int exchange_init(struct exchange *x, const struct transport_job *job)
{
    const struct channel_settings *c = job->channel;
    long connect_s = c->timeout_s < CONNECT_S_MAX ? (long)c->timeout_s : CONNECT_S_MAX;
    *x = (struct exchange){.curl = curl_easy_init()};
    if (x->curl == NULL || set_headers(x, job->parcel) < 0)
        return -1;
    curl_easy_setopt(x->curl, CURLOPT_URL, job->parcel->target);
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
    curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
    curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->curl, CURLOPT_TIMEOUT, (long)c->timeout_s);
    curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT, connect_s);
    curl_easy_setopt(x->curl, CURLOPT_QUICK_EXIT, 1L); /* its end does not wait for a name server */
    curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->error);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, job);
    if (c->ca_file != NULL && *c->ca_file != '\0')
        curl_easy_setopt(x->curl, CURLOPT_CAINFO, c->ca_file);
    return 0;
}

void exchange_fini(struct exchange *x)
{
    curl_easy_cleanup(x->curl);
    curl_slist_free_all(x->headers);
}

CURLcode exchange_run(struct exchange *x, long *code)
{
    CURLcode result = curl_easy_perform(x->curl);
    *code = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, code);
    return result;
}

const char *exchange_error(const struct exchange *x, CURLcode result)
{
    return x->error[0] != '\0' ? x->error : curl_easy_strerror(result);
}
