/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machines, what they add to a definition, and what they cannot have. */
#include <string.h>

#include "command/kind.h"
#include "util/text.h"

#define MEMORY_GRAIN_KIB 1024u

gboolean command_unsupported(GError **errp, const char *element, const char *value,
                             const char *reason)
{
    g_autofree char *shown = util_text_cut(value, 100);

    return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED, "<%s> '%s': %s", element,
                         shown, reason);
}

static const guint serial_bases[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
static const CommandPorts microvm_ports[] = { { "real-time clock", 0x70, 2 },
                                              { NULL, 0, 0 } };
static const CommandPorts q35_ports[] = {
    { "interrupt controller", 0x20, 2 }, { "interval timer", 0x40, 4 },
    { "keyboard controller", 0x60, 1 },  { "system control port", 0x61, 1 },
    { "keyboard controller", 0x64, 1 },  { "real-time clock", 0x70, 2 },
    { "system control port", 0x92, 1 },  { "interrupt controller", 0xa0, 2 },
    { "power management", 0xb2, 2 },     { "edge/level control", 0x4d0, 2 },
    { "power management", 0x600, 0x80 }, { "PCI hot-plug", 0xcc0, 0x18 },
    { "PCI configuration", 0xcf8, 8 },   { NULL, 0, 0 },
};

/* Of the chipset that it is called after, also what the emulator lacks: the guests of
 * others, and their definitions, have these places taken. */
static const CommandFunction q35_functions[] = {
    { "LPC bridge", 0x1f, 0 },
    { "SATA controller", 0x1f, 2 },
    { "SMBus controller", 0x1f, 3 },
    { NULL, 0, 0 },
};

static const CapabilitiesFeature features[] = { { "acpi", TRUE },
                                                { "apic", TRUE },
                                                { NULL, FALSE } };

/* The first one that an emulator has, with disks for it, is its default. */
static const CommandMachine machines[] = {
    { .name = "pc-q35-vireo-1.0",
      .alias = "q35",
      .versions = "pc-q35-*",
      .arch = "x86_64",
      .ram_id = "pc.ram",
      .firmware = TRUE,
      .sata = TRUE,
      .features = features,
      .cpu_mode = DOMAIN_CPU_HOST_PASSTHROUGH,
      .vcpus_max = 254,
      .iothreads_max = 1024,
      .serial_ports = G_N_ELEMENTS(serial_bases),
      .serial_bases = serial_bases,
      .isa_own = q35_ports,
      .virtio_suffix = "-pci",
      .virtio = DOMAIN_ADDRESS_PCI,
      .pci_own = q35_functions,
      .pm = "ICH9-LPC",
      .timers = TRUE },
    { .name = "microvm-vireo-1.0",
      .alias = "microvm",
      .arch = "x86_64",
      .ram_id = "microvm.ram",
      .features = features,
      .cpu_mode = DOMAIN_CPU_HOST_PASSTHROUGH,
      .vcpus_max = 254,
      .iothreads_max = 1024,
      .serial_ports = G_N_ELEMENTS(serial_bases),
      .serial_bases = serial_bases,
      .isa_own = microvm_ports,
      .virtio_suffix = "-device",
      .virtio = DOMAIN_ADDRESS_VIRTIO_MMIO,
      .virtio_slots = 24,
      .virtio_bus = "virtio-mmio-bus." },
};

static gboolean is_version(const CommandMachine *machine, const char *name)
{
    return machine->versions && g_pattern_match_simple(machine->versions, name);
}

const CommandMachine *command_machine(const char *name)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(machines); i++) {
        if (strcmp(name, machines[i].name) == 0 || strcmp(name, machines[i].alias) == 0 ||
            is_version(&machines[i], name)) {
            return &machines[i];
        }
    }
    return name ? NULL : &machines[G_N_ELEMENTS(machines) - 1];
}

const CommandMachine *command_default_machine(const CommandEmulator *emulator)
{
    for (size_t i = 0; emulator && i < G_N_ELEMENTS(machines); i++) {
        if (command_emulator_has_machine(emulator, machines[i].name) &&
            command_emulator_has_devices(emulator, &machines[i], DOMAIN_DEVICE_DISK)) {
            return &machines[i];
        }
    }
    return command_machine(NULL);
}

