# SPDX-License-Identifier: GPL-2.0-or-later
"""The real binary from the outside: what all tests of its start and end do."""
import os
import select
import socket
import struct
import subprocess

from qmp import TIMEOUT, Qmp

VIREO = os.path.join(os.environ.get("builddir", "."), "vireo")
NONE = ["-machine", "none"]


class Vireo:
    """A running process with one monitor on an inherited socket."""

    running = []

    @classmethod
    def kill_all(cls):
        """After a failed test."""
        for vm in list(cls.running):
            vm.proc.kill()
            vm.end()

    def __init__(self, *args):
        ours, theirs = socket.socketpair()
        self.proc = subprocess.Popen(
            [VIREO, "-chardev", "socket,id=mon,fd=%d" % theirs.fileno(),
             "-mon", "mon,mode=control", *args],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs.close()
        self.running.append(self)
        self.qmp = Qmp(ours).start()

    def end(self):
        """Exit status and stderr."""
        self.running.remove(self)
        _, err = self.proc.communicate(timeout=TIMEOUT)
        self.qmp.sock.close()
        return self.proc.returncode, err.decode()


def run(*args):
    p = subprocess.run([VIREO, *args], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=TIMEOUT)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def binary():
    with open(VIREO, "rb") as f:
        return f.read()


def is_static():
    """No ELF segment asks for ld.so (PT_INTERP); nor does a script in its place."""
    elf = binary()
    if not elf.startswith(b"\x7fELF"):
        return True
    at, = struct.unpack_from("<Q", elf, 32)
    size, number = struct.unpack_from("<HH", elf, 54)
    return 3 not in [struct.unpack_from("<I", elf, at + i * size)[0] for i in range(number)]


def wait_gone(number):
    """Until a process has ended that is no child."""
    try:
        fd = os.pidfd_open(number)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(fd)
    if not poll.poll(TIMEOUT * 1000):
        raise TimeoutError
    os.close(fd)
