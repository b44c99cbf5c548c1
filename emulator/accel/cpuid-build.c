/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID of a CPU: of the host's own, what KVM supports without the features that are
 * off; of a model, leaf by leaf what its data and features say.
 */
#include <string.h>

#include "accel/cpu-config.h"
#include "accel/topology.h"

#define LEAF_KVM      0x40000000u
#define LEAF_EXTENDED 0x80000000u

#define XSAVE_LEGACY_BYTES 576 /* and its header */
#define CLFLUSH_QUADS      8u
#define AMD_COPIES         0x0183f3ffu /* of 1.edx, in 0x80000001.edx */
#define CMP_LEGACY         (1u << 1)
#define LINEAR_BITS        48u
#define LINEAR_BITS_LA57   57u

/* Components of XSAVE that a feature stands for, bits of XCR0. */
static const struct {
    const char *feature;
    guint64 components;
} xsave_parts[] = {
    { "xsave", 0x3 },    { "avx", 0x4 },   { "mpx", 0x18 },
    { "avx512f", 0xe0 }, { "pku", 0x200 }, { "amx-tile", 0x60000 },
};

typedef struct Build {
    const CpuConfig *config;
    const CpuHost *host;
    const CpuFeatureSet *have;
    GArray *entries;
    gboolean amd;
    guint32 vendor[3]; /* as in ebx, edx, ecx of leaf 0 */
} Build;

static gboolean has(const Build *b, const char *name)
{
    int i = cpu_feature_find(name);

    return i >= 0 && cpu_features_have(b->have, (guint)i);
}

/* The features in a register. */
static guint32 word(const Build *b, guint32 function, guint32 index, CpuidRegister reg)
{
    guint32 bits = 0;

    for (guint i = 0; i < cpu_feature_count(); i++) {
        const CpuFeature *f = cpu_feature_at(i);

        if (f->function == function && f->index == index && f->reg == reg &&
            cpu_features_have(b->have, i)) {
            bits |= 1u << f->bit;
        }
    }
    return bits;
}

static void put(Build *b, guint32 function, guint32 index, guint32 eax, guint32 ebx,
                guint32 ecx, guint32 edx)
{
    CpuidEntry e = { function, index, { eax, ebx, ecx, edx } };

    g_array_append_val(b->entries, e);
}

static void copy_host(Build *b, guint32 function)
{
    for (guint i = 0; i < b->host->n; i++) {
        if (b->host->entries[i].function == function) {
            g_array_append_val(b->entries, b->host->entries[i]);
        }
    }
}

static guint32 either(gint64 said, guint32 otherwise)
{
    return said == CPU_UNSET ? otherwise : (guint32)said;
}

/* KVM shows the host's vendor, whatever the model's is, unless another was named. */
static void find_vendor(Build *b)
{
    static const CpuidRegister order[] = { CPUID_EBX, CPUID_EDX, CPUID_ECX };

    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        b->vendor[i] = cpu_host_word(b->host, 0, 0, order[i]);
    }
    if (b->config->vendor) {
        memcpy(b->vendor, b->config->vendor, sizeof(b->vendor));
    }
    b->amd = memcmp(b->vendor, "AuthenticAMD", sizeof(b->vendor)) == 0 ||
             memcmp(b->vendor, "HygonGenuine", sizeof(b->vendor)) == 0;
}

static guint cpu_family(guint32 eax)
{
    guint family = eax >> 8 & 0xf;

    return family == 15 ? family + (eax >> 20 & 0xff) : family;
}

static guint cpu_model_number(guint32 eax)
{
    return (eax >> 4 & 0xf) | (eax >> 12 & 0xf0);
}

static guint32 signature(const Build *b)
{
    const CpuConfig *c = b->config;

    return cpu_signature(either(c->family, c->model->family), c->model->model,
                         either(c->stepping, c->model->stepping));
}

