/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml/: what we cannot honour is read, kept as it was written, and refused only when it
 * is checked; the order of disks; chains of images; addresses. */
#include <libvirt/virterror.h>
#include <string.h>

#include "util/text.h"
#include "xml/internal.h"

#define DOMAIN(top, devices)                                                             \
    "<domain type='kvm'><name>d</name>"                                                  \
    "<uuid>c3915bb8-a1ac-4847-9e92-4a40f5ce3750</uuid>"                                  \
    "<memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os>" top          \
    "<devices>" devices "</devices></domain>"
#define DISK(dev, more)                                                                  \
    "<disk><source file='/" dev ".img'/><target dev='" dev "'/>" more "</disk>"

static Domain *parse(const char *text, XmlParseFlags flags)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, flags, &error);

    g_assert_no_error(error);
    return domain;
}

/* Each can be read and comes back, however often; and is refused by these words. */
static void test_kept(void)
{
    static const struct {
        const char *text;
        const char *kept;
        const char *refusal;
    } rows[] = {
        { DOMAIN("", "<tpm model='tpm-crb'><backend type='emulator'/></tpm>"),
          "<tpm model=\"tpm-crb\">", "devices/tpm model='tpm-crb'" },
        { DOMAIN("", DISK("vda", "<iotune><read_bytes_sec>1</read_bytes_sec></iotune>")),
          "<read_bytes_sec>1</read_bytes_sec>", "devices/disk/iotune" },
        { DOMAIN("", DISK("vda", "<driver name='qemu' queues='4'/>")), " queues='4'",
          "queues='4'" },
        { DOMAIN("", DISK("vda", "<driver type='qcow2'/>")), " type='qcow2'",
          "type='qcow2'" },
        { DOMAIN("", "<disk type='network'><source protocol='rbd' name='p/i'><host "
                     "name='h'/></source><target dev='sda' bus='scsi'/></disk>"),
          "<source protocol='rbd' name='p/i'>", "type='network'" },
        { DOMAIN("", "<interface type='udp'><source address='10.0.0.1'/></interface>"),
          "<source address='10.0.0.1'/>", "type='udp'" },
        { DOMAIN("", "<interface type='ethernet'><model type='e1000e'/></interface>"),
          "<model type='e1000e'/>", "type='e1000e'" },
        { DOMAIN("", "<serial type='udp'><source mode='bind' host='h' service='s'/>"
                     "<protocol type='x'/></serial>"),
          "<source host='h' service='s'/>", "type='udp'" },
        { DOMAIN("", "<console><target type='sclp'/></console>"), "type='sclp'",
          "type='sclp'" },
        { DOMAIN("", "<console/><console/>"), "<console", "only the first console" },
        { DOMAIN("", "<channel type='spicevmc'><target type='virtio'/></channel>"),
          "<channel type='spicevmc'>", "type='spicevmc'" },
        { DOMAIN("", "<channel><target type='guestfwd' address='10.0.2.1' port='1'/>"
                     "</channel>"),
          "address='10.0.2.1' port='1'/>", "type='guestfwd'" },
        { DOMAIN("", "<rng model='virtio'><backend model='egd'>x</backend></rng>"),
          " model='egd'", "model='egd'" },
        { DOMAIN("", "<controller type='scsi' index='0'/>"), "type='scsi'",
          "type='scsi'" },
        { DOMAIN("", "<controller type='pci' index='1' model='pcie-expander-bus'/>"),
          "model='pcie-expander-bus'", "model='pcie-expander-bus'" },
        { DOMAIN("", "<controller type='pci' model='pcie-root-port'>"
                     "<target busNr='3'/></controller>"),
          "<target busNr='3'/>", "busNr='3'" },
        { DOMAIN("<clock offset='variable'/>", ""), "offset='variable'", "variable" },
        { DOMAIN("<cpu mode='host-model'/>", ""), "mode='host-model'", "host-model" },
        { DOMAIN("<cpu mode='host-passthrough' deprecated_features='off'/>", ""),
          " deprecated_features='off'", "deprecated_features='off'" },
        { DOMAIN("", "<audio id='1' type='none' runtimeDir='/run/user/0'/>"),
          " runtimeDir='/run/user/0'", "runtimeDir='/run/user/0'" },
        { DOMAIN("", "<interface type='ethernet'><driver name='vfio' model='m'/>"
                     "</interface>"),
          " model='m'", "element <devices/interface/driver>" },
        { DOMAIN("<on_crash>coredump-destroy</on_crash>", ""),
          "<on_crash>coredump-destroy</on_crash>", "coredump-destroy" },
        { DOMAIN("<seclabel type='static' model='selinux'><label>l</label></seclabel>",
                 ""),
          "<label>l</label>", "type='static'" },
        { DOMAIN("<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
                 "<q:arg value='-x'/></q:commandline>",
                 ""),
          "<q:arg value=\"-x\"/>", "qemu:commandline" },
    };
    static const XmlParseFlags parses[] = { XML_PARSE_INACTIVE, XML_PARSE_STATUS };
    static const XmlFormatFlags formats[] = { XML_FORMAT_INACTIVE, XML_FORMAT_STATUS };

    for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = parse(rows[i / 2].text, parses[i % 2]);
        g_autofree char *first = xml_domain_format(domain, formats[i % 2]);
        g_autoptr(Domain) again = parse(first, parses[i % 2]);
        g_autoptr(Domain) copy = xml_domain_copy(again);
        g_autofree char *second = xml_domain_format(copy, formats[i % 2]);
        g_autoptr(GError) error = NULL;

        if (!strstr(first, rows[i / 2].kept)) {
            g_error("'%s' is not in: %s", rows[i / 2].kept, first);
        }
        g_assert_cmpstr(second, ==, first);
        g_assert_false(xml_domain_check(copy, &error));
        g_assert_error(error, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
        if (!strstr(error->message, rows[i / 2].refusal)) {
            g_error("'%s' is not in: %s", rows[i / 2].refusal, error->message);
        }
    }
}

