/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to a q35 as a whole: configuration space by ports and by
 * memory, BARs wherever it has put them, the chipset's windows, drivers of virtio over
 * PCI with rings that hold anything, MSI-X tables, hot-plug registers, and all that is
 * at a port. The devices are the real ones with real back ends; through root ports they
 * come and go meanwhile, and the VM is stopped and reset, also by the guest. It answers
 * to the end, can be reset, and then good drivers' sectors come to the disks.
 */
#include "fuzz/q35-fuzz.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/q35-guest.h"

#define STEPS 300

#define ECAM    0xb0000000u
#define HOTPLUG 0xcc0u
#define PM      0x600u
#define RESET   0xcf9u
#define TIMEOUT (60 * G_TIME_SPAN_SECOND)

struct Q35FuzzCounts q35_fuzz_counts;

static FuzzVm *vm;
static Q35Guest *guest;

static void end(void)
{
    q35_guest_free(guest);
    fuzz_vm_stop(vm);
}

static void set_up(void)
{
    g_autofree char *args = q35_args();

    fuzz_enter_directory();
    q35_make_files();
    fuzz_assert_all_devices(args, TRUE);
    vm = fuzz_vm_start(args);
    guest = q35_guest_new(vm);
    atexit(end);
}

static unsigned choose_function(FuzzInput *in)
{
    return fuzz_take(in, 1) % Q35_FUNCTIONS;
}

/* One that has queues. */
static unsigned choose_virtio(FuzzInput *in)
{
    unsigned f = choose_function(in);

    while (!q35_functions[f].queues) {
        f = (f + 1) % Q35_FUNCTIONS;
    }
    return f;
}

/* --- PCI --- */

static void access_config(FuzzInput *in, Q35Guest *g)
{
    const Q35Function *f = &q35_functions[choose_function(in)];
    guint16 how = fuzz_take(in, 2);
    unsigned bus = how >= 0xff00 ? fuzz_take(in, 1) : f->bus;

    if (how & 1) {
        g_string_append_printf(g->out, "outl 0xcf8 0x%x\n",
                               0x80000000u | bus << 16 | (unsigned)f->devfn << 8 |
                                   (how >> 1 & 0xfc));
        fuzz_access_port(in, g->out, 0xcfc + (how >> 9) % 4);
    } else {
        fuzz_access_memory(in, g->out,
                           ECAM + (bus << 20) + ((unsigned)f->devfn << 12) +
                               (how & 2 ? how >> 2 & 0xfff : how >> 2 & 0xff));
    }
}

static void access_bar(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_function(in), how = fuzz_take(in, 1), offset = fuzz_take(in, 2);
    unsigned bar = how & 1 ? 4 : how / 2 % 6; /* the registers of virtio are in 4 */
    gboolean io;
    guint64 address = q35_bar(g, f, bar, &io);

    if (io) {
        fuzz_access_port(in, g->out, address + offset % 0x100);
    } else {
        /* the beginning of each of its pages */
        fuzz_access_memory(in, g->out, address + (how & 0x80 ? offset : offset & 0x303f));
    }
}

static void move_bar(FuzzInput *in, Q35Guest *g)
{
    static const guint32 places[] = { 0,           0x100000u,   0xa0000u,    0xc0000u,
                                      0xb0000000u, 0xc0000000u, 0xd0000000u, 0xfec00000u,
                                      0xfed00000u, 0xfee00000u, 0xffffffffu, 0x600u };
    unsigned f = choose_function(in), how = fuzz_take(in, 1);
    guint32 where = places[how % G_N_ELEMENTS(places)] + (fuzz_take(in, 1) << 12);

    if (how >= 0xe0) {
        where = fuzz_take(in, 4);
    }
    q35_config_write(g, f, PCI_BASE_ADDRESS_0 + 4 * (how / 16 % 6), where);
    q35_fuzz_counts.moved++;
}

/* Decoding, mastering the bus, the pin; windows and resets of bridges. */
static void change_command(FuzzInput *in, Q35Guest *g)
{
    static const guint8 offsets[] = { PCI_COMMAND,
                                      PCI_COMMAND,
                                      PCI_COMMAND,
                                      PCI_PRIMARY_BUS,
                                      PCI_IO_BASE,
                                      PCI_MEMORY_BASE,
                                      PCI_BRIDGE_CONTROL & 0xfc,
                                      PCI_PREF_MEMORY_BASE };
    unsigned f = choose_function(in), how = fuzz_take(in, 1);
    unsigned offset = offsets[how % G_N_ELEMENTS(offsets)];

    if (offset == PCI_COMMAND) {
        q35_config_write(g, f, offset, how >> 4 & 7 ? how >> 4 & 7 : fuzz_take(in, 2));
    } else {
        q35_config_write(g, Q35_PORT0 + f % 4, offset, fuzz_take(in, 4));
    }
}

