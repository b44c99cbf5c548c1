/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's command line, in libvirt's order of options. */
#include <fcntl.h>
#include <string.h>

#include "command/chardev.h"

/* Options alone, or with a value. */
static void add(CommandSteps *steps, const char *option)
{
    command_step(steps, option, NULL, NULL, NULL, NULL);
}

static void add2(CommandSteps *steps, const char *option, const char *value)
{
    command_step(steps, option, NULL, NULL, NULL, NULL)->text = g_strdup(value);
}

static void G_GNUC_PRINTF(3, 4)
    add_format(CommandSteps *steps, const char *option, const char *format, ...)
{
    CommandStep *step = command_step(steps, option, NULL, NULL, NULL, NULL);
    va_list args;

    va_start(args, format);
    step->text = g_strdup_vprintf(format, args);
    va_end(args);
}

/* Takes over @object. */
static void add_json(CommandSteps *steps, const char *option, JsonObject *object)
{
    command_step(steps, option, NULL, object, NULL, NULL);
}

static const char *const memory_types[] = {
    [DOMAIN_MEMORY_SOURCE_DEFAULT] = "memory-backend-ram",
    [DOMAIN_MEMORY_SOURCE_ANONYMOUS] = "memory-backend-ram",
    [DOMAIN_MEMORY_SOURCE_FILE] = "memory-backend-file",
    [DOMAIN_MEMORY_SOURCE_MEMFD] = "memory-backend-memfd",
};

static gboolean add_memory(CommandSteps *steps, const CommandFacts *facts, GError **errp)
{
    const Domain *domain = steps->domain;
    JsonObject *backend;

    if (domain->memory_source == DOMAIN_MEMORY_SOURCE_FILE && !facts->memory_path) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                             "no file for <memoryBacking/source type='file'>");
    }
    backend = util_json_pair("qom-type", memory_types[domain->memory_source]);
    json_object_set_string_member(backend, "id", steps->machine->ram_id);
    if (domain->memory_source == DOMAIN_MEMORY_SOURCE_FILE) {
        g_autofree char *path = command_step_file(
            steps, &(CommandFile){ .path = facts->memory_path,
                                   .flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW });
        json_object_set_string_member(backend, "mem-path", path);
    }
    if (domain->memory_access != DOMAIN_MEMORY_ACCESS_DEFAULT) {
        json_object_set_boolean_member(
            backend, "share", domain->memory_access == DOMAIN_MEMORY_ACCESS_SHARED);
    }
    json_object_set_int_member(backend, "size", domain->memory * 1024);
    add_format(steps, "-m", "size=%" G_GUINT64_FORMAT "k", domain->memory);
    add_json(steps, "-object", backend);
    return TRUE;
}

static void add_accel(CommandSteps *steps, const CommandFacts *facts)
{
    g_autofree char *kvm =
        facts->kvm_path
            ? command_step_file(
                  steps, &(CommandFile){ .path = facts->kvm_path, .flags = O_RDWR })
            : NULL;

    add_format(steps, "-accel", "kvm%s%s", kvm ? ",device=" : "", kvm ? kvm : "");
}

static void add_iothreads(CommandSteps *steps)
{
    for (guint i = 1; i <= steps->domain->iothreads; i++) {
        g_autofree char *id = g_strdup_printf("iothread%u", i);
        JsonObject *iothread = util_json_pair("qom-type", "iothread");

        json_object_set_string_member(iothread, "id", id);
        add_json(steps, "-object", iothread);
    }
}

static const DomainTimer *find_timer(const Domain *domain, DomainTimerName name)
{
    for (guint i = 0; i < domain->timers->len; i++) {
        const DomainTimer *timer = domain->timers->pdata[i];

        if (timer->name == name) {
            return timer;
        }
    }
    return NULL;
}

static const char *hpet_option(const CommandSteps *steps)
{
    static const char *const options[] = {
        [DOMAIN_TRISTATE_ABSENT] = "",
        [DOMAIN_TRISTATE_YES] = ",hpet=on",
        [DOMAIN_TRISTATE_NO] = ",hpet=off",
    };
    const DomainTimer *timer = find_timer(steps->domain, DOMAIN_TIMER_HPET);

    return steps->machine->timers && timer ? options[timer->present] : "";
}

static void add_rtc(CommandSteps *steps)
{
    const DomainTimer *timer = find_timer(steps->domain, DOMAIN_TIMER_RTC);
    gboolean slew = timer && timer->policy == DOMAIN_TICK_POLICY_CATCHUP;

    add_format(steps, "-rtc", "base=%s%s",
               steps->domain->clock == DOMAIN_CLOCK_LOCALTIME ? "localtime" : "utc",
               slew ? ",driftfix=slew" : "");
}

