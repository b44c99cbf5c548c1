#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/check: parts and their results, in a tree whose tools are stubs."""
import os
import shutil
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# Stands for autoreconf's product: "builds" a program of make's kind, or fails.
CONFIGURE = """#!/bin/sh
cat >Makefile <<END
all:
\t@mkdir -p tests/fuzz; for t in a-older new z-old; do cp $(dirname $0)/fuzz tests/fuzz/\\$\\$t-fuzz; done
check:
ifeq (\\$(origin TESTS),undefined)
\t@echo "# TOTAL: 3"; echo "# PASS:  2"; echo "# SKIP:  1"; exit ${CHECK_EXIT-0}
endif
END
"""
FUZZ = """#!/bin/sh
echo "$(basename $0) $1" >>"$FUZZ_LOG"
"""


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class Check(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="vireo-check-test-")
        self.addCleanup(directory.cleanup)
        self.base = Path(directory.name)
        self.top = self.base / "tree"
        for name in ["check", "export"]:
            (self.top / "tools").mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / "tools" / name, self.top / "tools")
        script(self.top / "tools/setup", "#!/bin/sh\n")
        script(self.top / "configure", CONFIGURE)
        script(self.top / "fuzz", FUZZ)
        for name, date in [("z-old", "2001-01-01"), ("a-older", "2000-01-01"),
                           ("new", "2002-01-01")]:
            (self.top / "tests/fuzz").mkdir(parents=True, exist_ok=True)
            (self.top / f"tests/fuzz/{name}-fuzz.c").write_text("x")
            self.commit(name, date + "T00:00:00Z")

    def commit(self, message, date):
        env = dict(os.environ, GIT_COMMITTER_DATE=date, GIT_AUTHOR_DATE=date)
        git = ["git", "-C", self.top, "-c", "user.name=a", "-c", "user.email=a@b"]
        for words in [["init", "-q"], ["add", "."], ["commit", "-qm", message]]:
            subprocess.run(git + words, check=True, env=env)

    def check(self, *words, cpus=None, **env):
        """cpus: those that it may use; one does a thing at a time."""
        # Perhaps it is tools/check that runs this test, with settings of its own.
        outer = {key: value for key, value in os.environ.items() if key != "FUZZ_SECONDS"}
        env = dict(outer, XDG_STATE_HOME=str(self.base / "state"), TMPDIR=str(self.base),
                   FUZZ_LOG=str(self.base / "fuzzed"), **env)
        done = subprocess.run([self.top / "tools/check", *words], env=env, text=True,
                              preexec_fn=lambda: cpus and os.sched_setaffinity(0, cpus),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def test_parts_add_up(self):
        status, said = self.check("gcc")
        self.assertEqual(status, 0, said)
        self.assertIn("4 passed, 0 failed, 1 skipped", said)
        status, said = self.check("clang")
        self.assertEqual(status, 0, said)
        listed = dict(line.split(None, 1) for line in self.check("--list")[1].splitlines())
        self.assertRegex(listed["gcc"], "^3 passed, 0 failed, 1 skipped, ")
        self.assertRegex(listed["clang"], "^1 passed, 0 failed, 0 skipped, ")
        self.assertEqual(listed["fuzz"], "-")
        # another state of the tree is another commit
        (self.top / "tests/fuzz/z-old-fuzz.c").write_text("edited")
        self.assertNotIn("passed", self.check("--list")[1])

    def test_failure(self):
        status, said = self.check("gcc", CHECK_EXIT="1")
        self.assertEqual(status, 1, said)
        self.assertRegex(self.check("--list")[1], r"(?m)^gcc +\d+ passed, 1 failed")
        self.assertEqual(self.check("gcc")[0], 0)  # the last one counts
        self.assertRegex(self.check("--list")[1], r"(?m)^gcc +\d+ passed, 0 failed")

    def test_fuzz(self):
        """They share the time, the newest first."""
        one = {min(os.sched_getaffinity(0))}
        status, said = self.check("--full", "fuzz", cpus=one)
        self.assertEqual(status, 0, said)
        self.assertEqual((self.base / "fuzzed").read_text().splitlines(),
                         ["new-fuzz -max_total_time=400", "z-old-fuzz -max_total_time=400",
                          "a-older-fuzz -max_total_time=400"])
        (self.base / "fuzzed").unlink()
        (self.top / "tests/fuzz/z-old-fuzz.c").write_text("edited")
        self.check("fuzz", cpus=one, FUZZ_SECONDS="7")
        self.assertEqual((self.base / "fuzzed").read_text().splitlines(),
                         ["z-old-fuzz -max_total_time=7", "new-fuzz -max_total_time=7",
                          "a-older-fuzz -max_total_time=7"])

    def test_built_in_place(self):
        subprocess.run(["./configure"], cwd=self.top, check=True)
        script(self.top / "config.status", "")
        status, said = self.check("gcc")
        self.assertEqual(status, 0, said)

    def test_words(self):
        for words in [["nope"], ["--nope"]]:
            status, said = self.check(*words)
            self.assertEqual(status, 2, said)


unittest.main()
