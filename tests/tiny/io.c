/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses in a loop. port=, count=: byte writes and reads there; mmio=: 32-bit
 * writes and reads there; string=1: one string write of 26 bytes to port.
 */
#include "tiny.h"

void tiny_main(const struct start_info *info)
{
    uint32_t count = parameter(info, "count", 16), sum = 0;
    uint16_t port = (uint16_t)parameter(info, "port", 0);
    uint32_t mmio = parameter(info, "mmio", 0);
    for (uint32_t i = 0; port && i < count; i++) {
        outb(port, (uint8_t)i);
        sum += inb(port);
    }
    for (uint32_t i = 0; mmio && i < count; i++) {
        write32(mmio, i);
        sum += read32(mmio);
    }
    if (parameter(info, "string", 0)) {
        outsb(port, "abcdefghijklmnopqrstuvwxyz", 26);
    }
    print("tiny: sum ");
    print_number(sum);
    print("\n");
}
