#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a q35 says by fw_cfg against what QEMU 7.2's q35 says of the same configuration: each
key, and each file by its name. `fw-cfg.py --record` asks QEMU (by its human monitor's
commands for ports; no guest runs) and writes qemu-7.2.txt anew.

The ACPI files are not QEMU's: here the commands for firmware are carried out as firmware
does, and what comes of them must hang together.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import QtestVm  # noqa: E402

GOLDEN = os.path.join(HERE, "qemu-7.2.txt")
QEMU = ["qemu-system-x86_64", "-machine", "pc-q35-7.2", "-accel", "tcg", "-S",
        "-cpu", "qemu64,vendor=GenuineIntel", "-nodefaults", "-display", "none"]
VIREO = ["-machine", "q35"]

GUID = "8c1fbf0a-3a5d-4b6e-9e0f-102030405060"
NO_S3 = ["-global", "ICH9-LPC.disable_s3=1"]
CASES = {
    "plain": ["-m", "64M"],
    "large": ["-m", "5G", "-smp", "6,sockets=2,cores=3,threads=1",
              "-uuid", "00112233-4455-6677-8899-aabbccddeeff"],
    "below-hole": ["-m", "2815M"],
    "above-hole": ["-m", "2816M"],
    "no-hpet": ["-m", "64M", "-machine", "hpet=off"],
    "no-acpi": ["-m", "64M", "-machine", "acpi=off"],
    "no-graphics": ["-m", "64M", "-machine", "graphics=off"],
    "no-s4": ["-m", "64M", "-global", "ICH9-LPC.disable_s4=1"],
    "s4-type": ["-m", "64M", "-global", "ICH9-LPC.s4_val=3"],
    "no-dma": ["-m", "64M", "-global", "fw_cfg_io.dma_enabled=off"],
    "items": ["-m", "64M", "-fw_cfg", "name=opt/b,string=zwei",
              "-fw_cfg", "opt/a,string=eins,,zwei", "-fw_cfg", "name=etc/x,string=y"],
    "vmgenid": ["-m", "64M", "-device", "vmgenid,guid=" + GUID, "-device", "vmcoreinfo"],
}
# With kernels, which firmware starts: KERNEL, ABOVE and INITRD are files.
FIRMWARE = ["-bios", "bios-256k.bin"]
CASES.update({
    "kernel": ["-m", "64M", "-kernel", "KERNEL"],
    "kernel-initrd": ["-m", "64M", "-kernel", "KERNEL", "-initrd", "INITRD",
                      "-append", "root=/dev/vda vga=ask"],
    "kernel-video": ["-m", "64M", "-kernel", "KERNEL", "-append", "vga=0x317"],
    "kernel-large": ["-m", "3G", "-kernel", "KERNEL", "-initrd", "INITRD"],
    "kernel-above": ["-m", "3G", "-kernel", "ABOVE", "-initrd", "INITRD"],
})
SETUP_DATA, HEADER = 0x18, slice(0x1f0, 0x240)
NEEDED = ["/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/linuxboot_dma.bin"]
KEYS = [k for k in (*range(0x20), *range(0x8000, 0x8020)) if k != 0x19]
KEY_BYTES = 64
DIRECTORY = 0x19

ACPI = {"etc/acpi/rsdp", "etc/acpi/tables", "etc/table-loader"}
NAMES = ACPI | {"genroms/linuxboot_dma.bin"} # of which only the name is the same
NOT_THERE = {
    "bios-geometry": "there are no geometries",
    "etc/smi/features-ok": "there are no SMIs",
    "etc/smi/requested-features": "there are no SMIs",
    "etc/smi/supported-features": "there are no SMIs",
    "etc/tpm/log": "there is no TPM",
    "genroms/kvmvapic.bin": "of the TPR of a 32-bit Windows",
}
# Other tests look at them.
ELSEWHERE = {"bootorder", "etc/boot-fail-wait", "etc/boot-menu-wait",
             "etc/smbios/smbios-anchor", "etc/smbios/smbios-tables"}


