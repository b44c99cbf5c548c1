#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Live migration of a tiny guest on /dev/kvm that writes on two processors and checks
what it has written: by every kind of URI, cancelled, with too little of everything.
"""
import os
import resource
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migration_case import MIB, MigrationCase  # noqa: E402
from migration_vm import RAM, TIMEOUT, VIREO, QmpError, is_sanitized  # noqa: E402


class Migration(MigrationCase):
    # Kinds of URI

    def test_unix(self):
        uri = self.unix()
        source, destination = self.source(), self.vm("-incoming", uri)
        source.qmp("migrate", uri=uri)
        self.check_moved(source, destination)

    def test_tcp(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            uri = "tcp:127.0.0.1:%d" % s.getsockname()[1]
        source, destination = self.source(), self.vm("-incoming", "defer")
        destination.qmp("migrate-incoming", uri=uri)
        source.qmp("migrate", uri=uri)
        self.check_moved(source, destination)

    def test_strangers(self):
        """Who connects and is no source keeps nobody out, and is let go in the end."""
        path = self.dir.name + "/strangers"
        source, destination = self.source(), self.vm("-incoming", "unix:" + path)

        def stranger(data):
            s = socket.socket(socket.AF_UNIX)
            self.addCleanup(s.close)
            s.connect(path)
            s.settimeout(TIMEOUT)
            s.sendall(data)
            return s

        for data in b"GET / HTTP/1.1", b"VIREOMIX":
            with self.assertRaises(ConnectionError):
                if not stranger(data).recv(1):
                    raise ConnectionError
        stranger(b"").close()
        silent = [stranger(b"VIRE"[:i % 5]) for i in range(12)]
        for s in silent[:4]:  # more than eight are not held
            self.assertEqual(s.recv(1), b"")
        self.assertEqual(destination.status(), "inmigrate")
        source.qmp("migrate", uri="unix:" + path)
        destination.wait_migration("completed")
        for s in silent[4:]:
            self.assertEqual(s.recv(1), b"")
        self.assertFalse(os.path.exists(path))
        self.check_moved(source, destination)
        self.assertIn(b"Not a vireo migration stream", destination.said)

    def test_silent(self):
        """Who begins as a source and says no more keeps the place for ten seconds."""
        path = self.dir.name + "/silent"
        source, destination = self.source(), self.vm("-incoming", "unix:" + path)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            s.sendall(b"VIREOMIG")
            destination.wait_migration("setup")
            destination.wait_migration("failed")
        self.assertIn("silent", destination.qmp("query-migrate")["error-desc"])
        self.assertEqual(destination.status(), "inmigrate")
        destination.qmp("migrate-incoming", uri="unix:" + path)
        source.qmp("migrate", uri="unix:" + path)
        self.check_moved(source, destination)

    def test_fd_socket(self):
        """As under the driver: neither side may make sockets of its own."""
        deny = ("-sandbox", "on,network=deny")
        source, destination = self.source(*deny), self.vm("-incoming", "defer", *deny)
        a, b = socket.socketpair()
        with a, b:
            uris = source.getfd("m", a.fileno()), destination.getfd("n", b.fileno())
        destination.qmp("migrate-incoming", uri=uris[1])
        source.qmp("migrate", uri=uris[0])
        self.check_moved(source, destination)

    def test_fd_pipe(self):
        source, destination = self.source(), self.vm("-incoming", "defer")
        r, w = os.pipe()
        uris = source.getfd("m", w), destination.getfd("n", r)
        os.close(r)
        os.close(w)
        destination.qmp("migrate-incoming", uri=uris[1])
        source.qmp("migrate", uri=uris[0])
        self.check_moved(source, destination)

    def test_pipe_broken(self):
        source = self.source()
        r, w = os.pipe()
        uri = source.getfd("m", w)
        os.close(w)
        source.qmp("migrate", uri=uri)
        source.wait_migration("active")
        os.close(r)
        self.check_stayed(source)
        source.quit()
        self.check_counter(source.serial)

    def test_there_and_back(self):
        first, uri = self.source(), self.unix()
        second = self.vm("-incoming", uri)
        first.qmp("migrate", uri=uri)
        second.wait_migration("completed")
        second.wait_rounds(2)
        third = self.vm("-incoming", uri)
        second.qmp("migrate", uri=uri)
        third.wait_migration("completed")
        third.wait_rounds(2)
        third.qmp("stop")
        for vm in (first, second, third):
            vm.quit()
        self.check_counter(first.serial, second.serial, third.serial)

    # Cancel

    def test_cancel(self):
        source = self.source(mib=32)
        for _ in range(2):
            destination = self.slow(source)
            source.wait_rounds(2)
            self.assertRaisesRegex(QmpError, "in progress", source.qmp, "migrate",
                                   uri="unix:/x")
            self.assertRaisesRegex(QmpError, "migrating", source.qmp, "device_add",
                                   driver="virtio-rng-device", rng="r")
            source.qmp("migrate_cancel")
            self.check_stayed(source, "cancelled")
            destination.wait_migration("failed")
            self.assertEqual(destination.status(), "inmigrate")
            self.assertEqual(destination.serial, b"")
            destination.quit()
        source.parameters(max_bandwidth=0)
        uri = self.unix()
        destination = self.vm("-incoming", uri, mib=32)
        source.qmp("migrate", uri=uri)
        self.check_moved(source, destination)

    def full_listeners(self):
        """Sockets that take no more connections, as a host that does not answer."""
        tcp = socket.create_server(("127.0.0.1", 0), backlog=0)
        unix = socket.socket(socket.AF_UNIX)
        path = self.dir.name + "/full"
        unix.bind(path)
        unix.listen(0)
        fill = [socket.create_connection(tcp.getsockname()), socket.socket(socket.AF_UNIX)]
        fill[1].connect(path)
        for s in [tcp, unix] + fill:
            self.addCleanup(s.close)
        return "tcp:127.0.0.1:%d" % tcp.getsockname()[1], "unix:" + path

    def test_cancel_connecting(self):
        source = self.source()
        for uri in self.full_listeners():
            source.qmp("migrate", uri=uri)
            self.assertEqual(source.migration(), "setup")
            source.qmp("migrate_cancel")
            self.check_stayed(source, "cancelled")
        source.qmp("migrate", uri=uri)
        source.quit()
        self.check_counter(source.serial)

    def test_cancel_at_once(self):
        """At whatever stage it hits, it ends as one of the two, and once."""
        source = self.source()
        for _ in range(15):
            uri = self.unix()
            destination = self.vm("-incoming", uri)
            source.qmp("migrate", uri=uri)
            source.qmp("migrate_cancel")
            source.wait_migration("cancelled", "completed")
            if source.migration() == "completed":
                self.check_moved(source, destination)
                return
            self.assertEqual(source.status(), "running")
            destination.quit()
        source.wait_rounds(2)
        source.quit()
        self.check_counter(source.serial)

    # Who runs

    def test_source_resumes(self):
        """The destination is paused (-S) and goes away; the source goes on."""
        source, uri = self.source(), self.unix()
        destination = self.vm("-S", "-incoming", uri)
        source.qmp("migrate", uri=uri)
        source.wait_migration("completed")
        destination.wait_migration("completed")
        self.assertEqual(destination.status(), "paused")
        destination.quit()
        self.assertEqual(destination.serial, b"")
        source.qmp("cont")
        self.assertEqual(source.status(), "running")
        source.wait_rounds(3)
        # and it can be migrated again
        destination = self.vm("-S", "-incoming", uri)
        source.qmp("migrate", uri=uri)
        destination.wait_migration("completed")
        self.assertEqual(destination.serial, b"")
        destination.qmp("cont")
        self.check_moved(source, destination)

    def test_stopped_meanwhile(self):
        source = self.source(mib=32)
        destination = self.slow(source)
        source.qmp("stop")
        source.parameters(max_bandwidth=0)
        source.wait_migration("completed")
        destination.wait_migration("completed")
        self.assertEqual(destination.status(), "paused")
        self.assertEqual(destination.serial, b"")
        destination.qmp("cont")
        self.check_moved(source, destination)

    def test_reset_meanwhile(self):
        source = self.source(mib=32)
        destination = self.slow(source)
        source.qmp("system_reset")
        source.parameters(max_bandwidth=0)
        source.wait_migration("completed")
        destination.wait_migration("completed")
        destination.wait_rounds(2)
        self.assertNotIn(b"BAD", destination.serial)
        source.quit()
        destination.quit()

    def test_reset_of_destination(self):
        """What has come in stays as it came, whatever is asked for there."""
        source = self.source(mib=32)
        destination = self.slow(source)
        for command in ("system_reset", "system_powerdown", "inject-nmi",
                        "system_wakeup"):
            self.assertRaisesRegex(QmpError, "waiting for an incoming migration",
                                   destination.qmp, command)
        source.parameters(max_bandwidth=0)
        self.check_moved(source, destination)
        self.assertFalse({"RESET", "POWERDOWN"} &
                         {e["event"] for e in destination.qmp.events})

    # No room on the host

    def limit(self, vm, kind, value):
        """Returns what lifts it again."""
        before = resource.prlimit(vm.process.pid, kind)
        resource.prlimit(vm.process.pid, kind, (value, before[1]))
        return lambda: resource.prlimit(vm.process.pid, kind, before)

    def no_threads(self, vm):
        """Nothing the size of a stack is left, nor a stack of a thread that has ended, or
        will: those that asked the host for something end when they have answered."""
        vm.wait_until(lambda: vm.threads().count("slow"), 0)
        with open("/proc/%d/statm" % vm.process.pid) as f:
            size = int(f.read().split()[0]) * 4096
        lift = self.limit(vm, resource.RLIMIT_AS, size + MIB)
        with self.assertRaisesRegex(QmpError, "thread"):
            for _ in range(10):
                vm.qmp("object-add", **{"qom-type": "iothread",
                                        "id": "t%d" % next(self.numbers)})
        return lift

    @unittest.skipIf(is_sanitized(VIREO), "the sanitizers reserve all addresses")
    def test_no_thread(self):
        """Neither side ends or changes; later it goes."""
        source, destination = self.source(), self.vm("-incoming", "defer")
        a, b = socket.socketpair()
        with a, b:
            uris = source.getfd("m", a.fileno()), destination.getfd("n", b.fileno())
        for vm, command, uri in ((source, "migrate", uris[0]),
                                 (destination, "migrate-incoming", uris[1])):
            lift = self.no_threads(vm)
            self.assertRaisesRegex(QmpError, "thread", vm.qmp, command, uri=uri)
            self.assertEqual(vm.migration(), "none")
            lift()
        uri = self.unix()
        destination.qmp("migrate-incoming", uri=uri)
        lift = self.no_threads(destination)
        source.qmp("migrate", uri=uri)
        self.check_stayed(source)
        self.assertEqual(destination.migration(), "none")
        lift()
        source.qmp("migrate", uri=uri)
        self.check_moved(source, destination)

    def no_descriptors(self, vm):
        used = len(os.listdir("/proc/%d/fd" % vm.process.pid))
        return self.limit(vm, resource.RLIMIT_NOFILE, used)

    def test_no_descriptor(self):
        """Without one that could cancel it nothing is begun."""
        source, destination = self.source(), self.vm("-incoming", "defer")
        a, b = socket.socketpair()
        with a, b:
            uris = source.getfd("m", a.fileno()), destination.getfd("n", b.fileno())
        for vm, command, uri in ((source, "migrate", uris[0]),
                                 (destination, "migrate-incoming", uris[1])):
            lift = self.no_descriptors(vm)
            self.assertRaisesRegex(QmpError, "eventfd", vm.qmp, command, uri=uri)
            self.assertEqual(vm.migration(), "none")
            lift()
        uri = self.unix()
        destination.qmp("migrate-incoming", uri=uri)
        source.qmp("migrate", uri=uri)
        self.check_moved(source, destination)

    def test_no_descriptor_to_accept(self):
        """The listener waits for one, and does not spin meanwhile."""
        path = self.dir.name + "/full"
        source = self.source()
        destination = self.vm("-S", "-incoming", "unix:" + path)
        lift = self.no_descriptors(destination)
        source.qmp("migrate", uri="unix:" + path)
        before = destination.cpu_time()
        time.sleep(1)  # what is measured is work in time
        self.assertLess(destination.cpu_time() - before, 0.3)
        self.assertEqual(destination.migration(), "none")
        lift()
        source.wait_migration("completed")
        destination.wait_migration("completed")

    # Limits

    def test_bandwidth(self):
        def sent():
            return source.qmp("query-migrate")["ram"]["transferred"]

        source = self.source(mib=32)
        begin = time.monotonic()
        destination = self.slow(source)
        source.wait_until(lambda: sent() > 2 * MIB, True)
        now = sent()  # and not more than it may
        self.assertLess(now, MIB // 2 * (time.monotonic() - begin) + MIB)
        self.assertEqual(source.migration(), "active")
        source.parameters(max_bandwidth=0)
        source.wait_migration("completed")
        self.assertLess(time.monotonic() - begin, 60)  # 32 MiB would have taken more
        self.check_moved(source, destination)

    def test_downtime(self):
        """What is dirty all the time never fits into no time, but into two seconds."""
        source, uri = self.source(hot=1000, every=2), self.unix()
        destination = self.vm("-incoming", uri, hot=1000, every=2)
        # A pass takes a second: whatever else the machine does, the guest writes in it.
        source.parameters(max_bandwidth=4 * MIB, downtime_limit=0)
        source.qmp("migrate", uri=uri)
        source.wait_until(lambda: source.qmp("query-migrate").get("ram", {}).get(
            "dirty-sync-count", 0) > 1 or source.migration() == "completed", True)
        self.assertEqual(source.migration(), "active")
        source.parameters(downtime_limit=2000)
        source.wait_migration("completed")
        destination.wait_migration("completed")
        destination.wait_rounds(3)
        source.quit()
        destination.quit()
        self.check_counter(source.serial, destination.serial, every=2)

    def test_refused_early(self):
        """It says why at once, and the source does not copy on."""
        source, uri = self.source(mib=32), self.unix()
        destination = self.vm("-incoming", uri, mib=33)
        source.parameters(max_bandwidth=MIB // 2)
        source.qmp("migrate", uri=uri)
        source.wait_migration("failed")
        info = source.qmp("query-migrate")
        self.assertIn("RAM block", info["error-desc"])
        self.assertIn("destination", info["error-desc"])
        self.assertLess(info["ram"]["transferred"], 16 * MIB)
        self.check_stayed(source)
        destination.wait_migration("failed")
        destination.quit()
        source.quit()

    def test_cpu_features(self):
        """The destination has what the guest has seen, and may have more."""
        less = ("-cpu", "host,kvmclock=off")
        source, uri = self.source(), self.unix()
        destination = self.vm("-incoming", uri, *less)
        source.qmp("migrate", uri=uri)
        source.wait_migration("failed")
        self.assertIn("CPUID 0x40000001.0 eax bit 0 (kvmclock)",
                      source.qmp("query-migrate")["error-desc"])
        self.check_stayed(source)
        source.quit()
        destination.quit()
        source = self.source(*less)
        destination = self.vm("-incoming", uri)
        source.qmp("migrate", uri=uri)
        self.check_moved(source, destination)


if __name__ == "__main__":
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: no /dev/kvm")
        sys.exit(77)
    unittest.main()
