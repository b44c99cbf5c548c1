#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon with an emulator that has a q35: its default machine, places on PCI, plugging
and unplugging. With a stand-in for the emulator. Skipped (77) where there is no virsh.

    driver-q35-test.py [NAME...]    runs all tests, or those named
"""
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from driver_daemon import (DISK, EMULATOR, SRC, STAND_IN, image, main, migrate, open_paths,
                           process_state, wait_for, wrapper)
from driver_pci import NAME

# Of virt-install's defaults, what is refused, and by which words.
REFUSED = {
    "channel": "attribute type='spicevmc' of element <devices/channel>",
    "graphics": "element <devices/graphics type='spice'",
    "sound": "element <devices/sound model='ich9'>",
    "video": "attribute type='vga' of element <devices/video/model>",
    "redirdev": "element <devices/redirdev bus='usb' type='spicevmc'>",
}
PORT = "<controller type='pci' model='pcie-root-port'/>"


def with_q35(*daemons):
    for daemon in daemons:
        daemon.stop()
        daemon.emulator = wrapper(daemon, "-with-q35")
        daemon.start()


def disk(path, target, more=""):
    return DISK.format(path=path, target=target, cache="cache='none'", more=more)


def disk_file(a, target, path, more=""):
    name = os.path.join(a.root, "disk.xml")
    with open(name, "w") as f:
        f.write(disk(path, target, more))
    return name


def places(a, *options):
    """{target or number of the bus: (bus, slot, function)}"""
    found = {}
    for device in ElementTree.fromstring(a.virsh("dumpxml", "vm", *options)).find("devices"):
        address, target = device.find("address[@type='pci']"), device.find("target")
        if address is not None and device.get("type") != "sata":
            key = target.get("dev") or int(device.get("index"))
            found[key] = tuple(int(address.get(k), 16) for k in ("bus", "slot", "function"))
    return found


def argv(a):
    with open("/proc/%d/cmdline" % a.pid(), "rb") as f:
        return [w.decode() for w in f.read().split(b"\0")]


def test_default(a, b):
    """It is the machine of a definition that names none, where the emulator has it, and
    disks for it."""
    with open(os.path.join(STAND_IN, "introspection.json")) as f:
        real = json.load(f)
    old = NAME not in [m["name"] for m in real["machines"]]
    disks = not old and "virtio-blk-pci" in real["devices"]
    with_q35(a)
    lacking = wrapper(b, "-with-q35", "-without", "virtio-rng-pci")
    for daemon, machine in (a, NAME), (b, NAME if disks else "microvm-vireo-1.0"):
        daemon.define(machine=None)
        assert "machine='%s'" % machine in daemon.virsh("dumpxml", "vm")
        assert "<machine>%s</machine>" % machine in daemon.virsh("domcapabilities")
        first = re.search("<machine [^>]*>([^<]*)<", daemon.virsh("capabilities")).group(1)
        assert first == machine, first
    assert ">microvm-vireo-1.0</machine>" in a.virsh("capabilities")
    assert "<rng supported='yes'>" in a.virsh("domcapabilities")
    assert "<rng supported='no'/>" in b.virsh("domcapabilities", "--machine", "q35",
                                              "--emulatorbin", lacking)
    if old:
        assert "q35" not in b.virsh("capabilities")
        b.fails("does not have machine '%s'" % NAME, "define",
                b.define("other", number=2, machine="q35", command="path"))
        b.fails("machine 'q35' is not supported", "domcapabilities", "--machine", "q35")
    assert "<machine>%s</machine>" % NAME in a.virsh("domcapabilities", "--machine", "q35")
    a.fails("does not have machine 'pc-q35-7.2'", "define",
            a.define("other", number=2, machine="pc-q35-7.2", command="path"))


def test_run(a, b):
    """Ports are in the definition, and on the command line before what sits on them."""
    with_q35(a)
    a.define(machine="q35", devices=disk(image(a), "vda") + "<panic model='isa'/>")
    assert places(a) == {"vda": (1, 0, 0), 1: (0, 1, 0), 2: (0, 1, 1)}, places(a)
    defined = a.virsh("dumpxml", "vm")
    a.virsh("start", "vm")
    words = argv(a)
    devices = [json.loads(v) for o, v in zip(words, words[1:]) if o == "-device"]
    assert [d["id"] for d in devices] == ["pci.1", "pci.2", "virtio-disk0", "serial0",
                                          "panic0"], devices
    assert devices[2]["bus"] == "pci.1" and devices[2]["addr"] == "0x0", devices
    assert any(w.startswith(NAME + ",") for w in words), words
    live = a.virsh("dumpxml", "vm")
    assert "<alias name='pcie.0'/>" in live and "<alias name='pci.2'/>" in live, live
    assert a.virsh("dumpxml", "vm", "--inactive") == defined
    a.kill()
    a.start()
    assert a.virsh("dumpxml", "vm") == live
    a.virsh("destroy", "vm")
    path = os.path.join(a.root, "again.xml")
    with open(path, "w") as f:
        f.write(defined)
    a.virsh("define", path)
    assert a.virsh("dumpxml", "vm") == defined


def test_plug(a, b):
    """Into a port that is free; without one, nothing is opened. A port that has been left
    is free again."""
    with_q35(a)
    a.define(machine="q35", devices=disk(image(a), "vda"))
    events = a.events()
    a.virsh("start", "vm")
    second = image(a, "b.img")
    a.virsh("attach-disk", "vm", second, "vdb", "--live")
    assert places(a)["vdb"] == (2, 0, 0), places(a)
    assert "vdb" not in places(a, "--inactive")
    before, next_node = a.virsh("dumpxml", "vm"), a.next_node()
    a.fails("No more available PCI slots", "attach-interface", "vm", "bridge", "no-bridge",
            "--live")
    missing = os.path.join(a.root, "missing.img")
    a.fails("internal error: No more available PCI slots", "attach-disk", "vm", missing,
            "vdc", "--live")
    assert a.virsh("dumpxml", "vm") == before and a.next_node() == next_node
    a.virsh("detach-disk", "vm", "vda", "--live")
    a.fails("Cannot access storage file '%s'" % missing, "attach-disk", "vm", missing, "vdc",
            "--live")
    a.virsh("attach-disk", "vm", second.replace("b.img", "disk.img"), "vdc", "--live")
    assert places(a)["vdc"] == (1, 0, 0), places(a)
    assert "vda" not in places(a) and places(a, "--inactive")["vda"] == (1, 0, 0)
    events.expect("device-added: virtio-disk1", "device-added: virtio-disk2",
                  kind="device-added")
    events.stop()


def test_plug_at(a, b):
    """Where the user wants it: refused where nothing can be plugged, or something is."""
    with_q35(a)
    a.define(machine="q35", devices=disk(image(a), "vda") + PORT.replace(
        "/>", "><target hotplug='off'/></controller>") + 3 * PORT)
    assert places(a)["vda"] == (2, 0, 0), places(a)  # nor is it put there at start
    a.virsh("start", "vm")
    at = "<address type='pci' domain='0' bus='%d' slot='%d' function='0'/>"
    path = image(a, "b.img")

    def attach(bus, slot):
        return "attach-device", "vm", disk_file(a, "vdb", path, at % (bus, slot)), "--live"

    a.fails("0000:01:00.0 requires hotplug", *attach(1, 0))
    a.fails("0000:00:09.0 requires hotplug", *attach(0, 9))
    a.fails("0000:02:00.0 of disk vdb: it is in use", *attach(2, 0))
    a.fails("no such bus", *attach(5, 0))
    a.fails("no such slot", *attach(4, 1))
    a.virsh(*attach(4, 0))
    assert places(a)["vdb"] == (4, 0, 0), places(a)


def test_unplug_refused(a, b):
    """A guest may keep its device: it is there still, and so is its port's owner."""
    with_q35(a)
    a.define(machine="q35", words="refuse-device", devices=disk(image(a), "vda"))
    events = a.events()
    a.virsh("start", "vm")
    before = a.virsh("dumpxml", "vm")
    a.fails("unplug of device 'virtio-disk0' was rejected by the guest", "detach-disk", "vm",
            "vda", "--live")
    events.expect("device-removal-failed: virtio-disk0", kind="device-removal-failed")
    events.stop()
    assert a.virsh("dumpxml", "vm") == before
    a.virsh("attach-disk", "vm", image(a, "b.img"), "vdb", "--live")
    assert places(a)["vdb"] == (2, 0, 0), places(a)


