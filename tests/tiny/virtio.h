/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtio device for tiny guests, found on virtio-mmio or on PCI's bus 0, with split
 * rings and the event index. Interrupts are taken: MSI-X with a vector for each queue,
 * or one line that is acknowledged. Included once, by a guest's only source.
 */
#ifndef TINY_VIRTIO_H
#define TINY_VIRTIO_H

#include "tiny.h"

#define RING 128

#define LAPIC      0xfee00000u
#define LAPIC_EOI  (LAPIC + 0xb0)
#define LAPIC_SPIV (LAPIC + 0xf0)
#define IOAPIC     0xfec00000u
#define IOAPIC_2   0xfec10000u /* of QEMU's microvm */
#define FIRST_PIN  5u          /* above the serial port's */
#define VECTOR     0x40u
#define VECTORS    80u
#define MMIO       0xfeb00000u
#define MMIO_END   0xfeb18000u
#define MMIO_STEP  0x200u
#define SPARE      0xfe000000u /* for BARs that are above 4 GiB */
#define PCI_VENDOR 0x1af4u
#define PCI_MODERN 0x1040u
#define PCI_OLD    0x0fffu

enum { DESC_NEXT = 1, DESC_WRITE = 2 };
enum { FEATURE_EVENT_IDX = 1u << 29 };

struct queue {
    struct {
        uint64_t addr;
        uint32_t len;
        uint16_t flags, next;
    } desc[RING] __attribute__((aligned(16)));
    struct {
        uint16_t flags, idx, ring[RING], used_event;
    } avail __attribute__((aligned(4)));
    struct {
        uint16_t flags, idx;
        struct {
            uint32_t id, len;
        } ring[RING];
        uint16_t avail_event;
    } used __attribute__((aligned(4)));
    uint16_t index, seen, kicked;
    uint32_t notify; /* an address */
};

static struct {
    uint32_t mmio; /* 0: it is on PCI, where its structures are: */
    uint32_t common, notify, multiplier;
} device;
static volatile uint32_t interrupts;
static uint32_t spare = SPARE;

static void fail(const char *why)
{
    print("tiny: ");
    print(why);
    print("\n");
    tiny_halt();
}

static void write16(uint32_t address, uint16_t value)
{
    *(volatile uint16_t *)(uintptr_t)address = value;
}

static uint16_t read16(uint32_t address)
{
    return *(volatile uint16_t *)(uintptr_t)address;
}

static uint8_t read8(uint32_t address)
{
    return *(volatile uint8_t *)(uintptr_t)address;
}

/* --- interrupts --- */

void tiny_interrupt(void);
extern const uint8_t tiny_stub[];

__asm__(".text\n"
        ".globl tiny_stub\n"
        "tiny_stub:\n"
        "pusha\n"
        "call tiny_interrupt\n"
        "popa\n"
        "push 8(%esp)\n" /* the stack: EIP, CS, EFLAGS; not every KVM emulates iret */
        "popf\n"
        "ret $8\n");

void tiny_interrupt(void)
{
    interrupts++;
    if (device.mmio) {
        write32(device.mmio + 0x64, read32(device.mmio + 0x60));
    }
    write32(LAPIC_EOI, 0);
}

/* Edges of all pins, as where a slot's is differs. */
static void start_ioapic(uint32_t base)
{
    write32(base, 1);
    uint32_t last = (read32(base + 0x10) >> 16) & 0xff;
    for (uint32_t pin = FIRST_PIN; last < 0xff && pin <= last; pin++) {
        write32(base, 0x11 + 2 * pin);
        write32(base + 0x10, 0);
        write32(base, 0x10 + 2 * pin);
        write32(base + 0x10, VECTOR);
    }
}

