/* Takes the oldest entry of the outbox, delivers it, settles it, and so on in order. One that fails is tried again
 * after a back-off and holds up those behind it: the end of an incident must not overtake its beginning. What the
 * receiver refuses for good, or what is older than give_up_after, becomes a dead letter.
 *
 * Several alerters may run: the deliverer that holds the channel's lease works, the others stand by.
 *
 * A Redis that is killed loses its last second, and with it what was settled in it. So the ids delivered last are
 * kept in memory too, and their entries settled anew. */
#include "alerter/deliverer.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "alerter/backoff.h"
#include "alerter/channels/delivery.h"
#include "alerter/firing.h"
#include "alerter/outbox.h"
#include "alerter/picture.h"
#include "alerter/receipts.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/lease.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"

#define REDIS_TIMEOUT_MS 2000
#define TICK_MS 1000
#define IDLE_MS 200
#define REVIEW_MS 60000
#define TOLD_MAX 64

struct deliverer {
    const struct channel_settings *channel;
    const struct settings *settings;
    const char *process;
    struct store *store;
    char lease_key[KEYS_MAX];
    struct lease lease;
    uint64_t counters[CHANNEL_N];
    bool announced;
    char last_error[TRANSPORT_ANSWER_MAX]; /* of the last delivery that failed; "" after one that did not */
    int64_t tick_mono_ms, review_mono_ms;  /* when they are due */
    unsigned failures;                     /* in a row */
    int64_t retry_at_mono_ms;
    uint64_t told[TOLD_MAX]; /* hashes of the ids delivered last, a ring */
    size_t told_n;
};

static uint64_t id_hash(const char *id)
{
    return keys_hash(id, strlen(id));
}

static bool is_told(const struct deliverer *d, const char *id)
{
    for (size_t i = 0; i < TOLD_MAX && i < d->told_n; i++)
        if (d->told[i] == id_hash(id))
            return true;
    return false;
}

/* Once a second, also while a delivery lasts: the lease, and what was done. */
static void tick(struct deliverer *d)
{
    int64_t now_ms = clock_mono_ms();
    if (now_ms < d->tick_mono_ms)
        return;
    d->tick_mono_ms = now_ms + TICK_MS;
    d->counters[CHANNEL_leader] = lease_hold(&d->lease, d->store);
    int64_t queued = outbox_length(d->store, d->channel->name);
    if (queued >= 0)
        d->counters[CHANNEL_queued] = (uint64_t)queued;
    if (!d->announced)
        d->announced = counters_begin(d->store, d->process) >= 0;
    if (d->announced)
        counters_save_with(d->store, d->process, counters_channel, d->counters, CHANNEL_N, "last_error", d->last_error);
}

static bool go_on(void *context)
{
    tick(context);
    return !proc_stopping;
}

static void attempt(struct deliverer *d, const struct message *m, const char *id, struct transport_answer *answer)
{
    int64_t others = 0;
    if (channel_kind(d->channel->type)->counts_open) {
        others = firing_others(d->store, d->channel->name, m->dedup_key);
        if (others < 0) {
            transport_answer(answer, TRANSPORT_RETRY, "Redis does not say how many incidents are open");
            return;
        }
    }
    struct delivery delivery = {.channel = d->channel,
                                .message = m,
                                .id = id,
                                .others_open = others,
                                .go_on = go_on,
                                .context = d};
    struct chart_image image = {0};
    if (d->channel->type == CHANNEL_MAIL && d->channel->chart)
        picture_draw(d->store, d->settings, m, clock_wall_s(), &image);
    delivery.chart = image.bytes;
    delivery.chart_len = image.len;
    delivery_attempt(&delivery, answer);
    chart_image_fini(&image);
}

static int64_t wait_ms(const struct deliverer *d, const struct transport_answer *answer)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint32_t)clock_mono_ns();
    return backoff_asked_ms(answer->retry_after_s, d->failures, random);
}

/* A delivery has failed, and will be tried again. */
static void put_off(struct deliverer *d, const struct transport_answer *answer)
{
    char quoted[TRANSPORT_ANSWER_MAX];
    d->failures++;
    int64_t ms = wait_ms(d, answer);
    d->retry_at_mono_ms = clock_mono_ms() + ms;
    d->counters[CHANNEL_retries]++;
    d->counters[CHANNEL_failing] = 1;
    snprintf(d->last_error, sizeof d->last_error, "%s", answer->text);
    log_warning("delivery_failed", "channel=%s failures=%u retry_in_ms=%lld reason=%s", d->channel->name, d->failures,
                (long long)ms, log_quote(quoted, sizeof quoted, answer->text, strlen(answer->text)));
}

/* The receiver has taken a message, or has read one and refused it: it is there. */
static void be_well(struct deliverer *d)
{
    d->failures = 0;
    d->retry_at_mono_ms = 0;
    d->counters[CHANNEL_failing] = 0;
    d->last_error[0] = '\0';
}

static bool keeps_open(const struct channel_kind *kind)
{
    return kind->counts_open || kind->resends;
}

static int finish(struct deliverer *d, const struct outbox_entry *entry)
{
    if (keeps_open(channel_kind(d->channel->type)) &&
        firing_note(d->store, d->channel->name, &entry->message, entry->json) < 0)
        return -1;
    if (receipts_note_entry(d->store, d->channel->name, entry, RECEIPT_DELIVERED, "") < 0)
        return -1;
    return outbox_settle(d->store, d->channel->name, entry);
}

