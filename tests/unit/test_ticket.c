/* lib/ticket.c: a signature holds for what was signed and for nothing else. */
#include <criterion/criterion.h>
#include <string.h>

#include "ridgeline/ticket.h"

#define SECRET "3f5a7c1d9e0b2846"

static const struct ticket ack = {.act = "ack", .incident = "00d1e2f3a4b5c6d7", .to = "ops-mail", .until = 1790000000};

Test(ticket, is_what_hmac_sha256_gives)
{
    char signature[TICKET_SIGNATURE_BYTES];
    ticket_sign(signature, &ack, SECRET);
    /* printf 'ack 00d1e2f3a4b5c6d7 1790000000 ops-mail' | openssl dgst -sha256 -hmac 3f5a7c1d9e0b2846 */
    cr_assert_str_eq(signature, "01d6831ad7b8a0fcec30424af21f215e");
    cr_assert(ticket_is_signed(&ack, SECRET, signature));
}

Test(ticket, any_change_breaks_its_signature)
{
    char signature[TICKET_SIGNATURE_BYTES];
    struct ticket other[4] = {ack, ack, ack, ack};
    ticket_sign(signature, &ack, SECRET);
    other[0].act = "normal";
    other[1].incident = "00d1e2f3a4b5c6d8";
    other[2].to = "dev-mail";
    other[3].until++;
    for (size_t i = 0; i < 4; i++)
        cr_expect_not(ticket_is_signed(&other[i], SECRET, signature), "change %zu", i);
    cr_expect_not(ticket_is_signed(&ack, "another", signature));
    for (size_t i = 0; i < sizeof signature - 1; i++) {
        char damaged[TICKET_SIGNATURE_BYTES];
        memcpy(damaged, signature, sizeof damaged);
        damaged[i] ^= 1;
        cr_expect_not(ticket_is_signed(&ack, SECRET, damaged), "digit %zu", i);
    }
    cr_expect_not(ticket_is_signed(&ack, SECRET, ""));
    signature[31] = '\0';
    cr_expect_not(ticket_is_signed(&ack, SECRET, signature));
}

Test(ticket, too_long_a_text_is_signed_by_nothing)
{
    char name[600], signature[TICKET_SIGNATURE_BYTES], text[TICKET_LINK_BYTES];
    struct ticket t = ack;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    t.to = name;
    ticket_sign(signature, &t, SECRET);
    cr_expect_str_empty(signature);
    cr_expect_not(ticket_is_signed(&t, SECRET, ""));
    cr_expect_eq(ticket_link(text, &t, "http://127.0.0.1:1500", SECRET), 0);
}

Test(ticket, leads_to_the_page)
{
    char text[TICKET_LINK_BYTES], signature[TICKET_SIGNATURE_BYTES];
    ticket_sign(signature, &ack, SECRET);
    size_t len = ticket_link(text, &ack, "http://127.0.0.1:1500", SECRET);
    cr_assert_eq(len, strlen(text));
    const char *wanted = "http://127.0.0.1:1500/#act=ack&incident=00d1e2f3a4b5c6d7&until=1790000000&to=ops-mail&sig=";
    cr_assert_eq(strncmp(text, wanted, strlen(wanted)), 0, "%s", text);
    cr_assert_str_eq(text + strlen(wanted), signature);
}
