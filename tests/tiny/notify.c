/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications: count= 32-bit writes of the value 7 to mmio= (an ioeventfd), then a
 * line. With ack=PORT it waits after each until a read of PORT gives the number.
 */
#include "tiny.h"

void tiny_main(const struct start_info *info)
{
    uint32_t count = parameter(info, "count", 1), mmio = parameter(info, "mmio", 0);
    uint16_t ack = (uint16_t)parameter(info, "ack", 0);
    for (uint32_t i = 1; i <= count; i++) {
        write32(mmio, 7);
        while (ack && inb(ack) != (uint8_t)i) {
        }
    }
    print("tiny: notified\n");
}
