/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml/: firmware, boot order, SMBIOS and fw_cfg, SATA and its drives: what is written
 * comes back as libvirt writes it, and what cannot be is refused as libvirt does. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/domain.h"
#include "xml/internal.h"

#define UUID "c3915bb8-a1ac-4847-9e92-4a40f5ce3750"
#define DOMAIN(top, os, devices)                                                         \
    "<domain type='kvm'><name>d</name><uuid>" UUID "</uuid>"                             \
    "<memory unit='MiB'>64</memory>" top os "<devices>" devices "</devices></domain>"
#define TYPE        "<type arch='x86_64' machine='q35'>hvm</type>"
#define OS(more)    DOMAIN("", "<os>" TYPE more "</os>", "")
#define EFI(more)   DOMAIN("", "<os firmware='efi'>" TYPE more "</os>", "")
#define DISKS(more) DOMAIN("", "<os>" TYPE "</os>", more)
#define SYSINFO(more, os)                                                                \
    DOMAIN("<sysinfo type='smbios'>" more "</sysinfo>", "<os>" TYPE os "</os>", "")
#define FWCFG(more)                                                                      \
    DOMAIN("<sysinfo type='fwcfg'>" more "</sysinfo>", "<os>" TYPE "</os>", "")

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    xml_domain_check(domain, &error);
    g_assert_no_error(error);
    return domain;
}

/* What is between the lines, one thing a row. */
static char *squeeze(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text; text++) {
        if (*text == '\n') {
            text += strspn(text, "\n ") - 1;
        } else {
            g_string_append_c(out, *text);
        }
    }
    return g_string_free(out, FALSE);
}

