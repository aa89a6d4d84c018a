#include "cli/own_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ridgeline/store.h"

#define TICK_MS 50
#define TIMEOUT_MS 2000
#define STOP_GRACE_MS 30000

int own_redis_settings(struct settings *settings, const char *path, const char *state_dir, const char *redis,
                       const char *name)
{
    char error[CONF_ERROR_MAX], set[1024];
    const char *sets[] = {NULL, NULL};
    if (redis) {
        snprintf(set, sizeof set, "redis=%s", redis);
        sets[0] = set;
    }
    if (conf_load(settings, path, state_dir, sets, error) == 0)
        return 0;
    fprintf(stderr, "ridgeline %s: %s\n", name, error);
    return -1;
}

static int exec_redis(void *arg)
{
    const struct own_redis *r = arg;
    dup2(STDERR_FILENO, STDOUT_FILENO); /* Redis logs to stdout, which is for the ready line alone */
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", r->socket, "--unixsocketperm", "700",
           "--dir", r->state_dir, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--loglevel",
           "warning", "--maxmemory-policy", "noeviction", (char *)NULL);
    fprintf(stderr,
            "ridgeline: cannot start redis-server: %s; install it (apt-get install redis-server), or name a Redis that "
            "runs: redis, or --set redis=HOST:PORT\n",
            strerror(errno));
    return 127;
}

static int complain(const char *what, const char *path)
{
    fprintf(stderr, "ridgeline: %s %s: %s\n", what, path, strerror(errno));
    return -1;
}

/* Makes the state directory, and holds it for this process alone. */
static int take_state_dir(struct own_redis *r, const char *wanted)
{
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
        fprintf(stderr, "ridgeline: %s is in use by another `ridgeline run`, `import` or `forget`\n", r->state_dir);
        return -1;
    }
    return 0;
}

int own_redis_init(struct own_redis *r, const struct settings *settings)
{
    *r = (struct own_redis){.is_ours = !settings->redis[0], .lock_fd = -1};
    if (take_state_dir(r, settings->state_dir) != 0)
        return -1;
    if (!r->is_ours) {
        snprintf(r->address, sizeof r->address, "%s", settings->redis);
        return 0;
    }
    int len = snprintf(r->socket, sizeof r->socket, "%s/" CONF_PRIVATE_SOCKET, r->state_dir);
    if (len < 0 || (size_t)len >= sizeof((struct sockaddr_un *)0)->sun_path) {
        fprintf(stderr, "ridgeline: %s: path too long for a unix socket; choose a shorter --state-dir\n",
                r->state_dir);
        return -1;
    }
    snprintf(r->address, sizeof r->address, "unix:%s", r->socket);
    r->child[0] = (struct proc_child){.name = "redis-server", .run = exec_redis, .arg = r};
    return 0;
}

int own_redis_await_orphans(const struct own_redis *r)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/children.lock", r->state_dir);
    int fd = proc_lock(path);
    return fd >= 0 && fcntl(fd, F_SETFD, 0) == 0 ? 0 : -1;
}

/* 1 when it answers, 0 when not yet, -1 when it never will. */
static int look(struct own_redis *r, struct store *store)
{
    own_redis_tend(r);
    if (r->is_ours && proc_child_gave_up(&r->child[0]))
        return -1;
    if (r->is_ours && access(r->socket, F_OK) != 0) /* saves a warning for each look before it listens */
        return 0;
    return store_connect(store) == 0;
}

int own_redis_start(struct own_redis *r)
{
    struct store *store = store_new(r->address, TIMEOUT_MS);
    int answer = 0;
    if (!store) {
        fprintf(stderr, "ridgeline: redis = \"%s\" is not unix:PATH or HOST:PORT\n", r->address);
        return -1;
    }
    while (!proc_stopping && (answer = look(r, store)) == 0)
        proc_sleep_ms(TICK_MS);
    store_free(store);
    return answer > 0 ? 0 : -1;
}

bool own_redis_is_asleep(const struct settings *settings)
{
    static const char prefix[] = "unix:";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int len = snprintf(at.sun_path, sizeof at.sun_path, "%s", settings->store + sizeof prefix - 1);
    if (settings->redis[0] || len >= (int)sizeof at.sun_path)
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool asleep = fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) != 0 &&
                  (errno == ENOENT || errno == ECONNREFUSED);
    if (fd >= 0)
        close(fd);
    return asleep;
}

int own_redis_wake(struct own_redis *r, const struct settings *settings, const char *name)
{
    fprintf(stderr, "ridgeline %s: starts the Redis in %s while it takes\n", name, settings->state_dir);
    return own_redis_init(r, settings) == 0 && own_redis_await_orphans(r) == 0 ? own_redis_start(r) : -1;
}

void own_redis_tend(struct own_redis *r)
{
    if (r->is_ours)
        proc_children_tend(r->child, 1);
}

void own_redis_stop(struct own_redis *r)
{
    proc_children_stop(r->child, 1, STOP_GRACE_MS);
}
