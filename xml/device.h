/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a domain: one structure a kind. Their fields' tables are in the file of
 * the kind's name; what a new kind needs is said in internal.h. */
#ifndef XML_DEVICE_H
#define XML_DEVICE_H

#include <glib.h>

#define DOMAIN_SLOT_NONE   G_MAXUINT
#define DOMAIN_NUMBER_NONE G_MAXUINT /* of a controller: not given */

typedef enum {
    DOMAIN_TRISTATE_ABSENT = 0,
    DOMAIN_TRISTATE_YES, /* "yes" or "on" */
    DOMAIN_TRISTATE_NO,  /* "no" or "off" */
} DomainTristate;

typedef enum {
    DOMAIN_ADDRESS_NONE = 0,
    DOMAIN_ADDRESS_PCI,
    DOMAIN_ADDRESS_DRIVE,
    DOMAIN_ADDRESS_VIRTIO_SERIAL,
    DOMAIN_ADDRESS_USB,
    DOMAIN_ADDRESS_ISA,
    DOMAIN_ADDRESS_VIRTIO_MMIO,
    DOMAIN_ADDRESS_DIMM,
} DomainAddressType;

/* Where a device is; what there is of it depends on the type. */
typedef struct DomainAddress {
    DomainAddressType type;
    char *usb_port; /* "1.2" */
    guint slot; /* VIRTIO_MMIO; DOMAIN_SLOT_NONE until assigned. Not in libvirt's XML */
    union {
        struct {
            guint domain, bus, slot, function;
            DomainTristate multifunction;
        } pci;
        struct {
            guint controller, bus, target, unit;
        } drive;
        struct {
            guint controller, bus, port;
        } serial;
        struct {
            guint bus;
        } usb;
        struct {
            guint iobase, irq; /* 0 when absent */
        } isa;
        struct {
            guint slot;
            guint64 base;
        } dimm;
    };
} DomainAddress;

/* What every device has. */
typedef struct DomainDeviceInfo {
    char *alias; /* "virtio-disk0"; NULL until assigned; users' own begin with "ua-" */
    DomainAddress address;
    guint boot_order; /* <boot order='N'/>, 0 when absent */
    /* <rom/>, of interfaces on PCI: the option ROM */
    DomainTristate rom_enabled, rom_bar;
    char *rom_file; /* or NULL */
} DomainDeviceInfo;

/* Of a virtio function on PCI: what interfaces it has. */
typedef enum {
    DOMAIN_VIRTIO_DEFAULT = 0,      /* not said: the same as the next */
    DOMAIN_VIRTIO_EITHER,           /* "virtio": what its bus makes of it */
    DOMAIN_VIRTIO_TRANSITIONAL,     /* both; on a conventional bus */
    DOMAIN_VIRTIO_NON_TRANSITIONAL, /* that of 1.0 only */
} DomainVirtioModel;

typedef enum {
    DOMAIN_STORAGE_FILE = 0,
    DOMAIN_STORAGE_BLOCK,
    DOMAIN_STORAGE_NONE, /* the end of a chain of backing files */
} DomainStorageType;

typedef enum {
    DOMAIN_DISK_FORMAT_DEFAULT = 0, /* not given: of a backing file, or the chain's end */
    DOMAIN_DISK_FORMAT_RAW,
} DomainDiskFormat;

/* Part of a file that is all of an image. */
typedef struct DomainSlice {
    GPtrArray *extras;
    guint64 offset, size; /* bytes */
} DomainSlice;

/* An image and those that it stands on. */
typedef struct DomainStorage DomainStorage;
struct DomainStorage {
    GPtrArray *extras;
    DomainStorageType type;
    DomainDiskFormat format;
    char *path;             /* absolute; NULL: a drive without a medium */
    guint node_index;       /* N of the block nodes libvirt-N-*; 0 until assigned */
    GPtrArray *slices;      /* of DomainSlice */
    DomainStorage *backing; /* NULL: not said, what the image itself names */
    gboolean detected;      /* nobody has said it: not in the definition */
};

typedef enum {
    DOMAIN_DISK_BUS_VIRTIO = 0,
    DOMAIN_DISK_BUS_SATA,
} DomainDiskBus;

typedef enum {
    DOMAIN_DISK_DEVICE_DISK = 0,
    DOMAIN_DISK_DEVICE_CDROM, /* its medium can be changed */
} DomainDiskDevice;

typedef enum {
    DOMAIN_TRAY_DEFAULT = 0, /* closed */
    DOMAIN_TRAY_CLOSED,      /* only while parsing */
    DOMAIN_TRAY_OPEN,
} DomainTray;

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

