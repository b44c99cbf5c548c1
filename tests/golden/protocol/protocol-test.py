#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""protocol.def and qemu.def against libvirt's own protocol (libvirt.json) and its public header: each
row's number, name, arguments and results as they are on the wire, priority, streams and
access checks; the names of those without a row (names.c); the numbers of events; the
constants of a frame's header. Of what is forwarded (forward.def) the number, name, driver and
access checks, and that all of these drivers is there.

What differs on purpose stands in DIFFERENT with its reason; an entry of it that does not
differ is a failure, too.
"""
import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RPC = os.path.join(HERE, "../../../libvirt-driver/rpc")

# A call with priority here is one that never waits long, or ends what others wait for:
# see protocol.def. libvirt's mark is older than its jobs.
READS = "answered from memory (or /sys), and asked for while others wait"
WRITES = "waits for the disk"
# (procedure, what): reason
DIFFERENT = {
    ("CONNECT_GET_CAPABILITIES", "priority"): READS,
    ("CONNECT_GET_DOMAIN_CAPABILITIES", "priority"): READS,
    ("DOMAIN_GET_XML_DESC", "priority"): READS,
    ("DOMAIN_GET_INFO", "priority"): READS,
    ("DOMAIN_GET_JOB_INFO", "priority"): READS,
    ("DOMAIN_GET_JOB_STATS", "priority"): READS,
    ("DOMAIN_HAS_MANAGED_SAVE_IMAGE", "priority"): READS,
    ("CONNECT_SET_IDENTITY", "priority"): "nothing waits in it",
    ("DOMAIN_ABORT_JOB", "priority"): "ends what others wait for",
    ("DOMAIN_DEFINE_XML", "priority"): WRITES,
    ("DOMAIN_DEFINE_XML_FLAGS", "priority"): WRITES,
    ("DOMAIN_UNDEFINE", "priority"): WRITES,
    ("DOMAIN_SET_AUTOSTART", "priority"): WRITES,
    ("DOMAIN_UNDEFINE_FLAGS", "priority"): WRITES,
    ("DOMAIN_SET_MAX_MEMORY", "priority"): WRITES,
    ("CONNECT_GET_HOSTNAME", "priority"): "waits for the name service",
}

STRING_MAX = 4194304  # that of every string
SCALARS = {"int": "int", "unsigned int": "uint", "hyper": "hyper", "unsigned hyper":
           "uhyper", "double": "double", "unsigned char": "uchar", "unsigned short":
           "ushort", "char": "char", "string": "string", "opaque": "opaque",
           "remote_typed_param": "TypedParam"}


def load_generator():
    spec = importlib.util.spec_from_file_location(
        "gen_protocol", os.path.join(RPC, "gen-protocol.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- libvirt's ----

def shape(field):
    for key, form in (("length", "[%d]"), ("max", "<%d>")):
        if key in field:
            return form % field[key]
    return "?" if field.get("optional") else ""


def all_types(known):
    """The types by name; some rows use the arguments of other rows as a type."""
    types = dict(known["types"])
    for row in known["procedures"]:
        for part in "args", "ret", "msg":
            if part in row:
                name = "remote_%s_%s" % (row["name"].lower(), part)
                types.setdefault(name, {"struct": row[part]})
    return types


def theirs(fields, types, prefix=""):
    """A flat list of "TYPE[SHAPE] NAME", structures resolved; a structure "msg" holds an
    event's fields and has no bytes of its own."""
    flat = []
    for field in fields or []:
        kind, form = field["type"], shape(field)
        while kind not in SCALARS:
            row = types[kind]
            if "typedef" in row:
                kind, inner = row["typedef"]["type"], shape(row["typedef"])
                if kind != "string" or inner != "<%d>" % STRING_MAX:
                    assert not (form and inner), field
                    form = form or inner
            elif "enum" in row:
                kind = "int"
            else:
                break
        name = prefix + field["name"]
        if kind in SCALARS:
            flat.append("%s%s %s" % (SCALARS[kind], form, name))
        elif field["name"] == "msg" and not prefix and not form:
            flat += theirs(types[kind]["struct"], types)
        else:
            flat.append("{}%s %s" % (form, name))
            flat += theirs(types[kind]["struct"], types, name + ".")
    return flat