#define PCI_ADDRESS                                                                      \
    "<address type='pci' domain='0x0000' bus='0x01' slot='0x1f' function='0x7' "         \
    "multifunction='on'/>"

static char *targets(const Domain *domain)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < domain->disks->len; i++) {
        g_string_append(text, ((const DomainDisk *)domain->disks->pdata[i])->target);
        g_string_append_c(text, ' ');
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* As libvirt sorts them: by the number that the letters are. */
static void test_order(void)
{
    g_autoptr(Domain) domain = parse(
        DOMAIN("", DISK("vdaa", "") DISK("vdz", "") DISK("vdb", "")), XML_PARSE_INACTIVE);
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainDevice) disk =
        xml_device_parse(DISK("vdc", ""), XML_PARSE_INACTIVE, &error);
    g_autofree char *before = targets(domain), *after = NULL;

    g_assert_cmpstr(before, ==, "vdb vdz vdaa ");
    g_assert_true(xml_domain_add_device(domain, disk, NULL, &error));
    after = targets(domain);
    g_assert_cmpstr(after, ==, "vdb vdc vdz vdaa ");
}

/* Backing files and slices are in the model, and come back in libvirt's form. */
static void test_chain(void)
{
    static const char chain[] =
        "      <source dev='/dev/top'>\n"
        "        <slices>\n"
        "          <slice type='storage' offset='0' size='512'/>\n"
        "        </slices>\n"
        "      </source>\n"
        "      <backingStore type='file'>\n"
        "        <format type='raw'/>\n"
        "        <source file='/base.img'/>\n"
        "        <backingStore/>\n"
        "      </backingStore>\n";
    g_autofree char *text = g_strdup_printf(
        DOMAIN("", "<disk type='block'>%s<target dev='vda'/></disk>"), chain);
    g_autoptr(Domain) domain = parse(text, XML_PARSE_INACTIVE);
    g_autoptr(Domain) copy = xml_domain_copy(domain);
    g_autofree char *out = xml_domain_format(copy, XML_FORMAT_INACTIVE);
    const DomainStorage *top = &((const DomainDisk *)copy->disks->pdata[0])->source;
    const DomainSlice *slice = top->slices->pdata[0];

    g_assert_nonnull(strstr(out, chain));
    g_assert_cmpint(top->type, ==, DOMAIN_STORAGE_BLOCK);
    g_assert_cmpuint(slice->size, ==, 512);
    g_assert_cmpstr(top->backing->path, ==, "/base.img");
    g_assert_cmpint(top->backing->backing->type, ==, DOMAIN_STORAGE_NONE);
    g_assert_null(top->backing->backing->backing);
}

