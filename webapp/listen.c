#include "webapp/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ridgeline/log.h"

#define BACKLOG 128

static int bind_one(const struct addrinfo *a)
{
    int on = 1, fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int say_bound(int fd, char *bound, size_t bound_bytes)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return -1;
    int n = snprintf(bound, bound_bytes, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    return n > 0 && (size_t)n < bound_bytes ? 0 : -1;
}

int listen_open(const struct units_address *address, char *bound, size_t bound_bytes)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    char port[8], host[2 * UNITS_HOST_MAX];
    log_quote(host, sizeof host, address->host, strlen(address->host));
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    int failed = getaddrinfo(address->host, port, &hints, &found);
    if (failed) {
        log_error("listen_failed", "setting=webapp.listen host=%s port=%s reason=\"%s\"", host, port,
                  gai_strerror(failed));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = bind_one(a);
    freeaddrinfo(found);
    if (fd < 0 || say_bound(fd, bound, bound_bytes) != 0) {
        log_error("listen_failed", "setting=webapp.listen host=%s port=%s reason=\"%s\"", host, port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}
