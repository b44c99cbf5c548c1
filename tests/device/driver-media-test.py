#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives on SATA whose medium can be changed: change-media, update-device, attach-device,
and their trays. With a stand-in for the emulator. Skipped (77) where there is no virsh.

    driver-media-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import signal
import subprocess
import sys

from driver_daemon import (EMULATOR, LIMIT, image, main, open_paths, process_state,
                           wait_for, wrapper)

CDROM = """<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>{source}
<target dev='{target}' bus='sata'/><readonly/></disk>"""
DISK = """<disk type='file' device='disk'><driver name='qemu' type='raw'/>
<source file='{path}'/><target dev='{target}' bus='sata'/></disk>"""


def cdrom(target, path=None):
    return CDROM.format(target=target, source="<source file='%s'/>" % path if path else "")


def start(a, words="", devices=None):
    """One drive with a medium, and one without."""
    a.stop()
    a.emulator = wrapper(a, "-with-q35")
    a.start()
    iso = image(a, "one.iso")
    a.define(machine="q35", words=words,
             devices=devices or cdrom("sda", iso) + cdrom("sdb"))
    a.virsh("start", "vm")
    return iso


def sources(a, *options):
    """{target: path or None}"""
    return {re.search("<target dev='(\\w+)'", disk).group(1):
            (re.search("<source file='([^']*)'", disk) or [None, None])[1]
            for disk in re.findall("<disk .*?</disk>", a.virsh("dumpxml", "vm", *options),
                                   re.S)}


def trays(a):
    """The targets whose trays are open."""
    return re.findall("<target dev='(\\w+)' bus='sata' tray='open'/>",
                      a.virsh("dumpxml", "vm"))


def xml_file(a, text):
    path = os.path.join(a.root, "device.xml")
    with open(path, "w") as f:
        f.write(text)
    return path


def has_open(a, path):
    return os.path.realpath(path) in open_paths(a.pid())


def test_run(a, b):
    """Disks and drives on SATA run beside others, and keep their places."""
    disk = image(a)
    iso = start(a, devices=DISK.format(path=image(a), target="sda") +
                cdrom("sdb", image(a, "one.iso")) + cdrom("sdc"))
    xml = a.virsh("dumpxml", "vm")
    for alias in "sata0-0-0", "sata0-0-1", "sata0-0-2", "ide":
        assert "<alias name='%s'/>" % alias in xml, xml
    assert has_open(a, disk) and has_open(a, iso)
    assert sources(a) == {"sda": disk, "sdb": iso, "sdc": None}, sources(a)
    assert "rd_req" in a.virsh("domblkstat", "vm", "sda")
    a.fails("does not currently have a source", "domblkinfo", "vm", "sdc")
    a.fails("This type of disk cannot be hot unplugged", "detach-disk", "vm", "sda")
    a.fails("disk bus 'sata' cannot be hotplugged", "attach-device", "vm",
            xml_file(a, DISK.format(path=image(a, "new.img"), target="sdd")))
    a.fails("disk sda of the same domain writes to it", "change-media", "vm", "sdc", disk,
            "--insert")
    a.virsh("change-media", "vm", "sdc", iso, "--insert")
    assert sources(a) == {"sda": disk, "sdb": iso, "sdc": iso}, sources(a)


def test_change(a, b):
    """The old image is closed, the new one open, and the definition knows it."""
    one = start(a)
    two = image(a, "two.iso")
    events = a.events()
    a.virsh("change-media", "vm", "sda", two, "--update")
    assert sources(a) == {"sda": two, "sdb": None} and not trays(a)
    assert has_open(a, two) and not has_open(a, one)
    wait_for("the events", lambda: [e[1] for e in events.read() if e[0] == "tray-change"] ==
             ["disk sata0-0-0: opened", "disk sata0-0-0: closed"])
    a.virsh("change-media", "vm", "sdb", one, "--insert")
    assert sources(a) == {"sda": two, "sdb": one} and has_open(a, one)
    assert sources(a, "--inactive") == {"sda": one, "sdb": None}
    a.virsh("change-media", "vm", "sda", "--eject", "--live", "--config")
    assert sources(a) == {"sda": None, "sdb": one} and not has_open(a, two)
    assert sources(a, "--inactive") == {"sda": None, "sdb": None}
    # An attach of a drive that is there is another medium for it.
    a.virsh("attach-device", "vm", xml_file(a, cdrom("sda", two)))
    assert sources(a) == {"sda": two, "sdb": one}
    a.fails("sdc not found|cannot be hotplugged", "attach-device", "vm",
            xml_file(a, cdrom("sdc", two)))
    events.stop()
    a.kill()
    a.start()
    assert sources(a) == {"sda": two, "sdb": one}
    a.virsh("change-media", "vm", "sda", one, "--update")
    assert sources(a)["sda"] == one
    a.virsh("destroy", "vm")
    a.virsh("start", "vm")
    assert sources(a) == {"sda": None, "sdb": None}


