/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's definition: one structure, parsed from and formatted to libvirt's
 * domain XML (the subset that vireo can be true to).
 *
 * Elements fall into three classes (support.c holds the table): handled ones
 * have a field here; those that libvirt knows and we cannot honour are refused
 * with VIR_ERR_CONFIG_UNSUPPORTED; unknown ones are dropped, as libvirt does.
 * What depends on the machine (defaults, aliases, slots, limits) is no business
 * of this layer: see libvirt-driver/command/.
 *
 * All functions are pure and may be called from any thread. Errors are in the
 * domain XML_ERROR; their code is the virErrorNumber for the client
 * (<libvirt/virterror.h>), their message has no "XML error:" prefix.
 */
#ifndef XML_DOMAIN_H
#define XML_DOMAIN_H

#include <glib.h>
#include <limits.h>

#define XML_ERROR         (xml_error_quark())
#define XML_TEXT_MAX      (4u << 20) /* bytes of one document, as libvirt's RPC strings */
#define XML_DOMAIN_SCHEMA "/usr/share/libvirt/schemas/domain.rng"
/* Bytes; files are called after the domain, with suffixes of at most ".status.new". */
#define DOMAIN_NAME_MAX     (NAME_MAX + 1 - (int)sizeof(".status.new"))
#define DOMAIN_SLOT_NONE    (-1)
#define DOMAIN_UUID_STR_LEN 37 /* with its NUL */

typedef enum {
    DOMAIN_TRISTATE_ABSENT = 0,
    DOMAIN_TRISTATE_YES, /* "yes" or "on" */
    DOMAIN_TRISTATE_NO,  /* "no" or "off" */
} DomainTristate;

typedef enum {
    DOMAIN_LIFECYCLE_DEFAULT = 0, /* only while parsing */
    DOMAIN_LIFECYCLE_DESTROY,
    DOMAIN_LIFECYCLE_RESTART,
    DOMAIN_LIFECYCLE_PRESERVE,
} DomainLifecycle;

/* In the order in which they are written. */
typedef enum {
    DOMAIN_TIMER_RTC = 0,
    DOMAIN_TIMER_PIT,
    DOMAIN_TIMER_HPET,
    DOMAIN_TIMER_KVMCLOCK,
    DOMAIN_TIMER_COUNT,
} DomainTimerName;

typedef enum {
    DOMAIN_TICK_POLICY_DEFAULT = 0,
    DOMAIN_TICK_POLICY_DELAY,
    DOMAIN_TICK_POLICY_CATCHUP,
    DOMAIN_TICK_POLICY_MERGE,
    DOMAIN_TICK_POLICY_DISCARD,
} DomainTickPolicy;

/* Kept for the user: no timer that is accepted changes anything. */
typedef struct DomainTimer {
    gboolean given;
    DomainTristate present;
    DomainTickPolicy policy;
} DomainTimer;

typedef enum {
    DOMAIN_MEMORY_SOURCE_DEFAULT = 0,
    DOMAIN_MEMORY_SOURCE_ANONYMOUS,
    DOMAIN_MEMORY_SOURCE_FILE,
    DOMAIN_MEMORY_SOURCE_MEMFD,
} DomainMemorySource;

typedef enum {
    DOMAIN_MEMORY_ACCESS_DEFAULT = 0,
    DOMAIN_MEMORY_ACCESS_SHARED,
    DOMAIN_MEMORY_ACCESS_PRIVATE,
} DomainMemoryAccess;

typedef enum {
    DOMAIN_BOOT_HD = 0,
    DOMAIN_BOOT_NETWORK,
    DOMAIN_BOOT_CDROM,
    DOMAIN_BOOT_FD,
    DOMAIN_BOOT_COUNT,
} DomainBoot;

typedef enum {
    DOMAIN_CPU_DEFAULT = 0, /* no <cpu>: command/ chooses */
    DOMAIN_CPU_HOST_PASSTHROUGH,
} DomainCpuMode;

typedef enum {
    DOMAIN_CPU_CHECK_DEFAULT = 0,
    DOMAIN_CPU_CHECK_NONE,
    DOMAIN_CPU_CHECK_PARTIAL,
    DOMAIN_CPU_CHECK_FULL,
} DomainCpuCheck;

