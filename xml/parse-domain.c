/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <domain> into a Domain. One function per group of elements, in one table. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

#define NAME_BYTES    244  /* DOMAIN_NAME_MAX, for the message */
#define VCPUS_MAX     4096 /* of the schema; the machine's limit is command/'s */
#define IOTHREADS_MAX 1024

G_STATIC_ASSERT(NAME_BYTES == DOMAIN_NAME_MAX);

static gboolean required(const char *what, GError **errp)
{
    g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR, "missing element <domain/%s>", what);
    return FALSE;
}

static gboolean parse_root(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                           GError **errp)
{
    g_autofree char *type = xml_node_attr(root, "type");
    guint id = 0;

    if (!type) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "missing attribute 'type' in element <domain>");
        return FALSE;
    }
    if ((flags & XML_PARSE_STATUS) && xmlHasProp((xmlNode *)root, (xmlChar *)"id")) {
        if (!xml_node_uint(root, "id", G_MAXINT, &id, errp)) {
            return FALSE;
        }
        domain->id = id;
    }
    return TRUE;
}

static gboolean parse_name(const xmlNode *root, Domain *domain, GError **errp)
{
    const xmlNode *node = xml_node_child(root, "name");
    const char *reason = NULL;

    domain->name = xml_node_text(node);
    if (!domain->name) {
        return required("name", errp);
    }
    if (!domain->name[strspn(domain->name, " \t\r\n")]) {
        reason = "it is empty";
    } else if (strlen(domain->name) > DOMAIN_NAME_MAX) {
        reason = "more than " G_STRINGIFY(NAME_BYTES) " bytes";
    } else if (strpbrk(domain->name, "/\n\r")) {
        reason = "'/' and line breaks are not allowed";
    } else if (strcmp(domain->name, ".") == 0 || strcmp(domain->name, "..") == 0) {
        reason = "it means a directory";
    }
    return !reason || xml_node_invalid(node, NULL, domain->name, reason, errp);
}

/* Keeps <metadata> as text of its own: namespaces declared above it are added. */
static char *metadata_text(xmlNode *node)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlBuffer *buffer = xmlBufferCreate();
    xmlNode *copy = doc ? xmlDocCopyNode(node, doc, 1) : NULL;
    char *text = NULL;

    if (copy && buffer) {
        xmlDocSetRootElement(doc, copy);
        if (xmlNodeDump(buffer, doc, copy, 1, 1) >= 0) {
            text = g_strdup((const char *)xmlBufferContent(buffer));
        }
    }
    xmlBufferFree(buffer);
    return text;
}

static gboolean parse_general(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                              GError **errp)
{
    const xmlNode *uuid_node = xml_node_child(root, "uuid");
    g_autofree char *uuid = xml_node_text(uuid_node);
    xmlNode *metadata = xml_node_child(root, "metadata");

    if (!parse_name(root, domain, errp)) {
        return FALSE;
    }
    if (!uuid) {
        xml_uuid_generate(domain->uuid);
    } else if (!xml_uuid_parse(g_strstrip(uuid), domain->uuid)) {
        return xml_node_invalid(uuid_node, NULL, uuid, "not a UUID", errp);
    }
    domain->title = xml_node_child_text(root, "title");
    if (domain->title && strchr(domain->title, '\n')) {
        return xml_node_invalid(xml_node_child(root, "title"), NULL, domain->title,
                                "line breaks are not allowed", errp);
    }
    domain->description = xml_node_child_text(root, "description");
    domain->metadata = metadata ? metadata_text(metadata) : NULL;
    domain->partition =
        xml_node_child_text(xml_node_child(root, "resource"), "partition");
    return TRUE;
}