/* Bits of XCR0 that features and host allow. */
static guint64 components(const Build *b)
{
    guint64 bits = 0;

    for (guint i = 0; has(b, "xsave") && i < G_N_ELEMENTS(xsave_parts); i++) {
        bits |= has(b, xsave_parts[i].feature) ? xsave_parts[i].components : 0;
    }
    return bits & (cpu_host_word(b->host, 0xd, 0, CPUID_EAX) |
                   (guint64)cpu_host_word(b->host, 0xd, 0, CPUID_EDX) << 32);
}

static void text_of(const CpuHost *host, char *out)
{
    for (guint i = 0; i < 12; i++) {
        guint32 w = cpu_host_word(host, LEAF_EXTENDED + 2 + i / 4, 0, i % 4);

        memcpy(out + 4 * i, &w, sizeof(w));
    }
}

void cpu_identify(const CpuConfig *config, const CpuHost *host, CpuIdentity *id)
{
    Build b = { .config = config, .host = host };
    const CpuModel *m = config->model;
    guint32 eax = cpu_host_word(host, 1, 0, CPUID_EAX);

    memset(id, 0, sizeof(*id));
    find_vendor(&b);
    memcpy(id->vendor, b.vendor, sizeof(b.vendor));
    if (m && !id->vendor[0]) {
        g_strlcpy(id->vendor, m->vendor, sizeof(id->vendor));
    }
    id->family = either(config->family, m ? m->family : cpu_family(eax));
    id->model = m ? m->model : cpu_model_number(eax);
    id->stepping = either(config->stepping, m ? m->stepping : eax & 0xf);
    if (config->model_id || m) {
        g_strlcpy(id->model_id, config->model_id ? config->model_id : m->model_id,
                  sizeof(id->model_id));
    } else {
        text_of(host, id->model_id);
    }
}

static void put_xsave(Build *b)
{
    guint64 bits = components(b);
    guint32 size = XSAVE_LEGACY_BYTES;

    for (guint32 i = 2; i < 63; i++) {
        if (bits >> i & 1) {
            size = MAX(size, cpu_host_word(b->host, 0xd, i, CPUID_EAX) +
                                 cpu_host_word(b->host, 0xd, i, CPUID_EBX));
        }
    }
    if (!bits) {
        size = 0;
    }
    put(b, 0xd, 0, (guint32)bits, size, size, (guint32)(bits >> 32));
    put(b, 0xd, 1, word(b, 0xd, 1, CPUID_EAX), bits ? size : 0,
        word(b, 0xd, 1, CPUID_ECX), word(b, 0xd, 1, CPUID_EDX));
    for (guint32 i = 2; i < 63; i++) {
        if (bits >> i & 1) {
            put(b, 0xd, i, cpu_host_word(b->host, 0xd, i, CPUID_EAX),
                cpu_host_word(b->host, 0xd, i, CPUID_EBX),
                cpu_host_word(b->host, 0xd, i, CPUID_ECX), 0);
        }
    }
}

/* The highest leaf: the model's, or what its features need. */
static guint32 highest(const Build *b)
{
    guint32 level = b->config->model->level;

    if (has(b, "arat")) {
        level = MAX(level, 6);
    }
    if (word(b, 7, 0, CPUID_EBX) | word(b, 7, 0, CPUID_ECX) | word(b, 7, 0, CPUID_EDX)) {
        level = MAX(level, 7);
    }
    if (components(b)) {
        level = MAX(level, 0xd);
    }
    if (cpu_topology.dies > 1) {
        level = MAX(level, 0x1f);
    }
    return either(b->config->level, level);
}

