/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/help.h"

#include "block/block.h"
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

/* Topics whose lists are short and fixed. */
static const struct {
    const char *topic, *text;
} texts[] = {
    { "accel", "Accelerators supported:\nkvm\nqtest\n" },
    { "cpu", "Available CPUs:\n  host  the host's CPU, as far as KVM can show it\n"
             "  max   the same\n" },
    { "boot", "boot-opts options:\n"
              "  menu=<bool (on/off)>\n"
              "  once=<str>\n"
              "  order=<str>\n"
              "  reboot-timeout=<num>\n"
              "  splash-time=<num>\n"
              "  strict=<bool (on/off)>\n" },
};

static gboolean help_topic(FILE *out, ConfigNode *entry, GError **errp)
{
    const char *topic, *of;

    if (!config_require_string(entry, "topic", &topic, errp) ||
        !config_get_string(entry, "of", NULL, &of, errp)) {
        return FALSE;
    }
    if (g_str_equal(topic, "machine")) {
        return help_machine(out, of, errp);
    }
    if (g_str_equal(topic, "device")) {
        return help_device(out, of, errp);
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

        if (!help_topic(out, entry, errp)) {
            config_prefix_origin(entry, "-help", errp);
            return FALSE;
        }
    }
    return TRUE;
}
