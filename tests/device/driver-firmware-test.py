#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware in definitions: which of the host's is chosen, where its variables are kept, and
what becomes of them. With a stand-in for the emulator, and descriptors of the tests' own.
Skipped (77) where there is no virsh.

    driver-firmware-test.py [NAME...]    runs all tests, or those named
"""
import json
import os
import re
import shutil
import stat
import sys

from driver_daemon import EMULATOR, SRC, main, migrate, wrapper

XML = """<domain type='kvm'><name>{name}</name>
<uuid>11111111-2222-3333-4444-{number:012d}</uuid><memory unit='MiB'>64</memory>
<os {os}><type machine='q35'>hvm</type>{more}</os><features><acpi/></features>
<devices><serial type='pty'/></devices></domain>"""
EFI = "firmware='efi'"
CODE, VARS = ("/usr/share/OVMF/OVMF_%s_4M.fd" % part for part in ("CODE", "VARS"))


def with_firmware(*daemons):
    """An emulator that has it, and descriptors as Debian's ovmf has them."""
    for a in daemons:
        a.stop()
        a.emulator = wrapper(a, "-with-q35")
        a.start()
        for name in "code", "code.secure":
            with open(os.path.join(a.root, name), "w") as f:
                f.write(name)
        with open(os.path.join(a.root, "vars"), "w") as f:
            f.write("template")
        describe(a, "40-secure-enrolled", "code.secure",
                 ["enrolled-keys", "requires-smm", "secure-boot"])
        describe(a, "60-plain", "code", [])


def describe(a, name, code, features, machines=("pc-q35-*",), top="usr/share", **more):
    folder = os.path.join(a.root, top, "qemu/firmware")
    os.makedirs(folder, exist_ok=True)
    mapping = {"device": "flash",
               "executable": {"filename": os.path.join(a.root, code), "format": "raw"},
               "nvram-template": {"filename": os.path.join(a.root, "vars"),
                                  "format": "raw"}}
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump({"description": name, "interface-types": ["uefi"],
                   "mapping": dict(mapping, **more), "features": features, "tags": [],
                   "targets": [{"architecture": "x86_64", "machines": list(machines)}]}, f)


def definition(a, os_="", more="", name="vm", number=1):
    path = os.path.join(a.root, name + ".xml")
    with open(path, "w") as f:
        f.write(XML.format(os=os_, more=more, name=name, number=number))
    return path


def nvram(a, name="vm"):
    return os.path.join(a.root, "var/lib/libvirt/vireo/nvram", name + "_VARS.fd")


def read(path):
    with open(path) as f:
        return f.read()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def argv(a):
    with open("/proc/%d/cmdline" % a.pid(), "rb") as f:
        return [w.decode() for w in f.read().split(b"\0")]


def test_choice(a, b):
    """The first one that fits and does not need SMM; the definition has it from then on."""
    with_firmware(a)
    a.virsh("define", definition(a, EFI))
    xml = a.virsh("dumpxml", "vm")
    assert "<os firmware='efi'>" in xml, xml
    assert "<loader readonly='yes' type='pflash'>%s/code</loader>" % a.root in xml, xml
    assert "<nvram template='%s/vars'>%s</nvram>" % (a.root, nvram(a)) in xml, xml
    for feature in "enrolled-keys", "secure-boot":
        assert "<feature enabled='no' name='%s'/>" % feature in xml, xml
    for name in "code.other", "code.mine":
        write(os.path.join(a.root, name), name)
    describe(a, "10-other", "code.other", [], top="etc")
    assert a.virsh("dumpxml", "vm") == xml
    write(os.path.join(a.root, "vm.xml"), xml)
    a.virsh("define", os.path.join(a.root, "vm.xml"))  # what dumpxml shows is the same
    assert a.virsh("dumpxml", "vm") == xml
    # A file of that name in an earlier directory hides it; an empty one without substitute.
    write(os.path.join(a.root, "etc/qemu/firmware/10-other.json"), "")
    describe(a, "60-plain", "code.mine", [], top="etc")
    a.virsh("define", definition(a, EFI, name="two", number=2))
    assert "/code.mine<" in a.virsh("dumpxml", "two")


