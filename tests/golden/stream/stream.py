#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The migration streams of releases, which every later release loads.

    stream.py --record RELEASE   (builddir=...) makes tests/golden/stream/RELEASE: for
                                 each VM of the table below NAME.json, the command line,
                                 and NAME.stream. Once, when a release is made: what it
                                 has made is never changed again.
    stream.py                    the test: the streams of this build, made anew, and
                                 those of all releases are loaded, and the VM runs.

The first release is 1.0: until then the format may change, and nothing is kept.
"""
import json
import os
import socket
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import GO, TIMEOUT, QtestVm, capture, pack  # noqa: E402

BASE = ["-machine", "microvm-vireo-1.0", "-m", "8M"]
DISK = ["-blockdev", "driver=file,node-name=n,filename=@DIR@/disk"]


def none(vm):
    pass


def disk(vm):
    vm.use_disk(0, True)


def vacant(vm):
    vm.use_disk(0, True)
    vm.qmp("device_del", id="d")
    vm.qmp.event("DEVICE_DELETED")


# name: arguments of the source, those of the destination if they are others, use
VMS = {
    "board": (BASE + ["-serial", "null", "-smp", "2"], None, none),
    "disk": (BASE + DISK + [
        "-device", "virtio-blk-device,id=d,drive=n,serial=golden,num-queues=2,"
        "bus=virtio-mmio-bus.0", "-object", "rng-builtin,id=r",
        "-device", "virtio-rng-device,rng=r,bus=virtio-mmio-bus.3"], None, disk),
    "q35": (["-machine", "pc-q35-vireo-1.0", "-m", "16M", "-smp", "2", "-nodefaults",
             "-serial", "null"] + DISK + [
        "-device", "pcie-root-port,id=rp,chassis=1", "-object", "rng-builtin,id=r",
        "-device", "virtio-blk-pci,id=d,drive=n,serial=golden,bus=rp",
        "-device", "virtio-rng-pci,rng=r", "-device", "pci-testdev",
        "-chardev", "null,id=c", "-device", "isa-debugcon,chardev=c",
        "-device", "pvpanic"], None, none),
    "vacant": (BASE + DISK + ["-device",
                              "virtio-blk-device,id=d,drive=n,bus=virtio-mmio-bus.0"],
               BASE + DISK, vacant),
}


def arguments(args, directory):
    return [a.replace("@DIR@", directory) for a in args]


def record(folder, directory):
    os.mkdir(folder)
    for name, (args, there, use) in VMS.items():
        vm = QtestVm(directory, *arguments(args, directory))
        try:
            use(vm)
            hello, records = capture(vm)
            vm.quit()
        finally:
            vm.kill()
        with open(os.path.join(folder, name + ".json"), "x", encoding="utf-8") as f:
            json.dump(there or args, f, indent=1)
        with open(os.path.join(folder, name + ".stream"), "xb") as f:
            f.write(hello + b"".join(pack(*r) for r in records))


class Golden(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name
        with open(os.path.join(self.dir, "disk"), "wb") as f:
            f.truncate(1 << 20)

    def load(self, folder, name):
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as f:
            args = json.load(f)
        with open(os.path.join(folder, name + ".stream"), "rb") as f:
            stream = f.read()
        vm = QtestVm(self.dir, "-incoming", "defer", *arguments(args, self.dir))
        self.addCleanup(vm.kill)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            vm.qmp("migrate-incoming", uri=vm.getfd("in", theirs.fileno()))
            theirs.close()
            ours.settimeout(TIMEOUT)
            ours.sendall(stream)
            answer = ours.recv(4096)
            self.assertEqual(answer, bytes(4))
            ours.sendall(pack(GO, 0, b""))
            self.assertEqual(ours.recv(4, socket.MSG_WAITALL), bytes(4))
        vm.wait_migration("completed")
        vm.wait_until(vm.status, "running")
        vm.qmp("system_reset")
        vm.quit()

    def load_all(self, folder):
        names = sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".json"))
        self.assertTrue(names)
        for name in names:
            with self.subTest(release=os.path.basename(folder), name=name):
                self.load(folder, name)

    def test_this(self):
        folder = os.path.join(self.dir, "this")
        record(folder, self.dir)
        self.assertEqual(len(os.listdir(folder)), 2 * len(VMS))
        self.load_all(folder)

    def test_releases(self):
        folders = [e.path for e in os.scandir(HERE)
                   if e.is_dir() and not e.name.startswith("_")]
        if not folders:
            self.skipTest("there is no release yet")
        for folder in sorted(folders):
            self.load_all(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        with tempfile.TemporaryDirectory() as d:
            with open(os.path.join(d, "disk"), "wb") as image:
                image.truncate(1 << 20)
            record(os.path.join(HERE, sys.argv[2]), d)
    else:
        unittest.main()
