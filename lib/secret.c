#include "ridgeline/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "ridgeline/keys.h"

static int make(char out[TICKET_SECRET_BYTES])
{
    unsigned char bits[(TICKET_SECRET_BYTES - 1) / 2];
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return -1;
    for (size_t i = 0; i < sizeof bits; i++)
        snprintf(out + 2 * i, 3, "%02x", bits[i]);
    return 0;
}

int secret_get(struct store *s, char out[TICKET_SECRET_BYTES])
{
    char fresh[TICKET_SECRET_BYTES];
    redisReply *made = make(fresh) == 0 ? store_command(s, "SET " KEYS_SECRET " %s NX", fresh) : NULL;
    redisReply *stored = store_ok(made) ? store_command(s, "GET " KEYS_SECRET) : NULL;
    int result = -1;
    if (store_ok(stored) && stored->type == REDIS_REPLY_STRING && stored->len == TICKET_SECRET_BYTES - 1) {
        memcpy(out, stored->str, TICKET_SECRET_BYTES);
        result = 0;
    }
    if (made)
        freeReplyObject(made);
    if (stored)
        freeReplyObject(stored);
    return result;
}
