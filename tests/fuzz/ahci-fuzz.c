/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to a SATA controller and its disks: registers by memory
 * and by ports, command lists, tables and frames that are right, nearly right or
 * anything, changed while they are in use, resets of every kind, while the VM is stopped
 * and reset and media fail now and then. It answers to the end, can be reset, and then a
 * good driver's sectors come to the disks.
 */
#include "fuzz/ahci-fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/guest.h"

#define STEPS 200

#define RAM     0x1000000u
#define CONFIG  0x8000fa00u /* of 1f.2, by the port */
#define LISTS   0x200000u   /* of a port: list, frames, tables, data */
#define SPACE   0x40000u
#define FIS_AT  0x400u
#define TABLES  0x1000u
#define TABLE   0x400u /* each: 56 entries */
#define DATA    0x10000u
#define PORTS   3 /* on the last there is nothing */
#define ENTRIES 56

/* Registers. */
#define PORT(port, reg) (bar + 0x100 + 0x80 * (port) + (reg))
#define CLB             0x00
#define FB              0x08
#define IS              0x10
#define CMD             0x18
#define SCTL            0x2c
#define SACT            0x34
#define CI              0x38

struct AhciFuzzCounts ahci_fuzz_counts;

static FuzzVm *vm;
static guint32 bar, pair; /* where a reset puts them */

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
    fuzz_make_file("disk0", 1 << 20);
    fuzz_make_file("disk1", 1 << 20);
    vm = fuzz_vm_start("-machine q35 -m 16M "
                       "-blockdev driver=file,node-name=f0,filename=disk0,discard=unmap "
                       "-blockdev driver=x-test,node-name=n0,file=f0,discard=unmap "
                       "-blockdev driver=file,node-name=f1,filename=disk1 "
                       "-blockdev driver=x-test,node-name=n1,file=f1 "
                       "-device ide-hd,drive=n0,bus=ide.0 "
                       "-device ide-hd,drive=n1,bus=ide.1,rerror=stop,werror=stop");
    bar = read_config(0x24) & ~0xfu;
    pair = (read_config(0x20) & ~3u) + 0x10;
    atexit(end);
}

static void write_long(GString *out, guint64 at, guint32 value)
{
    g_string_append_printf(out, "writel 0x%" G_GINT64_MODIFIER "x 0x%x\n", at, value);
}

static guint32 list_of(unsigned port)
{
    return LISTS + SPACE * port;
}

static guint32 table_of(unsigned port, unsigned slot)
{
    return list_of(port) + TABLES + TABLE * slot;
}

/* What a driver does first. */
static void start_port(GString *out, unsigned port)
{
    write_long(out, bar + 4, 0x80000002u);
    write_long(out, PORT(port, CLB), list_of(port));
    write_long(out, PORT(port, CLB + 4), 0);
    write_long(out, PORT(port, FB), list_of(port) + FIS_AT);
    write_long(out, PORT(port, FB + 4), 0);
    write_long(out, PORT(port, SCTL), 0);
    write_long(out, PORT(port, IS), G_MAXUINT32);
    write_long(out, PORT(port, CMD), 0x10);
    write_long(out, PORT(port, CMD), 0x11);
}

static void master(GString *out, guint32 command)
{
    g_string_append_printf(out, "outl 0xcf8 0x%x\noutl 0xcfc 0x%x\n", CONFIG + 4,
                           command);
}

/* --- commands --- */

/* Mostly in the port's own data; else at an end of memory, or anywhere. */
static guint64 choose_address(FuzzInput *in, unsigned port)
{
    static const guint32 bases[] = { 0,       RAM - 0x200, 0xa0000,
                                     0xc0000, 0xb0000000u, 0xfec00000u };
    guint8 where = fuzz_take(in, 1);

    if (where >= 0xf8) {
        return fuzz_take(in, 8);
    }
    if (where >= 0xe8) {
        return bases[where % G_N_ELEMENTS(bases)] + (fuzz_take(in, 2) & 0x3ff);
    }
    return list_of(port) + (where & 0x40 ? 0 : DATA) + (fuzz_take(in, 2) & 0xffff);
}

