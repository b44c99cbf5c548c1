/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which elements and attributes of libvirt's domain schema are handled, and which
 * are refused because we cannot be true to them. A row without a value list
 * refuses always; with one, the values in it are harmless (they ask for what is
 * the case anyway). Elements without a row are unknown: they are dropped, with
 * all within. Attributes without a row are handled by the parser or dropped.
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/internal.h"

typedef struct SupportRow {
    const char *path; /* below <domain>; "@" before an attribute */
    XmlSupport class;
    const char *accept; /* REFUSED: harmless values, separated by '|' */
} SupportRow;

#define HANDLED(path)                                                                    \
    {                                                                                    \
        path, XML_SUPPORT_HANDLED, NULL                                                  \
    }
#define REFUSED(path)                                                                    \
    {                                                                                    \
        path, XML_SUPPORT_REFUSED, NULL                                                  \
    }
#define EXCEPT(path, accept)                                                             \
    {                                                                                    \
        path, XML_SUPPORT_REFUSED, accept                                                \
    }

/* Rows that several kinds of devices share. */
#define DEVICE_COMMON(path)                                                              \
    HANDLED(path "/alias"), HANDLED(path "/address"), HANDLED(path "/boot"),             \
        EXCEPT(path "/address@type", "virtio-mmio"), REFUSED(path "/boot@loadparm"),     \
        REFUSED(path "/rom"), REFUSED(path "/acpi")
#define VIRTIO_DRIVER(path)                                                              \
    HANDLED(path), EXCEPT(path "@iommu", "off"), EXCEPT(path "@ats", "off"),             \
        EXCEPT(path "@packed", "off"), EXCEPT(path "@page_per_vq", "off")
#define CHARDEV_SOURCE(path)                                                             \
    HANDLED(path "/source"), EXCEPT(path "/source@mode", "bind"),                        \
        EXCEPT(path "/source@append", "off"), REFUSED(path "/source/reconnect"),         \
        REFUSED(path "/source/seclabel"), REFUSED(path "/log"),                          \
        REFUSED(path "/protocol")

