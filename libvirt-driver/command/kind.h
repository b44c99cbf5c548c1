/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the driver knows of a kind of device: one row. What a new kind needs stands in
 * xml/internal.h; those without a row here need nothing from the emulator.
 */
#ifndef COMMAND_KIND_H
#define COMMAND_KIND_H

#include "command/command.h"
#include "rpc/values.h"
#include "util/json.h"
#include "util/vir-error.h"

/* Steps as they come together. */
typedef struct CommandSteps {
    GPtrArray *list;
    const Domain *domain; /* NULL: what they need is not asked */
    gboolean plug;        /* into a guest that runs */
    const CommandMachine *machine;
    GHashTable *fds;
    gboolean undo_only; /* what undoes them is wanted, not what they need */
    guint next_set; /* the lowest number that neither node nor set of the run has had */
} CommandSteps;

typedef struct CommandKind {
    const char *alias;  /* "net" before a number */
    const char *driver; /* the emulator's device; for virtio without the bus */
    gboolean first;     /* others sit on it, and are made after it */
    gboolean (*base)(gconstpointer device); /* of `first`: so do others of the kind */
    gboolean virtio;      /* it has a place on the bus of the machine's virtio devices */
    gboolean isa;         /* its address may be an ISA one */
    gboolean serial_port; /* its place is a port of a virtio-serial controller */
    guint isa_ports;      /* that it has on the ISA bus; 0: none */
    gboolean pluggable;   /* while the domain runs */
    gboolean whole; /* as libvirt: no part of a definition that is changed by itself */
    gboolean updatable; /* by virDomainUpdateDevice */
    int boot;           /* the DomainBoot that the first one answers to, or -1 */
    /* What is not the same of all of a kind; NULL: it is. */
    int (*boot_of)(gconstpointer device);
    gboolean (*on_virtio)(gconstpointer device);  /* of `virtio` */
    gboolean (*on_pci)(gconstpointer device);     /* it has a place there all the same */
    gboolean (*integrated)(gconstpointer device); /* ... which is on the root bus */
    const char *(*driver_of)(gconstpointer device); /* NULL: `driver` */
    const char *(*virtio_of)(gconstpointer device); /* of virtio, without the bus */
    gboolean (*on_usb)(gconstpointer device);       /* its place is a port of USB */
    gboolean (*conventional)(gconstpointer device); /* its place is on conventional PCI */
    /* Why one cannot be plugged, or unplugged: libvirt's words; NULL: it can. */
    const char *(*not_pluggable)(gconstpointer device);
    const char *(*not_unpluggable)(gconstpointer device);
    /* Whether @domain can have this one besides those that it has: OPERATION_INVALID. */
    gboolean (*check_new)(const Domain *domain, gconstpointer device, GError **errp);
    /* Where they begin, if its address does not say it; 0: it has none after all. */
    guint (*isa_base)(const CommandMachine *machine, gconstpointer device);
    /* Fills in defaults and checks what depends on the machine. May be NULL, as those
     * that follow. @domain is what the device is in, or will be. */
    gboolean (*complete)(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp);
    /* Whether it only says that there is none: it has no alias. */
    gboolean (*absent)(gconstpointer device);
    /* Whether the machine itself has it, and the emulator is asked for nothing. */
    gboolean (*built_in)(gconstpointer device);
    /* An alias of its own; NULL: the first number that is free. */
    char *(*own_alias)(gconstpointer device);
    guint (*first_alias)(const Domain *domain); /* the lowest such number; NULL: 0 */
    void (*assign)(gpointer device, guint *next_node);
    void (*note)(gconstpointer device, guint *next_node); /* what it has already */
    void (*adopt)(gpointer device, gconstpointer from);
    /* Whether that leaves something with another daemon. */
    gboolean (*asks_others)(gconstpointer device);
    gboolean (*prepare_host)(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp);
    /* Gives back what that has made; also when part of it, or nothing, is there. */
    void (*release_host)(const CommandHost *host, gconstpointer device);
    /* What of it the emulator lacks, beyond its driver: CONFIG_UNSUPPORTED. */
    gboolean (*check_emulator)(const CommandEmulator *emulator, gconstpointer device,
                               GError **errp);
    /* What of @to, a version of a device that runs, cannot be taken over, beyond what its
     * rows say. */
    gboolean (*check_update)(gconstpointer device, gconstpointer to, GError **errp);
    /* Does with the host what follows from the new version, of which it may fill in what
     * only the host knows; all or nothing. */
    gboolean (*update_live)(const CommandHost *host, const Domain *domain,
                            gconstpointer from, gpointer to, GError **errp);
    /* That was done, and nobody will know of it: the domain has ended as what it was. */
    void (*forget_update)(const CommandHost *host, gconstpointer from, gconstpointer to);
    void (*update_steps)(CommandSteps *steps, gconstpointer from, gconstpointer to);
    void (*settle)(CommandSteps *steps, gconstpointer device);
    gboolean (*steps)(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp);
    /* For virConnectGetAllDomainStats: "block" in "block.0.name"; NULL: none. */
    const char *stats_name;
    const char *stats_question; /* command_stats_question() */
    void (*stats)(gconstpointer device, guint index, JsonNode *told, RpcParams *params);
    /* Steps whose undo removes what a plug with the alias may have left. */
    void (*leftovers)(CommandSteps *steps, const char *alias);
} CommandKind;

