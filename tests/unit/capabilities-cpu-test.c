/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of CPU features and models hold together. */
#include "capabilities/cpu.h"

#include <string.h>

static void check_words(const char *text, const char *of)
{
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);

    for (char **word = words; *word; word++) {
        gboolean sign = **word == '+' || **word == '-';

        if (**word && cpu_feature_find(*word + sign) < 0) {
            g_error("%s: no feature '%s'", of, *word);
        }
    }
}

static void test_features(void)
{
    for (guint i = 0; i < cpu_feature_count(); i++) {
        const CpuFeature *f = cpu_feature_at(i);

        g_assert_cmpstr(cpu_feature_at((guint)cpu_feature_find(f->name))->name, ==,
                        f->name);
        check_words(f->others, f->name);
        check_words(f->needs, f->name);
        check_words(f->libvirt, f->name);
        g_assert_cmpstr(cpu_feature_name(f->function, f->index, f->reg, f->bit), ==,
                        f->name);
        g_assert_cmpuint(f->bit, <, f->reg == CPUID_MSR ? 64 : 32);
        for (guint k = 0; k < i; k++) {
            const CpuFeature *o = cpu_feature_at(k);

            g_assert_false(f->function == o->function && f->index == o->index &&
                           f->reg == o->reg && f->bit == o->bit);
        }
    }
    g_assert_cmpint(cpu_feature_find("no-such-feature"), <, 0);
    g_assert_null(cpu_feature_name(0x7654321, 0, CPUID_EAX, 0));
}

