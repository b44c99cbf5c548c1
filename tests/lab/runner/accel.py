# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accelerator the lab hosts run on: this machine's KVM if it can run Linux and
nest, else QEMU's software emulation, which emulates AMD SVM."""
import fcntl
import os
import re
from pathlib import Path

KVM_CREATE_VM = 0xAE01
# With more than one CPU, TCG's SVM emulation corrupts nested guests under load; its
# CPU models with SVM are AMD's.
TCG = ["-accel", "tcg,thread=multi", "-cpu", "EPYC"]
KVM = ["-accel", "kvm", "-cpu", "host"]


def kvm_works():
    try:
        fd = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return f"/dev/kvm: {error.strerror}"
    try:
        os.close(fcntl.ioctl(fd, KVM_CREATE_VM, 0))
    except OSError as error:
        return f"/dev/kvm cannot make a VM: {error.strerror}"
    finally:
        os.close(fd)
    return None


def choose():
    """(options of the emulator, why)"""
    reason = kvm_works()
    if reason:
        return TCG, f"software emulation: {reason}"
    flags = re.search(r"\b(vmx|svm)\b", Path("/proc/cpuinfo").read_text())
    if not flags:
        return TCG, (
            "software emulation: /dev/kvm works, but without vmx or svm in /proc/cpuinfo "
            "it is a software KVM that cannot run Linux"
        )
    module = {"vmx": "kvm_intel", "svm": "kvm_amd"}[flags.group()]
    nested = Path(f"/sys/module/{module}/parameters/nested")
    if not nested.is_file() or nested.read_text().strip() not in ("Y", "1"):
        return TCG, f"software emulation: {module} does not nest"
    return KVM, f"KVM: {flags.group()} in /proc/cpuinfo, and {module} nests"
