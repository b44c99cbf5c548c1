/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of <domain>, and what must hold between them. */
#include "xml/domain.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "util/text.h"
#include "xml/internal.h"

#define NAME_BYTES 244 /* DOMAIN_NAME_MAX, for the message */
/* Of the schema; the machine's limits are command/'s. */
#define VCPUS_MAX     G_MAXUINT16
#define IOTHREADS_MAX G_MAXUINT32

G_STATIC_ASSERT(NAME_BYTES == DOMAIN_NAME_MAX);

static const char *const partition_names[] = { "", "/machine", NULL };
static const char *const memory_source_names[] = { "", "anonymous", "file", "memfd",
                                                   NULL };
static const char *const memory_access_names[] = { "", "shared", "private", NULL };
static const char *const ending_names[] = { "", "destroy", "restart", NULL };
static const char *const crash_names[] = { "", "destroy", "restart", "preserve", NULL };
static const char *const suspend_names[] = { "", "no", NULL };
static const char *const clock_names[] = { "utc", "localtime", NULL };

static const char *check_name(const char *text)
{
    return !text[strspn(text, " \t\r\n")] ? "it is empty"
           : strlen(text) > DOMAIN_NAME_MAX
               ? "more than " G_STRINGIFY(NAME_BYTES) " bytes"
           : strpbrk(text, "/\n\r") ? "'/' and line breaks are not allowed"
           : strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ? "it means a directory"
                                                               : NULL;
}

static const char *check_title(const char *text)
{
    return strchr(text, '\n') ? "line breaks are not allowed" : NULL;
}

static void write_console(XmlWriter *w, gconstpointer base)
{
    const Domain *domain = base;

    const DomainConsole *first =
        domain->consoles->len ? domain->consoles->pdata[0] : NULL;

    /* One that could not be read is written as it was. */
    if (domain->serials->len &&
        !(first && first->target == DOMAIN_CONSOLE_SERIAL && first->extras)) {
        const DomainSerial *serial = domain->serials->pdata[0];
        DomainConsole console = { serial->extras, serial->chardev, DOMAIN_CONSOLE_SERIAL,
                                  serial->port, serial->info };

        xml_struct_write(&xml_kind_console.type, w, "console", &console);
    }
}

#define TEXT(p, m, ...)                                                                  \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_STRING, .offset = offsetof(Domain, m),            \
        __VA_ARGS__                                                                      \
    }
#define ENUM(p, m, values, others, ...)                                                  \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_ENUM, .offset = offsetof(Domain, m),              \
        .names = (values), .text = (others), __VA_ARGS__                                 \
    }
#define FIELD(kind, p, m, ...)                                                           \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_##kind, .offset = offsetof(Domain, m),            \
        __VA_ARGS__                                                                      \
    }
#define LIST(p, m, item, ...) FIELD(LIST, p, m, .of = &(item), __VA_ARGS__)

