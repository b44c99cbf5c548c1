#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A static build: it has no name service, and says so; numeric addresses do."""
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tiny"))
sys.dont_write_bytecode = True
from migration_vm import BUILD, QmpError, Vm, free_port  # noqa: E402

MACHINE = ("-machine", "microvm", "-m", "16M")
REASON = "this is a static build, only numeric addresses can be used"


class Static(unittest.TestCase):
    def vm(self, *args):
        vm = Vm(*MACHINE, "-S", *args, accel="qtest")
        self.addCleanup(vm.kill)
        return vm

    def test_linked(self):
        vireo = os.path.join(BUILD, "vireo")
        headers = subprocess.run(["readelf", "--program-headers", "--wide", vireo], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout
        self.assertNotIn("INTERP", headers)
        self.assertIn("DYN (Position-Independent", headers)

    def test_start(self):
        done = subprocess.run([os.path.join(BUILD, "vireo"), *MACHINE, "-accel", "qtest",
                               "-display", "none", "-incoming", "tcp:localhost:1"],
                              stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.splitlines(), [
            "vireo: -incoming tcp:localhost:1: Failed to resolve 'localhost:1': " + REASON])

    def test_module(self):
        done = subprocess.run([os.path.join(BUILD, "vireo"), *MACHINE, "-accel", "qtest",
                               "-display", "none", "-netdev", "user,id=n"],
                              stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.splitlines(), [
            "vireo: -netdev user,id=n: this is a static build, which loads no modules "
            "(libslirp.so.0)"])

    def test_qmp(self):
        source, destination = self.vm(), self.vm("-incoming", "defer")
        with self.assertRaisesRegex(QmpError, REASON):
            destination.qmp("migrate-incoming", uri="tcp:localhost:1")
        source.qmp("migrate", uri="tcp:localhost:1")
        source.wait_migration("failed")
        self.assertIn(REASON, source.qmp("query-migrate")["error-desc"])
        uri = f"tcp:127.0.0.1:{free_port()}"
        destination.qmp("migrate-incoming", uri=uri)
        source.qmp("migrate", uri=uri)
        source.wait_migration("completed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
