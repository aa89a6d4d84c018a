/* A line to a socket: one datagram to a unix socket or over UDP, or a frame over TCP with its length before it
 * (octet counting, RFC 6587). Over UDP nothing is known of its arrival. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alerter/channels/lookup.h"
#include "alerter/channels/transport.h"
#include "ridgeline/units.h"

static void fail(struct transport_answer *answer, const struct transport_job *job, const char *why)
{
    transport_answer(answer, TRANSPORT_RETRY, "%s: %s", job->parcel->target, why);
}

static void send_unix(const struct transport_job *job, const char *path, struct transport_answer *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fail(answer, job, "the path is too long for a socket");
        return;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        send(fd, job->parcel->body, job->parcel->len, MSG_NOSIGNAL) < 0)
        fail(answer, job, strerror(errno));
    else
        transport_answer(answer, TRANSPORT_DELIVERED, "the socket took it");
    if (fd >= 0)
        close(fd);
}

/* Connects to the first address that lets us within the time. -1 with `*why`. */
static int connect_to(const struct transport_job *job, const struct addrinfo *list, int64_t deadline_ms,
                      const char **why)
{
    *why = "no address";
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol), error = 0;
        socklen_t len = sizeof error;
        if (fd < 0 || (connect(fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS))
            error = errno;
        else if (!transport_wait(job, fd, POLLOUT, deadline_ms))
            error = ETIMEDOUT;
        else
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error == 0)
            return fd;
        *why = strerror(error);
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

static int write_all(const struct transport_job *job, int fd, const char *bytes, size_t len, int64_t deadline_ms)
{
    while (len > 0) {
        if (!transport_wait(job, fd, POLLOUT, deadline_ms)) {
            errno = ETIMEDOUT;
            return -1;
        }
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Ends our side and waits for the end of theirs: a receiver that threw the bytes away resets the connection.
 * One that only keeps it open has them. */
static int await_end(const struct transport_job *job, int fd, int64_t deadline_ms)
{
    char byte;
    shutdown(fd, SHUT_WR);
    if (!transport_wait(job, fd, POLLIN, deadline_ms))
        return 0;
    return recv(fd, &byte, 1, 0) < 0 && errno == ECONNRESET ? -1 : 0;
}

static int send_frame(const struct transport_job *job, int fd, int64_t deadline_ms)
{
    char length[24];
    int n = snprintf(length, sizeof length, "%zu ", job->parcel->len);
    if (write_all(job, fd, length, (size_t)n, deadline_ms) < 0 ||
        write_all(job, fd, job->parcel->body, job->parcel->len, deadline_ms) < 0)
        return -1;
    return await_end(job, fd, deadline_ms);
}

static void send_inet(const struct transport_job *job, int type, struct transport_answer *answer)
{
    struct units_address address;
    struct addrinfo *list;
    const char *why;
    if (units_address(job->parcel->target + 4, &address, &why) < 0) {
        fail(answer, job, why);
        return;
    }
    int64_t deadline_ms = transport_deadline_mono_ms(job);
    if (lookup_addresses(job, address.host, address.port, type, deadline_ms, &list, &why) < 0) {
        fail(answer, job, why);
        return;
    }
    int fd = connect_to(job, list, deadline_ms, &why);
    freeaddrinfo(list);
    if (fd < 0)
        fail(answer, job, why);
    else if (type == SOCK_STREAM ? send_frame(job, fd, deadline_ms) < 0
                                 : write_all(job, fd, job->parcel->body, job->parcel->len, deadline_ms) < 0)
        fail(answer, job, strerror(errno));
    else
        transport_answer(answer, TRANSPORT_DELIVERED, "sent to %s", job->parcel->target);
    if (fd >= 0)
        close(fd);
}

void over_socket_send(const struct transport_job *job, struct transport_answer *answer)
{
    const char *target = job->parcel->target;
    if (strncmp(target, "unix:", 5) == 0)
        send_unix(job, target + 5, answer);
    else
        send_inet(job, strncmp(target, "tcp:", 4) == 0 ? SOCK_STREAM : SOCK_DGRAM, answer);
}