CapabilitiesMachine *command_other_machines(const CommandMachine *machine,
                                            const CommandEmulator *emulator)
{
    CapabilitiesMachine *others = g_new0(CapabilitiesMachine, G_N_ELEMENTS(machines) + 1);
    guint count = 0;

    for (size_t i = 0; emulator && i < G_N_ELEMENTS(machines); i++) {
        if (&machines[i] != machine &&
            command_emulator_has_machine(emulator, machines[i].name)) {
            others[count++] = (CapabilitiesMachine){ machines[i].name, machines[i].alias,
                                                     machines[i].vcpus_max };
        }
    }
    return others;
}

static gboolean complete_name(Domain *domain, GError **errp)
{
    const CommandMachine *machine = command_machine(domain->machine);

    if (!machine) {
        g_autoptr(GString) known = g_string_new("vireo's machines are");
        for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
            g_string_append_printf(known, "%s %s (or its alias %s)", i ? "," : "",
                                   machines[i].name, machines[i].alias);
        }
        return command_unsupported(errp, "domain/os/type machine", domain->machine,
                                   known->str);
    }
    if (!domain->machine || !is_version(machine, domain->machine)) {
        g_free(domain->machine);
        domain->machine = g_strdup(machine->name);
    }
    return TRUE;
}

/* What a definition says by leaving a feature out; nothing of those that stand not here.
 */
static const struct {
    const char *name;
    size_t offset;   /* of a gboolean in a Domain */
    const char *why; /* no guest can be without it */
} feature_rows[] = {
    { "acpi", offsetof(Domain, acpi), "a guest finds the machine's devices through it" },
};

/* What needs fw_cfg, and with it a machine that has firmware. */
static gboolean check_fw_cfg(const Domain *domain, GError **errp)
{
    static const char why[] = "the machine has no fw_cfg";

    if (command_machine(domain->machine)->firmware) {
        return TRUE;
    }
    return (!domain->genid ||
            command_unsupported(errp, "domain/genid", domain->genid, why)) &&
           (domain->vmcoreinfo != DOMAIN_TRISTATE_YES ||
            command_unsupported(errp, "domain/features/vmcoreinfo state", "on", why));
}

static gboolean check_feature(const Domain *domain, const char *name, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(feature_rows); i++) {
        if (strcmp(feature_rows[i].name, name) == 0 &&
            !G_STRUCT_MEMBER(gboolean, domain, feature_rows[i].offset)) {
            return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                                 "missing element <domain/features/%s> for machine '%s': "
                                 "%s; add <features><%s/></features>",
                                 name, domain->machine, feature_rows[i].why, name);
        }
    }
    return TRUE;
}

static gboolean check_features(const Domain *domain, GError **errp)
{
    const CapabilitiesFeature *f = command_machine(domain->machine)->features;

    while (f->name && (!f->fixed || check_feature(domain, f->name, errp))) {
        f++;
    }
    return !f->name;
}

static gboolean check_boot(Domain *domain, GError **errp)
{
    /* A guest that powers off is reset, and a reset would end it. */
    if (domain->on_poweroff == DOMAIN_LIFECYCLE_RESTART &&
        domain->on_reboot == DOMAIN_LIFECYCLE_DESTROY) {
        return command_unsupported(errp, "domain/on_poweroff", "restart",
                                   "not together with <on_reboot> 'destroy'");
    }
    if (!command_complete_firmware(domain, errp)) {
        return FALSE;
    }
    if (!domain->kernel && !command_machine(domain->machine)->firmware) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "missing element <domain/os/kernel>: machine '%s' has no "
                             "firmware that could boot a disk",
                             domain->machine);
    }
    return check_fw_cfg(domain, errp) && check_features(domain, errp);
}

/* A timer that is not said to be there, or not to be, is there if the machine has it. */
static const struct {
    DomainTimerName timer;
    const char *name;
    gboolean off; /* the machine's can be switched off */
    guint none;   /* what may be said where there is none, bits of DomainTristate */
} timer_rows[] = {
    { DOMAIN_TIMER_PIT, "pit", FALSE,
      1u << DOMAIN_TRISTATE_ABSENT | 1u << DOMAIN_TRISTATE_NO },
    { DOMAIN_TIMER_HPET, "hpet", TRUE, 1u << DOMAIN_TRISTATE_NO },
};

