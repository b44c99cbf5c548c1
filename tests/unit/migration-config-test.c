/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CONFIG record of a machine without devices: what its CPUs must have in common. */
#include <string.h>

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "event/loop.h"
#include "machine/machine.h"
#include "memory/ram.h"
#include "migration/stream.h"
#include "tests/unit/no-board.h"

/* A CPU with something in every kind of word. */
static const CpuidEntry base[] = {
    { 0x0, 0, { 0x10, 0x68747541, 0x444d4163, 0x69746e65 } },
    { 0x1, 0, { 0x830f10, 0x00020800, 0xfef83203 | 1u << 27, 0x178bfbff } },
    { 0x7, 0, { 1, 0x219c01a9, 0x00400004, 0x00000010 } },
    { 0x7, 1, { 0x10, 0, 0, 0 } },
    { 0xd, 0, { 7, 0x340, 0x340, 0 } },
    { 0xd, 1, { 0xf, 0x340, 0, 0 } },
    { 0xd, 2, { 0x100, 0x240, 0, 0 } },
    { 0x40000001, 0, { 0x01007efb, 0, 0, 0 } },
    { 0x80000001, 0, { 0, 0, 0x007f, 0x2fd3fbff } },
    { 0x80000008, 0, { 0x3030, 0x1000, 0, 0 } },
};

typedef enum Who { NEITHER, SOURCE, DESTINATION } Who;

/* One register of one of the two has other bits. */
static const struct Case {
    const char *name;
    Who who;
    guint32 function, index;
    CpuidRegister reg;
    guint32 flip;
    const char *why; /* NULL: accepted */
} cases[] = {
    { .name = "same" },
    { "fewer-here", DESTINATION, 7, 0, CPUID_EBX, 1u << 5, "0x7.0 ebx bit 5 (avx2)" },
    { "subleaf", DESTINATION, 7, 1, CPUID_EAX, 1u << 4, "0x7.1 eax bit 4 (avx-vnni)" },
    { "no-name", SOURCE, 0x80000021, 0, CPUID_EAX, 1u << 9,
      "0x80000021.0 eax bit 9, which" },
    { "highest", SOURCE, 7, 0, CPUID_EDX, 1u << 31, "0x7.0 edx bit 31 (ssbd)" },
    { "kvm", DESTINATION, 0x40000001, 0, CPUID_EAX, 8, "0x40000001.0 eax bit 3" },
    { "amd", DESTINATION, 0x80000001, 0, CPUID_EDX, 1u << 26, "0x80000001.0 edx bit 26" },
    { "xsave", DESTINATION, 0xd, 1, CPUID_EAX, 8, "0xd.1 eax bit 3" },
    { "more-here", DESTINATION, 7, 0, CPUID_EBX, 1u << 16, NULL },
    { "fewer-there", SOURCE, 0x80000008, 0, CPUID_EBX, 0x1000, NULL },
    { "osxsave", DESTINATION, 1, 0, CPUID_ECX, 1u << 27, NULL },
    { "apic-off", DESTINATION, 1, 0, CPUID_EDX, 1u << 9, NULL },
    { "apic-id", SOURCE, 1, 0, CPUID_EBX, 0x01000000, NULL },
    { "more-states-here", DESTINATION, 0xd, 0, CPUID_EAX, 0x200, "0xd.0 eax=00000207" },
    { "more-states-there", SOURCE, 0xd, 0, CPUID_EAX, 0x200, "0xd.0 eax=00000007" },
    { "new-state", SOURCE, 0xd, 9, CPUID_EBX, 0x980, "source: 00000980" },
    { "new-state-here", DESTINATION, 0xd, 9, CPUID_EBX, 0x980, "0xd.9 ebx=00000980" },
    { "state-moved", SOURCE, 0xd, 2, CPUID_EBX, 0x40, "0xd.2 ebx=00000240" },
    { "vendor", SOURCE, 0, 0, CPUID_EBX, 1, "0x0.0 ebx=68747541" },
};

static void be(Who who, const struct Case *c)
{
    CpuidEntry entries[G_N_ELEMENTS(base) + 1];
    guint n = G_N_ELEMENTS(base), i;

    memcpy(entries, base, sizeof(base));
    if (who == c->who) {
        for (i = 0; i < n; i++) {
            if (entries[i].function == c->function && entries[i].index == c->index) {
                break;
            }
        }
        if (i == n) {
            entries[n++] = (CpuidEntry){ .function = c->function, .index = c->index };
        }
        entries[i].regs[c->reg] ^= c->flip;
    }
    cpu_set_cpuid(g_memdup2(entries, n * sizeof(entries[0])), n);
}

