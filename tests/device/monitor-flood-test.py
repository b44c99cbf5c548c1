#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that makes events without end, and a client of the monitor that does not read:
the client is given up, by the thread of the vCPU whose event was one too many, and the VM
runs on; who reads goes on."""
import os
import select
import socket
import subprocess
import unittest

from qmp import TIMEOUT, Qmp, is_sanitized

VIREO = os.path.join(os.environ.get("builddir", "."), "vireo")
EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []
OST_SLOT, OST_EVENT, OST_STATUS = 0xcb0, 0xcb4, 0xcb8
LIMIT = 16 << 20   # of what is kept for a client
NAME = "n" * 255   # of the device that each event tells of
PIECE = 500        # events between two looks at the reader


class Flood(unittest.TestCase):
    def setUp(self):
        pairs = [socket.socketpair() for _ in range(3)]
        self.qtest, *monitors = (ours for ours, _ in pairs)
        fds = [theirs.fileno() for _, theirs in pairs]
        args = ["-machine", "q35", "-accel", "qtest", "-m", "16M", "-nodefaults",
                "-qtest", "fd:%d" % fds[0],
                "-device", "pcie-root-port,id=port,chassis=1",
                "-device", "pci-testdev,id=%s,bus=port" % NAME]
        for i, fd in enumerate(fds[1:]):
            args += ["-chardev", "socket,id=m%d,fd=%d" % (i, fd), "-mon", "m%d,mode=control" % i]
        self.process = subprocess.Popen([VIREO, *EXTRA, *args], stdin=subprocess.DEVNULL,
                                        pass_fds=fds)
        for _, theirs in pairs:
            theirs.close()
        self.lines = self.qtest.makefile("r")
        self.qtest.settimeout(TIMEOUT)
        self.reader, self.sleeper = (Qmp(s).start() for s in monitors)
        self.addCleanup(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.lines.close()
        for s in (self.qtest, self.reader.sock, self.sleeper.sock):
            s.close()

    def say(self, *lines):
        self.qtest.sendall("".join(line + "\n" for line in lines).encode())
        for line in lines:
            self.assertTrue(self.lines.readline().startswith("OK"), line)

    def test_events(self):
        self.say("outl 0xcc0 0", "outl 0x%x 0" % OST_SLOT, "outl 0x%x 0x103" % OST_EVENT)
        poll = select.poll()
        poll.register(self.sleeper.sock, select.POLLRDHUP)
        pieces = 0
        while not poll.poll(0):
            self.assertLess(pieces, LIMIT // len(NAME) // PIECE)
            pieces += 1
            self.say(*["outl 0x%x 0x80" % OST_STATUS] * PIECE)
            for _ in range(PIECE):
                info = self.reader.event("ACPI_DEVICE_OST")["data"]["info"]
                self.assertEqual(info["device"], NAME)
        self.assertTrue(self.reader("query-status")["running"])
        received = 0
        while data := self.sleeper.sock.recv(1 << 20):
            received += len(data)
        self.assertLess(received, LIMIT)
        self.reader("quit")
        self.assertEqual(self.process.wait(TIMEOUT), 0)


if __name__ == "__main__":
    unittest.main()