static int bury(struct deliverer *d, const struct outbox_entry *entry, const char *why)
{
    char quoted[TRANSPORT_ANSWER_MAX], id[64];
    if (receipts_note_entry(d->store, d->channel->name, entry, RECEIPT_DEAD, why) < 0 ||
        outbox_bury(d->store, d->channel->name, entry, why) < 0)
        return -1;
    d->counters[CHANNEL_dead_letters]++;
    log_error("dead_letter", "channel=%s id=%s reason=%s", d->channel->name,
              log_quote(id, sizeof id, entry->id, strlen(entry->id)),
              log_quote(quoted, sizeof quoted, why, strlen(why)));
    return 0;
}

static bool is_too_old(const struct deliverer *d, const struct outbox_entry *entry)
{
    return clock_wall_ms() - entry->queued_at_ms >= d->channel->give_up_after_s * 1000;
}

static int deliver(struct deliverer *d, const struct outbox_entry *entry)
{
    struct transport_answer answer;
    attempt(d, &entry->message, entry->id, &answer);
    if (answer.outcome == TRANSPORT_DELIVERED) {
        be_well(d);
        d->counters[CHANNEL_delivered]++;
        d->told[d->told_n++ % TOLD_MAX] = id_hash(entry->id);
        return finish(d, entry);
    }
    if (proc_stopping) /* broken off by us, not by the receiver */
        return 0;
    if (answer.outcome == TRANSPORT_REFUSED)
        be_well(d);
    else
        put_off(d, &answer);
    return answer.outcome == TRANSPORT_REFUSED || is_too_old(d, entry) ? bury(d, entry, answer.text) : 0;
}

static int take(struct deliverer *d, const struct outbox_entry *entry)
{
    if (entry->json == NULL) {
        d->counters[CHANNEL_rejected]++;
        log_error("outbox_rejected", "channel=%s entry=%s", d->channel->name, entry->entry_id);
        return outbox_drop(d->store, d->channel->name, entry);
    }
    if (entry->sent) {
        d->counters[CHANNEL_duplicates]++;
        return outbox_drop(d->store, d->channel->name, entry);
    }
    return is_told(d, entry->id) ? finish(d, entry) : deliver(d, entry);
}

/* One turn of telling what is open. It ends when the receiver fails; the next turn begins anew. */
struct resend {
    struct deliverer *deliverer;
    bool failed;
};

static void resend_one(void *context, const struct message *m, const char *id)
{
    struct resend *r = context;
    struct deliverer *d = r->deliverer;
    struct transport_answer answer;
    char quoted[TRANSPORT_ANSWER_MAX];
    if (r->failed || proc_stopping)
        return;
    attempt(d, m, id, &answer);
    if (answer.outcome == TRANSPORT_DELIVERED) {
        be_well(d);
        d->counters[CHANNEL_resent]++;
    } else if (answer.outcome == TRANSPORT_REFUSED) { /* this one alone: the others shall not lapse for it */
        d->counters[CHANNEL_retries]++;
        log_warning("resend_refused", "channel=%s reason=%s", d->channel->name,
                    log_quote(quoted, sizeof quoted, answer.text, strlen(answer.text)));
    } else {
        put_off(d, &answer);
        r->failed = true;
    }
}

/* Once a minute, where what is open is kept: forgets what is over though nobody said so, and tells the rest again to a
 * receiver that forgets. */
static void review_when_due(struct deliverer *d)
{
    const struct channel_kind *kind = channel_kind(d->channel->type);
    struct resend turn = {.deliverer = d};
    int64_t now_ms = clock_mono_ms();
    if (!keeps_open(kind) || now_ms < d->review_mono_ms)
        return;
    d->review_mono_ms = now_ms + REVIEW_MS;
    if (firing_forget_closed(d->store, d->channel->name) < 0 ||
        (kind->resends && firing_each(d->store, d->channel->name, resend_one, &turn) < 0))
        d->counters[CHANNEL_redis_errors]++;
}

/* Takes one entry. Returns whether there may be more to do at once. */
static bool step(struct deliverer *d)
{
    struct outbox_entry entry;
    if (clock_mono_ms() < d->retry_at_mono_ms)
        return false;
    review_when_due(d);
    int found = outbox_first(d->store, d->channel->name, &entry);
    int result = found > 0 ? take(d, &entry) : found;
    if (found > 0)
        outbox_entry_fini(&entry);
    if (result < 0)
        d->counters[CHANNEL_redis_errors]++;
    return found > 0 && result == 0;
}

static void loop(struct deliverer *d)
{
    while (!proc_stopping) {
        tick(d);
        if (!d->lease.held || !step(d))
            proc_sleep_ms(IDLE_MS);
    }
    lease_release(&d->lease, d->store);
}

int deliverer_run(void *arg)
{
    const struct deliverer_args *args = arg;
    struct deliverer d = {.channel = args->channel, .settings = args->settings, .process = args->process};
    proc_signals();
    log_init(args->process, args->settings->log_level);
    keys_lease_channel(d.lease_key, args->channel->name);
    lease_init(&d.lease, d.lease_key);
    d.store = store_new(args->settings->store, REDIS_TIMEOUT_MS);
    if (d.store == NULL)
        return 1;
    d.review_mono_ms = clock_mono_ms();
    loop(&d);
    store_free(d.store);
    return 0;
}