typedef enum {
    DOMAIN_DISK_ERROR_DEFAULT = 0,
    DOMAIN_DISK_ERROR_REPORT,
    DOMAIN_DISK_ERROR_STOP,
    DOMAIN_DISK_ERROR_IGNORE,
    DOMAIN_DISK_ERROR_ENOSPACE,
} DomainDiskError;

typedef struct DomainDisk {
    GPtrArray *extras;
    DomainStorage source;
    DomainDiskDevice device;
    DomainVirtioModel model;
    DomainDiskCache cache;
    DomainDiskIo io;
    DomainDiskDiscard discard;
    DomainDiskError error_policy, rerror_policy;
    guint iothread; /* 1..iothreads, 0 when absent */
    char *target;   /* "vda" */
    DomainDiskBus bus;
    DomainTray tray;
    guint rotation_rate; /* a minute; 1: it does not rotate; 0: not said */
    char *serial;        /* or NULL */
    char *wwn;           /* 16 hexadecimal digits, also behind "0x"; or NULL */
    gboolean readonly;
    gboolean shareable;
    DomainDeviceInfo info;
} DomainDisk;

/* Takes the medium of @from, with its format, which gets that of @disk. */
void xml_disk_swap_source(DomainDisk *disk, DomainDisk *from);

/* The number that the target's letters are: 0 for "vda". */
guint xml_disk_index(const DomainDisk *disk);

typedef enum {
    DOMAIN_CONTROLLER_USB = 0,
    DOMAIN_CONTROLLER_SATA,
    DOMAIN_CONTROLLER_PCI,
    DOMAIN_CONTROLLER_VIRTIO_SERIAL,
} DomainControllerType;

typedef enum {
    DOMAIN_CONTROLLER_MODEL_DEFAULT = 0,    /* not given: some have none */
    DOMAIN_CONTROLLER_MODEL_NONE,           /* of USB: that there is none */
    DOMAIN_CONTROLLER_MODEL_QEMU_XHCI,      /* of USB */
    DOMAIN_CONTROLLER_MODEL_PCIE_ROOT,      /* from here on of PCI */
    DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT, /* a bridge to a bus with one slot */
    DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE,
    DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE,
    DOMAIN_CONTROLLER_MODEL_PCIE_UPSTREAM_PORT,   /* of a switch: on its bus are */
    DOMAIN_CONTROLLER_MODEL_PCIE_DOWNSTREAM_PORT, /* these, as a root port is */
} DomainControllerModel;

/* A PCI bridge, with a bus of its own. */
#define DOMAIN_CONTROLLER_IS_BRIDGE(model)                                               \
    ((model) >= DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT)
/* One to a bus with one slot. */
#define DOMAIN_CONTROLLER_IS_PORT(model)                                                 \
    ((model) == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT ||                                \
     (model) == DOMAIN_CONTROLLER_MODEL_PCIE_DOWNSTREAM_PORT)

/* Which of those that QEMU has. */
typedef enum {
    DOMAIN_PORT_DEFAULT = 0, /* command/ chooses */
    DOMAIN_PORT_GENERIC,
    DOMAIN_PORT_PCIE_PCI_BRIDGE,
    DOMAIN_PORT_PCI_BRIDGE,
    DOMAIN_PORT_X3130_UPSTREAM,
    DOMAIN_PORT_XIO3130_DOWNSTREAM,
} DomainPortName;

typedef struct DomainController {
    GPtrArray *extras;
    DomainControllerType type;
    guint index; /* of its type: the number of the bus; NUMBER_NONE: the next */
    DomainControllerModel model;
    DomainPortName name;    /* from here on of bridges */
    guint chassis, port;    /* of ports: 0..255 or NUMBER_NONE */
    guint chassis_nr;       /* of a pci-bridge: 1..255 or NUMBER_NONE */
    DomainTristate hotplug; /* of ports */
    guint ports;            /* of VIRTIO_SERIAL and USB; NUMBER_NONE: the emulator's */
    guint vectors;          /* of VIRTIO_SERIAL, likewise */
    DomainDeviceInfo info;
} DomainController;

typedef enum {
    DOMAIN_INTERFACE_ETHERNET = 0, /* a tap, made by us or by the user (managed='no') */
    DOMAIN_INTERFACE_BRIDGE,       /* a tap that we put on a bridge */
    DOMAIN_INTERFACE_NETWORK, /* one of libvirt's networks says which bridge, or dev */
    DOMAIN_INTERFACE_DIRECT,  /* a macvtap on a device of the host */
    DOMAIN_INTERFACE_USER,    /* the emulator's own network stack */
} DomainInterfaceType;

