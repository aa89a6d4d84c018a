/* A daemon's settings: from its command line at the start, and again at each SIGHUP.
 *
 * Under `ridgeline run` the supervisor reads the file and shares what it accepted through a descriptor, so that its
 * children never read a file that changes under their hands, or that it refused. Behind the text, after a NUL, stands
 * why a newer one was refused: each then says so, and keeps what it has. */
#include "ridgeline/proc.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/conf_fixed.h"
#include "ridgeline/log.h"
#include "ridgeline/version.h"

static void usage(FILE *to, const char *name, const char *about)
{
    fprintf(to,
            "usage: %s [--settings FILE] [--state-dir DIR] [--set NAME=VALUE]...\n\n"
            "%s\n\n"
            "  --settings FILE   settings.conf; without it the defaults are in force\n"
            "  --state-dir DIR   where data is kept, whatever the file says\n"
            "  --set NAME=VALUE  one setting, whatever the file says: --set horizon.max_age=2h\n"
            "  --version         prints the version\n\n"
            "docs/SETTINGS.md tells every setting. SIGHUP reads the file again, SIGTERM stops in order.\n",
            name, about);
}

static void parse_args(const char *name, const char *about, int argc, char **argv, struct proc_args *args)
{
    enum { SETTINGS = 256, STATE_DIR, SET, READY_FD, SETTINGS_FD, VERSION, HELP };
    static const struct option options[] = {
        {"settings", required_argument, NULL, SETTINGS}, {"state-dir", required_argument, NULL, STATE_DIR},
        {"set", required_argument, NULL, SET},           {"ready-fd", required_argument, NULL, READY_FD},
        {"settings-fd", required_argument, NULL, SETTINGS_FD}, {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    size_t n_sets = 0;
    *args = (struct proc_args){.ready_fd = -1, .settings_fd = -1, .accepted_fd = -1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == SETTINGS) {
            args->settings_path = optarg;
        } else if (c == STATE_DIR) {
            args->state_dir = optarg;
        } else if (c == SET && n_sets < PROC_SETS_MAX) {
            args->sets[n_sets++] = optarg;
        } else if (c == READY_FD) {
            args->ready_fd = atoi(optarg);
        } else if (c == SETTINGS_FD) {
            args->settings_fd = atoi(optarg);
        } else if (c == VERSION) {
            puts("ridgeline " RIDGELINE_VERSION);
            exit(0);
        } else {
            usage(c == HELP ? stdout : stderr, name, about);
            exit(c == HELP ? 0 : 2);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument \"%s\"\n", name, argv[optind]);
        exit(2);
    }
}

/* What others are told of the settings: why the last file was refused, what of it waits for a restart. */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static char refusal[CONF_ERROR_MAX], pending[CONF_ERROR_MAX];

static const struct conf_fixed_option *fixed_options; /* NULL: none */
static char *fixed; /* as of the start; NULL: memory was out */

static void read_told(const char told[CONF_ERROR_MAX], char out[CONF_ERROR_MAX])
{
    pthread_mutex_lock(&told_lock);
    memcpy(out, told, CONF_ERROR_MAX);
    pthread_mutex_unlock(&told_lock);
}

static void set_told(char told[CONF_ERROR_MAX], const char *text)
{
    pthread_mutex_lock(&told_lock);
    snprintf(told, CONF_ERROR_MAX, "%s", text);
    pthread_mutex_unlock(&told_lock);
}

void proc_refusal(char out[CONF_ERROR_MAX])
{
    read_told(refusal, out);
}

void proc_pending(char out[CONF_ERROR_MAX])
{
    read_told(pending, out);
}

const char *proc_fixed(void)
{
    return fixed ? fixed : "";
}

void proc_fix(const struct conf_fixed_option *options, const struct settings *s)
{
    fixed_options = options;
    fixed = conf_fixed_text(options, s);
}

/* Says what waits for a restart, once. */
static void compare_fixed(const struct settings *s)
{
    char text[CONF_ERROR_MAX], before[CONF_ERROR_MAX], quoted[CONF_ERROR_MAX];
    char *now = fixed_options ? conf_fixed_text(fixed_options, s) : NULL;
    if (!now)
        return;
    proc_pending(before);
    conf_fixed_pending(proc_fixed(), now, text, sizeof text);
    free(now);
    if (*text != '\0' && strcmp(text, before) != 0)
        log_warning("restart_needed", "for=%s", log_quote(quoted, sizeof quoted, text, strlen(text)));
    set_told(pending, text);
}

/* What others shall read through accepted_fd: `text`, with the NUL behind it. Who reads between the two steps takes the
 * rest of the longer text before for a refusal and keeps what it has; were the file emptied first, it would take the
 * defaults. Short only when memory is out: then they keep what they have, too. */
static void publish(int fd, const char *text, size_t len)
{
    if (pwrite(fd, text, len + 1, 0) != (ssize_t)len + 1 || ftruncate(fd, (off_t)len) != 0)
        log_error("settings_not_shared", "reason=\"%s\"", strerror(errno));
}

/* The settings' text, as conf_read gives it. `refused` gets what a supervisor says behind it, or "". */
static char *read_settings(const struct proc_args *args, size_t *len, char refused[CONF_ERROR_MAX])
{
    char copy[32];
    *refused = '\0';
    if (args->settings_fd < 0)
        return conf_read(args->settings_path, len);
    snprintf(copy, sizeof copy, "/proc/self/fd/%d", args->settings_fd);
    char *text = conf_read(copy, len);
    if (text && strlen(text) < *len) {
        *len = strlen(text);
        snprintf(refused, CONF_ERROR_MAX, "%s", text + *len + 1);
    }
    return text;
}

/* The supervisor's word to those who read accepted_fd: no text that was accepted holds a NUL. */
static void publish_refusal(int fd, const char *reason)
{
    struct proc_args reader = {.settings_fd = fd};
    char before[CONF_ERROR_MAX];
    size_t len;
    char *text = read_settings(&reader, &len, before);
    if (!text || len + CONF_ERROR_MAX > CONF_FILE_MAX || ftruncate(fd, (off_t)len) != 0 ||
        pwrite(fd, reason, strlen(reason), (off_t)len + 1) != (ssize_t)strlen(reason))
        log_error("refusal_not_shared", "reason=\"%s\"", strerror(errno));
    free(text);
}

static int load(const struct proc_args *args, struct settings *s, char error[CONF_ERROR_MAX],
                char refused[CONF_ERROR_MAX])
{
    *refused = '\0';
    if (!args->settings_path)
        return conf_load(s, NULL, args->state_dir, args->sets, error);
    size_t len;
    char *text = read_settings(args, &len, refused);
    if (!text) {
        snprintf(error, CONF_ERROR_MAX, "%.300s: %s", args->settings_path, conf_read_error(errno));
        return -1;
    }
    int result = conf_parse(s, args->settings_path, text, len, args->state_dir, args->sets, error);
    if (result == 0 && args->accepted_fd >= 0)
        publish(args->accepted_fd, text, len);
    free(text);
    return result;
}

void proc_start(const char *name, const char *about, int argc, char **argv, struct proc_args *args,
                struct settings *settings)
{
    char error[CONF_ERROR_MAX], refused[CONF_ERROR_MAX];
    parse_args(name, about, argc, argv, args);
    memset(settings, 0, sizeof *settings);
    if (load(args, settings, error, refused) != 0) {
        fprintf(stderr, "%s: %s\n", name, error);
        exit(2);
    }
    set_told(refusal, refused);
    log_init(name, settings->log_level);
}

/* A file was refused: by us, or by our supervisor, who has logged it. */
static int keep_old(const struct proc_args *args, const char *reason, bool is_ours)
{
    char quoted[CONF_ERROR_MAX];
    set_told(refusal, reason);
    if (is_ours)
        log_error("settings_rejected", "reason=%s kept=old", log_quote(quoted, sizeof quoted, reason, strlen(reason)));
    if (args->accepted_fd >= 0)
        publish_refusal(args->accepted_fd, reason);
    return -1;
}

int proc_share(const struct proc_args *args, struct settings *s)
{
    struct settings fresh = {0};
    char error[CONF_ERROR_MAX], refused[CONF_ERROR_MAX];
    if (load(args, &fresh, error, refused) != 0)
        return keep_old(args, error, true);
    if (*refused) {
        conf_free(&fresh);
        return keep_old(args, refused, false);
    }
    conf_free(s);
    *s = fresh;
    set_told(refusal, "");
    return 0;
}

int proc_reload(const struct proc_args *args, struct settings *s)
{
    if (proc_share(args, s) != 0)
        return -1;
    log_set_lowest(s->log_level);
    log_info("settings_reloaded", "file=%s", s->path);
    compare_fixed(s);
    return 0;
}
