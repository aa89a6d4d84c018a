/* What a process's log says of a Redis that is away: event=redis_down when it goes and at growing intervals while it
 * stays away, event=redis_up when it is back, both with for how long it was. All connections of a process share this,
 * so that the log has it once. For any thread. */
#ifndef RIDGELINE_REDIS_ABSENCE_H
#define RIDGELINE_REDIS_ABSENCE_H

/* A connection could not be made. `reason` is text from anywhere, `format` makes the rest of the line. */
void redis_absence_refused(const char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A connection was lost that was made when redis_absence_over() gave `n`. Where Redis has been away and back since,
 * that is no news. */
void redis_absence_lost(unsigned n, const char *reason, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Redis answers on a new connection. Returns how often it was away until now. */
unsigned redis_absence_over(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
