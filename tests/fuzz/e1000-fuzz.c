/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to a network card whose frames come back to it:
 * registers in memory and by ports, EEPROM and PHY, descriptors of both rings that are
 * right, nearly right or anything, resets of every kind, while the VM is stopped and its
 * clock moves. It answers to the end, can be reset, and then a good driver's frame comes
 * back.
 */
#include "fuzz/e1000-fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/guest.h"

#define STEPS 200

#define RAM      0x1000000u
#define CONFIG   0x80002000u /* of 04.0, by the port */
#define TX_RING  0x200000u
#define RX_RING  0x210000u
#define RING     32u
#define DATA     0x300000u
#define BUFFERS  0x400000u
#define BUFFER   0x800u
#define LOOPBACK 0x04204140u /* MDIC: the PHY's control register */

/* Registers. */
#define CTRL  0x0000
#define EECD  0x0010
#define MDIC  0x0020
#define IMS   0x00d0
#define RCTL  0x0100
#define TCTL  0x0400
#define RDBAL 0x2800
#define TDBAL 0x3800
#define TPR   0x40d0
#define TPT   0x40d4

struct E1000FuzzCounts e1000_fuzz_counts;

static FuzzVm *vm;
static guint32 bar, ports; /* where a reset puts them */
static guint32 tail;       /* of the transmitter */

static void end(void)
{
    fuzz_vm_stop(vm);
}

static guint32 read_config(unsigned offset)
{
    g_autofree char *line = g_strdup_printf("outl 0xcf8 0x%x\n", CONFIG + offset);

    fuzz_vm_qtest(vm, line);
    return (guint32)fuzz_vm_value(vm, "inl 0xcfc\n");
}

static void set_up(void)
{
    fuzz_enter_directory();
    vm = fuzz_vm_start("-machine q35 -m 16M -device e1000,addr=4,romfile=");
    bar = read_config(0x10) & ~0xfu;
    ports = read_config(0x14) & ~3u;
    atexit(end);
}

static void flush(GString *out)
{
    fuzz_vm_qtest(vm, out->str);
    g_string_truncate(out, 0);
}

static void set(GString *out, guint32 reg, guint32 value)
{
    g_string_append_printf(out, "writel 0x%x 0x%x\n", bar + reg, value);
}

static void master(GString *out, guint32 command)
{
    g_string_append_printf(out, "outl 0xcf8 0x%x\noutl 0xcfc 0x%x\n", CONFIG + 4,
                           command);
}

static void put_long(GString *out, guint32 at, guint64 value)
{
    value = GUINT64_TO_LE(value);
    fuzz_put(out, at, &value, sizeof(value));
}

/* A ring: base, length, head and tail, in registers as far from one another. */
static void start_ring(GString *out, guint32 reg, guint32 ring, guint32 tail_at)
{
    set(out, reg, ring);
    set(out, reg + 4, 0);
    set(out, reg + 8, 16 * RING);
    set(out, reg + 0x10, 0);
    set(out, reg + 0x18, tail_at);
}

/* What a driver does first. */
static void start(GString *out)
{
    master(out, 7);
    set(out, CTRL, 0x04000000);
    set(out, MDIC, LOOPBACK);
    for (unsigned i = 0; i < RING; i++) {
        put_long(out, RX_RING + 16 * i, BUFFERS + BUFFER * i);
        put_long(out, RX_RING + 16 * i + 8, 0);
    }
    tail = 0;
    start_ring(out, TDBAL, TX_RING, 0);
    start_ring(out, RDBAL, RX_RING, RING - 1);
    set(out, TCTL, 0x0a);
    set(out, RCTL, 0x04008002);
    set(out, IMS, 0xffff);
}

/* --- descriptors --- */

/* Mostly in the data; else at an end of memory, or anywhere. */
static guint64 choose_address(FuzzInput *in)
{
    static const guint32 bases[] = { 0,        RAM - 0x200, 0xa0000,
                                     0xc0000u, 0xb0000000u, TX_RING };
    guint8 where = (guint8)fuzz_take(in, 1);

    if (where >= 0xf8) {
        return fuzz_take(in, 8);
    }
    if (where >= 0xe8) {
        return bases[where % G_N_ELEMENTS(bases)] + (fuzz_take(in, 2) & 0x3ff);
    }
    return DATA + (fuzz_take(in, 2) & 0xffff);
}

