/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balloon of the machine, of which there is one at most: by it the guest is asked to
 * give memory back. Main loop, under the machine lock.
 */
#ifndef VIREO_VIRTIO_BALLOON_H
#define VIREO_VIRTIO_BALLOON_H

#include <glib.h>

gboolean balloon_exists(void);
/* Bytes that the guest has by now. */
guint64 balloon_guest_memory(void);
/* Bytes, above 0, that it shall have; more than there are count as all. */
void balloon_set_target(guint64 bytes);

#endif
