# SPDX-License-Identifier: GPL-2.0-or-later
"""The stand-in's firmware and its drives with trays: what an emulator that has them says of
itself, and what it does with media. What this build's emulator has itself is left as it is.

Words of -append: lock-tray, the guest lets nobody open it but by force; late-tray, it opens
the tray only after the reply; alone-tray, it opens it when nobody is connected."""
DRIVES = ("ide-hd", "ide-cd")
COMMON = {"drive": "str", "serial": "str", "bootindex": "int32", "write-cache": "OnOffAuto",
          "werror": "str", "rerror": "str"}
TYPES = {"ide-hd": COMMON, "ide-cd": COMMON,
         "ich9-ahci": {"addr": "str", "multifunction": "bool"}}
PARTS = ("fw_cfg_io", "cfi.pflash01")
COMMANDS = {"blockdev-open-tray": {"id": "s", "force": "b?"},
            "blockdev-close-tray": {"id": "s"}, "blockdev-remove-medium": {"id": "s"},
            "blockdev-insert-medium": {"id": "s", "node-name": "s"}}
MOVED = "DEVICE_TRAY_MOVED"


def extend(real):
    """Adds the types and commands that QEMU has."""
    for name in PARTS + tuple(TYPES):
        if name not in real.qom_types:
            real.qom_types.append(name)
    for name, properties in TYPES.items():
        real.devices.setdefault(name, properties)
    for driver in "virtio-net-pci",:
        for name, kind in ("rombar", "uint32"), ("romfile", "str"):
            real.devices[driver].setdefault(name, kind)
    real.types.update({"-s": {"meta-type": "builtin", "json-type": "string"},
                       "-b": {"meta-type": "builtin", "json-type": "boolean"},
                       "-none": {"meta-type": "object", "members": []}})
    for command, members in COMMANDS.items():
        if not real.has(command):
            real.types["-" + command] = {"meta-type": "object", "members": [
                dict({"name": n, "type": "-" + t[0]}, **({"default": None} if t[1:] else {}))
                for n, t in members.items()]}
            real.types[command] = {"meta-type": "command", "arg-type": "-" + command,
                                   "ret-type": "-none"}
    if real.has(MOVED, "event"):
        return ()
    real.types["-any"] = {"meta-type": "builtin", "json-type": "value"}
    real.types["query-block"] = {"meta-type": "command", "arg-type": "-none",
                                 "ret-type": "-any"}
    return (MOVED,)


class Drives:
    def __init__(self, words, emit, after_reply, node_info):
        """node_info: what the emulator says of a node."""
        self.words, self.emit, self.after_reply = words, emit, after_reply
        self.node_info = node_info
        self.open = {}   # of those with trays
        self.media = {}  # device -> node

    def add(self, device):
        if device["driver"] == "ide-cd":
            self.open[device["id"]] = False
            self.media[device["id"]] = device.get("drive")

    def uses(self, node):
        return node in self.media.values()

    def move(self, ident, is_open):
        if self.open[ident] != is_open:
            self.open[ident] = is_open
            self.emit(MOVED, **{"device": "", "id": ident, "tray-open": is_open})

    def client_gone(self):
        if "alone-tray" in self.words:
            for ident in self.open:
                self.move(ident, True)

    def error(self, args):
        if args["id"] not in self.open:
            return "Device '%s' is not removable" % args["id"]
        return None

    def do_open_tray(self, args):
        if "lock-tray" in self.words and not args.get("force"):
            return
        if "late-tray" in self.words:
            self.after_reply.append(lambda: self.move(args["id"], True))
        else:
            self.move(args["id"], True)

    def do_close_tray(self, args):
        self.move(args["id"], False)

    def do_remove_medium(self, args):
        if not self.open[args["id"]]:
            return "Tray of device '%s' is not open" % args["id"]
        self.media[args["id"]] = None

    def do_insert_medium(self, args):
        if self.media[args["id"]]:
            return "There already is a medium in device '%s'" % args["id"]
        if not self.open[args["id"]]:
            return "Tray of device '%s' is not open" % args["id"]
        self.media[args["id"]] = args["node-name"]

    def do_query(self, args):
        return {"return": [dict({"device": "", "qdev": ident, "type": "unknown",
                                 "locked": False, "removable": True, "tray_open": is_open},
                                **self.inserted(ident))
                           for ident, is_open in sorted(self.open.items())]}

    def inserted(self, ident):
        node = self.media[ident]
        return {"inserted": self.node_info(node)} if node else {}

    def commands(self, error):
        def run(fn):
            def command(args):
                problem = self.error(args) or fn(args)
                return error(problem) if problem else {"return": {}}
            return command
        return {"query-block": self.do_query,
                "blockdev-open-tray": run(self.do_open_tray),
                "blockdev-close-tray": run(self.do_close_tray),
                "blockdev-remove-medium": run(self.do_remove_medium),
                "blockdev-insert-medium": run(self.do_insert_medium)}
