/* Sends N one-point lines to horizon as fast as it reads them, and waits until Redis has
 * appended them all:
 *
 *   bench_ingest HOST:PORT REDIS POINTS NAMES [sequential] PID...
 *
 * Names are 12 digits below NAMES, at random (or in sequence, to create each once):
 * the keys of `redis-benchmark -r NAMES APPEND metrics.__rand_int__`. Prints appends a
 * second and, for itself and each PID, CPU seconds for the whole run:
 *
 *   appends_per_s 690000
 *   cpu_s self 0.31
 *   cpu_s 4711 1.45 */
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/store.h"
#include "ridgeline/units.h"

#define BATCH_BYTES (256 * 1024)
#define LINE_ROOM 64
#define PIDS_MAX 8
#define POLL_MS 5
#define GIVE_UP_MS 120000

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* "000000012345 271.8 1795307613\n" */
static char *put_line(char *p, uint64_t name, const char *tail, size_t tail_len)
{
    for (int i = 11; i >= 0; i--) {
        p[i] = (char)('0' + name % 10);
        name /= 10;
    }
    memcpy(p + 12, tail, tail_len);
    return p + 12 + tail_len;
}

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, 0);
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int send_points(int fd, uint64_t points, uint64_t names, int sequential)
{
    static char batch[BATCH_BYTES];
    char tail[LINE_ROOM];
    for (uint64_t i = 0; i < points;) {
        size_t tail_len = (size_t)sprintf(tail, " 271.8 %" PRId64 "\n", clock_wall_s());
        char *p = batch;
        for (; i < points && p < batch + sizeof batch - LINE_ROOM; i++)
            p = put_line(p, sequential ? i % names : next_random() % names, tail, tail_len);
        if (send_all(fd, batch, (size_t)(p - batch)) != 0)
            return -1;
    }
    return 0;
}

/* How many APPENDs Redis has done so far; -1 when it does not answer. */
static int64_t appends_done(struct store *s)
{
    static const char field[] = "cmdstat_append:calls=";
    int64_t n = 0;
    redisReply *r = store_command(s, "INFO commandstats");
    if (!r)
        return -1;
    const char *found = r->type == REDIS_REPLY_STRING ? strstr(r->str, field) : NULL;
    if (found)
        n = strtoll(found + sizeof field - 1, NULL, 10);
    freeReplyObject(r);
    return n;
}

static double cpu_seconds(const char *pid)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = '\0';
    const char *after_name = strrchr(line, ')');
    static const char format[] = " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu"; /* proc(5) */
    if (!after_name || sscanf(after_name + 1, format, &user, &system) != 2)
        return -1;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int connect_to(const char *host_and_port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    struct units_address address;
    const char *reason;
    char port[8];
    if (units_address(host_and_port, &address, &reason) != 0)
        return -1;
    snprintf(port, sizeof port, "%u", address.port);
    if (getaddrinfo(address.host, port, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static int wait_until(struct store *s, int64_t appends)
{
    for (int64_t give_up = clock_mono_ms() + GIVE_UP_MS; clock_mono_ms() < give_up;) {
        int64_t done = appends_done(s);
        if (done >= appends)
            return 0;
        if (done < 0)
            return -1;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    return -1;
}

int main(int argc, char **argv)
{
    int sequential = argc > 5 && strcmp(argv[5], "sequential") == 0;
    int first_pid = 5 + sequential, n_pids = argc - first_pid;
    if (argc < 5 || n_pids > PIDS_MAX) {
        fprintf(stderr, "usage: bench_ingest HOST:PORT REDIS POINTS NAMES [sequential] PID...\n");
        return 2;
    }
    uint64_t points = strtoull(argv[3], NULL, 10), names = strtoull(argv[4], NULL, 10);
    int fd = connect_to(argv[1]);
    struct store *s = store_new(argv[2], 5000);
    int64_t before = s ? appends_done(s) : -1;
    if (fd < 0 || before < 0 || names == 0) {
        fprintf(stderr, "bench_ingest: cannot connect to %s and %s\n", argv[1], argv[2]);
        return 1;
    }
    double cpu[PIDS_MAX];
    for (int i = 0; i < n_pids; i++)
        cpu[i] = cpu_seconds(argv[first_pid + i]);

    int64_t start_ns = clock_mono_ns();
    if (send_points(fd, points, names, sequential) != 0 || wait_until(s, before + (int64_t)points) != 0) {
        fprintf(stderr, "bench_ingest: not all points were stored\n");
        return 1;
    }
    printf("appends_per_s %.0f\n", (double)points * 1e9 / (double)(clock_mono_ns() - start_ns));
    printf("cpu_s self %.3f\n", (double)clock_cpu_ns() / 1e9);
    for (int i = 0; i < n_pids; i++)
        printf("cpu_s %s %.3f\n", argv[first_pid + i], cpu_seconds(argv[first_pid + i]) - cpu[i]);
    close(fd);
    store_free(s);
    return 0;
}
