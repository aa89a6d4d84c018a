/* The state directory and the Redis that lives in it: held by one process at a time, which starts Redis there
 * unless the settings name another. */
#ifndef RIDGELINE_CLI_OWN_REDIS_H
#define RIDGELINE_CLI_OWN_REDIS_H

#include <limits.h>
#include <stdbool.h>

#include "ridgeline/conf.h"
#include "ridgeline/proc.h"

struct own_redis {
    char state_dir[PATH_MAX]; /* absolute */
    char address[PATH_MAX + 8]; /* as store_new() takes it */
    char socket[PATH_MAX];
    bool is_ours; /* as the settings were at the start: a reload does not change it */
    int lock_fd;
    struct proc_child child[1];
};

/* Reads the settings of the command `name`, with `redis` in force unless it is NULL. Returns 0, or -1 with the reason
 * on stderr. */
int own_redis_settings(struct settings *settings, const char *path, const char *state_dir, const char *redis,
                       const char *name);

/* Makes the state directory and takes it. `*r` is then no longer moved. Returns 0, or -1 with the reason on
 * stderr: another process holds it, for one. */
int own_redis_init(struct own_redis *r, const struct settings *settings);

/* Waits until the children of a holder that was killed have gone: a Redis among them would write the same files, and
 * take the socket of ours with it. Children that are started from now on are waited for in their turn. Returns 0, or
 * -1 when told to stop. */
int own_redis_await_orphans(const struct own_redis *r);

/* Starts it, if it is ours, and waits until it answers: with a large append-only file that takes a while. Returns 0,
 * or -1 when told to stop, or with the reason on stderr. */
int own_redis_start(struct own_redis *r);

/* Whether it would be ours and has to be started first: nobody listens at its socket, which one that was killed leaves
 * behind. */
bool own_redis_is_asleep(const struct settings *settings);

/* Starts it for as long as the command `name` takes, and says so: all of the above. Returns as own_redis_start(). */
int own_redis_wake(struct own_redis *r, const struct settings *settings, const char *name);

/* Starts it again if it ended; to be called as proc_children_tend() is. */
void own_redis_tend(struct own_redis *r);

/* Stops it, if it is ours, and waits until it has ended. */
void own_redis_stop(struct own_redis *r);

#endif