static void start_interrupts(void)
{
    static struct {
        uint16_t low, selector, type, high;
    } idt[VECTORS];
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint32_t)idt };
    uint32_t stub = (uint32_t)tiny_stub;
    for (uint32_t i = VECTOR; i < VECTORS; i++) {
        idt[i].low = (uint16_t)stub;
        idt[i].selector = 8;
        idt[i].type = 0x8e00;
        idt[i].high = (uint16_t)(stub >> 16);
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
    write32(LAPIC_SPIV, 0x1ff);
    if (device.mmio) {
        start_ioapic(IOAPIC);
        start_ioapic(IOAPIC_2);
    }
}

/* --- PCI --- */

static uint32_t config_read(uint32_t slot, uint32_t at)
{
    uint32_t value;
    outl(0xcf8, 0x80000000u | slot << 11 | (at & 0xfc));
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"((uint16_t)0xcfc));
    return value >> (8 * (at & 3));
}

static void config_write(uint32_t slot, uint32_t at, uint32_t value)
{
    outl(0xcf8, 0x80000000u | slot << 11 | at);
    outl(0xcfc, value);
}

/* Where a BAR is; one that is out of our reach is moved. */
static uint32_t bar_address(uint32_t slot, uint32_t bar)
{
    uint32_t at = 0x10 + 4 * bar, low = config_read(slot, at);
    if ((low & 6) == 4 && config_read(slot, at + 4)) {
        config_write(slot, at, spare);
        config_write(slot, at + 4, 0);
        low = spare;
        spare += 0x10000;
    }
    return low & ~0xfu;
}

static void start_msix(uint32_t slot, uint32_t cap)
{
    uint32_t where = config_read(slot, cap + 4);
    uint32_t table = bar_address(slot, where & 7) + (where & ~7u);
    for (uint32_t i = 0; i <= (config_read(slot, cap + 2) & 0x7ff); i++) {
        write32(table + 16 * i, LAPIC & 0xfff00000u);
        write32(table + 16 * i + 4, 0);
        write32(table + 16 * i + 8, VECTOR + i);
        write32(table + 16 * i + 12, 0);
    }
    config_write(slot, cap, config_read(slot, cap & 0xfc) | 0x80000000u);
}

static void take_capability(uint32_t slot, uint32_t cap)
{
    uint32_t id = config_read(slot, cap) & 0xff, type = config_read(slot, cap + 3) & 0xff;
    if (id == 0x11) {
        start_msix(slot, cap);
    }
    if (id != 9 || type < 1 || type > 2) {
        return;
    }
    uint32_t address = bar_address(slot, config_read(slot, cap + 4) & 0xff);
    address += config_read(slot, cap + 8);
    if (type == 1) {
        device.common = address;
    } else {
        device.notify = address;
        device.multiplier = config_read(slot, cap + 16);
    }
}

static int find_on_pci(uint32_t kind)
{
    for (uint32_t slot = 0; slot < 32; slot++) {
        uint32_t id = config_read(slot, 0);
        if (id == (PCI_VENDOR | (PCI_MODERN + kind) << 16) ||
            id == (PCI_VENDOR | (PCI_OLD + kind) << 16)) {
            config_write(slot, 4, 0x406); /* memory, master, no INTx */
            for (uint32_t cap = config_read(slot, 0x34) & 0xff; cap;
                 cap = config_read(slot, cap + 1) & 0xff) {
                take_capability(slot, cap);
            }
            return device.common && device.notify;
        }
    }
    return 0;
}

/* --- the device --- */

static int find_on_mmio(uint32_t kind)
{
    for (uint32_t at = MMIO; at < MMIO_END; at += MMIO_STEP) {
        if (read32(at) == 0x74726976 && read32(at + 4) == 2 && read32(at + 8) == kind) {
            device.mmio = at;
            return 1;
        }
    }
    return 0;
}

static void set_status(uint8_t status)
{
    if (device.mmio) {
        write32(device.mmio + 0x70, status);
    } else {
        *(volatile uint8_t *)(uintptr_t)(device.common + 20) = status;
    }
}

static uint8_t get_status(void)
{
    return device.mmio ? (uint8_t)read32(device.mmio + 0x70) : read8(device.common + 20);
}