static void test_addresses(void)
{
    static const char *const rows[] = {
        PCI_ADDRESS,
        "<address type='drive' controller='0' bus='1' target='2' unit='3'/>",
        "<address type='virtio-serial' controller='1' bus='0' port='2'/>",
        "<address type='usb' bus='0' port='1.2'/>",
        "<address type='isa' iobase='0x505'/>",
        "<address type='virtio-mmio'/>",
        "<address type='dimm' slot='1' base='0x100000000'/>",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(DOMAIN("", DISK("vda", "%s")), rows[i]);
        g_autoptr(Domain) domain = parse(text, XML_PARSE_INACTIVE);
        g_autoptr(Domain) copy = xml_domain_copy(domain);
        g_autofree char *out = xml_domain_format(copy, XML_FORMAT_INACTIVE);

        if (!strstr(out, rows[i])) {
            g_error("'%s' is not in: %s", rows[i], out);
        }
    }
}

/* The place on virtio-mmio is in what we store, and not in what clients see. */
static void test_slots(void)
{
    g_autoptr(Domain) domain = parse(
        DOMAIN("", DISK("vda", "<address type='virtio-mmio'/>")), XML_PARSE_INACTIVE);
    DomainDisk *disk = domain->disks->pdata[0];
    g_autofree char *seen = NULL, *stored = NULL;
    g_autoptr(Domain) again = NULL, edited = NULL;

    disk->info.address.slot = 5;
    seen = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    g_assert_null(strstr(seen, "slot="));
    stored = xml_domain_format(domain, XML_FORMAT_INACTIVE | XML_FORMAT_STORED);
    again = parse(stored, XML_PARSE_STORED);
    disk = again->disks->pdata[0];
    g_assert_cmpuint(disk->info.address.slot, ==, 5);
    edited = parse(stored, XML_PARSE_INACTIVE);
    disk = edited->disks->pdata[0];
    g_assert_cmpuint(disk->info.address.slot, ==, DOMAIN_SLOT_NONE);
}

/* The forms of a definition, and whether secrets are in it. */
static const struct {
    guint flags;
    gboolean secret;
} forms[] = {
    { XML_FORMAT_LIVE, FALSE },
    { XML_FORMAT_INACTIVE, FALSE },
    { XML_FORMAT_MIGRATABLE, FALSE },
    { XML_FORMAT_SECURE, TRUE },
    { XML_FORMAT_MIGRATABLE | XML_FORMAT_SECURE, TRUE },
    { XML_FORMAT_INACTIVE | XML_FORMAT_SECURE | XML_FORMAT_STORED, TRUE },
    { XML_FORMAT_STATUS, TRUE },
};

typedef struct Safe {
    GPtrArray *extras;
    char *label, *key;
} Safe;

static const XmlField safe_rows[] = {
    XML_STRING("@label", Safe, label),
    XML_STRING("lock@key", Safe, key, .flags = XML_SECURE),
    { .path = "note", .type = XML_FIELD_REFUSED, .flags = XML_SECURE },
};

static const XmlStruct safe_type = { .size = sizeof(Safe), XML_ROWS(safe_rows) };

/* A secret, handled or kept, is written for those who ask for secrets, and for us. */
static void test_secure(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = xml_document_parse(
        "<safe label='l'><lock key='opens'/><note>hint</note></safe>", &error);
    Safe *safe = xml_struct_parse(&safe_type, xmlDocGetRootElement(doc),
                                  XML_PARSE_INACTIVE, &error);
    Safe *copy = xml_struct_copy(&safe_type, safe);

    g_assert_no_error(error);
    g_assert_cmpstr(copy->key, ==, "opens");
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        XmlWriter w = { .text = g_string_new(NULL), .flags = forms[i].flags };

        xml_struct_write(&safe_type, &w, "safe", copy);
        g_test_message("form %u: %s", i, w.text->str);
        g_assert_nonnull(strstr(w.text->str, "label='l'"));
        g_assert_true(!strstr(w.text->str, "opens") == !forms[i].secret);
        g_assert_true(!strstr(w.text->str, "hint") == !forms[i].secret);
        g_string_free(w.text, TRUE);
    }
    xml_struct_free(&safe_type, safe);
    xml_struct_free(&safe_type, copy);
}

