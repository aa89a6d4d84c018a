/* Sends lines to horizon as fast as it reads them, and waits until Redis has all their points:
 *
 *   bench_ingest HOST:PORT REDIS POINTS NAMES TOGETHER PID...
 *
 * Names are 12 digits below NAMES: the keys of `redis-benchmark -r NAMES APPEND metrics.__rand_int__`. Each round has
 * every name once, in mixed order, TOGETHER points of it in a row, and ends when they are stored: so TOGETHER points
 * are all that can share an APPEND. Prints points a second, points an APPEND and, for itself and each PID, CPU
 * seconds for the whole run:
 *
 *   points_per_s 690000
 *   points_per_append 1.00
 *   cpu_s self 0.31
 *   cpu_s 4711 1.45 */
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
#include "ridgeline/store.h"
#include "ridgeline/units.h"

#define BATCH_BYTES (256 * 1024)
#define LINE_ROOM 64
#define PIDS_MAX 8
#define POLL_US 500
#define GIVE_UP_MS 120000
#define STEP 100003 /* a prime, so that i * STEP % names meets every name */

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

/* One round, and behind it a point of the metric `last`, which is new: it is stored after all others. */
static int send_round(int fd, uint64_t names, uint64_t together, const char *last)
{
    static char batch[BATCH_BYTES];
    char tail[LINE_ROOM];
    for (uint64_t i = 0, n = names * together; i < n;) {
        size_t tail_len = (size_t)sprintf(tail, " 271.8 %" PRId64 "\n", clock_wall_s());
        char *p = batch;
        for (; i < n && p < batch + sizeof batch - LINE_ROOM; i++)
            p = put_line(p, i / together * STEP % names, tail, tail_len);
        if (send_all(fd, batch, (size_t)(p - batch)) != 0)
            return -1;
    }
    int n = snprintf(tail, sizeof tail, "%s 1 -1\n", last);
    return send_all(fd, tail, (size_t)n);
}

static int wait_for_key(struct store *s, const char *metric)
{
    for (int64_t give_up = clock_mono_ms() + GIVE_UP_MS; clock_mono_ms() < give_up;) {
        redisReply *r = store_command(s, "EXISTS metrics.%s", metric);
        bool found = r && r->type == REDIS_REPLY_INTEGER && r->integer == 1;
        if (!r)
            return -1;
        freeReplyObject(r);
        if (found)
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = POLL_US * 1000L}, NULL);
    }
    return -1;
}

static int send_points(int fd, struct store *s, uint64_t n_rounds, uint64_t names, uint64_t together)
{
    char last[LINE_ROOM / 2];
    for (uint64_t i = 0; i < n_rounds; i++) {
        snprintf(last, sizeof last, "bench.%" PRId64, clock_mono_ns());
        if (send_round(fd, names, together, last) != 0 || wait_for_key(s, last) != 0)
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

int main(int argc, char **argv)
{
    const int first_pid = 6, n_pids = argc - first_pid;
    if (argc < first_pid || n_pids > PIDS_MAX) {
        fprintf(stderr, "usage: bench_ingest HOST:PORT REDIS POINTS NAMES TOGETHER PID...\n");
        return 2;
    }
    uint64_t names = strtoull(argv[4], NULL, 10), together = strtoull(argv[5], NULL, 10);
    int fd = peer_connect(argv[1], SOCK_STREAM);
    struct store *s = store_new(argv[2], 5000);
    int64_t before = s ? appends_done(s) : -1;
    if (fd < 0 || before < 0 || names == 0 || names % STEP == 0 || together == 0) {
        fprintf(stderr, "bench_ingest: cannot connect to %s and %s\n", argv[1], argv[2]);
        return 1;
    }
    double cpu[PIDS_MAX];
    for (int i = 0; i < n_pids; i++)
        cpu[i] = cpu_seconds(argv[first_pid + i]);

    uint64_t n_rounds = strtoull(argv[3], NULL, 10) / (names * together);
    int64_t start_ns = clock_mono_ns();
    if (n_rounds == 0 || send_points(fd, s, n_rounds, names, together) != 0) {
        fprintf(stderr, "bench_ingest: not all points were stored\n");
        return 1;
    }
    double took_s = (double)(clock_mono_ns() - start_ns) / 1e9, points = (double)(n_rounds * (names * together + 1));
    printf("points_per_s %.0f\n", points / took_s);
    printf("points_per_append %.2f\n", points / (double)(appends_done(s) - before));
    printf("cpu_s self %.3f\n", cpu_seconds("self"));
    for (int i = 0; i < n_pids; i++)
        printf("cpu_s %s %.3f\n", argv[first_pid + i], cpu_seconds(argv[first_pid + i]) - cpu[i]);
    close(fd);
    store_free(s);
    return 0;
}
