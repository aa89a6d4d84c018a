/* Webhook: the message as JSON, signed.
 *
 *   X-Ridgeline-Id: the message's id, the same in a repeat
 *   X-Ridgeline-Timestamp: epoch seconds of this sending
 *   X-Ridgeline-Signature: sha256=HEX, HMAC-SHA256 (RFC 2104) over TIMESTAMP "." BODY with the secret
 *
 * The timestamp is signed too: a receiver that refuses old ones cannot be told a recorded request again. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/channel.h"

/* "sha256=" and 64 hex digits. Returns 0, or -1 when memory is out. */
static int sign(char out[7 + 2 * EVP_MAX_MD_SIZE + 1], const char *secret, const char *timestamp, const char *body)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    char *signed_text;
    int len = asprintf(&signed_text, "%s.%s", timestamp, body);
    if (len < 0)
        return -1;
    const unsigned char *made = HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)signed_text,
                                     (size_t)len, digest, &digest_len);
    free(signed_text);
    if (made == NULL)
        return -1;
    char *p = stpcpy(out, "sha256=");
    for (unsigned i = 0; i < digest_len; i++)
        p += sprintf(p, "%02x", digest[i]);
    return 0;
}

static int add_signature(struct parcel *p, const char *secret, int64_t now_s)
{
    char timestamp[24], signature[7 + 2 * EVP_MAX_MD_SIZE + 1];
    snprintf(timestamp, sizeof timestamp, "%" PRId64, now_s);
    if (parcel_header(p, "X-Ridgeline-Timestamp", timestamp) < 0)
        return -1;
    if (*secret == '\0')
        return 0;
    return sign(signature, secret, timestamp, p->body) == 0 ? parcel_header(p, "X-Ridgeline-Signature", signature) : -1;
}

/* The settings' own lines, which channels_check() has accepted. */
static int add_headers(struct parcel *p, const char *lines)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n"), name_len = strcspn(lines, ":");
        if (len > name_len) {
            char *name = strndup(lines, name_len);
            char *value = strndup(lines + name_len + 1, len - name_len - 1);
            int result = name && value ? parcel_header(p, name, value + strspn(value, " \t")) : -1;
            free(name);
            free(value);
            if (result < 0)
                return -1;
        }
        lines += len + (lines[len] == '\n');
    }
    return 0;
}

static int format(const struct channel_settings *c, const struct channel_event *e, struct parcel *p)
{
    if (parcel_address(p, c->url, c->method) < 0 || parcel_json(p, message_to_json(e->message, e->id)) < 0 ||
        parcel_header(p, "X-Ridgeline-Id", e->id) < 0)
        return -1;
    return add_signature(p, c->secret, e->now_s) < 0 ? -1 : add_headers(p, c->headers);
}

const struct channel_kind channel_webhook = {.transport = CHANNEL_OVER_HTTP, .format = format};
