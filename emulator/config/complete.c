/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is decided when all options are known: defaults, sizes, topology. */
#include "config.h"

#include "config/action.h"
#include "config/dialect.h"
#include "config/internal.h"
#include "config/property.h"

#include <string.h>

#include "util/error.h"

#define MIB            (1024 * 1024)
#define MEMORY_ALIGN   8192
#define TOPOLOGY_LIMIT 4096

/* A bare number is MiB; rounded up to whole pages. */
static gboolean memory_size(ConfigNode *memory, guint64 *out, GError **errp)
{
    ConfigNode *node = config_map_get(memory, "size");
    guint64 size = dialect_get()->default_memory;

    if (node) {
        const char *text;
        gboolean bare;

        if (!config_node_to_string(node, "size", &text, errp) ||
            !config_node_to_size(node, "size", &size, errp)) {
            return FALSE;
        }
        bare = strspn(text, "0123456789") == strlen(text);
        if (size == 0 || (bare && __builtin_mul_overflow(size, MIB, &size)) ||
            size > G_MAXINT64 - MEMORY_ALIGN) {
            return error_set(errp, "invalid size '%s'", text);
        }
        size = (size + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
    }
    *out = size;
    return TRUE;
}

static gboolean complete_memory(ConfigNode *tree, GError **errp)
{
    ConfigNode *memory = config_tree_map(tree, "memory");
    guint64 size = 0, maxmem, slots;

    if (!memory_size(memory, &size, errp) ||
        !config_get_size(memory, "maxmem", 0, &maxmem, errp) ||
        !config_get_uint(memory, "slots", 0, 0, G_MAXUINT, &slots, errp) ||
        !config_check_unused(memory, errp)) {
        config_prefix_origin(memory, "-m", errp);
        return FALSE;
    }
    config_map_set(memory, "size", config_int_new(size));
    return TRUE;
}

/* A thread is always named: debug-threads does not matter. */
static gboolean complete_name(ConfigNode *tree, GError **errp)
{
    ConfigNode *name = config_map_peek(tree, "name");
    const char *text;
    gboolean on;

    if (name && (!config_get_string(name, "guest", NULL, &text, errp) ||
                 !config_get_string(name, "process", NULL, &text, errp) ||
                 !config_get_bool(name, "debug-threads", FALSE, &on, errp) ||
                 !config_check_unused(name, errp))) {
        config_prefix_origin(name, "-name", errp);
        return FALSE;
    }
    return TRUE;
}

typedef struct Topology {
    guint64 cpus, maxcpus, sockets, dies, clusters, cores, threads;
} Topology;

/* Fills in what was left out (0), so that the product can be maxcpus. */
static void topology_complete(Topology *t)
{
    guint64 total = t->maxcpus ? t->maxcpus : t->cpus;
    gboolean sockets_first = dialect_get()->smp_prefers_sockets;

    t->dies = t->dies ? t->dies : 1;
    t->clusters = t->clusters ? t->clusters : 1;
    if (!total) { /* only a topology was given, or nothing */
        t->sockets = t->sockets ? t->sockets : 1;
        t->cores = t->cores ? t->cores : 1;
        t->threads = t->threads ? t->threads : 1;
        total = t->sockets * t->dies * t->clusters * t->cores * t->threads;
    } else {
        guint64 fixed = t->dies * t->clusters;

        if (sockets_first || t->cores) {
            t->cores = t->cores ? t->cores : 1;
            t->threads = t->threads   ? t->threads
                         : t->sockets ? MAX(total / (t->sockets * fixed * t->cores), 1)
                                      : 1;
            t->sockets =
                t->sockets ? t->sockets : MAX(total / (fixed * t->cores * t->threads), 1);
        } else {
            t->sockets = t->sockets ? t->sockets : 1;
            t->threads = t->threads ? t->threads : 1;
            t->cores = MAX(total / (t->sockets * fixed * t->threads), 1);
        }
    }
    t->maxcpus = total;
    t->cpus = t->cpus ? t->cpus : total;
}

static gboolean topology_check(const Topology *t, GError **errp)
{
    if (t->sockets * t->dies * t->clusters * t->cores * t->threads != t->maxcpus) {
        return error_set(
            errp,
            "Invalid CPU topology: product of the hierarchy must match maxcpus: "
            "sockets (%" G_GUINT64_FORMAT ") * dies (%" G_GUINT64_FORMAT
            ") * clusters (%" G_GUINT64_FORMAT ") * cores (%" G_GUINT64_FORMAT
            ") * threads (%" G_GUINT64_FORMAT ") != maxcpus (%" G_GUINT64_FORMAT ")",
            t->sockets, t->dies, t->clusters, t->cores, t->threads, t->maxcpus);
    }
    if (t->cpus > t->maxcpus) {
        return error_set(errp,
                         "Invalid CPU topology: maxcpus (%" G_GUINT64_FORMAT
                         ") must be equal to or greater than cpus (%" G_GUINT64_FORMAT
                         ")",
                         t->maxcpus, t->cpus);
    }
    return TRUE;
}

static gboolean complete_smp(ConfigNode *tree, GError **errp)
{
    ConfigNode *smp = config_tree_map(tree, "smp");
    Topology t = { 0 };
    const struct {
        const char *key;
        guint64 *value;
    } fields[] = {
        { "cpus", &t.cpus },       { "maxcpus", &t.maxcpus },   { "sockets", &t.sockets },
        { "dies", &t.dies },       { "clusters", &t.clusters }, { "cores", &t.cores },
        { "threads", &t.threads },
    };

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!config_get_uint(smp, fields[i].key, 0, 1, TOPOLOGY_LIMIT, fields[i].value,
                             errp)) {
            config_prefix_origin(smp, "-smp", errp);
            return FALSE;
        }
    }
    if (!config_check_unused(smp, errp)) {
        config_prefix_origin(smp, "-smp", errp);
        return FALSE;
    }
    topology_complete(&t);
    if (!topology_check(&t, errp)) {
        config_prefix_origin(smp, "-smp", errp);
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        config_map_set(smp, fields[i].key, config_int_new(*fields[i].value));
    }
    return TRUE;
}