static void put_descriptor(GString *out, guint64 address, guint32 lower, guint32 upper)
{
    put_long(out, TX_RING + 16 * tail, address);
    put_long(out, TX_RING + 16 * tail + 8, lower | (guint64)upper << 32);
    tail = (tail + 1) % RING;
}

static void kick(GString *out)
{
    set(out, TDBAL + 0x18, tail);
    e1000_fuzz_counts.kicks++;
}

/* Lengths of frames, of what TSO takes, or any. */
static guint32 choose_length(FuzzInput *in)
{
    guint32 n = (guint32)fuzz_take(in, 2);

    return n < 0xd000 ? n % 1600 : n < 0xff00 ? n : (guint32)fuzz_take(in, 4) & 0xfffff;
}

/* EOP, IFCS, IC or TSE, RS, RPS, DEXT, VLE, IDE; the end comes often. */
static guint32 choose_command(FuzzInput *in)
{
    guint32 command = (guint32)fuzz_take(in, 1);

    return (command | (command & 6 ? 0 : 1)) << 24;
}

static void legacy(FuzzInput *in, GString *out)
{
    guint32 command = choose_command(in) & ~0x20000000u;

    put_descriptor(out, choose_address(in),
                   (choose_length(in) & 0xffff) | command |
                       (guint32)(fuzz_take(in, 1) << 16),
                   (guint32)fuzz_take(in, 4));
    kick(out);
}

static void data(FuzzInput *in, GString *out)
{
    unsigned n = fuzz_take(in, 1) % 6;

    for (unsigned i = 0; i <= n; i++) {
        guint32 command = choose_command(in) & (i == n ? ~0u : ~0x01000000u);
        put_descriptor(out, choose_address(in), choose_length(in) | 0x20100000u | command,
                       (guint32)fuzz_take(in, 4));
    }
    kick(out);
}

/* Of TCP, of UDP, over IPv4 or IPv6; sometimes of anything. */
static void context(FuzzInput *in, GString *out)
{
    guint32 how = (guint32)fuzz_take(in, 1);
    guint32 tu = how & 2 ? 34 : 54, header = tu + (how & 1 ? 20 : 8);
    guint32 ip = 14 | 24 << 8 | (tu - 1) << 16;
    guint32 sum = tu | (tu + (how & 1 ? 16 : 6)) << 8;
    guint32 mss = (guint32)fuzz_take(in, 2) % 1500;

    if (how >= 0xe0) {
        ip = (guint32)fuzz_take(in, 4);
        sum = (guint32)fuzz_take(in, 4);
        header = (guint32)fuzz_take(in, 1);
        mss = (guint32)fuzz_take(in, 2);
    }
    put_descriptor(out, ip | (guint64)sum << 32,
                   0x20000000u | (how & 7) << 24 | (how & 8 ? 0x08000000u : 0),
                   header << 8 | mss << 16);
}

/* A packet that is cut, after its context. */
static void segments(FuzzInput *in, GString *out)
{
    unsigned n = fuzz_take(in, 1) % 5;

    context(in, out);
    for (unsigned i = 0; i <= n; i++) {
        put_descriptor(out, DATA + (guint32)fuzz_take(in, 1),
                       (choose_length(in) & 0x1fff) | 0x24100000u |
                           (i == n ? 0x09000000u : 0),
                       0x300);
    }
    kick(out);
}

/* Somewhere in rings or data. */
static void poke(FuzzInput *in, GString *out)
{
    static const guint32 bases[] = { TX_RING, RX_RING, DATA, RX_RING };
    guint32 where = (guint32)fuzz_take(in, 2);

    put_long(out, bases[where % 4] + (where / 4 & 0x3f8), fuzz_take(in, 8));
}

static void receive(FuzzInput *in, GString *out)
{
    guint32 how = (guint32)fuzz_take(in, 1);

    put_long(out, RX_RING + 16 * (how % RING), choose_address(in));
    set(out, RDBAL + 0x18, how < 0xf0 ? how / 4 % RING : (guint32)fuzz_take(in, 2));
}

/* --- registers --- */

static void access_registers(FuzzInput *in, GString *out)
{
    static const guint32 bases[] = { 0,      0x0c0,  0x100,  0x400,  0x2800,
                                     0x3800, 0x4000, 0x5200, 0x5400, 0x5600 };
    guint8 how = (guint8)fuzz_take(in, 1);
    guint32 at = bases[how % G_N_ELEMENTS(bases)] + ((guint32)fuzz_take(in, 1) & 0x3c);

    if (how >= 0xf0) {
        at = (guint32)fuzz_take(in, 4) & 0x1ffff;
    }
    if (how >= 0xe0 && how < 0xf0) {
        g_string_append_printf(out, "outl 0x%x 0x%x\n", ports, at);
        fuzz_access_port(in, out, ports + 4);
    } else {
        fuzz_access_memory(in, out, bar + at);
    }
}

