/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All VMs, by UUID, name and ID. Its functions may be called from any thread. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

typedef struct Registry Registry;

Registry *registry_new(void);
void registry_free(Registry *registry);

/* Each returns a reference, or NULL. */
Vm *registry_by_uuid(Registry *registry, const guint8 uuid[16]);
Vm *registry_by_name(Registry *registry, const char *name);
Vm *registry_by_id(Registry *registry, int id);

/*
 * The VM of a definition: the one with its name and UUID, or vm, which is added.
 * *added says which. A name or a UUID that belongs to another VM is refused with
 * VIR_ERR_OPERATION_FAILED. Returns a reference.
 */
Vm *registry_add(Registry *registry, Vm *vm, gboolean *added, GError **errp);
void registry_remove(Registry *registry, Vm *vm);

/*
 * Takes the name of vm, which is found by nothing else until it replaces another one, or
 * is removed; the caller keeps a reference. VIR_ERR_OPERATION_INVALID: it is taken.
 */
gboolean registry_reserve(Registry *registry, Vm *vm, GError **errp);
/* fresh, of which the name is reserved, is the VM of the UUID; the caller has vm, too. */
void registry_replace(Registry *registry, Vm *vm, Vm *fresh);

/* A new ID for a VM that starts; from here on registry_by_id finds it. */
int registry_take_id(Registry *registry, Vm *vm);
/* The same with an ID that it has already, of a VM found again. FALSE: taken. */
gboolean registry_set_id(Registry *registry, Vm *vm, int id);
void registry_drop_id(Registry *registry, int id);
/* New VMs get higher IDs than this (until those have run out). */
void registry_skip_id(Registry *registry, int id);

/* All VMs, each a reference, in no order. */
GPtrArray *registry_list(Registry *registry);

G_END_DECLS
