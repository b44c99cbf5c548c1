/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a domain's definition to the emulator: what machine and emulator add to it
 * (defaults, addresses, aliases) and what they cannot have, its command line, and the
 * QMP commands that plug a device. A row a kind of device (kind.h) says all of it; start
 * and plug come from the same steps, as libvirt's QEMU driver has them.
 *
 * The order of use: command_complete() on a definition that is new or about to run;
 * command_assign() on the copy that is to run; command_prepare(), command_start(),
 * command_open_files(), command_argv().
 * Hot-plug: xml_domain_add_device() to a copy of the running one, command_assign() on
 * that copy, command_prepare_device(), command_plug() with the new device,
 * command_open_files().
 *
 * What does not touch the host (command_prepare* and command_open_files do) is pure and
 * may be called from any thread. Errors are RPC_ERRORs, or XML_ERRORs with the same
 * codes.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <json-glib/json-glib.h>

#include "capabilities/capabilities.h"
#include "xml/domain.h"

typedef struct CommandEmulator CommandEmulator;

/* Ports of the ISA bus. */
typedef struct CommandPorts {
    const char *name; /* who has them */
    guint first, count;
} CommandPorts;

/* A function of the root PCI bus. */
typedef struct CommandFunction {
    const char *name; /* who has it */
    guint slot, function;
} CommandFunction;

/* A machine: its names, its buses and their places, its limits. */
typedef struct CommandMachine CommandMachine;
struct CommandMachine {
    const char *name;
    const char *alias;
    const char *versions; /* pattern of the names of other versions, or NULL */
    const char *arch;
    const char *ram_id;                  /* of its memory's back end */
    const CapabilitiesFeature *features; /* of its guests; ends with a NULL name */
    gboolean firmware;                   /* FALSE: it needs a kernel */
    gboolean sata;                       /* it has a controller at 00:1f.2 */
    gboolean vcpu_plug;                  /* FALSE: all vCPUs are there from the start */
    DomainCpuMode cpu_mode;              /* of definitions that say none */
    guint vcpus_max;                     /* 8-bit APIC IDs, one taken by the I/O APIC */
    guint iothreads_max;                 /* 0: it has none */
    guint serial_ports;
    const guint *serial_bases;   /* the ISA port that each begins with */
    const CommandPorts *isa_own; /* what the machine has itself; ends with a NULL name */
    const char *virtio_suffix;   /* of the drivers' names: "virtio-blk-device" */
    DomainAddressType virtio;    /* the bus of virtio devices ... */
    guint virtio_slots;          /* ... and its places, of VIRTIO_MMIO */
    const char *virtio_bus;      /* the name of one, before its number */
    const CommandFunction *pci_own; /* as isa_own; with PCI */
    const char *pm;  /* the device that has the properties disable_s3 and disable_s4 */
    gboolean timers; /* there are a PIT and an HPET */
};

/* The row with this name or alias; one that every emulator has for NULL; else NULL. */
const CommandMachine *command_machine(const char *name);

/* Of the emulator; also NULL, of which nothing is known. */
const CommandMachine *command_default_machine(const CommandEmulator *emulator);

/* What capabilities say of those that the emulator has besides (NULL: none). Free with
 * g_free. */
CapabilitiesMachine *command_other_machines(const CommandMachine *machine,
                                            const CommandEmulator *emulator);

/* What capabilities say of the machine, from its row, and of all devices. */
void command_describe(const CommandMachine *machine, CapabilitiesGuest *guest);

/* What of firmware an emulator has (NULL: that is not known). */
void command_describe_firmware(const CommandEmulator *emulator, CapabilitiesGuest *guest);

/* What definitions may have of memory, CPUs and features, for domain capabilities. New
 * arrays. */
CapabilitiesValues *command_memory_values(void);
CapabilitiesValues *command_cpu_values(void);
CapabilitiesValues *command_feature_values(const CommandMachine *machine,
                                           const CommandEmulator *emulator);
void command_values_free(CapabilitiesValues *values);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapabilitiesValues, command_values_free)

/*
 * Checks that vireo can be true to the definition (xml_domain_check), and what depends on
 * the machine; fills in what it leaves to the machine (machine name in its versioned
 * form, CPU, emulator, models, memory rounded up to MiB, addresses). A device that is in
 * @before, too (may be NULL) has the same address as there. CONFIG_UNSUPPORTED and
 * INVALID_ARG, naming element and value.
 */
