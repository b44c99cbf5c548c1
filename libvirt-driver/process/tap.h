/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tap devices, the host's end of a network interface. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct ProcessTap {
    const char *bridge;      /* that it becomes a port of, or NULL */
    gboolean create;         /* unless it is there; it gets an address of its own then */
    const guint8 *guest_mac; /* of the interface that it belongs to */
    guint queues;            /* pairs, and so descriptors; 0: one */
    guint mtu;               /* bytes; 0: the bridge's, or what it has */
    /*
     * The bridge learns no addresses from it, and sends it what is for the guest's
     * address, and no frames for unknown ones.
     */
    gboolean guest_mac_only;
} ProcessTap;

/*
 * Opens a tap device (with packet headers for offloads), has it join its bridge, with the
 * bridge's MTU, and takes it up. *name (may be NULL: the kernel chooses one) is replaced
 * by the name of the device. Appends its descriptors (int, close-on-exec) to fds; also
 * when it fails, with an error (G_FILE_ERROR), those that it has by then.
 */
gboolean process_open_tap(char **name, const ProcessTap *tap, GArray *fds, GError **errp);

/*
 * Takes a tap from one bridge to another, whose MTU it gets unless it has one of its own
 * (not 0); a failure leaves it as it was. Of both: bridge, mtu, guest_mac and
 * guest_mac_only. G_FILE_ERROR.
 */
gboolean process_move_tap(const char *name, const ProcessTap *from, const ProcessTap *to,
                          GError **errp);

G_END_DECLS
