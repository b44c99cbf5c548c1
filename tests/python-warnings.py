#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Python does not warn of what is in the tree: what is deprecated ends some day."""
import os
import subprocess
import sys
import warnings

TOP = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("emulator", "libvirt-driver", "tests", "tools")


def scripts():
    for base in FOLDERS:
        for folder, _, names in os.walk(os.path.join(TOP, base)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    first = f.readline(80)
                if name.endswith(".py") or first.startswith(b"#!") and b"python" in first:
                    yield path


def fault(text, path):
    """Why it does not compile without a warning, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(text, path, "exec")
        except (SyntaxError, Warning) as e:
            return str(e)
    return None


def console_warns():
    """What the lab's console makes of a step, at run time."""
    console = os.path.join(TOP, "tests", "lab", "host", "console")
    done = subprocess.run([sys.executable, "-W", "error", console, r"expect:a\sb", "--", "echo", "a b"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=100, check=False)
    return done.returncode and done.stderr.decode()


def main():
    assert fault("'\\s'", "self-test") and not fault("r'\\s'", "self-test")
    files, errors = 0, 0
    for path in scripts():
        files += 1
        with open(path, encoding="utf-8") as f:
            why = fault(f.read(), path)
        if why:
            errors += 1
            print("%s: %s" % (path, why))
    why = console_warns()
    if why:
        errors += 1
        print("tests/lab/host/console: %s" % why)
    print("%d files checked, %d errors" % (files, errors))
    return 1 if errors or not files else 0


sys.exit(main())
