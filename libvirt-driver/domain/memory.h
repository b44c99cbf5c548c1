/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory a guest that runs has left: what its balloon tells. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/* BALLOON_CHANGE: the guest has `actual` bytes now. On the I/O thread. */
void vm_balloon_changed_locked(Vm *vm, guint64 actual);

/* Asks for it, after a time in which nobody has listened. With a job held. */
void vm_refresh_balloon(Vm *vm, guint64 run);

/* A changed live definition that is about to be published tells what the guest has. */
void vm_keep_memory(Domain *to, const Domain *from);

G_END_DECLS
