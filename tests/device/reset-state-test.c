/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reset leaves every device as a fresh VM has it. The devices' states are read from
 * migration streams, field by field: of a fresh VM, of one whose guest has written to
 * everything, and of that one after a reset. What has not been changed before has not
 * been tested, so that is looked at, too.
 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/ahci.h"
#include "tests/device/board.h"

#define RECORD_DEVICE 3
#define RECORD_END    4
#define TYPE_STRUCT   6
#define TYPE_BITS     0x7f

/* Streams: migration/stream.h, device/state.c */

static void read_all(int fd, void *buf, gsize len)
{
    for (gsize done = 0; done < len;) {
        gssize n = read(fd, (guint8 *)buf + done, len - done);
        g_assert_cmpint(n, >, 0);
        done += (gsize)n;
    }
}

static guint32 take32(const guint8 **p)
{
    guint32 value;
    memcpy(&value, *p, 4);
    *p += 4;
    return GUINT32_FROM_LE(value);
}

static char *hex(const guint8 *p, guint32 len)
{
    GString *text = g_string_new(NULL);
    for (guint32 i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", p[i]);
    }
    return g_string_free(text, FALSE);
}

/* A description: the fields until end, as "prefix/field" and their bytes. */
static void add_fields(GHashTable *state, const char *prefix, const guint8 *p,
                       const guint8 *end)
{
    p += 4; /* version */
    while (p < end) {
        guint8 len = *p++;
        g_autofree char *name = g_strdup_printf("%s/%.*s", prefix, len, (const char *)p);
        p += len;
        guint8 type = *p++ & TYPE_BITS;
        guint32 elements = take32(&p), size = take32(&p);
        const guint8 *q = p;
        for (guint32 i = 0; type == TYPE_STRUCT && i < elements; i++) {
            g_autofree char *element = g_strdup_printf("%s[%u]", name, i);
            guint32 n = take32(&q);
            add_fields(state, element, q, q + n);
            q += n;
        }
        if (type != TYPE_STRUCT) {
            g_hash_table_insert(state, g_steal_pointer(&name), hex(p, size));
        }
        p += size;
    }
}

static void add_section(GHashTable *state, const guint8 *payload, guint64 len)
{
    const guint8 *p = payload, *end = payload + len;
    guint32 name_len = take32(&p);
    take32(&p); /* flags */
    g_autofree char *name = g_strdup_printf("%.*s:", (int)name_len, (const char *)p);
    add_fields(state, name, p + name_len, end);
}

