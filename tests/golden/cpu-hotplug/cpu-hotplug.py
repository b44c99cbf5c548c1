#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The registers of CPU hot-plug against those of QEMU 7.2: a guest does anything to them, and
reads the same. QEMU's answers are in qemu.txt, which `cpu-hotplug.py --record` writes anew
by asking an installed one, whose CPUs do not run.

What is not tried is an ejection: QEMU lets a processor go that nobody has asked for.
"""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import QtestVm  # noqa: E402

RECORD = "--record" in sys.argv
RECORDED = os.path.join(HERE, "qemu.txt")
BASE, PORTS = 0xcd8, 0x20
FLAGS, EJECT = 4, 8
SIZES = {"b": 1, "w": 2, "l": 4}
RESET = "reset"

BOARDS = {
    "one": "1",
    "four": "4,sockets=4",
    "holes in APIC IDs": "12,sockets=2,dies=1,cores=3,threads=2",
    "many": "200,sockets=200",
}


def without_ejection(at, size, value):
    """The byte that would be the beginning of an access to the flags."""
    if at <= FLAGS < at + size:
        value &= ~(EJECT << 8 * (FLAGS - at))
    return value


def random_access(rng, cpus):
    letter = rng.choice("bbwll")
    size = SIZES[letter]
    at = rng.randrange(13) if rng.random() < 0.9 else rng.randrange(PORTS - size + 1)
    if rng.random() < 0.8:
        at -= at % size
    if rng.random() < 0.5:
        return "in%s 0x%x" % (letter, BASE + at)
    value = rng.choice((rng.randrange(cpus + 2), rng.randrange(6), rng.getrandbits(8 * size)))
    return "out%s 0x%x 0x%x" % (letter, BASE + at, without_ejection(
        at, size, value & ((1 << 8 * size) - 1)))


def usual(cpus):
    """What OVMF does, and what a DSDT does."""
    yield "outl 0xcd8 0x0"
    yield "outb 0xcdd 0x0"
    yield "outl 0xcd8 0x0"
    for n in range(cpus):
        yield from ("outl 0xcd8 0x%x" % n, "inb 0xcdc", "inl 0xcd8", "outb 0xcdd 0x3",
                    "inl 0xce0", "inl 0xcd8", "outb 0xcdd 0x0", "inl 0xce0")
    yield from ("outl 0xcd8 0x1", "outb 0xcdc 0x10", "outl 0xcd8 0x0", "outb 0xcdd 0x0",
                "inl 0xce0", "inb 0xcdc", "outb 0xcdd 0x1", "outl 0xce0 0x103",
                "outb 0xcdd 0x2", "outl 0xce0 0x80", "inl 0xce0")


def look():
    return ["inb 0x%x" % (BASE + at) for at in range(PORTS)]


def script(name):
    rng, cpus = random.Random(name), int(BOARDS[name].split(",", maxsplit=1)[0])
    lines = look() + ["outb 0xcd9 0x0", "outb 0xcd8 0x1", "outb 0xcf7 0x0", RESET] + look()
    switched = rng.choice(("outb 0xcd8 0x0", "outw 0xcd8 0x500", "outl 0xcd8 0xff00"))
    lines += [switched] + look() + list(usual(cpus)) + look()
    for _ in range(4):
        lines += [random_access(rng, cpus) for _ in range(400)] + look()
        lines += [RESET] + look() + ["outl 0xcd8 0x%x" % rng.randrange(cpus)] + look()
    return lines


class Guest:
    """The guest's side of a qtest socket, and a monitor."""

    def __init__(self, sock, reset):
        self.stream, self.reset = sock.makefile("rwb"), reset

    def run(self, lines):
        """What is read."""
        found = []
        for line in lines:
            if line == RESET:
                self.reset()
                continue
            self.stream.write(line.encode() + b"\n")
            self.stream.flush()
            words = [b"IRQ"]
            while words[0] == b"IRQ":
                words = self.stream.readline().split()
            assert words[0] == b"OK", (line, words)
            found += ["%x" % int(w, 16) for w in words[1:]]
        return found


class Monitor:
    """QEMU's: an event says that a reset has been done."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.stream = self.sock.makefile("rwb")
        self.stream.readline()
        self.execute("qmp_capabilities", "return")

    def execute(self, command, until):
        self.stream.write(json.dumps({"execute": command}).encode() + b"\n")
        self.stream.flush()
        while json.loads(self.stream.readline()).get(until) not in ({}, "RESET"):
            pass


def ask_qemu(name):
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        qtest, qmp = (os.path.join(directory, n) for n in ("qtest", "qmp"))
        server.bind(qtest)
        server.listen()
        server.settimeout(60)
        with subprocess.Popen(
                ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-S",
                 "-display", "none", "-nodefaults", "-m", "64M", "-smp", BOARDS[name],
                 "-qmp", "unix:%s,server=on,wait=off" % qmp,
                 "-qtest", "unix:" + qtest, "-qtest-log", "/dev/null"]) as process:
            try:
                sock = server.accept()[0]
                monitor = Monitor(qmp)
                return Guest(sock, lambda: monitor.execute("system_reset", "event")).run(
                    script(name))
            finally:
                process.kill()


def ask_vireo(name):
    with tempfile.TemporaryDirectory() as directory:
        vm = QtestVm(directory, "-machine", "q35", "-m", "64M", "-smp", BOARDS[name])

        def reset():
            vm.qmp("system_reset")
            vm.qmp.event("RESET")

        try:
            guest = Guest(vm.qtest, reset)
            found = guest.run(script(name))
            guest.stream.close()
            vm.quit()
            return found
        finally:
            vm.kill()


def record():
    with open(RECORDED, "w", encoding="ascii") as f:
        f.write("# What QEMU 7.2 answers, by cpu-hotplug.py --record.\n")
        for name in BOARDS:
            found = ask_qemu(name)
            f.write("\n= %s\n" % name)
            for at in range(0, len(found), 24):
                f.write(" ".join(found[at:at + 24]) + "\n")


def recorded():
    with open(RECORDED, encoding="ascii") as f:
        parts = f.read().split("\n= ")[1:]
    return {part.split("\n")[0]: " ".join(part.splitlines()[1:]).split() for part in parts}


class Registers(unittest.TestCase):
    def test_boards(self):
        answers = recorded()
        self.assertEqual(list(answers), list(BOARDS))
        for name in BOARDS:
            with self.subTest(board=name):
                lines = [line for line in script(name) if line.startswith("in")]
                self.assertEqual(len(lines), len(answers[name]), "cpu-hotplug.py --record")
                ours = ask_vireo(name)
                self.assertEqual(len(lines), len(ours))
                for at, line in enumerate(lines):
                    self.assertEqual((at, line, ours[at]), (at, line, answers[name][at]))


if __name__ == "__main__":
    if RECORD:
        record()
    else:
        unittest.main()
