/* The socket is ours, libuv only waits for it: so what the socket does not take stays
 * with its owner, and no request object has to outlive it. Replies go
 * through hiredis's reader with object functions that allocate nothing. */
#include "link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"

/* Small pieces: the reader moves its rest down after each kilobyte that it has read. */
#define READ_BYTES (16 * 1024)
#define READS_MAX 8 /* a round; then the others get their turn */
/* Asked for, so that Redis has work while this process reads from senders for some milliseconds; the
 * kernel gives net.core.wmem_max at most. */
#define SEND_BUFFER_BYTES (1024 * 1024)
#define UNIX_PREFIX "unix:"

struct link {
    uv_poll_t poll;
    uv_getaddrinfo_t resolve;
    uv_loop_t *loop;
    const struct link_events *events;
    void *context; /* NULL: abandoned by its owner */
    redisReader *reader;
    struct link_reply reply; /* the last one read */
    char text[LINK_TEXT_MAX]; /* its text: the reader moves its own bytes before it returns */
    unsigned attempt;
    int fd; /* -1: none yet */
    bool resolving, connecting, blocked;
};

static void *keep(const redisReadTask *task, struct link_reply reply)
{
    struct link *l = task->privdata;
    if (task->parent)
        return l; /* any object: it is never looked at */
    l->reply = reply;
    if (reply.text) {
        memcpy(l->text, reply.text, reply.len);
        l->reply.text = l->text;
    }
    return l;
}

static void *keep_text(const redisReadTask *task, char *text, size_t len)
{
    size_t kept = len < LINK_TEXT_MAX ? len : LINK_TEXT_MAX;
    return keep(task, (struct link_reply){.type = task->type, .text = text, .len = kept});
}

static void *keep_array(const redisReadTask *task, int n)
{
    (void)n;
    return keep(task, (struct link_reply){.type = task->type});
}

static void *keep_integer(const redisReadTask *task, long long integer)
{
    return keep(task, (struct link_reply){.type = task->type, .integer = integer});
}

static void *keep_nil(const redisReadTask *task)
{
    return keep(task, (struct link_reply){.type = task->type});
}

static void keep_nothing(void *object)
{
    (void)object;
}

static redisReplyObjectFunctions object_functions = {keep_text, keep_array, keep_integer, keep_nil, keep_nothing};

static void fail(struct link *l, const char *reason)
{
    if (l->fd >= 0)
        uv_poll_stop(&l->poll);
    l->events->failed(l->context, reason);
}

/* Hands out every whole reply that was read. Returns 0, or -1 when the link is over. */
static int take_replies(struct link *l)
{
    for (;;) {
        void *object = NULL;
        if (redisReaderGetReply(l->reader, &object) != REDIS_OK) {
            fail(l, l->reader->errstr);
            return -1;
        }
        if (!object)
            return 0;
        const char *reason = l->events->reply(l->context, &l->reply);
        if (reason) {
            fail(l, reason);
            return -1;
        }
    }
}

/* Returns 0, or -1 when the link is over. */
static int read_replies(struct link *l)
{
    char bytes[READ_BYTES];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t n = recv(l->fd, bytes, sizeof bytes, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (n <= 0) {
            fail(l, n == 0 ? "closed by Redis" : strerror(errno));
            return -1;
        }
        redisReaderFeed(l->reader, bytes, (size_t)n);
        if (take_replies(l) != 0)
            return -1;
        if ((size_t)n < sizeof bytes)
            return 0;
    }
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void wait_for(struct link *l, int events)
{
    uv_poll_start(&l->poll, events, on_poll); /* cannot fail on a handle that was initialised */
}

static void finish_connect(struct link *l)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        fail(l, strerror(error));
        return;
    }
    l->connecting = false;
    wait_for(l, UV_READABLE);
    l->events->connected(l->context);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *l = poll->data;
    if (l->connecting) {
        finish_connect(l);
        return;
    }
    /* An error shows as a failing read. */
    if ((status < 0 || events & UV_READABLE) && read_replies(l) != 0)
        return;
    if (l->blocked && events & UV_WRITABLE) {
        l->blocked = false;
        wait_for(l, UV_READABLE);
        l->events->writable(l->context);
    }
}

/* Returns 0, or -1 with errno. */
static int start_connect(struct link *l, const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER_BYTES}, sizeof(int));
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if ((connect(fd, address, len) != 0 && errno != EINPROGRESS) || uv_poll_init(l->loop, &l->poll, fd) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    l->fd = fd;
    l->poll.data = l;
    l->connecting = true;
    wait_for(l, UV_WRITABLE);
    return 0;
}

static void destroy(struct link *l)
{
    redisReaderFree(l->reader);
    free(l);
}

static const struct addrinfo *choose(const struct addrinfo *all, unsigned attempt)
{
    unsigned n = 0;
    for (const struct addrinfo *a = all; a; a = a->ai_next)
        n++;
    for (n = attempt % n; n > 0; n--)
        all = all->ai_next;
    return all;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct link *l = request->data;
    l->resolving = false;
    if (!l->context) {
        destroy(l);
    } else if (status != 0) {
        fail(l, uv_strerror(status));
    } else {
        const struct addrinfo *chosen = choose(found, l->attempt);
        if (start_connect(l, chosen->ai_addr, chosen->ai_addrlen) != 0)
            fail(l, strerror(errno));
    }
    uv_freeaddrinfo(found);
}

/* Returns 0, or -1 with errno. */
static int start_tcp(struct link *l, const char *text)
{
    struct units_address address;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    const char *reason;
    char port[8];
    if (units_address(text, &address, &reason) != 0 || !address.on) {
        errno = EINVAL;
        return -1;
    }
    snprintf(port, sizeof port, "%u", address.port);
    l->resolve.data = l;
    int error = uv_getaddrinfo(l->loop, &l->resolve, on_resolved, address.host, port, &hints);
    errno = -error;
    l->resolving = error == 0;
    return l->resolving ? 0 : -1;
}

static int start_unix(struct link *l, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    return start_connect(l, (const struct sockaddr *)&address, sizeof address);
}

struct link *link_new(uv_loop_t *loop, const char *address, unsigned attempt, const struct link_events *events,
                      void *context)
{
    struct link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->loop = loop;
    l->events = events;
    l->context = context;
    l->attempt = attempt;
    l->fd = -1;
    l->reader = redisReaderCreateWithFunctions(&object_functions);
    if (!l->reader) {
        free(l);
        return NULL;
    }
    l->reader->privdata = l;
    int started = strncmp(address, UNIX_PREFIX, sizeof UNIX_PREFIX - 1) == 0
                      ? start_unix(l, address + sizeof UNIX_PREFIX - 1)
                      : start_tcp(l, address);
    if (started == 0)
        return l;
    int error = errno;
    destroy(l);
    errno = error;
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    destroy(handle->data);
}

void link_free(struct link *l)
{
    if (!l)
        return;
    l->context = NULL;
    if (l->fd >= 0) {
        uv_close((uv_handle_t *)&l->poll, on_closed);
        close(l->fd);
    } else if (!l->resolving) {
        destroy(l);
    }
}

ssize_t link_write(struct link *l, const void *bytes, size_t len)
{
    ssize_t written = send(l->fd, bytes, len, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN && errno != EINTR)
        return -1;
    if (written < 0)
        written = 0;
    if ((size_t)written < len) {
        l->blocked = true;
        wait_for(l, UV_READABLE | UV_WRITABLE);
    }
    return written;
}

bool link_is_blocked(const struct link *l)
{
    return l->blocked;
}