def test_locked(a, b):
    """A guest that keeps the tray shut is asked, and only who forces it gets it open."""
    one = start(a, "lock-tray")
    two = image(a, "two.iso")
    a.fails("timed out waiting for disk tray", "change-media", "vm", "sda", two, "--update")
    assert sources(a)["sda"] == one and has_open(a, one)
    wait_for("the new image's end", lambda: not has_open(a, two))
    a.virsh("change-media", "vm", "sda", two, "--update", "--force")
    assert sources(a)["sda"] == two and has_open(a, two) and not has_open(a, one)


def test_late(a, b):
    """The tray may open after the reply."""
    start(a, "late-tray")
    two = image(a, "two.iso")
    a.virsh("change-media", "vm", "sda", two, "--update")
    assert sources(a)["sda"] == two and not trays(a)


def test_failures(a, b):
    """What cannot be read leaves all as it was; a medium that cannot be put in, nothing."""
    one = start(a, "fail-once=blockdev-insert-medium")
    two = image(a, "two.iso")
    a.fails("nowhere.iso", "change-media", "vm", "sda", a.root + "/nowhere.iso", "--update")
    assert sources(a)["sda"] == one and not trays(a)
    a.fails("told to fail", "change-media", "vm", "sda", two, "--update")
    assert sources(a)["sda"] is None and trays(a) == ["sda"]
    assert not has_open(a, one) and not has_open(a, two)
    a.virsh("change-media", "vm", "sda", two, "--insert")
    assert sources(a)["sda"] == two and not trays(a) and has_open(a, two)


def test_nodes(a, b):
    """The commands fail where the emulator does, and no node is left."""
    start(a, "fail-once=blockdev-add fail-once=blockdev-open-tray "
             "fail-once=blockdev-remove-medium")
    one, two = image(a, "one.iso"), image(a, "two.iso")
    for _ in range(3):
        a.fails("told to fail", "change-media", "vm", "sda", two, "--update")
        assert sources(a)["sda"] == one and has_open(a, one) and not has_open(a, two)
    a.virsh("change-media", "vm", "sda", two, "--update")
    assert sources(a)["sda"] == two and not trays(a)


def test_trays(a, b):
    """What the guest does with a tray while nobody listens is asked for afterwards."""
    start(a, "alone-tray")
    assert trays(a) == []
    a.kill()
    a.start()
    wait_for("the trays", lambda: trays(a) == ["sda", "sdb"])
    assert "tray=" not in a.virsh("dumpxml", "vm", "--inactive")


def test_update(a, b):
    """Other properties of a drive stay as they are; disks keep their images."""
    one = start(a, devices=cdrom("sda", image(a, "one.iso")) +
                DISK.format(path=image(a), target="sdb"))
    two = image(a, "two.iso")
    a.virsh("update-device", "vm", xml_file(a, cdrom("sda", one)))
    a.virsh("update-device", "vm", xml_file(a, cdrom("sda", two)), "--live", "--config")
    assert sources(a)["sda"] == sources(a, "--inactive")["sda"] == two
    a.fails("cannot modify field 'driver@cache'", "update-device", "vm",
            xml_file(a, cdrom("sda", one).replace("type='raw'", "type='raw' cache='none'")))
    assert sources(a)["sda"] == two
    a.fails("only of removable drives", "update-device", "vm",
            xml_file(a, DISK.format(path=two, target="sdb")))


def test_both(a, b):
    """Of a change in both definitions neither stays when one cannot be written."""
    one = start(a)
    two = image(a, "two.iso")
    xml = os.path.join(a.root, "etc/libvirt/vireo/vm.xml")
    os.rename(xml, xml + ".away")
    os.mkdir(xml)  # no file takes its place
    for target, path in ("sda", two), ("sdb", two), ("sda", None):
        a.fails("cannot replace '%s'" % xml, "update-device", "vm",
                xml_file(a, cdrom(target, path)), "--live", "--config")
        unchanged(a, one, two, {"sda": one, "sdb": None})
    os.rmdir(xml)
    os.rename(xml + ".away", xml)
    a.virsh("update-device", "vm", xml_file(a, cdrom("sda", two)), "--live", "--config")
    assert sources(a)["sda"] == sources(a, "--inactive")["sda"] == two


