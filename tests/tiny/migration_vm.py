# SPDX-License-Identifier: GPL-2.0-or-later
"""One emulator process for the tests of migration."""
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../device"))
from qmp import TIMEOUT, Qmp, QmpError, is_sanitized  # noqa: E402,F401

BUILD = os.environ.get("builddir", ".")
VIREO = os.path.join(BUILD, "vireo")
GUEST = os.path.join(BUILD, "tests/tiny/migration-guest.elf")
LINE = re.compile(rb"tiny: round (\d+) other (\d+)\n")
RECORD = struct.Struct("<IIQ")
HELLO_SIZE = 16
CONFIG, RAM, DEVICE, END, GO = 1, 2, 3, 4, 5
SLOT = 0xfeb00000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Vm:
    """The monitor is a listening socket that the emulator inherits."""

    def __init__(self, *args, accel="kvm", fds=()):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind("\0vireo-test-%d-%d" % (os.getpid(), id(self)))
        listener.listen(1)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(listener.getsockname())
        self.qmp = Qmp(sock)
        fd = listener.fileno()
        self.process = subprocess.Popen(
            [VIREO, "-accel", accel, "-nodefaults", *args,
             "-chardev", "socket,id=qmp,fd=%d,server=on,wait=off" % fd,
             "-mon", "chardev=qmp,mode=control"],
            pass_fds=[fd, *fds], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        listener.close()
        self.serial, self.said = b"", b""
        self.news = threading.Condition()
        self.readers = [threading.Thread(target=self.read_pipe, args=a) for a in
                        ((self.process.stdout, "serial"), (self.process.stderr, "said"))]
        for r in self.readers:
            r.start()
        try:
            self.qmp.start()
        except (EOFError, ConnectionError) as e:
            self.wait()
            raise AssertionError("ended at start: " + self.said.decode()) from e

    def read_pipe(self, pipe, name):
        while True:
            data = os.read(pipe.fileno(), 65536)
            with self.news:
                setattr(self, name, getattr(self, name) + data)
                self.news.notify_all()
            if not data:
                return

    # The guest

    def rounds(self):
        return [int(n) for n, _ in LINE.findall(self.serial)]

    def last(self):
        return (self.rounds() or [0])[-1]

    def wait_rounds(self, more):
        """Until the guest has said that many lines more."""
        with self.news:
            want = len(self.rounds()) + more
            if not self.news.wait_for(lambda: len(self.rounds()) >= want or
                                      b"BAD" in self.serial, TIMEOUT):
                raise AssertionError("the guest does not go on: %r %s" %
                                     (self.serial[-200:], self.said.decode()))

    def wait_all_run(self):
        """Until both processors have gone on."""
        self.wait_rounds(1)
        first = LINE.findall(self.serial)[-1]
        end = time.monotonic() + TIMEOUT
        while LINE.findall(self.serial)[-1][1] == first[1]:
            assert time.monotonic() < end, "the other processor stands: %r" % self.serial
            self.wait_rounds(1)

    # QMP

    def getfd(self, name, fd):
        self.qmp("getfd", fd, fdname=name)
        return "fd:" + name

    def parameters(self, **values):
        self.qmp("migrate-set-parameters", **values)

    def status(self):
        return self.qmp("query-status")["status"]

    def migration(self):
        return self.qmp("query-migrate").get("status", "none")

    def why(self):
        """Of a migration that has failed."""
        return self.qmp("query-migrate").get("error-desc", "")

    def wait_until(self, what, *values):
        """what() is asked until it is one of the values, which is returned."""
        end = time.monotonic() + TIMEOUT
        while (now := what()) not in values:
            if time.monotonic() > end:
                raise AssertionError("%r instead of %r: %s %s" % (
                    now, values, self.qmp("query-migrate"), self.said.decode()))
            time.sleep(0.001)
        return now

    def wait_migration(self, *status):
        ends = {"completed", "failed", "cancelled"}
        got = self.wait_until(self.migration, *(ends | set(status)))
        if got not in status:
            raise AssertionError("%s: %s %s" % (got, self.qmp("query-migrate"),
                                                self.said.decode()))

    def threads(self):
        """Their names."""
        names = []
        for task in os.listdir("/proc/%d/task" % self.process.pid):
            try:
                with open("/proc/%d/task/%s/comm" % (self.process.pid, task)) as f:
                    names.append(f.read().strip())
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended
        return names

    def cpu_time(self):
        """Of the process, in seconds."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            ticks = f.read().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    # The end

    def wait(self):
        """Its exit status; all that it has said is there."""
        code = self.process.wait(TIMEOUT)
        for r in self.readers:
            r.join()
        for f in (self.process.stdout, self.process.stderr, self.qmp.sock):
            f.close()
        return code

    def quit(self):
        self.qmp.sock.sendall(b'{"execute":"quit"}')
        if (code := self.wait()) != 0:
            raise AssertionError("exit status %d: %s" % (code, self.said.decode()))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.wait()


class QtestVm(Vm):
    """With the qtest socket: devices are put to use by their registers."""

    def __init__(self, directory, *args):
        with socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(directory, "qtest%d" % id(self))
            listener.bind(path)
            listener.listen(1)
            super().__init__("-qtest", "unix:" + path, *args, accel="qtest")
            self.qtest, _ = listener.accept()
            os.unlink(path)

    def writel(self, address, value):
        self.qtest.sendall(b"writel 0x%x 0x%x\n" % (address, value))
        assert self.qtest.recv(4096).startswith(b"OK")

    def use_disk(self, slot, live):
        base = SLOT + 0x1000 * slot
        for register, value in ((0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11),
                                (0x38, 8), (0x80, 0x400000), (0x90, 0x401000),
                                (0xa0, 0x402000), (0x44, 1), (0x70, 15 if live else 3)):
            self.writel(base + register, value)

    def wait(self):
        self.qtest.close()
        return super().wait()


def receive(sock, n):
    data = b""
    while len(data) < n:
        got = sock.recv(n - len(data))
        assert got, "the source ends in the middle"
        data += got
    return data


def read_records(read):
    """The records of a stream whose hello has been read; read(n) returns that many bytes,
    or none at its end."""
    while head := read(RECORD.size):
        kind, aux, length = RECORD.unpack(head)
        yield kind, aux, read(length)


def capture(source):
    """The records of a migration that is broken off before the answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        uri = source.getfd("capture", theirs.fileno())
        theirs.close()
        source.qmp("migrate", uri=uri)
        ours.settimeout(TIMEOUT)
        hello = receive(ours, HELLO_SIZE)
        records = []
        for record in read_records(lambda n: receive(ours, n)):
            records.append(record)
            if record[0] == END:
                break
    source.wait_migration("failed")
    assert source.status() == "running", source.status()
    return hello, records


def pack(kind, aux, payload, length=None):
    return RECORD.pack(kind, aux, len(payload) if length is None else length) + payload


class Proxy:
    """
    Between source and destination: passes the stream on until a record of type
    hold_at has been passed on (or is to be, with before=True), and `answers` bytes of
    what the destination answers. Where one side ends, the other one sees it.
    """

    def __init__(self, hold_at=None, before=False, answers=1 << 30):
        self.hold_at, self.before, self.answers = hold_at, before, answers
        self.held = threading.Event()
        self.stream = bytearray()
        self.source, self.ours_source = socket.socketpair()
        self.destination, self.ours_destination = socket.socketpair()
        self.threads = [threading.Thread(target=self.forward),
                        threading.Thread(target=self.backward)]

    def start(self):
        self.source.close()
        self.destination.close()
        for t in self.threads:
            t.start()

    def pass_on(self, n):
        while n:
            data = self.ours_source.recv(min(n, 1 << 20))
            if not data:
                raise EOFError
            self.stream += data
            self.ours_destination.sendall(data)
            n -= len(data)

    @staticmethod
    def read_until(sock, last):
        """Reads a stream until a record of that type has come."""
        receive(sock, HELLO_SIZE)
        for kind, _, _ in read_records(lambda n: receive(sock, n)):
            if kind == last:
                break

    def forward(self):
        try:
            self.pass_on(HELLO_SIZE)
            while True:
                head = self.ours_source.recv(RECORD.size, socket.MSG_WAITALL)
                if len(head) < RECORD.size:
                    break
                kind, _, length = RECORD.unpack(head)
                if kind == self.hold_at and self.before:
                    break
                self.stream += head
                self.ours_destination.sendall(head)
                self.pass_on(length)
                if kind == self.hold_at:
                    break
            self.held.set()
            while self.ours_source.recv(65536):
                pass
        except (EOFError, OSError):
            pass
        self.drop()

    def backward(self):
        try:
            while data := self.ours_destination.recv(65536):
                self.ours_source.sendall(data[:self.answers])
                self.answers -= len(data[:self.answers])
        except OSError:
            pass
        self.drop()

    def drop(self):
        for s in (self.ours_source, self.ours_destination):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.drop()
        for t in self.threads:
            t.join()
        self.ours_source.close()
        self.ours_destination.close()
