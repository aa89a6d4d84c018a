#include <string.h>

#include "alerter/channels/exchange.h"

/* Statuses that say that this very request will never be taken. Others may change when the receiver, or the
 * settings, are repaired: a wrong path or password is no reason to throw a message away. */
static bool is_final(long status)
{
    return status == 400 || status == 410 || status == 413 || status == 414 || status == 415 || status == 422;
}

/* A head counts when it is whole. */
static size_t on_head(char *bytes, size_t size, size_t n, void *context)
{
    struct exchange *x = context;
    if (size * n >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        x->has_head = false;
    else if (size * n > 0 && (*bytes == '\r' || *bytes == '\n'))
        x->has_head = true;
    return size * n;
}

/* The status says whether it was taken: what becomes of the answer's body does not matter then. */
static void judge(struct exchange *x, CURLcode result, long status, struct transport_answer *answer)
{
    curl_off_t wait_s = 0;
    if (result != CURLE_OK && !(x->has_head && status >= 200)) {
        transport_answer(answer, TRANSPORT_RETRY, "%s", exchange_error(x, result));
        return;
    }
    enum transport_outcome outcome = status >= 200 && status < 300 ? TRANSPORT_DELIVERED
                                     : is_final(status)            ? TRANSPORT_REFUSED
                                                                   : TRANSPORT_RETRY;
    transport_answer(answer, outcome, "HTTP %ld%s%s", status, x->said[0] != '\0' ? ": " : "", x->said);
    if (curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK && wait_s > 0)
        answer->retry_after_s = (int64_t)wait_s;
}

void over_http_send(const struct transport_job *job, struct transport_answer *answer)
{
    struct exchange x;
    long status;
    if (exchange_init(&x, job) < 0) {
        transport_answer(answer, TRANSPORT_RETRY, "out of memory");
    } else {
        curl_easy_setopt(x.curl, CURLOPT_CUSTOMREQUEST, job->parcel->method);
        curl_easy_setopt(x.curl, CURLOPT_POSTFIELDS, job->parcel->body);
        curl_easy_setopt(x.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->parcel->len);
        curl_easy_setopt(x.curl, CURLOPT_USERAGENT, "Ridgeline");
        curl_easy_setopt(x.curl, CURLOPT_HEADERFUNCTION, on_head);
        curl_easy_setopt(x.curl, CURLOPT_HEADERDATA, &x);
        CURLcode result = exchange_run(&x, &status);
        judge(&x, result, status, answer);
    }
    exchange_fini(&x);
}
