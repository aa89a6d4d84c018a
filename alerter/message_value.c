/* Numbers have four digits, as on the page: who is woken compares them at a glance. */
#include "alerter/message_value.h"

#include <math.h>
#include <stdio.h>

#include "alerter/channels/harmless.h"

#define NUMBER_MAX 32
#define BAND_MAX (2 * NUMBER_MAX + 8)
#define UNIT_MAX 24     /* bytes of a unit that is told, with its end */
#define TIMES_FROM 10   /* from so many times on they are told, and not how many percent */
#define TIMES_MAX 1e6   /* beyond, what was expected is next to nothing */

static char *number_text(char out[NUMBER_MAX], double v)
{
    double size = fabs(v);
    snprintf(out, NUMBER_MAX, size >= 1000 && size < 1e12 ? "%.0f" : "%.4g", v + 0.0); /* no -0 */
    return out;
}

/* With a blank before it; "" where there is none. */
static char *unit_text(char out[UNIT_MAX + 1], const struct message_member *m)
{
    bool known = *m->unit != '\0';
    harmless_line(out + known, UNIT_MAX, m->unit);
    if (known)
        out[0] = ' ';
    return out;
}

/* Whether the value lies outside what was expected: what is flat or silent need not. Where no band is known, what was
 * expected is all of it. */
static bool is_off(const struct message_member *m)
{
    bool is_within = m->value == m->expected || (m->value >= m->lower && m->value <= m->upper);
    return isfinite(m->value) && isfinite(m->expected) && !is_within;
}

char *message_value_seen(char out[MESSAGE_VALUE_MAX], const struct message_member *m)
{
    char value[NUMBER_MAX], unit[UNIT_MAX + 1];
    out[0] = '\0';
    if (isfinite(m->value))
        snprintf(out, MESSAGE_VALUE_MAX, "%s%s%s", number_text(value, m->value), unit_text(unit, m),
                 m->is_mean ? " on average" : "");
    return out;
}

/* "80 to 120", between what is to stand before and behind it; "" where no band is known. */
static char *band_text(char out[BAND_MAX], const struct message_member *m, const char *before, const char *behind)
{
    char lower[NUMBER_MAX], upper[NUMBER_MAX];
    out[0] = '\0';
    if (isfinite(m->lower) && isfinite(m->upper))
        snprintf(out, BAND_MAX, "%s%s to %s%s", before, number_text(lower, m->lower), number_text(upper, m->upper),
                 behind);
    return out;
}

char *message_value_expected(char out[MESSAGE_VALUE_MAX], const struct message_member *m)
{
    char expected[NUMBER_MAX], unit[UNIT_MAX + 1], band[BAND_MAX];
    out[0] = '\0';
    if (is_off(m))
        snprintf(out, MESSAGE_VALUE_MAX, "%s%s%s", number_text(expected, m->expected), unit_text(unit, m),
                 band_text(band, m, ", ", ""));
    return out;
}

char *message_value_off(char out[MESSAGE_VALUE_MAX], const struct message_member *m)
{
    double times = m->value / m->expected, percent = 100 * fabs(times - 1);
    const char *side = m->value > m->expected ? "above" : "below";
    out[0] = '\0';
    if (!is_off(m) || !(fabs(times) < TIMES_MAX))
        return out;
    if (times >= TIMES_FROM)
        snprintf(out, MESSAGE_VALUE_MAX, "%.0f times", times);
    else
        snprintf(out, MESSAGE_VALUE_MAX, percent >= 10 ? "%.0f %% %s" : "%.2g %% %s", percent, side);
    return out;
}

/* "412 ms, 312 % above the expected 100 ms (80 to 120)". */
static void write_off(char out[MESSAGE_VALUE_MAX], const struct message_member *m)
{
    char value[NUMBER_MAX], expected[NUMBER_MAX], off[MESSAGE_VALUE_MAX], band[BAND_MAX], unit[UNIT_MAX + 1];
    const char *side = m->value > m->expected ? "above" : "below";
    message_value_off(off, m);
    unit_text(unit, m);
    snprintf(out, MESSAGE_VALUE_MAX, "%s%s%s, %.30s the expected %s%s%s", number_text(value, m->value), unit,
             m->is_mean ? " on average" : "", *off ? off : side, number_text(expected, m->expected), unit,
             band_text(band, m, " (", ")"));
}

char *message_value_phrase(char out[MESSAGE_VALUE_MAX], const struct message_member *m)
{
    char value[MESSAGE_VALUE_MAX];
    if (is_off(m))
        write_off(value, m);
    else
        message_value_seen(value, m);
    if (*m->note == '\0')
        snprintf(out, MESSAGE_VALUE_MAX, "%s", value);
    else if (*value == '\0' || m->forecasts)
        snprintf(out, MESSAGE_VALUE_MAX, "%.*s", MESSAGE_VALUE_MAX - 1, m->note);
    else
        snprintf(out, MESSAGE_VALUE_MAX, "%.30s: %.160s", m->note, value);
    return out;
}
