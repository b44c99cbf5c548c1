#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM that migrates is the VM that does not: of each board, with every device that it can
have, a guest does the same to two VMs, one of which migrates meanwhile; in the end the
state of both, as a stream has it, is the same, section by section and byte by byte, and so
is all that the guest has read. What it does is anything that its registers take, the same
each time."""
import io
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tiny"))
from migration_vm import CONFIG, DEVICE, HELLO_SIZE, VIREO, read_records  # noqa: E402
from qmp import TIMEOUT, Qmp, is_sanitized  # noqa: E402

EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []
SEEDS = 6
ROUNDS = 5       # between which one of the two migrates
ACCESSES = 800   # of a round

COMMON = ["-accel", "qtest", "-m", "16M", "-smp", "2", "-nodefaults",
          "-rtc", "base=2020-02-02",
          "-device", "isa-serial,chardev=c", "-chardev", "null,id=c",
          "-device", "pvpanic", "-action", "panic=none",
          "-device", "isa-debugcon,chardev=e", "-chardev", "null,id=e",
          "-object", "rng-builtin,id=r", "-object", "iothread,id=io",
          "-blockdev", "driver=file,node-name=n,filename=disk",
          "-blockdev", "driver=file,node-name=m,filename=disk1"]


class Range:
    """Registers: ports or memory, from base on; bits of a size that nobody writes."""

    def __init__(self, kind, base, size, spared=None):
        self.kind, self.base, self.size, self.spared = kind, base, size, spared or {}

    def look(self):
        step, read = (1, "inb") if self.kind == "port" else (4, "readl")
        return ["%s 0x%x" % (read, self.base + at) for at in range(0, self.size, step)]

    def access(self, rng):
        width = rng.choice((1, 1, 2, 4) if self.kind == "port" else (1, 2, 4, 4, 8))
        width = min(width, self.size)
        at = rng.randrange(self.size - width + 1)
        if rng.random() < 0.7:
            at -= at % width
        value = rng.getrandbits(8 * width)
        if rng.random() < 0.5:
            value &= rng.getrandbits(8 * width) & rng.getrandbits(8 * width)
        for offset, bits in self.spared.items():
            if at <= offset < at + width:
                value &= ~(bits << 8 * (offset - at))
        letter = {1: "b", 2: "w", 4: "l", 8: "q"}[width]
        read, write = ("in", "out") if self.kind == "port" else ("read", "write")
        if rng.random() < 0.4:
            return "%s%s 0x%x" % (read, letter, self.base + at)
        return "%s%s 0x%x 0x%x" % (write, letter, self.base + at, value)


class Flash(Range):
    """Memory that takes commands."""

    COMMANDS = [0xff, 0x10, 0x40, 0x20, 0xd0, 0x50, 0x60, 0x01, 0x70, 0x90, 0x98, 0xe8, 0x03]

    def access(self, rng):
        if rng.random() < 0.3:
            return super().access(rng)
        at = self.base + rng.choice((rng.randrange(self.size), rng.randrange(8)))
        return "writeb 0x%x 0x%x" % (at, rng.choice(self.COMMANDS))


def port(base, size, **spared):
    return Range("port", base, size, {int(k[1:], 16): v for k, v in spared.items()})


def memory(base, size):
    return Range("memory", base, size)


def function(bus, slot, start=0):
    """Of configuration space, where a kernel that is started directly finds it."""
    return memory(0xb0000000 + (bus << 20 | slot << 15) + start, 0x100 - start)


AHCI = 0xb00fa000  # without a drive: with one it takes commands, and that takes time
E1000 = 0xb0080000  # its BARs stay where they are
XHCI = 0xb0088000  # the same
ISA = [port(0x3f8, 8), port(0x505, 1), port(0x402, 1)]
PC = 2 * ISA + 3 * [
    port(0x20, 2), port(0xa0, 2), port(0x4d0, 2), port(0x40, 4), port(0x61, 1),
    port(0x60, 1), port(0x80, 1), port(0x92, 1, x0=1),
    port(0xcf8, 4, x1=0x04), port(0xcc0, 0x08), port(0xccc, 0x08), port(0xcb0, 0x0c),
    port(0x510, 12), port(0xcd8, 0x20),
    memory(0xfec00000, 0x40), memory(0xfed00000, 0x200),
    port(0x600, 0x80, x5=0x3f)] + [
    function(0, 0x1f), function(0, 0, 0x80), function(0, 2),
    function(0, 3), function(1, 0), function(0, 5, 0x40), function(0, 6, 0x40),
    function(0, 7), function(0, 8), function(0, 9), function(3, 0), function(5, 0), function(6, 0),
    memory(E1000 + 0x3c, 4), memory(XHCI + 0x3c, 4), memory(AHCI, 0x100)] + 3 * [port(0x92, 1, x0=1)]
MICROVM = ISA + [memory(0xfec00000, 0x40), memory(0xfea00000, 4)] + [
    memory(0xfeb00000 + 0x1000 * n, 0x100) for n in range(3)]

FLASH = [Flash("memory", 0xffffe000, 0x2000)]

# Sections that no access alone changes, but requests, descriptors, or nothing at all.
STILL = re.compile("configuration$|.*/(isa-debugcon|acpi-ged|virtio-blk-device|usb-[a-z]+)$"
                   r"|/machine/virtio-mmio\[([3-9]|..)\]")
NOT_FLASH = re.compile(r"(?!.*/cfi\.pflash01)")

BOARDS = {
    "microvm": (MICROVM, [
        "-machine", "microvm",
        "-device", "virtio-blk-device,drive=n,num-queues=2,bus=virtio-mmio-bus.0",
        "-device", "virtio-blk-device,drive=m,iothread=io,bus=virtio-mmio-bus.1",
        "-device", "virtio-rng-device,rng=r,bus=virtio-mmio-bus.2"]),
    "q35": (PC, [
        "-machine", "q35",
        "-device", "pcie-root-port,id=p0,chassis=1,addr=2",
        "-device", "pcie-root-port,id=p1,chassis=2,addr=3",
        "-device", "virtio-blk-pci,drive=n,num-queues=2,bus=p0",
        "-device", "virtio-blk-pci,drive=m,iothread=io,addr=5",
        "-device", "virtio-rng-pci,rng=r,addr=6",
        "-device", "pci-testdev,addr=7",
        "-device", "pcie-pci-bridge,id=b,addr=8",
        "-device", "pci-bridge,id=b1,bus=b,chassis_nr=1",
        "-device", "pcie-root-port,id=p2,chassis=3,addr=9",
        "-device", "x3130-upstream,id=u,bus=p2",
        "-device", "xio3130-downstream,id=d,bus=u,chassis=4",
        "-device", "e1000,addr=10",
        "-device", "qemu-xhci,id=usb,addr=11", "-device", "usb-hub,bus=usb.0,port=1",
        "-device", "usb-tablet,bus=usb.0,port=1.2",
        "-device", "usb-kbd,bus=usb.0,port=2", "-device", "usb-mouse,bus=usb.0,port=3"]),
    "q35 with flash": (FLASH, [
        "-machine", "q35", "-drive", "if=pflash,format=raw,file=flash"], NOT_FLASH),
}


class Vm:
    def __init__(self, args, incoming=None):
        self.qtest, theirs = socket.socketpair()
        mine, monitor = socket.socketpair()
        fds = [theirs.fileno(), monitor.fileno()]
        args = ["-qtest", "fd:%d" % fds[0], "-chardev", "socket,id=mon,fd=%d" % fds[1],
                "-mon", "mon,mode=control", *args]
        if incoming is not None:
            args += ["-incoming", "fd:%d" % incoming]
            fds.append(incoming)
        self.proc = subprocess.Popen([VIREO, *EXTRA, *args], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, pass_fds=fds)
        theirs.close()
        monitor.close()
        self.qtest.settimeout(TIMEOUT)
        self.lines = self.qtest.makefile("r")
        self.qmp = Qmp(mine).start()

    def say(self, lines):
        """All answers."""
        answers = []
        self.qtest.sendall("".join(line + "\n" for line in lines).encode())
        for line in lines:
            answer = self.lines.readline()
            while answer.startswith("IRQ"):
                answer = self.lines.readline()
            assert answer.startswith("OK"), (line, answer)
            answers.append(line + ": " + answer.strip())
        return answers

    def state(self):
        """The whole stream; the VM has migrated."""
        r, w = os.pipe()
        self.qmp("getfd", passing=w, fdname="stream")
        os.close(w)
        self.qmp("migrate", uri="fd:stream")
        with os.fdopen(r, "rb") as f:
            stream = f.read()
        self.end()
        return stream

    def end(self):
        self.qmp("quit")
        assert self.proc.wait(TIMEOUT) == 0
        self.qmp.sock.close()
        self.lines.close()
        self.qtest.close()


def load(args, stream):
    r, w = os.pipe()

    def write():
        with os.fdopen(w, "wb") as f:
            f.write(stream)

    writer = threading.Thread(target=write, daemon=True)
    vm = Vm(args, incoming=r)
    os.close(r)
    writer.start()
    while (status := vm.qmp("query-migrate").get("status")) != "completed":
        assert status != "failed", vm.qmp("query-migrate")
    while (status := vm.qmp("query-status")["status"]) != "running":
        assert status in ("inmigrate", "paused"), status  # it has its disks back only now
    writer.join()
    return vm


def sections(stream):
    """By name: what the stream has of each device, but for the RTC: its time is the host's."""
    found = {}
    for kind, _, payload in read_records(io.BytesIO(stream[HELLO_SIZE:]).read):
        if kind == DEVICE:
            size = struct.unpack_from("<I", payload)[0]
            name = payload[8:8 + size].decode()
            if not name.endswith("/mc146818rtc"):
                found[name] = payload[8 + size:]
        elif kind == CONFIG:
            found["configuration"] = payload
    return found


