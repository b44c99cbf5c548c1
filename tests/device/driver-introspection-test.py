#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stand-in takes and refuses, the emulator takes and refuses too: the same
commands are judged by driver_introspection.py and executed by vireo."""
import os
import sys
import tempfile

from driver_introspection import Introspection, Refused, ask, start
from qmp import TIMEOUT

VIREO = os.path.abspath(os.path.join(os.environ.get("builddir", "."), "vireo"))
FILE = {"driver": "file", "node-name": "f", "filename": "@FILE@"}
RAW = {"driver": "raw", "node-name": "r", "file": "f"}
DISK = {"driver": "virtio-blk-device", "id": "d", "drive": "r"}


def without(node, name):
    return {k: v for k, v in node.items() if k != name}


# (command, arguments, taken); in this order, as later ones need earlier ones
CASES = [
    ("blockdev-add", dict(FILE, caching=True), False),
    ("blockdev-add", dict(FILE, cache={"direct": "no"}), False),
    ("blockdev-add", dict(FILE, cache={"indirect": False}), False),
    ("blockdev-add", dict(FILE, driver="filo"), False),
    ("blockdev-add", dict(FILE, discard="perhaps"), False),
    ("blockdev-add", without(FILE, "filename"), False),
    ("blockdev-add", dict(FILE, **{"read-only": 1}), False),
    ("blockdev-add", dict(FILE, cache={"direct": False}, discard="unmap"), True),
    ("blockdev-add", dict(RAW, backing="x"), False),
    ("blockdev-add", RAW, True),
    ("device_add", dict(DISK, driver="virtio-blk-devise"), False),
    ("device_add", dict(DISK, seriel="x"), False),
    ("device_add", dict(DISK, **{"write-cache": "maybe"}), False),
    ("device_add", dict(DISK, **{"num-queues": "many"}), False),
    ("device_add", without(DISK, "driver"), False),
    ("device_add", dict(DISK, serial="S", **{"write-cache": "on"}), True),
    ("netdev_add", {"type": "tap", "id": "n", "fdd": "x"}, False),
    ("netdev_add", {"type": "tup", "id": "n"}, False),
    ("netdev_add", {"type": "tap", "fd": "x"}, False),
    ("object-add", {"qom-type": "rng-random", "id": "o", "filname": "x"}, False),
    ("object-add", {"qom-type": "rng", "id": "o"}, False),
    ("object-add", {"qom-type": "rng-random", "filename": "/dev/urandom"}, False),
    ("object-add", {"qom-type": "rng-random", "id": "o", "filename": "/dev/urandom"}, True),
    ("migrate-set-capabilities", {"capabilities": [{"capability": "speed",
                                                    "state": True}]}, False),
    ("migrate-set-capabilities", {"capabilities": [{"capability": "events",
                                                    "state": True}]}, True),
    ("device_del", {"ident": "d"}, False),
]


def judge(real, command, args):
    try:
        real.check_command(command, args)
    except Refused as e:
        return str(e)
    return None


def main():
    real = Introspection(ask(VIREO))
    process, emulator = start(VIREO, "-machine", "microvm", "-accel", "qtest", "-nodefaults",
                              "-display", "none")
    failed = 0
    with tempfile.NamedTemporaryFile(prefix="introspection-") as image:
        image.truncate(1 << 20)
        for command, args, taken in CASES:
            if args.get("filename") == "@FILE@":
                args = dict(args, filename=image.name)
            judged = judge(real, command, args)
            said = emulator.raw(command, args).get("error", {}).get("desc")
            if (judged is None) != taken or (said is None) != taken:
                failed += 1
                print("%s %s:\n  stand-in: %s\n  vireo: %s" % (command, args, judged, said))
        emulator("quit")
        assert process.wait(TIMEOUT) == 0, process.returncode
        emulator.sock.close()
    print("%d commands, %d failed" % (len(CASES), failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
