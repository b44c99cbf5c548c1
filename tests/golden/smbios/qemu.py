#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The SMBIOS structures of a q35, with what -smbios says, against those of QEMU 7.2. Its
answers are in qemu.txt, which `qemu.py --record` writes anew by asking an installed one.

Both are asked by fw_cfg, as firmware does; what stands in memory for a kernel without
firmware has to be the same, with a structure of type 0 if firmware would add it.
"""
import os
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tiny"))
from migration_vm import QtestVm  # noqa: E402

RECORD = "--record" in sys.argv
RECORDED = os.path.join(HERE, "qemu.txt")
UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"

# {string}, {structure}, {processor}: files, see FILES.
LINES = {
    "nothing said": "",
    "uuid": "-uuid " + UUID,
    "memory above 4 GiB": "-m 20G",
    "sockets": "-smp 36,sockets=18,cores=1,threads=2",
    "dies": "-smp 16,sockets=2,dies=2,cores=2,threads=2",
    "libvirt": "-uuid 11111111-2222-4333-8444-555555555555 -smbios type=0,vendor=V -smbios "
               "'type=1,manufacturer=Example,product=Prod,serial=s-1,uuid=11111111-2222-"
               "4333-8444-555555555555,family=Virtual Machine' -smbios type=2,"
               "manufacturer=Example -smbios type=3,manufacturer=,asset=a-1 "
               "-smbios type=11,value=oem:x=y",
    "Nova": "-uuid " + UUID + " -smbios 'type=1,manufacturer=OpenStack Foundation,"
            "product=OpenStack Nova,version=26.2.0,serial=" + UUID + ",uuid=" + UUID +
            ",family=Virtual Machine'",
    "KubeVirt": "-smbios type=1,manufacturer=KubeVirt,product=None,uuid=" + UUID +
                ",family=KubeVirt",
    "a seed by its serial number": "-smbios type=1,serial=ds=nocloud",
    "type 0": "-smbios type=0,vendor=v,version=1,date=02/29/2024,release=3.200,uefi=on",
    "type 0, bare": "-smbios type=0",
    "type 0, again": "-smbios type=0,vendor=v,uefi=on,release=1.2 -smbios type=0,version=x",
    "type 1": "-smbios type=1,manufacturer=m,product=p,version=v,serial=s,uuid=" + UUID +
              ",sku=k,family=f",
    "type 1, the later UUID": "-uuid 00112233-4455-6677-8899-aabbccddeeff "
                              "-smbios type=1,uuid=" + UUID,
    "type 1, the earlier UUID": "-smbios type=1,uuid=" + UUID +
                                " -uuid 00112233-4455-6677-8899-aabbccddeeff",
    "type 1, commas": "-smbios type=1,serial=a,,b,,,,c,sku=,,",
    "type 2": "-smbios type=2,manufacturer=m,product=p,version=v,serial=s,asset=a,"
              "location=l",
    "type 2, bare": "-smbios type=2",
    "type 2, nothing": "-smbios type=2,manufacturer=,product=,version=",
    "type 3": "-smbios type=3,manufacturer=m,version=v,serial=s,asset=a,sku=k",
    "type 4": "-smp 2,sockets=2 -smbios type=4,sock_pfx=S,manufacturer=m,version=v,"
              "serial=s,asset=a,part=p,max-speed=3000,current-speed=1500,"
              "processor-id=1311768467463790320",
    "type 4, again": "-smbios type=4,max-speed=3000,part=p -smbios type=4,asset=a",
    "type 8": "-smbios type=8,internal_reference=J1,external_reference=USB,"
              "connector_type=18,port_type=16 -smbios type=8,external_reference=x",
    "type 11": "-smbios type=11,value=a,path={string},value=b,,c -smbios type=11,value=z",
    "type 11, none": "-smbios type=11",
    "type 17": "-m 20G -smbios type=17,loc_pfx=Slot,bank=b,manufacturer=m,serial=s,"
               "asset=a,part=p,speed=3200",
    "type 17, again": "-smbios type=17,speed=3200,bank=b -smbios type=17,part=p",
    "type 41": "-device pci-testdev,id=r,addr=5.1 -smbios type=41,designation=Onboard,"
               "kind=ethernet,instance=2,pcidev=r -smbios type=41,kind=sas",
    "a structure": "-smbios file={structure} -smbios type=1,serial=s",
    "a processor, and a structure": "-smbios file={processor} "
                                    "-smbios file={structure}",
}
FILES = {
    "string": b"from a file\nof two lines",
    "structure": bytes([221, 6, 1, 0, 1, 2]) + b"one\0two\0\0",
    "processor": bytes([4, 5, 7, 0, 1]) + b"socket\0\0",
}
NAMES = {"QEMU": "vireo", "Standard PC (Q35 + ICH9, 2009)": "Standard PC (Q35 + ICH9)",
         "pc-q35-7.2": "pc-q35-vireo-1.0"}
BASE, SIZE = 0xf0000, 0x10000


class Ports:
    """The guest's side of a qtest socket."""

    def __init__(self, sock):
        self.stream = sock.makefile("rwb")

    def command(self, text):
        self.stream.write(text.encode() + b"\n")
        self.stream.flush()
        while True:
            words = self.stream.readline().split()
            assert words, "no answer"
            if words[0] != b"IRQ":
                assert words[0] == b"OK", words
                return words[1:]

    def item(self, key, size):
        self.command("outw 0x510 0x%x" % key)
        return bytes(int(self.command("inb 0x511")[0], 16) for _ in range(size))

    def file(self, name):
        count, = struct.unpack(">I", self.item(0x19, 4))
        directory = self.item(0x19, 4 + 64 * count)[4:]
        for at in range(0, len(directory), 64):
            if directory[at + 8:at + 64].rstrip(b"\0").decode() == name:
                size, key = struct.unpack_from(">IH", directory, at)
                return self.item(key, size)
        raise AssertionError("no " + name)

    def memory(self, address, size):
        return bytes.fromhex(self.command("read 0x%x 0x%x" % (address, size))[0]
                             .decode()[2:])


