/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line, then nothing: the probe for start-up time and memory. fault=1: a triple
 * fault; panic=N: the word N to the panic device; tsc_early_khz=N: whether CPUID says the
 * same; sleep=PORT: S5 by ACPI's control register there. */
#include "tiny.h"

#define PVPANIC        0x505
#define LEAF_FREQUENCY 0x40000010
#define SLP_EN         0x2000

static uint32_t cpuid_eax(uint32_t leaf)
{
    uint32_t ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(leaf), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return leaf;
}

void tiny_main(const struct start_info *info)
{
    uint32_t panic = parameter(info, "panic", 0);
    uint32_t khz = parameter(info, "tsc_early_khz", 0);

    print("tiny: hello\n");
    if (khz) {
        print(khz == cpuid_eax(LEAF_FREQUENCY) ? "tiny: TSC told\n" : "tiny: BAD TSC\n");
    }
    if (panic) {
        outb(PVPANIC, (uint8_t)panic & inb(PVPANIC));
    }
    uint32_t port = parameter(info, "sleep", 0);
    if (port) {
        outw((uint16_t)port, SLP_EN);
    }
    if (parameter(info, "fault", 0)) {
        tiny_triple_fault();
    }
}
