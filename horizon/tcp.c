/* Sockets are always read, whatever Redis does: a sender is never made to wait. What a
 * connection holds between reads is the piece of a line or message that the last read
 * cut off, bounded by its framing. */
#include "tcp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "frame.h"
#include "ridgeline/clock.h"
#include "ridgeline/log.h"

#define BACKLOG 512
#define IDLE_CHECK_MS 1000
/* For Redis, the listeners, /proc. Where no descriptor is left libuv closes a new connection and tells nobody. */
#define DESCRIPTORS_KEPT 32

struct tcp_connection {
    uv_tcp_t handle;
    struct tcp *tcp;
    struct tcp_connection *previous, *next;
    struct intake_source from;
    uint64_t active_ms; /* loop time of the last read */
    union {
        struct frame_lines lines;
        struct frame_messages messages;
    } frame;
};

static bool sends_lines(const struct tcp_connection *c)
{
    return c->from.listener != INTAKE_PICKLE_TCP;
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_connection *c = handle->data;
    if (sends_lines(c))
        frame_lines_fini(&c->frame.lines);
    else
        frame_messages_fini(&c->frame.messages);
    free(c);
}

static void close_connection(struct tcp_connection *c)
{
    struct tcp *tcp = c->tcp;
    if (c->previous)
        c->previous->next = c->next;
    else
        tcp->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    tcp->n_connections--;
    c->from.sender->connections--;
    uv_close((uv_handle_t *)&c->handle, on_closed);
}

static void feed_lines(struct tcp_connection *c, const char *bytes, size_t n)
{
    struct intake *in = c->tcp->intake;
    struct frame_lines *f = &c->frame.lines;
    const char *line, *ahead = bytes;
    size_t len;
    frame_lines_give(f, bytes, n);
    for (;;) {
        if (f->next >= ahead)
            ahead = intake_ahead(in, c->from.listener, f->next, f->end);
        enum frame_result result = frame_lines_take(f, &line, &len);
        if (result == FRAME_MORE)
            return;
        if (result == FRAME_WHOLE)
            intake_line(in, c->from, line, len);
        else
            intake_reject(in, c->from, HORIZON_REJECTED_too_long, line, len);
    }
}

/* Returns 0, or -1 when the stream cannot be followed any more. */
static int feed_messages(struct tcp_connection *c, const char *bytes, size_t n)
{
    struct frame_messages *f = &c->frame.messages;
    const uint8_t *message;
    size_t len;
    frame_messages_give(f, bytes, n);
    enum frame_result result = frame_messages_take(f, &message, &len);
    for (; result == FRAME_WHOLE; result = frame_messages_take(f, &message, &len))
        intake_pickle(c->tcp->intake, c->from, message, len);
    if (result == FRAME_MORE)
        return 0;
    bool too_long = result == FRAME_TOO_LONG;
    intake_reject(c->tcp->intake, c->from, too_long ? HORIZON_REJECTED_too_long : HORIZON_REJECTED_over_limit, NULL, 0);
    log_warning(too_long ? "pickle_too_long" : "pickle_no_memory", "sender=%s", c->from.sender->address);
    return -1;
}

