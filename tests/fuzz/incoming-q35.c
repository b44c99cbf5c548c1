/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A q35 in the middle of much: rings with buffers in them, vectors that are masked and
 * pending, BARs and windows that are being sized or moved, timers that run, bytes in all
 * queues, unplugs that the guest has been asked for.
 */
#include <linux/pci_regs.h>

#include "fuzz/incoming-fuzz.h"
#include "fuzz/q35-guest.h"

static char *args(gboolean source)
{
    return q35_args();
}

/* With interrupts of each kind: a vector each, or the pin. */
static void use_virtio(Q35Guest *g)
{
    for (unsigned i = 0; i < Q35_FUNCTIONS; i++) {
        if (q35_functions[i].queues) {
            q35_enable_msix(g, i, i != Q35_DISK_IOTHREAD);
            q35_start_driver(g, i, q35_functions[i].features & ~0x20000000u, 0);
        }
    }
}

/* A sector on its way, and a vector that nobody hears. */
static void use_masked(Q35Guest *g)
{
    unsigned cap = q35_capability(g, Q35_HOT_DISK_IOTHREAD, PCI_CAP_ID_MSIX);

    q35_config_write(g, Q35_HOT_DISK_IOTHREAD, cap,
                     (guint32)(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) << 16);
    fuzz_ring_write_sector(g->out, &g->rings[Q35_HOT_DISK_IOTHREAD][0], 1, 1);
    q35_notify(g, Q35_HOT_DISK_IOTHREAD, 0);
    fuzz_ring_write_sector(g->out, &g->rings[Q35_DISK_IOTHREAD][1], 1, 1);
    q35_notify(g, Q35_DISK_IOTHREAD, 1);
}

/* Sized, moved over another, switched off; a window, and shadow memory. */
static void use_pci(Q35Guest *g)
{
    q35_config_write(g, Q35_TESTDEV, PCI_BASE_ADDRESS_0, G_MAXUINT32);
    q35_config_write(g, Q35_HOT_TESTDEV, PCI_BASE_ADDRESS_0, 0xc0000000u);
    q35_config_write(g, Q35_RNG, PCI_COMMAND, PCI_COMMAND_MASTER);
    q35_config_write(g, Q35_PORT3, PCI_MEMORY_BASE, 0xe1f0e000u);
    q35_config_write(g, Q35_MCH, 0x90, 0x31121030u);
    q35_config_write(g, Q35_MCH, 0x94, 0x00332211u);
    q35_config_write(g, Q35_LPC, 0x60, 0x0a0b0580u);
}

static const char platform[] =
    /* 8259: initialized, the timer's and others' interrupts come */
    "outb 0x20 0x11\noutb 0x21 0x8\noutb 0x21 0x4\noutb 0x21 0x1\noutb 0x21 0x0\n"
    "outb 0xa0 0x11\noutb 0xa1 0x70\noutb 0xa1 0x2\noutb 0xa1 0x1\noutb 0xa1 0x0\n"
    "outb 0x4d0 0x20\noutb 0x4d1 0xc\n"
    /* 8254: a rate, a latch half read */
    "outb 0x43 0x34\noutb 0x40 0x0\noutb 0x40 0x10\noutb 0x43 0x0\ninb 0x40\n"
    "outb 0x43 0xb6\noutb 0x42 0x55\n"
    /* RTC: an alarm each second, a periodic interrupt */
    "outb 0x70 0xa\noutb 0x71 0x26\noutb 0x70 0xb\noutb 0x71 0x52\n"
    /* serial: a byte in the loop */
    "outb 0x3fc 0x10\noutb 0x3f8 0x61\n"
    /* keyboard and mouse: identification in their queues, half a command */
    "outb 0x64 0x60\noutb 0x60 0x47\noutb 0x60 0xf2\noutb 0x64 0xd4\noutb 0x60 0xf3\n"
    "outb 0x80 0x55\noutb 0x92 0x2\n"
    /* ACPI, the overflow of its timer, events; a reset half asked for */
    "outb 0xb2 0x2\noutw 0x602 0x521\noutl 0x628 0xffffffff\noutb 0xcf9 0x2\n"
    /* HPET: all on, one periodic, one by message */
    "writel 0xfed00010 0x1\nwritel 0xfed00100 0x4c\nwritel 0xfed00108 0x10000\n"
    "writel 0xfed00120 0x4004\nwritel 0xfed00130 0x41\nwritel 0xfed00134 0xfee00000\n"
    "writel 0xfed00128 0x20000\n"
    /* I/O APIC: a level that is up, one that is masked */
    "writel 0xfec00000 0x30\nwritel 0xfec00010 0x8040\n"
    "writel 0xfec00000 0x34\nwritel 0xfec00010 0x18041\n"
    "set_irq_in ioapic unnamed-gpio-in 16 1\n"
    "outl 0xcd0 0x1\noutl 0xcd8 0x3\n"
    "clock_step 2500000000\n";

static void unplug(FuzzVm *source, const char *id)
{
    g_autofree char *text =
        g_strdup_printf("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s\"}}", id);
    g_autofree char *reply = fuzz_vm_qmp(source, text);

    g_assert_false(fuzz_is_error(reply));
}

static void use(FuzzVm *source)
{
    Q35Guest *g = q35_guest_new(source);

    q35_write_sector(g, Q35_DISK, 0, 1);
    use_virtio(g);
    use_masked(g);
    use_pci(g);
    g_string_append(g->out, platform);
    q35_flush(g);
    unplug(source, q35_functions[Q35_HOT_DISK].id);
    unplug(source, q35_functions[Q35_HOT_FUNCTION1].id);
    q35_guest_free(g);
}

const IncomingMachine incoming_machine = {
    .pci = TRUE,
    .make_files = q35_make_files,
    .args = args,
    .use = use,
};
