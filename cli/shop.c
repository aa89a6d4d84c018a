/* Two tables: what each metric is like on an ordinary day, and what befell some of them. Noise is a hash of seed,
 * metric and time, so any value can be had by itself. It is bounded: what stands out was put there. */
#include "cli/shop.h"

#include <math.h>
#include <string.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define ALWAYS INT32_MAX
#define PI 3.14159265358979323846

enum noise {
    GENTLE, /* near normal, but no farther out than three times `width` */
    COUNT,  /* of few things: as GENTLE, with the root of the level for its width, in whole numbers */
    WILD,   /* anything between none and twice the level */
    BURSTY, /* every fifth minute is several times the level */
};

static const struct kind {
    const char *name;
    double level;   /* at the busiest time of a working day */
    double daily;   /* share of it that is gone at night */
    double weekend; /* share of it that is gone on Saturday and Sunday */
    enum noise noise;
    double width; /* of GENTLE, as a share of the level */
} kinds[] = {
    {"shop.web.requests.rate", 850, 0.75, 0.25, GENTLE, 0.03},
    {"shop.web.errors.rate", 6, 0.6, 0.25, COUNT, 0},
    {"shop.web.latency.p50", 42, 0.2, 0, GENTLE, 0.04},
    {"shop.web.latency.p95", 180, 0.3, 0, GENTLE, 0.05},
    {"shop.web.latency.p99", 420, 0.3, 0, GENTLE, 0.08},
    {"shop.cart.added.rate", 120, 0.75, 0.2, GENTLE, 0.06},
    {"shop.cart.removed.rate", 34, 0.75, 0.2, GENTLE, 0.08},
    {"shop.checkout.started.rate", 48, 0.8, 0.2, GENTLE, 0.06},
    {"shop.checkout.completed.rate", 39, 0.8, 0.2, GENTLE, 0.06},
    {"shop.checkout.latency.p95", 640, 0.2, 0, GENTLE, 0.06},
    {"shop.payment.card.rate", 27, 0.8, 0.2, GENTLE, 0.08},
    {"shop.payment.transfer.rate", 9, 0.7, 0.2, COUNT, 0},
    {"shop.payment.declined.rate", 4, 0.7, 0.2, COUNT, 0},
    {"shop.payment.latency.p95", 910, 0.1, 0, GENTLE, 0.07},
    {"shop.search.queries.rate", 210, 0.75, 0.2, GENTLE, 0.04},
    {"shop.search.latency.p95", 95, 0.3, 0, GENTLE, 0.06},
    {"shop.search.cache.hit_ratio", 0.91, 0.03, 0, GENTLE, 0.01},
    {"shop.login.succeeded.rate", 61, 0.7, 0.2, GENTLE, 0.06},
    {"shop.login.failed.rate", 8, 0.6, 0.2, COUNT, 0},
    {"shop.mail.queue.length", 14, 0.5, 0.2, COUNT, 0},
    {"shop.orders.queue.length", 9, 0.5, 0.2, COUNT, 0},
    {"shop.stock.updated.rate", 75, 0.4, 0.3, GENTLE, 0.06},
    {"servers.web1.cpu.percent", 46, 0.6, 0.2, GENTLE, 0.05},
    {"servers.web2.cpu.percent", 44, 0.6, 0.2, GENTLE, 0.05},
    {"servers.web1.memory.used", 5.2e9, 0.05, 0, GENTLE, 0.01},
    {"servers.web2.memory.used", 5.1e9, 0.05, 0, GENTLE, 0.01},
    {"servers.web1.network.out", 6.4e7, 0.7, 0.25, GENTLE, 0.04},
    {"servers.web2.network.out", 6.3e7, 0.7, 0.25, GENTLE, 0.04},
    {"servers.db1.cpu.percent", 38, 0.5, 0.2, GENTLE, 0.06},
    {"servers.db1.connections", 140, 0.4, 0.2, GENTLE, 0.04},
    {"servers.db1.replication.lag", 0.4, 0.2, 0, GENTLE, 0.1},
    {"servers.db1.disk.writes", 320, 0.6, 0.2, GENTLE, 0.06},
    {"servers.cache1.memory.used", 1.2e10, 0.02, 0, GENTLE, 0.005},
    {"servers.worker1.cpu.percent", 52, 0.4, 0.3, GENTLE, 0.06},
    {"servers.worker2.cpu.percent", 51, 0.4, 0.3, GENTLE, 0.06},
    {"servers.build1.cpu.percent", 18, 0, 0, BURSTY, 0},
    {"servers.build1.load", 2.5, 0, 0, BURSTY, 0},
    {"shop.ads.clicks.rate", 90, 0, 0, WILD, 0},
    {"shop.chat.waiting", 5, 0, 0, COUNT, 0},
    {"shop.promo.signups.rate", 30, 0, 0, WILD, 0},
};
#define KINDS (sizeof kinds / sizeof *kinds)

enum effect {
    TIMES, /* the level is `size` times what it was */
    GROWS, /* the level gains `size` of itself each hour */
    GONE,  /* nothing is sent */
};