static gboolean parse_memory(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                             GError **errp)
{
    const xmlNode *memory = xml_node_child(root, "memory");
    const xmlNode *current = xml_node_child(root, "currentMemory");
    const xmlNode *backing = xml_node_child(root, "memoryBacking");
    int source = 0, access = 0;

    if (!memory) {
        return required("memory", errp);
    }
    if (!xml_node_memory(memory, &domain->memory, errp) ||
        (current && !xml_node_memory(current, &domain->current_memory, errp)) ||
        !xml_node_enum(xml_node_child(backing, "source"), "type", xml_memory_source_names,
                       &source, errp) ||
        !xml_node_enum(xml_node_child(backing, "access"), "mode", xml_memory_access_names,
                       &access, errp)) {
        return FALSE;
    }
    if (!domain->memory) {
        return xml_node_invalid(memory, NULL, "0", "a domain needs memory", errp);
    }
    if (!domain->current_memory) {
        domain->current_memory = domain->memory;
    }
    if (domain->current_memory > domain->memory) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "<domain/currentMemory> of %" G_GUINT64_FORMAT
                    " KiB exceeds <domain/memory> of %" G_GUINT64_FORMAT " KiB",
                    domain->current_memory, domain->memory);
        return FALSE;
    }
    if (domain->current_memory < domain->memory) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "element <currentMemory> of %" G_GUINT64_FORMAT
                    " KiB, less than <memory> of %" G_GUINT64_FORMAT
                    " KiB, is not supported by vireo: there is no balloon",
                    domain->current_memory, domain->memory);
        return FALSE;
    }
    domain->memory_source = source;
    domain->memory_access = access;
    return TRUE;
}

/* The number within @node. */
static gboolean parse_count(const xmlNode *node, guint min, guint max, guint *value,
                            GError **errp)
{
    g_autofree char *text = xml_node_text(node);
    guint64 number;

    if (!xml_uint_parse(g_strstrip(text), max, &number) || number < min) {
        g_autofree char *reason = g_strdup_printf("not a number from %u to %u", min, max);
        return xml_node_invalid(node, NULL, text, reason, errp);
    }
    *value = number;
    return TRUE;
}

static gboolean parse_cpus(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                           GError **errp)
{
    const xmlNode *vcpu = xml_node_child(root, "vcpu");
    const xmlNode *iothreads = xml_node_child(root, "iothreads");
    const xmlNode *cpu = xml_node_child(root, "cpu");
    int mode = 0, check = 0, migratable = 0;
    guint current;

    domain->vcpus = 1;
    if ((vcpu && !parse_count(vcpu, 1, VCPUS_MAX, &domain->vcpus, errp)) ||
        (iothreads &&
         !parse_count(iothreads, 0, IOTHREADS_MAX, &domain->iothreads, errp))) {
        return FALSE;
    }
    current = domain->vcpus;
    if (!xml_node_uint(vcpu, "current", VCPUS_MAX, &current, errp)) {
        return FALSE;
    }
    if (current != domain->vcpus) {
        g_set_error(
            errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
            "attribute current='%u' of element <vcpu>%u is not supported by vireo: "
            "all vCPUs are there from the start",
            current, domain->vcpus);
        return FALSE;
    }
    if (!xml_node_enum(cpu, "mode", xml_cpu_mode_names, &mode, errp) ||
        !xml_node_enum(cpu, "check", xml_cpu_check_names, &check, errp) ||
        !xml_node_enum(cpu, "migratable", xml_on_off_names, &migratable, errp)) {
        return FALSE;
    }
    domain->cpu_mode = mode;
    domain->cpu_check = check;
    domain->cpu_migratable = migratable;
    return TRUE;
}

static gboolean parse_os_path(const xmlNode *os, const char *name, char **path,
                              GError **errp)
{
    g_autofree char *text = xml_node_child_text(os, name);

    if (!text || !*text) {
        return TRUE;
    }
    *path = g_steal_pointer(&text);
    return xml_path_check(xml_node_child(os, name), NULL, *path, errp);
}

static gboolean parse_boot(const xmlNode *os, Domain *domain, GError **errp)
{
    for (const xmlNode *node = xml_node_child(os, "boot"); node;
         node = xml_node_next(node)) {
        int dev = -1;

        if (!xml_node_enum(node, "dev", xml_boot_names, &dev, errp)) {
            return FALSE;
        }
        if (dev < 0) {
            g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                        "missing attribute 'dev' in element <domain/os/boot>");
            return FALSE;
        }
        for (guint i = 0; i < domain->boot_count; i++) {
            if (domain->boot[i] == (DomainBoot)dev) {
                return xml_node_invalid(node, "dev", xml_boot_names[dev], "given twice",
                                        errp);
            }
        }
        domain->boot[domain->boot_count++] = dev;
    }
    return TRUE;
}

