#include "ridgeline/ticket.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define SIGNED_MAX 512

void ticket_sign(char out[TICKET_SIGNATURE_BYTES], const struct ticket *t, const char *secret)
{
    char text[SIGNED_MAX];
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    int len = snprintf(text, sizeof text, "%s %s %" PRId64 " %s", t->act, t->incident, t->until, t->to);
    out[0] = '\0'; /* matches nothing: too long a text, or no HMAC to be had */
    if (len < 0 || (size_t)len >= sizeof text ||
        !HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, (size_t)len, digest, NULL))
        return;
    for (size_t i = 0; i < (TICKET_SIGNATURE_BYTES - 1) / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

bool ticket_is_signed(const struct ticket *t, const char *secret, const char *signature)
{
    char wanted[TICKET_SIGNATURE_BYTES];
    ticket_sign(wanted, t, secret);
    const size_t digits = sizeof wanted - 1;
    return *wanted && strlen(signature) == digits && CRYPTO_memcmp(wanted, signature, digits) == 0;
}

/* Ids and names of channels are letters, digits, "-" and "_": they stand in an address as they are. */
size_t ticket_link(char out[TICKET_LINK_BYTES], const struct ticket *t, const char *page, const char *secret)
{
    char signature[TICKET_SIGNATURE_BYTES];
    ticket_sign(signature, t, secret);
    int len = snprintf(out, TICKET_LINK_BYTES, "%s/#act=%s&incident=%s&until=%" PRId64 "&to=%s&sig=%s", page, t->act,
                       t->incident, t->until, t->to, signature);
    return *signature && len > 0 && (size_t)len < TICKET_LINK_BYTES ? (size_t)len : 0;
}
