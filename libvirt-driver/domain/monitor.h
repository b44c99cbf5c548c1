/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's monitor: commands to the emulator, and following what it tells. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/*
 * Executes a command in run, on a worker, without the VM's lock. args is consumed, reply
 * (may be NULL) is freed with json_node_unref. Errors: QMP_ERROR; the VM may be gone
 * when this returns, so look again.
 */
gboolean vm_call(Vm *vm, guint64 run, const char *command, JsonObject *args,
                 JsonNode **reply, GError **errp);
gboolean vm_call_fd(Vm *vm, guint64 run, const char *command, JsonObject *args, int fd,
                    JsonNode **reply, GError **errp);

/* The connection that they use, a reference; NULL with an error. */
QmpClient *vm_get_monitor(Vm *vm, guint64 run, GError **errp);

/*
 * Connects to the monitor of run and shakes hands, within timeout_ms. The run must have
 * been published.
 */
gboolean vm_connect_monitor(Vm *vm, guint64 run, guint timeout_ms, GError **errp);

/*
 * The same in two parts, for who does not want to wait in between: a connected socket
 * (-1 with QMP_ERROR_TIMEOUT: it may be tried again), and the handshake on it, which
 * consumes fd and can begin when something can be read. vm_close_monitor: as if the
 * emulator had closed it.
 */
int vm_try_connect(Vm *vm, guint64 run, GError **errp);
gboolean vm_adopt_monitor(Vm *vm, guint64 run, int fd, guint timeout_ms, GError **errp);
void vm_close_monitor(Vm *vm, guint64 run);

/* Asks the emulator that runs what it has. A reference, or NULL. */
CommandEmulator *vm_ask_emulator(Vm *vm, guint64 run, GError **errp);

G_END_DECLS
