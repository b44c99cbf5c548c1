/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "config/dialect.h"

static const Dialect dialects[] = {
    {
        .name = "qemu",
        .default_machine = "q35",
        .default_memory = 128 * 1024 * 1024,
        .drive_direct = FALSE,
        .drive_plugged = TRUE,
        .smp_prefers_sockets = FALSE,
        .greeting_key = "qemu",
        .version = { 8, 2, 0 },
        .greeting_package = TRUE,
        .event_data_always = FALSE,
    },
    {
        .name = "stratovirt",
        .default_machine = "microvm",
        .default_memory = 256 * 1024 * 1024,
        .drive_direct = TRUE,
        .drive_plugged = FALSE,
        .smp_prefers_sockets = TRUE,
        .greeting_key = "StratoVirt",
        .version = { 0, 0, 1 },
        .greeting_package = FALSE,
        .event_data_always = TRUE,
        .netdev_type = "tap",
        .blockdev_driver = "raw",
        .addr_is_disk = TRUE,
        .migrate_idle_status = "none",
    },
};

static const Dialect *current = &dialects[0];

const Dialect *dialect_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(dialects); i++) {
        if (g_str_equal(dialects[i].name, name)) {
            return &dialects[i];
        }
    }
    return NULL;
}

const Dialect *dialect_get(void)
{
    return current;
}

void dialect_set(const Dialect *dialect)
{
    current = dialect;
}

const Dialect *dialect_for_program(const char *argv0)
{
    g_autofree char *name = argv0 ? g_path_get_basename(argv0) : NULL;

    return name && g_str_has_prefix(name, "stratovirt") ? &dialects[1] : &dialects[0];
}
