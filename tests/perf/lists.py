# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of 1,000 defined domains while 20 VMs start, and `virsh start` among them:
virtvireod of this build, and of another one (--before)."""
import contextlib
import os
import struct
import sys
import threading
import time

from libvirt_start import XML, daemon, virsh

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../device"))
import driver_rpc  # noqa: E402

DEFINED, STARTING = 1000, 20
CREATE, DEFINE, DESTROY, LIST_ALL = 9, 11, 12, 273
AT_ONCE = 16  # calls of the connection that starts them
UUID = "11111111-2222-3333-4444-%012d"  # as driver_rpc.domain() has it


class Peer:
    """A daemon with its definitions; the first STARTING are those that start."""

    def __init__(self, uri, socket):
        self.uri = uri
        self.socket = socket
        self.rpc = driver_rpc.Rpc(self)

    def call_all(self, rpc, procedure, payloads):
        waiting = []
        for payload in payloads:
            waiting.append(rpc.send(procedure, payload))
            if len(waiting) == AT_ONCE:
                self.finish(rpc, waiting.pop(0))
        for serial in waiting:
            self.finish(rpc, serial)

    @staticmethod
    def finish(rpc, serial):
        status, payload = rpc.wait(serial)
        if status != driver_rpc.OK:
            raise RuntimeError("a call failed: %r" % payload)
        del rpc.replies[serial]
        return payload

    def define(self, guest, emulator):
        texts = [XML.replace("<name>perf</name>", "<name>%s</name>" % name(n)) %
                 (UUID % n, guest, "", emulator) for n in range(DEFINED)]
        self.call_all(self.rpc, DEFINE, map(driver_rpc.string, texts))

    def each(self, procedure):
        """On a connection of its own."""
        self.call_all(driver_rpc.Rpc(self), procedure,
                      [driver_rpc.domain(n, name(n)) for n in range(STARTING)])

    def list(self):
        """Milliseconds that one call takes."""
        begin = time.monotonic()
        payload = self.finish(self.rpc, self.rpc.send(LIST_ALL, struct.pack(">iI", 1, 0)))
        elapsed = 1e3 * (time.monotonic() - begin)
        if struct.unpack(">I", payload[:4])[0] != DEFINED:
            raise RuntimeError("the list is not complete")
        return elapsed

    def list_by_virsh(self):
        begin = time.monotonic()
        lines = virsh(self.uri, "list", "--all", "--name").split()
        if len(lines) != DEFINED:
            raise RuntimeError("the list is not complete")
        return 1e3 * (time.monotonic() - begin)


def name(number):
    return "vm%d" % number


@contextlib.contextmanager
def peers(builds, guest, workdir):
    """Yields (name, Peer) of each (name, build)."""
    with contextlib.ExitStack() as stack:
        out = []
        for which, build in builds:
            root = os.path.join(workdir, "lists-" + which)
            socket = root + "/run/libvirt/virtvireod-sock"
            emulator = os.path.join(build, "vireo")
            stack.enter_context(daemon(
                [os.path.join(build, "virtvireod"), "--prefix-dir", root, "--emulator",
                 emulator], socket, workdir + "/lists-%s.log" % which))
            peer = Peer("vireo+unix:///system?socket=" + socket, socket)
            peer.define(guest, emulator)
            out.append((which, peer))
        yield out


def while_they_start(peer, measure):
    """Samples of measure() from the first start to the last one's end, by their size."""
    failed = []

    def run():
        try:
            peer.each(CREATE)
        except RuntimeError as e:
            failed.append(e)

    starter = threading.Thread(target=run)
    samples = []
    starter.start()
    while starter.is_alive():
        samples.append(measure())
    starter.join()
    peer.each(DESTROY)
    if failed:
        raise failed[0]
    return sorted(samples)


def measure_start(peer):
    begin = time.monotonic()
    virsh(peer.uri, "start", name(0))
    elapsed = 1e3 * (time.monotonic() - begin)
    virsh(peer.uri, "destroy", name(0))
    return elapsed


def measure(peer):
    idle = peer.list()
    call = while_they_start(peer, peer.list)
    whole = while_they_start(peer, peer.list_by_virsh)
    return {"list-idle": idle,
            "list-busy": call[len(call) // 2], "list-busy-p99": call[len(call) * 99 // 100],
            "list-virsh": whole[len(whole) // 2], "list-start": measure_start(peer)}
