/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a network device's rates, by tc(8). */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct ProcessRate {
    guint average, peak; /* kB/s; average 0: no limit; peak 0: the average */
    guint burst;         /* KiB; 0: the kernel's choice, or what a second has */
} ProcessRate;

/*
 * What the device sends (to the guest, of a tap) and what it receives is limited to that,
 * and to nothing else from before. It fails with G_SPAWN_ERROR, in the words of tc; then
 * there may be no limit.
 */
gboolean process_set_bandwidth(const char *device, const ProcessRate *sent,
                               const ProcessRate *received, GError **errp);

G_END_DECLS
