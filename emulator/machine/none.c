/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `-machine none`: nothing but the process, for management layers that ask. */
#include "config.h"

#include "machine/boards.h"

static const Property none_properties[] = {
    { .name = "dump-guest-core", .type = PROP_BOOL, .ignored = TRUE },
    { .name = "mem-merge", .type = PROP_BOOL, .ignored = TRUE },
    { NULL },
};

const MachineClass machine_none = {
    .name = "none",
    .desc = "empty machine",
    .max_cpus = 1,
    .properties = none_properties,
};
