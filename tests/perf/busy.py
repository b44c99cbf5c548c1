# SPDX-License-Identifier: GPL-2.0-or-later
"""How long QMP takes to answer while all that others can make large goes on at once:

- over qtest, a guest's rings full of the largest requests that a driver may make: reads
  of a disk, entropy, and (where a tap can be made) the longest packets, again and again;
- a serial port's peer that always has more to say, to a guest that takes it;
- a second QMP client with commands of the most values and of the most bytes, the next
  one as soon as one is answered;
- a migration of RAM, of which 512 MiB are no zeroes, at 16 MiB/s to a reader that throws
  it away; cancelled at the end.

Asks 200 times, or for 10 s if that is less. A round takes some 5 s.
"""
import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import threading
import time

import tap
from vm import Qmp

RAM = 3 << 30
SLOT, STRIDE = 0xfeb00000, 0x1000
NET, DISK, RNG = 1, 2, 4
RING = 0x10000
PACKET, DATA = 8 << 20, 16 << 20
WRITABLE, NEXT = 2, 1
ASKS, LEAST, SECONDS = 200, 100, 10
FULL = 512 << 20  # of RAM, from DATA on
MEMSET = 8 << 20  # at once
BANDWIDTH = 16 << 20
HERE = os.path.dirname(os.path.abspath(__file__))


class Guest:
    """A driver over the qtest protocol."""

    def __init__(self, sock):
        self.file = sock.makefile("rwb")

    def send(self, text):
        self.file.write(text.encode() + b"\n")
        self.file.flush()

    def call(self, text):
        self.send(text)
        answer = self.file.readline().decode()
        if not answer.startswith("OK"):
            raise RuntimeError("qtest: %s: %s" % (text, answer))
        return answer.split()[1:]

    def write32(self, addr, value):
        self.call("writel 0x%x 0x%x" % (addr, value))

    def memory(self, addr, data):
        self.call("write 0x%x 0x%x 0x%s" % (addr, len(data), data.hex()))

    def queue_size(self, slot, queue):
        self.write32(SLOT + slot * STRIDE + 0x30, queue)
        return int(self.call("readl 0x%x" % (SLOT + slot * STRIDE + 0x34))[0], 16)

    def start_queue(self, slot, chain, queue=0):
        """Takes the device up with one queue that is filled with requests, all alike and
        all made available. chain: a list of (address, length, flags). Returns
        what makes the device begin, unsent: no answer may come while it works."""
        base, ring = SLOT + slot * STRIDE, RING + slot * 0x10000
        table, heads, num = b"", [], self.queue_size(slot, queue)
        for _ in range(num // len(chain)):
            heads.append(len(table) // 16)
            for i, (addr, length, flags) in enumerate(chain):
                last = i + 1 == len(chain)
                at = len(table) // 16
                table += struct.pack("<QIHH", addr, length, flags | (0 if last else NEXT), at + 1)
        self.memory(ring, table)
        self.memory(ring + 0x2000, struct.pack("<HH", 0, len(heads)) +
                    b"".join(struct.pack("<H", h) for h in heads))
        for reg, value in ((0x70, 0), (0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11),
                           (0x30, queue), (0x38, num), (0x80, ring), (0x84, 0),
                           (0x90, ring + 0x2000), (0x94, 0), (0xa0, ring + 0x4000), (0xa4, 0),
                           (0x44, 1)):
            self.write32(base + reg, value)
        return "writel 0x%x 15" % (base + 0x70)

    def again(self, slot, queue):
        """Makes the requests of a queue available anew if all have been used."""
        base, ring = SLOT + slot * STRIDE, RING + slot * 0x10000
        made, used = (int(self.call("readw 0x%x" % (ring + at))[0], 16)
                      for at in (0x2002, 0x4002))
        if made == used:
            self.memory(ring + 0x2002, struct.pack(
                "<H", (made + self.queue_size(slot, queue)) & 0xffff))
            self.write32(base + 0x50, queue)

    def take_serial(self, n):
        for _ in range(n):
            self.file.write(b"inb 0x3f8\n")
        self.file.flush()
        for _ in range(n):
            self.file.readline()


class Load:
    """Threads that go on until the end, and what else has to end."""

    def __init__(self):
        self.over = threading.Event()
        self.stack = contextlib.ExitStack()
        self.turns = {}
        self.failed = None

    def repeat(self, name, fn):
        """fn() again and again, up to the end."""
        def run():
            try:
                while not self.over.is_set():
                    fn()
                    self.turns[name] += 1
            except (OSError, EOFError, RuntimeError, ValueError, IndexError) as e:
                if not self.over.is_set():
                    self.failed = e
        self.turns[name] = 0
        thread = threading.Thread(target=run)
        thread.start()
        self.stack.callback(thread.join)

    def check(self):
        """All of them have gone on until now."""
        if self.failed:
            raise RuntimeError("the load has ended early") from self.failed
        if not all(self.turns.values()):
            raise RuntimeError("not all of the load has run: %s" % self.turns)

    def end(self, process):
        self.over.set()
        process.kill()
        process.wait()
        self.stack.close()


def largest_commands():
    """The most values, and the most bytes, that a message may have (config/json.h); what
    is long comes back escaped."""
    with open(os.path.join(HERE, "../../emulator/config/json.h"), encoding="utf-8") as f:
        limits = dict(re.findall(r"JSON_MAX_(\w+) +\(?(\d+)", f.read()))
    long = b"\177" * (int(limits["BYTES"]) * 1024 - 100)
    return [b'{"execute":"device_add","arguments":{"driver":[0%s]}}' %
            (b",0" * (int(limits["VALUES"]) - 4)),
            b'{"execute":"query-status","id":"%s"}' % long]


def ask_at_length(sock):
    """A client of its own: each call is the largest commands and their replies."""
    commands = largest_commands()
    Qmp(sock).start()

    def ask():
        for command in commands:
            sock.sendall(command)
            tail = b""
            while b"\n" not in tail:
                tail = sock.recv(1 << 20)
                if not tail:
                    raise EOFError
    return ask


def chardevs(names):
    """{name: our end}, argv for them, and the emulator's ends."""
    pairs = {name: socket.socketpair() for name in names}
    argv = [a for name, (_, theirs) in pairs.items()
            for a in ("-chardev", "socket,id=%s,fd=%d" % (name, theirs.fileno()))]
    return {n: ours for n, (ours, _) in pairs.items()}, argv, [t for _, t in pairs.values()]


def start(emulator, workdir):
    """Returns (process, guest, {name of a chardev: our end})."""
    image = os.path.join(workdir, "busy.img")
    with open(image, "wb") as f:
        f.truncate(2 << 30)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(workdir, "qtest-%d" % time.monotonic_ns()))
    listener.listen(1)
    ends, argv, theirs = chardevs(("q", "q2", "s"))
    net = tap.make()
    argv = [emulator, "-machine", "microvm,acpi=on", "-accel", "qtest", "-nodefaults", "-display",
            "none", "-m", "%dM" % (RAM >> 20),
            "-qtest", "unix:" + listener.getsockname()] + argv + [
            "-mon", "chardev=q,mode=control", "-mon", "chardev=q2,mode=control",
            "-device", "isa-serial,chardev=s",
            "-blockdev", json.dumps({"driver": "file", "node-name": "d", "filename": image}),
            "-device", "virtio-blk-device,drive=d",
            "-object", "rng-builtin,id=r", "-device", "virtio-rng-device,rng=r"]
    passed = [t.fileno() for t in theirs]
    if net is not None:
        argv += ["-netdev", "tap,id=n,fd=%d" % net, "-device", "virtio-net-device,netdev=n"]
        passed.append(net)
    process = subprocess.Popen(argv, pass_fds=passed)
    for fd in passed:
        os.close(fd)
    for t in theirs:
        t.detach()
    guest = Guest(listener.accept()[0])
    listener.close()
    return process, guest, ends


def begin_rings(guest, slots):
    """All rings are worked on; returns what the guest does from then on, a bit at a time."""
    begin = [guest.start_queue(slots[DISK], [(RING - 0x1000, 16, 0),
                                             (DATA, 64 << 20, WRITABLE),
                                             (RING - 0x800, 1, WRITABLE)]),
             guest.start_queue(slots[RNG], [(DATA, 1536 << 20, WRITABLE)])]
    if NET in slots:
        begin.append(guest.start_queue(slots[NET], [(PACKET, 12 + 65000, 0)], 1))
    guest.call("outb 0x3fa 1")
    for line in begin:
        guest.send(line)

    def go_on():
        while begin:  # their answers
            guest.file.readline()
            begin.pop()
        guest.take_serial(64)
        if NET in slots:
            guest.again(slots[NET], 1)
    return go_on


def begin_migration(qmp, load):
    ours, theirs = socket.socketpair()
    reader = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL)
    load.stack.callback(reader.wait)
    qmp("getfd", passing=theirs.fileno(), fdname="m")
    ours.close()
    theirs.close()
    qmp("migrate-set-parameters", max_bandwidth=BANDWIDTH)
    qmp("migrate", uri="fd:m")


