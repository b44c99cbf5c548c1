#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that no source includes a header of a layer above its own, and a few bans."""
import os
import re
import sys

# From the bottom up; layers in one row may not include each other.
EMULATOR = [["util"], ["capabilities"], ["config"], ["event"], ["memory"], ["accel"],
            ["device"], ["block", "net", "chardev", "input"], ["pci", "scsi"], ["virtio", "hw", "ide", "usb"],
            ["firmware"], ["machine"], ["migration"], ["monitor"]]
# The daemon: its own parts may include each other, from the bottom up.
DRIVER = [["util"], ["capabilities"], ["xml"], ["rpc", "qmp", "process"], ["forward", "agent"],
          ["network"], ["command"],
          ["domain"]]
# Used by main.c alone.
TOP = {"sandbox"}

# What must not come back: (below which directory, pattern, why).
BANS = [
    ("emulator", r'#\s*include\s+<(json-glib|gio)/',
     "json-glib and gio cost a third of the start"),
    # Loops at the end of the process wait by event_loop_run_while(), all others by
    # callbacks; event/loop.c asserts that neither is in the midst of a handler.
    ("emulator", r'\bg_(warning|message|critical|info|debug|printerr|print)\(',
     "GLib's writer makes calls that filters end the process for: log_warn()"),
    ("emulator", r'\b(event_loop_iterate|g_main_context_iteration)\(',
     "no nested main loop: what has to wait takes a callback"),
]
# Where a ban does not hold.
ALLOWED = {
    ("emulator/event/loop.h", "event_loop_iterate"),  # for tests
    ("emulator/event/loop.c", "event_loop_iterate"),
    ("emulator/event/loop.c", "g_main_context_iteration"),
}


def rank(order, layer):
    for i, row in enumerate(order):
        if layer in row:
            return i
    return None


def check_file(path, layer, order, errors):
    """Appends to errors every include in path that the order does not allow."""
    mine = rank(order, layer)
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            m = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
            if not m or m.group(1) == layer:
                continue
            theirs = rank(order, m.group(1))
            if theirs is None or theirs >= mine:
                errors.append("%s:%d: layer %s includes %s" %
                              (path, number, layer, m.group(1)))


def check_bans(path, top, base, errors):
    """Appends to errors every line in path that is banned below base."""
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            for where, pattern, why in BANS:
                m = re.search(pattern, line) if where == base else None
                name = os.path.join(base, os.path.relpath(path, os.path.join(top, base)))
                if m and (name, m.group(1)) not in ALLOWED:
                    errors.append("%s:%d: %s: %s" % (path, number, line.strip(), why))


def main():
    top = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    errors, files = [], 0
    for base, order in (("emulator", EMULATOR), ("libvirt-driver", DRIVER),
                        ("xml", DRIVER), ("capabilities", DRIVER)):
        for folder, _, names in os.walk(os.path.join(top, base)):
            part = os.path.relpath(folder, os.path.join(top, base)).split(os.sep)[0]
            layer = base if base in ("xml", "capabilities") else part
            for name in sorted(names):
                if not name.endswith((".c", ".h", ".def", ".inc")):
                    continue
                check_bans(os.path.join(folder, name), top, base, errors)
                if part == "." and layer == ".":
                    continue  # main.c sees every layer
                if layer in TOP:
                    order_here = order + [[layer]]
                else:
                    order_here = order
                if rank(order_here, layer) is None:
                    errors.append("%s: unknown layer %s" % (folder, layer))
                    break
                files += 1
                check_file(os.path.join(folder, name), layer, order_here, errors)
    for e in errors:
        print(e)
    print("%d files checked, %d errors" % (files, len(errors)))
    return 1 if errors or not files else 0


if __name__ == "__main__":
    sys.exit(main())
