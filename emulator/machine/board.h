/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all boards are made of, each in a file of its own: a board says where its memory
 * is split, which devices it has and what a boot finds, and calls these in order:
 * checks first, then RAM, interrupt controllers, vCPUs, devices.
 *
 * All under the machine lock, on the main thread. Errors name option and value.
 */
#ifndef VIREO_MACHINE_BOARD_H
#define VIREO_MACHINE_BOARD_H

#include "firmware/kernel-items.h"
#include "firmware/kernel.h"
#include "machine/machine.h"
#include "memory/address-map.h"

/* What all boards are told by -machine: the first member of their options. */
typedef struct BoardOptions {
    gboolean acpi, dump, mem_merge, mem_share;
    char *memory_backend;
} BoardOptions;

/* A row for a member of the board's own structure, Options; then those of all. */
#define BOARD_OPTION(name_, type_, member, def_, help_)                                  \
    {                                                                                    \
        .name = name_, .type = type_, .offset = offsetof(Options, member), .def = def_,  \
        .help = help_                                                                    \
    }
#define BOARD_OPTIONS(acpi_help_)                                                        \
    BOARD_OPTION("acpi", PROP_BOOL, board.acpi, "on", acpi_help_),                       \
        BOARD_OPTION("dump-guest-core", PROP_BOOL, board.dump, "on",                     \
                     "a core file has the RAM"),                                         \
        BOARD_OPTION("mem-merge", PROP_BOOL, board.mem_merge, "on",                      \
                     "KSM may merge pages of a memory backend"),                         \
        BOARD_OPTION("mem-share", PROP_BOOL, board.mem_share, "off",                     \
                     "RAM is shared memory"),                                            \
    {                                                                                    \
        .name = "memory-backend", .type = PROP_STRING,                                   \
        .offset = offsetof(Options, board.memory_backend),                               \
        .link = "link<memory-backend>",                                                  \
        .help = "ID of the memory backend that is the RAM"                               \
    }

/* memory.c */

#define BOARD_HIGH_RAM 0x100000000ull
#define BOARD_MIN_RAM  0x00100000u
#define BOARD_MAX_RAM  0x40000000000ull /* 4 TiB */

typedef struct BoardMemory {
    /* The board's, before the check. */
    const char *machine; /* its name in errors */
    const char *block;   /* name of the RAM where no back end gives one */
    const BoardOptions *options;
    guint64 split_from;     /* bytes: less RAM than this is all below the PCI hole, */
    guint64 split;          /* of more only so much; the rest is from 4 GiB on */
    guint64 hole, hole_end; /* below split: the guest has none there; both 0: no hole */

    guint64 size, low, high; /* bytes; low and high make size */
    ConfigNode *backend;     /* borrowed; NULL: none */
    RamBlock *ram;
    Region *below_hole, *below_4g, *above_4g; /* NULL: there is no such part */
} BoardMemory;

/*
 * `-m` and the `-object` that memory-backend= names; creates nothing. The options stay
 * where they are until board_memory_create() has been called.
 */
gboolean board_memory_check(BoardMemory *memory, ConfigNode *config, GError **errp);
/* The RAM, on the memory map. What there is when it fails, board_memory_free() takes. */
gboolean board_memory_create(BoardMemory *memory, GError **errp);
void board_memory_free(BoardMemory *memory);

/* kernel.c */

typedef struct BoardKernel {
    /* Before the check: there is some, which needs no kernel; it is a BIOS. */
    gboolean firmware, bios;
    Kernel *kernel;     /* that the board starts; NULL: none */
    KernelItems *items; /* of the one that firmware starts; NULL: none */
    GBytes *rom;        /* by which a BIOS does; NULL: none */
    gboolean tell_tsc;  /* to the kernel, which will not ask for its rate */
} BoardKernel;

/*
 * `-kernel`, `-initrd`, `-append`; creates nothing. auto_cmdline: the kernel may be told
 * the rate of the TSC. Without a kernel and without firmware only qtest starts.
 */
gboolean board_kernel_check(BoardKernel *kernel, const char *machine,
                            const BootMemory *memory, gboolean auto_cmdline,
                            ConfigNode *config, GError **errp);
/* Into guest memory, for each boot anew; without a kernel boot is left alone. */
gboolean board_kernel_load(const BoardKernel *kernel, BootState *boot, GError **errp);
/* What firmware is to know of it; nothing without one. */
gboolean board_kernel_add_items(const BoardKernel *kernel, Device *fw_cfg, GError **errp);
void board_kernel_free(BoardKernel *kernel);

/* cpus.c */

/* "ioapic", a new reference; NULL: failed. Before the vCPUs. */
Device *board_create_ioapic(guint64 address, GError **errp);
/* The irqchip and as many vCPUs as `-smp` says; behind the RAM: DESIGN, section 8. */
gboolean board_create_vcpus(GError **errp);

/* isa.c */

/* `-rtc`; a new reference, NULL: failed. */
Device *board_create_rtc(Bus *isa, ConfigNode *config, GError **errp);
/* `-serial` */
gboolean board_create_serials(Bus *isa, ConfigNode *config, GError **errp);

/* reset.c */

/* Writes guest memory as a boot finds it, and the entry state (cleared before). */
typedef gboolean (*BoardLoadFn)(BootState *boot, GError **errp);
/*
 * All devices are there: vCPUs to their boot state, and what a reset of the machine does
 * is known. With `incoming` guest memory and vCPUs are left to the stream.
 */
gboolean board_ready(BoardLoadFn load, gboolean incoming, GError **errp);

#endif