def bars(vm, registers):
    """The beginning of each memory BAR of the functions."""
    found = []
    for base in {r.base & ~0xff for r in registers if r.base >> 28 == 0xb}:
        words = [int(vm.say(["readl 0x%x" % (base + 0x10 + 4 * n)])[0].split()[-1], 16)
                 for n in range(6)]
        while words:
            bar = words.pop(0)
            if bar & 7 == 4:
                bar |= words.pop(0) << 32
            if bar & 1 == 0 and bar >> 4:
                found.append(memory(bar & ~15, 0x200 if base == AHCI else 0x100))
    return sorted(found, key=lambda r: r.base)


def guest(registers, seed):
    """What it does in each round: first it looks at everything."""
    rng = random.Random(100 + seed)
    everything = [line for r in dict.fromkeys(registers) for line in r.look()]
    for _ in range(ROUNDS):
        lines = rng.sample(everything, len(everything))
        for _ in range(ACCESSES):
            if rng.random() < 0.05:
                lines.append("clock_step %d" % rng.randrange(50_000_000))
            else:
                lines.append(rng.choice(registers).access(rng))
        yield lines


def make_flash():
    """As it was before a guest."""
    with open("flash", "wb") as f:
        f.write(bytes(range(256)) * 32)


def run(args, registers, seed, migrates):
    """What the guest has read, and the state in the end."""
    make_flash()
    vm = Vm(COMMON + args)
    answers = []
    for i, lines in enumerate(guest(registers, seed)):
        if i and migrates:
            vm = load(COMMON + args, vm.state())
        elif i:
            vm.qmp("stop")
            vm.qmp("cont")
        answers += vm.say(lines)
    return answers, sections(vm.state())


