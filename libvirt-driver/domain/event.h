/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients are told about a VM, at the change and under its lock: in order. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/* event: virDomainEventType, detail: its detail. */
void vm_event_lifecycle_locked(Vm *vm, int event, int detail);
void vm_event_reboot_locked(Vm *vm);
/* action: virDomainEventWatchdogAction. */
void vm_event_watchdog_locked(Vm *vm, int action);
/* reason: virConnectDomainEventAgentLifecycleReason. */
void vm_event_agent_lifecycle_locked(Vm *vm, gboolean connected, int reason);
void vm_event_balloon_change_locked(Vm *vm, guint64 actual); /* KiB */
void vm_event_control_error_locked(Vm *vm);
void vm_event_tray_change_locked(Vm *vm, const char *alias, int reason);
void vm_event_device_added_locked(Vm *vm, const char *alias);
void vm_event_device_removed_locked(Vm *vm, const char *alias);
void vm_event_device_removal_failed_locked(Vm *vm, const char *alias);
/* action: virDomainEventIOErrorAction. */
void vm_event_io_error_locked(Vm *vm, const char *path, const char *alias, int action,
                              const char *reason);
void vm_event_migration_iteration_locked(Vm *vm, int iteration);
/* type: virDomainMetadataType. */
void vm_event_metadata_change_locked(Vm *vm, int type, const char *uri);
void vm_event_job_completed_locked(Vm *vm, RpcTypedParam *params, guint32 n_params);

G_END_DECLS
