/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CPUID answers on the first CPU: a line for each leaf and subleaf, "cpuid LEAF
 * SUBLEAF EAX EBX ECX EDX" in hexadecimal, then "cpuid done". */
#include "tiny.h"

struct answer {
    uint32_t eax, ebx, ecx, edx;
};

static struct answer ask(uint32_t leaf, uint32_t subleaf)
{
    struct answer a = { leaf, 0, subleaf, 0 };
    __asm__ volatile("cpuid" : "+a"(a.eax), "=b"(a.ebx), "+c"(a.ecx), "=d"(a.edx));
    return a;
}

static void print_hex(uint32_t n)
{
    static const char digits[] = "0123456789abcdef";
    char text[10];
    text[0] = ' ';
    for (int i = 0; i < 8; i++) {
        text[1 + i] = digits[n >> (28 - 4 * i) & 15];
    }
    text[9] = 0;
    print(text);
}

static void tell(uint32_t leaf, uint32_t subleaf)
{
    struct answer a = ask(leaf, subleaf);
    print("cpuid");
    print_hex(leaf);
    print_hex(subleaf);
    print_hex(a.eax);
    print_hex(a.ebx);
    print_hex(a.ecx);
    print_hex(a.edx);
    print("\n");
}

static uint32_t subleaves(uint32_t leaf)
{
    switch (leaf) {
    case 0xd:
        return 20;
    case 0x4:
    case 0x7:
    case 0xb:
    case 0x1f:
    case 0x8000001d:
    case 0x80000026:
        return 5;
    default:
        return 1;
    }
}

static void tell_range(uint32_t base)
{
    uint32_t top = ask(base, 0).eax;
    if (top < base || top > base + 0x40) {
        top = base;
    }
    for (uint32_t leaf = base; leaf <= top; leaf++) {
        for (uint32_t i = 0; i < subleaves(leaf); i++) {
            tell(leaf, i);
        }
    }
}

void tiny_main(const struct start_info *info)
{
    (void)info;
    tell_range(0);
    tell_range(0x40000000);
    tell_range(0x80000000);
    print("cpuid done\n");
}
