/* One exchange through libcurl, with what HTTP and SMTP have in common: limits of time, certificates, and what the
 * receiver said. */
#ifndef RIDGELINE_ALERTER_EXCHANGE_H
#define RIDGELINE_ALERTER_EXCHANGE_H

#include <curl/curl.h>

#include "alerter/channels/transport.h"

struct exchange {
    CURL *curl;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
    bool has_head;     /* of HTTP: the answer's, whole */
    size_t body_bytes; /* of the answer, so far */
    bool is_put_off;   /* of SMTP: the server has said 4xx to something */
    char said[TRANSPORT_ANSWER_MAX]; /* the beginning of a body, or the last line of a dialogue */
};

/* Sets up an exchange with the parcel's target and headers. Returns 0, or -1 when memory is out; wants
 * exchange_fini() either way. */
int exchange_init(struct exchange *x, const struct transport_job *job);
void exchange_fini(struct exchange *x);

/* Runs it; `*code` gets the receiver's last status, 0 without one. */
CURLcode exchange_run(struct exchange *x, long *code);

/* Why it failed, in libcurl's words or those of its error code. */
const char *exchange_error(const struct exchange *x, CURLcode result);

#endif
