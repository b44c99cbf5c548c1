/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <sysinfo>: what the guest reads in SMBIOS tables, and in files of fw_cfg. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

#define FW_CFG_NAME_MAX 55

static const char *const type_names[] = { "smbios", "fwcfg", NULL };

/* In the order in which libvirt writes them. */
static const char *const bios_names[] = { "vendor", "version", "date", "release", NULL };
static const char *const system_names[] = { "manufacturer", "product", "version",
                                            "serial",       "uuid",    "sku",
                                            "family",       NULL };
static const char *const board_names[] = {
    "manufacturer", "product", "version", "serial", "asset", "location", NULL
};
static const char *const chassis_names[] = { "manufacturer", "version", "serial",
                                             "asset",        "sku",     NULL };

static const XmlField entry_rows[] = {
    XML_STRING("@name", DomainEntry, name, .flags = XML_ABI, .what = "sysinfo entry"),
    XML_STRING("@file", DomainEntry, file, .check = xml_check_path),
    XML_STRING("", DomainEntry, value, .flags = XML_ABI | XML_EMPTY_NONE,
               .what = "sysinfo value"),
};

static const XmlStruct entry_type = { .size = sizeof(DomainEntry), XML_ROWS(entry_rows) };

static const XmlField block_rows[] = {
    { .path = "entry",
      .type = XML_FIELD_LIST,
      .offset = offsetof(DomainSysinfoBlock, entries),
      .of = &entry_type,
      .flags = XML_ABI },
};

static void remove_entry(GPtrArray *entries, guint index)
{
    xml_struct_free(&entry_type, g_ptr_array_remove_index(entries, index));
}

/* libvirt drops them, and tells nobody. */
static void refuse_unknown(DomainSysinfoBlock *block, const xmlNode *node,
                           const char *const *names)
{
    for (guint i = 0; i < block->entries->len; i++) {
        const DomainEntry *entry = block->entries->pdata[i];

        if (!entry->name || !g_strv_contains(names, entry->name)) {
            xml_extra_refuse(&block->extras,
                             "entry '%s' of element <sysinfo/%s> is not supported by "
                             "vireo: SMBIOS has none of this name there",
                             entry->name ? entry->name : "", (const char *)node->name);
        }
    }
}

/* Those that are known, each once and with a value, in their order; as libvirt drops the
 * others. NULL: these have no names. */
static void arrange(DomainSysinfoBlock *block, const xmlNode *node,
                    const char *const *names)
{
    GPtrArray *entries = block->entries;
    guint done = 0;

    if (names) {
        refuse_unknown(block, node, names);
    }

    for (guint n = 0; names && names[n]; n++) {
        for (guint i = done; i < entries->len; i++) {
            const DomainEntry *entry = entries->pdata[i];

            if (entry->value && g_strcmp0(entry->name, names[n]) == 0) {
                g_ptr_array_insert(entries, (int)done++,
                                   g_ptr_array_steal_index(entries, i));
                break;
            }
        }
    }
    while (names && entries->len > done) {
        remove_entry(entries, entries->len - 1);
    }
    for (guint i = entries->len; i-- > 0;) {
        DomainEntry *entry = entries->pdata[i];

        g_clear_pointer(&entry->file, g_free);
        if (!entry->value) {
            remove_entry(entries, i);
        }
    }
}

#define BLOCK(name, values)                                                              \
    static gboolean finish_##name(const xmlNode *node, gpointer base,                    \
                                  XmlParseFlags flags, GError **errp)                    \
    {                                                                                    \
        arrange(base, node, values);                                                     \
        return TRUE;                                                                     \
    }                                                                                    \
    static const XmlStruct name##_type = { .size = sizeof(DomainSysinfoBlock),           \
                                           XML_ROWS(block_rows),                         \
                                           .finish = finish_##name };

BLOCK(bios, bios_names)
BLOCK(system, system_names)
BLOCK(board, board_names)
BLOCK(chassis, chassis_names)
BLOCK(oem, NULL)

