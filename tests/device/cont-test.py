#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the VM runs where it arrives: that is what the last wish said which came before
it had arrived, and else -S. While it arrives it hears nothing from outside."""
import os
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tiny"))
from migration_vm import (END, HELLO_SIZE, TIMEOUT, VIREO, Vm, is_sanitized,  # noqa: E402
                          read_records, receive)

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

    def test_image_taken(self):
        """Who asked is lost, and another VM has the image: the source lives, stopped."""
        image = self.dir.name + "/image"
        with open(image, "wb") as f:
            f.truncate(1 << 20)
        disk = ["-blockdev", "driver=file,node-name=n,filename=" + image,
                "-device", "virtio-blk-device,drive=n"]
        source = self.vm(*disk)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            uri = source.getfd("peer", theirs.fileno())
            theirs.close()
            source.qmp("migrate", uri=uri)
            ours.settimeout(TIMEOUT)
            receive(ours, HELLO_SIZE)
            for record in read_records(lambda n: receive(ours, n)):
                if record[0] == END:
                    break
            other = self.vm(*disk)
        source.wait_migration("failed")
        self.assertEqual(source.status(), "postmigrate")
        self.assertIn('Failed to get "write" lock', source.qmp.refused("cont"))
        other.quit()
        source.quit()


if __name__ == "__main__":
    unittest.main()
