/* The pickle reader builds what the message holds; this looks three levels deep into it,
 * entry by entry, so that a bad entry costs itself alone. Nothing recurses. */
#include "carbon_pickle.h"

#include <math.h>
#include <stdlib.h>

#include "carbon_line.h"
#include "carbon_name.h"
#include "number.h"

struct carbon_pickle {
    struct pickle pickle;
    uint32_t next; /* cell of the next entry */
};

struct carbon_pickle *carbon_pickle_new(void)
{
    return calloc(1, sizeof(struct carbon_pickle));
}

void carbon_pickle_free(struct carbon_pickle *p)
{
    if (!p)
        return;
    pickle_fini(&p->pickle);
    free(p);
}

static const struct pickle_value *value_at(const struct carbon_pickle *p, uint32_t index)
{
    return pickle_heap_value(&p->pickle.heap, index);
}

static const struct pickle_cell *cell_at(const struct carbon_pickle *p, uint32_t index)
{
    return pickle_heap_cell(&p->pickle.heap, index);
}

enum pickle_result carbon_pickle_run(struct carbon_pickle *p, const uint8_t *bytes, size_t len)
{
    p->next = PICKLE_HEAP_NONE;
    enum pickle_result result = pickle_run(&p->pickle, bytes, len);
    if (result != PICKLE_OK)
        return result;
    const struct pickle_value *list = value_at(p, pickle_heap_top(&p->pickle.heap));
    if (list->kind != PICKLE_SEQUENCE)
        return PICKLE_MALFORMED;
    p->next = list->as.items.first;
    return PICKLE_OK;
}

/* The two items of a pair. */
static bool pair(const struct carbon_pickle *p, const struct pickle_value *v, const struct pickle_value **a,
                 const struct pickle_value **b)
{
    if (v->kind != PICKLE_SEQUENCE || v->n != 2)
        return false;
    const struct pickle_cell *first = cell_at(p, v->as.items.first);
    *a = value_at(p, first->value);
    *b = value_at(p, cell_at(p, first->next)->value);
    return true;
}

static enum carbon_result read_time(const struct pickle_value *v, struct carbon_point *point)
{
    if (v->kind == PICKLE_TEXT)
        return carbon_line_time((const char *)v->as.text, v->n, point);
    return v->kind == PICKLE_NUMBER ? carbon_line_time_number(v->as.number, point) : CARBON_BAD_TIME;
}

static enum carbon_result read_number(const struct pickle_value *v, struct carbon_point *point)
{
    if (v->kind == PICKLE_TEXT) {
        enum number_result result = number_parse((const char *)v->as.text, v->n, &point->value);
        return result == NUMBER_OK ? CARBON_OK : result == NUMBER_MALFORMED ? CARBON_MALFORMED : CARBON_NOT_A_NUMBER;
    }
    if (v->kind != PICKLE_NUMBER || !isfinite(v->as.number))
        return CARBON_NOT_A_NUMBER;
    point->value = v->as.number;
    return CARBON_OK;
}

enum carbon_result carbon_pickle_next(struct carbon_pickle *p, size_t name_max, struct carbon_point *point)
{
    const struct pickle_value *name, *datapoint, *time, *number;
    point->name_len = 0;
    if (p->next == PICKLE_HEAP_NONE)
        return CARBON_NOTHING;
    const struct pickle_cell *cell = cell_at(p, p->next);
    p->next = cell->next;
    if (!pair(p, value_at(p, cell->value), &name, &datapoint) || name->kind != PICKLE_TEXT)
        return CARBON_MALFORMED;
    point->name = (const char *)name->as.text;
    point->name_len = name->n;
    if (!pair(p, datapoint, &time, &number))
        return CARBON_MALFORMED;
    if (name->n == 0 || name->n > name_max || carbon_name_span(point->name, name->n) != name->n)
        return CARBON_BAD_NAME;
    enum carbon_result result = read_number(number, point);
    return result == CARBON_OK ? read_time(time, point) : result;
}
