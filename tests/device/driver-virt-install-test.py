#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the installed virt-install writes for our daemon is taken unchanged, or refused with
element and value. Skipped (77) where there is no virt-install or virsh.

    driver-virt-install-test.py [NAME...]    runs all tests, or those named
"""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from driver_daemon import LIMIT, main
from driver_guest import VIREO

# Disks want a storage driver, which the daemon's socket has not: the one is put in.
USUAL = "--memory 512 --osinfo debian11 --disk none --boot hd --network bridge=virbr0 " \
        "--print-xml --noautoconsole"
DISK = "<disk type='file' device='disk'><driver name='qemu' type='raw'/>" \
       "<source file='/d.img'/><target dev='vda' bus='virtio'/></disk>"
HARMLESS = ("smm", "vmport")  # said to be off, which they are
KEPT = ("devices", "features", "cpu", "clock", "genid", "sysinfo", "on_poweroff")

TAKEN = """
--vcpus 4
--cpu host-passthrough --vcpus 4,sockets=1,cores=2,threads=2
--features smm.state=off,vmport.state=off,apic=on
--features vmcoreinfo.state=on
--metadata genid_enable=on
--clock offset=localtime
--events on_poweroff=destroy,on_crash=restart
--sysinfo smbios,system.serial=1234
--boot hd,cdrom,bootmenu.enable=on
--seclabel type=none
--memballoon none
--memballoon model=virtio,autodeflate=on,stats.period=5,freePageReporting=on
--channel unix,target.type=virtio,target.name=org.qemu.guest_agent.0
--channel pty,target.type=virtio,target.name=x
--channel null,target.type=virtio,target.name=x
--console pty,target.type=virtio
--console file,target.type=virtio,source.path=/tmp/x
--serial tcp,source.host=0.0.0.0,source.service=2222,source.mode=bind
--serial unix,source.path=/tmp/s,source.mode=bind
--serial file,source.path=/tmp/s
--serial pipe,source.path=/tmp/s
--serial pty,log.file=/tmp/l,log.append=on
--rng none
--rng /dev/random
--rng builtin
--rng /dev/random,rate.bytes=1234,rate.period=1000
--watchdog default
--watchdog i6300esb,action=pause
--watchdog itco,action=inject-nmi
--panic default
--panic pvpanic
--vsock cid.auto=yes
--vsock model=virtio,cid.auto=no,cid.address=7
--input tablet
--input keyboard,bus=virtio
--input mouse,bus=usb
--controller usb3
--controller usb,model=none
--controller virtio-serial
--controller pci,model=pcie-root-port
--controller sata
--network user
--network bridge=virbr0,model=e1000
--network type=direct,source=eth0,source.mode=bridge
--video none
--sound none
--audio type=none
--tpm none
--iothreads 2
--memorybacking source.type=memfd,access.mode=shared
--resource /machine
""".strip().split("\n")

REFUSED = {
    "--tpm emulator": "element <devices/tpm",
    "--graphics vnc": "element <devices/graphics type='vnc'",
    "--video virtio": "type='virtio' of element <devices/video/model>",
    "--sound ich9": "element <devices/sound model='ich9'>",
    "--channel spicevmc": "type='spicevmc' of element <devices/channel>",
    "--serial udp,source.connect_host=1.2.3.4,source.connect_service=4":
        "type='udp' of element <devices/serial>",
    "--serial tcp,source.host=0.0.0.0,source.service=2,source.mode=bind,protocol.type=telnet":
        "type='telnet' of element <devices/serial/protocol>",
    "--serial dev,source.path=/dev/ttyS0": "type='dev' of element <devices/serial>",
    "--parallel pty": "element <devices/parallel type='pty'>",
    "--rng egd,backend.type=tcp,backend.source.host=h,backend.source.service=1,"
    "backend.source.mode=connect": "model='egd' of element <devices/rng/backend>",
    "--watchdog ib700": "model='ib700' of element <devices/watchdog>",
    "--watchdog i6300esb,action=dump": "action='dump' of element <devices/watchdog>",
    "--panic hyperv": "model='hyperv' of element <devices/panic>",
    "--input evdev,source.dev=/dev/input/event1": "type='evdev' of element <devices/input>",
    "--controller scsi,model=virtio-scsi": "type='scsi' of element <devices/controller>",
    "--controller usb2": "model='ich9-ehci1' of element <devices/controller>",
    "--cpu host-model": "mode='host-model' of element <cpu>",
    "--vcpus 2,maxvcpus=4": "current='2' of element <vcpu>4",
    "--network bridge=virbr0,model=e1000e": "type='e1000e' of element <devices/interface/model>",
    "--filesystem /tmp,tag": "element <devices/filesystem",
    "--redirdev usb": "element <devices/redirdev bus='usb'",
    "--features hyperv.relaxed.state=on": "element <features/hyperv>",
    "--memorybacking hugepages=on": "element <memoryBacking/hugepages>",
    "--pm suspend_to_mem=on": "enabled='yes' of element <pm/suspend-to-mem>",
    "--iommu intel": "element <devices/iommu model='intel'>",
    "--numatune 1": "element <numatune>",
}


# One process reads virt-install and what it knows of systems; each row has a child of its.
WRITER = """
import json, os, sys
sys.path.insert(0, "/usr/share/virt-manager")
from virtinst import OSDB, virtinstall
OSDB.lookup_os("debian11")
for name, words in json.load(sys.stdin).items():
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for fd, end in (1, ".xml"), (2, ".err"):
            os.dup2(os.open(name + end, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), fd)
        sys.argv = ["virt-install"] + words
        sys.exit(virtinstall.runcli())
    os.waitpid(pid, 0)
