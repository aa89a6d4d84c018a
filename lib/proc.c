/* What a process is to others: its identity and readiness, its signals, limits and locks. */
#include "ridgeline/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/log.h"

#define LOCK_RETRY_MS 200

volatile sig_atomic_t proc_stopping, proc_reloading;

static char identity[PROC_IDENTITY_MAX];

static void make_identity(void)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(identity, sizeof identity, "%ld@%s:%" PRId64, (long)getpid(), host, clock_wall_ms());
}

const char *proc_identity(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_identity);
    return identity;
}

void proc_ready(struct proc_args *args, const char *text)
{
    log_info("ready", "%s", text);
    if (args->ready_fd < 0)
        return;
    dprintf(args->ready_fd, "%s\n", text);
    close(args->ready_fd);
    args->ready_fd = -1;
}

static void on_stop(int signal)
{
    (void)signal;
    proc_stopping = 1;
}

static void on_reload(int signal)
{
    (void)signal;
    proc_reloading = 1;
}

static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void proc_signals(void)
{
    /* No SA_RESTART: a signal shall end a sleep or a wait. */
    handle(SIGTERM, on_stop);
    handle(SIGINT, on_stop);
    handle(SIGHUP, on_reload);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGCHLD, SIG_DFL); /* where it is inherited as ignored the kernel reaps, and no child is seen to end */
}

void proc_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int proc_overcommit_memory(void)
{
    int mode = -1;
    FILE *f = fopen("/proc/sys/vm/overcommit_memory", "re");
    if (!f)
        return -1;
    if (fscanf(f, "%d", &mode) != 1)
        mode = -1;
    fclose(f);
    return mode;
}

void proc_sleep_ms(int64_t ms)
{
    if (ms <= 0)
        return;
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
}

int proc_lock(const char *path)
{
    bool said = false;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (proc_stopping || (errno != EWOULDBLOCK && errno != EINTR)) {
            close(fd);
            fd = -1;
            break;
        }
        if (!said)
            log_info("waiting_for_lock", "path=%s", path);
        said = true;
        proc_sleep_ms(LOCK_RETRY_MS);
    }
    if (fd < 0 && !proc_stopping)
        log_error("lock_failed", "path=%s reason=\"%s\"", path, strerror(errno));
    return fd;
}
