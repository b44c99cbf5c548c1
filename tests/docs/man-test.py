# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs say of themselves is in their manuals: options, machines, devices
and their properties, objects, commands, events. What is asked is the program, what is
read is the formatted page's source, so that a table that the generator forgot fails."""
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../device"))
from qmp import Qmp  # noqa: E402

BUILD = os.environ.get("builddir", ".")
SOURCE = os.environ.get("srcdir", ".")
VIREO = os.path.join(BUILD, "vireo")


def page(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return re.sub(r"\\f[BIRP]|\\&", "", text.replace("\\-", "-").replace("\\e", "\\"))


def output(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def missing(kind, names, text, pattern, least=4):
    """Prints those of names that the page has not at the beginning of an entry."""
    names = sorted(set(names))
    assert len(names) >= least, "%s: only %s" % (kind, names)
    lacks = [n for n in names if not re.search(pattern % re.escape(n), text, re.M)]
    for name in lacks:
        print("not ok: the manual has no %s '%s'" % (kind, name))
    return len(lacks)


def check_vireo():
    text = page(os.path.join(BUILD, "docs", "vireo.1"))
    usage = output(VIREO, "-help")
    devices = re.findall(r'^name "([^"]+)"', output(VIREO, "-device", "help"), re.M)
    machines = re.findall(r"^(\S+)", output(VIREO, "-machine", "help"), re.M)[1:]
    lacks = (missing("option", re.findall(r"^-(\S+)", usage, re.M), text, r"^-%s(\s|$)") +
             missing("device", devices, text, r"^\.SS %s$"))
    for machine in machines:
        lacks += 0 if re.search(r"(\.SS |: )%s" % re.escape(machine), text) else 1
    for device in devices:
        part = text.split(".SS %s\n" % device)[1].split(".SS ")[0]
        told = re.findall(r"^  ([^\s=]+)=", output(VIREO, "-device", device + ",help"), re.M)
        for name in told:
            if not re.search(r"^%s=" % re.escape(name), part, re.M):
                print("not ok: %s has no property '%s' in the manual" % (device, name))
                lacks += 1
    return lacks


# What a user makes by naming its type: the option, the manual's section, QMP's command.
KINDS = [("-blockdev", "BLOCK DRIVERS", "blockdev-add"),
         ("-netdev", "NETWORK BACK ENDS", "netdev_add"),
         ("-chardev", "CHARACTER DEVICES", None),
         ("-object", "OBJECTS", "object-add"),
         ("-smbios", "SMBIOS STRUCTURES", None)]


def check_kinds():
    """Each row of each type, as the program tells of it, is in both manuals."""
    lacks = 0
    pages = [page(os.path.join(BUILD, "docs", p)) for p in ("vireo.1", "vireo-qmp.7")]
    entries = {e["name"]: e for e in schema()}
    for option, section, command in KINDS:
        part = pages[0].split(".SH %s\n" % section)[1].split("\n.SH ")[0]
        types = re.findall(r"^  (\S+)", output(VIREO, option, "help"), re.M)
        assert types, option
        lacks += missing("type of %s" % option, types, part, r"^\.SS %s$", 0)
        common = part.split("\n.SS ")[0]
        qmp, taken = "", []
        if command:
            qmp = pages[1].split(".SS %s\n" % command)[1].split(".SS ")[0]
            args = entries[entries[command]["arg-type"]]
            tag = [m["type"] for m in args["members"] if m["name"] == args["tag"]]
            taken = entries[tag[0]]["values"]
            assert taken and set(taken) <= set(types), taken
        for name in types:
            own = common + part.split(".SS %s\n" % name)[1].split("\n.SS ")[0]
            told = output(VIREO, option, name + ",help")
            rows = re.findall(r"^  ([^\s=]+)=", told, re.M)
            lacks += missing("row of %s" % name, rows, own, r"^%s=", 0)
            if name in taken:
                lacks += missing("member for %s" % name, [r.split(".")[-1] for r in rows],
                                 qmp, r'"%s"', 0)
    return lacks


@contextlib.contextmanager
def monitor():
    with tempfile.TemporaryDirectory() as where:
        path = os.path.join(where, "qmp")
        vm = subprocess.Popen([VIREO, "-machine", "none", "-display", "none", "-nodefaults",
                               "-S", "-qmp", "unix:%s,server=on,wait=off" % path])
        try:
            client = socket.socket(socket.AF_UNIX)
            while client.connect_ex(path):
                assert vm.poll() is None, "vireo has ended"
            yield Qmp(client).start()
        finally:
            vm.kill()
            vm.wait()


def schema():
    with monitor() as qmp:
        return qmp("query-qmp-schema")


def check_built_in():
    """What -global sets of models that nobody names: the rows of each."""
    text = page(os.path.join(BUILD, "docs", "vireo.1"))
    part = text.split(".SH BUILT-IN DEVICES\n")[1].split("\n.SH ")[0]
    named = output(VIREO, "-device", "help")
    lacks = []
    with monitor() as qmp:
        def rows(name):
            return {p["name"] for p in qmp("qom-list-properties", typename=name)}
        common = rows("pci-device")  # all functions have them, and parts that are one
        for klass in qmp("qom-list-types", implements="device"):
            name = klass["name"]
            if '"%s"' % name in named:
                continue
            entry = [e for e in part.split(".SS ")
                     if e.startswith(name + "\n") or "Also: %s." % name in e] or [""]
            lacks += ["%s.%s" % (name, row) for row in rows(name) - common
                      if not re.search(r"^%s=" % re.escape(row), entry[0], re.M)]
    assert ".SS ICH9-LPC\n" in part, part
    for name in lacks:
        print("not ok: the manual has no -global %s" % name)
    return len(lacks)


def check_qmp():
    text = page(os.path.join(BUILD, "docs", "vireo-qmp.7"))
    entries = schema()
    return sum(missing(kind, [e["name"] for e in entries if e["meta-type"] == kind], text,
                       r"^\.SS %s$") for kind in ("command", "event"))


def check_hmp():
    """All that `help` and `info` of the human monitor name."""
    text = page(os.path.join(BUILD, "docs", "vireo-qmp.7")).split(".SH HUMAN MONITOR\n")[1]
    with monitor() as qmp:
        told = [qmp("human-monitor-command", **{"command-line": line})
                for line in ("help", "info")]
    names = re.findall(r"^((?:info (?=[a-z]))?\S+) .*-- .", "".join(told), re.M)
    assert "info status" in names and "quit|q" in names, names
    return missing("line of the monitor", names, text, r"^%s(\s|$)", 40)


def check_limits():
    """What the parser's header says, where a client's author looks."""
    with open(os.path.join(SOURCE, "emulator", "config", "json.h"), encoding="utf-8") as f:
        limits = re.findall(r"#define JSON_MAX_([A-Z]+)\s+(.*)", f.read())
    text = page(os.path.join(BUILD, "docs", "vireo-qmp.7")).replace("\n", " ")
    units = {"BYTES": "bytes", "DEPTH": "levels", "VALUES": "values"}
    assert sorted(units) == sorted(name for name, _ in limits), limits
    lacks = [units[n] for n, v in limits if "%d %s" % (eval(v), units[n]) not in text]
    for unit in lacks:
        print("not ok: the manual has not the limit of %s" % unit)
    return len(lacks)


def check_daemon():
    text = page(os.path.join(SOURCE, "docs", "virtvireod.8"))
    told = output(os.path.join(BUILD, "virtvireod"), "--help")
    return missing("option", re.findall(r"(--[a-z-]+)", told), text, r"%s\b")


def check_pages():
    """No page has anything that the formatter warns of."""
    pages = [os.path.join(BUILD, "docs", "vireo.1"), os.path.join(BUILD, "docs", "vireo-qmp.7"),
             os.path.join(SOURCE, "docs", "virtvireod.8")]
    for path in pages:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert text.count(".TH ") == 1 and ".SH NAME" in text, path
        assert "@" not in re.sub(r"\S+@\S+", "", text).replace("\\@", ""), path
        assert "(null)" not in text, path
    return 0


lacking = check_vireo() + check_built_in() + check_kinds() + check_qmp() + check_hmp() + check_limits() + check_daemon() + \
    check_pages()
print("%d missing" % lacking)
sys.exit(1 if lacking else 0)
