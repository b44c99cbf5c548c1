#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-blk under a real vCPU: ioeventfd, irqfd, both engines, with an iothread."""
import os
import subprocess
import sys
import tempfile

BUILD = os.environ.get("builddir", ".")
SECTORS = 256
LIMIT = 300  # seconds of a guest, on a machine that has other work


def pattern():
    return bytes((s * 7 + i) & 0xff for s in range(SECTORS) for i in range(512))


def run(folder, slot, node, device):
    """One guest; returns what is wrong, or None."""
    image = os.path.join(folder, "disk")
    with open(image, "wb") as f:
        f.truncate(SECTORS * 512)
    command = [
        os.path.join(BUILD, "vireo"), "-machine", "microvm", "-accel", "kvm", "-m", "16M",
        "-nodefaults", "-display", "none", "-serial", "stdio",
        "-kernel", os.path.join(BUILD, "tests/tiny/blk.elf"),
        "-append", "mmio=%#x pin=%u count=%u depth=8" % (0xfeb00000 + slot * 0x1000,
                                                         16 + slot, SECTORS),
        "-object", "iothread,id=io",
        "-blockdev", "driver=file,node-name=n,filename=%s%s" % (image, node),
        "-device", "virtio-blk-device,drive=n,bus=virtio-mmio-bus.%u%s" % (slot, device)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as e:
        return "timed out: %r" % e.stdout
    if done.returncode or done.stdout.split() != b"tiny: disk written and read".split():
        return "status %d, %r, %r" % (done.returncode, done.stdout, done.stderr)
    with open(image, "rb") as f:
        if f.read() != pattern():
            return "the image is not what the guest has written"
    return None


def main():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for slot, node, device in ((0, "", ""), (1, ",aio=threads", ""),
                                   (23, ",cache.direct=on", ",iothread=io"),
                                   (5, ",aio=threads", ",iothread=io,write-cache=off")):
            error = run(folder, slot, node, device)
            print("%s: slot %u%s%s%s" % ("not ok" if error else "ok", slot, node, device,
                                         ": " + error if error else ""))
            failed += error is not None
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
