#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the VM runs where it arrives: that is what the last wish said which came before
it had arrived, and else -S. While it arrives it hears nothing from outside."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tiny"))
from migration_vm import VIREO, Vm, is_sanitized  # noqa: E402

EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []
BOARD = ["-machine", "microvm", "-m", "16M", *EXTRA]
WISHES = [((), True), (("cont",), True), (("stop",), False), (("cont", "stop"), False),
          (("stop", "cont"), True)]


class Cont(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def vm(self, *args):
        vm = Vm(*BOARD, *args, accel="qtest")
        self.addCleanup(vm.kill)
        return vm

    def pair(self, *args):
        uri = "unix:" + self.dir.name + "/stream"
        return self.vm(), self.vm("-incoming", uri, *args), uri

    def move(self, source, destination, uri):
        source.qmp("migrate", uri=uri)
        source.wait_migration("completed")
        destination.wait_migration("completed")

    def test_wishes(self):
        for wishes, runs in WISHES:
            for paused in [], ["-S"]:
                with self.subTest(wishes=wishes, paused=paused):
                    source, destination, uri = self.pair(*paused)
                    for wish in wishes:
                        destination.qmp(wish)
                        self.assertEqual(destination.status(), "inmigrate")
                    self.move(source, destination, uri)
                    if runs and (wishes or not paused):
                        destination.qmp.event("RESUME")
                        self.assertEqual(destination.status(), "running")
                    else:
                        self.assertEqual(destination.status(), "paused")
                    destination.quit()
                    self.assertEqual(source.status(), "postmigrate")
                    source.quit()

    def test_paused_source(self):
        """It arrives as it was, whatever was wished for; then it goes on."""
        source, destination, uri = self.pair()
        source.qmp("stop")
        destination.qmp("cont")
        self.move(source, destination, uri)
        self.assertEqual(destination.status(), "paused")
        destination.qmp("cont")
        self.assertEqual(destination.status(), "running")
        destination.quit()
        source.quit()

    def test_to_guest(self):
        """What the guest is to hear of would be overwritten by what arrives."""
        source, destination, uri = self.pair()
        for command in ("system_reset", "system_powerdown", "system_wakeup", "inject-nmi"):
            self.assertEqual(destination.qmp.refused(command),
                             "Guest is waiting for an incoming migration")
        self.move(source, destination, uri)
        destination.qmp("system_powerdown")
        destination.qmp.event("POWERDOWN")
        self.assertIn("no CPU that could take an NMI", source.qmp.refused("inject-nmi"))
        destination.quit()
        source.quit()


if __name__ == "__main__":
    unittest.main()
