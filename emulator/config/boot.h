/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -boot: what firmware is told of how to look for a system. */
#ifndef VIREO_CONFIG_BOOT_H
#define VIREO_CONFIG_BOOT_H

#include "config/node.h"

typedef struct BootOptions {
    const char *order;     /* letters of drives; NULL: the board's own. Borrowed */
    const char *once;      /* the same, for the first start only; NULL: order */
    gboolean menu;         /* ask the user */
    gboolean strict;       /* from devices with a bootindex only */
    gint32 splash_time;    /* ms that the menu's prompt stands; -1: the firmware's own */
    gint32 reboot_timeout; /* ms from "nothing to boot" to the next try; -1: never */
} BootOptions;

/*
 * What the configuration tree says. The letters are those of some drive, each at most
 * once; which of them there are, the board knows.
 */
gboolean config_get_boot(ConfigNode *tree, BootOptions *boot, GError **errp);

#endif
