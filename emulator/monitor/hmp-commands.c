/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor's commands: QEMU's names and arguments, as far as QMP has what they
 * ask for.
 */
#include "config.h"

#include <string.h>

#include "input/keys.h"
#include "migration/migration.h"
#include "monitor/help.h"
#include "monitor/hmp-command.h"
#include "net/nic.h"
#include "util/error.h"

/* --- what QMP wants otherwise --- */

/* "ctrl-alt-f1", "0x1d-a": each becomes an entry of the list. */
static gboolean add_key(ConfigNode *list, const char *name, GString *out)
{
    ConfigNode *key = config_map_new();
    char *end;

    config_list_add(list, key);
    if (g_str_has_prefix(name, "0x")) {
        gint64 number = g_ascii_strtoll(name, &end, 0);

        config_map_set_string(key, "type", "number");
        config_map_set_int(key, "data", number);
        if (!*end && end > name + 2) {
            return TRUE;
        }
    }
    config_map_set_string(key, "type", "qcode");
    config_map_set_string(key, "data", strcmp(name, "<") == 0 ? "less" : name);
    if (g_strv_contains(input_key_names, config_map_string(key, "data"))) {
        return TRUE;
    }
    g_string_append_printf(out, "invalid parameter: %s\n", name);
    return FALSE;
}

