#include "analyzer/wheel.h"

#include <stddef.h>

static void ring_init(struct wheel_entry *head)
{
    head->prev = head->next = head;
}

static void ring_append(struct wheel_entry *head, struct wheel_entry *e)
{
    e->prev = head->prev;
    e->next = head;
    head->prev->next = e;
    head->prev = e;
}

static struct wheel_entry *slot_of(struct wheel *w, int64_t tick)
{
    return &w->slot[(uint64_t)tick % WHEEL_SLOTS];
}

void wheel_init(struct wheel *w, int64_t now_ms)
{
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        ring_init(&w->slot[i]);
    for (size_t i = 0; i < WHEEL_RANKS; i++)
        ring_init(&w->due[i]);
    w->now_ms = now_ms;
}

void wheel_set(struct wheel *w, struct wheel_entry *e, unsigned rank, int64_t due_ms)
{
    wheel_cancel(e);
    e->rank = rank;
    e->due_ms = due_ms;
    ring_append(due_ms <= w->now_ms ? &w->due[rank] : slot_of(w, due_ms / WHEEL_TICK_MS), e);
}

void wheel_put_back(struct wheel *w, struct wheel_entry *e)
{
    ring_append(w->due[e->rank].next, e);
}

void wheel_cancel(struct wheel_entry *e)
{
    if (!e->next)
        return;
    e->prev->next = e->next;
    e->next->prev = e->prev;
    e->prev = e->next = NULL;
}

static void collect(struct wheel *w, struct wheel_entry *head)
{
    for (struct wheel_entry *e = head->next, *next; e != head; e = next) {
        next = e->next;
        if (e->due_ms <= w->now_ms) {
            wheel_cancel(e);
            ring_append(&w->due[e->rank], e);
        }
    }
}

void wheel_advance(struct wheel *w, int64_t now_ms)
{
    /* The slot under the hand is walked again: part of its tick may still lie ahead. */
    int64_t first = w->now_ms / WHEEL_TICK_MS, last = now_ms / WHEEL_TICK_MS;

    w->now_ms = now_ms;
    if (last - first >= WHEEL_SLOTS)
        first = last - WHEEL_SLOTS + 1;
    for (int64_t tick = first; tick <= last; tick++)
        collect(w, slot_of(w, tick));
}

struct wheel_entry *wheel_peek(const struct wheel *w, unsigned rank)
{
    const struct wheel_entry *head = &w->due[rank];

    return head->next == head ? NULL : head->next;
}

struct wheel_entry *wheel_take(struct wheel *w, unsigned rank)
{
    struct wheel_entry *e = wheel_peek(w, rank);

    if (e)
        wheel_cancel(e);
    return e;
}