/* Filters, sizes of buffers, long frames, VLANs. */
static void modes(FuzzInput *in, GString *out)
{
    set(out, RCTL, (guint32)fuzz_take(in, 4) | 2);
    set(out, CTRL, (guint32)fuzz_take(in, 4) & ~0x84000000u);
}

static void wires(FuzzInput *in, GString *out)
{
    guint64 bits = fuzz_take(in, 8);

    if (bits & 1) {
        for (unsigned i = 0; i < 20; i++) {
            set(out, EECD, (guint32)(bits >> (3 * i) & 7) | 2);
        }
    } else { /* PHY 1, mostly */
        set(out, MDIC, (guint32)(bits >> 8) & 0x2c1fffffu);
        set(out, MDIC, 0x00200000u | ((guint32)(bits >> 16) & 0x2c1fffffu));
    }
}

static void reset(FuzzInput *in, GString *out)
{
    guint8 how = (guint8)fuzz_take(in, 1);

    switch (how % 4) {
    case 0:
        set(out, CTRL, 0x04000000);
        break;
    case 1:
        set(out, CTRL, 0x80000000);
        break;
    case 2:
        master(out, how & 8 ? 3 : 0x407);
        break;
    default:
        g_string_append_printf(out, "clock_step %u\n", how * 3000000u);
        break;
    }
    if (how < 0xc0) { /* and on with it */
        start(out);
    }
}

static void monitor(FuzzInput *in, GString *out)
{
    static const char *const commands[] = { "stop", "cont", "cont", "system_reset",
                                            "query-pci" };
    guint8 which = (guint8)(fuzz_take(in, 1) % G_N_ELEMENTS(commands));
    g_autofree char *text = g_strdup_printf("{\"execute\":\"%s\"}", commands[which]);

    flush(out);
    g_free(fuzz_vm_qmp(vm, text));
}

/* --- all together --- */

static void step(FuzzInput *in, GString *out)
{
    static void (*const steps[])(FuzzInput *, GString *) = {
        legacy,  legacy,  data,    data,  data,    segments,         segments,
        context, receive, receive, poke,  poke,    access_registers, access_registers,
        modes,   wires,   reset,   reset, monitor,
    };

    steps[fuzz_take(in, 1) % G_N_ELEMENTS(steps)](in, out);
}

static guint32 get(guint32 reg)
{
    g_autofree char *line = g_strdup_printf("readl 0x%x\n", bar + reg);

    return (guint32)fuzz_vm_value(vm, line);
}

/* The BAR may have gone elsewhere. */
static void look(void)
{
    guint32 sent = get(TPT), received = get(TPR);

    e1000_fuzz_counts.sent += sent != G_MAXUINT32 ? sent : 0;
    e1000_fuzz_counts.received += received != G_MAXUINT32 ? received : 0;
}

/* As a driver does that finds the card after a reset: a frame to itself. */
static void send_frame(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *line = g_strdup_printf("readl 0x%x\n", RX_RING + 12);
    gint64 last = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    guint8 frame[60];

    memset(frame, 0xff, sizeof(frame));
    start(out);
    fuzz_put(out, DATA, frame, sizeof(frame));
    put_descriptor(out, DATA, 0x09000000u | sizeof(frame), 0);
    set(out, TDBAL + 0x18, tail);
    flush(out);
    while (!(fuzz_vm_value(vm, line) & 1)) {
        if (g_get_monotonic_time() > last) {
            g_error("the frame does not come back");
        }
    }
    g_autofree char *end_of_it = g_strdup_printf("readl 0x%x\n", BUFFERS + 56);
    if (fuzz_vm_value(vm, end_of_it) != G_MAXUINT32) {
        g_error("the frame is another one");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    FuzzInput in = { bytes, len };
    g_autoptr(GString) out = g_string_new(NULL);

    if (!vm) {
        set_up();
    }
    start(out);
    for (unsigned i = 0; in.left && i < STEPS; i++) {
        step(&in, out);
    }
    flush(out);
    look();
    fuzz_vm_reset(vm);
    send_frame();
    e1000_fuzz_counts.inputs++;
    return 0;
}
