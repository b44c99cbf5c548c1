/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All commands and all events. */
#include "config.h"

#include "config/action.h"
#include "monitor/commands.h"

const QmpCommand *const qmp_command_tables[] = {
    qmp_misc_commands,
    qmp_run_commands,
    qmp_action_commands,
    qmp_chardev_commands,
    qmp_fd_commands,
    qmp_block_commands,
    qmp_throttle_commands,
    qmp_medium_commands,
    qmp_device_commands,
    qmp_qom_commands,
    qmp_net_commands,
    qmp_balloon_commands,
    qmp_input_commands,
    qmp_object_commands,
    qmp_migration_commands,
    qmp_pci_commands,
    qmp_job_commands,
    qmp_option_commands,
    qmp_type_commands,
    qmp_cpu_commands,
    qmp_hmp_commands,
    NULL,
};

QMP_ENUM(shutdown_cause, "host-error", "host-qmp-quit", "host-qmp-system-reset",
         "host-signal", "guest-shutdown", "guest-reset", "guest-panic");
QMP_OBJECT(shutdown_data, { "guest", &qmp_bool }, { "reason", &shutdown_cause });
QMP_ENUM(panic_action, "pause", "poweroff", "run");
QMP_OBJECT(panic_data, { "action", &panic_action });
static const QmpType watchdog_action = { .meta = QMP_META_ENUM,
                                         .values = action_watchdog_names };
QMP_OBJECT(watchdog_data, { "action", &watchdog_action });
QMP_OBJECT(deleted_data, { "device", &qmp_str, TRUE }, { "path", &qmp_str });
QMP_OBJECT(nic_filter_data, { "name", &qmp_str, TRUE }, { "path", &qmp_str });
QMP_OBJECT(balloon_data, { "actual", &qmp_int });
QMP_OBJECT(vserport_data, { "id", &qmp_str }, { "open", &qmp_bool });
QMP_ENUM(slot_type, "PCI");
QMP_OBJECT(ost_info, { "device", &qmp_str, TRUE }, { "slot", &qmp_str },
           { "slot-type", &slot_type }, { "source", &qmp_int }, { "status", &qmp_int });
QMP_OBJECT(ost_data, { "info", &ost_info });
QMP_ENUM(io_operation, "read", "write");
QMP_ENUM(io_error_action, "ignore", "report", "stop");
QMP_OBJECT(threshold_data, { "node-name", &qmp_str }, { "amount-exceeded", &qmp_int },
           { "write-threshold", &qmp_int });
QMP_OBJECT(io_error_data, { "device", &qmp_str }, { "qom-path", &qmp_str },
           { "node-name", &qmp_str, TRUE }, { "operation", &io_operation },
           { "action", &io_error_action }, { "nospace", &qmp_bool, TRUE },
           { "reason", &qmp_str });
QMP_OBJECT(tray_data, { "device", &qmp_str }, { "id", &qmp_str },
           { "tray-open", &qmp_bool });
QMP_ENUM(migration_status, "none", "setup", "cancelling", "cancelled", "active",
         "completed", "failed", "pre-switchover", "device");
QMP_OBJECT(migration_data, { "status", &migration_status });

/*
 * A limit stands where a guest alone can make one after the other. Others need somebody
 * at a monitor for each (what stops is to be let go on, what is asked to go is asked
 * once), or take their time: who asks for a reset waits for this one, however many there
 * were before.
 */
#define SOME 64

const QmpEvent qmp_event_table[] = {
    { "SHUTDOWN", "The VM goes down, or has been asked to", &shutdown_data },
    { "RESET", "The VM has been reset", &shutdown_data },
    { "POWERDOWN", "The power button has been pressed", NULL },
    { "SUSPEND_DISK", "The guest has put itself to sleep on its disk (S4)", NULL, SOME },
    { "STOP", "The VM has stopped", NULL },
    { "RESUME", "The VM goes on", NULL },
    { "GUEST_PANICKED", "The guest's kernel says that it has panicked", &panic_data,
      SOME },
    { "GUEST_CRASHLOADED", "The guest's kernel says that it dumps after a panic",
      &panic_data, SOME },
    { "WATCHDOG", "A watchdog has expired", &watchdog_data, 1 },
    { "DEVICE_DELETED", "A device is gone; what it used is free", &deleted_data },
    { "DEVICE_UNPLUG_GUEST_ERROR", "The guest has refused to let a device go",
      &deleted_data },
    { "ACPI_DEVICE_OST", "What the guest says of a slot's event, by ACPI's _OST",
      &ost_data, SOME },
    { "NIC_RX_FILTER_CHANGED",
      "A NIC lets in something else than before; once until query-rx-filter",
      &nic_filter_data },
    { "BALLOON_CHANGE", "The guest has given memory back, or taken it", &balloon_data,
      1 },
    { "VSERPORT_CHANGE", "The guest has opened or closed a port of a virtio-serial",
      &vserport_data, 1 },
    { "BLOCK_IO_ERROR", "A request of a disk has failed", &io_error_data, SOME },
    { "BLOCK_WRITE_THRESHOLD", "A node has been written beyond its threshold",
      &threshold_data },
    { "DEVICE_TRAY_MOVED", "The tray of a drive has been opened or closed", &tray_data,
      SOME },
    { "MIGRATION", "The migration has come to a state (capability events)",
      &migration_data },
    { .name = NULL },
};
