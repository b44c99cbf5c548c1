/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/help.h"

#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "capabilities/cpu.h"
#include "chardev/chardev.h"
#include "device/device.h"
#include "firmware/smbios-options.h"
#include "machine/machine.h"
#include "monitor/object.h"
#include "net/net.h"
#include "util/error.h"

static gboolean help_machine(FILE *out, const char *of, GError **errp)
{
    const MachineClass *klass = of ? machine_find(of) : NULL;
    g_autofree char *text = NULL;

    if (of && !klass) {
        return error_set(errp, "unsupported machine type");
    }
    text = klass ? machine_class_help(klass) : machine_list();
    fputs(text, out);
    return TRUE;
}

static gboolean help_device(FILE *out, const char *of, GError **errp)
{
    const DeviceClass *klass = of ? device_class_find(of) : NULL;
    g_autofree char *text = NULL;

    if (of && !klass) {
        return error_set(errp, "Device '%s' not found", of);
    }
    if (klass) {
        text = device_class_help(klass);
        fputs(text, out);
        return TRUE;
    }
    for (guint i = 0; device_class_table[i]; i++) {
        klass = device_class_table[i];
        if (klass->user_creatable) {
            fprintf(out, "name \"%s\"", klass->name);
            if (klass->bus) {
                fprintf(out, ", bus %s", klass->bus);
            }
            if (klass->alias) {
                fprintf(out, ", alias \"%s\"", klass->alias);
            }
            if (klass->brief) {
                fprintf(out, ", alias \"%s\"", klass->brief);
            }
            fprintf(out, ", desc \"%s\"\n", klass->desc);
        }
    }
    return TRUE;
}

/* The topics that are kinds. */
static const Kind *const kinds[] = { &block_kind, &chardev_kind, &net_kind, &object_kind,
                                     &smbios_kind };

static gboolean help_kind(FILE *out, const Kind *kind, const char *of, GError **errp)
{
    g_autofree char *text = kind_help(kind, of, errp);

    if (text) {
        fputs(text, out);
    }
    return text != NULL;
}

/* Every card has a netdev. */
static gboolean help_models(FILE *out)
{
    fputs("Supported NIC models:\nvirtio\n", out);
    for (guint i = 0; device_class_table[i]; i++) {
        const DeviceClass *klass = device_class_table[i];
        Device *owner = NULL;
        if (klass->user_creatable && device_find_row(klass, "netdev", &owner)) {
            fprintf(out, "%s\n", klass->name);
        }
    }
    return TRUE;
}

/* -nic, -net: back ends, and what the options have beside theirs. */
static gboolean help_nic(FILE *out, gboolean old, const char *of, GError **errp)
{
    if (of && g_str_equal(of, "model")) {
        return help_models(out);
    }
    if (of && old && g_str_equal(of, "nic")) {
        fputs("nic options:\n"
              "  model=<str>              - The card ('-nic model=help')\n"
              "  macaddr=<str>            - Its address\n"
              "  netdev=<str>             - A -netdev; default: the back end of -net\n"
              "  addr=<str>               - Slot and function on the bus\n"
              "  vectors=<uint32>         - MSI-X vectors\n"
              "  name=<str>               - Its id\n",
              out);
        return TRUE;
    }
    if (!help_kind(out, &net_kind, of, errp)) {
        return FALSE;
    }
    if (of && !old) {
        fputs("  model=<str>              - The card ('-nic model=help')\n"
              "  mac=<str>                - Its address\n",
              out);
    } else if (!of) {
        fprintf(out, "%s  %-22s %s\n", old ? "  nic                    a card\n" : "",
                "none", "no card, also not by default");
    }
    return TRUE;
}

/* Topics whose lists are short and fixed. */
static const struct {
    const char *topic, *text;
} texts[] = {
    { "accel", "Accelerators supported:\nkvm\nqtest\n" },
    { "boot", "boot-opts options:\n"
              "  menu=<bool (on/off)>\n"
              "  once=<str>\n"
              "  order=<str>\n"
              "  reboot-timeout=<num>\n"
              "  splash-time=<num>\n"
              "  strict=<bool (on/off)>\n" },
};