static const XmlField rows[] = {
    XML_CONST("@type", "kvm", .flags = XML_REQUIRED),
    FIELD(UINT, "@id", id, .flags = XML_LIVE, .fallback = G_MAXUINT),
    TEXT("name", name, .flags = XML_REQUIRED | XML_ABI, .check = check_name,
         .what = "domain name"),
    FIELD(UUID, "uuid", uuid, .flags = XML_ABI, .what = "domain uuid"),
    TEXT("genid", genid, .flags = XML_ABI, .what = "domain genid"),
    XML_REFUSE("hwuuid"),
    TEXT("title", title, .check = check_title),
    TEXT("description", description),
    FIELD(MARKUP, "metadata", metadata),
    XML_REFUSE("maxMemory"),
    XML_REFUSE_BUT("memory@dumpCore", "off"),
    FIELD(KIB, "memory", memory, .flags = XML_REQUIRED | XML_ABI, .min = 1,
          .what = "domain memory in KiB"),
    FIELD(KIB, "currentMemory", current_memory),
    XML_REFUSE("blkiotune"),
    XML_REFUSE("memtune"),
    XML_REFUSE("memoryBacking/hugepages"),
    XML_REFUSE("memoryBacking/nosharepages"),
    XML_REFUSE("memoryBacking/locked"),
    ENUM("memoryBacking/source@type", memory_source, memory_source_names, NULL),
    ENUM("memoryBacking/access@mode", memory_access, memory_access_names, NULL),
    XML_REFUSE("memoryBacking/allocation"),
    XML_REFUSE("memoryBacking/discard"),
    XML_CONST("vcpu@placement", "static"),
    XML_REFUSE("vcpu@cpuset"),
    FIELD(UINT, "vcpu@current", vcpus_current, .min = 1, .max = VCPUS_MAX),
    FIELD(UINT, "vcpu", vcpus, .min = 1, .max = VCPUS_MAX, .fallback = 1,
          .flags = XML_ALWAYS | XML_ABI, .what = "domain vCPU count"),
    XML_REFUSE("vcpus"),
    FIELD(UINT, "iothreads", iothreads, .max = IOTHREADS_MAX, .flags = XML_ABI,
          .what = "domain iothreads count"),
    XML_REFUSE("iothreadids"),
    XML_REFUSE("defaultiothread"),
    XML_REFUSE("cputune"),
    XML_REFUSE("numatune"),
    XML_REFUSE("throttlegroups"),
    ENUM("resource/partition", partition, partition_names, "*"),
    XML_REFUSE("resource/fibrechannel"),
    LIST("sysinfo", sysinfos, xml_sysinfo, .flags = XML_ABI),
    XML_REFUSE("bootloader"),
    XML_REFUSE("bootloader_args"),
    { .type = XML_FIELD_GROUP, .of = &xml_os },
    XML_REFUSE("idmap"),
    FIELD(FLAG, "features/acpi", acpi, .flags = XML_ABI, .what = "feature acpi"),
    FIELD(FLAG, "features/apic", apic, .flags = XML_ABI, .what = "feature apic"),
    XML_REFUSE_BUT("features/apic@eoi", "on"),
    FIELD(FLAG, "features/pae", pae),
    XML_REFUSE_BUT("features/vmport@state", "off"),
    { .path = "features/smm@state",
      .type = XML_FIELD_REFUSED,
      .text = "off",
      .what = "there is no System Management Mode" },
    XML_REFUSE("features/smm/tseg"),
    XML_REFUSE("features/hap"),
    XML_REFUSE("features/viridian"),
    XML_REFUSE("features/privnet"),
    XML_REFUSE("features/hyperv"),
    XML_REFUSE("features/kvm"),
    XML_REFUSE("features/xen"),
    XML_REFUSE("features/pvspinlock"),
    XML_REFUSE("features/pmu"),
    XML_REFUSE("features/gic"),
    XML_REFUSE("features/ioapic"),
    XML_REFUSE("features/hpt"),
    XML_REFUSE("features/htm"),
    XML_REFUSE("features/nested-hv"),
    ENUM("features/vmcoreinfo@state", vmcoreinfo, xml_on_off_names, NULL,
         .flags = XML_ABI, .what = "feature vmcoreinfo"),
    XML_REFUSE("features/capabilities"),
    XML_REFUSE("features/msrs"),
    XML_REFUSE("features/cfpc"),
    XML_REFUSE("features/sbbc"),
    XML_REFUSE("features/ibs"),
    XML_REFUSE("features/ccf-assist"),
    XML_REFUSE("features/tcg"),
    XML_REFUSE("features/async-teardown"),
    XML_REFUSE("features/ras"),
    XML_REFUSE("features/ps2"),
    XML_REFUSE("features/aia"),
    { .type = XML_FIELD_GROUP, .of = &xml_cpu },
    ENUM("clock@offset", clock, clock_names, "timezone|variable|absolute",
         .flags = XML_ALWAYS),
    XML_REFUSE_BUT("clock@adjustment", "0"),
    XML_REFUSE("clock@basis"),
    XML_REFUSE("clock@timezone"),
    XML_REFUSE("clock@start"),
    LIST("clock/timer", timers, xml_timer),
    ENUM("on_poweroff", on_poweroff, ending_names, "preserve|rename-restart",
         .fallback = DOMAIN_LIFECYCLE_DESTROY),
    ENUM("on_reboot", on_reboot, ending_names, "preserve|rename-restart",
         .fallback = DOMAIN_LIFECYCLE_RESTART),
    ENUM("on_crash", on_crash, crash_names,
         "rename-restart|coredump-destroy|coredump-restart",
         .fallback = DOMAIN_LIFECYCLE_DESTROY),
    XML_REFUSE("on_lockfailure"),
    ENUM("pm/suspend-to-mem@enabled", suspend_to_mem, suspend_names, "yes"),
    ENUM("pm/suspend-to-disk@enabled", suspend_to_disk, suspend_names, "yes"),
    XML_REFUSE("perf"),
    TEXT("devices/emulator", emulator, .check = xml_check_path),
#define DEVICE(id, structure, name, array, element, abi)                                 \
    LIST("devices/" element, array, xml_kind_##name.type, .flags = (abi)),
#define NONE             DEVICE
#define REFUSED(element) XML_REFUSE("devices/" element),
#define SECRET(element)                                                                  \
    { .path = "devices/" element, .type = XML_FIELD_REFUSED, .flags = XML_SECURE },
#define CONSOLES                                                                         \
    { .path = "devices/console", .type = XML_FIELD_HOOK, .write = write_console },
#include "xml/devices.def"
    LIST("seclabel", seclabels, xml_seclabel),
    XML_REFUSE("keywrap"),
    XML_REFUSE("datacenterpath"),
    XML_REFUSE("launchSecurity"),
    /* What these ask for cannot be ignored either. */
    XML_REFUSE("qemu:commandline"),
    XML_REFUSE("qemu:capabilities"),
    XML_REFUSE("qemu:override"),
    XML_REFUSE("qemu:deprecation"),
    XML_REFUSE("xen:commandline"),
    XML_REFUSE("bhyve:commandline"),
    XML_REFUSE("lxc:namespace"),
};

/* ---- what must hold ---- */

static gboolean check_os_type(const xmlNode *root, GError **errp)
{
    g_autofree char *type = xml_node_child_text(xml_node_child(root, "os"), "type");
    g_autofree char *shown = type ? util_text_cut(g_strstrip(type), 100) : NULL;

    if (shown && strcmp(type, "hvm") != 0) {
        g_set_error(errp, XML_ERROR, VIR_ERR_OS_TYPE,
                    "value '%s' of element <domain/os/type> is not 'hvm'", shown);
        return FALSE;
    }
    return TRUE;
}

static gboolean finish_numbers(Domain *domain, GError **errp)
{
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
    if (domain->vcpus_current == domain->vcpus) {
        domain->vcpus_current = 0;
    }
    if (domain->vcpus_current > domain->vcpus) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "attribute current='%u' of element <domain/vcpu> exceeds %u",
                    domain->vcpus_current, domain->vcpus);
        return FALSE;
    }
    return TRUE;
}

