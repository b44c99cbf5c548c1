# SPDX-License-Identifier: GPL-2.0-or-later
"""
Boards, and the ACPI tables that they have: read from the guest memory of a real machine,
or for a board that no machine has from what dump.c makes, by the pointers from the RSDP
on, with all checksums.
"""
import hashlib
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import BUILD, QtestVm  # noqa: E402

DUMP = os.path.join(BUILD, "tests/golden/acpi/dump")
RSDP = 0xe0000
HEADER = 36


def ports(n):
    """Root ports, eight in a slot, as virt-install has them."""
    args = []
    for i in range(n):
        args += ["-device", "pcie-root-port,id=pci.%d,bus=pcie.0,port=%d,chassis=%d,"
                 "addr=0x%x.%d%s" % (i + 1, 16 + i & 255, i + 1, 1 + i // 8, i % 8,
                                     ",multifunction=on" if i % 8 == 0 else "")]
    return args


def devices(*lines):
    return [word for line in lines for word in ("-device", line)]


MICROVM = ["-machine", "microvm-vireo-1.0", "-m", "16M"]
Q35 = ["-machine", "pc-q35-vireo-1.0", "-m", "128M"]
RNG = ["-object", "rng-random,id=r", "-device"]
DISK = ["-blockdev", "driver=file,node-name=d,read-only=on,filename=" + __file__,
        "-device"]
USUAL = (["-machine", "pc-q35-vireo-1.0,usb=off,vmport=off,dump-guest-core=off",
          "-m", "4G", "-smp", "4,sockets=4,cores=1,threads=1", "-serial", "null"] +
         ports(14) + DISK + ["virtio-blk-pci,drive=d,bus=pci.4,addr=0x0"] +
         RNG + ["virtio-rng-pci,rng=r,bus=pci.6,addr=0x0"])
# Each kind of bridge, and in the last slot but one a function that stays.
BRIDGES = devices(
    "pcie-root-port,id=a,chassis=1,addr=4", "pcie-pci-bridge,id=b,bus=a",
    "pci-bridge,id=c,bus=b,addr=3,chassis_nr=9",
    "pcie-root-port,id=d,chassis=2,addr=5", "x3130-upstream,id=u,bus=d",
    "xio3130-downstream,id=e,bus=u,addr=2,chassis=3",
    "xio3130-downstream,id=f,bus=u,addr=3,chassis=4,hotplug=off",
    "pci-testdev,bus=f,acpi-index=5")
# What a guest finds, as text.
BOARDS = {
    "microvm": MICROVM + ["-smp", "2", "-serial", "null", "-device", "pvpanic"],
    "q35": Q35,
    "q35-usual": USUAL,
    "q35-bare": "bare",
}
# By what they differ from the board whose name they begin with.
VARIANTS = {
    "q35-hpet-off": ["-machine", "q35,hpet=off", "-m", "128M"],
    "q35-i8042-off": ["-machine", "q35,i8042=off", "-m", "128M"],
    "q35-4-cpus": Q35 + ["-smp", "4"],
    "q35-below-hole": ["-machine", "q35", "-m", "2815M"],
    "q35-above-hole": ["-machine", "q35", "-m", "6G"],
    "q35-no-s4": Q35 + ["-global", "ICH9-LPC.disable_s3=1",
                        "-global", "ICH9-LPC.disable_s4=1"],
    "q35-isa": Q35 + 4 * ["-serial", "null"] + ["-device", "pvpanic"],
    "q35-native": Q35 + ports(1) + [
        "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"],
    "q35-vmgenid": Q35 + ["-device", "vmgenid,guid=8c1fbf0a-3a5d-4b6e-9e0f-102030405060"],
    "q35-index": Q35 + ["-device", "pci-testdev,addr=5,acpi-index=77"] + ports(1),
}
# Whose bytes alone are compared.
LARGE = {
    "microvm-bare": ["-machine", "microvm-vireo-1.0,rtc=off", "-m", "16M"],
    "microvm-full": MICROVM + ["-smp", "254"] + 4 * ["-serial", "null"] + [
        "-device", "pvpanic,ioport=0x600"],
    "microvm-order": MICROVM + ["-device", "pvpanic", "-device",
                                "isa-serial,chardev=c", "-chardev", "null,id=c"],
    "q35-large": "large",
    "q35-bridges": Q35 + BRIDGES,
    # All that fits on it: in buses, slots and vCPUs.
    "q35-full": Q35 + ["-smp", "254"] + ports(240) + 4 * ["-serial", "null"] + [
        "-device", "pvpanic"],
}
ALL = {**BOARDS, **VARIANTS, **LARGE}