def parse(tables):
    """Structures as text: type, handle, what follows in hexadecimal, strings."""
    lines, at = [], 0
    while at < len(tables):
        kind, length, handle = struct.unpack_from("<BBH", tables, at)
        end = tables.index(b"\0\0", at + length)
        strings = tables[at + length:end].split(b"\0") if end > at + length else []
        lines.append("%u 0x%04x %s %s" % (
            kind, handle, tables[at + 4:at + length].hex() or "-",
            " ".join(shlex.quote(s.decode().replace("\n", "\\n")) for s in strings)))
        at = end + 2
    return [line.rstrip() for line in lines]


def ask_qemu(args):
    """Tables and entry point, by an installed QEMU whose CPUs do not run."""

    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.join(directory, "qtest"))
        server.listen()
        server.settimeout(60)
        with subprocess.Popen(
                ["qemu-system-x86_64", "-machine", "q35,smbios-entry-point-type=64",
                 "-accel", "tcg", "-S", "-display", "none", "-nodefaults", "-m", "64M",
                 "-qtest", "unix:" + server.getsockname(), "-qtest-log", "/dev/null",
                 *args]) as process:
            try:
                ports = Ports(server.accept()[0])
                return (ports.file("etc/smbios/smbios-tables"),
                        ports.file("etc/smbios/smbios-anchor"))
            finally:
                process.kill()


def ask_vireo(args):
    """The same, and what stands in memory."""
    with tempfile.TemporaryDirectory() as directory:
        vm = QtestVm(directory, "-machine", "q35", "-m", "64M", *args)
        try:
            ports = Ports(vm.qtest)
            answer = (ports.file("etc/smbios/smbios-tables"),
                      ports.file("etc/smbios/smbios-anchor"), ports.memory(BASE, SIZE))
            ports.stream.close()
            vm.quit()
            return answer
        finally:
            vm.kill()


def arguments(line, directory):
    for name, content in FILES.items():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(content)
    paths = {name: os.path.join(directory, name) for name in FILES}
    return shlex.split(re.sub(r"\{(\w+)\}", lambda m: paths[m[1]], line))


def expected(line, structures):
    """QEMU's, with what this machine is called, and what is known to be otherwise."""
    out = []
    for text in structures:
        for theirs, ours in NAMES.items():
            text = text.replace(shlex.quote(theirs), shlex.quote(ours))
        if text.startswith("8 "):  # handles of structures are not to be the same
            text = re.sub("^8 0x00", "8 0x08", text)
        if text.startswith("4 0x04") and "processor-id" not in line:  # qtest has no CPU
            words = text.split(" ")
            words[2] = words[2][:8] + "0" * 16 + words[2][24:]
            text = " ".join(words)
        out.append(text)
    return out


def record():
    with open(RECORDED, "w", encoding="ascii") as f, \
            tempfile.TemporaryDirectory() as directory:
        f.write("# The structures of QEMU 7.2, by qemu.py --record: type, handle, what "
                "follows it,\n# strings.\n")
        for name, line in LINES.items():
            tables, anchor = ask_qemu(arguments(line, directory))
            f.write("\n= %s\nanchor %s\n" % (name, anchor.hex()))
            f.writelines(text + "\n" for text in parse(tables))


def recorded():
    with open(RECORDED, encoding="ascii") as f:
        parts = f.read().split("\n= ")[1:]
    return {part.split("\n")[0]: part.splitlines()[1:] for part in parts}


class Structures(unittest.TestCase):
    def check_memory(self, area, tables):
        at = [i for i in range(0, SIZE, 16) if area[i:].startswith(b"_SM3_")]
        self.assertEqual(len(at), 1)
        entry = area[at[0]:][:24]
        self.assertEqual(sum(entry) % 256, 0)
        length, address = struct.unpack_from("<IQ", entry, 12)
        there = parse(area[address - BASE:][:length])
        said = parse(tables)
        if not any(text.startswith("0 ") for text in said):
            there = [text for text in there if not text.startswith("0 ")]
        self.assertEqual(there, said)

    def test_lines(self):
        answers = recorded()
        self.assertEqual(list(answers), list(LINES), "qemu.py --record")
        with tempfile.TemporaryDirectory() as directory:
            for name, line in LINES.items():
                with self.subTest(line=name):
                    tables, anchor, area = ask_vireo(arguments(line, directory))
                    self.assertEqual(parse(tables), expected(line, answers[name][1:]))
                    theirs = bytearray.fromhex(answers[name][0].split()[1])
                    struct.pack_into("<I", theirs, 12, len(tables))
                    self.assertEqual(anchor.hex(), theirs.hex())
                    self.check_memory(area, tables)


if __name__ == "__main__":
    if RECORD:
        record()
    else:
        unittest.main()
