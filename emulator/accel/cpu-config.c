/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -cpu MODEL[,+feature][,-feature][,property=value...] */
#include <stddef.h>
#include <string.h>

#include "accel/cpu-config.h"
#include "util/error.h"

#define PHYS_BITS_MAX     52
#define PHYS_BITS_MIN     32
#define PHYS_BITS_DEFAULT 40 /* of a model, as QEMU has it */
#define VENDOR_LENGTH     12
#define MODEL_ID_MAX      48

typedef struct Switch {
    const char *name;
    size_t offset;
} Switch;

typedef struct Number {
    const char *name;
    size_t offset;
    guint64 max;
} Number;

#define AT(member) offsetof(CpuConfig, member)

static const Switch switches[] = {
    { "check", AT(check) },
    { "enforce", AT(enforce) },
    { "migratable", AT(migratable) },
    { "kvm", AT(kvm) },
    { "pmu", AT(pmu) },
    { "host-phys-bits", AT(host_phys_bits) },
    { "host-cache-info", AT(host_cache_info) },
    { "l3-cache", AT(l3_cache) },
};

static const Number numbers[] = {
    { "phys-bits", AT(phys_bits), PHYS_BITS_MAX },
    { "host-phys-bits-limit", AT(host_phys_bits_limit), PHYS_BITS_MAX },
    { "level", AT(level), G_MAXUINT32 },
    { "level-func7", AT(level7), G_MAXUINT32 },
    { "xlevel", AT(xlevel), G_MAXUINT32 },
    { "family", AT(family), 0xff + 0xf },
    { "stepping", AT(stepping), 0xf },
};

/* What is never there: only "off" is taken. */
static const char *const absent[] = { "vmx", "svm" };

/* Which the guest itself makes be seen, by CR4. */
static const char *const dynamic[] = { "osxsave", "ospke" };