#define LINE_MAX_CHARS 76

static void help_features(FILE *out)
{
    guint at = 0;

    fputs("\nRecognized CPUID flags:\n", out);
    for (guint i = 0; i < cpu_feature_count(); i++) {
        const char *name = cpu_feature_at(i)->name;

        if (cpu_feature_find(name) != (int)i) {
            continue;
        }
        if (at + strlen(name) + 1 > LINE_MAX_CHARS) {
            fputc('\n', out);
            at = 0;
        }
        at += (guint)fprintf(out, "%s%s", at ? " " : "  ", name);
    }
    fputc('\n', out);
}

static void help_cpu(FILE *out)
{
    fputs("Available CPUs:\n", out);
    for (const CpuAlias *a = cpu_model_aliases(); a->name; a++) {
        fprintf(out, "x86 %-26s  (alias of %s)\n", a->name, a->of);
    }
    for (guint i = 0; i < cpu_model_count(); i++) {
        const CpuModel *m = cpu_model_at(i);

        fprintf(out, "x86 %-26s  %s\n", m->name, m->model_id);
    }
    fprintf(out, "x86 %-26s  %s\n", "host", "the host's CPU, as far as KVM can show it");
    fprintf(out, "x86 %-26s  %s\n", "max", "the same");
    help_features(out);
}

static gboolean help_topic(FILE *out, const char *topic, const char *of, GError **errp)
{
    if (g_str_equal(topic, "machine")) {
        return help_machine(out, of, errp);
    }
    if (g_str_equal(topic, "cpu")) {
        help_cpu(out);
        return TRUE;
    }
    if (g_str_equal(topic, "device")) {
        return help_device(out, of, errp);
    }
    if (g_str_equal(topic, "nic") || g_str_equal(topic, "net")) {
        return help_nic(out, g_str_equal(topic, "net"), of, errp);
    }
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i]->option, topic)) {
            return help_kind(out, kinds[i], of, errp);
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (g_str_equal(texts[i].topic, topic)) {
            fputs(texts[i].text, out);
            return TRUE;
        }
    }
    return error_set(errp, "'%s' has no help of its own, see -help", topic);
}

gboolean help_print(FILE *out, ConfigNode *topics, GError **errp)
{
    for (guint i = 0; i < config_list_size(topics); i++) {
        ConfigNode *entry = config_list_at(topics, i);
        const char *topic, *of;

        if (!config_require_string(entry, "topic", &topic, errp) ||
            !config_get_string(entry, "of", NULL, &of, errp) ||
            !help_topic(out, topic, of, errp)) {
            config_prefix_origin(entry, "-help", errp);
            return FALSE;
        }
    }
    return TRUE;
}

char *help_text(const char *topic, const char *of, GError **errp)
{
    char *buffer = NULL, *text;
    size_t len = 0;
    FILE *out = open_memstream(&buffer, &len);

    if (!out) {
        error_set(errp, "no memory");
        return NULL;
    }
    gboolean ok = help_topic(out, topic, of, errp);
    fclose(out);
    text = ok ? g_strdup(buffer) : NULL;
    free(buffer);
    return text;
}

void help_hint(const ConfigNode *node, const char *option, GError *error)
{
    static const char *const tags[] = { "driver", "type", "backend", "qom-type" };
    const char *text = error->message, *type = NULL;

    if (!g_str_has_prefix(text, "Invalid parameter '") &&
        !(g_str_has_prefix(text, "Property '") &&
          g_str_has_suffix(text, "' not found"))) {
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(tags) && !type; i++) {
        type = config_map_string(node, tags[i]);
    }
    if (type) {
        char *more =
            g_strdup_printf("%s (-%s %s,help lists what there is)", text, option, type);
        g_free(error->message);
        error->message = more;
    }
}
