/* How the benches' senders reach what they measure. */
#ifndef RIDGELINE_BENCH_PEER_H
#define RIDGELINE_BENCH_PEER_H

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ridgeline/units.h"

/* A socket of `type` connected to "HOST:PORT"; -1 where there is none to be had. */
static inline int peer_connect(const char *host_and_port, int type)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type}, *found;
    struct units_address address;
    const char *reason;
    char port[8];
    if (units_address(host_and_port, &address, &reason) != 0)
        return -1;
    snprintf(port, sizeof port, "%u", address.port);
    if (getaddrinfo(address.host, port, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, type, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

#endif
