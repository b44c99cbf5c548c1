#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what stands in assertions: they are for our own bugs, and may be compiled out.

So there is no change of anything in them, no call but of what is known to change
nothing, and nothing that the host decides (errno, results of system calls)."""
import os
import re
import sys

FOLDERS = ("emulator", "capabilities", "xml", "libvirt-driver", "ozone")

PURE = {
    # glib and the language
    "sizeof", "G_N_ELEMENTS", "g_queue_is_empty", "g_hash_table_size", "g_str_equal",
    "g_main_context_is_owner", "g_main_depth", "g_atomic_int_get", "strlen",
    # ours
    "LOAD", "machine_lock_held", "address_map_changing", "bus_find", "may_touch",
    "event_loop_current", "event_loop_main", "owner_drained",
    "vm_running", "vm_resetting",
}
ASSERTION = re.compile(r"\bg_assert(?:_true|_false|_cmp\w+|_null|_nonnull)?\s*\(")
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
CHANGE = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)|<<=|>>=")


def argument(text, start):
    """What stands between the parenthesis that ends before `start` and its partner."""
    depth = 1
    for i in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if not depth:
            return text[start:i]
    return text[start:]


def faults(text):
    """Pairs of a position and what is wrong there."""
    for m in ASSERTION.finditer(text):
        inside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', argument(text, m.end()))
        for call in CALL.findall(inside):
            if call not in PURE:
                yield m.start(), "calls %s()" % call
        if CHANGE.search(inside):
            yield m.start(), "changes something"
        if re.search(r"\berrno\b", inside):
            yield m.start(), "looks at errno"


def self_test():
    bad = ["g_assert(g_ptr_array_remove(a, b));", "g_assert(errno == EAGAIN);",
           "g_assert(i++ < n);", "g_assert(\n  ioctl(fd, X) == 0);", "g_assert(a = b);"]
    good = ["g_assert(a == b && c <= d && e != f);", "g_assert(machine_lock_held());",
            "g_assert(a->b >= sizeof(B)); i++;"]
    return all(list(faults(t)) for t in bad) and not any(list(faults(t)) for t in good)


def main():
    top = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not self_test():
        print("this check does not work")
        return 1
    errors, files = 0, 0
    for base in FOLDERS:
        for folder, _, names in os.walk(os.path.join(top, base)):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as f:
                    text = f.read()
                files += 1
                for at, what in faults(text):
                    errors += 1
                    print("%s:%d: an assertion %s" % (path, text.count("\n", 0, at) + 1, what))
    print("%d files checked, %d errors" % (files, errors))
    return 1 if errors or not files else 0


if __name__ == "__main__":
    sys.exit(main())