/* A reset of a function (FLR) or a power state, wherever its capability is. */
static void change_capability(FuzzInput *in, Q35Guest *g)
{
    static const guint8 ids[] = { PCI_CAP_ID_EXP, PCI_CAP_ID_PM, PCI_CAP_ID_MSIX,
                                  PCI_CAP_ID_MSI };
    unsigned f = choose_function(in), how = fuzz_take(in, 1);
    unsigned cap = q35_capability(g, f, ids[how % G_N_ELEMENTS(ids)]);

    if (cap) {
        q35_config_write(g, f, cap + (how >> 2 & 0xc),
                         how & 0x40 ? 1u << (how >> 2 & 0x1f) : fuzz_take(in, 4));
    }
}

static void change_msix(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_virtio(in), how = fuzz_take(in, 1), offset = fuzz_take(in, 1);
    gboolean io;

    if (how & 1) {
        q35_enable_msix(g, f, how & 2);
    } else {
        guint64 table = q35_bar(g, f, 1, &io);

        fuzz_access_memory(in, g->out, table + (how & 4 ? 0x800 : 0) + offset);
    }
}

/* PCIEXBAR, shadow memory; power management's base, interrupt routing. */
static void change_chipset(FuzzInput *in, Q35Guest *g)
{
    static const guint32 bars[] = { 0xb0000001u, 0xe0000001u, 0xc0000003u,
                                    0x00000001u, 0xb0000000u, 0xfc000005u };
    guint8 how = fuzz_take(in, 1);

    switch (how % 8) {
    case 0:
        q35_config_write(g, Q35_MCH, 0x60, bars[how / 8 % G_N_ELEMENTS(bars)]);
        break;
    case 1:
        q35_config_write(g, Q35_MCH, how & 8 ? 0x60 : 0x64, fuzz_take(in, 4));
        break;
    case 2 ... 4:
        q35_config_write(g, Q35_MCH, how & 8 ? 0x90 : 0x94, fuzz_take(in, 4));
        break;
    case 5:
        q35_config_write(g, Q35_LPC, how & 8 ? 0x40 : 0x44, fuzz_take(in, 4));
        break;
    case 6:
        q35_config_write(g, Q35_LPC, how & 8 ? 0x60 : 0x68, fuzz_take(in, 4));
        break;
    default:
        q35_config_write(g, Q35_LPC, how & 0xf8, fuzz_take(in, 4));
    }
}

/* --- hot-plug, ports, memory --- */

static void access_hotplug(FuzzInput *in, Q35Guest *g)
{
    guint8 how = fuzz_take(in, 1), more = fuzz_take(in, 1);

    g_string_append_printf(g->out, "outl 0x%x %u\n", HOTPLUG + 0x10, how >> 4 & 3);
    switch (how % 8) {
    case 0 ... 2:
        g_string_append_printf(g->out, "outl 0x%x 0x%x\n", HOTPLUG + 8,
                               more < 0xf0 ? 1 : (unsigned)fuzz_take(in, 4));
        break;
    case 3:
        g_string_append_printf(g->out,
                               "outl 0x%x %u\noutl 0x%x %u\n"
                               "outl 0x%x %u\n",
                               HOTPLUG + 0x18, more < 0xf0 ? 0 : more, HOTPLUG + 0x1c,
                               more & 1 ? 3 : 0x103, HOTPLUG + 0x20, more / 2);
        break;
    default:
        fuzz_access_port(in, g->out, HOTPLUG + more % 0x28);
    }
}

typedef struct Ports {
    guint16 first;
    guint8 n;
} Ports;

static void access_port(FuzzInput *in, Q35Guest *g)
{
    static const Ports ports[] = {
        { 0x20, 2 },  { 0xa0, 2 },   { 0x4d0, 2 },     { 0x40, 4 },  { 0x61, 1 },
        { 0x60, 1 },  { 0x64, 1 },   { 0x70, 4 },      { 0x80, 1 },  { 0x92, 1 },
        { 0xb2, 2 },  { PM, 0x60 },  { PM, 0x10 },     { PM, 0x40 }, { PM + 0x60, 0x20 },
        { 0x3f8, 8 }, { 0x505, 1 },  { 0xe9, 1 },      { 0xcf8, 8 }, { RESET, 1 },
        { 0, 0xff },  { 0xcc0, 64 }, { 0xae00, 0x20 }, { 0x510, 12 }
    };
    guint8 which = fuzz_take(in, 1), offset = fuzz_take(in, 1);
    const Ports *p = &ports[which % G_N_ELEMENTS(ports)];

    fuzz_access_port(in, g->out,
                     which < 0xfa ? p->first + offset % p->n : fuzz_take(in, 2));
}

