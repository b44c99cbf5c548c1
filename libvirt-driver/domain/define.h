/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Persistent definitions: adding, replacing, taking away. */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

typedef enum VmAdd {
    VM_ADD_CONFIG, /* with a persistent definition from the moment that others find it */
    VM_ADD_LIVE,   /* with a live one */
    VM_ADD_BARE,   /* with none: for who gives it one before anybody looks */
} VmAdd;

/* The VM with the name and UUID of domain, or a new one (*added); a reference. */
Vm *vm_find_or_add(Driver *driver, const Domain *domain, VmAdd as, gboolean *added,
                   GError **errp);

/*
 * Makes domain (consumed; completed) the persistent definition of its VM, which is added
 * when it is new, and announces it; unless detail is given: that gets the detail of the
 * event that the caller sends. Returns a reference, or NULL.
 */
Vm *vm_define(Driver *driver, Domain *domain, int *detail, GError **errp);

/*
 * The same of a definition (consumed) that is in its file, and could not be read when the
 * daemon started; one that has been defined meanwhile stays. FALSE for a clash.
 */
gboolean vm_define_loaded(Driver *driver, Domain *domain, GError **errp);

/*
 * The VM for a definition that is to run (domain is borrowed): one that is defined, or a
 * new transient one. VIR_ERR_OPERATION_FAILED for a clash. A reference.
 */
Vm *vm_find_or_create(Driver *driver, const Domain *domain, GError **errp);

/*
 * Removes a transient VM again that did not come to run, unless somebody else has its job
 * and may have it run yet. TRUE if it is not, or no longer, registered: who still wants
 * it has to look it up again.
 */
gboolean vm_discard(Vm *vm);

/*
 * Takes the persistent definition away; a VM that runs becomes transient. flags:
 * VIR_DOMAIN_UNDEFINE_NVRAM or _KEEP_NVRAM, see domain/firmware.h.
 */
gboolean vm_undefine(Vm *vm, guint32 flags, GError **errp);

/*
 * Gives a VM that is shut off another name (domain/rename.c), with its job held: it is
 * another VM then, with the same UUID, and vm is gone.
 */
gboolean vm_rename(Vm *vm, const char *name, GError **errp);

/* Whether it starts with the host (domain/autostart.h); with its job held. */
gboolean vm_set_autostart(Vm *vm, gboolean on, GError **errp);

/* Puts a changed copy of the persistent definition (consumed) in its place. */
gboolean vm_save_config(Vm *vm, Domain *domain, GError **errp);

/*
 * The same in two steps (see domain/store.h), with a job held. Committing fails if the
 * definition is no longer before; domain is consumed, and was the staged one.
 */
gboolean vm_stage_config(Vm *vm, const Domain *domain, GError **errp);
gboolean vm_commit_config(Vm *vm, const VmDef *before, Domain *domain, GError **errp);
void vm_unstage_config(Vm *vm);

/*
 * Takes define_lock: the VM stays as it is on disk, and in the registry.
 * VIR_ERR_NO_DOMAIN, without the lock, when it has been removed.
 */
gboolean vm_begin_define(Vm *vm, GError **errp);
void vm_end_define(Vm *vm);

/*
 * A file of that name that belongs to no domain is one that could not be read when the
 * daemon started: it is not to be lost. Nor is one of which it cannot be told now.
 */
gboolean vm_check_unread(Vm *vm, GError **errp);

G_END_DECLS