/* A <graphics> that was stored, which is kept as it was written, password and all. */
static void test_secure_kept(void)
{
    g_autoptr(Domain) domain =
        parse(DOMAIN("", "<graphics type='vnc' passwd='opens'/>"), XML_PARSE_STORED);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *out = xml_domain_format(domain, forms[i].flags);

        g_assert_true(!strstr(out, "opens") == !forms[i].secret);
    }
    g_assert_false(xml_domain_check(domain, &error));
    g_assert_nonnull(strstr(error->message, "devices/graphics"));
}

/* Every kind counts in the ABI check. */
static void test_abi_kinds(void)
{
    static const char *const devices[] = {
        DISK("vda", ""),
        "<interface type='ethernet'/>",
        "<serial/>",
        "<rng model='virtio'><backend model='random'/></rng>",
    };
    g_autoptr(Domain) none = parse(DOMAIN("", ""), XML_PARSE_INACTIVE);

    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        g_autofree char *text = g_strdup_printf(DOMAIN("", "%s"), devices[i]);
        g_autoptr(Domain) one = parse(text, XML_PARSE_INACTIVE);
        g_autoptr(GError) error = NULL;

        g_assert_false(xml_domain_check_abi_stable(none, one, &error));
        g_assert_nonnull(strstr(error->message, "number of"));
    }
}

/* Messages are strings of the RPC: cut between characters, never within one. */
static void test_cut(void)
{
    for (guint fill = 0; fill < 4; fill++) {
        g_autofree char *pad = g_strnfill(fill, 'x');
        g_autoptr(GString) value = g_string_new(pad);
        g_autofree char *text = NULL, *shown = NULL;
        g_autoptr(GError) error = NULL;

        for (guint i = 0; i < 100; i++) {
            g_string_append(value, "\U0001f40e");
        }
        text =
            g_strdup_printf(DOMAIN("", DISK("vda", "<driver cache='%s'/>")), value->str);
        g_assert_null(xml_domain_parse(text, XML_PARSE_INACTIVE, &error));
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        shown = util_text_cut(value->str, 200);
        g_assert_cmpuint(strlen(shown), ==, 200 - (200 - fill) % 4);
    }
}

/* All that a kind's key needs is enough to find one. */
static void test_match(void)
{
    g_autoptr(Domain) domain =
        parse(DOMAIN("", DISK("vda", "") DISK("vdb", "")), XML_PARSE_INACTIVE);
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainDevice) match = xml_device_parse(
        "<disk><target dev='vdb'/></disk>", XML_PARSE_STATUS | XML_PARSE_MATCH, &error);

    g_assert_no_error(error);
    g_assert_cmpint(xml_domain_find_device(domain, match, NULL, &error), ==, 1);
}