def check(board, seed, registers, untouched):
    """Takes out of untouched what the guest has changed."""
    args = BOARDS[board][1]
    (read, stays), (read_too, goes) = (run(args, registers, seed, migrates)
                                       for migrates in (False, True))
    for name in [n for n in untouched if stays.get(n) != untouched[n]]:
        del untouched[name]
    differ = [n for n in sorted(stays.keys() | goes.keys()) if stays.get(n) != goes.get(n)]
    for name in differ:
        print("# %s: %s\n#   stays %s\n#   goes  %s" % (
            board, name, stays.get(name, b"-").hex(), goes.get(name, b"-").hex()))
    reads = [pair for pair in zip(read, read_too) if pair[0] != pair[1]]
    for pair in reads[:5]:
        print("# %s: read\n#   stays %s\n#   goes  %s" % (board, *pair))
    good = not differ and not reads
    print("%sok %s, seed %d: %d sections" % ("" if good else "not ", board, seed, len(stays)))
    return good


def check_board(board):
    registers, args, still = (*BOARDS[board], STILL)[:3]
    make_flash()
    vm = Vm(COMMON + args)
    registers = registers + 4 * bars(vm, registers)
    untouched = sections(vm.state())
    good = [check(board, seed, registers, untouched) for seed in range(SEEDS)]
    still = [n for n in untouched if not still.match(n)]
    print("%sok %s: %d ranges, never changed: %s" % (
        "not " if still else "", board, len(registers), " ".join(still) or "nothing else"))
    return all(good) and not still


def main():
    global VIREO
    VIREO = os.path.abspath(VIREO)
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        for name in ("disk", "disk1"):
            with open(name, "wb") as f:
                f.truncate(1 << 20)
        return not all([check_board(board) for board in sys.argv[1:] or BOARDS])


sys.exit(main())