/* How macvtaps of one device reach each other. */
typedef enum {
    DOMAIN_DIRECT_DEFAULT = 0, /* vepa */
    DOMAIN_DIRECT_VEPA,
    DOMAIN_DIRECT_BRIDGE,
    DOMAIN_DIRECT_PRIVATE,
    DOMAIN_DIRECT_PASSTHROUGH, /* all of the device */
} DomainDirectMode;

/* Who says which addresses are behind a port of a bridge. */
typedef enum {
    DOMAIN_MAC_TABLE_DEFAULT = 0, /* the bridge, which learns them */
    DOMAIN_MAC_TABLE_KERNEL,
    DOMAIN_MAC_TABLE_LIBVIRT, /* who puts the port there */
} DomainMacTable;

/* The first ones are those of DomainVirtioModel. */
typedef enum {
    DOMAIN_INTERFACE_MODEL_DEFAULT = 0, /* no <model>: command/ chooses */
    DOMAIN_INTERFACE_MODEL_VIRTIO,
    DOMAIN_INTERFACE_MODEL_VIRTIO_TRANSITIONAL,
    DOMAIN_INTERFACE_MODEL_VIRTIO_NON_TRANSITIONAL,
    DOMAIN_INTERFACE_MODEL_E1000,
} DomainInterfaceModel;

typedef enum {
    DOMAIN_INTERFACE_DRIVER_DEFAULT = 0, /* the kernel, if it can; else as the next */
    DOMAIN_INTERFACE_DRIVER_QEMU,        /* the emulator moves the packets */
    DOMAIN_INTERFACE_DRIVER_VHOST,       /* the kernel does */
} DomainInterfaceDriver;

/* Offloads of virtio-net: those that the host offers, and those that the guest may take.
 */
enum {
    DOMAIN_OFFLOAD_HOST_CSUM,
    DOMAIN_OFFLOAD_HOST_GSO,
    DOMAIN_OFFLOAD_HOST_TSO4,
    DOMAIN_OFFLOAD_HOST_TSO6,
    DOMAIN_OFFLOAD_HOST_ECN,
    DOMAIN_OFFLOAD_HOST_UFO,
    DOMAIN_OFFLOAD_HOST_MRG_RXBUF,
    DOMAIN_OFFLOAD_GUEST_CSUM,
    DOMAIN_OFFLOAD_GUEST_TSO4,
    DOMAIN_OFFLOAD_GUEST_TSO6,
    DOMAIN_OFFLOAD_GUEST_ECN,
    DOMAIN_OFFLOAD_GUEST_UFO,
    DOMAIN_OFFLOADS,
};

/* One direction as the guest sees it: KiB/s, and KiB of a burst. 0: not given. */
typedef struct DomainRate {
    guint average, peak, floor, burst;
} DomainRate;

typedef struct DomainBandwidth {
    GPtrArray *extras;
    DomainRate inbound, outbound; /* all 0: no limit; outbound has no floor */
} DomainBandwidth;

typedef struct DomainInterface {
    GPtrArray *extras;
    DomainInterfaceType type;
    guint8 mac[6]; /* generated when the XML has none */
    char *network; /* for NETWORK; and of it, while it runs: */
    char *portgroup;
    char *portid;             /* the UUID of its port, as text */
    char *bridge;             /* for BRIDGE; NETWORK: the port's, or NULL */
    char *dev;                /* for DIRECT; NETWORK: likewise */
    DomainMacTable mac_table; /* of NETWORK's bridge */
    DomainDirectMode mode;
    char *target; /* the tap's name or NULL; "vnet*" are ours and not persistent */
    DomainTristate managed; /* target@managed: NO means the tap exists already */
    DomainTristate made;    /* YES: the run's macvtap, which has to be deleted */
    DomainInterfaceModel model;
    DomainInterfaceDriver driver;
    guint queues;                       /* pairs; 0: one */
    guint rx_queue_size, tx_queue_size; /* 0: the emulator's */
    DomainTristate offloads[DOMAIN_OFFLOADS];
    DomainBandwidth *bandwidth; /* or NULL */
    DomainTristate port_rates;  /* YES: that is the port's, of a port group */
    DomainTristate link;        /* <link state=''/>: NO is "down" */
    guint mtu;                  /* bytes; 0: the bridge's, or the kernel's */
    DomainDeviceInfo info;
} DomainInterface;

