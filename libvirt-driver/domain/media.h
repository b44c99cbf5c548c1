/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The media of removable drives, and their trays. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * Puts the medium of wanted (none: NULL for its path) into the drive of alias; wanted
 * gets what was in there. The guest is asked to let go of the tray, for a while, or not
 * asked (force). The caller holds a job. VIR_ERR_OPERATION_FAILED when the guest does not
 * open it: everything is as before then. When it is the new medium that fails, after the
 * old one is out, the drive is left empty.
 */
gboolean vm_change_medium(Vm *vm, guint64 run, const char *alias, DomainDisk *wanted,
                          gboolean force, GError **errp);

/* Whether both are the same image, or none. */
gboolean vm_same_medium(const DomainDisk *a, const DomainDisk *b);

/* A tray has moved: the emulator's ID of its drive. On the I/O thread. */
void vm_tray_moved_locked(Vm *vm, const char *id, gboolean open);

/* Asks for the state of the trays, when events may have been missed. Errors are logged.
 */
void vm_refresh_trays(Vm *vm, guint64 run);

/*
 * A daemon may have died in the middle of a change of medium: a drive that has not got
 * what the definition says is empty, in both. Its nodes are left to vm_reconcile(). The
 * caller holds a job. Errors are logged.
 */
void vm_settle_media(Vm *vm, guint64 run);

/* As a new machine has them, whatever its definition says. */
void vm_close_trays(Domain *domain);

/* Trays are where they are, whatever definition is about to be published. */
void vm_keep_trays(const Domain *to, const Domain *from);

G_END_DECLS
