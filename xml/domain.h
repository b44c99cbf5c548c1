/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's definition: one structure, parsed from and formatted to libvirt's
 * domain XML (the subset that vireo can be true to).
 *
 * Elements fall into three classes (the tables of field.h): handled ones have a field
 * here; those that libvirt knows and we cannot honour are kept as they were written, and
 * refused by xml_domain_check() with VIR_ERR_CONFIG_UNSUPPORTED; unknown ones are
 * dropped, as libvirt does. So what is stored can always be read, listed and shown.
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

#include "xml/device.h"

#define XML_ERROR         (xml_error_quark())
#define XML_TEXT_MAX      (4u << 20) /* bytes of one document, as libvirt's RPC strings */
#define XML_DOMAIN_SCHEMA "/usr/share/libvirt/schemas/domain.rng"
/* Bytes; files are called after the domain, with suffixes of at most ".status.new". */
#define DOMAIN_NAME_MAX     (NAME_MAX + 1 - (int)sizeof(".status.new"))
#define DOMAIN_UUID_STR_LEN 37 /* with its NUL */

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
    GPtrArray *extras; /* see xml/field.h */
    DomainTimerName name;
    DomainTristate present;
    DomainTickPolicy policy;
} DomainTimer;

typedef enum {
    DOMAIN_PARTITION_DEFAULT = 0,
    DOMAIN_PARTITION_MACHINE, /* "/machine" */
} DomainPartition;

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

/* <os firmware=''/>: to be chosen out of those that the host has. */
typedef enum {
    DOMAIN_FIRMWARE_DEFAULT = 0, /* none is to be chosen */
    DOMAIN_FIRMWARE_BIOS,
    DOMAIN_FIRMWARE_EFI,
} DomainFirmware;

typedef enum {
    DOMAIN_FIRMWARE_ENROLLED_KEYS = 0,
    DOMAIN_FIRMWARE_SECURE_BOOT,
} DomainFirmwareFeatureName;

/* <firmware><feature/></firmware>: what it must have, or must not. */
typedef struct DomainFirmwareFeature {
    GPtrArray *extras;
    DomainTristate enabled;
    DomainFirmwareFeatureName name;
} DomainFirmwareFeature;

typedef enum {
    DOMAIN_LOADER_DEFAULT = 0, /* command/ chooses */
    DOMAIN_LOADER_ROM,
    DOMAIN_LOADER_PFLASH,
} DomainLoader;

typedef enum {
    DOMAIN_IMAGE_DEFAULT = 0, /* raw */
    DOMAIN_IMAGE_RAW,
} DomainImageFormat;

typedef enum {
    DOMAIN_SMBIOS_DEFAULT = 0,
    DOMAIN_SMBIOS_EMULATE,
    DOMAIN_SMBIOS_SYSINFO, /* what <sysinfo type='smbios'> says */
} DomainSmbios;

typedef enum {
    DOMAIN_SYSINFO_SMBIOS = 0,
    DOMAIN_SYSINFO_FWCFG,
} DomainSysinfoType;

typedef struct DomainEntry {
    GPtrArray *extras;
    char *name;  /* "vendor", "opt/com.example/name"; NULL: of an OEM string */
    char *file;  /* of fwcfg, where there is no value */
    char *value; /* or NULL */
} DomainEntry;

/* The entries of one SMBIOS structure, in the order of the command line. */
typedef struct DomainSysinfoBlock {
    GPtrArray *extras;
    GPtrArray *entries; /* of DomainEntry */
} DomainSysinfoBlock;

typedef struct DomainSysinfo {
    GPtrArray *extras;
    DomainSysinfoType type;
    /* Of DomainSysinfoBlock, for SMBIOS; but for the boards at most one of each. */
    GPtrArray *bios, *system, *boards, *chassis, *oem;
    GPtrArray *entries; /* of DomainEntry, for FWCFG */
} DomainSysinfo;

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
    DOMAIN_SUSPEND_DEFAULT = 0,
    DOMAIN_SUSPEND_DISABLED,
} DomainSuspend;

/* <boot dev=''/> */
typedef struct DomainBootDev {
    GPtrArray *extras;
    DomainBoot dev;
} DomainBootDev;

/* No security driver: that nothing is to be labelled can be promised. */
typedef enum {
    DOMAIN_SECLABEL_DYNAMIC = 0,
    DOMAIN_SECLABEL_NONE,
} DomainSeclabelType;

typedef struct DomainSeclabel {
    GPtrArray *extras;
    DomainSeclabelType type;
    char *model;
    DomainTristate relabel;
} DomainSeclabel;

typedef enum {
    DOMAIN_CLOCK_UTC = 0,
    DOMAIN_CLOCK_LOCALTIME, /* the host's */
} DomainClock;

/* All 0: a socket for each vCPU. */
typedef struct DomainTopology {
    guint sockets, dies, cores, threads;
} DomainTopology;

