/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/q35-guest.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <string.h>

#define RAM_MIB 16u
#define RAM     (RAM_MIB << 20)
#define RINGS   0x200000u
#define TIMEOUT (60 * G_TIME_SPAN_SECOND)

#define LEGACY_BAR    0u
#define REGISTERS_BAR 4u
#define MSIX_BAR      1u
#define MSIX_ENTRY    16u
#define NOTIFY        0x3000u /* in the BAR; 4 bytes a queue */
#define MSI_ADDRESS   0xfee00000u

#define FEATURES_BLK     0x30003644u
#define FEATURES_NET     0x30018023u
#define FEATURES_RNG     0x30000000u
#define FEATURES_BALLOON 0x30000036u /* statistics, deflation, poison, reporting */
#define FEATURES_SERIAL  0x30000006u /* several ports, emergency write */
#define FEATURES_INPUT   0x30000000u
#define RNG_SIZE         8u /* of its queue */

#define DEVFN(slot, function) ((slot) << 3 | (function))

/* clang-format off */
const Q35Function q35_functions[Q35_FUNCTIONS] = {
    [Q35_MCH] = { "mch", 0, DEVFN(0, 0) },
    [Q35_LPC] = { "lpc", 0, DEVFN(31, 0) },
    [Q35_SATA] = { "sata", 0, DEVFN(31, 2) },
    [Q35_PORT0] = { "rp0", 0, DEVFN(2, 0) },
    [Q35_PORT1] = { "rp1", 0, DEVFN(2, 1) },
    [Q35_PORT2] = { "rp2", 0, DEVFN(2, 2) },
    [Q35_PORT3] = { "rp3", 0, DEVFN(2, 3) },
    [Q35_DISK] = { "d0", 0, DEVFN(3, 0), 2, FEATURES_BLK },
    [Q35_DISK_IOTHREAD] = { "d1", 0, DEVFN(4, 0), 2, FEATURES_BLK },
    [Q35_DISK_READONLY] = { "d2", 0, DEVFN(5, 0), 1, FEATURES_BLK },
    [Q35_RNG] = { "rng", 0, DEVFN(6, 0), 1, FEATURES_RNG },
    [Q35_CARD] = { "nic", 0, DEVFN(7, 0), 3, FEATURES_NET },
    [Q35_TESTDEV] = { "test", 0, DEVFN(8, 0) },
    [Q35_SATA2] = { "sata2", 0, DEVFN(9, 0) },
    [Q35_PCI_BRIDGE] = { "pb0", 0, DEVFN(10, 0) },
    [Q35_SWITCH] = { "up", 5, 0 },
    [Q35_BALLOON] = { "balloon", 0, DEVFN(14, 0), 4, FEATURES_BALLOON },
    [Q35_SERIAL] = { "vs", 0, DEVFN(15, 0), 8, FEATURES_SERIAL },
    [Q35_KEYBOARD] = { "keyboard", 0, DEVFN(16, 0), 2, FEATURES_INPUT },
    [Q35_TABLET] = { "tablet", 0, DEVFN(18, 0), 2, FEATURES_INPUT },
    [Q35_WATCHDOG] = { "watchdog", 0, DEVFN(19, 0) },
    [Q35_PVPANIC] = { "pvpanic", 0, DEVFN(20, 0) },
    [Q35_HOT_DISK] = { "h0", 1, 0, 2, FEATURES_BLK, TRUE },
    [Q35_HOT_DISK_IOTHREAD] = { "h1", 2, 0, 1, FEATURES_BLK, TRUE },
    [Q35_HOT_RNG] = { "h2", 3, 0, 1, FEATURES_RNG, TRUE },
    [Q35_HOT_TESTDEV] = { "h3", 4, 0, .may_be_gone = TRUE },
    [Q35_HOT_FUNCTION1] = { "h4", 4, 1, 1, FEATURES_RNG, TRUE },
};
/* clang-format on */

void q35_make_files(void)
{
    for (unsigned i = 0; i < 6; i++) {
        g_autofree char *name = g_strdup_printf("disk%u", i);

        fuzz_make_file(name, 1 << 20);
    }
}

