/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of the board, its options, and what all boards have in common. */
#include "config.h"

#include "machine/machine.h"

#include <string.h>
#include <unistd.h>

#include "accel/vcpu.h"
#include "config/dialect.h"
#include "config/noop.h"
#include "device/device.h"
#include "machine/boards.h"
#include "util/error.h"
#include "util/log.h"

const MachineClass *const machine_table[] = {
    &machine_microvm,
    &machine_none,
    &machine_q35,
    NULL,
};

static const MachineClass *current;
static void *current_options; /* by its rows */
static unsigned cpus;

/* "pc-q35-7.2" */
static gboolean is_peer(const MachineClass *klass, const char *name)
{
    if (!klass->peers || !g_str_has_prefix(name, klass->peers)) {
        return FALSE;
    }
    const char *major = name + strlen(klass->peers);
    size_t digits = strspn(major, "0123456789");
    const char *minor = major + digits + 1;
    size_t rest = digits && major[digits] == '.' ? strspn(minor, "0123456789") : 0;
    return rest && !minor[rest];
}

const MachineClass *machine_find(const char *name)
{
    for (guint i = 0; machine_table[i]; i++) {
        const MachineClass *klass = machine_table[i];

        if (strcmp(klass->name, name) == 0 || g_strcmp0(klass->alias, name) == 0 ||
            is_peer(klass, name)) {
            return klass;
        }
    }
    return NULL;
}

gboolean machine_is_default(const MachineClass *klass)
{
    return klass == machine_find(dialect_get()->default_machine);
}

const MachineClass *machine_current(void)
{
    return current;
}

unsigned machine_cpus(void)
{
    return cpus;
}

int machine_cpu_tid(unsigned index)
{
    const Vcpu *cpu = vcpu_get(index);

    return cpu ? vcpu_tid(cpu) : gettid();
}

const void *machine_options(void)
{
    return current_options;
}

static void drop_options(void)
{
    if (current_options) {
        properties_clear(current->properties, current_options);
        g_clear_pointer(&current_options, g_free);
    }
}

static const MachineClass *choose(ConfigNode *options, GError **errp)
{
    const MachineClass *klass;
    const char *type;

    if (!config_require_string(options, "type", &type, errp)) {
        return NULL;
    }
    klass = machine_find(type);
    if (!klass) {
        error_set(errp,
                  "-machine %s: unsupported machine type\n"
                  "Use -machine help to list supported machines",
                  type);
    } else if (is_peer(klass, type)) {
        log_warn("-machine %s: it is %s, which no guest of QEMU's goes on with", type,
                 klass->name);
    }
    return klass;
}