static guint8 choose_code(FuzzInput *in)
{
    static const guint8 codes[] = { 0x20, 0x25, 0x29, 0x30, 0x35, 0x39, 0x60,
                                    0x60, 0x60, 0x61, 0x61, 0x61, 0xc8, 0xca,
                                    0xec, 0xef, 0xb0, 0x06, 0x06, 0xe7, 0xea,
                                    0x2f, 0xc6, 0xa0, 0x91, 0x90, 0x42, 0x27 };
    guint8 which = fuzz_take(in, 1);

    return which >= 0xf0 ? (guint8)fuzz_take(in, 1) : codes[which % G_N_ELEMENTS(codes)];
}

/* Of few sectors near one another, so that they meet; at the end; or anywhere. */
static void put_frame(FuzzInput *in, guint8 *fis)
{
    guint8 how = fuzz_take(in, 1);

    fis[0] = 0x27;
    fis[1] = 0x80;
    fis[2] = choose_code(in);
    fis[3] = (guint8)(fuzz_take(in, 1) % 40); /* of queued ones: sectors */
    fis[4] = (guint8)fuzz_take(in, 1);
    fis[7] = how & 1 ? 0x40 : (guint8)fuzz_take(in, 1);
    fis[12] = fis[3] + (how >> 1 & 3);
    if (fis[2] == 0xb0) {
        fis[3] = (guint8)(0xd0 + fis[3] % 12);
        fis[4] %= 8;
        fis[5] = 0x4f;
        fis[6] = 0xc2;
    } else if (how >= 0xe0) {
        fis[5] = 0x07;
    }
    if (fis[2] == 0x06) {
        fis[3] = 1;
        fis[12] = (guint8)(how % 5);
    }
    if (how >= 0xfa) { /* whatever it was */
        fis[fuzz_take(in, 1) % 20] = (guint8)fuzz_take(in, 1);
    }
    if (how == 0xf9) { /* the control register */
        fis[1] = 0;
        fis[15] = (guint8)fuzz_take(in, 1);
    }
}

static void put_entries(FuzzInput *in, GString *out, unsigned port, guint32 at,
                        unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        guint8 how = fuzz_take(in, 1);
        guint64 entry[2] = { GUINT64_TO_LE(choose_address(in, port)) };
        guint32 length = how < 0x80   ? (how & 7u) * 512 + 511
                         : how < 0xf0 ? how * 16u + 1
                                      : (guint32)fuzz_take(in, 4);

        entry[1] = GUINT64_TO_LE((guint64)length << 32);
        fuzz_put(out, at + 16 * i, entry, sizeof(entry));
    }
}

/* Header and table of a slot; not yet issued. */
static void put_command(FuzzInput *in, GString *out, unsigned port, unsigned slot)
{
    guint8 table[0x50] = { 0 };
    guint8 how = fuzz_take(in, 1);
    unsigned n = how & 0x30 ? how % 5 : how % (ENTRIES + 1);
    guint32 header[4] = { 0 };

    put_frame(in, table);
    for (unsigned i = 0; i < 12; i++) {
        table[0x40 + i] = how & 0x80 ? (guint8)fuzz_take(in, 1) : 0;
    }
    fuzz_put(out, table_of(port, slot), table, sizeof(table));
    put_entries(in, out, port, table_of(port, slot) + 0x80, n);
    header[0] = GUINT32_TO_LE(5 | (how & 0x40) | (table[2] == 0xa0 ? 0x20 : 0) |
                              (how >= 0xfc ? 0xffffu : n) << 16);
    header[2] = GUINT32_TO_LE(table_of(port, slot));
    fuzz_put(out, list_of(port) + 32 * slot, header, sizeof(header));
}

