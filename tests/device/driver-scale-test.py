#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nobody waits for another: many clients and calls, emulators that stand still, a disk
that does not answer. Skipped (77) where there is no virsh.

    driver-scale-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import signal
import struct
import subprocess
import sys

from driver_daemon import (BUILD, DISK, EMULATOR, LIMIT, image, kill_process, main,
                           process_state, start_slow, wait_for)
from driver_rpc import (COUNT, DESTROY, GET_STATE, OK, OPEN_CONSOLE, RESET, Rpc, domain)

GATE = os.path.join(BUILD, "tests/device/sync-gate.so")
FLAGS = b"\0\0\0\0"


class Gate:
    """The daemon's fsync (open, stat) of what ends in a word does not return while it is
    closed."""

    def __init__(self, a):
        assert os.path.exists(GATE), "make check builds it"
        self.base = self.path = os.path.join(a.root, "gate")
        self.env = {"LD_PRELOAD": GATE, "SYNC_GATE": self.base}
        a.stop()
        a.start(env=self.env)

    def close(self, word, call="fsync"):
        self.path = "%s.%s" % (self.base, call)
        with open(self.path + ".new", "w") as f:
            f.write(word)
        os.rename(self.path + ".new", self.path)

    def open(self, call=None):
        os.remove("%s.%s" % (self.base, call) if call else self.path)