static gboolean is_one_of(const char *const *names, guint n, const char *name)
{
    for (guint i = 0; i < n; i++) {
        if (g_str_equal(names[i], name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean take_switch(CpuConfig *config, const char *name, gboolean on)
{
    for (guint i = 0; i < G_N_ELEMENTS(switches); i++) {
        if (g_str_equal(switches[i].name, name)) {
            *(gboolean *)((char *)config + switches[i].offset) = on;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean take_feature(CpuConfig *config, const char *name, gboolean on)
{
    if (cpu_feature_find(name) < 0 || is_one_of(dynamic, G_N_ELEMENTS(dynamic), name) ||
        (on && is_one_of(absent, G_N_ELEMENTS(absent), name))) {
        return FALSE;
    }
    cpu_features_change(&config->on, name, on);
    cpu_features_change(&config->off, name, !on);
    return TRUE;
}

static gboolean refuse(const char *key, const char *name, GError **errp)
{
    if (g_str_has_prefix(name, "hv-")) {
        return error_set(errp,
                         "the feature '%s' is not supported (none of Hyper-V's "
                         "enlightenments is)",
                         key);
    }
    return error_set(errp, "the feature '%s' is not supported", key);
}

/* A feature or a switch. */
static gboolean take_bool(CpuConfig *config, ConfigNode *node, const char *key,
                          GError **errp)
{
    gboolean sign = key[0] == '+' || key[0] == '-';
    gboolean on = key[0] == '+';
    g_autofree char *name = g_strdelimit(g_strdup(key + sign), "_", '-');

    if (!sign && !config_get_bool(node, key, TRUE, &on, errp)) {
        return FALSE;
    }
    config_map_get(node, key);
    return take_feature(config, name, on) || take_switch(config, name, on) ||
           (!on && g_str_has_prefix(name, "hv-")) || refuse(key, name, errp);
}

static gboolean take_number(CpuConfig *config, ConfigNode *node, const Number *number,
                            GError **errp)
{
    gboolean bits = g_str_has_suffix(number->name, "bits");
    guint64 value;

    if (!config_get_uint(node, number->name, 0, 0, number->max, &value, errp)) {
        return FALSE;
    }
    if (bits && value && value < PHYS_BITS_MIN) {
        return error_set(errp,
                         "%s should be between %d and %d  (but is %" G_GUINT64_FORMAT ")",
                         number->name, PHYS_BITS_MIN, PHYS_BITS_MAX, value);
    }
    *(gint64 *)((char *)config + number->offset) = (gint64)value;
    return TRUE;
}

static gboolean take_text(CpuConfig *config, ConfigNode *node, const char *key,
                          GError **errp)
{
    gboolean vendor = g_str_equal(key, "vendor");
    const char *text;

    if (!config_get_string(node, key, NULL, &text, errp)) {
        return FALSE;
    }
    if (vendor && strlen(text) != VENDOR_LENGTH) {
        return error_set(errp, "vendor='%s': a vendor has %d characters", text,
                         VENDOR_LENGTH);
    }
    if (!vendor && strlen(text) > MODEL_ID_MAX) {
        return error_set(errp, "model-id='%s' is longer than %d characters", text,
                         MODEL_ID_MAX);
    }
    *(vendor ? &config->vendor : &config->model_id) = g_intern_string(text);
    return TRUE;
}

static gboolean take(CpuConfig *config, ConfigNode *node, const char *key, GError **errp)
{
    if (g_str_equal(key, "vendor") || g_str_equal(key, "model-id")) {
        return take_text(config, node, key, errp);
    }
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (g_str_equal(numbers[i].name, key)) {
            return take_number(config, node, &numbers[i], errp);
        }
    }
    return take_bool(config, node, key, errp);
}

static void set_defaults(CpuConfig *config, const char *name)
{
    gboolean host = !config->model;

    config->name = g_intern_string(name);
    config->check = config->migratable = config->kvm = config->l3_cache = TRUE;
    config->pmu = config->host_phys_bits = config->host_cache_info = host;
    config->level = config->level7 = config->xlevel = CPU_UNSET;
    config->family = config->stepping = CPU_UNSET;
}

/* The property "model" of QEMU's is not one here: the key is the name of the model. */
static gboolean take_all(CpuConfig *config, ConfigNode *node, char sign, GError **errp)
{
    for (guint i = 0; i < config_map_size(node); i++) {
        const char *key = config_map_key(node, i);
        char first = key[0] == '+' || key[0] == '-' ? key[0] : '=';

        if (first == sign && !g_str_equal(key, "model") &&
            !take(config, node, key, errp)) {
            config_prefix_origin(node, "-cpu", errp);
            return FALSE;
        }
    }
    return TRUE;
}

void cpu_config_init(CpuConfig *config)
{
    memset(config, 0, sizeof(*config));
    set_defaults(config, "host");
}

gboolean cpu_config_parse(CpuConfig *config, ConfigNode *node, GError **errp)
{
    const char *name;

    memset(config, 0, sizeof(*config));
    if (!config_get_string(node, "model", "host", &name, errp)) {
        return FALSE;
    }
    config->model = cpu_model_find(name);
    if (!config->model && !g_str_equal(name, "host") && !g_str_equal(name, "max")) {
        error_set(errp, "unable to find CPU model '%s'", name);
        config_prefix_origin(node, "-cpu", errp);
        return FALSE;
    }
    set_defaults(config, name);
    /* signs come last, as they do in QEMU */
    return take_all(config, node, '=', errp) && take_all(config, node, '+', errp) &&
           take_all(config, node, '-', errp);
}

guint cpu_config_phys_bits(const CpuConfig *config, guint host_bits)
{
    guint bits = PHYS_BITS_DEFAULT;

    if (config->host_phys_bits) {
        bits = host_bits;
        if (config->host_phys_bits_limit) {
            bits = MIN(bits, (guint)config->host_phys_bits_limit);
        }
    } else if (config->phys_bits) {
        bits = (guint)config->phys_bits;
    }
    return bits;
}