class Tables:
    """In memory; kept is what pointers lead to."""

    def __init__(self):
        self.kept = {}

    def read(self, address, size):
        raise NotImplementedError

    def checked(self, address, size, what):
        data = self.read(address, size)
        if sum(data) % 256:
            raise AssertionError("%s at 0x%x: wrong checksum" % (what, address))
        self.kept[address] = data
        return data

    def table(self, address):
        signature, length = struct.unpack("<4sI", self.read(address, 8))
        assert length >= HEADER, (signature, length)
        if signature == b"FACS":
            return signature.decode(), self.read(address, length)
        return signature.decode(), self.checked(address, length, signature)

    def tables(self):
        """{signature: bytes}; more than one of a kind does not come."""
        rsdp = self.checked(RSDP, 20, "RSDP") and self.checked(RSDP, 36, "RSDP")
        assert rsdp[:8] == b"RSD PTR " and rsdp[15] == 2, rsdp
        rsdt, xsdt = struct.unpack("<16xI4xQ", rsdp[:32])
        found = dict([self.table(xsdt)])
        roots = [p for p, in struct.iter_unpack("<Q", found["XSDT"][HEADER:])]
        if rsdt:
            name, data = self.table(rsdt)
            assert name == "RSDT" and roots == [
                p for p, in struct.iter_unpack("<I", data[HEADER:])]
            found[name] = data
        found.update(self.table(p) for p in roots)
        assert len(found) == len(roots) + 1 + bool(rsdt)
        facs, dsdt, long_facs, long_dsdt = struct.unpack_from("<36xII88xQQ", found["FACP"])
        assert dsdt == long_dsdt and not long_facs and not facs % 64
        found.update([self.table(dsdt)] + ([self.table(facs)] if facs else []))
        return found

    def digest(self):
        """Of the tables and where they are."""
        sha = hashlib.sha256()
        for address in sorted(self.kept):
            sha.update(b"%x:" % address + self.kept[address])
        return sha.hexdigest()


class GuestTables(Tables):
    def __init__(self, vm):
        super().__init__()
        self.stream = vm.qtest.makefile("rwb")

    def read(self, address, size):
        self.stream.write(b"read 0x%x 0x%x\n" % (address, size))
        self.stream.flush()
        answer = self.stream.readline().split()
        assert answer[0] == b"OK", answer
        return bytes.fromhex(answer[1].decode()[2:])


class DumpedTables(Tables):
    def __init__(self, board):
        super().__init__()
        self.data = subprocess.run([DUMP, board, hex(RSDP)], check=True,
                                   stdout=subprocess.PIPE).stdout

    def read(self, address, size):
        data = self.data[address - RSDP:][:size]
        assert RSDP <= address and len(data) == size, hex(address)
        return data


def read(args):
    """Of a board: {signature: bytes}, and the digest of all."""
    if isinstance(args, str):
        memory = DumpedTables(args)
        return memory.tables(), memory.digest()
    with tempfile.TemporaryDirectory() as directory:
        vm = QtestVm(directory, *args)
        try:
            memory = GuestTables(vm)
            tables = memory.tables()
            memory.stream.close()
            vm.quit()
        finally:
            vm.kill()
    return tables, memory.digest()