static void read_stream(int fd, GHashTable *state)
{
    guint8 hello[16], head[16];
    read_all(fd, hello, sizeof(hello));
    for (guint32 type = 0; type != RECORD_END;) {
        const guint8 *p = head;
        guint64 len;
        read_all(fd, head, sizeof(head));
        type = take32(&p);
        memcpy(&len, head + 8, 8);
        len = GUINT64_FROM_LE(len);
        g_autofree guint8 *payload = g_malloc(len + 1);
        read_all(fd, payload, len);
        if (type == RECORD_DEVICE) {
            add_section(state, payload, len);
        }
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static void wait_failed(QTest *q)
{
    for (;;) {
        g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-migrate\"}");
        JsonObject *o = json_node_get_object(info);
        if (g_str_equal(json_object_get_string_member(o, "status"), "failed")) {
            return;
        }
    }
}

/* All fields of all sections; nobody takes the VM over, and it goes on. */
static GHashTable *state_of(QTest *q)
{
    GHashTable *state = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *path = g_strdup_printf("%s/stream", qtest_dir(q));
    int listener = listen_at(path);
    json_node_unref(qtest_qmp_ok(
        q, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    int fd = accept(listener, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    read_stream(fd, state);
    close(fd);
    close(listener);
    g_assert_cmpint(unlink(path), ==, 0);
    wait_failed(q);
    board_wait(q, "RESUME");
    return state;
}

/* Guests */

static GRand *random_bits; /* the same at each run: what is tested does not change */

/* Registers that are written with random bytes, but for the bits in `never`. */
typedef struct Range {
    gboolean port;
    guint64 base;
    guint32 size, step;
    guint32 never;
} Range;

typedef struct Board {
    const char *name, *options;
    const Range *ranges;
    unsigned n_ranges;
    void (*more)(QTest *q);
    const char *const *classes;  /* whose state has been looked at */
    const char *const *kept;     /* fields that a reset leaves as they are */
    const char *const *constant; /* sections that no guest changes like this */
} Board;

static void write_random(QTest *q, const Range *r)
{
    for (guint32 at = 0; at < r->size; at += r->step) {
        guint32 value = (guint32)g_rand_int(random_bits) & ~r->never;
        if (r->port && r->step == 1) {
            qtest_outb(q, r->base + at, value);
        } else if (r->port && r->step == 4) {
            qtest_outl(q, r->base + at, value);
        } else if (r->port) {
            qtest_outw(q, r->base + at, value);
        } else {
            qtest_writel(q, r->base + at, value);
        }
    }
}

static guint64 config_at(unsigned bus, unsigned devfn)
{
    return 0xb0000000u | bus << 20 | devfn << 12;
}

#define SLOT_CONTROL 0x80 /* of the root port */

static void write_config(QTest *q, unsigned bus, unsigned devfn)
{
    for (unsigned at = 4; at < 256; at += 4) {
        if (devfn || (at & ~4u) != 0x60) { /* where configuration space itself is */
            qtest_writel(q, config_at(bus, devfn) + at, (guint32)g_rand_int(random_bits));
        }
    }
}

/* Where virtio's common configuration is. */
static guint64 virtio_common(QTest *q, guint64 config)
{
    for (guint8 cap = qtest_readb(q, config + 0x34); cap;
         cap = qtest_readb(q, config + cap + 1)) {
        if (qtest_readb(q, config + cap) == 9 && qtest_readb(q, config + cap + 3) == 1) {
            guint64 bar = config + 0x10 + 4 * qtest_readb(q, config + cap + 4);
            guint64 low = qtest_readl(q, bar),
                    high = low & 4 ? qtest_readl(q, bar + 4) : 0;
            return (low & ~15ull) + (high << 32) + qtest_readl(q, config + cap + 8);
        }
    }
    g_assert_not_reached();
}

/* A driver has begun, and has one queue. */
static void start_virtio(QTest *q, unsigned bus, unsigned devfn)
{
    guint64 config = config_at(bus, devfn), common = virtio_common(q, config);
    qtest_writew(q, config + 4, 6);
    qtest_writel(q, common + 0x08, 1);
    qtest_writel(q, common + 0x0c, 1); /* VIRTIO_F_VERSION_1 */
    qtest_writeb(q, common + 0x14, 1 | 2 | 8);
    qtest_writew(q, common + 0x18, 8);
    qtest_writew(q, common + 0x1a, 0);
    for (unsigned i = 0; i < 3; i++) {
        qtest_writel(q, common + 0x20 + 8 * i, 0x100000 + 0x1000 * i);
    }
    qtest_writew(q, common + 0x1c, 1);
    qtest_writeb(q, common + 0x14, 1 | 2 | 8 | 4);
    g_assert_cmphex(qtest_readb(q, common + 0x14), ==, 1 | 2 | 8 | 4);
}

static void write_ioapic(QTest *q)
{
    for (unsigned i = 0x10; i < 0x40; i++) {
        qtest_writel(q, 0xfec00000, i);
        qtest_writel(q, 0xfec00010, (guint32)g_rand_int(random_bits) | 0x10000);
    }
}

static void write_cmos(QTest *q)
{
    qtest_outb(q, 0x70, 0x0b);
    qtest_outb(q, 0x71, 0x42);
    qtest_outb(q, 0x70, 0x0a);
    qtest_outb(q, 0x71, 0x2f);
}

/* Its tray is locked, and the host has opened it all the same. */
static void use_cd(const Ahci *a, unsigned port)
{
    AhciTask lock = { .command = 0xa0, .packet = { 0x1e, [4] = 1 }, .has_packet = TRUE };
    ahci_start(a, port);
    g_assert_true(ahci_do(a, port, &lock));
    json_node_unref(qtest_qmp_ok(a->q,
                                 "{\"execute\": \"blockdev-open-tray\", "
                                 "\"arguments\": {\"id\": \"cd\", \"force\": true}}"));
    g_assert_true(ahci_do(a, port, &lock));
    g_assert_true(ahci_do(a, port, &(AhciTask){ .command = 0xef, .features = 0x82 }));
}

/* The drive has been told something, the registers anything. */
static void use_ahci(QTest *q)
{
    static const guint8 features[] = { 0x82, 0x10 }; /* no cache; the other is an error */
    Ahci a;
    ahci_open(&a, q, config_at(0, 0xfa), 0x200000);
    ahci_start(&a, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(features); i++) {
        AhciTask t = { .command = 0xef, .features = features[i] };
        g_assert_cmpint(ahci_do(&a, 0, &t), ==, i == 0);
    }
    ahci_restart(&a, 0);
    use_cd(&a, 1);
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xc6, .count = 4 }));
    for (guint32 at = 0x100; at < 0x400; at += 4) {
        ahci_write(&a, at, (guint32)g_rand_int(random_bits));
    }
    qtest_outl(q, (qtest_readw(q, a.config + 0x20) & ~3u) + 0x10, 0x118);
}

/* All registers; a read of the EEPROM has begun, and the PHY negotiates. */
static void use_e1000(QTest *q)
{
    guint64 config = config_at(0, 0x48);
    guint64 bar = qtest_readl(q, config + 0x10) & ~0xfull;
    for (guint32 at = 0; at < 0xa000; at += at < 0x6000 ? 4 : 0x100) {
        qtest_writel(q, bar + at, (guint32)g_rand_int(random_bits));
    }
    qtest_writel(q, bar + 0x20, 0x04201340);
    qtest_writel(q, bar + 0x10, 0);
    for (unsigned i = 0; i < 10; i++) { /* a start, a read, a word */
        qtest_writel(q, bar + 0x10, 6);
        qtest_writel(q, bar + 0x10, i == 2 ? 3 : 7);
    }
    qtest_outl(q, qtest_readw(q, config + 0x14) & ~3u, 0x400);
}

#define XHCI_MEMORY 0x500000ull /* a page for each structure */

static void put_trb(QTest *q, guint64 at, guint64 parameter, guint32 status,
                    guint32 control)
{
    qtest_writeq(q, at, parameter);
    qtest_writel(q, at + 8, status);
    qtest_writel(q, at + 12, control | 1);
}

/* Waits for an event of the type; those of ports may come before. */
static void wait_xhci(QTest *q, guint64 events, guint32 type)
{
    for (gboolean found = FALSE; !found;) {
        for (unsigned i = 0; i < 8; i++) {
            found = found || (qtest_readl(q, events + 16 * i + 12) >> 10 & 0x3f) == type;
        }
    }
}

/* A device is addressed and configured, and told to report by itself. */
static void use_usb(QTest *q, guint64 bar)
{
    guint64 commands = XHCI_MEMORY + 0x1000, events = XHCI_MEMORY + 0x2000;
    guint64 input = XHCI_MEMORY + 0x4000, ring = XHCI_MEMORY + 0x6000;

    put_trb(q, commands, 0, 0, 9 << 10);
    put_trb(q, commands + 16, input, 0, 11 << 10 | 1 << 24);
    qtest_writel(q, input + 4, 3);
    qtest_writel(q, input + 0x20, 1 << 27 | 3 << 20);
    qtest_writel(q, input + 0x24, 5 << 16);
    qtest_writel(q, input + 0x44, 64 << 16 | 4 << 3);
    qtest_writeq(q, input + 0x48, ring | 1);
    qtest_writel(q, bar + 0x2000, 0);
    while (qtest_readl(q, XHCI_MEMORY + 0x5000 + 12) >> 27 != 2) {
    }
    put_trb(q, ring, 0x10900, 8, 2 << 10 | 0x40);
    put_trb(q, ring + 16, 0, 0, 4 << 10 | 0x10000);
    put_trb(q, ring + 32, 0x1000a21, 8, 2 << 10 | 0x40);
    put_trb(q, ring + 48, 0, 0, 4 << 10 | 0x10020);
    qtest_writel(q, bar + 0x2004, 1);
    wait_xhci(q, events, 32);
}

static void use_xhci(QTest *q)
{
    guint64 config = config_at(0, 0x50);
    guint64 bar = qtest_readq(q, config + 0x10) & ~0xfull;

    qtest_writew(q, config + 4, 6);
    qtest_writeq(q, XHCI_MEMORY + 8, XHCI_MEMORY + 0x5000);
    qtest_writeq(q, XHCI_MEMORY + 0x3000, XHCI_MEMORY + 0x2000);
    qtest_writeq(q, XHCI_MEMORY + 0x3008, 64);
    qtest_writel(q, bar + 0x54, 0xff);
    qtest_writeq(q, bar + 0x58, XHCI_MEMORY + 0x1001);
    qtest_writeq(q, bar + 0x70, XHCI_MEMORY);
    qtest_writel(q, bar + 0x78, 64);
    qtest_writel(q, bar + 0x1028, 1);
    qtest_writeq(q, bar + 0x1038, XHCI_MEMORY + 0x2000);
    qtest_writeq(q, bar + 0x1030, XHCI_MEMORY + 0x3000);
    for (guint64 at = bar + 0x1040; at < bar + 0x1220; at += 4) {
        if ((at & 0x1f) < 8) { /* no rings of theirs */
            qtest_writel(q, at, (guint32)g_rand_int(random_bits));
        }
    }
    qtest_writel(q, bar + 0x1020, 2);
    qtest_writel(q, bar + 0x40, 0x405);
    qtest_writel(q, bar + 0x440 + 16 * 4, 0x210);
    qtest_writel(q, bar + 0x440 + 16 * 4 + 4, 0xff8);
    use_usb(q, bar);
}

static void use_q35(QTest *q)
{
    static const unsigned virtio[] = { 0x10, 0x28, 0x30 };
    static const unsigned functions[] = { 0x00, 0xf8, 0x10, 0x18, 0x20, 0x28,
                                          0x30, 0xfa, 0x38, 0x40, 0x48, 0x50 };
    static const struct {
        unsigned first, below; /* behind which, and how many buses further */
    } nested[] = { { 0x38, 0 }, { 0x40, 0 }, { 0x40, 1 } };
    qtest_outb(q, 0x64, 0xaa);
    qtest_outb(q, 0x64, 0x60);
    qtest_outb(q, 0x60, 0x65);
    qtest_outb(q, 0x60, 0xf4);
    qtest_outb(q, 0x64, 0xd4);
    qtest_outb(q, 0x60, 0xf4);
    qtest_outb(q, 0x92, 0x02);
    qtest_outb(q, 0xcf9, 0x0a);
    write_ioapic(q);
    write_cmos(q);
    use_ahci(q);
    use_e1000(q);
    use_xhci(q);
    unsigned behind = qtest_readb(q, config_at(0, 0x18) + 0x19);
    qtest_writew(q, config_at(0, 0x18) + 4, 6);
    start_virtio(q, behind, 0);
    write_config(q, behind, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(virtio); i++) {
        start_virtio(q, 0, virtio[i]);
    }
    /* The innermost bridges first, as what is behind them is out of reach then. */
    for (unsigned i = G_N_ELEMENTS(nested); i-- > 0;) {
        unsigned bus = qtest_readb(q, config_at(0, nested[i].first) + 0x19);
        write_config(q, bus + nested[i].below, 0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++) {
        write_config(q, 0, functions[i]);
    }
    qtest_writew(q, config_at(0, 0x18) + SLOT_CONTROL, 0x0a3f); /* locked, too */
    qtest_outl(q, 0xcf8, 0x80123456);
}

/* In the midst of a Write to Buffer. */
static void use_flash(QTest *q)
{
    guint64 flash = 0x100000000ull - (1 << 20);
    qtest_writeb(q, flash, 0x50);
    qtest_writeb(q, flash + 0x1200, 0xe8);
    qtest_writeb(q, flash + 0x1200, 8);
    qtest_writeb(q, flash + 0x1203, 0x77);
}

static void use_microvm(QTest *q)
{
    write_ioapic(q);
    write_cmos(q);
    for (unsigned slot = 0; slot < 24; slot++) { /* the selectors, and a status */
        qtest_writel(q, 0xfeb00000u + 0x200 * slot + 0x14, 1);
        qtest_writel(q, 0xfeb00000u + 0x200 * slot + 0x24, 1);
        qtest_writel(q, 0xfeb00000u + 0x200 * slot + 0x70, 3);
    }
    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
}

static const Range q35_ranges[] = {
    { TRUE, 0x20, 2, 1, 0 },           { TRUE, 0xa0, 2, 1, 0 },
    { TRUE, 0x40, 4, 1, 0 },           { TRUE, 0x80, 1, 1, 0 },
    { TRUE, 0x3f8, 8, 1, 0 },          { TRUE, 0xb2, 2, 1, 0 },
    { TRUE, 0x600, 0x20, 2, 0x2000 },  { TRUE, 0x628, 0x10, 2, 0 },
    { TRUE, 0x660, 0x14, 2, 0 },       { TRUE, 0x61, 1, 1, 0 },
    { TRUE, 0xcb0, 0x0c, 4, 0 },       { TRUE, 0xcc0, 0x14, 4, 0 },
    { TRUE, 0x510, 2, 2, 0 },          { TRUE, 0x514, 4, 4, 0 },
    { TRUE, 0xcd8, 0x01, 1, 0xff },    { TRUE, 0xcd8, 0x04, 4, 0 },
    { FALSE, 0xfed00010, 4, 4, 0 },    { FALSE, 0xfed00100, 0x60, 4, 0 },
    { FALSE, 0xfed1f100, 0x54, 4, 0 },
};

static const Range microvm_ranges[] = { { TRUE, 0x3f8, 8, 1, 0 } };

/* clang-format off */
static const char *const q35_classes[] = {
    "/ICH9-LPC:", "/acpi-pci-hotplug:", "/hpet:",   "/i8042:",      "/isa-pit:",
    "/i8259:",    "/ich9-pm:",          "/ioapic:", "/isa-serial:", "/mc146818rtc:",

    "/port92:",   "/q35-pcihost:",      "/pci:",    "/virtio-pci:", "/virtio-blk-device:",
    "/ich9-ahci:", "/ide-device:",      "/ide-hd:", "/ide-cd:",     "/fw_cfg:",
    "/acpi-cpu-hotplug:", "/e1000:",    "/qemu-xhci:", "/usb-device:", "/usb-hid:", NULL
};
/* clang-format on */

static const char *const microvm_classes[] = {
    "/acpi-ged:",    "/ioapic:", "/isa-serial:", "/mc146818rtc:", "/virtio-blk-device:",
    "/virtio-mmio:", NULL
};

static const char *const flash_classes[] = { "/cfi.pflash01:", NULL };

/* What has a battery or a clock of its own, how often a configuration has changed, and
 * what QEMU keeps. */
static const char *const kept[] = { "/acpi-cpu-hotplug:",        "/mc146818rtc:/cmos",
                                    "/mc146818rtc:/seen-second", "/mc146818rtc:/flags",
                                    ":/port[0]/generation",      NULL };
/* Clock and run state; of a disk, what only a driver's features can change. */
static const char *const constant[] = { "vm:", "/virtio-blk-device:", NULL };

/* All that is there besides. */
static const char *const no_flash[] = { "vm:",
                                        "/ICH9-LPC:",
                                        "/acpi-pci-hotplug:",
                                        "/hpet:",
                                        "/i8042:",
                                        "/isa-pit:",
                                        "/i8259:",
                                        "/ich9-pm:",
                                        "/ioapic:",
                                        "/isa-serial:",
                                        "/pci:",
                                        "/port92:",
                                        "/port80:",
                                        "/q35-pcihost:",
                                        "/mc146818rtc:",
                                        "/fw_cfg:",
                                        "/ich9-ahci:",
                                        "/acpi-cpu-hotplug:",
                                        NULL };

static const Board boards[] = {
    { "q35-flash",
      "-M q35 -m 16 -serial null -rtc base=2026-01-01T00:00:00 "
      "-drive if=pflash,format=raw,file=%s",
      NULL, 0, use_flash, flash_classes, kept, no_flash },
    { "q35",
      "-M q35 -m 16 -serial null -rtc base=2026-01-01T00:00:00 -object rng-builtin,id=r "
      "-device virtio-rng-pci,rng=r,addr=2 -device pcie-root-port,id=p,addr=3 "
      "-device pci-testdev,addr=4 -device virtio-rng-pci,rng=r,addr=5 "
      "-device virtio-rng-pci,rng=r,bus=p -device pvpanic "
      "-device pcie-pci-bridge,id=b,addr=7 -device pci-bridge,bus=b,chassis_nr=1 "
      "-device pcie-root-port,id=s,addr=8,slot=1 -device x3130-upstream,id=u,bus=s "
      "-device xio3130-downstream,bus=u,slot=2 "
      "-blockdev driver=file,node-name=d,filename=%s,locking=off "
      "-device virtio-blk-pci,drive=d,addr=6 -device e1000,addr=9 "
      "-device qemu-xhci,id=usb,addr=0xa -device usb-tablet,bus=usb.0,port=1 "
      "-blockdev driver=file,node-name=h,filename=%s,locking=off "
      "-device ide-hd,drive=h,bus=ide.0 -device ide-cd,id=cd,bus=ide.1",
      q35_ranges, G_N_ELEMENTS(q35_ranges), use_q35, q35_classes, kept, constant },
    { "microvm",
      "-M microvm -m 16 -serial null -rtc base=2026-01-01T00:00:00 "
      "-object rng-builtin,id=r -device virtio-rng-device,rng=r -device pvpanic "
      "-blockdev driver=file,node-name=d,filename=%s -device virtio-blk-device,drive=d",
      microvm_ranges, G_N_ELEMENTS(microvm_ranges), use_microvm, microvm_classes, kept,
      constant },
};

/* Comparison */

static gboolean listed(const char *const *list, const char *name)
{
    for (unsigned i = 0; list[i]; i++) {
        if (strstr(name, list[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

static void check_equal(const Board *b, GHashTable *fresh, GHashTable *reset)
{
    GHashTableIter iter;
    gpointer name, value;
    gboolean ok = TRUE;
    g_assert_cmpuint(g_hash_table_size(reset), ==, g_hash_table_size(fresh));
    g_hash_table_iter_init(&iter, fresh);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const char *now = g_hash_table_lookup(reset, name);
        if (g_strcmp0(now, value) != 0 && !listed(b->kept, name)) {
            g_test_message("%s: %s after a reset, %s in a fresh VM", (char *)name, now,
                           (char *)value);
            ok = FALSE;
        }
    }
    g_assert_true(ok);
}

static gboolean has_class(GHashTable *state, const char *name)
{
    GHashTableIter iter;
    gpointer field;
    g_hash_table_iter_init(&iter, state);
    while (g_hash_table_iter_next(&iter, &field, NULL)) {
        if (strstr(field, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void check_classes(const Board *b, GHashTable *fresh)
{
    for (unsigned i = 0; b->classes[i]; i++) {
        if (!has_class(fresh, b->classes[i])) {
            g_error("no state of %s", b->classes[i]);
        }
    }
}

/* "/machine/.../state:" of a field's name. */
static char *section_of(const char *name)
{
    return g_strndup(name, (gsize)(strchr(name, ':') + 1 - name));
}

/* A slot of virtio-mmio in which there is no device: there is nothing to write to. */
static gboolean is_empty_slot(GHashTable *state, const char *section)
{
    g_autofree char *name = g_strconcat(section, "/port[0]/device_id", NULL);
    const char *id = g_hash_table_lookup(state, name);
    return id && g_str_equal(id, "00000000");
}

/* Something of each section is not as a fresh VM has it. */
static void check_spoilt(const Board *b, GHashTable *fresh, GHashTable *spoilt)
{
    g_autoptr(GHashTable) changed =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer name, value;
    gboolean ok = TRUE;
    g_hash_table_iter_init(&iter, fresh);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_strcmp0(g_hash_table_lookup(spoilt, name), value) != 0) {
            g_hash_table_add(changed, section_of(name));
        }
    }
    g_hash_table_iter_init(&iter, fresh);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_autofree char *section = section_of(name);
        if (!g_hash_table_contains(changed, section) && !listed(b->constant, section) &&
            !is_empty_slot(fresh, section)) {
            g_test_message("%s has not been changed", (char *)name);
            ok = FALSE;
        }
    }
    g_assert_true(ok);
}

static void test_board(gconstpointer data)
{
    const Board *b = data;
    g_autofree char *image = NULL;
    int fd = g_file_open_tmp("vireo-reset-XXXXXX", &image, NULL);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
    g_auto(GStrv) parts = g_strsplit(b->options, "%s", -1);
    g_autofree char *options = g_strjoinv(image, parts);
    QTest *q = qtest_start("%s", options);
    random_bits = g_rand_new_with_seed(1);
    g_autoptr(GHashTable) fresh = state_of(q);
    for (unsigned i = 0; i < b->n_ranges; i++) {
        write_random(q, &b->ranges[i]);
    }
    b->more(q);
    g_autoptr(GHashTable) spoilt = state_of(q);
    check_classes(b, fresh);
    check_spoilt(b, fresh, spoilt);
    board_reset(q);
    g_autoptr(GHashTable) reset = state_of(q);
    check_equal(b, fresh, reset);
    g_clear_pointer(&random_bits, g_rand_free);
    qtest_stop(q);
    g_assert_cmpint(unlink(image), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(boards); i++) {
        g_autofree char *path = g_strdup_printf("/reset-state/%s", boards[i].name);
        g_test_add_data_func(path, &boards[i], test_board);
    }
    return g_test_run();
}
