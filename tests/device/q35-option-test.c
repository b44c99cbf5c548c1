/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt 9.0 and 11.3 can write behind -machine, -boot, -accel for a q35, and what
 * QEMU's q35 knows besides: accepted, or refused by the name of option and value.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "tests/device/board.h"

typedef struct Row {
    const char *option, *value;
    const char *refusal; /* NULL: it is accepted */
} Row;

#define ONLY(values_)   " is not supported (only " values_ ")"
#define NOT_THERE(key_) "Property 'q35-machine." key_ "' not found"

static const Row machine[] = {
    { "usb", "off", NULL },
    { "usb", "on", ONLY("off") },
    { "vmport", "off", NULL },
    { "vmport", "auto", NULL },
    { "vmport", "on", ONLY("off|auto") },
    { "smm", "off", NULL },
    { "smm", "auto", NULL },
    { "smm", "on", ONLY("off|auto") ": there is no system management mode" },
    { "dump-guest-core", "off", NULL },
    { "dump-guest-core", "on", NULL },
    { "dump_guest_core", "off", NULL },
    { "dump-guest-core", "auto", "Parameter 'dump-guest-core' expects 'on' or 'off'" },
    { "mem-merge", "off", NULL },
    { "mem-merge", "on", NULL },
    { "mem-merge", "maybe", "Parameter 'mem-merge' expects 'on' or 'off'" },
    { "kernel_irqchip", "on", NULL },
    { "kernel_irqchip", "split", NULL },
    { "kernel-irqchip", "split", NULL },
    { "kernel_irqchip", "off", ONLY("split|on") },
    { "kernel-irqchip", "off", ONLY("split|on") },
    { "hpet", "off", NULL },
    { "hpet", "on", NULL },
    { "hpet", "auto", "Parameter 'hpet' expects 'on' or 'off'" },
    { "acpi", "on", NULL },
    { "acpi", "off", NULL },
    { "acpi", "maybe", "Parameter 'acpi' expects 'on' or 'off'" },
    { "i8042", "off", NULL },
    { "i8042", "on", NULL },
    { "i8042", "2", "Parameter 'i8042' expects 'on' or 'off'" },
    { "memory-backend", "pc.ram", NULL },
    { "memory-backend", "nix", "Memory backend 'nix' not found" },
    { "pflash0", "nix", "Property 'cfi.pflash01.drive' can't find value 'nix'" },
    { "pflash1", "nix", "Property 'cfi.pflash01.drive' can't find value 'nix'" },
    { "nvdimm", "off", NULL },
    { "nvdimm", "on", ONLY("off") },
    { "hmat", "off", NULL },
    { "hmat", "on", ONLY("off") },
    { "cxl", "off", NULL },
    { "cxl", "on", ONLY("off") },
    { "default-bus-bypass-iommu", "off", NULL },
    { "default_bus_bypass_iommu", "off", NULL },
    { "default-bus-bypass-iommu", "on", ONLY("off") },
    { "default_bus_bypass_iommu", "on", ONLY("off") },
    { "graphics", "off", NULL },
    { "graphics", "on", NULL },
    { "suppress-vmdesc", "on", NULL },
    { "smbios-entry-point-type", "64", NULL },
    { "smbios-entry-point-type", "auto", NULL },
    { "smbios-entry-point-type", "32", ONLY("64|auto") },
    { "pit", "on", NULL },
    { "pit", "off", ONLY("on|auto") },
    { "pic", "on", NULL },
    { "pic", "off", ONLY("on|auto") },
    { "sata", "off", NULL },
    { "sata", "on", ONLY("off") },
    { "smbus", "off", NULL },
    { "smbus", "on", ONLY("off") },
    { "fd-bootchk", "off", NULL },
    { "aes-key-wrap", "on", NOT_THERE("aes-key-wrap") },
    { "dea-key-wrap", "off", NOT_THERE("dea-key-wrap") },
    { "confidential-guest-support", "lsec0", NOT_THERE("confidential-guest-support") },
    { "memory-encryption", "sev0", NOT_THERE("memory-encryption") },
    { "max-ram-below-4g", "1G", NOT_THERE("max-ram-below-4g") },
    { "firmware", "bios.bin", NOT_THERE("firmware") },
    { "x-south-bridge", "piix4", NOT_THERE("x-south-bridge") },
    { "x-oem-id", "BOCHS", NOT_THERE("x-oem-id") },
    { "gic-version", "3", NOT_THERE("gic-version") },
    { "hmat_", "off", NOT_THERE("hmat_") },
};

