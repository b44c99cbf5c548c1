#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon keeps of definitions: what it cannot honour, and where devices are.
Skipped (77) where there is no virsh."""
import json
import os
import re
import sys

from driver_daemon import BUILD, EMULATOR, image, main, wrapper

DISK = ("<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/>"
        "<target dev='%s' bus='virtio'/>%s</disk>")


def config_path(a, name="vm"):
    found = [os.path.join(top, f) for top, _, files in os.walk(a.root) for f in files
             if f == name + ".xml" and top != a.root]
    assert len(found) == 1, found
    return found[0]


def change(path, old, new):
    with open(path) as f:
        text = f.read()
    assert old in text, (old, text)
    with open(path, "w") as f:
        f.write(text.replace(old, new))


def test_first_numbers(a, b):
    """What the first threads read while GLib makes the locale of numbers is not refused."""
    preload = os.path.join(BUILD, "tests/device/first-locale.so")
    assert os.path.exists(preload), "make check builds it"
    a.stop()
    a.start(env={"LD_PRELOAD": preload})
    a.define()


def test_kept_definition(a, b):
    """One that a newer daemon, or an administrator, has stored."""
    a.define(devices=DISK % (image(a), "vda", ""))
    a.stop()
    change(config_path(a), "<target dev='vda' bus='virtio'/>",
           "<target dev='vda' bus='virtio'/><iotune><total_iops_sec>5</total_iops_sec>"
           "</iotune>")
    a.start()
    assert a.virsh("list", "--all", "--name") == "vm"
    assert "total_iops_sec" in a.virsh("dumpxml", "vm")
    a.fails("devices/disk/iotune", "start", "vm")
    assert a.state().startswith("shut off")
    path = os.path.join(a.root, "vm.xml")
    a.virsh("define", path)  # the way out
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")


def test_limits(a, b):
    """All numbers of libvirt's schema can be read; our own limits refuse a definition, and
    a start, and lose none that is stored."""
    a.define()
    path = os.path.join(a.root, "vm.xml")
    vcpus = "<vcpu>65535</vcpu>", "'65535': the machine has at most 254 vCPUs"
    iothreads = ("<iothreads>4294967295</iothreads>",
                 "'4294967295': the machine has at most 1024 iothreads")
    for more, words in vcpus, iothreads:
        change(path, "<os>", more + "<os>")
        a.fails(words, "define", path)
        change(path, more, "")
    a.stop()
    change(config_path(a), ">1</vcpu>", ">65535</vcpu>" + iothreads[0])
    a.start()
    assert ">65535</vcpu>" in a.virsh("dumpxml", "vm")
    assert iothreads[0] in a.virsh("dumpxml", "vm")
    a.fails(vcpus[1], "start", "vm")


def test_kept_status(a, b):
    a.define(devices=DISK % (image(a), "vda", ""))
    a.virsh("start", "vm")
    pid = a.pid()
    a.kill()
    path = os.path.join(a.run_dir, "vm.status")
    change(path, "<name>vm</name>", "<name>vm</name>\\n  <hwuuid>x</hwuuid>")
    a.start()
    assert a.state().startswith("running")
    assert a.pid() == pid
    assert "<hwuuid>x</hwuuid>" in a.virsh("dumpxml", "vm")
    a.virsh("suspend", "vm")
    a.virsh("resume", "vm")
    a.virsh("detach-disk", "vm", "vda")
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")


def slots(a):
    """{target: slot} of the emulator's command line."""
    with open("/proc/%d/cmdline" % a.pid(), "rb") as f:
        words = [w.decode() for w in f.read().split(b"\0")]
    devices = [json.loads(w) for w in words if w.startswith('{"driver":"virtio-blk')]
    return {re.sub("virtio-disk", "vd", d["id"]): int(d["bus"].rsplit(".", 1)[1])
            for d in devices}


def run(a):
    a.virsh("start", "vm")
    got = slots(a)
    a.virsh("destroy", "vm")
    return got