/* "kvm:tcg" names what may be used, best first. */
static gboolean choose_accel(ConfigNode *accel, GError **errp)
{
    static const char *const known[] = { "kvm", "qtest", NULL };
    ConfigNode *node = config_map_peek(accel, "accel");
    g_auto(GStrv) names = NULL;
    const char *text = "kvm";

    if (node && !config_node_to_string(node, "accel", &text, errp)) {
        return FALSE;
    }
    names = g_strsplit(text, ":", -1);
    for (guint i = 0; names[i]; i++) {
        if (g_strv_contains(known, names[i])) {
            config_map_set(accel, "accel", config_string_new(names[i]));
            return TRUE;
        }
    }
    return error_set(errp, "invalid accelerator %s (kvm, qtest)", text);
}

/* -accel, or -machine accel=; the former wins. */
static gboolean complete_accel(ConfigNode *tree, GError **errp)
{
    ConfigNode *machine = config_tree_map(tree, "machine");
    ConfigNode *accel = config_tree_map(tree, "accel");
    ConfigNode *by_machine = config_map_peek(machine, "accel");
    const ConfigNode *by = accel;

    if (by_machine) {
        if (!config_map_has(accel, "accel")) {
            config_map_set(accel, "accel", config_node_ref(by_machine));
            by = machine;
        }
        config_map_remove(machine, "accel");
    }
    if (!choose_accel(accel, errp)) {
        config_prefix_origin(by, "-accel", errp);
        return FALSE;
    }
    if (g_str_equal(config_node_string(config_map_get(accel, "accel")), "kvm")) {
        config_map_get(accel, "device");    /* read in accel/, */
        config_map_get(accel, "x-without"); /* which is for tests */
    }
    if (!config_check_unused(accel, errp)) {
        config_prefix_origin(accel, "-accel", errp);
        return FALSE;
    }
    return TRUE;
}

static gboolean complete_machine(ConfigNode *tree, GError **errp)
{
    ConfigNode *machine = config_tree_map(tree, "machine");
    ConfigNode *cpu = config_tree_map(tree, "cpu");

    if (!config_map_has(machine, "type")) {
        config_map_set(machine, "type",
                       config_string_new(dialect_get()->default_machine));
    }
    if (!config_map_has(cpu, "model")) {
        if (config_node_origin(cpu)) {
            error_set(errp, "Parameter 'model' is missing");
            config_prefix_origin(cpu, "-cpu", errp);
            return FALSE;
        }
        config_map_set(cpu, "model", config_string_new("host"));
    }
    return TRUE;
}

static gboolean check_action(ConfigNode *action, ActionKind kind, GError **errp)
{
    const char *value;
    if (!config_get_string(action, action_keys[kind], NULL, &value, errp)) {
        return FALSE;
    }
    return !value || action_find(kind, value) >= 0 ||
           property_bad_value(action_keys[kind], value, action_values(kind), errp);
}

/* -action, and the options that are short for it: the last one counts. */
static gboolean complete_action(ConfigNode *tree, GError **errp)
{
    ConfigNode *action = config_map_get(tree, "action");
    gboolean ok = TRUE;
    for (int kind = 0; ok && action && kind < ACTION__KINDS; kind++) {
        ok = check_action(action, (ActionKind)kind, errp);
    }
    if (action && (!ok || !config_check_unused(action, errp))) {
        config_prefix_origin(action, "-action", errp);
        return FALSE;
    }
    return TRUE;
}

/* -nographic puts the first serial port on stdio, unless anything says otherwise. */
static gboolean complete_serial(ConfigNode *tree, GError **errp)
{
    if (!config_map_has(tree, "nographic") || config_map_has(tree, "nodefaults") ||
        config_map_has(tree, "serial")) {
        return TRUE;
    }
    return config_add_serial(tree, "stdio", errp);
}

static gboolean check_daemonize(ConfigNode *tree, GError **errp)
{
    ConfigNode *list = config_map_peek(tree, "chardev");

    for (guint i = 0;
         config_map_has(tree, "daemonize") && list && i < config_list_size(list); i++) {
        ConfigNode *chr = config_list_at(list, i);
        ConfigNode *backend = config_map_peek(chr, "backend");

        if (backend && config_node_type(backend) == CONFIG_STRING &&
            g_str_equal(config_node_string(backend), "stdio")) {
            error_set(errp, "stdio cannot be used with -daemonize");
            config_prefix_origin(chr, "-chardev", errp);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean config_complete(ConfigNode *tree, GError **errp)
{
    return complete_memory(tree, errp) && complete_smp(tree, errp) &&
           complete_name(tree, errp) && complete_accel(tree, errp) &&
           complete_action(tree, errp) && complete_serial(tree, errp) &&
           check_daemonize(tree, errp) && complete_machine(tree, errp) &&
           config_place_drives(tree, errp) && config_complete_nics(tree, errp);
}
