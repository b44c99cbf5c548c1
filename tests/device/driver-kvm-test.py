#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon under stock virsh with the real emulator, tiny guests and /dev/kvm.
Skipped (77) where one of them is missing.

    driver-kvm-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import signal
import socket
import subprocess
import sys
import time

from driver_daemon import (BUILD, DISK, LIMIT, image, main, migrate, open_console, open_paths,
                           read_tty, wait_for)
from qmp import Qmp

EMULATOR = os.path.abspath(os.path.join(BUILD, "vireo"))
DIRTY = os.path.abspath(os.path.join(BUILD, "tests/tiny/dirty.elf"))
HELLO = os.path.abspath(os.path.join(BUILD, "tests/tiny/hello.elf"))
TRAFFIC = os.path.abspath(os.path.join(BUILD, "tests/tiny/traffic.elf"))


def watch(a, pattern):
    """What the console shows, up to the pattern."""
    pid, fd = open_console(a)
    data = b""
    end = time.time() + LIMIT
    while not re.search(pattern, data) and time.time() < end:
        data += read_tty(fd, b"\n", 0.5)
    os.write(fd, b"\x1d")
    read_tty(fd, b"no such text", 0.2)
    os.close(fd)
    os.waitpid(pid, 0)
    assert re.search(pattern, data), data
    return data


def rounds(a):
    return [int(n) for n in re.findall(rb"round (\d+)\r?\n", watch(a, rb"round \d+\r?\n"))]


def test_lifecycle(a, b):
    a.define(words="print=200")
    events = a.events()
    a.virsh("start", "vm")
    first = rounds(a)[-1]
    a.virsh("suspend", "vm")
    assert a.state() == "paused (user)"
    a.virsh("resume", "vm")
    assert rounds(a)[-1] > first
    a.virsh("reset", "vm")
    watch(a, rb"round \d+\r?\n")
    assert float(re.search(r"CPU time: +([\d.]+)s", a.virsh("dominfo", "vm")).group(1)) > 0
    begin = time.time()
    a.virsh("destroy", "vm")
    assert time.time() - begin < 10  # then it is killed
    assert a.state() == "shut off (destroyed)"
    events.expect("lifecycle: Resumed Unpaused", "lifecycle: Started Booted",
                  "lifecycle: Suspended Paused", "lifecycle: Resumed Unpaused",
                  "reboot", "lifecycle: Shutdown Finished after host request",
                  "lifecycle: Stopped Destroyed")
    events.stop()
    assert a.files() == [], a.files()


def test_guest_reset(a, b):
    """on_reboot=destroy: a triple fault ends the domain."""
    a.kernel = HELLO
    a.define(words="fault=1", on_reboot="destroy")
    a.virsh("start", "vm")
    a.expect("shut off (shutdown)")


def test_panic(a, b):
    """The guest's word on the port becomes the domain's state."""
    a.kernel = HELLO
    panic = "<panic model='isa'><address type='isa' iobase='0x505'/></panic>"
    a.define(words="panic=1", devices=panic)
    events = a.events()
    a.virsh("start", "vm")
    a.expect("shut off (crashed)")
    events.expect("lifecycle: Resumed Unpaused", "lifecycle: Started Booted",
                  "lifecycle: Crashed Panicked", "lifecycle: Stopped Crashed")
    events.stop()


def test_bad_start(a, b):
    a.kernel = "/nonexistent"
    a.define()
    a.fails("/nonexistent", "start", "vm")
    a.kernel = HELLO
    a.define(devices=DISK.format(path="/nonexistent.img", target="vda", cache="", more=""))
    a.fails("/nonexistent.img", "start", "vm")
    a.kernel = image(a, "no kernel")
    a.define()
    a.fails(r"-kernel '/dev/fdset/\d+' \(%s\): neither a bzImage" % re.escape(a.kernel),
            "start", "vm")
    assert a.files() == [], a.files()