#define DEVICE(id, structure, name, ...) extern const CommandKind command_kind_##name;
#include "xml/devices.def"

/* Whether it has a place on the bus of the machine's virtio devices. */
gboolean command_is_virtio(const DomainDevice *device);

/* NULL for kinds without a row. */
const CommandKind *command_kind(DomainDeviceType type);

/* CONFIG_UNSUPPORTED "<element> 'value': reason". FALSE. */
gboolean command_unsupported(GError **errp, const char *element, const char *value,
                             const char *reason);

/* stats.c */
void command_disk_stats(gconstpointer device, guint index, JsonNode *told,
                        RpcParams *params);
void command_net_stats(gconstpointer device, guint index, JsonNode *told,
                       RpcParams *params);

/* Features that are devices of the emulator. */
#define COMMAND_GENID      "vmgenid"
#define COMMAND_VMCOREINFO "vmcoreinfo"

/* machine.c: what is not a device. */
gboolean command_complete_machine(Domain *domain, const char *emulator, GError **errp);

/* firmware.c. Those with "steps" add options of the command line. */
gboolean command_complete_firmware(Domain *domain, GError **errp);
void command_flash_steps(CommandSteps *steps);
char *command_firmware_options(const Domain *domain); /* more of -machine */
void command_bios_steps(CommandSteps *steps);
void command_smbios_steps(CommandSteps *steps);
void command_fw_cfg_steps(CommandSteps *steps);
void command_boot_steps(CommandSteps *steps);

gboolean command_interface_is_virtio(const DomainInterface *interface);

/* interface-host.c: the hooks of interfaces that are about the host. */
gboolean command_prepare_interface(const CommandHost *host, const Domain *domain,
                                   gpointer device, GArray *fds, GError **errp);
void command_assign_interface(gpointer device, guint *next_node);
gboolean command_interface_asks_others(gconstpointer device);
void command_release_interface(const CommandHost *host, gconstpointer device);
gboolean command_check_interface_update(gconstpointer device, gconstpointer to,
                                        GError **errp);
gboolean command_update_interface(const CommandHost *host, const Domain *domain,
                                  gconstpointer from, gpointer to, GError **errp);
void command_forget_interface_update(const CommandHost *host, gconstpointer from,
                                     gconstpointer to);

/* defaults.c: what libvirt adds to a definition that does not say that it is not there.
 */
void command_add_defaults(Domain *domain);

/* usb.c */
gboolean command_is_on_usb(const DomainDevice *device);
/* Ports of those that have none; @more: hubs may be added for them. XML_ERROR for ports
 * that are not there, INTERNAL_ERROR when there are no more. */
gboolean command_assign_usb(Domain *domain, gboolean more, GError **errp);
/* -device, device_add of a device on USB. */
void command_usb_device(CommandSteps *steps, const char *driver,
                        const DomainDeviceInfo *info);