/* The kind that it is on the host: of NETWORK, while it runs, BRIDGE or DIRECT. */
DomainInterfaceType xml_interface_actual(const DomainInterface *interface);

struct _xmlNode; /* libxml2's */

/* What it has had on the host, and has given back, is nobody's to give back again. */
void xml_interface_forget_host(DomainInterface *interface);

/* <bandwidth> on its own, as in the XML of a network's port (node.h reads those); format:
 * the element as text, to be freed. Copies of NULL are NULL. */
DomainBandwidth *xml_bandwidth_parse(const struct _xmlNode *node, GError **errp);
DomainBandwidth *xml_bandwidth_copy(const DomainBandwidth *bandwidth);
char *xml_bandwidth_format(const DomainBandwidth *bandwidth);
void xml_bandwidth_free(DomainBandwidth *bandwidth);

typedef enum {
    DOMAIN_CHARDEV_PTY = 0,
    DOMAIN_CHARDEV_UNIX, /* the driver listens (mode='bind'), or connects */
    DOMAIN_CHARDEV_NULL,
    DOMAIN_CHARDEV_FILE,  /* output */
    DOMAIN_CHARDEV_TCP,   /* as UNIX */
    DOMAIN_CHARDEV_PIPE,  /* FIFOs PATH.in and PATH.out, or PATH alone */
    DOMAIN_CHARDEV_STDIO, /* the emulator's: its output is in the log */
} DomainChardevType;

typedef enum {
    DOMAIN_CHARDEV_MODE_DEFAULT = 0, /* connect */
    DOMAIN_CHARDEV_MODE_CONNECT,
    DOMAIN_CHARDEV_MODE_BIND,
} DomainChardevMode;

/* What a character device stands for on the host. */
typedef struct DomainChardev {
    DomainChardevType type;
    DomainChardevMode mode;
    /* UNIX, FILE, PIPE; PTY: the slave's path while the domain runs. Of a channel of type
     * UNIX it may be missing, and is the driver's choice then, while the domain runs. */
    char *path;
    DomainTristate append;    /* of FILE: what is there stays */
    char *host, *service;     /* of TCP */
    DomainTristate reconnect; /* of those that connect */
    guint reconnect_after;    /* seconds */
    char *log;                /* all output is written there, too; or NULL */
    DomainTristate log_append;
} DomainChardev;

/* Whether it is the emulator that connects, and connects again. */
gboolean xml_chardev_reconnects(const DomainChardev *chardev);

/* A serial port. The first one is also the domain's <console>, as in libvirt. */
typedef struct DomainSerial {
    GPtrArray *extras;
    DomainChardev chardev;
    guint port; /* 0 is COM1 */
    DomainDeviceInfo info;
} DomainSerial;

typedef enum {
    DOMAIN_CONSOLE_SERIAL = 0, /* only while parsing: the first serial port again */
    DOMAIN_CONSOLE_VIRTIO,     /* a port of a virtio-serial controller */
} DomainConsoleTarget;

typedef struct DomainConsole {
    GPtrArray *extras;
    DomainChardev chardev;
    DomainConsoleTarget target;
    guint port; /* a number among the consoles */
    DomainDeviceInfo info;
} DomainConsole;

typedef enum {
    DOMAIN_CHANNEL_DEFAULT = 0, /* not known */
    DOMAIN_CHANNEL_CONNECTED,   /* the guest has opened it */
    DOMAIN_CHANNEL_DISCONNECTED,
} DomainChannelState;

/* A port of a virtio-serial controller that has a name in the guest. */
typedef struct DomainChannel {
    GPtrArray *extras;
    DomainChardev chardev;
    char *name;               /* or NULL */
    DomainChannelState state; /* while the domain runs */
    DomainDeviceInfo info;
} DomainChannel;

#define DOMAIN_AGENT_NAME "org.qemu.guest_agent.0" /* of the agent's channel */

/* This and the next: we have none, and they can say only that. */
typedef struct DomainAudio {
    GPtrArray *extras;
    guint id;
    gboolean none; /* type='none' */
    DomainDeviceInfo info;
} DomainAudio;

typedef struct DomainVideo {
    GPtrArray *extras;
    gboolean none; /* model 'none' */
    DomainDeviceInfo info;
} DomainVideo;