/* Places as the manuals have them, by the spellings that users know. */
static void test_places(void)
{
    static const struct {
        const char *name;
        guint32 function, index;
        CpuidRegister reg;
        unsigned bit;
    } rows[] = {
        { "sse4.1", 1, 0, CPUID_ECX, 19 },
        { "sse4_2", 1, 0, CPUID_ECX, 20 },
        { "sse4-2", 1, 0, CPUID_ECX, 20 },
        { "pclmuldq", 1, 0, CPUID_ECX, 1 },
        { "hypervisor", 1, 0, CPUID_ECX, 31 },
        { "apic", 1, 0, CPUID_EDX, 9 },
        { "avx512f", 7, 0, CPUID_EBX, 16 },
        { "amx-tile", 7, 0, CPUID_EDX, 24 },
        { "avx-vnni", 7, 1, CPUID_EAX, 4 },
        { "xsaves", 0xd, 1, CPUID_EAX, 3 },
        { "kvmclock", 0x40000001, 0, CPUID_EAX, 0 },
        { "xd", 0x80000001, 0, CPUID_EDX, 20 },
        { "i64", 0x80000001, 0, CPUID_EDX, 29 },
        { "nrip_save", 0x8000000a, 0, CPUID_EDX, 3 },
        { "rdctl-no", 0x10a, 0, CPUID_MSR, 0 },
        { "vmx-ept", 0x48b, 0, CPUID_MSR, 33 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        int at = cpu_feature_find(rows[i].name);
        const CpuFeature *f = at < 0 ? NULL : cpu_feature_at((guint)at);

        g_assert_nonnull(f);
        g_assert_cmphex(f->function, ==, rows[i].function);
        g_assert_cmpuint(f->index, ==, rows[i].index);
        g_assert_cmpint(f->reg, ==, rows[i].reg);
        g_assert_cmpuint(f->bit, ==, rows[i].bit);
    }
}

static gboolean have(const CpuFeatureSet *set, const char *name)
{
    return cpu_features_have(set, (guint)cpu_feature_find(name));
}

static void test_sets(void)
{
    CpuFeatureSet set = { { 0 } }, dropped = { { 0 } };

    cpu_features_apply(&set, "kvmclock +avx sse3 -sse3");
    g_assert_true(have(&set, "kvmclock") && have(&set, "avx") && !have(&set, "pni"));
    /* both bits of the name */
    g_assert_cmpstr(cpu_feature_name(0x40000001, 0, CPUID_EAX, 3), ==, "kvmclock");
    g_assert_cmpint(
        __builtin_popcountll(set.words[0]) + __builtin_popcountll(set.words[1]) +
            __builtin_popcountll(set.words[2]) + __builtin_popcountll(set.words[3]) +
            __builtin_popcountll(set.words[4]) + __builtin_popcountll(set.words[5]),
        ==, 3);

    /* one that is dropped takes others with it */
    cpu_features_apply(&set, "vmx-ept vmx-secondary-ctls vmx-unrestricted-guest");
    cpu_features_close(&set, &dropped);
    g_assert_false(have(&set, "vmx-ept") || have(&set, "vmx-secondary-ctls"));
    g_assert_true(have(&dropped, "vmx-ept") && have(&set, "kvmclock"));
}

static void test_describe(void)
{
    g_autofree char *cpuid =
        cpu_feature_describe(cpu_feature_at((guint)cpu_feature_find("sse3")));
    g_autofree char *msr =
        cpu_feature_describe(cpu_feature_at((guint)cpu_feature_find("taa-no")));

    g_assert_cmpstr(cpuid, ==, "CPUID.01H:ECX.pni [bit 0]");
    g_assert_cmpstr(msr, ==, "MSR(10AH).taa-no [bit 8]");
}

static void test_models(void)
{
    const CpuModel *m;
    CpuFeatureSet set;

    for (guint i = 0; i < cpu_model_count(); i++) {
        m = cpu_model_at(i);
        check_words(m->features, m->name);
        check_words(m->nested, m->name);
        g_assert_true(cpu_model_find(m->name) == m);
        g_assert_cmpuint(strlen(m->vendor), ==, 12);
        g_assert_cmpuint(strlen(m->model_id), <=, 48);
        if (m->version > 1) {
            g_assert_cmpstr(m[-1].stem, ==, m->stem);
            g_assert_cmpuint(m[-1].version, ==, m->version - 1);
        }
        cpu_model_features(m, FALSE, &set);
        g_assert_true(have(&set, "fpu"));
    }
    for (const CpuAlias *a = cpu_model_aliases(); a->name; a++) {
        g_assert_cmpstr(cpu_model_find(a->name)->name, ==, a->of);
    }
    g_assert_null(cpu_model_find("host"));
    g_assert_null(cpu_model_find(""));
    g_assert_true(cpu_model_find("Skylake-Server-IBRS") ==
                  cpu_model_find("Skylake-Server-v2"));
}

static void test_versions(void)
{
    CpuFeatureSet first, second, nested;

    cpu_model_features(cpu_model_find("Haswell-v1"), FALSE, &first);
    cpu_model_features(cpu_model_find("Haswell-v2"), FALSE, &second);
    cpu_model_features(cpu_model_find("Haswell-v2"), TRUE, &nested);
    g_assert_true(have(&first, "hle") && have(&first, "rtm") && have(&first, "avx2"));
    g_assert_true(!have(&second, "hle") && !have(&second, "rtm") &&
                  have(&second, "avx2"));
    g_assert_true(have(&nested, "vmx") && have(&nested, "vmx-ept") &&
                  !have(&second, "vmx-ept"));
    g_assert_cmphex(cpu_signature(6, 85, 4), ==, 0x50654);
    g_assert_cmphex(cpu_signature(25, 1, 1), ==, 0xa00f11);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capabilities/cpu/features", test_features);
    g_test_add_func("/capabilities/cpu/places", test_places);
    g_test_add_func("/capabilities/cpu/sets", test_sets);
    g_test_add_func("/capabilities/cpu/describe", test_describe);
    g_test_add_func("/capabilities/cpu/models", test_models);
    g_test_add_func("/capabilities/cpu/versions", test_versions);
    return g_test_run();
}
