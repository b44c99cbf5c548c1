#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""update-device: what may change in a definition, and what while the domain runs. With a
stand-in for the emulator; for bridges see driver-network-test.py. Skipped (77) where there
is no virsh.

    driver-update-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import struct
import sys

from driver_daemon import DISK, EMULATOR, image, main
from driver_rpc import ERROR, OK, Rpc, domain, string

UPDATE_DEVICE = 174
UNSUPPORTED, CONFIG_UNSUPPORTED, MISSING, INVALID = 84, 67, 99, 55
CURRENT, LIVE, CONFIG, FORCE = 0, 1, 2, 4


def update(a, text, flags):
    """The error's code and words, or None."""
    rpc = Rpc(a)
    status, reply = rpc.wait(rpc.send(UPDATE_DEVICE, domain(1) + string(text) +
                                      struct.pack(">I", flags)))
    if status == OK:
        return None
    assert status == ERROR
    code, _, there = struct.unpack(">iiI", reply[:12])
    assert there, reply
    return code, reply[16:16 + struct.unpack(">I", reply[12:16])[0]].decode()


def refused(a, text, flags, code, pattern):
    error = update(a, text, flags)
    assert error and error[0] == code and re.search(pattern, error[1]), error


def disk_xml(path, cache="cache='none'", more="<serial>one</serial>"):
    return DISK.format(path=path, target="vda", cache=cache, more=more)


def test_config(a, b):
    """In the definition a device is replaced, in its place."""
    path, other = image(a), image(a, "other.img")
    a.define(devices=DISK.format(path=other, target="vdb", cache="", more="") +
             disk_xml(path))
    before = a.virsh("dumpxml", "vm")
    slots = open(os.path.join(a.root, "etc/libvirt/vireo/vm.xml")).read()
    assert update(a, disk_xml(other, "cache='writeback'", ""), CURRENT) is None
    after = a.virsh("dumpxml", "vm")
    assert "cache='writeback'" in after and "<serial>" not in after, after
    assert after.count(other) == 2 and path not in after, after
    places = re.compile(r"<address [^>]*>")
    stored = open(os.path.join(a.root, "etc/libvirt/vireo/vm.xml")).read()
    assert places.findall(stored) == places.findall(slots), stored
    assert update(a, disk_xml(path), CONFIG | FORCE) is None
    assert a.virsh("dumpxml", "vm") == before
    refused(a, disk_xml(path).replace("vda", "vdc"), CONFIG, MISSING, "vdc not found")
    refused(a, disk_xml(path, "iothread='3'"), CONFIG, CONFIG_UNSUPPORTED, "iothread='3'")
    refused(a, disk_xml(path, more="<iotune/>"), CONFIG, CONFIG_UNSUPPORTED, "iotune")
    refused(a, "<serial type='pty'/>", CONFIG, UNSUPPORTED,
            "persistent update of device 'chr'")
    refused(a, disk_xml(path), LIVE, INVALID, "not running")
    assert a.virsh("dumpxml", "vm") == before


def test_live(a, b):
    """While it runs, what is the same, or is not said, is taken; all else is refused."""
    path, other = image(a), image(a, "other.img")
    nic = ("<interface type='ethernet'><mac address='52:54:00:00:00:01'/>"
           "<target dev='vst%d'/>%%s</interface>" % (os.getpid() % 10**6))
    nics = os.access("/dev/net/tun", os.W_OK)
    a.define(devices=disk_xml(path) + (nic % "" if nics else ""))
    a.virsh("start", "vm")
    before = a.virsh("dumpxml", "vm"), a.virsh("dumpxml", "vm", "--inactive")
    live = re.search(r"<disk.*</disk>", before[0], re.S).group(0)
    for same in live, disk_xml(path), disk_xml(path, "cache='default'"):
        for flags in CURRENT, LIVE, LIVE | FORCE:
            assert update(a, same, flags) is None, same
    for text, field in (
            (disk_xml(path, "cache='writeback'"), "driver@cache"),
            (disk_xml(path, "error_policy='stop'"), "driver@error_policy"),
            (disk_xml(path, "discard='unmap'"), "driver@discard"),
            (disk_xml(path, more=""), "serial"),
            (disk_xml(path, more="<serial>two</serial>"), "serial"),
            (disk_xml(path, more="<serial>one</serial><readonly/>"), "readonly")):
        refused(a, text, LIVE, UNSUPPORTED,
                "cannot modify field '%s' of disk vda" % field)
        refused(a, text, LIVE | CONFIG, UNSUPPORTED, "cannot modify")
    text = disk_xml(path, more="<serial>one</serial><boot order='1'/>")
    refused(a, text, LIVE, UNSUPPORTED, "cannot modify field 'boot@order' of disk vda")
    refused(a, disk_xml(other), LIVE, CONFIG_UNSUPPORTED, "removable drives")
    refused(a, "<serial type='pty'/>", LIVE, UNSUPPORTED,
            "live update of device 'chr'")
    if nics:
        assert update(a, nic % "<link state='up'/>", LIVE) is None
        assert "<link state='up'/>" in a.virsh("dumpxml", "vm")
        before = a.virsh("dumpxml", "vm"), before[1]
        refused(a, nic % "<mtu size='1280'/>", LIVE, UNSUPPORTED,
                "cannot modify field 'mtu@size' of interface")
        refused(a, nic % "<tune><sndbuf>0</sndbuf></tune>", LIVE, CONFIG_UNSUPPORTED,
                "devices/interface/tune")
        refused(a, (nic % "").replace("vst", "vsu"), LIVE, UNSUPPORTED,
                "cannot modify field 'target@dev' of interface with MAC address 52:54")
        refused(a, (nic % "").replace("00:01'", "00:02'"), LIVE, MISSING, "not found")
    assert (a.virsh("dumpxml", "vm"), a.virsh("dumpxml", "vm", "--inactive")) == before
    # What is refused of the run is not done in the definition, either; alone it is.
    assert update(a, disk_xml(path, "cache='writeback'"), CONFIG) is None
    assert "cache='writeback'" in a.virsh("dumpxml", "vm", "--inactive")
    assert a.virsh("dumpxml", "vm") == before[0]
    a.virsh("destroy", "vm")


def test_transient(a, b):
    a.virsh("create", a.define(devices=disk_xml(image(a)), command="create"))
    refused(a, disk_xml(image(a)), CONFIG, INVALID, "transient domains")
    assert update(a, disk_xml(image(a)), CURRENT) is None


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both=
                  "config live transient"))