def test_unplug_late(a, b):
    """The port is taken for as long as the guest has not let go."""
    with_q35(a)
    a.define(machine="q35", words="late-device", devices=disk(image(a), "vda"))
    a.virsh("start", "vm")
    path = image(a, "b.img")
    a.virsh("detach-disk", "vm", "vda", "--live")
    a.fails("already in the process of unplug", "detach-disk", "vm", "vda", "--live")
    a.virsh("attach-disk", "vm", path, "vdb", "--live")
    assert places(a)["vdb"] == (2, 0, 0), places(a)
    a.fails("No more available PCI slots", "attach-disk", "vm", path, "vdc", "--live")
    a.kill()
    a.start()  # asks for the status: the stand-in lets go
    wait_for("the removal", lambda: "vda" not in places(a))
    a.virsh("attach-disk", "vm", path, "vdc", "--live")
    assert places(a)["vdc"] == (1, 0, 0), places(a)


def plug_and_die(a, path):
    """The daemon is killed while the emulator is about to plug."""
    p = subprocess.Popen(a.command("attach-disk", "vm", path, "vdb"),
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    wait_for("the stall", lambda: process_state(a.pid()) == "T")
    a.kill()
    p.communicate()
    a.start()
    os.kill(a.pid(), signal.SIGCONT)


def test_plug_left(a, b):
    """What a daemon's death in the middle of a plug has left keeps its place and alias
    until the guest has let go, which it may refuse."""
    with_q35(a)
    path, other = image(a, "b.img"), image(a, "c.img")
    for word in "late-device", "refuse-device":
        a.define(machine="q35", words="stall=device_add " + word,
                 devices=disk(image(a), "vda") + 3 * PORT)
        a.virsh("start", "vm")
        plug_and_die(a, path)
        wait_for("it can be seen", lambda: places(a).get("vdb") == (2, 0, 0))
        a.virsh("attach-disk", "vm", other, "vdc")
        assert places(a)["vdc"] == (3, 0, 0), places(a)
        assert open_paths(a.pid()).count(path) == 1
        if word == "late-device":
            a.kill()
            a.start()  # asks for the status: the stand-in lets go
            wait_for("the removal", lambda: "vdb" not in places(a))
            wait_for("the image's end", lambda: path not in open_paths(a.pid()))
            a.virsh("attach-disk", "vm", path, "vdb")
            assert places(a)["vdb"] == (2, 0, 0), places(a)
        a.virsh("destroy", "vm")


def test_config(a, b):
    """A definition gets the ports that it needs; a device that is replaced stays."""
    with_q35(a)
    a.define(machine="q35", devices=disk(image(a), "vda"))
    for target in "vdb", "vdc":
        a.virsh("attach-disk", "vm", image(a, target), target, "--config")
    wanted = {"vda": (1, 0, 0), "vdb": (2, 0, 0), "vdc": (3, 0, 0),
              1: (0, 1, 0), 2: (0, 1, 1), 3: (0, 1, 2)}
    assert places(a) == wanted, places(a)
    a.virsh("detach-disk", "vm", "vda", "--config")
    changed = disk_file(a, "vdc", image(a, "other"))
    a.virsh("update-device", "vm", changed, "--config")
    del wanted["vda"]
    assert places(a) == wanted, places(a)
    assert "/other'" in a.virsh("dumpxml", "vm")
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", image(a, "e"), "vde", "--live", "--config")
    assert places(a)["vde"] == places(a, "--inactive")["vde"] == (1, 0, 0)
    port = os.path.join(a.root, "port.xml")
    with open(port, "w") as f:
        f.write(PORT)
    a.fails("'pci' controller cannot be hot plugged", "attach-device", "vm", port, "--live")
    a.virsh("attach-device", "vm", port, "--config")
    assert places(a, "--inactive")[4] == (0, 1, 3), places(a, "--inactive")
    assert 4 not in places(a)


def test_virt_install(a, b):
    """Each thing that there is not is refused by its name, and the rest is taken."""
    with_q35(a)
    tree = ElementTree.parse(os.path.join(SRC, "tests/golden/q35/virt-install-defaults.xml"))
    path, devices = os.path.join(a.root, "defaults.xml"), tree.getroot().find("devices")
    everything = list(devices)
    taken = [d for d in everything if d.tag not in REFUSED or d.get("type") == "unix"]
    for left in [taken] + [[d] for d in everything if d not in taken]:
        devices[:] = left
        tree.write(path)
        if left is taken:
            a.virsh("define", path, "--validate")
        else:
            a.fails("unsupported configuration: %s" % REFUSED[left[0].tag], "define", path)
    assert {d.tag for d in everything} - {d.tag for d in taken} == \
        set(REFUSED) - {"channel"}
    with open(path, "w") as f:
        f.write(a.virsh("dumpxml", "v"))
    a.virsh("define", path, "--validate")


def test_migration(a, b):
    """Everything is where it was."""
    with_q35(a, b)
    a.define(machine="q35", devices=disk(image(a), "vda") + disk(image(a, "b.img"), "vdb"))
    a.virsh("start", "vm")
    a.virsh("detach-disk", "vm", "vda", "--live")
    before = places(a)
    assert before["vdb"] == (2, 0, 0), before
    a.virsh(*migrate(a, b, "--live"))
    assert places(b) == before, places(b)
    b.virsh("attach-disk", "vm", image(b, "c.img"), "vdc", "--live")
    assert places(b)["vdc"] == (1, 0, 0), places(b)


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR))
