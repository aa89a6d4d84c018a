/* What a message says of one metric: its value, what was expected, how far apart these are. Pure.
 *
 * Texts hold notes as they came: they are to be made lines (harmless_line). */
#ifndef RIDGELINE_ALERTER_MESSAGE_VALUE_H
#define RIDGELINE_ALERTER_MESSAGE_VALUE_H

#include "alerter/message.h"

#define MESSAGE_VALUE_MAX 200

/* "412 ms", "412 ms on average" of a mean; "" where no value is known. */
char *message_value_seen(char out[MESSAGE_VALUE_MAX], const struct message_member *m);

/* "100 ms, 80 to 120"; "" where it is not known, or where the value is no farther away than that. */
char *message_value_expected(char out[MESSAGE_VALUE_MAX], const struct message_member *m);

/* "312 % above", "14 times"; "" as above, and where what was expected is next to nothing. */
char *message_value_off(char out[MESSAGE_VALUE_MAX], const struct message_member *m);

/* All of it: "412 ms, 312 % above the expected 100 ms (80 to 120)"; "fell to nothing: 0 ms, 100 % below ..."; "fell
 * silent"; a forecast's note; "" where no value is known. */
char *message_value_phrase(char out[MESSAGE_VALUE_MAX], const struct message_member *m);

#endif
