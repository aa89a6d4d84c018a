/* The carbon pickle protocol: [(name, (timestamp, value)), ...]. Pure. */
#ifndef RIDGELINE_HORIZON_CARBON_PICKLE_H
#define RIDGELINE_HORIZON_CARBON_PICKLE_H

#include "carbon.h"
#include "pickle.h"

struct carbon_pickle; /* a reader; keeps its memory from message to message */

/* NULL when memory is out. */
struct carbon_pickle *carbon_pickle_new(void);
void carbon_pickle_free(struct carbon_pickle *p);

/* Reads one message. On PICKLE_OK it is a list (or tuple), and its entries are taken with
 * carbon_pickle_next as long as `bytes` stay where they are. */
enum pickle_result carbon_pickle_run(struct carbon_pickle *p, const uint8_t *bytes, size_t len);

/* The next entry, or CARBON_NOTHING at the end. An entry that is not a name and a pair of numbers (or
 * numeric strings) is reported alone; the next ones can still be taken. The name
 * points into the message or the reader. Of a bad entry `*point` holds the name if it has one, else
 * name_len is 0. */
enum carbon_result carbon_pickle_next(struct carbon_pickle *p, size_t name_max, struct carbon_point *point);

#endif