gboolean command_complete(Domain *domain, const Domain *before, const char *emulator,
                          GError **errp);

/* The same for one device of @domain, before it is added. */
gboolean command_complete_device(const Domain *domain, const DomainDevice *device,
                                 GError **errp);

/*
 * What an emulator has: machines, types, commands. Immutable; it is asked with @call,
 * which executes a command without arguments and gives its answer. NULL on error.
 */
typedef gboolean CommandCall(gpointer opaque, const char *command, JsonNode **reply,
                             GError **errp);
CommandEmulator *command_emulator_ask(CommandCall *call, gpointer opaque, GError **errp);
CommandEmulator *command_emulator_ref(CommandEmulator *emulator);
void command_emulator_unref(CommandEmulator *emulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CommandEmulator, command_emulator_unref)

/* To keep it. NULL for an object that is none; @object may be NULL. */
JsonObject *command_emulator_format(const CommandEmulator *emulator);
CommandEmulator *command_emulator_parse(JsonObject *object);

/* Whether it has this command; one of which nothing is known (NULL) may have it. */
gboolean command_emulator_has(const CommandEmulator *emulator, const char *command);
gboolean command_emulator_has_machine(const CommandEmulator *emulator, const char *name);

/* Whether it has this type of devices or objects; NULL as above. */
gboolean command_emulator_has_type(const CommandEmulator *emulator, const char *name);

/* Whether it has this type of network back ends ("user"), or a member of one
 * ("tap.fds"); NULL as above. */
gboolean command_emulator_has_netdev(const CommandEmulator *emulator, const char *name);

/* Whether it has the devices of a kind, as the machine wants them. */
gboolean command_emulator_has_devices(const CommandEmulator *emulator,
                                      const CommandMachine *machine,
                                      DomainDeviceType type);

/*
 * What definitions may have of devices, for domain capabilities: none of those that the
 * emulator lacks (NULL: that is not known). A new array.
 */
CapabilitiesValues *command_device_values(const CommandMachine *machine,
                                          const CommandEmulator *emulator);

/* CONFIG_UNSUPPORTED naming the machine or device of a completed domain that it lacks. */
gboolean command_check_emulator(const Domain *domain, const CommandEmulator *emulator,
                                GError **errp);
/* The same of a device that @domain is to have. */
gboolean command_check_emulator_device(const Domain *domain, const DomainDevice *device,
                                       const CommandEmulator *emulator, GError **errp);

/*
 * Gives addresses, aliases and block node numbers to those devices that have none; others
 * keep them. Aliases not chosen by the user come from XML_PARSE_STATUS only.
 * CONFIG_UNSUPPORTED when places run out, of PCI INTERNAL_ERROR.
 *
 * *next_node is the lowest node number that the run has not used yet, 0 at first: what
 * is left of a disk may still have its name.
 */
gboolean command_assign(Domain *domain, guint *next_node, GError **errp);

/*
 * For the destination of a migration: @to (from the client) takes aliases, node numbers
 * and addresses from @from (the source's status form), device by device in order.
 * Call after xml_domain_check_abi_stable(from, to).
 */
void command_adopt(Domain *to, const Domain *from);

/* Whether there are variables of the firmware, in domain->nvram. */
gboolean command_has_nvram(const Domain *domain);

/* Descriptors that devices need: alias -> GArray of int. Owns them. */
GHashTable *command_fds_new(void);

/* Who else knows what there is on the host. */
typedef struct CommandHost {
    const char *socket_dir;          /* of libvirt's other daemons: /run/libvirt */
    const CommandEmulator *emulator; /* what it has; NULL: that is not known */
    gboolean plug;           /* into an emulator that runs, and may open nothing */
    const char *channel_dir; /* of the run, for sockets that the user has not named */
} CommandHost;

/* Opens what a device of @domain needs of the host (taps, listening sockets) into @fds;
 * may give it a name (vnet0). It may ask another daemon, and wait for that. */
gboolean command_prepare_device(const CommandHost *host, const Domain *domain,
                                const DomainDevice *device, GHashTable *fds,
                                GError **errp);
gboolean command_prepare(const CommandHost *host, Domain *domain, GHashTable *fds,
                         GError **errp);

/* Whether that asks another daemon for something, and it has to be on disk before, by
 * what name: so that it is given back whatever becomes of this one. */
