/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source's side of a migration. */
#ifndef VIREO_MIGRATION_OUTGOING_H
#define VIREO_MIGRATION_OUTGOING_H

#include "config/node.h"

/* Adds times and RAM statistics of the last outgoing migration, if there was one. */
void outgoing_query(ConfigNode *out);
/* After the stop of vCPUs and before the end: the VM must not start, nor stop for another
 * reason. */
gboolean outgoing_switching(void);
/* The process ends: gives up, whatever stage it is in, and starts no vCPU again. */
void outgoing_abandon(void);
/* Not while one is under way. */
void outgoing_cleanup(void);

#endif