/* Ticks that come late are made up for unless it is told. */
static void add_pit(CommandSteps *steps)
{
    static const char *const policies[] = {
        [DOMAIN_TICK_POLICY_DELAY] = "delay",
        [DOMAIN_TICK_POLICY_DISCARD] = "discard",
    };
    const DomainTimer *timer = find_timer(steps->domain, DOMAIN_TIMER_PIT);

    if (steps->machine->timers && timer && timer->policy < G_N_ELEMENTS(policies) &&
        policies[timer->policy]) {
        add_format(steps, "-global", "kvm-pit.lost_tick_policy=%s",
                   policies[timer->policy]);
    }
}

static void add_pm(CommandSteps *steps)
{
    const Domain *domain = steps->domain;

    if (steps->machine->pm && domain->suspend_to_mem == DOMAIN_SUSPEND_DISABLED) {
        add_format(steps, "-global", "%s.disable_s3=1", steps->machine->pm);
    }
    if (steps->machine->pm && domain->suspend_to_disk == DOMAIN_SUSPEND_DISABLED) {
        add_format(steps, "-global", "%s.disable_s4=1", steps->machine->pm);
    }
}

static void add_cpus(CommandSteps *steps)
{
    const Domain *domain = steps->domain;
    const DomainTopology *t = &domain->topology;

    if (t->sockets) {
        add_format(steps, "-smp", "%u,sockets=%u,dies=%u,cores=%u,threads=%u",
                   domain->vcpus, t->sockets, t->dies, t->cores, t->threads);
    } else {
        add_format(steps, "-smp", "%u,sockets=%u,cores=1,threads=1", domain->vcpus,
                   domain->vcpus);
    }
}

/* Devices that are features, and have no alias of a device. */
static void add_features(CommandSteps *steps)
{
    if (steps->domain->genid) {
        JsonObject *device = util_json_pair("driver", COMMAND_GENID);

        json_object_set_string_member(device, "guid", steps->domain->genid);
        json_object_set_string_member(device, "id", "vmgenid0");
        add_json(steps, "-device", device);
    }
    if (steps->domain->vmcoreinfo == DOMAIN_TRISTATE_YES) {
        add_json(steps, "-device", util_json_pair("driver", COMMAND_VMCOREINFO));
    }
}

static gboolean add_machine(CommandSteps *steps, const CommandFacts *facts, GError **errp)
{
    const Domain *domain = steps->domain;
    g_autofree char *name = command_escape_commas(domain->name);
    g_autofree char *machine = command_escape_commas(domain->machine);
    g_autofree char *firmware = command_firmware_options(domain);
    char uuid[DOMAIN_UUID_STR_LEN];

    add_format(steps, "-name", "guest=%s,debug-threads=on", name);
    add(steps, "-S");
    command_flash_steps(steps);
    add_format(steps, "-machine",
               "%s,usb=off,dump-guest-core=off,memory-backend=%s%s%s,acpi=%s", machine,
               steps->machine->ram_id, firmware, hpet_option(steps),
               domain->acpi ? "on" : "off");
    add_accel(steps, facts);
    add_format(steps, "-cpu", "host,migratable=%s",
               xml_on_off_names[domain->cpu_migratable]);
    command_bios_steps(steps);
    if (!add_memory(steps, facts, errp)) {
        return FALSE;
    }
    add2(steps, "-overcommit", "mem-lock=off");
    add_cpus(steps);
    add_iothreads(steps);
    xml_uuid_format(domain->uuid, uuid);
    add2(steps, "-uuid", uuid);
    command_smbios_steps(steps);
    command_fw_cfg_steps(steps);
    add2(steps, "-display", "none");
    add(steps, "-no-user-config");
    add(steps, "-nodefaults");
    add_format(steps, "-chardev", "socket,id=charmonitor,fd=%d,server=on,wait=off",
               facts->monitor_fd);
    add2(steps, "-mon", "chardev=charmonitor,id=monitor,mode=control");
    return TRUE;
}

static void add_file(CommandSteps *steps, const char *option, const char *path)
{
    g_autofree char *name =
        command_step_file(steps, &(CommandFile){ .path = path, .flags = O_RDONLY });

    add2(steps, option, name);
}

static void add_boot(CommandSteps *steps)
{
    const Domain *domain = steps->domain;

    add_rtc(steps);
    add_pit(steps);
    if (domain->on_reboot != DOMAIN_LIFECYCLE_RESTART) {
        add(steps, "-no-reboot");
    }
    add(steps, "-no-shutdown");
    add_pm(steps);
    command_boot_steps(steps);
    if (domain->kernel) {
        add_file(steps, "-kernel", domain->kernel);
    }
    if (domain->initrd) {
        add_file(steps, "-initrd", domain->initrd);
    }
    if (domain->cmdline) {
        add2(steps, "-append", domain->cmdline);
    }
}

