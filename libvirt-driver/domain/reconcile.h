/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting right what a plug or an unplug has left half done. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * Compares the devices of the live definition with those that the emulator has. One that
 * is gone is taken out of the definition, as if its DEVICE_DELETED had come; devices and
 * back ends under our names that no definition has are taken away again; such a device is
 * in the definition for as long as the guest, or the host, keeps it. What cannot be done
 * is logged; fails if the emulator does not tell what it has. The caller holds a job.
 */
gboolean vm_reconcile(Vm *vm, guint64 run, GError **errp);

/*
 * Removes the sets of descriptors that files were passed in (command/files.c), when
 * nothing is being plugged. One that stays is logged; fails if the emulator does not tell
 * what it has. The caller holds a job.
 */
gboolean vm_remove_sets(Vm *vm, guint64 run, GError **errp);

/* vm_reconcile(), if it is known that something may be left. */
gboolean vm_reconcile_pending(Vm *vm, guint64 run, GError **errp);

/* The same, with a job of its own, if it can have one. Errors are logged. */
void vm_reconcile_now(Vm *vm, guint64 run);

/* Something may be left; a worker is to see to it. */
void vm_reconcile_soon_locked(Vm *vm);

/* Something may be left: from now on vm_reconcile_pending() has something to do. */
void vm_mark_unreconciled(Vm *vm, guint64 run);

/* The same, if err is that of a command without an answer, which is then returned. */
gboolean vm_mark_if_timeout(Vm *vm, guint64 run, const GError *err);

G_END_DECLS
