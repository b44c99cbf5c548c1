/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is added to the kernel's command line: the rate of the TSC, for a Linux that does
 * not ask kvmclock. Without a PIC it can only measure it against a PIT before it has read
 * the ACPI tables, by at least 5 reads of two exits in 214 us, and for good only when
 * four exits take less than 24 us; where that fails, its timer, which is the TSC's
 * deadline, never fires, and it waits for the first tick for ever. CPUID's leaf 0x15 it
 * believes from Intel's CPUs alone. QEMU's microvm adds to the command line, too.
 */
#include "config.h"

#include <string.h>

#include "firmware/kernel-internal.h"
#include "util/log.h"

#define TSC_PARAMETER "tsc_early_khz" /* Linux 5.11; older ones ignore it */

guint64 kernel_cmdline_limit(const Kernel *kernel)
{
    return MIN(kernel->cmdline_max, BOOT_CMDLINE_MAX - 1);
}

/* A parameter with or without a value, as Linux reads it: '-' in its name is '_'. */
static gboolean has_parameter(const char *cmdline, const char *name)
{
    g_auto(GStrv) words = g_strsplit_set(cmdline, " \t\n", -1);

    for (guint i = 0; words[i]; i++) {
        words[i][strcspn(words[i], "=")] = 0;
        if (g_str_equal(g_strdelimit(words[i], "-", '_'), name)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean kernel_lacks_kvmclock(const Kernel *kernel, gboolean hidden)
{
    return ((hidden && kernel->setup_header) || /* a bzImage: Linux */
            has_parameter(kernel->cmdline, "no_kvmclock") ||
            has_parameter(kernel->cmdline, "nopv")) &&
           !has_parameter(kernel->cmdline, TSC_PARAMETER);
}

/* In front: what follows a "--" is for init. */
void kernel_tell_tsc(Kernel *kernel, guint32 khz)
{
    g_autofree char *cmdline =
        g_strdup_printf(TSC_PARAMETER "=%u %s", khz, kernel->cmdline);

    g_clear_pointer(&kernel->told, g_free);
    if (khz && strlen(cmdline) > kernel_cmdline_limit(kernel)) {
        log_warn("-append: no room for " TSC_PARAMETER "=%u, without which a Linux that "
                 "has no kvmclock may not start",
                 khz);
    } else if (khz) {
        kernel->told = g_steal_pointer(&cmdline);
    }
}
