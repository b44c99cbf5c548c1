#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept of a domain beside its devices: metadata, whether it starts with the host,
its name; and what old clients ask about it. Skipped (77) where there is no virsh.

    driver-keep-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import shutil
import struct
import sys

from driver_daemon import DISK, EMULATOR, main, process_state, wait_for
from driver_rpc import OK, Rpc

NUM_DOMAINS, LIST_DOMAINS, NUM_DEFINED, LIST_DEFINED = 51, 37, 25, 21
URI = ("--uri", "urn:x")
ELEMENT = '<x a="1">\n  <y/>\n</x>'
IN_DOMAIN = ('  <metadata>\n    <p:x xmlns:p="urn:x" a="1">\n      <p:y/>\n    </p:x>\n'
             '  </metadata>\n')


def config(a, *names):
    return os.path.join(a.root, "etc/libvirt/vireo", *names)


def set_element(a, text, *options):
    return ("metadata", "vm") + URI + ("--key", "p", "--set", text) + options


# ---- metadata ----

def test_metadata(a, b):
    a.define()
    events = a.events()
    a.fails("not present", "metadata", "vm", *URI)
    a.virsh(*set_element(a, "<x a='1'><y/></x>", "--config"))
    a.virsh("metadata", "vm", "--uri", "urn:z", "--key", "q", "--set", "<z/>")
    assert a.virsh("metadata", "vm", *URI) == ELEMENT
    a.virsh("metadata", "vm", "--uri", "urn:z", "--remove")
    assert IN_DOMAIN in a.virsh("dumpxml", "vm"), a.virsh("dumpxml", "vm")
    a.virsh("desc", "vm", "--config", "--title", "--new-desc", "a <title>")
    a.virsh("desc", "vm", "--config", "--new-desc", "two\nlines")
    wait_for("the events", lambda: re.findall(r"'metadata-change' .* type (\w+)",
                                              open(events.path).read()) ==
             ["element", "element", "element", "title", "description"])
    events.stop()
    a.stop()
    a.start()
    assert a.virsh("desc", "vm", "--title") == "a <title>"
    assert a.virsh("desc", "vm") == "two\nlines"
    assert IN_DOMAIN in a.virsh("dumpxml", "vm"), a.virsh("dumpxml", "vm")
    a.virsh("metadata", "vm", "--remove", *URI)
    assert "<metadata>" not in a.virsh("dumpxml", "vm")


def test_metadata_live(a, b):
    """Both definitions have their own, also over the daemon's end."""
    a.define()
    a.fails("not running", *set_element(a, "<x/>", "--live"))
    a.virsh("start", "vm")
    a.virsh(*set_element(a, "<x>live</x>", "--live"))
    a.fails("not present", "metadata", "vm", "--config", *URI)
    a.virsh(*set_element(a, "<x>config</x>", "--config"))
    a.kill()
    a.start()
    assert a.virsh("metadata", "vm", "--live", *URI) == "<x>live</x>"
    assert a.virsh("metadata", "vm", "--config", *URI) == "<x>config</x>"
    a.virsh("destroy", "vm")
    assert a.virsh("metadata", "vm", *URI) == "<x>config</x>"


def test_metadata_bad(a, b):
    """What is refused changes nothing, and nothing is stored that could not be read."""
    a.define()
    a.virsh(*set_element(a, "<x/>"))
    before = a.virsh("dumpxml", "vm")
    for text in "<x", "x", "<x/><y/>", "<!DOCTYPE x [<!ENTITY e 'e'>]><x>&e;</x>":
        a.fails("", *set_element(a, text))
    a.fails("cannot be the prefix", "metadata", "vm", *URI, "--key", "1", "--set", "<x/>")
    a.fails("cannot be the prefix", *set_element(a, "<p:x xmlns:p='urn:other'/>"))
    # What XML reserves, or reads otherwise than it has been written.
    a.fails("not be found again", "metadata", "vm", *URI, "--key", "xmlns", "--set", "<x/>")
    for uri in "urn:a\nb", "urn:a\tb", "http://www.w3.org/XML/1998/namespace":
        a.fails("not be found again", "metadata", "vm", "--uri", uri, "--key", "p",
                "--set", "<x/>")
    assert a.virsh("dumpxml", "vm") == before
    for depth in range(252, 257):  # the parser's limit is met earlier below <metadata>
        a.try_virsh(*set_element(a, "<x>" * depth + "</x>" * depth))
    a.stop()
    a.start()
    assert a.virsh("list", "--all", "--name") == "vm"


# ---- starting with the host ----