/* Of the low features those that are wanted and there; VERSION_1 of the high ones. */
static uint32_t negotiate(uint32_t wanted)
{
    uint32_t offered = device.mmio ? device.mmio + 0x10 : device.common + 4;
    uint32_t offered_select = device.mmio ? device.mmio + 0x14 : device.common;
    uint32_t driver = device.mmio ? device.mmio + 0x20 : device.common + 12;
    uint32_t driver_select = device.mmio ? device.mmio + 0x24 : device.common + 8;
    set_status(0);
    while (get_status()) {
    }
    set_status(1);
    set_status(3);
    write32(offered_select, 0);
    uint32_t features = read32(offered) & wanted;
    write32(driver_select, 0);
    write32(driver, features);
    write32(driver_select, 1);
    write32(driver, 1);
    set_status(11);
    if (!(get_status() & 8)) {
        fail("the features are refused");
    }
    return features;
}

static void set_addresses(uint32_t at, uint32_t step, const struct queue *q)
{
    write32(at, (uint32_t)q->desc);
    write32(at + 4, 0);
    write32(at + step, (uint32_t)&q->avail);
    write32(at + step + 4, 0);
    write32(at + 2 * step, (uint32_t)&q->used);
    write32(at + 2 * step + 4, 0);
}

static void start_queue_mmio(struct queue *q)
{
    write32(device.mmio + 0x30, q->index);
    if (read32(device.mmio + 0x34) < RING) {
        fail("the queue is small");
    }
    write32(device.mmio + 0x38, RING);
    set_addresses(device.mmio + 0x80, 0x10, q);
    write32(device.mmio + 0x44, 1);
    q->notify = device.mmio + 0x50;
}

static void start_queue(struct queue *q, uint16_t index)
{
    q->index = index;
    if (device.mmio) {
        start_queue_mmio(q);
        return;
    }
    write16(device.common + 22, index);
    if (read16(device.common + 24) < RING) {
        fail("the queue is small");
    }
    write16(device.common + 24, RING);
    write16(device.common + 26, index);
    if (read16(device.common + 26) != index) {
        fail("no vector");
    }
    set_addresses(device.common + 32, 8, q);
    q->notify = device.notify + device.multiplier * read16(device.common + 30);
    write16(device.common + 28, 1);
}

/* --- its rings --- */

static void set_desc(struct queue *q, uint32_t i, const void *data, uint32_t len,
                     uint16_t flags)
{
    q->desc[i].addr = (uint32_t)data;
    q->desc[i].len = len;
    q->desc[i].flags = flags;
    q->desc[i].next = (uint16_t)(i + 1);
}

static void make_available(struct queue *q, uint32_t head)
{
    q->avail.ring[q->avail.idx % RING] = (uint16_t)head;
    __asm__ volatile("" ::: "memory");
    *(volatile uint16_t *)&q->avail.idx = (uint16_t)(q->avail.idx + 1);
}

/* The device is told of what it has not seen, where it asks for that. */
static void kick(struct queue *q)
{
    __sync_synchronize();
    uint16_t new = q->avail.idx, old = q->kicked;
    uint16_t event = *(volatile uint16_t *)&q->used.avail_event;
    q->kicked = new;
    if ((uint16_t)(new - event - 1) < (uint16_t)(new - old)) {
        if (device.mmio) {
            write32(q->notify, q->index);
        } else {
            write16(q->notify, q->index);
        }
    }
}

/* The head of a chain that has been used, or -1. */
static int take_used(struct queue *q)
{
    if (*(volatile uint16_t *)&q->used.idx == q->seen) {
        return -1;
    }
    __sync_synchronize();
    return (int)q->used.ring[q->seen++ % RING].id;
}

/* Sleeps until there is more; interrupts are on in the meantime alone. */
static void wait_used(struct queue *q)
{
    *(volatile uint16_t *)&q->avail.used_event = q->seen;
    __sync_synchronize();
    while (*(volatile uint16_t *)&q->used.idx == q->seen) {
        __asm__ volatile("sti; hlt; cli" ::: "memory");
    }
}

#endif
