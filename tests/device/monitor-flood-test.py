#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that makes events without end: of those that are alike some are told in a second,
and then the last one. A client of the monitor that does not read is given up in the end, by
the thread of the vCPU whose event was one too many, and the VM runs on; who reads goes
on."""
import os
import select
import socket
import subprocess
import unittest

from qmp import TIMEOUT, Qmp, is_sanitized

VIREO = os.path.join(os.environ.get("builddir", "."), "vireo")
EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []
BUS_SELECT = 0xcd0
OST_SLOT, OST_EVENT, OST_STATUS = 0xcb0, 0xcb4, 0xcb8
LIMIT = 16 << 20   # of what is kept for a client
NAME = "n" * 255   # of the device that each event tells of
SOME = 64          # of like events in a second, emulator/monitor/commands.c
FLOOD = 200        # events of a guest that goes for them
SECOND = 1000000000
SECONDS = 8        # of a flood between two looks at the reader
PVPANIC = 0x505


class Flood(unittest.TestCase):
    def setUp(self):
        pairs = [socket.socketpair() for _ in range(3)]
        self.qtest, *monitors = (ours for ours, _ in pairs)
        fds = [theirs.fileno() for _, theirs in pairs]
        args = ["-machine", "q35", "-accel", "qtest", "-m", "16M", "-nodefaults",
                "-qtest", "fd:%d" % fds[0],
                "-device", "pcie-root-port,id=port,chassis=1",
                "-device", "pcie-root-port,id=other,chassis=2",
                "-device", "pci-testdev,id=%s,bus=port" % NAME,
                "-device", "pvpanic", "-action", "panic=none"]
        for i, fd in enumerate(fds[1:]):  # the sleeper's events are long
            args += ["-chardev", "socket,id=m%d,fd=%d" % (i, fd),
                     "-mon", "m%d,mode=control,pretty=%s" % (i, "on" if i else "off")]
        self.process = subprocess.Popen([VIREO, *EXTRA, *args], stdin=subprocess.DEVNULL,
                                        pass_fds=fds)
        for _, theirs in pairs:
            theirs.close()
        self.lines = self.qtest.makefile("r")
        self.qtest.settimeout(TIMEOUT)
        self.reader = Qmp(monitors[0]).start()
        self.sleeper = monitors[1]
        self.sleeper.settimeout(TIMEOUT)
        self.sleeper.sendall(b'{"execute": "qmp_capabilities"}')
        while b'"return"' not in self.sleeper.recv(65536):
            pass
        self.addCleanup(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.lines.close()
        for s in (self.qtest, self.reader.sock, self.sleeper):
            s.close()

    def say(self, *lines):
        self.qtest.sendall("".join(line + "\n" for line in lines).encode())
        for line in lines:
            self.assertTrue(self.lines.readline().startswith("OK"), line)

    def told(self, name, n):
        """So many have been told of the name, and no more."""
        events = [self.reader.event(name)["data"] for _ in range(n)]
        self.reader("query-name")
        self.assertNotIn(name, [e["event"] for e in self.reader.events])
        return events

    def select_bus(self, bus):
        self.say("outl 0x%x %d" % (BUS_SELECT, bus), "outl 0x%x 0" % OST_SLOT,
                 "outl 0x%x 0x103" % OST_EVENT)

    def flood(self, n):
        """The guest's events of each kind; ACPI's are numbered."""
        self.say(*["outl 0x%x %d" % (OST_STATUS, i) for i in range(n)],
                 *["outb 0x%x %d" % (PVPANIC, 1 + i % 2) for i in range(2 * n)])

    def test_limit(self):
        self.select_bus(0)
        self.flood(FLOOD)
        events = self.told("ACPI_DEVICE_OST", SOME)
        self.assertEqual([e["info"]["status"] for e in events], list(range(SOME)))
        self.told("GUEST_CRASHLOADED", SOME)
        self.select_bus(1)  # another slot is another matter
        self.say("outl 0x%x 7" % OST_STATUS)
        self.assertEqual(self.told("ACPI_DEVICE_OST", 1)[0]["info"]["status"], 7)
        self.say("clock_step %d" % SECOND)
        self.assertEqual(self.told("ACPI_DEVICE_OST", 1)[0]["info"]["status"], FLOOD - 1)
        self.told("GUEST_CRASHLOADED", 1)
        self.say("clock_step %d" % SECOND)  # all is told
        self.told("ACPI_DEVICE_OST", 0)
        self.say("clock_step %d" % SECOND)
        self.select_bus(0)
        self.flood(3)
        self.told("ACPI_DEVICE_OST", 3)
        self.told("GUEST_CRASHLOADED", 3)

    def test_kept_at_end(self):
        """What has been kept is told before the monitor closes."""
        self.select_bus(0)
        self.flood(FLOOD)
        self.told("ACPI_DEVICE_OST", SOME)
        self.reader("quit")
        last = self.reader.event("ACPI_DEVICE_OST")["data"]["info"]
        self.assertEqual(last["status"], FLOOD - 1)
        self.assertEqual(self.process.wait(TIMEOUT), 0)

    def test_before_others(self):
        """What has no limit comes after what it may follow from."""
        self.select_bus(0)
        self.flood(FLOOD)
        self.told("ACPI_DEVICE_OST", SOME)
        self.told("GUEST_CRASHLOADED", SOME)
        self.reader("stop")
        for name in "ACPI_DEVICE_OST", "GUEST_CRASHLOADED", "STOP":
            self.reader.event(name)

    def test_given_up(self):
        self.select_bus(0)
        poll = select.poll()
        poll.register(self.sleeper, select.POLLRDHUP)
        seconds = 0
        while not poll.poll(0):
            self.assertLess(seconds, LIMIT // len(NAME) // SOME)
            seconds += SECONDS
            self.say(*(["outl 0x%x 0x80" % OST_STATUS] * SOME +
                       ["clock_step %d" % SECOND]) * SECONDS)
            for info in self.told("ACPI_DEVICE_OST", SOME * SECONDS):
                self.assertEqual(info["info"]["device"], NAME)
        self.assertTrue(self.reader("query-status")["running"])
        received = 0
        while data := self.sleeper.recv(1 << 20):
            received += len(data)
        self.assertLess(received, LIMIT)
        self.reader("quit")
        self.assertEqual(self.process.wait(TIMEOUT), 0)


if __name__ == "__main__":
    unittest.main()