typedef enum {
    DOMAIN_ADDRESS_NONE = 0,
    DOMAIN_ADDRESS_VIRTIO_MMIO,
} DomainAddress;

/* What every device has. */
typedef struct DomainDeviceInfo {
    char *alias; /* "virtio-disk0"; NULL until assigned; users' own begin with "ua-" */
    DomainAddress address;
    int slot;         /* virtio-mmio slot, or DOMAIN_SLOT_NONE; only in the status form */
    guint boot_order; /* <boot order='N'/>, 0 when absent */
} DomainDeviceInfo;

typedef enum {
    DOMAIN_DISK_FILE = 0,
    DOMAIN_DISK_BLOCK,
} DomainDiskType;

typedef enum {
    DOMAIN_DISK_BUS_VIRTIO = 0,
} DomainDiskBus;

typedef enum {
    DOMAIN_DISK_FORMAT_RAW = 0,
} DomainDiskFormat;

typedef enum {
    DOMAIN_DISK_CACHE_DEFAULT = 0,
    DOMAIN_DISK_CACHE_NONE,
    DOMAIN_DISK_CACHE_WRITETHROUGH,
    DOMAIN_DISK_CACHE_WRITEBACK,
    DOMAIN_DISK_CACHE_DIRECTSYNC,
    DOMAIN_DISK_CACHE_UNSAFE,
} DomainDiskCache;

typedef enum {
    DOMAIN_DISK_IO_DEFAULT = 0,
    DOMAIN_DISK_IO_NATIVE,
    DOMAIN_DISK_IO_THREADS,
    DOMAIN_DISK_IO_URING,
} DomainDiskIo;

typedef enum {
    DOMAIN_DISK_DISCARD_DEFAULT = 0,
    DOMAIN_DISK_DISCARD_IGNORE,
    DOMAIN_DISK_DISCARD_UNMAP,
} DomainDiskDiscard;

typedef struct DomainDisk {
    DomainDiskType type;
    DomainDiskFormat format;
    DomainDiskCache cache;
    DomainDiskIo io;
    DomainDiskDiscard discard;
    guint iothread;   /* 1..iothreads, 0 when absent */
    char *source;     /* absolute path */
    guint node_index; /* N of the block nodes libvirt-N-*; 0 until assigned */
    char *target;     /* "vda" */
    DomainDiskBus bus;
    char *serial; /* or NULL */
    gboolean readonly;
    gboolean shareable;
    DomainDeviceInfo info;
} DomainDisk;

typedef enum {
    DOMAIN_INTERFACE_ETHERNET =
        0,                   /* a tap device, made by us or by the user (managed='no') */
    DOMAIN_INTERFACE_BRIDGE, /* a tap device that we put on a bridge */
} DomainInterfaceType;

typedef enum {
    DOMAIN_INTERFACE_MODEL_DEFAULT = 0, /* no <model>: command/ chooses */
    DOMAIN_INTERFACE_MODEL_VIRTIO,
} DomainInterfaceModel;

typedef struct DomainInterface {
    DomainInterfaceType type;
    guint8 mac[6]; /* generated when the XML has none */
    char *bridge;  /* for BRIDGE */
    char *target;  /* the tap's name or NULL; "vnet*" are ours and not persistent */
    DomainTristate managed; /* target@managed: NO means the tap exists already */
    DomainInterfaceModel model;
    gboolean link_up; /* <link state='up'/> was there (down is refused) */
    DomainDeviceInfo info;
} DomainInterface;

typedef enum {
    DOMAIN_CHARDEV_PTY = 0,
    DOMAIN_CHARDEV_UNIX, /* mode='bind': the driver listens */
} DomainChardevType;

/* A serial port. The first one is also the domain's <console>, as in libvirt. */
typedef struct DomainSerial {
    DomainChardevType type;
    char *path; /* UNIX: the socket; PTY: the slave's path while the domain runs */
    guint port; /* 0 is COM1 */
    DomainDeviceInfo info;
} DomainSerial;

typedef struct DomainRng {
    char *filename; /* backend model='random' */
    DomainDeviceInfo info;
} DomainRng;