static void test_cpu(gconstpointer data)
{
    const struct Case *c = data;
    g_autoptr(GError) err = NULL;

    be(SOURCE, c);
    g_autoptr(GBytes) record = mig_config_save(NULL);
    be(DESTINATION, c);
    g_autoptr(GPtrArray) blocks = mig_config_check(record, &err);
    if (!c->why) {
        g_assert_no_error(err);
        g_assert_nonnull(blocks);
        return;
    }
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_FAILED);
    if (!strstr(err->message, c->why)) {
        g_error("'%s' does not say '%s'", err->message, c->why);
    }
}

static void put_row(GByteArray *out, guint32 flags, const char *text)
{
    guint32 head[2] = { GUINT32_TO_LE(strlen(text)), GUINT32_TO_LE(flags) };

    g_byte_array_append(out, (const guint8 *)head, sizeof(head));
    g_byte_array_append(out, (const guint8 *)text, strlen(text));
}

static GBytes *one_more_row(guint32 flags, const char *text)
{
    g_autoptr(GBytes) record = mig_config_save(NULL);
    GByteArray *all = g_byte_array_new();

    g_byte_array_append(all, g_bytes_get_data(record, NULL), g_bytes_get_size(record));
    put_row(all, flags, text);
    return g_byte_array_free_to_bytes(all);
}

/* Rows that a later release has added, and what is none: NULL: it is taken. */
static const struct {
    guint32 flags;
    const char *text, *why;
} rows[] = {
    /* CPUID words that are in no table of ours are compared all the same. */
    { 0, "CPUID features 0x7.2 edx=00000000", NULL },
    { 0, "CPUID features 0x7.2 eax=00000010", "feature CPUID 0x7.2 eax bit 4, which" },
    { 0, "CPUID features 0x40000001.0 eax=00000002", "has it twice: CPUID features" },
    { 0, "CPUID features 0x80000008.0 eax=00000030", NULL },
    { 0, "CPUID 0x80000008.0 eax=00003030", NULL },
    { 0, "CPUID 0x80000008.0 eax=00000030", "0x80000008.0 eax=00003030, but the source" },
    { 0, "CPUID 0x24.1 ecx=00000000", NULL },
    { 0, "next=1", "This VM does not have what the source (vireo " },
    { 1, "next=1", NULL },
    { 1, "CPUID features 0x7.2 eax=00000010", "feature CPUID 0x7.2 eax bit 4, which" },
    { 1, "RAM block nowhere=4096 bytes", "has: RAM block nowhere=4096" },
    { 2, "next=1", "unknown flags: next=1" },
    { 0, "cpus=0", "has it twice: cpus" },
    { 1, "machine=other", "has it twice: machine" },
    { 0, "CPUID", "malformed" },
    { 0, "", "malformed" },
    { 0, "CPUID=1", "has: CPUID=1" },
    { 0, "CPUID features=1", "has: CPUID features=1" },
    { 0, "CPUID 7.0 ebx=00000001", "has: CPUID 7.0 ebx" },
    { 0, "CPUID 0x.0 ebx=00000001", "has: CPUID 0x.0 ebx" },
    { 0, "CPUID 0x7.0=00000001", "has: CPUID 0x7.0" },
    { 0, "CPUID 0x7.9 ebp=00000001", "has: CPUID 0x7.9 ebp" },
    { 0, "CPUID 0x100000007.9 ebx=00000001", "has: CPUID 0x100000007.9" },
    { 0, "CPUID 0x7.9 ebx=", "no number: ''" },
    { 0, "CPUID 0x7.9 ebx=0000000g", "no number: '0000000g'" },
    { 0, "CPUID 0x7.9 ebx=000000001", "no number: '000000001'" },
    { 0, "CPUID 0x7.9 ebx=-0000001", "no number: '-0000001'" },
    { 0, "CPUID 0x7.9 ebx=\xff\n", "no number" },
    { 0, "CPUID features 0x7.9 ebx=ffffffff", "0x7.9 ebx bit 0, which" },
    { 0, "\xff\n=\xff", "does not have what the source" },
};

