#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Balloons, inputs, watchdogs, keys: stock virsh, the daemon and the real emulator, with a
guest's side that is played over qtest. Skipped (77) where there is no virsh.

    driver-devices-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

from driver_daemon import main, wait_for
from driver_guest import EMULATOR, KERNEL, Guests, make_emulator

BALLOON = "<memballoon model='virtio'>%s</memballoon>"
MIB = 1 << 20
SLOTS, SLOT_SIZE, FIRST_SLOT = 24, 512, 0xfeb00000  # of the microvm's virtio-mmio
DEVICE_ID, BALLOON_ID = 0x08, 5
FEATURES_SEL, FEATURES, STATUS, CONFIG = 0x24, 0x20, 0x70, 0x100


class BalloonDriver:
    """What a guest's driver sees, and says, of its size; in pages of 4 KiB."""

    def __init__(self, guest):
        self.guest = guest
        self.base = next(b for b in range(FIRST_SLOT, FIRST_SLOT + SLOTS * SLOT_SIZE, SLOT_SIZE)
                         if guest.call("readl 0x%x" % (b + DEVICE_ID)) == BALLOON_ID)
        for status in 0, 1, 3:
            self.write(STATUS, status)
        self.write(FEATURES_SEL, 1)
        self.write(FEATURES, 1)  # version 1
        self.write(STATUS, 11)

    def write(self, register, value):
        self.guest.call("writel 0x%x 0x%x" % (self.base + register, value))

    def wanted(self):
        return self.guest.call("readl 0x%x" % (self.base + CONFIG))

    def give(self, pages):
        self.write(CONFIG + 4, pages)


def start(a, devices, machine="microvm"):
    guests = Guests(a)
    a.define(words=guests.words(), devices=devices, machine=machine)
    a.virsh("start", "vm")
    return guests.next()


def tree(a, *options):
    return ElementTree.fromstring(a.virsh("dumpxml", "vm", *options))


def current(a, *options):
    return int(tree(a, *options).find("currentMemory").text)


def device(a, text):
    path = os.path.join(a.root, "device.xml")
    with open(path, "w") as f:
        f.write(text)
    return path


