/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs there can be: the models, and what they are made of. */
#include "config.h"

#include "accel/cpu-config.h"
#include "monitor/commands.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

#define TYPE_END "-x86_64-cpu"

QMP_OBJECT(definition, { "name", &qmp_str }, { "migration-safe", &qmp_bool, TRUE },
           { "static", &qmp_bool }, { "unavailable-features", &qmp_str_list, TRUE },
           { "typename", &qmp_str }, { "alias-of", &qmp_str, TRUE },
           { "deprecated", &qmp_bool });
QMP_LIST(definition_list, &definition);

QMP_OBJECT(model_info, { "name", &qmp_str }, { "props", &qmp_any, TRUE });
QMP_ENUM(expansion_type, "static", "full");
QMP_OBJECT(expansion_args, { "type", &expansion_type }, { "model", &model_info });
QMP_OBJECT(expansion, { "model", &model_info });

/* Of a set, each name once: QEMU's. */
static void foreach_name(const CpuFeatureSet *set,
                         void (*fn)(const CpuFeature *f, void *opaque), void *opaque)
{
    for (guint i = 0; i < cpu_feature_count(); i++) {
        const CpuFeature *f = cpu_feature_at(i);

        if (cpu_features_have(set, i) && cpu_feature_find(f->name) == (int)i) {
            fn(f, opaque);
        }
    }
}

static void add_name(const CpuFeature *f, void *opaque)
{
    config_list_add_string(opaque, f->name);
}

/* NULL: no accelerator says what it can do. */
static ConfigNode *unavailable(const char *model, const CpuHost *host)
{
    g_autoptr(ConfigNode) node = config_map_new();
    ConfigNode *list;
    CpuConfig config;
    CpuResult result;

    if (!host) {
        return NULL;
    }
    list = config_list_new();
    config_map_set_string(node, "model", model);
    if (cpu_config_parse(&config, node, NULL)) {
        cpu_resolve(&config, host, &result);
        foreach_name(&result.missing, add_name, list);
    }
    return list;
}

static void add_definition(ConfigNode *list, const char *name, const char *alias_of,
                           gboolean safe, ConfigNode *missing)
{
    g_autofree char *type = g_strconcat(name, TYPE_END, NULL);
    ConfigNode *d = config_map_new();

    config_map_set_string(d, "name", name);
    config_map_set_string(d, "typename", type);
    if (missing) {
        config_map_set(d, "unavailable-features", missing);
    }
    if (alias_of) {
        config_map_set_string(d, "alias-of", alias_of);
    }
    config_map_set_bool(d, "static", FALSE);
    config_map_set_bool(d, "migration-safe", safe);
    config_map_set_bool(d, "deprecated", FALSE);
    config_list_add(list, d);
}

static ConfigNode *cmd_definitions(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();
    CpuHost host;
    const CpuHost *known = cpu_get_host(&host, NULL) ? &host : NULL;

    /* without an accelerator they are as unknown as their features */
    add_definition(list, "max", NULL, FALSE, unavailable("max", known));
    add_definition(list, "host", NULL, FALSE, unavailable("host", known));
    for (const CpuAlias *a = cpu_model_aliases(); a->name; a++) {
        add_definition(list, a->name, a->of, TRUE, unavailable(a->name, known));
    }
    for (guint i = 0; i < cpu_model_count(); i++) {
        const char *name = cpu_model_at(i)->name;

        add_definition(list, name, NULL, TRUE, unavailable(name, known));
    }
    return list;
}

/* The model and its properties as -cpu has them. */
static gboolean read_model(ConfigNode *model, CpuConfig *config, GError **errp)
{
    const char *name = qmp_arg_string(model, "name");
    ConfigNode *props = config_map_get(model, "props");
    g_autoptr(ConfigNode) node = config_map_new();

    if (props && config_node_type(props) != CONFIG_MAP) {
        return error_set(errp,
                         "Invalid parameter type for 'model.props', expected: object");
    }
    if (!cpu_model_find(name) && !g_str_equal(name, "host") &&
        !g_str_equal(name, "max")) {
        return error_set(errp, "CPU model '%s' not found", name);
    }
    config_map_set_string(node, "model", name);
    for (guint i = 0; props && i < config_map_size(props); i++) {
        const char *key = config_map_key(props, i);

        if (g_str_equal(key, "model")) {
            return error_set(errp, "the property 'model' is not supported");
        }
        config_map_set(node, key, config_node_ref(config_map_value(props, i)));
    }
    return cpu_config_parse(config, node, errp);
}

