#include "ridgeline/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "ridgeline/keys.h"

int secret_random(char *out, size_t digits)
{
    unsigned char bits[32];
    size_t n = digits / 2;
    if (n > sizeof bits || getrandom(bits, n, 0) != (ssize_t)n)
        return -1;
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bits[i]);
    return 0;
}

enum { READ, OTHER, ABSENT };

/* Returns READ, OTHER where something else stands in its place, ABSENT, or -1 when Redis did not answer. */
static int read_stored(struct store *s, char out[TICKET_SECRET_BYTES])
{
    redisReply *r = store_command(s, "GET " KEYS_SECRET);
    if (!r)
        return -1;
    int result = store_ok(r) && r->type == REDIS_REPLY_NIL ? ABSENT : OTHER;
    if (r->type == REDIS_REPLY_STRING && r->len == TICKET_SECRET_BYTES - 1) {
        memcpy(out, r->str, TICKET_SECRET_BYTES);
        result = READ;
    }
    freeReplyObject(r);
    return result;
}

/* Of two that make one at once the first wins. */
static int make(struct store *s)
{
    char fresh[TICKET_SECRET_BYTES];
    if (secret_random(fresh, sizeof fresh - 1) != 0)
        return -1;
    return store_done(store_command(s, "SET " KEYS_SECRET " %s NX", fresh));
}

int secret_get(struct store *s, char out[TICKET_SECRET_BYTES])
{
    int result = read_stored(s, out);
    if (result == ABSENT)
        result = make(s) == 0 ? read_stored(s, out) : -1;
    return result == ABSENT ? -1 : result;
}
