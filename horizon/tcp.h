/* TCP listeners: carbon lines, carbon pickles and StatsD lines, many senders at once. */
#ifndef RIDGELINE_HORIZON_TCP_H
#define RIDGELINE_HORIZON_TCP_H

#include <uv.h>

#include "address.h"
#include "intake.h"

#define TCP_LISTENERS_MAX 3
#define TCP_READ_BYTES (64 * 1024)

struct tcp;
struct tcp_connection;

struct tcp_listener {
    uv_tcp_t handle;
    struct tcp *tcp;
    enum intake_listener kind;
};

struct tcp {
    uv_loop_t *loop;
    struct intake *intake;
    struct tcp_listener listeners[TCP_LISTENERS_MAX];
    unsigned n_listeners;
    uv_timer_t idle_timer;
    struct tcp_connection *connections;
    uint64_t n_connections, n_refused, n_idle; /* open now; refused and closed as idle so far */
    char buffer[TCP_READ_BYTES];               /* one read at a time, for all connections */
};

/* Returns 0, or -1 with the reason logged. `intake` must outlive the loop. */
int tcp_init(struct tcp *tcp, uv_loop_t *loop, struct intake *intake);

/* Listens on `address` for INTAKE_LINE_TCP, INTAKE_PICKLE_TCP or INTAKE_STATSD_TCP and writes the address that
 * it got to `text`. Returns 0, or -1 with the reason logged. */
int tcp_listen(struct tcp *tcp, enum intake_listener kind, const struct units_address *address,
               char text[ADDRESS_TEXT_MAX]);

/* Accepts no more connections. */
void tcp_stop_listening(struct tcp *tcp);

/* Closes every connection and handle; memory is free when the loop has run out. */
void tcp_close(struct tcp *tcp);

#endif
