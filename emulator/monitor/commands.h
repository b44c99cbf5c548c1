/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of commands, one from each file of handlers. */
#ifndef VIREO_MONITOR_COMMANDS_H
#define VIREO_MONITOR_COMMANDS_H

#include "monitor/qmp-command.h"

extern const QmpCommand qmp_misc_commands[];
extern const QmpCommand qmp_run_commands[];
extern const QmpCommand qmp_action_commands[];
extern const QmpCommand qmp_chardev_commands[];
extern const QmpCommand qmp_fd_commands[];
extern const QmpCommand qmp_block_commands[];
extern const QmpCommand qmp_throttle_commands[];
extern const QmpCommand qmp_medium_commands[];
extern const QmpCommand qmp_device_commands[];
extern const QmpCommand qmp_qom_commands[];
extern const QmpCommand qmp_job_commands[];
extern const QmpCommand qmp_option_commands[];
extern const QmpCommand qmp_type_commands[];
extern const QmpCommand qmp_net_commands[];
extern const QmpCommand qmp_balloon_commands[];
extern const QmpCommand qmp_input_commands[];
extern const QmpCommand qmp_object_commands[];
extern const QmpCommand qmp_migration_commands[];
extern const QmpCommand qmp_pci_commands[];
extern const QmpCommand qmp_cpu_commands[];
extern const QmpCommand qmp_hmp_commands[];

#endif
