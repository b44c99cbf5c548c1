#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-overcommit mem-lock=on: all of the guest's memory is locked, or nothing is started."""
import ctypes
import os
import resource
import subprocess
import sys
import unittest

from qmp import TIMEOUT, is_sanitized
from startup import VIREO, Vireo

BOARD = ["-machine", "q35", "-accel", "qtest", "-nodefaults", "-m", "64"]
PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14


def locked(vm):
    """Locked memory of a process in KiB."""
    with open("/proc/%d/status" % vm.proc.pid, encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmLck:"))


def limit():
    """In a child: what a user may lock who is not root."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))


@unittest.skipIf(is_sanitized(VIREO), "AddressSanitizer locks nothing")
class MemoryLock(unittest.TestCase):
    def tearDown(self):
        Vireo.kill_all()

    def started(self, *args):
        vm = Vireo(*BOARD, *args)
        kib = locked(vm)
        vm.qmp("quit")
        self.assertEqual(vm.end(), (0, ""))
        return kib

    def test_on(self):
        soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        if os.geteuid() != 0 and soft != resource.RLIM_INFINITY:
            self.skipTest("this user may not lock so much memory")
        self.assertGreaterEqual(self.started("-overcommit", "mem-lock=on"), 64 << 10)

    def test_off(self):
        for args in [], ["-overcommit", "mem-lock=off,cpu-pm=off"]:
            self.assertLess(self.started(*args), 64 << 10)

    def test_refused(self):
        p = subprocess.run([VIREO, *BOARD, "-overcommit", "mem-lock=on"], check=False,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
                           preexec_fn=limit)
        self.assertEqual((p.returncode, p.stdout.decode(), p.stderr.decode()),
                         (1, "", "vireo: -overcommit mem-lock=on: cannot lock memory: "
                                 "Cannot allocate memory\n"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-q"])
