# SPDX-License-Identifier: GPL-2.0-or-later
"""What a request of a disk, a packet of a network card and 4 KiB of a console (whose other
end is a unix socket) cost the VMM: a tiny guest (tests/tiny/traffic.c) drives virtio over
PCI and over mmio.

System calls, exits of the guest and those that the VMM handles are counted by perf,
where it can. A KVM without hardware support counts no exits.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import boards
import tap
from vm import Vm, cpu_of

RAM_MIB = 64
IMAGE = 4 << 20  # as far as the guest goes
TICK = os.sysconf("SC_CLK_TCK")
EVENTS = {"raw_syscalls:sys_enter": "calls", "kvm:kvm_exit": "exits",
          "kvm:kvm_userspace_exit": "handled"}
# name: (kind of virtio, requests, further words of the guest's command line)
LOADS = {
    "disk": (2, 8000, "size=4096 depth=8"),
    "net": (1, 8000, "size=1000 depth=8"),
    "console-in": (3, 8000, "size=4096 depth=16"),  # as Linux has it
    "console-out": (3, 8000, "size=4096 depth=16 write=1"),
}
PIECE = 32768  # bytes of a console, at the host's end
BUSES = ("pci", "mmio")
MMIO_MODERN = ["-global", "virtio-mmio.force-legacy=false"]  # QEMU's default is the old one


def board(load, bus, image, fd):
    words = boards.q35() if bus == "pci" else boards.microvm()
    kind = "pci" if bus == "pci" else "device"
    if load == "disk":
        return words + ["-blockdev", "driver=file,node-name=b,filename=" + image,
                        "-device", "virtio-blk-%s,drive=b" % kind]
    if load == "net":
        return words + ["-netdev", "tap,id=b,fd=%d" % fd, "-device",
                        "virtio-net-%s,netdev=b,mac=52:54:00:12:34:56" % kind]
    return words + ["-chardev", "socket,id=b,fd=%d" % fd, "-device",
                    "virtio-serial-pci,disable-legacy=on" if bus == "pci" else "virtio-serial-device",
                    "-device", "virtconsole,chardev=b"]


class Console:
    """The other end of a console: takes all that comes, or sends without an end."""

    def __init__(self, load):
        self.ours, self.theirs = socket.socketpair()
        self.theirs.set_inheritable(True)
        self.thread = threading.Thread(target=self.send if load == "console-in" else self.take)
        self.thread.start()

    def send(self):
        data = bytes(PIECE)
        with contextlib.suppress(OSError):
            while True:
                self.ours.sendall(data)

    def take(self):
        with contextlib.suppress(OSError):
            while self.ours.recv(PIECE):
                pass

    def close(self):
        self.ours.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.ours.close()
        self.theirs.close()


def times(pid):
    """us that it has run so far: (user, of all threads without what the guest has run;
    all, of the threads that are no vCPUs'). The first is sampled by the kernel's ticks."""
    user = work = 0
    for tid in os.listdir("/proc/%d/task" % pid):
        task = "/proc/%d/task/%s/" % (pid, tid)
        with open(task + "stat", encoding="ascii") as f:
            name, rest = f.read().rsplit(")", 1)
        words = rest.split()
        user += int(words[11]) - int(words[40])
        if "/KVM" not in name:
            with open(task + "schedstat", encoding="ascii") as f:
                work += int(f.read().split()[0])
    return user / TICK * 1e6, work / 1e3


class Counters:
    """perf stat on all threads of a process."""

    def __init__(self, pid):
        self.process = subprocess.Popen(
            ["perf", "stat", "-x", ",", "-e", ",".join(EVENTS), "-p", str(pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while self.process.poll() is None and not self.open():
            time.sleep(0.05)

    def open(self):
        """Whether its events count."""
        fds = "/proc/%d/fd" % self.process.pid
        with contextlib.suppress(OSError):
            return sum(os.readlink(os.path.join(fds, fd)) == "anon_inode:[perf_event]"
                       for fd in os.listdir(fds)) >= len(EVENTS)
        return False

    def end(self):
        self.process.send_signal(signal.SIGINT)
        text = self.process.communicate()[1]
        return {EVENTS[m[2]]: int(m[1])
                for m in re.finditer(r"^(\d+),[^,]*,([\w:]+),", text, re.M) if m[2] in EVENTS}


def run(emulator, guest, load, bus, image, fd, workdir):
    """{figure: value per request} of one guest."""
    kind, count, words = LOADS[load]
    argv = [emulator] + board(load, bus, image, fd) + [
        "-cpu", cpu_of(emulator), "-m", "%dM" % RAM_MIB, "-smp", "1", "-kernel", guest,
        "-append", "kind=%d count=%d go=1 %s" % (kind, count, words),
        "-name", "data,debug-threads=on"]  # vCPU threads are known by their names
    if "qemu" in os.path.basename(emulator):
        argv += MMIO_MODERN
    vm = Vm(argv, workdir, talk=True)
    try:
        vm.first_line()
        counters = Counters(vm.pid) if shutil.which("perf") else None
        before, begin = times(vm.pid), time.monotonic()
        vm.say(b"!")
        vm.first_line()
        after, end = times(vm.pid), time.monotonic()
        counted = counters.end() if counters else {}
    finally:
        vm.stop()
    out = {"rate": count / (end - begin) / 1e3}
    out.update({name: (b - a) / count for name, a, b in zip(("user", "cpu"), before, after)})
    out.update({name: n / count for name, n in counted.items() if n})
    return {"%s-%s-%s" % (load, bus, name): value for name, value in out.items()}


class Data:
    """What the peers share, one after the other."""

    def __init__(self, workdir):
        self.workdir = workdir
        self.known = {}
        self.image = os.path.join(workdir, "data.img")
        with open(self.image, "wb") as f:
            for _ in range(IMAGE >> 20):
                f.write(os.urandom(1 << 20))  # in the page cache, without holes
        self.tap = tap.make(tap.answer)

    def measure(self, emulator, guest):
        out = {}
        for load in LOADS:
            for bus in self.buses(emulator):
                if load.startswith("console"):
                    with contextlib.closing(Console(load)) as console:
                        out.update(run(emulator, guest, load, bus, None,
                                       console.theirs.fileno(), self.workdir))
                elif load == "disk" or self.tap is not None:
                    out.update(run(emulator, guest, load, bus, self.image, self.tap,
                                   self.workdir))
        return out

    def buses(self, emulator):
        """An old vireo has no PCI."""
        if emulator not in self.known:
            machines = subprocess.run([emulator, "-machine", "help"], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout
            self.known[emulator] = BUSES if re.search(r"^q35 ", machines, re.M) else BUSES[1:]
        return self.known[emulator]

    def close(self):
        if self.tap is not None:
            os.close(self.tap)
