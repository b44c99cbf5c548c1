/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -cpu: how it is read, which features come of it, and the CPUID that is made. */
#include "accel/cpu-config.h"
#include "accel/topology.h"

#include <string.h>

/* A host of little: what KVM has said on one. */
static const CpuidEntry epyc_entries[] = {
#include "tests/golden/cpu/kvm-epyc.inc"
};
static const CpuHost epyc = { epyc_entries, G_N_ELEMENTS(epyc_entries), 0 };

/* A host that can do all, made of the tables. */
#define FULL_MAX 128
static CpuidEntry full_entries[FULL_MAX];
static CpuHost full = { full_entries, 0, G_MAXUINT64 };

static CpuidEntry *full_entry(guint32 function, guint32 index)
{
    for (guint i = 0; i < full.n; i++) {
        if (full_entries[i].function == function && full_entries[i].index == index) {
            return &full_entries[i];
        }
    }
    g_assert_cmpuint(full.n, <, FULL_MAX);
    full_entries[full.n] = (CpuidEntry){ function, index, { 0 } };
    return &full_entries[full.n++];
}

static void set_entry(guint32 function, guint32 index, guint32 a, guint32 b, guint32 c,
                      guint32 d)
{
    *full_entry(function, index) = (CpuidEntry){ function, index, { a, b, c, d } };
}

static void make_full(void)
{
    for (guint i = 0; i < cpu_feature_count(); i++) {
        const CpuFeature *f = cpu_feature_at(i);

        if (f->reg != CPUID_MSR) {
            full_entry(f->function, f->index)->regs[f->reg] |= 1u << f->bit;
        }
    }
    memcpy(&full_entry(0, 0)->regs[CPUID_EBX], "Genu", 4);
    memcpy(&full_entry(0, 0)->regs[CPUID_EDX], "ineI", 4);
    memcpy(&full_entry(0, 0)->regs[CPUID_ECX], "ntel", 4);
    full_entry(0, 0)->regs[CPUID_EAX] = 0x20;
    set_entry(0xd, 0, 0x2e7, 0x240, 0xa88, 0);
    set_entry(0xd, 2, 0x100, 0x240, 0, 0);
    set_entry(0xd, 5, 0x40, 0x440, 0, 0);
    set_entry(0xd, 6, 0x200, 0x480, 0, 0);
    set_entry(0xd, 7, 0x400, 0x680, 0, 0);
    set_entry(0xd, 9, 0x8, 0xa80, 0, 0);
    set_entry(0x40000000, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
    full_entry(0x80000008, 0)->regs[CPUID_EAX] = 0x302e;
}

static gboolean parse(CpuConfig *config, const char *text, GError **errp)
{
    g_autoptr(ConfigNode) node = config_map_new();
    g_auto(GStrv) words = g_strsplit(text, ",", -1);

    config_map_set_string(node, "model", words[0]);
    for (char **word = words + 1; *word; word++) {
        char *value = strchr(*word, '=');

        if (value) {
            *value++ = 0;
        }
        config_map_set_string(node, *word, value ? value : "on");
    }
    return cpu_config_parse(config, node, errp);
}

static void good(CpuConfig *config, const char *text)
{
    g_autoptr(GError) error = NULL;

    parse(config, text, &error);
    g_assert_no_error(error);
}

static void test_refused(void)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        { "foo", "unable to find CPU model 'foo'" },
        { "host,foo=on", "the feature 'foo' is not supported" },
        { "host,+foo", "+foo" },
        { "host,vmx=on", "vmx" },
        { "host,+svm", "svm" },
        { "host,hv-relaxed=on", "enlightenments" },
        { "host,x-force-features=on", "x-force-features" },
        { "host,osxsave=on", "osxsave" },
        { "host,phys-bits=20", "phys-bits should be between 32 and 52" },
        { "host,phys-bits=53", "phys-bits" },
        { "host,vendor=Short", "vendor='Short'" },
        { "host,family=1000", "family" },
        { "host,check=perhaps", "check" },
        { "host,model-id=0123456789012345678901234567890123456789012345678",
          "longer than 48" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        CpuConfig config;

        g_assert_false(parse(&config, rows[i].text, &error));
        if (!strstr(error->message, rows[i].part)) {
            g_error("%s: %s", rows[i].text, error->message);
        }
    }
}

