/* A listening TCP socket for the page. */
#ifndef WEBAPP_LISTEN_H
#define WEBAPP_LISTEN_H

#include <stddef.h>

#include "ridgeline/units.h"

/* Binds `address` (port 0: one of the kernel's choice) and listens. Writes "HOST:PORT" as bound to
 * `bound`. Returns the socket, or -1 with the reason logged. */
int listen_open(const struct units_address *address, char *bound, size_t bound_bytes);

#endif
