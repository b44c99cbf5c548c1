/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest is started with and what its firmware is told, in libvirt's words: pflash,
 * -bios, -boot, -smbios, -fw_cfg. */
#include <fcntl.h>
#include <string.h>

#include "command/kind.h"

static char *text_of(GString *text)
{
    return g_string_free(text, FALSE);
}

/* ---- definitions ---- */

static gboolean refuse_bios(const Domain *domain, const char *element, GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "element <os/%s> is not supported by machine '%s': it has no "
                         "firmware",
                         element, domain->machine);
}

gboolean command_complete_firmware(Domain *domain, GError **errp)
{
    if (!command_machine(domain->machine)->firmware) {
        if (domain->firmware != DOMAIN_FIRMWARE_DEFAULT) {
            return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                 "attribute firmware='%s' of element <os> is not "
                                 "supported by machine '%s': it has no firmware",
                                 xml_firmware_name(domain->firmware), domain->machine);
        }
        if (domain->loader) {
            return refuse_bios(domain, "loader", errp);
        }
        if (domain->bootmenu == DOMAIN_TRISTATE_YES) {
            return refuse_bios(domain, "bootmenu", errp);
        }
        if (domain->bios_useserial == DOMAIN_TRISTATE_YES) {
            return refuse_bios(domain, "bios", errp);
        }
        if (domain->smbios_mode == DOMAIN_SMBIOS_SYSINFO) {
            return refuse_bios(domain, "smbios", errp);
        }
        if (xml_domain_sysinfo(domain, DOMAIN_SYSINFO_FWCFG)) {
            return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                 "element <sysinfo type='fwcfg'> is not supported by "
                                 "machine '%s'",
                                 domain->machine);
        }
    }
    if (domain->bios_useserial == DOMAIN_TRISTATE_YES && !domain->serials->len) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                             "need at least one serial port to use BIOS serial output");
    }
    if (domain->loader && domain->loader_type == DOMAIN_LOADER_DEFAULT) {
        domain->loader_type = DOMAIN_LOADER_ROM;
    }
    return TRUE;
}

gboolean command_has_nvram(const Domain *domain)
{
    return domain->loader && domain->loader_type == DOMAIN_LOADER_PFLASH &&
           domain->loader_stateless != DOMAIN_TRISTATE_YES &&
           domain->loader_readonly != DOMAIN_TRISTATE_NO;
}

/* ---- the command line ---- */

/* A file's node, and the one of its format. */
static void add_flash(CommandSteps *steps, guint unit, const char *path,
                      gboolean read_only)
{
    g_autofree char *storage = g_strdup_printf("libvirt-pflash%u-storage", unit);
    g_autofree char *format = g_strdup_printf("libvirt-pflash%u-format", unit);
    g_autofree char *filename = command_step_file(
        steps, &(CommandFile){ .path = path, .flags = read_only ? O_RDONLY : O_RDWR });
    const UtilJsonMember file[] = {
        UTIL_JSON_TEXT("driver", "file"),
        UTIL_JSON_TEXT("filename", filename),
        UTIL_JSON_TEXT("node-name", storage),
        UTIL_JSON_BOOL("read-only", read_only),
    };
    const UtilJsonMember raw[] = {
        UTIL_JSON_TEXT("node-name", format),
        UTIL_JSON_BOOL("read-only", read_only),
        UTIL_JSON_TEXT("driver", "raw"),
        UTIL_JSON_TEXT("file", storage),
    };

    command_step(steps, "-blockdev", NULL,
                 util_json_add(json_object_new(), file, G_N_ELEMENTS(file)), NULL, NULL);
    command_step(steps, "-blockdev", NULL,
                 util_json_add(json_object_new(), raw, G_N_ELEMENTS(raw)), NULL, NULL);
}

void command_flash_steps(CommandSteps *steps)
{
    const Domain *domain = steps->domain;

    if (!domain->loader || domain->loader_type != DOMAIN_LOADER_PFLASH) {
        return;
    }
    add_flash(steps, 0, domain->loader, domain->loader_readonly != DOMAIN_TRISTATE_NO);
    if (domain->nvram && command_has_nvram(domain)) {
        add_flash(steps, 1, domain->nvram, FALSE);
    }
}

