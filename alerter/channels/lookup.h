/* The addresses of a name, within a time: the C library's own getaddrinfo() waits half a minute and more for a name
 * server that does not answer, and keeps whoever calls it from all else, such as its lease. */
#ifndef RIDGELINE_ALERTER_LOOKUP_H
#define RIDGELINE_ALERTER_LOOKUP_H

#include <netdb.h>
#include <stdint.h>

struct transport_job;

/* Looks up the host and port for sockets of this type. Returns 0 with `*list`, the caller's (freeaddrinfo()); or -1
 * with `*why`, a literal, when there is none, `deadline_mono_ms` has passed, or the job may not go on. */
int lookup_addresses(const struct transport_job *job, const char *host, uint16_t port, int type,
                     int64_t deadline_mono_ms, struct addrinfo **list, const char **why);

#endif
