/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The caches that models of CPUs have, in the leaves that describe them. */
#include <string.h>

#include "accel/cpu-config.h"

#define LINE 64

#define TYPE_DATA        1
#define TYPE_INSTRUCTION 2
#define TYPE_UNIFIED     3

#define SELF_INIT (1u << 8) /* eax */
#define NO_INVD   1u        /* edx: of the levels below, for WBINVD */
#define INCLUSIVE 2u
#define COMPLEX   4u

typedef struct Cache {
    guint type, level, ways, sets;
    guint32 edx;
} Cache;

#define CACHES 4 /* L1 data, L1 instructions, L2, L3 */

/* Models without caches of their own: by vendor. */
static const Cache intel_caches[CACHES] = {
    { TYPE_DATA, 1, 8, 64, NO_INVD },
    { TYPE_INSTRUCTION, 1, 8, 64, NO_INVD },
    { TYPE_UNIFIED, 2, 16, 4096, NO_INVD },
    { TYPE_UNIFIED, 3, 16, 16384, INCLUSIVE | COMPLEX },
};
static const Cache amd_caches[CACHES] = {
    { TYPE_DATA, 1, 2, 512, NO_INVD },
    { TYPE_INSTRUCTION, 1, 2, 512, NO_INVD },
    { TYPE_UNIFIED, 2, 16, 512, 0 },
    { TYPE_UNIFIED, 3, 16, 16384, INCLUSIVE | COMPLEX },
};
static const Cache epyc_caches[CACHES] = {
    { TYPE_DATA, 1, 8, 64, NO_INVD },
    { TYPE_INSTRUCTION, 1, 4, 256, NO_INVD },
    { TYPE_UNIFIED, 2, 8, 1024, 0 },
    { TYPE_UNIFIED, 3, 16, 8192, INCLUSIVE | COMPLEX },
};
static const Cache rome_caches[CACHES] = {
    { TYPE_DATA, 1, 8, 64, NO_INVD },
    { TYPE_INSTRUCTION, 1, 8, 64, NO_INVD },
    { TYPE_UNIFIED, 2, 8, 1024, 0 },
    { TYPE_UNIFIED, 3, 16, 16384, INCLUSIVE | COMPLEX },
};
static const Cache milan_caches[CACHES] = {
    { TYPE_DATA, 1, 8, 64, NO_INVD },
    { TYPE_INSTRUCTION, 1, 8, 64, NO_INVD },
    { TYPE_UNIFIED, 2, 8, 1024, 0 },
    { TYPE_UNIFIED, 3, 16, 32768, INCLUSIVE | COMPLEX },
};

static const struct {
    const char *stem;
    const Cache *caches;
} own_caches[] = {
    { "EPYC", epyc_caches },
    { "Dhyana", epyc_caches },
    { "EPYC-Rome", rome_caches },
    { "EPYC-Milan", milan_caches },
};

static const Cache *caches_of(const CpuModel *model, gboolean amd)
{
    for (guint i = 0; !model->legacy_cache && i < G_N_ELEMENTS(own_caches); i++) {
        if (g_str_equal(own_caches[i].stem, model->stem)) {
            return own_caches[i].caches;
        }
    }
    return amd ? amd_caches : intel_caches;
}

static guint32 kilobytes(const Cache *c)
{
    return c->ways * c->sets * LINE / 1024;
}

/* Leaf 4, and AMD's 0x8000001d; who shares it is put in with the topology. */
static void add_list(GArray *entries, guint32 function, const Cache *caches, guint n)
{
    for (guint i = 0; i <= n; i++) {
        const Cache *c = &caches[i];
        CpuidEntry e = { .function = function, .index = i };

        if (i < n) {
            e.regs[CPUID_EAX] = c->type | c->level << 5 | SELF_INIT;
            e.regs[CPUID_EBX] = (LINE - 1) | (c->ways - 1) << 22;
            e.regs[CPUID_ECX] = c->sets - 1;
            e.regs[CPUID_EDX] = c->edx;
        }
        g_array_append_val(entries, e);
    }
}

/* How AMD writes the ways of L2 and L3. */
static guint32 ways_code(guint ways)
{
    switch (ways) {
    case 8:
        return 6;
    case 16:
        return 8;
    default:
        return ways;
    }
}

/* 0x80000005 and 0x80000006: TLBs (as QEMU's models have them), then caches. */
static void add_amd(GArray *entries, const Cache *c, gboolean l3)
{
    CpuidEntry l1 = { 0x80000005, 0, { 0x01ff01ff, 0x01ff01ff } };
    CpuidEntry l2 = { 0x80000006, 0, { 0, 0x42004200 } };

    for (guint i = 0; i < 2; i++) {
        l1.regs[CPUID_ECX + i] = kilobytes(&c[i]) << 24 | c[i].ways << 16 | 1 << 8 | LINE;
    }
    l2.regs[CPUID_ECX] =
        kilobytes(&c[2]) << 16 | ways_code(c[2].ways) << 12 | 1 << 8 | LINE;
    if (l3) {
        l2.regs[CPUID_EDX] =
            kilobytes(&c[3]) / 512 << 18 | ways_code(c[3].ways) << 12 | 1 << 8 | LINE;
    }
    g_array_append_val(entries, l1);
    g_array_append_val(entries, l2);
}

void cpuid_add_caches(GArray *entries, const CpuConfig *config, gboolean amd,
                      gboolean topoext)
{
    const Cache *caches = caches_of(config->model, amd);
    guint n = config->l3_cache ? CACHES : CACHES - 1;

    if (!amd) {
        /* 0x2c, 0x30, 0x7d: L1 of 32 KiB each, L2 of 2 MiB; 0x4d: L3 of 16 MiB */
        CpuidEntry descriptors = { 2,
                                   0,
                                   { 1, 0, config->l3_cache ? 0x4d : 0, 0x2c307d } };

        g_array_append_val(entries, descriptors);
        add_list(entries, 4, caches, n);
    }
    add_amd(entries, caches, config->l3_cache);
    if (amd && topoext) {
        add_list(entries, 0x8000001d, caches, n);
    }
}
