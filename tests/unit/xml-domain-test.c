/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml/: what is handled comes back as it was, what is not is refused by name. */
#include <libvirt/virterror.h>
#include <string.h>

#include "tests/skip.h"
#include "xml/domain.h"
#include "xml/internal.h"

/* A domain with a hole for more top-level elements and one for more devices. */
#define DOMAIN(top, devices)                                                             \
    "<domain type='kvm'><name>d</name>"                                                  \
    "<uuid>c3915bb8-a1ac-4847-9e92-4a40f5ce3750</uuid>"                                  \
    "<memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os>" top          \
    "<devices>" devices "</devices></domain>"
#define CLOCK(timer) DOMAIN("<clock offset='utc'><timer " timer "/></clock>", "")
#define DISK(more)                                                                       \
    "<disk type='file'><source file='/d.img'/><target dev='vda'/>" more "</disk>"

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    g_assert_nonnull(domain);
    return domain;
}

/* @text is refused with @code, and the message has each of @words (split by '~'). */
static void refused(const char *text, int code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);
    g_auto(GStrv) each = g_strsplit(words, "~", -1);

    if (domain) { /* it can be read; new or to be started it is refused */
        g_assert_cmpint(code, ==, VIR_ERR_CONFIG_UNSUPPORTED);
        if (xml_domain_check(domain, &error)) {
            g_error("not refused: %s", text);
        }
    }
    g_assert_error(error, XML_ERROR, code);
    for (guint i = 0; each[i]; i++) {
        if (!strstr(error->message, each[i])) {
            g_error("'%s' is not in: %s", each[i], error->message);
        }
    }
}