#define LIST(p, m, kind, item)                                                           \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_LIST, .offset = offsetof(DomainSysinfo, m),       \
        .of = &(item), .flags = XML_ABI,                                                 \
        XML_WHEN(DomainSysinfo, type, XML_BIT(DOMAIN_SYSINFO_##kind))                    \
    }

static const XmlField rows[] = {
    XML_ENUM("@type", DomainSysinfo, type, type_names, .flags = XML_ALWAYS | XML_ABI,
             .what = "sysinfo"),
    LIST("bios", bios, SMBIOS, bios_type),
    LIST("system", system, SMBIOS, system_type),
    LIST("baseBoard", boards, SMBIOS, board_type),
    LIST("chassis", chassis, SMBIOS, chassis_type),
    LIST("oemStrings", oem, SMBIOS, oem_type),
    LIST("entry", entries, FWCFG, entry_type),
};

/* libvirt reads the first one of each, but for boards. */
static void keep_first(GPtrArray *blocks, const XmlStruct *type)
{
    while (blocks->len > 1) {
        xml_struct_free(type, g_ptr_array_remove_index(blocks, blocks->len - 1));
    }
}

static const char *value_of(GPtrArray *blocks, const char *name)
{
    const DomainSysinfoBlock *block = blocks->len ? blocks->pdata[0] : NULL;

    for (guint i = 0; block && i < block->entries->len; i++) {
        const DomainEntry *entry = block->entries->pdata[i];

        if (strcmp(entry->name, name) == 0) {
            return entry->value;
        }
    }
    return NULL;
}

/* MM/DD/YY or MM/DD/YYYY */
static gboolean is_date(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", -1);
    guint64 month, day, year;

    return g_strv_length(parts) == 3 && xml_uint_parse(parts[0], 12, &month) &&
           xml_uint_parse(parts[1], 31, &day) && xml_uint_parse(parts[2], 9999, &year) &&
           month >= 1 && day >= 1 && (year < 100 || year >= 1900);
}

static gboolean finish_smbios(DomainSysinfo *sysinfo, GError **errp)
{
    const char *date;

    keep_first(sysinfo->bios, &bios_type);
    keep_first(sysinfo->system, &system_type);
    keep_first(sysinfo->chassis, &chassis_type);
    keep_first(sysinfo->oem, &oem_type);
    date = value_of(sysinfo->bios, "date");
    if (date && !is_date(date)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL, "Invalid BIOS 'date' format");
        return FALSE;
    }
    return TRUE;
}

static gboolean finish_fwcfg(const DomainSysinfo *sysinfo, GError **errp)
{
    for (guint i = 0; i < sysinfo->entries->len; i++) {
        const DomainEntry *entry = sysinfo->entries->pdata[i];

        if (!entry->name || !*entry->name) {
            g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                        "Firmware entry is missing 'name' attribute");
            return FALSE;
        }
        if (!entry->value && !entry->file) {
            g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                        "Firmware entry '%s' must have either value or 'file' attribute",
                        entry->name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainSysinfo *sysinfo = base;

    return sysinfo->type == DOMAIN_SYSINFO_FWCFG ? finish_fwcfg(sysinfo, errp)
                                                 : finish_smbios(sysinfo, errp);
}

const XmlStruct xml_sysinfo = { .size = sizeof(DomainSysinfo),
                                XML_ROWS(rows),
                                .finish = finish };

const DomainSysinfo *xml_domain_sysinfo(const Domain *domain, DomainSysinfoType type)
{
    for (guint i = 0; i < domain->sysinfos->len; i++) {
        const DomainSysinfo *sysinfo = domain->sysinfos->pdata[i];

        if (sysinfo->type == type) {
            return sysinfo;
        }
    }
    return NULL;
}

gboolean xml_sysinfo_uuid(Domain *domain, gboolean given, GError **errp)
{
    const DomainSysinfo *sysinfo = xml_domain_sysinfo(domain, DOMAIN_SYSINFO_SMBIOS);
    const char *text = sysinfo ? value_of(sysinfo->system, "uuid") : NULL;
    guint8 uuid[16];

    if (!text) {
        return TRUE;
    }
    if (!xml_uuid_parse(text, uuid)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL,
                    "malformed <sysinfo> uuid element");
        return FALSE;
    }
    if (given && memcmp(uuid, domain->uuid, sizeof(uuid)) != 0) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL,
                    "UUID mismatch between <uuid> and <sysinfo>");
        return FALSE;
    }
    memcpy(domain->uuid, uuid, sizeof(uuid));
    return TRUE;
}

/* Names that are the firmware's own, and QEMU's. */
gboolean xml_sysinfo_check(const Domain *domain, GError **errp)
{
    const DomainSysinfo *sysinfo = xml_domain_sysinfo(domain, DOMAIN_SYSINFO_FWCFG);

    for (guint i = 0; sysinfo && i < sysinfo->entries->len; i++) {
        const DomainEntry *entry = sysinfo->entries->pdata[i];

        if (strlen(entry->name) > FW_CFG_NAME_MAX) {
            g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                        "Invalid firmware name '%s': it is longer than %d characters",
                        entry->name, FW_CFG_NAME_MAX);
            return FALSE;
        }
        if (!g_str_has_prefix(entry->name, "opt/")) {
            g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                        "Invalid firmware name '%s': it must begin with 'opt/'",
                        entry->name);
            return FALSE;
        }
        if (g_str_has_prefix(entry->name, "opt/ovmf/") ||
            g_str_has_prefix(entry->name, "opt/org.qemu/")) {
            g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                        "That firmware name is reserved: '%s'", entry->name);
            return FALSE;
        }
    }
    return TRUE;
}
