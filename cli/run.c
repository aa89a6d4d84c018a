/* `ridgeline run`: a private redis-server, unless the settings name one, and
 * the four daemons, as supervised children of one foreground process.
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
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/run.h"
#include "ridgeline/clock.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/store.h"

#define TICK_MS 50
#define STOP_GRACE_MS 30000 /* the analyzer may take 25 s to save its records */
#define START_TRIES 3 /* a daemon that fails this often before it was ever ready ends the run */

enum { HORIZON, ANALYZER, ROOMBA, WEBAPP, DAEMONS };
static const char *const daemon_names[DAEMONS] = {"horizon", "analyzer", "roomba", "webapp"};

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

struct redis_start {
    char directory[PATH_MAX], socket[PATH_MAX];
};

struct run {
    struct proc_args args;
    struct settings settings;
    char state_dir[PATH_MAX];
    char settings_fd_text[16]; /* a memory file with the last settings that were accepted */
    int lock_fd;
    bool own_redis; /* as at the start: a reload does not change it */
    struct redis_start redis;
    struct daemon_start daemons[DAEMONS];
    struct proc_child redis_child[1];
    struct proc_child children[DAEMONS];
    const struct run_extra *extra; /* NULL: none */
    struct proc_child feeder[1];
};

static int exec_redis(void *arg)
{
    const struct redis_start *r = arg;
    dup2(STDERR_FILENO, STDOUT_FILENO); /* Redis logs to stdout, which is for the ready line alone */
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", r->socket, "--unixsocketperm", "700",
           "--dir", r->directory, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--loglevel",
           "warning", "--maxmemory-policy", "noeviction", (char *)NULL);
    fprintf(stderr, "ridgeline: cannot start redis-server: %s\n", strerror(errno));
    return 127;
}

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

static int complain(const char *what, const char *path)
{
    fprintf(stderr, "ridgeline: %s %s: %s\n", what, path, strerror(errno));
    return -1;
}

/* Makes the state directory, and holds it for this run alone. */
static int take_state_dir(struct run *r)
{
    const char *wanted = r->settings.state_dir;
    if (mkdir(wanted, 0700) != 0 && errno != EEXIST)
        return complain("cannot make the state directory", wanted);
    if (!realpath(wanted, r->state_dir))
        return complain("cannot use the state directory", wanted);
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/lock", r->state_dir);
    r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (r->lock_fd < 0)
        return complain("cannot write", path);
    if (flock(r->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "ridgeline: %s is in use by another `ridgeline run`\n", r->state_dir);
        return -1;
    }
    return 0;
}

/* Waits until the children of a run that was killed have gone: a Redis among them would write the same
 * files, and take the socket of ours with it. Ours inherit the lock. */
static int await_orphans(const struct run *r)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/children.lock", r->state_dir);
    int fd = proc_lock(path);
    return fd >= 0 && fcntl(fd, F_SETFD, 0) == 0 ? 0 : -1;
}

static int plan_redis(struct run *r)
{
    r->own_redis = !r->settings.redis[0];
    if (!r->own_redis)
        return 0;
    int len = snprintf(r->redis.socket, sizeof r->redis.socket, "%s/redis.sock", r->state_dir);
    if (len < 0 || (size_t)len >= sizeof((struct sockaddr_un *)0)->sun_path) {
        fprintf(stderr, "ridgeline: %s: path too long for a unix socket; choose a shorter --state-dir\n",
                r->state_dir);
        return -1;
    }
    memcpy(r->redis.directory, r->state_dir, sizeof r->state_dir);
    r->redis_child[0] = (struct proc_child){.name = "redis-server", .run = exec_redis, .arg = &r->redis};
    return 0;
}

/* Keeps what was accepted in a memory file that the daemons inherit: one that is started again after a
 * crash must not depend on a file that is being edited. */
