# SPDX-License-Identifier: GPL-2.0-or-later
"""One lab host: an emulator process and its console."""
import subprocess
import sys
import threading

# What a nested guest does not need costs much under software emulation.
APPEND = (
    "console=ttyS0 quiet loglevel=3 panic=-1 tsc=reliable mitigations=off init_on_alloc=0 "
    "no_timer_check audit=0 net.ifnames=0 random.trust_cpu=on"
)
MEMORY = "3072"


def emulator(tree):
    """The tree's QEMU, run by the tree's own dynamic linker: neither chroot nor mounts,
    and what it opens has the same path inside and outside."""
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    return [
        tree / "usr/lib64/ld-linux-x86-64.so.2",
        "--library-path",
        libraries,
        tree / "usr/bin/qemu-system-x86_64",
        "-L",
        tree / "usr/share/qemu",
        "-L",
        tree / "usr/share/seabios",
    ]


def disk(name, path, *drive, device=""):
    options = ["if=none", f"id={name}", f"file={path}", "format=raw", "cache=unsafe", *drive]
    return [
        "-drive",
        ",".join(options),
        "-device",
        f"virtio-blk-pci,drive={name},serial={name}{device}",
    ]


class Host:
    """Starts with its construction. Its console goes to LOG and, with a prefix, to
    standard output where asked."""

    def __init__(self, name, command, log, prefix=None):
        self.name = name
        self.prefix = prefix
        self.process = subprocess.Popen(
            command,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=open(log.with_suffix(".emulator.log"), "wb"),
        )
        self.log = open(log, "wb", buffering=0)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.log.write(line)
            text = line.decode(errors="replace").rstrip("\r\n")
            if self.prefix is not None and not text.startswith("LAB "):
                sys.stdout.write(f"{self.prefix}{text}\n")
                sys.stdout.flush()
        self.log.close()

    def running(self):
        return self.process.poll() is None

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()
        self.reader.join()
