#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon under stock virsh, with a stand-in for the emulator (driver-emulator.py)
that can be told to fail. Skipped (77) where there is no virsh.

    driver-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import signal
import subprocess
import sys
import time

from driver_daemon import (DISK, EMULATOR, LIMIT, check_io_error, image, kill_process, main,
                           open_console, open_paths, process_state, read_tty, type_until,
                           virsh, wait_for)


# ---- one daemon ----

def test_lifecycle(a, b):
    a.define()
    assert a.state() == "shut off (unknown)"
    events = a.events()
    a.virsh("start", "vm")
    assert a.state() == "running (booted)"
    a.fails("already active", "start", "vm")
    a.virsh("suspend", "vm")
    assert a.state() == "paused (user)"
    a.virsh("resume", "vm")
    assert a.state() == "running (unpaused)"
    assert "id='1'" in a.virsh("dumpxml", "vm")
    assert "id=" not in a.virsh("dumpxml", "--inactive", "vm").split("\n")[0]
    a.virsh("reboot", "vm")
    a.expect("running (booted)")
    a.virsh("shutdown", "vm")
    a.expect("shut off (shutdown)")
    a.virsh("start", "--paused", "vm")
    assert a.state() == "paused (user)"
    a.virsh("destroy", "vm")
    assert a.state() == "shut off (destroyed)"
    a.fails("not running", "destroy", "vm")
    a.fails("not running", "suspend", "vm")
    a.virsh("undefine", "vm")
    a.fails("failed to get domain", "domstate", "vm")
    events.expect(
        "lifecycle: Resumed Unpaused", "lifecycle: Started Booted",
        "lifecycle: Suspended Paused", "lifecycle: Resumed Unpaused",
        "reboot", "lifecycle: Resumed Unpaused",
        "lifecycle: Shutdown Finished after guest request", "lifecycle: Stopped Shutdown",
        "lifecycle: Started Booted", "lifecycle: Suspended Paused",
        "lifecycle: Shutdown Finished after host request",
        "lifecycle: Stopped Destroyed", "lifecycle: Undefined Removed")
    events.stop()
    assert a.files() == [], a.files()


def test_qemu_scheme(a, b):
    """Clients that look at the scheme; it is said back to them."""
    a.define()
    uri = a.uri.replace("vireo+unix:", "qemu+unix:")
    assert a.uri != uri
    p = subprocess.run(virsh(uri, "list", "--all", "--name"), capture_output=True, text=True)
    assert p.stdout.split() == ["vm"], (p.stdout, p.stderr)
    p = subprocess.run(virsh(uri, "uri"), capture_output=True, text=True)
    assert p.stdout.strip().startswith("qemu"), (p.stdout, p.stderr)


def test_definitions(a, b):
    a.define()
    a.define()  # again: replaces
    a.fails("already exists with uuid", "define", a.define(number=2, command="path"))
    a.fails("is already defined with uuid", "define",
            a.define("other", number=1, command="path"))
    path = a.define("transient", number=3, command="path")
    a.virsh("create", path)
    assert "transient" in a.virsh("list", "--transient", "--name")
    a.fails("already active", "create", path)
    a.fails("transient", "undefine", "transient")
    a.virsh("define", path)
    assert a.virsh("list", "--transient", "--name") == ""
    a.virsh("undefine", "transient")
    a.virsh("destroy", "transient")
    assert a.state("transient") is None
    assert a.virsh("list", "--all", "--name") == "vm"
    a.define(name=".hidden", number=7)
    a.fails("on_poweroff.*preserve", "define", a.define(on_poweroff="preserve", command="-"))
    a.fails("on_reboot", "define", a.define(on_poweroff="restart", on_reboot="destroy",
                                            command="-"))
    a.stop()
    a.start()  # definitions are read again
    assert a.virsh("list", "--all", "--name").split() == [".hidden", "vm"]


