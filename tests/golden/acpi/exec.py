#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The AML of boards.py's boards, run by ACPICA's acpiexec: all predefined objects evaluate
without a warning, and a q35's methods do and answer what they ought to. Registers are
memory there, which keeps what is written to it.
"""
import functools
import os
import re
import subprocess
import tempfile
import unittest

import boards

HOST_BRIDGE = "(5B 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66)"
LABEL = "(D0 37 C9 E5 53 35 7A 4D 91 17 EA 4D 19 C3 43 4D)"
OTHER = "(" + " ".join(["11"] * 16) + ")"
PORTS = ["\\_SB.PCI0.S%02X" % (0x08 + i) for i in range(14)]


@functools.lru_cache(maxsize=None)
def read(board):
    return boards.read(boards.ALL[board])[0]


def dwords(*values):
    data = b"".join(v.to_bytes(4, "little") for v in values)
    return "(" + " ".join("%02X" % b for b in data) + ")"


class Exec(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name

    def run_lines(self, board, *commands, fill=0):
        """What acpiexec says from the first command on."""
        tables = read(board)
        names = [name for name in ("DSDT", "FACP", "SSDT") if name in tables]
        for name in names:
            with open(os.path.join(self.dir, name), "wb") as f:
                f.write(tables[name])
        reduced = ["-r"] if "FACS" not in tables else []
        said = subprocess.run(
            ["acpiexec", "-dt", "-fv", hex(fill), *reduced, "-b", ";".join(commands),
             *names], cwd=self.dir, check=True, text=True, timeout=300,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT).stdout
        self.assertNotRegex(said, "ACPI (Warning|Error|BIOS)|[Ee]xception|AE_[A-Z_]*FOUND")
        return said

    def evaluate(self, board, *commands):
        """Of each "NAME ARGUMENTS" the lines of what it returns."""
        said = self.run_lines(board, *["evaluate " + c for c in commands])
        parts = re.split(r"^Evaluating .*\n", said, flags=re.M)[1:]
        self.assertEqual(len(parts), len(commands), said)
        return [[line.strip() for line in p.splitlines() if line.startswith("  ")]
                for p in parts]

    def numbers(self, board, *commands):
        """The last of them return integers."""
        return [int(re.fullmatch(r"\[Integer\] = (\w+)", lines[0])[1], 16)
                for lines in self.evaluate(board, *commands) if lines]

    def buffers(self, board, *commands):
        return [bytes.fromhex("".join(re.search(r"\d{4}: ((\w\w )+)", line)[1]
                                      for line in lines))
                for lines in self.evaluate(board, *commands)]

    def test_predefined(self):
        """All that has a meaning to a guest, with arguments as ACPI wants them."""
        for board in ("microvm", "q35", "q35-usual", "q35-isa", "q35-index", "q35-bare",
                      "q35-bridges", "q35-full"):
            with self.subTest(board=board):
                said = self.run_lines(board, "test predefined")
                results = re.findall(r"^(\\\S+) +returned (AE_\w+)", said, re.M)
                count = int(re.search(r"Evaluated (\d+) predefined", said)[1])
                self.assertEqual(len(results), count)
                self.assertEqual([r for r in results if r[1] != "AE_OK"], [])
                if board == "q35-full":
                    self.assertEqual(sum(r[0].endswith("._EJ0") for r in results), 240)

    def test_vmgenid(self):
        """The page's address and where the ID is in it, in two halves; the event's method."""
        page = int.from_bytes(read("q35-vmgenid")["SSDT"][42:46], "little")
        self.assertEqual(page % 4096, 0)
        there, address = self.evaluate("q35-vmgenid", "\\_SB.VGEN._STA", "\\_SB.VGEN.ADDR")
        self.assertEqual(int(there[0].split("=")[1], 16), 0xf)
        self.assertEqual([int(n, 16) for n in re.findall(r"\[Integer\] = (\w+)",
                                                         "\n".join(address))],
                         [page + 40, 0])
        self.assertRegex(self.run_lines("q35-vmgenid", "execute \\_GPE._E05"),
                         r"Notify on \[VGEN\] .* Value 0x80")

    def test_osc(self):
        """Control of the Express capability and nothing else, as a query and as not."""
        def ask(uuid, revision, query, control):
            return "\\_SB.PCI0._OSC %s %d 3 %s" % (uuid, revision,
                                                   dwords(query, 0x1f, control))
        rows = [  # arguments, CDW1 and CDW3 of the answer
            ((HOST_BRIDGE, 1, 1, 0x1f), 0x11, 0x10),
            ((HOST_BRIDGE, 1, 0, 0x1f), 0x10, 0x10),
            ((HOST_BRIDGE, 1, 0, 0x10), 0x00, 0x10),
            ((HOST_BRIDGE, 1, 0, 0x00), 0x00, 0x00),
            ((HOST_BRIDGE, 1, 0, 0x01), 0x10, 0x00),  # hot-plug is ACPI's
            ((HOST_BRIDGE, 2, 0, 0x10), 0x08, 0x10),
            ((OTHER, 1, 0, 0x1f), 0x04, 0x1f),
        ]
        native = [
            ((HOST_BRIDGE, 1, 0, 0x1f), 0x10, 0x11),
            ((HOST_BRIDGE, 1, 0, 0x11), 0x00, 0x11),
            ((HOST_BRIDGE, 1, 0, 0x10), 0x00, 0x10),
        ]
        answers = (self.buffers("q35-usual", *[ask(*row[0]) for row in rows]) +
                   self.buffers("q35-native", *[ask(*row[0]) for row in native]))
        for (args, status, control), answer in zip(rows + native, answers):
            self.assertEqual(
                dwords(*[int.from_bytes(answer[i:i + 4], "little") for i in (0, 4, 8)]),
                dwords(status, 0x1f, control), args)

    def test_routes(self):
        """PIRQs E to H by slot and pin, from slot 31 on A to D."""
        pic, _, apic = self.evaluate("q35-usual", "\\_SB.PCI0._PRT", "\\_PIC 1",
                                     "\\_SB.PCI0._PRT")
        links = re.findall(r"= (\w+)\n\[Integer\] = (\w+)\n\[Object Reference\].*?(LNK\w)",
                           "\n".join(pic))
        gsis = re.findall(r"= (\w+)\n\[Integer\] = (\w+)\n\[Integer\] = 0+\n"
                          r"\[Integer\] = (\w+)", "\n".join(apic))
        expected = {(slot << 16 | 0xffff, pin): pin if slot == 31 else 4 + (slot + pin) % 4
                    for slot in (0, 1, 2, 31) for pin in range(4)}
        self.assertEqual({(int(a, 16), int(p, 16)): int(g, 16) - 16 for a, p, g in gsis},
                         expected)
        self.assertEqual({(int(a, 16), int(p, 16)): ord(n[3]) - ord("A")
                          for a, p, n in links}, expected)

    def test_links(self):
        """Not there for a guest that uses the I/O APIC; to be set for one that does not."""
        link = "\\_SB.LNKE."
        choice = "(89 06 00 09 01 0A 00 00 00 79 00)"
        self.assertEqual(self.numbers(
            "q35", link + "_STA", link + "_DIS", link + "_STA", link + "_SRS " + choice,
            link + "_STA", "\\_SB.PCI0.ISA.PRQE", "\\_PIC 1", link + "_STA"),
            [0x0b, 0x09, 0x0b, 10, 0])
        none, chosen = self.buffers("q35", link + "_CRS"), self.evaluate(
            "q35", link + "_SRS " + choice, link + "_CRS")
        self.assertEqual(none[0][5:9], bytes(4))
        self.assertIn("01 0A 00 00 00", chosen[1][0])

    def test_eject(self):
        """_EJ0 and _OST: first the bus, then the slot."""
        commands, expected = [], []
        for bsel in (0, 9, 13):
            commands += [PORTS[bsel] + ".S00._EJ0 1",
                         PORTS[bsel] + ".S00._OST 0x103 0x8%d (00)" % (bsel % 4)]
            commands += ["\\_SB.PCI0." + r for r in ("BNUM", "B0EJ", "OSTN", "OSTE",
                                                     "OSTS")]
            expected += [bsel, 1, 0, 0x103, 0x80 + bsel % 4]
        self.assertEqual(self.numbers("q35-usual", *commands), expected)

    def test_event(self):
        """Of all slots that something is up with, and of no others."""
        event = "evaluate \\_GPE._E01"
        said = self.run_lines("q35-usual", event, fill=0xff)
        for value in ("1", "3"):
            self.assertEqual(len(re.findall(
                r"System Notify on \[S00_\] \S+ Value 0x0" + value, said)), len(PORTS))
        self.assertNotIn("Notify", self.run_lines("q35-usual", event))

    def test_label(self):
        """An acpi-index: by a constant, and by the register, which here says 1."""
        fixed, plugged = "\\_SB.PCI0.S28._DSM ", "\\_SB.PCI0.S08.S00._DSM "
        functions = self.buffers("q35-index", fixed + LABEL + " 2 0 [1]",
                                 plugged + LABEL + " 2 0 [1]",
                                 fixed + LABEL + " 1 0 [1]", fixed + OTHER + " 2 0 [1]",
                                 fixed + OTHER + " 2 7 [1]", fixed + LABEL + " 2 5 [1]")
        self.assertEqual(functions, [b"\x81", b"\x81", b"\0", b"\0", b"\0", b"\0"])
        for name, index in ((fixed, 77), (plugged, 1)):
            lines = self.evaluate("q35-index", name + LABEL + " 2 7 [1]")[0]
            self.assertEqual(lines, ["[Package] Contains 2 Elements:",
                                     "[Integer] = %016X" % index,
                                     '[String] Length 00 = ""'])

    def test_bridges(self):
        """Slots of buses behind bridges that are behind bridges, but for those that
        bridges are in."""
        above = "\\_SB.PCI0.S20.S00"
        slots = ["%s.S%02X" % (above, s << 3) for s in range(32) if s != 3]
        slots += ["%s.S18.S%02X" % (above, s << 3) for s in range(32)]
        slots.append("\\_SB.PCI0.S28.S00.S10.S00")
        said = self.run_lines("q35-bridges", "test predefined")
        self.assertEqual(sorted(re.findall(r"^(\\\S+)\._EJ0 +returned", said, re.M)),
                         sorted(slots))
        said = self.run_lines("q35-bridges", "evaluate \\_GPE._E01", fill=0xff)
        for value in ("1", "3"):
            self.assertEqual(len(re.findall(r"System Notify on \S+ \S+ Value 0x0" + value,
                                            said)), len(slots))
        registers = ["\\_SB.PCI0." + r for r in ("BNUM", "B0EJ", "OSTN")]
        self.assertEqual(self.numbers(
            "q35-bridges", slots[0] + "._EJ0 1", *registers,
            above + ".S18.SF8._EJ0 1", above + ".S18.SF8._OST 3 0 (00)", *registers),
            [1, 1, 0, 2, 1 << 31, 31])
        for name, index in ((slots[-1], 1), ("\\_SB.PCI0.S28.S00.S18.S00", 5)):
            lines = self.evaluate("q35-bridges", name + "._DSM " + LABEL + " 2 7 [1]")[0]
            self.assertEqual(lines[1], "[Integer] = %016X" % index)


if __name__ == "__main__":
    unittest.main()
