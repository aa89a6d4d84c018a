/* Every counter and gauge of every process: declared here with its meaning,
 * saved each second to the hash ridgeline:stats:<process>, read from there by the
 * webapp for /metrics, /api/health and the page.
 *
 *   X(name, kind, help)
 *
 * Hash fields beside these: pid, generation (starts of this process so far),
 * started (epoch s), saved_at_ms (epoch ms), settings_refused (why the settings file that was offered last is not in
 * force, ""), owner (proc_identity() of who saved last), twin and twin_at_ms (who else saves under this name, and
 * when that was last seen), and of a worker open_at (JSON array: its open anomalies
 * whose whole score is 0, 1, ... 100). A field may carry labels:
 * `received|listener=line_tcp` becomes {listener="line_tcp"} on /metrics. */
#ifndef RIDGELINE_COUNTERS_H
#define RIDGELINE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/store.h"

enum counters_kind { COUNTERS_COUNTER, COUNTERS_GAUGE };

struct counters_def {
    const char *name;
    enum counters_kind kind;
    const char *help;
};

/* Reasons for which horizon rejects a point, or a StatsD sample. received = accepted + the sum of these, of each. */
#define HORIZON_REJECTIONS(X)                                                                        \
    X(malformed, COUNTER, "line, pickle entry, datagram of msgpack or StatsD sample that cannot be read")            \
    X(too_long, COUNTER, "line longer than max_line_bytes, or pickle longer than max_pickle_bytes")  \
    X(truncated, COUNTER, "line or pickle cut off by the end of its connection")                     \
    X(forbidden, COUNTER, "pickle with an opcode that could build anything but lists, tuples, strings and numbers") \
    X(bad_name, COUNTER, "name that is empty, too long, reserved, or holds bytes that a name cannot have") \
    X(not_a_number, COUNTER, "value that is not a finite number")                                    \
    X(bad_time, COUNTER, "timestamp that is not a time")                                             \
    X(too_old, COUNTER, "timestamp older than max_age")                                              \
    X(in_future, COUNTER, "timestamp further ahead than max_future")                                 \
    X(denied, COUNTER, "name matched by deny, or not by allow")                                      \
    X(over_limit, COUNTER, "new name beyond max_metrics, new value of a set beyond its bounds, pickle beyond memory") \
    X(bad_type, COUNTER, "StatsD sample of no known type")                                           \
    X(bad_rate, COUNTER, "StatsD sample whose rate is not a number above zero")                      \
    X(negative, COUNTER, "StatsD time (ms) below zero")                                              \
    X(bad_mark, COUNTER,                                                                             \
      "name under mark_prefix without a text, with one of more than 200 bytes, or with a bad match") \
    X(mark_limit, COUNTER, "mark beyond mark_limit, or while 256 wait in memory")

