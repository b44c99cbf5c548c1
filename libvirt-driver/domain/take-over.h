/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going on with a VM that an earlier daemon has left running. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * Does what the phase says (see reconnect.c), later, on the driver's workers.
 * Consumes vm, whose job is held, and is given back in the end.
 */
void vm_take_over(Vm *vm, guint64 run);

/* Gives up those that still wait, when neither workers nor the I/O thread run. */
void vm_take_over_stop(Driver *driver);

/* Ends a process that is of no use any more. Logged. */
void vm_end_leftover(Vm *vm, guint64 run);

G_END_DECLS
