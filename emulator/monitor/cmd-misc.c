/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * About the emulator itself: versions, commands, what it was told at start.
 *
 * #syscalls main: openat close
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "accel/accel.h"
#include "config/dialect.h"
#include "hw/rtc.h"
#include "hw/vmgenid.h"
#include "machine/machine.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"
#include "util/fd.h"

static ConfigNode *config;

void qmp_set_config(ConfigNode *tree)
{
    ConfigNode *old = config;

    config = tree ? config_node_ref(tree) : NULL;
    config_node_unref(old);
}

/* The string at config[map][key], or config[key] without map; NULL when not given. */
static const char *config_text(const char *map, const char *key)
{
    ConfigNode *node = config;

    node = node && map ? config_map_peek(node, map) : node;
    node = node ? config_map_peek(node, key) : NULL;
    return node && config_node_type(node) == CONFIG_STRING ? config_node_string(node)
                                                           : NULL;
}

QMP_ENUM(capability, "oob");
QMP_LIST(capability_list, &capability);
QMP_OBJECT(capabilities_args, { "enable", &capability_list, TRUE });

/* We offer none, so none can be enabled. */
static ConfigNode *cmd_capabilities(ConfigNode *args, GError **errp)
{
    ConfigNode *enable = config_map_get(args, "enable");

    if (enable && config_list_size(enable)) {
        return qmp_fail(errp, QMP_ERROR_GENERIC, "Capability %s not available",
                        config_node_string(config_list_at(enable, 0)));
    }
    return NULL;
}

QMP_OBJECT(version_triple, { "major", &qmp_int }, { "minor", &qmp_int },
           { "micro", &qmp_int });
QMP_OBJECT(version_info, { "qemu", &version_triple }, { "package", &qmp_str });

static ConfigNode *cmd_query_version(ConfigNode *args, GError **errp)
{
    const Dialect *dialect = dialect_get();
    ConfigNode *triple = config_map_new();
    ConfigNode *info = config_map_new();

    config_map_set_int(triple, "micro", dialect->version[2]);
    config_map_set_int(triple, "minor", dialect->version[1]);
    config_map_set_int(triple, "major", dialect->version[0]);
    config_map_set(info, "qemu", triple);
    config_map_set_string(info, "package", "vireo " PACKAGE_VERSION);
    return info;
}

QMP_OBJECT(command_info, { "name", &qmp_str });
QMP_LIST(command_info_list, &command_info);
QMP_OBJECT(event_info, { "name", &qmp_str });
QMP_LIST(event_info_list, &event_info);

static void add_command(const QmpCommand *command, void *opaque)
{
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "name", command->name);
    config_list_add(opaque, info);
}

static ConfigNode *cmd_query_commands(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();

    qmp_command_foreach(add_command, list);
    return list;
}

static ConfigNode *cmd_query_events(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();

    for (const QmpEvent *event = qmp_event_table; event->name; event++) {
        ConfigNode *info = config_map_new();

        config_map_set_string(info, "name", event->name);
        config_list_add(list, info);
    }
    return list;
}

static const QmpType schema_info = {
    .meta = QMP_META_OBJECT,
    .members =
        (const QmpMember[]){ { "name", &qmp_str }, { "meta-type", &qmp_str }, { NULL } },
    .open = TRUE
};
QMP_LIST(schema_info_list, &schema_info);

static ConfigNode *cmd_query_schema(ConfigNode *args, GError **errp)
{
    return qmp_schema();
}

QMP_OBJECT(name_info, { "name", &qmp_str, TRUE });

static ConfigNode *cmd_query_name(ConfigNode *args, GError **errp)
{
    const char *name = config_text("name", "guest");
    ConfigNode *info = config_map_new();

    if (name) {
        config_map_set_string(info, "name", name);
    }
    return info;
}

static void reset_reinjection(Device *dev, void *opaque)
{
    if (dev->klass == &rtc_class) {
        rtc_reset_reinjection(dev);
    }
}

static ConfigNode *cmd_rtc_reset_reinjection(ConfigNode *args, GError **errp)
{
    device_foreach(reset_reinjection, NULL);
    return NULL;
}

QMP_OBJECT(uuid_info, { "UUID", &qmp_str });

static ConfigNode *cmd_query_uuid(ConfigNode *args, GError **errp)
{
    const char *uuid = config_text(NULL, "uuid");
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "UUID",
                          uuid ? uuid : "00000000-0000-0000-0000-000000000000");
    return info;
}

QMP_OBJECT(vm_generation_info, { "guid", &qmp_str });

