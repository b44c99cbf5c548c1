#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-drive without format=: raw, but no image that has another format's header."""
import os
import subprocess
import tempfile
import unittest

from qmp import TIMEOUT

VIREO = os.path.join(os.environ.get("builddir", "."), "vireo")

# The first sectors of images, as far as they tell the format.
HEADERS = [
    ("qcow", b"QFI\xfb\0\0\0\1"),
    ("qcow2", b"QFI\xfb\0\0\0\2"),
    ("qcow2", b"QFI\xfb\0\0\0\3"),
    ("luks", b"LUKS\xba\xbe\0\1"),
    ("vmdk", b"KDMV\1\0\0\0"),
    ("vmdk", b"COWD\1\0\0\0"),
    ("vmdk", b"# Disk DescriptorFile\nversion=1\n"),
    ("vhdx", b"vhdxfileQ\0E\0M\0U\0"),
    ("vpc", b"conectix\0\0\0\2"),
    ("qed", b"QED\0\0\0\1\0"),
    ("vdi", b"<<< QEMU VM Virtual Disk Image >>>\n".ljust(64, b"\0") + b"\x7f\x10\xda\xbe"),
    ("parallels", b"WithoutFreeSpace\2\0\0\0"),
    ("parallels", b"WithouFreSpacExt\2\0\0\0"),
    ("bochs", b"Bochs Virtual HD Image"),
]
RAW = [b"", b"\0" * 512, b"\xeb\x63\x90".ljust(510, b"\0") + b"\x55\xaa", b"QFI", b"\0QFI\xfb",
       b"\x7f\x10\xda\xbe"]


class Formats(unittest.TestCase):
    def setUp(self):
        # pylint: disable=consider-using-with
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.path = os.path.join(tmp.name, "image")

    def start(self, content, *more, options=()):
        """Exit status and stderr of a VM that is told to quit."""
        with open(self.path, "wb") as f:
            f.write(content.ljust(1 << 16, b"\0") if content else b"")
        p = subprocess.run(
            [VIREO, "-machine", "none", "-drive", ",".join(["if=none,id=d,file=" + self.path, *more]),
             "-qmp", "stdio", *options], capture_output=True, timeout=TIMEOUT, check=False,
            input=b'{"execute": "qmp_capabilities"}{"execute": "quit"}')
        with open(self.path, "rb") as f:
            self.assertTrue(f.read().startswith(content))
        return p.returncode, p.stderr.decode()

    def test_other_formats(self):
        for name, header in HEADERS:
            for more in [], ["cache=none"], ["readonly=on"]:
                code, err = self.start(header, *more)
                self.assertEqual(code, 1, (name, err))
                self.assertTrue(err.startswith("vireo: -drive if=none,id=d,file="), err)
                if name == "qcow2":  # it is one, and not a good one
                    self.assertIn("Unsupported cluster size: 2^0", err)
                else:
                    self.assertIn("begins as a %s image does" % name, err)
                    self.assertIn("say format=raw", err)

    def test_destination(self):
        """It reads no image before it has the VM, but for what tells a qcow2 one."""
        code, err = self.start(dict(HEADERS)["luks"], options=["-incoming", "defer"])
        self.assertEqual((code, err), (0, ""))

    def test_raw_was_said(self):
        for name, header in HEADERS:
            self.assertEqual(self.start(header, "format=raw"), (0, ""), name)

    def test_guessed(self):
        """What may be written is warned of, as by QEMU."""
        for content in RAW:
            self.assertEqual(self.start(content, "readonly=on"), (0, ""), content)
            code, err = self.start(content)
            self.assertEqual(code, 0, err)
            self.assertRegex(err, "format of '%s' is not given.* format=raw" % self.path)


if __name__ == "__main__":
    unittest.main()