static void issue(GString *out, unsigned port, guint32 slots, gboolean queued)
{
    if (queued) {
        write_long(out, PORT(port, SACT), slots);
    }
    write_long(out, PORT(port, CI), slots);
    ahci_fuzz_counts.issued++;
}

static void one_command(FuzzInput *in, GString *out)
{
    guint8 where = fuzz_take(in, 1);
    unsigned port = where % PORTS, slot = where / 4 % 32;

    put_command(in, out, port, slot);
    issue(out, port, 1u << slot, where & 0x80);
}

static void several(FuzzInput *in, GString *out)
{
    unsigned port = fuzz_take(in, 1) % PORTS;
    guint32 slots = (guint32)fuzz_take(in, 4) & (guint32)fuzz_take(in, 4);

    for (unsigned slot = 0; slot < 32; slot++) {
        if (slots >> slot & 1) {
            put_command(in, out, port, slot);
        }
    }
    issue(out, port, slots, TRUE);
}

/* What there is already, once more. */
static void again(FuzzInput *in, GString *out)
{
    guint8 where = fuzz_take(in, 1);

    issue(out, where % PORTS, (guint32)fuzz_take(in, 4), where & 0x80);
}

/* 8 bytes in lists, tables, or the data, which may be of a list of ranges. */
static void poke(FuzzInput *in, GString *out)
{
    unsigned port = fuzz_take(in, 1) % PORTS;
    guint32 at = (guint32)fuzz_take(in, 2);
    guint64 bytes = fuzz_take(in, 8);

    fuzz_put(out, list_of(port) + (at & 0x8000 ? DATA : 0) + (at & 0x7fff), &bytes,
             sizeof(bytes));
}

/* --- registers --- */

static void access_registers(FuzzInput *in, GString *out)
{
    guint8 how = fuzz_take(in, 1);
    unsigned offset =
        how & 1 ? fuzz_take(in, 2) & 0xfff
                : (unsigned)fuzz_take(in, 1) % 0x40 + 0x100 + 0x80 * (how / 2 % PORTS);

    if (how >= 0xf0) {
        g_string_append_printf(out, "outl 0x%x 0x%x\n", pair, offset);
        fuzz_access_port(in, out, pair + 4);
    } else {
        fuzz_access_memory(in, out, bar + offset);
    }
}

static void reset(FuzzInput *in, GString *out)
{
    guint8 how = fuzz_take(in, 1);
    unsigned port = how / 16 % PORTS;

    switch (how % 8) {
    case 0:
        write_long(out, bar + 4, 0x80000003u);
        break;
    case 1:
        write_long(out, PORT(port, SCTL), how & 8 ? 1 : 4);
        break;
    case 2:
        write_long(out, PORT(port, CMD), how & 8 ? 0x10 : 0);
        break;
    case 3:
        master(out, how & 8 ? 3 : 0x406);
        break;
    }
    if (how < 0xc0) { /* and on with it */
        master(out, 7);
        start_port(out, port);
    }
}

/* MSI on and off, BARs elsewhere, or anything. */
static void change_config(FuzzInput *in, GString *out)
{
    static const guint8 offsets[] = { 0x80, 0x84, 0x8c, 0x24, 0x20, 0x3c };
    guint8 how = fuzz_take(in, 1);

    g_string_append_printf(out, "outl 0xcf8 0x%x\noutl 0xcfc 0x%x\n",
                           CONFIG + (how < 0xe0 ? offsets[how % G_N_ELEMENTS(offsets)]
                                                : (unsigned)fuzz_take(in, 1) & 0xfcu),
                           how & 8 ? 0xfee10000u : (guint32)fuzz_take(in, 4));
}

/* --- the host --- */

static void fail(FuzzInput *in, GString *out)
{
    static const char *const operations[] = { "read", "write", "flush", "discard",
                                              "any" };
    guint8 how = fuzz_take(in, 1);

    g_string_append_printf(out, "block n%u fail %s 0 %u %s %u\n", how & 1,
                           operations[how / 16 % G_N_ELEMENTS(operations)],
                           how & 2 ? 1u << 20 : 8192u, how & 4 ? "EIO" : "ENOSPC",
                           how & 8 ? 1u : 3u);
    ahci_fuzz_counts.failed++;
}