static const SupportRow support_rows[] = {
    EXCEPT("@type", "kvm"),
    /* general */
    HANDLED("name"),
    HANDLED("uuid"),
    HANDLED("title"),
    HANDLED("description"),
    HANDLED("metadata"),
    HANDLED("memory"),
    EXCEPT("memory@dumpCore", "off"),
    HANDLED("currentMemory"),
    REFUSED("maxMemory"),
    HANDLED("vcpu"),
    EXCEPT("vcpu@placement", "static"),
    REFUSED("vcpu@cpuset"),
    REFUSED("vcpus"),
    HANDLED("iothreads"),
    REFUSED("iothreadids"),
    REFUSED("defaultiothread"),
    REFUSED("genid"),
    REFUSED("hwuuid"),
    REFUSED("bootloader"),
    REFUSED("bootloader_args"),
    REFUSED("blkiotune"),
    REFUSED("memtune"),
    REFUSED("cputune"),
    REFUSED("numatune"),
    REFUSED("throttlegroups"),
    HANDLED("resource"),
    EXCEPT("resource/partition", "/machine"),
    REFUSED("resource/fibrechannel"),
    REFUSED("sysinfo"),
    REFUSED("idmap"),
    REFUSED("perf"),
    REFUSED("keywrap"),
    REFUSED("launchSecurity"),
    /* what qemu: elements ask for cannot be ignored either */
    REFUSED("qemu:commandline"),
    REFUSED("qemu:capabilities"),
    REFUSED("qemu:override"),
    REFUSED("qemu:deprecation"),
    REFUSED("xen:commandline"),
    REFUSED("bhyve:commandline"),
    REFUSED("lxc:namespace"),
    /* memory */
    HANDLED("memoryBacking"),
    HANDLED("memoryBacking/source"),
    HANDLED("memoryBacking/access"),
    REFUSED("memoryBacking/hugepages"),
    REFUSED("memoryBacking/nosharepages"),
    REFUSED("memoryBacking/locked"),
    REFUSED("memoryBacking/allocation"),
    REFUSED("memoryBacking/discard"),
    /* os */
    HANDLED("os"),
    REFUSED("os@firmware"),
    HANDLED("os/type"),
    EXCEPT("os/type@arch", "x86_64"),
    HANDLED("os/kernel"),
    HANDLED("os/initrd"),
    HANDLED("os/cmdline"),
    HANDLED("os/boot"),
    HANDLED("os/bootmenu"),
    EXCEPT("os/bootmenu@enable", "no"),
    REFUSED("os/loader"),
    REFUSED("os/nvram"),
    REFUSED("os/firmware"),
    REFUSED("os/bios"),
    REFUSED("os/smbios"),
    REFUSED("os/acpi"),
    REFUSED("os/dtb"),
    REFUSED("os/shim"),
    REFUSED("os/varstore"),
    REFUSED("os/init"),
    REFUSED("os/initarg"),
    REFUSED("os/initenv"),
    REFUSED("os/initdir"),
    REFUSED("os/inituser"),
    REFUSED("os/initgroup"),
    /* features */
    HANDLED("features"),
    HANDLED("features/acpi"),
    HANDLED("features/apic"),
    EXCEPT("features/apic@eoi", "on"),
    HANDLED("features/pae"),
    EXCEPT("features/vmport@state", "off"),
    HANDLED("features/vmport"),
    EXCEPT("features/smm@state", "off"),
    HANDLED("features/smm"),
    REFUSED("features/hap"),
    REFUSED("features/viridian"),
    REFUSED("features/privnet"),
    REFUSED("features/hyperv"),
    REFUSED("features/kvm"),
    REFUSED("features/xen"),
    REFUSED("features/pvspinlock"),
    REFUSED("features/pmu"),
    REFUSED("features/gic"),
    REFUSED("features/ioapic"),
    REFUSED("features/hpt"),
    REFUSED("features/htm"),
    REFUSED("features/nested-hv"),
    REFUSED("features/vmcoreinfo"),
    REFUSED("features/capabilities"),
    REFUSED("features/msrs"),
    REFUSED("features/cfpc"),
    REFUSED("features/sbbc"),
    REFUSED("features/ibs"),
    REFUSED("features/ccf-assist"),
    REFUSED("features/tcg"),
    REFUSED("features/async-teardown"),
    REFUSED("features/ras"),
    REFUSED("features/ps2"),
    REFUSED("features/aia"),
    /* cpu */
    HANDLED("cpu"),
    EXCEPT("cpu@mode", "host-passthrough"),
    EXCEPT("cpu@match", "exact"),
    REFUSED("cpu/model"),
    REFUSED("cpu/vendor"),
    REFUSED("cpu/topology"),
    REFUSED("cpu/feature"),
    REFUSED("cpu/numa"),
    REFUSED("cpu/cache"),
    REFUSED("cpu/maxphysaddr"),
    /* clock */
    HANDLED("clock"),
    EXCEPT("clock@offset", "utc"),
    EXCEPT("clock@adjustment", "0"),
    REFUSED("clock@basis"),
    REFUSED("clock@timezone"),
    HANDLED("clock/timer"),
    EXCEPT("clock/timer@name", "rtc|pit|hpet|kvmclock"),
    REFUSED("clock/timer@track"),
    REFUSED("clock/timer@frequency"),
    REFUSED("clock/timer@mode"),
    REFUSED("clock/timer/catchup"),
    /* life cycle */
    EXCEPT("on_poweroff", "destroy|restart"),
    EXCEPT("on_reboot", "destroy|restart"),
    EXCEPT("on_crash", "destroy|restart|preserve"),
    REFUSED("on_lockfailure"),
    HANDLED("pm"),
    HANDLED("pm/suspend-to-mem"),
    EXCEPT("pm/suspend-to-mem@enabled", "no"),
    HANDLED("pm/suspend-to-disk"),
    EXCEPT("pm/suspend-to-disk@enabled", "no"),
    /* what protects */
    HANDLED("seclabel"),
    EXCEPT("seclabel@type", "none|dynamic"),
    EXCEPT("seclabel@model", "none|dac"), /* dac: with type='none' only */
    EXCEPT("seclabel@relabel", "yes|no"),
    REFUSED("seclabel/label"),
    REFUSED("seclabel/baselabel"),
    REFUSED("seclabel/imagelabel"),
    /* devices */
    HANDLED("devices"),
    HANDLED("devices/emulator"),
    HANDLED("devices/disk"),
    HANDLED("devices/interface"),
    HANDLED("devices/serial"),
    HANDLED("devices/console"),
    HANDLED("devices/rng"),
    HANDLED("devices/controller"),
    HANDLED("devices/memballoon"),
    HANDLED("devices/video"),
    HANDLED("devices/audio"),
    REFUSED("devices/lease"),
    REFUSED("devices/filesystem"),
    REFUSED("devices/smartcard"),
    REFUSED("devices/parallel"),
    REFUSED("devices/channel"),
    REFUSED("devices/crypto"),
    REFUSED("devices/input"),
    REFUSED("devices/tpm"),
    REFUSED("devices/graphics"),
    REFUSED("devices/sound"),
    REFUSED("devices/hostdev"),
    REFUSED("devices/redirdev"),
    REFUSED("devices/redirfilter"),
    REFUSED("devices/hub"),
    REFUSED("devices/watchdog"),
    REFUSED("devices/nvram"),
    REFUSED("devices/panic"),
    REFUSED("devices/pstore"),
    REFUSED("devices/shmem"),
    REFUSED("devices/memory"),
    REFUSED("devices/iommu"),
    REFUSED("devices/vsock"),
    EXCEPT("devices/audio@type", "none"),
    HANDLED("devices/video/model"),
    EXCEPT("devices/video/model@type", "none"),
    EXCEPT("devices/memballoon@model", "none"),
    EXCEPT("devices/controller@type", "usb"),
    EXCEPT("devices/controller@model", "none"),
    /* disk */
    DEVICE_COMMON("devices/disk"),
    VIRTIO_DRIVER("devices/disk/driver"),
    EXCEPT("devices/disk@type", "file|block"),
    EXCEPT("devices/disk@device", "disk"),
    EXCEPT("devices/disk@model", "virtio"),
    REFUSED("devices/disk@rawio"),
    REFUSED("devices/disk@sgio"),
    REFUSED("devices/disk@snapshot"),
    EXCEPT("devices/disk/driver@name", "qemu"),
    EXCEPT("devices/disk/driver@type", "raw"),
    REFUSED("devices/disk/driver@error_policy"),
    REFUSED("devices/disk/driver@rerror_policy"),
    EXCEPT("devices/disk/driver@ioeventfd", "on"),
    EXCEPT("devices/disk/driver@event_idx", "on"),
    EXCEPT("devices/disk/driver@copy_on_read", "off"),
    EXCEPT("devices/disk/driver@detect_zeroes", "off"),
    EXCEPT("devices/disk/driver@discard_no_unref", "off"),
    EXCEPT("devices/disk/driver@queues", "1"),
    REFUSED("devices/disk/driver@queue_size"),
    REFUSED("devices/disk/driver/iothreads"),
    REFUSED("devices/disk/driver/metadata_cache"),
    REFUSED("devices/disk/driver/throttlefilters"),
    HANDLED("devices/disk/source"),
    EXCEPT("devices/disk/source@startupPolicy", "mandatory"),
    REFUSED("devices/disk/source@fdgroup"),
    REFUSED("devices/disk/source/seclabel"),
    REFUSED("devices/disk/source/auth"),
    REFUSED("devices/disk/source/encryption"),
    REFUSED("devices/disk/source/reservations"),
    REFUSED("devices/disk/source/slices"),
    REFUSED("devices/disk/source/ssl"),
    REFUSED("devices/disk/source/cookies"),
    REFUSED("devices/disk/source/readahead"),
    REFUSED("devices/disk/source/timeout"),
    REFUSED("devices/disk/source/dataStore"),
    HANDLED("devices/disk/backingStore"),
    REFUSED("devices/disk/backingStore@type"),
    REFUSED("devices/disk/backingStore/format"),
    REFUSED("devices/disk/backingStore/source"),
    REFUSED("devices/disk/backenddomain"),
    HANDLED("devices/disk/target"),
    EXCEPT("devices/disk/target@bus", "virtio"),
    EXCEPT("devices/disk/target@tray", "closed"),
    EXCEPT("devices/disk/target@removable", "off"),
    REFUSED("devices/disk/target@rotation_rate"),
    HANDLED("devices/disk/readonly"),
    HANDLED("devices/disk/shareable"),
    HANDLED("devices/disk/serial"),
    REFUSED("devices/disk/transient"),
    REFUSED("devices/disk/wwn"),
    REFUSED("devices/disk/vendor"),
    REFUSED("devices/disk/product"),
    REFUSED("devices/disk/geometry"),
    REFUSED("devices/disk/blockio"),
    REFUSED("devices/disk/iotune"),
    REFUSED("devices/disk/throttlefilters"),
    REFUSED("devices/disk/mirror"),
    REFUSED("devices/disk/auth"),
    REFUSED("devices/disk/encryption"),
    /* interface */
    DEVICE_COMMON("devices/interface"),
    VIRTIO_DRIVER("devices/interface/driver"),
    EXCEPT("devices/interface@type", "ethernet|bridge"),
    EXCEPT("devices/interface@trustGuestRxFilters", "no"),
    HANDLED("devices/interface/mac"),
    HANDLED("devices/interface/source"),
    HANDLED("devices/interface/target"),
    HANDLED("devices/interface/model"),
    EXCEPT("devices/interface/model@type", "virtio"),
    HANDLED("devices/interface/link"),
    EXCEPT("devices/interface/link@state", "up"),
    EXCEPT("devices/interface/driver@name", "qemu"),
    EXCEPT("devices/interface/driver@queues", "1"),
    EXCEPT("devices/interface/driver@ioeventfd", "on"),
    EXCEPT("devices/interface/driver@event_idx", "on"),
    REFUSED("devices/interface/driver@txmode"),
    REFUSED("devices/interface/driver@rx_queue_size"),
    REFUSED("devices/interface/driver@tx_queue_size"),
    REFUSED("devices/interface/driver@rss"),
    REFUSED("devices/interface/driver@rss_hash_report"),
    REFUSED("devices/interface/driver/host"),
    REFUSED("devices/interface/driver/guest"),
    REFUSED("devices/interface/backend"),
    REFUSED("devices/interface/backenddomain"),
    REFUSED("devices/interface/filterref"),
    REFUSED("devices/interface/virtualport"),
    REFUSED("devices/interface/bandwidth"),
    REFUSED("devices/interface/vlan"),
    HANDLED("devices/interface/port"),
    EXCEPT("devices/interface/port@isolated", "no"),
    REFUSED("devices/interface/mtu"),
    REFUSED("devices/interface/coalesce"),
    REFUSED("devices/interface/tune"),
    REFUSED("devices/interface/ip"),
    REFUSED("devices/interface/route"),
    REFUSED("devices/interface/script"),
    REFUSED("devices/interface/downscript"),
    REFUSED("devices/interface/guest"),
    REFUSED("devices/interface/teaming"),
    REFUSED("devices/interface/portForward"),
    /* serial ports and the console that repeats the first of them */
    HANDLED("devices/serial/alias"),
    REFUSED("devices/serial/address"),
    REFUSED("devices/serial/acpi"),
    CHARDEV_SOURCE("devices/serial"),
    EXCEPT("devices/serial@type", "pty|unix"),
    HANDLED("devices/serial/target"),
    EXCEPT("devices/serial/target@type", "isa-serial"),
    HANDLED("devices/serial/target/model"),
    EXCEPT("devices/serial/target/model@name", "isa-serial"),
    HANDLED("devices/console/alias"),
    REFUSED("devices/console/address"),
    CHARDEV_SOURCE("devices/console"),
    EXCEPT("devices/console@type", "pty|unix"),
    HANDLED("devices/console/target"),
    EXCEPT("devices/console/target@type", "serial"),
    EXCEPT("devices/console/target@port", "0"),
    /* rng */
    DEVICE_COMMON("devices/rng"),
    VIRTIO_DRIVER("devices/rng/driver"),
    EXCEPT("devices/rng@model", "virtio"),
    REFUSED("devices/rng/rate"),
    HANDLED("devices/rng/backend"),
    EXCEPT("devices/rng/backend@model", "random"),
};

