/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plugging devices into a running VM, and out of it, and changing them. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * VmRun.plugging is the device that is being plugged, or that the last plug has failed
 * with: complete, as the definition will have it. It is on disk before the emulator hears
 * of the device, and goes when the definition has it: so what is found in the emulator is
 * known, whatever became of the plug.
 */

/*
 * Plugs a device (consumed; completed, without alias or place) into run. The caller holds
 * a job. On failure everything is as before. *alias gets the device's alias.
 */
gboolean vm_plug_device(Vm *vm, guint64 run, DomainDevice *device, char **alias,
                        GError **errp);

/*
 * Unplugs the device that match means, and waits a while for the guest to let go of it.
 * As in libvirt it succeeds then, too: the removal is completed, and announced, whenever
 * it comes. VIR_ERR_OPERATION_FAILED if the guest refuses, or it is not alone in its
 * slot.
 */
gboolean vm_unplug_device(Vm *vm, guint64 run, const DomainDevice *match, GError **errp);

/* The device with this alias, borrowed. VIR_ERR_INTERNAL_ERROR, as libvirt: none has it.
 */
gboolean vm_find_alias(const Domain *domain, const char *alias, DomainDevice *device,
                       GError **errp);

/* The same for an alias, without waiting: the guest is asked, and that is all. */
gboolean vm_request_unplug(Vm *vm, guint64 run, const char *alias, GError **errp);

/*
 * Has the emulator remove a device, and waits for that as vm_unplug_device does: *removed
 * tells whether it has gone. The definition is not looked at.
 */
gboolean vm_remove_device(Vm *vm, guint64 run, const char *alias, gboolean *removed,
                          GError **errp);

/*
 * A device that a plug has left in the emulator comes into the definition after all: its
 * alias and place are taken until it has gone, and who looks can see it.
 */
gboolean vm_adopt_device(Vm *vm, guint64 run, const DomainDevice *device, GError **errp);

/* The device is gone from the guest: takes away its back end and its definition. */
gboolean vm_finish_unplug(Vm *vm, guint64 run, const char *alias, GError **errp);

/* What a plug that has come to nothing has made on the host, and which no device of the
 * emulator has any more, is given back. */
void vm_release_plugging(Vm *vm, guint64 run);

/* Executes the commands of steps; when one fails, those before it are undone. */
gboolean vm_run_steps(Vm *vm, guint64 run, GPtrArray *steps, GError **errp);

/* What they have done, when all have been run, is undone; failures are logged. */
void vm_undo_steps(Vm *vm, guint64 run, GPtrArray *steps);

/*
 * Makes the device that match means what to says, in the guest's run and on the host: see
 * xml_device_update(); of a removable drive the medium is changed, see domain/media.h
 * (force). *before gets a copy of what it was. The caller holds a job. On failure
 * everything is as before, but for such media.
 */
gboolean vm_update_device(Vm *vm, guint64 run, const DomainDevice *match,
                          const DomainDevice *to, gboolean force, DomainDevice **before,
                          GError **errp);

/* Publishes a changed live definition (consumed) and puts it on disk. */
gboolean vm_publish_live(Vm *vm, guint64 run, Domain *domain, GError **errp);

/* The emulator has removed the device with this alias. On the I/O thread. */
void vm_device_deleted_locked(Vm *vm, const char *alias);

/* The guest does not let go of it. On the I/O thread. */
void vm_device_kept_locked(Vm *vm, const char *alias);

G_END_DECLS
