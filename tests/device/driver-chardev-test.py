#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Serial ports, consoles and channels: stock virsh, the daemon and the real emulator, with a
guest's side that is played over qtest. Skipped (77) where there is no virsh.

    driver-chardev-test.py [NAME...]    runs all tests, or those named
"""
import os
import select
import socket
import sys
import xml.etree.ElementTree as ElementTree

from driver_daemon import LIMIT, main, migrate, open_paths, read_tty, spawn_tty, wait_for
from driver_guest import EMULATOR, KERNEL, Guests, lose, make_emulator
from driver_serial import SerialDriver

AGENT = "org.qemu.guest_agent.0"
CHANNEL = "<channel type='%s'>%s<target type='virtio' name='%s'/></channel>"
SERIAL = "<controller type='virtio-serial' index='0'/>"
CONSOLE = "<console type='%s'>%s<target type='virtio'%s/></console>"
COM1, COM2, COM3 = 0x3f8, 0x2f8, 0x3e8
USUAL = "<serial type='pty'/><console type='pty'/></devices>"  # of all definitions here


def start(a, devices, usual=True):
    """usual: with a serial port and its console at the end."""
    guests = Guests(a)
    path = a.define(words=guests.words(), devices=devices, command="", machine="microvm")
    with open(path) as f:
        text = f.read()
    if not usual:
        assert USUAL in text
        with open(path, "w") as f:
            f.write(text.replace(USUAL, "</devices>"))
    a.virsh("define", path)
    a.virsh("start", "vm")
    return guests.next()


def elements(a, kind, *options):
    tree = ElementTree.fromstring(a.virsh("dumpxml", "vm", *options))
    return tree.findall("devices/" + kind)


def channel_state(a, index=0):
    return elements(a, "channel")[index].find("target").get("state")


def device(a, text):
    path = os.path.join(a.root, "device.xml")
    with open(path, "w") as f:
        f.write(text)
    return path


def console(a, name):
    command = a.command("console", "vm", "--devname", name)
    command.remove("-q")
    return spawn_tty(command)


def test_agent(a, b):
    """Its channel's socket is the driver's; its state is followed, and told of, also by a
    daemon that was not there when it changed."""
    driver = SerialDriver(start(a, CHANNEL % ("unix", "", AGENT)))
    live, = elements(a, "channel")
    path = live.find("source").get("path")
    assert live.find("source").get("mode") == "bind"
    assert path.startswith(a.run_dir + "/domain-1-vm/channel/") and path.endswith(AGENT), path
    assert live.find("address").attrib == {"type": "virtio-serial", "controller": "0",
                                           "bus": "0", "port": "1"}
    assert "path" not in elements(a, "channel", "--inactive")[0].find("source").attrib
    assert channel_state(a) == "disconnected"
    events = a.events()
    driver.ready(1)
    driver.open(1)
    told = ("agent-lifecycle", "state: 'connected' reason: 'channel event'")
    wait_for("the event", lambda: told in events.read())
    assert channel_state(a) == "connected"
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    wait_for("the status", lambda: "state='connected'" in a.status()["domain"])
    events.stop()
    a.kill()
    a.start()
    assert channel_state(a) == "connected"
    a.kill()
    driver.open(1, 0)
    a.start()
    wait_for("the state", lambda: channel_state(a) == "disconnected")
    a.virsh("destroy", "vm")
    assert a.files() == [], a.files()


def test_migration(a, b):
    """The channel is as it was, behind a socket of the destination's own."""
    guests = Guests(a)
    a.define(words=guests.words(), devices=CHANNEL % ("unix", "", AGENT) +
             CHANNEL % ("null", "", "other"))
    a.virsh("start", "vm")
    SerialDriver(guests.next()).open(1)
    wait_for("the state", lambda: channel_state(a) == "connected")
    addresses = [e.find("address").attrib for e in elements(a, "channel")]
    a.virsh(*migrate(a, b, "--live"))
    guest = guests.next()
    assert [channel_state(b, i) for i in range(2)] == ["connected", "disconnected"]
    assert [e.find("address").attrib for e in elements(b, "channel")] == addresses
    path = elements(b, "channel")[0].find("source").get("path")
    assert path.startswith(b.run_dir), path
    socket.socket(socket.AF_UNIX).connect(path)
    assert a.files() == [], a.files()
    guest.call("clock_step 1")


