#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes in sources: what is one, and what fails the build."""
import os
import subprocess
import sys
import tempfile
import unittest

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(__file__), "../..")
NOTES = os.path.join(TOP, "emulator/sandbox/notes.py")


def collect(text, *options, name="a.c"):
    """Of a tree with one file; returns (exit status, output, errors)."""
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "emulator", name)
        os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        p = subprocess.run([sys.executable, NOTES, *options, top], capture_output=True,
                           text=True, check=False)
        return p.returncode, p.stdout, p.stderr


class Notes(unittest.TestCase):
    def check(self, text, *rows):
        code, out, err = collect(text)
        self.assertEqual((code, err), (0, ""))
        for row in rows:
            self.assertIn(row, out)
        self.assertEqual(out.count("\n{"), len(rows))

    def refused(self, text, line, why):
        code, _, err = collect(text)
        self.assertEqual(code, 1)
        self.assertIn(f"emulator/a.c:{line}: {why}", err)
        self.assertIn("a note is '#syscalls KIND", err)

    def test_calls(self):
        self.check("/*\n * A file.\n *\n * #syscalls main,io: read\n *     write\n *\n"
                   " * no part of it: close\n */\nint x;\n",
                   '{ MAIN | IO, "read", "read", "emulator/a.c", 4, 0, 0, 0,',
                   '{ MAIN | IO, "write", "write", "emulator/a.c", 4, 0, 0, 0,')
        self.check("/* #syscalls vcpu: ioctl(KVM_RUN) */\n",
                   '1, { { 1, (unsigned)(0xffffffff), (unsigned)(KVM_RUN) } } },')
        self.check("/*\n * #syscalls all: mmap(2&PROT_EXEC=0) clone3!ENOSYS\n"
                   " * #syscalls start: rseq -- rare: with a\n *   reason: two lines\n */\n",
                   "{ 2, (unsigned)(PROT_EXEC), (unsigned)(0) }", "0, ENOSYS, 0,",
                   '"rseq", "emulator/a.c", 3, 1, 0')

    def test_text(self):
        """What only speaks of notes is none."""
        self.check('/* see the #syscalls notes */\nint x; // no #syscalls note\n')

    def test_refused(self):
        for text, line, why in (
                ("/* #syscalls read */\n", 1, "malformed note"),
                ("/* #syscalls: read */\n", 1, "malformed note"),
                ("/*\n * #syscalls main read write\n */\n", 2, "malformed note"),
                ("/* #syscalls main: */\n", 1, "malformed note"),
                ("/* #syscalls main,gpu: read */\n", 1, "unknown kind of thread 'gpu'"),
                ("/* #syscalls main: Read */\n", 1, "'Read' is not a call"),
                ("/* #syscalls main: read, */\n", 1, "'read,' is not a call"),
                ("/* #syscalls main: ioctl */\n", 1, "ioctl without its request"),
                ("/* #syscalls main: mmap(PROT_EXEC) */\n", 1,
                 "'PROT_EXEC' is not a condition"),
                ("/* #syscalls main: mmap(7=1) */\n", 1, "'7=1' is not a condition"),
                ("/* #syscalls main: read -- sometimes */\n", 1, "'--' is followed by"),
                ("/* #syscalls main: read -- rare: */\n", 1, "'--' is followed by"),
                ("#syscalls main: read\n", 1, "a note stands in a comment")):
            with self.subTest(text):
                self.refused(text, line, why)

    def test_sanitizers(self):
        text = "/* #syscalls all: read */\n"
        name = "sandbox/sanitizers.h"
        self.assertNotIn('"read"', collect(text, name=name)[1])
        self.assertIn('"read"', collect(text, "--sanitizers", name=name)[1])


if __name__ == "__main__":
    unittest.main()
