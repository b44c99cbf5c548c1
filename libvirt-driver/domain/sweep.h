/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What earlier daemons, and runs that nobody has ended, have left in our directories. */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

/*
 * Removes what interrupted writes and probes have left. Before the first VM is found: its
 * worker may write then.
 */
void driver_sweep_writes(Driver *driver);
/*
 * Removes what runs have left. When all VMs that run are known; while a status is unread,
 * the memory of VMs is left alone.
 */
void driver_sweep_runs(Driver *driver);

/* Keeps the logs of running VMs from growing for ever; to be called now and then. */
void driver_limit_logs(Driver *driver);

G_END_DECLS