# ---- ours ----

def ours(struct, prefix=""):
    flat = []
    for field in struct.fields if struct else []:
        form = {"FIXED": "[%d]", "COUNTED": "<%d>", "OPTIONAL": "?", "ONE": ""}[field.shape]
        form = form % field.max if "%" in form else form
        name = prefix + field.name
        if field.struct:
            flat.append("{}%s %s" % (form, name))
            flat += ours(field.struct, name + ".")
        else:
            kind = "TypedParam" if field.kind == "TYPED_PARAM" else field.kind.lower()
            flat.append("%s%s %s" % (kind, form, name))
    return flat


# ---- the comparison ----

def compare_row(row, known, types):
    """Yields (what, ours, libvirt's)."""
    if row.name != known["name"]:
        yield "name", row.name, known["name"]
        return
    if row.keyword == "event":
        yield "msg", ours(row.msg), theirs(known.get("msg"), types)
        return
    yield "args", ours(row.args), theirs(known.get("args"), types)
    yield "ret", ours(row.ret), theirs(known.get("ret"), types)
    yield "priority", "high" in row.words, known.get("priority") == "high"
    yield "stream", "stream" in row.words, "readstream" in known or "writestream" in known
    yield "acl", row.text["acl"].split(), known["acl"]


def event_ids():
    """Name -> number, of the installed header."""
    flags = subprocess.run(["pkg-config", "--variable=includedir", "libvirt"], text=True,
                           stdout=subprocess.PIPE, check=False).stdout.strip()
    path = os.path.join(flags or "/usr/include", "libvirt/libvirt-domain.h")
    with open(path, encoding="utf-8") as f:
        return {name: int(number) for name, number in re.findall(
            r"\bVIR_DOMAIN_EVENT_ID_([A-Z0-9_]+) = (\d+)", f.read())}


def compare_events(events):
    """libvirt has no table of which message belongs to which ID: names tell."""
    ids = event_ids()
    assert len(ids) > 20, ids
    for row in events:
        short = re.sub(r"^DOMAIN_EVENT_(CALLBACK_)?", "", row.name)
        if short in ids or row.event <= max(ids.values()):
            yield row.name, "event ID", row.event, ids.get(short)


def compare_frame(known):
    with open(os.path.join(RPC, "message.h"), encoding="utf-8") as f:
        text = f.read()
    constants = {name: int(number, 0) for name, number in
                 re.findall(r"\bRPC_([A-Z_]+) = (0x[0-9a-f]+|\d+)", text)}
    for number in ("REMOTE_PROGRAM", "PROGRAM_REMOTE"), ("QEMU_PROGRAM", "PROGRAM_QEMU"), \
                  ("REMOTE_PROTOCOL_VERSION", "PROGRAM_VERSION"):
        yield number[0], "constant", constants[number[1]], known["constants"][number[0]]
    for enum, prefix in ("virNetMessageType", "TYPE_"), ("virNetMessageStatus", "STATUS_"):
        mine = {n[len(prefix):]: v for n, v in constants.items() if n.startswith(prefix)}
        yield enum, "enum", mine, {n[len("VIR_NET_"):]: v
                                   for n, v in known["frame"][enum].items()}


# What the names of a driver's procedures and messages contain; the first that fits.
DRIVERS = (("nwfilter", "NWFILTER"), ("network", "NETWORK"), ("storage", "STORAGE"),
           ("nodedev", "NODE_.*DEVICE"), ("secret", "SECRET"), ("interface", "INTERFACE"))
# Streams, and what the hypervisor's driver does itself.
REFUSED = {"STORAGE_VOL_UPLOAD", "STORAGE_VOL_DOWNLOAD", "NODE_DEVICE_DETTACH",
           "NODE_DEVICE_DETACH_FLAGS", "NODE_DEVICE_RE_ATTACH", "NODE_DEVICE_RESET"}


