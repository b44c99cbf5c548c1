#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who writes down QEMU's defaults is understood: each property that QEMU 7.2's devices have
is taken at its default, or stands here with the reason. What is taken only so that it can
be written down is refused by name when it asks for anything else."""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tiny"))
from migration_vm import VIREO, Vm, is_sanitized  # noqa: E402

EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []
BOARD = ["-machine", "q35", "-m", "16M", "-device", "qemu-xhci,id=usb", *EXTRA]

# What ends an attempt when all other properties have been taken.
MISSING = {
    "e1000": ("netdev", "Property 'e1000.netdev' can't find value 'none'"),
    "ide-cd": ("drive", "Property 'ide-cd.drive' can't find value 'none'"),
    "ide-hd": ("drive", "Property 'ide-hd.drive' can't find value 'none'"),
    "virtio-blk-pci": ("drive", "Property 'virtio-blk-pci.drive' can't find value 'none'"),
    "virtio-net-pci": ("netdev", "Property 'virtio-net-pci.netdev' can't find value 'none'"),
    "virtio-rng-pci": ("rng", "Property 'virtio-rng-pci.rng' can't find value 'none'"),
}
COLD = {"ide-cd", "ide-hd"}  # their buses take nothing at run time
NAMES = {"drive": "of a back end", "netdev": "of a back end", "rng": "of a back end",
         "iothread": "of an iothread", "virtio-backend": "a child, not to be set",
         "mac": "none is the default", "port": "the first free one",
         "host": "of a child", "xhci-core": "a child", "attached": "how it stands",
         "chassis_nr": "the default is refused",
         **dict.fromkeys(("serial", "model", "ver"), "one is made up"), "bootindex": "none is the default"}
NOT_THERE = {  # at QEMU's default; what is taken instead, and why
    "pcie-root-port": {
        "aer_log_max": ("0", "there is no advanced error reporting"),
        "disable-acs": ("on", "there are no access control services")},
    "pci-bridge": {"shpc": ("off", "slots are plugged by ACPI")},
    "x3130-upstream": {"aer_log_max": ("0", "there is no advanced error reporting")},
    "xio3130-downstream": {
        "aer_log_max": ("0", "there is no advanced error reporting")},
}
# It is all the same: a property of ATS, messages that nobody sends.
BOTH = {"x-ats-page-aligned", "msi"}
OTHER = {"on": "off", "off": "on", "auto": "off", "": "x", "-1": "1000"}
LATER = {driver: {"in_order": "off"} for driver in MISSING  # than QEMU 7.2
         if driver.startswith("virtio-")}


def facts():
    """By driver: the default of each property that has one."""
    found = {}
    with open(os.path.join(HERE, "qemu-7.2-properties")) as f:
        for line in f:
            if not line.startswith("#"):
                driver, name, kind, value = line.split()
                if value == "-" and kind == "str":
                    value = ""
                found.setdefault(driver, {})[name] = value
    return found


DEFAULTS = facts()


def settable(driver):
    return {n: v for n, v in DEFAULTS[driver].items() if n not in NAMES}


def at_default(driver):
    """All properties: their defaults, or what is taken instead."""
    return {**settable(driver), **LATER.get(driver, {}),
            **{n: v for n, (v, _) in NOT_THERE.get(driver, {}).items()}}


def unsupported(driver, name, value):
    return "Property '%s.%s' value '%s' is not supported" % (driver, name, value)


class Defaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vm = Vm(*BOARD, "-device", "pcie-root-port,id=port", accel="qtest")

    @classmethod
    def tearDownClass(cls):
        cls.vm.quit()

    def refused(self, driver, values):
        """The error with which a device with these properties is refused."""
        if driver in MISSING and driver not in COLD:
            reply = self.vm.qmp.raw("device_add", {
                "driver": driver, "bus": "port", MISSING[driver][0]: "none", **values})
            return reply["error"]["desc"]
        if driver in MISSING:
            values = {MISSING[driver][0]: "none", **values}
        options = "".join(",%s=%s" % pair for pair in values.items())
        done = subprocess.run([VIREO, "-accel", "qtest", *BOARD, "-device", driver + options],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        return done.stderr.strip()

    def test_facts(self):
        """No name is forgotten, and none stands in a list that is not there."""
        for driver, defaults in DEFAULTS.items():
            self.assertGreater(len(defaults), 5)
            self.assertLessEqual(NOT_THERE.get(driver, {}).keys(), defaults.keys())
            for name in settable(driver):
                self.assertNotEqual(defaults[name], "-", name)
        self.assertLessEqual(MISSING.keys() | NOT_THERE.keys(), DEFAULTS.keys())

    def test_missing_ones_last(self):
        """All that a device can have at once."""
        for driver in MISSING:
            error = self.refused(driver, at_default(driver))
            self.assertTrue(error.endswith(MISSING[driver][1]), error)

    def test_devices(self):
        """Those that need nothing that not all hosts have are made."""
        with tempfile.NamedTemporaryFile() as disk:
            disk.truncate(1 << 20)
            devices = []
            for driver, more in (("pcie-root-port", "id=p"), ("virtio-rng-pci", "rng=r,bus=p"),
                                 ("virtio-blk-pci", "drive=n"), ("ich9-ahci", "id=a"),
                                 ("qemu-xhci", "id=x"), ("usb-hub", "bus=x.0"),
                                 ("usb-tablet", "bus=x.0"), ("usb-kbd", "bus=x.0"),
                                 ("usb-mouse", "bus=x.0"), ("e1000", "id=e"), ("ide-hd", "drive=m,bus=a.0"),
                                 ("ide-cd", "bus=a.1"),
                                 ("pcie-pci-bridge", "id=b"),
                                 ("pci-bridge", "bus=b,chassis_nr=1"),
                                 ("x3130-upstream", "id=u,bus=q"),
                                 ("xio3130-downstream", "bus=u,chassis=2")):
                values = "".join(",%s=%s" % pair for pair in at_default(driver).items()
                                 if pair[0] + "=" not in more)
                devices += ["-device", "%s,%s%s" % (driver, more, values)]
            vm = Vm(*BOARD, "-object", "rng-builtin,id=r", "-device",
                    "pcie-root-port,id=q,chassis=1", "-blockdev",
                    "driver=file,node-name=n,filename=" + disk.name, "-blockdev",
                    "driver=file,node-name=m,locking=off,filename=" + disk.name, *devices,
                    accel="qtest")
            vm.quit()

    def test_not_there(self):
        for driver, names in NOT_THERE.items():
            for name in names:
                with self.subTest(driver=driver, name=name):
                    value = DEFAULTS[driver][name]
                    self.assertIn(unsupported(driver, name, value),
                                  self.refused(driver, {name: value}))

    def test_others(self):
        """Nobody is told that he gets what he does not."""
        for driver in DEFAULTS:
            listed = {p["name"] for p in
                      self.vm.qmp("device-list-properties", typename=driver)}
            for name, value in at_default(driver).items():
                if name in listed or name in BOTH or name in NOT_THERE.get(driver, {}):
                    continue
                with self.subTest(driver=driver, name=name):
                    other = OTHER.get(value) or str(abs(int(value) - 1))
                    self.assertIn(unsupported(driver, name, other),
                                  self.refused(driver, {name: other}))


if __name__ == "__main__":
    unittest.main()
