#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of steps, to the daemon with the stand-in emulator, against what each stock
libvirt's QEMU driver said to the same (stock-VERSION.jsonl, which the lab's scenario
differential makes). Skipped (77) without python-libvirt, or with a version of libvirt
here, as the client, that there is no transcript for.

    differential-test.py [TRANSCRIPT [EMULATOR]]    leaves ours there; with the real
                                                    emulator, as in the lab, and /dev/kvm
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "device"))
from driver_daemon import (BUILD, EMULATOR, Daemon, kill_leftovers,  # noqa: E402
                           make_stand_in, show_logs)

VERSIONS = ("9.0", "11.3")  # of stock libvirt


def client():
    """The version of libvirt here; or None, and why it is of no use."""
    try:
        import libvirt
    except ImportError:
        return None, "no python-libvirt"
    number = libvirt.getVersion()
    version = "%d.%d" % (number // 1000000, number // 1000 % 1000)
    if not shutil.which("virsh") or version not in VERSIONS:
        return None, "nothing is known of libvirt " + version
    return version, ""


def stand_in(root):
    make_stand_in()
    path = os.path.join(root, "emulator")
    with open(path, "w") as f:
        f.write("#!/bin/sh\nexec %s -with-q35 \"$@\"\n" % EMULATOR)
    os.chmod(path, 0o755)
    return path


def call(root, emulator, ours):
    kernel = os.path.abspath(os.path.join(BUILD, "tests/tiny/dirty.elf"))
    daemon = Daemon(os.path.join(root, "a"), emulator or stand_in(root),
                    kernel if emulator else None)
    try:
        subprocess.run([os.path.join(HERE, "calls"), "--uri", daemon.uri, "--machine",
                        "microvm", "--plug-machine", "q35", "--kernel", daemon.kernel,
                        "--out", ours], check=True)
        daemon.stop()
    finally:
        if daemon.process.poll() is None:
            daemon.kill()
        kill_leftovers(root)


def compare(version, here, what, ours):
    """Whether each difference from this stock has its row, and each row a difference."""
    print("stock %s:" % version, flush=True)
    tags = [word for tag in (version, "client-" + here, what) for word in ("--tag", tag)]
    stock = os.path.join(HERE, "stock-%s.jsonl" % version)
    return subprocess.run([os.path.join(HERE, "compare"), *tags, stock, ours]).returncode == 0


def main():
    here, why = client()
    if here is None:
        print("skipped: " + why)
        return 77
    root = tempfile.mkdtemp(prefix="vd-")
    ours = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "ours.jsonl")
    emulator = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
    what = "lab" if emulator else "stand-in"
    try:
        call(root, emulator, ours)
        if all([compare(version, here, what, ours) for version in VERSIONS]):
            return 0
        show_logs(root)
        return 1
    finally:
        shutil.rmtree(root, ignore_errors=True)


sys.exit(main())