def test_edit(a, b):
    """virsh edit, and what else asks for validation against libvirt's schema."""
    a.define()
    os.environ["EDITOR"] = "sed -i s/65536/131072/"
    a.virsh("edit", "vm")
    assert "<memory unit='KiB'>131072</memory>" in a.virsh("dumpxml", "vm")
    path = a.define("other", number=2, command="path")
    a.virsh("define", "--validate", path)
    a.virsh("undefine", "other")
    a.virsh("create", "--validate", path)
    a.virsh("destroy", "other")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("<devices>", "<devices><colour/>"))
    for command in ("define", "create"):
        a.fails("failed to validate against schema: Unable to validate doc against /.*"
                "domain.rng\n.*element", command, "--validate", path)
    assert a.virsh("list", "--all", "--name") == "vm"
    a.virsh("define", path)  # what is unknown is dropped


def test_longest_name(a, b):
    name = "\U0001f40e" * 61
    a.define(name)
    a.virsh("start", name)
    a.kill()
    a.start()
    assert a.state(name) == "running (booted)"
    a.virsh("destroy", name)
    a.virsh("undefine", name)
    assert a.files() == [], a.files()
    short = a.define("short", command="path")
    with open(short) as f:
        text = f.read()
    with open(short, "w") as f:
        f.write(text.replace("<name>short", "<name>" + 245 * "x"))
    a.fails("domain/name>: more than 244 bytes", "define", short)


def test_not_supported(a, b):
    """What virt-manager and Nova ask for first is refused by its name, or says who is
    missing, at once, and does no harm."""
    a.define()
    refused = "not supported by the connection driver: [A-Z][A-Z_]+$"
    nobody = "no daemon has libvirt's [a-z]+ driver: cannot connect to '.*'"
    for command, why in (("net-list --all", nobody), ("iface-list --all", nobody),
                         ("nodedev-list", nobody), ("pool-list --all", nobody),
                         ("secret-list", nobody), ("nwfilter-list", nobody),
                         ("nodecpumap", refused), ("cpu-models x86_64", refused),
                         ("nodecpustats", refused),
                         ("event --list; net-event --event lifecycle --timeout 1", nobody)):
        begin = time.time()
        a.fails(why, command)
        assert time.time() - begin < LIMIT, command
        out = a.try_virsh(command + "; list --all --name")[1]  # on the same connection
        assert out.split()[-1] == "vm", (command, out)


def test_failed_starts(a, b):
    a.define(words="exit-at-start")
    a.fails("process exited while connecting to monitor: the stand-in was told to end",
            "start", "vm")
    assert a.state() == "shut off (failed)", a.state()
    a.define(words="fail=query-chardev")
    a.fails("unable to execute QEMU command 'query-chardev': told to fail", "start", "vm")
    a.define(words="exit=cont")
    a.fails("cont|ended|closed", "start", "vm")
    a.fails("told to end", "create", a.define("new", words="exit-at-start", number=2,
                                              command="path"))
    assert a.virsh("list", "--all", "--name") == "vm"
    assert a.files() == [], a.files()


def test_crash(a, b):
    a.define()
    events = a.events()
    a.virsh("start", "vm")
    os.kill(a.pid(), signal.SIGKILL)
    a.expect("shut off (crashed)")
    a.virsh("start", "vm")
    os.kill(a.pid(), signal.SIGTERM)  # by an administrator: an orderly end
    a.expect("shut off (shutdown)")
    events.expect("lifecycle: Resumed Unpaused", "lifecycle: Started Booted",
                  "lifecycle: Stopped Failed",
                  "lifecycle: Resumed Unpaused", "lifecycle: Started Booted",
                  "lifecycle: Shutdown Finished after host request",
                  "lifecycle: Stopped Shutdown", kind="lifecycle")
    events.stop()
    assert a.files() == [], a.files()


def test_restart_on_poweroff(a, b):
    a.define(on_poweroff="restart")
    a.virsh("start", "vm")
    pid = a.pid()
    events = a.events()
    a.virsh("shutdown", "vm")
    events.expect("reboot", "lifecycle: Resumed Unpaused")
    events.stop()
    assert a.state() == "running (booted)" and a.pid() == pid


def test_stubborn(a, b):
    a.define(words="ignore-term")
    a.virsh("start", "vm")
    begin = time.time()
    a.virsh("destroy", "vm")
    assert time.time() - begin > 9
    assert a.state() == "shut off (destroyed)"