def test_setmem(a, b):
    """The guest is asked, and what it has is followed: by XML, by events, and by a daemon
    that was not there."""
    guest = start(a, BALLOON % "")
    balloon = BalloonDriver(guest)
    events = a.events()
    assert balloon.wanted() == 0
    a.virsh("setmem", "vm", "32M", "--live")
    assert balloon.wanted() == 32 * MIB // 4096, balloon.wanted()
    assert current(a) == 65536
    balloon.give(32 * MIB // 4096)
    wait_for("the size", lambda: current(a) == 32768)
    events.expect("balloon-change: 32768KiB", kind="balloon-change")
    events.stop()
    assert re.search(r"Max memory: *65536 KiB\nUsed memory: *32768 KiB",
                     a.virsh("dominfo", "vm")), a.virsh("dominfo", "vm")
    assert current(a, "--inactive") == 65536
    a.fails("cannot set memory higher than max memory", "setmem", "vm", "65M", "--live")
    a.fails("cannot resize the maximum memory on an active domain", "setmaxmem", "vm", "32M",
            "--live")
    wait_for("the status", lambda: "32768</currentMemory>" in a.status()["domain"])
    a.kill()
    balloon.give(16 * MIB // 4096)
    a.start()
    wait_for("the new size", lambda: current(a) == 49152)


def test_config(a, b):
    """Of the definition: what it starts with, and the most that it may have."""
    guests = Guests(a)
    a.define(words=guests.words(), devices=BALLOON % "")
    a.virsh("setmaxmem", "vm", "128M", "--config")
    a.virsh("setmem", "vm", "48M", "--config")
    assert tree(a).find("memory").text == "131072"
    assert current(a) == 49152
    a.fails("cannot set memory higher than max memory", "setmem", "vm", "129M", "--config")
    a.virsh("start", "vm")
    balloon = BalloonDriver(guests.next())
    assert balloon.wanted() == 80 * MIB // 4096, balloon.wanted()
    a.virsh("destroy", "vm")
    a.virsh("setmaxmem", "vm", "32M", "--config")
    assert tree(a).find("memory").text == "32768" and current(a) == 32768


def test_stats(a, b):
    """A guest that tells nothing; the period is the emulator's, and kept."""
    start(a, BALLOON % "<stats period='3'/>")
    lines = a.virsh("dommemstat", "vm").split("\n")
    assert lines[0] == "actual 65536", lines
    assert any(re.match(r"rss [1-9]", l) for l in lines), lines
    assert not any(l.startswith("unused") for l in lines), lines
    stats = a.virsh("domstats", "--balloon", "vm")
    assert "balloon.current=65536" in stats and "balloon.rss=" in stats, stats
    assert "balloon.last-update=0" in stats, stats
    a.virsh("dommemstat", "vm", "--period", "7", "--live")
    assert tree(a).find("devices/memballoon/stats").get("period") == "7"
    assert tree(a, "--inactive").find("devices/memballoon/stats").get("period") == "3"
    a.virsh("dommemstat", "vm", "--period", "0", "--config", "--live")
    assert tree(a).find("devices/memballoon/stats") is None
    assert tree(a, "--inactive").find("devices/memballoon/stats") is None


def test_no_balloon(a, b):
    start(a, "<memballoon model='none'/>")
    a.fails("without the balloon device", "setmem", "vm", "32M", "--live")
    a.fails("Memory balloon model must be virtio", "dommemstat", "vm", "--period", "1",
            "--live")
    assert a.virsh("dommemstat", "vm").startswith("rss ")
    a.fails("live attach of device 'memballoon' is not supported", "attach-device", "vm",
            device(a, BALLOON % ""), "--live")
    a.virsh("destroy", "vm")
    a.fails("is not running", "dommemstat", "vm")
    a.fails("there is no balloon", "setmem", "vm", "32M", "--config")


def test_usual(a, b):
    """What nobody has asked for, and that it starts; once defined it stays as it is."""
    guests = Guests(a)
    path = a.define(words=guests.words(), machine="q35", command="path")
    with open(path) as f:
        text = f.read()
    for none in "<memballoon model='none'/>", "<controller type='usb' model='none'/>":
        assert none in text
        text = text.replace(none, "")
    with open(path, "w") as f:
        f.write(text)
    a.virsh("define", path)
    a.virsh("start", "vm")
    guests.next()
    devices = tree(a).find("devices")
    assert devices.find("memballoon/alias").get("name") == "balloon0"
    usb = devices.find("controller[@type='usb']")
    assert usb.get("model") == "qemu-xhci" and usb.find("alias").get("name") == "usb"
    assert [(i.get("type"), i.get("bus")) for i in devices.findall("input")] == [
        ("mouse", "ps2"), ("keyboard", "ps2")]
    a.kill()
    a.start()
    assert len(tree(a).findall("devices/input")) == 2  # none is taken for unplugged
    before = a.virsh("dumpxml", "vm", "--inactive")
    a.virsh("define", device(a, before))
    assert a.virsh("dumpxml", "vm", "--inactive") == before


def test_inputs(a, b):
    """Plugged and unplugged: of virtio with the guest's consent, on USB without."""
    start(a, "<controller type='usb' model='qemu-xhci'/>", "q35")
    tablet = device(a, "<input type='tablet' bus='usb'/>")
    a.virsh("attach-device", "vm", tablet, "--live", "--config")
    for options in (), ("--inactive",):
        found = tree(a, *options).find("devices/input[@type='tablet']")
        assert found.find("address").get("port") == "1", options
    a.fails("more than one|not found|cannot be", "detach-device", "vm",
            device(a, "<input type='mouse' bus='ps2'/>"), "--live")
    a.virsh("detach-device", "vm", device(a, "<input type='tablet' bus='usb'/>"), "--live",
            "--config")
    wait_for("it goes", lambda: tree(a).find("devices/input[@type='tablet']") is None)
    assert tree(a, "--inactive").find("devices/input[@type='tablet']") is None
    a.virsh("attach-device", "vm", device(a, "<input type='keyboard' bus='virtio'/>"),
            "--live")
    assert tree(a).find("devices/input[@bus='virtio']/alias").get("name") == "input2"
    a.fails("bus 'ps2' cannot be hot plugged", "attach-device", "vm",
            device(a, "<input type='keyboard' bus='ps2'/>"), "--live")


def test_watchdog(a, b):
    """The 6300ESB behind its bridge, whose action is set before it is there."""
    start(a, "<watchdog model='i6300esb' action='none'/>", "q35")
    address = tree(a).find("devices/watchdog/address")
    bridge = tree(a).find("devices/controller[@index='%d']" % int(address.get("bus"), 16))
    assert bridge.get("model") == "pcie-to-pci-bridge"
    assert address.get("slot") == "0x01"
    a.fails("different actions", "attach-device", "vm",
            device(a, "<watchdog model='itco' action='reset'/>"), "--config")


def test_keys(a, b):
    start(a, "", "q35")
    a.virsh("send-key", "vm", "KEY_LEFTCTRL", "KEY_C")
    a.virsh("send-key", "vm", "--codeset", "usb", "--holdtime", "1", "0x04")
    a.fails("cannot translate keycode 700 of linux codeset", "send-key", "vm", "700")
    a.fails("codeset 'win32' is not supported", "send-key", "vm", "--codeset", "win32", "65")
    a.fails("no CPU that could take an NMI", "inject-nmi", "vm")  # there is no KVM
    a.fails("not supported", "send-process-signal", "vm", "1", "9")
    a.virsh("destroy", "vm")
    a.fails("is not running", "send-key", "vm", "KEY_C")
    a.fails("is not running", "inject-nmi", "vm")


def test_vsock(a, b):
    """Where the kernel has it, the daemon opens it; else the start says what it wants."""
    guests = Guests(a)
    a.define(words=guests.words(), devices="<vsock/>")
    if not os.access("/dev/vhost-vsock", os.R_OK | os.W_OK):
        a.fails("unable to open vhost-vsock device", "start", "vm")
        return
    a.virsh("start", "vm")
    guests.next()
    cid = tree(a).find("devices/vsock/cid")
    assert cid.get("auto") == "yes" and int(cid.get("address")) >= 3
    assert tree(a, "--inactive").find("devices/vsock/cid").get("address") is None
    a.define("other", devices="<vsock><cid auto='no' address='%s'/></vsock>" %
             cid.get("address"), number=2)
    a.fails("failed to set guest cid", "start", "other")


def test_rng(a, b):
    """With a rate, and of the emulator's own: started, unplugged and plugged."""
    rng = "<rng model='virtio'><rate bytes='1024' period='100'/><backend model='builtin'/></rng>"
    start(a, rng)
    for wanted in 0, 1:
        a.virsh("attach-device" if wanted else "detach-device", "vm", device(a, rng), "--live",
                "--config")
        wait_for("the change", lambda: len(tree(a).findall("devices/rng")) == wanted)
        assert len(tree(a, "--inactive").findall("devices/rng")) == wanted
    assert tree(a).find("devices/rng/rate").attrib == {"bytes": "1024", "period": "100"}
    a.fails("live update of device 'rng' is not supported", "update-device", "vm",
            device(a, rng), "--live")


def test_features(a, b):
    """Of the machine, which the emulator starts with."""
    guests = Guests(a)
    path = a.define(words=guests.words(), command="", machine="q35")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("<features><acpi/>", "<genid/><features><acpi/><vmcoreinfo/>")
                .replace("</features>", "</features><clock offset='localtime'/>"))
    a.virsh("define", path)
    a.virsh("start", "vm")
    guests.next()
    genid = tree(a).find("genid").text
    assert genid == tree(a, "--inactive").find("genid").text and len(genid) == 36
    told = a.virsh("qemu-monitor-command", "vm", '{"execute":"query-vm-generation-id"}')
    assert genid in told, (genid, told)
    assert tree(a).find("features/vmcoreinfo").get("state") == "on"


if __name__ == "__main__":
    why = make_emulator()
    if why:
        print("skipped: " + why)
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR, KERNEL))
