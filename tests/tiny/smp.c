/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts cpus=-1 further processors by INIT and SIPI, and waits for all of them. */
#include "tiny.h"

#define LAPIC      0xfee00000u
#define LAPIC_SPIV (LAPIC + 0xf0)
#define LAPIC_ICR  (LAPIC + 0x300)
#define TRAMPOLINE 0x8000u

#define ICR_INIT_OTHERS 0x000c4500u /* all but self, INIT, assert */
#define ICR_SIPI_OTHERS 0x000c4600u /* all but self, start-up */

extern const uint8_t ap_trampoline[], ap_trampoline_end[];
extern volatile uint32_t ap_count;

void tiny_main(const struct start_info *info)
{
    uint32_t others = parameter(info, "cpus", 1) - 1;
    for (uint32_t i = 0; ap_trampoline + i < ap_trampoline_end; i++) {
        *(volatile uint8_t *)(uintptr_t)(TRAMPOLINE + i) = ap_trampoline[i];
    }
    write32(LAPIC_SPIV, 0x1ff);
    write32(LAPIC_ICR, ICR_INIT_OTHERS);
    write32(LAPIC_ICR, ICR_SIPI_OTHERS | TRAMPOLINE >> 12);
    while (ap_count < others) {
        __asm__ volatile("pause");
    }
    print("tiny: cpus ");
    print_number(ap_count + 1);
    print("\n");
}