def ask_often(qmp):
    """Times of query-status, in ms, sorted."""
    times, end = [], time.monotonic() + SECONDS
    while len(times) < LEAST or (len(times) < ASKS and time.monotonic() < end):
        asked = time.monotonic()
        qmp("query-status")
        times.append(1e3 * (time.monotonic() - asked))
    return sorted(times)


def measure(emulator, workdir):
    """Times of query-status in ms while all of it goes on: {figure: 99th percentile}."""
    process, guest, ends = start(emulator, workdir)
    load = Load()
    try:
        qmp = Qmp(ends["q"]).start()
        for at in range(DATA, DATA + FULL, MEMSET):
            guest.call("memset 0x%x 0x%x 0x5a" % (at, MEMSET))
        begin_migration(qmp, load)
        chatter = b"x" * 65536
        load.repeat("serial", lambda: ends["s"].send(chatter))
        load.repeat("guest", begin_rings(guest, find_slots(guest)))
        load.repeat("commands", ask_at_length(ends["q2"]))
        times = ask_often(qmp)
        load.check()
        status = qmp("query-migrate")["status"]
        if status != "active":
            raise RuntimeError("the migration is %s before the end" % status)
        qmp("migrate_cancel")
        return {"qmp-p99": times[len(times) * 99 // 100]}
    finally:
        load.end(process)


def find_slots(guest):
    """{device id of virtio: slot}"""
    found = {}
    for slot in range(24):
        device = int(guest.call("readl 0x%x" % (SLOT + slot * STRIDE + 8))[0], 16)
        if device:
            found[device] = slot
    return found
