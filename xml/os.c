/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <os>: what a guest is started with, and what its firmware is told. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

#define REBOOT_TIMEOUT_MAX 65535 /* ms; -1: never */

static const char *const firmware_names[] = { "", "bios", "efi", NULL };
static const char *const feature_names[] = { "enrolled-keys", "secure-boot", NULL };
static const char *const loader_names[] = { "", "rom", "pflash", NULL };
static const char *const format_names[] = { "", "raw", NULL };
static const char *const boot_names[] = { "hd", "network", "cdrom", "fd", NULL };
static const char *const smbios_names[] = { "", "emulate", "sysinfo", NULL };

static const char *check_given(const char *text)
{
    return *text ? NULL : "it is empty";
}

static const char *check_reboot_timeout(const char *text)
{
    guint64 number;

    return strcmp(text, "-1") == 0 || xml_uint_parse(text, REBOOT_TIMEOUT_MAX, &number)
               ? NULL
               : "not a number from -1 to " G_STRINGIFY(REBOOT_TIMEOUT_MAX);
}

static const XmlField boot_rows[] = { XML_ENUM("@dev", DomainBootDev, dev, boot_names,
                                               .flags = XML_REQUIRED) };

const XmlStruct xml_boot_dev = { .size = sizeof(DomainBootDev), XML_ROWS(boot_rows) };

static const XmlField feature_rows[] = {
    XML_ENUM("@enabled", DomainFirmwareFeature, enabled, xml_yes_no_names,
             .flags = XML_REQUIRED),
    XML_ENUM("@name", DomainFirmwareFeature, name, feature_names,
             .flags = XML_REQUIRED | XML_ALWAYS),
};

static int compare_features(gconstpointer a, gconstpointer b)
{
    return (int)((const DomainFirmwareFeature *)a)->name -
           (int)((const DomainFirmwareFeature *)b)->name;
}

static const XmlStruct feature = { .size = sizeof(DomainFirmwareFeature),
                                   XML_ROWS(feature_rows),
                                   .compare = compare_features };

#define LIST(p, m, item)                                                                 \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_LIST, .offset = offsetof(Domain, m),              \
        .of = &(item)                                                                    \
    }

static const XmlField rows[] = {
    XML_ENUM("os@firmware", Domain, firmware, firmware_names),
    XML_CONST("os/type@arch", "x86_64"),
    XML_STRING("os/type@machine", Domain, machine, .check = check_given, .flags = XML_ABI,
               .what = "machine type"),
    XML_CONST("os/type", "hvm", .flags = XML_REQUIRED),
    LIST("os/firmware/feature", firmware_features, feature),
    XML_ENUM("os/loader@readonly", Domain, loader_readonly, xml_yes_no_names),
    XML_ENUM("os/loader@secure", Domain, loader_secure, xml_yes_no_names),
    XML_ENUM("os/loader@type", Domain, loader_type, loader_names, .flags = XML_ABI,
             .what = "loader type"),
    XML_ENUM("os/loader@stateless", Domain, loader_stateless, xml_yes_no_names),
    XML_ENUM("os/loader@format", Domain, loader_format, format_names, .text = "*"),
    XML_STRING("os/loader", Domain, loader, .check = xml_check_path,
               .flags = XML_EMPTY_NONE),
    XML_STRING("os/nvram@template", Domain, nvram_template, .check = xml_check_path,
               .flags = XML_EMPTY_NONE),
    XML_ENUM("os/nvram@templateFormat", Domain, nvram_template_format, format_names,
             .text = "*"),
    XML_REFUSE("os/nvram@type"),
    XML_ENUM("os/nvram@format", Domain, nvram_format, format_names, .text = "*"),
    XML_REFUSE("os/nvram/source"),
    XML_STRING("os/nvram", Domain, nvram, .check = xml_check_path,
               .flags = XML_EMPTY_NONE),
    XML_REFUSE("os/varstore"),
    XML_STRING("os/kernel", Domain, kernel, .check = xml_check_path,
               .flags = XML_EMPTY_NONE),
    XML_STRING("os/initrd", Domain, initrd, .check = xml_check_path,
               .flags = XML_EMPTY_NONE),
    XML_STRING("os/cmdline", Domain, cmdline),
    XML_REFUSE("os/dtb"),
    XML_REFUSE("os/shim"),
    XML_REFUSE("os/acpi"),
    LIST("os/boot", boots, xml_boot_dev),
    XML_ENUM("os/bootmenu@enable", Domain, bootmenu, xml_yes_no_names),
    XML_UINT("os/bootmenu@timeout", Domain, bootmenu_timeout, .max = G_MAXUINT16,
             .fallback = DOMAIN_NUMBER_NONE),
    XML_ENUM("os/bios@useserial", Domain, bios_useserial, xml_yes_no_names),
    XML_STRING("os/bios@rebootTimeout", Domain, reboot_timeout,
               .check = check_reboot_timeout, .flags = XML_EMPTY_NONE),
    XML_REFUSE("os/root"),
    XML_ENUM("os/smbios@mode", Domain, smbios_mode, smbios_names, .text = "host",
             .flags = XML_ABI, .what = "domain SMBIOS mode"),
    XML_REFUSE("os/init"),
    XML_REFUSE("os/initarg"),
    XML_REFUSE("os/initenv"),
    XML_REFUSE("os/initdir"),
    XML_REFUSE("os/inituser"),
    XML_REFUSE("os/initgroup"),
};