def test_addresses(a, b):
    """Sorted by target; and where a disk is does not depend on others that come and go."""
    disks = [DISK % (image(a, n + ".img"), n, "") for n in ("vdb", "vda", "vdc")]
    a.define(devices="".join(disks))
    assert run(a) == {"vd0": 0, "vd1": 1, "vd2": 2}
    a.virsh("detach-disk", "vm", "vda", "--config")
    assert run(a) == {"vd1": 1, "vd2": 2}
    a.stop()
    a.start()
    assert run(a) == {"vd1": 1, "vd2": 2}
    os.environ["EDITOR"] = "sed -i s/65536/131072/"
    a.virsh("edit", "vm")
    assert run(a) == {"vd1": 1, "vd2": 2}
    a.virsh("attach-disk", "vm", image(a, "vdd.img"), "vda", "--config")
    assert run(a) == {"vd0": 0, "vd1": 1, "vd2": 2}
    targets = re.findall("<target dev='(vd.)'", a.virsh("dumpxml", "vm"))
    assert targets == ["vda", "vdb", "vdc"], targets
    a.virsh("undefine", "vm")


def test_detach_by_target(a, b):
    a.define(devices=DISK % (image(a), "vda", ""))
    path = os.path.join(a.root, "disk.xml")
    with open(path, "w") as f:
        f.write("<disk><target dev='vda'/></disk>")
    a.virsh("detach-device", "vm", path, "--config")
    assert "<disk" not in a.virsh("dumpxml", "vm")
    a.virsh("undefine", "vm")


def test_attach_none(a, b):
    """What only says that there is none is no device that could come later."""
    a.define()
    path = os.path.join(a.root, "video.xml")
    with open(path, "w") as f:
        f.write("<video><model type='none'/></video>")
    a.fails("devices/video>: such a device cannot be attached", "attach-device", "vm", path,
            "--config")
    a.virsh("undefine", "vm")


def test_error_policy(a, b):
    """Both reach the emulator; what libvirt does not have is refused."""
    a.define(devices=(DISK % (image(a), "vda", "")).replace(
        "type='raw'", "type='raw' error_policy='report' rerror_policy='report'"))
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    for words in ("error_policy='stop'", "error_policy='ignore' rerror_policy='stop'",
                  "error_policy='enospace'"):
        a.define(devices=(DISK % (image(a), "vda", "")).replace(
            "type='raw'", "type='raw' " + words))
        assert words in a.virsh("dumpxml", "vm")
    a.fails("rerror_policy", "define", a.define(
        name="other", number=2, command="path",
        devices=(DISK % (image(a), "vda", "")).replace(
            "type='raw'", "type='raw' rerror_policy='enospace'")))
    a.virsh("undefine", "vm")


def panicking(a, action):
    path = a.define(words="panic", devices="<panic model='isa'/>", command="path")
    change(path, "<devices>", "<on_crash>%s</on_crash><devices>" % action)
    a.virsh("define", path)
    events = a.events()
    a.virsh("start", "vm")
    return events


STARTED = ("lifecycle: Resumed Unpaused", "lifecycle: Started Booted",
           "lifecycle: Crashed Panicked")


def test_panic_destroy(a, b):
    events = panicking(a, "destroy")
    a.expect("shut off (crashed)")
    events.expect(*STARTED, "lifecycle: Stopped Crashed")
    events.stop()
    a.virsh("undefine", "vm")


def test_panic_restart(a, b):
    events = panicking(a, "restart")
    a.expect("running (booted)")
    events.expect(*STARTED, "reboot", "lifecycle: Resumed Unpaused")
    events.stop()
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")


def test_panic_preserve(a, b):
    events = panicking(a, "preserve")
    a.expect("crashed (panicked)")
    events.expect(*STARTED)
    events.stop()
    a.kill()
    a.start()
    a.expect("crashed (panicked)")
    a.virsh("reset", "vm")
    a.expect("paused (crashed)")
    a.virsh("resume", "vm")
    a.expect("running (unpaused)")
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")


def test_panic_resume(a, b):
    """The guest goes on as it is, to dump its memory say."""
    panicking(a, "preserve").stop()
    a.expect("crashed (panicked)")
    a.virsh("resume", "vm")
    a.expect("running (unpaused)")
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")


def test_panic_refused(a, b):
    for action in ("coredump-destroy", "coredump-restart", "rename-restart"):
        path = a.define(command="path")
        change(path, "<devices>", "<on_crash>%s</on_crash><devices>" % action)
        a.fails("on_crash>%s" % action, "define", path)


