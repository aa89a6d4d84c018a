/* The spool on a disk that refuses: files that cannot be removed, cannot be read now or for long, are of another
 * version; and a disk that does not answer at all. */
#include <fcntl.h>
#include <sys/stat.h>

#include "spooled_queue.h"

TestSuite(spool_refused, .init = make_directory, .fini = remove_directory);

/* Root is refused nothing. */
static void become(bool root)
{
    if (getuid() == 0 && seteuid(root ? 0 : 65534) != 0)
        cr_skip_test("this root cannot be another");
}

static void set_mode(const char *path, mode_t mode)
{
    become(true);
    cr_assert_eq(chmod(path, mode), 0);
    become(false);
}

Test(spool_refused, doubles_nothing_when_its_files_cannot_be_removed)
{
    forget_redis();
    set_mode(directory, 0777);
    begin(2 * MIB);
    fill(60000);
    set_mode(directory, 0555);
    drain();
    cr_assert(spool.failing && spool.n_errors > 0);
    cr_assert_eq(queue.stored, 60000u);
    end();
    set_mode(directory, 0777);
    begin(2 * MIB);
    cr_assert_eq(spool.points, 0u);
    fill(60000);
    forget_redis();
    drain();
    cr_assert_eq(queue.stored, 60000u);
    cr_assert_eq(count_segments(false), 0u);
    end();
    become(true);
}

#define POINTS 120000 /* several segments, of a bound of 16 MiB */

static void path_of(char path[128], unsigned number)
{
    snprintf(path, 128, "%s/%016x.spool", directory, number);
}

/* A stop that leaves the spool with all points. */
static void leave_points(void)
{
    forget_redis();
    begin(16 * MIB);
    fill(POINTS);
    queue_stow(&queue);
    cr_assert_gt(spool.n_segments, 2u);
    end();
}

static void assert_all_came_once(void)
{
    unsigned twice;
    cr_assert_eq(count_sent(POINTS, &twice), (unsigned)POINTS);
    cr_assert_eq(twice, 0u);
    cr_assert_eq(count_segments(false), 0u);
}

Test(spool_refused, reads_later_what_cannot_be_read_now_and_keeps_the_order)
{
    char path[128];
    set_mode(directory, 0777);
    leave_points();
    begin(16 * MIB);
    path_of(path, 2);
    set_mode(path, 0);
    while (send_one())
        while (queue.n_in_flight > 0)
            reply(QUEUE_DONE);
    uint64_t stored = queue.stored, n_errors = spool.n_errors;
    cr_assert(stored > 0 && stored + spool.points == POINTS);
    cr_assert(spool.n_tries == 1 && n_errors == 1 && spool.n_damaged == 0);
    cr_assert_not(send_one());
    cr_assert_eq(spool.n_errors, n_errors, "not before the next second");
    spool_probe(&spool);
    cr_assert_not(send_one());
    cr_assert_eq(spool.n_errors, n_errors + 1);
    assert_sums();
    set_mode(path, 0600);
    spool_probe(&spool);
    drain();
    cr_assert_eq(spool.n_tries, 0u);
    cr_assert_eq(queue.stored, (uint64_t)POINTS);
    assert_all_came_once();
    end();
    become(true);
}

/* Seconds in which nothing can be read. */
static void wait_in_vain(unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        spool_probe(&spool);
        cr_assert_not(send_one());
    }
}

Test(spool_refused, leaves_a_file_that_cannot_be_read_for_a_minute_to_the_next_start)
{
    char path[128];
    set_mode(directory, 0777);
    leave_points();
    begin(16 * MIB);
    path_of(path, 1);
    set_mode(path, 0);
    wait_in_vain(60);
    uint64_t left = spool.points;
    drain();
    cr_assert(spool.n_aside == 1 && spool.n_tries == 0 && spool.lost_names);
    cr_assert(spool.points > 0 && spool.points < left);
    cr_assert_eq(queue.stored + spool.points, (uint64_t)POINTS);
    assert_sums();
    for (unsigned id = POINTS; id < POINTS + 60000; id++)
        append(id);
    drain();
    assert_sums();
    left = spool.points;
    end();
    cr_assert_eq(count_segments(false), 1u, "its own file is kept");

    set_mode(path, 0600);
    memset(newest, 0, sizeof newest); /* late, and so not in their order */
    begin(16 * MIB);
    cr_assert(spool.taken_over == left && spool.n_aside == 0);
    drain();
    assert_all_came_once();
    end();
    become(true);
}

