#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces of VMs, in network namespaces of their own. Skipped (77) where there is no
virsh, no /dev/net/tun, or no right to make a namespace.

    driver-network-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import subprocess
import sys

import driver_guest
from driver_daemon import BUILD, EMULATOR, LIMIT, main, open_paths, wait_for

VIREO = os.path.abspath(os.path.join(BUILD, "vireo"))
HELLO = os.path.abspath(os.path.join(BUILD, "tests/tiny/hello.elf"))

BRIDGED = """<interface type='bridge'><source bridge='br0'/><model type='virtio'/>
<mac address='%s'/><target dev='%s'/></interface>"""


def in_network(a, *command):
    return subprocess.run(["nsenter", "-n", "-t", str(a.process.pid)] + list(command),
                          check=True, capture_output=True, text=True).stdout


def test_bridge(a, b):
    """A VM that comes or goes changes neither address nor MTU of the bridge."""
    a.stop()
    a.start(wrapper=["unshare", "-n", "sh", "-c", "ip link add br0 type bridge && "
                     "ip tuntap add eth9 mode tap && ip link set eth9 mtu 1400 up && "
                     "ip link set eth9 address f0:00:00:00:00:01 && "
                     "ip link set eth9 master br0 && ip link set br0 up && exec \"$@\"",
                     "-"])

    def bridge():
        text = in_network(a, "ip", "-o", "link", "show", "br0")
        return re.search(r"mtu (\d+)", text).group(1), re.search(
            r"link/ether (\S+)", text).group(1)

    before = bridge()
    assert before == ("1400", "f0:00:00:00:00:01"), before
    a.define(devices=BRIDGED % ("52:54:00:01:02:03", "tap1"))
    a.virsh("start", "vm")
    with open(os.path.join(a.root, "nic.xml"), "w") as f:
        f.write(BRIDGED % ("fe:54:00:01:02:04", "tap2"))
    a.virsh("attach-device", "vm", f.name)
    for tap, mac in ("tap1", "fe:54:00:01:02:03"), ("tap2", "fa:54:00:01:02:04"):
        text = in_network(a, "ip", "-o", "link", "show", tap)
        assert mac in text and "mtu 1400" in text and "master br0" in text, text
    assert bridge() == before
    a.virsh("destroy", "vm")
    wait_for("the end of the taps",
             lambda: "tap" not in in_network(a, "ip", "-o", "link", "show"))
    assert bridge() == before


def make_bridges(a):
    """br0 and br1 with MTUs of their own; the daemon lives beside them."""
    a.stop()
    a.start(wrapper=["unshare", "-n", "sh", "-c", "for i in 0 1; do "
                     "ip link add br$i type bridge && ip link set br$i mtu 14${i}0 up; "
                     "done && exec \"$@\"", "-"])


def device(a, text):
    path = os.path.join(a.root, "device.xml")
    with open(path, "w") as f:
        f.write(text)
    return path


def test_change_bridge(a, b):
    """update-device, in the definition and while the VM runs."""
    nic = BRIDGED % ("52:54:00:01:02:03", "tap1")

    def on(bridge, option=()):
        text = a.virsh("dumpxml", "vm", *option)
        return "<source bridge='%s'/>" % bridge in text

    def tap_on(bridge, mtu):
        text = in_network(a, "ip", "-o", "link", "show", "tap1")
        return "master %s " % bridge in text and "mtu %s " % mtu in text

    make_bridges(a)
    a.define(devices=nic)
    a.virsh("start", "vm")
    assert tap_on("br0", 1400) and on("br0")
    path = device(a, nic.replace("br0", "br1"))
    a.virsh("update-device", "vm", path, "--live")
    assert tap_on("br1", 1410) and on("br1") and on("br0", ["--inactive"])
    status = open("%s/vm.status" % a.run_dir).read()
    assert "bridge='br1'" in status, status
    a.kill()  # the next daemon knows
    a.start(wrapper=["nsenter", "-n", "-t", str(a.pid()), "--"])
    assert on("br1")
    a.virsh("update-device", "vm", path, "--config")
    assert on("br1", ["--inactive"])
    # Both or neither: here there is no such bridge.
    path = device(a, nic.replace("br0", "br7"))
    a.fails("bridge 'br7': No such device", "update-device", "vm", path, "--live",
            "--config")
    assert tap_on("br1", 1410) and on("br1") and on("br1", ["--inactive"])
    # What cannot be put on it goes back: a tap is no bridge.
    in_network(a, "ip", "tuntap", "add", "br8", "mode", "tap")
    path = device(a, nic.replace("br0", "br8"))
    a.fails("cannot use the bridge 'br8': Operation not supported", "update-device", "vm", path)
    assert tap_on("br1", 1410) and on("br1")
    # Someone else has taken it away.
    in_network(a, "ip", "link", "set", "tap1", "nomaster")
    path = device(a, nic)
    a.virsh("update-device", "vm", path, "--live", "--config")
    assert tap_on("br0", 1400) and on("br0") and on("br0", ["--inactive"])
    # The definition cannot be stored: the tap goes back.
    folder = os.path.join(a.root, "etc/libvirt/vireo")
    path = device(a, nic.replace("br0", "br1"))
    os.unlink(os.path.join(folder, "vm.xml"))
    os.mkdir(os.path.join(folder, "vm.xml"))
    a.fails("cannot replace", "update-device", "vm", path, "--live", "--config")
    assert tap_on("br0", 1400) and on("br0") and on("br0", ["--inactive"])
    a.virsh("destroy", "vm")


