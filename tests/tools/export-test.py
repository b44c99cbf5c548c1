#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/export: what is built is what git has, as it stands in the working tree."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("export", str(TOP / "tools" / "export"))
SPEC = importlib.util.spec_from_loader("export", LOADER)
export = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(export)

PRODUCTS = ["config.status", "Makefile", "config.h", "a.o", "lib.a", "sub/.deps/b.Po"]


def write(path, text="x\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def files(top):
    return sorted(str(p.relative_to(top)) for p in top.rglob("*")
                  if not p.is_dir() and p.name != export.MANIFEST)


class Export(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="vireo-export-")
        self.addCleanup(directory.cleanup)
        self.top = Path(directory.name) / "tree"
        self.copy = Path(directory.name) / "copy"
        for name in ["configure.ac", "sub/b.c", "sub/gone.c", "tool"]:
            write(self.top / name)
        (self.top / "tool").chmod(0o755)
        (self.top / "link").symlink_to("tool")

    def git(self, *words):
        subprocess.run(["git", "-C", self.top, "-c", "user.name=a", "-c", "user.email=a@b",
                        *words], check=True, stdout=subprocess.DEVNULL)

    def repository(self):
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-qm", "first")

    def built_in_place(self):
        for name in PRODUCTS:
            write(self.top / name)
        (self.top / "program").write_bytes(b"\x7fELF...")

    def test_git(self):
        """Built in place, edited, a file added and one deleted: none committed."""
        self.repository()
        self.built_in_place()
        write(self.top / "sub/b.c", "edited\n")
        write(self.top / "new.c")
        write(self.top / "notes.txt")
        self.git("add", "new.c")
        (self.top / "sub/gone.c").unlink()
        export.export(self.top, self.copy)
        self.assertEqual(files(self.copy),
                         ["configure.ac", "link", "new.c", "sub/b.c", "tool"])
        self.assertEqual((self.copy / "sub/b.c").read_text(), "edited\n")
        self.assertTrue(os.access(self.copy / "tool", os.X_OK))
        self.assertEqual(os.readlink(self.copy / "link"), "tool")

    def test_worktree(self):
        """A second working tree of the repository, on another branch."""
        self.repository()
        other = self.top.parent / "other"
        self.git("worktree", "add", "-q", "-b", "other", other)
        export.export(other, self.copy)
        self.assertIn("sub/gone.c", files(self.copy))

    def test_again(self):
        """What has not changed keeps its time, what has gone goes, products stay."""
        self.repository()
        export.export(self.top, self.copy)
        before = (self.copy / "tool").stat()
        write(self.copy / "configure")
        write(self.top / "sub/b.c", "edited\n")
        (self.top / "sub/gone.c").unlink()
        export.export(self.top, self.copy)
        after = (self.copy / "tool").stat()
        self.assertEqual((before.st_ino, before.st_mtime_ns),
                         (after.st_ino, after.st_mtime_ns))
        self.assertEqual(files(self.copy),
                         ["configure", "configure.ac", "link", "sub/b.c", "tool"])
        self.assertEqual((self.copy / "sub/b.c").read_text(), "edited\n")

    def test_tarball(self):
        """No git, also inside of somebody's repository: without what a build leaves."""
        subprocess.run(["git", "init", "-q", self.top.parent], check=True)
        self.built_in_place()
        write(self.top / "configure")
        export.export(self.top, self.copy)
        self.assertEqual(files(self.copy), ["configure", "configure.ac", "link", "sub/b.c",
                                            "sub/gone.c", "tool"])

    def test_inside(self):
        """A copy below the tree does not contain itself."""
        for _ in range(2):
            export.export(self.top, self.top / "build" / "src")
        self.assertEqual([f for f in files(self.top / "build" / "src") if "build" in f], [])


unittest.main()
