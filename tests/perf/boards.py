# SPDX-License-Identifier: GPL-2.0-or-later
"""The boards that are started, as words of a command line that vireo and QEMU share."""
import json
import os

import tap

PLAIN = ["-accel", "kvm", "-nodefaults", "-no-user-config", "-display", "none",
         "-serial", "stdio"]
PORTS = 14  # root ports that virt-install asks for
PORTS_AT = 2  # the slot of pcie.0 where libvirt puts the first eight of them


def microvm():
    return ["-machine", "microvm,acpi=on"] + PLAIN


def q35():
    return ["-machine", "q35"] + PLAIN


def _device(**properties):
    return ["-device", json.dumps(properties)]


def _port(i):
    slot, function = PORTS_AT + i // 8, i % 8
    return _device(driver="pcie-root-port", port=0x10 + i, chassis=i + 1, id="pci.%d" % (i + 1),
                   bus="pcie.0", multifunction=function == 0, addr="%#x.%d" % (slot, function))


class VirtInstall:
    """A q35 as virt-install makes it: 14 root ports, a disk and a network card behind two
    of them. One VM at a time can have it, for the sake of its tap."""

    def __init__(self, workdir):
        self.image = os.path.join(workdir, "virt-install.img")
        with open(self.image, "wb") as f:
            f.truncate(64 << 20)
        self.tap = tap.make()
        if self.tap is None:
            raise RuntimeError("no tap can be made here")

    def __call__(self):
        words = q35()
        for i in range(PORTS):
            words += _port(i)
        node = {"driver": "file", "filename": self.image, "node-name": "n"}
        return words + [
            "-blockdev", json.dumps(node), "-netdev", "tap,id=h,fd=%d" % self.tap,
        ] + _device(driver="virtio-blk-pci", bus="pci.1", drive="n") + _device(
            driver="virtio-net-pci", bus="pci.2", netdev="h", mac="52:54:00:12:34:56")

    def close(self):
        os.close(self.tap)
