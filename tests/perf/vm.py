# SPDX-License-Identifier: GPL-2.0-or-later
"""One emulator process under measurement: vireo or QEMU, started alike."""
import os
import select
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../device"))
from qmp import TIMEOUT, Qmp  # noqa: E402,F401


def cpu_of(emulator):
    """QEMU 7.2 stops on an assertion where a KVM cannot set this MSR."""
    return "host,arch-capabilities=off" if "qemu" in os.path.basename(emulator) else "host"


class Vm:
    """Starts an emulator and keeps the times of what it does.

    The monitor is a listening socket that the emulator inherits and to which we
    have connected already, as libvirt does: nothing is polled for. monitor=False: for
    other VMMs, of which nothing is known but that the guest's serial port is stdout.
    talk=True: what say() is given comes to that serial port.
    """

    def __init__(self, argv, workdir, monitor=True, talk=False):
        path = os.path.join(workdir, "monitor-%d-%d" % (os.getpid(), id(self)))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(1)
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(path)
        os.unlink(path)
        fd = listener.fileno()
        if monitor:
            argv = argv + ["-chardev", "socket,id=qmp,fd=%d,server=on,wait=off" % fd,
                           "-mon", "chardev=qmp,mode=control"]
        self.stderr = open(os.path.join(workdir, "stderr"), "wb+")
        self.out, writer = os.pipe()
        os.set_inheritable(fd, True)
        # Less on its way to exec than subprocess, which would count as the VM's time.
        reader, self.talk = os.pipe() if talk else (os.open("/dev/null", os.O_RDONLY), None)
        actions = [(os.POSIX_SPAWN_DUP2, reader, 0),
                   (os.POSIX_SPAWN_DUP2, writer, 1),
                   (os.POSIX_SPAWN_DUP2, self.stderr.fileno(), 2)]
        self.started = time.monotonic()
        self.pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
        os.close(writer)
        os.close(reader)
        listener.close()
        self.qmp = Qmp(client)
        if monitor:
            self.greet()

    def greet(self):
        try:
            self.qmp.read()
        except (EOFError, ConnectionError) as e:
            os.waitpid(self.pid, 0)
            self.stderr.seek(0)
            raise RuntimeError("pid %d ended: %s" % (self.pid, self.stderr.read().decode())) from e
        self.greeted = time.monotonic()

    def negotiate(self):
        self.qmp("qmp_capabilities")

    def say(self, data):
        os.write(self.talk, data)

    def first_line(self):
        """Waits for the guest's first line on its serial port (our stdout)."""
        text = b""
        while b"\n" not in text:
            ready, _, _ = select.select([self.out], [], [], TIMEOUT)
            data = os.read(self.out, 4096) if ready else b""
            if not data:
                self.stderr.seek(0)
                raise RuntimeError("no line from the guest: " + self.stderr.read().decode())
            if not text:
                self.first_byte = time.monotonic()
            text += data
        self.spoke = time.monotonic()
        return text

    def cost(self):
        """What it has taken so far: (CPU time of all threads in ms, minor page faults)."""
        cpu = 0
        for thread in os.listdir("/proc/%d/task" % self.pid):
            with open("/proc/%d/task/%s/schedstat" % (self.pid, thread), encoding="ascii") as f:
                cpu += int(f.read().split()[0])
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as f:
            return cpu / 1e6, int(f.read().rsplit(")", 1)[1].split()[7])

    def private_kib(self, ram_bytes):
        """Private memory of the process apart from the guest's RAM: mappings of that
        size, and those that fork() leaves out (vireo and QEMU map RAM so)."""
        total = 0
        with open("/proc/%d/smaps" % self.pid, encoding="ascii") as f:
            for line in f:
                words = line.split()
                if not words[0].endswith(":"):
                    low, high = (int(x, 16) for x in words[0].split("-"))
                    private, ram = 0, high - low >= ram_bytes
                elif words[0] in ("Private_Clean:", "Private_Dirty:"):
                    private += int(words[1])
                elif words[0] == "VmFlags:" and not ram and "dc" not in words:
                    total += private
        return total

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.out)
        if self.talk is not None:
            os.close(self.talk)
        self.stderr.close()
        self.qmp.sock.close()