def test_daemon_death(a, b):
    a.define(words="print=200")
    a.virsh("start", "vm")
    last = rounds(a)[-1]
    pid = a.pid()
    a.kill()
    a.start()
    assert a.pid() == pid and a.state() == "running (booted)"
    assert rounds(a)[-1] > last
    a.virsh("suspend", "vm")
    a.kill()
    a.start()
    assert a.state() == "paused (user)"
    a.kill()
    os.kill(pid, signal.SIGKILL)
    a.start()  # the process may take a moment to go
    wait_for("the end", lambda: a.state().startswith("shut off"))
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")


def test_plug(a, b):
    path = image(a)
    a.define()
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb")
    assert path in a.virsh("domblklist", "vm")
    a.fails("", "attach-disk", "vm", "/nonexistent.img", "vdc")
    assert "vdc" not in a.virsh("domblklist", "vm")
    a.virsh("attach-disk", "vm", image(a, "other.img"), "vdc")  # all as before
    a.virsh("detach-disk", "vm", "vdb")
    assert path not in a.virsh("domblklist", "vm")
    a.virsh("attach-disk", "vm", path, "vdb")  # its back end was released
    # ... and its slot is not given again while there are others
    status = open(a.run_dir + "/vm.status").read()
    assert sorted(re.findall(r"slot='(\d+)'", status)) == ["1", "2"], status


def values(text, separator=None):
    rows = (line.split(separator) for line in text.splitlines())
    return {row[-2].strip(): row[-1].strip() for row in rows if len(row) > 1}


def test_counters_q35(a, b):
    """What is told of devices on PCI, and of the one whose storage is full."""
    full, tap = os.path.join(a.root, "full"), "vkt%d" % (os.getpid() % 10**6)
    if not os.path.exists("/dev/net/tun") or subprocess.run(
            ["unshare", "-n", "-m", "mount", "-t", "tmpfs", "-", a.root], check=False).returncode:
        print("no /dev/net/tun, or no right to a mount: not tested")
        return
    a.stop()  # its mount and its network end with the daemon and its emulators
    os.mkdir(full)
    a.start(wrapper=["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs -o size=128k - %s && "
                     "truncate -s 1M %s/disk.img && exec \"$@\"" % (full, full), "-"])
    at = "<address type='pci' domain='0' bus='0' slot='5' function='0'/>"
    first = DISK.format(path=image(a), target="vda", cache="", more=at)
    other = DISK.format(path=image(a, "b.img"), target="vdb", cache="", more="")
    nic = "<interface type='ethernet'><target dev='%s'/></interface>" % tap
    words = "kind=2 write=1 size=1024 depth=4 count=%d"
    a.kernel = TRAFFIC
    a.define(machine="q35", words=words % 64, devices=first + other + nic)
    a.virsh("start", "vm")
    wait_for("64 writes", lambda: values(a.virsh("domblkstat", "vm", "vda"))["wr_req"] == "64")
    stats = values(a.virsh("domstats", "--block", "--interface", "vm"), "=")
    wanted = {"block.0.wr.reqs": "64", "block.0.wr.bytes": "65536", "block.0.rd.reqs": "0",
              "block.0.fl.reqs": "0", "block.1.wr.reqs": "0", "net.0.name": tap}
    assert {k: stats.get(k) for k in wanted} == wanted, stats
    assert int(stats["block.0.wr.times"]) > 0 and "net.0.rx.pkts" in stats, stats
    assert values(a.virsh("domblkinfo", "vm", "vda"), ":")["Capacity"] == str(1 << 20)
    assert "rx_bytes" in values(a.virsh("domifstat", "vm", tap))
    a.virsh("destroy", "vm")
    events = a.events()
    a.define(machine="q35", words=words % 1024, devices=first.replace(
        image(a), full + "/disk.img").replace("type='raw'", "type='raw' error_policy='stop'"))
    a.virsh("start", "vm")
    a.expect("paused (I/O error)")
    wait_for("the events", lambda: "io-error-reason" in [e[0] for e in events.read()])
    which = "%s/disk.img (virtio-disk0) pause" % full
    seen = {e for e in events.read() if e[0].startswith("io-error")}
    assert seen == {("io-error", which), ("io-error-reason", which + " due to enospc")}, seen
    events.stop()
    a.virsh("destroy", "vm")