static void resolve(const char *text, const CpuHost *host, CpuConfig *config,
                    CpuResult *result)
{
    good(config, text);
    cpu_resolve(config, host, result);
}

static gboolean in(const CpuFeatureSet *set, const char *name)
{
    return cpu_features_have(set, (guint)cpu_feature_find(name));
}

static gboolean none(const CpuFeatureSet *set)
{
    static const CpuFeatureSet empty;

    return memcmp(set, &empty, sizeof(empty)) == 0;
}

static void test_signs(void)
{
    CpuConfig config;
    CpuResult r;

    /* '-' comes last, '_' is '-', and "off" takes what "on" gave */
    resolve("Penryn,-ssse3,+ssse3,sse4_1=off,+avx2,+xsave,+avx,-kvm_pv_eoi", &full,
            &config, &r);
    g_assert_true(none(&r.missing) && none(&r.unmet));
    g_assert_false(in(&r.have, "ssse3") || in(&r.have, "sse4.1") ||
                   in(&r.have, "kvm-pv-eoi"));
    g_assert_true(in(&r.have, "avx2") && in(&r.have, "kvmclock") &&
                  in(&r.have, "x2apic") && in(&r.have, "hypervisor"));
    g_assert_false(in(&r.have, "vmx") || in(&r.have, "svm") || in(&r.have, "invtsc"));
}

static void test_missing(void)
{
    g_autoptr(GError) error = NULL;
    CpuConfig config;
    CpuResult r;

    resolve("Skylake-Server-v4,enforce", &epyc, &config, &r);
    g_assert_true(in(&r.missing, "avx512f") && in(&r.missing, "pni"));
    g_assert_false(in(&r.have, "avx512f") || in(&r.missing, "fpu"));
    g_assert_true(in(&r.have, "fpu"));
    g_assert_false(cpu_check(&config, &r, &error));
    g_assert_nonnull(strstr(error->message,
                            "-cpu Skylake-Server-v4: Host doesn't support "
                            "requested features: "));
    g_assert_nonnull(strstr(error->message, "CPUID.01H:ECX.pni [bit 0]"));
    g_assert_nonnull(strstr(error->message, "CPUID.07H:EBX.avx512f [bit 16]"));

    g_clear_error(&error);
    resolve("Skylake-Server-v4,enforce", &full, &config, &r);
    g_assert_true(cpu_check(&config, &r, &error));
    /* without a model, what is there is taken */
    resolve("host,enforce", &epyc, &config, &r);
    g_assert_true(none(&r.missing) && cpu_check(&config, &r, &error));
    resolve("host,enforce,+avx2", &epyc, &config, &r);
    g_assert_false(cpu_check(&config, &r, &error));
    /* a feature that needs what has not been asked for */
    g_clear_error(&error);
    resolve("qemu64,enforce,+vmx-ept", &full, &config, &r);
    g_assert_true(in(&r.unmet, "vmx-ept") && !cpu_check(&config, &r, &error));
}

static const CpuidEntry *find(GArray *entries, guint32 function, guint32 index)
{
    static const CpuidEntry nothing;

    for (guint i = 0; i < entries->len; i++) {
        const CpuidEntry *e = &g_array_index(entries, CpuidEntry, i);

        if (e->function == function && e->index == index) {
            return e;
        }
    }
    return &nothing;
}

static GArray *build(const char *text, const CpuHost *host)
{
    CpuConfig config;
    CpuResult result;

    resolve(text, host, &config, &result);
    return cpuid_build(&config, host, &result);
}

static void expect(GArray *entries, guint32 function, guint32 index, guint32 a, guint32 b,
                   guint32 c, guint32 d)
{
    const CpuidEntry *e = find(entries, function, index);

    g_assert_cmphex(e->regs[CPUID_EAX], ==, a);
    g_assert_cmphex(e->regs[CPUID_EBX], ==, b);
    g_assert_cmphex(e->regs[CPUID_ECX], ==, c);
    g_assert_cmphex(e->regs[CPUID_EDX], ==, d);
}

