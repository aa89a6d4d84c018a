/* What daemons share: command line, signals, readiness, supervised children. */
#ifndef RIDGELINE_PROC_H
#define RIDGELINE_PROC_H

#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "ridgeline/conf.h"

/* Every daemon is called as
 *   NAME --settings FILE [--state-dir DIR] [--set NAME=VALUE]...
 * and by its supervisor with [--ready-fd N] [--settings-fd N] behind that. */
#define PROC_SETS_MAX 64
struct proc_args {
    const char *settings_path; /* NULL: defaults */
    const char *state_dir;     /* NULL: as set */
    const char *sets[PROC_SETS_MAX + 1];
    int ready_fd; /* -1: none */
    int settings_fd; /* -1: none. A daemon reads the settings from there, and settings_path only names
                        them: what its supervisor accepted, so that an edit that does not parse cannot keep a
                        crashed daemon from coming back */
    int accepted_fd; /* -1: none. The supervisor's end: gets the text of each file that was accepted and, behind a
                        NUL, why a later one was refused */
};

/* Reads the command line, loads the settings, starts the log. `about` says for --help what the program does. On an
 * error says why on stderr and exits with 2; with --help prints how it is called, with --version the version, and exits
 * with 0. */
void proc_start(const char *name, const char *about, int argc, char **argv, struct proc_args *args,
                struct settings *settings);

/* Loads the settings again into `*s` (SIGHUP), and puts their log level in force. A file that does not parse leaves
 * `*s` as it is and says so in the log. Returns 0 when `*s` is new. A supervisor passes its SIGHUP on in either case:
 * those who read settings_fd learn there that their supervisor has refused a file. */
int proc_reload(const struct proc_args *args, struct settings *s);

/* A supervisor's first word to those who will read accepted_fd, as proc_reload() does it later. */
int proc_share(const struct proc_args *args, struct settings *s);

/* Why the file that was offered last is not in force, "FILE:LINE: reason"; "" when it is. For any thread. */
void proc_refusal(char out[CONF_ERROR_MAX]);

/* Settings that a later proc_reload() cannot bring into force: which these are (static, up to one without a name), and
 * that they stay as they are in `s`. After proc_start(), before there are threads. Where a file that is read later says
 * otherwise, the log and proc_pending() say that it needs a restart. */
struct conf_fixed_option;
void proc_fix(const struct conf_fixed_option *options, const struct settings *s);

/* What stays in force, as conf_fixed_text() gives it; "" where nothing was said to. */
const char *proc_fixed(void);

/* What of the file waits for a restart, as conf_fixed_pending() gives it; "" for nothing. For any thread. */
void proc_pending(char out[CONF_ERROR_MAX]);

/* "PID@HOST:START", START in epoch ms: tells this process, and those that it forks, from any other. For any thread. */
#define PROC_IDENTITY_MAX 128
const char *proc_identity(void);

/* Tells whoever started us that we accept work: writes `text` and a newline to
 * ready_fd and closes it. `text` is space-separated key=value, may be "". */
void proc_ready(struct proc_args *args, const char *text);

/* Signal flags, for daemons with a loop of their own (libuv daemons use uv_signal_t). SIGTERM and
 * SIGINT set proc_stopping, SIGHUP sets proc_reloading, SIGPIPE is ignored, and SIGCHLD is not, so that children can be
 * waited for. */
extern volatile sig_atomic_t proc_stopping, proc_reloading;
void proc_signals(void);

/* Raises the number of descriptors that this process may open to the most that it is allowed: the usual
 * 1024 are few for a server. */
void proc_raise_descriptor_limit(void);

/* The kernel's vm.overcommit_memory: 0, 1 or 2; -1 where it cannot be read. With 0 the kernel may refuse the fork
 * by which Redis rewrites its append-only file, when Redis holds much of the machine's memory. */
int proc_overcommit_memory(void);

/* Sleeps up to `ms`; a signal ends it early. */
void proc_sleep_ms(int64_t ms);

/* Waits until no other process holds the lock on the file `path`, says so once, and takes it. Forked children
 * hold it too: it is free when the last of them has gone. Returns the descriptor (close-on-exec), to be kept open,
 * or -1 when told to stop, or with the reason in the log. */
int proc_lock(const char *path);

/* One supervised child. The owner fills the first three fields; the rest is zero at first.
 * The kernel sends it SIGTERM when its parent dies, however that happens. It has a process group of its own: a
 * Ctrl-C reaches the parent alone, which stops its children in their order. */
enum proc_child_state { PROC_CHILD_DOWN, PROC_CHILD_RUNNING, PROC_CHILD_STOPPING };
struct proc_child {
    const char *name;
    int (*run)(void *arg); /* runs in the child process; its return is the exit status */
    void *arg;

    enum proc_child_state state;
    pid_t pid;
    int64_t started_mono_ms, restart_at_mono_ms;
    unsigned failures; /* in a row; a run of 30 s resets it */
    uint64_t crashes, exits; /* ended by a signal, ended by themselves, while they should run */
};

/* Starts what is down and due, reaps what ended and sets its back-off (200 ms, doubling to 10 s).
 * Call at least every 200 ms. Only children of this table are reaped. */
void proc_children_tend(struct proc_child *children, size_t n);

/* Whether the child has ended so often, without a run of 30 s, that waiting for it to become ready is in vain; then
 * says so on stderr. */
#define PROC_START_TRIES 3
bool proc_child_gave_up(const struct proc_child *child);

/* SIGTERM to all, SIGKILL to those that are left after `grace_ms`, reaps all. */
void proc_children_stop(struct proc_child *children, size_t n, int64_t grace_ms);

/* Sends `signal` to all that run. */
void proc_children_signal(const struct proc_child *children, size_t n, int signal);

#endif
