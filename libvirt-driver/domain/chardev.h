/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the emulator tells of character devices: the terminals behind them, and whether
 * the guest has opened a channel. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * Asks for the paths of ptys and the states of channels and publishes them in the live
 * definition of a run that starts. A channel of the agent is announced.
 */
gboolean vm_refresh_chardevs(Vm *vm, guint64 run, GError **errp);

/* The same for one device of a definition that is not published yet. */
gboolean vm_complete_chardev(Vm *vm, guint64 run, const DomainDevice *device,
                             GError **errp);

/* Asks for the states of channels, when events may have been missed. Errors are logged.
 */
void vm_refresh_channels(Vm *vm, guint64 run);

/* The guest has opened or closed the channel with this alias; other aliases are ignored.
 * Called with the VM's lock, on the I/O thread as well. */
void vm_channel_changed_locked(Vm *vm, const char *alias, gboolean open);

/* As a new machine has them, whatever its definition says. */
void vm_close_channels(Domain *domain);

/* Channels are as they are, whatever definition is about to be published. */
void vm_keep_channels(const Domain *to, const Domain *from);

G_END_DECLS