static gboolean twice(const xmlNode *node, const char *attr, const char *value,
                      GError **errp)
{
    return xml_node_invalid(node, attr, value, "given twice", errp);
}

/* No value of a bit twice. */
static gboolean check_lists(const xmlNode *root, const Domain *domain, GError **errp)
{
    guint seen = 0;

    for (guint i = 0; i < domain->boots->len; i++) {
        const DomainBootDev *boot = domain->boots->pdata[i];
        if (seen & XML_BIT(boot->dev)) {
            return twice(xml_node_child(xml_node_child(root, "os"), "boot"), "dev",
                         xml_boot_name(boot->dev), errp);
        }
        seen |= XML_BIT(boot->dev);
    }
    for (guint i = 1; i < domain->timers->len; i++) {
        const DomainTimer *timer = domain->timers->pdata[i];
        const DomainTimer *before = domain->timers->pdata[i - 1];
        g_autofree char *name = NULL;
        if (timer->name == before->name && !timer->extras && !before->extras) {
            name = xml_field_text(xml_timer.fields, timer);
            return twice(xml_node_child(xml_node_child(root, "clock"), "timer"), "name",
                         name, errp);
        }
    }
    return TRUE;
}

/* Consoles that have no number get the next one. */
static void number_consoles(Domain *domain)
{
    guint next = 0;

    for (guint i = 0; i < domain->consoles->len; i++) {
        const DomainConsole *console = domain->consoles->pdata[i];
        next = console->port == G_MAXUINT ? next : MAX(next, console->port + 1);
    }
    for (guint i = 0; i < domain->consoles->len; i++) {
        DomainConsole *console = domain->consoles->pdata[i];
        console->port = console->port == G_MAXUINT ? next++ : console->port;
    }
}

/* The first <console> is the first serial port again; without one, it makes one. */
static void finish_first_console(Domain *domain)
{
    DomainConsole *console = domain->consoles->len ? domain->consoles->pdata[0] : NULL;
    DomainSerial *serial;

    if (!console || console->target != DOMAIN_CONSOLE_SERIAL || console->extras) {
        return;
    }
    g_ptr_array_remove_index(domain->consoles, 0);
    if (!domain->serials->len) {
        serial = xml_struct_new(&xml_kind_serial.type);
        serial->port = 0;
        serial->chardev = console->chardev;
        serial->info = console->info;
        console->chardev = (DomainChardev){ 0 };
        console->info = (DomainDeviceInfo){ 0 };
        g_ptr_array_add(domain->serials, serial);
    }
    xml_struct_free(&xml_kind_console.type, console);
}

