/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SATA's controllers and drives, firmware: what definitions get, and what is refused. */
#include <string.h>

#include "command-q35.h"
#include "command/kind.h"

#define NONE   "<memballoon model='none'/>"
#define NO_USB "<controller type='usb' model='none'/>"
#define MICROVM(os, devices)                                                             \
    "<domain type='kvm'><name>d</name><memory>65536</memory>"                            \
    "<os><type machine='microvm'>hvm</type><kernel>/k</kernel>" os "</os>"               \
    "<features><acpi/></features><devices>" NONE devices "</devices></domain>"
#define Q35_OS(os, devices)                                                              \
    "<domain type='kvm'><name>d</name><memory>65536</memory>"                            \
    "<os><type machine='q35'>hvm</type>" os "</os>"                                      \
    "<features><acpi/></features><devices>" NONE NO_USB devices "</devices></domain>"
#define SATA(dev, more)                                                                  \
    "<disk><source file='/" dev "'/><target dev='" dev "' bus='sata'/>" more "</disk>"
#define CDROM(dev) "<disk device='cdrom'><target dev='" dev "' bus='sata'/></disk>"

/* Alias, and controller and unit, of each disk. */
static char *describe_drives(const Domain *domain)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        g_string_append_printf(
            text, "%s=%s %s; ", disk->target, disk->info.alias,
            disk->bus == DOMAIN_DISK_BUS_SATA ? command_drive_driver(disk) : "virtio");
    }
    return g_string_free(text, FALSE);
}

