/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NMIs on all processors: the first one polls, the others sleep with interrupts off.
 * cpus=: how many there are. "tiny: ready" when all have opened LINT1, then "tiny: nmi"
 * when all have had one; there is no IRET, so that there is only one at each boot.
 */
#include "tiny.h"

#define LAPIC       0xfee00000u
#define LAPIC_ID    (LAPIC + 0x20)
#define LAPIC_SPIV  (LAPIC + 0xf0)
#define LAPIC_ICR   (LAPIC + 0x300)
#define LAPIC_LINT1 (LAPIC + 0x360)
#define LVT_NMI     0x400u
#define TRAMPOLINE  0x8000u
#define VECTOR_NMI  2
#define MAX_CPUS    4

#define ICR_INIT_OTHERS 0x000c4500u
#define ICR_SIPI_OTHERS 0x000c4600u

struct gate {
    uint16_t low, selector, type, high;
};

static struct gate idt[VECTOR_NMI + 1];
static volatile uint32_t got[MAX_CPUS], ready;
extern const uint8_t ap_trampoline[], ap_trampoline_end[], tiny_nmi_entry[];
void tiny_nmi(void);

__asm__(".text\n"
        "tiny_nmi_entry:\n"
        "pusha\n"
        "call tiny_nmi\n"
        "popa\n" /* the stack: EIP, CS, EFLAGS */
        "push 8(%esp)\n"
        "popf\n"
        "ret $8\n");

void tiny_nmi(void)
{
    got[read32(LAPIC_ID) >> 24]++;
}

static void open_lint1(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint32_t)(uintptr_t)idt };
    __asm__ volatile("lidt %0" : : "m"(pointer));
    write32(LAPIC_SPIV, 0x1ff);
    write32(LAPIC_LINT1, LVT_NMI);
    __sync_fetch_and_add(&ready, 1);
}

void tiny_ap_main(uint32_t index)
{
    (void)index;
    open_lint1();
    tiny_halt();
}

static void start_others(void)
{
    for (uint32_t i = 0; ap_trampoline + i < ap_trampoline_end; i++) {
        *(volatile uint8_t *)(uintptr_t)(TRAMPOLINE + i) = ap_trampoline[i];
    }
    write32(LAPIC_ICR, ICR_INIT_OTHERS);
    write32(LAPIC_ICR, ICR_SIPI_OTHERS | TRAMPOLINE >> 12);
}

void tiny_main(const struct start_info *info)
{
    uint32_t cpus = parameter(info, "cpus", 1),
             entry = (uint32_t)(uintptr_t)tiny_nmi_entry;
    idt[VECTOR_NMI] =
        (struct gate){ (uint16_t)entry, 8, 0x8e00, (uint16_t)(entry >> 16) };
    open_lint1();
    if (cpus > 1) {
        start_others();
    }
    while (ready < cpus) {
        __asm__ volatile("pause");
    }
    print("tiny: ready\n");
    for (uint32_t i = 0; i < cpus; i++) {
        while (!got[i]) {
            __asm__ volatile("pause");
        }
    }
    print("tiny: nmi\n");
}