static const struct befell {
    const char *name;
    int32_t from_s, until_s; /* from `now`; ALWAYS: it does not end */
    enum effect effect;
    double size;
} incidents[] = {
    /* The outage, six days ago: forty minutes without most of the traffic. */
    {"shop.web.requests.rate", -6 * DAY, -6 * DAY + 40 * MINUTE, TIMES, 0.06},
    {"shop.web.errors.rate", -6 * DAY, -6 * DAY + 40 * MINUTE, TIMES, 25},
    {"shop.cart.added.rate", -6 * DAY, -6 * DAY + 40 * MINUTE, TIMES, 0.05},
    {"shop.checkout.started.rate", -6 * DAY, -6 * DAY + 40 * MINUTE, TIMES, 0.04},
    {"servers.web1.network.out", -6 * DAY, -6 * DAY + 40 * MINUTE, TIMES, 0.1},
    /* The deploy, five days ago: slower ever since. */
    {"shop.web.latency.p95", -5 * DAY, ALWAYS, TIMES, 1.7},
    {"shop.web.latency.p50", -5 * DAY, ALWAYS, TIMES, 1.5},
    /* Somebody tries passwords, two days ago. */
    {"shop.login.failed.rate", -2 * DAY, -2 * DAY + 20 * MINUTE, TIMES, 14},
    /* The cache was emptied, eleven hours ago, and the database took the blow. */
    {"shop.search.cache.hit_ratio", -11 * HOUR, -10 * HOUR, TIMES, 0.6},
    {"servers.db1.replication.lag", -11 * HOUR, -11 * HOUR + 25 * MINUTE, TIMES, 12},
    /* Going on: a leak since yesterday, cards declined, a queue that nobody empties, a server that died. */
    {"servers.web2.memory.used", -30 * HOUR, ALWAYS, GROWS, 0.012},
    {"shop.payment.declined.rate", -25 * MINUTE, 8 * HOUR, TIMES, 7},
    {"shop.mail.queue.length", -50 * MINUTE, ALWAYS, GROWS, 9},
    {"servers.worker2.cpu.percent", -3 * HOUR, ALWAYS, GONE, 0},
    /* To come while somebody watches. */
    {"shop.search.latency.p95", 3 * MINUTE, 50 * MINUTE, TIMES, 3.5},
    {"shop.checkout.completed.rate", 6 * MINUTE, 70 * MINUTE, TIMES, 0.25},
};
#define INCIDENTS (sizeof incidents / sizeof *incidents)

size_t shop_metrics(void)
{
    return KINDS;
}

const char *shop_name(size_t metric)
{
    return kinds[metric].name;
}

int32_t shop_incident_s(size_t metric)
{
    for (size_t i = 0; i < INCIDENTS; i++)
        if (strcmp(incidents[i].name, kinds[metric].name) == 0)
            return incidents[i].from_s;
    return INT32_MIN;
}

bool shop_is_noisy(size_t metric)
{
    return kinds[metric].noise == WILD || kinds[metric].noise == BURSTY;
}

/* SplitMix64's finaliser (Steele, Lea, Flood, 2014): uniform in [0, 1), a new one for each `draw`. */
static double uniform(const struct shop *s, size_t metric, uint32_t t, uint64_t draw)
{
    uint64_t x = s->seed + UINT64_C(0x9e3779b97f4a7c15) * (draw + 4 * ((uint64_t)metric << 32 | t) + 1);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (double)(x >> 11) / (double)(UINT64_C(1) << 53);
}

/* Mean 0, variance 1, between -3 and 3: the sum of three uniform ones. */
static double gentle(const struct shop *s, size_t metric, uint32_t t)
{
    double sum = 0;
    for (uint64_t draw = 0; draw < 3; draw++)
        sum += 2 * uniform(s, metric, t, draw) - 1;
    return sum;
}

/* 0 in the small hours to 1 in the evening, with a dent in the afternoon. */
static double busy(uint32_t t)
{
    double hour = (double)(t % DAY) / HOUR;
    return 0.5 - 0.42 * cos(2 * PI * (hour - 4) / 24) - 0.08 * cos(4 * PI * (hour - 1) / 24);
}

/* 0 on working days to 1 on Saturday and Sunday; people change over within twelve hours. */
static double weekend(uint32_t t)
{
    const double sunday = 3 * DAY, week = 7 * DAY; /* the epoch began on a Thursday */
    double off_h = fabs(remainder((double)t - sunday, week)) / HOUR;
    return fmin(fmax((24 - off_h) / 12 + 0.5, 0), 1);
}

static double level(const struct kind *k, uint32_t t)
{
    return k->level * (1 - k->daily + k->daily * busy(t)) * (1 - k->weekend * weekend(t));
}

/* What the incidents of the metric leave of the level, as a factor; NaN: nothing is sent. */
static double befallen(const struct shop *s, const struct kind *k, uint32_t t)
{
    int64_t at_s = (int64_t)t - s->now;
    double factor = 1;
    for (size_t i = 0; i < INCIDENTS; i++) {
        const struct befell *b = &incidents[i];
        if (strcmp(b->name, k->name) != 0 || at_s < b->from_s || (b->until_s != ALWAYS && at_s >= b->until_s))
            continue;
        if (b->effect == TIMES)
            factor *= b->size;
        else if (b->effect == GROWS)
            factor *= 1 + b->size * (double)(at_s - b->from_s) / HOUR;
        else
            factor = NAN;
    }
    return factor;
}

double shop_value(const struct shop *s, size_t metric, uint32_t t)
{
    const struct kind *k = &kinds[metric];
    double mean = level(k, t) * befallen(s, k, t), value = mean;
    switch (k->noise) {
    case GENTLE:
        value = mean * (1 + k->width * gentle(s, metric, t));
        break;
    case COUNT:
        value = floor(mean + sqrt(mean) * gentle(s, metric, t) + 0.5);
        break;
    case WILD:
        value = 2 * mean * uniform(s, metric, t, 0);
        break;
    case BURSTY:
        value = mean * (0.5 + uniform(s, metric, t, 0)) * (uniform(s, metric, t, 1) < 0.2 ? 4 : 1);
        break;
    }
    return value < 0 ? 0 : value;
}