static ConfigNode *cmd_query_vm_generation_id(ConfigNode *args, GError **errp)
{
    const Device *dev = vmgenid_find();
    ConfigNode *info;

    if (!dev) {
        error_set(errp, "VM Generation ID device not found");
        return NULL;
    }
    g_autofree char *guid = vmgenid_text(dev);

    info = config_map_new();
    config_map_set_string(info, "guid", guid);
    return info;
}

QMP_ENUM(target_arch, "x86_64");
QMP_OBJECT(target_info, { "arch", &target_arch });

static ConfigNode *cmd_query_target(ConfigNode *args, GError **errp)
{
    ConfigNode *info = config_map_new();

    config_map_set_string(info, "arch", "x86_64");
    return info;
}

QMP_OBJECT(kvm_info, { "enabled", &qmp_bool }, { "present", &qmp_bool });

/* `-machine none` does not open KVM, and is asked all the same. */
static gboolean can_open_kvm(void)
{
    autofd int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    return fd >= 0;
}

static ConfigNode *cmd_query_kvm(ConfigNode *args, GError **errp)
{
    ConfigNode *info = config_map_new();
    gboolean enabled = g_strcmp0(config_text("accel", "accel"), "kvm") == 0 &&
                       (accel_get() == &accel_kvm || can_open_kvm());

    config_map_set_bool(info, "enabled", enabled);
    config_map_set_bool(info, "present", TRUE);
    return info;
}

QMP_OBJECT(machine_info, { "name", &qmp_str }, { "alias", &qmp_str, TRUE },
           { "is-default", &qmp_bool, TRUE }, { "cpu-max", &qmp_int },
           { "hotpluggable-cpus", &qmp_bool }, { "numa-mem-supported", &qmp_bool },
           { "deprecated", &qmp_bool }, { "acpi", &qmp_bool });
QMP_LIST(machine_info_list, &machine_info);

static ConfigNode *cmd_query_machines(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();

    for (guint i = 0; machine_table[i]; i++) {
        const MachineClass *klass = machine_table[i];
        ConfigNode *info = config_map_new();

        config_map_set_string(info, "name", klass->name);
        if (klass->alias) {
            config_map_set_string(info, "alias", klass->alias);
        }
        if (machine_is_default(klass)) {
            config_map_set_bool(info, "is-default", TRUE);
        }
        config_map_set_int(info, "cpu-max", MAX(klass->max_cpus, 1));
        config_map_set_bool(info, "hotpluggable-cpus", FALSE);
        config_map_set_bool(info, "numa-mem-supported", FALSE);
        config_map_set_bool(info, "deprecated", FALSE);
        config_map_set_bool(info, "acpi", klass->max_cpus > 0);
        config_list_add(list, info);
    }
    return list;
}

QMP_OBJECT(current_machine, { "wakeup-suspend-support", &qmp_bool });

static ConfigNode *cmd_query_current_machine(ConfigNode *args, GError **errp)
{
    ConfigNode *info = config_map_new();

    config_map_set_bool(info, "wakeup-suspend-support", FALSE);
    return info;
}

const QmpCommand qmp_misc_commands[] = {
    { "qmp_capabilities", "Ends the negotiation; the first command of a client",
      cmd_capabilities, .args = &capabilities_args },
    { "query-version", "The version that is shown to clients", cmd_query_version,
      .ret = &version_info },
    { "query-commands", "The names of all commands", cmd_query_commands,
      .ret = &command_info_list },
    { "query-events", "The names of all events", cmd_query_events,
      .ret = &event_info_list },
    { "query-qmp-schema", "All commands, events and types, for programs",
      cmd_query_schema, .ret = &schema_info_list },
    { "query-name", "The name of the VM", cmd_query_name, .ret = &name_info },
    { "query-uuid", "The UUID of the VM", cmd_query_uuid, .ret = &uuid_info },
    { "rtc-reset-reinjection",
      "Forgets the periodic interrupts that the real-time clock still owes to the guest",
      cmd_rtc_reset_reinjection },
    { "query-vm-generation-id", "What the guest knows its present life by (vmgenid)",
      cmd_query_vm_generation_id, .ret = &vm_generation_info },
    { "query-target", "The architecture of the guest", cmd_query_target,
      .ret = &target_info },
    { "query-kvm", "Whether KVM is there and used", cmd_query_kvm, .ret = &kvm_info },
    { "query-machines", "The machines of -machine", cmd_query_machines,
      .ret = &machine_info_list },
    { "query-current-machine", "What the VM's machine can do", cmd_query_current_machine,
      .ret = &current_machine },
    { .name = NULL },
};
