/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS tables of boards that are made here, as dmidecode reads them from a file, on
 * standard output: dump full|bare|large.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/smbios.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static const SmbiosRange ram[] = { { 0, 2 * GIB }, { 4 * GIB, 30 * GIB } };
static const SmbiosRange little[] = { { 0, 64 * MIB } };
static const SmbiosRange much[] = { { 0, 3 * GIB }, { 4 * GIB, 4093 * GIB } };

/* Everything is said. */
static SmbiosInfo full(void)
{
    static SmbiosPort port = { "internal", "external", 18, 16 };
    static SmbiosOnboard device = {
        .designation = "designation", .kind = 4, .instance = 2, .devfn = 0x29
    };
    static gpointer all[] = { &port, "one", "two", &device };
    static GPtrArray ports = { all, 1 }, strings = { all + 1, 2 },
                     onboard = { all + 3, 1 };
    SmbiosInfo info = {
        .bios = { "bios vendor", "bios version", "02/29/2024", "1.2", 1, 2, TRUE },
        .system = { "system manufacturer", "product", "version", "serial", "sku",
                    "family" },
        .board = { "board manufacturer", "product", "version", "serial", "asset",
                   "location" },
        .chassis = { "chassis manufacturer", "version", "serial", "asset", "sku" },
        .processor = { .socket_prefix = "SOCKET",
                       .manufacturer = "processor manufacturer",
                       .version = "version",
                       .serial = "serial",
                       .asset = "asset",
                       .part = "part",
                       .id = 0x1f8bfbff000306a9,
                       .max_mhz = 3000,
                       .current_mhz = 2000 },
        .memory = { "DIMM", "bank", "memory manufacturer", "serial", "asset", "part",
                    3200 },
        .ports = &ports,
        .strings = &strings,
        .onboard = &onboard,
        .told = { [0] = TRUE, [2] = TRUE },
        .sockets = 2,
        .cores = 4,
        .threads = 8,
        .ram = ram,
        .n_ram = G_N_ELEMENTS(ram),
    };
    g_assert_true(smbios_parse_uuid("00112233-4455-6677-8899-aabbccddeeff", info.uuid));
    return info;
}

/* Only what has to be. */
static SmbiosInfo bare(void)
{
    return (SmbiosInfo){
        .sockets = 1,
        .cores = 1,
        .threads = 1,
        .ram = little,
        .n_ram = G_N_ELEMENTS(little),
    };
}

/* What does not fit into the fields of earlier versions. */
static SmbiosInfo large(void)
{
    return (SmbiosInfo){
        .system = { .manufacturer = "vireo", .serial = "" },
        .sockets = 1,
        .cores = 300,
        .threads = 600,
        .ram = much,
        .n_ram = G_N_ELEMENTS(much),
    };
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    SmbiosInfo info = strcmp(name, "full") == 0   ? full()
                      : strcmp(name, "bare") == 0 ? bare()
                                                  : large();
    g_autoptr(GByteArray) structures = smbios_build(&info);
    g_autoptr(GByteArray) placed = smbios_place(structures, 0);
    fwrite(placed->data, 1, placed->len, stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
