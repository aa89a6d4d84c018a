/* What a line costs horizon, all in, by protocol: sends LINES lines of NAMES metrics and prints the CPU time that the
 * process PID, which reads them, spent on each, user and system:
 *
 *   bench_wire PROTOCOL HOST:PORT LINES NAMES PID
 *   wire.line_tcp_ns 190
 *
 * Each name comes once a round. A single round, by which names become known, is sent in their order and any more in
 * another one, or the reader would find its memory laid out as it goes. Datagrams are sent no faster than they are
 * read, and packed as far as an Ethernet frame takes them, or hold one line each (`..._single`). */
#include <inttypes.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/peer.h"
#include "ridgeline/clock.h"
#include "ridgeline/units.h"

#define LINE_ROOM 96
#define DATAGRAM_BYTES 1432 /* what StatsD advises for Ethernet */
#define DATAGRAMS_A_CALL 64
#define CALLS_A_LOOK 4      /* then the reader must have read them: far less than a receive buffer holds */
#define LOOKS_MAX 100000
#define PICKLE_POINTS 500
#define QUIET_NS 1000000    /* a reader that used less CPU in LOOK_MS is done */
#define LOOK_MS 50
#define STEP 100003         /* from name to name: a prime, so that i * STEP % names meets every name */

static size_t put_name(char *out, uint64_t i)
{
    unsigned id = (unsigned)i;
    return (size_t)sprintf(out, "servers.rack%02u.host%06u.cpu%u.user", id % 40, id, id % 8);
}

static size_t put_line(char *out, uint64_t i)
{
    size_t n = put_name(out, i);
    unsigned id = (unsigned)i;
    return n + (size_t)sprintf(out + n, " %u.%02u %" PRId64 "\n", id % 977, id % 100, clock_wall_s());
}

/* Counters and, one in four, timers. */
static size_t put_statsd(char *out, uint64_t i)
{
    size_t n = put_name(out, i);
    return n + (size_t)sprintf(out + n, i % 4 ? ":%u|c|@0.1\n" : ":%u.5|ms\n", (unsigned)(i % 977));
}

static void put_big_endian(char *out, uint64_t v, unsigned n_bytes)
{
    for (unsigned i = 0; i < n_bytes; i++)
        out[i] = (char)(v >> 8 * (n_bytes - 1 - i));
}

/* As Python's msgpack packs (name, [int, float]). */
static size_t put_skyline(char *out, uint64_t i)
{
    size_t n = put_name(out + 3, i);
    memcpy(out, (char[]){(char)0x92, (char)0xd9, (char)n}, 3);
    memcpy(out + 3 + n, "\x92\xce____\xcb\x40\x59\x0c\xcc\xcc\xcc\xcc\xcd", 15);
    put_big_endian(out + 3 + n + 2, (uint64_t)clock_wall_s(), 4);
    return n + 18;
}

/* As Python writes it with protocol 2, what carbon-relay sends; a message begins and ends with its own bytes. */
static size_t put_pickle(char *out, uint64_t i)
{
    size_t n = put_name(out + 5, i);
    memcpy(out, (char[]){'X', (char)n, 0, 0, 0}, 5);
    memcpy(out + 5 + n, "J____G\x40\x59\x0c\xcc\xcc\xcc\xcc\xcd\x86\x86", 16);
    for (unsigned k = 0; k < 4; k++)
        out[5 + n + 1 + k] = (char)(clock_wall_s() >> 8 * k);
    return n + 21;
}

static const struct protocol {
    const char *name;
    int type;             /* of the socket */
    size_t datagram_bytes; /* 0: one line each */
    size_t (*put)(char *out, uint64_t i);
} protocols[] = {
    {"line_tcp", SOCK_STREAM, 0, put_line},
    {"line_udp", SOCK_DGRAM, DATAGRAM_BYTES, put_line},
    {"line_udp_single", SOCK_DGRAM, 0, put_line},
    {"pickle_tcp", SOCK_STREAM, 0, put_pickle},
    {"statsd_tcp", SOCK_STREAM, 0, put_statsd},
    {"statsd_udp", SOCK_DGRAM, DATAGRAM_BYTES, put_statsd},
    {"statsd_udp_single", SOCK_DGRAM, 0, put_statsd},
    {"skyline_udp_single", SOCK_DGRAM, 0, put_skyline},
};

/* One round: every name once, each `step` names after the one before. Invariant: piece k, a datagram or message, is
 * what stands from ends[k - 1] to ends[k]. */
struct round {
    char *bytes;
    size_t *ends;
    size_t n_pieces;
    uint64_t names, step;
};

static size_t put_item(const struct round *r, const struct protocol *p, char *out, uint64_t i)
{
    return p->put(out, i * r->step % r->names);
}

static void fill_pickles(struct round *r, const struct protocol *p)
{
    char *out = r->bytes;
    for (uint64_t i = 0; i < r->names;) {
        char *message = out;
        memcpy(out, "____\x80\x02](", 8);
        out += 8;
        for (uint64_t end = i + PICKLE_POINTS; i < r->names && i < end; i++)
            out += put_item(r, p, out, i);
        memcpy(out, "e.", 2);
        out += 2;
        put_big_endian(message, (uint64_t)(out - message - 4), 4);
        r->ends[r->n_pieces++] = (size_t)(out - r->bytes);
    }
}