char *q35_args(void)
{
    g_autofree char *card = fuzz_card("virtio-net-pci,bus=pcie.0,addr=7");

    return g_strdup_printf(
        "-machine q35 -m %uM -smp 2 -object iothread,id=io -object rng-builtin,id=r "
        "-device isa-serial,chardev=c -chardev null,id=c -device pvpanic "
        "-action panic=none -chardev null,id=e -device isa-debugcon,chardev=e "
        "-blockdev driver=file,node-name=n0,filename=disk0,discard=unmap "
        "-blockdev driver=file,node-name=n1,filename=disk1 "
        "-blockdev driver=file,node-name=n2,filename=disk2,read-only=on "
        "-blockdev driver=file,node-name=n3,filename=disk3 "
        "-blockdev driver=file,node-name=n4,filename=disk4 "
        "-blockdev driver=file,node-name=n5,filename=disk5 "
        "-device pcie-root-port,id=rp0,chassis=1,addr=2.0,multifunction=on "
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.1 "
        "-device pcie-root-port,id=rp2,chassis=3,addr=2.2 "
        "-device pcie-root-port,id=rp3,chassis=4,addr=2.3,mem-reserve=4M "
        "-device virtio-blk-pci,id=d0,drive=n0,num-queues=2,addr=3 "
        "-device "
        "virtio-blk-pci-transitional,id=d1,drive=n1,num-queues=2,iothread=io,addr=4 "
        "-device virtio-blk-pci,id=d2,drive=n2,num-queues=1,vectors=0,disable-modern=on,"
        "addr=5 "
        "-device virtio-rng-pci-transitional,id=rng,rng=r,ioeventfd=off,addr=6 "
        "-device pci-testdev,id=test,membar=1G,addr=8 "
        "-device ich9-ahci,id=sata2,addr=9 -device ide-hd,drive=n5,bus=ide.0 "
        "-device ide-cd,bus=ide.1 -device e1000,id=nic2,addr=0xb,romfile= "
        "-device qemu-xhci,id=usb,addr=0xc -device usb-hub,bus=usb.0,port=1 "
        "-device usb-tablet,bus=usb.0,port=2 -device usb-kbd,bus=usb.0,port=1.1 "
        "-device usb-mouse,bus=usb.0,port=1.2 "
        "-device virtio-blk-pci-non-transitional,id=h0,drive=n3,num-queues=2,bus=rp0 "
        "-device virtio-blk-pci,id=h1,drive=n4,num-queues=1,iothread=io,bus=rp1,"
        "disable-legacy=off "
        "-device virtio-rng-pci-non-transitional,id=h2,rng=r,bus=rp2 "
        "-device pci-testdev,id=h3,bus=rp3,addr=0.0,multifunction=on "
        "-device virtio-rng-pci,id=h4,rng=r,bus=rp3,addr=0.1 "
        "-device pcie-pci-bridge,id=pb0,addr=0xa "
        "-device pci-bridge,id=pb1,bus=pb0,addr=1,chassis_nr=1 "
        "-device pcie-root-port,id=rp4,chassis=5,addr=2.4 "
        "-device x3130-upstream,id=up,bus=rp4 "
        "-device xio3130-downstream,id=dn,bus=up,chassis=6 "
        "-device virtio-balloon-pci,addr=0xe,free-page-reporting=on,page-poison=on,"
        "deflate-on-oom=on -device virtio-serial-pci,id=vs,addr=0xf,max_ports=3 "
        "-chardev null,id=p0 -device virtconsole,chardev=p0,bus=vs.0,nr=0 "
        "-chardev null,id=p1 -device virtserialport,chardev=p1,bus=vs.0,nr=1,name=one "
        "-device virtio-keyboard-pci,addr=0x10 -device virtio-mouse-pci,addr=0x11 "
        "-device virtio-tablet-pci,addr=0x12 -device i6300esb,addr=0x13 "
        "-device pvpanic-pci,addr=0x14 -action watchdog=none -device vmcoreinfo "
        "-device vmgenid,guid=8c1fbf0a-3a5d-4b6e-9e0f-102030405060 %s",
        RAM_MIB, card);
}

/* --- saying it --- */

guint64 q35_choose_address(FuzzInput *in)
{
    static const guint32 bases[] = {
        0xb0000000u,                                        /* configuration space */
        0xb0010000u, 0xb00f8000u, 0xb0100000u, 0xc0000000u, /* BARs */
        0xfe000000u, 0xfec00000u, 0xfed00000u, MSI_ADDRESS,
        0x000c0000u, /* shadowed memory */
        0x000f0000u, 0x00200000u,
    };
    guint8 where = fuzz_take(in, 1);

    if (where >= 0xf0) {
        return fuzz_take(in, 8);
    }
    return bases[where % G_N_ELEMENTS(bases)] +
           (fuzz_take(in, 2) & (where & 0x40 ? 0xffff : 0x1ff));
}

