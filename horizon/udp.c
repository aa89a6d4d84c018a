/* libuv's own UDP handle cannot say what the kernel dropped, so the socket is
 * ours and only waited for by libuv. Datagrams are read many at a call; each carries the
 * kernel's count of those that found no room before it (SO_RXQ_OVFL). */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/log.h"

#define SLOTS 64
#define DATAGRAM_MAX_BYTES 65536
#define RECEIVE_BUFFER_BYTES (16 * 1024 * 1024) /* asked for; the kernel gives net.core.rmem_max at most */
#define ROUNDS_MAX 16                           /* then the others get their turn */

struct udp_slots {
    struct mmsghdr messages[SLOTS];
    struct iovec vectors[SLOTS];
    struct sockaddr_storage peers[SLOTS];
    _Alignas(struct cmsghdr) char controls[SLOTS][CMSG_SPACE(sizeof(uint32_t))];
    char bytes[SLOTS][DATAGRAM_MAX_BYTES];
};

static void prepare_slots(struct udp_slots *s)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        s->vectors[i] = (struct iovec){s->bytes[i], DATAGRAM_MAX_BYTES};
        s->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &s->peers[i],
            .msg_namelen = sizeof s->peers[i],
            .msg_iov = &s->vectors[i],
            .msg_iovlen = 1,
            .msg_control = s->controls[i],
            .msg_controllen = sizeof s->controls[i],
        };
    }
}

static void count_kernel_drops(struct udp *udp, struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        uint32_t overflow;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&overflow, CMSG_DATA(c), sizeof overflow);
        udp->kernel_drops += overflow - udp->last_overflow;
        udp->last_overflow = overflow;
    }
}

static struct sender *sender_of(struct udp *udp, const struct sockaddr_storage *peer, socklen_t len)
{
    if (!udp->last_sender || memcmp(peer, &udp->last_peer, len) != 0) {
        char host[ADDRESS_TEXT_MAX];
        address_host(peer, host);
        memcpy(&udp->last_peer, peer, len);
        udp->last_sender = intake_sender(udp->intake, udp->kind, host, udp->intake->now_ms);
    }
    return udp->last_sender;
}

/* The end of a datagram ends its last line. */
static void take_lines(struct udp *udp, struct intake_source from, const char *bytes, size_t len)
{
    size_t max = (size_t)udp->intake->settings->horizon.max_line_bytes;
    const char *end = bytes + len, *ahead = bytes;
    while (bytes < end) {
        if (bytes >= ahead)
            ahead = intake_ahead(udp->intake, udp->kind, bytes, end);
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *line_end = newline ? newline : end;
        size_t n = (size_t)(line_end - bytes);
        if (n > max)
            intake_reject(udp->intake, from, HORIZON_REJECTED_too_long, bytes, n);
        else
            intake_line(udp->intake, from, bytes, n);
        bytes = newline ? newline + 1 : end;
    }
}

static void take_datagram(struct udp *udp, struct sender *sender, const char *bytes, size_t len)
{
    struct intake_source from = {udp->kind, sender};
    if (udp->kind == INTAKE_SKYLINE_UDP)
        intake_skyline(udp->intake, from, (const uint8_t *)bytes, len);
    else
        take_lines(udp, from, bytes, len);
}

/* Returns how many datagrams were read. */
static int read_round(struct udp *udp)
{
    struct udp_slots *s = udp->slots;
    prepare_slots(s);
    int n = recvmmsg(udp->fd, s->messages, SLOTS, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        struct msghdr *message = &s->messages[i].msg_hdr;
        count_kernel_drops(udp, message);
        take_datagram(udp, sender_of(udp, &s->peers[i], message->msg_namelen), s->bytes[i], s->messages[i].msg_len);
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        log_warning("udp_read_failed", "reason=\"%s\"", strerror(errno));
    return n;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct udp *udp = poll->data;
    (void)status;
    (void)events;
    udp->intake->now_ms = clock_wall_ms();
    /* A sender of long ago may have given its place to another since. */
    udp->last_sender = NULL;
    for (int round = 0; round < ROUNDS_MAX && read_round(udp) == SLOTS; round++)
        continue;
}

/* A bound socket, or -1 with errno. */
static int open_socket(const struct sockaddr_storage *address, socklen_t len)
{
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1, bytes = RECEIVE_BUFFER_BYTES;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)address, len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int udp_init(struct udp *udp, uv_loop_t *loop, struct intake *intake, enum intake_listener kind,
             const struct units_address *address, char text[ADDRESS_TEXT_MAX])
{
    *udp = (struct udp){.fd = -1, .intake = intake, .kind = kind};
    struct sockaddr_storage bound;
    socklen_t len = address_resolve(address, SOCK_DGRAM, &bound);
    if (len == 0)
        return -1;
    udp->slots = calloc(1, sizeof *udp->slots);
    udp->fd = udp->slots ? open_socket(&bound, len) : -1;
    if (udp->fd < 0) {
        log_error("listen_failed", "listener=%s host=%s port=%u reason=\"%s\"", intake_listener_names[kind],
                  address->host, address->port, strerror(errno));
        free(udp->slots);
        return -1;
    }
    len = sizeof bound;
    getsockname(udp->fd, (struct sockaddr *)&bound, &len);
    address_text(&bound, text);
    uv_poll_init(loop, &udp->poll, udp->fd);
    udp->poll.data = udp;
    return uv_poll_start(&udp->poll, UV_READABLE, on_readable) == 0 ? 0 : -1;
}

void udp_close(struct udp *udp)
{
    if (udp->fd < 0)
        return;
    uv_close((uv_handle_t *)&udp->poll, NULL);
    close(udp->fd);
    free(udp->slots);
    udp->fd = -1;
}
