#include "alerter/parts.h"

#include <stdio.h>
#include <string.h>

void parts_split(struct parts *p, const char *name)
{
    const char *separators = ".;";

    p->n = 0;
    for (const char *at = name;;) {
        const char *next = at + (p->n > 0); /* behind the separator */
        if (p->n > 0 && *at == ';')
            separators = ";"; /* a tag's value may hold dots */
        next += p->n + 1 < PARTS_MAX ? strcspn(next, separators) : strlen(next);
        p->part[p->n++] = (struct parts_one){.text = at, .len = (size_t)(next - at)};
        if (*next == '\0')
            return;
        at = next;
    }
}

static bool parts_equal(const struct parts_one *a, const struct parts_one *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

void parts_common_init(struct parts_common *c, const char *name)
{
    *c = (struct parts_common){.name = name, .same_n = true};
    parts_split(&c->parts, name);
    c->leading = c->parts.n;
}

void parts_common_add(struct parts_common *c, const char *name)
{
    struct parts p;
    unsigned equal = 0;

    parts_split(&p, name);
    c->same_n = c->same_n && p.n == c->parts.n;
    while (equal < c->leading && equal < p.n && parts_equal(&p.part[equal], &c->parts.part[equal]))
        equal++;
    c->leading = equal;
    for (unsigned i = equal; i < p.n && i < c->parts.n; i++)
        if (!parts_equal(&p.part[i], &c->parts.part[i]))
            c->differs[i] = true;
}

/* Whether a part behind the first that differs is the same in all names. */
static bool shares_behind(const struct parts_common *c)
{
    for (unsigned i = c->leading; i < c->parts.n; i++)
        if (!c->differs[i])
            return true;
    return false;
}

static void write_pattern(const struct parts_common *c, char out[PARTS_TITLE_MAX])
{
    size_t n = 0;

    for (unsigned i = 0; i < c->parts.n; i++) {
        const struct parts_one *part = &c->parts.part[i];
        size_t len = c->differs[i] ? i > 0 : part->len; /* of a part that differs, its separator */
        memcpy(out + n, part->text, len);
        n += len;
        if (c->differs[i])
            out[n++] = '*';
    }
    out[n] = '\0';
}

char *parts_common_text(const struct parts_common *c, char out[PARTS_TITLE_MAX])
{
    const struct parts_one *last = &c->parts.part[c->leading > 0 ? c->leading - 1 : 0];

    if (c->same_n && (c->leading + 1 >= c->parts.n || shares_behind(c)) && c->leading + shares_behind(c) > 0)
        write_pattern(c, out);
    else if (c->leading > 0)
        snprintf(out, PARTS_TITLE_MAX, "%.*s.**", (int)(last->text + last->len - c->name), c->name);
    else
        snprintf(out, PARTS_TITLE_MAX, "%s and others", c->name);
    return out;
}