#define HORIZON_COUNTERS(X)                                                                          \
    X(received, COUNTER, "points received, in whatever state; = accepted + rejected")                \
    X(accepted, COUNTER, "points accepted; with taken_over = stored + queued + spooled + dropped")   \
    X(taken_over, COUNTER, "points that an earlier run had accepted and left in the spool")          \
    X(rejected, COUNTER, "points rejected, for all reasons")                                         \
    X(stored, COUNTER, "points whose APPEND Redis has acknowledged")                                 \
    X(queued, GAUGE, "points that wait in memory for Redis, sent or not")                            \
    X(spooled, GAUGE, "points in the spool on disk that Redis has not acknowledged, sent or not")    \
    X(dropped, COUNTER, "accepted points lost: oldest of a full queue or spool, damaged on disk, or refused by Redis") \
    X(marks, COUNTER, "marks among the points accepted: what came under mark_prefix")                \
    X(queue_bytes, GAUGE, "memory that the queue holds")                                             \
    X(spool_bytes, GAUGE, "bytes of the spool's files")                                              \
    X(spool_age_ms, GAUGE, "how long ago the oldest point in the spool came")                        \
    X(spool_damaged, COUNTER, "stretches of the spool that were skipped: a crash of the machine cut them off, say") \
    X(spool_errors, COUNTER, "times that the disk refused: full, not writable, not readable")        \
    X(spool_failing, GAUGE, "1 while the disk refuses to be written to: what memory cannot hold is dropped")         \
    X(spool_stalled, GAUGE, "1 while the disk has not answered for two seconds: the same")          \
    X(spool_unread, GAUGE, "1 while a file of the spool cannot be read: it waits, and so does what came after it")   \
    X(spool_aside, GAUGE, "files of the spool left to the next start: not readable, or of another version")          \
    X(metrics, GAUGE, "distinct names known")                                                        \
    X(listeners_down, GAUGE, "listeners that are set and could not be opened: their addresses are in use, say")      \
    X(connections, GAUGE, "open TCP connections")                                                    \
    X(connections_refused, COUNTER, "connections closed at once: beyond max_connections, or no descriptor or memory") \
    X(connections_idle, COUNTER, "connections closed after idle_timeout")                            \
    X(statsd_received, COUNTER, "StatsD samples received; = statsd_accepted + statsd_rejected")     \
    X(statsd_accepted, COUNTER, "StatsD samples taken into their interval; its points are among received")           \
    X(statsd_rejected, COUNTER, "StatsD samples rejected, for all reasons; a line whose name is bad is one")         \
    X(statsd_series, GAUGE, "names that StatsD samples are gathered for, by type")                   \
    X(statsd_value_bytes, GAUGE, "memory that the values of timers and sets hold")                   \
    X(statsd_flushes, COUNTER, "intervals of StatsD samples that became points")                     \
    X(statsd_flush_ms, GAUGE, "how long after its interval's end the last of them was all queued")   \
    X(udp_kernel_drops, COUNTER, "datagrams that the kernel dropped before horizon could read them") \
    X(redis_up, GAUGE, "1 while connected to Redis")                                                 \
    X(redis_reconnects, COUNTER, "connections to Redis made after the first")                        \
    X(redis_resent, COUNTER,                                                                         \
      "points without a reply when a connection was lost: sent again, perhaps stored twice, harmless") \
    X(gap_from_ms, GAUGE, "after a kill: points received since this epoch ms may be lost; 0 = none") \
    X(gap_until_ms, GAUGE, "after a kill: end of that gap, epoch ms")                                \
    X(safe_until_ms, GAUGE, "points received before this epoch ms no longer wait in memory")         \
    X(clean_stop, GAUGE, "1 after an orderly stop with nothing left in memory")

#define ROOMBA_COUNTERS(X)                                                                           \
    X(passes, COUNTER, "walks over all metrics completed")                                           \
    X(pass_seconds, GAUGE, "how long the last walk took")                                            \
    X(pass_at, GAUGE, "when the last walk was completed, epoch s; 0 = not yet")                      \
    X(visited, COUNTER, "keys looked at")                                                            \
    X(trimmed, COUNTER, "keys whose old points were cut")                                            \
    X(points_cut, COUNTER, "points cut for age")                                                     \
    X(folded, COUNTER, "keys whose old points were folded into their rollup before they were cut")   \
    X(points_late, COUNTER, "points that turned up behind what is folded, and were dropped")          \
    X(rollups_begun, COUNTER, "rollups made for metrics that had none")                              \
    X(rollups_rebuilt, COUNTER, "rollups made anew from the old because the retention has changed")  \
    X(rollups_rejected, COUNTER, "rollups that could not be read, and were begun anew")              \
    X(rewritten, COUNTER, "keys rewritten to canonical form")                                        \
    X(junk_bytes, COUNTER, "bytes dropped by rewrites because no point could be read from them")     \
    X(forgotten, COUNTER, "metrics removed after a silence longer than the retention")               \
    X(names_forgotten, COUNTER, "names removed from the set because their key was gone for two walks") \
    X(raced, COUNTER, "scripts that found the key changed and left it for the next walk")            \
    X(errors, COUNTER, "commands that Redis refused or that got no answer; nothing was deleted for them") \
    X(leader, GAUGE, "1 while this process holds the lease")