static const Row boot[] = {
    { "strict", "on", NULL },
    { "strict", "off", NULL },
    { "strict", "maybe", "expects 'on' or 'off', not 'maybe'" },
    { "menu", "off", NULL },
    { "menu", "on", NULL },
    { "menu", "2", "expects 'on' or 'off', not '2'" },
    { "reboot-timeout", "-1", NULL },
    { "reboot-timeout", "65535", NULL },
    { "reboot-timeout", "-2", "expects a number from -1 to 65535, not '-2'" },
    { "reboot-timeout", "65536", "expects a number from -1 to 65535" },
    { "reboot-timeout", "soon", "expects a number from -1 to 65535" },
    { "splash-time", "3000", NULL },
    { "splash-time", "-1", "expects a number from 0 to 65535" },
    { "splash-time", "65536", "expects a number from 0 to 65535" },
    { "splash", "picture.jpg", "is not supported: there is no display" },
    { "order", "cdn", NULL },
    { "order", "z", "Parameter 'order': Invalid boot device 'z'" },
    { "order", "cc", "Parameter 'order': Boot device 'c' was given twice" },
    { "order", "cp", "Invalid boot device for PC: 'p'" },
    { "order", "acdn", "Too many boot devices for PC" },
    { "once", "d", NULL },
    { "once", "1", "Parameter 'once': Invalid boot device '1'" },
    { "once", "e", "Invalid boot device for PC: 'e'" },
    { "once", "bcdn", "Too many boot devices for PC" },
    { "foo", "bar", "Invalid parameter 'foo'" },
};

static const Row accel[] = {
    { "kernel-irqchip", "split", NULL },
    { "kernel_irqchip", "on", NULL },
    { "kernel-irqchip", "off", ONLY("split|on") },
    { "dirty-ring-size", "0", NULL },
    { "dirty-ring-size", "4096", "dirty-ring-size=4096" ONLY("0") },
    { "thread", "multi", "Invalid parameter 'thread'" },
    { "foo", "bar", "Invalid parameter 'foo'" },
};

/* The option with its value, and in front what makes it a start of the q35. */
#define MACHINE                                                                          \
    "-object memory-backend-ram,id=pc.ram,size=16M -m 16 "                               \
    "-machine q35,memory-backend=pc.ram"
#define BOOT  "-M q35 -m 16 -boot "
#define ACCEL "-M q35 -m 16 -accel qtest"

static char *line(const char *before, const Row *row, gboolean comma)
{
    return g_strdup_printf("%s%s%s=%s", before, comma ? "," : "", row->option,
                           row->value);
}

/* A key once in a line: as many lines as the key with most values has. */
static void accept_all(const char *before, gboolean comma, const Row *rows, guint n)
{
    g_autofree gboolean *done = g_new0(gboolean, n);
    for (guint left = 1; left;) {
        g_autoptr(GString) args = g_string_new(before);
        g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
        left = 0;
        for (guint i = 0; i < n; i++) {
            if (rows[i].refusal || done[i]) {
                continue;
            }
            if (!g_hash_table_add(keys, (gpointer)rows[i].option)) {
                left++;
                continue;
            }
            g_string_append_printf(args, "%s%s=%s", comma ? "," : "", rows[i].option,
                                   rows[i].value);
            comma = done[i] = TRUE;
        }
        g_test_message("%s", args->str);
        qtest_stop(qtest_start("%s", args->str));
        comma = before[strlen(before) - 1] != ' ';
    }
}

