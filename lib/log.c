/* One line an event, written with a single write(2) so that the lines of
 * several processes on one stderr never mix. Repetition is counted per event
 * name in a small table; when more names than it has places repeat at once the
 * oldest place is taken over, which costs extra lines, and the number of those that were held back. */
#include "ridgeline/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ridgeline/clock.h"

#define LINE_MAX_BYTES 2048
#define PLACES 32
#define EVENT_MAX 48

struct place {
    char event[EVENT_MAX];
    int64_t window_start_ms;
    unsigned written, suppressed;
};

static struct {
    const char *process;
    _Atomic enum log_level lowest; /* a reload may set it while other threads log */
    pthread_mutex_t mutex;
    struct place places[PLACES];
} state = {.process = "-", .lowest = LOG_LEVEL_INFO, .mutex = PTHREAD_MUTEX_INITIALIZER};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_init(const char *process, enum log_level lowest)
{
    state.process = process;
    log_set_lowest(lowest);
}

void log_set_lowest(enum log_level lowest)
{
    state.lowest = lowest;
}

static struct place *find_place(const char *event, int64_t now_ms)
{
    struct place *oldest = &state.places[0];
    for (size_t i = 0; i < PLACES; i++) {
        struct place *p = &state.places[i];
        if (strncmp(p->event, event, EVENT_MAX - 1) == 0)
            return p;
        if (p->window_start_ms < oldest->window_start_ms)
            oldest = p;
    }
    memset(oldest, 0, sizeof *oldest);
    snprintf(oldest->event, sizeof oldest->event, "%s", event);
    oldest->window_start_ms = now_ms;
    return oldest;
}

/* Whether this event may be written now; `*suppressed` is what it stands for beside itself. */
static int may_write(const char *event, unsigned *suppressed)
{
    int64_t now_ms = clock_mono_ms();
    pthread_mutex_lock(&state.mutex);
    struct place *p = find_place(event, now_ms);
    *suppressed = 0;
    if (now_ms - p->window_start_ms >= LOG_WINDOW_S * 1000) {
        *suppressed = p->suppressed;
        p->window_start_ms = now_ms;
        p->written = p->suppressed = 0;
    }
    int yes = p->written < LOG_BURST;
    if (yes)
        p->written++;
    else
        p->suppressed++;
    pthread_mutex_unlock(&state.mutex);
    return yes;
}

static size_t add(char *line, size_t used, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends to the line, keeping room for its newline. Returns the new length. */
static size_t add(char *line, size_t used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + used, LINE_MAX_BYTES - 1 - used, format, args);
    va_end(args);
    if (n < 0)
        return used;
    size_t left = LINE_MAX_BYTES - 2 - used;
    return used + ((size_t)n < left ? (size_t)n : left);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    unsigned suppressed;
    if (level < state.lowest || !may_write(event, &suppressed))
        return;

    int64_t now_ms = clock_wall_ms();
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm tm;
    gmtime_r(&now_s, &tm);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);

    char line[LINE_MAX_BYTES];
    size_t used = add(line, 0, "%s.%03dZ level=%s process=%s event=%s", stamp, (int)(now_ms % 1000),
                      level_names[level], state.process, event);
    if (suppressed)
        used = add(line, used, " suppressed=%u", suppressed);
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (text[0])
        used = add(line, used, " %s", text);
    line[used++] = '\n';
    /* Nothing can be done about a log that cannot be written. */
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
}

char *log_quote(char *out, size_t out_bytes, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const size_t tail = sizeof "...\"";
    size_t used = 0;
    out[used++] = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        int plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        if (used + 4 + tail > out_bytes) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (plain) {
            out[used++] = (char)c;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        }
    }
    out[used++] = '"';
    out[used] = '\0';
    return out;
}