Test(spool_refused, leaves_alone_what_it_cannot_read_when_it_is_opened)
{
    char path[128];
    set_mode(directory, 0777);
    leave_points();
    path_of(path, 1);
    set_mode(path, 0);
    begin(16 * MIB);
    cr_assert(spool.n_aside == 1 && spool.n_errors == 1 && !spool.failing);
    cr_assert_not_null(strstr(spool.error, "0000000000000001.spool cannot be read: "));
    drain();
    cr_assert(queue.stored > 0 && queue.stored == spool.taken_over);
    end();
    set_mode(path, 0600);
    memset(newest, 0, sizeof newest);
    begin(16 * MIB);
    drain();
    assert_all_came_once();
    end();
    become(true);
}

Test(spool_refused, leaves_a_file_of_another_version_alone)
{
    static const char foreign[] = "LSPOOL02 and whatever that version writes there", other[] = "LSPOOL9";
    char path[128], again[sizeof foreign];
    leave_points();
    path_of(path, 77);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    cr_assert_eq(write(fd, foreign, sizeof foreign), (ssize_t)sizeof foreign);
    begin(16 * MIB);
    cr_assert(spool.n_aside == 1 && spool.points == POINTS);
    cr_assert_str_eq(spool.error, "000000000000004d.spool is of another version");
    cr_assert_gt(spool.next_number, 77u);
    drain();
    end();
    cr_assert_eq(pread(fd, again, sizeof again, 0), (ssize_t)sizeof again);
    cr_assert_eq(memcmp(again, foreign, sizeof foreign), 0);
    close(fd);
    cr_assert_eq(count_segments(false), 1u);

    path_of(path, 78);
    fd = open(path, O_RDWR | O_CREAT, 0600);
    cr_assert_eq(write(fd, other, sizeof other), (ssize_t)sizeof other);
    close(fd);
    begin(16 * MIB);
    cr_assert_eq(spool.n_aside, 1u, "that one is damaged");
    end();
}

Test(spool_refused, asks_nothing_of_a_disk_that_does_not_answer_and_goes_on_when_it_does)
{
    forget_redis();
    begin(16 * MIB);
    fill(POINTS);
    for (unsigned i = 0; i < 3; i++)
        cr_assert(send_one());
    remove_directory(); /* whoever asks it now has an error */
    uint64_t spooled = spool.points;
    spool.stalled = true;
    while (queue.n_in_flight > 1)
        reply(QUEUE_DONE);
    reply(QUEUE_DONE);
    queue_unsend(&queue);
    cr_assert_not(send_one());
    for (unsigned id = POINTS; id < POINTS + 60000; id++)
        append(id);
    spool_probe(&spool);
    spool_set_max(&spool, MIB);
    cr_assert_eq(spool_oldest_ms(&spool, 77), 77);
    cr_assert(queue.dropped > 0 && queue.stored + spool.points == spooled);
    cr_assert_eq(spool.n_errors, 0u);
    assert_sums();
    spool.stalled = false;
    spool_probe(&spool);
    cr_assert(spool.dir < 0 && spool.points == 0 && spool.dropped > 0);
    drain();
    assert_sums();
    end();
    make_directory();
}

Test(spool_refused, loses_nothing_on_disk_while_that_does_not_answer)
{
    forget_redis();
    begin(16 * MIB);
    fill(POINTS);
    cr_assert(send_one() && send_one());
    spool.stalled = true;
    while (queue.n_in_flight > 0)
        reply(QUEUE_DONE);
    spool.stalled = false;
    drain();
    cr_assert_eq(queue.stored, (uint64_t)POINTS);
    assert_all_came_once();
    end();
}
