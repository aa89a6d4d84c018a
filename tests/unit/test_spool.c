/* The queue with its spool: what Redis gets, in which order, and whether the sums hold. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "horizon/queue.h"
#include "horizon/spool.h"

#define METRICS 20000   /* more than the commands that memory holds */
#define OFTEN_METRICS 500 /* whose points wait together in one command */
#define POINTS_MAX 600000
#define MIB ((uint64_t)1024 * 1024)

/* A horizon, as far as the queue goes; its directory outlives it. */
static struct queue queue;
static struct spool spool;
static char directory[64];
static struct queue_metric metrics[METRICS];
static char metric_names[METRICS][32];
static uint64_t appended; /* by the present process */

static struct queue_metric *known(void *context, const char *name, size_t len)
{
    unsigned id = 0;
    cr_assert_eq(sscanf(name, "metric.number.%u", &id), 1);
    cr_assert_eq(len, strlen(metric_names[id]));
    return (struct queue_metric *)context + id;
}

static void unannounced(struct queue_metric *metric)
{
    cr_assert(metric >= metrics && metric < metrics + METRICS);
}

static void begin(uint64_t max_bytes)
{
    memset(metrics, 0, sizeof metrics);
    for (unsigned i = 0; i < METRICS; i++) {
        metrics[i].name = metric_names[i];
        metrics[i].name_len = (uint32_t)sprintf(metric_names[i], "metric.number.%u", i);
    }
    queue_init(&queue, 0, unannounced);
    spool_init(&spool, max_bytes);
    queue_set_spool(&queue, &spool, known, metrics);
    appended = 0;
    cr_assert_eq(spool_open(&spool, directory), 0, "%s", spool.error);
}

static void end(void)
{
    queue_fini(&queue);
    spool_fini(&spool);
}

