/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to a USB controller with a tablet, a keyboard and a
 * mouse behind a hub: registers, commands and TDs that are right, nearly right or
 * anything, contexts, event rings that it reads or does not, resets of every kind,
 * devices that come and go, while the VM is stopped and its clock moves. It answers to
 * the end, can be reset, and then a good driver's command is done.
 */
#include "fuzz/xhci-fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/guest.h"

#define STEPS 120

#define RAM        0x1000000u
#define CONFIG     0x80002000u /* of 04.0, by the port */
#define DCBAA      0x100000u
#define ERST       0x101000u
#define COMMANDS   0x102000u
#define EVENTS     0x103000u
#define INPUT      0x110000u
#define OUTPUT     0x120000u /* 0x1000 for each slot */
#define RINGS      0x200000u /* 0x400 for each endpoint, of 32 for each slot */
#define DATA       0x400000u
#define RING       32u /* TRBs: the last one a link */
#define EVENT_RING 64u
#define SLOTS      4u

/* Registers. */
#define OPERATIONAL 0x40
#define PORTS       0x440
#define RUNTIME     0x1000
#define INTERRUPTER 0x1020
#define DOORBELLS   0x2000

struct XhciFuzzCounts xhci_fuzz_counts;

static FuzzVm *vm;
static guint32 bar; /* where a reset puts it */

typedef struct Ring {
    guint32 base, next, cycle;
} Ring;
static Ring commands, rings[SLOTS + 1][32];

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
    vm = fuzz_vm_start("-machine q35 -m 16M -device qemu-xhci,id=usb,addr=4 "
                       "-device usb-tablet,bus=usb.0,port=1 "
                       "-device usb-kbd,bus=usb.0,port=2 "
                       "-device usb-hub,bus=usb.0,port=3 "
                       "-device usb-mouse,bus=usb.0,port=3.1");
    bar = read_config(0x10) & ~0xfu;
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