static gboolean check_timer(const CommandMachine *machine, const DomainTimer *timer,
                            GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(timer_rows); i++) {
        if (timer_rows[i].timer != timer->name) {
            continue;
        }
        if (!machine->timers && !(timer_rows[i].none & 1u << timer->present)) {
            return command_unsupported(errp, "domain/clock/timer name",
                                       timer_rows[i].name, "the machine has none");
        }
        if (machine->timers && !timer_rows[i].off &&
            timer->present == DOMAIN_TRISTATE_NO) {
            return command_unsupported(errp, "domain/clock/timer name",
                                       timer_rows[i].name, "the machine has one");
        }
    }
    return TRUE;
}

static gboolean check_timers(const Domain *domain, GError **errp)
{
    const CommandMachine *machine = command_machine(domain->machine);
    gboolean ok = TRUE;

    for (guint i = 0; ok && i < domain->timers->len; i++) {
        ok = check_timer(machine, domain->timers->pdata[i], errp);
    }
    return ok;
}

static void complete_cpu(Domain *domain)
{
    if (domain->cpu_mode == DOMAIN_CPU_DEFAULT) {
        domain->cpu_mode = command_machine(domain->machine)->cpu_mode;
    }
    if (domain->cpu_check == DOMAIN_CPU_CHECK_DEFAULT) {
        domain->cpu_check = DOMAIN_CPU_CHECK_NONE;
    }
    if (domain->cpu_migratable == DOMAIN_TRISTATE_ABSENT) {
        domain->cpu_migratable = DOMAIN_TRISTATE_YES;
    }
}

static gboolean complete_memory(Domain *domain, GError **errp)
{
    guint64 rounded;

    if (__builtin_add_overflow(domain->memory, MEMORY_GRAIN_KIB - 1, &rounded) ||
        rounded > G_MAXINT64 / 1024) {
        return rpc_error_set(errp, VIR_ERR_OVERFLOW,
                             "<domain/memory> of %" G_GUINT64_FORMAT " KiB is too large",
                             domain->memory);
    }
    rounded -= rounded % MEMORY_GRAIN_KIB;
    if (domain->current_memory == domain->memory) {
        domain->current_memory = rounded;
    }
    domain->memory = rounded;
    return TRUE;
}

/* A number that the machine has a limit of; @what: of these. */
static gboolean check_limit(const char *element, guint number, guint max,
                            const char *what, GError **errp)
{
    g_autofree char *value = g_strdup_printf("%u", number);
    g_autofree char *reason = g_strdup_printf("the machine has at most %u %s", max, what);

    return number <= max || command_unsupported(errp, element, value, reason);
}

static gboolean check_threads(const Domain *domain, GError **errp)
{
    const CommandMachine *machine = command_machine(domain->machine);

    if (!check_limit("domain/vcpu", domain->vcpus, machine->vcpus_max, "vCPUs", errp) ||
        !check_limit("domain/iothreads", domain->iothreads, machine->iothreads_max,
                     "iothreads", errp)) {
        return FALSE;
    }
    if (domain->vcpus_current && !machine->vcpu_plug) {
        return rpc_error_set(
            errp, VIR_ERR_CONFIG_UNSUPPORTED,
            "attribute current='%u' of element <vcpu>%u is not supported by vireo: "
            "all vCPUs are there from the start",
            domain->vcpus_current, domain->vcpus);
    }
    return TRUE;
}

gboolean command_complete_machine(Domain *domain, const char *emulator, GError **errp)
{
    if (!complete_name(domain, errp) || !check_boot(domain, errp) ||
        !complete_memory(domain, errp) || !check_threads(domain, errp) ||
        !check_timers(domain, errp)) {
        return FALSE;
    }
    complete_cpu(domain);
    if (!domain->emulator) {
        domain->emulator = g_strdup(emulator);
    }
    return TRUE;
}
