/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM in this process for tiny guests (tests/tiny) on the real /dev/kvm: RAM, vCPUs, and
 * the byte port 3f8h, which collects what the guest prints.
 */
#ifndef TESTS_UNIT_TINY_BOARD_H
#define TESTS_UNIT_TINY_BOARD_H

#include "accel/accel.h"
#include "memory/address-map.h"

#define RAM_SIZE (64u << 20)

extern RamBlock *ram;
extern GString *output;
extern BootState boot;
extern guint64 tiny_first_exit; /* when the first byte came, CLOCK_TYPE_REALTIME */

/* After event_init(). VIREO_TEST_WITHOUT: capabilities of KVM to do without. */
void tiny_board_make(unsigned cpus);

Region *map(AddressMap *map, Region *region, guint64 addr);
void unmap(AddressMap *map, Region *region);

/* Loads tests/tiny/NAME.elf with this command line, and resets the vCPUs to its entry. */
void boot_guest(const char *name, const char *arguments);
/* Runs the main loop until the guest has printed that. */
void until_output(const char *text);
/* The number in the last whole line "round N" of the output, or 0; until there is one. */
guint32 last_round(void);
void until_round(void);
/* Boots it, starts the VM, and stops it when the guest has printed what is expected. */
void run_guest(const char *name, const char *arguments, const char *expected);

#endif
