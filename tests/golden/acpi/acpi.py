#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The ACPI tables of boards.py's boards against golden files: BOARD/TABLE.dsl is what iasl
reads in it, NAME.diff by what another board's differ from that, and bytes the SHA-256 of
each. `acpi.py --update` writes them anew.

What iasl has disassembled it must compile again without a word. What of a q35's tables is
otherwise than on QEMU's: differences.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile
import unittest

from boards import ALL, BOARDS, HERE, LARGE, RSDP, VARIANTS, GuestTables, QtestVm, read

UPDATE = "--update" in sys.argv
QEMUS_HID = ["-vw", "6035"]  # vmgenid's has letters where iasl wants numbers


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


class Acpi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.boards = {name: read(args) for name, args in ALL.items()}
        cls.texts = {}

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name

    def compare(self, path, text):
        path = os.path.join(HERE, path)
        if UPDATE:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
        with open(path, encoding="ascii") as f:
            self.assertMultiLineEqual(f.read(), text, path)

    def text(self, name, data):
        """Of a table that iasl has compiled again."""
        if data not in self.texts:
            self.texts[data] = disassemble(self.dir, name, data)
            iasl(self.dir, *QEMUS_HID, "-p", name + "-again", name + ".dsl")
        return self.texts[data]

    def test_boards(self):
        for board in BOARDS:
            for name, data in self.boards[board][0].items():
                with self.subTest(board=board, table=name):
                    self.compare("%s/%s.dsl" % (board, name), self.text(name, data))

    def lines(self, board):
        """But for the lists of pointers, and what changes whenever something does."""
        lines = []
        for name, data in sorted(self.boards[board][0].items()):
            if name not in ("RSDT", "XSDT"):
                lines += self.text(name, data).splitlines(keepends=True)
        return [line for line in lines if not re.match("Table Length|Checksum", line)]

    def test_variants(self):
        for board in VARIANTS:
            base = board.split("-")[0]
            with self.subTest(board=board):
                diff = difflib.unified_diff(self.lines(base), self.lines(board), base,
                                            board, n=2)
                self.compare(board + ".diff", "".join(diff))

    def test_large(self):
        for board in LARGE:
            for name in ("DSDT", "APIC"):
                with self.subTest(board=board, table=name):
                    self.text(name, self.boards[board][0][name])

    def test_bytes(self):
        self.compare("bytes", "".join("%s %s\n" % (digest, name) for
                                      name, (_, digest) in self.boards.items()))

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
