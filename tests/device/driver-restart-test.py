#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon that ends and starts again while VMs run, and what it then knows of them.
Under stock virsh, with a stand-in for the emulator. Skipped (77) where there is no virsh.

    driver-restart-test.py [NAME...]    runs all tests, or those named
"""
import fcntl
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from driver_daemon import (DAEMON, EMULATOR, LIMIT, image, kill_process, main, migrate,
                           wait_for, wrapper)


def test_daemon_death(a, b):
    a.define()
    a.define("ends", number=2)
    a.define("off", number=3)
    a.virsh("start", "vm")
    a.virsh("start", "ends")
    a.virsh("start", "--paused", "off")
    pid, ends = a.pid(), a.pid("ends")
    xml = a.virsh("dumpxml", "vm")
    a.kill()
    kill_process(ends)
    a.start()
    assert a.pid() == pid
    assert a.state() == "running (booted)"
    a.expect("paused (user)", "off")
    assert a.state("ends").startswith("shut off")
    assert a.virsh("dumpxml", "vm") == xml
    a.virsh("suspend", "vm")
    a.stop()  # an orderly end leaves it alone, too
    a.start()
    a.expect("paused (user)")
    a.virsh("resume", "vm")
    a.virsh("destroy", "vm")
    a.virsh("start", "ends")
    assert a.virsh("domid", "ends") not in ("1", "2", "3")
    a.virsh("destroy", "ends")
    a.virsh("destroy", "off")
    assert a.files() == [], a.files()


def test_files_of_another(a, b):
    """At its end it removes what it has made, not what has that name by now."""
    paths = [a.root + "/run/libvirt/virtvireod-sock", a.root + "/run/virtvireod.pid"]
    for path in paths:
        os.rename(path, path + ".old")
        open(path, "w").close()
    a.stop()
    for path in paths:
        assert os.path.getsize(path) == 0, path
        os.rename(path + ".old", path)  # those of one that was killed
    a.start()
    a.stop()
    assert not [path for path in paths if os.path.exists(path)]
    a.start()


def test_daemon_death_reboot(a, b):
    """A guest that shuts down meanwhile is reset if that was the wish, or else ended."""
    a.define(words="late-shutdown")
    a.virsh("start", "vm")
    pid = a.pid()
    a.virsh("reboot", "vm")
    a.kill()
    a.start()
    assert a.pid() == pid
    wait_for("the wish to be forgotten", lambda: '"reboot-wanted" : false' in
             open(a.run_dir + "/vm.status").read())
    a.expect("running (booted)")
    a.virsh("shutdown", "vm")
    a.kill()
    a.start()
    a.expect("shut off (shutdown)")
    assert a.files() == [], a.files()


def test_daemon_death_hung(a, b):
    """An emulator that does not answer keeps nobody else waiting."""
    a.define()
    a.define("other", number=2)
    a.virsh("start", "vm")
    a.virsh("start", "other")
    pid = a.pid()
    os.kill(pid, signal.SIGSTOP)
    for _ in range(3):  # more than its monitor's queue holds
        a.kill()
        begin = time.time()
        a.start()
        assert time.time() - begin < 25  # a command may take 30 seconds
        assert a.state() == "running (booted)"
        assert a.virsh("list", "--name").split() == ["vm", "other"]
        a.virsh("suspend", "other")
        a.virsh("resume", "other")
    waiting = subprocess.Popen(a.command("suspend", "vm"), stdin=subprocess.DEVNULL)
    assert a.state() == "running (booted)"
    os.kill(pid, signal.SIGCONT)
    assert waiting.wait(LIMIT) == 0
    assert a.state() == "paused (user)"
    a.stop()
    os.kill(pid, signal.SIGSTOP)
    a.start()
    assert a.state() == "paused (user)"
    a.stop()  # which does not wait for it, either
    a.start()
    events = a.events()
    os.kill(pid, signal.SIGKILL)
    a.expect("shut off (crashed)")
    events.expect("lifecycle: Stopped Failed", kind="lifecycle")
    events.stop()
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    a.virsh("destroy", "other")
    assert a.files() == [], a.files()


def test_daemon_death_status(a, b):
    """A VM whose status file cannot be read can be destroyed, and is not harmed before."""
    a.define()
    a.define("other", number=2)
    transient = a.define("transient", number=3, command="path")
    for name in ("vm", "other"):
        a.virsh("start", name)
    a.virsh("create", transient)
    a.kill()
    texts = {"vm": None, "transient": "{"}
    for name in texts:
        path = "%s/%s.status" % (a.run_dir, name)
        with open(path) as f:
            texts[name] = texts[name] or f.read().replace('"status-version" : 1',
                                                          '"status-version" : 99')
        with open(path, "w") as f:
            f.write(texts[name])
    a.start()
    pids = str(a.pid()), str(a.pid("transient"))
    assert a.state() == "running (unknown)", a.state()
    assert a.virsh("domid", "vm") not in ("1", "2", "3")
    a.virsh("suspend", "other")  # the ID was not taken away from it
    a.fails("already active|already running", "start", "vm")
    for command in (("suspend", "vm"), ("reboot", "vm"), migrate(a, b)):
        a.fails("status file.* could not be read", *command)
    assert b.state() is None
    assert open(a.run_dir + "/vm.status").read() == texts["vm"]
    a.fails("transient.pid.*process %s holds it" % pids[1], "create", transient)
    log = open(a.log).read()
    for pid, name in zip(pids, texts):
        assert "process %s of domain '%s' runs, but its status file" % (pid, name) in log
    a.stop()
    a.start()  # again
    a.virsh("destroy", "vm")
    assert a.state() == "shut off (destroyed)"
    assert "vm.status" not in a.files() and "vm.pid" not in a.files()
    a.virsh("start", "vm")
    assert a.state() == "running (booted)"
    os.kill(int(pids[1]), signal.SIGKILL)
    wait_for("its end", lambda: a.try_virsh("create", transient)[0] == 0)
    for name in ("vm", "other", "transient"):
        a.virsh("destroy", name)


# ---- "I could not find out" is not "it has ended" ----

def start_many(a, n):
    names = ["vm%d" % i for i in range(n)]
    for number, name in enumerate(names, 1):
        a.define(name, number=number)
        a.virsh("start", name)
    return {name: a.pid(name) for name in names}


def check_kept(a, pids):
    """Every VM is listed as active, none can be started, and its files are there."""
    listed = a.virsh("list", "--name").split()
    assert sorted(listed) == sorted(pids), listed
    for name, pid in pids.items():
        a.fails("already active", "start", name)
        assert a.pid(name) == pid
        os.kill(pid, 0)
        assert name + ".status" in a.files()


def check_known(a, pids):
    """They are managed as before, soon if not at once."""
    for name, pid in pids.items():
        a.expect("running (booted)", name)
        wait_for(name, lambda: a.try_virsh("suspend", name)[0] == 0)
        a.virsh("resume", name)
        assert a.pid(name) == pid
        a.virsh("destroy", name)
    assert a.files() == [], a.files()


def hide(path):
    """It is there, but cannot be opened: it leads to itself."""
    os.rename(path, path + ".away")
    os.symlink(path, path)


def unhide(path):
    os.rename(path + ".away", path)


def test_no_descriptors(a, b):
    """A daemon without descriptors for all VMs does not take them for ended."""
    pids = start_many(a, 6)
    a.kill()
    a.start(wrapper=["prlimit", "--nofile=20:20"], serves=False)
    wait_for("the shortage", lambda: "Too many open files" in open(a.log).read())
    a.kill()
    a.start()
    check_kept(a, pids)
    check_known(a, pids)


def test_unknown(a, b):
    """Neither running nor ended: it is kept, and neither started nor destroyed."""
    pids = start_many(a, 3)
    a.kill()
    kill_process(pids["vm2"])
    for name in pids:
        hide("%s/%s.pid" % (a.run_dir, name))
    a.start()
    assert sorted(a.virsh("list", "--name").split()) == sorted(pids)
    events = a.events()
    for number, name in enumerate(pids, 1):
        assert a.state(name) == "running (booted)"
        for command in "destroy", "suspend", "shutdown":
            a.fails("could not be found out", command, name)
        a.fails("could not be found out", "create",
                a.define(name, number=number, command="path"))
        assert name + ".status" in a.files()
    for name in pids:
        unhide("%s/%s.pid" % (a.run_dir, name))
    a.expect("shut off (unknown)", "vm2")
    wait_for("the event", lambda: events.read("vm2") == [("lifecycle", "Stopped Failed")])
    events.stop()
    a.virsh("start", "vm2")
    pids["vm2"] = a.pid("vm2")
    check_known(a, pids)


def spoil(path, how):
    """What others can do to a PID file."""
    if how == "emptied":
        os.truncate(path, 0)
        return
    os.remove(path)
    if how == "replaced":
        open(path, "w").close()
    elif how == "fifo":
        os.mkfifo(path)


def test_pid_file_lost(a, b):
    """A VM outlives its PID file, whatever has become of that."""
    pids = start_many(a, 4)
    a.kill()
    for name, how in zip(pids, ("removed", "replaced", "emptied", "fifo")):
        spoil("%s/%s.pid" % (a.run_dir, name), how)
    a.start()
    for name, pid in pids.items():
        a.fails("already active", "start", name)
        a.expect("running (booted)", name)
        a.virsh("suspend", name)
        os.kill(pid, 0)
    a.kill()
    kill_process(pids["vm0"])
    a.start()
    a.expect("shut off (unknown)", "vm0")
    for name in list(pids)[1:]:
        a.expect("paused (user)", name)
        a.virsh("destroy", name)
    assert a.files() == [], a.files()
    a.virsh("start", "vm3")
    a.virsh("destroy", "vm3")


def test_no_regular_files(a, b):
    """What would never come to an end is not read, and keeps nobody waiting."""
    pids = start_many(a, 2)
    a.define("off", number=8)
    a.kill()
    status = a.run_dir + "/vm0.status"
    config = a.root + "/etc/libvirt/vireo/off.xml"
    for path in status, config:
        os.rename(path, path + ".away")
    os.mkfifo(status)
    os.symlink("/dev/zero", config)
    a.start()
    assert sorted(a.virsh("list", "--all", "--name").split()) == ["vm0", "vm1"]
    a.fails("already active", "start", "vm0")
    for path in status, config:
        unhide(path)
    check_known(a, pids)
    a.stop()
    a.start()
    assert a.state("off") == "shut off (unknown)"


def test_no_proc(a, b):
    """/proc tells neither which boot this is, nor when a process has started."""
    pids = start_many(a, 2)
    a.kill()
    a.start(wrapper=["unshare", "-m", "sh", "-c",
                     "mount -t tmpfs none /proc && exec \"$@\"", "-"])
    check_kept(a, pids)
    for name in pids:
        a.virsh("suspend", name)
        a.virsh("resume", name)
    a.kill()
    a.start()
    for name in pids:
        a.expect("running (unpaused)", name)
        a.virsh("destroy", name)
    assert a.files() == [], a.files()


def test_unreadable_status(a, b):
    """What cannot be read now is read later, and nothing is lost until then."""
    pids = start_many(a, 2)
    transient = a.define("transient", number=9, command="path")
    a.virsh("create", transient)
    pids["transient"] = a.pid("transient")
    a.kill()
    for name in pids:
        hide("%s/%s.status" % (a.run_dir, name))
    a.start()
    assert a.virsh("list", "--name").split() == ["vm0", "vm1"]
    a.fails("already active", "start", "vm0")
    a.fails("holds it", "create", transient)
    for name in pids:
        unhide("%s/%s.status" % (a.run_dir, name))
    wait_for("the transient one", lambda: a.state("transient") == "running (booted)")
    check_known(a, pids)


def test_unreadable_directory(a, b):
    """A daemon that cannot list what there is does not serve."""
    pids = start_many(a, 1)
    a.kill()
    config = a.root + "/etc/libvirt/vireo"
    for path in config, a.run_dir:
        hide(path)
        p = subprocess.run([DAEMON, "--prefix-dir", a.root, "--emulator", a.emulator],
                           capture_output=True, text=True, timeout=LIMIT)
        assert p.returncode == 1 and path in p.stderr, p
        os.remove(path)  # rename would not replace it by a directory
        unhide(path)
    a.start()
    check_known(a, pids)


def test_unreadable_definition(a, b):
    """What cannot be read now is read later, and is not replaced by another until then."""
    a.define()
    path = a.root + "/etc/libvirt/vireo/vm.xml"
    a.kill()
    hide(path)
    a.start()
    assert a.state() is None
    events = a.events()
    a.fails("could not be read", "define", a.define(number=7, command="path"))
    a.virsh("create", a.define(command="path"))  # it runs, and is transient until then
    with open(path + ".away", encoding="utf-8") as f:
        text = f.read()
    unhide(path)
    wait_for("the definition", lambda: "yes" in re.search(
        "Persistent: *(.*)", a.virsh("dominfo", "vm")).group(1))
    wait_for("the event", lambda: ("lifecycle", "Defined Added") in events.read("vm"))
    events.stop()
    a.virsh("destroy", "vm")
    a.expect("shut off (destroyed)")
    a.fails("already exists", "define", a.define(number=7, command="path"))
    with open(path, encoding="utf-8") as f:
        assert f.read() == text


def test_unreadable_definition_clash(a, b):
    """While another has its name, what can be read waits, and that is said once."""
    a.define()
    path = a.root + "/etc/libvirt/vireo/vm.xml"
    a.kill()
    hide(path)
    a.start()
    a.virsh("create", a.define(number=7, command="path"))
    unhide(path)
    wait_for("the line", lambda: "domain 'vm' is not known yet" in open(a.log).read())
    a.virsh("destroy", "vm")
    a.expect("shut off (unknown)")
    log = open(a.log).read()
    assert log.count("is not known yet") == 1, log


def test_damaged_definition(a, b):
    """What can be read, and means nothing, is not replaced either."""
    a.define()
    path = a.root + "/etc/libvirt/vireo/vm.xml"
    a.kill()
    with open(path, "w", encoding="utf-8") as f:
        f.write("<domain")
    a.start()
    assert a.state() is None
    a.fails("could not be read", "define", a.define(command="path"))
    with open(path, encoding="utf-8") as f:
        assert f.read() == "<domain"


# ---- what an emulator has ----

def test_probe_daemon_death(a, b):
    """A probe ends with the daemon that has begun it."""
    path = os.path.join(a.root, "silent")
    with open(path, "w") as f:
        f.write("#!/bin/sh\necho $$ >%s.pid.new && mv %s.pid.new %s.pid\nexec sleep 1000\n"
                % (path, path, path))
    os.chmod(path, 0o755)
    xml = a.define(devices="<emulator>%s</emulator>" % path, command="path")
    p = subprocess.Popen(a.command("define", xml), stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("the probe", lambda: os.path.exists(path + ".pid"))
    pidfd = os.pidfd_open(int(open(path + ".pid").read()))
    a.kill()
    p.wait()
    assert select.select([pidfd], [], [], LIMIT)[0], "it runs still"
    os.close(pidfd)
    a.start()
    assert a.files() == [], a.files()


def test_other_binary(a, b):
    """A VM is treated by what its running emulator has, not its binary of today."""
    emulator = wrapper(a, "-without", "virtio-blk-device")
    a.define(devices="<emulator>%s</emulator>" % emulator)
    a.virsh("start", "vm")
    refusal = "emulator '%s' does not have device 'virtio-blk-device'" % emulator
    attach = "attach-disk", "vm", image(a), "vdb"
    a.fails(refusal, *attach, "--live")
    path = a.run_dir + "/vm.status"
    wrapper(a)
    for forget in False, True:
        a.kill()
        if forget:  # as an older daemon has written it: the emulator is asked
            with open(path) as f:
                status = json.load(f)
            del status["has"]
            with open(path, "w") as f:
                json.dump(status, f)
        a.start()
        a.expect("running (booted)")
        a.fails(refusal, *attach, "--live")
    a.virsh(*attach, "--config")
    a.virsh("destroy", "vm")
    a.virsh("start", "vm")  # the new binary
    assert "vdb" in a.virsh("domblklist", "vm")


# ---- what others could choose ----

def test_stranger_holds_pid_file(a, b):
    """Nobody else can have the lock; of an older daemon's file, its holder is checked."""
    pid_file = a.root + "/run/virtvireod.pid"
    a.define()
    a.virsh("start", "vm")
    for path in pid_file, a.run_dir + "/vm.pid":
        assert os.stat(path).st_mode & 0o777 == 0o600, path
    # The emulator is gone, its number is that of a stranger, and a third has the lock.
    pid = a.pid()
    stranger = subprocess.Popen(["sleep", "1000"])
    a.kill()
    kill_process(pid)
    locks = []
    for path, number in (pid_file, a.process.pid), (a.run_dir + "/vm.pid", stranger.pid):
        wait_for("its end", lambda: subprocess.run(["flock", "-n", path, "true"]
                                                   ).returncode == 0)
        with open(path, "w") as f:
            f.write("%d\n" % number)
        os.chmod(path, 0o644)
        locks.append(open(path))
        fcntl.flock(locks[-1], fcntl.LOCK_SH)
    a.start()
    assert a.state().startswith("shut off"), a.state()
    a.fails("not running", "destroy", "vm")
    assert stranger.poll() is None
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    stranger.kill()
    stranger.wait()