def test_autodestroy(a, b):
    p = subprocess.Popen(
        a.command("create --autodestroy %s ; domstate auto ; event --event lifecycle "
                  "--loop" % a.define("auto", command="path")),
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    wait_for("its start", lambda: a.state("auto") == "running (booted)")
    p.kill()
    p.wait()
    wait_for("its end", lambda: a.state("auto") is None)
    assert a.files() == [], a.files()


# ---- a monitor that misbehaves ----

def test_monitor_lost(a, b):
    """A guest outlives the connection to its monitor, which is made again."""
    a.define(words="hangup=stop")
    a.virsh("start", "vm")
    pid = a.pid()
    events = a.events()
    a.fails("monitor was closed", "suspend", "vm")
    wait_for("the stop", lambda: stopped(pid))
    wait_for("the event", lambda: ("control-error", "") in events.read())
    assert a.state() == "running (booted)"
    assert "error" in a.virsh("domcontrol", "vm")
    a.virsh("list")
    os.kill(pid, signal.SIGCONT)
    wait_for("the monitor", lambda: a.virsh("domcontrol", "vm").startswith("ok"))
    # Its command was executed all the same.
    a.expect("paused (user)")
    a.virsh("resume", "vm")
    assert a.pid() == pid
    events.expect("control-error", "lifecycle: Suspended Paused",
                  "lifecycle: Resumed Unpaused")
    events.stop()
    a.virsh("destroy", "vm")


def test_monitor_garbage(a, b):
    a.define(words="garbage=system_reset stray=stop")
    a.virsh("start", "vm")
    pid = a.pid()
    a.virsh("suspend", "vm")  # what is said besides is ignored
    a.virsh("resume", "vm")
    a.fails("not JSON", "reset", "vm")
    wait_for("the monitor", lambda: a.try_virsh("reset", "vm")[0] == 0)
    assert a.state() == "running (unpaused)" and a.pid() == pid
    # A monitor that goes with its process is the end of the guest.
    os.kill(pid, signal.SIGKILL)
    a.expect("shut off (crashed)")


def test_io_error(a, b):
    """An I/O error is why the guest stands, whoever wants it to at the same time."""
    a.define(words="io-error=system_reset")
    a.virsh("start", "vm")
    a.virsh("reset", "vm")
    a.virsh("suspend", "vm")
    assert a.state() == "paused (I/O error)", a.state()
    check_io_error(a)


def test_detach_by_target(a, b):
    """Of a disk, its target is enough."""
    path = image(a)
    a.define()
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdh", "--persistent")
    with open(os.path.join(a.root, "disk.xml"), "w") as f:
        f.write("<disk><target dev='vdh'/></disk>")
    a.virsh("detach-device", "vm", f.name, "--persistent")
    for which in (), ("--inactive",):
        assert path not in a.virsh("domblklist", "vm", *which)


# ---- devices ----

def test_plug(a, b):
    path = image(a)
    a.define()
    events = a.events()
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb")  # without driver, bus
    assert path in a.virsh("domblklist", "vm")
    assert path not in a.virsh("domblklist", "--inactive", "vm")
    a.fails("vdb", "attach-disk", "vm", path, "vdb")
    a.kill()
    a.start()  # what was plugged is known afterwards
    events.stop()
    events = a.events()
    a.virsh("detach-disk", "vm", "vdb")
    assert path not in a.virsh("domblklist", "vm")
    a.virsh("attach-disk", "vm", path, "vdb", "--persistent")
    assert path in a.virsh("domblklist", "--inactive", "vm")
    a.virsh("detach-disk", "vm", "vdb", "--persistent")
    assert path not in a.virsh("domblklist", "--inactive", "vm")
    a.virsh("attach-disk", "vm", path, "vdc", "--config")
    a.virsh("detach-disk", "vm", "vdc", "--config")
    wait_for("the events", lambda: len(events.read()) >= 3)
    kinds = [e[0] for e in events.read()]
    assert kinds == ["device-removed", "device-added", "device-removed"], events.read()
    events.stop()
    a.virsh("destroy", "vm")
    a.fails("not running", "attach-disk", "vm", path, "vdb")


def test_plug_failure(a, b):
    path = image(a)
    a.define(words="fail=device_add")
    a.virsh("start", "vm")
    for _ in range(2):  # the nodes are gone again, or the second time would differ
        a.fails("'device_add': told to fail", "attach-disk", "vm", path, "vdb",
                "--persistent")
    assert path not in a.virsh("domblklist", "vm")
    assert path not in a.virsh("domblklist", "--inactive", "vm")


def test_plug_half(a, b):
    """What is to change both definitions changes both or neither."""
    path, config = image(a), None
    a.define()
    for folder, _, names in os.walk(a.root):
        if "vm.xml" in names and folder != a.root:
            config = folder
    a.virsh("start", "vm")
    both = ("--live", "--config")
    change = (("attach-disk", "vm", path, "vdb"), ("detach-disk", "vm", "vdb"))
    for command, there in zip(change, (False, True)):
        os.rename(config, config + ".away")  # nothing can be written
        a.fails("No such file", *command, *both)
        os.rename(config + ".away", config)
        for which in (), ("--inactive",):
            assert (path in a.virsh("domblklist", "vm", *which)) == there
        a.virsh(*command, *both)
    # Only the last step fails.
    os.rename(config + "/vm.xml", config + "/saved")
    os.mkdir(config + "/vm.xml")
    a.fails("cannot replace", *change[0], *both)
    os.rmdir(config + "/vm.xml")
    os.rename(config + "/saved", config + "/vm.xml")
    assert path not in a.virsh("domblklist", "vm") + a.virsh("domblklist", "--inactive", "vm")
    a.virsh(*change[0], *both)
    a.virsh(*change[1], *both)
    # The live part fails: nothing is left of the other.
    a.define(words="fail=device_add")
    a.virsh("destroy", "vm")
    a.virsh("start", "vm")
    a.fails("told to fail", *change[0], *both)
    assert path not in a.virsh("domblklist", "--inactive", "vm")
    assert not [n for n in os.listdir(config) if "staged" in n]


def test_unplug_pending(a, b):
    """A guest that takes its time: as with libvirt, the call succeeds, and the device
    goes when the guest lets go of it."""
    path = image(a)
    a.define(words="late-device")
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb", "--persistent")
    a.virsh("detach-disk", "vm", "vdb", "--persistent")
    assert path in a.virsh("domblklist", "vm")
    assert path not in a.virsh("domblklist", "--inactive", "vm")
    # A new daemon asks for the state, which is when this guest lets go.
    a.kill()
    a.start()
    wait_for("the removal", lambda: path not in a.virsh("domblklist", "vm"))
    a.virsh("attach-disk", "vm", path, "vdb")


def test_unplug_refused(a, b):
    """The guest's refusal ends the wait, and nothing has changed."""
    path = image(a)
    a.define(words="refuse-device")
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb", "--persistent")
    events = a.events()
    a.fails("rejected by the guest", "detach-disk", "vm", "vdb", "--persistent")
    for which in (), ("--inactive",):
        assert path in a.virsh("domblklist", "vm", *which)
    events.expect("device-removal-failed: virtio-disk1")
    events.stop()


def stopped(pid):
    return process_state(pid) == "T"


def start_stalled(a, command, name="vm", number=1):
    """A plug that the emulator does not answer: virsh, the emulator's PID, and the
    number of the block nodes."""
    a.define(name, words="stall=" + command, number=number)
    a.virsh("start", name)
    node = a.next_node(name)
    p = subprocess.Popen(a.command("attach-disk", name, image(a, name + ".img"), "vdb"),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    pid = a.pid(name)
    wait_for("the stall of " + command, lambda: stopped(pid))
    return p, pid, node


def plug_again(a, name="vm"):
    """Nothing is left of an earlier attempt: a stand-in refuses names it has, and one
    that has the image open has it in a set."""
    path = os.path.join(a.root, name + ".img")
    # A q35's is shown until it has gone.
    wait_for("the disk's end", lambda: path not in a.virsh("domblklist", name))
    wait_for("the image's end", lambda: path not in open_paths(a.pid(name)))
    a.virsh("attach-disk", name, path, "vdb")
    assert path in a.virsh("domblklist", name)
    assert open_paths(a.pid(name)).count(path) == 1
    a.virsh("detach-disk", name, "vdb")
    wait_for("the image's end", lambda: path not in open_paths(a.pid(name)))


def test_plug_daemon_death(a, b):
    for number, command in enumerate(("add-fd", "blockdev-add", "device_add")):
        name = "vm%d" % number
        p, pid, node = start_stalled(a, command, name, number)
        a.kill()
        p.communicate()
        a.start()
        os.kill(pid, signal.SIGCONT)
        plug_again(a, name)
        log = open(a.log).read()
        left = re.findall(r"'%s': removing (.*), which" % name, log)
        nodes = ["block node 'libvirt-%d-%s'" % (node, n) for n in ("format", "storage")]
        # On a q35 the guest has to let go of it; its nodes go with it then.
        device = ["device 'virtio-disk1'"] + nodes * (a.machine == "microvm")
        assert left == ([], nodes[1:], device)[number], log
        # Not even its number was used again.
        assert a.next_node(name) == node + 2


def test_plug_old_emulator(a, b):
    """One that cannot tell what it has is no reason not to plug."""
    path = image(a)
    a.define(words="lacks=qom-list")
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb")
    a.kill()
    a.start()
    a.virsh("detach-disk", "vm", "vdb")
    a.virsh("attach-disk", "vm", path, "vdb")


def test_plug_stalled(a, b):
    """What times out is undone when it is done at last."""
    stalled = [start_stalled(a, command, "vm%d" % number, number)
               for number, command in enumerate(("blockdev-add", "device_add"), 1)]
    for p, pid, _ in stalled:
        _, err = p.communicate(timeout=2 * LIMIT)
        assert p.returncode != 0 and "did not answer" in err, err
        os.kill(pid, signal.SIGCONT)
    for number, (_, _, node) in enumerate(stalled, 1):
        wait_for("the removal", lambda: "'vm%d': removing block node 'libvirt-%d-storage'"
                 % (number, node) in open(a.log).read())
        plug_again(a, "vm%d" % number)
    assert "removing device 'virtio-disk1'" in open(a.log).read()


def test_unplug_daemon_death(a, b):
    path = image(a)
    a.define(words="alone-device")
    a.virsh("start", "vm")
    a.virsh("attach-disk", "vm", path, "vdb")
    a.virsh("detach-disk", "vm", "vdb")
    assert path in a.virsh("domblklist", "vm")
    a.kill()
    a.start()
    wait_for("the removal", lambda: path not in a.virsh("domblklist", "vm"))
    wait_for("the status file",  # written by a worker, after lists show it
             lambda: path not in open(a.run_dir + "/vm.status").read())
    a.virsh("attach-disk", "vm", path, "vdb")


# ---- what devices have of the host ----

def test_files(a, b):
    """The emulator is given all that it opens (or the stand-in fails): images stay open
    there, once each, and nowhere else."""
    disk, other, cdrom = image(a), image(a, "other,with comma.img"), image(a, "ro.img")
    os.chmod(cdrom, 0o400)
    rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    a.define(devices=DISK.format(path=disk, target="vda", cache="cache='none'", more="") +
             DISK.format(path=other, target="vdb", cache="", more="") +
             DISK.format(path=cdrom, target="vdc", cache="", more="<readonly/>") + rng)
    a.virsh("start", "vm")
    for path, times in (disk, 1), (other, 1), (cdrom, 1), (a.kernel, 0), \
            ("/dev/urandom", 0), ("/dev/kvm", 0):
        assert open_paths(a.pid()).count(path) == times, (path, open_paths(a.pid()))
        assert path not in open_paths(a.process.pid), path
    a.virsh("destroy", "vm")
    a.virsh("start", "vm", "--paused")
    assert a.kernel not in open_paths(a.pid())


def test_files_daemon_death(a, b):
    """Sets that a start has made are removed by whichever daemon comes to it."""
    disk = image(a)
    a.define(words="stall=query-fdsets",
             devices=DISK.format(path=disk, target="vda", cache="", more=""))
    p = subprocess.Popen(a.command("start", "vm"), stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid_file = a.run_dir + "/vm.pid"  # empty until there is one
    wait_for("the process", lambda: os.path.exists(pid_file) and
             os.path.getsize(pid_file) > 0 and stopped(a.pid()))
    assert a.kernel in open_paths(a.pid())
    a.kill()
    p.wait()
    os.kill(a.pid(), signal.SIGCONT)
    a.start()
    wait_for("the removal", lambda: [open_paths(a.pid()).count(path) for path in
                                     (a.kernel, disk)] == [0, 1])


def test_files_missing(a, b):
    """What cannot be opened is named, with the reason, and nothing stays."""
    disk, gone = image(a), os.path.join(a.root, "gone.img")
    both = (DISK.format(path=disk, target="vda", cache="", more="") +
            DISK.format(path=gone, target="vdb", cache="", more=""))
    a.define(devices=both)
    a.fails("^error: Failed to start domain 'vm'\n"
            "error: Cannot access storage file '%s': No such file or directory$" % gone,
            "start", "vm")
    assert a.files() == [] and disk not in open_paths(a.process.pid)
    a.define(devices="<rng model='virtio'><backend model='random'>/dev/gone</backend></rng>")
    a.fails("Failed to open file '/dev/gone': No such file", "start", "vm")
    a.define()
    a.virsh("start", "vm")
    a.fails("Cannot access storage file '%s': No such file" % gone, "attach-disk", "vm",
            gone, "vdb")
    os.mkdir(gone)
    a.fails("'%s': Is a directory" % gone, "attach-disk", "vm", gone, "vdb")
    os.rmdir(gone)
    a.virsh("attach-disk", "vm", image(a, "gone.img"), "vdb")


def test_files_failed_plug(a, b):
    """A plug that fails takes its set back, whichever of its steps has failed."""
    path = image(a)
    for number, command in enumerate(("add-fd", "blockdev-add", "device_add")):
        name = "vm%d" % number
        a.define(name, words="fail=" + command, number=number)
        a.virsh("start", name)
        a.fails("told to fail", "attach-disk", name, path, "vdb")
        assert path not in open_paths(a.pid(name)) + open_paths(a.process.pid), command


def test_unix_serial(a, b):
    """The socket is the VM's: no file is lost for it, no other's is taken, none stays."""
    path = os.path.join(a.root, "serial.sock")
    serial = "<serial type='unix'><source mode='bind' path='%s'/></serial>" % path
    a.define(devices=serial)
    a.define("other", devices=serial, number=2)
    with open(path, "w") as f:
        f.write("a disk")
    a.fails("serial.sock.*File exists", "start", "vm")
    assert open(path).read() == "a disk"
    os.remove(path)
    a.virsh("start", "vm")
    inode = os.stat(path).st_ino
    a.fails("serial.sock.*in use", "start", "other")
    assert os.stat(path).st_ino == inode
    a.kill()
    kill_process(a.pid())
    a.start()  # clears up after it
    assert not os.path.exists(path)
    a.virsh("start", "other")
    a.virsh("destroy", "other")
    assert not os.path.exists(path)


# ---- console ----

def test_console(a, b):
    a.define()
    a.fails("not running", "console", "vm", "--force")
    a.virsh("start", "vm")
    pid, fd = open_console(a)
    read_tty(fd, b"Escape character")
    assert b"HELLO" in type_until(fd, b"hello\n", b"HELLO")
    other, other_fd = open_console(a)
    assert b"Active console session exists" in read_tty(other_fd, b"exists")
    os.waitpid(other, 0)
    forced, forced_fd = open_console(a, "--force")
    read_tty(forced_fd, b"Escape character")
    assert b"AGAIN" in type_until(forced_fd, b"again\n", b"AGAIN")
    os.waitpid(pid, 0)  # the first has ended
    a.virsh("destroy", "vm")
    os.waitpid(forced, 0)
    os.close(fd)
    os.close(other_fd)
    os.close(forced_fd)
    a.virsh("start", "vm")
    pid, fd = open_console(a)  # and is free again
    read_tty(fd, b"Escape character")
    assert b"ONCE MORE" in type_until(fd, b"once more\n", b"ONCE MORE")
    os.write(fd, b"\x1d")
    os.waitpid(pid, 0)
    os.close(fd)


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both=
                  "io_error detach_by_target plug plug_failure unplug_pending "
                  "unplug_refused plug_daemon_death plug_old_emulator "
                  "unplug_daemon_death files files_missing"))