static char *read_golden(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("srcdir"), "tests/golden/xml", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* What virt-install writes by default comes back as it is. */
static void test_timers(void)
{
    static const char clock[] = "  <clock offset='utc'>\n"
                                "    <timer name='rtc' tickpolicy='catchup'/>\n"
                                "    <timer name='pit' tickpolicy='delay'/>\n"
                                "    <timer name='hpet' present='no'/>\n"
                                "  </clock>\n";
    g_autofree char *text = g_strdup_printf(DOMAIN("%s", ""), clock);
    g_autoptr(Domain) domain = parse(text);
    g_autofree char *out = xml_domain_format(domain, XML_FORMAT_INACTIVE);

    g_assert_nonnull(strstr(out, clock));
}

/* NAME.xml is parsed; formatted it is NAME.out.xml; that again is the same. */
static void test_golden(gconstpointer name)
{
    g_autofree char *in_name = g_strconcat(name, ".xml", NULL);
    g_autofree char *out_name = g_strconcat(name, ".out.xml", NULL);
    g_autofree char *in = read_golden(in_name);
    g_autofree char *out = read_golden(out_name);
    g_autoptr(Domain) domain = parse(in);
    g_autofree char *first = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    g_autoptr(Domain) again = parse(first);
    g_autofree char *second = xml_domain_format(again, XML_FORMAT_INACTIVE);

    g_assert_cmpstr(first, ==, out);
    g_assert_cmpstr(second, ==, out);
}

static void test_fields(void)
{
    g_autofree char *text = read_golden("full.xml");
    g_autoptr(Domain) d = parse(text);
    const DomainDisk *disk = d->disks->pdata[0];
    const DomainInterface *bridge = d->interfaces->pdata[0],
                          *tap = d->interfaces->pdata[1];
    const DomainSerial *serial = d->serials->pdata[1];
    const DomainRng *rng = d->rngs->pdata[0];

    g_assert_cmpint(d->id, ==, -1);
    g_assert_cmpstr(d->name, ==, "full");
    g_assert_cmpuint(d->uuid[0], ==, 0xc3);
    g_assert_cmpuint(d->memory, ==, 524288);
    g_assert_cmpint(d->memory_source, ==, DOMAIN_MEMORY_SOURCE_MEMFD);
    g_assert_cmpint(d->memory_access, ==, DOMAIN_MEMORY_ACCESS_SHARED);
    g_assert_cmpuint(d->vcpus, ==, 2);
    g_assert_cmpuint(d->iothreads, ==, 1);
    g_assert_cmpstr(d->cmdline, ==, "console=ttyS0 x='<&>'");
    g_assert_true(d->acpi && d->apic && d->pae);
    g_assert_cmpint(d->cpu_migratable, ==, DOMAIN_TRISTATE_YES);
    g_assert_cmpint(d->on_reboot, ==, DOMAIN_LIFECYCLE_DESTROY);
    g_assert_cmpint(d->on_crash, ==, DOMAIN_LIFECYCLE_PRESERVE);
    g_assert_cmpuint(d->timers->len, ==, 2);
    g_assert_cmpuint(d->controllers->len, ==, 2);
    g_assert_cmpuint(d->serials->len, ==, 5);
    g_assert_cmpuint(d->consoles->len, ==, 1); /* the first one is a serial port */
    g_assert_cmpuint(((DomainConsole *)d->consoles->pdata[0])->port, ==, 1);
    g_assert_cmpuint(d->channels->len, ==, 4);
    for (guint i = 0; i < d->channels->len; i++) { /* the first two are a run's */
        const DomainChannel *channel = d->channels->pdata[i];
        g_assert_cmpstr(channel->chardev.path, ==, i == 2 ? "/run/c.sock" : NULL);
        g_assert_cmpint(channel->state, ==, DOMAIN_CHANNEL_DEFAULT);
    }
    g_assert_true(xml_domain_agent(d) == d->channels->pdata[0]);
    g_assert_cmpuint(d->balloons->len, ==, 1);
    g_assert_cmpuint(d->videos->len, ==, 1);
    g_assert_cmpuint(d->disks->len, ==, 2);
    g_assert_cmpint(disk->source.type, ==, DOMAIN_STORAGE_FILE);
    g_assert_cmpint(disk->cache, ==, DOMAIN_DISK_CACHE_NONE);
    g_assert_cmpint(disk->io, ==, DOMAIN_DISK_IO_URING);
    g_assert_cmpint(disk->discard, ==, DOMAIN_DISK_DISCARD_UNMAP);
    g_assert_cmpuint(disk->iothread, ==, 1);
    g_assert_true(disk->readonly && disk->shareable);
    g_assert_cmpuint(disk->info.boot_order, ==, 1);
    g_assert_cmpstr(disk->info.alias, ==, "ua-root");
    g_assert_cmpint(disk->info.address.type, ==, DOMAIN_ADDRESS_VIRTIO_MMIO);
    g_assert_cmpuint(disk->info.address.slot, ==, DOMAIN_SLOT_NONE);
    disk = d->disks->pdata[1];
    g_assert_cmpint(disk->source.type, ==, DOMAIN_STORAGE_BLOCK);
    g_assert_null(disk->info.alias); /* "virtio-disk7" is not the user's */
    g_assert_cmpstr(bridge->bridge, ==, "br0");
    g_assert_null(bridge->target); /* "vnet3" */
    g_assert_cmpint(tap->managed, ==, DOMAIN_TRISTATE_NO);
    g_assert_cmpstr(tap->target, ==, "tap0");
    g_assert_cmpint(serial->chardev.type, ==, DOMAIN_CHARDEV_UNIX);
    g_assert_cmpuint(serial->port, ==, 1);
    g_assert_cmpstr(rng->filename, ==, "/dev/urandom");
    g_assert_nonnull(strstr(d->metadata, "xmlns:app=\"http://example.org/app\""));
}

static void test_defaults(void)
{
    g_autoptr(Domain) d =
        parse("<domain type='kvm'><name>d</name><memory>65536</memory>"
              "<os><type>hvm</type></os><devices><console/>"
              "<interface type='bridge'><source bridge='b'/></interface>"
              "<rng model='virtio'><backend model='random'/></rng></devices></domain>");
    const DomainSerial *serial = d->serials->pdata[0];
    const DomainInterface *interface = d->interfaces->pdata[0];
    const DomainRng *rng = d->rngs->pdata[0];

    g_assert_cmpuint(d->vcpus, ==, 1);
    g_assert_cmpuint(d->current_memory, ==, 65536);
    g_assert_cmpuint(d->boots->len, ==, 1);
    g_assert_cmpint(d->on_reboot, ==, DOMAIN_LIFECYCLE_RESTART);
    g_assert_cmpuint(d->serials->len, ==, 1);
    g_assert_cmpint(serial->chardev.type, ==, DOMAIN_CHARDEV_PTY);
    g_assert_cmpuint(interface->mac[0], ==, 0x52);
    g_assert_cmpint(interface->model, ==, DOMAIN_INTERFACE_MODEL_DEFAULT);
    g_assert_cmpstr(rng->filename, ==, "/dev/random");
    g_assert_cmpuint(d->uuid[6] >> 4, ==, 4);
}

/* What only a running domain has is there in LIVE and STATUS, not in INACTIVE. */
static void test_live(void)
{
    g_autoptr(Domain) d = parse(
        DOMAIN("", DISK("<address type='virtio-mmio'/>") "<serial type='pty'/><interface "
                                                         "type='ethernet'>"
                                                         "<mac "
                                                         "address='52:54:00:00:00:01'/></"
                                                         "interface>"));
    DomainDisk *disk = d->disks->pdata[0];
    DomainSerial *serial = d->serials->pdata[0];
    DomainInterface *interface = d->interfaces->pdata[0];
    g_autofree char *before = xml_domain_format(d, XML_FORMAT_INACTIVE);
    g_autofree char *live = NULL, *status = NULL, *after = NULL, *back = NULL;
    g_autoptr(Domain) again = NULL, copy = NULL;
    g_autoptr(GError) error = NULL;

    d->id = 7;
    disk->info.alias = g_strdup("virtio-disk0");
    disk->info.address.slot = 3;
    disk->source.node_index = 5;
    serial->chardev.path = g_strdup("/dev/pts/4");
    interface->target = g_strdup("vnet0");
    copy = xml_domain_copy(d);
    live = xml_domain_format(copy, XML_FORMAT_LIVE);
    g_assert_nonnull(strstr(live, "<domain type='kvm' id='7'>"));
    g_assert_nonnull(strstr(live, "<source file='/d.img' index='5'/>"));
    g_assert_nonnull(strstr(live, "<alias name='virtio-disk0'/>"));
    g_assert_nonnull(strstr(live, "<console type='pty' tty='/dev/pts/4'>"));
    g_assert_nonnull(strstr(live, "<target dev='vnet0'/>"));
    g_assert_null(strstr(live, "slot"));
    status = xml_domain_format(copy, XML_FORMAT_STATUS);
    g_assert_nonnull(strstr(status, "<address type='virtio-mmio' slot='3'/>"));
    again = xml_domain_parse(status, XML_PARSE_STATUS, &error);
    g_assert_no_error(error);
    back = xml_domain_format(again, XML_FORMAT_STATUS);
    g_assert_cmpstr(back, ==, status);
    after = xml_domain_format(again, XML_FORMAT_INACTIVE);
    g_assert_cmpstr(after, ==, before);
}

static const struct {
    const char *text;
    int code;
    const char *words;
} refusals[] = {
    { "", VIR_ERR_XML_DETAIL, "" },
    { "<domain type='kvm'><name>", VIR_ERR_XML_DETAIL, "domain_definition" },
    { "<network/>", VIR_ERR_XML_ERROR, "<network>~<domain>" },
    { "<domain/>", VIR_ERR_XML_ERROR, "'type'~<domain>" },
    { "<domain type='qemu'><name>d</name><memory>1</memory><os><type>hvm</type></os>"
      "</domain>",
      VIR_ERR_CONFIG_UNSUPPORTED, "type='qemu'~<domain>" },
    { "<domain type='kvm'/>", VIR_ERR_XML_ERROR, "missing~<domain/name>" },
    { "<domain type='kvm'><name> </name></domain>", VIR_ERR_XML_ERROR, "domain/name" },
    { "<domain type='kvm'><name>a/b</name></domain>", VIR_ERR_XML_ERROR,
      "a/b~domain/name" },
    { "<domain type='kvm'><name>a\nb</name></domain>", VIR_ERR_XML_ERROR, "domain/name" },
    { "<domain type='kvm'><name>..</name></domain>", VIR_ERR_XML_ERROR, "domain/name" },
    { "<domain type='kvm'><name>d</name><uuid>12</uuid></domain>", VIR_ERR_XML_ERROR,
      "'12'~domain/uuid" },
    { "<domain type='kvm'><name>d</name></domain>", VIR_ERR_XML_ERROR, "domain/memory" },
    { "<domain type='kvm'><name>d</name><memory>1</memory></domain>", VIR_ERR_XML_ERROR,
      "domain/os/type" },
    { "<domain type='kvm'><name>d</name><memory>x</memory></domain>", VIR_ERR_XML_ERROR,
      "'x'~domain/memory" },
    { "<domain type='kvm'><name>d</name><memory>0</memory></domain>", VIR_ERR_XML_ERROR,
      "'0'~domain/memory" },
    { "<domain type='kvm'><name>d</name><memory unit='Mb/s'>1</memory></domain>",
      VIR_ERR_XML_ERROR, "'unit'~Mb/s~domain/memory" },
    { "<domain type='kvm'><name>d</name><memory unit='EiB'>8</memory></domain>",
      VIR_ERR_OVERFLOW, "'8'~domain/memory" },
    { "<domain type='kvm'><name>d</name><memory unit='b'>18446744073709551616</memory>"
      "</domain>",
      VIR_ERR_OVERFLOW, "'18446744073709551616'~domain/memory~range" },
    { "<domain type='kvm'><name>d</name><memory>1</memory>"
      "<os><type>linux</type></os></domain>",
      VIR_ERR_OS_TYPE, "'linux'~domain/os/type" },
    { DOMAIN("<currentMemory unit='GiB'>1</currentMemory>", ""), VIR_ERR_XML_ERROR,
      "currentMemory~1048576~65536" },
    { DOMAIN("<title>a\nb</title>", ""), VIR_ERR_XML_ERROR, "domain/title" },
    { DOMAIN("<vcpu>0</vcpu>", ""), VIR_ERR_XML_ERROR, "'0'~domain/vcpu" },
    { DOMAIN("<vcpu>-1</vcpu>", ""), VIR_ERR_XML_ERROR, "'-1'~domain/vcpu" },
    { DOMAIN("<vcpu>65536</vcpu>", ""), VIR_ERR_XML_ERROR, "'65536'~domain/vcpu" },
    { DOMAIN("<vcpu current='0'>2</vcpu>", ""), VIR_ERR_XML_ERROR, "'0'~domain/vcpu" },
    { DOMAIN("<vcpu current='3'>2</vcpu>", ""), VIR_ERR_XML_ERROR, "current='3'~vcpu" },
    { DOMAIN("<vcpu placement='auto'>2</vcpu>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "placement='auto'~vcpu" },
    { DOMAIN("<cpu mode='host-model'/>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "mode='host-model'~<cpu>" },
    { DOMAIN("<cpu mode='host-passthrough' check='x'/>", ""), VIR_ERR_XML_ERROR,
      "'check'~'x'~domain/cpu" },
    { DOMAIN("<memoryBacking><hugepages/></memoryBacking>", ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "memoryBacking/hugepages" },
    { DOMAIN("<clock offset='variable'/>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "offset='variable'~clock" },
    { DOMAIN("<vcpu>4</vcpu><cpu><topology sockets='1' cores='2' threads='1'/></cpu>",
             ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "cores='2'~topology doesn't match" },
    { DOMAIN("<cpu><topology sockets='1' cores='1'/></cpu>", ""), VIR_ERR_XML_ERROR,
      "missing attribute 'threads'~cpu/topology" },
    { DOMAIN("<cpu><topology sockets='1' dies='0' cores='1' threads='1'/></cpu>", ""),
      VIR_ERR_XML_ERROR, "'0' for attribute 'dies'~cpu/topology" },
    { DOMAIN("<vcpu>2</vcpu><cpu><topology sockets='1' clusters='2' cores='1' "
             "threads='1'/></cpu>",
             ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "clusters='2'~cpu/topology" },
    { CLOCK("name='rtc' tickpolicy='merge'"), VIR_ERR_CONFIG_UNSUPPORTED,
      "name='rtc'~tickpolicy='merge'~clock/timer" },
    { CLOCK("name='rtc' track='guest'"), VIR_ERR_CONFIG_UNSUPPORTED,
      "track='guest'~clock/timer" },
    { CLOCK("name='rtc' present='no'"), VIR_ERR_CONFIG_UNSUPPORTED,
      "name='rtc'~present='no'~clock/timer" },
    { CLOCK("name='pit' tickpolicy='late'"), VIR_ERR_XML_ERROR,
      "'tickpolicy'~'late'~clock/timer" },
    { CLOCK("name='hpet' tickpolicy='delay'"), VIR_ERR_CONFIG_UNSUPPORTED,
      "hpet~tickpolicy='delay'~clock/timer" },
    { CLOCK("name='pit'/><timer name='pit' tickpolicy='delay'"), VIR_ERR_XML_ERROR,
      "'name'~'pit'~domain/clock/timer~twice" },
    { CLOCK("name='kvmclock' present='no'"), VIR_ERR_CONFIG_UNSUPPORTED,
      "kvmclock~present='no'~clock/timer" },
    { CLOCK("name='hypervclock' present='yes'"), VIR_ERR_CONFIG_UNSUPPORTED,
      "name='hypervclock'~clock/timer" },
    { CLOCK("present='yes'"), VIR_ERR_XML_ERROR, "'name'~clock/timer" },
    { DOMAIN("<on_crash>coredump-destroy</on_crash>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "on_crash~coredump-destroy" },
    { DOMAIN("<pm><suspend-to-mem enabled='yes'/></pm>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "enabled='yes'~pm/suspend-to-mem" },
    { DOMAIN("<launchSecurity type='sev'/>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "launchSecurity type='sev'" },
    { DOMAIN("<seclabel type='static' model='selinux'/>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='static'~seclabel" },
    { DOMAIN("<seclabel model='selinux'/>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "model='selinux'~seclabel" },
    { DOMAIN("<seclabel type='dynamic' model='dac' relabel='yes'/>", ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "seclabel type='dynamic' model='dac'" },
    { DOMAIN("<seclabel type='dynamic'><label>+107:+107</label></seclabel>", ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "seclabel/label>+107:+107" },
    { DOMAIN("<seclabel type='none' relabel='yes'/>", ""), VIR_ERR_XML_ERROR,
      "'relabel'~'yes'~seclabel" },
    { DOMAIN("<resource><partition>/tenant</partition></resource>", ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "resource/partition>/tenant" },
    { DOMAIN("<cputune><shares>1</shares></cputune>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
      "cputune" },
    { DOMAIN("<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/>", ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "qemu:commandline" },
    { DOMAIN("<genid>1</genid>", ""), VIR_ERR_XML_ERROR, "'1'~genid" },
    { DOMAIN("<iothreads>4294967296</iothreads>", ""), VIR_ERR_XML_ERROR,
      "'4294967296'~iothreads" },
    { DOMAIN("<iothreads>-3</iothreads>", ""), VIR_ERR_XML_ERROR, "'-3'~iothreads" },
    { DOMAIN("", "<tpm model='tpm-crb'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "devices/tpm model='tpm-crb'" },
    { DOMAIN("", "<input type='passthrough' bus='virtio'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='passthrough'~devices/input" },
    { DOMAIN("", "<input type='keyboard' bus='xen'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "bus='xen'~devices/input" },
    { DOMAIN("", "<input type='keyboard' bus='usb' model='virtio'/>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "model='virtio'~devices/input" },
    { DOMAIN("", "<input type='keyboard' bus='virtio' model='virtio-transitional'/>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "model='virtio-transitional'~devices/input" },
    { DOMAIN("", "<input type='pen'/>"), VIR_ERR_XML_ERROR, "'pen'~input" },
    { DOMAIN("", "<input bus='usb'/>"), VIR_ERR_XML_ERROR, "type~input" },
    { DOMAIN("", "<hub type='pci'/>"), VIR_ERR_CONFIG_UNSUPPORTED, "'pci'~hub" },
    { DOMAIN("", "<vsock><cid auto='no' address='2'/></vsock>"), VIR_ERR_XML_ERROR,
      "'2'~cid" },
    { DOMAIN("", "<vsock><cid auto='no' address='4294967295'/></vsock>"),
      VIR_ERR_XML_ERROR, "'4294967295'~cid" },
    { DOMAIN("", "<vsock/><vsock/>"), VIR_ERR_CONFIG_UNSUPPORTED, "single vsock" },
    { DOMAIN("", "<watchdog model='ib700'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "model='ib700'~devices/watchdog" },
    { DOMAIN("", "<panic model='hyperv'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "model='hyperv'~devices/panic" },
    { DOMAIN("", "<controller type='usb' model='ich9-ehci1'/>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "model='ich9-ehci1'~devices/controller" },
    { DOMAIN("", "<controller type='usb' model='qemu-xhci' ports='16'/>"),
      VIR_ERR_XML_ERROR, "'16'~controller" },
    { DOMAIN("", "<controller type='usb' model='qemu-xhci' vectors='1'/>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "vectors='1'~devices/controller" },
    { DOMAIN("", "<graphics type='vnc'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "devices/graphics type='vnc'" },
    { DOMAIN("", "<video><model type='vga'/></video>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='vga'~devices/video/model" },
    { DOMAIN("", "<video/>"), VIR_ERR_CONFIG_UNSUPPORTED, "devices/video~none" },
    { DOMAIN("", "<memballoon model='xen'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "model='xen'~devices/memballoon" },
    { DOMAIN("", "<memballoon/>"), VIR_ERR_XML_ERROR, "model~memballoon" },
    { DOMAIN("", "<memballoon model='none'/><memballoon model='virtio'/>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "single memory balloon" },
    { DOMAIN("", "<memballoon model='virtio' autodeflate='yes'/>"), VIR_ERR_XML_ERROR,
      "'yes'~autodeflate~memballoon" },
    { DOMAIN("", "<memballoon model='virtio'><driver iommu='on'/></memballoon>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "iommu='on'~devices/memballoon/driver" },
    { DOMAIN("", "<controller type='ide'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='ide'~devices/controller" },
    { DOMAIN("", "<emulator>vireo</emulator>"), VIR_ERR_XML_ERROR,
      "'vireo'~devices/emulator~absolute" },
    { DOMAIN("", "<disk type='network'><target dev='vda'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='network'~devices/disk" },
    { DOMAIN("", "<disk type='file' device='cdrom'><target dev='vda'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "disk type of 'vda'~ejectable" },
    { DOMAIN("", "<disk type='file' device='lun'><target dev='vda'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "device='lun'~devices/disk" },
    { DOMAIN("", "<disk type='file'><target dev='vda'/></disk>"), VIR_ERR_XML_ERROR,
      "missing source~'file'" },
    { DOMAIN("", "<disk type='block'><source file='/x'/><target dev='vda'/></disk>"),
      VIR_ERR_XML_ERROR, "missing source~'dev'" },
    { DOMAIN("", "<disk type='file'><source file='x'/></disk>"), VIR_ERR_XML_ERROR,
      "'x'~'file'~devices/disk/source" },
    { DOMAIN("", "<disk type='file'><source file='/x'/></disk>"), VIR_ERR_XML_ERROR,
      "missing~target" },
    { DOMAIN("", "<disk><source file='/x'/><target dev='../vda'/></disk>"),
      VIR_ERR_XML_ERROR, "../vda~devices/disk/target" },
    { DOMAIN("", "<disk><source file='/x'/><target dev='sda'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "dev='sda'~devices/disk/target" },
    { DOMAIN("", "<disk><source file='/x'/><target dev='sda' bus='scsi'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "bus='scsi'~devices/disk/target" },
    { DOMAIN("", DISK("<driver name='qemu' type='qcow2'/>")), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='qcow2'~devices/disk/driver" },
    { DOMAIN("", DISK("<driver cache='fast'/>")), VIR_ERR_XML_ERROR,
      "'cache'~'fast'~devices/disk/driver" },
    { DOMAIN("", DISK("<iotune/>")), VIR_ERR_CONFIG_UNSUPPORTED, "devices/disk/iotune" },
    { DOMAIN("", DISK("<serial>a,b</serial>")), VIR_ERR_XML_ERROR,
      "a,b~devices/disk/serial" },
    { DOMAIN("", DISK("<address type='ccw'/>")), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='ccw'~devices/disk/address" },
    { DOMAIN("", DISK("<address type='pci' slot='0x20'/>")), VIR_ERR_XML_ERROR,
      "'0x20'~devices/disk/address" },
    { "<domain type='kvm'><name>d</name><memory>1</memory><os><type>hvm</type>"
      "<boot dev='hd'/></os><devices>" DISK("<boot order='7'/>") "</devices></domain>",
      VIR_ERR_CONFIG_UNSUPPORTED, "order='7'~os/boot" },
    { DOMAIN("", DISK("<boot order='0'/>")), VIR_ERR_XML_ERROR, "'0'~devices/disk/boot" },
    { DOMAIN("", DISK("<alias name='ua-a/b'/>")), VIR_ERR_XML_ERROR,
      "ua-a/b~devices/disk/alias" },
    { DOMAIN("", DISK("") DISK("")), VIR_ERR_XML_ERROR, "disk target~vda" },
    { DOMAIN("", "<interface type='vhostuser'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='vhostuser'~devices/interface" },
    { DOMAIN("", "<interface type='network'/>"), VIR_ERR_XML_ERROR, "'network'" },
    { DOMAIN("", "<interface type='network'><source network='a/b'/></interface>"),
      VIR_ERR_XML_ERROR, "a/b~devices/interface/source" },
    { DOMAIN("", "<interface type='direct'/>"), VIR_ERR_XML_ERROR, "'dev'" },
    { DOMAIN("", "<interface type='ethernet'><bandwidth><inbound peak='1'/></bandwidth>"
                 "</interface>"),
      VIR_ERR_XML_ERROR, "'average'~devices/interface/bandwidth/inbound" },
    { DOMAIN("", "<interface type='ethernet'><driver queues='0'/></interface>"),
      VIR_ERR_XML_ERROR, "'0'~devices/interface/driver" },
    { DOMAIN("", "<interface type='ethernet'><mtu size='65536'/></interface>"),
      VIR_ERR_XML_ERROR, "65536~devices/interface/mtu" },
    { DOMAIN("", "<interface/>"), VIR_ERR_XML_ERROR, "'type'~devices/interface" },
    { DOMAIN("", "<interface type='bridge'/>"), VIR_ERR_XML_ERROR, "'bridge'" },
    { DOMAIN("", "<interface type='ethernet'><mac address='52'/></interface>"),
      VIR_ERR_XML_ERROR, "'52'~'address'~devices/interface/mac" },
    { DOMAIN("", "<interface type='ethernet'><mac address='01:00:00:00:00:00'/>"
                 "</interface>"),
      VIR_ERR_XML_ERROR, "multicast" },
    { DOMAIN("", "<interface type='ethernet'><target dev='a-name-too-long-for-it'/>"
                 "</interface>"),
      VIR_ERR_XML_ERROR, "a-name-too-long-for-it~devices/interface/target" },
    { DOMAIN("", "<interface type='ethernet'><model type='e1000e'/></interface>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='e1000e'~devices/interface/model" },
    { DOMAIN("", "<interface type='ethernet'><filterref filter='clean-traffic'/>"
                 "</interface>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "devices/interface/filterref filter='clean-traffic'" },
    { DOMAIN("", "<interface type='ethernet'><link state='lost'/></interface>"),
      VIR_ERR_XML_ERROR, "lost~devices/interface/link" },
    { DOMAIN("",
             "<interface type='ethernet'><tune><sndbuf>0</sndbuf></tune></interface>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "devices/interface/tune" },
    { DOMAIN("", "<serial type='udp'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='udp'~devices/serial" },
    { DOMAIN("", "<serial type='tcp'><source host='h' service='1'/>"
                 "<protocol type='telnet'/></serial>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='telnet'~devices/serial/protocol" },
    { DOMAIN("", "<serial type='tcp'><source host='h'/></serial>"), VIR_ERR_XML_ERROR,
      "missing~service" },
    { DOMAIN("", "<serial type='file'/>"), VIR_ERR_XML_ERROR, "missing~path" },
    { DOMAIN("", "<serial type='unix'><source path='/s'><reconnect enabled='yes' "
                 "timeout='0'/></source></serial>"),
      VIR_ERR_XML_ERROR, "'0'~devices/serial/source/reconnect" },
    { DOMAIN("", "<serial type='pty'><source><reconnect enabled='yes'/></source>"
                 "</serial>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "enabled='yes'~devices/serial/source/reconnect" },
    { DOMAIN("", "<serial type='pty'><log file='l'/></serial>"), VIR_ERR_XML_ERROR,
      "'l'~devices/serial/log" },
    { DOMAIN("", "<serial type='dev'><source path='/dev/ttyS0'/></serial>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='dev'~devices/serial" },
    { DOMAIN("", "<parallel type='pty'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "devices/parallel" },
    { DOMAIN("", "<serial type='unix'><source mode='bind'/></serial>"), VIR_ERR_XML_ERROR,
      "'path'" },
    { DOMAIN("",
             "<serial><target port='1'/></serial><serial><target port='1'/></serial>"),
      VIR_ERR_XML_ERROR, "serial port~'1'" },
    { DOMAIN("", "<console/><console/>"), VIR_ERR_CONFIG_UNSUPPORTED, "devices/console" },
    { DOMAIN("", "<console><target type='xen'/></console>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "type='xen'~devices/console/target" },
    { DOMAIN("", "<console type='pipe'><target type='virtio'/></console>"),
      VIR_ERR_XML_ERROR, "missing~path" },
    { DOMAIN("", "<channel/>"), VIR_ERR_XML_ERROR, "missing~type~devices/channel" },
    { DOMAIN("", "<channel type='dbus'><target type='virtio'/></channel>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='dbus'~devices/channel" },
    { DOMAIN("", "<channel><target type='xen' name='n'/></channel>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='xen'~devices/channel/target" },
    { DOMAIN("", "<channel><target type='virtio' name='n'/></channel>"
                 "<channel><target type='virtio' name='n'/></channel>"),
      VIR_ERR_XML_ERROR, "channel target name~'n'" },
    { DOMAIN("", "<controller type='virtio-serial' ports='0'/>"), VIR_ERR_XML_ERROR,
      "'0'~devices/controller" },
    { DOMAIN("", "<controller type='sata' ports='2'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "ports='2'~devices/controller" },
    { DOMAIN("", "<rng model='virtio'><backend model='egd'/></rng>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "model='egd'~devices/rng/backend" },
    { DOMAIN("", "<rng model='virtio'/>"), VIR_ERR_XML_ERROR, "missing~backend" },
    { DOMAIN("", "<rng model='virtio'><rate period='1'/><backend model='random'/></rng>"),
      VIR_ERR_XML_ERROR, "missing attribute 'bytes'~rng/rate" },
    { DOMAIN("", "<rng model='virtio'><rate bytes='0'/><backend model='random'/></rng>"),
      VIR_ERR_XML_ERROR, "'0' for attribute 'bytes'~rng/rate" },
    { DOMAIN("", "<watchdog action='reset'/>"), VIR_ERR_XML_ERROR, "missing~model" },
    { DOMAIN("", "<watchdog model='itco' action='dump'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "action='dump'~devices/watchdog" },
    { DOMAIN("", "<watchdog model='itco'/><watchdog model='itco'/>"), VIR_ERR_XML_ERROR,
      "watchdog model~'itco'" },
    { DOMAIN("", "<panic model='hyperv'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "model='hyperv'~devices/panic" },
    { DOMAIN("", "<panic model='isa'/><panic model='isa'/>"), VIR_ERR_XML_ERROR,
      "panic model~'isa'" },
};

static void test_refusals(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        refused(refusals[i].text, refusals[i].code, refusals[i].words);
    }
}

/* Unknown elements vanish; those inside one are not looked at. */
static void test_unknown(void)
{
    g_autoptr(Domain) plain = parse(DOMAIN("", DISK("")));
    g_autoptr(Domain) more =
        parse(DOMAIN("<new a='1'><cputune/></new><!-- c --><x:y xmlns:x='urn:x'/>",
                     DISK("<newer/>") "<newest><tpm/></newest>"));
    g_autofree char *a = xml_domain_format(plain, XML_FORMAT_INACTIVE);
    g_autofree char *b = xml_domain_format(more, XML_FORMAT_INACTIVE);

    g_assert_cmpstr(a, ==, b);
}

static void test_units(void)
{
    static const struct {
        const char *unit;
        const char *value;
        guint64 kib;
    } rows[] = {
        { "b", "1", 1 },
        { "byte", "1024", 1 },
        { "bytes", "1025", 2 },
        { "KB", "1", 1 },
        { "k", "3", 3 },
        { "KiB", "3", 3 },
        { "MB", "1", 977 },
        { "M", "1", 1024 },
        { "mib", "1", 1024 },
        { "GB", "1", 976563 },
        { "G", "1", 1u << 20 },
        { "GiB", "1", 1u << 20 },
        { "TB", "1", 976562500 },
        { "T", "1", 1u << 30 },
        { "TiB", " 1\n", 1u << 30 },
        { "PiB", "1", 1ull << 40 },
        { "EiB", "7", 7ull << 50 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("<domain type='kvm'><name>d</name><memory unit='%s'>%s"
                            "</memory><os><type>hvm</type></os></domain>",
                            rows[i].unit, rows[i].value);
        g_autoptr(Domain) domain = parse(text);
        g_assert_cmpuint(domain->memory, ==, rows[i].kib);
    }
}

static void test_hostile(void)
{
    g_autoptr(GString) text = g_string_new("<domain type='kvm'>");

    refused("<!DOCTYPE domain [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"
            "<domain type='kvm'><name>&b;</name></domain>",
            VIR_ERR_XML_DETAIL, "DOCTYPE");
    refused("<!DOCTYPE domain SYSTEM 'http://example.org/x'><domain/>",
            VIR_ERR_XML_DETAIL, "DOCTYPE");
    refused("<domain type='kvm'><name>&undefined;</name></domain>", VIR_ERR_XML_DETAIL,
            "undefined");
    for (int i = 0; i < 10000; i++) {
        g_string_append(text, "<a>");
    }
    refused(text->str, VIR_ERR_XML_DETAIL, "depth");
    g_string_assign(text, "<domain");
    for (int i = 0; i < 5000; i++) {
        g_string_append_printf(text, " a%d='%d'", i, i);
    }
    g_string_append(text, "/>");
    refused(text->str, VIR_ERR_XML_DETAIL, "attributes");
    g_string_assign(text, "<domain type='kvm'><name>");
    g_string_set_size(text, XML_TEXT_MAX);
    memset(text->str + 25, 'a', text->len - 25);
    g_string_append(text, "</name></domain>");
    refused(text->str, VIR_ERR_XML_DETAIL, "bytes");
    g_string_truncate(text, XML_TEXT_MAX - 1000);
    g_string_append(text, "</name></domain>");
    refused(text->str, VIR_ERR_XML_ERROR, "domain/name~more than 244 bytes");
    refused("<domain type='kvm'><name>a\x01</name></domain>", VIR_ERR_XML_DETAIL, "");
    refused("<domain type='kvm'><name>\xff\xfe</name></domain>", VIR_ERR_XML_DETAIL, "");
}

static void test_texts(void)
{
    guint8 uuid[16], mac[6];
    char text[DOMAIN_UUID_STR_LEN];

    g_assert_true(xml_uuid_parse("C3915BB8A1AC48479E924A40F5CE3750", uuid));
    xml_uuid_format(uuid, text);
    g_assert_cmpstr(text, ==, "c3915bb8-a1ac-4847-9e92-4a40f5ce3750");
    g_assert_false(xml_uuid_parse("c3915bb8-a1ac-4847-9e92-4a40f5ce375", uuid));
    g_assert_false(xml_uuid_parse("c3915bb8-a1ac-4847-9e92-4a40f5ce37500", uuid));
    g_assert_true(xml_uuid_parse("00000000-0000-0000-0000-000000000000", uuid));
    g_assert_true(xml_mac_parse("52:54:00:aB:cd:ef", mac));
    g_assert_cmpuint(mac[3], ==, 0xab);
    g_assert_false(xml_mac_parse("52:54:00:ab:cd", mac));
    g_assert_false(xml_mac_parse("52:54:00:ab:cd:ef:00", mac));
    g_assert_false(xml_mac_parse("5", mac));
}

/* Against libvirt's own schema, where it is installed; what we write is valid. */
static void test_validate(void)
{
    g_autofree char *text = read_golden("full.out.xml");
    g_autoptr(GError) error = NULL;

    g_assert_false(xml_domain_validate(text, "/nonexistent/domain.rng", &error));
    g_assert_error(error, XML_ERROR, VIR_ERR_INTERNAL_ERROR);
    g_assert_nonnull(strstr(error->message, "/nonexistent/domain.rng"));
    g_clear_error(&error);
    if (!g_file_test(XML_DOMAIN_SCHEMA, G_FILE_TEST_EXISTS)) {
        skip_case("no " XML_DOMAIN_SCHEMA);
        return;
    }
    xml_domain_validate(text, NULL, &error);
    g_assert_no_error(error);
    g_assert_false(xml_domain_validate(DOMAIN("<cpu><colour/></cpu>", ""), NULL, &error));
    g_assert_error(error, XML_ERROR, VIR_ERR_XML_INVALID_SCHEMA);
    g_assert_nonnull(strstr(error->message, XML_DOMAIN_SCHEMA "\n"));
    g_assert_nonnull(strstr(error->message, "cpu"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/xml/golden/minimal", "minimal", test_golden);
    g_test_add_data_func("/xml/golden/full", "full", test_golden);
    g_test_add_func("/xml/fields", test_fields);
    g_test_add_func("/xml/defaults", test_defaults);
    g_test_add_func("/xml/timers", test_timers);
    g_test_add_func("/xml/live", test_live);
    g_test_add_func("/xml/refusals", test_refusals);
    g_test_add_func("/xml/unknown", test_unknown);
    g_test_add_func("/xml/units", test_units);
    g_test_add_func("/xml/hostile", test_hostile);
    g_test_add_func("/xml/texts", test_texts);
    g_test_add_func("/xml/validate", test_validate);
    return skip_run();
}
