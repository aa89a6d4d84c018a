/* The HTML of a mail. Pure. */
#ifndef RIDGELINE_ALERTER_MESSAGE_HTML_H
#define RIDGELINE_ALERTER_MESSAGE_HTML_H

#include "alerter/message.h"

/* What message_text_plain() says, as a page. `chart` is the Content-ID of the picture, NULL without one. malloc'd; NULL
 * when memory is out. */
char *message_html(const struct message *m, const char *chart);

#endif
