/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains that start with the host. */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

/*
 * Begins to start them, if no daemon has done so since the host has booted; in
 * driver_start, when all VMs that run are known.
 */
void driver_autostart(Driver *driver);

/* The same for a domain of which the definition has been read only now. */
void driver_autostart_late(Driver *driver, const char *name);

G_END_DECLS