def test_probe(a, b):
    """What an emulator does not have is refused by name, until the binary is another."""
    emulator = wrapper(a, "-without", "pvpanic")
    devices = "<emulator>%s</emulator><panic model='isa'/>" % emulator
    path = a.define(devices=devices, command="path")
    refusal = "devices/panic>: the emulator '%s' does not have device 'pvpanic'" % emulator
    a.fails(refusal, "define", path)
    a.fails(refusal, "create", path)
    assert a.virsh("list", "--all", "--name") == ""
    wrapper(a)
    a.virsh("define", path)
    wrapper(a, "-without", "pvpanic")
    a.fails(refusal, "start", "vm")
    assert a.state().startswith("shut off")
    wrapper(a)
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")
    assert a.files() == [], a.files()


def test_domain_capabilities(a, b):
    """They are of the emulator that is asked for: what it lacks is refused, too."""
    def rng(*args):
        return re.search(r"<rng supported='(\w+)'", a.virsh("domcapabilities", *args)).group(1)

    emulator = wrapper(a, "-without", "virtio-rng-device")
    on = ("--machine", "microvm", "--emulatorbin")
    assert rng(*on[:2]) == "yes" and rng(*on, emulator) == "no"
    a.fails("does not have device 'virtio-rng-device'", "define", a.define(
        devices="<emulator>%s</emulator><rng model='virtio'><backend model='random'>/dev/zero"
        "</backend></rng>" % emulator, command="path"))
    wrapper(a)
    assert rng(*on, emulator) == "yes"


def test_no_emulator(a, b):
    """One that is not there is refused to a definition, and takes none that is stored."""
    emulator = wrapper(a)
    path = a.define(devices="<emulator>%s</emulator>" % emulator, command="path")
    a.virsh("define", path)

    def refused(why):
        refusal = "Cannot check QEMU binary %s: %s" % (emulator, why)
        a.fails(refusal, "domcapabilities", "--emulatorbin", emulator)
        a.fails(refusal, "define", path)
        a.fails(refusal, "start", "vm")
        assert a.state().startswith("shut off")
        a.virsh("undefine", "vm")
        a.fails(refusal, "define", path)
        a.fails(refusal, "create", path)
        assert a.virsh("list", "--all", "--name") == ""

    os.chmod(emulator, 0o644)
    refused("Permission denied")
    wrapper(a)
    a.virsh("define", path)
    os.unlink(emulator)
    os.mkdir(emulator)
    refused("Permission denied")
    os.rmdir(emulator)
    wrapper(a)
    a.virsh("define", path)
    os.unlink(emulator)
    a.stop()
    a.start()
    assert a.virsh("list", "--all", "--name") == "vm"
    assert emulator in a.virsh("dumpxml", "vm")
    a.virsh("autostart", "vm")
    a.virsh("autostart", "vm", "--disable")
    refused("No such file or directory")
    assert a.files() == [], a.files()


def test_default_emulator(a, b):
    """The daemon's own that cannot be run is named when it starts; it serves without."""
    why = {"": None, "nope": "No such file or directory", "folder": "Permission denied",
           "kernel": "Permission denied"}
    os.mkdir(os.path.join(a.root, "folder"))
    for name, reason in why.items():
        a.stop()
        if name:
            a.emulator = os.path.join(a.root, name)
        before = os.path.getsize(a.log)
        a.start()
        with open(a.log) as log:
            log.seek(before)
            warned = re.findall("the emulator '(.*)' cannot be run: (.*); domains", log.read())
        assert warned == ([(a.emulator, reason)] if name else []), (name, warned)


def test_unknown_emulator(a, b):
    """What the host could not look at or ask is no fault of the emulator's."""
    preload = os.path.join(BUILD, "tests/device/no-stat.so")
    assert os.path.exists(preload), "make check builds it"
    unseen = os.path.join(a.root, "unseen")
    os.symlink(wrapper(a), unseen)
    path = a.define(devices="<emulator>%s</emulator>" % unseen, command="path")
    a.stop()
    a.start(env={"LD_PRELOAD": preload})
    a.virsh("define", path)
    a.virsh("domcapabilities", "--emulatorbin", unseen)
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    with open(os.path.join(a.root, "emulator"), "w") as f:
        f.write("#!/bin/sh\nexit 1\n")  # it is there, and does not answer
    a.stop()
    a.start()
    a.virsh("define", path)
    a.fails("", "start", "vm")
    a.virsh("undefine", "vm")


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both="kept_status kept_definition error_policy"))
