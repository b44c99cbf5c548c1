#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what the CD drive of the installed QEMU answers to packet commands, as rows for
tests/unit/ide-cd-test.c: record.py > qemu-7.2.h. The drive is on the IDE controller of
QEMU's pc, whose ports its monitor reads and writes."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

BASE = 0x170  # the second channel

# Behind the opcode; what is not given is zero.
ANY = ["00", "25", "03 00 00 00 12", "03 00 00 00 08",
       "12 00 00 00 60", "12 00 00 00 06", "12 00 00 00 00", "12 01 00 00 60",
       "12 01 83 00 60", "12 01 80 00 60", "12 00 80 00 60",
       "46 00 00 00 00 00 00 00 40", "46 02 00 00 00 00 00 00 40",
       "46 00 00 03 00 00 00 00 40", "46 00 00 00 00 00 00 00 08",
       "4a 01 00 00 10 00 00 00 08", "4a 01 00 00 04 00 00 00 08",
       "4a 01 00 00 00 00 00 00 08", "4a 00 00 00 10 00 00 00 08",
       "4a 01 00 00 10 00 00 00 04", "4a 01 00 00 ff 00 00 00 08", "4a 01 00 00 ff",
       "bd 00 00 00 00 00 00 00 00 10", "bd 00 00 00 00 00 00 00 00 04",
       "1b", "1b 00 00 00 01", "1b 00 00 00 12", "bb 00 ff ff", "2b", "52 01", "5c", "a4",
       "ff", "15", "1a 00 3f 00 40", "55", "a1", "b9"]
# Not page 0x0e, in most of which QEMU leaves what its buffer had before.
ANY += ["5a 00 %02x 00 00 00 00 00 50" % page
        for page in (0, 1, 0xd, 0x1a, 0x2a, 0x3f, 0x6a, 0xaa, 0xea, 5, 0x7f)]
ANY += ["5a 00 2a 00 00 00 00 00 0a", "51 00 00 00 00 00 00 00 50",
        "51 01 00 00 00 00 00 00 50", "51 00 00 00 00 00 00 00 08"]
ANY += ["43 %02x 00 00 00 00 %02x 00 50 %02x" % (msf, start, fmt)
        for msf in (0, 2) for start in (0, 1, 2, 0xaa) for fmt in (0, 0x40, 0x80, 0xc0)]
ANY += ["43 00 00 00 00 00 00 00 04", "43 00 02 00 00 00 00 00 50"]
ANY += ["ad %02x 00 00 00 00 %02x %02x 08 14" % (kind, layer, fmt)
        for kind in (0, 1) for layer in (0, 1) for fmt in (0, 1, 2, 3, 4, 5, 0xff)]
ANY += ["ad 00 00 00 00 00 00 00 00 08"]
READS = ["28 00 00 00 00 05 00 00 01", "28", "28 00 00 00 01 8f 00 00 01",
         "28 00 00 00 01 90 00 00 01", "28 00 00 00 01 8f 00 00 02",
         "a8 00 00 00 00 07 00 00 00 02", "2b 00 00 00 01 8f", "2b 00 00 00 01 90"]
READS += ["be 00 00 00 00 05 00 00 01 %02x" % flags
          for flags in (0, 2, 8, 0x10, 0x11, 0x14, 0x18, 0x40, 0x80, 0x90, 0xf0)]
READS += ["be 00 00 00 01 90 00 00 01 10", "be 00 00 00 01 90 00 00 00 10",
          "be 04 00 00 00 05 00 00 02 10"]
# The medium's blocks, 0: none; what is sent.
MEDIA = [(0, ANY), (400, ANY + READS), (360000, ANY), (360001, ANY)]


class Qemu:
    def __init__(self, *args):
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-nodefaults", "-display",
             "none", "-qmp", "stdio", "-S", *args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        self.process.stdout.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"execute": command,
                                             "arguments": arguments}) + "\n")
        while True:
            message = json.loads(self.process.stdout.readline())
            if "event" not in message:
                return message["return"]

    def hmp(self, line):
        return self.ask("human-monitor-command", **{"command-line": line})

    def put(self, register, value, size="b"):
        self.hmp("o /%s 0x%x 0x%x" % (size, BASE + register, value))

    def get(self, register, size="b"):
        return int(self.hmp("i /%s 0x%x" % (size, BASE + register)).split("=")[1], 16)

    def status(self):
        while self.get(7) & 0x80:
            time.sleep(0.001)
        return self.get(7)

    def packet(self, packet):
        """The data; None: CHECK CONDITION."""
        for register, value in ((6, 0xa0), (1, 0), (4, 0xfe), (5, 0xff), (7, 0xa0)):
            self.put(register, value)
        for word in struct.unpack("<6H", packet.ljust(12, b"\0")):
            self.put(0, word, "h")
        data = b""
        while self.status() & 0x08:
            size = self.get(4) | self.get(5) << 8
            words = [self.get(0, "h") for _ in range((size + 1) // 2)]
            data += struct.pack("<%dH" % len(words), *words)[:size]
        return None if self.get(7) & 0x01 else data

    def end(self):
        self.ask("quit")
        self.process.wait()


def row(qemu, text):
    packet = bytes.fromhex(text)
    data = qemu.packet(packet)
    if data is None:
        sense = qemu.packet(bytes([3, 0, 0, 0, 18]))
        return '{ "%s", .key = 0x%x, .code = 0x%02x%02x },' % (packet.hex(), sense[2] & 15,
                                                              sense[12], sense[13])
    told = data.rstrip(b"\0")
    if len(told) > 64:
        return '{ "%s", "%s", %d, .head = TRUE },' % (packet.hex(), told[:16].hex(), len(data))
    return '{ "%s", "%s", %d },' % (packet.hex(), told.hex(), len(data))


def main():
    print("/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
          "/* What QEMU's ide-cd answers: recorded by tests/golden/atapi/record.py. Data "
          "without\n * the zeros at its end, and its length; of much data the head. */\n/* clang-format off */")
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "image")
        for blocks, packets in MEDIA:
            with open(image, "wb") as f:
                for i in range(min(blocks, 400)):
                    f.write(bytes([i & 255]) * 2048)
                f.truncate(blocks * 2048)
            node = "raw,node-name=m,read-only=on,file.driver=file,file.filename=" + image
            medium = ["-blockdev", node] if blocks else []
            qemu = Qemu(*medium, "-device", "ide-cd,bus=ide.1,serial=Serial%s" %
                        (",drive=m" if blocks else ""))
            print("static const Answer answers_%d[] = {" % blocks)
            for text in packets:
                print("    " + row(qemu, text))
            print("};")
            qemu.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
