/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to the microvm's devices: accesses of every size to
 * every register, and drivers with rings whose descriptors, indexes and requests are
 * anything. The devices are the real ones with real back ends (files, a tap where there
 * is one, the host's random numbers), unplugged and plugged, stopped and reset meanwhile.
 * The VM answers to the end, and can be reset.
 */
#include "fuzz/board-fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#include "fuzz/vm.h"

#define RAM_MIB 8
#define RAM     ((guint64)RAM_MIB << 20)
#define SLOT(n) (0xfeb00000u + 0x1000u * (n))
#define SLOTS   6
#define QUEUES  3
/* Of a queue: descriptors, available ring, used ring, data. */
#define RING(slot, queue) (0x100000u + (slot)*0x40000u + (queue)*0x10000u)
#define RING_SIZE         16u
#define AVAIL             0x1000u
#define USED              0x2000u
#define DATA              0x4000u

static FuzzVm *vm;

static void end(void)
{
    fuzz_vm_stop(vm);
}

static void set_up(void)
{
    g_autofree char *args = NULL;

    fuzz_enter_directory();
    fuzz_make_file("disk0", 1 << 20);
    fuzz_make_file("disk1", 1 << 20);
    fuzz_make_file("disk2", 1 << 20);
    args = g_strdup_printf(
        "-machine microvm -m %uM -smp 2 -device isa-serial,chardev=c "
        "-chardev null,id=c -object iothread,id=io "
        "-object rng-builtin,id=r "
        "-blockdev driver=file,node-name=n0,filename=disk0,discard=unmap "
        "-blockdev driver=file,node-name=n1,filename=disk1 "
        "-blockdev driver=file,node-name=n2,filename=disk2,read-only=on "
        "-device virtio-blk-device,id=d0,drive=n0,num-queues=2,bus=virtio-mmio-bus.0 "
        "-device virtio-blk-device,id=d1,drive=n1,iothread=io,bus=virtio-mmio-bus.1 "
        "-device virtio-blk-device,id=d2,drive=n2,bus=virtio-mmio-bus.2 "
        "-device virtio-rng-device,rng=r,bus=virtio-mmio-bus.3 "
        "-device pvpanic -action panic=none -chardev null,id=e "
        "-device isa-debugcon,chardev=e %s",
        RAM_MIB, fuzz_card());
    fuzz_assert_all_devices(args, FALSE);
    vm = fuzz_vm_start(args);
    atexit(end);
}

static const guint8 sizes[] = { 1, 2, 4, 8 };
static const char letters[] = "bwlq";

/* Mostly registers that are there. */
static guint64 choose_address(FuzzInput *in)
{
    guint8 where = fuzz_take(in, 1);
    guint16 offset = fuzz_take(in, 2);

    switch (where % 8) {
    case 0:
        return 0xfec00000 + (offset & 0x1f);
    case 1:
        return 0xfea00000 + (offset & 0x1f);
    case 2:
        return 0xfec00000 + offset;
    case 3:
        return 0xfea00000 + offset;
    case 4:
        return fuzz_take(in, 8);
    default:
        return SLOT(where / 8 % 8) + (offset & 0x1ff);
    }
}

static void access_memory(FuzzInput *in, GString *out)
{
    unsigned log = fuzz_take(in, 1) % 4;
    guint64 address = choose_address(in);

    if (fuzz_take(in, 1) & 1) {
        g_string_append_printf(out, "read%c 0x%" G_GINT64_MODIFIER "x\n", letters[log],
                               address);
    } else {
        g_string_append_printf(
            out, "write%c 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x\n",
            letters[log], address, fuzz_take(in, sizes[log]));
    }
}

static void access_port(FuzzInput *in, GString *out)
{
    unsigned log = fuzz_take(in, 1) % 3;
    guint8 where = fuzz_take(in, 1);
    unsigned port = fuzz_take(in, 2);

    if (where & 1) {
        port = 0x3f8 + (where >> 1) % 8;
    } else if (where & 2) {
        port = 0x70 + (where >> 2) % 2;
    } else if (where & 4) {
        port = 0x505;
    }
    if (fuzz_take(in, 1) & 1) {
        g_string_append_printf(out, "in%c 0x%x\n", letters[log], port);
    } else {
        g_string_append_printf(out, "out%c 0x%x 0x%x\n", letters[log], port,
                               (unsigned)fuzz_take(in, sizes[log]));
    }
}

static void set(GString *out, unsigned slot, unsigned reg, guint32 value)
{
    g_string_append_printf(out, "writel 0x%x 0x%x\n", SLOT(slot) + reg, value);
}

/* As a driver keeps it: what it has made available so far. */
static guint16 available[SLOTS][QUEUES];

/* Bits that are likely to be offered: indirect, event index; of a disk also others. */
static guint32 choose_features(FuzzInput *in, unsigned slot)
{
    guint32 bits = fuzz_take(in, 4);

    switch (bits & 3) {
    case 0:
        return bits;
    case 1:
        return bits & (slot < 3 ? 0x30003644 : 0x30018023);
    default:
        return bits & 0x30000000;
    }
}

/* What a driver does until its device works. */
static void start_driver(FuzzInput *in, GString *out)
{
    unsigned slot = fuzz_take(in, 1) % SLOTS;
    unsigned wrong = fuzz_take(in, 1); /* steps that are not right, seldom */

    set(out, slot, 0x70, 0);
    set(out, slot, 0x70, 3);
    set(out, slot, 0x24, 1);
    set(out, slot, 0x20, wrong == 0xfc ? fuzz_take(in, 4) : 1);
    set(out, slot, 0x24, 0);
    set(out, slot, 0x20, choose_features(in, slot));
    set(out, slot, 0x70, 11);
    for (unsigned q = 0; q < QUEUES; q++) {
        guint32 base = RING(slot, q) + (wrong == 0xff ? RAM : 0);

        available[slot][q] = 0;
        g_string_append_printf(out, "memset 0x%x 0x3000 0\n", RING(slot, q));
        set(out, slot, 0x30, q);
        set(out, slot, 0x38, wrong == 0xfe ? 7 : RING_SIZE);
        set(out, slot, 0x80, base);
        set(out, slot, 0x84, 0);
        set(out, slot, 0x90, base + AVAIL);
        set(out, slot, 0x94, 0);
        set(out, slot, 0xa0, base + USED);
        set(out, slot, 0xa4, 0);
        set(out, slot, 0x44, 1);
    }
    set(out, slot, 0x70, wrong == 0xfd ? 11 : 15);
}

static void put(GString *out, guint64 address, const void *bytes, unsigned n)
{
    const guint8 *b = bytes;

    g_string_append_printf(out, "write 0x%" G_GINT64_MODIFIER "x %u 0x", address, n);
    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(out, "%02x", b[i]);
    }
    g_string_append_c(out, '\n');
}

