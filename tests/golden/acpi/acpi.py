#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The ACPI tables that a guest finds, against golden files: BOARD/TABLE.dsl is what iasl
reads in it, and BOARD/bytes their SHA-256. `acpi.py --update` writes them anew.

A board's tables are read from guest memory, or for a board that no machine has from what
dump.c makes, by the pointers from the RSDP on, with all checksums; what iasl has
disassembled it must compile again without a word.
"""
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import BUILD, QtestVm  # noqa: E402

UPDATE = "--update" in sys.argv
DUMP = os.path.join(BUILD, "tests/golden/acpi/dump")
RSDP = 0xe0000
HEADER = 36

MICROVM = ["-machine", "microvm-vireo-1.0", "-m", "16M"]
BOARDS = {
    "microvm": MICROVM + ["-smp", "2", "-serial", "null", "-device", "pvpanic"],
    "q35": "usual",
    "q35-bare": "bare",
}
# Whose bytes alone are compared.
VARIANTS = {
    "microvm-bare": ["-machine", "microvm-vireo-1.0,rtc=off", "-m", "16M"],
    "microvm-full": MICROVM + ["-smp", "254"] + 4 * ["-serial", "null"] + [
        "-device", "pvpanic,ioport=0x600"],
    "microvm-order": MICROVM + ["-device", "pvpanic", "-device",
                                "isa-serial,chardev=c", "-chardev", "null,id=c"],
    "q35-large": "large",
}


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


def iasl(directory, *args):
    done = subprocess.run(["iasl", *args], cwd=directory, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode or re.search("error|invalid|warning", re.sub(
            "0 Errors, 0 Warnings", "", done.stdout), re.I):
        raise AssertionError("iasl %s: %s" % (" ".join(args), done.stdout))
    return done.stdout


def disassemble(directory, name, data):
    """
    What iasl says, without what differs from version to version: the first comment
    names it, file and date; others, columns of offsets and the dump in hexadecimal.
    """
    with open(os.path.join(directory, name + ".dat"), "wb") as f:
        f.write(data)
    iasl(directory, "-p", name, "-d", name + ".dat")
    with open(os.path.join(directory, name + ".dsl"), encoding="ascii") as f:
        text = f.read()
    text = re.sub(r"\A.*?^ \*/$", "", text, count=1, flags=re.S | re.M)
    text = re.sub(r"^Raw Table Data.*", "", text, flags=re.S | re.M)
    text = re.sub(r"^\[[^]]*\] *|/\*[^*]*\*/| *//.*", "", text, flags=re.M)
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@unittest.skipUnless(shutil.which("iasl"), "no iasl")
class Acpi(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name

    def read(self, args):
        if isinstance(args, str):
            memory = DumpedTables(args)
            return memory.tables(), memory.digest()
        vm = QtestVm(self.dir, *args)
        try:
            memory = GuestTables(vm)
            tables = memory.tables()
            memory.stream.close()
            vm.quit()
        finally:
            vm.kill()
        return tables, memory.digest()

    def compare(self, path, text):
        path = os.path.join(HERE, path)
        if UPDATE:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
        with open(path, encoding="ascii") as f:
            self.assertMultiLineEqual(f.read(), text, path)

    def compile(self, name):
        iasl(self.dir, "-p", name + "-again", name + ".dsl")

    def test_tables(self):
        for board, args in BOARDS.items():
            tables, _ = self.read(args)
            for name, data in tables.items():
                with self.subTest(board=board, table=name):
                    self.compare("%s/%s.dsl" % (board, name),
                                 disassemble(self.dir, name, data))
                    self.compile(name)

    def test_bytes(self):
        lines = ""
        for name, args in {**BOARDS, **VARIANTS}.items():
            lines += "%s %s\n" % (self.read(args)[1], name)
        self.compare("bytes", lines)

    def test_reset(self):
        """Whatever the guest has done to them, they are the same."""
        vm = QtestVm(self.dir, *BOARDS["microvm"])
        self.addCleanup(vm.kill)
        memory = GuestTables(vm)
        before = memory.tables()
        vm.writel(RSDP, 0)
        vm.writel(RSDP + 48, 0)
        vm.qmp("system_reset")
        vm.qmp.event("RESET")
        self.assertEqual(memory.tables(), before)
        memory.stream.close()
        vm.quit()


if __name__ == "__main__":
    unittest.main(argv=[a for a in sys.argv if a != "--update"])
