/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block nodes: the one place that makes their names and knows them again. An image has
 * two: libvirt-N-storage for the file, libvirt-N-format for what is in it. */
#ifndef COMMAND_STORAGE_H
#define COMMAND_STORAGE_H

#include "command/kind.h"

char *command_storage_node(const DomainStorage *source); /* "libvirt-1-storage" */
char *command_format_node(const DomainStorage *source);  /* "libvirt-1-format" */

/* CONFIG_UNSUPPORTED for what the emulator's drivers cannot do. */
gboolean command_storage_check(const DomainDisk *disk, GError **errp);

/* Numbers of a chain's nodes: those that it has; those that it lacks; another's. */
void command_storage_note(const DomainStorage *source, guint *next_node);
void command_storage_assign(DomainStorage *source, guint *next_node);
void command_storage_adopt(DomainStorage *to, const DomainStorage *from);

/* -blockdev, blockdev-add: from the bottom of the chain up. */
void command_storage_steps(CommandSteps *steps, const DomainDisk *disk);

#endif