def test_installed(a, b):
    """The descriptor that is installed is that of vireo's machines, and of no other."""
    with_firmware(a)
    name = "30-vireo-x86_64.json"
    shutil.copy(os.path.join(SRC, "libvirt-driver/firmware", name),
                os.path.join(a.root, "usr/share/qemu/firmware"))
    a.virsh("define", definition(a, EFI))
    xml = a.virsh("dumpxml", "vm")
    if os.path.exists(CODE) and os.path.exists(VARS):
        assert ">%s</loader>" % CODE in xml, xml
        assert "<nvram template='%s'>" % VARS in xml, xml
    else:  # no ovmf: the next one
        assert ">%s/code</loader>" % a.root in xml, xml
    with open(os.path.join(SRC, "libvirt-driver/firmware", name)) as f:
        installed = json.load(f)
    targets, mapping = installed["targets"], installed["mapping"]
    assert mapping["executable"]["filename"] == CODE, mapping
    assert mapping["nvram-template"]["filename"] == VARS, mapping
    assert [t["machines"] for t in targets] == [["pc-q35-vireo-*"]], targets
    assert name < "40-"


def test_none_fits(a, b):
    with_firmware(a)
    smm = "'efi': '%s/usr/share/qemu/firmware/40-secure-enrolled.json' requires System" % a.root
    for more, words in (
            ("<firmware><feature enabled='yes' name='secure-boot'/></firmware>", smm),
            ("<loader stateless='yes'/>", "Unable to find any firmware to satisfy 'efi'"),
            ("<loader secure='yes'/>", "secure='yes' of element <os/loader>.*System Man")):
        a.fails(words, "define", definition(a, EFI, more))
    describe(a, "60-plain", "code", [], machines=("pc-i440fx-*",), top="etc")
    a.fails(smm, "define", definition(a, EFI))
    write(os.path.join(a.root, "etc/qemu/firmware/60-plain.json"), "{")
    a.fails(smm, "define", definition(a, EFI))
    assert "60-plain.json' is left out" in read(a.log)
    os.truncate(os.path.join(a.root, "etc/qemu/firmware/60-plain.json"), 1 << 40)
    a.fails(smm, "define", definition(a, EFI))
    assert "60-plain.json' has more than" in read(a.log)
    # The machine's own is a BIOS.
    a.virsh("define", definition(a, "firmware='bios'"))
    assert "<loader" not in a.virsh("dumpxml", "vm")
    describe(a, "70-stateless", "code", [], mode="stateless")
    a.virsh("define", definition(a, EFI, "<loader stateless='yes'/>"))
    assert "<nvram" not in a.virsh("dumpxml", "vm")


def test_missing(a, b):
    """A descriptor whose files are not there is passed over, or named with what it lacks."""
    with_firmware(a)
    describe(a, "10-lacking", "code.none", [])
    a.virsh("define", definition(a, EFI))
    assert ">%s/code</loader>" % a.root in a.virsh("dumpxml", "vm")
    a.virsh("undefine", "vm")
    os.remove(os.path.join(a.root, "code"))
    a.fails("satisfy 'efi': '%s/code.none', which '%s/usr/share/qemu/firmware/10-lacking.json'"
            " describes, is not there" % (a.root, a.root), "define", definition(a, EFI))
    write(os.path.join(a.root, "code.none"), "code")
    os.remove(os.path.join(a.root, "vars"))
    a.fails("'%s/vars', which .* is not there" % a.root, "define", definition(a, EFI))
    own = os.path.join(a.root, "own-vars")  # a template of the domain's own will do
    a.virsh("define", definition(a, EFI, "<nvram template='%s'/>" % own))
    assert ">%s/code.none</loader>" % a.root in a.virsh("dumpxml", "vm")
    assert a.state() == "shut off (unknown)"


def test_variables(a, b):
    """They are made from the template once; only who asks for it gets them anew."""
    with_firmware(a)
    a.virsh("define", definition(a, EFI))
    assert not os.path.exists(nvram(a))
    a.virsh("start", "vm")
    assert read(nvram(a)) == "template"
    assert stat.S_IMODE(os.stat(nvram(a)).st_mode) == 0o600
    words = argv(a)
    nodes = {n["node-name"]: n for n in (json.loads(v) for o, v in zip(words, words[1:])
                                         if o == "-blockdev")}
    assert nodes["libvirt-pflash0-storage"]["read-only"] is True, nodes
    assert nodes["libvirt-pflash1-storage"]["read-only"] is False, nodes
    assert any("pflash0=libvirt-pflash0-format,pflash1=libvirt-pflash1-format" in w
               for w in words), words
    write(nvram(a), "of the guest")
    a.virsh("destroy", "vm")
    write(os.path.join(a.root, "vars"), "another template")
    a.virsh("start", "vm")
    assert read(nvram(a)) == "of the guest"
    a.virsh("destroy", "vm")
    os.rename(os.path.join(a.root, "vars"), os.path.join(a.root, "away"))
    a.fails("NVRAM template '%s/vars'" % a.root, "start", "vm", "--reset-nvram")
    assert read(nvram(a)) == "of the guest"
    os.rename(os.path.join(a.root, "away"), os.path.join(a.root, "vars"))
    a.virsh("start", "vm", "--reset-nvram")
    assert read(nvram(a)) == "another template"
    a.virsh("destroy", "vm")
    assert os.listdir(os.path.dirname(nvram(a))) == ["vm_VARS.fd"]


