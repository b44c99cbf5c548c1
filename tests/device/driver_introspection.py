# SPDX-License-Identifier: GPL-2.0-or-later
"""What the real emulator says of itself, asked once for each build, and a check of
commands, devices and back ends against it: so the stand-in refuses what vireo would."""
import json
import os
import re
import socket
import subprocess

from qmp import Qmp

GENERIC = {"driver": "str", "id": "str", "bus": "str"}  # of every device


class Refused(Exception):
    """The text is that of the error reply."""


# ---- asking ----

def start(emulator, *args):
    """The process, and its monitor on a socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([emulator, *args, "-qmp", "stdio"], stdin=theirs,
                                   stdout=theirs)
    return process, Qmp(ours).start()


def ask(emulator):
    """Runs it once without a board; returns what it replied, ready for Introspection."""
    process, call = start(emulator, "-machine", "none")
    with process, call.sock:
        types = [t["name"] for t in call("qom-list-types")]
        devices = {t: call.raw("device-list-properties", {"typename": t}).get("return")
                   for t in types}
        answers = {
            "schema": call("query-qmp-schema"), "types": types,
            "machines": call("query-machines"),
            "devices": {t: {p["name"]: p["type"] for p in rows}
                        for t, rows in devices.items() if rows is not None},
        }
        call("quit")
    assert answers["schema"] and answers["devices"], answers
    return answers


def cached(emulator, path):
    """The answers are in path and newer than the emulator afterwards."""
    if os.path.exists(path) and os.stat(path).st_mtime > os.stat(emulator).st_mtime:
        return
    answers = ask(emulator)
    new = "%s.%d" % (path, os.getpid())
    with open(new, "w") as f:
        json.dump(answers, f)
    os.rename(new, path)


# ---- checking ----

class Introspection:
    def __init__(self, answers):
        self.types = {t["name"]: t for t in answers["schema"]}
        self.devices = answers["devices"]
        self.qom_types = answers["types"]
        self.machines = answers["machines"]

    def has(self, name, meta="command"):
        return self.types.get(name, {}).get("meta-type") == meta

    def check_command(self, name, args):
        """Of a command that it has."""
        if name == "device_add":
            self.check_device(args)
        else:
            self.check(self.types[name]["arg-type"], args, name)

    def check_reply(self, name, value):
        self.check(self.types[name]["ret-type"], value, "reply to " + name)

    def check_event(self, name, data):
        self.check(self.types[name]["arg-type"], data, "event " + name)

    def check_option(self, option, node):
        """A JSON argument of -device, -blockdev, -netdev or -object."""
        command = {"-device": "device_add", "-blockdev": "blockdev-add",
                   "-netdev": "netdev_add", "-object": "object-add"}[option]
        kind = node.get("qom-type", "")
        if kind.startswith("memory-backend-") and kind in self.qom_types:
            return  # only at start, so not of QMP: driver-command-test.py runs these
        self.check_command(command, node)

    def check_device(self, args):
        driver = args.get("driver")
        if driver not in self.devices:
            raise Refused("'%s' is not a valid device model name" % driver)
        properties = dict(self.devices[driver], **GENERIC)
        for name, value in args.items():
            if name not in properties:
                raise Refused("Property '%s.%s' not found" % (driver, name))
            if not property_takes(properties[name], value) and \
                    not (name == "addr" and is_pci_address(value)):
                raise Refused("Property '%s.%s' does not take %s" %
                              (driver, name, json.dumps(value)))

    def check(self, name, value, where):
        row = self.types[name]
        getattr(self, "check_" + row["meta-type"])(row, value, where)

    def check_builtin(self, row, value, where):
        kinds = {"int": int, "string": str, "boolean": bool, "number": (int, float),
                 "value": object, "null": type(None)}
        kind = row["json-type"]
        if not isinstance(value, kinds[kind]) or kind == "int" and isinstance(value, bool):
            raise Refused("%s: %s expected, not %s" % (where, kind, json.dumps(value)))

    def check_enum(self, row, value, where):
        if value not in [m["name"] for m in row["members"]]:
            raise Refused("%s: '%s' is not a value of it" % (where, value))

    def check_array(self, row, value, where):
        if not isinstance(value, list):
            raise Refused("%s: array expected" % where)
        for item in value:
            self.check(row["element-type"], item, where + "[]")

    def check_alternate(self, row, value, where):
        reasons = []
        for member in row["members"]:
            try:
                return self.check(member["type"], value, where)
            except Refused as e:
                reasons.append(str(e))
        raise Refused("; ".join(reasons))

    def members(self, row, value, where):
        members = list(row["members"])
        if "tag" in row:
            tag = value.get(row["tag"])
            for variant in row["variants"]:
                if variant["case"] == tag:
                    members += self.types[variant["type"]]["members"]
                    break
            else:
                raise Refused("%s.%s: '%s' is none of its cases" % (where, row["tag"], tag))
        return {m["name"]: m for m in members}

    def check_object(self, row, value, where):
        if not isinstance(value, dict):
            raise Refused("%s: object expected" % where)
        members = self.members(row, value, where)
        for name in value:
            if name not in members:
                raise Refused("%s: Parameter '%s' is unexpected" % (where, name))
            self.check(members[name]["type"], value[name], "%s.%s" % (where, name))
        for name, member in members.items():
            if name not in value and "default" not in member:
                raise Refused("%s: Parameter '%s' is missing" % (where, name))


def is_pci_address(value):
    """An int32 in introspection, but SLOT[.FUNCTION] is its usual form."""
    return isinstance(value, str) and \
        re.fullmatch(r"(0x)?[0-9a-f]{1,2}(\.(0x)?[0-7])?", value) is not None


def property_takes(kind, value):
    """A device's property, as -device and device_add take it."""
    if kind == "bool":
        return isinstance(value, bool) or value in ("on", "off")
    if kind == "OnOffAuto":
        return value in ("on", "off", "auto")
    if kind.startswith(("uint", "int", "size")):
        return isinstance(value, int) and not isinstance(value, bool) or \
            isinstance(value, str) and value.isdigit()
    return isinstance(value, str)
