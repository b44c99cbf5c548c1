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

#include "fuzz/guest.h"

#define RAM_MIB  8u
#define RAM      (RAM_MIB << 20)
#define SLOT(n)  (0xfeb00000u + 0x1000u * (n))
#define SLOTS    7
#define QUEUES   3
#define RINGS    0x100000u
#define RNG      3 /* its slot */
#define RNG_SIZE 8u

static FuzzVm *vm;

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

static void access_port(FuzzInput *in, GString *out)
{
    guint8 where = fuzz_take(in, 1);
    unsigned port = fuzz_take(in, 2);

    if (where & 1) {
        port = 0x3f8 + (where >> 1) % 8;
    } else if (where & 2) {
        port = 0x70 + (where >> 2) % 2;
    } else if (where & 4) {
        port = 0x505;
    }
    fuzz_access_port(in, out, port);
}

static void set(GString *out, unsigned slot, unsigned reg, guint32 value)
{
    g_string_append_printf(out, "writel 0x%x 0x%x\n", SLOT(slot) + reg, value);
}

static FuzzRing rings[SLOTS][QUEUES];

static void make_rings(void)
{
    for (unsigned i = 0; i < SLOTS * QUEUES; i++) {
        rings[i / QUEUES][i % QUEUES] =
            (FuzzRing){ .base = RINGS + i * FUZZ_RING_SPACE,
                        .size = i / QUEUES == RNG ? RNG_SIZE : FUZZ_RING_SIZE,
                        .ram = RAM,
                        .choose_address = choose_address };
    }
}

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
        guint32 base = rings[slot][q].base + (wrong == 0xff ? RAM : 0);

        fuzz_ring_clear(&rings[slot][q], out);
        set(out, slot, 0x30, q);
        set(out, slot, 0x38, wrong == 0xfe ? 7 : rings[slot][q].size);
        set(out, slot, 0x80, base);
        set(out, slot, 0x84, 0);
        set(out, slot, 0x90, base + FUZZ_RING_AVAIL);
        set(out, slot, 0x94, 0);
        set(out, slot, 0xa0, base + FUZZ_RING_USED);
        set(out, slot, 0xa4, 0);
        set(out, slot, 0x44, 1);
    }
    set(out, slot, 0x70, wrong == 0xfd ? 11 : 15);
}

/* A chain and the notification; mostly the next one, as the driver counts. */
static void submit(FuzzInput *in, GString *out)
{
    guint8 which = fuzz_take(in, 1);
    unsigned slot = which % SLOTS, queue = which / SLOTS % QUEUES;

    fuzz_ring_submit(in, out, &rings[slot][queue]);
    set(out, slot, 0x50, queue);
}

static void poke(FuzzInput *in, GString *out)
{
    guint8 which = fuzz_take(in, 1);

    fuzz_ring_poke(in, out, &rings[which % SLOTS][which / SLOTS % QUEUES]);
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
        fuzz_access_memory(in, out, choose_address(in));
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

static void end(void)
{
    fuzz_vm_stop(vm);
}

static void set_up(void)
{
    g_autofree char *args = NULL;
    g_autofree char *card = NULL;

    fuzz_enter_directory();
    fuzz_make_file("disk0", 1 << 20);
    fuzz_make_file("disk1", 1 << 20);
    fuzz_make_file("disk2", 1 << 20);
    card = fuzz_card("virtio-net-device,bus=virtio-mmio-bus.4");
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
        "-device virtio-balloon-device,free-page-reporting=on,bus=virtio-mmio-bus.5 "
        "-device virtio-serial-device,id=vs,max_ports=3,bus=virtio-mmio-bus.6 "
        "-device virtio-keyboard-device,bus=virtio-mmio-bus.7 "
        "-device virtio-mouse-device,bus=virtio-mmio-bus.8 "
        "-device virtio-tablet-device,bus=virtio-mmio-bus.9 "
        "-chardev null,id=vc -device virtconsole,bus=vs.0,chardev=vc "
        "-device virtserialport,bus=vs.0,name=x "
        "-device virtio-rng-device,rng=r,bus=virtio-mmio-bus.3 "
        "-device pvpanic -action panic=none -chardev null,id=e "
        "-device isa-debugcon,chardev=e %s",
        RAM_MIB, card);
    fuzz_assert_all_devices(args, FALSE);
    make_rings();
    vm = fuzz_vm_start(args);
    atexit(end);
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