def bz_image(xloadflags):
    """As much of a bzImage as is looked at: boot protocol 2.12, five sectors of setup."""
    setup = bytearray(5 * 512)
    setup[0x1f1] = 4
    struct.pack_into("<H", setup, 0x1fe, 0xaa55)
    setup[0x200:0x202] = b"\xeb\x66"
    struct.pack_into("<4sH", setup, 0x202, b"HdrS", 0x020c)
    setup[0x211] = 1 # loaded high
    struct.pack_into("<I", setup, 0x22c, 0x7fffffff) # where an initrd ends
    struct.pack_into("<HI", setup, 0x236, xloadflags, 2047)
    return bytes(setup) + bytes(range(256)) * 16


def with_files(args, directory):
    """The arguments with files of their own for names in capitals."""
    made = {"KERNEL": bz_image(1), "ABOVE": bz_image(3), "INITRD": b"initrd" * 1000}
    for name, content in made.items():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(content)
    return [os.path.join(directory, a) if a in made else a for a in args]


class Reader:
    """Items by their ports, with a way to select and one to read."""

    def __init__(self, select, read):
        self.select, self.read = select, read

    def key(self, key, n):
        self.select(key)
        return self.read(n)

    def files(self):
        self.select(DIRECTORY)
        n = struct.unpack(">I", self.read(4))[0]
        found = {}
        for _ in range(n):
            size, key, _, name = struct.unpack(">IHH56s", self.read(64))
            found[name.split(b"\0")[0].decode()] = (key, size)
        return found


def ask(stream, lines):
    for line in lines:
        stream.write(json.dumps({"execute": "human-monitor-command",
                                 "arguments": {"command-line": line}}) + "\n")
    stream.flush()
    return [json.loads(stream.readline())["return"] for _ in lines]


