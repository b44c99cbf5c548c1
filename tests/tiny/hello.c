/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line, then nothing: the probe for start-up time and memory. fault=1: a triple fault;
 * panic=N: the word N to the panic device. */
#include "tiny.h"

#define PVPANIC 0x505

void tiny_main(const struct start_info *info)
{
    uint32_t panic = parameter(info, "panic", 0);

    print("tiny: hello\n");
    if (panic) {
        outb(PVPANIC, (uint8_t)panic & inb(PVPANIC));
    }
    if (parameter(info, "fault", 0)) {
        tiny_triple_fault();
    }
}