static gboolean parse_os(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                         GError **errp)
{
    const xmlNode *os = xml_node_child(root, "os");
    const xmlNode *type_node = xml_node_child(os, "type");
    g_autofree char *type = xml_node_text(type_node);

    if (!type) {
        return required("os/type", errp);
    }
    if (strcmp(g_strstrip(type), "hvm") != 0) {
        g_set_error(errp, XML_ERROR, VIR_ERR_OS_TYPE,
                    "value '%.100s' of element <domain/os/type> is not 'hvm'", type);
        return FALSE;
    }
    domain->machine = xml_node_attr(type_node, "machine");
    if (domain->machine && !*domain->machine) {
        return xml_node_invalid(type_node, "machine", "", "it is empty", errp);
    }
    domain->cmdline = xml_node_child_text(os, "cmdline");
    return parse_os_path(os, "kernel", &domain->kernel, errp) &&
           parse_os_path(os, "initrd", &domain->initrd, errp) &&
           parse_boot(os, domain, errp);
}

/*
 * What may be asked of a timer: what is the case anyway. There is no PIT whose ticks
 * could come late, and no HPET. "catchup" of the RTC, which virt-install asks for by
 * default, is the exception: its late ticks are merged, but Linux does not keep time by
 * them.
 */
#define BIT(value) (1u << (value))
static const struct {
    guint present; /* BIT(DomainTristate) */
    guint policy;  /* BIT(DomainTickPolicy) */
} timer_rows[DOMAIN_TIMER_COUNT] = {
    [DOMAIN_TIMER_RTC] = { BIT(DOMAIN_TRISTATE_ABSENT) | BIT(DOMAIN_TRISTATE_YES),
                           BIT(DOMAIN_TICK_POLICY_DEFAULT) |
                               BIT(DOMAIN_TICK_POLICY_DELAY) |
                               BIT(DOMAIN_TICK_POLICY_CATCHUP) },
    [DOMAIN_TIMER_PIT] = { BIT(DOMAIN_TRISTATE_ABSENT) | BIT(DOMAIN_TRISTATE_NO),
                           BIT(DOMAIN_TICK_POLICY_DEFAULT) |
                               BIT(DOMAIN_TICK_POLICY_DELAY) |
                               BIT(DOMAIN_TICK_POLICY_CATCHUP) |
                               BIT(DOMAIN_TICK_POLICY_DISCARD) },
    [DOMAIN_TIMER_HPET] = { BIT(DOMAIN_TRISTATE_NO), BIT(DOMAIN_TICK_POLICY_DEFAULT) },
    [DOMAIN_TIMER_KVMCLOCK] = { BIT(DOMAIN_TRISTATE_YES),
                                BIT(DOMAIN_TICK_POLICY_DEFAULT) },
};

static gboolean parse_timer(const xmlNode *node, Domain *domain, GError **errp)
{
    g_autofree char *name = xml_node_attr(node, "name");
    int index = name ? xml_names_index(xml_timer_names, name) : -1;
    int present = 0, policy = 0;

    if (!name) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "missing attribute 'name' in element <domain/clock/timer>");
        return FALSE;
    }
    if (!xml_node_enum(node, "present", xml_yes_no_names, &present, errp) ||
        !xml_node_enum(node, "tickpolicy", xml_tick_policy_names, &policy, errp)) {
        return FALSE;
    }
    if (index < 0 || !(timer_rows[index].present & BIT(present)) ||
        !(timer_rows[index].policy & BIT(policy))) {
        return xml_support_refuse(node, "clock/timer", errp);
    }
    if (domain->timers[index].given) {
        return xml_node_invalid(node, "name", name, "given twice", errp);
    }
    domain->timers[index] = (DomainTimer){ TRUE, present, policy };
    return TRUE;
}

