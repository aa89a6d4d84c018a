/* Any text as a message of the outbox, made into what each type of channel sends. Whatever stands in it, no header has
 * a line of its own, and a line is one line. */
#include <assert.h>
#include <string.h>

#include "alerter/channels/channel.h"
#include "alerter/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* At file scope these texts live for ever. */
#define TEXT(text) ((char[]){text})

static const struct channel_settings settings = {
    .url = TEXT("http://127.0.0.1/"), .secret = TEXT("key"), .method = TEXT("POST"), .headers = TEXT("X-Team: ops"),
    .routing_key = TEXT("key"), .severity = TEXT("error"), .to = TEXT("a@example.org"), .from = TEXT("b@example.org"),
    .server = TEXT("smtp://127.0.0.1"), .address = TEXT("unix:/dev/log"), .facility = TEXT("local0"),
    .command_file = TEXT("/cmd"), .host = TEXT("host"), .service = TEXT("service"), .program = TEXT("/program")};

static void check_headers(const struct parcel *p)
{
    for (size_t i = 0; i < p->n_headers; i++)
        for (const char *c = p->headers[i]; (c = strpbrk(c, "\r\n")) != NULL; c += 3)
            assert(strncmp(c, "\r\n ", 3) == 0 && c[3] != '\0');
}

static void check_type(enum channel_type type, const struct channel_event *e)
{
    struct parcel p = {0};
    assert(channel_kind(type)->format(&settings, e, &p) == 0);
    assert(strlen(p.body) == p.len);
    check_headers(&p);
    if (type == CHANNEL_SYSLOG)
        assert(!strpbrk(p.body, "\r\n"));
    if (type == CHANNEL_NAGIOS)
        assert(strpbrk(p.body, "\r\n") == p.body + p.len - 1);
    if (type == CHANNEL_SLACK)
        assert(!strpbrk(p.body, "<>"));
    if (type == CHANNEL_MAIL)
        assert(!strstr(p.html, "<script"));
    parcel_fini(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m;
    struct channel_event e = {.message = &m, .host = "host", .now_s = 1700000000};
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (json != NULL && message_from_json(&m, &e.id, json) == 0)
        for (int type = 0; type < CHANNEL_TYPES; type++)
            check_type((enum channel_type)type, &e);
    json_decref(json);
    return 0;
}