typedef struct Domain {
    GPtrArray *extras; /* see xml/field.h */
    int id;            /* -1 when it does not run */
    char *name;
    guint8 uuid[16]; /* generated when the XML has none */
    char *genid;     /* a UUID, or NULL: the guest is told of none */
    char *title;     /* these three or NULL */
    char *description;
    char *metadata; /* the whole <metadata> element, with its namespaces */

    guint64 memory;         /* KiB */
    guint64 current_memory; /* KiB */
    DomainMemorySource memory_source;
    DomainMemoryAccess memory_access;
    guint vcpus;
    guint vcpus_current; /* 0: all */
    guint iothreads;
    DomainPartition partition;

    GPtrArray *sysinfos; /* of DomainSysinfo */
    char *machine;       /* or NULL: command/ chooses */
    DomainFirmware firmware;
    GPtrArray *firmware_features; /* of DomainFirmwareFeature, by name */
    char *loader;                 /* path, or NULL: chosen, or the machine's own */
    DomainLoader loader_type;
    DomainTristate loader_readonly, loader_secure, loader_stateless;
    DomainImageFormat loader_format;
    char *nvram; /* path of the variables, of PFLASH, or NULL */
    char *nvram_template;
    DomainImageFormat nvram_format, nvram_template_format;
    DomainTristate bootmenu;
    guint bootmenu_timeout; /* ms, or NUMBER_NONE */
    DomainTristate bios_useserial;
    char *reboot_timeout; /* ms as text, "-1" for never; or NULL */
    DomainSmbios smbios_mode;
    char *kernel; /* these three or NULL */
    char *initrd;
    char *cmdline;
    GPtrArray *boots; /* of DomainBootDev; at least one unless a device has an order */

    gboolean acpi;
    gboolean apic;
    gboolean pae;
    DomainTristate vmcoreinfo;
    DomainCpuMode cpu_mode;
    DomainCpuCheck cpu_check;
    DomainTristate cpu_migratable;
    DomainTopology topology;
    DomainClock clock;
    GPtrArray *timers; /* of DomainTimer, by name */
    DomainLifecycle on_poweroff;
    DomainLifecycle on_reboot;
    DomainLifecycle on_crash;
    DomainSuspend suspend_to_mem;
    DomainSuspend suspend_to_disk;

    char *emulator; /* absolute path, or NULL: command/ chooses */
    /* Disks are sorted by target, serials by port; others are in the order of the XML. */
#define DEVICE(id, structure, name, array, ...) GPtrArray *array; /* of its structure */
#define NONE                                    DEVICE
#include "xml/devices.def"
    GPtrArray *seclabels; /* of DomainSeclabel */
} Domain;

typedef enum {
    XML_PARSE_INACTIVE = 0,    /* a definition: id, aliases not "ua-", ttys are dropped */
    XML_PARSE_STATUS = 1 << 0, /* our own status form: everything is kept */
    XML_PARSE_STORED = 1 << 1, /* a definition that we have stored: slots are kept */
    XML_PARSE_MATCH = 1 << 2, /* one to compare with: only what makes the key is needed */
} XmlParseFlags;

typedef enum {
    XML_FORMAT_LIVE = 0,         /* with live data when the domain runs (id >= 0) */
    XML_FORMAT_SECURE = 1,       /* with secrets; the numbers are virDomainXMLFlags */
    XML_FORMAT_INACTIVE = 2,     /* without live data */
    XML_FORMAT_MIGRATABLE = 8,   /* for another host: without what only this host knows */
    XML_FORMAT_STATUS = 1 << 16, /* for XML_PARSE_STATUS: live data and slots */
    XML_FORMAT_STORED = 1 << 17, /* for XML_PARSE_STORED: slots, too */
} XmlFormatFlags;

GQuark xml_error_quark(void);

/* While there is one thread: libxml2 makes what its parsers share at the first use. */
void xml_init(void);

/*
 * Parses a <domain>. Returns a new Domain, or NULL with an error that names
 * element and value: XML_DETAIL (not well-formed), XML_ERROR (wrong value),
 * OS_TYPE, OVERFLOW.
 */
Domain *xml_domain_parse(const char *text, XmlParseFlags flags, GError **errp);

/*
 * Refuses what libvirt knows and we cannot honour, whatever machine: CONFIG_UNSUPPORTED,
 * naming element and value. For a definition that is new or about to run.
 */
gboolean xml_domain_check(const Domain *domain, GError **errp);
gboolean xml_device_check(const DomainDevice *device, GError **errp);

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
 * Parses one device. A disk may come without <driver> and bus (virsh attach-disk): raw
 * and virtio are the defaults. Take XML_PARSE_INACTIVE for a device to attach, and
 * XML_PARSE_STATUS for one to find or detach: it keeps the alias of live XML.
 */
DomainDevice *xml_device_parse(const char *text, XmlParseFlags flags, GError **errp);

/* Formats one device as it stands within <devices>, not indented. */
char *xml_device_format(const DomainDevice *device, XmlFormatFlags flags);

DomainDevice *xml_device_copy(const DomainDevice *device);

/*
 * Takes over from @to, of the same kind and parsed as a definition, what it changes of a
 * device that runs; what it does not say stays. OPERATION_UNSUPPORTED naming the first
 * field that cannot change: then @device may have changed in part.
 */