def test_autostart(a, b):
    """The first daemon of a boot starts them, and no other one."""
    done = a.run_dir + "/autostarted"
    a.define()
    a.define("other", number=2)
    a.define("bad", number=3, devices=DISK.format(path="/nothing", target="vda", cache="",
                                                  more=""))
    for name in "vm", "bad":
        a.virsh("autostart", name)
    assert sorted(a.virsh("list", "--all", "--name", "--autostart").split()) == ["bad", "vm"]
    assert a.virsh("list", "--all", "--name", "--no-autostart") == "other"
    assert os.readlink(config(a, "autostart/vm.xml")) == config(a, "vm.xml")
    a.stop()
    a.start()  # in the same boot
    assert a.virsh("list", "--name") == ""
    a.stop()
    os.remove(done)  # as all of /run
    a.start()
    a.expect("running (booted)")
    a.expect("shut off (failed)", "bad")
    assert a.virsh("list", "--name") == "vm"
    a.virsh("destroy", "vm")
    a.kill()
    a.start()
    assert a.virsh("list", "--name") == ""
    a.stop()
    os.rename(done, done + ".away")
    os.mkdir(done)  # whether it has been done cannot be told
    a.start()
    assert "no domain is started with the host" in open(a.log).read()
    assert a.virsh("list", "--name") == ""
    os.rmdir(done)
    os.rename(done + ".away", done)


def test_autostart_end(a, b):
    """The daemon's end does not wait for those that it is starting, four at a time; the
    next one takes them away, and begins no others."""
    names = ["vm%d" % i for i in range(6)]
    for number, name in enumerate(names):
        a.define(name, number=number, words="stall=qmp_capabilities")
        a.virsh("autostart", name)
    a.stop()
    os.remove(a.run_dir + "/autostarted")
    a.start()

    def stopped():
        pids = [open(os.path.join(a.run_dir, name)).read()
                for name in a.files() if name.endswith(".pid")]
        return [pid for pid in pids if pid and process_state(int(pid)) == "T"]

    wait_for("four starts", lambda: len(stopped()) == 4)
    a.stop()
    a.start()  # it may serve before it has ended what is left
    wait_for("their ends", lambda: a.files() == [] and a.virsh("list", "--name") == "")
    assert sorted(a.virsh("list", "--all", "--name").split()) == names


def test_autostart_late(a, b):
    """Also one of which the definition cannot be read at first."""
    path = config(a, "vm.xml")
    a.define()
    a.virsh("autostart", "vm")
    for first in True, False:
        a.stop()
        if first:
            os.remove(a.run_dir + "/autostarted")
        os.rename(path, path + ".away")
        os.symlink(path, path)  # ELOOP
        a.start()
        assert a.state() is None
        os.rename(path + ".away", path)
        a.expect("running (booted)" if first else "shut off (unknown)")
        if first:
            a.virsh("destroy", "vm")
    assert a.virsh("list", "--all", "--name", "--autostart") == "vm"


def test_autostart_off(a, b):
    link = config(a, "autostart/vm.xml")
    a.define()
    a.virsh("autostart", "vm")
    a.virsh("autostart", "vm", "--disable")
    assert not os.path.lexists(link)
    a.virsh("autostart", "vm")
    a.virsh("undefine", "vm")
    assert not os.path.lexists(link)
    a.define()
    assert re.search("Autostart: +disable", a.virsh("dominfo", "vm"))
    a.virsh("create", a.define("gone", number=2, command="path"))
    a.fails("cannot set autostart for transient domain", "autostart", "gone")
    a.virsh("destroy", "gone")


def test_autostart_links(a, b):
    """Whatever is in the place of the link: what is said is what the next daemon finds."""
    link = config(a, "autostart/vm.xml")
    a.define()
    a.virsh("autostart", "vm")
    os.remove(link)
    a.virsh("autostart", "vm")
    assert os.readlink(link) == config(a, "vm.xml")
    a.virsh("undefine", "vm")
    os.symlink(config(a, "vm.xml"), link)  # of another domain of that name
    a.define()
    a.stop()
    a.start()
    assert a.virsh("list", "--all", "--name", "--no-autostart") == "vm"
    os.symlink(config(a, "vm.xml"), link)  # this daemon does not know of it
    a.virsh("autostart", "vm", "--disable")
    assert not os.path.lexists(link)
    os.mkdir(link)
    a.fails("Is a directory", "autostart", "vm")
    a.virsh("autostart", "vm", "--disable")
    a.virsh("undefine", "vm")


# ---- another name ----

def test_rename(a, b):
    a.define()
    a.define("other", number=2)
    a.virsh("autostart", "vm")
    events = a.events()
    uuid = a.virsh("domuuid", "vm")
    a.virsh("domrename", "vm", "new")
    assert a.virsh("domuuid", "new") == uuid and a.virsh("domname", uuid) == "new"
    assert sorted(a.virsh("list", "--all", "--name").split()) == ["new", "other"]
    events.expect("lifecycle: Undefined Renamed", kind="lifecycle")
    events.stop()
    assert sorted(os.listdir(config(a))) == ["autostart", "new.xml", "other.xml"]
    assert os.listdir(config(a, "autostart")) == ["new.xml"]
    a.fails("already exists", "domrename", "new", "other")
    a.fails("already exists", "domrename", "new", "new")
    a.fails("'/' and line breaks", "domrename", "new", "a/b")
    a.stop()
    a.start()
    a.virsh("start", "new")
    a.fails("cannot rename active domain", "domrename", "new", "vm")
    a.virsh("destroy", "new")
    assert a.virsh("list", "--all", "--name", "--autostart") == "new"
    a.define(number=3)  # the old name is free


