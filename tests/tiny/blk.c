/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk on a real vCPU: writes count= sectors of a pattern to the disk at mmio=
 * and reads them back, depth= at a time, then powers off. The notifications are an
 * ioeventfd; that the interrupts arrive (irqfd, I/O APIC, pin=) is seen in the local
 * APIC, which need not deliver them.
 */
#include "tiny.h"

#define IOAPIC    0xfec00000u
#define LAPIC     0xfee00000u
#define SLEEP     0xfea00010u
#define VECTOR    0x40
#define NUM       64
#define MAX_DEPTH 16

enum { NEXT = 1, WRITE = 2 };

static struct {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} desc[NUM] __attribute__((aligned(16)));
static struct {
    uint16_t flags, idx, ring[NUM], event;
} avail __attribute__((aligned(4)));
static struct {
    uint16_t flags, idx;
    struct {
        uint32_t id, len;
    } ring[NUM];
    uint16_t event;
} used __attribute__((aligned(4)));

static struct {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    uint8_t status;
    uint8_t data[512] __attribute__((aligned(512)));
} request[MAX_DEPTH];

static uint32_t mmio;

static void fail(const char *why)
{
    print("tiny: ");
    print(why);
    print("\n");
    tiny_halt();
}

static void start_device(void)
{
    const struct {
        uint32_t reg, value;
    } writes[] = {
        { 0x70, 0 },
        { 0x70, 1 },
        { 0x70, 3 },
        { 0x24, 0 },
        { 0x20, 0 },
        { 0x24, 1 },
        { 0x20, 1 }, /* VERSION_1 */
        { 0x70, 11 },
        { 0x30, 0 },
        { 0x38, NUM },
        { 0x80, (uint32_t)desc },
        { 0x90, (uint32_t)&avail },
        { 0xa0, (uint32_t)&used },
        { 0x44, 1 },
        { 0x70, 15 },
    };

    if (read32(mmio) != 0x74726976 || read32(mmio + 8) != 2) {
        fail("there is no disk");
    }
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        write32(mmio + writes[i].reg, writes[i].value);
    }
    if (read32(mmio + 0x70) != 15) {
        fail("the disk does not start");
    }
}

/* Edge, fixed, to APIC 0; the local APIC is on, the CPU takes no interrupts. */
static void start_interrupts(uint32_t pin)
{
    write32(IOAPIC, 0x11 + 2 * pin);
    write32(IOAPIC + 0x10, 0);
    write32(IOAPIC, 0x10 + 2 * pin);
    write32(IOAPIC + 0x10, VECTOR);
    write32(LAPIC + 0xf0, 0x1ff);
}

static int interrupted(void)
{
    return (read32(LAPIC + 0x200 + 0x10 * (VECTOR / 32)) >> (VECTOR % 32)) & 1;
}

static void add(unsigned slot, uint32_t type, uint32_t sector)
{
    unsigned d = 3 * slot;

    request[slot].header.type = type;
    request[slot].header.sector = sector;
    request[slot].status = 0xff;
    desc[d].addr = (uint32_t)&request[slot].header;
    desc[d].len = 16;
    desc[d].flags = NEXT;
    desc[d].next = (uint16_t)(d + 1);
    desc[d + 1].addr = (uint32_t)request[slot].data;
    desc[d + 1].len = 512;
    desc[d + 1].flags = NEXT | (type ? 0 : WRITE);
    desc[d + 1].next = (uint16_t)(d + 2);
    desc[d + 2].addr = (uint32_t)&request[slot].status;
    desc[d + 2].len = 1;
    desc[d + 2].flags = WRITE;
    avail.ring[avail.idx % NUM] = (uint16_t)d;
    __asm__ volatile("" ::: "memory");
    *(volatile uint16_t *)&avail.idx = (uint16_t)(avail.idx + 1);
}

static void finish(void)
{
    __sync_synchronize();
    write32(mmio + 0x50, 0);
    while (*(volatile uint16_t *)&used.idx != avail.idx) {
    }
}

static uint8_t pattern(uint32_t sector, unsigned i)
{
    return (uint8_t)(sector * 7 + i);
}

static void transfer(uint32_t type, uint32_t count, uint32_t depth)
{
    for (uint32_t sector = 0; sector < count; sector += depth) {
        for (uint32_t s = 0; s < depth; s++) {
            for (unsigned i = 0; type && i < 512; i++) {
                request[s].data[i] = pattern(sector + s, i);
            }
            add(s, type, sector + s);
        }
        finish();
        for (uint32_t s = 0; s < depth; s++) {
            if (request[s].status) {
                fail("a request failed");
            }
            for (unsigned i = 0; !type && i < 512; i++) {
                if (request[s].data[i] != pattern(sector + s, i)) {
                    fail("wrong data");
                }
            }
        }
    }
}

void tiny_main(const struct start_info *info)
{
    uint32_t count = parameter(info, "count", 64), depth = parameter(info, "depth", 1);

    mmio = parameter(info, "mmio", 0);
    if (depth > MAX_DEPTH || count % depth) {
        fail("bad depth=");
    }
    start_interrupts(parameter(info, "pin", 0));
    start_device();
    transfer(1, count, depth);
    transfer(0, count, depth);
    while (!interrupted()) {
    }
    if (read32(mmio + 0x60) != 1) {
        fail("no interrupt status");
    }
    print("tiny: disk written and read\n");
    *(volatile uint8_t *)SLEEP = 0x20 | 5 << 2;
    tiny_halt();
}