def ask_qemu(args):
    """Keys and files of QEMU's q35."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as s:
        path = os.path.join(directory, "qmp")
        s.bind(path)
        s.listen(1)
        command = [*QEMU, *NO_S3, *with_files(args, directory), "-qmp", "unix:" + path]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as qemu:
            monitor, _ = s.accept()
            stream = monitor.makefile("rw", encoding="utf-8")
            stream.readline()
            stream.write('{"execute": "qmp_capabilities"}\n')
            stream.flush()
            stream.readline()
            r = Reader(lambda key: ask(stream, ["o /h 0x510 0x%x" % key]),
                       lambda n: bytes(int(said.split("=")[1], 16)
                                       for said in ask(stream, ["i /b 0x511"] * n)))
            found = describe(r)
            qemu.kill()
    return found


def describe(r):
    """Lines of the golden file: by key and by name."""
    found = {"%04x" % key: r.key(key, KEY_BYTES) for key in KEYS}
    found["%04x" % SETUP_DATA] = r.key(SETUP_DATA, HEADER.stop)[HEADER]
    for name, (key, size) in r.files().items():
        if name not in NAMES | set(NOT_THERE) | ELSEWHERE:
            found[name] = r.key(key, size)
        elif name in NAMES:
            found[name] = b""
    return found


def golden():
    cases = {}
    with open(GOLDEN, encoding="ascii") as f:
        for line in f:
            if line.startswith("["):
                case = cases.setdefault(line.strip()[1:-1], {})
            elif not line.startswith("#"):
                name, value = line.rstrip("\n").split(": ")
                case[name] = bytes.fromhex(value)
    return cases


def record():
    with open(GOLDEN, "w", encoding="ascii") as f:
        f.write("# QEMU 7.2's items, trailing zeros of keys left out; fw-cfg.py --record\n")
        for case, args in CASES.items():
            f.write("[%s]\n" % case)
            for name, value in ask_qemu(args).items():
                if name[0] not in "0123456789abcdef" or "/" in name:
                    f.write("%s: %s\n" % (name, value.hex()))
                elif value.strip(b"\0"):
                    f.write("%s: %s\n" % (name, value.rstrip(b"\0").hex()))


class Vm(QtestVm):
    def command(self, *lines):
        """Values of what reads; 64 lines are sent at a time."""
        values = []
        stream = self.stream = getattr(self, "stream", None) or self.qtest.makefile("rw")
        for at in range(0, len(lines), 64):
            some = lines[at:at + 64]
            stream.write("".join(line + "\n" for line in some))
            stream.flush()
            for line in some:
                words = stream.readline().split()
                assert words and words[0] == "OK", (line, words)
                values += [int(w, 16) for w in words[1:2]]
        return values

    def items(self):
        return Reader(lambda key: self.command("outw 0x510 0x%x" % key),
                      lambda n: bytes(self.command(*["inb 0x511"] * n)))


class Firmware:
    """Places files as the commands say; memory is one array, so addresses are offsets."""

    BASE = {1: 0x700000, 2: 0xf0000}

    def __init__(self, files, commands):
        self.files, self.places, self.memory = files, {}, {}
        self.used, self.told = {}, {}
        for at in range(0, len(commands), 128):
            entry = commands[at:at + 128]
            number = struct.unpack_from("<I", entry)[0]
            if number:
                (None, self.allocate, self.point, self.sum, self.tell)[number](entry[4:])

    @staticmethod
    def text(data):
        return data.split(b"\0")[0].decode()

    def allocate(self, entry):
        name, align, zone = struct.unpack_from("<56sIB", entry)
        name = self.text(name)
        assert name not in self.places and align & (align - 1) == 0, name
        base = self.used.get(zone, self.BASE[zone])
        self.places[name] = (base + align - 1) & ~(align - 1)
        self.memory[name] = bytearray(self.files[name])
        self.used[zone] = self.places[name] + len(self.files[name])

    def point(self, entry):
        dest, src, offset, size = struct.unpack_from("<56s56sIB", entry)
        data = self.memory[self.text(dest)]
        assert size in (4, 8) and offset + size <= len(data)
        old = int.from_bytes(data[offset:offset + size], "little")
        assert old < len(self.files[self.text(src)])
        data[offset:offset + size] = (old + self.places[self.text(src)]).to_bytes(
            size, "little")

    def sum(self, entry):
        name, offset, start, length = struct.unpack_from("<56sIII", entry)
        data = self.memory[self.text(name)]
        assert start <= offset < start + length <= len(data)
        assert data[offset] == 0
        data[offset] = -sum(data[start:start + length]) & 0xff

    def tell(self, entry):
        """Written to the file itself; who owns it does not see that here."""
        dest, src, at, offset, size = struct.unpack_from("<56s56sIIB", entry)
        assert size == 8 and at == offset == 0
        self.told[self.text(dest)] = self.places[self.text(src)]

    def read(self, address, n):
        for name, place in self.places.items():
            if place <= address and address + n <= place + len(self.memory[name]):
                return bytes(self.memory[name][address - place:address - place + n])
        raise AssertionError("nothing at 0x%x" % address)

    def table(self, address):
        length = struct.unpack("<I", self.read(address + 4, 4))[0]
        data = self.read(address, length)
        assert data[:4] == b"FACS" or sum(data) & 0xff == 0, data[:4]
        return data

    def tables(self):
        """By signature; each is found by all ways that there are."""
        rsdp = self.read(self.places["etc/acpi/rsdp"], 36)
        assert rsdp[:8] == b"RSD PTR " and sum(rsdp[:20]) & 0xff == sum(rsdp) & 0xff == 0
        rsdt = self.table(struct.unpack_from("<I", rsdp, 16)[0])
        xsdt = self.table(struct.unpack_from("<Q", rsdp, 24)[0])
        short = struct.unpack("<%uI" % ((len(rsdt) - 36) // 4), rsdt[36:])
        assert short == struct.unpack("<%uQ" % ((len(xsdt) - 36) // 8), xsdt[36:])
        found = {data[:4].decode(): data for data in map(self.table, short)}
        for at, form in ((36, "<I"), (40, "<I"), (140, "<Q")):
            data = self.table(struct.unpack_from(form, found["FACP"], at)[0])
            found[data[:4].decode()] = data
        return found


class FwCfg(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name

    def start(self, *args):
        vm = Vm(self.dir, *VIREO, *args)
        self.addCleanup(vm.wait)
        self.addCleanup(vm.qmp, "quit")
        return vm

    def need_firmware(self):
        for path in NEEDED:
            if not os.path.exists(path):
                self.skipTest("there is no " + path)

    def test_qemus(self):
        expected = golden()
        self.assertEqual(set(expected), set(CASES))
        for case, args in CASES.items():
            with self.subTest(case=case):
                if "-kernel" in args or case == "vmgenid": # which firmware places
                    self.need_firmware()
                    args = FIRMWARE + with_files(args, self.dir)
                found = describe(self.start(*args).items())
                for name in NOT_THERE:
                    self.assertNotIn(name, found)
                for key in KEYS:
                    expected[case].setdefault("%04x" % key, b"")
                    found["%04x" % key] = found["%04x" % key].rstrip(b"\0")
                self.assertEqual({n: v.hex() for n, v in found.items()},
                                 {n: v.hex() for n, v in expected[case].items()})

    def read_acpi(self, vm):
        r = vm.items()
        files = r.files()
        data = {name: r.key(*files[name])
                for name in sorted((ACPI | {"etc/vmgenid_guid"}) & files.keys())}
        return Firmware(data, data["etc/table-loader"])

    def test_acpi(self):
        """The same tables as those that a kernel finds that is started without firmware."""
        vm = self.start("-m", "64M", "-smp", "3", "-device", "pcie-root-port,id=p,addr=4")
        tables = self.read_acpi(vm).tables()
        self.assertEqual(set(tables),
                         {"FACP", "FACS", "DSDT", "APIC", "HPET", "MCFG", "WAET"})
        area = bytes(vm.command(*["readb 0x%x" % (0xe0000 + i) for i in range(0x4000)]))
        for name, data in tables.items():
            if name != "FACP": # there are addresses in it
                self.assertIn(data, area, name)

    def test_vmgenid(self):
        """The guest finds the page where firmware has put it, and so do we."""
        firmware = self.read_acpi(self.start("-m", "64M", "-device", "vmgenid,guid=" + GUID))
        place = firmware.places["etc/vmgenid_guid"]
        self.assertEqual(place % 4096, 0)
        self.assertEqual(firmware.told, {"etc/vmgenid_addr": place})
        self.assertEqual(firmware.read(place + 40, 16), uuid.UUID(GUID).bytes_le)
        ssdt = firmware.tables()["SSDT"]
        self.assertEqual(ssdt[36:46], b"\x08VGIA\x0c" + struct.pack("<I", place))
        for text in (b"QEMUVGID", b"VM_Gen_Counter", b"\\._GPE_E05"):
            self.assertIn(text, ssdt)

    def test_acpi_of_firmware(self):
        """Windows are where firmware has put what is in them; sizes are as told before."""
        self.need_firmware()
        vm = self.start(*FIRMWARE, "-m", "64M", "-object", "rng-builtin,id=r",
                        "-device", "virtio-rng-pci,rng=r,addr=2")
        before = vm.items().files()
        for devfn, offset, value in ((0x00, 0x60, 0xe0000001), # ECAM
                                     (0x10, 0x20, 0), (0x10, 0x24, 0x80), # BAR 4
                                     (0x10, 0x04, 0x06)):
            vm.command("outl 0xcf8 0x%x" % (1 << 31 | devfn << 8 | offset),
                       "outl 0xcfc 0x%x" % value)
        tables = self.read_acpi(vm).tables()
        self.assertEqual(vm.items().files(), before)
        self.assertEqual(struct.unpack_from("<Q", tables["MCFG"], 44)[0], 0xe0000000)
        for window in (struct.pack("<II", 0x4000000, 0xdfffffff),
                       struct.pack("<II", 0xf0000000, 0xfebfffff),
                       struct.pack("<QQ", 0x8000000000, 0x87ffffffff)):
            self.assertIn(window, tables["DSDT"])

    def test_acpi_before_firmware(self):
        self.need_firmware()
        vm = self.start(*FIRMWARE, "-m", "64M")
        tables = self.read_acpi(vm).tables()
        self.assertNotIn("MCFG", tables)
        self.assertIn(struct.pack("<II", 0x4000000, 0xfebfffff), tables["DSDT"])


if __name__ == "__main__":
    if "--record" in sys.argv:
        record()
    else:
        unittest.main()
