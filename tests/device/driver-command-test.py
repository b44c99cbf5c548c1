#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden command lines of the driver, fed to the real emulator: it must take them, and
have the devices and block nodes that they ask for. Files and descriptors that they name
are made; the guest does not run (-S, and qtest instead of kvm). An interface needs
/dev/net/tun; without it the emulator is asked about the rest. Lines of a machine that it
does not list, or has no disks for, are left out."""
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

from driver_introspection import ask
from qmp import Qmp

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
GOLDEN = os.path.join(SRC, "tests/golden/command")
VIREO = os.path.abspath(os.path.join(os.environ.get("builddir", "."), "vireo"))
KERNEL = os.path.abspath(os.path.join(os.path.dirname(VIREO), "tests/tiny/hello.elf"))
TUNSETIFF = 0x400454ca
TAP = 0x0002 | 0x1000 | 0x4000  # IFF_TAP | IFF_NO_PI | IFF_VNET_HDR


def open_tap():
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"", TAP))
    except OSError:
        return None
    return fd


class Machine:
    def __init__(self, root):
        self.root = root
        self.keep = []  # open for the child
        self.sets = set()

    def path(self, name, data=b""):
        """A file of the test's own in the place of one that the command line names."""
        place = os.path.join(self.root, name.strip("/").replace("/", "-"))
        if not os.path.exists(place):
            with open(place, "wb") as f:
                f.write(data)
                f.truncate(max(len(data), 1 << 20))
        return place

    def listen(self, name):
        s = socket.socket(socket.AF_UNIX)
        s.bind(os.path.join(self.root, name))
        s.listen(1)
        self.keep.append(s.detach())
        return self.keep[-1]

    def pass_file(self, name, path, flags):
        """Puts a file into the set that the option's /dev/fdset/N names."""
        number = re.fullmatch(r"/dev/fdset/(\d+)", name).group(1)
        assert number not in self.sets, "set %s is used twice" % number
        self.sets.add(number)
        self.keep.append(os.open(path, flags))
        return ["-add-fd", "set=%s,fd=%d" % (number, self.keep[-1])]

    def blockdev(self, node):
        if "filename" in node:
            node["driver"] = "file"  # there is no device to hand
        # tmpfs has no O_DIRECT
        node.get("cache", {})["direct"] = False
        if node.get("aio") == "native":
            node["aio"] = "threads"
        return node

    def netdev(self, netdev):
        fd = open_tap()
        if fd is None:
            return None
        self.keep.append(fd)
        return dict(netdev, fd=str(fd))


def adapt(machine, argv):
    """argv with what the test has in the place of what a host would have."""
    out, lost, paths = [VIREO], set(), {}
    words = iter(argv[1:])
    for option in words:
        if option in ("-S", "-no-user-config", "-nodefaults", "-no-reboot", "-no-shutdown"):
            out.append(option)
            continue
        value = next(words)
        if option == "-add-fd":
            number, _, path = re.fullmatch(r"set=(\d+),fd=(\d+),opaque=(.*)", value).groups()
            paths["/dev/fdset/" + number] = path.replace(",,", ",")
            continue  # until it is used
        if option == "-accel":
            assert paths[value.split("kvm,device=")[1]] == "/dev/kvm", value
            value = "qtest"
        elif option in ("-kernel", "-initrd"):
            path = KERNEL if option == "-kernel" else machine.path(paths[value])
            out += machine.pass_file(value, path, os.O_RDONLY)
        elif option == "-chardev" and "fd=" in value:
            ident = re.search("id=([^,]*)", value).group(1)
            value = re.sub(r"fd=\d+", "fd=%d" % machine.listen(ident), value)
        elif option == "-blockdev":
            node = machine.blockdev(json.loads(value))
            if "filename" in node:
                path = machine.path(paths[node["filename"]])
                out += machine.pass_file(node["filename"], path, os.O_RDONLY if
                                         node["read-only"] else os.O_RDWR)
            value = json.dumps(node)
        elif option == "-netdev":
            netdev = machine.netdev(json.loads(value))
            if not netdev:
                lost.add(json.loads(value)["id"])
                continue
            value = json.dumps(netdev)
        elif option == "-device" and json.loads(value).get("netdev") in lost:
            continue
        elif option == "-device" and json.loads(value).get("romfile"):
            name = json.loads(value)["romfile"]
            out += machine.pass_file(name, machine.path(paths[name]), os.O_RDONLY)
        elif option == "-fw_cfg" and "file=" in value:
            name = value.split("file=")[1]
            out += machine.pass_file(name, machine.path(paths[name]), os.O_RDONLY)
        elif option == "-object":
            node = json.loads(value)
            if "mem-path" in node:
                path = os.path.join(machine.root, "ram")
                out += machine.pass_file(node["mem-path"], path, os.O_RDWR | os.O_CREAT)
            if "filename" in node:
                out += machine.pass_file(node["filename"], paths[node["filename"]],
                                         os.O_RDONLY)
        out += [option, value]
    return out


def check(name):
    with open(os.path.join(GOLDEN, name + ".args.json")) as f:
        argv = json.load(f)
    root = tempfile.mkdtemp(prefix="cmd-")
    machine = Machine(root)
    command = adapt(machine, argv)
    process = subprocess.Popen(command, pass_fds=machine.keep, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, text=True)
    for fd in machine.keep:  # its own from here on: its end is seen
        os.close(fd)
    try:
        try:
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(os.path.join(root, "charmonitor"))
            qmp = Qmp(sock).start()
        except (OSError, EOFError):
            process.kill()
            raise AssertionError("vireo does not take %s: %s" % (
                name, process.communicate()[1]))
        devices = {d["name"] for d in qmp("qom-list", path="/machine/peripheral")}
        nodes = {n["node-name"] for n in qmp("query-named-block-nodes")}
        values = [command[i + 1] for i in range(len(command) - 1)]
        for option, value in zip(command, values):
            if option == "-device":
                device = json.loads(value)
                # libvirt gives none to this one, of which there is one at most
                assert device.get("id") in devices or device == {"driver": "vmcoreinfo"}, (
                    value, devices)
            if option == "-blockdev":
                assert json.loads(value)["node-name"] in nodes, (value, nodes)
        qmp("quit")
        assert process.wait(60) == 0, process.stderr.read()
        print("ok %s: %d devices, %d nodes" % (name, len(devices) - 1, len(nodes)))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(root)


def main():
    names = sorted(n[:-len(".args.json")] for n in os.listdir(GOLDEN)
                   if n.endswith(".args.json"))
    assert names
    real = ask(VIREO)
    machines = {m["name"] for m in real["machines"]}
    for name in names:
        with open(os.path.join(GOLDEN, name + ".args.json")) as f:
            argv = json.load(f)
        wants = set(re.findall(r'"driver":"((?:virtio|ide)-[\w-]+)"', " ".join(argv)))
        wants |= {"fw_cfg_io"} if "-fw_cfg" in argv else set()
        wants |= {"cfi.pflash01"} if "pflash0=" in " ".join(argv) else set()
        lacks = wants - set(real["types"])
        if argv[argv.index("-machine") + 1].split(",")[0] in machines and not lacks:
            check(name)
        else:
            assert name in ("q35", "firmware"), name
    return 0


if __name__ == "__main__":
    sys.exit(main())
