# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accelerator the lab hosts run on: this machine's KVM if it can run Linux and
nest, else QEMU's software emulation, which emulates AMD SVM."""
import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import tsc

KVM_CREATE_VM = 0xAE01
# With more than one CPU, TCG's SVM emulation corrupts nested guests under load; its
# CPU models with SVM are AMD's.
TCG = ["-accel", "tcg,thread=multi", "-cpu", "EPYC"]
KVM = ["-accel", "kvm", "-cpu", "host"]


@dataclass(frozen=True)
class Accel:
    options: list  # of the emulator
    append: str  # to the kernel's command line
    why: str


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


def why_not_kvm():
    """Why the lab hosts cannot run on this machine's KVM; None if they can."""
    reason = kvm_works()
    if reason:
        return reason
    flags = re.search(r"\b(vmx|svm)\b", Path("/proc/cpuinfo").read_text())
    if not flags:
        return (
            "/dev/kvm works, but without vmx or svm in /proc/cpuinfo it is a software KVM "
            "that cannot run Linux"
        )
    module = {"vmx": "kvm_intel", "svm": "kvm_amd"}[flags.group()]
    nested = Path(f"/sys/module/{module}/parameters/nested")
    if not nested.is_file() or nested.read_text().strip() not in ("Y", "1"):
        return f"{module} does not nest"
    return None


def choose():
    reason = why_not_kvm()
    if reason:
        return Accel(TCG, f"tsc_early_khz={tsc.khz()}", f"software emulation: {reason}")
    return Accel(KVM, "", "KVM: this machine's can run Linux, and nests")
