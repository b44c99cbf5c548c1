# SPDX-License-Identifier: GPL-2.0-or-later
"""Network back ends of the stand-in for the emulator, and the links of cards."""
import os
import sys


def extend(real):
    """An emulator that has several queues, vhost, and links that can be pulled: what the one
    of this build lacks of it. That it has a stack of its own is this build's to tell."""
    object_type = real.types[real.types["netdev_add"]["arg-type"]]
    cases = {v["case"]: v["type"] for v in object_type["variants"]}
    tap = real.types[cases["tap"]]["members"]
    for name in "fds", "vhostfd", "vhostfds":
        if name not in [m["name"] for m in tap]:
            tap.append({"name": name, "type": "str", "default": None})
    if not real.has("set_link"):
        real.types["set_link"] = {"name": "set_link", "meta-type": "command",
                                  "arg-type": "with-net-link",
                                  "ret-type": real.types["cont"]["ret-type"]}
        real.types["with-net-link"] = {
            "name": "with-net-link", "meta-type": "object",
            "members": [{"name": "name", "type": "str"}, {"name": "up", "type": "bool"}]}


class Netdevs:
    """Their descriptors live as long as they do."""

    def __init__(self, error):
        self.error = error
        self.own = {}

    def add(self, args, take):
        """take(name): gives a descriptor away."""
        if args["id"] in self.own:
            return self.error("'%s' is there already" % args["id"])
        names = [n for key in ("fd", "fds", "vhostfd", "vhostfds")
                 for n in args.get(key, "").split(":") if n]
        self.own[args["id"]] = [take(n) for n in names]
        return {"return": {}}

    def start(self, args):
        """Of the command line, where they are numbers."""
        def inherited(name):
            os.set_inheritable(int(name), False)
            return int(name)
        self.add(args, inherited)

    def remove(self, name):
        if name not in self.own:
            return self.error("'%s' is not there" % name)
        for fd in self.own.pop(name):
            os.close(fd)
        return {"return": {}}


def set_link(args):
    """Tests read it in the log."""
    print("link of %s is %s" % (args["name"], "up" if args["up"] else "down"),
          file=sys.stderr, flush=True)
    return {"return": {}}
