#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what the scsi-hd of the installed QEMU answers, as rows for
tests/unit/scsi-hd-test.c: record.py > qemu-7.2.h. The disk is on a virtio-scsi-pci, whose
legacy registers (virtio 1.2, 4.1.4.8) qtest reads and writes."""
import os
import struct
import subprocess
import sys
import tempfile

BAR, RING, BUFFERS = 0xc000, 0x100000, 0x200000
SLOT = 4
FILL = b"\xcc"

# Behind the opcode; what is not given is zero. No data to the disk.
INQUIRY = ["12 00 00 00 60", "12 00 00 00 24", "12 00 00 00 06", "12 00 00 00 00",
           "12 00 80 00 60", "12 01 00 00 60", "12 01 00 00 05", "12 01 80 00 60",
           "12 01 83 00 ff", "12 01 b0 00 60", "12 01 b1 00 60", "12 01 b2 00 60",
           "12 01 86 00 60", "12 01 b0 00 10"]
ANY = ["00", "03 00 00 00 12", "03 00 00 00 08", "03 01 00 00 12"] + INQUIRY
ANY += ["25", "9e 10 00 00 00 00 00 00 00 00 00 00 00 20", "9e 10 00 00 00 00 00 00 00 00 00 00 00 0c",
        "9e 12 00 00 00 00 00 00 00 00 00 00 00 20", "a0 00 00 00 00 00 00 00 00 40",
        "a0 00 02 00 00 00 00 00 00 40", "a0 00 01 00 00 00 00 00 00 40",
        "a0 00 00 00 00 00 00 00 00 08", "1b", "1b 00 00 00 01", "1e", "1e 00 00 00 01",
        "35", "91", "2f 00 00 00 00 00 00 00 01", "2f 00 00 00 01 90 00 00 01",
        "8f 00 00 00 00 00 00 00 00 00 00 00 00 01", "af 00 00 00 00 00 00 00 00 01",
        "5e 00 00 00 00 00 00 00 40", "5f", "16", "17", "01", "0b", "2b", "a3 0c 00 00 00 00 00 00 00 40", "ff"]
PAGES = (0, 1, 4, 5, 8, 0x0a, 0x1c, 0x3f, 0x48, 0x44, 0x88, 0x84, 0x85, 0x81, 0xbf, 0xc8, 0x2a)
ANY += ["1a 00 %02x 00 ff" % page for page in PAGES]
ANY += ["1a 08 08 00 ff", "1a 08 3f 00 ff", "1a 00 08 00 04", "1a 00 08 01 ff", "5a 10 08 00 00 00 00 00 ff"]
ANY += ["5a 00 %02x 00 00 00 00 00 ff" % page for page in (0, 4, 8, 0x3f, 0x48, 0x88)]
ANY += ["5a 08 08 00 00 00 00 00 ff", "5a 00 08 00 00 00 00 00 06"]
READS = ["08 00 00 05 01", "28 00 00 00 00 05 00 00 01", "28", "28 00 00 00 01 8f 00 00 01",
         "28 00 00 00 01 90 00 00 01", "28 00 00 00 01 8f 00 00 02", "28 00 ff ff ff ff 00 00 01",
         "28 20 00 00 00 05 00 00 01", "28 08 00 00 00 05 00 00 01",
         "a8 00 00 00 00 07 00 00 00 02", "88 00 00 00 00 00 00 00 00 07 00 00 00 02",
         "88 00 ff ff ff ff ff ff ff ff 00 00 00 02"]
DISKS = [("plain", "", ANY + ["1b 00 00 00 02"] + READS),
         ("full", ",serial=Serial,wwn=0x5000c50015ea71ac,port_wwn=0x5000c50015ea71ad,port_index=3,"
          "vendor=Vendor,product=Product,ver=1.0,rotation_rate=7200,removable=on,dpofua=on,"
          "scsi_version=6,logical_block_size=512,physical_block_size=4096,min_io_size=4096,"
          "opt_io_size=65536,discard_granularity=8192,max_unmap_size=1048576,max_io_size=524288,"
          "write-cache=off,device_id=Device", ANY)]
# Not the list of pages, which is out of shape.
EMPTY = ["12 00 00 00 60", "12 00 00 00 05", "a0 00 00 00 00 00 00 00 00 40",
         "03 00 00 00 12", "00", "28 00 00 00 00 05 00 00 01", "25"]


class Qemu:
    def __init__(self, *args):
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-S", "-M", "pc", "-m", "64", "-nodefaults",
             "-display", "none", "-qtest", "stdio", "-qtest-log", "none", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.config(0x10, BAR)
        self.config(0x04, 7)
        for status in (0, 1, 3):
            self.ask("outb 0x%x %d" % (BAR + 0x12, status))
        self.ask("outw 0x%x 2" % (BAR + 0xe))
        self.size = int(self.ask("inw 0x%x" % (BAR + 0xc)).split()[1], 16)
        self.ask("outl 0x%x 0x%x" % (BAR + 8, RING >> 12))
        self.ask("outb 0x%x 7" % (BAR + 0x12))
        self.sent = 0

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        while True:
            reply = self.process.stdout.readline()
            if reply.startswith("OK"):
                return reply
            assert reply.startswith("IRQ"), reply

    def config(self, register, value):
        self.ask("outl 0xcf8 0x%x" % (1 << 31 | SLOT << 11 | register))
        self.ask("outl 0xcfc 0x%x" % value)

    def put(self, address, data):
        self.ask("write 0x%x %d 0x%s" % (address, len(data), data.hex()))

    def get(self, address, size):
        return bytes.fromhex(self.ask("read 0x%x %d" % (address, size)).split()[1][2:])

    def command(self, cdb, lun, size=4096):
        """Response, status, sense, data: what has changed of a buffer full of FILL."""
        available = RING + 16 * self.size
        used = (available + 4 + 2 * self.size + 2 + 4095) & ~4095
        reply, data = BUFFERS + 0x1000, BUFFERS + 0x10000
        head = struct.pack("<BBHIQ3B", 1, 0, (0x4000 | lun) >> 8 | (lun & 255) << 8, 0,
                           self.sent, 0, 0, 0)
        self.put(data, FILL * 1024)
        self.put(BUFFERS, head + cdb.ljust(32, b"\0"))
        self.put(RING, struct.pack("<QIHHQIHHQIHH", BUFFERS, 51, 1, 1, reply, 108, 3, 2,
                                   data, size, 2, 0))
        self.put(available + 4 + 2 * (self.sent % self.size), struct.pack("<H", 0))
        self.sent += 1
        self.put(available + 2, struct.pack("<H", self.sent))
        self.ask("outw 0x%x 2" % (BAR + 0x10))
        while struct.unpack("<H", self.get(used + 2, 2))[0] != self.sent & 0xffff:
            pass
        length, _, _, status, response = struct.unpack("<IIHBB", self.get(reply, 12))
        return response, status, self.get(reply + 12, 18)[:length], self.get(data, 1024).rstrip(FILL)

    def end(self):
        self.process.kill()
        self.process.wait()


def sectors(cdb):
    """That a read asks for."""
    at, size = {0x08: (4, 1), 0x28: (7, 2), 0xa8: (6, 4), 0x88: (10, 4)}.get(cdb[0], (0, 0))
    return int.from_bytes(cdb.ljust(32, b"\0")[at:at + size], "big")


def row(qemu, text, lun=0):
    cdb = bytes.fromhex(text)
    size = sectors(cdb) * 512 or 4096  # QEMU's reads fill all that they are given
    response, status, sense, data = qemu.command(cdb, lun, size)
    assert response == 0, (text, response)
    if status == 2:
        return '{ "%s", .key = 0x%x, .code = 0x%02x%02x },' % (cdb.hex(), sense[2] & 15,
                                                              sense[12], sense[13])
    assert status == 0, (text, status)
    told = data.rstrip(b"\0")
    if len(told) > 128:
        return '{ "%s", "%s", %d, .head = TRUE },' % (cdb.hex(), told[:16].hex(), len(data))
    return '{ "%s", "%s", %d },' % (cdb.hex(), told.hex(), len(data))


def main():
    print("/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
          "/* What QEMU's scsi-hd answers: recorded by tests/golden/scsi/record.py. Data "
          "without\n * the zeros at its end, and its length; of much data the head. */\n"
          "/* clang-format off */")
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "image")
        with open(image, "wb") as f:
            for i in range(400):
                f.write(bytes([i & 255]) * 512)
        node = "raw,node-name=m,discard=unmap,file.driver=file,file.filename=" + image
        for name, options, commands in DISKS:
            qemu = Qemu("-blockdev", node, "-device", "virtio-scsi-pci,addr=4", "-device",
                        "scsi-hd,drive=m,scsi-id=0,lun=0,share-rw=on" + options)
            print("static const Answer answers_%s_first[] = {\n    %s\n};" %
                  (name, row(qemu, "00")))
            print("static const Answer answers_%s[] = {" % name)
            for text in commands:
                print("    " + row(qemu, text))
            print("};")
            print("static const Answer answers_%s_other_lun[] = {" % name)
            for text in EMPTY:
                print("    " + row(qemu, text, 1))
            print("};")
            qemu.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