#define WORKER_COUNTERS(X)                                                                           \
    X(metrics, GAUGE, "metrics that this worker owns")                                               \
    X(warming_up, GAUGE, "metrics that have not enough data yet")                                    \
    X(stale, GAUGE, "metrics silent for longer than their habit")                                    \
    X(open_anomalies, GAUGE, "open anomalies")                                                       \
    X(silences, GAUGE, "open anomalies of metrics that fell silent; no more than 500 are opened")     \
    X(skyline_windows, GAUGE, "metrics of which a day of points is held, for Skyline's algorithms")  \
    X(polls, COUNTER, "tails read")                                                                  \
    X(empty_polls, COUNTER, "tails read that held nothing new")                                      \
    X(judged, COUNTER, "points judged")                                                              \
    X(held, COUNTER, "points passed over without learning from them, as a mute says")                \
    X(late, COUNTER, "points stored at or before the last judged time: kept, never judged")          \
    X(forgotten, COUNTER, "metrics let go because `ridgeline forget` removed them")                  \
    X(full_reads, COUNTER, "whole tails read because the last consumed records were not found")      \
    X(opened, COUNTER, "anomalies opened")                                                           \
    X(closed, COUNTER, "anomalies closed")                                                           \
    X(records_saved, COUNTER, "records saved")                                                       \
    X(records_loaded, COUNTER, "records loaded at start")                                            \
    X(records_rejected, COUNTER, "saved records that could not be used: those metrics warm up anew") \
    X(rebuilt, COUNTER, "metrics without a usable record that learnt season and level from their rollups")           \
    X(caught_up, GAUGE, "metrics whose stored points have all been judged since this start")         \
    X(lag_ms, GAUGE, "how late the most overdue poll was in the last ten seconds")                   \
    X(lag_high_ms, GAUGE, "the same of metrics of high priority")                                    \
    X(lag_normal_ms, GAUGE, "the same of metrics of normal priority")                                \
    X(lag_low_ms, GAUGE, "the same of metrics of low priority")                                      \
    X(delay_median_ms, GAUGE, "from timestamp to verdict: median of the points judged in the last ten seconds") \
    X(delay_p99_ms, GAUGE, "the same: 99 of 100 points were judged sooner")                          \
    X(judged_per_second, GAUGE, "points judged a second, over the last ten seconds")                 \
    X(overtaken, COUNTER, "points trimmed before they could be judged, reckoned from the step")      \
    X(overtaken_at, GAUGE, "when points were last overtaken, epoch s; 0 = never")                    \
    X(busy_permille, GAUGE, "share of the last second spent working")                                \
    X(crossings_lost, COUNTER, "crossings of a score that Redis did not take: the surface score is a little too low") \
    X(redis_errors, COUNTER, "commands that Redis refused or that got no answer")

#define ANALYZER_COUNTERS(X)                                                                         \
    X(shard, GAUGE, "which shard of the metrics this analyzer judges, from 1")                       \
    X(shards, GAUGE, "how many shards there are")                                                    \
    X(workers, GAUGE, "workers that should run")                                                     \
    X(workers_running, GAUGE, "workers that do")                                                     \
    X(restarts_crash, COUNTER, "workers restarted after a signal")                                   \
    X(restarts_exit, COUNTER, "workers restarted after an exit")

#define ALERTER_COUNTERS(X)                                                                          \
    X(events_read, COUNTER, "events of anomalies read")                                              \
    X(events_rejected, COUNTER, "events, and entries of the hashes of open anomalies, that could not be read")       \
    X(opened, COUNTER, "incidents opened")                                                           \
    X(joined, COUNTER, "anomalies that joined an incident")                                          \
    X(reopened, COUNTER, "incidents that came back within reopen_within of their end")               \
    X(closed, COUNTER, "incidents closed")                                                           \
    X(reconciled, COUNTER,                                                                           \
      "anomalies of incidents closed because they are open nowhere and their closing was not told")  \
    X(desk_taken, COUNTER, "acknowledgements, notes and the like that were taken into an incident")  \
    X(desk_rejected, COUNTER, "those that could not be read, or whose incident is gone")             \
    X(forecasts, COUNTER, "looks at whether a metric will reach its limit")                          \
    X(outlooks, GAUGE, "metrics that will reach their limit within warn_before")                     \
    X(limit_looks, COUNTER, "looks at whether a metric's history shows a limit")                     \
    X(limits, GAUGE, "metrics whose limit is known from their unit or their history")                \
    X(limits_refused, COUNTER, "such limits that were not kept, because 10,000 are")                 \
    X(open_incidents, GAUGE, "open incidents")                                                       \
    X(open_members, GAUGE, "open anomalies in them")                                                 \
    X(held, GAUGE, "incidents held in memory: open ones, and closed ones that may come back")        \
    X(loads, COUNTER, "times that what is known was read from Redis: at start, and on each new connection")          \
    X(behind_ms, GAUGE, "age of the newest event read while there are more to read; 0 when there are none")          \
    X(messages, COUNTER, "messages put into channels' outboxes, digests among them")                 \
    X(messages_held, COUNTER, "openings and updates held back by a channel's rate_limit")            \
    X(redis_errors, COUNTER, "commands that Redis refused or that got no answer")                    \
    X(leader, GAUGE, "1 while this process holds the lease")

