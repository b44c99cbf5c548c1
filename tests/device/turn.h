/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded turns (event/turn.h): each device and each socket is fed the largest legal
 * request; no turn of a loop may have moved more than its bound, and what was asked
 * for is more than that.
 */
#ifndef TESTS_DEVICE_TURN_H
#define TESTS_DEVICE_TURN_H

#include "tests/device/qtest.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

/* The most in one turn, the bound, all there was. */
typedef struct Turn {
    guint64 peak, bound, total;
} Turn;

/* What the emulator counts under that name; fails the test when it does not. */
Turn turn_of(QTest *q, const char *name);

/* fed: how much has to have moved at least; limit: what a turn may be at most. */
void turn_check(QTest *q, const char *name, guint64 fed, guint64 limit);

#endif