static const SupportRow *support_find(const char *path)
{
    static GHashTable *index;
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        index = g_hash_table_new(g_str_hash, g_str_equal);
        for (size_t i = 0; i < G_N_ELEMENTS(support_rows); i++) {
            g_hash_table_insert(index, (gpointer)support_rows[i].path,
                                (gpointer)&support_rows[i]);
        }
        g_once_init_leave(&ready, 1);
    }
    return g_hash_table_lookup(index, path);
}

static gboolean value_accepted(const SupportRow *row, const char *value)
{
    g_auto(GStrv) accept = row->accept ? g_strsplit(row->accept, "|", -1) : NULL;

    return accept && value && g_strv_contains((const char *const *)accept, value);
}

XmlSupport xml_support_class(const char *path, const char *value)
{
    const SupportRow *row = support_find(path);

    if (!row) {
        return XML_SUPPORT_UNKNOWN;
    }
    return value_accepted(row, value) ? XML_SUPPORT_HANDLED : row->class;
}

static char *attr_value(const xmlAttr *attr)
{
    return xml_node_text((const xmlNode *)attr);
}

/* The namespaces of libvirt's own extensions, as the table writes them: "qemu:". */
static void append_namespace(GString *path, const xmlNs *ns)
{
    static const char base[] = "http://libvirt.org/schemas/domain/";
    const char *href = (const char *)ns->href;

    if (href && g_str_has_prefix(href, base)) {
        href += sizeof(base) - 1;
        g_string_append_len(path, href, strcspn(href, "/"));
    }
    g_string_append_c(path, ':');
}

