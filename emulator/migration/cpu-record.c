/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the source's CPU the guest relies on, as rows of the CONFIG record. Each says
 * by its key how it is compared, so that a reader checks leaves that it has never heard
 * of, and what a writer does not say is not looked at:
 *
 *   CPUID features LEAF.SUBLEAF REGISTER=BITS
 *     A guest has chosen its code by the bits that it saw, so that each bit of the
 *     source's must be there on the destination too. Bits that only the destination has
 *     are let through: they work there, and nobody has to have asked. A guest that looks
 *     again (a program that starts, a reset) may take them up, and then does not come
 *     back to where they are missing: that way is refused here. No bits, no row.
 *
 *   CPUID LEAF.SUBLEAF REGISTER=VALUE
 *     Vendor and XSAVE layout must be equal: sizes and offsets, which are kept in memory
 *     and in the vCPU's own state, are not a matter of more or less. Zero is said, too.
 *
 * Left out: what the guest itself changes (OSXSAVE, OSPKE, APIC on or off), and what
 * follows from -smp. An accelerator without CPUID (qtest) has no rows.
 */
#include <string.h>

#include "accel/cpu-feature.h"
#include "migration/stream.h"
#include "util/error.h"

typedef struct Word {
    guint32 function, index;
    CpuidRegister reg;
    guint32 ignored; /* bits */
} Word;

#define BIT(n) (1u << (n))

static const Word feature_words[] = {
    { 0x1, 0, CPUID_ECX, BIT(27) },          /* OSXSAVE */
    { 0x1, 0, CPUID_EDX, BIT(9) | BIT(28) }, /* APIC, HTT */
    { 0x6, 0, CPUID_EAX, 0 },
    { 0x7, 0, CPUID_EBX, 0 },
    { 0x7, 0, CPUID_ECX, BIT(4) }, /* OSPKE */
    { 0x7, 0, CPUID_EDX, 0 },
    { 0x7, 1, CPUID_EAX, 0 },
    { 0x7, 1, CPUID_EDX, 0 },
    { 0x7, 2, CPUID_EDX, 0 },
    { 0xd, 1, CPUID_EAX, 0 },
    { 0x40000001, 0, CPUID_EAX, 0 },
    { 0x80000001, 0, CPUID_ECX, BIT(1) }, /* CmpLegacy */
    { 0x80000001, 0, CPUID_EDX, BIT(9) }, /* APIC */
    { 0x80000007, 0, CPUID_EDX, 0 },
    { 0x80000008, 0, CPUID_EBX, 0 },
    { 0x80000021, 0, CPUID_EAX, 0 },
};

/* The components of 0xd: AVX, MPX, AVX-512, PKRU, CET, AMX. */
static const Word equal_words[] = {
    { 0x0, 0, CPUID_EBX, 0 },  { 0x0, 0, CPUID_ECX, 0 },  { 0x0, 0, CPUID_EDX, 0 },
    { 0xd, 0, CPUID_EAX, 0 },  { 0xd, 0, CPUID_EDX, 0 },  { 0xd, 1, CPUID_ECX, 0 },
    { 0xd, 2, CPUID_EAX, 0 },  { 0xd, 2, CPUID_EBX, 0 },  { 0xd, 3, CPUID_EAX, 0 },
    { 0xd, 3, CPUID_EBX, 0 },  { 0xd, 4, CPUID_EAX, 0 },  { 0xd, 4, CPUID_EBX, 0 },
    { 0xd, 5, CPUID_EAX, 0 },  { 0xd, 5, CPUID_EBX, 0 },  { 0xd, 6, CPUID_EAX, 0 },
    { 0xd, 6, CPUID_EBX, 0 },  { 0xd, 7, CPUID_EAX, 0 },  { 0xd, 7, CPUID_EBX, 0 },
    { 0xd, 9, CPUID_EAX, 0 },  { 0xd, 9, CPUID_EBX, 0 },  { 0xd, 11, CPUID_EAX, 0 },
    { 0xd, 12, CPUID_EAX, 0 }, { 0xd, 17, CPUID_EAX, 0 }, { 0xd, 17, CPUID_EBX, 0 },
    { 0xd, 18, CPUID_EAX, 0 }, { 0xd, 18, CPUID_EBX, 0 },
};