static void test_places(void)
{
    static const struct {
        const char *devices, *drives, *places;
    } rows[] = {
        { SATA("sda", "") CDROM("sdf"), "sda=sata0-0-0 ide-hd; sdf=sata0-0-5 ide-cd; ",
          "" },
        { CDROM("sdg") CDROM("sdn"), "sdg=sata1-0-0 ide-cd; sdn=sata2-0-1 ide-cd; ",
          "1 0:1.0; 2 0:2.0; " },
        { SATA("sda", "<address type='drive' controller='1' bus='0' target='0' "
                      "unit='3'/>") "<controller type='sata' index='1'><address "
                                    "type='pci' domain='0' bus='0' "
                                    "slot='7' function='0'/></controller>",
          "sda=sata1-0-3 ide-hd; ", "1 0:7.0; " },
        { SATA("sda", "") "<disk><source file='/v'/><target dev='vdb'/></disk>",
          "sda=sata0-0-0 ide-hd; vdb=virtio-disk1 virtio; ",
          "vdb 1:0.0; 1 0:1.0+; 2 0:1.1; " },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(Q35_OS("%s", "%s"), "", rows[i].devices);
        g_autoptr(Domain) domain = prepare(text);
        g_autofree char *drives = describe_drives(domain);

        g_assert_cmpstr(drives, ==, rows[i].drives);
        check_places(domain, rows[i].places);
    }
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        int code;
        const char *words;
    } rows[] = {
        { Q35_OS("", SATA("sda", "") SATA("sdb", "<address type='drive' unit='0'/>")),
          VIR_ERR_CONFIG_UNSUPPORTED, "duplicate drive address" },
        { Q35_OS("", SATA("sda", "<address type='drive' unit='6'/>")),
          VIR_ERR_CONFIG_UNSUPPORTED, "unit='6' is no port" },
        { Q35_OS("", SATA("sda", "<address type='drive' target='1'/>")),
          VIR_ERR_CONFIG_UNSUPPORTED, "target must be 0 for sata controller" },
        { Q35_OS("", SATA("sda", "<address type='drive' controller='99'/>")),
          VIR_ERR_CONFIG_UNSUPPORTED, "controller='99'" },
        { Q35_OS("", SATA("sda", "<address type='pci' domain='0' bus='0' slot='4'/>")),
          VIR_ERR_CONFIG_UNSUPPORTED, "'pci'" },
        { Q35_OS("", SATA("sdzz", "")), VIR_ERR_CONFIG_UNSUPPORTED, "controller='116'" },
        { Q35_OS("", "<controller type='sata' index='0'><address type='pci' slot='5'/>"
                     "</controller>"),
          VIR_ERR_INTERNAL_ERROR, "must have PCI address 0:0:1f.2" },
        { Q35_OS("", "<controller type='sata' index='32'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
          "index='32'" },
        { Q35_OS("</os><iothreads>1</iothreads><os>",
                 "<disk><driver iothread='1'/><source file='/a'/><target dev='sda' "
                 "bus='sata'/></disk>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "IOThreads not available" },
        { Q35_OS("", "<interface type='ethernet'><rom enabled='no' bar='on'/>"
                     "</interface>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "ROM is disabled" },
        { Q35_OS("<bios useserial='yes'/>", ""), VIR_ERR_XML_ERROR, "serial port" },
        { MICROVM("", SATA("sda", "")), VIR_ERR_CONFIG_UNSUPPORTED, "bus='sata'" },
        { MICROVM("", "<controller type='sata' index='0'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
          "controller type='sata'" },
        { MICROVM("", "<interface type='ethernet'><rom bar='off'/></interface>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "only for PCI devices" },
        { MICROVM("<loader type='pflash'>/c</loader>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
          "<os/loader>" },
        { MICROVM("<bootmenu enable='yes'/>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
          "<os/bootmenu>" },
        { MICROVM("<bios useserial='yes'/>", "<serial/>"), VIR_ERR_CONFIG_UNSUPPORTED,
          "<os/bios>" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) domain =
            xml_domain_parse(rows[i].text, XML_PARSE_INACTIVE, &error);

        g_assert_no_error(error);
        g_assert_false(command_complete(domain, NULL, "/e", &error));
        if (!strstr(error->message, rows[i].words)) {
            g_error("'%s' is not in: %s", rows[i].words, error->message);
        }
        g_assert_cmpint(error->code, ==, rows[i].code);
    }
}

static gboolean answer(gpointer types, const char *command, JsonNode **reply,
                       GError **errp)
{
    g_autofree char *text = g_strdup_printf(
        "[{\"name\":\"pc-q35-vireo-1.0\"},{\"name\":\"%s\"}]", (const char *)types);

    *reply = json_from_string(text, NULL);
    return TRUE;
}

/* What an emulator lacks is named. */
static void test_emulator(void)
{
    static const struct {
        const char *text, *has, *lacks; /* NULL: nothing */
    } rows[] = {
        { Q35_OS("", ""), "none", "'fw_cfg_io'" },
        { Q35_OS("", ""), "fw_cfg_io", NULL },
        { Q35_OS("<kernel>/k</kernel>", ""), "none", NULL },
        { Q35_OS("<loader type='rom'>/b</loader><kernel>/k</kernel>", ""), "none",
          "'fw_cfg_io'" },
        { Q35_OS("<loader type='pflash'>/c</loader>", ""), "fw_cfg_io",
          "'cfi.pflash01'" },
        { Q35_OS("<kernel>/k</kernel>", SATA("sda", "")), "ide-cd", "'ide-hd'" },
        { Q35_OS("<kernel>/k</kernel>", CDROM("sda")), "ide-cd", NULL },
        { Q35_OS("<kernel>/k</kernel>", "<controller type='sata' index='1'/>"), "ide-hd",
          "'ich9-ahci'" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(CommandEmulator) has =
            command_emulator_ask(answer, (gpointer)rows[i].has, NULL);
        g_autoptr(Domain) domain = define(rows[i].text);

        g_assert_true(command_check_emulator(domain, has, &error) == !rows[i].lacks);
        g_assert_true(!rows[i].lacks || strstr(error->message, rows[i].lacks));
    }
}

/* A drive stays where it is. */
static void test_plug(void)
{
    g_autoptr(Domain) domain = prepare(Q35_OS("", CDROM("sda")));
    DomainDevice device = { .type = DOMAIN_DEVICE_DISK, .any = domain->disks->pdata[0] };
    g_autoptr(GError) error = NULL;

    g_assert_false(command_can_unplug(&device, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_OPERATION_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "disk device type 'cdrom' cannot be detached"));
}

/* What a loader is that does not say it, and who has variables. */
static void test_loader(void)
{
    static const struct {
        const char *os;
        DomainLoader type;
        gboolean nvram;
    } rows[] = {
        { "<loader>/b</loader>", DOMAIN_LOADER_ROM, FALSE },
        { "<loader type='pflash'>/b</loader>", DOMAIN_LOADER_PFLASH, TRUE },
        { "<loader type='pflash' readonly='yes'>/b</loader>", DOMAIN_LOADER_PFLASH,
          TRUE },
        { "<loader type='pflash' readonly='no'>/b</loader>", DOMAIN_LOADER_PFLASH,
          FALSE },
        { "<loader type='pflash' stateless='yes'>/b</loader>", DOMAIN_LOADER_PFLASH,
          FALSE },
        { "", DOMAIN_LOADER_DEFAULT, FALSE },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(Q35_OS("%s", ""), rows[i].os);
        g_autoptr(Domain) domain = define(text);

        g_assert_cmpint(domain->loader_type, ==, rows[i].type);
        g_assert_cmpint(command_has_nvram(domain), ==, rows[i].nvram);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/command/sata/places", test_places);
    g_test_add_func("/command/sata/refused", test_refused);
    g_test_add_func("/command/sata/emulator", test_emulator);
    g_test_add_func("/command/sata/plug", test_plug);
    g_test_add_func("/command/sata/loader", test_loader);
    return g_test_run();
}
