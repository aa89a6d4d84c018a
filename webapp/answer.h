/* From a request that has been read to its answer: whether it may be asked, what is
 * served at its path, and the reply on its way. */
#ifndef WEBAPP_ANSWER_H
#define WEBAPP_ANSWER_H

#include <microhttpd.h>
#include <stddef.h>

#define ANSWER_BODY_MAX_BYTES ((size_t)64 << 10)

struct errand;

struct answer_body {
    char *bytes;
    size_t len, received; /* kept; and come in all: more than the limit is not kept */
    struct errand *errand; /* begun for this request; NULL: none */
};

struct app;

/* Queues the answer, or begins the errand that makes it: called again when that is done, it queues what came of it.
 * MHD_NO closes the connection: memory is out. */
enum MHD_Result answer_request(struct app *app, struct MHD_Connection *connection, const char *path,
                               const char *method, struct answer_body *body);

#endif
