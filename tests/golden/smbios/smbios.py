#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
SMBIOS tables, as dmidecode reads them, against golden files. `smbios.py --update` writes
them anew. The boards are dump.c's, and those that a real machine has in guest memory.
"""
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

DUMP = os.path.join(BUILD, "tests/golden/smbios/dump")
UPDATE = "--update" in sys.argv
DMIDECODE = shutil.which("dmidecode", path=os.environ["PATH"] + ":/usr/sbin")

MACHINES = {
    "q35": ["-machine", "q35", "-m", "128M"],
    "q35-large": ["-machine", "q35", "-m", "20G", "-smp", "8,sockets=2,cores=2,threads=2",
                  "-uuid", "c7a5fdbd-edaf-9455-926a-d65c16db1809"],
}
BASE, SIZE, ENTRY = 0xf0000, 0x10000, 32


def run(*args):
    done = subprocess.run(args, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.stderr:
        raise AssertionError("%s: %s" % (args[0], done.stderr.decode()))
    return done.stdout


def guest_tables(args):
    """As they would stand in a file: the entry point at 0, and the structures behind."""
    with tempfile.TemporaryDirectory() as directory:
        vm = QtestVm(directory, *args)
        try:
            with vm.qtest.makefile("rwb") as stream:
                stream.write(b"read 0x%x 0x%x\n" % (BASE, SIZE))
                stream.flush()
                area = bytes.fromhex(stream.readline().split()[1].decode()[2:])
            vm.quit()
        finally:
            vm.kill()
    at = [i for i in range(0, SIZE, 16) if area[i:].startswith(b"_SM3_")]
    assert len(at) == 1, at
    entry = bytearray(area[at[0]:][:24])
    assert sum(entry) % 256 == 0
    length, address = struct.unpack_from("<IQ", entry, 12)
    struct.pack_into("<Q", entry, 16, ENTRY)
    entry[5] = (entry[5] - sum(entry)) % 256
    return bytes(entry).ljust(ENTRY, b"\0") + area[address - BASE:][:length]


@unittest.skipUnless(DMIDECODE, "no dmidecode")
class Smbios(unittest.TestCase):
    def read(self, board):
        """
        What dmidecode says, without its own version and the name of the file, and without
        the eleventh piece of memory and those after it.
        """
        with tempfile.NamedTemporaryFile() as f:
            f.write(guest_tables(MACHINES[board]) if board in MACHINES
                    else run(DUMP, board))
            f.flush()
            text = run(DMIDECODE, "--no-sysfs", "--from-dump", f.name).decode()
        self.assertNotRegex(text, "(?i)broken|truncated|bad|out of spec|checksum")
        lines = text.splitlines(keepends=True)
        text = "".join(line for line in lines if line[0] != "#" and
                       not line.startswith("Reading "))
        self.assertEqual(re.findall(r"Locator: DIMM (\d+)", text),
                         [str(i) for i in range(text.count("Form Factor: DIMM"))])
        return "\n\n".join(part for part in text.split("\n\n")
                           if not re.search(r"Locator: DIMM \d\d", part))

    def test_boards(self):
        for board in ("full", "bare", "large", *MACHINES):
            with self.subTest(board=board):
                path = os.path.join(HERE, board + ".txt")
                text = self.read(board)
                if UPDATE:
                    with open(path, "w", encoding="ascii") as f:
                        f.write(text)
                with open(path, encoding="ascii") as f:
                    self.assertMultiLineEqual(f.read(), text, path)


if __name__ == "__main__":
    unittest.main(argv=[a for a in sys.argv if a != "--update"])
