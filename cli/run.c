/* `ridgeline run`: a private redis-server, unless the settings name one, and
 * the five daemons, as supervised children of one foreground process.
 *
 * Order: Redis first, daemons once it answers, then one `ready` line on stdout
 * when all of them accept work. On SIGTERM or SIGINT horizon stops first, so that what it
 * holds still reaches Redis, and Redis last. Children die with this process, however it ends, and hold a
 * lock as long as they live: the next run waits for what a killed one left behind. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/own_redis.h"
#include "cli/run.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"

#define TICK_MS 50
#define STOP_GRACE_MS 30000 /* the analyzer may take 25 s to save its records */

enum { HORIZON, ANALYZER, ROOMBA, ALERTER, WEBAPP, DAEMONS };
static const char *const daemon_names[DAEMONS] = {"horizon", "analyzer", "roomba", "alerter", "webapp"};

#define READY_MAX 512
#define ARGS_MAX (2 * PROC_SETS_MAX + 16)

struct daemon_start {
    char program[PATH_MAX];
    const char *args[ARGS_MAX];
    size_t n_args;
    int ready_pipe[2]; /* closed (-1) once the daemon was ready */
    char ready[READY_MAX];
    size_t ready_len;
};

struct run {
    struct proc_args args;
    struct settings settings;
    char settings_fd_text[16]; /* a memory file with the last settings that were accepted */
    struct own_redis redis;
    struct daemon_start daemons[DAEMONS];
    struct proc_child children[DAEMONS];
    const struct run_extra *extra; /* NULL: none */
    struct proc_child feeder[1];
    int failed; /* which daemon never came up; -1: none */
};

static int exec_daemon(void *arg)
{
    struct daemon_start *d = arg;
    char fd_text[16];
    const char *argv[ARGS_MAX + 3];
    size_t n = 0;
    for (; n < d->n_args; n++)
        argv[n] = d->args[n];
    if (d->ready_pipe[1] >= 0) {
        fcntl(d->ready_pipe[1], F_SETFD, 0);
        snprintf(fd_text, sizeof fd_text, "%d", d->ready_pipe[1]);
        argv[n++] = "--ready-fd";
        argv[n++] = fd_text;
    }
    argv[n] = NULL;
    execv(d->program, (char *const *)(uintptr_t)argv);
    fprintf(stderr, "ridgeline: cannot start %s: %s\n", d->program, strerror(errno));
    return 127;
}

static int complain(const char *what)
{
    fprintf(stderr, "ridgeline: cannot make %s: %s\n", what, strerror(errno));
    return -1;
}

/* Daemons stand beside this program, or in ../lib/ridgeline when installed. */
static int find_program(char out[PATH_MAX], const char *name)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return -1;
    self[n] = '\0';
    const char *home = dirname(self);
    static const char *const places[] = {"", "/../lib/ridgeline"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int len = snprintf(out, PATH_MAX, "%s%s/%s", home, places[i], name);
        if (len > 0 && len < PATH_MAX && access(out, X_OK) == 0)
            return 0;
    }
    return -1;
}

/* Redis rewrites its append-only file in a fork of itself, which this setting lets the kernel refuse. */
static void warn_of_overcommit(const struct run *r)
{
    if (r->redis.is_ours && proc_overcommit_memory() == 0)
        log_warning("overcommit_memory",
                    "value=0 wanted=1 reason=\"a rewrite of the append-only file may fail when Redis uses much of the "
                    "memory\" remedy=\"sysctl vm.overcommit_memory=1\"");
}

/* Keeps what was accepted in a memory file that the daemons inherit: one that is started again after a
 * crash must not depend on a file that is being edited. */
static int share_settings(struct run *r)
{
    r->args.accepted_fd = memfd_create("settings", 0);
    if (r->args.accepted_fd < 0)
        return complain("a memory file");
    snprintf(r->settings_fd_text, sizeof r->settings_fd_text, "%d", r->args.accepted_fd);
    return proc_share(&r->args, &r->settings);
}

