/* A program with the message on its standard input: no shell, a clean environment, no descriptor of ours, a process
 * group of its own that is killed when the time is over. Exit status 0 means delivered. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerter/channels/transport.h"
#include "ridgeline/clock.h"

#define NOT_STARTED 127
#define STEP_MS 50 /* its end is seen this soon */

struct program {
    pid_t pid;
    int in, out; /* its input and its output; -1 when closed */
    char said[TRANSPORT_ANSWER_MAX];
    size_t said_len;
};

static void be_program(const char *path, int in, int out)
{
    char *const argv[] = {(char[]){"ridgeline-alert"}, NULL};
    char *const environment[] = {(char[]){"PATH=/usr/local/bin:/usr/bin:/bin"}, (char[]){"LANG=C.UTF-8"},
                                 (char[]){"HOME=/"}, NULL};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0u, 0);
    if (chdir("/") == 0)
        execve(path, argv, environment);
    dprintf(STDERR_FILENO, "%s", strerror(errno));
    _exit(NOT_STARTED);
}

/* Makes a pipe whose end `ours` does not block. Returns 0, or -1. */
static int make_pipe(int ends[2], int ours)
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK);
}

static void close_both(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

static int start(struct program *r, const char *path)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    if (make_pipe(in, 1) != 0 || make_pipe(out, 0) != 0 || (r->pid = fork()) < 0) {
        int error = errno;
        close_both(in);
        close_both(out);
        errno = error;
        return -1;
    }
    if (r->pid == 0)
        be_program(path, in[0], out[1]);
    setpgid(r->pid, r->pid);
    close(in[0]);
    close(out[1]);
    r->in = in[1];
    r->out = out[0];
    return 0;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Takes what it says; the beginning is kept. */
static void hear(struct program *r)
{
    char bytes[512];
    ssize_t n = read(r->out, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&r->out);
    if (n <= 0)
        return;
    size_t room = sizeof r->said - 1 - r->said_len, len = (size_t)n < room ? (size_t)n : room;
    memcpy(r->said + r->said_len, bytes, len);
    r->said_len += len;
    r->said[r->said_len] = '\0';
}

/* Gives it `*len` bytes or less. A program need not read what it does not want. */
static void tell(struct program *r, const char **bytes, size_t *len)
{
    ssize_t n = write(r->in, *bytes, *len);
    bool failed = n < 0 && errno != EAGAIN && errno != EINTR;
    *bytes += n > 0 ? n : 0;
    *len -= n > 0 ? (size_t)n : 0;
    if (failed || *len == 0)
        close_end(&r->in);
}

/* Feeds and hears the program until it has ended: others that it leaves behind may keep its output open. False when
 * the time is over. */
static bool converse(struct program *r, const struct transport_job *job, int *status)
{
    int64_t deadline_ms = transport_deadline_mono_ms(job);
    const char *bytes = job->parcel->body;
    size_t len = job->parcel->len;
    while (waitpid(r->pid, status, WNOHANG) != r->pid) {
        struct pollfd p[] = {{.fd = r->in, .events = POLLOUT}, {.fd = r->out, .events = POLLIN}};
        if (clock_mono_ms() >= deadline_ms || !job->go_on(job->context))
            return false;
        if (poll(p, 2, STEP_MS) <= 0)
            continue;
        if (p[0].revents != 0)
            tell(r, &bytes, &len);
        if (p[1].revents != 0)
            hear(r);
    }
    if (r->out >= 0)
        hear(r);
    return true;
}

static void judge(const struct program *r, const struct transport_job *job, int status, struct transport_answer *answer)
{
    const char *colon = r->said_len > 0 ? ": " : "";
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        transport_answer(answer, TRANSPORT_DELIVERED, "exit status 0%s%s", colon, r->said);
    else if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
        transport_answer(answer, TRANSPORT_RETRY, "cannot start %s%s%s", job->parcel->target, colon, r->said);
    else if (WIFEXITED(status))
        transport_answer(answer, TRANSPORT_RETRY, "exit status %d%s%s", WEXITSTATUS(status), colon, r->said);
    else
        transport_answer(answer, TRANSPORT_RETRY, "ended by signal %d%s%s", WTERMSIG(status), colon, r->said);
}

void over_exec_send(const struct transport_job *job, struct transport_answer *answer)
{
    struct program r = {.in = -1, .out = -1};
    int status = 0;
    if (start(&r, job->parcel->target) < 0) {
        transport_answer(answer, TRANSPORT_RETRY, "cannot start a program: %s", strerror(errno));
        return;
    }
    if (converse(&r, job, &status)) {
        judge(&r, job, status, answer);
    } else {
        kill(-r.pid, SIGKILL);
        kill(r.pid, SIGKILL); /* should it have left its group */
        waitpid(r.pid, &status, 0);
        transport_answer(answer, TRANSPORT_RETRY, "took longer than %lld s and was killed",
                         (long long)job->channel->timeout_s);
    }
    close_end(&r.in);
    close_end(&r.out);
}
