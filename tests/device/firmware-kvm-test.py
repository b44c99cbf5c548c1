#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS under a real vCPU: a kernel with its initrd by fw_cfg; disks and a CD, in the
order that bootindex says, past one that cannot be booted; a generation ID."""
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tiny"))
from migration_vm import Vm  # noqa: E402

BUILD = os.environ.get("builddir", ".")
LIMIT = 300  # seconds of a guest, on a machine that has other work
NEEDED = ["/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/linuxboot_dma.bin"]
SECTOR = 2048  # of a CD
NAME = 256  # where tests/tiny/boot-sector.S has it


def built(name):
    with open(os.path.join(BUILD, "tests/tiny", name), "rb") as f:
        return f.read()


def boot_sector(name):
    code = bytearray(built("boot-sector.bin"))
    code[NAME:NAME + len(name) + 2] = b" " + name + b"\n"
    return bytes(code)


def cd_image(name):
    """ISO 9660 with a boot record of El Torito's, without an emulated disk."""
    image = bytearray(24 * SECTOR)
    image[16 * SECTOR:16 * SECTOR + 7] = b"\1CD001\1"
    record = struct.pack("<B5sB32s32x", 0, b"CD001", 1, b"EL TORITO SPECIFICATION")
    image[17 * SECTOR:17 * SECTOR + len(record) + 4] = record + struct.pack("<I", 19)
    image[18 * SECTOR:18 * SECTOR + 7] = b"\xffCD001\1"
    header = struct.pack("<BBH24sHBB", 1, 0, 0, b"tiny", 0, 0x55, 0xaa)
    checksum = -sum(struct.unpack("<16H", header)) & 0xffff
    header = header[:28] + struct.pack("<H", checksum) + header[30:]
    entry = struct.pack("<BBHBBHI20x", 0x88, 0, 0, 0, 0, 1, 20)
    image[19 * SECTOR:19 * SECTOR + 64] = header + entry
    image[20 * SECTOR:20 * SECTOR + 512] = boot_sector(name)
    return bytes(image)


class Bios(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name

    def file(self, name, content):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def disk(self, name, bootable=True):
        sector = boot_sector(name.encode()) if bootable else bytes(512)
        path = self.file(name, sector + bytes((1 << 20) - 512))
        return ["-blockdev", "driver=file,node-name=%s,filename=%s" % (name, path)]

    def run_guest(self, *words):
        """What it says until it resets the machine."""
        command = [os.path.join(BUILD, "vireo"), "-accel", "kvm", "-machine", "q35",
                   "-m", "128M", "-nodefaults", "-display", "none", "-serial", "stdio",
                   "-bios", "bios-256k.bin", "-no-reboot", *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=LIMIT, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_kernel(self):
        kernel = self.file("kernel", built("kernel16.bin"))
        initrd = self.file("initrd", b"the file" + bytes(5 << 20)) # by more than one turn
        said = self.run_guest("-kernel", kernel, "-initrd", initrd, "-append", "a b=c")
        self.assertEqual(said, b"tiny: kernel 'a b=c', initrd 'the file'\n")

    def test_order(self):
        """Of several disks a BIOS tries the first alone: that with the lowest index."""
        said = self.run_guest(
            *self.disk("a"), *self.disk("b"), *self.disk("c"),
            "-device", "pcie-root-port,id=p,chassis=1",
            "-device", "virtio-blk-pci,drive=a",
            "-device", "virtio-blk-pci,drive=b,bus=p,bootindex=1",
            "-device", "virtio-blk-pci,drive=c,bootindex=2", "-boot", "strict=on")
        self.assertEqual(said, b"tiny: booted from 80 b\n")

    def test_sata(self):
        said = self.run_guest(
            *self.disk("a"), *self.disk("b"), "-device", "ide-hd,drive=a,bus=ide.0",
            "-device", "ide-hd,drive=b,bus=ide.3,bootindex=1")
        self.assertEqual(said, b"tiny: booted from 80 b\n")

    def test_cd(self):
        """After a disk that cannot be booted."""
        path = self.file("cd", cd_image(b"cd"))
        said = self.run_guest(
            *self.disk("empty", False), "-device", "virtio-blk-pci,drive=empty,bootindex=1",
            "-blockdev", "driver=file,node-name=c,read-only=on,filename=" + path,
            "-device", "ide-cd,drive=c,bus=ide.1,bootindex=2")
        self.assertEqual(said, b"tiny: booted from e0 cd\n")

    def vm_with_id(self, name, guid, *words):
        """Until the guest wants to reboot; its memory is a file."""
        memory = self.file(name, bytes(128 << 20))
        vm = Vm("-machine", "q35,memory-backend=m", "-m", "128M", "-object",
                "memory-backend-file,id=m,size=128M,share=on,mem-path=" + memory,
                "-bios", "bios-256k.bin", "-no-reboot", "-no-shutdown", "-serial", "null",
                *self.disk("boot"), "-device", "virtio-blk-pci,drive=boot",
                "-device", "vmgenid,guid=" + guid, *words)
        self.addCleanup(vm.kill)
        return vm

    def places(self, name, data):
        with open(os.path.join(self.dir, name), "rb") as f:
            memory = f.read()
        return [m.start() for m in re.finditer(re.escape(data), memory)]

    def test_generation_id(self):
        """Placed where the table says; a VM that goes on from it writes its own there."""
        first, second = uuid.uuid4(), uuid.uuid4()
        source = self.vm_with_id("first", str(first))
        source.qmp.event("SHUTDOWN")
        places = self.places("first", first.bytes_le)
        self.assertEqual([p % 4096 for p in places], [40])
        page = places[0] - 40
        self.assertTrue(self.places("first", b"\x08VGIA\x0c" + struct.pack("<I", page)))
        path = os.path.join(self.dir, "stream")
        target = self.vm_with_id("second", str(second), "-incoming", "unix:" + path)
        source.qmp("migrate", uri="unix:" + path)
        source.wait_until(source.migration, "completed")
        target.wait_until(target.status, "shutdown")
        self.assertEqual(self.places("second", first.bytes_le), [])
        self.assertEqual(self.places("second", second.bytes_le), places)


if __name__ == "__main__":
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        sys.exit(77)
    for path in NEEDED:
        if not os.path.exists(path):
            sys.exit(77)
    unittest.main()
