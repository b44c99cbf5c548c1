#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A real migration stream, changed in thousands of ways, into a waiting destination:
it refuses by name or loads it, and never ends, hangs or runs. What it took before
does not matter: at the end the unchanged stream is loaded, and it quits cleanly.

VIREO_FUZZ_SECONDS: for how long, for each accelerator (5); VIREO_FUZZ_SEED.
"""
import os
import random
import select
import socket
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tiny"))
from migration_vm import (CONFIG, DEVICE, END, GO, GUEST, HELLO_SIZE, RAM,  # noqa: E402
                          RECORD, SLOT, QtestVm, Vm, capture, pack)

SECONDS = float(os.environ.get("VIREO_FUZZ_SECONDS", "5"))
SEED = int(os.environ.get("VIREO_FUZZ_SEED", "1"))
U32 = (0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0xffffffff)
U64 = U32 + (1 << 32, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


def runs(*rows, data=b"", count=None):
    return struct.pack("<II", len(rows) if count is None else count, 0) + b"".join(
        struct.pack("<QII", *r) for r in rows) + data


class Mutants:
    def __init__(self, hello, records):
        self.hello, self.rng = hello, random.Random(SEED)
        self.records = [r for r in records if r[0] != RAM]

    def stream(self, records):
        return self.hello + b"".join(pack(*r) for r in records)

    def heads(self):
        """Each field of each kind of record at its extremes."""
        for i, (kind, aux, payload) in enumerate(self.records):
            if i and kind == self.records[i - 1][0] and i % 8:
                continue
            before, after = self.records[:i], self.records[i + 1:]
            for value in U32:
                if value != kind and (value, kind) != (GO, END):
                    yield self.stream(before + [(value, aux, payload)] + after)
                if kind != END:
                    yield self.stream(before + [(kind, value, payload)] + after)
            for value in U64:
                if value != len(payload):
                    yield (self.stream(before) + pack(kind, aux, payload, value) +
                           self.stream(after)[HELLO_SIZE:])

    def order(self):
        """Records left out, doubled, exchanged."""
        r = self.records
        for i in range(len(r) - 1):
            yield self.stream(r[:i] + r[i + 1:])
            yield self.stream(r[:i + 1] + r[i:])
            if i:
                yield self.stream(r[:i - 1] + [r[i], r[i - 1]] + r[i + 1:])
        yield self.stream(r[:1] + r[1:-1] * 200 + r[-1:])
        yield self.stream([(GO, 0, b"")])
        yield self.stream(r[:1] + [(GO, 0, b"")] + r[1:])

    def ram(self):
        """RAM records that point where they must not."""
        page = bytes(4096)
        bad = [(0, runs((0, 1, 0))), (1, runs((0, 1, 1))), (0xffffffff, runs((0, 1, 1))),
               (0, b""), (0, b"\0" * 7), (0, runs(count=1)), (0, runs(count=257)),
               (0, runs(count=0xffffffff)), (0, runs((0, 1, 0), data=page[1:])),
               (0, runs((0, 1, 0), data=page + b"x")), (0, runs((0, 1, 2))),
               (0, runs((0, 0, 1))), (0, runs((1, 1, 1))), (0, runs((0, 0xffffffff, 1))),
               (0, runs((0, 0xffffffff, 0)))]
        bad += [(0, runs((v, 1, 1))) for v in U64 if v % 4096]
        bad += [(0, runs((v << 12, 1, 1))) for v in (1 << 51, (1 << 52) - 1, 1 << 20)]
        bad += [(0, runs(*[(0, 1, 1)] * 256 + [(1, 1, 1)]))]
        for aux, payload in bad:
            yield self.stream([self.records[0], (RAM, aux, payload)] + self.records[1:])

    def bytes(self):
        """Single bytes, cuts and splices of all but END, at random, without end."""
        whole = self.stream(self.records)
        body = len(whole) - RECORD.size
        while True:
            at, kind = self.rng.randrange(body), self.rng.random()
            s = bytearray(whole)
            if kind < 0.6:
                s[at] ^= self.rng.choice((1, 2, 0x10, 0x80, 0xff))
            elif kind < 0.7:
                s = s[:at]
            elif kind < 0.85:
                start = self.rng.randrange(body)
                n = self.rng.randrange(1, 64)
                s[at:min(at + n, body)] = whole[start:start + n]
            else:
                for _ in range(self.rng.randrange(2, 30)):
                    s[self.rng.randrange(body)] = self.rng.randrange(256)
            yield bytes(s)


class Hostile(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.accepted = self.refused = 0
        self.loaded = []  # of the changed streams, those that were

    def feed(self, vm, data, go=False):
        """Returns the destination's answer; b"" when it has loaded everything."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            vm.qmp("migrate-incoming", uri=vm.getfd("in", theirs.fileno()))
            theirs.close()
            ours.setblocking(False)
            answer = b""
            if not data:
                ours.shutdown(socket.SHUT_WR)
            while True:
                ready, writable, _ = select.select([ours], [ours] if data else [], [], 30)
                self.assertTrue(ready or writable, "the destination hangs")
                if ready:
                    try:
                        got = ours.recv(65536)
                    except ConnectionError:
                        got = b""
                    if not got:
                        return answer[4:] if answer[:4] != bytes(4) else b""
                    answer += got
                    if answer[:4] == bytes(4):
                        if not go:
                            return b""
                        ours.send(pack(GO, 0, b""))
                        go = False
                    continue
                try:
                    data = data[ours.send(data):]
                except ConnectionError:
                    data = b""
                if not data and not go:
                    ours.shutdown(socket.SHUT_WR)

    def try_one(self, vm, data):
        try:
            why = self.feed(vm, data)
            vm.wait_migration("failed")
            self.assertEqual(vm.status(), "inmigrate")
        except (EOFError, ConnectionError) as e:
            with open("migration-stream-crash", "wb") as f:
                f.write(data)
            raise AssertionError("exit status %s (stream: migration-stream-crash): %s" %
                                 (vm.wait(), vm.said[-6000:].decode())) from e
        self.accepted += not why
        self.refused += bool(why)
        if not why:
            self.loaded.append(data)

    def run_all(self, vm, hello, records):
        self.addCleanup(vm.kill)
        mutants = Mutants(hello, records)
        end = time.monotonic() + SECONDS
        self.assertEqual(self.feed(vm, mutants.stream(mutants.records)), b"")
        vm.wait_migration("failed")
        for bad in (b"", b"VIREOMIG", b"x" * 4096, hello[:8] + b"\1" + hello[9:],
                    hello[:12] + b"\1" + hello[13:]):
            self.try_one(vm, bad)
        for data in mutants.ram():
            self.try_one(vm, data)
        self.assertEqual(self.accepted, 0)
        for data in mutants.heads():
            self.try_one(vm, data)
        for data in mutants.order():
            self.try_one(vm, data)
        for data in mutants.bytes():
            if time.monotonic() > end and self.refused > 500:
                break
            self.try_one(vm, data)
        print("%d refused, %d loaded" % (self.refused, self.accepted), file=sys.stderr)
        self.assertGreater(self.refused, 500)
        self.assertEqual(self.feed(vm, hello + b"".join(pack(*r) for r in records), True),
                         b"")
        vm.wait_migration("completed")
        self.assertEqual(vm.status(), "paused")
        vm.quit()  # what it has said is there then
        self.assertNotIn(b"ERROR", vm.said)

    def run_loaded(self, start):
        """State that nobody has refused runs, is reset, and ends cleanly."""
        end = time.monotonic() + SECONDS / 2
        for data in random.Random(SEED).sample(self.loaded, min(200, len(self.loaded))):
            if time.monotonic() > end:
                break
            vm = start()
            self.addCleanup(vm.kill)
            try:
                self.assertEqual(self.feed(vm, data, True), b"")
                vm.wait_migration("completed")
                for slot in range(8 if isinstance(vm, QtestVm) else 0):
                    for register in (0x50, 0x64, 0x70, 0x100):
                        vm.writel(SLOT + 0x1000 * slot + register, 0)
                vm.qmp("system_reset")
                vm.qmp("stop")
                vm.quit()
            except (EOFError, ConnectionError) as e:
                with open("migration-stream-crash", "wb") as f:
                    f.write(data)
                raise AssertionError("exit status %s (stream: migration-stream-crash): %s"
                                     % (vm.wait(), vm.said[-6000:].decode())) from e

    def test_devices(self):
        images = []
        for name in "abc":
            images.append(os.path.join(self.dir.name, name))
            with open(images[-1], "wb") as f:
                f.truncate(1 << 20)
        args = ["-machine", "microvm", "-m", "16M", "-serial", "null",
                "-object", "rng-builtin,id=r", "-device",
                "virtio-rng-device,rng=r,bus=virtio-mmio-bus.7"]
        for i, path in enumerate(images):
            args += ["-blockdev", "driver=file,node-name=n%d,filename=%s" % (i, path)]
            if i < 2:
                args += ["-device", "virtio-blk-device,id=d%d,drive=n%d,num-queues=2,"
                         "bus=virtio-mmio-bus.%d" % (i, i, i)]
        source = QtestVm(self.dir.name, *args)
        self.addCleanup(source.kill)
        source.use_disk(0, True)
        source.use_disk(1, False)
        source.qmp("device_add", driver="virtio-blk-device", id="gone", drive="n2",
                   bus="virtio-mmio-bus.2")
        source.use_disk(2, True)
        source.qmp("device_del", id="gone")
        hello, records = capture(source)
        source.quit()
        self.run_all(QtestVm(self.dir.name, "-S", "-incoming", "defer", *args), hello,
                     records)
        self.run_loaded(lambda: QtestVm(self.dir.name, "-incoming", "defer", *args))

    def test_kvm(self):
        """The same for the state of processors."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            self.skipTest("no /dev/kvm")
        args = ["-machine", "microvm", "-m", "24M", "-smp", "2", "-serial", "stdio",
                "-kernel", GUEST, "-append", "cpus=2 mib=1 hot=4 print=20"]
        source = Vm(*args)
        self.addCleanup(source.kill)
        source.wait_rounds(1)
        hello, records = capture(source)
        source.quit()
        self.run_all(Vm("-S", "-incoming", "defer", *args), hello, records)
        self.run_loaded(lambda: Vm("-incoming", "defer", *args))


if __name__ == "__main__":
    unittest.main()
