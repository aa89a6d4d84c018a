/* A blocking connection to Redis with a deadline on every wait, for roomba,
 * workers, the page's threads and tools. One per thread. (Horizon, which must
 * never wait, has its own writer.) */
#ifndef RIDGELINE_STORE_H
#define RIDGELINE_STORE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* `address` is "unix:PATH" or "HOST:PORT". Does not connect yet. NULL when the
 * address cannot be read or memory is out. `timeout_ms` bounds each connect
 * and each wait to send or receive; the resolver's own limits hold for a host name. */
struct store *store_new(const char *address, int timeout_ms);
void store_free(struct store *s);

/* Connects if there is no connection and the back-off since the last failure
 * (100 ms, doubling to 2 s) has passed. Never sleeps. A server that is still loading counts as absent. Returns 0
 * when connected, -1 when not now. */
int store_connect(struct store *s);

/* Counts successful connects: a reader that sees it change must assume that
 * Redis restarted and may have lost its last second. 0 before the first. */
unsigned store_generation(const struct store *s);

/* Why there is no connection, in the server's or the system's words; "" while there is one, and before the
 * first try. Owned by `s`, until its next call. */
const char *store_error(const struct store *s);

/* Pipelining: append any number of commands, then take one reply for each, in
 * order. An append returns 0, or -1 when there is no connection (it makes none); a lost connection gives NULL
 * for every outstanding reply (and drops the connection). Each reply is the
 * caller's (freeReplyObject, which takes NULL, too). Error replies are returned as such. */
int store_append(struct store *s, const char *format, ...);
int store_append_argv(struct store *s, int argc, const char **argv, const size_t *argvlen);
redisReply *store_reply(struct store *s);

/* Connects if need be, appends, and takes the reply: only while none is outstanding. */
redisReply *store_command(struct store *s, const char *format, ...);

/* Whether `r` is there and not an error. Logs an error reply as event=redis_error. */
bool store_ok(const redisReply *r);

/* `r` itself when store_ok() and of this type (REDIS_REPLY_...); else frees it and returns NULL. */
redisReply *store_expect(redisReply *r, int type);

/* What a reply of which no more is wanted says, and frees it: 0 when store_ok(), else -1. */
int store_done(redisReply *r);

/* The integer that a reply is, and frees it. -1 for anything else: for commands that answer with no less than 0. */
long long store_integer(redisReply *r);

/* Whether `r` says that the key is of another type, as others' tools may have made it: it holds nothing of ours. */
bool store_is_foreign(const redisReply *r);

/* As store_done(), but 0 where the key is of another type, too: for what is written lest a restart forgets it, and
 * holds meanwhile without that. */
int store_noted(redisReply *r);

/* A Lua script that touches one key. Sent as EVALSHA, and as EVAL when the server
 * does not know it. `sha1` is filled on first use. */
struct store_script {
    const char *source;
    char sha1[41];
};
redisReply *store_eval(struct store *s, struct store_script *script, const char *key, size_t key_len, int argc,
                       const char **argv, const size_t *argvlen);

#endif
