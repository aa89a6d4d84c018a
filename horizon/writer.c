/* The states of the connection:
 *
 *   waiting -> connecting -> greeting (PING) -> up
 *      ^---- any failure or missed deadline ----'
 *
 * Sending follows Nagle's rule, on blocks: full ones go as far as the window
 * allows, one that is still filling goes only when nothing is in flight. So a
 * trickle is sent at once, and under load the blocks fill by themselves. */
#include "writer.h"

#include <errno.h>
#include <string.h>

#include "link.h"
#include "ridgeline/log.h"
#include "ridgeline/redis_absence.h"

#define CONNECT_DEADLINE_MS 2000 /* look-up, connect and greeting together */
#define REPLY_DEADLINE_MS 5000   /* without any reply, with commands in flight */
#define REPLY_CHECK_MS 500
#define BACKOFF_FIRST_MS 50
#define BACKOFF_LAST_MS 2000
#define IN_FLIGHT_MAX 32 /* blocks */
#define READ_BACK_MAX 4  /* blocks read from disk in one turn of the loop: listeners have theirs, too */

static void on_timer(uv_timer_t *timer);

/* Ends the link, if there is one, and plans the next attempt. */
static void fail(struct writer *w, const char *reason)
{
    redis_absence_refused(reason, "address=%s retry_ms=%llu queued=%llu spooled=%llu", w->address,
                         (unsigned long long)w->backoff_ms, (unsigned long long)w->intake->queue.queued,
                         (unsigned long long)w->intake->spool.points);
    link_free(w->link);
    w->link = NULL;
    w->up = false;
    w->sending = NULL;
    w->out_at = w->out_n = 0;
    queue_unsend(&w->intake->queue);
    uv_timer_start(&w->timer, on_timer, w->backoff_ms, 0);
    w->backoff_ms = w->backoff_ms * 2 < BACKOFF_LAST_MS ? w->backoff_ms * 2 : BACKOFF_LAST_MS;
}

/* Most blocks in flight: never more than half of the queue, because only what
 * waits can be dropped, and the newest point must always find a place. After a failure one at
 * first: Redis goes on behind the command that it refused, and what it takes there is sent again. */
static size_t window(const struct writer *w)
{
    const struct queue *q = &w->intake->queue;
    if (w->backoff_ms > BACKOFF_FIRST_MS)
        return 1;
    return q->max_blocks / 2 < IN_FLIGHT_MAX ? q->max_blocks / 2 : IN_FLIGHT_MAX;
}

/* Puts waiting blocks in flight, as the window and Nagle's rule allow. */
static void launch(struct writer *w)
{
    struct queue *q = &w->intake->queue;
    unsigned n_read = 0;
    while (!w->finishing && n_read < READ_BACK_MAX && q->n_in_flight < window(w) &&
           (q->n_in_flight == 0 || queue_has_full(q))) {
        if (q->n_in_flight == 0)
            w->answered_ms = uv_now(w->loop);
        struct queue_block *b = queue_send(q);
        if (!b)
            return;
        n_read += b->segment != 0;
        if (!w->sending) {
            w->sending = b;
            w->next = b->n_replies;
        }
    }
}

/* Writes commands in flight to `out`, which is empty. */
static void fill_out(struct writer *w)
{
    w->out_at = w->out_n = 0;
    while (w->sending && sizeof w->out - w->out_n >= QUEUE_COMMAND_MAX) {
        w->out_n += queue_write(w->sending, &w->next, w->out + w->out_n, sizeof w->out - w->out_n);
        if (w->next < w->sending->n_commands)
            return;
        w->sending = w->sending == w->intake->queue.last_sent ? NULL : w->sending->next;
        w->next = 0;
    }
}

/* Sends until the socket takes no more or nothing is left to send. */
static void send_blocks(struct writer *w)
{
    if (!w->up || link_is_blocked(w->link))
        return;
    launch(w);
    while (w->sending || w->out_at < w->out_n) {
        if (w->out_at == w->out_n)
            fill_out(w);
        ssize_t written = link_write(w->link, w->out + w->out_at, w->out_n - w->out_at);
        if (written < 0) {
            fail(w, strerror(errno));
            return;
        }
        w->out_at += (size_t)written;
        if (w->out_at < w->out_n)
            return;
    }
}