gboolean xml_device_update(const DomainDevice *device, const DomainDevice *to,
                           GError **errp);

/* Frees @device and what it holds. Accepts NULL. */
void xml_device_free(DomainDevice *device);

/*
 * Finds the device of @domain that @match means: by the fields that are the kind's key
 * (disks by target, interfaces by MAC, serials by port ...), and where several have the
 * same by alias and such. Fills @found, which borrows from @domain, and returns its index
 * in the domain's array; -1 with DEVICE_MISSING or OPERATION_FAILED
 * (ambiguous). @found may be NULL.
 */
int xml_domain_find_device(const Domain *domain, const DomainDevice *match,
                           DomainDevice *found, GError **errp);

/* Whether @a and @b, of one kind, have the same key. */
gboolean xml_device_same_key(const DomainDevice *a, const DomainDevice *b);

/*
 * Adds a copy of @device in its place in the order; refused with OPERATION_INVALID when
 * its target, port or alias is taken. Returns the domain's own device, borrowed, through
 * @added (may be NULL).
 */
gboolean xml_domain_add_device(Domain *domain, const DomainDevice *device,
                               DomainDevice *added, GError **errp);

/* Adds one in its place in the order; it is borrowed. */
DomainController *xml_domain_add_controller(Domain *domain, DomainControllerType type,
                                            guint index, DomainControllerModel model);

/* The domain's balloon, borrowed; NULL: it has none. */
DomainBalloon *xml_domain_balloon(const Domain *domain);
/* Adds a device of the kind with nothing said of it; it is borrowed. */
gpointer xml_domain_add_new(Domain *domain, DomainDeviceType type);

/* Puts the devices of a kind in their order, after their numbers have changed. */
void xml_domain_sort_devices(Domain *domain, DomainDeviceType type);

/* Removes the device that xml_domain_find_device finds. */
gboolean xml_domain_remove_device(Domain *domain, const DomainDevice *match,
                                  GError **errp);

/* What is said of a type; NULL: nothing. Borrowed. */
const DomainSysinfo *xml_domain_sysinfo(const Domain *domain, DomainSysinfoType type);

/* "efi", "bios" */
const char *xml_firmware_name(DomainFirmware firmware);

/* What is asked of a feature of the firmware; and one to be asked for, borrowed. */
DomainTristate xml_domain_firmware_feature(const Domain *domain,
                                           DomainFirmwareFeatureName name);
DomainFirmwareFeature *xml_domain_add_firmware_feature(Domain *domain,
                                                       DomainFirmwareFeatureName name);

/* The domain's devices of one kind, borrowed. */
GPtrArray *xml_domain_devices(const Domain *domain, DomainDeviceType type);

/* The device with this alias. Fills @found (borrowed) and returns TRUE. */
gboolean xml_domain_find_alias(const Domain *domain, const char *alias,
                               DomainDevice *found);

/* The channel of the guest agent that we listen on; NULL: there is none. It has a path
 * while the domain runs. */
const DomainChannel *xml_domain_agent(const Domain *domain);

/* "disk vda": how messages name it. Free with g_free. */
char *xml_device_label(const DomainDevice *device);

/* @to takes the address of @from, and with @named the alias. */
void xml_device_adopt_place(const DomainDevice *to, const DomainDevice *from,
                            gboolean named);

/* The end of a chain of backing files, as <backingStore/>. */
DomainStorage *xml_storage_end_new(void);

/* The part that all device types share; borrowed. */
DomainDeviceInfo *xml_device_info(const DomainDevice *device);

/* "disk", "interface" ... */
const char *xml_device_type_name(DomainDeviceType type);

/* Calls @func for each device in the order of the XML, until it returns FALSE. */
typedef gboolean (*DomainDeviceFunc)(const DomainDevice *device, gpointer opaque);
gboolean xml_domain_foreach_device(const Domain *domain, DomainDeviceFunc func,
                                   gpointer opaque);

/*
 * The values that may stand at a place of a definition ("devices/disk/target@bus"); NULL
 * when what stands there is always refused, or unknown. Free with g_strfreev.
 */
char **xml_domain_values(const char *path);

/* Texts. Parsing a UUID accepts libvirt's forms (dashes anywhere or nowhere). */
gboolean xml_uuid_parse(const char *text, guint8 uuid[16]);
void xml_uuid_format(const guint8 uuid[16], char text[DOMAIN_UUID_STR_LEN]);
void xml_uuid_generate(guint8 uuid[16]);
gboolean xml_mac_parse(const char *text, guint8 mac[6]);
void xml_mac_format(const guint8 mac[6], char text[18]);

/* Names of the enumerations' values as the XML has them. */
extern const char *const xml_yes_no_names[]; /* of DomainTristate */
extern const char *const xml_on_off_names[];
extern const char *const xml_cpu_mode_names[];
extern const char *const xml_disk_format_names[];
extern const char *const xml_disk_cache_names[];
extern const char *const xml_disk_io_names[];
extern const char *const xml_disk_discard_names[];
extern const char *const xml_address_names[];
extern const char *const xml_controller_type_names[];

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, xml_domain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainDevice, xml_device_free)

#endif
