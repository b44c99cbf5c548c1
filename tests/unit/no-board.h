/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine "none" in this process, with the accelerator qtest. */
#ifndef VIREO_TEST_NO_BOARD_H
#define VIREO_TEST_NO_BOARD_H

#include "accel/accel.h"
#include "event/loop.h"
#include "machine/machine.h"

static inline void no_board_make(void)
{
    g_autoptr(ConfigNode) accel = config_map_new(), config = config_map_new();
    g_autoptr(GError) err = NULL;
    ConfigNode *machine = config_map_new();

    event_init();
    config_map_set(accel, "accel", config_string_new("qtest"));
    config_map_set(machine, "type", config_string_new("none"));
    config_map_set(config, "machine", machine);
    accel_init(accel, &err);
    g_assert_no_error(err);
    machine_create(config, &err);
    g_assert_no_error(err);
}

#endif
