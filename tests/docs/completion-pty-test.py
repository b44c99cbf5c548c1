#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What TAB makes of a line in a real bash, which splits words at '=' and ':'."""
import os
import pty
import re
import select
import sys
import tempfile

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
BUILD = os.path.abspath(os.environ.get("builddir", "."))
TIMEOUT = 60

# Lines, and what stands there after a TAB; @ is a folder with a file "disk.raw".
LINES = [
    ("vireo -mach", "vireo -machine "),
    ("vireo -machine q35,acp", "vireo -machine q35,acpi="),
    ("vireo -machine q35,acpi=of", "vireo -machine q35,acpi=off "),
    ("vireo -machine type=q", "vireo -machine type=q35 "),
    ("vireo -device virtio-blk-pci,seri", "vireo -device virtio-blk-pci,serial="),
    ("vireo -device virtio-blk-pci,drive=d0,seri",
     "vireo -device virtio-blk-pci,drive=d0,serial="),
    ("vireo -device virtio-blk-pci,id=x,drive=d0,seri",
     "vireo -device virtio-blk-pci,id=x,drive=d0,serial="),
    ("vireo -device driver=isa-ser", "vireo -device driver=isa-serial "),
    ("vireo -blockdev driver=fi", "vireo -blockdev driver=file "),
    ("vireo -blockdev driver=file,node-n", "vireo -blockdev driver=file,node-name="),
    ("vireo -blockdev driver=file,filename=@/di",
     "vireo -blockdev driver=file,filename=@/disk.raw"),
    ("vireo -blockdev driver=file,filename=@/a:b/x",
     "vireo -blockdev driver=file,filename=@/a:b/xy"),
    ("vireo -m 1 -object rng-random,id=a,filen",
     "vireo -m 1 -object rng-random,id=a,filename="),
    ("vireo -global ICH9-LPC.disable_s3", "vireo -global ICH9-LPC.disable_s3="),
    ("vireo -kernel @/di", "vireo -kernel @/disk.raw "),
    ("virtvireod --em", "virtvireod --emulator "),
    ("virtvireod --emulator @/di", "virtvireod --emulator @/disk.raw "),
    ("virtvireod --emulator=@/di", "virtvireod --emulator=@/disk.raw "),
]

SETUP = r"""
PATH=%(build)s:$PATH PS1=
bind 'set enable-bracketed-paste off'
bind 'set bell-style none'
bind 'set page-completions off'
bind 'set completion-query-items 0'
. %(source)s/docs/completion/vireo
. %(source)s/docs/completion/virtvireod
show() { printf '\n{%%s}\n' "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }
bind -x '"\C-g": show'
"""


class Shell:
    def __init__(self, folder):
        rc = os.path.join(folder, "rc")
        with open(rc, "w", encoding="utf-8") as f:
            f.write(SETUP % {"build": BUILD, "source": SOURCE})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", COLUMNS="400", HISTFILE="")
            os.execlp("bash", "bash", "--rcfile", rc, "--noprofile", "-i")

    def until(self, pattern):
        text = ""
        while not (match := re.search(pattern, text)):
            if not select.select([self.fd], [], [], TIMEOUT)[0]:
                raise AssertionError("no %r in %r" % (pattern, text))
            text += os.read(self.fd, 65536).decode()
        return match

    def complete(self, line):
        """C-g: what readline has after the TAB, whatever else it prints."""
        os.write(self.fd, line.encode() + b"\t\x07")
        return self.until(r"\{([^\r\n]*)\}\r").group(1)

    def end(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="vireo-tab-") as folder:
        os.mkdir(os.path.join(folder, "a:b"))
        for name in "disk.raw", "a:b/xy":
            with open(os.path.join(folder, name), "wb"):
                pass
        shell = Shell(folder)
        for line, expected in LINES:
            got = shell.complete(line.replace("@", folder))
            if got != expected.replace("@", folder):
                failed += 1
                print("%s<TAB> makes %r, not %r" % (line, got, expected))
        shell.end()
    return failed != 0


sys.exit(main())
