/* What limit a metric has, and who says so: a rule, its unit, or its own history. Pure. */
#ifndef RIDGELINE_LIMIT_H
#define RIDGELINE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum limit_kind {
    LIMIT_NONE,
    LIMIT_GIVEN,   /* `limit` of a rule */
    LIMIT_OF_UNIT, /* 100, of a metric in percent */
    LIMIT_STOOD,   /* learned (learned_limit.h): there the metric stood */
    LIMIT_TURNED,  /* learned: there it turned back */
};

struct limit {
    enum limit_kind kind;
    double value;
    bool is_floor;     /* of one that was not given: it is come to from above */
    unsigned times;    /* of a learned one: on how many occasions it was reached */
    uint32_t since;    /* and when the first of them began, epoch s */
};

/* Whether `value` lies beyond a limit that was not given, by more than a hundredth of it: then it is none. */
bool limit_is_passed(const struct limit *l, double value);

/* "rule", "unit", "stood", "turned", as texts and the API have it; NULL for LIMIT_NONE. */
const char *limit_kind_name(enum limit_kind kind);

/* One that was not given as `ridgeline:limits` keeps it, a JSON object: malloc'd, NULL when memory is out. */
char *limit_to_text(const struct limit *l);

/* Reads that. Returns 0, or -1 and LIMIT_NONE when it is not that. */
int limit_from_text(struct limit *l, const char *text, size_t len);

#endif
