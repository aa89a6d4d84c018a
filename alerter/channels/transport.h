/* Sending a parcel. Each transport ends within the channel's timeout, whatever the receiver does; one process
 * sends for one channel, so that a slow receiver holds up nobody else. */
#ifndef RIDGELINE_ALERTER_TRANSPORT_H
#define RIDGELINE_ALERTER_TRANSPORT_H

#include "alerter/channels/channel.h"

enum transport_outcome {
    TRANSPORT_DELIVERED,
    TRANSPORT_RETRY,   /* not now: it may work later */
    TRANSPORT_REFUSED, /* this message never: the receiver read it and said so */
};

#define TRANSPORT_ANSWER_MAX 320
struct transport_answer {
    enum transport_outcome outcome;
    int64_t retry_after_s;           /* what the receiver asks for; 0: nothing */
    char text[TRANSPORT_ANSWER_MAX]; /* what it said, or what went wrong: a harmless line */
};

struct transport_job {
    const struct channel_settings *channel;
    const struct parcel *parcel;
    const unsigned char *chart; /* PNG, for mail; NULL for none */
    size_t chart_len;

    /* Called at least each second while it lasts; false ends it. */
    bool (*go_on)(void *context);
    void *context;
};

/* Sends. The answer is filled in any case. */
void transport_send(const struct transport_job *job, enum channel_transport transport, struct transport_answer *answer);

/* Fills an answer. */
void transport_answer(struct transport_answer *answer, enum transport_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Waits until `fd` is ready for `events` (poll). Returns what it is ready for; 0 when `deadline_mono_ms` has passed or
 * the job may not go on. */
short transport_wait(const struct transport_job *job, int fd, short events, int64_t deadline_mono_ms);

int64_t transport_deadline_mono_ms(const struct transport_job *job);

/* One for each enum channel_transport, in the file of its name. */
void over_http_send(const struct transport_job *job, struct transport_answer *answer);
void over_smtp_send(const struct transport_job *job, struct transport_answer *answer);
void over_socket_send(const struct transport_job *job, struct transport_answer *answer);
void over_fifo_send(const struct transport_job *job, struct transport_answer *answer);
void over_exec_send(const struct transport_job *job, struct transport_answer *answer);

#endif
