/* ridgeline test-channel: sends a test message to one channel and tells what its receiver said. An opening and its
 * resolve, so that nothing stays open at a receiver that remembers. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "alerter/channels/delivery.h"
#include "alerter/site.h"
#include "cli/cli.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"

#define SETS_MAX 64

static const char usage[] =
    "usage: ridgeline test-channel [--settings FILE] [--set NAME=VALUE]... CHANNEL\n\n"
    "Sends a test message, and that it is over, to a channel of the settings, and prints what the receiver\n"
    "said. Exits with 1 when it did not take them.\n\n"
    "  --settings FILE     the file\n"
    "  --set NAME=VALUE    changes one setting; may be repeated\n";

struct arguments {
    const char *path, *channel;
    const char *sets[SETS_MAX + 1];
    size_t n_sets;
};

/* Returns 0, or the exit status plus 1. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
    static const struct option options[] = {{"settings", required_argument, NULL, 's'},
                                            {"set", required_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's') {
            a->path = optarg;
        } else if (option == 'v' && a->n_sets < SETS_MAX) {
            a->sets[a->n_sets++] = optarg;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 1 : 3;
        }
    }
    if (optind == argc - 1) {
        a->channel = argv[optind];
        return 0;
    }
    fputs(usage, stderr);
    return 3;
}

static const struct channel_settings *find(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->channels.n; i++)
        if (strcmp(s->channels.list[i].name, name) == 0)
            return &s->channels.list[i];
    fprintf(stderr, "ridgeline: the settings have no channel \"%s\"", name);
    for (size_t i = 0; i < s->channels.n; i++)
        fprintf(stderr, "%s%s", i == 0 ? "; there are " : ", ", s->channels.list[i].name);
    fputc('\n', stderr);
    return NULL;
}

static json_t *make_head(int64_t now_s)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:n, s:s, s:i, s:i, s:i, s:i, s:s, s:n, s:[], s:i}", "id", "test",
                     "state", "open", "start", (json_int_t)now_s - 60, "end", (json_int_t)now_s, "told_at_ms",
                     (json_int_t)now_s * 1000, "closed_at", "title", "a test of this channel", "count", 1, "metrics", 1,
                     "open", 1, "score", 100, "direction", "unknown", "first", "strongest", "reopened", 0);
}

static bool never_stop(void *context)
{
    (void)context;
    return true;
}

/* Returns whether it was taken. */
static bool send_one(const struct settings *settings, const struct channel_settings *channel, enum message_kind kind,
                     json_t *head, int64_t now_s)
{
    char key[64], id[80], site[SITE_TEXT_MAX], page[SITE_TEXT_MAX];
    struct transport_answer answer;
    snprintf(key, sizeof key, "ridgeline-test-%" PRId64, now_s);
    snprintf(id, sizeof id, "%s-%s", key, message_kind_name(kind));
    site_name(site, settings);
    site_page(page, settings);
    struct message m = {.kind = kind, .dedup_key = key, .alert = "test", .site = site, .page_url = page,
                        .incident = head,
                        .description = "Sent by `ridgeline test-channel`: nothing is wrong."};
    struct delivery delivery = {.channel = channel, .message = &m, .id = id, .go_on = never_stop};
    delivery_attempt(&delivery, &answer);
    bool taken = answer.outcome == TRANSPORT_DELIVERED;
    printf("%s: %s: %s\n", message_kind_name(kind), taken ? "delivered" : "failed", answer.text);
    return taken;
}

static int test(const struct settings *settings, const struct channel_settings *channel)
{
    int64_t now_s = clock_wall_s();
    json_t *head = make_head(now_s);
    bool taken = head != NULL && send_one(settings, channel, MESSAGE_OPEN, head, now_s) &&
                 send_one(settings, channel, MESSAGE_RESOLVE, head, now_s);
    json_decref(head);
    return taken ? 0 : 1;
}

int test_channel_main(int argc, char **argv)
{
    struct arguments a = {0};
    struct settings settings = {0};
    char error[CONF_ERROR_MAX];
    int status = read_arguments(&a, argc, argv);
    signal(SIGPIPE, SIG_IGN); /* a program need not read its input */
    if (status > 0)
        return status - 1;
    if (conf_load(&settings, a.path, NULL, a.sets, error) < 0) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    const struct channel_settings *channel = find(&settings, a.channel);
    status = channel != NULL ? test(&settings, channel) : 1;
    conf_free(&settings);
    return status;
}