/* Each is in what becomes of the text, and again in what becomes of that. */
static void test_written(void)
{
    static const struct {
        const char *text, *out;
    } rows[] = {
        { OS("<loader readonly='yes' secure='no' type='pflash'>/c.fd</loader>"
             "<nvram template='/v.fd'>/n.fd</nvram>"),
          "<loader readonly='yes' secure='no' type='pflash'>/c.fd</loader>"
          "<nvram template='/v.fd'>/n.fd</nvram>" },
        { OS("<loader type='pflash' stateless='yes' format='raw'>/c.fd</loader>"),
          "<loader type='pflash' stateless='yes' format='raw'>/c.fd</loader>" },
        { OS("<loader type='rom'>/b.bin</loader>"),
          "<loader type='rom'>/b.bin</loader>" },
        { EFI("<firmware><feature enabled='no' name='secure-boot'/>"
              "<feature name='enrolled-keys' enabled='no'/></firmware><loader "
              "secure='no'/>"),
          "<os firmware='efi'>" TYPE
          "<firmware><feature enabled='no' name='enrolled-keys'/>"
          "<feature enabled='no' name='secure-boot'/></firmware><loader secure='no'/>" },
        { EFI("<nvram template='/v' templateFormat='raw' format='raw'/>"),
          "<nvram template='/v' templateFormat='raw' format='raw'/>" },
        { OS("<boot dev='cdrom'/><boot dev='network'/><boot dev='hd'/>"
             "<bootmenu enable='yes' timeout='0'/>"
             "<bios useserial='yes' rebootTimeout='-1'/>"),
          "<boot dev='cdrom'/><boot dev='network'/><boot dev='hd'/>"
          "<bootmenu enable='yes' timeout='0'/>"
          "<bios useserial='yes' rebootTimeout='-1'/></os>" },
        { OS("<smbios mode='emulate'/>"), "<smbios mode='emulate'/></os>" },
        { SYSINFO("<chassis><entry name='sku'>k</entry></chassis>"
                  "<bios><entry name='version'>&lt;2&gt;</entry><entry "
                  "name='vendor'>V</entry>"
                  "<entry name='date'>02/29/2024</entry><entry name='release'/></bios>"
                  "<system><entry name='uuid'>" UUID "</entry></system>"
                  "<baseBoard><entry name='asset'>a</entry></baseBoard>"
                  "<baseBoard><entry name='asset'>b</entry></baseBoard>"
                  "<oemStrings><entry>x=y</entry><entry>x, y</entry></oemStrings>",
                  "<smbios mode='sysinfo'/>"),
          "<sysinfo type='smbios'><bios><entry name='vendor'>V</entry>"
          "<entry name='version'>&lt;2&gt;</entry><entry name='date'>02/29/2024</entry>"
          "</bios><system><entry name='uuid'>" UUID "</entry></system>"
          "<baseBoard><entry name='asset'>a</entry></baseBoard>"
          "<baseBoard><entry name='asset'>b</entry></baseBoard>"
          "<chassis><entry name='sku'>k</entry></chassis>"
          "<oemStrings><entry>x=y</entry><entry>x, "
          "y</entry></oemStrings></sysinfo><os>" },
        { FWCFG("<entry name='opt/com.example/a'>b</entry>"
                "<entry name='opt/com.example/f' file='/f'/>"),
          "<sysinfo type='fwcfg'><entry name='opt/com.example/a'>b</entry>"
          "<entry name='opt/com.example/f' file='/f'/></sysinfo>" },
        { DISKS("<disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk>"),
          "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>"
          "<target dev='sdb' bus='sata'/><readonly/></disk>" },
        { DISKS("<disk type='block' device='disk'><source dev='/dev/a'/><target "
                "dev='sda' bus='sata'/><boot order='3'/></disk>"),
          "<source dev='/dev/a'/><target dev='sda' bus='sata'/><boot "
          "order='3'/></disk>" },
        { DISKS("<disk type='file' device='cdrom'><target dev='sdb' bus='sata' "
                "tray='open'/></disk>"),
          "<target dev='sdb' bus='sata' tray='open'/>" },
        { DISKS("<disk type='file'><source file='/a'/><target dev='sda' bus='sata' "
                "rotation_rate='1'/><wwn>5000c50015ea71aC</wwn></disk>"),
          "<target dev='sda' bus='sata' rotation_rate='1'/>"
          "<wwn>5000c50015ea71aC</wwn></disk>" },
        { DISKS("<controller type='sata' index='0'/>"),
          "<controller type='sata' index='0'/>" },
        { DISKS("<interface type='ethernet'><mac address='52:54:00:00:00:01'/>"
                "<rom bar='off' file='/r.rom'/></interface>"
                "<interface type='ethernet'><mac address='52:54:00:00:00:02'/>"
                "<rom enabled='no'/></interface>"),
          "<rom bar='off' file='/r.rom'/></interface>"
          "<interface type='ethernet'><mac address='52:54:00:00:00:02'/>"
          "<rom enabled='no'/></interface>" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = parse(rows[i].text);
        g_autoptr(Domain) copy = xml_domain_copy(domain);
        g_autofree char *once = xml_domain_format(copy, XML_FORMAT_INACTIVE);
        g_autofree char *out = squeeze(once);
        g_autoptr(Domain) again = parse(once);
        g_autofree char *twice = xml_domain_format(again, XML_FORMAT_INACTIVE);

        if (!strstr(out, rows[i].out)) {
            g_error("'%s' is not in '%s'", rows[i].out, out);
        }
        g_assert_cmpstr(once, ==, twice);
    }
}

#define LONG "12345678901234567890"

static const struct {
    const char *text;
    int code;
    const char *words;
} refusals[] = {
    { OS("<loader secure='yes' type='pflash'>/c</loader>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "secure='yes'~<os/loader>~System Management Mode" },
    { OS("<loader type='pflash'/>"), VIR_ERR_XML_DETAIL, "no loader path" },
    { OS("<loader type='tape'>/c</loader>"), VIR_ERR_XML_ERROR, "'tape'~os/loader" },
    { OS("<loader>c.fd</loader>"), VIR_ERR_XML_ERROR, "'c.fd'~os/loader~absolute" },
    { OS("<loader format='qcow2' type='pflash'>/c</loader>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "format='qcow2'~os/loader" },
    { OS("<firmware><feature enabled='no' name='secure-boot'/></firmware>"),
      VIR_ERR_XML_DETAIL, "autoselection is disabled" },
    { EFI("<firmware><feature enabled='no' name='fast'/></firmware>"), VIR_ERR_XML_ERROR,
      "'fast'~os/firmware/feature" },
    { EFI("<firmware><feature name='secure-boot'/></firmware>"), VIR_ERR_XML_ERROR,
      "'enabled'~os/firmware/feature" },
    { DOMAIN("", "<os firmware='uboot'>" TYPE "</os>", ""), VIR_ERR_XML_ERROR,
      "'uboot'~'firmware'~domain/os" },
    { OS("<nvram>/n</nvram>"), VIR_ERR_XML_DETAIL, "no loader path" },
    { OS("<loader type='rom'>/b</loader><nvram>/n</nvram>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "Only pflash loader type permits NVRAM" },
    { OS("<loader stateless='yes' type='pflash'>/c</loader><nvram>/n</nvram>"),
      VIR_ERR_XML_DETAIL, "NVRAM is not permitted when loader is stateless" },
    { OS("<loader stateless='yes' type='pflash'>/c</loader><nvram template='/n'/>"),
      VIR_ERR_XML_DETAIL, "NVRAM template is not permitted" },
    { EFI("<nvram type='network'><source protocol='nbd'/></nvram>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "type='network'~os/nvram" },
    { OS("<boot dev='hd'/><boot dev='hd'/>"), VIR_ERR_XML_ERROR, "'hd'~twice" },
    { OS("<bootmenu enable='yes' timeout='65536'/>"), VIR_ERR_XML_ERROR,
      "'65536'~os/bootmenu" },
    { OS("<bios rebootTimeout='65536'/>"), VIR_ERR_XML_ERROR,
      "'65536'~'rebootTimeout'~os/bios" },
    { OS("<smbios mode='host'/>"), VIR_ERR_CONFIG_UNSUPPORTED, "mode='host'~os/smbios" },
    { OS("<smbios mode='sysinfo'/>"), VIR_ERR_XML_ERROR,
      "Domain 'd' sysinfo are not available" },
    { SYSINFO("<bios><entry name='date'>2024-01-01</entry></bios>", ""),
      VIR_ERR_XML_DETAIL, "Invalid BIOS 'date' format" },
    { SYSINFO("<system><entry name='uuid'>1</entry></system>", ""), VIR_ERR_XML_DETAIL,
      "malformed <sysinfo> uuid" },
    { SYSINFO("<system><entry name='uuid'>c3915bb8-a1ac-4847-9e92-4a40f5ce3751</entry>"
              "</system>",
              ""),
      VIR_ERR_XML_DETAIL, "UUID mismatch" },
    { DOMAIN("<sysinfo type='acpi'/>", "<os>" TYPE "</os>", ""), VIR_ERR_XML_ERROR,
      "'acpi'~sysinfo" },
    { SYSINFO("<bios><entry name='verison'>1</entry></bios>", ""),
      VIR_ERR_CONFIG_UNSUPPORTED, "entry 'verison' of element <sysinfo/bios>" },
    { FWCFG("<entry>v</entry>"), VIR_ERR_XML_ERROR, "missing 'name'" },
    { FWCFG("<entry name='opt/" LONG LONG LONG "'>v</entry>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "longer than 55" },
    { FWCFG("<entry name='opt/a'/>"), VIR_ERR_XML_ERROR, "'opt/a'~'file'" },
    { FWCFG("<entry name='etc/a'>v</entry>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "Invalid firmware name~etc/a" },
    { FWCFG("<entry name='opt/ovmf/a'>v</entry>"), VIR_ERR_CONFIG_UNSUPPORTED,
      "reserved~opt/ovmf/a" },
    { DISKS("<disk><source file='/a'/><target dev='hda' bus='ide'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "bus='ide'~disk/target" },
    { DISKS("<disk model='virtio-transitional'><source file='/a'/><target dev='sda' "
            "bus='sata'/></disk>"),
      VIR_ERR_XML_ERROR,
      "disk model 'virtio-transitional' not supported for bus 'sata'" },
    { DISKS("<disk><source file='/a'/><target dev='sda' bus='sata' tray='open'/></disk>"),
      VIR_ERR_XML_ERROR, "tray is only valid for cdrom" },
    { DISKS("<disk><source file='/a'/><target dev='vda' rotation_rate='1'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "rotation rate is only valid for SCSI/IDE/SATA bus" },
    { DISKS(
          "<disk device='cdrom'><target dev='sda' bus='sata' rotation_rate='1'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "'cdrom'" },
    { DISKS("<disk><source file='/a'/><target dev='vda'/><wwn>5000c50015ea71ac</wwn>"
            "</disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "Only ide and scsi disk support wwn" },
    { DISKS("<disk><source file='/a'/><target dev='sda' "
            "bus='sata'/><wwn>5000</wwn></disk>"),
      VIR_ERR_XML_ERROR, "'5000'~disk/wwn" },
    { DISKS("<disk device='floppy'><target dev='fda' bus='fdc'/></disk>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "device='floppy'" },
    { DISKS("<disk><target dev='sda' bus='sata'/></disk>"), VIR_ERR_XML_ERROR,
      "missing source~'file'" },
    { DISKS("<controller type='sata' index='0' model='ahci'/>"),
      VIR_ERR_CONFIG_UNSUPPORTED, "model='ahci'" },
    { DISKS("<interface type='ethernet'><rom file='r'/></interface>"), VIR_ERR_XML_ERROR,
      "'r'~'file'~interface/rom" },
};

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) domain =
            xml_domain_parse(refusals[i].text, XML_PARSE_INACTIVE, &error);
        g_auto(GStrv) words = g_strsplit(refusals[i].words, "~", -1);

        if (domain) {
            g_assert_false(xml_domain_check(domain, &error));
        }
        for (guint n = 0; words[n]; n++) {
            if (!strstr(error->message, words[n])) {
                g_error("'%s' is not in: %s", words[n], error->message);
            }
        }
        g_assert_error(error, XML_ERROR, refusals[i].code);
    }
}

/* A domain without a UUID has that of its SMBIOS tables. */
static void test_uuid(void)
{
    g_autoptr(Domain) domain =
        parse("<domain type='kvm'><name>d</name><memory>1024</memory><sysinfo "
              "type='smbios'><system><entry name='uuid'>" UUID "</entry></system>"
              "</sysinfo><os>" TYPE "</os></domain>");
    char text[DOMAIN_UUID_STR_LEN];

    xml_uuid_format(domain->uuid, text);
    g_assert_cmpstr(text, ==, UUID);
}

/* As libvirt, a definition keeps it. */
static void test_tray(void)
{
    g_autoptr(Domain) domain = parse(
        DISKS("<disk device='cdrom'><source file='/a.iso'/><target dev='sda' bus='sata' "
              "tray='open'/></disk>"));
    DomainDisk *disk = domain->disks->pdata[0];
    g_autofree char *live = NULL, *status = NULL, *config = NULL;
    g_autoptr(Domain) back = NULL;

    g_assert_cmpint(disk->tray, ==, DOMAIN_TRAY_OPEN);
    g_assert_true(disk->readonly);
    domain->id = 1;
    live = xml_domain_format(domain, XML_FORMAT_LIVE);
    g_assert_nonnull(strstr(live, "<target dev='sda' bus='sata' tray='open'/>"));
    config = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    g_assert_nonnull(strstr(config, "<target dev='sda' bus='sata' tray='open'/>"));
    status = xml_domain_format(domain, XML_FORMAT_STATUS);
    back = xml_domain_parse(status, XML_PARSE_STATUS, NULL);
    g_assert_cmpint(((DomainDisk *)back->disks->pdata[0])->tray, ==, DOMAIN_TRAY_OPEN);
}

static void test_swap(void)
{
    g_autoptr(Domain) domain =
        parse(DISKS("<disk device='cdrom'><source file='/a.iso'/><target dev='sda' "
                    "bus='sata'/></disk><disk device='cdrom' type='block'><source "
                    "dev='/dev/sr0'/><target dev='sdb' bus='sata'/></disk>"));
    DomainDisk *a = domain->disks->pdata[0], *b = domain->disks->pdata[1];

    xml_disk_swap_source(a, b);
    g_assert_cmpstr(a->source.path, ==, "/dev/sr0");
    g_assert_cmpint(a->source.type, ==, DOMAIN_STORAGE_BLOCK);
    g_assert_cmpstr(b->source.path, ==, "/a.iso");
}

/* What a guest sees of it must be the same after a migration. */
static void test_abi(void)
{
    static const char from[] = SYSINFO("<bios><entry name='vendor'>V</entry></bios>"
                                       "<baseBoard><entry name='asset'>a</entry>"
                                       "</baseBoard>",
                                       "<loader type='pflash'>/c</loader>"
                                       "<smbios mode='sysinfo'/>");
    static const struct {
        const char *old, *new, *words;
    } edits[] = {
        { ">V<", ">W<", "sysinfo value 'W' does not match source 'V'" },
        { "'vendor'", "'version'", "sysinfo entry 'version'" },
        { "mode='sysinfo'", "mode='emulate'", "SMBIOS mode 'emulate'" },
        { "pflash", "rom", "loader type 'rom'" },
        { "<baseBoard>", "<baseBoard/><baseBoard>", "number of baseBoard" },
    };
    g_autoptr(Domain) source = parse(from);

    for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_auto(GStrv) parts = g_strsplit(from, edits[i].old, 2);
        g_autofree char *text = g_strjoinv(edits[i].new, parts);
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) to = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

        g_assert_no_error(error);
        g_assert_false(xml_domain_check_abi_stable(source, to, &error));
        g_assert_error(error, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
        if (!strstr(error->message, edits[i].words)) {
            g_error("'%s' is not in: %s", edits[i].words, error->message);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/xml-os/written", test_written);
    g_test_add_func("/xml-os/refused", test_refused);
    g_test_add_func("/xml-os/uuid", test_uuid);
    g_test_add_func("/xml-os/tray", test_tray);
    g_test_add_func("/xml-os/swap", test_swap);
    g_test_add_func("/xml-os/abi", test_abi);
    return g_test_run();
}