static int plan_daemon(struct run *r, int which)
{
    struct daemon_start *d = &r->daemons[which];
    if (find_program(d->program, daemon_names[which]) != 0) {
        fprintf(stderr, "ridgeline: %s is not beside this program, nor in ../lib/ridgeline\n", daemon_names[which]);
        return -1;
    }
    d->args[d->n_args++] = daemon_names[which];
    if (r->args.settings_path) {
        d->args[d->n_args++] = "--settings";
        d->args[d->n_args++] = r->args.settings_path;
        d->args[d->n_args++] = "--settings-fd";
        d->args[d->n_args++] = r->settings_fd_text;
    }
    d->args[d->n_args++] = "--state-dir";
    d->args[d->n_args++] = r->redis.state_dir;
    for (const char *const *set = r->args.sets; *set; set++) {
        d->args[d->n_args++] = "--set";
        d->args[d->n_args++] = *set;
    }
    if (pipe2(d->ready_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return complain("a pipe");
    r->children[which] = (struct proc_child){.name = daemon_names[which], .run = exec_daemon, .arg = d};
    return 0;
}

/* Takes what the daemon has written so far. Whether its line is whole. */
static bool read_ready(struct daemon_start *d)
{
    if (d->ready_pipe[0] < 0)
        return true;
    ssize_t n = read(d->ready_pipe[0], d->ready + d->ready_len, sizeof d->ready - 1 - d->ready_len);
    if (n > 0)
        d->ready_len += (size_t)n;
    char *end = memchr(d->ready, '\n', d->ready_len);
    if (!end)
        return false;
    *end = '\0';
    close(d->ready_pipe[0]);
    close(d->ready_pipe[1]);
    d->ready_pipe[0] = d->ready_pipe[1] = -1;
    return true;
}

static bool all_ready(struct run *r)
{
    bool all = true;
    for (int i = 0; i < DAEMONS; i++)
        all = read_ready(&r->daemons[i]) && all;
    return all;
}

static void print_ready(const struct run *r)
{
    printf("ready %s %s\n", r->daemons[WEBAPP].ready, r->daemons[HORIZON].ready);
    fflush(stdout);
}

static int feed(void *run)
{
    const struct run *r = run;
    return r->extra->feed(r->extra->context, r->daemons[HORIZON].ready);
}

static void tend(struct run *r, bool ready)
{
    own_redis_tend(&r->redis);
    proc_children_tend(r->children, DAEMONS);
    if (ready && r->extra)
        proc_children_tend(r->feeder, 1);
}

static void stop_children(struct run *r)
{
    proc_children_stop(r->feeder, 1, STOP_GRACE_MS);
    proc_children_stop(&r->children[HORIZON], 1, STOP_GRACE_MS);
    proc_children_stop(r->children, DAEMONS, STOP_GRACE_MS);
    own_redis_stop(&r->redis);
}

static void reload(struct run *r)
{
    proc_reloading = 0;
    proc_reload(&r->args, &r->settings);
    proc_children_signal(r->children, DAEMONS, SIGHUP);
}

/* The last word, behind all that stops: without its page a run is of little use, so a port that another program holds
 * ends it, unlike those of horizon. */
static void say_no_page(const struct run *r)
{
    char address[UNITS_ADDRESS_TEXT_MAX];
    if (r->failed == WEBAPP)
        fprintf(stderr,
                "ridgeline: stopped, because the page could not start. If another program listens on %s, choose "
                "another address: webapp.listen, or --set webapp.listen=HOST:PORT\n",
                units_address_text(address, sizeof address, &r->settings.webapp.listen));
}

/* Supervises until told to stop. -1 when a daemon never came up. */
static int supervise(struct run *r)
{
    bool ready = false;
    while (!proc_stopping) {
        tend(r, ready);
        for (int i = 0; i < DAEMONS && !ready; i++)
            if (proc_child_gave_up(&r->children[i])) {
                r->failed = i;
                return -1;
            }
        if (!ready && all_ready(r)) {
            ready = true;
            print_ready(r);
        }
        if (proc_reloading)
            reload(r);
        proc_sleep_ms(TICK_MS);
    }
    return 0;
}

/* From a Redis that answers to the end. */
static int run_daemons(struct run *r)
{
    if (r->extra && r->extra->prepare(r->extra->context, &r->settings) != 0)
        return -1;
    return supervise(r);
}

int run_with(const char *name, const char *about, const struct run_extra *extra, int argc, char **argv)
{
    static struct run r; /* large, and its addresses are the children's arguments */
    proc_start(name, about, argc, argv, &r.args, &r.settings);
    log_init("ridgeline", r.settings.log_level);
    proc_signals();
    r.extra = extra;
    r.failed = -1;
    r.feeder[0] = (struct proc_child){.name = "feeder", .run = feed, .arg = &r};
    int result = -1;
    if (share_settings(&r) != 0 || own_redis_init(&r.redis, &r.settings) != 0)
        goto out;
    warn_of_overcommit(&r);
    for (int i = 0; i < DAEMONS; i++)
        if (plan_daemon(&r, i) != 0)
            goto out;
    if (own_redis_await_orphans(&r.redis) != 0)
        goto stopped;
    if (own_redis_start(&r.redis) == 0)
        result = run_daemons(&r);
    stop_children(&r);
    say_no_page(&r);
stopped:
    if (proc_stopping)
        result = 0;
out:
    conf_free(&r.settings);
    return result == 0 ? 0 : 1;
}

int run_main(int argc, char **argv)
{
    return run_with("ridgeline run",
                    "Starts a Redis of its own under the state directory, unless the settings name one, and all\n"
                    "daemons, in the foreground. When they accept points it prints a line \"ready page=http://...\"\n"
                    "with every address; logs go to stderr. Ctrl-C stops it all, and the next start goes on where\n"
                    "it stopped.",
                    NULL, argc, argv);
}