/* Errors that pass: the whole connection starts again later, and nothing is lost. */
static bool is_transient(const char *text, size_t len)
{
    static const char *const starts[] = {
        "LOADING ", "OOM ",         "MISCONF ",   "READONLY ",       "BUSY ",    "MASTERDOWN ",
        "TRYAGAIN ", "CLUSTERDOWN ", "NOAUTH ",    "NOREPLICAS ", "NOPERM ", "ERR max number of clients",
    };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t n = strlen(starts[i]);
        if (len >= n && memcmp(text, starts[i], n) == 0)
            return true;
    }
    return false;
}

/* The text of an error, kept: the reason why this link ends. */
static const char *end_with(struct writer *w, const struct link_reply *error)
{
    size_t n = error->len < sizeof w->reason - 1 ? error->len : sizeof w->reason - 1;
    memcpy(w->reason, error->text, n);
    w->reason[n] = '\0';
    return w->reason;
}

static const char *greet(struct writer *w, const struct link_reply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return end_with(w, reply);
    w->up = true;
    /* A Redis that was away may have come back without its last second. */
    if (w->n_connects++ > 0)
        names_announce_all(&w->intake->names);
    redis_absence_over("address=%s queued=%llu spooled=%llu", w->address,
                      (unsigned long long)w->intake->queue.queued, (unsigned long long)w->intake->spool.points);
    uv_timer_start(&w->timer, on_timer, REPLY_CHECK_MS, REPLY_CHECK_MS);
    return NULL;
}

/* One command was refused for good, whatever the connection. */
static void settle_refused(struct writer *w, const struct link_reply *error)
{
    const struct queue_metric *lost = queue_settle(&w->intake->queue, QUEUE_REFUSED);
    char metric[160] = "-", text[160];
    if (lost)
        log_quote(metric, sizeof metric, lost->name, lost->name_len);
    log_warning("redis_refused", "metric=%s reply=%s", metric, log_quote(text, sizeof text, error->text, error->len));
}

static const char *on_reply(void *context, const struct link_reply *reply)
{
    struct writer *w = context;
    const struct queue *q = &w->intake->queue;
    if (!w->up)
        return greet(w, reply);
    if (q->n_in_flight == 0)
        return "reply without a command";
    if (w->sending == q->first && q->first->n_replies >= w->next)
        return "reply before its command";
    w->answered_ms = uv_now(w->loop);
    if (reply->type == REDIS_REPLY_ERROR) {
        if (is_transient(reply->text, reply->len))
            return end_with(w, reply);
        settle_refused(w, reply);
        return NULL;
    }
    size_t before = q->n_in_flight;
    queue_settle(&w->intake->queue, reply->type == REDIS_REPLY_INTEGER ? reply->integer : QUEUE_DONE);
    if (q->n_in_flight < before) /* not before: a Redis without memory answers the greeting and a few more */
        w->backoff_ms = BACKOFF_FIRST_MS;
    return NULL;
}

static void on_connected(void *context)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    struct writer *w = context;
    if (link_write(w->link, ping, sizeof ping - 1) < 0)
        fail(w, strerror(errno));
}

static void on_writable(void *context)
{
    send_blocks(context);
}

static void on_failed(void *context, const char *reason)
{
    fail(context, reason);
}

static void start(struct writer *w)
{
    static const struct link_events events = {on_connected, on_reply, on_writable, on_failed};
    w->link = link_new(w->loop, w->address, w->n_attempts++, &events, w);
    if (w->link)
        uv_timer_start(&w->timer, on_timer, CONNECT_DEADLINE_MS, 0);
    else
        fail(w, strerror(errno));
}

static void on_timer(uv_timer_t *timer)
{
    struct writer *w = timer->data;
    if (!w->link)
        start(w);
    else if (!w->up)
        fail(w, "no connection within its deadline");
    else if (w->intake->queue.n_in_flight > 0 && uv_now(w->loop) - w->answered_ms > REPLY_DEADLINE_MS)
        fail(w, "no reply within its deadline");
}

static void on_check(uv_check_t *check)
{
    send_blocks(check->data);
}

void writer_init(struct writer *w, uv_loop_t *loop, struct intake *intake, const char *address)
{
    memset(w, 0, sizeof *w);
    w->loop = loop;
    w->intake = intake;
    w->address = address;
    w->backoff_ms = BACKOFF_FIRST_MS;
    uv_timer_init(loop, &w->timer);
    uv_check_init(loop, &w->check);
    w->timer.data = w->check.data = w;
    uv_check_start(&w->check, on_check);
    uv_timer_start(&w->timer, on_timer, 0, 0);
}

void writer_finish(struct writer *w)
{
    w->finishing = true;
}

void writer_close(struct writer *w)
{
    link_free(w->link);
    w->link = NULL;
    w->up = false;
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_close((uv_handle_t *)&w->check, NULL);
}