static void set_long(GString *out, guint32 reg, guint64 value)
{
    set(out, reg, (guint32)value);
    set(out, reg + 4, (guint32)(value >> 32));
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

static void put_trb(GString *out, Ring *ring, guint64 parameter, guint32 status,
                    guint32 control)
{
    guint32 at = ring->base + 16 * ring->next;

    put_long(out, at, parameter);
    put_long(out, at + 8, status | (guint64)(control | ring->cycle) << 32);
    if (++ring->next == RING - 1) {
        put_long(out, ring->base + 16 * ring->next, ring->base);
        put_long(out, ring->base + 16 * ring->next + 8,
                 (guint64)(6u << 10 | 2 | ring->cycle) << 32);
        ring->next = 0;
        ring->cycle ^= 1;
    }
}

static void clear(GString *out, guint32 at, unsigned trbs)
{
    static const guint8 zeros[16 * EVENT_RING];

    fuzz_put(out, at, zeros, 16 * trbs);
}

/* What a driver does first. */
static void start(GString *out)
{
    master(out, 6);
    set(out, OPERATIONAL, 2);
    commands = (Ring){ COMMANDS, 0, 1 };
    clear(out, COMMANDS, RING);
    clear(out, EVENTS, EVENT_RING);
    put_long(out, ERST, EVENTS);
    put_long(out, ERST + 8, EVENT_RING);
    set(out, OPERATIONAL + 0x38, SLOTS);
    set_long(out, OPERATIONAL + 0x30, DCBAA);
    set_long(out, OPERATIONAL + 0x18, COMMANDS | 1);
    set(out, INTERRUPTER + 8, 1);
    set_long(out, INTERRUPTER + 0x18, EVENTS);
    set_long(out, INTERRUPTER + 0x10, ERST);
    set(out, INTERRUPTER, 2);
    for (unsigned slot = 1; slot <= SLOTS; slot++) {
        put_long(out, DCBAA + 8 * slot, OUTPUT + 0x1000 * slot);
    }
    set(out, OPERATIONAL, 5);
}

/* --- commands --- */

static void ring_doorbell(GString *out, unsigned slot, unsigned target)
{
    set(out, DOORBELLS + 4 * slot, target);
    xhci_fuzz_counts.doorbells++;
}

static void command(GString *out, unsigned type, guint64 parameter, guint32 control)
{
    put_trb(out, &commands, parameter, 0, control | type << 10);
    ring_doorbell(out, 0, 0);
}

static void put_endpoint(GString *out, unsigned slot, unsigned index, guint32 type,
                         guint32 max_packet)
{
    Ring *ring = &rings[slot][index];
    guint32 at = INPUT + 32 * (index + 1);

    *ring = (Ring){ RINGS + 0x8000 * slot + 0x400 * index, 0, 1 };
    clear(out, ring->base, RING);
    put_long(out, at, 3 << 16 | (guint64)(max_packet << 16 | type << 3 | 6) << 32);
    put_long(out, at + 8, ring->base | 1);
}

static void put_slot(GString *out, guint32 port, guint32 route, guint32 entries)
{
    put_long(out, INPUT + 32, entries << 27 | 3 << 20 | route | (guint64)port << 48);
}

/* From an enabled slot to an endpoint with reports; each step may be left out. */
static void attach(FuzzInput *in, GString *out)
{
    guint32 how = (guint32)fuzz_take(in, 1), slot = 1 + how % SLOTS;
    guint32 port = 5 + (how >> 2) % 3, route = how & 0x80 ? (how >> 4) & 7 : 0;

    set(out, PORTS + 16 * (port - 1), 0x210);
    command(out, 9, 0, 0);
    put_long(out, INPUT, 3ull << 32);
    put_slot(out, port, route, 1);
    put_endpoint(out, slot, 1, 4, 64);
    command(out, 11, INPUT, slot << 24 | (how & 0x40 ? 0x200 : 0));
    put_trb(out, &rings[slot][1], 0x0000000000010900, 8, 2u << 10 | 0x40);
    put_trb(out, &rings[slot][1], 0, 0, 4u << 10 | 0x10020);
    ring_doorbell(out, slot, 1);
    put_long(out, INPUT, 9ull << 32);
    put_endpoint(out, slot, 3, 7, 8);
    command(out, 12, INPUT, slot << 24);
}

static void any_command(FuzzInput *in, GString *out)
{
    static const guint8 types[] = { 9,  10, 11, 12, 12, 13, 14, 14, 15,
                                    15, 16, 16, 17, 18, 21, 23, 24, 6 };
    guint32 how = (guint32)fuzz_take(in, 3);
    unsigned type = types[how % G_N_ELEMENTS(types)];
    guint32 slot = 1 + (how >> 8) % (SLOTS + 1), index = how >> 16 & 3;
    guint64 parameter = INPUT;

    if (type == 16) {
        parameter = RINGS + 0x8000 * slot + 0x400 * index + (how >> 16 & 0xf0) + 1;
    }
    if ((how >> 8 & 0xf0) == 0xf0) {
        parameter = fuzz_take(in, 8);
    }
    command(out, type, parameter, slot << 24 | index << 16 | (how & 0x800 ? 0x200 : 0));
}

/* 8 bytes of an input context, a device's, the array or the event rings' table. */
static void poke(FuzzInput *in, GString *out)
{
    static const guint32 bases[] = { INPUT, INPUT,  OUTPUT + 0x1000, DCBAA,
                                     ERST,  EVENTS, COMMANDS,        RINGS + 0x8c00 };
    guint32 where = (guint32)fuzz_take(in, 2);

    put_long(out, bases[where % 8] + (where / 8 & 0x1f8), fuzz_take(in, 8));
}

/* --- transfers --- */

/* Mostly in the data; else at an end of memory, or anywhere. */
static guint64 choose_address(FuzzInput *in)
{
    static const guint32 bases[] = {
        0, RAM - 0x200, 0xa0000, RINGS, 0xb0000000u, EVENTS
    };
    guint8 where = (guint8)fuzz_take(in, 1);

    if (where >= 0xf8) {
        return fuzz_take(in, 8);
    }
    if (where >= 0xe8) {
        return bases[where % G_N_ELEMENTS(bases)] + (fuzz_take(in, 2) & 0x3ff);
    }
    return DATA + (fuzz_take(in, 2) & 0xffff);
}

static Ring *choose_ring(FuzzInput *in, unsigned *slot, unsigned *index)
{
    guint32 how = (guint32)fuzz_take(in, 1);

    *slot = 1 + how % SLOTS;
    *index = how & 0x80 ? 3 : 1;
    if (!rings[*slot][*index].base) {
        rings[*slot][*index] = (Ring){ RINGS + 0x8000 * *slot + 0x400 * *index, 0, 1 };
    }
    return &rings[*slot][*index];
}

static void control(FuzzInput *in, GString *out)
{
    static const guint16 requests[] = { 0x0680, 0x0681, 0x0900, 0x0080, 0x0081, 0x0082,
                                        0x0300, 0x0102, 0x01a1, 0x0921, 0x0a21, 0x0b21,
                                        0x00a3, 0x0323, 0x0123, 0x06a0, 0x51c0, 0x0300 };
    static const guint16 values[] = { 0x100, 0x200, 0x301, 0x3ee, 0x2200, 1, 4, 16 };
    unsigned slot, index;
    Ring *ring = choose_ring(in, &slot, &index);
    guint32 how = (guint32)fuzz_take(in, 2);
    guint64 request = requests[how % G_N_ELEMENTS(requests)];
    guint64 length = how >> 8 < 0xf0 ? how >> 10 : fuzz_take(in, 2);

    if (how >> 12 == 0xf) {
        request = fuzz_take(in, 2);
    }
    request |= (guint64)values[how >> 5 & 7] << 16 | (how & 0x100 ? 1ull << 32 : 0);
    put_trb(out, ring, request | length << 48, 8, 2u << 10 | 0x40);
    if (length) {
        put_trb(out, ring, choose_address(in), (guint32)length,
                3u << 10 | (request & 0x80 ? 0x10000 : 0) | 4);
    }
    put_trb(out, ring, 0, 0, 4u << 10 | 0x20);
    ring_doorbell(out, slot, index);
}

static void transfer(FuzzInput *in, GString *out)
{
    unsigned slot, index, n = fuzz_take(in, 1) % 4;
    Ring *ring = choose_ring(in, &slot, &index);

    for (unsigned i = 0; i <= n; i++) {
        guint32 how = (guint32)fuzz_take(in, 2);
        guint32 type = how >> 8 < 0xc0 ? 1 : how & 1 ? 7 : how & 2 ? 8 : how >> 2 & 0x3f;
        put_trb(out, ring, choose_address(in),
                (how & 0x1f) | (how & 0x8000 ? 1u << 22 : 0),
                type << 10 | (how & 0x226) | (i < n ? 0x10 : 0x20));
    }
    ring_doorbell(out, slot, index);
}

/* The guest takes events, or says that it has. */
static void take_events(FuzzInput *in, GString *out)
{
    guint32 how = (guint32)fuzz_take(in, 1);

    set_long(out, INTERRUPTER + 0x18, (EVENTS + 16 * (how % EVENT_RING)) | 8);
}

/* --- registers --- */

static void access_registers(FuzzInput *in, GString *out)
{
    static const guint32 bases[] = {
        0,           OPERATIONAL,        PORTS,     PORTS + 0x40, RUNTIME,
        INTERRUPTER, INTERRUPTER + 0x20, DOORBELLS, 0x3000
    };
    guint8 how = (guint8)fuzz_take(in, 1);
    guint32 at = bases[how % G_N_ELEMENTS(bases)] + ((guint32)fuzz_take(in, 1) & 0x3c);

    if (how >= 0xf0) {
        at = (guint32)fuzz_take(in, 2) & 0x3fff;
    }
    fuzz_access_memory(in, out, bar + at);
}

static void port(FuzzInput *in, GString *out)
{
    static const guint32 values[] = { 0x210, 0x202, 0x10060, 0x101e0, 0x10000, 0xfe0200 };
    guint32 how = (guint32)fuzz_take(in, 1);

    set(out, PORTS + 16 * (how % 8),
        how < 0xe0 ? values[how / 8 % G_N_ELEMENTS(values)] : (guint32)fuzz_take(in, 4));
}

static void reset(FuzzInput *in, GString *out)
{
    guint8 how = (guint8)fuzz_take(in, 1);

    switch (how % 4) {
    case 0:
        set(out, OPERATIONAL, 2);
        break;
    case 1:
        set(out, OPERATIONAL, how & 0x10 ? 4 : 0x505);
        break;
    case 2:
        master(out, how & 8 ? 2 : 0x406);
        break;
    default:
        g_string_append_printf(out, "clock_step %u\n", how * 3000000u);
        break;
    }
    if (how < 0xa0) { /* and on with it */
        start(out);
        attach(in, out);
    }
}

static void monitor(FuzzInput *in, GString *out)
{
    static const char *const texts[] = {
        "{\"execute\":\"stop\"}",
        "{\"execute\":\"cont\"}",
        "{\"execute\":\"cont\"}",
        "{\"execute\":\"system_reset\"}",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"usb-kbd\",\"id\":\"k\"}"
        "}",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"k\"}}",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"usb-tablet\","
        "\"id\":\"t\",\"bus\":\"usb.0\",\"port\":\"3.4\"}}",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"t\"}}",
    };
    guint8 which = (guint8)(fuzz_take(in, 1) % G_N_ELEMENTS(texts));

    flush(out);
    g_free(fuzz_vm_qmp(vm, texts[which]));
}

/* --- all together --- */

static void step(FuzzInput *in, GString *out)
{
    static void (*const steps[])(FuzzInput *, GString *) = {
        attach,      attach,           any_command,
        any_command, any_command,      poke,
        poke,        control,          control,
        control,     transfer,         transfer,
        transfer,    access_registers, access_registers,
        port,        take_events,      take_events,
        reset,       monitor,
    };

    steps[fuzz_take(in, 1) % G_N_ELEMENTS(steps)](in, out);
}

static guint32 event_at(unsigned n)
{
    g_autofree char *line = g_strdup_printf("readl 0x%x\n", EVENTS + 16 * n + 12);

    return (guint32)fuzz_vm_value(vm, line);
}

static void look(void)
{
    for (unsigned i = 0; i < 8; i++) {
        xhci_fuzz_counts.events += event_at(i) != 0;
    }
}

/* As a driver does that finds the controller after a reset: its command is done. */
static void run_command(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gint64 last = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    gboolean done = FALSE;

    start(out);
    command(out, 23, 0, 0);
    flush(out);
    while (!done) {
        for (unsigned i = 0; i < 8; i++) { /* those of the ports are there, too */
            done |= event_at(i) == (33u << 10 | 1);
        }
        if (g_get_monotonic_time() > last) {
            g_error("the command is not done");
        }
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
    attach(&in, out);
    for (unsigned i = 0; in.left && i < STEPS; i++) {
        step(&in, out);
    }
    flush(out);
    look();
    fuzz_vm_reset(vm);
    run_command();
    xhci_fuzz_counts.inputs++;
    return 0;
}