static gboolean adapt_sendkey(ConfigNode *args, GString *out)
{
    g_auto(GStrv) names = g_strsplit(config_map_string(args, "keys"), "-", -1);
    ConfigNode *list = config_list_new();

    config_map_set(args, "keys", list);
    for (guint i = 0; names[i]; i++) {
        if (!add_key(list, names[i], out)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean adapt_capability(ConfigNode *args, GString *out)
{
    ConfigNode *list = config_list_new(), *row = config_map_new();

    config_map_set_string(row, "capability", config_map_string(args, "capability"));
    config_map_set_bool(row, "state", config_node_bool(config_map_peek(args, "state")));
    config_list_add(list, row);
    config_map_remove(args, "capability");
    config_map_remove(args, "state");
    config_map_set(args, "capabilities", list);
    return TRUE;
}

/* As QEMU's: a size without a suffix is MiB. */
static gboolean read_parameter(const char *name, const ConfigNode *value, guint64 *out,
                               GError **errp)
{
    const char *text = config_node_string(value);

    if (strcmp(name, "downtime-limit") == 0) {
        return config_node_to_uint(value, name, 0, G_MAXINT64, out, errp);
    }
    if (strcmp(name, "max-bandwidth") != 0) {
        return error_set(errp, "invalid parameter value: %s", name);
    }
    g_autofree char *mib = *text && strspn(text, "0123456789") == strlen(text)
                               ? g_strconcat(text, "M", NULL)
                               : g_strdup(text);
    g_autoptr(ConfigNode) size = config_string_new(mib);
    return config_node_to_size(size, name, out, errp);
}

static gboolean adapt_parameter(ConfigNode *args, GString *out)
{
    g_autofree char *name = g_strdup(config_map_string(args, "parameter"));
    g_autoptr(GError) error = NULL;
    guint64 value;

    if (!read_parameter(name, config_map_peek(args, "value"), &value, &error)) {
        g_string_append_printf(out, "Error: %s\n", error->message);
        return FALSE;
    }
    config_map_remove(args, "parameter");
    config_map_remove(args, "value");
    config_map_set_uint(args, name, value);
    return TRUE;
}

/* "help", or "TYPE,help": said here, and nothing is asked of QMP. */
static gboolean adapt_help(ConfigNode *args, const char *topic, const char *tag,
                           GString *out)
{
    const char *type = config_map_string(args, tag);
    gboolean all = g_strcmp0(type, "help") == 0 || g_strcmp0(type, "?") == 0;
    g_autoptr(GError) error = NULL;

    if (!all && !config_map_has(args, "help") && !config_map_has(args, "?")) {
        return TRUE;
    }
    g_autofree char *text = help_text(topic, all ? NULL : type, &error);
    g_string_append_printf(out, text ? "%s" : "Error: %s\n",
                           text ? text : error->message);
    return FALSE;
}

static gboolean adapt_device(ConfigNode *args, GString *out)
{
    return adapt_help(args, "device", "driver", out);
}

static gboolean adapt_netdev(ConfigNode *args, GString *out)
{
    return adapt_help(args, "netdev", "type", out);
}

static gboolean adapt_object(ConfigNode *args, GString *out)
{
    return adapt_help(args, "object", "qom-type", out);
}

/* Without -d: until the migration has ended, however it does. */
static void wait_migrated(const ConfigNode *args, gboolean waits, GString *out,
                          void (*ended)(void *opaque), void *opaque)
{
    if (config_map_has(args, "detach")) {
        ended(opaque);
    } else if (waits) {
        migration_when_idle(ended, opaque);
    } else {
        g_string_append(out, "terminal does not allow synchronous migration, continuing "
                             "detached\n");
        ended(opaque);
    }
}

/* --- help --- */

static void say_row(const HmpCommand *row, const char *prefix, GString *out)
{
    g_string_append_printf(out, "%s%s %s -- %s\n", prefix, row->name, row->params,
                           row->help);
}

static void say_table(const HmpCommand *table, const char *prefix, GString *out)
{
    for (; table->name; table++) {
        say_row(table, prefix, out);
    }
}

void hmp_help(const char *words, GString *out)
{
    g_autofree char *first = hmp_next_word(&words, out);
    g_autofree char *second = first ? hmp_next_word(&words, out) : NULL;
    const HmpCommand *row = first ? hmp_find(hmp_commands, first, strlen(first)) : NULL;
    gboolean info = row && strcmp(row->name, "info") == 0;

    if (out->len) {
        return;
    }
    if (info && second) {
        row = hmp_find(hmp_info_commands, second, strlen(second));
    }
    if (first && !row) {
        g_string_append_printf(out, "unknown command: '%s%s%s'\n", first,
                               second ? " " : "", second ? second : "");
    } else if (info && !second) {
        say_table(hmp_info_commands, "info ", out);
    } else if (row) {
        say_row(row, info ? "info " : "", out);
    } else {
        say_table(hmp_commands, "", out);
    }
}

static void say_help(ConfigNode *args, GString *out)
{
    const char *words = config_map_string(args, "words");

    hmp_help(words ? words : "", out);
}

static void say_info(ConfigNode *args, GString *out)
{
    hmp_help("info", out);
}

static void say_network(ConfigNode *args, GString *out)
{
    net_describe(out);
}

/* --- rows --- */

#define ARGS(...) ((const HmpArg[]){ __VA_ARGS__, { NULL } })
#define WORD(name_)                                                                      \
    {                                                                                    \
        name_, HMP_WORD                                                                  \
    }
#define FORCE                                                                            \
    {                                                                                    \
        "force", HMP_FLAG, .flag = 'f'                                                   \
    }
#define OPTIONAL(name_, kind_)                                                           \
    {                                                                                    \
        name_, kind_, .optional = TRUE                                                   \
    }
#define OPTIONS(implied_)                                                                \
    {                                                                                    \
        implied_, HMP_OPTIONS                                                            \
    }

/* clang-format off */
const HmpCommand hmp_commands[] = {
    { "balloon", "target", "asks the guest to keep so many MiB",
      ARGS({ "value", HMP_MIB }), "balloon" },
    { "change", "device [-f] filename [format [read-only-mode]]",
      "puts the medium of an image file into a drive; -f: also where the guest has locked it",
      ARGS({ "device", HMP_DEVICE }, FORCE, { "filename", HMP_FILENAME },
           OPTIONAL("format", HMP_WORD), OPTIONAL("read-only-mode", HMP_WORD)),
      "blockdev-change-medium" },
    { "chardev-remove", "id", "removes a character device that nobody uses",
      ARGS(WORD("id")), "chardev-remove" },
    { "chardev-send-break", "id", "sends a break to whoever uses a character device",
      ARGS(WORD("id")), "chardev-send-break" },
    { "cont|c", "", "lets the VM go on", NULL, "cont" },
    { "device_add", "driver[,prop=value][,...]", "plugs a device, as -device says it",
      ARGS(OPTIONS("driver")), "device_add", .adapt = adapt_device },
    { "device_del", "device", "asks the guest to let a device go", ARGS(WORD("id")),
      "device_del" },
    { "eject", "[-f] device",
      "takes a drive's medium out; -f: also where the guest has locked it",
      ARGS(FORCE, { "device", HMP_DEVICE }), "eject" },
    { "help|?", "[cmd]", "shows this, or what it says of one command",
      ARGS({ "words", HMP_REST }), .say = say_help },
    { "info", "[subcommand]", "shows something of the VM; alone: what there is",
      .say = say_info },
    { "migrate", "[-d] uri",
      "sends the VM to where uri says, and waits until that has ended; -d: does not wait",
      ARGS({ "detach", HMP_FLAG, .flag = 'd' }, WORD("uri")), "migrate",
      .wait = wait_migrated },
    { "migrate_cancel", "", "ends the migration; the VM goes on here", NULL,
      "migrate_cancel" },
    { "migrate_incoming", "uri", "waits for a migration, after -incoming defer",
      ARGS(WORD("uri")), "migrate-incoming" },
    { "migrate_set_capability", "capability state",
      "switches a capability of migration on or off",
      ARGS(WORD("capability"), { "state", HMP_ON_OFF }), "migrate-set-capabilities",
      .adapt = adapt_capability },
    { "migrate_set_parameter", "parameter value",
      "sets a parameter of migration; a size without a suffix is MiB",
      ARGS(WORD("parameter"), WORD("value")), "migrate-set-parameters",
      .adapt = adapt_parameter },
    { "netdev_add", "type,id=str[,prop=value][,...]",
      "creates a network back end, as -netdev says it", ARGS(OPTIONS("type")),
      "netdev_add", .adapt = adapt_netdev },
    { "netdev_del", "id", "deletes a network back end that nobody uses",
      ARGS(WORD("id")), "netdev_del" },
    { "nmi", "", "a non-maskable interrupt for all vCPUs", NULL, "inject-nmi" },
    { "object_add", "[qom-type=]type,id=str[,prop=value][,...]",
      "creates an object, as -object says it", ARGS(OPTIONS("qom-type")), "object-add",
      .adapt = adapt_object },
    { "object_del", "id", "deletes an object that nobody uses", ARGS(WORD("id")),
      "object-del" },
    { "qom-get", "path property", "shows what an object says of itself, as JSON",
      ARGS(WORD("path"), WORD("property")), "qom-get", .print = hmp_print_qom_value },
    { "qom-list", "path", "shows of what an object says something, and what is below it",
      ARGS(WORD("path")), "qom-list", .print = hmp_print_qom_list },
    { "quit|q", "", "ends the VM and the emulator", NULL, "quit" },
    { "sendkey", "keys [hold_ms]",
      "presses keys together (ctrl-alt-f1, 0x1d-a) and lets go of them after 100 ms",
      ARGS(WORD("keys"), OPTIONAL("hold-time", HMP_INT)), "send-key",
      .adapt = adapt_sendkey },
    { "set_link", "name on|off", "plugs the cable of a network card in, or pulls it",
      ARGS(WORD("name"), { "up", HMP_ON_OFF }), "set_link" },
    { "stop|s", "", "stops the VM", NULL, "stop" },
    { "system_powerdown", "", "presses the power button", NULL, "system_powerdown" },
    { "system_reset", "", "resets the VM", NULL, "system_reset" },
    { "system_wakeup", "", "wakes the guest up, which no machine can", NULL,
      "system_wakeup" },
    { "watchdog_action", "[reset|shutdown|poweroff|pause|debug|none]",
      "says what is done when a watchdog expires", ARGS(WORD("action")),
      "watchdog-set-action" },
    { NULL },
};

const HmpCommand hmp_info_commands[] = {
    { "balloon", "", "how much memory the guest has, in MiB", NULL, "query-balloon",
      .print = hmp_print_balloon },
    { "block", "[device]", "disks and drives, and the images in them",
      ARGS(OPTIONAL("device", HMP_DEVICE)), "query-block", .for_print = TRUE,
      .print = hmp_print_block },
    { "blockstats", "", "what disks have counted", NULL, "query-blockstats",
      .print = hmp_print_blockstats },
    { "chardev", "", "character devices", NULL, "query-chardev",
      .print = hmp_print_chardev },
    { "cpus", "", "vCPUs and their threads", NULL, "query-cpus-fast",
      .print = hmp_print_cpus },
    { "iothreads", "", "iothreads", NULL, "query-iothreads",
      .print = hmp_print_iothreads },
    { "kvm", "", "whether KVM is used", NULL, "query-kvm", .print = hmp_print_kvm },
    { "migrate", "", "how far the migration is, or how it ended", NULL, "query-migrate",
      .print = hmp_print_migrate },
    { "migrate_capabilities", "", "capabilities of migration", NULL,
      "query-migrate-capabilities", .print = hmp_print_capabilities },
    { "migrate_parameters", "", "parameters of migration", NULL,
      "query-migrate-parameters", .print = hmp_print_parameters },
    { "name", "", "the name of the VM", NULL, "query-name", .print = hmp_print_name },
    { "network", "", "network cards, and the back ends behind them",
      .say = say_network },
    { "pci", "", "PCI functions", NULL, "query-pci", .print = hmp_print_pci },
    { "status", "", "whether the VM runs, and why not", NULL, "query-status",
      .print = hmp_print_status },
    { "uuid", "", "the UUID of the VM", NULL, "query-uuid", .print = hmp_print_uuid },
    { "version", "", "the version that is shown to clients", NULL, "query-version",
      .print = hmp_print_version },
    { "vm-generation-id", "", "what the guest knows its present life by", NULL,
      "query-vm-generation-id", .print = hmp_print_vm_generation_id },
    { NULL },
};
/* clang-format on */
