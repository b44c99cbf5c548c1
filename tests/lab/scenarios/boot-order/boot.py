# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM that firmware boots, and media that say which of them was booted."""
import os
import re
import select
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/lab/bin")
from vm import RESULTS, check, finish, say  # noqa: E402,F401

VMM = os.environ.get("LAB_VMM", "vireo")
SECONDS = 120
SECTOR, CD_SECTOR = 512, 2048
OVMF = Path("/usr/share/OVMF")


def name_of(kind, what):
    return kind + "-" + re.sub(r"[^a-z0-9]+", "-", what.split(":")[0].lower())


class Boot:
    """The serial port is the firmware's console: its text, and what a loader says. With
    None as kind, options tell of the firmware."""

    def __init__(self, name, kind, *options):
        words = [VMM, *"-machine q35,graphics=off -accel kvm -cpu host -m 256".split(),
                 *"-nodefaults -no-user-config -display none -serial stdio".split(),
                 "-qmp", "unix:/tmp/boot.sock,server=on,wait=off"]
        if kind == "uefi":
            vars_ = Path(f"/tmp/{name}.fd")
            vars_.write_bytes((OVMF / "OVMF_VARS_4M.fd").read_bytes())
            words += flash(OVMF / "OVMF_CODE_4M.fd", vars_)
        self.log = open(RESULTS / f"{name}.log", "ab")
        self.process = subprocess.Popen([*words, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = b""
        self.ended = False

    def read(self, seconds):
        """More text; False at its end, or that of the time."""
        if not select.select([self.process.stdout], [], [], max(0, seconds))[0]:
            return False
        data = os.read(self.process.stdout.fileno(), 65536)
        self.log.write(data)
        self.text += re.sub(rb"\x1b\[[0-9;=?]*[A-Za-z]", b"", data)
        self.ended = not data
        return data != b""

    def expect(self, regex, seconds=SECONDS):
        """The first match in what has not been matched yet, or None."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(regex.encode(), self.text)):
            if not self.read(deadline - time.monotonic()):
                return None
        self.text = self.text[match.end():]
        return match

    def says(self, *regexes, seconds=SECONDS):
        """All of them, in order; which one is missing is told."""
        for regex in regexes:
            if not self.expect(regex, seconds):
                say(f"not said: {regex}; after it: {self.text[-300:]!r}")
                return False
        return True

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def flash(code, variables, readonly="on"):
    return ["-drive", f"if=pflash,unit=0,format=raw,readonly={readonly},file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]


def drive(name, path, device, **properties):
    """A disk or a CD or, without path, an empty drive."""
    words = []
    if path:
        mode = f"read-only={'on' if device == 'ide-cd' else 'off'}"
        words = ["-blockdev", f"driver=file,node-name={name}-file,filename={path},{mode}",
                 "-blockdev", f"driver=raw,node-name={name},file={name}-file,{mode}"]
        properties["drive"] = name
    properties = [f",{key.replace('_', '-')}={value}" for key, value in properties.items()]
    return [*words, "-device", f"{device},id={name}{''.join(properties)}"]


def sector_of(text):
    """A boot sector that writes text to the serial port and stops; without interrupts, in
    which the firmware would write the end of its own text."""
    code = bytes.fromhex("fa 31c0 8ed8 be167c baf803 ac 84c0 7403 ee ebf8 f4 ebfd".replace(" ", ""))
    assert len(code) == 0x16
    return (code + text.encode() + b"\r\n\0").ljust(SECTOR - 2, b"\0") + b"\x55\xaa"


def bios_disk(name):
    """Says "BOOTED name"."""
    path = Path(f"/tmp/{name}.img")
    path.write_bytes(sector_of(f"BOOTED {name}").ljust(1 << 20, b"\0"))
    return path


def blank_disk(name):
    path = Path(f"/tmp/{name}.img")
    path.write_bytes(bytes(1 << 20))
    return path


def bios_cd(name):
    """El Torito, without emulation, and no file system behind it."""
    catalog_at, image_at = 19, 20
    primary = bytearray(CD_SECTOR)
    primary[:7] = b"\1CD001\1"
    boot = bytearray(CD_SECTOR)
    boot[:7] = b"\0CD001\1"
    boot[7:30] = b"EL TORITO SPECIFICATION"
    struct.pack_into("<I", boot, 0x47, catalog_at)
    end = bytearray(CD_SECTOR)
    end[:7] = b"\xffCD001\1"
    catalog = bytearray(CD_SECTOR)
    catalog[0], catalog[30], catalog[31] = 1, 0x55, 0xAA
    words = sum(struct.unpack("<16H", catalog[:32]))
    struct.pack_into("<H", catalog, 28, -words & 0xFFFF)
    # bootable, no emulation, at the default segment, one sector
    struct.pack_into("<BBHBBHI", catalog, 32, 0x88, 0, 0, 0, 0, 1, image_at)
    image = sector_of(f"BOOTED {name}").ljust(CD_SECTOR, b"\0")
    path = Path(f"/tmp/{name}.iso")
    path.write_bytes((bytes(16 * CD_SECTOR) + primary + boot + end + catalog
                      + image).ljust(1 << 20, b"\0"))
    return path


def fat(name, files):
    """A FAT file system on the whole disk; files: {path in it: content}."""
    path = Path(f"/tmp/{name}.img")
    path.unlink(missing_ok=True)
    subprocess.run(["mformat", "-C", "-i", path, "-T", "32768", "::"], check=True)
    for to, content in files.items():
        directory = ""
        for part in to.split("/")[:-1]:
            directory += f"/{part}"
            subprocess.run(["mmd", "-i", path, "-D", "s", f"::{directory}"], check=False)
        subprocess.run(["mcopy", "-i", path, "-", f"::/{to}"], input=content, check=True)
    return path


def uefi_disk(name):
    """GRUB says "BOOTED name"."""
    return fat(name, {
        "EFI/BOOT/BOOTX64.EFI": Path("/tmp/grub.efi").read_bytes(),
        "EFI/debian/grub.cfg": f"echo BOOTED {name}\nsleep 1000\n".encode()})