static void make_directory(void)
{
    strcpy(directory, "/tmp/test-spool-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
}

static unsigned count_segments(bool remove)
{
    unsigned n = 0;
    DIR *dir = opendir(directory);
    for (const struct dirent *e; (e = readdir(dir));) {
        n += strstr(e->d_name, ".spool") != NULL;
        if (remove && e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
    return n;
}

static void remove_directory(void)
{
    count_segments(true);
    rmdir(directory);
}

TestSuite(spool, .init = make_directory, .fini = remove_directory);

static unsigned metric_of(unsigned id)
{
    return id % 8 == 0 ? id / 8 % OFTEN_METRICS : OFTEN_METRICS + id % (METRICS - OFTEN_METRICS);
}

/* A point whose time is its number. */
static void append(unsigned id)
{
    queue_append(&queue, &metrics[metric_of(id)], (struct point){id, id}, 1000 + id);
    appended++;
}

static void assert_sums(void)
{
    queue_assert(&queue);
    cr_assert_eq(appended + spool.taken_over,
                 queue.stored + queue.queued + spool.points + queue.dropped + spool.dropped);
}

/* What Redis was sent: how often each point, and whether those of a metric came in their order at first. */
static uint8_t n_sent[POINTS_MAX], replied[POINTS_MAX];
static unsigned newest[METRICS];

static void execute(const struct queue_block *b)
{
    for (uint32_t i = b->n_replies; i < b->n_commands; i++) {
        const struct queue_command *c = &b->commands[i];
        for (unsigned k = 0; k < c->n_points; k++) {
            struct point p;
            cr_assert(series_decode(c->points + k * SERIES_POINT_BYTES, &p));
            unsigned m = metric_of(p.t);
            cr_assert_eq(strncmp(c->metric->name, metric_names[m], c->metric->name_len), 0);
            cr_assert(n_sent[p.t] > 0 || p.t >= newest[m], "point %u behind %u", p.t, newest[m]);
            cr_assert_not(replied[p.t], "%u was replied to, and is sent again", p.t);
            newest[m] = p.t > newest[m] ? p.t : newest[m];
            n_sent[p.t]++;
        }
    }
}

static void mark_replied(const struct queue_command *c, uint8_t to)
{
    struct point p;
    for (unsigned k = 0; k < c->n_points; k++)
        if (series_decode(c->points + k * SERIES_POINT_BYTES, &p))
            replied[p.t] = to;
}

static void reply(int64_t with)
{
    mark_replied(&queue.first->commands[queue.first->n_replies], 1);
    queue_settle(&queue, with);
}

static bool send_one(void)
{
    const struct queue_block *b = queue_send(&queue);
    if (b)
        execute(b);
    return b != NULL;
}

static void drain(void)
{
    queue_unsend(&queue);
    while (send_one())
        while (queue.n_in_flight > 0)
            reply(QUEUE_DONE);
}

static void forget_redis(void)
{
    memset(n_sent, 0, sizeof n_sent);
    memset(replied, 0, sizeof replied);
    memset(newest, 0, sizeof newest);
}

struct totals {
    uint64_t stored, dropped, killed;
    uint64_t taken_over, read_back; /* points; blocks seen in flight that were on disk */
};

static void add_up(struct totals *t)
{
    t->stored += queue.stored;
    t->dropped += queue.dropped + spool.dropped;
    t->taken_over += spool.taken_over;
}

/* An orderly stop without Redis, and a start. */
static void restart(struct totals *t, uint64_t max_bytes)
{
    queue_stow(&queue);
    assert_sums();
    cr_assert_eq(queue.queued, 0u);
    uint64_t left = spool.points;
    add_up(t);
    end();
    begin(max_bytes);
    cr_assert_eq(spool.points, left);
    cr_assert_eq(spool.taken_over, left);
}

/* A kill: what was in memory alone is gone, and what was replied to of a block on its way is not known any more. */
static void kill_and_start(struct totals *t, uint64_t max_bytes)
{
    uint64_t left = spool.points;
    for (uint32_t i = 0; queue.n_in_flight > 0 && i < queue.first->n_replies; i++)
        mark_replied(&queue.first->commands[i], 0);
    t->killed += queue.queued;
    add_up(t);
    end();
    begin(max_bytes);
    cr_assert_eq(spool.points, left);
}

struct run {
    uint64_t max_bytes;
    unsigned seed, n_points;
    bool loses_replies, refuses, restarts, kills;
};

/* What Redis does in a moment: takes blocks, answers, breaks off. */
static void talk(const struct run *run)
{
    if (queue.n_in_flight < 8 && (queue.n_in_flight == 0 || queue_has_full(&queue)))
        send_one();
    for (int i = rand() % 400; i > 0 && queue.n_in_flight > 0; i--)
        reply(run->refuses && rand() % 97 == 0 ? QUEUE_REFUSED : rand() % 50 ? QUEUE_DONE : 1);
    if (run->loses_replies && rand() % 100 == 0)
        queue_unsend(&queue);
}

static struct totals go_through(const struct run *run)
{
    struct totals t = {0};
    unsigned id = 0;
    bool up = true;
    srand(run->seed);
    forget_redis();
    begin(run->max_bytes);
    while (id < run->n_points) {
        if (rand() % 500 == 0)
            up = rand() % 2;
        if (!up && queue.n_in_flight > 0 && rand() % 50 == 0)
            queue_unsend(&queue);
        for (int i = rand() % 100; i > 0 && id < run->n_points; i--) {
            if (rand() % 40 == 0)
                queue_announce(&queue, &metrics[metric_of(id)]);
            append(id++);
        }
        if (up)
            talk(run);
        if (run->restarts && rand() % 700 == 0)
            restart(&t, run->max_bytes);
        if (run->kills && rand() % 700 == 0)
            kill_and_start(&t, run->max_bytes);
        t.read_back += queue.n_on_disk;
        assert_sums();
    }
    drain();
    assert_sums();
    add_up(&t);
    cr_assert_eq(spool.points, 0u);
    cr_assert_eq(count_segments(false), 0u, "an empty spool has no files");
    end();
    return t;
}

static unsigned count_sent(unsigned n_points, unsigned *twice)
{
    unsigned sent = 0;
    *twice = 0;
    for (unsigned i = 0; i < n_points; i++) {
        sent += n_sent[i] > 0;
        *twice += n_sent[i] > 1;
    }
    return sent;
}

Test(spool, brings_every_point_once_and_in_order_through_outages_and_stops)
{
    const struct run run = {.max_bytes = 1024 * MIB, .seed = 1, .n_points = POINTS_MAX, .restarts = true};
    unsigned twice;
    struct totals t = go_through(&run);
    cr_assert_eq(t.dropped, 0u);
    cr_assert(t.taken_over > 0 && t.read_back > 0);
    cr_assert_eq(t.stored, run.n_points);
    cr_assert_eq(count_sent(run.n_points, &twice), run.n_points);
}

Test(spool, sends_nothing_twice_that_was_replied_to_when_replies_are_lost_and_horizon_is_killed)
{
    for (unsigned seed = 1; seed <= 4; seed++) {
        const struct run run = {.max_bytes = 1024 * MIB, .seed = seed, .n_points = POINTS_MAX / 2, .refuses = true,
                                .loses_replies = true, .restarts = true, .kills = true};
        unsigned twice;
        struct totals t = go_through(&run);
        cr_assert(t.killed > 0 && t.taken_over > 0 && t.read_back > 0);
        cr_assert_eq(t.stored + t.dropped + t.killed, run.n_points);
        cr_assert_geq(count_sent(run.n_points, &twice), t.stored);
        cr_assert_gt(twice, 0u, "replies were lost");
    }
}

Test(spool, keeps_to_its_bound_drops_the_oldest_and_counts_them)
{
    for (unsigned seed = 1; seed <= 4; seed++) {
        const struct run run = {.max_bytes = MIB, .seed = seed, .n_points = POINTS_MAX, .loses_replies = true,
                                .restarts = true, .kills = seed % 2};
        unsigned twice;
        struct totals t = go_through(&run);
        cr_assert_gt(t.dropped, 0u);
        cr_assert_eq(t.stored + t.dropped + t.killed, run.n_points);
        cr_assert_geq(count_sent(run.n_points, &twice), t.stored);
    }
}

static void fill(unsigned n_points)
{
    for (unsigned id = 0; id < n_points; id++)
        append(id);
}

Test(spool, drops_the_oldest_first_and_stays_within_its_bound)
{
    forget_redis();
    begin(2 * MIB);
    for (unsigned id = 0; id < 300000; id++) {
        append(id);
        cr_assert_leq(spool.bytes, spool.max_bytes);
    }
    uint64_t dropped = spool.dropped;
    cr_assert_gt(dropped, 0u);
    cr_assert(spool.lost_names);
    spool_set_max(&spool, MIB);
    cr_assert_leq(spool.bytes, MIB);
    cr_assert_gt(spool.dropped, dropped);
    drain();
    cr_assert_eq(queue.dropped, 0u);
    cr_assert_eq(n_sent[0], 0);
    for (unsigned id = 270000; id < 300000; id++)
        cr_assert_eq(n_sent[id], 1, "%u", id);
    assert_sums();
    end();
}

Test(spool, writes_nothing_while_memory_suffices)
{
    forget_redis();
    begin(1024 * MIB);
    for (unsigned id = 0; id < 200000; id++) {
        append(id);
        if (queue_has_full(&queue))
            drain();
    }
    cr_assert_eq(count_segments(false), 0u);
    cr_assert_eq(spool.next_number, 1u);
    end();
}

Test(spool, tells_the_arrival_of_its_oldest_point)
{
    begin(1024 * MIB);
    cr_assert_eq(spool_oldest_ms(&spool, 77), 77);
    fill(100000);
    cr_assert_eq(spool_oldest_ms(&spool, 77), 1000);
    forget_redis();
    send_one();
    int64_t next_ms = 1000 + (int64_t)queue.first->n_commands; /* each begun by a point, of a metric of its own */
    while (queue.n_in_flight > 0)
        reply(QUEUE_DONE);
    cr_assert_eq(spool_oldest_ms(&spool, 77), next_ms);
    cr_assert_gt(queue_oldest_ms(&queue, 0), next_ms, "of what a kill would lose");
    end();
}

/* The file of the oldest segment. */
static int open_oldest(off_t *bytes)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/%016x.spool", directory, 1);
    int fd = open(path, O_RDWR);
    cr_assert_geq(fd, 0);
    fstat(fd, &st);
    *bytes = st.st_size;
    return fd;
}

/* Spools, damages the oldest file as told, and reads all back. Returns the number of points that are missing. */
static unsigned lose_to(void (*damage)(int fd, off_t bytes))
{
    const unsigned n_points = 200000;
    unsigned twice;
    off_t bytes;
    forget_redis();
    begin(1024 * MIB);
    fill(n_points);
    queue_stow(&queue);
    end();
    int fd = open_oldest(&bytes);
    damage(fd, bytes);
    close(fd);
    begin(1024 * MIB);
    drain();
    assert_sums();
    cr_assert_eq(queue.stored, count_sent(n_points, &twice));
    cr_assert_eq(twice, 0u);
    cr_assert_eq(count_segments(false), 0u);
    return n_points - (unsigned)queue.stored;
}

#define BLOCK_POINTS_MAX (QUEUE_COMMANDS_MAX * QUEUE_SHARE_MAX)

static void tear(int fd, off_t bytes)
{
    cr_assert_eq(ftruncate(fd, bytes - 1000), 0);
}

static void change_a_record(int fd, off_t bytes)
{
    (void)bytes;
    cr_assert_eq(pwrite(fd, "damage", 6, SPOOL_BYTES_POSITION + SPOOL_BYTES_HEAD + 500), 6);
}

static void change_a_head(int fd, off_t bytes)
{
    (void)bytes;
    cr_assert_eq(pwrite(fd, "\xff\xff\xff\xff", 4, SPOOL_BYTES_POSITION + 4), 4);
}

static void change_the_position(int fd, off_t bytes)
{
    (void)bytes;
    cr_assert_eq(pwrite(fd, "damage", 6, 6), 6);
}

static void append_noise(int fd, off_t bytes)
{
    for (int i = 0; i < 100000; i++, bytes++)
        cr_assert_eq(pwrite(fd, &(char){(char)rand()}, 1, bytes), 1);
}

static void cut_off_all(int fd, off_t bytes)
{
    const struct spool_bytes_position behind = {.settled = (uint32_t)bytes};
    uint8_t position[SPOOL_BYTES_POSITION];
    spool_bytes_put_position(position, &behind);
    cr_assert_eq(pwrite(fd, position, sizeof position, 0), (ssize_t)sizeof position);
    cr_assert_eq(ftruncate(fd, sizeof position), 0);
}

Test(spool, leaves_no_file_whose_position_is_behind_its_end)
{
    cr_assert_gt(lose_to(cut_off_all), 0u);
    end();
}

Test(spool, leaves_files_alone_that_are_not_its_own)
{
    static const char *const names[] = {"ffffffffffffffff.spool", "0000000000000000.spool", "1.spool",
                                        "000000000000000G.spool", "0000000000000001.spool.old"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        close(open(path, O_WRONLY | O_CREAT, 0600));
    }
    forget_redis();
    begin(1024 * MIB);
    cr_assert_eq(spool.n_segments, 0u);
    fill(100000);
    drain();
    cr_assert_eq(queue.stored, 100000u);
    end();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        cr_assert_eq(access(path, F_OK), 0);
    }
}

Test(spool, loses_one_block_to_damage_and_nothing_else)
{
    static void (*const damages[])(int, off_t) = {tear, change_a_record, change_a_head};
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        unsigned lost = lose_to(damages[i]);
        cr_assert(lost > 0 && lost <= BLOCK_POINTS_MAX, "%u points to damage %zu", lost, i);
        cr_assert_eq(spool.n_damaged, 1u, "%zu", i);
        end();
        count_segments(true);
    }
}

