/* Supervision: a table of children, each down, running or stopping. A child that ends while it
 * should run starts again after a back-off that doubles with each failure in a row. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"

#define BACKOFF_FIRST_MS 200
#define BACKOFF_LAST_MS 10000
#define HEALTHY_MS 30000 /* who ran this long starts with the first back-off again */

/* The new process. Signals stay blocked until our handlers are gone from it: one that came sooner
 * would set a flag that nobody reads. */
static void be_child(const struct proc_child *c, pid_t parent, const sigset_t *mask)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before the call */
        _exit(0);
    sigaction(SIGTERM, &standard, NULL);
    sigaction(SIGINT, &standard, NULL);
    sigaction(SIGHUP, &standard, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    _exit(c->run(c->arg));
}

static void start(struct proc_child *c)
{
    sigset_t all, mask;
    pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &mask);
    pid_t pid = fork();
    if (pid == 0)
        be_child(c, parent, &mask);
    int error = errno;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    c->started_mono_ms = clock_mono_ms();
    if (pid < 0) {
        c->restart_at_mono_ms = c->started_mono_ms + BACKOFF_LAST_MS;
        log_error("fork_failed", "child=%s reason=\"%s\"", c->name, strerror(error));
        return;
    }
    c->pid = pid;
    c->state = PROC_CHILD_RUNNING;
    log_info("child_started", "child=%s pid=%d", c->name, (int)pid);
}

static int64_t backoff_ms(unsigned failures)
{
    int64_t ms = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && ms < BACKOFF_LAST_MS; i++)
        ms *= 2;
    return ms < BACKOFF_LAST_MS ? ms : BACKOFF_LAST_MS;
}

static void ended(struct proc_child *c, int status)
{
    int64_t now_ms = clock_mono_ms();
    bool wanted = c->state == PROC_CHILD_STOPPING;
    c->state = PROC_CHILD_DOWN;
    c->pid = 0;
    if (wanted)
        return;
    if (WIFSIGNALED(status))
        c->crashes++;
    else
        c->exits++;
    c->failures = now_ms - c->started_mono_ms >= HEALTHY_MS ? 1 : c->failures + 1;
    int64_t wait_ms = backoff_ms(c->failures);
    c->restart_at_mono_ms = now_ms + wait_ms;
    log_warning("child_ended", "child=%s %s=%d restart_in_ms=%lld", c->name,
                WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                (long long)wait_ms);
}

static void reap(struct proc_child *children, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int status;
        if (children[i].pid > 0 && waitpid(children[i].pid, &status, WNOHANG) == children[i].pid)
            ended(&children[i], status);
    }
}

void proc_children_tend(struct proc_child *children, size_t n)
{
    reap(children, n);
    int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < n; i++)
        if (children[i].state == PROC_CHILD_DOWN && now_ms >= children[i].restart_at_mono_ms)
            start(&children[i]);
}

bool proc_child_gave_up(const struct proc_child *child)
{
    if (child->failures < PROC_START_TRIES)
        return false;
    fprintf(stderr, "ridgeline: %s ended %u times before it was ready; its own message stands above\n", child->name,
            child->failures);
    return true;
}

void proc_children_signal(const struct proc_child *children, size_t n, int signal)
{
    for (size_t i = 0; i < n; i++)
        if (children[i].pid > 0)
            kill(children[i].pid, signal);
}

static bool any_left(const struct proc_child *children, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (children[i].pid > 0)
            return true;
    return false;
}

void proc_children_stop(struct proc_child *children, size_t n, int64_t grace_ms)
{
    for (size_t i = 0; i < n; i++)
        if (children[i].pid > 0)
            children[i].state = PROC_CHILD_STOPPING;
    proc_children_signal(children, n, SIGTERM);
    int64_t deadline_ms = clock_mono_ms() + grace_ms;
    while (reap(children, n), any_left(children, n)) {
        if (clock_mono_ms() >= deadline_ms) {
            log_warning("children_killed", "grace_ms=%lld", (long long)grace_ms);
            proc_children_signal(children, n, SIGKILL);
            deadline_ms = INT64_MAX;
        }
        proc_sleep_ms(20);
    }
}