def test_explicit(a, b):
    """A loader that is named: its template is that of its descriptor, or there is none."""
    with_firmware(a)
    pflash = "<loader readonly='yes' type='pflash'>%s/%s</loader>"
    a.virsh("define", definition(a, "", pflash % (a.root, "code")))
    assert "<nvram template='%s/vars'>%s<" % (a.root, nvram(a)) in a.virsh("dumpxml", "vm")
    write(os.path.join(a.root, "unknown"), "code")
    a.virsh("define", definition(a, "", pflash % (a.root, "unknown")))
    a.fails("unable to find any master var store for loader: %s/unknown" % a.root,
            "start", "vm")
    own = os.path.join(a.root, "own.fd")
    write(own, "mine")
    a.virsh("define", definition(a, "", pflash % (a.root, "unknown") +
                                 "<nvram>%s</nvram>" % own))
    a.virsh("start", "vm")
    assert read(own) == "mine"
    a.virsh("destroy", "vm")
    a.virsh("define", definition(a, "", "<loader>%s/code</loader>" % a.root))
    a.virsh("start", "vm")
    assert "-bios" in argv(a)
    assert "<loader type='rom'>" in a.virsh("dumpxml", "vm")
    a.virsh("destroy", "vm")


def test_explicit_smm(a, b):
    """A loader that requires SMM is refused by whatever name, in each definition."""
    with_firmware(a)
    os.symlink("code.secure", os.path.join(a.root, "code.ms"))
    reason = "requires System Management Mode, which vireo does not have: see '%s/usr/share" \
        "/qemu/firmware/40-secure-enrolled.json'" % a.root
    for name, attributes, os_ in (
            ("code.secure", "readonly='yes' type='pflash'", ""),
            ("code.secure", "readonly='yes' type='pflash'", EFI),
            ("code.ms", "readonly='yes' type='pflash'", ""),
            ("code.secure", "", "")):
        loader = "<loader %s>%s/%s</loader>" % (attributes, a.root, name)
        a.fails("loader '%s/%s' %s" % (a.root, name, reason),
                "define", definition(a, os_, loader))
        a.fails(reason, "create", definition(a, os_, loader))
    assert a.state() is None
    # One that does not: the same file may be described for both.
    describe(a, "50-other", "code.secure", [])
    a.virsh("define", definition(a, "", loader))


def test_undefine(a, b):
    with_firmware(a)
    a.virsh("define", definition(a, EFI))
    a.virsh("undefine", "vm")  # it was never started
    for flag, kept in ("--keep-nvram", True), ("--nvram", False):
        a.virsh("define", definition(a, EFI))
        a.virsh("start", "vm")
        a.virsh("destroy", "vm")
        a.fails("cannot undefine domain with nvram", "undefine", "vm")
        assert a.state() and os.path.exists(nvram(a))
        a.virsh("undefine", "vm", flag)
        assert a.state() is None
        assert os.path.exists(nvram(a)) == kept


def test_undefine_fails(a, b):
    """What stops an undefine stops it before its variables, which nobody has twice, go."""
    with_firmware(a)
    config = os.path.join(a.root, "etc/libvirt/vireo")
    link, xml = os.path.join(config, "autostart/vm.xml"), os.path.join(config, "vm.xml")
    a.virsh("define", definition(a, EFI))
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    a.virsh("autostart", "vm")
    write(nvram(a), "of the guest")
    os.rename(xml, xml + ".away")
    os.mkdir(xml)  # unlink does not take it away
    a.fails("cannot remove '%s'" % xml, "undefine", "vm", "--nvram")
    os.rmdir(xml)
    os.rename(xml + ".away", xml)
    assert read(nvram(a)) == "of the guest" and a.state() == "shut off (destroyed)"
    assert re.search(r"Autostart:\s+enable", a.virsh("dominfo", "vm"))
    assert os.path.islink(link)
    os.remove(nvram(a))
    os.mkdir(nvram(a))
    a.fails("the domain is undefined, but its nvram could not be removed: '%s'" % nvram(a),
            "undefine", "vm", "--nvram")
    assert a.state() is None and not os.path.lexists(xml) and not os.path.lexists(link)


