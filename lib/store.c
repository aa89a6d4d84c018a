#include "ridgeline/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "ridgeline/clock.h"
#include "ridgeline/log.h"
#include "ridgeline/redis_absence.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 2000

struct store {
    redisContext *context; /* NULL while not connected */
    char *address;         /* as given */
    char *host;            /* or the path of a unix socket */
    int port;              /* 0: unix socket */
    int timeout_ms;
    unsigned generation;
    unsigned absences; /* how often Redis was away, as of this connection */
    int64_t retry_at_mono_ms, backoff_ms;
    char error[128]; /* why the connection was last lost or refused; "" while connected */
};

static int parse_address(struct store *s, const char *address)
{
    static const char unix_prefix[] = "unix:";
    if (strncmp(address, unix_prefix, sizeof unix_prefix - 1) == 0) {
        s->host = strdup(address + sizeof unix_prefix - 1);
        s->port = 0;
        return s->host && *s->host ? 0 : -1;
    }
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address)
        return -1;
    char *end;
    long port = strtol(colon + 1, &end, 10);
    if (*end || end == colon + 1 || port < 1 || port > 65535)
        return -1;
    s->port = (int)port;
    /* "[::1]:6379" names the host between the brackets. */
    size_t len = (size_t)(colon - address);
    if (len > 2 && address[0] == '[' && colon[-1] == ']')
        s->host = strndup(address + 1, len - 2);
    else
        s->host = strndup(address, len);
    return s->host ? 0 : -1;
}

struct store *store_new(const char *address, int timeout_ms)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->timeout_ms = timeout_ms;
    s->backoff_ms = BACKOFF_FIRST_MS;
    s->address = strdup(address);
    if (!s->address || parse_address(s, address) != 0) {
        store_free(s);
        return NULL;
    }
    return s;
}

static void drop(struct store *s)
{
    if (s->context)
        redisFree(s->context);
    s->context = NULL;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    drop(s);
    free(s->address);
    free(s->host);
    free(s);
}

/* Lets go of the connection, or of the attempt at one, and sets when to try again. */
static void give_up(struct store *s, const char *why)
{
    snprintf(s->error, sizeof s->error, "%s", why);
    drop(s);
    s->retry_at_mono_ms = clock_mono_ms() + s->backoff_ms;
    s->backoff_ms = s->backoff_ms * 2 < BACKOFF_LAST_MS ? s->backoff_ms * 2 : BACKOFF_LAST_MS;
}

static void lose(struct store *s, const char *why)
{
    redis_absence_lost(s->absences, why, "address=%s retry_ms=%lld", s->address, (long long)s->backoff_ms);
    give_up(s, why);
}

static void refuse(struct store *s, const char *why)
{
    redis_absence_refused(why, "address=%s retry_ms=%lld", s->address, (long long)s->backoff_ms);
    give_up(s, why);
}

/* A server that still loads its data accepts connections and refuses
 * commands; its users should see it as absent. */
static int answers(struct store *s)
{
    redisReply *r = redisCommand(s->context, "PING");
    int ok = r && r->type == REDIS_REPLY_STATUS;
    if (!ok)
        refuse(s, !r ? s->context->errstr : r->type == REDIS_REPLY_ERROR ? r->str : "no answer to PING");
    freeReplyObject(r);
    return ok ? 0 : -1;
}

int store_connect(struct store *s)
{
    if (s->context && !s->context->err)
        return 0;
    if (s->context)
        lose(s, s->context->errstr);
    if (clock_mono_ms() < s->retry_at_mono_ms)
        return -1;
    struct timeval timeout = {.tv_sec = s->timeout_ms / 1000, .tv_usec = (s->timeout_ms % 1000) * 1000};
    s->context = s->port ? redisConnectWithTimeout(s->host, s->port, timeout)
                         : redisConnectUnixWithTimeout(s->host, timeout);
    if (!s->context || s->context->err) {
        refuse(s, s->context ? s->context->errstr : "out of memory");
        return -1;
    }
    redisSetTimeout(s->context, timeout);
    if (answers(s) != 0)
        return -1;
    s->generation++;
    s->absences = redis_absence_over("address=%s", s->address);
    s->error[0] = '\0';
    s->backoff_ms = BACKOFF_FIRST_MS;
    s->retry_at_mono_ms = 0;
    return 0;
}