typedef struct Domain {
    int id; /* -1 when it does not run */
    char *name;
    guint8 uuid[16]; /* generated when the XML has none */
    char *title;     /* these three or NULL */
    char *description;
    char *metadata; /* the whole <metadata> element, with its namespaces */

    guint64 memory;         /* KiB */
    guint64 current_memory; /* KiB */
    DomainMemorySource memory_source;
    DomainMemoryAccess memory_access;
    guint vcpus;
    guint iothreads;
    char *partition; /* <resource><partition>, or NULL */

    char *machine; /* or NULL: command/ chooses */
    char *kernel;  /* these three or NULL */
    char *initrd;
    char *cmdline;
    guint boot_count; /* at least one unless a device has a boot order */
    DomainBoot boot[DOMAIN_BOOT_COUNT];

    gboolean acpi;
    gboolean apic;
    gboolean pae;
    DomainCpuMode cpu_mode;
    DomainCpuCheck cpu_check;
    DomainTristate cpu_migratable;
    DomainTimer timers[DOMAIN_TIMER_COUNT];
    DomainLifecycle on_poweroff;
    DomainLifecycle on_reboot;
    DomainLifecycle on_crash;
    DomainTristate suspend_to_mem; /* NO or absent */
    DomainTristate suspend_to_disk;

    char *emulator;        /* absolute path, or NULL: command/ chooses */
    GPtrArray *disks;      /* of DomainDisk, in the order of the XML */
    GPtrArray *interfaces; /* of DomainInterface */
    GPtrArray *serials;    /* of DomainSerial, sorted by port */
    GPtrArray *rngs;       /* of DomainRng */
    gboolean usb_none;     /* <controller type='usb' model='none'/> was there */
    gboolean balloon_none; /* <memballoon model='none'/> was there */
    gboolean video_none;   /* <video><model type='none'/></video> was there */
    gboolean seclabel_none;
    char *seclabel_model; /* of <seclabel type='none'>, or NULL */
} Domain;

typedef enum {
    DOMAIN_DEVICE_DISK = 0,
    DOMAIN_DEVICE_INTERFACE,
    DOMAIN_DEVICE_SERIAL,
    DOMAIN_DEVICE_RNG,
} DomainDeviceType;

/* One device on its own, as attach-device and detach-device send it. */
typedef struct DomainDevice {
    DomainDeviceType type;
    union {
        gpointer any;
        DomainDisk *disk;
        DomainInterface *interface;
        DomainSerial *serial;
        DomainRng *rng;
    };
} DomainDevice;

typedef enum {
    XML_PARSE_INACTIVE = 0,    /* a definition: id, aliases not "ua-", ttys are dropped */
    XML_PARSE_STATUS = 1 << 0, /* our own status form: everything is kept */
} XmlParseFlags;

typedef enum {
    XML_FORMAT_LIVE = 0,         /* with live data when the domain runs (id >= 0) */
    XML_FORMAT_SECURE = 1,       /* with secrets; the numbers are virDomainXMLFlags */
    XML_FORMAT_INACTIVE = 2,     /* without live data */
    XML_FORMAT_MIGRATABLE = 8,   /* for another host: without what only this host knows */
    XML_FORMAT_STATUS = 1 << 16, /* for XML_PARSE_STATUS: live data and slots */
} XmlFormatFlags;

GQuark xml_error_quark(void);

/*
 * Parses a <domain>. Returns a new Domain, or NULL with an error that names
 * element and value: XML_DETAIL (not well-formed), XML_ERROR (wrong value),
 * CONFIG_UNSUPPORTED, OS_TYPE, INVALID_ARG.
 */
Domain *xml_domain_parse(const char *text, XmlParseFlags flags, GError **errp);

/*
 * Checks a document against the RelaxNG schema at @path; NULL: libvirt's, installed at
 * XML_DOMAIN_SCHEMA. XML_INVALID_SCHEMA with libxml2's words; INTERNAL_ERROR with the
 * path when the schema is missing.
 */
gboolean xml_domain_validate(const char *text, const char *path, GError **errp);

/* Formats as `virsh dumpxml` prints it. Returns a new string; cannot fail. */
char *xml_domain_format(const Domain *domain, XmlFormatFlags flags);

/* A deep copy. */
Domain *xml_domain_copy(const Domain *domain);

/* Accepts NULL. */
void xml_domain_free(Domain *domain);

