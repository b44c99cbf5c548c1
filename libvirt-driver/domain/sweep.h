/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What earlier daemons, and runs that nobody has ended, have left in our directories. */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

/*
 * Removes it. When all VMs that run are known; while a status is unread, the memory of
 * VMs is left alone.
 */
void driver_sweep(Driver *driver);

/* Keeps the logs of running VMs from growing for ever; to be called now and then. */
void driver_limit_logs(Driver *driver);

G_END_DECLS
