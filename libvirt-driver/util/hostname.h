/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of this host, for clients and for the other side of a migration. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/*
 * The canonical name where the resolver knows one, else the host's own; to be freed. May
 * wait for the resolver. NULL when the host has no name.
 */
char *driver_hostname(void);

G_END_DECLS
