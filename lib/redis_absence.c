#include "ridgeline/redis_absence.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/absence.h"
#include "ridgeline/clock.h"
#include "ridgeline/log.h"

#define DETAILS_MAX 512

static struct absence absence;
static pthread_mutex_t absence_lock = PTHREAD_MUTEX_INITIALIZER;

static void found_away(const char *reason, const char *details)
{
    char quoted[256];
    int64_t away_ms;
    if (absence_found_away(&absence, clock_mono_ms(), &away_ms))
        log_warning("redis_down", "reason=%s away_s=%" PRId64 " %s",
                    log_quote(quoted, sizeof quoted, reason, strlen(reason)), away_ms / 1000, details);
}

void redis_absence_refused(const char *reason, const char *format, ...)
{
    char details[DETAILS_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(details, sizeof details, format, args);
    va_end(args);
    pthread_mutex_lock(&absence_lock);
    found_away(reason, details);
    pthread_mutex_unlock(&absence_lock);
}

void redis_absence_lost(unsigned n, const char *reason, const char *format, ...)
{
    char details[DETAILS_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(details, sizeof details, format, args);
    va_end(args);
    pthread_mutex_lock(&absence_lock);
    if (n == absence.n || absence.since_mono_ms != 0)
        found_away(reason, details);
    pthread_mutex_unlock(&absence_lock);
}

unsigned redis_absence_over(const char *format, ...)
{
    char details[DETAILS_MAX];
    int64_t away_ms;
    va_list args;
    va_start(args, format);
    vsnprintf(details, sizeof details, format, args);
    va_end(args);
    pthread_mutex_lock(&absence_lock);
    unsigned n = absence.n;
    if (absence_found_there(&absence, clock_mono_ms(), &away_ms))
        log_info("redis_up", "away_s=%" PRId64 " %s", away_ms / 1000, details);
    pthread_mutex_unlock(&absence_lock);
    return n;
}
