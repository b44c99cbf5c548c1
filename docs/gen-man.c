/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs at build time: writes a man page from its template and the emulator's tables,
 * so that every option, device, property, object, command and event is in it.
 *
 *   gen-man TEMPLATE >PAGE
 *
 * A line "@NAME@" of the template stands for what the section of that name writes; all
 * other lines are the page.
 */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "chardev/chardev.h"
#include "config/internal.h"
#include "config/json.h"
#include "config/noop.h"
#include "config/property.h"
#include "device/device.h"
#include "docs/roff.h"
#include "firmware/smbios-options.h"
#include "machine/machine.h"
#include "monitor/hmp-command.h"
#include "monitor/object.h"
#include "monitor/qmp-command.h"
#include "net/net.h"

/* vireo(1) */

static void write_options(void)
{
    for (const Option *o = config_options; o->name; o++) {
        g_autofree char *head = NULL;

        if (o->help) {
            head = g_strdup_printf("-%s", o->name);
            roff_item(head, o->arg_help, o->help);
        }
    }
}

static void write_noop(const char *option, const char *machine, const char *key,
                       const char *values, void *opaque)
{
    g_autofree char *head = g_strdup_printf("-%s", option);
    g_autofree char *value = g_strdup_printf("%s%s%s=%s", machine ? machine : "",
                                             machine ? "," : "", key, values);

    roff_item(head, value, NULL);
}

static void write_noops(void)
{
    noop_foreach(write_noop, NULL);
}

static void write_row(const Property *prop, const char *name, void *opaque)
{
    g_autofree char *value = g_strdup_printf("=<%s>", property_type_name(prop));
    g_autofree char *help = property_help(prop);

    roff_item(name, value, help);
}

static void write_property(const Property *prop, void *opaque)
{
    write_row(prop, prop->name, NULL);
}

static void write_machines(void)
{
    for (guint i = 0; machine_table[i]; i++) {
        const MachineClass *klass = machine_table[i];

        roff_subsection(klass->name);
        if (klass->alias) {
            roff_text("Short name: %s.", klass->alias);
        }
        roff_text("%s; up to %u CPUs.", klass->desc, klass->max_cpus);
        properties_foreach(klass->properties, write_row, NULL);
    }
}

static const char *bus_of(const DeviceClass *klass)
{
    for (; klass; klass = klass->parent) {
        if (klass->bus) {
            return klass->bus;
        }
    }
    return "board";
}

static void write_devices(void)
{
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];

        if (!klass->user_creatable) {
            continue;
        }
        roff_subsection(klass->name);
        if (klass->alias) {
            roff_text("Also: %s%s%s.", klass->alias, klass->brief ? ", " : "",
                      klass->brief ? klass->brief : "");
        }
        roff_text("%s; bus %s%s.", klass->desc, bus_of(klass),
                  klass->hotpluggable ? "; can be plugged and unplugged" : "");
        device_class_foreach_property(klass, write_property, NULL);
    }
}

/* What -global alone can say: not what all functions of PCI have. */
static void write_built_in_devices(void)
{
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];

        if (klass->user_creatable || klass->abstract || !klass->properties) {
            continue;
        }
        roff_subsection(klass->name);
        if (klass->alias) {
            roff_text("Also: %s.", klass->alias);
        }
        roff_text("%s.", klass->desc);
        properties_foreach(klass->properties, write_row, NULL);
    }
}

static void write_kind(const Kind *kind)
{
    const KindType *type;

    if (kind->common) {
        roff_text("All:");
        properties_foreach(kind->common, write_row, NULL);
    }
    for (guint i = 0; (type = kind->at(i)); i++) {
        roff_subsection(type->name);
        roff_text("%s%s.", type->help, type->cold ? "; not by QMP" : "");
        properties_foreach(type->rows, write_row, NULL);
    }
}

static void write_block_drivers(void)
{
    write_kind(&block_kind);
}

static void write_netdevs(void)
{
    write_kind(&net_kind);
}

static void write_chardevs(void)
{
    write_kind(&chardev_kind);
}

static void write_objects(void)
{
    write_kind(&object_kind);
}

static void write_smbios(void)
{
    write_kind(&smbios_kind);
}

/* vireo-qmp(7) */

static void describe(const QmpType *type, guint depth, GString *out);

static void describe_members(const QmpMember *m, guint depth, GString *out)
{
    const char *separator = "";

    for (; m && m->name; m++) {
        g_string_append_printf(out, "%s\"%s\"%s: ", separator, m->name,
                               m->optional ? "?" : "");
        describe(m->type, depth + 1, out);
        separator = ", ";
    }
}

static void describe_values(const char *const *values, GString *out)
{
    for (guint i = 0; values[i]; i++) {
        g_string_append_printf(out, "%s\"%s\"", i ? " | " : "", values[i]);
    }
}

