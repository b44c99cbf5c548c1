# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of live migration with the tiny guest have in common."""
import tempfile
import time
import unittest

from migration_vm import GUEST, Vm

MIB = 1 << 20


class MigrationCase(unittest.TestCase):
    """A guest that checks itself, and where it is after a migration."""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.numbers = iter(range(1000))

    def vm(self, *args, mib=8, hot=4, every=20):
        vm = Vm("-machine", "microvm", "-m", str(16 + mib + 48) + "M", "-smp", "2",
                "-serial", "stdio", "-kernel", GUEST, "-append",
                "cpus=2 mib=%d hot=%d print=%d" % (mib, hot, every), *args)
        self.addCleanup(vm.kill)
        return vm

    def source(self, *args, **kwargs):
        vm = self.vm(*args, **kwargs)
        vm.wait_rounds(2)
        return vm

    def unix(self):
        return "unix:%s/m%d" % (self.dir.name, next(self.numbers))

    def check_counter(self, *parts, every=20):
        """What has come out of the processes, one after the other, is one text."""
        text = b"".join(parts)
        self.assertNotIn(b"BAD", text)
        self.assertEqual(text.count(b"filled"), 1)
        lines = text.split(b"\n")[1:-1]
        others = [0]
        for i, line in enumerate(lines, 1):
            words = line.split(b" ")
            self.assertEqual(words[:4], [b"tiny:", b"round", b"%d" % (i * every), b"other"])
            others.append(int(words[4]))
        self.assertEqual(others, sorted(others))
        self.assertGreater(others[-1], 0)

    def check_moved(self, source, destination):
        """Completed: the guest runs there, and its counter has gone on."""
        source.wait_migration("completed")
        destination.wait_migration("completed")
        self.assertEqual(source.status(), "postmigrate")
        destination.wait_until(destination.status, "running")  # when it has the images
        destination.wait_all_run()
        info = source.qmp("query-migrate")
        self.assertGreater(info["ram"]["dirty-sync-count"], 0)
        self.assertGreater(info["ram"]["transferred"], 8 * MIB // 4096)
        self.assertGreaterEqual(info["total-time"], info["downtime"])
        source.quit()
        destination.qmp("stop")
        destination.quit()
        self.check_counter(source.serial, destination.serial)

    def check_stayed(self, source, *status):
        source.wait_migration(*(status or ("failed",)))
        self.assertEqual(source.status(), "running")
        source.wait_rounds(3)

    def slow(self, source):
        """Starts one that is in mid-copy for a minute, of 32 MiB."""
        uri = self.unix()
        destination = self.vm("-incoming", uri, mib=32)
        source.parameters(max_bandwidth=MIB // 2)
        source.qmp("migrate", uri=uri)
        source.wait_migration("active")
        destination.wait_migration("active")
        return destination