def test_rename(a, b):
    """The file goes with the name, and with nothing else."""
    with_firmware(a)
    a.virsh("define", definition(a, EFI))
    a.virsh("start", "vm")
    write(nvram(a), "of vm")
    a.virsh("destroy", "vm")
    a.virsh("domrename", "vm", "new")
    assert "<nvram template='%s/vars'>%s<" % (a.root, nvram(a, "new")) in \
        a.virsh("dumpxml", "new")
    assert read(nvram(a, "new")) == "of vm" and not os.path.exists(nvram(a))
    write(nvram(a, "other"), "of nobody")
    a.fails("the name '%s'" % nvram(a, "other"), "domrename", "new", "other")
    assert read(nvram(a, "other")) == "of nobody" and read(nvram(a, "new")) == "of vm"
    own = os.path.join(a.root, "own.fd")
    write(own, "mine")
    a.virsh("define", definition(a, EFI, "<nvram>%s</nvram>" % own, "two", 2))
    a.virsh("domrename", "two", "three")
    assert ">%s</nvram>" % own in a.virsh("dumpxml", "three") and read(own) == "mine"


def test_migration(a, b):
    """The destination makes its own file, which the emulator fills."""
    with_firmware(a, b)
    a.virsh("define", definition(a, EFI))
    a.virsh("start", "vm")
    path = os.path.join(a.root, "there.xml")
    write(path, a.virsh("dumpxml", "vm", "--migratable").replace(nvram(a), nvram(b)))
    a.virsh(*migrate(a, b, "--live", "--xml", path, "--undefinesource", "--persistent",
                     "--persistent-xml", path))
    assert b.state() == "running (migrated)", b.state()
    assert read(nvram(b)) == "template" and read(nvram(a)) == "template"
    assert a.state() is None
    b.virsh("destroy", "vm")


def test_transient(a, b):
    """What is chosen for it is chosen at its start, by the same rules."""
    with_firmware(a)
    a.virsh("create", definition(a, EFI))
    assert ">%s/code<" % a.root in a.virsh("dumpxml", "vm")
    assert read(nvram(a)) == "template"
    a.virsh("destroy", "vm")
    assert a.state() is None and os.path.exists(nvram(a))


def test_fw_cfg(a, b):
    """Files for the guest come as descriptors."""
    with_firmware(a)
    secret = os.path.join(a.root, "for,guest")
    write(secret, "x")
    path = definition(a)
    text = read(path).replace("<os ", "<sysinfo type='fwcfg'><entry "
                              "name='opt/org.example/f' file='%s'/></sysinfo><os " % secret)
    write(path, text)
    a.virsh("define", path)
    a.virsh("start", "vm")
    words = argv(a)
    assert re.fullmatch(r"name=opt/org.example/f,file=/dev/fdset/\d+",
                        words[words.index("-fw_cfg") + 1]), words
    a.virsh("destroy", "vm")
    os.unlink(secret)
    a.fails(re.escape(secret), "start", "vm")


def test_lacking(a, b):
    """An emulator without firmware is told of when a definition needs one."""
    with_firmware(a, b)
    for daemon, part, os_ in (a, "fw_cfg_io", ""), (b, "cfi.pflash01", EFI):
        daemon.stop()
        daemon.emulator = EMULATOR
        daemon.emulator = wrapper(daemon, "-with-q35", "-without", part)
        daemon.start()
        daemon.fails("does not have device '%s'" % part, "define", definition(daemon, os_))


def test_capabilities(a, b):
    """What may be said of firmware; without SMM none is secure."""
    with_firmware(a)
    xml = re.sub(r">\s+<", "><", a.virsh("domcapabilities", "--machine", "q35"))
    assert "<enum name='firmware'><value>bios</value><value>efi</value></enum>" in xml, xml
    assert ("<loader supported='yes'><value>%s/code</value><enum name='type'><value>rom"
            "</value><value>pflash</value></enum><enum name='readonly'><value>yes</value>"
            "<value>no</value></enum><enum name='secure'><value>no</value></enum></loader>"
            % a.root) in xml, xml
    assert "<value>sata</value>" in xml and "<value>cdrom</value>" in xml, xml
    os.remove(os.path.join(a.root, "code"))
    xml = re.sub(r">\s+<", "><", a.virsh("domcapabilities", "--machine", "q35"))
    assert "<enum name='firmware'><value>bios</value></enum>" in xml, xml
    xml = a.virsh("domcapabilities", "--machine", "microvm")
    assert "<loader supported='no'/>" in xml and "sata" not in xml, xml


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR))