static void test_model(void)
{
    g_autoptr(GArray) e = build("Skylake-Server-v4", &full);

    g_assert_cmphex(find(e, 0, 0)->regs[CPUID_EAX], ==, 0xd);
    g_assert_cmphex(find(e, 1, 0)->regs[CPUID_EAX], ==, 0x50654);
    g_assert_cmphex(find(e, 7, 0)->regs[CPUID_EBX] & 1u << 16, ==, 1u << 16);
    g_assert_cmphex(find(e, 7, 0)->regs[CPUID_EBX] & (1u << 4 | 1u << 11), ==, 0);
    expect(e, 0xd, 0, 0x2e7, 0xa88, 0xa88, 0);
    expect(e, 0xd, 9, 8, 0xa80, 0, 0);
    expect(e, 2, 0, 1, 0, 0x4d, 0x2c307d);
    expect(e, 4, 0, 0x121, 0x1c0003f, 0x3f, 1);
    expect(e, 4, 3, 0x163, 0x3c0003f, 0x3fff, 6);
    expect(e, 4, 4, 0, 0, 0, 0);
    g_assert_cmphex(find(e, 0x80000000, 0)->regs[CPUID_EAX], ==, 0x80000008);
    g_assert_cmpint(memcmp(find(e, 0x80000002, 0)->regs, "Intel Xeon Proce", 16), ==, 0);
    g_assert_cmphex(find(e, 0x80000008, 0)->regs[CPUID_EAX], ==, 0x3028);
}

static void test_numbers(void)
{
    g_autoptr(GArray) e =
        build("qemu64,family=25,stepping=3,level=7,phys-bits=45,l3-cache=off,"
              "vendor=AuthenticAMD,model-id=x",
              &full);

    g_assert_cmphex(find(e, 0, 0)->regs[CPUID_EAX], ==, 7);
    g_assert_cmphex(find(e, 0, 0)->regs[CPUID_EBX], ==, 0x68747541);
    g_assert_cmphex(find(e, 1, 0)->regs[CPUID_EAX], ==, 0xa60fb3);
    g_assert_cmphex(find(e, 0x80000008, 0)->regs[CPUID_EAX], ==, 0x302d);
    expect(e, 0x80000002, 0, 'x', 0, 0, 0);
    /* AMD's caches, and its copies of leaf 1 */
    expect(e, 4, 0, 0, 0, 0, 0);
    expect(e, 0x80000006, 0, 0, 0x42004200, 0x02008140, 0);
    g_assert_cmphex(find(e, 0x80000001, 0)->regs[CPUID_EDX] & 0x1ff, ==, 0x1fd);
}

static void test_host(void)
{
    g_autoptr(GArray) e = build("host,-syscall,host-phys-bits-limit=42", &epyc);

    g_assert_cmphex(find(e, 1, 0)->regs[CPUID_EAX], ==, 0xa10f11);
    g_assert_cmphex(find(e, 0x80000001, 0)->regs[CPUID_EDX], ==, 0x23d3fbff & ~0x800u);
    g_assert_cmphex(find(e, 0x80000007, 0)->regs[CPUID_EDX], ==, 0); /* migratable */
    g_assert_cmphex(find(e, 0x80000008, 0)->regs[CPUID_EAX], ==, 0x302a);
    g_array_unref(e);
    e = build("max,migratable=off", &epyc);
    g_assert_cmphex(find(e, 0x80000007, 0)->regs[CPUID_EDX], ==, 0x100);
}

/* Of each model on each host: no feature that the host lacks, no leaf twice. */
static void test_all(void)
{
    const CpuHost *hosts[] = { &epyc, &full };

    for (guint i = 0; i < 2 * cpu_model_count(); i++) {
        const CpuModel *m = cpu_model_at(i / 2);
        g_autoptr(GArray) e = build(m->name, hosts[i % 2]);

        for (guint k = 0; k < e->len; k++) {
            const CpuidEntry *one = &g_array_index(e, CpuidEntry, k);

            g_assert_true(find(e, one->function, one->index) == one);
        }
        g_assert_cmphex(find(e, 0, 0)->regs[CPUID_EAX], >=, m->level);
        g_assert_cmphex(find(e, 1, 0)->regs[CPUID_EAX], ==,
                        cpu_signature(m->family, m->model, m->stepping));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_full();
    g_test_add_func("/accel/cpu/refused", test_refused);
    g_test_add_func("/accel/cpu/signs", test_signs);
    g_test_add_func("/accel/cpu/missing", test_missing);
    g_test_add_func("/accel/cpu/model", test_model);
    g_test_add_func("/accel/cpu/numbers", test_numbers);
    g_test_add_func("/accel/cpu/host", test_host);
    g_test_add_func("/accel/cpu/all", test_all);
    return g_test_run();
}
