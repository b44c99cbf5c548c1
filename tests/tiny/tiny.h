/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tiny bare-metal guests: PVH ELF, 32-bit, no paging, one file each on top of this.
 * They speak on the first serial port, and take their parameters from the kernel
 * command line ("name=value ...").
 */
#ifndef TINY_H
#define TINY_H

#include <stdint.h>

#define SERIAL 0x3f8

/* Xen's hvm_start_info, as PVH hands it over. */
struct start_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_map_entries, reserved;
};

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outsb(uint16_t port, const void *data, uint32_t n)
{
    __asm__ volatile("rep outsb" : "+S"(data), "+c"(n) : "d"(port) : "memory");
}

static inline void write32(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

static inline uint32_t read32(uint32_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

static inline uint64_t read_msr(uint32_t index)
{
    uint64_t value;
    __asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
    return value;
}

static inline void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "A"(value));
}

#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_MTRR_MASK0    0x201
#define MSR_MC0_CTL       0x400

static inline void print(const char *text)
{
    while (*text) {
        outb(SERIAL, (uint8_t)*text++);
    }
}

static inline void print_number(uint32_t n)
{
    char buf[11], *p = buf + sizeof(buf) - 1;
    *p = 0;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    print(p);
}

/* The number behind "name=" on the command line (decimal or 0x...), or def. */
static inline uint32_t parameter(const struct start_info *info, const char *name,
                                 uint32_t def)
{
    const char *p = (const char *)(uintptr_t)info->command_line;
    while (p && *p) {
        const char *n = name;
        while (*n && *p == *n) {
            p++;
            n++;
        }
        if (!*n && *p == '=') {
            uint32_t value = 0, base = 10;
            p++;
            if (p[0] == '0' && p[1] == 'x') {
                base = 16;
                p += 2;
            }
            for (;; p++) {
                if (*p >= '0' && *p <= '9') {
                    value = value * base + (uint32_t)(*p - '0');
                } else if (base == 16 && *p >= 'a' && *p <= 'f') {
                    value = value * base + (uint32_t)(*p - 'a' + 10);
                } else {
                    return value;
                }
            }
        }
        while (*p && *p != ' ') {
            p++;
        }
        while (*p == ' ') {
            p++;
        }
    }
    return def;
}

/* Each guest's own part. */
void tiny_main(const struct start_info *info);

/* Nothing more to do, interrupts off. */
static inline void tiny_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* A triple fault: the machine resets. */
static inline void tiny_triple_fault(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idt = { 0, 0 };
    __asm__ volatile("lidt %0; ud2" : : "m"(idt));
}

/* From start.S, when tiny_main returns. */
void tiny_stop(void);
void tiny_stop(void)
{
    tiny_halt();
}

#endif
