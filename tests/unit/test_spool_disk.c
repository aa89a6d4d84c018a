/* The spool's directory and files: damage, full disks, files that are gone, and who has them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "spooled_queue.h"

TestSuite(spool_disk, .init = make_directory, .fini = remove_directory);

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

Test(spool_disk, leaves_no_file_whose_position_is_behind_its_end)
{
    cr_assert_gt(lose_to(cut_off_all), 0u);
    end();
}

Test(spool_disk, leaves_files_alone_that_are_not_its_own)
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

Test(spool_disk, loses_one_block_to_damage_and_nothing_else)
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

Test(spool_disk, loses_nothing_to_a_changed_position_or_to_noise_behind_the_last_block)
{
    cr_assert_eq(lose_to(change_the_position), 0u);
    end();
    count_segments(true);
    cr_assert_eq(lose_to(append_noise), 0u);
    cr_assert_eq(spool.n_damaged, 1u);
    end();
}

static void claim_refusals(int fd, off_t bytes)
{
    const struct spool_bytes_position claim = {.settled = SPOOL_BYTES_POSITION, .n_replies = 1, .n_refused = 900};
    uint8_t position[SPOOL_BYTES_POSITION];
    (void)bytes;
    spool_bytes_put_position(position, &claim);
    cr_assert_eq(pwrite(fd, position, sizeof position, 0), (ssize_t)sizeof position);
}

Test(spool_disk, believes_no_position_that_has_more_points_refused_than_were_replied_to)
{
    off_t bytes;
    forget_redis();
    begin(1024 * MIB);
    fill(60000);
    queue_stow(&queue);
    end();
    int fd = open_oldest(&bytes);
    claim_refusals(fd, bytes);
    close(fd);
    begin(1024 * MIB);
    while (send_one())
        while (queue.n_in_flight > 0)
            reply(QUEUE_REFUSED);
    cr_assert_eq(queue.stored, 0u);
    cr_assert_eq(queue.dropped, 60000u);
    assert_sums();
    end();
}

Test(spool_disk, belongs_to_one_process_at_a_time)
{
    struct spool second;
    begin(MIB);
    spool_init(&second, MIB);
    cr_assert_eq(spool_open(&second, directory, true), -1);
    cr_assert_eq(errno, EWOULDBLOCK);
    end();
    cr_assert_eq(spool_open(&second, directory, true), 0);
    spool_fini(&second);
}

Test(spool_disk, tells_the_next_process_once_whether_the_last_one_stopped_in_order)
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

Test(spool_disk, is_left_out_with_a_bound_of_nothing_but_gives_back_what_it_holds)
{
    struct spool none;
    spool_init(&none, 0);
    cr_assert_eq(spool_open(&none, "/tmp/test-spool-that-is-not-there", true), 0);
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

Test(spool_disk, goes_on_with_memory_when_the_disk_is_full_and_comes_back)
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

Test(spool_disk, sends_nothing_twice_behind_a_damaged_end_when_replies_are_lost)
{
    off_t bytes;
    forget_redis();
    begin(2 * MIB);
    fill(40000);
    queue_stow(&queue);
    end();
    int fd = open_oldest(&bytes);
    tear(fd, bytes);
    close(fd);
    begin(2 * MIB);
    while (send_one() && queue.first->segment == 1)
        while (queue.n_in_flight > 0)
            reply(QUEUE_DONE);
    cr_assert_eq(queue.first->segment, 2u);
    for (int i = 0; i < 10; i++)
        reply(QUEUE_DONE);
    drain();
    assert_sums();
    end();
}

Test(spool_disk, goes_on_in_a_new_file_when_somebody_removed_those_that_it_had)
{
    forget_redis();
    begin(1024 * MIB);
    fill(100000);
    uint64_t gone = spool.points;
    count_segments(true);
    for (unsigned id = 100000; id < 200000; id++)
        append(id);
    cr_assert_leq(queue.dropped, BLOCK_POINTS_MAX);
    uint64_t dropped = queue.dropped;
    drain();
    cr_assert_eq(spool.dropped, gone);
    cr_assert_eq(queue.stored, 200000 - gone - dropped);
    assert_sums();
    end();
}

Test(spool_disk, is_closed_when_its_directory_is_gone_and_can_be_opened_again)
{
    forget_redis();
    begin(1024 * MIB);
    fill(100000);
    remove_directory();
    uint64_t gone = spool.points;
    spool_probe(&spool);
    cr_assert_eq(spool.dir, -1);
    cr_assert(spool.failing && spool.lost_names);
    cr_assert_eq(spool.dropped, gone);
    assert_sums();
    cr_assert_eq(spool_open(&spool, directory, true), 0);
    for (unsigned id = 100000; id < 200000; id++)
        append(id);
    cr_assert_gt(spool.points, 0u);
    drain();
    cr_assert_eq(queue.stored, 200000 - gone);
    assert_sums();
    end();
}

Test(spool_disk, is_opened_while_points_are_in_flight_unless_it_holds_older_ones)
{
    forget_redis();
    begin(1024 * MIB);
    fill(60000);
    queue_stow(&queue);
    uint64_t left = spool.points;
    end();
    begin_closed(1024 * MIB);
    fill(10000);
    cr_assert(send_one());
    reply(QUEUE_DONE);
    cr_assert_eq(spool_open(&spool, directory, false), -1);
    cr_assert_eq(errno, EBUSY);
    cr_assert(spool.dir < 0 && spool.failing && spool.taken_over == 0 && spool.bytes == 0);
    assert_sums();
    spool_init(&spool, 1024 * MIB);
    cr_assert_eq(spool_open(&spool, directory, true), 0);
    cr_assert_eq(spool.points, left, "all is still there");
    spool_fini(&spool);

    count_segments(true);
    spool_init(&spool, 1024 * MIB);
    cr_assert_eq(spool_open(&spool, directory, false), 0);
    for (unsigned id = 10000; id < 100000; id++)
        append(id);
    queue_unsend(&queue);
    queue_stow(&queue);
    cr_assert_eq(spool.points, 100000u);
    drain();
    cr_assert_eq(queue.stored, 100000u);
    assert_sums();
    end();
}