def test_interface(a, b):
    """The taps of the real emulator come and go with their cards."""
    nic = "<interface type='ethernet'><mac address='52:54:00:00:00:%02d'/></interface>"
    a.stop()
    a.start(wrapper=["unshare", "-n", "--"])

    def there():
        return re.findall(r"vnet\d+", in_network(a, "ip", "-o", "link", "show"))

    a.kernel = HELLO
    emulator = "" if not os.access("/dev/kvm", os.W_OK) else \
        "<emulator>%s</emulator>" % VIREO
    a.define(devices=emulator + nic % 1)
    a.virsh("start", "vm")
    path = os.path.join(a.root, "nic.xml")
    with open(path, "w") as f:
        f.write(nic % 2)
    a.virsh("attach-device", "vm", path)
    taps = re.findall(r"vnet\d+", a.virsh("domiflist", "vm"))
    assert len(taps) == 2 and there() == taps, (taps, there())
    a.virsh("detach-interface", "vm", "ethernet", "--mac", "52:54:00:00:00:02")
    assert re.findall(r"vnet\d+", a.virsh("domiflist", "vm")) == taps[:1]
    wait_for("the end of the tap", lambda: there() == taps[:1])
    a.virsh("destroy", "vm")
    assert "vnet" not in a.virsh("dumpxml", "vm")  # the name was of that run
    wait_for("the end of the taps", lambda: there() == [])


def tap_fds(a):
    return open_paths(a.pid()).count("/dev/net/tun")


def test_card_on_q35(a, b):
    """Cards are plugged into ports, and told apart by MAC address or place; a tap goes when
    the guest has let go of its card, whoever waits for that."""
    nic = "<interface type='ethernet'><mac address='52:54:00:00:00:%02d'/>%s</interface>"
    at = "<address type='pci' domain='0' bus='3' slot='0' function='0'/>"
    assert driver_guest.make_emulator() is None
    a.stop()
    a.emulator, a.kernel = driver_guest.EMULATOR, driver_guest.KERNEL
    a.start(wrapper=["unshare", "-n", "--"])
    guests = driver_guest.Guests(a)
    a.define(machine="q35", words=guests.words(), devices=nic % (1, "") + 3 *
             "<controller type='pci' model='pcie-root-port'/>")
    a.virsh("start", "vm")
    guest = guests.next()

    def taps():
        return re.findall(r"vnet\d+", in_network(a, "ip", "-o", "link", "show"))

    path = device(a, nic % (2, ""))
    for _ in range(2):
        a.virsh("attach-device", "vm", path, "--live")
    assert guest.devices() == {(n, 0, 0): "interface" for n in (1, 2, 3)}
    assert len(taps()) == 3
    a.fails("No more available PCI slots", "attach-device", "vm", device(a, nic % (3, "")))
    assert len(taps()) == 3
    a.fails("more than one device matches interface with MAC address 52:54:00:00:00:02",
            "detach-device", "vm", device(a, nic % (2, "")))
    for arguments, port, left in (
            (("detach-device", "vm", device(a, nic % (2, at))), 3, [1, 2]),
            (("detach-interface", "vm", "ethernet", "--mac", "52:54:00:00:00:01"), 1, [2])):
        detach = subprocess.Popen(a.command(*arguments), stdin=subprocess.DEVNULL)
        guest.wait_asked(port)
        guest.eject(port)
        assert detach.wait(LIMIT) == 0
        assert guest.devices() == {(n, 0, 0): "interface" for n in left}
        wait_for("the end of a tap", lambda: len(taps()) == len(left))
    assert "52:54:00:00:00:01" in a.virsh("dumpxml", "vm", "--inactive")
    driver_guest.lose(a, device(a, nic % (3, "")))
    guest.wait_asked(1)
    wait_for("the card", lambda: "52:54:00:00:00:03" in a.virsh("dumpxml", "vm"))
    tap = tap_fds(a)
    a.virsh("attach-device", "vm", device(a, nic % (4, "")))
    assert guest.devices() == {(n, 0, 0): "interface" for n in (1, 2, 3)}
    guest.eject(1)
    wait_for("its end", lambda: "52:54:00:00:00:03" not in a.virsh("dumpxml", "vm"))
    wait_for("its tap's end", lambda: tap_fds(a) == tap)
    a.virsh("attach-device", "vm", device(a, nic % (3, "")))
    assert guest.devices() == {(n, 0, 0): "interface" for n in (1, 2, 3)}
    assert "what a plug has left" not in open(a.log).read()


if __name__ == "__main__":
    if not os.access("/dev/net/tun", os.W_OK):
        print("skipped: no /dev/net/tun")
        sys.exit(77)
    if subprocess.run(["unshare", "-n", "ip", "link", "add", "br0", "type", "bridge"],
                      check=False).returncode != 0:
        print("skipped: no network namespaces, or no bridges in them")
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR))