Q35Guest *q35_guest_new(FuzzVm *vm)
{
    Q35Guest *g = g_new0(Q35Guest, 1);

    g->vm = vm;
    g->out = g_string_new(NULL);
    for (unsigned i = 0; i < Q35_FUNCTIONS * Q35_QUEUES; i++) {
        const char *id = q35_functions[i / Q35_QUEUES].id;
        gboolean rng =
            strstr(id, "rng") || strcmp(id, "h2") == 0 || strcmp(id, "h4") == 0;

        g->rings[i / Q35_QUEUES][i % Q35_QUEUES] =
            (FuzzRing){ .base = RINGS + i * FUZZ_RING_SPACE,
                        .size = rng ? RNG_SIZE : FUZZ_RING_SIZE,
                        .ram = RAM,
                        .choose_address = q35_choose_address };
    }
    return g;
}

void q35_guest_free(Q35Guest *g)
{
    g_string_free(g->out, TRUE);
    g_free(g);
}

void q35_flush(Q35Guest *g)
{
    fuzz_vm_qtest(g->vm, g->out->str);
    g_string_truncate(g->out, 0);
}

/* Of the last of what is said. */
static guint64 read_value(Q35Guest *g)
{
    guint64 value = fuzz_vm_value(g->vm, g->out->str);

    g_string_truncate(g->out, 0);
    return value;
}

static void say(Q35Guest *g, char letter, guint64 address, guint32 value)
{
    g_string_append_printf(g->out, "write%c 0x%" G_GINT64_MODIFIER "x 0x%x\n", letter,
                           address, value);
}

/* --- configuration space --- */

static void choose_register(Q35Guest *g, unsigned function, unsigned offset)
{
    const Q35Function *f = &q35_functions[function];

    g_string_append_printf(g->out, "outl 0xcf8 0x%x\n",
                           0x80000000u | (unsigned)f->bus << 16 |
                               (unsigned)f->devfn << 8 | (offset & 0xfc));
}

void q35_forget(Q35Guest *g)
{
    memset(g->bars, 0, sizeof(g->bars));
}

void q35_config_write(Q35Guest *g, unsigned function, unsigned offset, guint32 value)
{
    unsigned bar = (offset - PCI_BASE_ADDRESS_0) / 4;

    if (offset >= PCI_BASE_ADDRESS_0 && bar < Q35_BARS) {
        g->bars[function][bar].known = FALSE;
        g->bars[function][bar ? bar - 1 : 0].known = FALSE; /* its lower half */
    }
    choose_register(g, function, offset);
    g_string_append_printf(g->out, "outl 0xcfc 0x%x\n", value);
}

guint32 q35_config_read(Q35Guest *g, unsigned function, unsigned offset)
{
    choose_register(g, function, offset);
    g_string_append(g->out, "inl 0xcfc\n");
    return (guint32)read_value(g);
}

static unsigned find_capability(Q35Guest *g, unsigned function, guint8 id)
{
    unsigned at = q35_config_read(g, function, PCI_CAPABILITY_LIST) & 0xfc;

    for (unsigned n = 0; at && n < 64; n++) {
        guint32 head = q35_config_read(g, function, at);

        if (head == G_MAXUINT32) {
            return 0; /* nothing is there */
        }
        if ((head & 0xff) == id) {
            return at;
        }
        at = head >> 8 & 0xfc;
    }
    return 0;
}

unsigned q35_capability(Q35Guest *g, unsigned function, guint8 id)
{
    guint8 *known = &g->capabilities[function][id % Q35_CAPABILITIES];

    if (!*known) {
        *known = find_capability(g, function, id);
    }
    return *known;
}

static void look_at_bar(Q35Guest *g, unsigned function, unsigned bar, Q35Bar *b)
{
    guint32 low = q35_config_read(g, function, PCI_BASE_ADDRESS_0 + 4 * bar);

    b->known = TRUE;
    b->io = low & PCI_BASE_ADDRESS_SPACE_IO;
    b->address = b->io ? low & ~3u : low & ~0xfu;
    if (!b->io && (low & PCI_BASE_ADDRESS_MEM_TYPE_64) && bar + 1 < Q35_BARS) {
        guint64 high = q35_config_read(g, function, PCI_BASE_ADDRESS_1 + 4 * bar);

        b->address |= high << 32;
    }
}

guint64 q35_bar(Q35Guest *g, unsigned function, unsigned bar, gboolean *io)
{
    Q35Bar *b = &g->bars[function][bar];

    if (!b->known) {
        look_at_bar(g, function, bar, b);
    }
    *io = b->io;
    return b->address;
}