/* Ports that are not given take the next number. */
static void finish_serials(Domain *domain)
{
    guint port = 0;

    for (guint i = 0; i < domain->serials->len; i++) {
        DomainSerial *serial = domain->serials->pdata[i];
        serial->port = serial->port == G_MAXUINT ? port : serial->port;
        port = serial->port + 1;
    }
    number_consoles(domain);
    finish_first_console(domain);
}

/* The first one that says that there is no driver is enough. */
static void finish_seclabels(Domain *domain)
{
    gboolean none = FALSE;

    for (guint i = 0; i < domain->seclabels->len;) {
        DomainSeclabel *label = domain->seclabels->pdata[i];
        gboolean first = label->type == DOMAIN_SECLABEL_NONE && !none;

        if (label->extras || first) {
            none |= first;
            i++;
        } else {
            g_ptr_array_remove_index(domain->seclabels, i);
            xml_struct_free(&xml_seclabel, label);
        }
    }
}

typedef struct Unique {
    GHashTable *seen;
    GError **errp;
} Unique;

static gboolean check_unique(const XmlField *field, gconstpointer base, gpointer opaque)
{
    Unique *unique = opaque;
    g_autofree char *value = NULL;

    if (!(field->flags & XML_UNIQUE) ||
        (!(field->flags & XML_ALWAYS) && !xml_field_is_given(field, base))) {
        return TRUE;
    }
    value = xml_field_text(field, base);
    if (value &&
        !g_hash_table_add(unique->seen, g_strdup_printf("%s '%s'", field->what, value))) {
        g_set_error(unique->errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "%s is used by two devices: '%s'", field->what, value);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_device(const DomainDevice *device, gpointer opaque)
{
    return xml_struct_foreach(&xml_kinds[device->type]->type, device->any, check_unique,
                              opaque);
}

/* *order: of the first device that has one. */
static gboolean has_no_order(const DomainDevice *device, gpointer order)
{
    *(guint *)order = xml_device_info(device)->boot_order;
    return !*(guint *)order;
}

static guint first_order(const Domain *domain)
{
    guint order = 0;

    xml_domain_foreach_device(domain, has_no_order, &order);
    return order;
}

static gboolean finish_devices(Domain *domain, GError **errp)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Unique unique = { seen, errp };

    finish_serials(domain);
    for (guint i = 0; i < DOMAIN_DEVICE_COUNT; i++) {
        xml_list_sort(xml_domain_devices(domain, i), &xml_kinds[i]->type);
    }
    if (!domain->boots->len && !first_order(domain)) {
        g_ptr_array_add(domain->boots, xml_struct_new(&xml_boot_dev)); /* libvirt's: hd */
    }
    return xml_domain_foreach_device(domain, check_device, &unique);
}

/* <genid/> asks for one, <vmcoreinfo/> for the feature. */
static gboolean finish_given(const xmlNode *root, Domain *domain, GError **errp)
{
    const xmlNode *genid = xml_node_child(root, "genid"),
                  *features = xml_node_child(root, "features");
    char *text = domain->genid;
    guint8 uuid[16];

    if (features && xml_node_child(features, "vmcoreinfo") &&
        domain->vmcoreinfo == DOMAIN_TRISTATE_ABSENT) {
        domain->vmcoreinfo = DOMAIN_TRISTATE_YES;
    }
    if (!genid) {
        return TRUE;
    }
    if (!text || !*g_strstrip(text)) {
        xml_uuid_generate(uuid);
    } else if (!xml_uuid_parse(text, uuid)) {
        return xml_node_invalid(genid, NULL, text, "not a UUID", errp);
    }
    g_free(text);
    domain->genid = g_malloc(DOMAIN_UUID_STR_LEN);
    xml_uuid_format(uuid, domain->genid);
    return TRUE;
}

static gboolean finish(const xmlNode *root, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    Domain *domain = base;
    const xmlNode *devices = xml_node_child(root, "devices");

    if (devices && xml_node_next(devices)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "more than one element <domain/devices>");
        return FALSE;
    }
    gboolean given = xml_node_child(root, "uuid") != NULL;

    if (!given) {
        xml_uuid_generate(domain->uuid);
    }
    xml_list_sort(domain->timers, &xml_timer);
    xml_os_finish(domain);
    finish_seclabels(domain);
    return check_os_type(root, errp) && finish_given(root, domain, errp) &&
           xml_cpu_finish(root, domain, errp) && xml_sysinfo_uuid(domain, given, errp) &&
           finish_numbers(domain, errp) && check_lists(root, domain, errp) &&
           finish_devices(domain, errp);
}

