#include "alerter/channels/transport.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

#include "alerter/channels/harmless.h"
#include "ridgeline/clock.h"

#define STEP_MS 500

void transport_send(const struct transport_job *job, enum channel_transport transport, struct transport_answer *answer)
{
    static void (*const send[])(const struct transport_job *job, struct transport_answer *answer) = {
        [CHANNEL_OVER_HTTP] = over_http_send,     [CHANNEL_OVER_SMTP] = over_smtp_send,
        [CHANNEL_OVER_SOCKET] = over_socket_send, [CHANNEL_OVER_FIFO] = over_fifo_send,
        [CHANNEL_OVER_EXEC] = over_exec_send,
    };
    *answer = (struct transport_answer){.outcome = TRANSPORT_RETRY};
    send[transport](job, answer);
}

void transport_answer(struct transport_answer *answer, enum transport_outcome outcome, const char *format, ...)
{
    char text[2 * TRANSPORT_ANSWER_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    answer->outcome = outcome;
    harmless_line(answer->text, sizeof answer->text, text);
}

int64_t transport_deadline_mono_ms(const struct transport_job *job)
{
    return clock_mono_ms() + job->channel->timeout_s * 1000;
}

short transport_wait(const struct transport_job *job, int fd, short events, int64_t deadline_mono_ms)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left_ms = deadline_mono_ms - clock_mono_ms();
        if (left_ms <= 0 || !job->go_on(job->context))
            return 0;
        if (poll(&p, 1, left_ms < STEP_MS ? (int)left_ms : STEP_MS) > 0)
            return p.revents;
    }
}
