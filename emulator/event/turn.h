/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded turns: what one callback of a loop may do before others run.
 *
 * A turn is one call of a loop into a source: a descriptor's handler, the timers that
 * are due, the work that was posted. Whoever moves something that a guest, peer or
 * client can make large counts it where it is moved, and asks turn_over() before it
 * takes the next piece; when the turn is over it arranges to be called again
 * (virtqueue_pop() does so for every virtio device). Limits are for a thread that is
 * in a turn: a vCPU in a register access, a worker and a unit test have none.
 *
 * The counters are also what tests look at: the largest amount of each kind that was
 * moved in one turn.
 */
#ifndef VIREO_EVENT_TURN_H
#define VIREO_EVENT_TURN_H

#include <glib.h>

typedef enum TurnKind {
    TURN_DESCRIPTORS,   /* of virtqueues, taken */
    TURN_RNG_BYTES,     /* read from a source of entropy */
    TURN_PACKETS,       /* to and from a tap */
    TURN_NET_BYTES,     /* the same */
    TURN_BLOCK_BYTES,   /* handed to the ring, where this thread may have to copy them */
    TURN_BLOCK_DONE,    /* requests that have ended */
    TURN_CHARDEV_IN,    /* bytes */
    TURN_CHARDEV_OUT,   /* bytes */
    TURN_FW_CFG_BYTES,  /* of items, into memory */
    TURN_BALLOON_PAGES, /* given back, or taken again */
    TURN_CONNECTIONS,   /* accepted */
    TURN_QMP_COMMANDS,  /* begun, and what is none */
    TURN_QMP_VALUES,    /* of commands (config/json.h) */
    TURN_QMP_BYTES,     /* the same */
    TURN_QTEST_COMMANDS,
    TURN_TIMERS,    /* fired */
    TURN_POSTED,    /* work run */
    TURN_LOG_PAGES, /* see turn_count_locked() */
    TURN_KINDS
} TurnKind;

typedef struct TurnCounter {
    const char *name;
    guint64 bound; /* no turn does more */
    guint64 peak;  /* the most that one did; or that one hold of the machine lock did */
    guint64 total; /* in all turns */
} TurnCounter;

/* The calling thread has done n more. */
void turn_count(TurnKind kind, guint64 n);
/*
 * For what others wait for in another way: n pages of a dirty log or of RAM for a
 * migration are gone through, by a thread that should not have the machine lock. The peak
 * is what one hold of it has been used for.
 */
void turn_count_locked(TurnKind kind, guint64 n);
/* Something has come to its limit in this turn: let others run. */
gboolean turn_over(void);
/* How much more of it this turn may do; outside of turns no limit. */
guint64 turn_left(TurnKind kind);
/* What it was, up to the last turn of each thread that has ended. Any thread. */
TurnCounter turn_counter(TurnKind kind);

/* For loops. Turns may nest: turn_end() takes what turn_begin() returned. */
gboolean turn_begin(void);
void turn_end(gboolean outer);

#endif
