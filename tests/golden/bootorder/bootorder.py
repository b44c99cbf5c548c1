#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What firmware is told of the order of its boots - fw_cfg's files, its key of the menu, the
nibbles in CMOS memory - is byte for byte QEMU 7.2's. `bootorder.py --record` asks
qemu-system-x86_64 and writes qemu-7.2.txt anew.
"""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import QtestVm  # noqa: E402

GOLDEN = os.path.join(HERE, "qemu-7.2.txt")
CLONE_NEWNET = 0x40000000
MENU, DIRECTORY = 0x0e, 0x19
FILES = ("bootorder", "etc/boot-menu-wait", "etc/boot-fail-wait")
PORT = "pcie-root-port,id=%s,bus=pcie.0,chassis=1,slot=%d,addr=%s%s"
MORE = ",multifunction=on"

# Each with the devices, and the arguments besides them.
CASES = {
    "nothing": ([], []),
    "strict without a device": ([], ["-boot", "strict=on"]),
    "a disk without a turn": (["virtio-blk-pci,drive=d0"], []),
    "one disk": (["virtio-blk-pci,drive=d0,bootindex=1"], []),
    "index 0": (["virtio-blk-pci,drive=d0,bootindex=0"], []),
    "the largest index": (["virtio-blk-pci,drive=d0,bootindex=2147483647",
                           "virtio-blk-pci,drive=d1,bootindex=2147483646"], []),
    "below 0": (["virtio-blk-pci,drive=d0,bootindex=-1",
                 "virtio-blk-pci,drive=d1,bootindex=-7"], []),
    "strict": (["virtio-blk-pci,drive=d0,bootindex=3"], ["-boot", "strict=on"]),
    "last device first": (["virtio-blk-pci,drive=d0,bootindex=9",
                           "virtio-blk-pci,drive=d1,bootindex=5",
                           "virtio-blk-pci,drive=d2,bootindex=1"], []),
    "slots and functions": (["virtio-blk-pci,drive=d0,bootindex=1,addr=0x1e.7",
                             "virtio-blk-pci,drive=d1,bootindex=2,addr=0x1e.0" + MORE,
                             "virtio-blk-pci,drive=d2,bootindex=3,addr=0xa"], []),
    "behind root ports": ([PORT % ("a", 1, "0x2.0", MORE), PORT % ("b", 2, "0x2.5", ""),
                           PORT % ("c", 3, "0x1d", ""),
                           "virtio-blk-pci,drive=d0,bus=b,bootindex=1",
                           "virtio-blk-pci,drive=d1,bus=a,bootindex=2",
                           "virtio-blk-pci,drive=d2,bus=c,bootindex=3,addr=0.3",
                           "virtio-blk-pci,drive=d3,bus=c,addr=0.0" + MORE], []),
    "behind bridges": ([PORT % ("a", 1, "0x2", ""), "pcie-pci-bridge,id=b,bus=a",
                        "pci-bridge,id=c,bus=b,addr=3.2,chassis_nr=3",
                        PORT % ("d", 4, "0x4", ""), "x3130-upstream,id=u,bus=d",
                        "xio3130-downstream,id=e,bus=u,addr=5,chassis=6",
                        "virtio-blk-pci,drive=d0,bus=c,addr=0x1f,bootindex=2",
                        "virtio-blk-pci,drive=d1,bus=e,bootindex=1"], []),
    "disk and network": ([PORT % ("a", 1, "0x3", ""),
                          "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,bootindex=1,"
                          "addr=5,romfile=",
                          "virtio-net-pci,netdev=n1,mac=52:54:00:00:00:02,bootindex=3,"
                          "bus=a,romfile=",
                          "virtio-blk-pci,drive=d0,bootindex=2"], []),
    "an e1000": ([PORT % ("a", 1, "0x3", ""), "e1000,bootindex=2,addr=6.1,romfile=",
                  "e1000,bootindex=1,bus=a,romfile=",
                  "virtio-blk-pci,drive=d0,addr=6.0,bootindex=3" + MORE], []),
    "SATA": (["ide-hd,drive=d0,bus=ide.0,bootindex=3",
              "ide-hd,drive=d1,bus=ide.5,bootindex=1",
              "ide-cd,drive=d2,bus=ide.2,bootindex=2",
              "ide-cd,drive=d3,bus=ide.3",
              "virtio-blk-pci,drive=d4,bootindex=4"], ["-boot", "strict=on"]),
    "an empty drive": (["ide-cd,bus=ide.1,bootindex=0"], []),
    "several SATA controllers": ([PORT % ("a", 1, "0x2", ""), "ich9-ahci,id=x,addr=0x1b.3",
                                  "ich9-ahci,id=y,bus=a",
                                  "ide-hd,drive=d0,bus=x.4,bootindex=3",
                                  "ide-hd,drive=d1,bus=y.1,bootindex=1",
                                  "ide-hd,drive=d2,bus=ide.1,bootindex=2"], []),
    "names that others use": (["virtio-blk-pci-non-transitional,drive=d0,bootindex=1",
                               "virtio-blk,drive=d1,bootindex=2"], []),
    "menu": ([], ["-boot", "menu=on"]),
    "menu off": ([], ["-boot", "menu=off"]),
    "prompt": ([], ["-boot", "menu=on,splash-time=3000"]),
    "no time": ([], ["-boot", "splash-time=0,reboot-timeout=0"]),
    "long times": ([], ["-boot", "splash-time=65535,reboot-timeout=65535"]),
    "never": ([], ["-boot", "reboot-timeout=-1"]),
    "a second": ([], ["-boot", "strict=on,reboot-timeout=1000"]),
    "network": ([], ["-boot", "n"]),
    "letters": ([], ["-boot", "order=dc"]),
    "no letters": ([], ["-boot", "order="]),
    "second floppy": ([], ["-boot", "order=bdn"]),
    "once": ([], ["-boot", "once=n"]),
    "once and order": ([], ["-boot", "order=c,once=dn"]),
    "several options": (["virtio-blk-pci,drive=d0,bootindex=1"],
                        ["-boot", "order=c,strict=on", "-boot", "menu=on,order=d"]),
}


def needed(devices, kind):
    return sorted(set(re.findall(kind + r"=(\w+)", " ".join(devices))))


class Guest:
    """What firmware reads, by the lines of the qtest protocol."""

    def __init__(self, sock):
        self.stream = sock.makefile("rw")

    def command(self, line):
        self.stream.write(line + "\n")
        self.stream.flush()
        while (reply := self.stream.readline()).startswith("IRQ"):
            pass
        assert reply.startswith("OK"), reply
        return reply.split()[1:]

    def item(self, key, size):
        self.command("outw 0x510 0x%x" % key)
        return bytes(int(self.command("inb 0x511")[0], 16) for _ in range(size))

    def files(self):
        count, = struct.unpack(">I", self.item(DIRECTORY, 4))
        entries = self.item(DIRECTORY, 4 + 64 * count)[4:]
        for at in range(0, len(entries), 64):
            size, key, name = struct.unpack_from(">IHxx56s", entries, at)
            yield name.rstrip(b"\0").decode(), key, size

    def cmos(self, index):
        self.command("outb 0x70 0x%x" % index)
        return int(self.command("inb 0x71")[0], 16)

    def facts(self):
        for name, key, size in self.files():
            if name in FILES:
                yield "%s %r" % (name, self.item(key, size))
        yield "menu %s" % self.item(MENU, 2).hex()
        yield "cmos %02x %02x" % (self.cmos(0x38), self.cmos(0x3d))


def two_starts(sock, reset):
    """All of it after power-on and after a reset."""
    guest = Guest(sock)
    first = list(guest.facts())
    reset()
    second = list(guest.facts())
    return first + (["after a reset:"] + second if second != first else [])


def qemu(devices, more):
    with tempfile.TemporaryDirectory() as directory, \
            socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(directory, "qtest"))
        listener.listen(1)
        args = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-S", "-nodefaults",
                "-display", "none", "-qtest-log", "none",
                "-qtest", "unix:" + listener.getsockname(), "-qmp", "stdio", *more]
        for name in needed(devices, "drive"):
            args += ["-blockdev", "null-co,node-name=" + name]
        for name in needed(devices, "netdev"):
            args += ["-netdev", "user,id=" + name]
        for device in devices:
            args += ["-device", device]
        with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            listener.settimeout(60)
            sock, _ = listener.accept()

            def reset():
                process.stdin.write('{"execute": "qmp_capabilities"}'
                                    '{"execute": "system_reset"}\n')
                process.stdin.flush()
                while '"RESET"' not in process.stdout.readline():
                    pass
            try:
                return two_starts(sock, reset)
            finally:
                sock.close()
                process.kill()


def start(directory, devices, more):
    args = ["-machine", "q35", "-m", "16M", *more]
    for name in needed(devices, "drive"):
        path = os.path.join(directory, name)
        with open(path, "wb") as f:
            f.truncate(1 << 20)
        args += ["-blockdev", "file,node-name=%s,filename=%s" % (name, path)]
    for name in needed(devices, "netdev"):
        args += ["-netdev", "tap,id=%s,ifname=%s,script=no,downscript=no" % (name, name)]
    for device in devices:
        args += ["-device", device]
    return QtestVm(directory, *args)


def vireo(directory, devices, more):
    vm = start(directory, devices, more)

    def reset():
        vm.qmp("system_reset")
        vm.qmp.event("RESET")
    try:
        found = two_starts(vm.qtest, reset)
        vm.quit()
        return found
    finally:
        vm.kill()


def record():
    with open(GOLDEN, "w", encoding="ascii") as f:
        f.write("# Written by bootorder.py --record\n")
        for name, (devices, more) in CASES.items():
            f.write("\n== %s\n%s\n" % (name, "\n".join(qemu(devices, more))))


class BootOrder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(GOLDEN, encoding="ascii") as f:
            parts = f.read().split("\n== ")[1:]
        cls.golden = {p[0]: p[1:] for p in (part.rstrip().split("\n") for part in parts)}
        cls.network = os.access("/dev/net/tun", os.R_OK | os.W_OK) and \
            ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0

    def check(self, names):
        for name in names:
            with self.subTest(name=name), tempfile.TemporaryDirectory() as directory:
                self.assertEqual(vireo(directory, *CASES[name]), self.golden[name])

    def test_complete(self):
        self.assertEqual(list(self.golden), list(CASES))

    def test_without_network(self):
        self.check([n for n, c in CASES.items() if not needed(c[0], "netdev")])

    def test_plugged(self):
        """What comes and goes at run time is in the file from the next start on."""
        def order():
            return next(f for f in Guest(vm.qtest).facts() if f.startswith("bootorder"))

        def reset():
            vm.qmp("system_reset")
            vm.qmp.event("RESET")

        disk = {"driver": "virtio-blk-pci", "bus": "a", "id": "d"}
        last = r"bootorder b'/pci@i0cf8/scsi@1/disk@0,0\x00'"
        both = last.replace("'/", r"'/pci@i0cf8/pci-bridge@2/scsi@0/disk@0,0\n/")
        with tempfile.TemporaryDirectory() as directory:
            vm = start(directory, [PORT % ("a", 1, "0x2", ""),
                                   "virtio-blk-pci,drive=d0,addr=1,bootindex=5"], [])
            try:
                path = os.path.join(directory, "d1")
                with open(path, "wb") as f:
                    f.truncate(1 << 20)
                vm.qmp("blockdev-add", driver="file", node_name="d1", filename=path)
                self.assertEqual(
                    vm.qmp.refused("device_add", **disk, drive="d1", bootindex=5),
                    "The bootindex 5 has already been used")
                vm.qmp("device_add", **disk, drive="d1", bootindex=1)
                self.assertEqual(order(), last)
                reset()
                self.assertEqual(order(), both)
                vm.qmp("device_del", id="d")
                reset()
                vm.qmp.event("DEVICE_DELETED")
                self.assertEqual(order(), last)
                vm.qmp("device_add", **disk, drive="d1", bootindex=1)
                vm.quit()
            finally:
                vm.kill()

    def test_network(self):
        if not self.network:
            self.skipTest("no right to make a tap")
        self.check([n for n, c in CASES.items() if needed(c[0], "netdev")])


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        record()
    else:
        unittest.main()
