/* Socket addresses, from settings and to text. */
#ifndef RIDGELINE_HORIZON_ADDRESS_H
#define RIDGELINE_HORIZON_ADDRESS_H

#include <sys/socket.h>

#include "ridgeline/units.h"

#define ADDRESS_TEXT_MAX 64 /* "[IPv6]:PORT" and NUL */

/* Resolves an address to listen on (waits for the resolver; start-up only). `type` is SOCK_STREAM
 * or SOCK_DGRAM. Returns its length, or 0 with the reason logged. */
socklen_t address_resolve(const struct units_address *from, int type, struct sockaddr_storage *to);

/* "HOST:PORT", an IPv6 host in brackets. */
void address_text(const struct sockaddr_storage *from, char text[ADDRESS_TEXT_MAX]);

/* The host alone; an IPv4 address that came over IPv6 as IPv4. */
void address_host(const struct sockaddr_storage *from, char text[ADDRESS_TEXT_MAX]);

#endif