/* "{"name": string, "size"?: integer}"; what refers to itself ends with "...". */
static void describe(const QmpType *type, guint depth, GString *out)
{
    static const char *const words[] = {
        [QMP_META_STR] = "string",    [QMP_META_INT] = "integer",
        [QMP_META_NUMBER] = "number", [QMP_META_BOOL] = "boolean",
        [QMP_META_NULL] = "null",     [QMP_META_ANY] = "any",
    };

    switch (type->meta) {
    case QMP_META_ENUM:
        describe_values(type->values, out);
        break;
    case QMP_META_ARRAY:
        g_string_append_c(out, '[');
        describe(type->element, depth, out);
        g_string_append(out, ", ...]");
        break;
    case QMP_META_OBJECT:
        g_string_append_c(out, '{');
        if (depth < 3) {
            describe_members(type->members, depth, out);
        }
        g_string_append(out, depth >= 3 || type->open ? "...}" : "}");
        break;
    case QMP_META_ALTERNATE:
        for (const QmpMember *m = type->members; m->name; m++) {
            g_string_append(out, m == type->members ? "" : " or ");
            describe(m->type, depth + 1, out);
        }
        break;
    default:
        g_string_append(out, words[type->meta]);
    }
}

static void write_variants(const QmpType *type)
{
    for (const QmpVariant *v = type->variants; v && v->value; v++) {
        g_autoptr(GString) text = g_string_new(NULL);

        describe(v->type, 0, text);
        roff_text("With %s \"%s\": %s", type->tag, v->value, text->str);
    }
}

static void write_type(const char *what, const QmpType *type)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (type) {
        describe(type, 0, text);
        roff_text("%s: %s", what, text->str);
        write_variants(type);
    }
}

static void write_command(const QmpCommand *command, void *opaque)
{
    roff_subsection(command->name);
    roff_text("%s.", command->help);
    if (command->kind || command->args) {
        write_type("Arguments", qmp_command_args(command));
    }
    write_type("Returns", command->ret);
}

static void write_commands(void)
{
    qmp_command_foreach(write_command, NULL);
}

static void write_events(void)
{
    for (const QmpEvent *e = qmp_event_table; e->name; e++) {
        roff_subsection(e->name);
        roff_text("%s.", e->help);
        if (e->per_second) {
            roff_text("At most %u a second.", e->per_second);
        }
        write_type("Data", e->data);
    }
}

static void write_hmp_table(const HmpCommand *table, const char *prefix)
{
    for (; table->name; table++) {
        g_autofree char *head = g_strconcat(prefix, table->name, NULL);
        g_autofree char *help = g_strdup(table->help);

        help[0] = g_ascii_toupper(help[0]);
        roff_item(head, *table->params ? table->params : NULL, help);
    }
}

static void write_hmp(void)
{
    write_hmp_table(hmp_commands, "");
    write_hmp_table(hmp_info_commands, "info ");
}

static void write_limits(void)
{
    roff_text("A message may have %d bytes, %d levels of objects and arrays, and %d "
              "values: each opening bracket or brace and each comma outside of strings "
              "counts as one. A message beyond this is answered with one error and "
              "dropped; the next one is read as usual.",
              JSON_MAX_BYTES, JSON_MAX_DEPTH, JSON_MAX_VALUES);
}

static const struct {
    const char *marker;
    void (*write)(void);
} sections[] = {
    { "@OPTIONS@", write_options },
    { "@NOOPS@", write_noops },
    { "@MACHINES@", write_machines },
    { "@DEVICES@", write_devices },
    { "@BUILTIN@", write_built_in_devices },
    { "@BLOCKDRIVERS@", write_block_drivers },
    { "@NETDEVS@", write_netdevs },
    { "@CHARDEVS@", write_chardevs },
    { "@OBJECTS@", write_objects },
    { "@SMBIOS@", write_smbios },
    { "@COMMANDS@", write_commands },
    { "@EVENTS@", write_events },
    { "@HMP@", write_hmp },
    { "@LIMITS@", write_limits },
};

static void write_line(const char *line)
{
    for (guint i = 0; i < G_N_ELEMENTS(sections); i++) {
        if (strcmp(line, sections[i].marker) == 0) {
            sections[i].write();
            return;
        }
    }
    g_assert(line[0] != '@'); /* a marker that nobody knows */
    puts(line);
}

int main(int argc, char **argv)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) error = NULL;

    if (argc != 2 || !g_file_get_contents(argv[1], &text, NULL, &error)) {
        fprintf(stderr, "%s\n", error ? error->message : "usage: gen-man TEMPLATE");
        return EXIT_FAILURE;
    }
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        write_line(lines[i]);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
