#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The rows of all devices (rows.c prints them) against rows.txt: what is in a migration
stream changes with a decision and a version only. `rows.py --record` writes it anew.

The first release is 1.0. From then on a row is never removed or changed, and a new one
raises the version of its description (util/state.h).
"""
import difflib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "rows.txt")
DUMP = os.path.join(os.environ.get("builddir", "."), "tests/golden/stream/rows")


def versions(lines):
    """Of each description its version and its own rows."""
    found, open_ = {}, []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        open_ = [o for o in open_ if o[0] < indent]
        match = re.match(r"\s*(.*), version (\d+)", line)
        if match:
            found[match.group(1)] = (int(match.group(2)), [])
            open_.append((indent, match.group(1)))
        elif open_:
            found[open_[-1][1]][1].append(line)
    return found


def main():
    text = subprocess.run([DUMP], check=True, capture_output=True, text=True).stdout
    if sys.argv[1:] == ["--record"]:
        with open(GOLDEN, "w", encoding="utf-8") as f:
            f.write(text)
        return 0
    with open(GOLDEN, encoding="utf-8") as f:
        expected = f.read().splitlines()
    got = text.splitlines()
    diff = list(difflib.unified_diff(expected, got, "rows.txt", "this build", lineterm=""))
    before, now = versions(expected), versions(got)
    silent = [name for name in before if name in now and before[name] != now[name]
              and before[name][0] == now[name][0]]
    print("\n".join(diff + [f"{name}: its rows changed without a version" for name in silent]))
    print(f"{len(now)} descriptions, {sum(len(d[1]) for d in now.values())} rows")
    return bool(diff)


if __name__ == "__main__":
    sys.exit(main())