static int share_settings(struct run *r)
{
    r->args.accepted_fd = memfd_create("settings", 0);
    if (r->args.accepted_fd < 0)
        return complain("cannot make", "a memory file");
    snprintf(r->settings_fd_text, sizeof r->settings_fd_text, "%d", r->args.accepted_fd);
    return proc_reload(&r->args, &r->settings);
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
    d->args[d->n_args++] = r->state_dir;
    for (const char *const *set = r->args.sets; *set; set++) {
        d->args[d->n_args++] = "--set";
        d->args[d->n_args++] = *set;
    }
    if (pipe2(d->ready_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return complain("cannot make", "a pipe");
    r->children[which] = (struct proc_child){.name = daemon_names[which], .run = exec_daemon, .arg = d};
    return 0;
}

static bool gave_up(const struct proc_child *child)
{
    if (child->failures < START_TRIES)
        return false;
    fprintf(stderr, "ridgeline: %s ended %u times before it was ready; its own message stands above\n", child->name,
            child->failures);
    return true;
}

/* Waits until Redis answers: with a large append-only file that takes a while. */
static int await_redis(struct run *r)
{
    char address[PATH_MAX + 8];
    if (!r->own_redis)
        snprintf(address, sizeof address, "%s", r->settings.redis);
    else
        snprintf(address, sizeof address, "unix:%s", r->redis.socket);
    struct store *store = store_new(address, 2000);
    if (!store) {
        fprintf(stderr, "ridgeline: redis = \"%s\" is not unix:PATH or HOST:PORT\n", address);
        return -1;
    }
    int result = -1;
    while (!proc_stopping) {
        if (r->own_redis) {
            proc_children_tend(r->redis_child, 1);
            if (gave_up(r->redis_child))
                break;
            if (access(r->redis.socket, F_OK) != 0) { /* saves a warning for each look before it listens */
                proc_sleep_ms(TICK_MS);
                continue;
            }
        }
        if (store_connect(store) == 0) {
            result = 0;
            break;
        }
        proc_sleep_ms(TICK_MS);
    }
    store_free(store);
    return result;
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
    if (r->own_redis)
        proc_children_tend(r->redis_child, 1);
    proc_children_tend(r->children, DAEMONS);
    if (ready && r->extra)
        proc_children_tend(r->feeder, 1);
}

static void stop_children(struct run *r)
{
    proc_children_stop(r->feeder, 1, STOP_GRACE_MS);
    proc_children_stop(&r->children[HORIZON], 1, STOP_GRACE_MS);
    proc_children_stop(r->children, DAEMONS, STOP_GRACE_MS);
    proc_children_stop(r->redis_child, 1, STOP_GRACE_MS);
}

static void reload(struct run *r)
{
    proc_reloading = 0;
    if (proc_reload(&r->args, &r->settings) == 0)
        proc_children_signal(r->children, DAEMONS, SIGHUP);
}

/* Supervises until told to stop. -1 when a daemon never came up. */
static int supervise(struct run *r)
{
    bool ready = false;
    while (!proc_stopping) {
        tend(r, ready);
        for (int i = 0; i < DAEMONS && !ready; i++)
            if (gave_up(&r->children[i]))
                return -1;
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

int run_with(const char *name, const struct run_extra *extra, int argc, char **argv)
{
    static struct run r; /* large, and its addresses are the children's arguments */
    proc_start(name, argc, argv, &r.args, &r.settings);
    log_init("ridgeline", r.settings.log_level);
    proc_signals();
    r.extra = extra;
    r.feeder[0] = (struct proc_child){.name = "feeder", .run = feed, .arg = &r};
    int result = -1;
    if (share_settings(&r) != 0 || take_state_dir(&r) != 0 || plan_redis(&r) != 0)
        goto out;
    for (int i = 0; i < DAEMONS; i++)
        if (plan_daemon(&r, i) != 0)
            goto out;
    if (await_orphans(&r) != 0)
        goto stopped;
    if (await_redis(&r) == 0)
        result = run_daemons(&r);
    stop_children(&r);
stopped:
    if (proc_stopping)
        result = 0;
out:
    conf_free(&r.settings);
    return result == 0 ? 0 : 1;
}

int run_main(int argc, char **argv)
{
    return run_with("ridgeline run", NULL, argc, argv);
}
