/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of CPU features and models, and sets of features. */
#include "capabilities/cpu.h"

#include <string.h>

#define CPUID(name_, libvirt_, others_, leaf, subleaf, reg_, bit_, needs_, known_)       \
    { name_, libvirt_, others_, leaf, subleaf, CPUID_##reg_, bit_, needs_, known_ },
#define MSR(name_, libvirt_, others_, msr, bit_, needs_, known_)                         \
    { name_, libvirt_, others_, msr, 0, CPUID_MSR, bit_, needs_, known_ },
static const CpuFeature features[] = {
#include "capabilities/cpu-features.def"
};
#undef CPUID
#undef MSR

G_STATIC_ASSERT(G_N_ELEMENTS(features) <= CPU_FEATURES_MAX);

#define VERSION(stem_, version_, vendor_, level_, level7_, xlevel_, xlevel2_, family_,   \
                model_, stepping_, legacy, id, features_, nested_)                       \
    { stem_ "-v" #version_,                                                              \
      stem_,                                                                             \
      version_,                                                                          \
      vendor_,                                                                           \
      level_,                                                                            \
      level7_,                                                                           \
      xlevel_,                                                                           \
      xlevel2_,                                                                          \
      family_,                                                                           \
      model_,                                                                            \
      stepping_,                                                                         \
      legacy,                                                                            \
      id,                                                                                \
      features_,                                                                         \
      nested_ },
#define ALIAS(name, of)
static const CpuModel models[] = {
#include "capabilities/cpu-models.def"
};
#undef VERSION
#undef ALIAS

#define VERSION(...)
#define ALIAS(name, of) { name, of },
static const CpuAlias aliases[] = {
#include "capabilities/cpu-models.def"
    { NULL, NULL }
};

guint cpu_feature_count(void)
{
    return G_N_ELEMENTS(features);
}

const CpuFeature *cpu_feature_at(guint i)
{
    return &features[i];
}

/* The first one to have a name keeps it. */
static void take_names(GHashTable *table, const char *names, guint i)
{
    g_auto(GStrv) words = g_strsplit(names ? names : "", " ", -1);

    for (char **word = words; *word; word++) {
        g_strdelimit(*word, "_", '-');
        if (**word && !g_hash_table_contains(table, *word)) {
            g_hash_table_insert(table, g_strdup(*word), GUINT_TO_POINTER(i));
        }
    }
}

static GHashTable *feature_names(void)
{
    static gsize table;

    if (g_once_init_enter(&table)) {
        GHashTable *made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
            take_names(made, features[i].name, i);
        }
        for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
            take_names(made, features[i].others, i);
        }
        for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
            take_names(made, features[i].libvirt, i);
        }
        g_once_init_leave(&table, (gsize)made);
    }
    return (GHashTable *)table;
}

int cpu_feature_find(const char *name)
{
    g_autofree char *plain = g_strdelimit(g_strdup(name), "_", '-');
    gpointer i;

    return g_hash_table_lookup_extended(feature_names(), plain, NULL, &i)
               ? (int)GPOINTER_TO_UINT(i)
               : -1;
}

const char *cpu_feature_name(guint32 function, guint32 index, CpuidRegister reg,
                             unsigned bit)
{
    for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
        const CpuFeature *f = &features[i];

        if (f->function == function && f->index == index && f->reg == reg &&
            f->bit == bit) {
            return f->name;
        }
    }
    return NULL;
}

char *cpu_feature_describe(const CpuFeature *f)
{
    static const char *const registers[] = { "EAX", "EBX", "ECX", "EDX" };

    if (f->reg == CPUID_MSR) {
        return g_strdup_printf("MSR(%XH).%s [bit %u]", f->function, f->name, f->bit);
    }
    return g_strdup_printf("CPUID.%02XH:%s.%s [bit %u]", f->function, registers[f->reg],
                           f->name, f->bit);
}

gboolean cpu_features_have(const CpuFeatureSet *set, guint i)
{
    return set->words[i / 64] >> i % 64 & 1;
}

void cpu_features_put(CpuFeatureSet *set, guint i, gboolean on)
{
    guint64 bit = G_GUINT64_CONSTANT(1) << i % 64;

    set->words[i / 64] = on ? set->words[i / 64] | bit : set->words[i / 64] & ~bit;
}

/* Rows of one name are in one word, with others between. */
static void put_all(CpuFeatureSet *set, guint first, gboolean on)
{
    for (guint i = first;
         i < G_N_ELEMENTS(features) && features[i].function == features[first].function;
         i++) {
        if (g_str_equal(features[i].name, features[first].name)) {
            cpu_features_put(set, i, on);
        }
    }
}

void cpu_features_change(CpuFeatureSet *set, const char *name, gboolean on)
{
    int i = cpu_feature_find(name);

    if (i >= 0) {
        put_all(set, (guint)i, on);
    }
}

void cpu_features_apply(CpuFeatureSet *set, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);

    for (char **word = words; *word; word++) {
        gboolean sign = **word == '+' || **word == '-';

        cpu_features_change(set, *word + sign, **word != '-');
    }
}

static gboolean lacks_need(const CpuFeatureSet *set, const CpuFeature *f)
{
    g_auto(GStrv) needs = g_strsplit(f->needs ? f->needs : "", " ", -1);

    for (char **need = needs; *need; need++) {
        int i = cpu_feature_find(*need);

        if (i >= 0 && !cpu_features_have(set, (guint)i)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A row is taken out once, so that this ends. */
void cpu_features_close(CpuFeatureSet *set, CpuFeatureSet *dropped)
{
    gboolean again = TRUE;

    while (again) {
        again = FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
            if (!features[i].needs || !cpu_features_have(set, i) ||
                !lacks_need(set, &features[i])) {
                continue;
            }
            cpu_features_put(set, i, FALSE);
            if (dropped) {
                cpu_features_put(dropped, i, TRUE);
            }
            again = TRUE;
        }
    }
}

guint cpu_model_count(void)
{
    return G_N_ELEMENTS(models);
}

const CpuModel *cpu_model_at(guint i)
{
    return &models[i];
}

const CpuAlias *cpu_model_aliases(void)
{
    return aliases;
}

const CpuModel *cpu_model_find(const char *name)
{
    for (const CpuAlias *alias = aliases; alias->name; alias++) {
        if (g_str_equal(alias->name, name)) {
            name = alias->of;
            break;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        if (g_str_equal(models[i].name, name)) {
            return &models[i];
        }
    }
    return NULL;
}

void cpu_model_features(const CpuModel *model, gboolean nested, CpuFeatureSet *set)
{
    const CpuModel *m = model - (model->version - 1);

    memset(set, 0, sizeof(*set));
    for (; m <= model; m++) {
        cpu_features_apply(set, m->features);
        if (nested) {
            cpu_features_apply(set, m->nested);
        }
    }
    if (nested) {
        cpu_features_change(set, "vmx", TRUE);
    }
}

guint32 cpu_signature(guint family, guint model, guint stepping)
{
    guint extended = family > 15 ? family - 15 : 0;

    return extended << 20 | MIN(family, 15) << 8 | (model & 0xf) << 4 |
           (model >> 4) << 16 | (stepping & 0xf);
}
