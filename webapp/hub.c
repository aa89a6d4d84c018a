/* A stream has nothing to send most of the time. Its connection is then suspended
 * from within the content reader and resumed by whoever gives an event. Both
 * happen under the hub's lock, so an event cannot fall between the look at the
 * ring and the suspension. The library's own locks are only ever taken inside
 * ours, never the other way round: it calls us with none held that resuming takes.
 *
 * A stream remembers what it has sent: the id in the ring, the number of the status and
 * of the beat. One that reads too slowly for the ring gets an event `lost`, after
 * which the page fetches the lists anew, and goes on with what is new. */
#include "webapp/hub.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "webapp/ring.h"

#define RING_EVENTS 4096
#define RING_BYTES (32u << 20)
#define READ_BLOCK_BYTES 4096
#define IDLE_TIMEOUT_S 60 /* of a client that takes no bytes */
#define RETRY_MS 2000     /* how soon a page comes back after a cut */

struct stream {
    struct hub *hub;
    struct MHD_Connection *connection;
    struct stream *next, **link; /* the hub's list */
    bool suspended;
    bool broken; /* no memory for an event: it ends, and its client comes back for it */
    uint64_t seen, status, beat;
    char *chunk; /* being sent; NULL: none */
    size_t len, at;
};

struct hub {
    pthread_mutex_t lock; /* guards all that follows */
    struct ring ring;
    char *status; /* latest; NULL before the first */
    uint64_t statuses, beats;
    struct stream *streams;
    size_t n, max;
    bool stopping;
};

struct hub *hub_new(size_t max_streams)
{
    struct hub *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->max = max_streams;
    /* Ids start at the time, so that those of an earlier run are never taken for ours. */
    if (ring_init(&h->ring, RING_EVENTS, RING_BYTES, (uint64_t)clock_wall_ms()) != 0) {
        free(h);
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void hub_free(struct hub *h)
{
    if (!h)
        return;
    pthread_mutex_destroy(&h->lock);
    ring_fini(&h->ring);
    free(h->status);
    free(h);
}

/* Puts a formatted chunk in place. Called with the lock held. */
static void set_chunk(struct stream *s, int len, char *chunk)
{
    s->chunk = len >= 0 ? chunk : NULL; /* asprintf leaves it undefined on failure */
    s->len = len >= 0 ? (size_t)len : 0;
    s->at = 0;
}

/* Makes the next chunk of what this stream has not sent. False when there is
 * none, or no memory for it: then the stream ends. Called with the lock held. */
static bool next_chunk(struct stream *s)
{
    struct hub *h = s->hub;
    const struct ring_entry *entry;
    char *chunk = NULL;
    int len;
    switch (ring_next(&h->ring, &s->seen, &entry)) {
    case RING_ENTRY:
        len = asprintf(&chunk, "id: %" PRIu64 "\n%s\n\n", s->seen, entry->text);
        break;
    case RING_LOST:
        len = asprintf(&chunk, "id: %" PRIu64 "\nevent: lost\ndata: {}\n\n", s->seen);
        break;
    case RING_NONE:
    default:
        if (s->status != h->statuses) {
            s->status = h->statuses;
            len = asprintf(&chunk, "event: status\ndata: %s\n\n", h->status);
        } else if (s->beat != h->beats) {
            s->beat = h->beats;
            len = asprintf(&chunk, ": alive\n\n");
        } else {
            return false;
        }
    }
    set_chunk(s, len, chunk);
    s->broken = !s->chunk;
    return !s->broken;
}

/* The content reader: fills `buffer`, or suspends the connection. */
static ssize_t read_events(void *arg, uint64_t position, char *buffer, size_t max)
{
    struct stream *s = arg;
    struct hub *h = s->hub;
    size_t n = 0;
    (void)position;
    pthread_mutex_lock(&h->lock);
    while (n < max && (s->chunk || (!h->stopping && !s->broken && next_chunk(s)))) {
        size_t take = s->len - s->at < max - n ? s->len - s->at : max - n;
        memcpy(buffer + n, s->chunk + s->at, take);
        n += take;
        s->at += take;
        if (s->at == s->len) {
            free(s->chunk);
            s->chunk = NULL;
        }
    }
    bool end = n == 0 && (h->stopping || s->broken);
    if (n == 0 && !end) {
        s->suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&h->lock);
    return end ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void close_stream(void *arg)
{
    struct stream *s = arg;
    struct hub *h = s->hub;
    pthread_mutex_lock(&h->lock);
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    h->n--;
    pthread_mutex_unlock(&h->lock);
    free(s->chunk);
    free(s);
}

/* Where a stream starts: after the id it names, or now. An id that cannot be
 * read is 0, which no ring holds: the stream is told that it lost events. */
static uint64_t start_after(const struct hub *h, const char *last_event_id)
{
    if (!last_event_id)
        return ring_newest(&h->ring);
    char *end;
    uint64_t id = strtoull(last_event_id, &end, 10);
    return *end ? 0 : id;
}

/* Takes a place among the streams. False at the limit. */
static bool enter(struct hub *h, struct stream *s, const char *last_event_id)
{
    pthread_mutex_lock(&h->lock);
    bool ok = h->n < h->max;
    if (ok) {
        s->seen = start_after(h, last_event_id);
        s->beat = h->beats;
        s->next = h->streams;
        s->link = &h->streams;
        if (s->next)
            s->next->link = &s->next;
        h->streams = s;
        h->n++;
    }
    pthread_mutex_unlock(&h->lock);
    return ok;
}

struct MHD_Response *hub_open(struct hub *h, struct MHD_Connection *connection, const char *last_event_id, int *full)
{
    char *hello = NULL;
    *full = 0;
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->hub = h;
    s->connection = connection;
    int len = asprintf(&hello, "retry: %d\n\n", RETRY_MS);
    set_chunk(s, len, hello);
    if (!s->chunk || !enter(h, s, last_event_id)) {
        *full = s->chunk != NULL;
        free(s->chunk);
        free(s);
        return NULL;
    }
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READ_BLOCK_BYTES, read_events, s, close_stream);
    if (!response)
        close_stream(s);
    return response;
}

/* Wakes every stream that sleeps. Called with the lock held. */
static void wake(struct hub *h)
{
    for (struct stream *s = h->streams; s; s = s->next) {
        if (s->suspended) {
            s->suspended = false;
            MHD_resume_connection(s->connection);
        }
    }
}

void hub_event(struct hub *h, const char *event, const char *json)
{
    char *lines = NULL;
    int len = asprintf(&lines, "event: %s\ndata: %s", event, json);
    if (len < 0)
        return;
    pthread_mutex_lock(&h->lock);
    ring_push(&h->ring, lines, (size_t)len);
    wake(h);
    pthread_mutex_unlock(&h->lock);
    free(lines);
}

void hub_status(struct hub *h, char *json)
{
    pthread_mutex_lock(&h->lock);
    free(h->status);
    h->status = json;
    h->statuses++;
    wake(h);
    pthread_mutex_unlock(&h->lock);
}

void hub_beat(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    h->beats++;
    wake(h);
    pthread_mutex_unlock(&h->lock);
}

size_t hub_streams(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    size_t n = h->n;
    pthread_mutex_unlock(&h->lock);
    return n;
}

void hub_stop(struct hub *h)
{
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    wake(h);
    pthread_mutex_unlock(&h->lock);
}