gboolean xml_support_refuse(const xmlNode *node, const char *path, GError **errp)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *content = NULL;

    g_string_append_printf(text, "<%s", path);
    for (xmlAttr *attr = node->properties; attr && text->len < 300; attr = attr->next) {
        g_autofree char *value = attr_value(attr);
        g_string_append_printf(text, " %s='%.60s'", attr->name, value);
    }
    g_string_append_c(text, '>');
    if (!xmlFirstElementChild((xmlNode *)node)) {
        content = xml_node_text(node);
        g_string_append_printf(text, "%.60s", g_strstrip(content));
    }
    g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                "element %s is not supported by vireo", text->str);
    return FALSE;
}

static gboolean check_attributes(const xmlNode *node, GString *path, GError **errp)
{
    size_t length = path->len;

    for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
        g_autofree char *value = NULL;

        if (attr->ns) {
            continue;
        }
        g_string_append_printf(path, "@%s", attr->name);
        value = attr_value(attr);
        if (xml_support_class(path->str, value) == XML_SUPPORT_REFUSED) {
            g_string_truncate(path, length);
            g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                        "attribute %s='%.100s' of element <%s> is not supported by vireo",
                        attr->name, value, length ? path->str : "domain");
            return FALSE;
        }
        g_string_truncate(path, length);
    }
    return TRUE;
}