/* sata.c */
#define COMMAND_SATA_PORTS       6u /* of a controller */
#define COMMAND_SATA_CONTROLLERS 32u
#define COMMAND_SATA_SLOT        0x1f
#define COMMAND_SATA_FUNCTION    2
void command_add_sata(Domain *domain);
gboolean command_complete_sata(const CommandMachine *machine, DomainController *device,
                               GError **errp);
gboolean command_complete_drive(const CommandMachine *machine, DomainDisk *disk,
                                GError **errp);
gboolean command_check_drives(const Domain *domain, GError **errp);
char *command_drive_alias(const DomainDisk *disk);
const char *command_drive_driver(const DomainDisk *disk);
JsonObject *command_drive_device(const DomainDisk *disk);

/* kind.c: command_unplugged() by the row itself. Steps that cannot all be found out are
 * told in the log; the others are there. A NULL row has none. */
GPtrArray *command_kind_unplugged(const CommandKind *kind, gconstpointer device);

/* The lasting ones of @made, the last one first; undo: a list of its own. */
void command_reverse_lasting(CommandSteps *undo, GPtrArray *made);

/* address.c */
gboolean command_check_address(const CommandMachine *machine, const DomainDevice *device,
                               GError **errp);
/* @more: buses may be added for it. */
gboolean command_assign_addresses(const CommandMachine *machine, Domain *domain,
                                  gboolean more, GError **errp);
void command_keep_addresses(Domain *domain, const Domain *before);

/* controller.c: numbers those that have none, and orders them. XML_ERROR for doubles. */
gboolean command_number_controllers(Domain *domain, GError **errp);
/* One of SATA that is not the machine's own. */
gboolean command_is_more_sata(const DomainController *device);

/* pci.c */
#define COMMAND_PCI_ROOT "pcie.0" /* alias and bus */
gboolean command_has_pci(const CommandMachine *machine);
gboolean command_pci_is_placed(const DomainAddress *address);
/* INTERNAL_ERROR, as libvirt, when places run out; @more as above. */
gboolean command_assign_pci(const CommandMachine *machine, Domain *domain, gboolean more,
                            GError **errp);
/* Of the bus with this number; NULL: none. */
const DomainController *command_pci_controller(const Domain *domain, guint number);
/* Devices are put behind it unasked; also of NULL, which will be added. */
gboolean command_pci_is_open(const DomainController *controller);
gboolean command_is_on_pci(const DomainDevice *device);
/* Adds bus and address. */
void command_pci_props(const CommandSteps *steps, const DomainAddress *address,
                       JsonObject *props);

/* steps.c. Takes over both objects; what @undo undoes lasts as long as the device. */
CommandStep *command_step(CommandSteps *steps, const char *option, const char *execute,
                          JsonObject *arguments, const char *undo,
                          JsonObject *undo_arguments);
/* files.c: has the file opened. The name that it has then, for an option. */
char *command_step_file(CommandSteps *steps, const CommandFile *file);
/* An option with this text, which is taken over. */
void command_step_text(CommandSteps *steps, const char *option, char *text);
/* A comma in a value of the key=value grammar is written twice. New. */
char *command_escape_commas(const char *value);
/* -device, device_add; takes over @device. */
void command_step_device(CommandSteps *steps, JsonObject *device);
/* How options name the nth descriptor of a device: its number at start; a name that a
 * getfd gives it, when plugging. NULL with INTERNAL_ERROR when there is none, but for
 * undo_only: any number of them is -1. */
char *command_step_fd(CommandSteps *steps, const char *alias, guint nth, GError **errp);
/* What all devices on that bus begin with. */
JsonObject *command_virtio_device(const CommandSteps *steps, const CommandKind *kind,
                                  gconstpointer device, const DomainDeviceInfo *info);
/* CONFIG_UNSUPPORTED for models that only PCI has. */
gboolean command_check_virtio_model(const CommandMachine *machine,
                                    DomainVirtioModel model, GError **errp);
/* @plug: they are for a guest that runs; @domain may then be NULL. */
void command_steps_init(CommandSteps *steps, const Domain *domain, gboolean plug,
                        GHashTable *fds);

#endif