/* The message is of this option, with its value, and says why. */
static void refuse_all(const char *before, gboolean comma, const Row *rows, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (rows[i].refusal) {
            g_autofree char *args = line(before, &rows[i], comma);
            g_autofree char *named =
                g_strdup_printf("%s=%s", rows[i].option, rows[i].value);
            board_refuses(args, rows[i].refusal);
            board_refuses(args, named);
        }
    }
}

#define TEST(name_, before_, comma_)                                                     \
    static void test_##name_(void)                                                       \
    {                                                                                    \
        accept_all(before_, comma_, name_, G_N_ELEMENTS(name_));                         \
        refuse_all(before_, comma_, name_, G_N_ELEMENTS(name_));                         \
    }
TEST(machine, MACHINE, TRUE)
TEST(boot, BOOT, FALSE)
TEST(accel, ACCEL, TRUE)

/* Core files and KSM: what the kernel has been told of the guest's memory. */

/* How much of the RAM, the only memory that a fork would not have, has the flag. */
static guint64 ram_with(QTest *q, const char *flag, guint64 *ram)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps", qtest_pid(q));
    g_autofree char *text = NULL;
    guint64 with = 0, size = 0;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    *ram = 0;
    for (char **l = lines; *l; l++) {
        if (g_str_has_prefix(*l, "Size:")) {
            size = g_ascii_strtoull(*l + 5 + strspn(*l + 5, " "), NULL, 10);
        } else if (g_str_has_prefix(*l, "VmFlags:") && strstr(*l, " dc")) {
            *ram += size;
            with += strstr(*l, flag) ? size : 0;
        }
    }
    return with;
}

static void expect_flag(const char *args, const char *flag, gboolean set)
{
    QTest *q = qtest_start("%s", args);
    guint64 ram, with = ram_with(q, flag, &ram);
    g_test_message("%s: %s", args, flag);
    g_assert_cmpuint(ram, ==, 16 << 10);
    g_assert_cmpuint(with, ==, set ? ram : 0);
    qtest_stop(q);
}

#define BACKEND "-object memory-backend-ram,id=r,size=16M"
#define WITH    ",memory-backend=r -m 16 "

static void test_core(void)
{
    expect_flag("-M q35 -m 16", " dd", FALSE);
    expect_flag("-M q35,dump-guest-core=off -m 16", " dd", TRUE);
    expect_flag("-M microvm,dump-guest-core=off -m 16", " dd", TRUE);
    expect_flag("-M q35,dump-guest-core=off,mem-share=on -m 16", " dd", TRUE);
    expect_flag("-M q35,dump-guest-core=off" WITH BACKEND, " dd", TRUE);
    expect_flag("-M q35,dump-guest-core=off" WITH BACKEND ",dump=on", " dd", FALSE);
    expect_flag("-M q35,dump-guest-core=on" WITH BACKEND ",dump=off", " dd", TRUE);
}

static void test_merge(void)
{
    if (g_access("/sys/kernel/mm/ksm", F_OK) < 0) {
        g_test_skip("no KSM");
        return;
    }
    expect_flag("-M q35" WITH BACKEND, " mg", TRUE);
    expect_flag("-M q35,mem-merge=off" WITH BACKEND, " mg", FALSE);
    expect_flag("-M q35,mem-merge=off" WITH BACKEND ",merge=on", " mg", TRUE);
    expect_flag("-M q35,mem-merge=off -m 16", " mg", FALSE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/q35-option/machine", test_machine);
    g_test_add_func("/q35-option/boot", test_boot);
    g_test_add_func("/q35-option/accel", test_accel);
    g_test_add_func("/q35-option/core", test_core);
    g_test_add_func("/q35-option/merge", test_merge);
    return g_test_run();
}