/* HPET, and wherever else something is. */
static void access_memory(FuzzInput *in, Q35Guest *g)
{
    guint8 how = fuzz_take(in, 1), offset = fuzz_take(in, 1);

    unsigned hpet = how & 4   ? offset * 4u
                    : how & 8 ? 0x100 + offset % 0x60u
                              : offset % 0x40u;

    if (how & 3) {
        fuzz_access_memory(in, g->out, 0xfed00000u + hpet);
    } else {
        fuzz_access_memory(in, g->out, q35_choose_address(in));
    }
}

static void other(FuzzInput *in, Q35Guest *g)
{
    guint8 what = fuzz_take(in, 1);

    switch (what % 4) {
    case 0:
        g_string_append_printf(g->out, "clock_step %u\n", (unsigned)fuzz_take(in, 3));
        break;
    case 1: /* unplugs may be asked for again; a timer has 10000 periods in a second */
        g_string_append_printf(g->out, "clock_step %s\n",
                               what >= 0xf0 ? "6000000000" : "10000000");
        break;
    case 2:
        g_string_append_printf(g->out, "set_irq_in ioapic unnamed-gpio-in %u %u\n",
                               (unsigned)fuzz_take(in, 1), what >> 7);
        break;
    default:
        g_string_append(g->out, "clock_step\n");
    }
}

/* --- virtio --- */

static void start_driver(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_virtio(in);
    guint8 wrong = fuzz_take(in, 1), how = fuzz_take(in, 1);
    guint32 bits = fuzz_take(in, 4);
    guint32 features = how & 1 ? q35_functions[f].features & bits : bits & 0x30000000;

    if (how & 2) {
        q35_enable_msix(g, f, how & 4);
    }
    q35_start_driver(g, f, how < 0xf0 ? features : bits, wrong);
}

static void submit(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_virtio(in), q = fuzz_take(in, 1) % q35_functions[f].queues;

    fuzz_ring_submit(in, g->out, &g->rings[f][q]);
    if (fuzz_take(in, 1) & 1) {
        q35_legacy_notify(g, f, q);
    } else {
        q35_notify(g, f, q);
    }
}

/* A legacy driver; or another place for one of its queues, which may be live. */
static void start_legacy(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_virtio(in);
    guint8 wrong = fuzz_take(in, 1), how = fuzz_take(in, 1);

    if (how < 0x60) {
        q35_legacy_queue(g, f, how % q35_functions[f].queues, wrong);
        return;
    }
    if (how & 2) {
        q35_enable_msix(g, f, how & 4);
    }
    q35_start_legacy(g, f, fuzz_take(in, 4), wrong);
}

/* 2.6.1 of virtio 1.2: one queue begins anew among others. */
static void reset_queue(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_virtio(in), q = fuzz_take(in, 1) % q35_functions[f].queues;

    q35_reset_queue(g, f, q, fuzz_take(in, 1));
}

static void poke(FuzzInput *in, Q35Guest *g)
{
    unsigned f = choose_virtio(in);

    fuzz_ring_poke(in, g->out, &g->rings[f][fuzz_take(in, 1) % Q35_QUEUES]);
}

/* --- what the monitor is asked meanwhile --- */

static const char *const commands[] = {
    "\"stop\"",
    "\"cont\"",
    "\"cont\"",
    "\"system_powerdown\"",
    "\"system_wakeup\"",
    "\"system_reset\"",
    "\"inject-nmi\"",
    "\"query-block\"",
    "\"query-blockstats\"",
    "\"query-pci\"",
    "\"query-pci\"",
};