def unchanged(a, one, two, inactive):
    assert sources(a) == {"sda": one, "sdb": None} and sources(a, "--inactive") == inactive
    assert has_open(a, one) and not has_open(a, two) and not trays(a)


def test_both_attached(a, b):
    """The same where the persistent definition is to get the drive that runs."""
    one = start(a)
    two = image(a, "two.iso")
    a.define(machine="q35", devices=cdrom("sdc"))
    xml = os.path.join(a.root, "etc/libvirt/vireo/vm.xml")
    os.rename(xml, xml + ".away")
    os.mkdir(xml)
    for target in "sda", "sdb":
        a.fails("cannot replace '%s'" % xml, "attach-device", "vm",
                xml_file(a, cdrom(target, two)), "--live", "--config")
        unchanged(a, one, two, {"sdc": None})
    os.rmdir(xml)
    os.rename(xml + ".away", xml)
    a.virsh("attach-device", "vm", xml_file(a, cdrom("sdb", two)), "--live", "--config")
    assert sources(a)["sdb"] == sources(a, "--inactive")["sdb"] == two


def test_both_forced(a, b):
    """What was forced on the guest is taken back by force."""
    one = start(a, "lock-tray")
    two = image(a, "two.iso")
    xml = os.path.join(a.root, "etc/libvirt/vireo/vm.xml")
    os.rename(xml, xml + ".away")
    os.mkdir(xml)
    a.fails("cannot replace '%s'" % xml, "update-device", "vm",
            xml_file(a, cdrom("sda", two)), "--live", "--config", "--force")
    assert sources(a)["sda"] == one and has_open(a, one) and not has_open(a, two)


def test_close_fails(a, b):
    """A tray that does not close is empty, for the emulator as well."""
    one = start(a, "fail-once=blockdev-close-tray")
    two = image(a, "two.iso")
    a.fails("told to fail", "change-media", "vm", "sda", two, "--update")
    assert sources(a)["sda"] is None and trays(a) == ["sda"]
    assert not has_open(a, one) and not has_open(a, two)
    with open(a.log) as f:  # a node that is in a drive would stay
        assert "the nodes of a medium" not in f.read()
    a.virsh("change-media", "vm", "sda", two, "--insert")
    assert sources(a)["sda"] == two and not trays(a)


def stop_at(a, command):
    """A change whose emulator stops before this command: both media, and virsh."""
    one = start(a, "stall=" + command)
    two = image(a, "two.iso")
    p = subprocess.Popen(a.command("change-media", "vm", "sda", two, "--update"),
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
    wait_for("the command", lambda: process_state(a.pid()) == "T")
    return one, two, p


def die_at(a, command):
    """The daemon dies while the emulator has this command, and comes back."""
    one, two, p = stop_at(a, command)
    a.kill()
    p.communicate()
    os.kill(a.pid(), signal.SIGCONT)
    a.start()
    return one, two


def test_unanswered(a, b):
    """A medium that is put in when nobody waits for it any more is taken out."""
    one, two, p = stop_at(a, "blockdev-insert-medium")
    err = p.communicate(timeout=3 * LIMIT)[1]
    assert p.returncode != 0 and "did not answer" in err, err
    assert sources(a)["sda"] is None
    os.kill(a.pid(), signal.SIGCONT)
    wait_for("the nodes' end", lambda: not has_open(a, two))
    a.virsh("change-media", "vm", "sda", one, "--insert")
    assert sources(a)["sda"] == one and not trays(a) and has_open(a, one)


def test_dying(a, b):
    """What a daemon that died has left undone is known to the next one."""
    one, two = die_at(a, "blockdev-remove-medium")
    wait_for("the empty drive", lambda: sources(a)["sda"] is None)
    wait_for("the nodes' end", lambda: not has_open(a, one) and not has_open(a, two))
    wait_for("the tray's state", lambda: trays(a) == ["sda"])
    a.virsh("change-media", "vm", "sda", one, "--insert")
    assert sources(a)["sda"] == one and not trays(a) and has_open(a, one)


def test_dying_later(a, b):
    """The definition has the new medium already; the drive, for which it was, has it too."""
    one, two = die_at(a, "blockdev-insert-medium")
    wait_for("the tray's state", lambda: trays(a) == ["sda"])
    wait_for("the nodes' end", lambda: not has_open(a, one))
    assert sources(a)["sda"] == two and has_open(a, two)


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR))