static void test_rows(void)
{
    be(NEITHER, &cases[0]);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) record = one_more_row(rows[i].flags, rows[i].text);
        g_autoptr(GError) err = NULL;
        g_autoptr(GPtrArray) blocks = mig_config_check(record, &err);

        g_test_message("%s: %s", rows[i].text, err ? err->message : "taken");
        g_assert_true(!blocks == !!rows[i].why);
        if (!blocks) {
            g_assert_nonnull(strstr(err->message, rows[i].why));
            g_assert_true(g_utf8_validate(err->message, -1, NULL));
            g_assert_null(strchr(err->message, '\n'));
        }
    }
}

/* Who writes is told to whoever refuses, whatever the name is. */
static void test_emulator(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;

    put_row(out, 0, "machine=none");
    put_row(out, 0, "cpus=0");
    put_row(out, 1, "emulator=vireo 9.9\n\xff");
    put_row(out, 0, "next=1");
    g_autoptr(GBytes) record = g_byte_array_free_to_bytes(g_steal_pointer(&out));
    g_assert_null(mig_config_check(record, &err));
    g_assert_nonnull(strstr(err->message, "vireo 9.9"));
    g_assert_true(g_utf8_validate(err->message, -1, NULL));
    g_assert_null(strchr(err->message, '\n'));
}

/* Cut anywhere, it is refused, or what is missing is. */
static void test_cut(void)
{
    be(NEITHER, &cases[0]);
    g_autoptr(GBytes) record = mig_config_save(NULL);
    const guint8 *data = g_bytes_get_data(record, NULL);
    gsize machine = 8 + strlen("machine=none"), size = machine + 8 + strlen("cpus=0");

    for (gsize len = 0; len < size; len++) {
        g_autofree guint8 *copy = g_memdup2(data, len);
        g_autoptr(GBytes) cut = g_bytes_new(copy, len);
        g_autoptr(GError) err = NULL;

        g_assert_null(mig_config_check(cut, &err));
        g_assert_nonnull(err);
    }
}

/*
 * RAM is known by name: the numbers of RAM records are the sender's, whatever the
 * order is here.
 */
static void test_ram(void)
{
    RamBlock *d0 = ram_block_new("d0", 2 * RAM_PAGE_SIZE, NULL);
    RamBlock *d1 = ram_block_new("d1", 3 * RAM_PAGE_SIZE, NULL);
    g_autoptr(GError) err = NULL;

    cpu_set_cpuid(NULL, 0);
    g_assert_true(ram_block_register(d1, NULL));
    g_assert_true(ram_block_register(d0, NULL));
    g_autoptr(GBytes) record = mig_config_save(NULL);
    ram_block_unregister(d1);
    g_assert_null(mig_config_check(record, &err));
    g_assert_nonnull(strstr(err->message, "has: RAM block d1=12288 bytes"));
    g_clear_error(&err);

    g_assert_true(ram_block_register(d1, NULL)); /* the other order */
    g_autoptr(GPtrArray) blocks = mig_config_check(record, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(blocks->len, ==, 2);
    g_assert_true(blocks->pdata[0] == d1 && blocks->pdata[1] == d0);

    d0->size -= RAM_PAGE_SIZE;
    g_assert_null(mig_config_check(record, &err));
    g_assert_nonnull(strstr(err->message, "RAM block d0=4096 bytes, but the source"));
    g_clear_error(&err);
    d0->size += RAM_PAGE_SIZE;
    d0->readonly = TRUE;
    g_assert_null(mig_config_check(record, &err));
    g_assert_nonnull(strstr(err->message, "d0=8192 bytes, read-only, but the source"));
    d0->readonly = FALSE;

    ram_block_unregister(d0);
    ram_block_unregister(d1);
    ram_block_unref(d0);
    ram_block_unref(d1);
}

/* A VM without CPUs (qtest) says nothing about them. */
static void test_no_cpu(void)
{
    g_autoptr(GError) err = NULL;

    cpu_set_cpuid(NULL, 0);
    g_autoptr(GBytes) record = mig_config_save(NULL);
    g_assert_null(memmem(g_bytes_get_data(record, NULL), g_bytes_get_size(record),
                         "CPUID", strlen("CPUID")));
    g_autoptr(GPtrArray) blocks = mig_config_check(record, &err);
    g_assert_no_error(err);
    g_assert_nonnull(blocks);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    no_board_make();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/migration/config/cpu/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_cpu);
    }
    g_test_add_func("/migration/config/rows", test_rows);
    g_test_add_func("/migration/config/emulator", test_emulator);
    g_test_add_func("/migration/config/cut", test_cut);
    g_test_add_func("/migration/config/ram", test_ram);
    g_test_add_func("/migration/config/no-cpu", test_no_cpu);
    int ret = g_test_run();
    machine_cleanup();
    return ret;
}