/* --- virtio --- */

static guint64 memory_bar(Q35Guest *g, unsigned function, unsigned bar)
{
    gboolean io;

    return q35_bar(g, function, bar, &io);
}

void q35_enable_msix(Q35Guest *g, unsigned function, gboolean on)
{
    guint64 table = memory_bar(g, function, MSIX_BAR);
    unsigned cap = q35_capability(g, function, PCI_CAP_ID_MSIX);

    for (unsigned i = 0; on && i <= q35_functions[function].queues; i++) {
        say(g, 'l', table + MSIX_ENTRY * i, MSI_ADDRESS);
        say(g, 'l', table + MSIX_ENTRY * i + 4, 0);
        say(g, 'l', table + MSIX_ENTRY * i + 8, 0x30 + i);
        say(g, 'l', table + MSIX_ENTRY * i + 12, 0);
    }
    if (cap) {
        q35_config_write(g, function, cap, on ? (guint32)PCI_MSIX_FLAGS_ENABLE << 16 : 0);
    }
}

static void set_up_queue(Q35Guest *g, unsigned function, guint64 common, unsigned q,
                         guint8 wrong)
{
    FuzzRing *ring = &g->rings[function][q];
    guint32 base = ring->base + (wrong == 0xff ? RAM : 0);

    fuzz_ring_clear(ring, g->out);
    say(g, 'w', common + VIRTIO_PCI_COMMON_Q_SELECT, q);
    say(g, 'w', common + VIRTIO_PCI_COMMON_Q_SIZE, wrong == 0xfe ? 7 : ring->size);
    say(g, 'w', common + VIRTIO_PCI_COMMON_Q_MSIX, wrong == 0xfb ? 0x777 : q);
    say(g, 'l', common + VIRTIO_PCI_COMMON_Q_DESCLO, base);
    say(g, 'l', common + VIRTIO_PCI_COMMON_Q_DESCHI, 0);
    say(g, 'l', common + VIRTIO_PCI_COMMON_Q_AVAILLO, base + FUZZ_RING_AVAIL);
    say(g, 'l', common + VIRTIO_PCI_COMMON_Q_AVAILHI, 0);
    say(g, 'l', common + VIRTIO_PCI_COMMON_Q_USEDLO, base + FUZZ_RING_USED);
    say(g, 'l', common + VIRTIO_PCI_COMMON_Q_USEDHI, 0);
    say(g, 'w', common + VIRTIO_PCI_COMMON_Q_ENABLE, wrong == 0xfa ? 0 : 1);
}

void q35_start_driver(Q35Guest *g, unsigned function, guint32 features, guint8 wrong)
{
    const Q35Function *f = &q35_functions[function];

    q35_config_write(g, function, PCI_COMMAND,
                     PCI_COMMAND_MEMORY | (wrong == 0xf9 ? 0 : PCI_COMMAND_MASTER));
    guint64 common = memory_bar(g, function, REGISTERS_BAR);
    say(g, 'b', common + VIRTIO_PCI_COMMON_STATUS, 0);
    say(g, 'b', common + VIRTIO_PCI_COMMON_STATUS, 3);
    say(g, 'l', common + VIRTIO_PCI_COMMON_GFSELECT, 1);
    say(g, 'l', common + VIRTIO_PCI_COMMON_GF, wrong == 0xfc ? G_MAXUINT32 : 1);
    say(g, 'l', common + VIRTIO_PCI_COMMON_GFSELECT, 0);
    say(g, 'l', common + VIRTIO_PCI_COMMON_GF, features);
    say(g, 'b', common + VIRTIO_PCI_COMMON_STATUS, 11);
    say(g, 'w', common + VIRTIO_PCI_COMMON_MSIX, wrong == 0xf8 ? 0 : f->queues);
    for (unsigned q = 0; q < f->queues; q++) {
        set_up_queue(g, function, common, q, wrong);
    }
    say(g, 'b', common + VIRTIO_PCI_COMMON_STATUS, wrong == 0xfd ? 11 : 15);
}

/* By ports, where it has the BAR for that. */
static void say_port(Q35Guest *g, unsigned function, unsigned offset, guint32 value)
{
    gboolean io;
    guint64 base = q35_bar(g, function, LEGACY_BAR, &io);
    char letter = offset == VIRTIO_PCI_STATUS      ? 'b'
                  : offset <= VIRTIO_PCI_QUEUE_PFN ? 'l'
                                                   : 'w';

    if (io) {
        g_string_append_printf(g->out, "out%c 0x%x 0x%x\n", letter,
                               (unsigned)(base + offset) & 0xffff, value);
    }
}