gboolean command_device_asks_others(const DomainDevice *device);
gboolean command_asks_others(const Domain *domain);

/* The device has gone, or never came: gives back to the host what is left of it. */
void command_release_device(const CommandHost *host, const DomainDevice *device);
void command_release(const CommandHost *host, const Domain *domain);

/* A file that the daemon opens for the emulator, see files.c. */
typedef struct CommandFile {
    guint set; /* the number of the set that it is passed in; 0: the next */
    const char *path;
    int flags;           /* of open(2): access mode, O_CREAT, O_EXCL, O_NOFOLLOW */
    const char *failure; /* words before the path in the error; NULL: the usual ones */
} CommandFile;

/* What makes one thing in the emulator: an option of the command line, or a QMP command
 * and the one that undoes it. */
typedef struct CommandStep {
    const char *option;    /* NULL: nothing to do at start */
    char *text;            /* the option's value, where it is not `arguments` in JSON */
    const char *execute;   /* NULL: cannot be done later */
    JsonObject *arguments; /* of both */
    int fd;                /* to send along (getfd, add-fd); -1: none */
    CommandFile file;      /* with a path: what fd is to be, and owned then */
    const char *undo;      /* NULL when there is nothing to undo */
    JsonObject *undo_arguments;
    gboolean lasting; /* undone, too, when the device has been unplugged */
} CommandStep;

/* What must exist before the command line can be made. Nothing of it is taken over. */
typedef struct CommandFacts {
    int monitor_fd;          /* a listening UNIX socket */
    GHashTable *device_fds;  /* of command_prepare() */
    const char *memory_path; /* a file for memoryBacking source 'file'; else NULL */
    const char *kvm_path;    /* KVM's device, if the daemon can open it; else NULL */
    gboolean incoming;       /* -incoming defer */
} CommandFacts;

/*
 * The steps whose options are the emulator's command line; the domain has been completed
 * and assigned. The emulator starts with -S. *next: as for command_assign(); sets get
 * numbers out of it as well. INTERNAL_ERROR when a descriptor that a device needs is
 * missing. A GPtrArray of CommandStep that owns them.
 */
GPtrArray *command_start(const Domain *domain, const CommandFacts *facts, guint *next,
                         GError **errp);

/* The argument vector, when the files are open. Free with g_strfreev. */
char **command_argv(const Domain *domain, GPtrArray *steps);

/*
 * Opens what the steps pass; the descriptors are closed with the steps. SYSTEM_ERROR
 * naming the file. It takes as long as the storage does, or gives up in half a minute.
 */
gboolean command_open_files(GPtrArray *steps, GError **errp);
/* Appends the descriptors, for the process to inherit. */
void command_collect_files(GPtrArray *steps, GArray *fds);

/*
 * Of a reply to query-fdsets: steps whose undo removes a set, one for each. All sets have
 * served when nothing is being plugged. NULL: it is no such reply.
 */
GPtrArray *command_passed_sets(JsonNode *reply);

/*
 * The commands that plug @device (completed, assigned), in order. When one fails, the
 * undo commands of those before it restore what was, in reverse order; when all are
 * done, the undo of those with a file removes the sets that these were passed in. @domain
 * has the device; @fds as from command_prepare_device(), *next as for command_start().
 * CONFIG_UNSUPPORTED for devices that cannot be plugged. A GPtrArray of CommandStep that
 * owns them.
 */
GPtrArray *command_plug(const Domain *domain, const DomainDevice *device, GHashTable *fds,
                        guint *next, GError **errp);

/* Whether the device can be plugged where it says, if it does: XML_ERROR, or
 * INTERNAL_ERROR (as libvirt) for another function than 0. */
gboolean command_check_plug(const Domain *domain, const DomainDevice *device,
                            GError **errp);

/* Whether a plug says where the device goes, or needs no place. */
gboolean command_has_place(const Domain *domain, const DomainDevice *device);

/*
 * Else the emulator chooses: which slots a guest's driver still holds is its knowledge.
 * Takes over the slot of the bus (a name, or a path that ends with
 * it) that it has chosen; FALSE: that is none.
 */
gboolean command_take_bus(const Domain *domain, const DomainDevice *device,
                          const char *bus);

/* OPERATION_UNSUPPORTED, in libvirt's words, for devices that cannot be plugged, or
 * unplugged, while the domain runs. */
