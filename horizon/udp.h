/* UDP listeners: datagrams of carbon or StatsD lines, one or several, and Skyline's, of one point each. */
#ifndef RIDGELINE_HORIZON_UDP_H
#define RIDGELINE_HORIZON_UDP_H

#include <uv.h>

#include "address.h"
#include "intake.h"

struct udp_slots;

struct udp {
    uv_poll_t poll;
    struct intake *intake;
    enum intake_listener kind;
    int fd; /* -1: off */
    struct udp_slots *slots;
    uint32_t last_overflow; /* the socket's own count, which wraps */
    uint64_t kernel_drops;
    struct sockaddr_storage last_peer; /* the peer of the last datagram, and its sender */
    struct sender *last_sender;
};

/* Binds `address` for INTAKE_LINE_UDP, INTAKE_SKYLINE_UDP or INTAKE_STATSD_UDP and reads from then on; the address
 * that it got is written to `text`. Returns 0, or -1 with the reason logged. */
int udp_init(struct udp *udp, uv_loop_t *loop, struct intake *intake, enum intake_listener kind,
             const struct units_address *address, char text[ADDRESS_TEXT_MAX]);

/* Closes the socket. Nothing to do when it is off. */
void udp_close(struct udp *udp);

#endif