"""


def write(a, rows):
    """The paths of the definitions, by the words that made them."""
    base = ["--connect", a.uri.replace("vireo+", "qemu+"), "--name"]
    names = {os.path.join(a.root, "d%d" % i): words for i, words in enumerate(rows)}
    commands = {name: base + [os.path.basename(name)] +
                (USUAL + ("" if "--graphics" in words else " --graphics none") + " " +
                 words).split() for name, words in names.items()}
    subprocess.run([sys.executable, "-c", WRITER], input=json.dumps(commands), text=True,
                   check=True, timeout=5 * LIMIT)
    for name, words in names.items():
        with open(name + ".xml") as f:
            text = f.read()
        if not text.strip().startswith("<domain"):
            with open(name + ".err") as f:
                raise AssertionError("virt-install %s: %s" % (words, f.read()))
        with open(name + ".xml", "w") as f:
            f.write(text.replace("<devices>", "<devices>" + DISK, 1))
    return {words: name + ".xml" for name, words in names.items()}


def lost(wanted, there):
    """What of an element is not in the other; None if all is."""
    if any(there.get(k) != v for k, v in wanted.attrib.items()) or \
            (wanted.text or "").strip() and not len(wanted) and wanted.text != there.text:
        return ElementTree.tostring(wanted).decode()
    for child in wanted:
        if child.tag not in HARMLESS and all(lost(child, c) for c in there.findall(child.tag)):
            return ElementTree.tostring(child).decode()
    return None


def check_taken(a, words, path):
    status, _, err = a.try_virsh("define", path)
    if status:
        return "%s: %s" % (words, err)
    wanted = ElementTree.parse(path).getroot()
    there = ElementTree.fromstring(a.virsh("dumpxml", "--inactive",
                                             os.path.basename(path)[:-4]))
    missing = [lost(w, there.find(w.tag)) for w in wanted
               if w.tag in KEPT and (len(w) or w.text)]
    missing = [m for m in missing if m]
    return "%s: %s got lost" % (words, missing) if missing else None


def check_refused(a, words, path):
    status, _, err = a.try_virsh("define", path)
    wanted = REFUSED[words]
    return None if status and "unsupported configuration" in err and wanted in err else \
        "%s: %r does not have %r" % (words, err, wanted)


def run_all(a, check, rows):
    wrong = [check(a, words, path) for words, path in write(a, rows).items()]
    assert not any(wrong), "\n".join(w for w in wrong if w)


def test_taken(a, b):
    run_all(a, check_taken, TAKEN)


def test_refused(a, b):
    run_all(a, check_refused, list(REFUSED))


if __name__ == "__main__":
    if not os.path.exists("/usr/share/virt-manager/virtinst/virtinstall.py"):
        print("skipped: no virt-install")
        sys.exit(77)
    sys.exit(main(globals(), VIREO))