const char *store_error(const struct store *s)
{
    return s->error;
}

unsigned store_generation(const struct store *s)
{
    return s->generation;
}

int store_append(struct store *s, const char *format, ...)
{
    if (!s->context)
        return -1;
    va_list args;
    va_start(args, format);
    int status = redisvAppendCommand(s->context, format, args);
    va_end(args);
    return status == REDIS_OK ? 0 : -1;
}

int store_append_argv(struct store *s, int argc, const char **argv, const size_t *argvlen)
{
    if (!s->context)
        return -1;
    return redisAppendCommandArgv(s->context, argc, argv, argvlen) == REDIS_OK ? 0 : -1;
}

redisReply *store_reply(struct store *s)
{
    void *reply = NULL;
    if (!s->context)
        return NULL;
    if (redisGetReply(s->context, &reply) != REDIS_OK) {
        lose(s, s->context->errstr);
        return NULL;
    }
    return reply;
}

redisReply *store_command(struct store *s, const char *format, ...)
{
    if (store_connect(s) != 0)
        return NULL;
    va_list args;
    va_start(args, format);
    int status = redisvAppendCommand(s->context, format, args);
    va_end(args);
    return status == REDIS_OK ? store_reply(s) : NULL;
}

bool store_ok(const redisReply *r)
{
    if (!r)
        return false;
    if (r->type != REDIS_REPLY_ERROR)
        return true;
    char quoted[256];
    log_warning("redis_error", "reply=%s", log_quote(quoted, sizeof quoted, r->str, r->len));
    return false;
}

redisReply *store_expect(redisReply *r, int type)
{
    if (store_ok(r) && r->type == type)
        return r;
    freeReplyObject(r);
    return NULL;
}

int store_done(redisReply *r)
{
    int result = store_ok(r) ? 0 : -1;
    freeReplyObject(r);
    return result;
}

bool store_is_foreign(const redisReply *r)
{
    static const char code[] = "WRONGTYPE ";
    return r && r->type == REDIS_REPLY_ERROR && strncmp(r->str, code, sizeof code - 1) == 0;
}

int store_noted(redisReply *r)
{
    int result = store_ok(r) || store_is_foreign(r) ? 0 : -1;
    freeReplyObject(r);
    return result;
}

long long store_integer(redisReply *reply)
{
    redisReply *r = store_expect(reply, REDIS_REPLY_INTEGER);
    long long integer = r ? r->integer : -1;
    freeReplyObject(r);
    return integer;
}

#define EVAL_ARGS_MAX 16

/* Puts the verb and the script before the arguments, and asks. */
static redisReply *eval(struct store *s, const char *verb, const char *script, int argc, const char **args,
                        size_t *lens)
{
    args[0] = verb;
    lens[0] = strlen(verb);
    args[1] = script;
    lens[1] = strlen(script);
    return store_append_argv(s, argc, args, lens) == 0 ? store_reply(s) : NULL;
}

redisReply *store_eval(struct store *s, struct store_script *script, const char *key, size_t key_len, int argc,
                       const char **argv, const size_t *argvlen)
{
    const char *args[4 + EVAL_ARGS_MAX] = {[2] = "1", [3] = key};
    size_t lens[4 + EVAL_ARGS_MAX] = {[2] = 1, [3] = key_len};
    if (argc > EVAL_ARGS_MAX || store_connect(s) != 0)
        return NULL;
    for (int i = 0; i < argc; i++) {
        args[4 + i] = argv[i];
        lens[4 + i] = argvlen[i];
    }
    if (!script->sha1[0]) {
        redisReply *r = store_command(s, "SCRIPT LOAD %s", script->source);
        if (store_ok(r) && r->type == REDIS_REPLY_STRING && r->len == 40)
            memcpy(script->sha1, r->str, 41);
        freeReplyObject(r);
        if (!script->sha1[0])
            return NULL;
    }
    redisReply *r = eval(s, "EVALSHA", script->sha1, 4 + argc, args, lens);
    if (r && r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOSCRIPT", 8) == 0) {
        freeReplyObject(r);
        r = eval(s, "EVAL", script->source, 4 + argc, args, lens);
    }
    return r;
}