#define CHANNEL_COUNTERS(X)                                                                          \
    X(queued, GAUGE, "messages that wait to be delivered")                                           \
    X(delivered, COUNTER, "messages that the receiver took")                                         \
    X(resent, COUNTER, "open incidents told again, to a receiver that forgets them")                 \
    X(retries, COUNTER, "deliveries that failed and will be tried again")                            \
    X(dead_letters, COUNTER, "messages given up: refused by the receiver, or too old")               \
    X(duplicates, COUNTER, "messages not delivered because their id was sent already")               \
    X(rejected, COUNTER, "entries of the queue that are no message")                                 \
    X(failing, GAUGE, "1 while the last delivery has failed")                                        \
    X(redis_errors, COUNTER, "commands that Redis refused or that got no answer")                    \
    X(leader, GAUGE, "1 while this process holds the channel's lease")

#define WEBAPP_COUNTERS(X)                                                                           \
    X(requests, COUNTER, "HTTP requests answered")                                                   \
    X(errors, COUNTER, "HTTP requests answered with 4xx or 5xx")                                     \
    X(event_streams, GAUGE, "open streams of live events")                                           \
    X(events_sent, COUNTER, "events read from Redis and given to the streams")                       \
    X(overrides_saved, COUNTER, "changes of overrides from the page or the API: saved, removed, undone")              \
    X(previews_abandoned, COUNTER, "previews given up because their client went away or the webapp stopped")           \
    X(previews_refused, COUNTER, "previews refused because too many were waiting")                   \
    X(redis_errors, COUNTER, "commands that Redis refused or that got no answer")

#define COUNTERS_ENUM_HORIZON(n, k, h) HORIZON_##n,
#define COUNTERS_ENUM_REJECT(n, k, h) HORIZON_REJECTED_##n,
#define COUNTERS_ENUM_ROOMBA(n, k, h) ROOMBA_##n,
#define COUNTERS_ENUM_WORKER(n, k, h) WORKER_##n,
#define COUNTERS_ENUM_ANALYZER(n, k, h) ANALYZER_##n,
#define COUNTERS_ENUM_ALERTER(n, k, h) ALERTER_##n,
#define COUNTERS_ENUM_CHANNEL(n, k, h) CHANNEL_##n,
#define COUNTERS_ENUM_WEBAPP(n, k, h) WEBAPP_##n,
enum { HORIZON_COUNTERS(COUNTERS_ENUM_HORIZON) HORIZON_N };
enum { HORIZON_REJECTIONS(COUNTERS_ENUM_REJECT) HORIZON_REJECTED_N };
enum { ROOMBA_COUNTERS(COUNTERS_ENUM_ROOMBA) ROOMBA_N };
enum { WORKER_COUNTERS(COUNTERS_ENUM_WORKER) WORKER_N };
enum { ANALYZER_COUNTERS(COUNTERS_ENUM_ANALYZER) ANALYZER_N };
enum { ALERTER_COUNTERS(COUNTERS_ENUM_ALERTER) ALERTER_N };
enum { CHANNEL_COUNTERS(COUNTERS_ENUM_CHANNEL) CHANNEL_N };
enum { WEBAPP_COUNTERS(COUNTERS_ENUM_WEBAPP) WEBAPP_N };

extern const struct counters_def counters_horizon[HORIZON_N];
extern const struct counters_def counters_rejected[HORIZON_REJECTED_N]; /* saved as rejected|reason=NAME */
extern const struct counters_def counters_roomba[ROOMBA_N];
extern const struct counters_def counters_worker[WORKER_N];
extern const struct counters_def counters_analyzer[ANALYZER_N];
extern const struct counters_def counters_alerter[ALERTER_N];
extern const struct counters_def counters_channel[CHANNEL_N]; /* of "alerter.CHANNEL" */
extern const struct counters_def counters_webapp[WEBAPP_N];

/* The definitions that go with a process's name ("horizon", "horizon@b", "roomba",
 * "analyzer", "analyzer.3", "alerter", ...); NULL for another. `*n` gets their number. */
const struct counters_def *counters_for(const char *process, size_t *n);

/* Counts one more start of `process` and reads nothing else: returns the new
 * generation, or -1 when Redis did not answer. */
int64_t counters_begin(struct store *s, const char *process);

/* Saves `n` values under `process`, and marks the process as alive. Returns 0
 * or -1. */
int counters_save(struct store *s, const char *process, const struct counters_def *defs, const uint64_t *values,
                  size_t n);

/* The same, with one more field of the same moment, a text. */
int counters_save_with(struct store *s, const char *process, const struct counters_def *defs, const uint64_t *values,
                       size_t n, const char *field, const char *text);

#endif
