/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator: the VM, its split irqchip (local APICs in the kernel, all else
 * ours) and the table of operations. The order matters for speed: memory slots are
 * set before the irqchip exists, where no grace period has to pass in the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "accel/cpu-config.h"
#include "accel/kvm-internal.h"
#include "event/lock.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

/*
 * Pages that KVM on Intel wants for real mode, one and three, where QEMU has them: below
 * the largest firmware.
 */
#define IDENTITY_MAP_ADDR 0xfeffc000
#define TSS_ADDR          0xfeffd000

Kvm kvm = { .fd = -1, .vm_fd = -1 };

static int retry_ioctl(int fd, unsigned long request, void *arg)
{
    int r;
    do {
        r = ioctl(fd, request, arg);
    } while (r < 0 && errno == EINTR);
    return r;
}

int kvm_ioctl(unsigned long request, void *arg)
{
    return retry_ioctl(kvm.fd, request, arg);
}

int kvm_vm_ioctl(unsigned long request, void *arg)
{
    return retry_ioctl(kvm.vm_fd, request, arg);
}

int kvm_vcpu_ioctl(const Vcpu *cpu, unsigned long request, void *arg)
{
    return retry_ioctl(cpu->fd, request, arg);
}

gboolean kvm_open(const char *device, GError **errp)
{
    autofd int fd = path_open(device, O_RDWR, 0);

    if (fd < 0) {
        return error_set_errno(errp, errno, "Could not access KVM kernel module %s",
                               device);
    }
    kvm.fd = fd;
    int version = kvm_ioctl(KVM_GET_API_VERSION, NULL);
    kvm.fd = -1;
    if (version < 0) {
        return error_set_errno(errp, errno, "'%s' is not KVM", device);
    }
    if (version != KVM_API_VERSION) {
        return error_set(errp, "%s has API version %d, not %d", device, version,
                         KVM_API_VERSION);
    }
    kvm.fd = fd_steal(&fd);
    return TRUE;
}

static gboolean kvm_init(ConfigNode *node, GError **errp)
{
    const char *without, *device;
    if (!config_get_string(node, "x-without", NULL, &without, errp) ||
        !config_get_string(node, "device", "/dev/kvm", &device, errp) ||
        !config_check_unused(node, errp)) {
        return FALSE;
    }
    if (!kvm_open(device, errp)) {
        return FALSE;
    }
    if (!kvm_probe(without, errp)) {
        return FALSE;
    }
    int run_size = kvm_ioctl(KVM_GET_VCPU_MMAP_SIZE, NULL);
    autofd int vm_fd = kvm_ioctl(KVM_CREATE_VM, NULL);
    if (vm_fd < 0 || run_size < (int)sizeof(struct kvm_run)) {
        return error_set_errno(errp, errno, "cannot create a VM on %s", device);
    }
    guint64 identity_map = IDENTITY_MAP_ADDR;
    if (kvm.caps.set_identity_map_addr &&
        retry_ioctl(vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0) {
        return error_set_errno(errp, errno, "KVM_SET_IDENTITY_MAP_ADDR");
    }
    if (kvm.caps.set_tss_addr &&
        retry_ioctl(vm_fd, KVM_SET_TSS_ADDR, GUINT_TO_POINTER(TSS_ADDR)) < 0) {
        return error_set_errno(errp, errno, "KVM_SET_TSS_ADDR");
    }
    kvm.vm_fd = fd_steal(&vm_fd);
    kvm.run_size = (size_t)run_size;
    kvm.vcpus = g_ptr_array_new();
    cpu_set_source(&kvm_cpu_source);
    return kvm_memory_init(errp);
}

static gboolean kvm_create_irqchip(GError **errp)
{
    struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP,
                                  .args = { accel_ioapic_pins() } };
    if (kvm_vm_ioctl(KVM_ENABLE_CAP, &cap) < 0) {
        return error_set_errno(errp, errno, "cannot create the split irqchip");
    }
    return TRUE;
}

const Accel accel_kvm = {
    .name = "kvm",
    .init = kvm_init,
    .create_irqchip = kvm_create_irqchip,
    .create_vcpu = kvm_create_vcpu,
    .finish_vcpus = kvm_finish_vcpus,
    .reset_vcpus = kvm_reset_vcpus,
    .run_vcpus = kvm_run_vcpus,
    .when_vcpus_rest = kvm_when_vcpus_rest,
    .hold_current_vcpu = kvm_hold_current_vcpu,
    .send_msi = kvm_send_msi,
    .set_gsi_route = kvm_set_gsi_route,
    .commit_gsi_routes = kvm_commit_gsi_routes,
    .gsi_count = kvm_gsi_count,
    .add_irqfd = kvm_add_irqfd,
    .del_irqfd = kvm_del_irqfd,
    .pic_output = kvm_pic_output,
    .inject_nmi = kvm_inject_nmi,
    .phys_bits = kvm_phys_bits,
};