/* The first ones are those of DomainVirtioModel. */
typedef enum {
    DOMAIN_BALLOON_DEFAULT = 0, /* only while parsing */
    DOMAIN_BALLOON_VIRTIO,
    DOMAIN_BALLOON_VIRTIO_TRANSITIONAL,
    DOMAIN_BALLOON_VIRTIO_NON_TRANSITIONAL,
    DOMAIN_BALLOON_NONE, /* that there is none */
} DomainBalloonModel;

typedef struct DomainBalloon {
    GPtrArray *extras;
    DomainBalloonModel model;
    DomainTristate autodeflate;         /* when the guest runs out of memory */
    DomainTristate free_page_reporting; /* the guest gives back what it does not use */
    guint period; /* seconds between the guest's statistics; 0: it is not asked */
    DomainDeviceInfo info;
} DomainBalloon;

typedef enum {
    DOMAIN_RNG_RANDOM = 0, /* a file */
    DOMAIN_RNG_BUILTIN,    /* what the emulator takes from the kernel */
} DomainRngBackend;

typedef struct DomainRng {
    GPtrArray *extras;
    DomainVirtioModel model;
    guint rate_bytes;  /* in a period; 0: no limit */
    guint rate_period; /* milliseconds; 0: not given */
    DomainRngBackend backend;
    char *filename; /* of RANDOM */
    DomainDeviceInfo info;
} DomainRng;

typedef enum {
    DOMAIN_PANIC_DEFAULT = 0, /* command/ chooses */
    DOMAIN_PANIC_ISA,
    DOMAIN_PANIC_PVPANIC, /* on PCI */
} DomainPanicModel;

/* Tells of the guest's panics. */
typedef struct DomainPanic {
    GPtrArray *extras;
    DomainPanicModel model;
    DomainDeviceInfo info;
} DomainPanic;

typedef enum {
    DOMAIN_WATCHDOG_DEFAULT = 0, /* command/ chooses */
    DOMAIN_WATCHDOG_RESET,
    DOMAIN_WATCHDOG_SHUTDOWN,
    DOMAIN_WATCHDOG_POWEROFF,
    DOMAIN_WATCHDOG_PAUSE,
    DOMAIN_WATCHDOG_NONE,
    DOMAIN_WATCHDOG_INJECT_NMI,
} DomainWatchdogAction;

typedef enum {
    DOMAIN_WATCHDOG_ITCO = 1, /* the chipset's */
    DOMAIN_WATCHDOG_I6300ESB, /* on conventional PCI */
} DomainWatchdogModel;

typedef struct DomainWatchdog {
    GPtrArray *extras;
    DomainWatchdogModel model;
    DomainWatchdogAction action;
    DomainDeviceInfo info;
} DomainWatchdog;

typedef enum {
    DOMAIN_INPUT_MOUSE = 0,
    DOMAIN_INPUT_TABLET,
    DOMAIN_INPUT_KEYBOARD,
} DomainInputType;

typedef enum {
    DOMAIN_INPUT_BUS_DEFAULT = 0, /* command/ chooses */
    DOMAIN_INPUT_BUS_PS2,         /* the machine's own */
    DOMAIN_INPUT_BUS_USB,
    DOMAIN_INPUT_BUS_VIRTIO,
} DomainInputBus;

typedef struct DomainInput {
    GPtrArray *extras;
    DomainInputType type;
    DomainInputBus bus;
    gboolean virtio; /* model 'virtio': of that bus, and there is no other */
    DomainDeviceInfo info;
} DomainInput;

/* More ports of USB. */
typedef struct DomainHub {
    GPtrArray *extras;
    DomainDeviceInfo info;
} DomainHub;

#define DOMAIN_CID_MIN 3u /* others are the host's, or mean somebody else */

/* Sockets between guest and host. */
typedef struct DomainVsock {
    GPtrArray *extras;
    DomainVirtioModel model;
    DomainTristate automatic; /* YES: the driver chooses the number of each run */
    guint cid;                /* the guest's number; 0: not known */
    DomainDeviceInfo info;
} DomainVsock;

/* In the order of the document. */
typedef enum {
#define DEVICE(id, ...) DOMAIN_DEVICE_##id,
#define NONE            DEVICE
#include "xml/devices.def"
    DOMAIN_DEVICE_COUNT,
} DomainDeviceType;

/* One device on its own, as attach-device and detach-device send it. */
typedef struct DomainDevice {
    DomainDeviceType type;
    union {
        gpointer any;
#define DEVICE(id, structure, name, ...) Domain##structure *name;
#define NONE                             DEVICE
#include "xml/devices.def"
    };
} DomainDevice;

#endif
