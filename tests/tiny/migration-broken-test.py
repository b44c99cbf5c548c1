#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Live migration of a tiny guest on /dev/kvm that is broken at every stage: one of both
sides goes on, and only one.
"""
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migration_case import MigrationCase  # noqa: E402
from migration_vm import CONFIG, DEVICE, END, GO, RAM, TIMEOUT, Proxy, QmpError  # noqa: E402


class Broken(MigrationCase):
    def test_destination_killed(self):
        source = self.source(mib=32)
        destination = self.slow(source)
        destination.kill()
        self.check_stayed(source)
        source.quit()
        self.check_counter(source.serial)

    def test_source_killed(self):
        source = self.source(mib=32)
        destination = self.slow(source)
        source.kill()
        destination.wait_migration("failed")
        destination.qmp("cont")
        self.assertEqual(destination.status(), "inmigrate")
        self.assertIn("error-desc", destination.qmp("query-migrate"))
        self.assertEqual(destination.serial, b"")
        destination.quit()

    def held(self, proxy):
        source, destination = self.source(), self.vm("-incoming", "defer")
        uris = (source.getfd("m", proxy.source.fileno()),
                destination.getfd("n", proxy.destination.fileno()))
        proxy.start()
        self.addCleanup(proxy.close)
        destination.qmp("migrate-incoming", uri=uris[1])
        source.qmp("migrate", uri=uris[0])
        self.assertTrue(proxy.held.wait(TIMEOUT))
        return source, destination

    def test_killed_in_switch_over(self):
        """END has come, the answer has not: the source owns the VM."""
        source, destination = self.held(Proxy(END, answers=0))
        self.assertEqual(source.status(), "finish-migrate")
        for command in ("cont", "stop", "system_reset", "system_powerdown", "inject-nmi",
                        "system_wakeup"):
            self.assertRaisesRegex(QmpError, "not finalized", source.qmp, command)
        self.assertEqual(source.qmp.refused("device_add", driver="virtio-rng-device"),
                         "device_add not allowed while migrating")
        self.assertEqual(source.status(), "finish-migrate")
        self.assertEqual(destination.status(), "inmigrate")
        destination.kill()
        self.check_stayed(source)
        source.quit()
        self.check_counter(source.serial)

    def test_broken_anywhere(self):
        """Before END is answered, whoever goes, and whenever: the VM is the source's."""
        for kind, before, what in (
                (CONFIG, True, "kill"), (CONFIG, False, "quit"), (RAM, False, "cancel"),
                (DEVICE, True, "quit"), (DEVICE, False, "kill"), (END, True, "cancel")):
            with self.subTest(kind=kind, before=before, what=what):
                source, destination = self.held(Proxy(kind, before=before))
                if what == "kill":
                    destination.kill()
                elif what == "quit":
                    destination.quit()
                else:
                    source.qmp("migrate_cancel")
                self.check_stayed(source, "cancelled" if what == "cancel" else "failed")
                if what == "cancel":
                    destination.wait_migration("failed")
                    self.assertEqual(destination.status(), "inmigrate")
                    destination.quit()
                self.assertEqual(destination.serial, b"")
                source.quit()
                self.check_counter(source.serial)

    def test_source_killed_anywhere(self):
        for kind in CONFIG, RAM, DEVICE, END:
            with self.subTest(kind=kind):
                source, destination = self.held(Proxy(kind))
                source.kill()
                destination.wait_migration("failed")
                destination.qmp("cont")
                self.assertEqual(destination.status(), "inmigrate")
                self.assertEqual(destination.serial, b"")
                destination.quit()

    def test_cancelled_in_switch_over(self):
        source, destination = self.held(Proxy(END, answers=0))
        source.qmp("migrate_cancel")
        self.check_stayed(source, "cancelled")
        destination.wait_migration("failed")
        self.assertEqual(destination.status(), "inmigrate")
        destination.quit()
        source.quit()
        self.check_counter(source.serial)

    def test_source_killed_before_go(self):
        """The answer was sent, GO has not come: the destination never runs."""
        source, destination = self.held(Proxy(GO, before=True))
        self.assertEqual(source.migration(), "device")
        self.assertEqual(destination.status(), "inmigrate")
        source.kill()
        destination.wait_migration("failed")
        self.assertIn("has not let the VM go", destination.why())
        destination.qmp("cont")
        self.assertEqual(destination.status(), "inmigrate")
        self.assertEqual(destination.serial, b"")
        destination.quit()

    def check_unknown(self, source):
        """It has let go and does not know more: it says so, and never runs by itself."""
        source.wait_migration("failed")
        self.assertIn("not known whether the destination", source.why())
        self.assertEqual(source.status(), "postmigrate")

    def test_go_lost(self):
        """Both sides say that they have failed; whoever manages the VM takes it back."""
        source, destination = self.held(Proxy(GO, before=True))
        source.qmp("migrate_cancel")  # too late
        destination.kill()
        self.check_unknown(source)
        source.qmp("cont")
        self.assertEqual(source.status(), "running")
        source.wait_rounds(3)
        source.quit()
        self.assertIn(b"not known whether the destination", source.said)
        self.check_counter(source.serial)

    def test_answer_to_go_lost(self):
        """The destination has the VM, and the source does not know."""
        source, destination = self.held(Proxy(GO, answers=4))
        destination.wait_migration("completed")
        self.check_unknown(source)
        destination.wait_all_run()
        source.quit()
        destination.quit()
        self.check_counter(source.serial, destination.serial)

    def test_go_refused(self):
        """The destination says that it has not got GO: there is nothing to be known."""
        source, destination = self.held(Proxy(GO, before=True))
        destination.quit()
        self.check_stayed(source)
        self.assertIn("destination says", source.why())
        source.quit()
        self.check_counter(source.serial)

    def test_go_not_sent(self):
        """Nobody can have got it."""
        source = self.source()
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                uri = source.getfd("m", theirs.fileno())
            source.qmp("migrate", uri=uri)
            Proxy.read_until(ours, END)
            ours.shutdown(socket.SHUT_RD)
            ours.sendall(bytes(4))
        self.check_stayed(source)
        source.quit()
        self.check_counter(source.serial)

    def test_quit_while_active(self):
        for first in (0, 1):
            source = self.source(mib=32)
            pair = [source, self.slow(source)]
            pair[first].quit()
            if first:
                self.check_stayed(source)
            pair[1 - first].quit()

    def test_quit_in_switch_over(self):
        source, destination = self.held(Proxy(END, answers=0))
        source.quit()
        destination.wait_migration("failed")
        destination.quit()

    def test_quit_while_listening(self):
        uri = self.unix()
        destination = self.vm("-incoming", uri)
        self.assertTrue(os.path.exists(uri[5:]))
        destination.quit()
        self.assertFalse(os.path.exists(uri[5:]))


if __name__ == "__main__":
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: no /dev/kvm")
        sys.exit(77)
    unittest.main()