/*
 * Refuses (CONFIG_UNSUPPORTED, naming what differs and both values) when a
 * guest that runs with @from would notice that its definition is @to, or it has
 * another name. Sources and other things of the host may differ. Aliases and slots are
 * compared where both have them.
 */
gboolean xml_domain_check_abi_stable(const Domain *from, const Domain *to, GError **errp);

/*
 * Parses one device (<disk>, <interface>, <serial>, <rng>). A disk may come
 * without <driver> and bus (virsh attach-disk): raw and virtio are the
 * defaults. Take XML_PARSE_INACTIVE for a device to attach, and
 * XML_PARSE_STATUS for one to find or detach: it keeps the alias of live XML.
 * @domain may be NULL; when given, iothreads are checked against it.
 */
DomainDevice *xml_device_parse(const char *text, const Domain *domain,
                               XmlParseFlags flags, GError **errp);

/* Formats one device as it stands within <devices>, not indented. */
char *xml_device_format(const DomainDevice *device, XmlFormatFlags flags);

DomainDevice *xml_device_copy(const DomainDevice *device);

/* Frees @device and what it holds. Accepts NULL. */
void xml_device_free(DomainDevice *device);

/*
 * Finds the device of @domain that @match means: disks by target, interfaces
 * by MAC (and target, where several have it), serials by port, rngs by alias
 * or backend. Fills @found, which borrows from @domain, and returns its index
 * in the domain's array; -1 with DEVICE_MISSING or OPERATION_FAILED
 * (ambiguous). @found may be NULL.
 */
int xml_domain_find_device(const Domain *domain, const DomainDevice *match,
                           DomainDevice *found, GError **errp);

/*
 * Adds a copy of @device; refused with OPERATION_INVALID when its target, port
 * or alias is taken. Returns the domain's own device, borrowed, through
 * @added (may be NULL).
 */
gboolean xml_domain_add_device(Domain *domain, const DomainDevice *device,
                               DomainDevice *added, GError **errp);

/* Removes the device that xml_domain_find_device finds. */
gboolean xml_domain_remove_device(Domain *domain, const DomainDevice *match,
                                  GError **errp);

/* The device with this alias. Fills @found (borrowed) and returns TRUE. */
gboolean xml_domain_find_alias(const Domain *domain, const char *alias,
                               DomainDevice *found);

/* The part that all device types share; borrowed. */
DomainDeviceInfo *xml_device_info(const DomainDevice *device);

/* "disk", "interface" ... */
const char *xml_device_type_name(DomainDeviceType type);

/* Calls @func for each device in the order of the XML, until it returns FALSE. */
typedef gboolean (*DomainDeviceFunc)(const DomainDevice *device, gpointer opaque);
gboolean xml_domain_foreach_device(const Domain *domain, DomainDeviceFunc func,
                                   gpointer opaque);

/* Texts. Parsing a UUID accepts libvirt's forms (dashes anywhere or nowhere). */
gboolean xml_uuid_parse(const char *text, guint8 uuid[16]);
void xml_uuid_format(const guint8 uuid[16], char text[DOMAIN_UUID_STR_LEN]);
void xml_uuid_generate(guint8 uuid[16]);
gboolean xml_mac_parse(const char *text, guint8 mac[6]);
void xml_mac_format(const guint8 mac[6], char text[18]);

/* Names of the enumerations' values as the XML has them. */
extern const char *const xml_lifecycle_names[];
extern const char *const xml_timer_names[];
extern const char *const xml_tick_policy_names[];
extern const char *const xml_memory_source_names[];
extern const char *const xml_memory_access_names[];
extern const char *const xml_boot_names[];
extern const char *const xml_cpu_mode_names[];
extern const char *const xml_cpu_check_names[];
extern const char *const xml_disk_type_names[];
extern const char *const xml_disk_bus_names[];
extern const char *const xml_disk_format_names[];
extern const char *const xml_disk_cache_names[];
extern const char *const xml_disk_io_names[];
extern const char *const xml_disk_discard_names[];
extern const char *const xml_interface_type_names[];
extern const char *const xml_interface_model_names[];
extern const char *const xml_chardev_type_names[];
extern const char *const xml_yes_no_names[]; /* of DomainTristate */
extern const char *const xml_on_off_names[];

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, xml_domain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainDevice, xml_device_free)

#endif