static guint32 highest_extended(const Build *b)
{
    guint32 level = b->config->model->xlevel;

    if (word(b, 0x80000001, 0, CPUID_ECX) | word(b, 0x80000001, 0, CPUID_EDX)) {
        level = MAX(level, 0x80000001);
    }
    if (has(b, "invtsc")) {
        level = MAX(level, 0x80000007);
    }
    if (word(b, 0x80000008, 0, CPUID_EBX)) {
        level = MAX(level, 0x80000008);
    }
    if (b->amd && has(b, "topoext")) {
        level = MAX(level, 0x8000001e);
    }
    return either(b->config->xlevel, level);
}

static void put_level7(Build *b)
{
    guint32 first = word(b, 7, 1, CPUID_EAX);
    guint32 top = MAX(b->config->model->level7, first ? 1u : 0u);

    top = MIN(either(b->config->level7, top), 2u);
    put(b, 7, 0, top, word(b, 7, 0, CPUID_EBX), word(b, 7, 0, CPUID_ECX),
        word(b, 7, 0, CPUID_EDX));
    if (top) {
        put(b, 7, 1, first, word(b, 7, 1, CPUID_EBX), word(b, 7, 1, CPUID_ECX),
            word(b, 7, 1, CPUID_EDX));
    }
    if (top > 1) {
        put(b, 7, 2, 0, 0, 0, word(b, 7, 2, CPUID_EDX));
    }
}

static void put_basic(Build *b)
{
    guint32 level = highest(b);

    put(b, 0, 0, level, b->vendor[0], b->vendor[2], b->vendor[1]);
    put(b, 1, 0, signature(b), CLFLUSH_QUADS << 8, word(b, 1, 0, CPUID_ECX),
        word(b, 1, 0, CPUID_EDX));
    if (level >= 6) {
        put(b, 6, 0, word(b, 6, 0, CPUID_EAX), 0, 0, 0);
    }
    if (level >= 7) {
        put_level7(b);
    }
    if (level >= 0xa && b->config->pmu) {
        copy_host(b, 0xa);
    }
    for (guint32 i = 0; level >= 0xb && i < 3; i++) {
        put(b, 0xb, i, 0, 0, 0, 0);
    }
    if (level >= 0xd) {
        put_xsave(b);
    }
    for (guint32 i = 0; level >= 0x1f && i < 4; i++) {
        put(b, 0x1f, i, 0, 0, 0, 0);
    }
}

static void put_name(Build *b)
{
    const char *id =
        b->config->model_id ? b->config->model_id : b->config->model->model_id;
    guint32 words[12] = { 0 };

    memcpy(words, id, MIN(strlen(id), sizeof(words)));
    for (guint i = 0; i < 3; i++) {
        const guint32 *w = words + 4 * i;

        put(b, LEAF_EXTENDED + 2 + i, 0, w[0], w[1], w[2], w[3]);
    }
}

static guint32 linear_and_physical(const Build *b)
{
    guint32 host = cpu_host_word(b->host, LEAF_EXTENDED + 8, 0, CPUID_EAX) & 0xff;

    return cpu_config_phys_bits(b->config, host) |
           (has(b, "la57") ? LINEAR_BITS_LA57 : LINEAR_BITS) << 8;
}

static void put_extended(Build *b)
{
    guint32 level = highest_extended(b);
    guint32 ecx = word(b, 0x80000001, 0, CPUID_ECX);
    guint32 edx = word(b, 0x80000001, 0, CPUID_EDX);

    if (b->amd) {
        edx |= word(b, 1, 0, CPUID_EDX) & AMD_COPIES;
        ecx |= cpu_topology.dies * cpu_topology.cores * cpu_topology.threads > 1
                   ? CMP_LEGACY
                   : 0;
    }
    put(b, LEAF_EXTENDED, 0, level, b->vendor[0], b->vendor[2], b->vendor[1]);
    put(b, 0x80000001, 0, signature(b), 0, ecx, edx);
    put_name(b);
    put(b, 0x80000007, 0, 0, 0, 0, word(b, 0x80000007, 0, CPUID_EDX));
    /* AMD's ecx is filled in with the topology where it is not 0 */
    put(b, 0x80000008, 0, linear_and_physical(b), word(b, 0x80000008, 0, CPUID_EBX),
        b->amd ? 1 : 0, 0);
    if (b->amd && has(b, "topoext")) {
        put(b, 0x8000001e, 0, 0, 0, 0, 0);
    }
}

