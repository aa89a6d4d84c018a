/* One non-blocking connection to Redis on a libuv loop: name look-up, connect,
 * writes as far as the socket takes them, replies as they come. It has no deadlines and does
 * not connect again: its owner does. */
#ifndef RIDGELINE_HORIZON_LINK_H
#define RIDGELINE_HORIZON_LINK_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

struct link;

#define LINK_TEXT_MAX 256

struct link_reply {
    int type;          /* REDIS_REPLY_... */
    long long integer;
    const char *text;  /* of a status or error, cut at LINK_TEXT_MAX; holds during the call */
    size_t len;
};

struct link_events {
    void (*connected)(void *context);
    /* One reply. Returns NULL, or the reason why the link must end. */
    const char *(*reply)(void *context, const struct link_reply *reply);
    void (*writable)(void *context); /* after link_write took less than all */
    /* The link is over; nothing is called after this. The owner frees it, here or later. */
    void (*failed)(void *context, const char *reason);
};

/* Starts to connect to "unix:PATH" or "HOST:PORT"; of a host's addresses to number `attempt`, modulo their number, so
 * that an owner who counts its attempts tries them all. `*events` and `context` must stay as long as the link. NULL with
 * errno when that fails at once. */
struct link *link_new(uv_loop_t *loop, const char *address, unsigned attempt, const struct link_events *events,
                      void *context);

/* Closes it; no event follows. Its memory is free after the loop's next round. */
void link_free(struct link *l);

/* Writes what the socket takes. Returns the number of bytes, or -1 with errno. When it is less than
 * all, the writable event follows. */
ssize_t link_write(struct link *l, const void *bytes, size_t len);

/* Whether the writable event is awaited. */
bool link_is_blocked(const struct link *l);

#endif