/* What an update of a device that runs may say. */
static void test_update(void)
{
#define NIC(more)                                                                        \
    "<interface type='bridge'><mac address='52:54:00:00:00:01'/>" more "</interface>"
#define ADDRESS "<address type='isa' iobase='0x3f8' irq='0x4'/>"
    static const struct {
        const char *device, *to;
        const char *field;  /* that cannot change; NULL: */
        const char *result; /* has this */
    } rows[] = {
        { NIC("<source bridge='a'/>"), NIC("<source bridge='b'/>"), NULL, "bridge='b'" },
        { NIC("<source bridge='a'/>"), NIC("<source bridge='a'/><link state='up'/>"),
          NULL, "<link state='up'/>" },
        { NIC("<source bridge='a'/><target dev='t'/><model type='virtio'/>"
              "<alias name='ua-x'/>"),
          NIC("<source bridge='b'/>"), NULL, "<target dev='t'/>" },
        { NIC("<source bridge='a'/><alias name='ua-x'/>"),
          NIC("<source bridge='a'/><alias name='ua-y'/>"), "alias@name", NULL },
        { NIC("<source bridge='a'/><target dev='t'/>"),
          NIC("<source bridge='a'/><target dev='u'/>"), "target@dev", NULL },
        { NIC("<source bridge='a'/><link state='up'/>"),
          NIC("<source bridge='a'/><link state='down'/>"), NULL, "<link state='down'/>" },
        { NIC("<source bridge='a'/>"),
          NIC("<source bridge='a'/><bandwidth><inbound average='5'/></bandwidth>"), NULL,
          "<inbound average='5'/>" },
        { NIC("<source bridge='a'/><bandwidth><inbound average='5'/></bandwidth>"
              "<target dev='t'/>"),
          NIC("<source bridge='a'/>"), NULL,
          "<source bridge='a'/>\n  <target dev='t'/>" },
        { NIC("<source bridge='a'/><mtu size='1400'/>"),
          NIC("<source bridge='a'/><mtu size='1500'/>"), "mtu@size", NULL },
        { NIC("<source bridge='a'/>"), NIC("<source bridge='a'/><driver queues='2'/>"),
          "driver@queues", NULL },
        { NIC("<source bridge='a'/>"),
          "<interface type='ethernet'><mac address='52:54:00:00:00:01'/></interface>",
          "@type", NULL },
        { DISK("vda", "<serial>s</serial>"), DISK("vda", ""), "serial", NULL },
        { DISK("vda", "<driver type='raw' io='native'/>"), DISK("vda", ""), NULL,
          "io='native'" },
        { DISK("vda", ""), DISK("vda", "<driver type='raw' io='native'/>"), "driver@io",
          NULL },
        { DISK("vda", "<shareable/>"), DISK("vda", ""), "shareable", NULL },
        { DISK("vda", "<backingStore/>"), DISK("vda", ""), NULL, "<backingStore/>" },
        { DISK("vda", "<backingStore/>"), DISK("vda", "<backingStore/>"), NULL,
          "<backingStore/>" },
        { DISK("vda", ""), DISK("vda", "<backingStore/>"), "backingStore", NULL },
        { DISK("vda", ""),
          "<disk><source file='/vda.img'><slices><slice type='storage' offset='0' "
          "size='512'/></slices></source><target dev='vda'/></disk>",
          "source/slices/slice", NULL },
        { "<serial type='pty'>" ADDRESS "</serial>", "<serial type='pty'/>", NULL,
          ADDRESS },
        { "<serial type='pty'>" ADDRESS "</serial>",
          "<serial type='pty'><address type='isa' iobase='0x2f8' irq='0x4'/></serial>",
          "address@iobase", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainDevice) device =
            xml_device_parse(rows[i].device, XML_PARSE_STATUS, &error);
        g_autoptr(DomainDevice) to =
            xml_device_parse(rows[i].to, XML_PARSE_INACTIVE, &error);
        g_autofree char *field = NULL, *result = NULL;

        g_assert_no_error(error);
        g_test_message("row %u", i);
        xml_device_update(device, to, &error);
        if (rows[i].field) {
            field = g_strdup_printf("field '%s' of ", rows[i].field);
            g_assert_error(error, XML_ERROR, VIR_ERR_OPERATION_UNSUPPORTED);
            g_assert_nonnull(strstr(error->message, field));
        } else {
            g_assert_no_error(error);
            result = xml_device_format(device, XML_FORMAT_STATUS);
            g_assert_nonnull(strstr(result, rows[i].result));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xml/kept", test_kept);
    g_test_add_func("/xml/order", test_order);
    g_test_add_func("/xml/chain", test_chain);
    g_test_add_func("/xml/addresses", test_addresses);
    g_test_add_func("/xml/slots", test_slots);
    g_test_add_func("/xml/secure", test_secure);
    g_test_add_func("/xml/secure-kept", test_secure_kept);
    g_test_add_func("/xml/abi-kinds", test_abi_kinds);
    g_test_add_func("/xml/cut", test_cut);
    g_test_add_func("/xml/match", test_match);
    g_test_add_func("/xml/update", test_update);
    return g_test_run();
}
