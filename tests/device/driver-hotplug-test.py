#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot-plug on a q35: stock virsh, the daemon and the real emulator, with a guest's side that
is played over qtest. Skipped (77) where there is no virsh.

    driver-hotplug-test.py [NAME...]    runs all tests, or those named
"""
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from driver_daemon import DISK, LIMIT, image, main, migrate, open_paths, wait_for
from driver_guest import EMULATOR, KERNEL, Guests, lose, make_emulator

PORT = "<controller type='pci' model='pcie-root-port'/>"
RNG = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"


def disk(path, target, more=""):
    return DISK.format(path=path, target=target, cache="cache='none'", more=more)


def device(a, text, name="device.xml"):
    path = os.path.join(a.root, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def described(a, *options):
    """{(bus, slot, function): kind} of the definition, as Guest.devices()."""
    found = {}
    for element in ElementTree.fromstring(a.virsh("dumpxml", "vm", *options)).find("devices"):
        address = element.find("address[@type='pci']")
        if address is not None and element.tag != "controller":
            place = tuple(int(address.get(k), 16) for k in ("bus", "slot", "function"))
            found[place] = element.tag
    return found


def start(a, devices, ports=4):
    """A domain with that many ports, and its guest."""
    guests = Guests(a)
    a.define(machine="q35", words=guests.words(), devices=devices + ports * PORT)
    a.virsh("start", "vm")
    return guests, guests.next()


def begin(a, *args):
    """virsh, which waits for the guest."""
    return subprocess.Popen(a.command(*args), stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(process):
    out, err = process.communicate(timeout=LIMIT)
    return process.returncode, err


def test_places(a, b):
    """The guest sees each device where the definition says, and nothing else."""
    at = "<address type='pci' domain='0' bus='0' slot='%d' function='%d'/>"
    devices = disk(image(a), "vda") + RNG + disk(image(a, "b.img"), "vdb", at % (5, 0)) + \
        disk(image(a, "c.img"), "vdc", at % (5, 1))
    _, guest = start(a, devices)
    places = {(1, 0, 0): "disk", (2, 0, 0): "rng", (0, 5, 0): "disk", (0, 5, 1): "disk"}
    assert described(a) == places, described(a)
    assert guest.devices() == places, guest.devices()
    a.virsh("attach-disk", "vm", image(a, "d.img"), "vdd")
    places[3, 0, 0] = "disk"
    assert described(a) == guest.devices() == places, (described(a), guest.devices())
    a.virsh("reset", "vm")
    assert guest.devices() == places, guest.devices()


def test_unplug(a, b):
    """A detach waits for the guest, closes the image, and leaves the port to the next."""
    path, other = image(a, "b.img"), image(a, "c.img")
    _, guest = start(a, disk(image(a), "vda"), 2)
    events = a.events()
    for round_, image_ in enumerate((path, other, path)):
        a.virsh("attach-disk", "vm", image_, "vdb")
        assert guest.devices() == described(a) == {(1, 0, 0): "disk", (2, 0, 0): "disk"}
        wait_for("its one descriptor", lambda: open_paths(a.pid()).count(image_) == 1)
        detach = begin(a, "detach-disk", "vm", "vdb")
        guest.wait_asked(2)
        assert (2, 0, 0) in described(a)
        guest.eject(2)
        assert end(detach) == (0, ""), round_
        assert guest.devices() == described(a) == {(1, 0, 0): "disk"}
        wait_for("the image is closed", lambda: image_ not in open_paths(a.pid()))
    for kind in "device-added", "device-removed":
        events.expect(*3 * (kind + ": virtio-disk1",), kind=kind)
    events.stop()
    assert "vdb" not in a.virsh("dumpxml", "vm", "--inactive")


def test_rng(a, b):
    """Its back end comes and goes with it."""
    _, guest = start(a, disk(image(a), "vda"), 2)
    path = device(a, RNG)
    for _ in range(2):
        a.virsh("attach-device", "vm", path, "--live")
        assert guest.devices() == described(a) == {(1, 0, 0): "disk", (2, 0, 0): "rng"}
        detach = begin(a, "detach-device", "vm", path, "--live")
        guest.wait_asked(2)
        guest.eject(2)
        assert end(detach) == (0, "")
        assert guest.devices() == described(a) == {(1, 0, 0): "disk"}
    assert "<rng" not in a.virsh("dumpxml", "vm", "--inactive")


def test_alias(a, b):
    """... by its alias a device is asked for, and nobody waits."""
    _, guest = start(a, disk(image(a), "vda"), 2)
    events = a.events()
    path = device(a, disk(image(a, "b.img"), "vdb", "<alias name='ua-b'/>"))
    a.virsh("attach-device", "vm", path, "--live", "--config")
    a.fails("internal error: no device found with alias nothing", "detach-device-alias", "vm",
            "nothing")
    a.fails("no device found with alias virtio-disk0", "detach-device-alias", "vm",
            "virtio-disk0", "--config")
    a.fails("'pci' controller cannot be hot unplugged", "detach-device-alias", "vm", "pci.1")
    before = a.virsh("dumpxml", "vm")
    a.virsh("detach-device-alias", "vm", "ua-b", "--live", "--config")
    assert a.virsh("dumpxml", "vm") == before
    assert "vdb" not in a.virsh("dumpxml", "vm", "--inactive")
    guest.wait_asked(2)
    a.fails("already in the process of unplug", "detach-device-alias", "vm", "ua-b")
    guest.refuse(2)
    events.expect("device-removal-failed: ua-b", kind="device-removal-failed")
    assert a.virsh("dumpxml", "vm") == before and guest.asked() == []
    a.virsh("detach-device-alias", "vm", "ua-b")
    guest.wait_asked(2)
    guest.eject(2)
    events.expect("device-removed: ua-b", kind="device-removed")
    events.stop()
    assert "vdb" not in a.virsh("dumpxml", "vm")
    assert guest.devices() == {(1, 0, 0): "disk"}


def test_refused(a, b):
    """A guest that says no keeps its device, and may be asked again."""
    _, guest = start(a, disk(image(a), "vda"), 1)
    events = a.events()
    before = a.virsh("dumpxml", "vm")
    detach = begin(a, "detach-disk", "vm", "vda", "--live", "--config")
    guest.wait_asked(1)
    guest.refuse(1)
    status, err = end(detach)
    assert status and "unplug of device 'virtio-disk0' was rejected by the guest" in err, err
    events.expect("device-removal-failed: virtio-disk0", kind="device-removal-failed")
    assert a.virsh("dumpxml", "vm") == before and guest.asked() == []
    assert "vda" in a.virsh("dumpxml", "vm", "--inactive")  # both or neither
    detach = begin(a, "detach-disk", "vm", "vda", "--live", "--config")
    guest.wait_asked(1)
    guest.eject(1)
    assert end(detach) == (0, "")
    events.expect("device-removed: virtio-disk0", kind="device-removed")
    events.stop()
    assert "vda" not in a.virsh("dumpxml", "vm") + a.virsh("dumpxml", "vm", "--inactive")


def test_restart(a, b):
    """What a guest is asked for is so over a daemon's restart; and what it does meanwhile is
    found then."""
    _, guest = start(a, "".join(disk(image(a, t), t) for t in ("vda", "vdb", "vdc")), 3)
    aliases = ["virtio-disk%d" % i for i in range(3)]
    for alias in aliases:
        a.virsh("detach-device-alias", "vm", alias)
    guest.wait_asked(1, 2, 3)
    before = a.virsh("dumpxml", "vm")
    a.kill()
    guest.eject(1)
    guest.refuse(2)
    a.start()
    wait_for("the removal", lambda: "vda" not in a.virsh("dumpxml", "vm"))
    events = a.events()
    assert described(a) == guest.devices() == {(2, 0, 0): "disk", (3, 0, 0): "disk"}
    assert guest.asked() == [3]
    guest.eject(3)
    events.expect("device-removed: virtio-disk2", kind="device-removed")
    assert described(a) == guest.devices() == {(2, 0, 0): "disk"}
    for target in "vdc", "vda":  # nothing is left of them; the first free port is taken
        a.virsh("attach-disk", "vm", os.path.join(a.root, target), target)
    assert described(a) == guest.devices() == {(n, 0, 0): "disk" for n in (1, 2, 3)}
    a.fails("No more available PCI slots", "attach-disk", "vm", image(a), "vdd")
    events.stop()
    assert before.count("<disk") == a.virsh("dumpxml", "vm").count("<disk")


def test_left(a, b):
    """A daemon's death in the middle of a plug: the guest is asked to let go of what the
    emulator has by then. Until it does, or for as long as it refuses, that can be seen,
    and what it has is not given to others."""
    path, other = image(a, "b.img"), image(a, "c.img")
    _, guest = start(a, disk(image(a), "vda"), 4)
    lose(a, device(a, disk(path, "vdb")))
    guest.wait_asked(2)
    places = {(1, 0, 0): "disk", (2, 0, 0): "disk"}
    wait_for("it can be seen", lambda: described(a) == guest.devices() == places)
    a.virsh("attach-disk", "vm", other, "vdc")
    places[3, 0, 0] = "disk"
    assert described(a) == guest.devices() == places
    lose(a, device(a, disk(image(a, "d.img"), "vdd")))
    guest.wait_asked(2, 4)
    places[4, 0, 0] = "disk"
    wait_for("that, too", lambda: described(a) == guest.devices() == places)
    assert open_paths(a.pid()).count(path) == 1
    events = a.events()
    guest.refuse(2)
    events.expect("device-removal-failed: virtio-disk1", kind="device-removal-failed")
    guest.eject(4)
    events.expect("device-removed: virtio-disk3", kind="device-removed")
    del places[4, 0, 0]
    assert described(a) == guest.devices() == places and guest.asked() == []
    detach = begin(a, "detach-disk", "vm", "vdb")  # as any other
    guest.wait_asked(2)
    guest.eject(2)
    assert end(detach) == (0, "")
    wait_for("the image is closed", lambda: path not in open_paths(a.pid()))
    for target in "vdb", "vdd":  # nothing is left of them
        a.virsh("attach-disk", "vm", os.path.join(a.root, target[2] + ".img"), target)
    places.update({(2, 0, 0): "disk", (4, 0, 0): "disk"})
    assert described(a) == guest.devices() == places
    events.stop()
    assert "what a plug has left" not in open(a.log).read()


def test_reset(a, b):
    """A machine that is reset has let go of what it was asked for."""
    _, guest = start(a, disk(image(a), "vda") + disk(image(a, "b.img"), "vdb"), 2)
    events = a.events()
    a.virsh("detach-device-alias", "vm", "virtio-disk1")
    guest.wait_asked(2)
    a.virsh("reset", "vm")
    events.expect("device-removed: virtio-disk1", kind="device-removed")
    events.stop()
    assert described(a) == {(1, 0, 0): "disk"} and "vdb" not in a.virsh("domblklist", "vm")
    wait_for("the reset", lambda: guest.devices() == {(1, 0, 0): "disk"})


def test_slot(a, b):
    """A slot is plugged and unplugged as a whole: only the guest may take functions away."""
    at = "<address type='pci' domain='0' bus='%d' slot='0' function='%d'/>"
    _, guest = start(a, "".join(disk(image(a, t), t, at % (2, f))
                                for f, t in enumerate(("vda", "vdb"))))
    path = image(a, "c.img")
    for place, error in {(1, 1): "internal error: Only PCI device addresses with function=0",
                         (2, 2): "internal error: Only PCI device addresses with function=0",
                         (2, 0): "XML error: PCI address 0000:02:00.0 of disk vdc: it is in",
                         (9, 0): "XML error: .* there is no such bus"}.items():
        a.fails(error, "attach-device", "vm", device(a, disk(path, "vdc", at % place)),
                "--live")
    assert described(a) == guest.devices() == {(2, 0, 0): "disk", (2, 0, 1): "disk"}
    before = a.virsh("dumpxml", "vm")
    for target in "vda", "vdb":
        a.fails("operation failed: cannot hot unplug multifunction PCI device: 0000:02:00.",
                "detach-disk", "vm", target, "--live")
    a.fails("cannot hot unplug multifunction", "detach-device-alias", "vm", "virtio-disk0")
    assert guest.asked() == [] and a.virsh("dumpxml", "vm") == before
    events = a.events()
    guest.eject(2)
    wait_for("both events", lambda: len([e for e in events.read()
                                         if e[0] == "device-removed"]) == 2)
    events.stop()
    assert described(a) == guest.devices() == {}
    for target in "vda", "vdb":
        a.virsh("attach-disk", "vm", os.path.join(a.root, target), target)
    assert described(a) == guest.devices() == {(1, 0, 0): "disk", (2, 0, 0): "disk"}


def test_update(a, b):
    """A device stays where it is, whatever a changed version of it says."""
    _, guest = start(a, disk(image(a), "vda"), 2)
    at = "<address type='pci' domain='0' bus='2' slot='0' function='0'/>"
    moved = device(a, disk(image(a), "vda", at))
    before = a.virsh("dumpxml", "vm")
    a.fails("not supported: cannot modify field 'address@bus' of disk vda", "update-device",
            "vm", moved, "--live")
    assert a.virsh("dumpxml", "vm") == before
    a.virsh("update-device", "vm", moved, "--config")
    assert described(a, "--inactive") == {(2, 0, 0): "disk"}
    assert described(a) == guest.devices() == {(1, 0, 0): "disk"}


def test_migration(a, b):
    """Devices that were plugged, or are about to go, are so at the destination."""
    guests, guest = start(a, disk(image(a), "vda") + disk(image(a, "b.img"), "vdb"), 3)
    a.virsh("attach-disk", "vm", image(a, "c.img"), "vdc", "--cache", "none")
    a.virsh("detach-device-alias", "vm", "virtio-disk0")
    guest.wait_asked(1)
    guest.eject(1)
    wait_for("the removal", lambda: "vda" not in a.virsh("dumpxml", "vm"))
    a.virsh("detach-device-alias", "vm", "virtio-disk1")
    guest.wait_asked(2)
    places = {(2, 0, 0): "disk", (3, 0, 0): "disk"}
    assert described(a) == guest.devices() == places
    a.virsh(*migrate(a, b, "--live"))
    guest = guests.next()
    assert described(b) == guest.devices() == places, (described(b), guest.devices())
    events = b.events()
    guest.wait_asked(2)
    guest.eject(2)
    events.expect("device-removed: virtio-disk1", kind="device-removed")
    events.stop()
    b.virsh("attach-disk", "vm", image(b, "d.img"), "vdd")
    places = {(1, 0, 0): "disk", (3, 0, 0): "disk"}
    assert described(b) == guest.devices() == places, (described(b), guest.devices())


if __name__ == "__main__":
    lacking = make_emulator()
    if lacking:
        print("skipped: " + lacking)
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR, KERNEL))
