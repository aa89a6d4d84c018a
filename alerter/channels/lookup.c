/* A thread of the C library asks. It cannot be called off: a question that takes longer than its job is left behind
 * with all that it points to, and the next job waits on for the same, which is the one that a channel's process asks.
 * So no more than one is ever under way, and nothing is lost. */
#include "alerter/channels/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/transport.h"
#include "ridgeline/clock.h"
#include "ridgeline/units.h"

#define STEP_MS 500

struct question {
    struct gaicb asked; /* points to what follows */
    struct addrinfo hints;
    char host[UNITS_HOST_MAX], port[8];
};

static struct question *left_behind;

static bool is_same(const struct question *q, const char *host, const char *port, int type)
{
    return q && strcmp(q->host, host) == 0 && strcmp(q->port, port) == 0 && q->hints.ai_socktype == type;
}

/* NULL with `*why` when it cannot be asked. */
static struct question *ask(const char *host, const char *port, int type, const char **why)
{
    struct question *q = calloc(1, sizeof *q);
    if (q == NULL) {
        *why = "out of memory";
        return NULL;
    }
    snprintf(q->host, sizeof q->host, "%s", host);
    snprintf(q->port, sizeof q->port, "%s", port);
    q->hints.ai_socktype = type;
    q->asked = (struct gaicb){.ar_name = q->host, .ar_service = q->port, .ar_request = &q->hints};
    int error = getaddrinfo_a(GAI_NOWAIT, (struct gaicb *[]){&q->asked}, 1, NULL);
    if (error == 0)
        return q;
    *why = gai_strerror(error);
    free(q);
    return NULL;
}

/* Whether the answer came in time. */
static bool await(const struct transport_job *job, struct question *q, int64_t deadline_mono_ms)
{
    const struct gaicb *const list[] = {&q->asked};
    while (gai_error(&q->asked) == EAI_INPROGRESS) {
        int64_t left_ms = deadline_mono_ms - clock_mono_ms();
        if (left_ms <= 0 || !job->go_on(job->context))
            return false;
        int64_t step_ms = left_ms < STEP_MS ? left_ms : STEP_MS;
        gai_suspend(list, 1, &(struct timespec){.tv_nsec = step_ms * 1000000});
    }
    return true;
}

int lookup_addresses(const struct transport_job *job, const char *host, uint16_t port, int type,
                     int64_t deadline_mono_ms, struct addrinfo **list, const char **why)
{
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct question *q = is_same(left_behind, host, service, type) ? left_behind : ask(host, service, type, why);
    if (q == NULL)
        return -1;
    left_behind = NULL;
    if (!await(job, q, deadline_mono_ms)) {
        left_behind = q;
        *why = "the name server does not answer";
        return -1;
    }
    int error = gai_error(&q->asked);
    *list = q->asked.ar_result;
    free(q);
    if (error != 0)
        *why = gai_strerror(error);
    return error == 0 ? 0 : -1;
}
