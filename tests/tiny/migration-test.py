#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Live migration of a tiny guest on /dev/kvm that writes on two processors and checks
what it has written: by every kind of URI, cancelled, broken at every stage.
"""
import os
import resource
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from migration_vm import (CONFIG, DEVICE, END, GO, GUEST, RAM, TIMEOUT,  # noqa: E402
                          VIREO, Proxy, QmpError, Vm, is_sanitized)

MIB = 1 << 20


class Migration(unittest.TestCase):
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

    def slow(self, source):
        """Starts one that is in mid-copy for a minute, of 32 MiB."""
        uri = self.unix()
        destination = self.vm("-incoming", uri, mib=32)
        source.parameters(max_bandwidth=MIB // 2)
        source.qmp("migrate", uri=uri)
        source.wait_migration("active")
        destination.wait_migration("active")
        return destination

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

    # Broken

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
        self.assertIn("CPUID 0x40000001.0 eax bit 3 (kvmclock)",
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
