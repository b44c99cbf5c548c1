#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What domain capabilities tell of devices is what definitions can have, and nothing else:
each value that libvirt knows is tried. Skipped (77) where there is no virsh.

    driver-capabilities-test.py [NAME...]    runs all tests, or those named
"""
import sys
import xml.etree.ElementTree as ElementTree

from driver_daemon import main
from driver_guest import EMULATOR, KERNEL, make_emulator

DISK = "<disk type='file' device='%s'%s><source file='/d'/><target dev='%s' bus='%s'/></disk>"
PORT = "<%s type='%s'><source %s/><target type='virtio'/></%s>"
BUSES = "virtio sata scsi usb ide fdc xen sd uml".split()
TYPES = ("pty unix null file tcp pipe stdio vc dev udp spicevmc spiceport nmdm dbus "
         "qemu-vdagent").split()
MODELS = "virtio virtio-transitional virtio-non-transitional".split()


def disk(device="disk", model="", bus="virtio"):
    letter = {"virtio": "v", "ide": "h", "fdc": "f"}.get(bus, "s")
    return DISK % (device, " model='%s'" % model if model else "", letter + "da", bus)


def port(kind, name):
    return PORT % (kind, name, "host='h' service='7'" if name == "tcp" else
                   "path='/p'" if name in ("file", "pipe") or
                   (name, kind) == ("unix", "console") else "", kind)


# (element, enumeration): each value that libvirt has, and devices that have it
KNOWN = {
    ("disk", "diskDevice"): {d: [disk(d), disk(d, bus="sata")]
                             for d in "disk cdrom floppy lun".split()},
    ("disk", "bus"): {b: [disk(bus=b)] for b in BUSES},
    ("disk", "model"): {m: [disk(model=m)] for m in MODELS},
    ("graphics", "type"): {t: ["<graphics type='%s'/>" % t]
                           for t in "sdl vnc spice egl-headless dbus rdp".split()},
    ("video", "modelType"): {m: ["<video><model type='%s'/></video>" % m] for m in
                             "vga cirrus vmvga qxl virtio none bochs ramfb".split()},
    ("hostdev", "mode"): {m: ["<hostdev mode='%s' type='pci'><source><address bus='1' slot='1'"
                              "/></source></hostdev>" % m] for m in ["subsystem"]},
    ("rng", "model"): {m: ["<rng model='%s'><backend model='random'/></rng>" % m]
                       for m in MODELS},
    ("rng", "backendModel"): {b: ["<rng model='virtio'><backend model='%s'/></rng>" % b]
                              for b in "random egd builtin".split()},
    ("filesystem", "driverType"): {t: ["<filesystem><driver type='%s'/><source dir='/'/>"
                                       "<target dir='r'/></filesystem>" % t]
                                   for t in "path handle virtiofs".split()},
    ("tpm", "model"): {m: ["<tpm model='%s'><backend type='emulator'/></tpm>" % m]
                       for m in "tpm-tis tpm-crb".split()},
    ("redirdev", "bus"): {"usb": ["<redirdev bus='usb' type='spicevmc'/>"]},
    ("channel", "type"): {t: [port("channel", t)] for t in TYPES},
    ("crypto", "model"): {"virtio": ["<crypto model='virtio' type='qemu'>"
                                     "<backend model='builtin'/></crypto>"]},
    ("interface", "backendType"): {b: ["<interface type='user'><backend type='%s'/>"
                                       "</interface>" % b] for b in ("default", "passt")},
    ("panic", "model"): {m: ["<panic model='%s'/>" % m]
                         for m in "isa pvpanic pseries hyperv s390".split()},
    ("console", "type"): {t: [port("console", t)] for t in TYPES},
}
# What a definition can say of a feature.
ACPI = "<features><acpi/></features>"
FEATURES = {
    "gic": "<features><acpi/><gic version='2'/></features>",
    "vmcoreinfo": "<features><acpi/><vmcoreinfo state='on'/></features>",
    "genid": "<features><acpi/></features><genid/>",
    "async-teardown": "<features><acpi/><async-teardown enabled='yes'/></features>",
    "ps2": "<features><acpi/><ps2 state='off'/></features>",
    "hyperv": "<features><acpi/><hyperv><relaxed state='on'/></hyperv></features>",
}


def told(a, machine):
    tree = ElementTree.fromstring(a.virsh("domcapabilities", "--machine", machine))
    values = {(e.tag, n.get("name")): [v.text for v in n.findall("value")]
              for e in tree.find("devices") for n in e.findall("enum")}
    supported = {e.tag: e.get("supported") for e in list(tree.find("devices")) +
                 list(tree.find("features"))}
    return values, supported


def can_have(a, machine, devices, features=ACPI):
    """Whether a domain is defined with it; if not, it is refused by name."""
    path = a.define(devices=devices, command="", machine=machine)
    with open(path) as f:
        text = f.read().replace("<console type='pty'/></devices>", "</devices>")
    with open(path, "w") as f:
        f.write(text.replace(ACPI, features))
    status, _, err = a.try_virsh("define", path)
    if status == 0:
        a.virsh("undefine", "vm")
        return True
    assert "not supported" in err or "unsupported" in err or "<domain/devices" in err, err
    return False


def compare(a, machine):
    values, supported = told(a, machine)
    wrong = []
    for (element, name), known in KNOWN.items():
        mine = values.pop((element, name), [])
        assert supported[element] == ("yes" if mine else "no"), (element, mine, supported)
        for value, devices in known.items():
            has = any(can_have(a, machine, d) for d in devices)
            if has != (value in mine):
                wrong.append((element, name, value, "taken" if has else "refused"))
        wrong += [(element, name, value, "unknown") for value in mine if value not in known]
    assert not values, values
    for name, features in FEATURES.items():
        has = can_have(a, machine, "", features)
        if supported[name] != ("yes" if has else "no"):
            wrong.append((name, has))
    assert not wrong, wrong


def test_microvm(a, b):
    compare(a, "microvm")


def test_q35(a, b):
    compare(a, "q35")


def test_order(a, b):
    """As libvirt has them, so that they can be compared; each is there once."""
    tree = ElementTree.fromstring(a.virsh("domcapabilities", "--machine", "microvm"))
    assert [e.tag for e in tree.find("devices")] == [
        "disk", "graphics", "video", "hostdev", "rng", "filesystem", "tpm", "redirdev",
        "channel", "crypto", "interface", "panic", "console"]
    assert [e.tag for e in tree.find("features")] == [
        "gic", "vmcoreinfo", "genid", "backingStoreInput", "backup", "async-teardown", "ps2",
        "sev", "sgx", "hyperv", "launchSecurity"]


if __name__ == "__main__":
    reason = make_emulator()
    if reason:
        print("skipped: " + reason)
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR, KERNEL))
