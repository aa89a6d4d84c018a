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

/* Returns 0, 1 when there is none, or -1 when Redis did not answer. */
static int read_stored(struct store *s, char out[TICKET_SECRET_BYTES])
{
    redisReply *r = store_command(s, "GET " KEYS_SECRET);
    int result = store_ok(r) ? 1 : -1;
    if (result == 1 && r->type == REDIS_REPLY_STRING && r->len == TICKET_SECRET_BYTES - 1) {
        memcpy(out, r->str, TICKET_SECRET_BYTES);
        result = 0;
    }
    if (r)
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
    if (result == 1)
        result = make(s) == 0 ? read_stored(s, out) : -1;
    return result == 0 ? 0 : -1;
}
