/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/event.h"

#include "domain/driver.h"
#include "rpc/event.h"

void vm_event_lifecycle_locked(Vm *vm, int event, int detail)
{
    RemoteDomainEventCallbackLifecycleMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .event = event,
        .detail = detail,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_LIFECYCLE, &msg);
}

void vm_event_reboot_locked(Vm *vm)
{
    RemoteDomainEventCallbackRebootMsg msg = { .dom = vm_event_domain_locked(vm) };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_REBOOT, &msg);
}

void vm_event_watchdog_locked(Vm *vm, int action)
{
    RemoteDomainEventCallbackWatchdogMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .action = action,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_WATCHDOG, &msg);
}

void vm_event_agent_lifecycle_locked(Vm *vm, gboolean connected, int reason)
{
    RemoteDomainEventCallbackAgentLifecycleMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .state = connected ? VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED
                           : VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_DISCONNECTED,
        .reason = reason,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, &msg);
}

void vm_event_balloon_change_locked(Vm *vm, guint64 actual)
{
    RemoteDomainEventCallbackBalloonChangeMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .actual = actual,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, &msg);
}

void vm_event_control_error_locked(Vm *vm)
{
    RemoteDomainEventCallbackControlErrorMsg msg = { .dom = vm_event_domain_locked(vm) };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, &msg);
}

void vm_event_tray_change_locked(Vm *vm, const char *alias, int reason)
{
    RemoteDomainEventCallbackTrayChangeMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .devAlias = (char *)alias,
        .reason = reason,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, &msg);
}

void vm_event_device_added_locked(Vm *vm, const char *alias)
{
    RemoteDomainEventCallbackDeviceAddedMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .devAlias = (char *)alias,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, &msg);
}

void vm_event_device_removed_locked(Vm *vm, const char *alias)
{
    RemoteDomainEventCallbackDeviceRemovedMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .devAlias = (char *)alias,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, &msg);
}

void vm_event_device_removal_failed_locked(Vm *vm, const char *alias)
{
    RemoteDomainEventCallbackDeviceRemovalFailedMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .devAlias = (char *)alias,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, &msg);
}

void vm_event_io_error_locked(Vm *vm, const char *path, const char *alias, int action,
                              const char *reason)
{
    RemoteDomainEventCallbackIoErrorMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .srcPath = (char *)path,
        .devAlias = (char *)alias,
        .action = action,
    };
    RemoteDomainEventCallbackIoErrorReasonMsg why = {
        .dom = msg.dom,
        .srcPath = (char *)path,
        .devAlias = (char *)alias,
        .action = action,
        .reason = (char *)reason,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_IO_ERROR, &msg);
    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, &why);
}

void vm_event_migration_iteration_locked(Vm *vm, int iteration)
{
    RemoteDomainEventCallbackMigrationIterationMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .iteration = iteration,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, &msg);
}

void vm_event_metadata_change_locked(Vm *vm, int type, const char *uri)
{
    RemoteDomainEventCallbackMetadataChangeMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .type = type,
        .nsuri = (char *)uri,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, &msg);
}

void vm_event_job_completed_locked(Vm *vm, RpcTypedParam *params, guint32 n_params)
{
    RemoteDomainEventCallbackJobCompletedMsg msg = {
        .dom = vm_event_domain_locked(vm),
        .n_params = n_params,
        .params = params,
    };

    rpc_event_emit(vm->driver->server, VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, &msg);
}