static const char *const additions[][2] = {
    { "h0", "\"virtio-blk-pci-non-transitional\",\"drive\":\"n3\",\"num-queues\":2,"
            "\"bus\":\"rp0\"" },
    { "h1", "\"virtio-blk-pci\",\"drive\":\"n4\",\"num-queues\":1,\"iothread\":\"io\","
            "\"bus\":\"rp1\",\"addr\":\"0\",\"disable-legacy\":\"off\"" },
    { "h2", "\"virtio-rng-pci\",\"rng\":\"r\",\"bus\":\"rp2\",\"vectors\":0" },
    { "h3", "\"pci-testdev\",\"bus\":\"rp3\",\"addr\":\"00.0\",\"multifunction\":true" },
    { "h4", "\"virtio-rng-pci\",\"rng\":\"r\",\"bus\":\"rp3\",\"addr\":\"0x0.0x1\"" },
};

#define FUNCTION1 4 /* of these; of the slot of the one before */

static gboolean ask(const char *command)
{
    g_autofree char *text = g_strdup_printf("{\"execute\":%s}", command);
    g_autofree char *reply = fuzz_vm_qmp(vm, text);

    return !fuzz_is_error(reply);
}

static void add(unsigned i)
{
    g_autofree char *text =
        g_strdup_printf("\"device_add\",\"arguments\":{\"id\":\"%s\",\"driver\":%s}",
                        additions[i][0], additions[i][1]);

    q35_fuzz_counts.added += ask(text);
}

static void del(unsigned i)
{
    g_autofree char *text =
        g_strdup_printf("\"device_del\",\"arguments\":{\"id\":\"%s\"}", additions[i][0]);

    q35_fuzz_counts.asked += ask(text);
}

static void monitor(FuzzInput *in, Q35Guest *g)
{
    guint8 what = fuzz_take(in, 1);

    q35_flush(g);
    switch (what % 4) {
    case 0:
        add(what / 4 % G_N_ELEMENTS(additions));
        break;
    case 1:
        del(what / 4 % G_N_ELEMENTS(additions));
        break;
    default:
        ask(commands[what / 4 % G_N_ELEMENTS(commands)]);
    }
}

/* --- all together --- */

/* How often each is done, of their sum. */
static const struct {
    void (*fn)(FuzzInput *in, Q35Guest *g);
    guint8 weight;
} steps[] = {
    { access_config, 5 },
    { access_bar, 4 },
    { move_bar, 1 },
    { change_command, 1 },
    { change_msix, 2 },
    { change_chipset, 1 },
    { change_capability, 1 },
    { access_port, 4 },
    { access_hotplug, 2 },
    { access_memory, 3 },
    { start_driver, 4 },
    { submit, 6 },
    { reset_queue, 1 },
    { start_legacy, 3 },
    { poke, 1 },
    { other, 2 },
    { monitor, 2 },
};

static void step(FuzzInput *in, Q35Guest *g)
{
    unsigned sum = 0, which;

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        sum += steps[i].weight;
    }
    which = fuzz_take(in, 1) % sum;
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (which < steps[i].weight) {
            steps[i].fn(in, g);
            return;
        }
        which -= steps[i].weight;
    }
}

/* What is not there any more comes again; what has just gone may still have its name. */
static void complete(void)
{
    gint64 end = g_get_monotonic_time() + TIMEOUT;

    add(FUNCTION1); /* before function 0, or never */
    for (unsigned i = 0; i < FUNCTION1;) {
        add(i);
        if (q35_config_read(guest, Q35_HOT_DISK + i, PCI_VENDOR_ID) != G_MAXUINT32) {
            i++;
        } else if (g_get_monotonic_time() > end) {
            g_error("%s does not come again", additions[i][0]);
        }
    }
}

static void check_alive(void)
{
    static const guint8 disks[] = { Q35_DISK, Q35_DISK_IOTHREAD, Q35_HOT_DISK,
                                    Q35_HOT_DISK_IOTHREAD };

    q35_fuzz_counts.resets -= fuzz_vm_resets(vm);
    fuzz_vm_reset(vm);
    q35_fuzz_counts.resets += fuzz_vm_resets(vm);
    complete();
    q35_fuzz_counts.inputs++;
    for (unsigned i = 0; i < G_N_ELEMENTS(disks); i++) {
        q35_write_sector(guest, disks[i], Q35_FUZZ_SECTOR, q35_fuzz_counts.inputs);
    }
    g_autofree char *status = fuzz_vm_qmp(vm, "{\"execute\":\"query-status\"}");
    if (!strstr(status, "\"running\": true")) {
        g_error("after a reset: %s", status);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    FuzzInput in = { data, len };

    if (!vm) {
        set_up();
    }
    for (unsigned i = 0; in.left && i < STEPS; i++) {
        step(&in, guest);
    }
    q35_flush(guest);
    check_alive();
    q35_forget(guest);
    return 0;
}