static gboolean set_options(const MachineClass *klass, ConfigNode *node, void *options,
                            GError **errp)
{
    g_autofree char *owner =
        g_strdup_printf("%s-machine", klass->alias ? klass->alias : klass->name);

    properties_set_defaults(klass->properties, options);
    if (!noop_strip_machine(klass->alias ? klass->alias : klass->name, node, errp)) {
        config_prefix_origin(node, "-machine", errp);
        return FALSE;
    }
    for (guint i = 0; i < config_map_size(node); i++) {
        const char *key = config_map_key(node, i);
        g_autofree char *name = g_strdelimit(g_strdup(key), "_", '-'); /* as QEMU's */
        const Property *prop = properties_find(klass->properties, name);
        ConfigNode *value = config_map_get(node, key);

        if (strcmp(key, "type") == 0) {
            continue;
        }
        if (prop ? !property_set(prop, owner, options, value, errp)
                 : !error_set(errp, "Property '%s.%s' not found", owner, key)) {
            g_autofree char *text = config_node_describe(value);

            g_prefix_error(errp, "-machine %s=%s: ", key, text);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_cpus(const MachineClass *klass, ConfigNode *config, GError **errp)
{
    ConfigNode *smp;
    guint64 n, max;

    if (!config_get_node(config, "smp", CONFIG_MAP, &smp, errp)) {
        return FALSE;
    }
    if (!klass->create) {
        cpus = 0;
        return TRUE;
    }
    if (!smp) {
        cpus = 1;
        return TRUE;
    }
    if (!config_get_uint(smp, "cpus", 1, 1, G_MAXUINT, &n, errp) ||
        !config_get_uint(smp, "maxcpus", n, 1, G_MAXUINT, &max, errp)) {
        return FALSE;
    }
    if (n > klass->max_cpus) {
        return error_set(errp,
                         "-smp cpus=%u: Invalid SMP CPUs %u. The max CPUs supported by "
                         "machine '%s' is %u",
                         (unsigned)n, (unsigned)n, klass->name, klass->max_cpus);
    }
    if (max > n) {
        return error_set(errp,
                         "-smp maxcpus=%u: machine '%s' has no CPU hot-plug (cpus=%u)",
                         (unsigned)max, klass->name, (unsigned)n);
    }
    cpus = n;
    return TRUE;
}

static gboolean check_firmware(const MachineClass *klass, ConfigNode *config,
                               GError **errp)
{
    const char *bios;
    ConfigNode *flashes;

    if (klass->firmware) {
        return TRUE;
    }
    if (!config_get_string(config, "bios", NULL, &bios, errp) ||
        !config_get_node(config, "pflash", CONFIG_MAP, &flashes, errp)) {
        return FALSE;
    }
    if (config_map_has(config, "fw_cfg")) {
        return error_set(errp, "-fw_cfg: fw_cfg device not available on machine '%s'",
                         klass->name);
    }
    if (config_map_has(config, "smbios")) { /* -uuid is of use to QMP, too */
        return error_set(errp, "-smbios: machine '%s' has no SMBIOS tables",
                         klass->name);
    }
    if (bios) {
        return error_set(errp, "-bios %s: machine '%s' starts no firmware", bios,
                         klass->name);
    }
    if (flashes) {
        error_set(errp, "machine type does not support if=pflash,bus=0,unit=%s",
                  config_map_key(flashes, 0));
        config_prefix_origin(config_map_value(flashes, 0), "-drive", errp);
    }
    return !flashes;
}

gboolean machine_create(ConfigNode *config, GError **errp)
{
    g_autoptr(ConfigNode) none = config_map_new();
    const MachineClass *klass;
    ConfigNode *node;
    gboolean ok;

    if (!config_get_node(config, "machine", CONFIG_MAP, &node, errp)) {
        return FALSE;
    }
    node = node ? node : none;
    klass = choose(node, errp);
    if (!klass) {
        return FALSE;
    }
    current = klass;
    current_options = g_malloc0(klass->options_size + 1);
    device_set_machine_defaults(klass->defaults);
    ok = set_options(klass, node, current_options, errp) &&
         check_cpus(klass, config, errp) && check_firmware(klass, config, errp) &&
         (!klass->create || klass->create(klass, current_options, config, errp));
    if (!ok) {
        drop_options();
    }
    return ok;
}

gboolean machine_ready(gboolean incoming, GError **errp)
{
    return !current->ready || current->ready(incoming, errp);
}

void machine_cleanup(void)
{
    device_cleanup();
    if (current && current->cleanup) {
        current->cleanup();
    }
    drop_options();
    current = NULL;
    device_set_machine_defaults(NULL);
}

char *machine_list(void)
{
    GString *text = g_string_new("Supported machines are:\n");

    for (guint i = 0; machine_table[i]; i++) {
        const MachineClass *klass = machine_table[i];

        if (klass->alias) {
            g_string_append_printf(text, "%-20s %s (alias of %s)\n", klass->alias,
                                   klass->desc, klass->name);
        }
        g_string_append_printf(text, "%-20s %s%s\n", klass->name, klass->desc,
                               machine_is_default(klass) ? " (default)" : "");
    }
    return g_string_free(text, FALSE);
}

char *machine_class_help(const MachineClass *klass)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s options:\n", klass->name);
    for (const Property *p = klass->properties; p && p->name; p++) {
        property_help_line(p, p->name, text);
    }
    return g_string_free(text, FALSE);
}
