#include "spool_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ridgeline/clock.h"
#include "ridgeline/log.h"
#include "spool_pulse.h"

/* The directory as set, or the one under state_dir; malloc'd, NULL when memory is out. */
static char *name_directory(const struct settings *s)
{
    char *dir = NULL;
    if (*s->horizon.spool_dir != '\0')
        return strdup(s->horizon.spool_dir);
    if (asprintf(&dir, "%s/spool%s%s", s->state_dir, *s->instance ? "@" : "", s->instance) < 0)
        return NULL;
    return dir;
}

/* Logs whether the disk refuses, or hangs, when that has changed since the last time. */
static void tell_state(struct spool_watch *w)
{
    const struct spool *s = &w->intake->spool;
    const bool unread = s->n_tries > 0;
    char quoted[2 * SPOOL_ERROR_MAX];
    log_quote(quoted, sizeof quoted, s->error, strlen(s->error));
    if (s->failing && !w->told_failing)
        log_warning("spool_failed", "dir=%s reason=%s errors=%llu", w->dir, quoted, (unsigned long long)s->n_errors);
    if (unread && !w->told_unread)
        log_warning("spool_unread", "dir=%s reason=%s meaning=\"it is read later, and what came after it waits\"",
                    w->dir, quoted);
    if (s->stalled && !w->told_stalled)
        log_warning("spool_stalled", "dir=%s meaning=\"the disk does not answer: memory alone is used\"", w->dir);
    if ((w->told_failing || w->told_unread || w->told_stalled) && !s->failing && !unread && !s->stalled)
        log_info("spool_works", "dir=%s", w->dir);
    w->told_failing = s->failing;
    w->told_unread = unread;
    w->told_stalled = s->stalled;
}

/* Logs what has come to files and points since the last time. */
static void tell_losses(struct spool_watch *w)
{
    const struct spool *s = &w->intake->spool;
    char quoted[2 * SPOOL_ERROR_MAX];
    if (s->n_aside > w->told_aside)
        log_warning("spool_set_aside", "dir=%s files=%u last=%s meaning=\"left as they are until the next start\"",
                    w->dir, s->n_aside, log_quote(quoted, sizeof quoted, s->error, strlen(s->error)));
    if (s->n_damaged > w->told_damaged)
        log_warning("spool_damaged", "dir=%s skipped=%llu", w->dir, (unsigned long long)s->n_damaged);
    if (s->dropped > w->told_dropped)
        log_warning("spool_dropped", "dir=%s points=%llu bytes=%llu max_bytes=%llu", w->dir,
                    (unsigned long long)(s->dropped - w->told_dropped), (unsigned long long)s->bytes,
                    (unsigned long long)s->max_bytes);
    w->told_aside = s->n_aside;
    w->told_damaged = s->n_damaged;
    w->told_dropped = s->dropped;
}

static void tell(struct spool_watch *w)
{
    tell_state(w);
    tell_losses(w);
}

/* Takes up what is there only while nothing is on its way that would be younger. Returns 0, or -1 with errno. */
static int open_spool(struct spool_watch *w)
{
    struct spool *s = &w->intake->spool;
    const struct settings *settings = w->intake->settings;
    if (s->max_bytes > 0 && *settings->horizon.spool_dir == '\0')
        mkdir(settings->state_dir, 0700); /* or spool_open says why not */
    if (spool_open(s, w->dir, queue_is_untouched(&w->intake->queue)) != 0)
        return -1;
    if (s->points > 0)
        log_info("spool_taken_over", "dir=%s points=%llu bytes=%llu", w->dir, (unsigned long long)s->points,
                 (unsigned long long)s->bytes);
    return 0;
}

int spool_watch_init(struct spool_watch *w, struct intake *intake)
{
    *w = (struct spool_watch){.intake = intake, .dir = name_directory(intake->settings)};
    w->pulse = w->dir ? spool_pulse_new(w->dir) : NULL;
    if (!w->pulse) {
        log_error("start_failed", "reason=\"out of memory\"");
        return -1;
    }
    if (open_spool(w) != 0 && errno == EWOULDBLOCK) {
        log_error("spool_in_use", "dir=%s reason=\"another horizon has it: give each a spool_dir or an instance\"",
                  w->dir);
        return -1;
    }
    tell(w);
    return 0;
}

void spool_watch_fini(struct spool_watch *w)
{
    tell(w);
    spool_pulse_free(w->pulse);
    free(w->dir);
}

/* Asks the disk while the spool holds something, or soon may. */
static void take_pulse(struct spool_watch *w)
{
    struct spool *s = &w->intake->spool;
    const struct queue *q = &w->intake->queue;
    const int64_t now_mono_ms = clock_mono_ms();
    if (s->dir >= 0 && (s->n_segments > 0 || q->n_blocks > q->max_blocks / 2))
        spool_pulse_beat(w->pulse, now_mono_ms);
    s->stalled = spool_pulse_is_late(w->pulse, now_mono_ms);
}

/* One that could not be opened is, once that works. */
static void recover(struct spool_watch *w)
{
    struct spool *s = &w->intake->spool;
    if (s->dir >= 0)
        spool_probe(s);
    else if (s->max_bytes > 0)
        open_spool(w);
}

void spool_watch_tick(struct spool_watch *w)
{
    struct spool *s = &w->intake->spool;
    take_pulse(w);
    recover(w);
    if (s->lost_names && s->n_segments == 0) {
        names_announce_all(&w->intake->names);
        s->lost_names = false;
    }
    tell(w);
}

bool spool_watch_works(const struct spool_watch *w)
{
    const struct spool *s = &w->intake->spool;
    return s->dir >= 0 && s->max_bytes > 0 && !s->failing && !s->stalled;
}