static gboolean parse_timers(const xmlNode *clock, Domain *domain, GError **errp)
{
    for (const xmlNode *node = xml_node_child(clock, "timer"); node;
         node = xml_node_next(node)) {
        if (!parse_timer(node, domain, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean parse_lifecycle(const xmlNode *root, const char *name,
                                DomainLifecycle otherwise, DomainLifecycle *action,
                                GError **errp)
{
    const xmlNode *node = xml_node_child(root, name);
    g_autofree char *text = xml_node_text(node);
    int index;

    *action = otherwise;
    if (!text) {
        return TRUE;
    }
    index = xml_names_index(xml_lifecycle_names, g_strstrip(text));
    if (index < 0) {
        return xml_node_invalid(node, NULL, text, NULL, errp);
    }
    *action = index;
    return TRUE;
}

static gboolean parse_platform(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                               GError **errp)
{
    const xmlNode *features = xml_node_child(root, "features");
    const xmlNode *pm = xml_node_child(root, "pm");
    int to_mem = 0, to_disk = 0;

    domain->acpi = xml_node_child(features, "acpi") != NULL;
    domain->apic = xml_node_child(features, "apic") != NULL;
    domain->pae = xml_node_child(features, "pae") != NULL;
    if (!parse_timers(xml_node_child(root, "clock"), domain, errp) ||
        !parse_lifecycle(root, "on_poweroff", DOMAIN_LIFECYCLE_DESTROY,
                         &domain->on_poweroff, errp) ||
        !parse_lifecycle(root, "on_reboot", DOMAIN_LIFECYCLE_RESTART, &domain->on_reboot,
                         errp) ||
        !parse_lifecycle(root, "on_crash", DOMAIN_LIFECYCLE_DESTROY, &domain->on_crash,
                         errp) ||
        !xml_node_enum(xml_node_child(pm, "suspend-to-mem"), "enabled", xml_yes_no_names,
                       &to_mem, errp) ||
        !xml_node_enum(xml_node_child(pm, "suspend-to-disk"), "enabled", xml_yes_no_names,
                       &to_disk, errp)) {
        return FALSE;
    }
    domain->suspend_to_mem = to_mem;
    domain->suspend_to_disk = to_disk;
    return TRUE;
}

/* The host has no security driver: what asks for one's protection is refused. */
static gboolean parse_seclabel(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                               GError **errp)
{
    for (const xmlNode *node = xml_node_child(root, "seclabel"); node;
         node = xml_node_next(node)) {
        g_autofree char *type = xml_node_attr(node, "type");
        g_autofree char *model = xml_node_attr(node, "model");
        g_autofree char *relabel = xml_node_attr(node, "relabel");
        gboolean none = g_strcmp0(type, "none") == 0;

        if (none && g_strcmp0(relabel, "yes") == 0) {
            return xml_node_invalid(node, "relabel", relabel, "not with type 'none'",
                                    errp);
        }
        if (!none && model && strcmp(model, "none") != 0) {
            return xml_support_refuse(node, "seclabel", errp);
        }
        if (none && !domain->seclabel_none) {
            domain->seclabel_none = TRUE;
            domain->seclabel_model = g_steal_pointer(&model);
        }
    }
    return TRUE;
}

static Domain *parse_document(const xmlNode *root, XmlParseFlags flags, GError **errp)
{
    static gboolean (*const parts[])(const xmlNode *, Domain *, XmlParseFlags,
                                     GError **) = {
        parse_root, parse_general,  parse_memory,   parse_cpus,
        parse_os,   parse_platform, parse_seclabel, xml_devices_parse,
    };
    g_autoptr(Domain) domain = xml_domain_new();

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (!parts[i](root, domain, flags, errp)) {
            return NULL;
        }
    }
    return g_steal_pointer(&domain);
}

Domain *xml_domain_parse(const char *text, XmlParseFlags flags, GError **errp)
{
    g_autoptr(xmlDoc) doc = xml_document_parse(text, errp);
    const xmlNode *root;

    if (!doc) {
        return NULL;
    }
    root = xmlDocGetRootElement(doc);
    if (!xml_node_is(root, "domain")) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "unexpected root element <%.100s>, expecting <domain>",
                    (const char *)root->name);
        return NULL;
    }
    if (!xml_support_check(root, "", errp)) {
        return NULL;
    }
    return parse_document(root, flags, errp);
}
