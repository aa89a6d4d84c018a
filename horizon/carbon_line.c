/* A line is walked once, field by field. The name decides first: what cannot be
 * a name is told apart from a line that lacks fields, for the operator who
 * reads the counters. */
#include "carbon_line.h"

#include "carbon_name.h"
#include "number.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

static const char *skip_field(const char *p, const char *end)
{
    while (p < end && !is_blank(*p))
        p++;
    return p;
}

enum carbon_result carbon_line_time_number(double seconds, struct carbon_point *p)
{
    p->now = seconds <= -1 && seconds > -2; /* as carbon: what int() makes -1 */
    p->t = 0;
    if (p->now)
        return CARBON_OK;
    if (!(seconds >= 0 && seconds < (double)UINT32_MAX + 1))
        return CARBON_BAD_TIME;
    p->t = (uint32_t)seconds;
    return CARBON_OK;
}

/* Ten digits: what nearly every timestamp is. */
static bool whole_seconds(const char *text, size_t len, uint64_t *seconds)
{
    if (len == 0 || len > 10)
        return false;
    *seconds = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9)
            return false;
        *seconds = *seconds * 10 + digit;
    }
    return true;
}

enum carbon_result carbon_line_time(const char *text, size_t len, struct carbon_point *p)
{
    uint64_t whole;
    if (whole_seconds(text, len, &whole)) {
        p->now = false;
        p->t = (uint32_t)whole;
        return whole <= UINT32_MAX ? CARBON_OK : CARBON_BAD_TIME;
    }
    double seconds;
    if (len == 1 && *text == 'N')
        return carbon_line_time_number(-1, p);
    if (number_parse(text, len, &seconds) != NUMBER_OK)
        return CARBON_BAD_TIME;
    return carbon_line_time_number(seconds, p);
}

enum carbon_result carbon_line_parse(const char *line, size_t len, size_t name_max, struct carbon_point *p)
{
    const char *end = line + len;
    if (len > 0 && end[-1] == '\r')
        end--;
    const char *name = skip_blanks(line, end);
    if (name == end)
        return CARBON_NOTHING;
    const char *name_end = name + carbon_name_span(name, (size_t)(end - name));
    bool good_name = name_end == end || is_blank(*name_end);
    if (!good_name)
        name_end = skip_field(name_end, end);

    const char *value = skip_blanks(name_end, end), *value_end = skip_field(value, end);
    const char *time = skip_blanks(value_end, end), *time_end = skip_field(time, end);
    if (time == end || skip_blanks(time_end, end) != end)
        return CARBON_MALFORMED;
    p->name = name;
    p->name_len = (size_t)(name_end - name);
    if (!good_name || p->name_len > name_max)
        return CARBON_BAD_NAME;

    enum number_result number = number_parse(value, (size_t)(value_end - value), &p->value);
    if (number != NUMBER_OK)
        return number == NUMBER_NOT_FINITE ? CARBON_NOT_A_NUMBER : CARBON_MALFORMED;
    return carbon_line_time(time, (size_t)(time_end - time), p);
}