static void flush(GString *out)
{
    fuzz_vm_qtest(vm, out->str);
    g_string_truncate(out, 0);
}

static void monitor(FuzzInput *in, GString *out)
{
    static const char *const commands[] = {
        "stop", "cont", "cont", "system_reset", "query-blockstats", "query-pci"
    };
    guint8 which = fuzz_take(in, 1) % G_N_ELEMENTS(commands);
    g_autofree char *text = g_strdup_printf("{\"execute\":\"%s\"}", commands[which]);

    flush(out);
    g_free(fuzz_vm_qmp(vm, text));
}

/* --- all together --- */

static void step(FuzzInput *in, GString *out)
{
    static void (*const steps[])(FuzzInput *, GString *) = {
        one_command,
        one_command,
        one_command,
        one_command,
        one_command,
        several,
        several,
        again,
        poke,
        poke,
        reset,
        reset,
        access_registers,
        access_registers,
        access_registers,
        fail,
        monitor,
        change_config,
    };

    steps[fuzz_take(in, 1) % G_N_ELEMENTS(steps)](in, out);
}

static void look(void)
{
    for (unsigned port = 0; port < PORTS; port++) {
        g_autofree char *line = g_strdup_printf("readl 0x%x\n", PORT(port, IS));
        guint32 is = (guint32)fuzz_vm_value(vm, line);

        if (is != G_MAXUINT32) { /* it may have gone elsewhere */
            ahci_fuzz_counts.done += (is & 0xf) != 0;
            ahci_fuzz_counts.errors += is >> 24 != 0;
        }
    }
}

/* As a driver does that finds the controller after a reset: a sector to each disk. */
static void write_sectors(guint64 begin)
{
    g_autoptr(GString) out = g_string_new("block n0 clear\nblock n1 clear\n");
    guint64 bytes = GUINT64_TO_LE(begin);

    master(out, 7);
    for (unsigned port = 0; port < AHCI_FUZZ_DISKS; port++) {
        guint8 table[0x90] = {
            0x27, 0x80, 0x35,    0, AHCI_FUZZ_SECTOR & 0xff, AHCI_FUZZ_SECTOR >> 8,
            0,    0x40, [12] = 1
        };
        guint32 data = GUINT32_TO_LE(list_of(port) + DATA), n = GUINT32_TO_LE(511);
        guint32 header[4] = { GUINT32_TO_LE(5 | 0x40 | 1 << 16), 0,
                              GUINT32_TO_LE(table_of(port, 0)) };

        memcpy(table + 0x80, &data, 4);
        memcpy(table + 0x8c, &n, 4);
        fuzz_put(out, list_of(port), header, sizeof(header));
        fuzz_put(out, table_of(port, 0), table, sizeof(table));
        fuzz_put(out, list_of(port) + DATA, &bytes, sizeof(bytes));
        start_port(out, port);
        write_long(out, PORT(port, CI), 1);
    }
    flush(out);
    for (unsigned port = 0; port < AHCI_FUZZ_DISKS; port++) {
        g_autofree char *line = g_strdup_printf("readl 0x%x\n", PORT(port, CI));
        gint64 last = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;

        while (fuzz_vm_value(vm, line) != 0) {
            if (g_get_monotonic_time() > last) {
                g_error("port %u does not write a sector", port);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    FuzzInput in = { data, len };
    g_autoptr(GString) out = g_string_new(NULL);

    if (!vm) {
        set_up();
    }
    master(out, 7);
    for (unsigned port = 0; port < PORTS; port++) {
        start_port(out, port);
    }
    for (unsigned i = 0; in.left && i < STEPS; i++) {
        step(&in, out);
    }
    flush(out);
    look();
    fuzz_vm_reset(vm);
    write_sectors(++ahci_fuzz_counts.inputs);
    return 0;
}
