#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
SMBIOS tables, as dmidecode reads them, against golden files. `smbios.py --update` writes
them anew. The boards are dump.c's.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
DUMP = os.path.join(os.environ.get("builddir", "."), "tests/golden/smbios/dump")
UPDATE = "--update" in sys.argv
DMIDECODE = shutil.which("dmidecode", path=os.environ["PATH"] + ":/usr/sbin")


def run(*args):
    done = subprocess.run(args, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.stderr:
        raise AssertionError("%s: %s" % (args[0], done.stderr.decode()))
    return done.stdout


@unittest.skipUnless(DMIDECODE, "no dmidecode")
class Smbios(unittest.TestCase):
    def read(self, board):
        """
        What dmidecode says, without its own version and the name of the file, and without
        the eleventh piece of memory and those after it.
        """
        with tempfile.NamedTemporaryFile() as f:
            f.write(run(DUMP, board))
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
        for board in ("full", "bare", "large"):
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