def test_plug(a, b):
    """A channel comes with what is behind it, and goes with it."""
    start(a, SERIAL)
    log = os.path.join(a.root, "channel.log")
    path = device(a, CHANNEL % ("null", "<log file='%s'/>" % log, "a"))
    events = a.events()
    for _ in range(2):
        a.virsh("attach-device", "vm", path, "--live", "--config")
        live, = elements(a, "channel")
        assert live.find("target").get("state") == "disconnected"
        assert open_paths(a.pid()).count(log) == 1 and os.stat(log).st_mode & 0o777 == 0o600
        assert len(elements(a, "channel", "--inactive")) == 1
        a.fails("already exists|in use", "attach-device", "vm", path, "--live")
        a.virsh("detach-device", "vm", path, "--live", "--config")
        assert elements(a, "channel") == elements(a, "channel", "--inactive") == []
        wait_for("the end of the log", lambda: log not in open_paths(a.pid()))
    events.expect(*2 * ["device-added: channel0", "device-removed: channel0"])
    events.stop()
    for kind, source in (("pipe", "<source path='/fifo'/>"), ("stdio", "")):
        a.fails("type='%s'" % kind, "attach-device", "vm",
                device(a, CHANNEL % (kind, source, "a")), "--live")
    a.virsh("attach-device", "vm", device(a, CHANNEL % ("pty", "", "p")))
    path = elements(a, "channel")[0].find("source").get("path")
    assert path.startswith("/dev/pts/"), path
    pid, fd = console(a, "channel0")
    assert b"Escape character" in read_tty(fd, b"Escape character")
    os.write(fd, b"\x1d")
    os.close(fd)
    os.waitpid(pid, 0)
    a.virsh("detach-device-alias", "vm", "channel0")
    wait_for("its end", lambda: not elements(a, "channel"))
    unix = device(a, CHANNEL % ("unix", "", "b"))
    a.virsh("attach-device", "vm", unix)
    socket_path = elements(a, "channel")[0].find("source").get("path")
    assert os.path.exists(socket_path)
    a.virsh("detach-device-alias", "vm", "channel0")
    wait_for("its end", lambda: not elements(a, "channel"))
    assert not os.path.exists(socket_path)
    path = device(a, CONSOLE % ("null", "", ""))
    a.virsh("attach-device", "vm", path, "--live", "--config")
    both = [{"type": "serial", "port": "0"}, {"type": "virtio", "port": "1"}]
    for options in (), ("--inactive",):
        target = [c.find("target").attrib for c in elements(a, "console", *options)]
        assert target == both, target
    for options in ("--live",), ("--config",):
        a.fails("update of device 'chr' is not supported", "update-device", "vm",
                device(a, CONSOLE % ("null", "", " port='1'")), *options)
    path = device(a, CONSOLE % ("null", "", " port='1'"))
    a.virsh("detach-device", "vm", path, "--live", "--config")
    assert len(elements(a, "console")) == len(elements(a, "console", "--inactive")) == 1
    a.fails("cannot be attached|serial console", "attach-device", "vm",
            device(a, "<console type='pty'><target type='serial'/></console>"))


def say(guest, port, text):
    for byte in text:
        guest.call("outb 0x%x 0x%x" % (port, byte))


