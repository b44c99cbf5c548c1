# SPDX-License-Identifier: GPL-2.0-or-later
"""How long QMP takes to answer while a guest makes its devices work as hard as they
can: rings full of the largest requests that a driver may make, over qtest."""
import json
import os
import socket
import struct
import subprocess
import time

from vm import Qmp

RAM = 3 << 30
SLOT, STRIDE = 0xfeb00000, 0x1000
DISK, RNG = 2, 4
RING = 0x10000
DATA = 16 << 20
WRITABLE, NEXT = 2, 1
ASKS = 200


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

    def queue_size(self, slot):
        return int(self.call("readl 0x%x" % (SLOT + slot * STRIDE + 0x34))[0], 16)

    def start_queue(self, slot, chain):
        """Takes the device up with one queue that is filled with requests, all alike and
        all made available. chain: a list of (address, length, flags). Returns
        what makes the device begin, unsent: no answer may come while it works."""
        base, ring = SLOT + slot * STRIDE, RING + slot * 0x10000
        table, heads, num = b"", [], self.queue_size(slot)
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
                           (0x30, 0), (0x38, num), (0x80, ring), (0x84, 0),
                           (0x90, ring + 0x2000), (0x94, 0), (0xa0, ring + 0x4000), (0xa4, 0),
                           (0x44, 1)):
            self.write32(base + reg, value)
        return "writel 0x%x 15" % (base + 0x70)


def start(emulator, workdir):
    """Returns (process, guest, qmp)."""
    image = os.path.join(workdir, "busy.img")
    with open(image, "wb") as f:
        f.truncate(2 << 30)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(workdir, "qtest-%d" % time.monotonic_ns()))
    listener.listen(1)
    ours, theirs = socket.socketpair()
    argv = [emulator, "-machine", "microvm,acpi=on", "-accel", "qtest", "-nodefaults", "-display",
            "none", "-m", "%dM" % (RAM >> 20),
            "-qtest", "unix:" + listener.getsockname(),
            "-chardev", "socket,id=q,fd=%d" % theirs.fileno(), "-mon", "chardev=q,mode=control",
            "-blockdev", json.dumps({"driver": "file", "node-name": "d", "filename": image}),
            "-device", "virtio-blk-device,drive=d",
            "-object", "rng-builtin,id=r", "-device", "virtio-rng-device,rng=r"]
    process = subprocess.Popen(argv, pass_fds=[theirs.fileno()])
    theirs.close()
    guest = Guest(listener.accept()[0])
    listener.close()
    return process, guest, Qmp(ours).start()


def measure(emulator, workdir):
    """Times of query-status in ms while the rings are worked on: {figure: 99th percentile}."""
    process, guest, qmp = start(emulator, workdir)
    try:
        slots = find_slots(guest)
        begin = [guest.start_queue(slots[DISK], [(RING - 0x1000, 16, 0),
                                            (DATA, 64 << 20, WRITABLE),
                                            (RING - 0x800, 1, WRITABLE)]),
                 guest.start_queue(slots[RNG], [(DATA, 1536 << 20, WRITABLE)])]
        for line in begin:
            guest.send(line)
        times = []
        for _ in range(ASKS):
            asked = time.monotonic()
            qmp("query-status")
            times.append(1e3 * (time.monotonic() - asked))
        return {"qmp-p99": sorted(times)[ASKS * 99 // 100]}
    finally:
        process.kill()
        process.wait()


def find_slots(guest):
    """{device id of virtio: slot}"""
    found = {}
    for slot in range(24):
        device = int(guest.call("readl 0x%x" % (SLOT + slot * STRIDE + 8))[0], 16)
        if device:
            found[device] = slot
    return found