const XmlStruct xml_os = { XML_ROWS(rows) };

void xml_os_finish(Domain *domain)
{
    xml_list_sort(domain->firmware_features, &feature);
}

const char *xml_boot_name(DomainBoot boot)
{
    return boot_names[boot];
}

const char *xml_firmware_name(DomainFirmware firmware)
{
    return firmware_names[firmware];
}

DomainFirmwareFeature *xml_domain_add_firmware_feature(Domain *domain,
                                                       DomainFirmwareFeatureName name)
{
    DomainFirmwareFeature *added = xml_struct_new(&feature);

    added->name = name;
    xml_list_insert(domain->firmware_features, &feature, added);
    return added;
}

DomainTristate xml_domain_firmware_feature(const Domain *domain,
                                           DomainFirmwareFeatureName name)
{
    for (guint i = 0; i < domain->firmware_features->len; i++) {
        const DomainFirmwareFeature *f = domain->firmware_features->pdata[i];

        if (f->name == name) {
            return f->enabled;
        }
    }
    return DOMAIN_TRISTATE_ABSENT;
}

/* ---- what must hold ---- */

static gboolean fail(GError **errp, int code, const char *message)
{
    g_set_error(errp, XML_ERROR, code, "%s", message);
    return FALSE;
}

static gboolean has_loader(const Domain *domain)
{
    return domain->loader || domain->loader_type != DOMAIN_LOADER_DEFAULT ||
           domain->loader_readonly || domain->loader_secure || domain->loader_stateless ||
           domain->loader_format;
}

static gboolean has_nvram(const Domain *domain)
{
    return domain->nvram || domain->nvram_template;
}

static gboolean check_stateless(const Domain *domain, GError **errp)
{
    if (domain->loader_stateless == DOMAIN_TRISTATE_YES && domain->nvram_template) {
        return fail(errp, VIR_ERR_XML_DETAIL,
                    "NVRAM template is not permitted when loader is stateless");
    }
    if (domain->loader_stateless == DOMAIN_TRISTATE_YES && domain->nvram) {
        return fail(errp, VIR_ERR_XML_DETAIL,
                    "NVRAM is not permitted when loader is stateless");
    }
    if (domain->firmware == DOMAIN_FIRMWARE_DEFAULT &&
        domain->loader_type != DOMAIN_LOADER_PFLASH &&
        (has_nvram(domain) || domain->loader_stateless == DOMAIN_TRISTATE_NO)) {
        return fail(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                    "Only pflash loader type permits NVRAM");
    }
    return TRUE;
}

gboolean xml_os_check(const Domain *domain, GError **errp)
{
    if (domain->loader_secure == DOMAIN_TRISTATE_YES) {
        return fail(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                    "attribute secure='yes' of element <os/loader> is not supported by "
                    "vireo: such firmware is protected by System Management Mode, which "
                    "vireo does not have");
    }
    if (domain->firmware == DOMAIN_FIRMWARE_DEFAULT && domain->firmware_features->len) {
        return fail(errp, VIR_ERR_XML_DETAIL,
                    "cannot use feature-based firmware autoselection when firmware "
                    "autoselection is disabled");
    }
    if (domain->firmware == DOMAIN_FIRMWARE_DEFAULT && !domain->loader &&
        (has_loader(domain) || has_nvram(domain))) {
        return fail(errp, VIR_ERR_XML_DETAIL,
                    "no loader path specified and firmware auto selection disabled");
    }
    if (domain->smbios_mode == DOMAIN_SMBIOS_SYSINFO &&
        !xml_domain_sysinfo(domain, DOMAIN_SYSINFO_SMBIOS)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "Domain '%s' sysinfo are not available", domain->name);
        return FALSE;
    }
    return check_stateless(domain, errp);
}
