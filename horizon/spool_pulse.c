/* A thread for each pulse, detached: one that hangs must not hold up an exit, as a thread of libuv's pool would. It and
 * its owner hold the pulse together, and the last of them frees it. */
#include "spool_pulse.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct spool_pulse {
    atomic_uint n_holders; /* 2 while one is under way */
    int64_t begun_mono_ms; /* the last; the owner's */
    char *path;
};

struct spool_pulse *spool_pulse_new(const char *dir)
{
    struct spool_pulse *p = calloc(1, sizeof *p);
    if (p && asprintf(&p->path, "%s/pulse", dir) < 0) {
        free(p);
        return NULL;
    }
    if (p)
        atomic_init(&p->n_holders, 1);
    return p;
}

static void let_go(struct spool_pulse *p)
{
    if (atomic_fetch_sub(&p->n_holders, 1) > 1)
        return;
    free(p->path);
    free(p);
}

void spool_pulse_free(struct spool_pulse *p)
{
    if (p)
        let_go(p);
}

static void *run(void *pulse)
{
    static const char byte = '.';
    struct spool_pulse *p = pulse;
    int fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        (void)!write(fd, &byte, sizeof byte);
        fdatasync(fd);
        close(fd);
    }
    let_go(p);
    return NULL;
}

static bool is_under_way(const struct spool_pulse *p)
{
    return atomic_load(&p->n_holders) > 1;
}

void spool_pulse_beat(struct spool_pulse *p, int64_t now_mono_ms)
{
    pthread_t thread;
    if (is_under_way(p))
        return;
    p->begun_mono_ms = now_mono_ms;
    atomic_fetch_add(&p->n_holders, 1);
    if (pthread_create(&thread, NULL, run, p) == 0)
        pthread_detach(thread);
    else
        let_go(p);
}

bool spool_pulse_is_late(const struct spool_pulse *p, int64_t now_mono_ms)
{
    return is_under_way(p) && now_mono_ms - p->begun_mono_ms >= SPOOL_PULSE_LATE_MS;
}