static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };

#define KEY      "CPUID "
#define FEATURES "features "

/* The words of one of the two tables. */
static void add_words(const Word *words, guint n, gboolean features,
                      void (*add)(const char *key, const char *value, void *opaque),
                      void *opaque)
{
    for (guint i = 0; i < n; i++) {
        const Word *w = &words[i];
        guint32 value = cpu_get_cpuid(w->function, w->index, w->reg) & ~w->ignored;
        g_autofree char *key = NULL, *text = NULL;

        if (features && !value) {
            continue;
        }
        key = g_strdup_printf(KEY "%s0x%x.%u %s", features ? FEATURES : "", w->function,
                              w->index, registers[w->reg]);
        text = g_strdup_printf("%08x", value);
        add(key, text, opaque);
    }
}

void mig_cpu_foreach_row(void (*add)(const char *key, const char *value, void *opaque),
                         void *opaque)
{
    if (!cpu_get_cpuid(0, 0, CPUID_EBX)) {
        return; /* no CPU without a vendor */
    }
    add_words(equal_words, G_N_ELEMENTS(equal_words), FALSE, add, opaque);
    add_words(feature_words, G_N_ELEMENTS(feature_words), TRUE, add, opaque);
}

/* "0x7.0 ebx" */
static gboolean parse_word(const char *text, Word *w)
{
    g_auto(GStrv) parts = g_strsplit_set(text, ". ", 4);
    guint64 function, index;

    if (g_strv_length(parts) != 3 || !g_str_has_prefix(parts[0], "0x") ||
        !g_ascii_string_to_unsigned(parts[0] + 2, 16, 0, G_MAXUINT32, &function, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT32, &index, NULL)) {
        return FALSE;
    }
    w->function = function;
    w->index = index;
    for (guint i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (strcmp(parts[2], registers[i]) == 0) {
            w->reg = i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_features(const Word *w, const char *name, guint32 theirs,
                               GError **errp)
{
    guint32 missing = theirs & ~cpu_get_cpuid(w->function, w->index, w->reg);
    const char *feature;
    unsigned bit;

    if (!missing) {
        return TRUE;
    }
    bit = __builtin_ctz(missing);
    feature = cpu_feature_name(w->function, w->index, w->reg, bit);
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                "The source's CPU has the feature CPUID %s bit %u%s%s%s, which this VM "
                "does not have",
                name, bit, feature ? " (" : "", feature ? feature : "",
                feature ? ")" : "");
    return FALSE;
}

static gboolean check_equal(const Word *w, const char *name, guint32 theirs,
                            GError **errp)
{
    guint32 mine = cpu_get_cpuid(w->function, w->index, w->reg);

    if (mine == theirs) {
        return TRUE;
    }
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                "This VM has CPUID %s=%08x, but the source: %08x", name, mine, theirs);
    return FALSE;
}

gboolean mig_cpu_check_row(const char *key, const char *value, gboolean *known,
                           GError **errp)
{
    gboolean features;
    guint64 theirs;
    Word w;

    *known = FALSE;
    if (!g_str_has_prefix(key, KEY)) {
        return TRUE;
    }
    key += strlen(KEY);
    features = g_str_has_prefix(key, FEATURES);
    key += features ? strlen(FEATURES) : 0;
    if (!parse_word(key, &w)) {
        return TRUE;
    }
    *known = TRUE;
    if (strlen(value) != 8 ||
        !g_ascii_string_to_unsigned(value, 16, 0, G_MAXUINT32, &theirs, NULL)) {
        g_autofree char *shown = error_printable(value, strlen(value));

        return error_set(errp, "CPUID %s of the migration stream is no number: '%s'", key,
                         shown);
    }
    return features ? check_features(&w, key, theirs, errp)
                    : check_equal(&w, key, theirs, errp);
}
