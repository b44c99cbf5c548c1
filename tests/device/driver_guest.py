# SPDX-License-Identifier: GPL-2.0-or-later
"""The real emulator without KVM under the daemon, and its guest's side played over qtest:
what a kernel would do with PCI and hot-plug on a q35."""
import json
import os
import socket
import xml.etree.ElementTree as ElementTree

from driver_daemon import BUILD, LIMIT, STAND_IN, wait_for

VIREO = os.path.abspath(os.path.join(BUILD, "vireo"))
KERNEL = os.path.abspath(os.path.join(BUILD, "tests/tiny/hello.elf"))
EMULATOR = os.path.join(STAND_IN, "qtest-vireo")
SCRIPT = """#!/bin/sh
# The emulator; where the guest's command line says qtest=SOCKET, without KVM.
for word; do
    shift
    case $last:$word in
        -accel:kvm*) word=qtest ;;
        -append:qtest=*) qtest=${word#qtest=} ;;
    esac
    last=$word
    set -- "$@" "$word"
done
exec %s "$@" ${qtest:+-qtest "unix:$qtest"}
""" % VIREO
VIRTIO = {0x10411af4: "interface", 0x10421af4: "disk", 0x10441af4: "rng",
          0x10001af4: "interface", 0x10011af4: "disk", 0x10051af4: "rng"}  # transitional
DOWN, EJECT, SELECT = 0xcc4, 0xcc8, 0xcd0  # emulator/pci/acpi-hotplug.h
OST_SLOT, OST_EVENT, OST_STATUS = 0xcb0, 0xcb4, 0xcb8


class Guests:
    """Where the emulators of a domain will connect."""

    def __init__(self, a):
        self.path = os.path.join(a.root, "qtest")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.listener.settimeout(LIMIT)

    def words(self):
        return "qtest=" + self.path

    def next(self):
        return Guest(self.listener.accept()[0])


class Guest:
    """What a guest's kernel would do."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(LIMIT)
        self.lines = sock.makefile("r")

    def call(self, words):
        self.sock.sendall(words.encode() + b"\n")
        while True:
            reply = self.lines.readline().split()
            assert reply, "the emulator is gone"
            if reply[0] != "IRQ":
                assert reply[0] == "OK", (words, reply)
                return int(reply[1], 0) if len(reply) > 1 else 0

    def out16(self, port, value):
        self.call("outw 0x%x 0x%x" % (port, value))

    def out(self, port, value):
        self.call("outl 0x%x 0x%x" % (port, value))

    def config(self, bus, slot, function, offset):
        self.out(0xcf8, 1 << 31 | bus << 16 | slot << 11 | function << 8 | offset)
        return self.call("inl 0xcfc")

    def devices(self):
        """{(bus, slot, function): kind} of all virtio functions that it can see."""
        seen = {}
        for bus in range(8):
            for slot in range(32 if bus == 0 else 1):
                for function in range(8):
                    kind = VIRTIO.get(self.config(bus, slot, function, 0))
                    if kind:
                        seen[bus, slot, function] = kind
        return seen

    def asked(self):
        """The ports, in the order of their numbers, whose device it is to let go of."""
        found = []
        for port in range(8):
            self.out(SELECT, port)
            if self.call("inl 0x%x" % DOWN):
                found.append(port + 1)
        return found

    def eject(self, port):
        self.out(SELECT, port - 1)
        self.out(EJECT, 1)

    def refuse(self, port):
        self.out(SELECT, port - 1)
        for register, value in (OST_SLOT, 0), (OST_EVENT, 3), (OST_STATUS, 1):
            self.out(register, value)

    def wait_asked(self, *ports):
        wait_for("the guest is asked for %s" % (ports,), lambda: self.asked() == list(ports))


def devices_of(status):
    tree = ElementTree.fromstring(status["domain"])
    return {ElementTree.tostring(e, encoding="unicode").strip() for e in tree.find("devices")}


def lose(a, path):
    """Plugs the device, and leaves what a daemon leaves that dies before it can write that
    it has. Then there is a new daemon."""
    before = a.status()
    a.virsh("attach-device", "vm", path)
    after = a.status()
    a.kill()
    new, = devices_of(after) - devices_of(before)
    with open("%s/vm.status" % a.run_dir, "w") as f:
        json.dump(dict(before, plugging=new, **{"next-node": after["next-node"]}), f)
    a.start()


def make_emulator():
    """EMULATOR is the script above. Why there is nothing to run, or None."""
    if not os.access(KERNEL, os.R_OK):
        return "no " + KERNEL
    os.makedirs(STAND_IN, exist_ok=True)
    with open("%s.%d" % (EMULATOR, os.getpid()), "w") as script:
        script.write(SCRIPT)
    os.chmod(script.name, 0o755)
    os.rename(script.name, EMULATOR)
    return None