# ---- what is left behind ----

def test_leftovers(a, b):
    """Old memory is no other guest's; interrupted writes and old files go."""
    lib, config = a.root + "/var/lib/libvirt/vireo", a.root + "/etc/libvirt/vireo"
    memory = "<memoryBacking><source type='file'/><access mode='shared'/></memoryBacking>"
    path = a.define(command="path")
    with open(path) as f:
        text = f.read().replace("<os>", memory + "<os>", 1)
    with open(path, "w") as f:
        f.write(text)
    a.virsh("define", path)
    a.virsh("start", "vm")
    args = open("/proc/%d/cmdline" % a.pid()).read()
    ram = re.search(re.escape(lib) + r"/ram-[-0-9a-f]+", args).group()
    assert re.search("ram-[0-9a-f]{8}-", ram)
    assert os.stat(ram).st_mode & 0o777 == 0o600
    a.kill()
    left = [lib + "/ram-1", config + "/vm.xml.new", config + "/vm.xml.staged",
            a.run_dir + "/vm.status.new", a.run_dir + "/gone.pid"]
    for name in left:
        open(name, "w").close()
    os.mkdir(a.run_dir + "/domain-77-gone")
    gone = socket.socket(socket.AF_UNIX)
    gone.bind(a.run_dir + "/domain-77-gone/monitor.sock")
    gone.close()
    a.start()
    for name in left + [a.run_dir + "/domain-77-gone"]:
        assert not os.path.exists(name), name
    assert os.path.exists(ram)  # it runs
    a.virsh("suspend", "vm")
    a.virsh("destroy", "vm")
    assert not os.path.exists(ram)
    for name in ram, lib + "/ram-1", lib + "/ram-2", lib + "/ram-3":
        with open(name, "w") as f:
            f.write("secret")
    a.virsh("start", "vm")
    args = open("/proc/%d/cmdline" % a.pid()).read()
    ram = re.search(re.escape(lib) + r"/ram-[-0-9a-f]+", args).group()
    assert os.stat(ram).st_size == 0  # a new one
    a.virsh("destroy", "vm")


def test_log_limit(a, b):
    log = a.root + "/var/log/libvirt/vireo/vm.log"
    a.define()
    for i in range(6):
        with open(log, "a") as f:
            f.truncate(3 << 20)
        a.virsh("start", "vm")
        assert os.stat(log).st_size < 1 << 20
        a.virsh("destroy", "vm")
    assert sorted(n for n in os.listdir(os.path.dirname(log))) == \
        ["vm.log", "vm.log.0", "vm.log.1", "vm.log.2"]
    # That of one that runs is cut, and it goes on writing to it.
    a.virsh("start", "vm")
    out = open("/proc/%d/fd/2" % a.pid(), "a")
    assert os.stat(log).st_ino == os.fstat(out.fileno()).st_ino
    os.truncate(log, 3 << 20)
    wait_for("the cut", lambda: os.stat(log).st_size < 1 << 20)
    assert os.stat(log).st_ino == os.fstat(out.fileno()).st_ino
    assert os.stat(log + ".0").st_size == 2 << 20


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both="daemon_death leftovers"))