Test(spool, loses_nothing_to_a_changed_position_or_to_noise_behind_the_last_block)
{
    cr_assert_eq(lose_to(change_the_position), 0u);
    end();
    count_segments(true);
    cr_assert_eq(lose_to(append_noise), 0u);
    cr_assert_eq(spool.n_damaged, 1u);
    end();
}

Test(spool, belongs_to_one_process_at_a_time)
{
    struct spool second;
    begin(MIB);
    spool_init(&second, MIB);
    cr_assert_eq(spool_open(&second, directory), -1);
    cr_assert_eq(errno, EWOULDBLOCK);
    end();
    cr_assert_eq(spool_open(&second, directory), 0);
    spool_fini(&second);
}

Test(spool, tells_the_next_process_once_whether_the_last_one_stopped_in_order)
{
    static const bool seals[] = {false, true, false, false};
    for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
        begin(MIB);
        cr_assert_eq(spool.was_sealed, i > 0 && seals[i - 1]);
        if (seals[i])
            spool_seal(&spool);
        end();
    }
}

Test(spool, is_left_out_with_a_bound_of_nothing_but_gives_back_what_it_holds)
{
    struct spool none;
    spool_init(&none, 0);
    cr_assert_eq(spool_open(&none, "/tmp/test-spool-that-is-not-there"), 0);
    cr_assert_eq(none.n_errors, 0u);
    spool_fini(&none);

    forget_redis();
    begin(1024 * MIB);
    fill(100000);
    queue_stow(&queue);
    end();
    begin(0);
    cr_assert_eq(spool.points, 100000u);
    for (unsigned id = 100000; id < 200000; id++)
        append(id);
    cr_assert_eq(spool.points, 100000u);
    cr_assert_gt(queue.dropped, 0u);
    drain();
    for (unsigned id = 0; id < 100000; id++)
        cr_assert_eq(n_sent[id], 1);
    end();
}

/* A disk that is full: no file may grow beyond `bytes`. */
static void limit_files(rlim_t bytes)
{
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, RLIM_INFINITY});
}

Test(spool, goes_on_with_memory_when_the_disk_is_full_and_comes_back)
{
    forget_redis();
    begin(1024 * MIB);
    fill(100000);
    uint64_t kept = spool.points;
    cr_assert(kept > 0 && !spool.failing);
    limit_files(1000);
    for (unsigned id = 100000; id < 200000; id++)
        append(id);
    cr_assert_gt(spool.n_errors, 0u);
    cr_assert(spool.failing);
    cr_assert_geq(spool.points, kept);
    cr_assert_gt(queue.dropped, 0u);
    spool_probe(&spool);
    cr_assert(spool.failing);
    assert_sums();
    limit_files(RLIM_INFINITY);
    spool_probe(&spool);
    cr_assert_not(spool.failing);
    uint64_t dropped = queue.dropped;
    for (unsigned id = 200000; id < 300000; id++)
        append(id);
    drain();
    cr_assert_eq(queue.dropped, dropped);
    cr_assert_eq(queue.stored + dropped, 300000u);
    assert_sums();
    end();
}