def driver_of(name):
    if not name.startswith("DOMAIN_"):
        for driver, pattern in DRIVERS:
            if re.search(pattern, name):
                return driver
    return None


def forward_differences(known, forwarded):
    rows = {row.number: row for row in forwarded}
    for p in known["procedures"]:
        driver = None if "msg" in p or p["name"] in REFUSED else driver_of(p["name"])
        row = rows.pop(p["number"], None)
        mine = row and (row.name, row.driver, row.text["acl"].split(), row.words)
        if driver:
            # Whatever is more than looking is refused on read-only connections.
            looks = all(re.match(r"\w+:(getattr|read|search_\w+)$", a) for a in p["acl"])
            yield (p["name"], "forward", mine,
                   (p["name"], driver, p["acl"], {"ro" if looks else "rw"}))
        else:
            yield p["name"], "forward", mine, None
    yield "forward.def", "numbers that there are not", sorted(rows), []
    with open(os.path.join(RPC, "../forward/relay.c"), encoding="utf-8") as f:
        mine = re.findall(r'\{ (\d+), "(\w+)" \}, +/\* (\w+) \*/', f.read())
    yield "relay.c", "events", sorted(mine), sorted(
        (str(p["number"]), driver_of(p["name"]), p["name"]) for p in known["procedures"]
        if "msg" in p and driver_of(p["name"]))


def compare_names(known, procs):
    """What clients may call has a row, or else a name, and not both."""
    with open(os.path.join(RPC, "names.c"), encoding="utf-8") as f:
        mine = {int(number): name for number, name in
                re.findall(r'\[(\d+)\] = "(\w+)"', f.read())}
    rows = {row.number for row in procs}
    callable_ = {p["number"]: p["name"] for p in known["procedures"] if "msg" not in p}
    for number in sorted((set(callable_) - rows) | set(mine)):
        yield ("procedure %d" % number, "name", mine.get(number),
               None if number in rows else callable_.get(number))


def differences(known, forwarded, structs, procs, events):
    rows = {p["number"]: p for p in known["procedures"]}
    types = all_types(known)
    error = next(s for s in structs if s.ctype == "RemoteError")
    yield "Error", "fields", ours(error), theirs(types["remote_error"]["struct"], types)
    for row in procs + events:
        if row.number not in rows:
            yield row.name, "number", row.number, None
            continue
        for what, a, b in compare_row(row, rows[row.number], types):
            yield row.name, what, a, b
    yield from compare_events(events)
    yield from compare_frame(known)
    yield from compare_names(known, procs + forwarded)
    yield from forward_differences(known, forwarded)


def qemu_differences(known, procs):
    """The program of QEMU's own: all that clients may call has a row."""
    types = all_types(known)
    rows = {p["number"]: p for p in known["qemu"] if "msg" not in p}
    yield "qemu.def", "numbers", [p.number for p in procs], sorted(rows)
    for row in procs:
        for what, a, b in compare_row(row, rows.get(row.number, {"name": None}), types):
            yield row.name, what, a, b


def main():
    with open(os.path.join(HERE, "libvirt.json"), encoding="utf-8") as f:
        known = json.load(f)
    generator = load_generator()
    table = generator.parse(sys.argv[1] if len(sys.argv) > 1 else
                            os.path.join(RPC, "protocol.def"))
    forwarded = generator.parse(os.path.join(RPC, "forward.def"))[1]
    qemu = generator.parse(os.path.join(RPC, "qemu.def"))[1]
    failed, allowed, count = 0, set(DIFFERENT), 0
    for name, what, a, b in itertools.chain(differences(known, forwarded, *table),
                                            qemu_differences(known, qemu)):
        count += 1
        if a == b:
            continue
        if (name, what) in allowed:
            allowed.remove((name, what))
            continue
        failed += 1
        print("%s: %s:\n  ours      %s\n  libvirt's %s" % (name, what, a, b))
    for name, what in sorted(allowed):
        failed += 1
        print("%s: %s: does not differ, or is not compared" % (name, what))
    print("%d compared, %d failed" % (count, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