/* The stream is over: what it left incomplete is one point cut off. */
static void end_stream(struct tcp_connection *c)
{
    const char *rest = NULL;
    size_t len = 0;
    bool cut_off = sends_lines(c) ? frame_lines_cut_off(&c->frame.lines, &rest, &len)
                                  : frame_messages_cut_off(&c->frame.messages);
    if (cut_off)
        intake_reject(c->tcp->intake, c->from, HORIZON_REJECTED_truncated, rest, len);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct tcp_connection *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(c->tcp->buffer, sizeof c->tcp->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct tcp_connection *c = stream->data;
    c->tcp->intake->now_ms = clock_wall_ms();
    if (n < 0) {
        end_stream(c);
        close_connection(c);
        return;
    }
    c->active_ms = uv_now(c->tcp->loop);
    if (sends_lines(c))
        feed_lines(c, buffer->base, (size_t)n);
    else if (feed_messages(c, buffer->base, (size_t)n) != 0)
        close_connection(c);
}

static int init_frame(struct tcp_connection *c)
{
    const struct settings *s = c->tcp->intake->settings;
    if (sends_lines(c))
        return frame_lines_init(&c->frame.lines, (size_t)s->horizon.max_line_bytes);
    frame_messages_init(&c->frame.messages, (size_t)s->horizon.max_pickle_bytes);
    return 0;
}

/* Enters an accepted connection among the open ones. */
static void begin(struct tcp_connection *c)
{
    struct tcp *tcp = c->tcp;
    struct sockaddr_storage peer = {0};
    char host[ADDRESS_TEXT_MAX] = "unknown";
    int len = sizeof peer;
    if (uv_tcp_getpeername(&c->handle, (struct sockaddr *)&peer, &len) == 0)
        address_host(&peer, host);
    c->from.sender = intake_sender(tcp->intake, c->from.listener, host, clock_wall_ms());
    c->from.sender->connections++;
    c->active_ms = uv_now(tcp->loop);
    c->next = tcp->connections;
    if (c->next)
        c->next->previous = c;
    tcp->connections = c;
    tcp->n_connections++;
    uv_tcp_keepalive(&c->handle, 1, 60);
    if (uv_read_start((uv_stream_t *)&c->handle, on_buffer, on_read) != 0)
        close_connection(c);
}

static void on_refused(uv_handle_t *handle)
{
    free(handle->data);
}

/* As set, and no more than there are descriptors for. */
static uint64_t max_connections(const struct tcp *tcp)
{
    uint64_t max = (uint64_t)tcp->intake->settings->horizon.max_connections, room;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return max;
    room = limit.rlim_cur > DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT : 1;
    return room < max ? room : max;
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct tcp_listener *listener = stream->data;
    struct tcp *tcp = listener->tcp;
    struct tcp_connection *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        tcp->n_refused++;
        log_warning("accept_failed", "reason=\"%s\"", status ? uv_strerror(status) : "out of memory");
        return;
    }
    c->tcp = tcp;
    c->from.listener = listener->kind;
    uv_tcp_init(tcp->loop, &c->handle);
    c->handle.data = c;
    if (uv_accept(stream, (uv_stream_t *)&c->handle) != 0) {
        uv_close((uv_handle_t *)&c->handle, on_refused);
    } else if (tcp->n_connections >= max_connections(tcp) || init_frame(c) != 0) {
        tcp->n_refused++;
        log_warning("connection_refused", "listener=%s open=%llu", intake_listener_names[listener->kind],
                    (unsigned long long)tcp->n_connections);
        uv_close((uv_handle_t *)&c->handle, on_refused);
    } else {
        begin(c);
    }
}

static void on_idle_check(uv_timer_t *timer)
{
    struct tcp *tcp = timer->data;
    uint64_t now_ms = uv_now(tcp->loop);
    uint64_t timeout_ms = (uint64_t)tcp->intake->settings->horizon.idle_timeout_s * 1000;
    tcp->intake->now_ms = clock_wall_ms();
    for (struct tcp_connection *c = tcp->connections, *next; c; c = next) {
        next = c->next;
        if (now_ms - c->active_ms < timeout_ms)
            continue;
        tcp->n_idle++;
        end_stream(c);
        close_connection(c);
    }
}

int tcp_init(struct tcp *tcp, uv_loop_t *loop, struct intake *intake)
{
    memset(tcp, 0, sizeof *tcp);
    tcp->loop = loop;
    tcp->intake = intake;
    uv_timer_init(loop, &tcp->idle_timer);
    tcp->idle_timer.data = tcp;
    return uv_timer_start(&tcp->idle_timer, on_idle_check, IDLE_CHECK_MS, IDLE_CHECK_MS) == 0 ? 0 : -1;
}

int tcp_listen(struct tcp *tcp, enum intake_listener kind, const struct units_address *address,
               char text[ADDRESS_TEXT_MAX])
{
    struct sockaddr_storage bound;
    int len = sizeof bound;
    if (address_resolve(address, SOCK_STREAM, &bound) == 0)
        return -1;
    struct tcp_listener *l = &tcp->listeners[tcp->n_listeners++];
    l->tcp = tcp;
    l->kind = kind;
    uv_tcp_init(tcp->loop, &l->handle);
    l->handle.data = l;
    int error = uv_tcp_bind(&l->handle, (struct sockaddr *)&bound, 0);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&l->handle, BACKLOG, on_connection);
    if (error == 0)
        error = uv_tcp_getsockname(&l->handle, (struct sockaddr *)&bound, &len);
    if (error != 0) {
        log_error("listen_failed", "listener=%s host=%s port=%u reason=\"%s\"", intake_listener_names[kind],
                  address->host, address->port, uv_strerror(error));
        return -1;
    }
    address_text(&bound, text);
    return 0;
}

void tcp_stop_listening(struct tcp *tcp)
{
    for (unsigned i = 0; i < tcp->n_listeners; i++)
        uv_close((uv_handle_t *)&tcp->listeners[i].handle, NULL);
    tcp->n_listeners = 0;
}

void tcp_close(struct tcp *tcp)
{
    tcp_stop_listening(tcp);
    tcp->intake->now_ms = clock_wall_ms();
    while (tcp->connections) {
        end_stream(tcp->connections);
        close_connection(tcp->connections);
    }
    uv_close((uv_handle_t *)&tcp->idle_timer, NULL);
}
