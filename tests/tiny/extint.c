/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes interrupts of the 8259 by LINT0 (ExtINT) and NMIs by LINT1, in all the states
 * that a processor can be in. Ports of the test: PULSE and LATER raise the interrupt that
 * is written, at once or from the main loop, NMI and NMI_LATER an NMI. count=: how many
 * at the end.
 */
#include "tiny.h"

#define PULSE     0xe0
#define LATER     0xe1
#define NMI       0xe2
#define NMI_LATER 0xe3

#define LAPIC       0xfee00000u
#define LAPIC_SPIV  (LAPIC + 0xf0)
#define LAPIC_LINT0 (LAPIC + 0x350)
#define LAPIC_LINT1 (LAPIC + 0x360)
#define LVT_EXTINT  0x700u
#define LVT_NMI     0x400u
#define LVT_MASKED  0x10000u

#define MASTER     0x20
#define SLAVE      0xa0
#define EOI        0x20
#define BASE       0x30
#define VECTORS    64
#define VECTOR_NMI 2
#define PATIENCE   100000000u

struct gate {
    uint16_t low, selector, type, high;
};

static struct gate idt[VECTORS];
static volatile uint32_t got[VECTORS];
void tiny_interrupt(uint32_t vector);
extern const uint8_t tiny_stubs[];

__asm__(".text\n"
        ".globl tiny_stubs\n"
        ".align 32\n"
        "tiny_stubs:\n"
        ".set vector, 0\n"
        ".rept 64\n"
        ".align 32\n"
        "pusha\n"
        "push $vector\n"
        "call tiny_interrupt\n"
        "add $4, %esp\n"
        "popa\n"
        "jmp tiny_return\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        "tiny_return:\n" /* the stack: EIP, CS, EFLAGS */
        "push 8(%esp)\n"
        "popf\n"
        "ret $8\n");

void tiny_interrupt(uint32_t vector)
{
    got[vector]++;
    if (vector >= BASE + 8) {
        outb(SLAVE, EOI);
    }
    if (vector >= BASE) {
        outb(MASTER, EOI);
    }
}

static void set_up_idt(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint32_t)(uintptr_t)idt };
    for (uint32_t i = 0; i < VECTORS; i++) {
        uint32_t stub = (uint32_t)(uintptr_t)tiny_stubs + 32 * i;
        idt[i] = (struct gate){ (uint16_t)stub, 8, 0x8e00, (uint16_t)(stub >> 16) };
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void set_up_pic(uint16_t port, uint8_t base, uint8_t icw3)
{
    outb(port, 0x11);
    outb(port + 1, base);
    outb(port + 1, icw3);
    outb(port + 1, 0x01);
    outb(port + 1, 0);
}

static void expect(uint32_t vector, uint32_t n, const char *what)
{
    for (uint32_t i = 0; got[vector] < n && i < PATIENCE; i++) {
        __asm__ volatile("pause");
    }
    if (got[vector] != n) {
        print("tiny: bad ");
        print(what);
        print("\n");
        tiny_halt();
    }
}

/* Accesses that nothing may come of. */
static void pass_time(void)
{
    for (uint32_t i = 0; i < 20; i++) {
        inb(MASTER + 1);
    }
}

static void wait_halted(uint32_t vector, uint32_t n)
{
    while (got[vector] < n) {
        __asm__ volatile("sti; hlt; cli");
    }
}

static void check_extint(void)
{
    outb(PULSE, 4);
    pass_time();
    expect(BASE + 4, 0, "interrupts off");
    __asm__ volatile("sti");
    expect(BASE + 4, 1, "window");
    outb(PULSE, 12);
    expect(BASE + 12, 1, "slave");
    __asm__ volatile("cli");
    outb(LATER, 12);
    wait_halted(BASE + 12, 2);

    write32(LAPIC_LINT0, LVT_EXTINT | LVT_MASKED);
    outb(PULSE, 5);
    __asm__ volatile("sti");
    pass_time();
    expect(BASE + 5, 0, "LINT0 masked");
    write32(LAPIC_LINT0, LVT_EXTINT);
    expect(BASE + 5, 1, "LINT0");
    __asm__ volatile("cli");
}

static void check_nmi(uint32_t how)
{
    write32(LAPIC_LINT1, LVT_NMI | LVT_MASKED);
    outb(NMI, 0);
    pass_time();
    expect(VECTOR_NMI, 0, "LINT1 masked");
    write32(LAPIC_LINT1, LVT_NMI);
    if (how == 1) {
        outb(NMI, 0);
        expect(VECTOR_NMI, 1, "LINT1");
    } else if (how == 2) {
        outb(NMI_LATER, 0);
    }
    print("tiny: waits\n");
    while (!got[VECTOR_NMI]) {
        pass_time(); /* an NMI just before a hlt would be slept over */
    }
    print("tiny: nmi\n");
}

/* Each comes once, or this never ends. */
static void count_to(uint32_t count)
{
    uint32_t line = 0, wanted[16] = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        line = (line + 5) % 16;
        line = line == 2 ? 3 : line;
        uint32_t vector = BASE + line;
        wanted[line] = wanted[line] ? wanted[line] + 1 : got[vector] + 1;
        outb(i % 3 ? LATER : PULSE, (uint8_t)line);
        wait_halted(vector, wanted[line]);
        expect(vector, wanted[line], "count");
    }
    print("tiny: extint ");
    print_number(count);
    print("\n");
}

void tiny_main(const struct start_info *info)
{
    set_up_idt();
    write32(LAPIC_SPIV, 0x1ff);
    write32(LAPIC_LINT0, LVT_EXTINT);
    set_up_pic(MASTER, BASE, 0x04);
    set_up_pic(SLAVE, BASE + 8, 0x02);
    if (parameter(info, "nmi", 0)) {
        check_nmi(parameter(info, "nmi", 0));
    } else {
        check_extint();
        count_to(parameter(info, "count", 100));
    }
}