def test_kinds(a, b):
    """What the confined emulator opens by itself: FIFOs, its own output, and who comes late
    or again."""
    fifo, path = (os.path.join(a.root, n) for n in ("fifo", "late"))
    for suffix in ".in", ".out":
        os.mkfifo(fifo + suffix)
    serial = "<serial type='%s'>%s</serial>"
    guest = start(a, serial % ("pipe", "<source path='%s'/>" % fifo) + serial % ("stdio", "") +
                  serial % ("unix", "<source mode='connect' path='%s'><reconnect enabled='yes' "
                            "timeout='1'/></source>" % path), usual=False)
    out = os.open(fifo + ".out", os.O_RDWR)
    say(guest, COM1, b"to a pipe")
    data = b""
    while data != b"to a pipe":
        data += os.read(out, 99)
    os.close(out)
    say(guest, COM2, b"to the log\n")
    log = os.path.join(a.root, "var/log/libvirt/vireo/vm.log")
    wait_for("the log", lambda: "to the log\n" in open(log).read())
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(LIMIT)
    for _ in range(2):
        client = listener.accept()[0]
        # The emulator may see later than we do that it is connected.
        wait_for("a byte", lambda: say(guest, COM3, b"x") or
                 select.select([client], [], [], 0)[0])
        assert client.recv(1) == b"x"
        client.close()


def test_left(a, b):
    """What a daemon that dies has plugged is removed, and what is behind it."""
    start(a, SERIAL)
    log = os.path.join(a.root, "channel.log")
    path = device(a, CHANNEL % ("unix", "<log file='%s'/>" % log, "a"))
    lose(a, path)
    wait_for("the end of it", lambda: log not in open_paths(a.pid()))
    a.virsh("attach-device", "vm", path)
    assert open_paths(a.pid()).count(log) == 1
    assert os.path.exists(elements(a, "channel")[0].find("source").get("path"))


def test_capabilities(a, b):
    tree = ElementTree.fromstring(a.virsh("domcapabilities"))
    values = [v.text for v in tree.findall("devices/channel/enum[@name='type']/value")]
    assert "unix" in values and "pty" in values and "spicevmc" not in values, values


def test_no_controller(a, b):
    """A guest that runs gets none unasked; a definition does."""
    start(a, "")
    path = device(a, CHANNEL % ("null", "", "a"))
    a.fails("controller 0 is missing", "attach-device", "vm", path, "--live")
    assert elements(a, "channel") == []
    a.virsh("attach-device", "vm", path, "--config")
    assert [c.get("index") for c in elements(a, "controller[@type='virtio-serial']",
                                             "--inactive")] == ["0"]


def test_console(a, b):
    """All of them, by their aliases, and each has a session of its own."""
    path, log = (os.path.join(a.root, n) for n in ("serial", "serial.log"))
    guest = start(a, "<serial type='pty'/><serial type='unix'><source mode='bind' path='%s'/>"
                     "<log file='%s' append='on'/></serial>" % (path, log) +
                  "<console type='pty'/>" + CONSOLE % ("pty", "", "") +
                  CHANNEL % ("unix", "", "a"), usual=False)
    sessions = [console(a, n) for n in ("serial0", "serial1", "console1", "channel0")]
    for _, fd in sessions:
        assert b"Escape character" in read_tty(fd, b"Escape character")
    for name, words in (("serial1", b"Active console session"),
                        ("serial9", b"cannot find character device 'serial9'")):
        pid, fd = console(a, name)
        assert words in read_tty(fd, words)
        os.close(fd)
        os.waitpid(pid, 0)
    wait_for("the client", lambda: len([p for p in open_paths(a.pid()) if "socket" in p]) > 2)
    say(guest, COM2, b"hello\n")
    assert b"hello" in read_tty(sessions[1][1], b"hello")
    wait_for("the log", lambda: open(log).read() == "hello\n")
    for _, fd in sessions:
        os.write(fd, b"\x1d")
        os.close(fd)
    for pid, _ in sessions:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    reason = make_emulator()
    if reason:
        print("skipped: " + reason)
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR, KERNEL))