def call_monitor(a, *commands):
    """Plays the daemon that has died. A command has arguments and perhaps a descriptor;
    the reply to the last one is returned."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(a.run_dir + "/domain-1-vm/monitor.sock")
        qmp = Qmp(sock).start()
        for command in commands:
            reply = qmp.raw(*command)
            assert "return" in reply or command is commands[-1], reply
        return reply


def test_plug_daemon_death(a, b):
    """A plug and an unplug have been begun: the next daemon ends both."""
    path = image(a)
    a.define()
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb")
    left = a.next_node()
    node = "libvirt-%d-" % left
    a.kill()
    with open(image(a, "other.img"), "r+b") as other:
        call_monitor(a, ("device_del", {"id": "virtio-disk1"}),
                     ("add-fd", {"fdset-id": left}, other.fileno()),
                     ("blockdev-add", {"driver": "file", "node-name": node + "storage",
                                       "filename": "/dev/fdset/%d" % left}),
                     ("blockdev-add", {"driver": "raw", "node-name": node + "format",
                                       "file": node + "storage"}),
                     ("device_add", {"driver": "virtio-blk-device", "id": "virtio-disk2",
                                     "drive": node + "format"}))
    a.start()
    wait_for("the removal", lambda: path not in a.virsh("domblklist", "vm"))
    for target in ("vdb", "vdc"):  # their images are closed
        a.virsh("attach-disk", "vm", path, target)
        a.virsh("detach-disk", "vm", target)
    a.virsh("attach-disk", "vm", os.path.join(a.root, "other.img"), "vdc")
    log = open(a.log).read()
    assert re.findall("'vm': removing (.*), which", log) == [
        "device 'virtio-disk2'", "block node '%sformat'" % node,
        "block node '%sstorage'" % node], log
    assert "what a plug has left" not in log, log
    a.kill()
    assert call_monitor(a, ("query-fdsets", {}))["return"] == []
    a.start()


def test_files(a, b):
    """The emulator needs no path, and cannot use one; the lock is its own, and ends with
    it."""
    path = image(a)
    memory = "<memoryBacking><source type='file'/></memoryBacking>"
    rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    a.define(devices=DISK.format(path=path, target="vda", cache="cache='none'", more="") + rng)
    xml = a.virsh("dumpxml", "vm", "--inactive").replace("<os>", memory + "<os>")
    with open(a.root + "/more.xml", "w") as f:
        f.write(xml)
    a.virsh("define", a.root + "/more.xml")
    a.virsh("start", "vm")
    rounds(a)
    a.virsh("reset", "vm")  # the kernel is read again
    rounds(a)
    assert open_paths(a.pid()).count(path) == 1
    b.define(devices=DISK.format(path=path, target="vda", cache="", more=""))
    used = r"another process is using the image '/dev/fdset/\d+' \(%s\)" % re.escape(path)
    b.fails(used, "start", "vm")
    a.fails(used, "attach-disk", "vm", path, "vdb")
    assert open_paths(a.pid()).count(path) == 1
    a.kill()  # its descriptors hold no lock
    assert call_monitor(a, ("query-fdsets", {}))["return"] == []
    reply = call_monitor(a, ("blockdev-add", {"driver": "file", "node-name": "n",
                                              "filename": path}))
    assert "Operation not permitted" in reply["error"]["desc"], reply
    a.start()
    rounds(a)
    a.virsh("destroy", "vm")
    b.virsh("start", "vm")
    b.virsh("destroy", "vm")


def test_migration(a, b):
    path = image(a, "shared.img")
    a.define(words="mib=8 hot=64 print=200",
             devices=DISK.format(path=path, target="vda", cache="cache='none'",
                                 more="<shareable/>"))
    a.virsh("start", "vm")
    last = rounds(a)[-1]
    for source, destination in ((a, b), (b, a)):
        source.virsh(*migrate(source, destination, "--live", "--persistent",
                              "--undefinesource"))
        assert source.state() is None
        assert destination.state() == "running (migrated)"
        seen = rounds(destination)
        assert seen[-1] > last, (last, seen)  # it has not begun again
        last = seen[-1]
    a.virsh("attach-disk", "vm", image(a), "vdb", "--cache", "none")
    a.virsh(*migrate(a, b, "--live"))  # with what was plugged
    assert "vdb" in b.virsh("domblklist", "vm")
    b.virsh("detach-disk", "vm", "vdb")
    assert rounds(b)[-1] > last
    b.virsh("destroy", "vm")


def test_migration_abort(a, b):
    a.define(words="mib=32 hot=4000 print=50")
    a.virsh("start", "vm")
    rounds(a)  # its memory is full
    p = subprocess.Popen(
        a.command(*migrate(a, b, "--live", "--bandwidth", "1")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("the job", lambda: p.poll() is not None or
             ("Unbounded" in a.virsh("domjobinfo", "vm") and b.state() is not None))
    a.virsh("domjobabort", "vm")
    _, err = p.communicate(timeout=LIMIT)
    assert p.returncode != 0 and "canceled by client" in err, err
    assert a.state().startswith("running"), a.state()
    assert b.virsh("list", "--all", "--name") == ""
    p = subprocess.Popen(
        a.command(*migrate(a, b, "--live", "--bandwidth", "1")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("the job", lambda: "Unbounded" in a.virsh("domjobinfo", "vm") and
             b.state() is not None)
    a.kill()  # in the middle: the next daemon takes the domain back
    p.communicate(timeout=LIMIT)
    a.start()
    wait_for("the old state", lambda: a.state() in
             ("running (migration canceled)", "running (booted)"))
    wait_for("the end of the destination", lambda: b.virsh("list", "--all", "--name") == "")
    a.virsh("suspend", "vm")
    a.virsh("resume", "vm")


CDROM = """<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>
<source file='%s'/><target dev='sda' bus='sata'/></disk>"""


def xml_file(a, text):
    path = os.path.join(a.root, "device.xml")
    with open(path, "w") as f:
        f.write(text)
    return path


def test_media(a, b):
    """The tray of a real drive, and what is in it; not of an emulator without drives."""
    drives = subprocess.run([EMULATOR, "-machine", "none", "-device", "help"], text=True,
                            stdout=subprocess.PIPE).stdout
    if '"ide-cd"' not in drives:
        return
    one, two = image(a, "one.iso"), image(a, "two.iso")
    events = a.events()
    a.define(machine="q35", words="print=200", devices=CDROM % one)
    a.virsh("start", "vm")
    first = rounds(a)[-1]
    a.virsh("change-media", "vm", "sda", two, "--update")
    assert two in open_paths(a.pid()) and one not in open_paths(a.pid())
    wait_for("the events", lambda: [e[1] for e in events.read() if e[0] == "tray-change"] ==
             ["disk sata0-0-0: opened", "disk sata0-0-0: closed"])
    a.kill()
    a.start()
    a.virsh("update-device", "vm", xml_file(a, CDROM % two))  # after the reconciliation
    assert two in open_paths(a.pid()) and two in a.virsh("dumpxml", "vm")
    with open(a.log) as f:
        assert "a change of its medium has left" not in f.read()
    a.virsh("change-media", "vm", "sda", "--eject")
    assert two not in open_paths(a.pid())
    assert "<source file=" not in a.virsh("dumpxml", "vm")
    assert "rd_req" in a.virsh("domblkstat", "vm", "sda")
    a.kill()
    a.start()
    a.virsh("change-media", "vm", "sda", one, "--insert")
    assert one in open_paths(a.pid()) and "tray=" not in a.virsh("dumpxml", "vm")
    assert rounds(a)[-1] > first
    a.virsh("destroy", "vm")
    events.stop()


SEABIOS = "/usr/share/seabios/bios-256k.bin"
FIRMWARE = """<domain type='kvm'><name>vm</name>
<uuid>11111111-2222-3333-4444-000000000001</uuid><memory unit='MiB'>64</memory>
<os><type machine='q35'>hvm</type>%s%s</os><features><acpi/></features>
<devices>%s<serial type='pty'/></devices></domain>"""


def boot_sector(a, name, text):
    """A disk that says so, again and again."""
    code = b"\xba\xf8\x03" + b"".join(b"\xb0%c\xee" % c for c in text + b"\r\n")
    code += b"\xbe\x00\x01\xb9\xff\xff\xe2\xfe\x4e\x75\xf8"  # a while
    code += b"\xeb%c" % (256 - len(code) - 2)
    path = image(a, name)
    with open(path, "r+b") as f:
        f.write(code.ljust(510, b"\0") + b"\x55\xaa")
    return path


def test_firmware(a, b):
    """SeaBIOS, the machine's own and in pflash, starts what the definition says."""
    if not os.path.exists(SEABIOS):
        return
    disks = DISK.format(path=boot_sector(a, "one.img", b"the first"), target="vda", cache="",
                        more="%s") + DISK.format(
        path=boot_sector(a, "two.img", b"the second"), target="sdb", cache="",
        more="%s").replace("bus='virtio'", "bus='sata'")
    boot, code, variables = "<boot order='%d'/>", image(a, "code"), image(a, "template")
    with open(SEABIOS, "rb") as f, open(code, "wb") as g:
        g.write(f.read())
    pflash = "<loader readonly='yes' type='pflash'>%s</loader><nvram template='%s'/>" % (
        code, variables)
    nvram = os.path.join(a.root, "var/lib/libvirt/vireo/nvram/vm_VARS.fd")
    path = os.path.join(a.root, "vm.xml")
    for loader, orders, words in ("", (1, 2), rb"the first\r"), ("", (2, 1), rb"the second\r"), \
            (pflash, (2, 1), rb"the second\r"):
        with open(path, "w") as f:
            f.write(FIRMWARE % (loader, "", disks % tuple(boot % n for n in orders)))
        a.virsh("define", path)
        a.virsh("start", "vm")
        watch(a, words)
        assert (nvram in open_paths(a.pid())) == bool(loader)
        a.virsh("destroy", "vm")
    assert os.path.getsize(nvram) == os.path.getsize(variables)
    move_firmware(a, b, nvram, words)


def move_firmware(a, b, nvram, words):
    """The destination's own file gets what the source's has, and that stays as it is."""
    there = nvram.replace(a.root, b.root)
    with open(nvram, "r+b") as f:
        f.write(b"of this guest")
    a.virsh("start", "vm")
    watch(a, words)
    path = os.path.join(a.root, "there.xml")
    with open(path, "w") as f:
        f.write(a.virsh("dumpxml", "vm", "--migratable").replace(nvram, there))
    a.virsh(*migrate(a, b, "--live", "--unsafe", "--xml", path))
    watch(b, words)
    assert there in open_paths(b.pid())
    b.virsh("destroy", "vm")
    for name in nvram, there:
        with open(name, "rb") as f:
            assert f.read(13) == b"of this guest", name
    a.virsh("undefine", "vm", "--nvram")
    assert not os.path.exists(nvram) and os.path.exists(there)


if __name__ == "__main__":
    for path in ("/dev/kvm", EMULATOR, DIRTY, HELLO, TRAFFIC):
        if not os.access(path, os.R_OK):
            print("skipped: no " + path)
            sys.exit(77)
    sys.exit(main(globals(), EMULATOR, DIRTY))
