/* Messages about incidents, and what a type of channel makes of one: for their tests. */
#ifndef TEST_MESSAGE_SAMPLE_H
#define TEST_MESSAGE_SAMPLE_H

#include <criterion/criterion.h>
#include <string.h>

#include "alerter/channels/channel.h"
#include "alerter/message.h"

#define START 1700000000
#define NOW (START + 200)

static inline json_t *member(const char *metric)
{
    return json_pack("{s:s,s:s%,s:i,s:i,s:s,s:s,s:f,s:i}", "id", "00000000000000aa", "metric", metric, strlen(metric),
                     "start", START, "end", START + 90, "state", "open", "direction", "down", "score", 93.4, "peak_at",
                     START + 60);
}

static inline json_t *head(const char *title, int count)
{
    json_t *strongest = json_array();
    for (int i = 0; i < count && i < 10; i++)
        json_array_append_new(strongest, member(title));
    return json_pack("{s:s,s:s,s:i,s:i,s:I,s:n,s:s,s:i,s:i,s:i,s:f,s:s,s:o,s:o,s:i}", "id", "00000000000000aa", "state",
                     "open", "start", START, "end", START + 90, "told_at_ms", (json_int_t)START * 1000, "closed_at",
                     "title", title, "count", count, "metrics", count, "open", count, "score", 93.4, "direction",
                     "down", "first", member(title), "strongest", strongest, "reopened", 0);
}

static inline struct message sample(enum message_kind kind, json_t *incident)
{
    return (struct message){.kind = kind, .dedup_key = "inc-1", .alert = "checkout", .site = "shop",
                            .page_url = "https://ridge.example.org/#incident=00000000000000aa", .incident = incident};
}

#define TEXT(text) ((char[]){text})

static struct channel_settings settings = {
    .name = TEXT("c"), .url = TEXT("http://127.0.0.1:9/x"), .secret = TEXT("key"), .method = TEXT("PUT"),
    .headers = TEXT("X-Team: ops\n\nX-Env:prod"), .routing_key = TEXT("rk"), .severity = TEXT("error"),
    .to = TEXT("a@example.org"), .from = TEXT("r@example.org"), .server = TEXT("smtp://127.0.0.1:25"),
    .address = TEXT("udp:127.0.0.1:514"), .facility = TEXT("local3"), .command_file = TEXT("/run/nagios.cmd"),
    .host = TEXT("ridge"), .service = TEXT("svc"), .program = TEXT("/bin/true")};

static inline struct parcel make(enum channel_type type, const struct message *m, int64_t others_open)
{
    struct channel_event e = {.message = m, .id = "id-1", .host = "ho st", .now_s = NOW,
                              .others_open = others_open, .chart = true};
    struct parcel p = {0};
    cr_assert_eq(channel_kind(type)->format(&settings, &e, &p), 0);
    cr_assert_not_null(p.body);
    cr_assert_eq(strlen(p.body), p.len);
    return p;
}

#endif