def test_rename_over(a, b):
    """A file that could not be read is not lost, and its name not given away."""
    a.define()
    a.stop()
    with open(config(a, "kept.xml"), "w") as f:
        f.write("garbage")
    a.start()
    a.fails("could not be read", "domrename", "vm", "kept")
    assert open(config(a, "kept.xml")).read() == "garbage"
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    a.virsh("domrename", "vm", "free")


def test_rename_killed(a, b):
    """Once the new definition is written, it is the domain's."""
    for new, gone in ("after", False), ("z", False), ("after", True):
        a.define("old")
        a.virsh("autostart", "old")
        a.stop()
        path = config(a, "old.xml")
        with open(path) as f:
            text = f.read()
        with open(config(a, "old.renamed"), "w") as f:
            f.write(text.replace("<name>old</name>", "<name>%s</name>" % new))
        if gone:
            os.remove(path)
        os.symlink(config(a, new + ".xml"), config(a, "autostart", new + ".xml"))
        a.start()
        assert a.virsh("list", "--all", "--name", "--autostart") == new
        assert sorted(os.listdir(config(a))) == sorted(["autostart", new + ".xml"])
        assert os.listdir(config(a, "autostart")) == [new + ".xml"]
        a.virsh("domrename", new, "old")
        a.virsh("undefine", "old")
        a.stop()
        a.start()
        assert a.virsh("list", "--all", "--name") == ""


def test_rename_taken(a, b):
    """A copy of a definition under another name is none, and stays."""
    a.define()
    a.stop()
    for name in "copy", "xopy":
        shutil.copy(config(a, "vm.xml"), config(a, name + ".xml"))
    a.start()
    assert a.virsh("list", "--all", "--name") == "vm"
    a.virsh("undefine", "vm")
    a.stop()
    a.start()
    assert a.virsh("list", "--all", "--name") == ""
    assert sorted(os.listdir(config(a))) == ["copy.xml", "xopy.xml"]


def test_long_name(a, b):
    """The longest one has room for each file that is made of it."""
    name = "n" * 244
    a.define()
    a.virsh("domrename", "vm", name)
    a.virsh("autostart", name)
    a.virsh("desc", name, "--config", "--new-desc", "staged")
    a.virsh("start", name)
    a.virsh("destroy", name)
    assert a.virsh("desc", name) == "staged"


# ---- what old clients ask ----

def numbers(payload):
    return struct.unpack(">%di" % (len(payload) // 4), payload)


def test_old_lists(a, b):
    for number, name in enumerate(("vm", "other", "third"), 1):
        a.define(name, number=number)
    a.virsh("start", "vm")
    rpc = Rpc(a)

    def ask(procedure, *most):
        status, payload = rpc.wait(rpc.send(procedure, struct.pack(">%di" % len(most), *most)))
        assert status == OK, payload
        return payload

    assert numbers(ask(NUM_DOMAINS)) == (1,) and numbers(ask(NUM_DEFINED)) == (2,)
    assert numbers(ask(LIST_DOMAINS, 9)) == (1, int(a.virsh("domid", "vm")))
    assert numbers(ask(LIST_DOMAINS, 0)) == numbers(ask(LIST_DOMAINS, -1)) == (0,)
    names = ask(LIST_DEFINED, 9)
    assert numbers(names[:4]) == (2,) and b"other" in names and b"third" in names
    assert numbers(ask(LIST_DEFINED, 1)[:4]) == (1,)


def test_vcpus(a, b):
    a.define()
    path = os.path.join(a.root, "vm.xml")
    with open(path) as f:
        text = f.read().replace("<os>", "<vcpu>2</vcpu><os>")
    with open(path, "w") as f:
        f.write(text)
    a.virsh("define", path)
    assert re.findall(r"(\w+) +config +(\d)", a.virsh("vcpucount", "vm")) == [
        ("maximum", "2"), ("current", "2")]
    a.fails("not running", "vcpucount", "vm", "--live")
    a.fails("not running", "vcpucount", "vm", "--guest")
    a.virsh("start", "vm")
    a.fails("agent is not configured", "vcpucount", "vm", "--guest")
    assert len(a.virsh("vcpucount", "vm").splitlines()) == 4
    assert ("tainted" in a.virsh("dominfo", "vm")) == (os.geteuid() == 0)
    a.virsh("destroy", "vm")
    assert "tainted" not in a.virsh("dominfo", "vm")


def test_failed(a, b):
    """A start that fails before there is an emulator is why it is shut off."""
    a.define(devices=DISK.format(path="/nothing", target="vda", cache="", more=""))
    a.fails("", "start", "vm")
    assert a.state() == "shut off (failed)", a.state()


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR))
