/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Macvtap devices: a tap that is a part of a device of the host, with its own address. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum ProcessMacvtapMode {
    PROCESS_MACVTAP_PRIVATE = 1, /* the kernel's numbers */
    PROCESS_MACVTAP_VEPA = 2,
    PROCESS_MACVTAP_BRIDGE = 4,
    PROCESS_MACVTAP_PASSTHROUGH =
        8, /* dev gets the address, too, as long as it is there */
} ProcessMacvtapMode;

typedef struct ProcessMacvtap {
    const char *dev; /* the host's */
    ProcessMacvtapMode mode;
    const guint8 *mac; /* the guest's */
    guint queues;      /* pairs, and so descriptors; 0: one */
} ProcessMacvtap;

/*
 * Makes the device, *name, or if that is NULL the first "macvtap*" that is free, and
 * takes it up; appends its descriptors (int, close-on-exec, with packet headers) to fds.
 * It stays until it is deleted; when this fails (G_FILE_ERROR) there is none.
 */
gboolean process_open_macvtap(char **name, const ProcessMacvtap *macvtap, GArray *fds,
                              GError **errp);

/* No error if it is gone, as it is with the device that it is a part of. */
gboolean process_delete_macvtap(const char *name, GError **errp);

G_END_DECLS