/* @path is that of @node. Goes only as deep as the table does. */
static gboolean check_node(const xmlNode *node, GString *path, GError **errp)
{
    size_t length = path->len;

    if (!check_attributes(node, path, errp)) {
        return FALSE;
    }
    for (xmlNode *child = node->children; child; child = child->next) {
        g_autofree char *text = NULL;
        XmlSupport class;

        if (child->type != XML_ELEMENT_NODE) {
            continue;
        }
        g_string_append(path, length ? "/" : "");
        if (child->ns) {
            append_namespace(path, child->ns);
        }
        g_string_append(path, (const char *)child->name);
        class = xml_support_class(path->str, NULL);
        if (class == XML_SUPPORT_REFUSED) {
            text = xml_node_text(child);
            class = xml_support_class(path->str, g_strstrip(text));
        }
        if (class == XML_SUPPORT_REFUSED) {
            return xml_support_refuse(child, path->str, errp);
        }
        if (class == XML_SUPPORT_HANDLED && !check_node(child, path, errp)) {
            return FALSE;
        }
        g_string_truncate(path, length);
    }
    return TRUE;
}

gboolean xml_support_check(const xmlNode *root, const char *base, GError **errp)
{
    g_autoptr(GString) path = g_string_new(base);

    if (base[0]) {
        g_string_append_printf(path, "/%s", (const char *)root->name);
        if (xml_support_class(path->str, NULL) != XML_SUPPORT_HANDLED) {
            return xml_support_refuse(root, path->str, errp);
        }
    }
    return check_node(root, path, errp);
}
