/* A hashed timer wheel (Varghese and Lauck, 1987, scheme 6). Pure.
 *
 * Every timer hangs in the slot of its tick; one turn of the wheel takes
 * WHEEL_SLOTS * WHEEL_TICK_MS, and a timer further ahead stays where it is when the
 * hand passes. Setting, cancelling and taking are O(1), and nothing is allocated: the
 * owner embeds the entry. What is due queues by rank, so that the owner can take what
 * matters most first. The clock is the caller's; any that never goes back will do. */
#ifndef ANALYZER_WHEEL_H
#define ANALYZER_WHEEL_H

#include <stdint.h>

#define WHEEL_SLOTS 1024
#define WHEEL_TICK_MS 64
#define WHEEL_RANKS 6

/* Invariants: 1. an entry is in at most one list; 2. `prev` and `next` are both NULL or neither is;
 * 3. rank < WHEEL_RANKS, and changes only while the entry is not set. */
struct wheel_entry {
    struct wheel_entry *prev, *next; /* NULL while it is not set */
    int64_t due_ms;
    unsigned rank; /* which queue it joins when it is due */
};

struct wheel {
    struct wheel_entry slot[WHEEL_SLOTS]; /* heads of rings */
    struct wheel_entry due[WHEEL_RANKS];  /* heads of those that are due, oldest first */
    int64_t now_ms;
};

void wheel_init(struct wheel *w, int64_t now_ms);

/* Sets `e` (zeroed, or set before) with `rank` to become due at `due_ms`. What is due already queues behind the
 * others of its rank that are. */
void wheel_set(struct wheel *w, struct wheel_entry *e, unsigned rank, int64_t due_ms);

/* Puts `e`, which was taken, back in front of its queue, as it was. */
void wheel_put_back(struct wheel *w, struct wheel_entry *e);

/* Takes `e` out, if it is set. */
void wheel_cancel(struct wheel_entry *e);

/* Moves the hand to `now_ms`: every entry whose time has come queues as due. */
void wheel_advance(struct wheel *w, int64_t now_ms);

/* The first of those of this rank that are due, without and with taking it out; NULL when none is. */
struct wheel_entry *wheel_peek(const struct wheel *w, unsigned rank);
struct wheel_entry *wheel_take(struct wheel *w, unsigned rank);

#endif
