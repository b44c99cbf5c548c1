/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board's kernel: what the command line says of it, and its load at each boot. */
#include "config.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "accel/vcpu.h"
#include "machine/board.h"
#include "util/error.h"

gboolean board_kernel_check(BoardKernel *kernel, const char *machine,
                            const BootMemory *memory, gboolean auto_cmdline,
                            ConfigNode *config, GError **errp)
{
    const char *path, *initrd, *append;

    if (!config_get_string(config, "kernel", NULL, &path, errp) ||
        !config_get_string(config, "initrd", NULL, &initrd, errp) ||
        !config_get_string(config, "append", NULL, &append, errp)) {
        return FALSE;
    }
    if (path) {
        kernel->kernel = kernel_open(path, initrd, append, memory, errp);
        kernel->tell_tsc = kernel->kernel && auto_cmdline &&
                           kernel_lacks_kvmclock(kernel->kernel, cpu_kvm_hidden());
        return kernel->kernel != NULL;
    }
    if (initrd || append) {
        return error_set(errp, "%s only allowed with -kernel option",
                         initrd ? "-initrd" : "-append");
    }
    return kernel->firmware || strcmp(accel_get()->name, "qtest") == 0 ||
           error_set(errp,
                     "-kernel is missing: machine '%s' has no firmware that could start "
                     "anything else",
                     machine);
}

/* At each boot anew: a vCPU that came from another host keeps that one's rate. */
static gboolean tell_tsc(const BoardKernel *kernel, GError **errp)
{
    Vcpu *cpu = vcpu_get(0);

    if (cpu && !accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    kernel_tell_tsc(kernel->kernel, cpu ? vcpu_tsc_khz(cpu) : 0);
    return TRUE;
}

gboolean board_kernel_load(const BoardKernel *kernel, BootState *boot, GError **errp)
{
    return (!kernel->tell_tsc || tell_tsc(kernel, errp)) &&
           (!kernel->kernel || kernel_load(kernel->kernel, boot, errp));
}

void board_kernel_free(BoardKernel *kernel)
{
    g_clear_pointer(&kernel->kernel, kernel_free);
}
