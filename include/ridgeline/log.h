/* Logs: one `event=... key=value` line on stderr for each event.
 *
 *   2026-11-21T10:00:00.123Z level=warning process=horizon event=redis_down wait_ms=400
 *
 * An event that repeats goes quiet: of one event name at most LOG_BURST lines
 * are written in LOG_WINDOW_S seconds; the next one that is written carries
 * `suppressed=N`, the number it stands for. */
#ifndef RIDGELINE_LOG_H
#define RIDGELINE_LOG_H

#include <stddef.h>

#define LOG_BURST 10
#define LOG_WINDOW_S 10

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Names this process in its lines and sets the lowest level that is written.
 * `process` must outlive all logging. Before this call lines carry process=-. */
void log_init(const char *process, enum log_level lowest);

/* Sets the lowest level that is written. Safe while other threads log. */
void log_set_lowest(enum log_level lowest);

/* Writes one line. `event` is a literal in snake_case; `format` makes the
 * `key=value` text behind it and may be "". Text from the wire goes through
 * log_quote() first. Safe to call from several threads. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warning(event, ...) log_event(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)

/* Writes the `len` bytes at `text` into `out` as a double-quoted string in
 * printable ASCII (other bytes as \xNN), cut with "..." where `out_bytes` is
 * too short (it must be 16 or more). Returns `out`, NUL-terminated. */
char *log_quote(char *out, size_t out_bytes, const char *text, size_t len);

#endif
