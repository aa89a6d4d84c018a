/* Who may talk to the page. A site that the operator's browser also visits must not reach
 * it: not by a host name that it points here (DNS rebinding), not by a request
 * forged from its own pages. Pure. */
#ifndef WEBAPP_GUARD_H
#define WEBAPP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a Host header is one that we answer to: an IP address, localhost,
 * `listen_host` (as set) or `machine` (the machine's name; either may be ""), each
 * with or without a port. A rebound name is none of these. NULL (HTTP/1.0) passes: no browser
 * leaves it out. */
bool guard_host(const char *host, const char *listen_host, const char *machine);

/* Whether an Origin header names the very host of the Host header, under http or
 * https (a proxy may add TLS). NULL passes: not from another site's page. */
bool guard_origin(const char *origin, const char *host);

/* Whether `given` (may be NULL) is `token`; takes the same time wherever they differ. */
bool guard_token(const char *given, const char *token);

#endif