typedef struct Descriptor {
    guint64 address;
    guint32 length;
    guint16 flags, next;
} Descriptor;

static Descriptor choose_descriptor(FuzzInput *in, guint32 base, unsigned i)
{
    guint8 kind = fuzz_take(in, 1);
    Descriptor d = { .address = GUINT64_TO_LE(base + DATA + 0x400 * i),
                     .length = GUINT32_TO_LE(0x200),
                     .flags = GUINT16_TO_LE(kind & 3),
                     .next = GUINT16_TO_LE((i + 1) % RING_SIZE) };

    switch (kind >> 4) {
    case 1:
        d.length = GUINT32_TO_LE(fuzz_take(in, 2));
        break;
    case 2:
        d.address = GUINT64_TO_LE(RAM - fuzz_take(in, 1)); /* across the end */
        break;
    case 3:
        d.address = GUINT64_TO_LE(choose_address(in));
        d.length = GUINT32_TO_LE(fuzz_take(in, 4));
        break;
    case 4:
        d.flags = GUINT16_TO_LE(fuzz_take(in, 2));
        d.next = GUINT16_TO_LE(fuzz_take(in, 2));
        break;
    case 5:
        d.next = GUINT16_TO_LE(fuzz_take(in, 1) % RING_SIZE);
        break;
    case 6:
        d.address = GUINT64_TO_LE(fuzz_take(in, 8));
        break;
    case 7:
        d.length = GUINT32_TO_LE(16); /* a request's head */
        break;
    case 8:
        d.length = GUINT32_TO_LE(1); /* its status */
        break;
    default:
        break;
    }
    return d;
}

/* As a disk's driver would: a head, `n` sectors, and the status. */
static void put_request(FuzzInput *in, GString *out, guint32 base, unsigned n)
{
    static const guint8 types[] = { 0, 1, 1, 4, 8, 11, 13, 0xff };
    guint8 type = types[fuzz_take(in, 1) % sizeof(types)];
    guint32 head[4] = { GUINT32_TO_LE(type), 0, GUINT32_TO_LE(fuzz_take(in, 1) * 9), 0 };
    guint64 data = ~GUINT64_TO_LE(fuzz_take(in, 8));

    for (unsigned i = 0; i < n + 2; i++) {
        gboolean written = i > n || (i > 0 && (type == 0 || type == 8));
        Descriptor d = {
            .address = GUINT64_TO_LE(base + DATA + 0x400 * i),
            .length = GUINT32_TO_LE(i == 0  ? 16
                                    : i > n ? 1
                                            : 512),
            .flags = GUINT16_TO_LE((i <= n ? 1 : 0) | (written ? 2 : 0)),
            .next = GUINT16_TO_LE(i + 1),
        };

        put(out, base + 16 * i, &d, sizeof(d));
    }
    put(out, base + DATA, head, sizeof(head));
    put(out, base + DATA + 0x400, &data, sizeof(data));
}