static void put_caches(Build *b)
{
    static const guint32 leaves[] = { 2, 4, 0x80000005, 0x80000006, 0x8000001d };

    if (!b->config->host_cache_info) {
        cpuid_add_caches(b->entries, b->config, b->amd, has(b, "topoext"));
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(leaves); i++) {
        copy_host(b, leaves[i]);
    }
}

static void put_kvm(Build *b)
{
    copy_host(b, LEAF_KVM);
    put(b, LEAF_KVM + 1, 0, word(b, LEAF_KVM + 1, 0, CPUID_EAX), 0, 0,
        word(b, LEAF_KVM + 1, 0, CPUID_EDX));
}

static void clear(GArray *entries, guint32 function)
{
    for (guint i = 0; i < entries->len; i++) {
        CpuidEntry *e = &g_array_index(entries, CpuidEntry, i);

        if (e->function == function) {
            memset(e->regs, 0, sizeof(e->regs));
        }
    }
}

/* -cpu host, vendor= or family= and the like. */
static void override_host(Build *b, CpuidEntry *e)
{
    const CpuConfig *c = b->config;
    guint32 old = e->regs[CPUID_EAX];

    if (e->function == 0 || e->function == LEAF_EXTENDED) {
        e->regs[CPUID_EBX] = b->vendor[0];
        e->regs[CPUID_EDX] = b->vendor[1];
        e->regs[CPUID_ECX] = b->vendor[2];
        e->regs[CPUID_EAX] = either(e->function ? c->xlevel : c->level, old);
    } else if (e->function == 1 || e->function == 0x80000001) {
        e->regs[CPUID_EAX] =
            (old & 0x3000) |
            cpu_signature(either(c->family, cpu_family(old)), cpu_model_number(old),
                          either(c->stepping, old & 0xf));
    } else if (e->function == 0x80000008 &&
               (!c->host_phys_bits || c->host_phys_bits_limit)) {
        e->regs[CPUID_EAX] = (old & ~0xffu) | cpu_config_phys_bits(c, old & 0xff);
    }
}

static void build_host(Build *b)
{
    g_array_append_vals(b->entries, b->host->entries, b->host->n);
    for (guint i = 0; i < b->entries->len; i++) {
        CpuidEntry *e = &g_array_index(b->entries, CpuidEntry, i);

        for (guint k = 0; k < cpu_feature_count(); k++) {
            const CpuFeature *f = cpu_feature_at(k);

            if (f->reg != CPUID_MSR && f->function == e->function &&
                f->index == e->index && !cpu_features_have(b->have, k)) {
                e->regs[f->reg] &= ~(1u << f->bit);
            }
        }
        override_host(b, e);
    }
    if (!b->config->pmu) {
        clear(b->entries, 0xa);
    }
    if (b->config->model_id) {
        for (guint i = b->entries->len; i-- > 0;) {
            guint32 f = g_array_index(b->entries, CpuidEntry, i).function;

            if (f > 0x80000001 && f < 0x80000005) {
                g_array_remove_index(b->entries, i);
            }
        }
        put_name(b);
    }
}

GArray *cpuid_build(const CpuConfig *config, const CpuHost *host, const CpuResult *result)
{
    Build b = { .config = config, .host = host, .have = &result->have };

    b.entries = g_array_new(FALSE, FALSE, sizeof(CpuidEntry));
    find_vendor(&b);
    if (!config->model) {
        build_host(&b);
        return b.entries;
    }
    put_basic(&b);
    put_caches(&b);
    put_kvm(&b);
    put_extended(&b);
    return b.entries;
}