void q35_legacy_queue(Q35Guest *g, unsigned function, unsigned queue, guint8 wrong)
{
    FuzzRing *ring = &g->rings[function][queue];
    guint32 page = (ring->base + (wrong == 0xff ? RAM : 0)) >> 12;

    fuzz_ring_clear(ring, g->out);
    say_port(g, function, VIRTIO_PCI_QUEUE_SEL, queue);
    say_port(g, function, VIRTIO_PCI_QUEUE_PFN, wrong == 0xfe ? 0 : page);
    say_port(g, function, VIRTIO_MSI_QUEUE_VECTOR, wrong == 0xfb ? 0x777 : queue);
}

void q35_start_legacy(Q35Guest *g, unsigned function, guint32 features, guint8 wrong)
{
    const Q35Function *f = &q35_functions[function];

    q35_config_write(g, function, PCI_COMMAND,
                     PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                         (wrong & 1 ? 0 : PCI_COMMAND_MASTER));
    say_port(g, function, VIRTIO_PCI_STATUS, 0);
    say_port(g, function, VIRTIO_PCI_STATUS, wrong == 0xfc ? 11 : 3);
    say_port(g, function, VIRTIO_PCI_GUEST_FEATURES, features);
    for (unsigned q = 0; q < f->queues; q++) {
        q35_legacy_queue(g, function, q, wrong);
    }
    say_port(g, function, VIRTIO_PCI_STATUS, wrong == 0xfd ? 3 : 7);
}

void q35_legacy_notify(Q35Guest *g, unsigned function, unsigned queue)
{
    say_port(g, function, VIRTIO_PCI_QUEUE_NOTIFY, queue);
}

void q35_notify(Q35Guest *g, unsigned function, unsigned queue)
{
    guint64 registers = memory_bar(g, function, REGISTERS_BAR);

    say(g, 'w', registers + NOTIFY + 4 * queue, queue);
}

void q35_reset_queue(Q35Guest *g, unsigned function, unsigned queue, guint8 wrong)
{
    guint64 common = memory_bar(g, function, REGISTERS_BAR);

    say(g, 'w', common + VIRTIO_PCI_COMMON_Q_SELECT, queue);
    say(g, 'w', common + VIRTIO_PCI_COMMON_Q_RESET, 1);
    set_up_queue(g, function, common, queue, wrong);
}

void q35_place(Q35Guest *g, unsigned function)
{
    unsigned port = Q35_PORT0 + q35_functions[function].bus - 1u;
    unsigned bar = PCI_BASE_ADDRESS_0 + 4 * REGISTERS_BAR;

    if (q35_functions[function].bus == 0 || memory_bar(g, function, REGISTERS_BAR)) {
        return;
    }
    guint32 low = q35_config_read(g, port, PCI_PREF_MEMORY_BASE) << 16 & 0xfff00000u;
    guint32 high = q35_config_read(g, port, PCI_PREF_BASE_UPPER32);
    q35_config_write(g, function, bar, low);
    q35_config_write(g, function, bar + 4, high);
}

/* FALSE: a reset has come in between. */
static gboolean write_once(Q35Guest *g, unsigned disk, guint64 sector, guint64 begin)
{
    gint64 end = g_get_monotonic_time() + TIMEOUT;
    FuzzRing *ring = &g->rings[disk][0];
    guint resets = fuzz_vm_resets(g->vm);

    q35_forget(g);
    q35_place(g, disk);
    q35_start_driver(g, disk, 0, 0);
    fuzz_ring_write_sector(g->out, ring, sector, begin);
    q35_notify(g, disk, 0);
    while (fuzz_vm_resets(g->vm) == resets) {
        g_string_append_printf(g->out, "readw 0x%x\n", ring->base + FUZZ_RING_USED + 2);
        if (read_value(g) == 1) {
            return TRUE;
        }
        if (g_get_monotonic_time() > end) {
            g_error("%s does not answer", q35_functions[disk].id);
        }
        g_free(fuzz_vm_qmp(g->vm, "{\"execute\":\"query-status\"}"));
    }
    return FALSE;
}

void q35_write_sector(Q35Guest *g, unsigned disk, guint64 sector, guint64 begin)
{
    while (!write_once(g, disk, sector, begin)) {
        /* there are only so many resets on the way */
    }
}
