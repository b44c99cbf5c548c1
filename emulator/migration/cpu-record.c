/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the source's CPU the guest relies on, as lines of the CONFIG record.
 *
 * Feature words: a guest has chosen its code by the bits that it saw, so that each
 * bit of the source's must be there on the destination too. Bits that only the
 * destination has are let through: they work there, and nobody has to have asked. A
 * guest that looks again (a program that starts, a reset) may take them up, and
 * then does not come back to where they are missing: that way is refused here.
 *
 * Vendor and XSAVE layout must be equal: sizes and offsets, which are kept in
 * memory and in the vCPU's own state, are not a matter of more or less.
 *
 * Left out: what the guest itself changes (OSXSAVE, OSPKE, APIC on or off), and what
 * follows from -smp. An accelerator without CPUID (qtest) has no lines.
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

/* "CPUID 0x7.0 ebx": leaf, subleaf, register. */
static char *word_name(const Word *w)
{
    static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };

    return g_strdup_printf("CPUID 0x%x.%u %s", w->function, w->index, registers[w->reg]);
}

static guint32 word_value(const Word *w)
{
    return cpu_get_cpuid(w->function, w->index, w->reg) & ~w->ignored;
}

static void add_words(GPtrArray *lines, const Word *words, guint n)
{
    for (guint i = 0; i < n; i++) {
        guint32 value = word_value(&words[i]);

        if (value) {
            g_autofree char *name = word_name(&words[i]);

            g_ptr_array_add(lines, g_strdup_printf("%s=%08x", name, value));
        }
    }
}

void mig_cpu_add_equal(GPtrArray *lines)
{
    add_words(lines, equal_words, G_N_ELEMENTS(equal_words));
}

void mig_cpu_add_features(GPtrArray *lines)
{
    add_words(lines, feature_words, G_N_ELEMENTS(feature_words));
}

/* theirs: the value in the sender's line. */
static gboolean check_word(const Word *w, const char *name, const char *theirs,
                           GError **errp)
{
    const char *feature;
    guint64 value;
    guint32 missing;
    unsigned bit;

    if (strlen(theirs) != 8 ||
        !g_ascii_string_to_unsigned(theirs, 16, 0, G_MAXUINT32, &value, NULL)) {
        g_autofree char *shown = error_printable(theirs, strlen(theirs));

        return error_set(errp, "%s of the migration stream is no number: '%s'", name,
                         shown);
    }
    missing = (guint32)value & ~w->ignored & ~word_value(w);
    if (!missing) {
        return TRUE;
    }
    bit = __builtin_ctz(missing);
    feature = cpu_feature_name(w->function, w->index, w->reg, bit);
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                "The source's CPU has the feature %s bit %u%s%s%s, which this VM does "
                "not have",
                name, bit, feature ? " (" : "", feature ? feature : "",
                feature ? ")" : "");
    return FALSE;
}

gboolean mig_cpu_check_features(GHashTable *theirs, GError **errp)
{
    for (guint i = 0; i < G_N_ELEMENTS(feature_words); i++) {
        g_autofree char *name = word_name(&feature_words[i]);
        g_autofree char *prefix = g_strconcat(name, "=", NULL);
        GHashTableIter iter;
        gpointer line;

        g_hash_table_iter_init(&iter, theirs);
        while (g_hash_table_iter_next(&iter, &line, NULL)) {
            if (!g_str_has_prefix(line, prefix)) {
                continue;
            }
            if (!check_word(&feature_words[i], name, (char *)line + strlen(prefix),
                            errp)) {
                return FALSE;
            }
            g_hash_table_iter_remove(&iter);
        }
    }
    return TRUE;
}
