/* A line to a named pipe. It is opened without waiting, so a reader that is gone is seen at once, and the line is
 * short enough to be written whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerter/channels/transport.h"

static const char *write_line(int fd, const struct parcel *p)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return strerror(errno);
    if (!S_ISFIFO(info.st_mode))
        return "is no named pipe";
    return write(fd, p->body, p->len) == (ssize_t)p->len ? NULL : strerror(errno);
}

void over_fifo_send(const struct transport_job *job, struct transport_answer *answer)
{
    const struct parcel *p = job->parcel;
    if (p->len > PIPE_BUF) {
        transport_answer(answer, TRANSPORT_REFUSED, "the line of %zu bytes is too long for %s", p->len, p->target);
        return;
    }
    int fd = open(p->target, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const char *why = fd >= 0 ? write_line(fd, p) : errno == ENXIO ? "nobody reads it" : strerror(errno);
    if (why != NULL)
        transport_answer(answer, TRANSPORT_RETRY, "%s: %s", p->target, why);
    else
        transport_answer(answer, TRANSPORT_DELIVERED, "written to %s", p->target);
    if (fd >= 0)
        close(fd);
}
