#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each object of the daemon depends on the header that is made, by make's own word, when
nothing is known yet of what its source includes: so "make virtvireod" works in a fresh
tree, in which nobody has said "make" before."""
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ.get("builddir") or os.getcwd()
HEADER = "libvirt-driver/rpc/protocol.h"
OBJECT = re.compile(r"(\S*/(?:libdriver_a|virtvireod)-\S+\.o): (.*)")


def rules():
    """The Makefile without what compilers have found out."""
    with open(os.path.join(BUILD, "Makefile")) as f:
        lines = [line for line in f if "am--include-marker" not in line]
    with tempfile.NamedTemporaryFile("w", suffix=".mk") as fresh:
        fresh.writelines(lines)
        fresh.flush()
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(["make", "-n", "-p", "-f", fresh.name, HEADER], cwd=BUILD,
                              env=env, stdout=subprocess.PIPE, text=True).stdout


objects = {}
for name, needs in OBJECT.findall(rules()):
    objects.setdefault(name, set()).update(needs.split())
lacking = sorted(name for name, needs in objects.items() if HEADER not in needs)
print("%d objects, %d without %s" % (len(objects), len(lacking), HEADER))
for name in lacking:
    print(name)
sys.exit(bool(lacking) or len(objects) < 50)
