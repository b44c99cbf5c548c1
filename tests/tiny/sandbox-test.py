#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors where the filter is narrowest: a vCPU's thread must be able to tell of them."""
import os
import resource
import subprocess
import sys
import tempfile
import time
import unittest

from migration_vm import GUEST, TIMEOUT, VIREO, Vm


class Sandbox(unittest.TestCase):
    def test_no_vcpu(self):
        """Not enough descriptors: the thread that makes the vCPU finds out."""
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
        done = subprocess.run(
            [VIREO, "-accel", "kvm", "-machine", "microvm", "-nodefaults", "-m", "24M",
             "-smp", "64", "-kernel", GUEST],
            preexec_fn=limit, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=TIMEOUT, check=False)
        self.assertIn(b"KVM cannot create vCPU", done.stderr)
        self.assertIn(b"Too many open files", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_hole(self):
        """The file behind the memory is cut off: the VM stops, its process goes on."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "memory")
            vm = Vm("-machine", "microvm,memory-backend=m", "-m", "24M", "-object",
                    "memory-backend-file,id=m,size=24M,share=on,mem-path=" + path,
                    "-serial", "stdio", "-kernel", GUEST, "-append",
                    "cpus=1 mib=1 hot=4 print=20")
            self.addCleanup(vm.kill)
            vm.wait_rounds(1)
            os.truncate(path, 0)
            end = time.monotonic() + TIMEOUT
            while vm.status() == "running":
                self.assertLess(time.monotonic(), end)
            self.assertEqual(vm.status(), "internal-error")
            vm.quit()


if __name__ == "__main__":
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: no /dev/kvm", file=sys.stderr)
        sys.exit(77)
    unittest.main()