char *command_firmware_options(const Domain *domain)
{
    GString *text = g_string_new(NULL);

    if (domain->loader && domain->loader_type == DOMAIN_LOADER_PFLASH) {
        g_string_append(text, ",pflash0=libvirt-pflash0-format");
        if (domain->nvram && command_has_nvram(domain)) {
            g_string_append(text, ",pflash1=libvirt-pflash1-format");
        }
    }
    if (domain->bios_useserial == DOMAIN_TRISTATE_YES) {
        g_string_append(text, ",graphics=off");
    }
    return text_of(text);
}

void command_bios_steps(CommandSteps *steps)
{
    const Domain *domain = steps->domain;

    if (domain->loader && domain->loader_type == DOMAIN_LOADER_ROM) {
        command_step_text(steps, "-bios",
                          command_step_file(steps, &(CommandFile){ .path = domain->loader,
                                                                   .flags = O_RDONLY }));
    }
}

/* "type=1,manufacturer=...": the entries are called as QEMU's fields are. */
static void add_smbios(CommandSteps *steps, guint type, const DomainSysinfoBlock *block)
{
    GString *text = g_string_new(NULL);
    const char *first = block->entries->len
                            ? ((const DomainEntry *)block->entries->pdata[0])->name
                            : NULL;

    g_string_printf(text, "type=%u", type);
    /* As libvirt, which names a chassis's manufacturer in any case. */
    if (type == 3 && g_strcmp0(first, "manufacturer") != 0) {
        g_string_append(text, ",manufacturer=");
    }
    for (guint i = 0; i < block->entries->len; i++) {
        const DomainEntry *entry = block->entries->pdata[i];
        g_autofree char *value = command_escape_commas(entry->value);

        g_string_append_printf(text, ",%s=%s", type == 11 ? "value" : entry->name, value);
    }
    command_step_text(steps, "-smbios", text_of(text));
}

void command_smbios_steps(CommandSteps *steps)
{
    const DomainSysinfo *s = xml_domain_sysinfo(steps->domain, DOMAIN_SYSINFO_SMBIOS);

    if (!s || steps->domain->smbios_mode != DOMAIN_SMBIOS_SYSINFO) {
        return;
    }
    const struct {
        guint type;
        GPtrArray *blocks;
    } rows[] = {
        { 0, s->bios },    { 1, s->system }, { 2, s->boards },
        { 3, s->chassis }, { 11, s->oem },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint n = 0; n < rows[i].blocks->len; n++) {
            add_smbios(steps, rows[i].type, rows[i].blocks->pdata[n]);
        }
    }
}

void command_fw_cfg_steps(CommandSteps *steps)
{
    const DomainSysinfo *s = xml_domain_sysinfo(steps->domain, DOMAIN_SYSINFO_FWCFG);

    for (guint i = 0; s && i < s->entries->len; i++) {
        const DomainEntry *entry = s->entries->pdata[i];
        g_autofree char *name = command_escape_commas(entry->name);
        g_autofree char *file =
            !entry->value ? command_step_file(steps, &(CommandFile){ .path = entry->file,
                                                                     .flags = O_RDONLY })
                          : NULL;
        g_autofree char *value =
            entry->value ? command_escape_commas(entry->value) : NULL;

        command_step_text(steps, "-fw_cfg",
                          g_strdup_printf("name=%s,%s=%s", name, file ? "file" : "string",
                                          file ? file : value));
    }
}

void command_boot_steps(CommandSteps *steps)
{
    const Domain *domain = steps->domain;
    GString *text = g_string_new(NULL);

    if (domain->bootmenu != DOMAIN_TRISTATE_ABSENT) {
        g_string_append_printf(text, "menu=%s,",
                               domain->bootmenu == DOMAIN_TRISTATE_YES ? "on" : "off");
    }
    if (domain->reboot_timeout) {
        g_string_append_printf(text, "reboot-timeout=%s,", domain->reboot_timeout);
    }
    if (domain->bootmenu == DOMAIN_TRISTATE_YES &&
        domain->bootmenu_timeout != DOMAIN_NUMBER_NONE) {
        g_string_append_printf(text, "splash-time=%u,", domain->bootmenu_timeout);
    }
    g_string_append(text, "strict=on");
    command_step_text(steps, "-boot", text_of(text));
}