const XmlStruct xml_domain_type = {
    .size = sizeof(Domain), XML_ROWS(rows), .finish = finish, .strict = TRUE
};

/* ---- all of it ---- */

Domain *xml_domain_parse(const char *text, XmlParseFlags flags, GError **errp)
{
    g_autoptr(xmlDoc) doc = xml_document_parse(text, errp);
    const xmlNode *root;

    if (!doc) {
        return NULL;
    }
    root = xmlDocGetRootElement(doc);
    if (!xml_node_is(root, "domain")) {
        g_autofree char *shown = util_text_cut((const char *)root->name, 100);
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_ERROR,
                    "unexpected root element <%s>, expecting <domain>", shown);
        return NULL;
    }
    return xml_struct_parse(&xml_domain_type, root, flags, errp);
}

char *xml_domain_format(const Domain *domain, XmlFormatFlags flags)
{
    XmlWriter w = { .text = g_string_new(NULL), .flags = flags };

    if (domain->id < 0 || (flags & XML_FORMAT_MIGRATABLE)) { /* nothing of it is live */
        w.flags |= XML_FORMAT_INACTIVE;
    }
    xml_struct_write(&xml_domain_type, &w, "domain", domain);
    return g_string_free(w.text, FALSE);
}

Domain *xml_domain_copy(const Domain *domain)
{
    return xml_struct_copy(&xml_domain_type, domain);
}

void xml_domain_free(Domain *domain)
{
    xml_struct_free(&xml_domain_type, domain);
}

gboolean xml_domain_check_abi_stable(const Domain *from, const Domain *to, GError **errp)
{
    return xml_struct_same(&xml_domain_type, from, to, errp);
}

gboolean xml_domain_check(const Domain *domain, GError **errp)
{
    if (!xml_struct_check(&xml_domain_type, domain, errp) ||
        !xml_cpu_check(domain, errp) || !xml_os_check(domain, errp) ||
        !xml_sysinfo_check(domain, errp) || !xml_balloon_check(domain, errp) ||
        !xml_vsock_check(domain, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < domain->consoles->len; i++) {
        const DomainConsole *console = domain->consoles->pdata[i];

        if (console->target == DOMAIN_CONSOLE_SERIAL) {
            g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                        "element <devices/console>: only the first console can be a "
                        "serial port");
            return FALSE;
        }
    }
    if (domain->boots->len && first_order(domain)) {
        g_set_error(
            errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
            "per-device <boot order='%u'/> cannot be used together with <os/boot>",
            first_order(domain));
        return FALSE;
    }
    return TRUE;
}

/* ---- what may be said ---- */

/* The row at @path, in the structures below as well. */
static const XmlField *find_row(const XmlStruct *type, const char *path)
{
    for (guint i = 0; i < type->count; i++) {
        const XmlField *field = &type->fields[i];
        const XmlField *found = NULL;
        size_t length;

        if (field->type == XML_FIELD_GROUP) {
            found = find_row(field->of, path);
        } else if (strcmp(field->path, path) == 0) {
            return field;
        } else if (field->type == XML_FIELD_LIST && g_str_has_prefix(path, field->path)) {
            length = strlen(field->path);
            found = find_row(field->of, path + length + (path[length] == '/'));
        }
        if (found) {
            return found;
        }
    }
    return NULL;
}

char **xml_domain_values(const char *path)
{
    const XmlField *field = find_row(&xml_domain_type, path);
    g_autoptr(GStrvBuilder) values = g_strv_builder_new();

    if (!field || (field->type == XML_FIELD_REFUSED && !field->text)) {
        return NULL;
    }
    for (guint i = 0; field->type == XML_FIELD_ENUM && field->names[i]; i++) {
        if (field->names[i][0] && strcmp(field->names[i], "default") != 0) {
            g_strv_builder_add(values, field->names[i]);
        }
    }
    if (field->type != XML_FIELD_ENUM && field->text) {
        g_strv_builder_add(values, field->text);
    }
    return g_strv_builder_end(values);
}