/* The place in the boot order: the device's own, or its class's for the first one. */
static guint boot_index(const Domain *domain, const DomainDeviceInfo *info, int class,
                        gboolean first)
{
    for (guint i = 0; first && i < domain->boots->len; i++) {
        if ((int)((const DomainBootDev *)domain->boots->pdata[i])->dev == class) {
            return i + 1;
        }
    }
    return info->boot_order;
}

#define PASSES 3u

/* In which pass a device comes: after those that it sits on. */
static guint pass_of(const CommandKind *kind, gconstpointer device)
{
    return !kind->first ? 2 : kind->base && kind->base(device) ? 0 : 1;
}

/* The steps of the devices of a kind. */
static gboolean add_kind(CommandSteps *steps, DomainDeviceType type, guint pass,
                         GError **errp)
{
    const CommandKind *kind = command_kind(type);
    GPtrArray *array = xml_domain_devices(steps->domain, type);
    guint seen = 0; /* a bit a class */

    for (guint i = 0; kind && i < array->len; i++) {
        DomainDevice device = { .type = type, .any = array->pdata[i] };
        int class = kind->boot_of ? kind->boot_of(device.any) : kind->boot;
        guint bit = class >= 0 ? 1u << class : 0;
        guint boot =
            boot_index(steps->domain, xml_device_info(&device), class, !(seen & bit));

        seen |= bit;
        if (pass_of(kind, device.any) == pass &&
            !kind->steps(steps, device.any, boot, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* In the order of the kinds, but for those that others sit on. */
static gboolean add_devices(CommandSteps *steps, GError **errp)
{
    gboolean ok = TRUE;

    for (guint i = 0; i < PASSES * DOMAIN_DEVICE_COUNT && ok; i++) {
        ok = add_kind(steps, i % DOMAIN_DEVICE_COUNT, i / DOMAIN_DEVICE_COUNT, errp);
    }
    return ok;
}

/* The emulator's own network stack makes connections, and who connects again. */
static gboolean has_user_network(const Domain *domain)
{
    for (guint i = 0; i < domain->interfaces->len; i++) {
        const DomainInterface *interface = domain->interfaces->pdata[i];

        if (interface->type == DOMAIN_INTERFACE_USER) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_rest(CommandSteps *steps, gboolean incoming)
{
    if (incoming) {
        add2(steps, "-incoming", "defer");
    }
    add_format(steps, "-sandbox",
               "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny,"
               "%sfiles=deny",
               has_user_network(steps->domain) ||
                       command_chardevs_reconnect(steps->domain)
                   ? ""
                   : "network=deny,");
    add2(steps, "-msg", "timestamp=on");
}

GPtrArray *command_start(const Domain *domain, const CommandFacts *facts, guint *next,
                         GError **errp)
{
    CommandSteps steps;
    gboolean ok;

    command_steps_init(&steps, domain, FALSE, facts->device_fds);
    steps.next_set = *next;
    ok = add_machine(&steps, facts, errp);
    if (ok) {
        add_boot(&steps);
        add_features(&steps);
        ok = add_devices(&steps, errp);
    }
    if (!ok) {
        g_ptr_array_unref(steps.list);
        return NULL;
    }
    add_rest(&steps, facts->incoming);
    *next = steps.next_set;
    return steps.list;
}

/* The value of a step's option, or NULL. */
static char *step_value(const CommandStep *step)
{
    g_autoptr(JsonNode) node = NULL;

    if (step->file.path) {
        g_autofree char *path = command_escape_commas(step->file.path);
        return g_strdup_printf("set=%u,fd=%d,opaque=%s", step->file.set, step->fd, path);
    }
    if (step->text || !step->arguments) {
        return g_strdup(step->text);
    }
    node = json_node_new(JSON_NODE_OBJECT);
    json_node_set_object(node, step->arguments);
    return json_to_string(node, FALSE);
}

char **command_argv(const Domain *domain, GPtrArray *steps)
{
    GPtrArray *argv = g_ptr_array_new();

    g_ptr_array_add(argv, g_strdup(domain->emulator));
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        char *value = step->option ? step_value(step) : NULL;

        if (step->option) {
            g_ptr_array_add(argv, g_strdup(step->option));
        }
        if (value) {
            g_ptr_array_add(argv, value);
        }
    }
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(argv, FALSE);
}
