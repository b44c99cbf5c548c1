/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CONFIG record of a machine without devices: what its CPUs must have in common. */
#include <string.h>

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "event/loop.h"
#include "machine/machine.h"
#include "migration/stream.h"

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
    { "no-name", DESTINATION, 7, 1, CPUID_EAX, 1u << 4, "0x7.1 eax bit 4, which" },
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
    { "new-state", SOURCE, 0xd, 9, CPUID_EBX, 0x980, "0xd.9 ebx=00000980" },
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
    cpu_set_cpuid(entries, n);
}

static void test_cpu(gconstpointer data)
{
    const struct Case *c = data;
    g_autoptr(GError) err = NULL;

    be(SOURCE, c);
    g_autoptr(GBytes) record = mig_config_save(NULL);
    be(DESTINATION, c);
    gboolean ok = mig_config_check(record, &err);
    if (!c->why) {
        g_assert_no_error(err);
        g_assert_true(ok);
        return;
    }
    g_assert_error(err, MIGRATION_ERROR, MIGRATION_ERROR_FAILED);
    if (!strstr(err->message, c->why)) {
        g_error("'%s' does not say '%s'", err->message, c->why);
    }
}

static GBytes *one_more_line(const char *line)
{
    g_autoptr(GBytes) record = mig_config_save(NULL);
    GByteArray *all = g_byte_array_new();
    guint32 len = GUINT32_TO_LE(strlen(line));

    g_byte_array_append(all, g_bytes_get_data(record, NULL), g_bytes_get_size(record));
    g_byte_array_append(all, (const guint8 *)&len, sizeof(len));
    g_byte_array_append(all, (const guint8 *)line, strlen(line));
    return g_byte_array_free_to_bytes(all);
}

static void test_hostile(void)
{
    static const char *const lines[] = {
        "CPUID 0x7.0 ebx",           "CPUID 0x7.0 ebx=",
        "CPUID 0x7.0 ebx=x",         "CPUID 0x7.0 ebx=0000000g",
        "CPUID 0x7.0 ebx=000000001", "CPUID 0x7.0 ebx=-0000001",
        "CPUID 0x7.0 ebx=ffffffff",  "CPUID 0x7.9 ebx=00000001",
        "CPUID 0xd.0 eax=00000003",  "CPUID",
        "CPUID 0x7.0 ebx=\xff\n",
    };

    be(NEITHER, &cases[0]);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GBytes) record = one_more_line(lines[i]);
        g_autoptr(GError) err = NULL;

        g_assert_false(mig_config_check(record, &err));
        g_assert_true(g_utf8_validate(err->message, -1, NULL));
        g_assert_null(strchr(err->message, '\n'));
    }
}

/* A VM without CPUs (qtest) says nothing about them. */
static void test_no_cpu(void)
{
    g_autoptr(GError) err = NULL;

    cpu_set_cpuid(NULL, 0);
    g_autoptr(GBytes) record = mig_config_save(NULL);
    g_assert_null(memmem(g_bytes_get_data(record, NULL), g_bytes_get_size(record),
                         "CPUID", strlen("CPUID")));
    g_assert_true(mig_config_check(record, &err));
}

static void set_up(void)
{
    g_autoptr(ConfigNode) accel = config_map_new(), config = config_map_new();
    g_autoptr(GError) err = NULL;
    ConfigNode *machine = config_map_new();

    event_init();
    config_map_set(accel, "accel", config_string_new("qtest"));
    config_map_set(machine, "type", config_string_new("none"));
    config_map_set(config, "machine", machine);
    accel_init(accel, &err);
    g_assert_no_error(err);
    machine_create(config, &err);
    g_assert_no_error(err);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    set_up();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/migration/config/cpu/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_cpu);
    }
    g_test_add_func("/migration/config/hostile", test_hostile);
    g_test_add_func("/migration/config/no-cpu", test_no_cpu);
    int ret = g_test_run();
    machine_cleanup();
    return ret;
}
