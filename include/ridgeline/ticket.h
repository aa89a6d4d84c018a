/* Tickets: links in messages by which whoever reads one can say something about its incident without searching for it:
 * signed, so that nobody makes them up, and good until a moment. Opening one changes nothing: it leads to a page that
 * asks. Pure.
 *
 *   PAGE/#act=ack&incident=ID&until=EPOCH&to=CHANNEL&sig=HEX
 *
 * HEX is the first 32 digits of HMAC-SHA256 (RFC 2104) over "ack ID EPOCH CHANNEL" with the site's secret. What stands
 * behind the # stays in the browser: neither proxies nor scanners of mail send it anywhere. */
#ifndef RIDGELINE_TICKET_H
#define RIDGELINE_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKET_SIGNATURE_BYTES 33 /* 32 hex digits and NUL */
#define TICKET_SECRET_BYTES 65    /* 64 hex digits and NUL */
#define TICKET_LINK_BYTES 1024    /* room for any link with its NUL */

struct ticket {
    const char *act;      /* "ack", "normal" */
    const char *incident; /* id */
    const char *to;       /* the channel that the message went to: its name */
    int64_t until;        /* epoch s */
};

/* Signs a link. */
void ticket_sign(char out[TICKET_SIGNATURE_BYTES], const struct ticket *t, const char *secret);

/* Whether `signature` (any text) is the link's; takes the same time wherever they differ. When it holds says nothing of
 * when it ends. */
bool ticket_is_signed(const struct ticket *t, const char *secret, const char *signature);

/* The whole of it, on the page at `page` ("http://host:1500", without a slash at its end). Returns its length, or 0
 * when it is longer than TICKET_LINK_BYTES. */
size_t ticket_link(char out[TICKET_LINK_BYTES], const struct ticket *t, const char *page, const char *secret);

#endif