static void fill_lines(struct round *r, const struct protocol *p)
{
    size_t begin = 0, at = 0;
    for (uint64_t i = 0; i < r->names; i++) {
        size_t n = put_item(r, p, r->bytes + at, i);
        if (at > begin && at + n - begin > p->datagram_bytes)
            r->ends[r->n_pieces++] = begin = at;
        at += n;
    }
    r->ends[r->n_pieces++] = at;
}

static int send_stream(int fd, const struct round *r)
{
    for (size_t at = 0, end = r->ends[r->n_pieces - 1]; at < end;) {
        ssize_t n = send(fd, r->bytes + at, end - at, MSG_NOSIGNAL);
        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

/* Whether /proc/net/udp says that our peer, on `port`, has read all that came. Not there: other sockets came and went
 * while it was read. */
static bool has_read_all(unsigned port)
{
    char line[512];
    bool found = false;
    FILE *f = fopen("/proc/net/udp", "re");
    while (f && fgets(line, sizeof line, f)) {
        unsigned local, unread;
        if (sscanf(line, " %*u: %*x:%x %*x:%*x %*x %*x:%x", &local, &unread) == 2 && local == port)
            found = unread == 0;
    }
    if (f)
        fclose(f);
    return found;
}

static void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static int send_datagrams(int fd, const struct round *r, unsigned port)
{
    struct mmsghdr messages[DATAGRAMS_A_CALL];
    struct iovec parts[DATAGRAMS_A_CALL];
    size_t begin = 0, calls = 0, looks;
    for (size_t k = 0; k < r->n_pieces;) {
        unsigned n = 0;
        for (; n < DATAGRAMS_A_CALL && k < r->n_pieces; n++, k++) {
            parts[n] = (struct iovec){r->bytes + begin, r->ends[k] - begin};
            messages[n] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[n], .msg_iovlen = 1}};
            begin = r->ends[k];
        }
        if (sendmmsg(fd, messages, n, 0) != (int)n)
            return -1;
        calls++;
        for (looks = 0; calls % CALLS_A_LOOK == 0 && !has_read_all(port); looks++) {
            if (looks == LOOKS_MAX)
                return -1;
            sleep_us(20);
        }
    }
    return 0;
}

static int64_t cpu_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* CPU time of the reader, once it has nothing left to do. */
static int64_t settled_cpu_ns(clockid_t clock)
{
    for (int64_t before = cpu_ns(clock);;) {
        sleep_us(LOOK_MS * 1000);
        int64_t now = cpu_ns(clock);
        if (now - before < QUIET_NS)
            return now;
        before = now;
    }
}

static const struct protocol *find_protocol(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(protocols[i].name, name) == 0)
            return &protocols[i];
    return NULL;
}

static int send_rounds(const struct protocol *p, int fd, const char *address, uint64_t n_rounds, uint64_t names)
{
    struct round r = {.bytes = malloc(names * LINE_ROOM), .ends = malloc(names * sizeof *r.ends), .names = names};
    int result = r.bytes && r.ends ? 0 : -1;
    unsigned port = (unsigned)strtoul(strrchr(address, ':') + 1, NULL, 10);
    r.step = n_rounds == 1 ? 1 : STEP;
    if (result == 0 && p->put == put_pickle)
        fill_pickles(&r, p);
    else if (result == 0)
        fill_lines(&r, p);
    for (uint64_t i = 0; i < n_rounds && result == 0; i++)
        result = p->type == SOCK_STREAM ? send_stream(fd, &r) : send_datagrams(fd, &r, port);
    free(r.bytes);
    free(r.ends);
    return result;
}

int main(int argc, char **argv)
{
    clockid_t clock;
    const struct protocol *p = argc == 6 ? find_protocol(argv[1]) : NULL;
    uint64_t lines = p ? strtoull(argv[3], NULL, 10) : 0, names = p ? strtoull(argv[4], NULL, 10) : 0;
    if (!p || names == 0 || names % STEP == 0 || lines < names || !strrchr(argv[2], ':')) {
        fprintf(stderr, "usage: bench_wire PROTOCOL HOST:PORT LINES NAMES PID\n");
        return 2;
    }
    int fd = peer_connect(argv[2], p->type);
    if (fd < 0 || clock_getcpuclockid((pid_t)strtol(argv[5], NULL, 10), &clock) != 0) {
        fprintf(stderr, "bench_wire: cannot connect to %s or measure %s\n", argv[2], argv[5]);
        return 1;
    }
    uint64_t n_rounds = lines / names;
    int64_t before_ns = settled_cpu_ns(clock);
    if (send_rounds(p, fd, argv[2], n_rounds, names) != 0) {
        fprintf(stderr, "bench_wire: %s: not all lines were taken\n", p->name);
        return 1;
    }
    printf("wire.%s_ns %.0f\n", p->name, (double)(settled_cpu_ns(clock) - before_ns) / (double)(n_rounds * names));
    close(fd);
    return 0;
}