/* Descriptors of every kind, and what the first two point at. */
static void put_chain(FuzzInput *in, GString *out, guint32 base, unsigned n)
{
    guint32 head[4] = { GUINT32_TO_LE(fuzz_take(in, 1)), 0,
                        GUINT32_TO_LE(fuzz_take(in, 2)),
                        GUINT32_TO_LE(fuzz_take(in, 4)) };
    guint64 more[2] = { fuzz_take(in, 8), fuzz_take(in, 8) };

    for (unsigned i = 0; i < n; i++) {
        Descriptor d = choose_descriptor(in, base, i);

        if (i + 1 < n && d.flags == GUINT16_TO_LE(2)) {
            d.flags = GUINT16_TO_LE(3); /* a chain that ends early is chosen by `n` */
        }
        put(out, base + 16 * i, &d, sizeof(d));
    }
    put(out, base + DATA, head, sizeof(head));
    put(out, base + DATA + 0x400, more, sizeof(more));
}

/* A chain and the notification; mostly the next one, as the driver counts. */
static void submit(FuzzInput *in, GString *out)
{
    guint8 which = fuzz_take(in, 1), n = 1 + fuzz_take(in, 1) % 5, how = fuzz_take(in, 1);
    unsigned slot = which % SLOTS, queue = which / SLOTS % QUEUES;
    guint32 base = RING(slot, queue);
    guint16 *idx = &available[slot][queue], first = 0, head[2];

    if (how & 1) {
        put_request(in, out, base, n);
    } else {
        put_chain(in, out, base, n);
    }
    put(out, base + AVAIL + 4 + 2 * (*idx % RING_SIZE), &first, sizeof(first));
    (*idx)++;
    head[0] = GUINT16_TO_LE(how >> 4 == 1 ? 1 : 0);
    head[1] = GUINT16_TO_LE(how >> 4 == 2 ? fuzz_take(in, 2) : *idx);
    put(out, base + AVAIL, head, sizeof(head));
    set(out, slot, 0x50, queue);
}

static void poke(FuzzInput *in, GString *out)
{
    guint8 which = fuzz_take(in, 1);
    guint32 base = RING(which % SLOTS, which / SLOTS % QUEUES);
    guint64 value = GUINT64_TO_LE(fuzz_take(in, 8));

    put(out, base + fuzz_take(in, 2) % 0x8000, &value, sizeof(value));
}

static void other(FuzzInput *in, GString *out)
{
    guint8 what = fuzz_take(in, 1);

    switch (what % 3) {
    case 0:
        g_string_append_printf(out, "clock_step %u\n", (unsigned)fuzz_take(in, 4));
        break;
    case 1:
        g_string_append_printf(out, "set_irq_in ioapic unnamed-gpio-in %u %u\n",
                               (unsigned)fuzz_take(in, 1), what >> 7);
        break;
    default:
        g_string_append(out, "clock_step\n");
    }
}

/* What the monitor is asked meanwhile. */
static const char *const commands[] = {
    "{\"execute\":\"stop\"}",
    "{\"execute\":\"cont\"}",
    "{\"execute\":\"system_powerdown\"}",
    "{\"execute\":\"system_reset\"}",
    "{\"execute\":\"query-block\"}",
    "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d1\"}}",
    "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d2\"}}",
    "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-device\","
    "\"id\":\"d1\",\"drive\":\"n1\",\"iothread\":\"io\",\"bus\":\"virtio-mmio-bus.1\"}}",
    "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-device\","
    "\"id\":\"d2\",\"drive\":\"n2\",\"bus\":\"virtio-mmio-bus.2\"}}",
};

static void flush(GString *out)
{
    fuzz_vm_qtest(vm, out->str);
    g_string_truncate(out, 0);
}

static void step(FuzzInput *in, GString *out)
{
    switch (fuzz_take(in, 1) % 16) {
    case 0 ... 3:
        access_memory(in, out);
        break;
    case 4 ... 5:
        access_port(in, out);
        break;
    case 6 ... 7:
        start_driver(in, out);
        break;
    case 8 ... 11:
        submit(in, out);
        break;
    case 12:
        poke(in, out);
        break;
    case 13 ... 14:
        other(in, out);
        break;
    default:
        flush(out);
        g_free(fuzz_vm_qmp(vm, commands[fuzz_take(in, 1) % G_N_ELEMENTS(commands)]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    FuzzInput in = { data, len };
    g_autoptr(GString) out = g_string_new(NULL);

    if (!vm) {
        set_up();
    }
    for (unsigned i = 0; in.left && i < 300; i++) {
        step(&in, out);
    }
    flush(out);
    fuzz_vm_reset(vm);
    return 0;
}
