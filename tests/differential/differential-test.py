#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of steps, to the daemon with the stand-in emulator, against what stock
libvirt's QEMU driver said to the same (stock-VERSION.jsonl, which the lab's scenario
differential makes). Skipped (77) without python-libvirt, or with a version of libvirt
here that there is no transcript for.

    differential-test.py [TRANSCRIPT]    leaves ours there
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "device"))
from driver_daemon import (EMULATOR, Daemon, kill_leftovers, make_stand_in,  # noqa: E402
                           show_logs)


def stock():
    """The version of libvirt here, and its transcript; or why there is none."""
    try:
        import libvirt
    except ImportError:
        return None, "no python-libvirt"
    number = libvirt.getVersion()
    version = "%d.%d" % (number // 1000000, number // 1000 % 1000)
    path = os.path.join(HERE, "stock-%s.jsonl" % version)
    if not shutil.which("virsh") or not os.path.exists(path):
        return None, "nothing is known of libvirt " + version
    return version, path


def run(root, version, path, ours):
    daemon = Daemon(os.path.join(root, "a"), EMULATOR)
    try:
        subprocess.run([os.path.join(HERE, "calls"), "--uri", daemon.uri, "--machine",
                        "microvm", "--kernel", daemon.kernel, "--out", ours], check=True)
        daemon.stop()
    finally:
        if daemon.process.poll() is None:
            daemon.kill()
        kill_leftovers(root)
    return subprocess.run([os.path.join(HERE, "compare"), "--tag", version, "--tag",
                           "stand-in", path, ours]).returncode


def main():
    version, path = stock()
    if version is None:
        print("skipped: " + path)
        return 77
    make_stand_in()
    root = tempfile.mkdtemp(prefix="vd-")
    ours = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "ours.jsonl")
    try:
        status = run(root, version, path, ours)
        if status:
            show_logs(root)
        return status
    finally:
        shutil.rmtree(root, ignore_errors=True)


sys.exit(main())
