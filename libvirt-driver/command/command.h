/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a domain's definition to the emulator: what the machine adds to it (defaults,
 * aliases, slots, limits), its command line, and the QMP commands that plug a device.
 * One function per device type makes the JSON that both of the latter use (device.c),
 * as libvirt's QEMU driver has them.
 *
 * The order of use: command_complete() on a new definition; command_assign() on the
 * copy that is to run; command_build(). Hot-plug: xml_domain_add_device() to a copy of
 * the running one, command_assign() on that copy, command_plug() with the new device.
 *
 * All functions are pure and may be called from any thread. Errors are RPC_ERRORs.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <json-glib/json-glib.h>

#include "xml/domain.h"

#define COMMAND_MACHINE_MICROVM "microvm-vireo-1.0"
#define COMMAND_MACHINE_ALIAS   "microvm"
#define COMMAND_VIRTIO_SLOTS    24  /* virtio-mmio-bus.0 ... of a microvm */
#define COMMAND_VCPUS_MAX       254 /* 8-bit APIC IDs, one taken by the I/O APIC */
#define COMMAND_SERIAL_PORTS    4

/*
 * Fills in what a definition leaves to the machine (machine name in its versioned form,
 * CPU, emulator, models, addresses, memory rounded up to MiB) and checks what depends
 * on it. CONFIG_UNSUPPORTED and INVALID_ARG, naming element and value.
 */
gboolean command_complete(Domain *domain, const char *emulator, GError **errp);

/* The same for one device; command_assign() does it, too. */
gboolean command_complete_device(const DomainDevice *device, GError **errp);

/*
 * Completes the devices, and gives aliases, block node numbers and virtio-mmio slots to
 * those that have none; others keep them. Aliases not chosen by the user come from
 * XML_PARSE_STATUS only. CONFIG_UNSUPPORTED when slots run out.
 *
 * *next_node is the lowest node number that the run has not used yet, 0 at first: what
 * is left of a disk may still have its name.
 */
gboolean command_assign(Domain *domain, guint *next_node, GError **errp);

/*
 * For the destination of a migration: @to (from the client) takes aliases, node numbers
 * and slots from @from (the source's status form), device by device in order.
 * Call after xml_domain_check_abi_stable(from, to).
 */
void command_adopt(Domain *to, const Domain *from);

/* What must exist before the command line can be made. Nothing of it is taken over. */
typedef struct CommandFacts {
    int monitor_fd; /* a listening UNIX socket */
    /* alias -> GINT_TO_POINTER(fd): taps of interfaces, listening sockets of unix serial
     * ports; may be NULL when there are none */
    GHashTable *device_fds;
    const char *memory_path; /* a file for memoryBacking source 'file'; else NULL */
    gboolean incoming;       /* -incoming defer */
} CommandFacts;

/*
 * The emulator's argument vector; the domain has been completed and assigned. The
 * emulator starts with -S. Free with g_strfreev. INTERNAL_ERROR when a descriptor that
 * a device needs is missing.
 */
char **command_build(const Domain *domain, const CommandFacts *facts, GError **errp);

/* One QMP command, and the one that undoes it. */
typedef struct CommandStep {
    const char *execute;
    JsonObject *arguments;
    int fd;           /* to send along (getfd), borrowed; -1: none */
    const char *undo; /* NULL when there is nothing to undo */
    JsonObject *undo_arguments;
} CommandStep;

/*
 * The commands that plug @device (completed, assigned), in order. When one fails, the
 * undo commands of those before it restore what was, in reverse order. Interfaces need
 * their tap's descriptor, others -1. CONFIG_UNSUPPORTED for devices that cannot be
 * plugged. A GPtrArray of CommandStep that owns them.
 */
GPtrArray *command_plug(const DomainDevice *device, int fd, GError **errp);

/* CONFIG_UNSUPPORTED for devices that cannot be unplugged. */
gboolean command_can_unplug(const DomainDevice *device, GError **errp);

/* What to call once DEVICE_DELETED has come, in order; as from command_plug(). */
GPtrArray *command_unplugged(const DomainDevice *device);

/*
 * Whether the disks can follow a migration without copying: a writable disk with a cache
 * other than none or directsync is MIGRATE_UNSAFE (VIR_MIGRATE_UNSAFE overrides).
 */
gboolean command_check_migration_safe(const Domain *domain, GError **errp);

/* The ID of the chardev behind a serial port ("charserial0"), for query-chardev. */
char *command_chardev_id(const DomainSerial *serial);

#endif
