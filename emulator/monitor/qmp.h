/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP: the server, and commands as rows of one table. Parsing, validation, error
 * texts and query-qmp-schema come from the rows.
 */
#ifndef VIREO_MONITOR_QMP_H
#define VIREO_MONITOR_QMP_H

#include "chardev/chardev.h"
#include "config/node.h"

/* `-mon chardev=ID,mode=control` or `-qmp DEV`: serves QMP on the chardev. */
gboolean qmp_server_add(Chardev *chr, gboolean pretty, GError **errp);
void qmp_cleanup(void);
/* The tree of the command line, for what is asked back (name, uuid); kept. */
void qmp_set_config(ConfigNode *config);

#define QMP_ERROR (qmp_error_quark())
GQuark qmp_error_quark(void);
typedef enum QmpErrorClass {
    QMP_ERROR_GENERIC,
    QMP_ERROR_COMMAND_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_FOUND,
    QMP_ERROR_DEVICE_NOT_ACTIVE,
    QMP_ERROR_KVM_MISSING_CAP,
} QmpErrorClass;

#endif