/*
 * What the model has and was asked for, whether or not this host (zeroed before, and then
 * told) can give it. Without a host, "host" and "max" have no features.
 */
static gboolean expand(ConfigNode *model, CpuConfig *config, CpuHost *host,
                       CpuFeatureSet *set, GError **errp)
{
    CpuResult result;

    if (!read_model(model, config, errp)) {
        return FALSE;
    }
    if (!cpu_get_host(host, config->model ? NULL : errp) && !config->model) {
        return FALSE;
    }
    cpu_resolve(config, host, &result);
    *set = config->model ? result.wanted : result.have;
    return TRUE;
}

static void add_other_names(ConfigNode *props, const CpuFeature *f, gboolean on)
{
    g_auto(GStrv) names = g_strsplit(f->others ? f->others : "", " ", -1);

    for (char **name = names; *name; name++) {
        config_map_set_bool(props, *name, on);
    }
}

/* Each feature, on or off; full: by all of its names. */
static void add_features(ConfigNode *props, const CpuFeatureSet *set, gboolean full)
{
    for (guint i = 0; i < cpu_feature_count(); i++) {
        const CpuFeature *f = cpu_feature_at(i);
        gboolean on = cpu_features_have(set, i);

        if (!f->known || cpu_feature_find(f->name) != (int)i) {
            continue;
        }
        config_map_set_bool(props, f->name, on);
        if (full) {
            add_other_names(props, f, on);
        }
    }
}

static void add_switches(ConfigNode *props, const CpuConfig *config)
{
    config_map_set_bool(props, "check", config->check);
    config_map_set_bool(props, "enforce", config->enforce);
    config_map_set_bool(props, "kvm", config->kvm);
    config_map_set_bool(props, "pmu", config->pmu);
    config_map_set_bool(props, "l3-cache", config->l3_cache);
    config_map_set_bool(props, "host-phys-bits", config->host_phys_bits);
    config_map_set_int(props, "host-phys-bits-limit", config->host_phys_bits_limit);
    config_map_set_int(props, "phys-bits", config->phys_bits);
    if (!config->model) {
        config_map_set_bool(props, "migratable", config->migratable);
        config_map_set_bool(props, "host-cache-info", config->host_cache_info);
    }
}

static void add_numbers(ConfigNode *props, const CpuIdentity *id)
{
    config_map_set_string(props, "vendor", id->vendor);
    config_map_set_int(props, "family", id->family);
    config_map_set_int(props, "model", id->model);
    config_map_set_int(props, "stepping", id->stepping);
    config_map_set_string(props, "model-id", id->model_id);
}

static ConfigNode *cmd_expansion(ConfigNode *args, GError **errp)
{
    gboolean full = g_str_equal(qmp_arg_string(args, "type"), "full");
    ConfigNode *asked = config_map_get(args, "model"), *reply, *model, *props;
    CpuFeatureSet set;
    CpuIdentity id;
    CpuConfig config;
    CpuHost host = { 0 };

    if (!expand(asked, &config, &host, &set, errp)) {
        return NULL;
    }
    cpu_identify(&config, &host, &id);
    props = config_map_new();
    add_features(props, &set, full);
    add_numbers(props, &id);
    if (full) {
        add_switches(props, &config);
    }
    model = config_map_new();
    config_map_set_string(model, "name", full ? config.name : "base");
    config_map_set(model, "props", props);
    reply = config_map_new();
    config_map_set(reply, "model", model);
    return reply;
}

const QmpCommand qmp_cpu_commands[] = {
    { "query-cpu-definitions",
      "The models of CPUs; of each what this host lacks for it, where that is known",
      cmd_definitions, .ret = &definition_list },
    { "query-cpu-model-expansion",
      "The features of a model with these properties, whether or not the host has them: "
      "static as those of an empty model, full with all properties",
      cmd_expansion, .args = &expansion_args, .ret = &expansion },
    { .name = NULL },
};