gboolean command_can_plug(const DomainDevice *device, GError **errp);
gboolean command_can_unplug(const DomainDevice *device, GError **errp);

/* The same for those that a definition does not get, or lose, by themselves. */
gboolean command_can_change(const DomainDevice *device, gboolean attach, GError **errp);

/* OPERATION_INVALID for one that @domain cannot have besides what it has. */
gboolean command_check_new(const Domain *domain, const DomainDevice *device,
                           GError **errp);

/* ... and OPERATION_FAILED for one that shares its slot: all of that would go. */
gboolean command_check_unplug(const Domain *domain, const DomainDevice *device,
                              GError **errp);

/* OPERATION_UNSUPPORTED for kinds that cannot be changed, @live or in a definition. */
gboolean command_can_update(const DomainDevice *device, gboolean live, GError **errp);

/*
 * Whether a device that runs can become what @to says, as far as only its kind knows:
 * CONFIG_UNSUPPORTED. Then xml_device_update() looks at its fields; and what has come of
 * that is made true in the emulator, by the steps, and then on the host, or nothing is
 * changed: OPERATION_FAILED. The host may fill in what only it knows of @to.
 */
gboolean command_check_update(const DomainDevice *device, const DomainDevice *to,
                              GError **errp);
gboolean command_update_live(const CommandHost *host, const Domain *domain,
                             const DomainDevice *from, const DomainDevice *to,
                             GError **errp);
/*
 * What has come of that will not be in the definition, as the domain has ended: what is
 * left of it with others, and what its end gives back does not name, goes.
 */
void command_forget_update(const CommandHost *host, const DomainDevice *from,
                           const DomainDevice *to);
/* As command_plug(). */
GPtrArray *command_update_steps(const DomainDevice *from, const DomainDevice *to);

/* For qom-get and qom-set: a property of a balloon that runs; and how often its guest is
 * asked for statistics, as it says. New. */
JsonObject *command_balloon_property(const DomainBalloon *balloon, const char *name);
JsonObject *command_balloon_period(const DomainBalloon *balloon);

/* What no option says: the commands that come before the CPUs run. As command_plug(). */
GPtrArray *command_settle(const Domain *domain);

/* What to call once DEVICE_DELETED has come, in order: `undo` of each step. */
GPtrArray *command_unplugged(const DomainDevice *device);

/*
 * The medium of a removable drive on its own: the commands that make its nodes, which get
 * numbers out of *next, as for command_plug(); the node that the drive gets; what to call
 * when it has none of them any more, as command_unplugged().
 */
GPtrArray *command_medium(DomainDisk *disk, guint *next);
char *command_medium_node(const DomainDisk *disk);
GPtrArray *command_medium_removed(const DomainDisk *disk);

/* Where the emulator has the devices, by their aliases. */
#define COMMAND_PERIPHERAL "/machine/peripheral"
/*
 * Whether the emulator means this device by a name (may be NULL): its alias, which is its
 * ID, or the path of it or of a part of it. What does the work of a virtio device on PCI
 * is such a part: "/machine/peripheral/virtio-disk0/virtio-backend".
 */
gboolean command_is_named(const DomainDeviceInfo *info, const char *name);

/* Whether a device that was plugged can have this alias. */
gboolean command_is_plugged_alias(const char *alias);

/*
 * Back ends that a plug may have left and that cannot be listed: `undo` of each step
 * removes one, if it is there.
 */
GPtrArray *command_leftovers(const Domain *domain);

/* The disk that a block node of ours belongs to, or NULL. */
const DomainDisk *command_disk_of_node(const Domain *domain, const char *node);
/* The disk that the emulator means by a name of a device, or NULL. */
const DomainDisk *command_disk_named(const Domain *domain, const char *name);

/* Of names of block nodes: those that we have given and @domain does not have, those that
 * stand on others first. Borrowed from @names. */
GPtrArray *command_unknown_nodes(const Domain *domain, GPtrArray *names);

/*
 * Whether the disks can follow a migration without copying: a writable disk with a cache
 * other than none or directsync is MIGRATE_UNSAFE (VIR_MIGRATE_UNSAFE overrides).
 */
gboolean command_check_migration_safe(const Domain *domain, GError **errp);

/* The ID of the chardev behind a device ("charserial0"), for query-chardev. */
char *command_chardev_id(const DomainDeviceInfo *info);

#endif
