/* Decimal numbers as carbon senders write them. Pure. */
#ifndef RIDGELINE_HORIZON_NUMBER_H
#define RIDGELINE_HORIZON_NUMBER_H

#include <stddef.h>

/* Longest text that is taken for a number. The longest exact decimal that any
 * printf of a double with 17 digits can give has 328 bytes ("%f" of DBL_MAX). */
#define NUMBER_TEXT_MAX 400

enum number_result {
    NUMBER_OK,
    NUMBER_MALFORMED, /* not a decimal number and nothing else */
    NUMBER_NOT_FINITE /* "nan", "inf", "infinity" in any case and sign, or beyond a double's range */
};

/* Reads all of `text`: [+-] digits [. digits] [e [+-] digits], with a digit on one side of the
 * point at least. No blanks, no hexadecimal, no locale. The result is the double nearest
 * to the decimal. Sets `*number` on NUMBER_OK alone. */
enum number_result number_parse(const char *text, size_t len, double *number);

#endif
