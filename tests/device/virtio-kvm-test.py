#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-blk under a real vCPU: ioeventfd, irqfd, both engines, with an iothread; on
mmio and on PCI."""
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ.get("builddir", ".")
SECTORS = 256
PLACES = 1024  # of tests/tiny/traffic.c
LIMIT = 300  # seconds of a guest, on a machine that has other work


def pattern():
    return bytes((s * 7 + i) & 0xff for s in range(SECTORS) for i in range(512))


def run_guest(words, said):
    """What is wrong, or None: the guest says what it must, and switches off."""
    command = [os.path.join(BUILD, "vireo"), "-accel", "kvm", "-m", "64M", "-nodefaults",
               "-display", "none", "-serial", "stdio"] + words
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as e:
        return "timed out: %r" % e.stdout
    if done.returncode or not re.fullmatch(said, done.stdout.strip()):
        return "status %d, %r, %r" % (done.returncode, done.stdout, done.stderr)
    return None


def run(folder, slot, node, device):
    """One guest; returns what is wrong, or None."""
    image = os.path.join(folder, "disk")
    with open(image, "wb") as f:
        f.truncate(SECTORS * 512)
    error = run_guest([
        "-machine", "microvm", "-kernel", os.path.join(BUILD, "tests/tiny/blk.elf"),
        "-append", "mmio=%#x pin=%u count=%u depth=8" % (0xfeb00000 + slot * 0x1000,
                                                         16 + slot, SECTORS),
        "-object", "iothread,id=io",
        "-blockdev", "driver=file,node-name=n,filename=%s%s" % (image, node),
        "-device", "virtio-blk-device,drive=n,bus=virtio-mmio-bus.%u%s" % (slot, device)],
        b"tiny: disk written and read")
    with open(image, "rb") as f:
        if not error and f.read() != pattern():
            return "the image is not what the guest has written"
    return error


def run_pci(folder, node, device):
    """A guest that sleeps until MSI-X wakes it, so that none may be lost."""
    image = os.path.join(folder, "disk-pci")
    with open(image, "wb") as f:
        f.truncate(PLACES * 1024)
    error = run_guest([
        "-machine", "q35", "-kernel", os.path.join(BUILD, "tests/tiny/traffic.elf"),
        "-append", "kind=2 count=%u size=1024 depth=4 write=1 sleep=1540" % SECTORS,
        "-object", "iothread,id=io",
        "-blockdev", "driver=file,node-name=n,filename=%s%s" % (image, node),
        "-device", "virtio-blk-pci,drive=n" + device],
        rb"tiny: done, [1-9]\d* interrupts")
    written = {n * 7919 % PLACES for n in range(SECTORS)}
    with open(image, "rb") as f:
        if not error and any(f.read(1024) != bytes([0x5a if i in written else 0]) * 1024
                             for i in range(PLACES)):
            return "the image is not what the guest has written"
    return error


def main():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tests = [("slot %u%s%s" % t, lambda t=t: run(folder, *t))
                 for t in ((0, "", ""), (1, ",aio=threads", ""),
                           (23, ",cache.direct=on", ",iothread=io"),
                           (5, ",aio=threads", ",iothread=io,write-cache=off"))]
        tests += [("PCI%s%s" % t, lambda t=t: run_pci(folder, *t))
                  for t in (("", ""), (",aio=threads", ",iothread=io,vectors=2"))]
        for name, test in tests:
            error = test()
            print("%s: %s%s" % ("not ok" if error else "ok", name, ": " + error if error else ""))
            failed += error is not None
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