def read_quietly(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def count_threads(a, name):
    tasks = "/proc/%d/task" % a.process.pid
    return [read_quietly("%s/%s/comm" % (tasks, task)).strip()
            for task in os.listdir(tasks)].count(name)


def start_many(a, n):
    names = ["vm%d" % i for i in range(1, n + 1)]
    for number, name in enumerate(names, 1):
        a.define(name, number=number)
        a.virsh("start", name)
    return names


def test_destroys(a, b):
    """Calls that wait for one VM's end take no worker from others."""
    a.define(words="ignore-term")
    a.define("other", number=2)
    a.virsh("start", "vm")
    pid = a.pid()
    clients = [Rpc(a) for _ in range(3)]
    for rpc in clients:
        for _ in range(32):
            rpc.send(DESTROY, domain(1))
    assert a.virsh("list", "--name") == "vm"
    a.virsh("start", "other")
    assert a.state("other") == "running (booted)"
    os.kill(pid, 0)  # it has not ended: nothing has waited for that
    for rpc in clients:
        assert rpc.poll() == 32, rpc.poll()
    os.kill(pid, signal.SIGKILL)
    for rpc in clients:
        assert all(rpc.wait(serial)[0] == OK for serial in range(3, 35))
    assert a.state() == "shut off (destroyed)"


def test_stopped(a, b):
    """Calls that wait for an emulator that stands still take no worker from others."""
    a.define()
    a.define("other", number=2)
    a.virsh("start", "vm")
    pid = a.pid()
    os.kill(pid, signal.SIGSTOP)
    clients = [Rpc(a) for _ in range(6)]
    for rpc in clients:
        for _ in range(32):
            rpc.send(RESET, domain(1) + FLAGS)
    a.virsh("start", "other")
    a.virsh("suspend", "other")
    assert a.virsh("list", "--name").split() == ["vm", "other"]
    assert sum(rpc.poll() for rpc in clients) > 0  # they wait still
    os.kill(pid, signal.SIGCONT)
    for rpc in clients:
        for serial in range(3, 35):
            status, payload = rpc.wait(serial)
            assert status == OK or b"max_queued" in payload, payload
    a.virsh("reset", "vm")


def test_many_clients(a, b):
    """All calls of 50 clients with 32 each are answered, and none refused, but for those
    that are for an emulator that stands still."""
    a.define("other", number=2)
    a.define()
    a.virsh("start", "other")
    a.virsh("start", "vm")
    pid = a.pid()
    os.kill(pid, signal.SIGSTOP)
    clients = [Rpc(a) for _ in range(50)]
    for i in range(32):
        for rpc in clients:
            if i < 4:
                rpc.send(RESET, domain(1) + FLAGS)
            elif i % 8:
                rpc.send(GET_STATE, domain(1) + FLAGS)
            else:
                rpc.send(RESET, domain(2, "other") + FLAGS)
    for rpc in clients:
        for serial in range(7, 35):
            status, payload = rpc.wait(serial)
            assert status == OK, payload
    assert sum(rpc.poll() for rpc in clients) > 0, "they have not waited for it"
    os.kill(pid, signal.SIGCONT)
    for rpc in clients:
        for serial in range(3, 7):
            status, payload = rpc.wait(serial)
            assert status == OK or b"max_queued" in payload, payload


def test_console_not_read(a, b):
    """A console that the guest does not read holds up nothing else of its connection, and
    what was typed arrives when it is read."""
    a.define()
    a.virsh("start", "vm")
    pid = a.pid()
    rpc = Rpc(a)
    console = rpc.send(OPEN_CONSOLE, domain(1) + struct.pack(">I", 0) + FLAGS)
    assert rpc.wait(console)[0] == OK
    os.kill(pid, signal.SIGSTOP)
    for _ in range(12):  # many times what a pty takes
        rpc.send_data(OPEN_CONSOLE, console, b"x" * 65536)
    rpc.ping()
    status, payload = rpc.wait(rpc.send(COUNT, b""))
    assert (status, payload) == (OK, struct.pack(">I", 1)), payload
    while not rpc.pongs:
        rpc.read()
    assert console not in rpc.data  # the guest has not answered
    os.kill(pid, signal.SIGCONT)
    while len(rpc.data.get(console, b"")) < 12 * 65536:
        rpc.read()
    assert rpc.data[console] == b"X" * 12 * 65536


def test_descriptors(a, b):
    """A VM takes two descriptors of the daemon, and gives them back."""
    def count():
        return len(os.listdir("/proc/%d/fd" % a.process.pid))

    start_many(a, 2)
    before = count()
    names = []
    for number in range(3, 13):
        name = "more%d" % number
        names.append(name)
        a.define(name, number=number)
        a.virsh("start", name)
    wait_for("the end of connections", lambda: count() - before <= 2 * len(names))
    for name in names:
        a.virsh("destroy", name)
    wait_for("descriptors", lambda: count() <= before)


def test_slow_end(a, b):
    """What ends on a slow disk keeps neither other VMs nor the lists waiting."""
    gate = Gate(a)
    names = start_many(a, 10)
    gate.close("/run/libvirt/vireo")  # the directory of status files
    for name in names[:9]:
        kill_process(a.pid(name))
    for _ in range(3):
        a.virsh("reset", "vm10")  # nothing to be written
        assert len(a.virsh("list", "--all", "--name").split()) == 10
    assert os.path.exists(gate.path)
    gate.open()
    for name in names[:9]:
        a.expect("shut off (crashed)", name)
    a.virsh("destroy", "vm10")
    assert a.files() == [], a.files()


def test_slow_open(a, b):
    """An image on storage that does not answer keeps its own VM waiting."""
    gate = Gate(a)
    a.define(devices=DISK.format(path=image(a, "dead.img"), target="vda", cache="", more=""))
    a.define("other", number=2, devices=DISK.format(path=image(a), target="vda", cache="",
                                                    more=""))
    gate.close("/dead.img", "open")
    p = subprocess.Popen(a.command("start", "vm"), stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL)
    wait_for("its open", lambda: count_threads(a, "open"))
    a.virsh("start", "other")
    attach = subprocess.Popen(a.command("attach-disk", "other", image(a, "dead.img"), "vdb"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for("both opens", lambda: count_threads(a, "open") == 2)
    assert len(a.virsh("list", "--all", "--name").split()) == 2
    a.virsh("destroy", "other")
    assert p.poll() is None
    gate.open()
    assert p.wait(LIMIT) == 0 and attach.wait(LIMIT) != 0
    assert a.state() == "running (booted)"
    assert a.virsh("list", "--name") == "vm"


def test_slow_stat(a, b):
    """Storage that does not answer keeps no list of statistics waiting, nor takes more than
    one thread, however often it is asked."""
    def disk(name):
        return DISK.format(path=image(a, name), target="vda", cache="", more="")

    gate = Gate(a)
    a.define(devices=disk("dead.img"))
    a.define("other", number=2, devices=disk("fine.img"))
    gate.close("/dead.img", "stat")
    for i in range(5):
        stats = a.virsh("domstats", "--block")
        assert stats.count("block.0.name=vda") == 2, stats
        assert stats.count("block.0.physical=1048576") == 1, stats
    a.fails("Device or resource busy", "domblkinfo", "vm", "vda")
    assert count_threads(a, "open") == 1
    a.fails("Device or resource busy", "start", "vm")
    a.virsh("start", "other")
    gate.open()
    wait_for("its answer", lambda: a.virsh("domstats", "--block", "vm").count("physical") == 1)
    a.virsh("start", "vm")
    for name in "vm", "other":
        a.virsh("destroy", name)


def test_slow_take_over(a, b):
    """What a worker writes of one VM while the daemon starts is not swept away."""
    gate, disk = Gate(a), image(a)
    written = a.run_dir + "/vm.status.new"
    a.define(words="alone-device")
    a.define("vm2", number=2)
    a.virsh("start", "vm")
    a.virsh("start", "vm2")
    a.virsh("attach-disk", "vm", disk, "vdb")
    a.virsh("detach-disk", "vm", "vdb")
    a.kill()
    open(written, "w").close()  # one that a crash has interrupted
    gate.close("/vm.status.new")
    gate.close("/vm2.status", "open")
    a.start(env=gate.env, serves=False)
    wait_for("the write", lambda: read_quietly(written))
    gate.open("open")
    wait_for("the daemon's start", lambda: a.try_virsh("uri")[0] == 0)
    assert os.path.exists(written)
    gate.open("fsync")
    wait_for("the status file", lambda: disk not in read_quietly(a.run_dir + "/vm.status"))
    a.expect("running (booted)")
    a.expect("running (booted)", "vm2")


def test_slow_define(a, b):
    """One definition on a slow disk does not keep others waiting."""
    gate = Gate(a)
    a.define("other", number=2)
    gate.close("/vm.xml.new")
    p = subprocess.Popen(a.command("define", a.define(command="path")),
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for("the definition", lambda: a.state() is not None and os.path.exists(
        a.root + "/etc/libvirt/vireo/vm.xml.new"))
    a.define("other", words="changed", number=2)
    a.virsh("start", "other")
    a.virsh("destroy", "other")
    assert p.poll() is None
    gate.open()
    assert p.wait(LIMIT) == 0


def test_define_dying(a, b):
    """A transient domain that ends while it is defined is there afterwards."""
    gate = Gate(a)
    path = a.define(command="path")
    a.virsh("create", path)
    gate.close("/vm.xml.new")
    p = subprocess.Popen(a.command("define", path), stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL)
    file = a.root + "/etc/libvirt/vireo/vm.xml"
    wait_for("the definition", lambda: os.path.exists(file + ".new"))
    os.kill(a.pid(), signal.SIGKILL)
    a.expect("shut off (crashed)")
    gate.open()
    assert p.wait(LIMIT) == 0
    assert a.virsh("list", "--all", "--persistent", "--name") == "vm"
    assert os.path.exists(file)
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    a.virsh("undefine", "vm")
    assert a.state() is None


def test_create_race(a, b):
    """Each of several calls gets its own answer."""
    path = a.define(words="exit-at-start", command="path")
    calls = [subprocess.Popen(a.command("create", path), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) for _ in range(6)]
    for p in calls:
        _, err = p.communicate(timeout=2 * LIMIT)
        assert "told to end" in err, err
    assert a.virsh("list", "--all", "--name") == ""


# ---- the end of the daemon ----

def test_end_incoming(a, b):
    """It ends in order with a migration that has been prepared."""
    p = start_slow(a, b)
    b.stop()
    p.kill()
    p.communicate()
    b.start()  # it may serve before it has ended what is left
    wait_for("the end", lambda: b.files() == [] and
             b.virsh("list", "--all", "--name") == "")


def test_end_autodestroy(a, b):
    """It has ended what was to end with a connection, and cleared up, before it goes."""
    names = ["auto%d" % i for i in range(8)]
    creates = ["create --autodestroy %s ; " % a.define(name, number=i, command="path")
               for i, name in enumerate(names)]
    p = subprocess.Popen(a.command("".join(creates) + "event --event lifecycle --loop"),
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    for name in names:
        wait_for("its start", lambda: a.state(name) == "running (booted)")
    pids = [a.pid(name) for name in names]
    a.stop()
    p.kill()
    p.wait()
    assert a.files() == [], a.files()
    assert [process_state(pid) for pid in pids] == [None] * len(pids)
    a.start()
    assert a.virsh("list", "--all", "--name") == ""


def ignored_yet(pid, number):
    """A signal has been sent that the process has not looked at."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"ShdPnd:\s*(\w+)", f.read()).group(1), 16) >> number - 1 & 1


def test_end_frozen(a, b):
    """What is to end with a connection does so also if its emulator stands still; what has
    only been asked to end outlives the daemon."""
    a.define("asked", number=2)
    a.virsh("start", "asked")
    p = subprocess.Popen(a.command("create --autodestroy %s ; event --event lifecycle --loop"
                                   % a.define("auto", command="path")),
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    wait_for("its start", lambda: a.state("auto") == "running (booted)")
    auto, asked = a.pid("auto"), a.pid("asked")
    for pid in auto, asked:
        os.kill(pid, signal.SIGSTOP)
    destroy = subprocess.Popen(a.command("destroy", "--graceful", "asked"),
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("its signal", lambda: ignored_yet(asked, signal.SIGTERM))
    a.stop()
    for process in p, destroy:
        process.kill()
        process.communicate()
    assert process_state(auto) is None
    assert not [name for name in a.files() if name.startswith("auto")], a.files()
    assert process_state(asked) == "T"
    a.start()
    assert a.virsh("list", "--all", "--name") == "asked"
    os.kill(asked, signal.SIGCONT)
    wait_for("its end", lambda: a.files() == [])


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both="slow_take_over"))
