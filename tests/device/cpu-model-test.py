#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""query-cpu-definitions and query-cpu-model-expansion, against what QEMU has answered."""
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tiny"))
from migration_vm import GUEST, VIREO, QmpError, Vm, is_sanitized  # noqa: E402

SOURCE = os.environ.get("srcdir", ".")
EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []
# What KVM adds to each model, and takes from it.
ADDED = {"kvmclock", "kvm-nopiodelay", "kvm-asyncpf", "kvm-steal-time", "kvm-pv-eoi",
         "kvmclock-stable-bit", "x2apic", "hypervisor"}
TAKEN = {"acpi", "monitor", "svm", "npt", "nrip-save", "svme-addr-chk"}
KVM = os.access("/dev/kvm", os.R_OK | os.W_OK)


class CpuModel(unittest.TestCase):
    def vm(self, *args, accel="qtest"):
        vm = Vm("-machine", "none", *EXTRA, *args, accel=accel)
        self.addCleanup(vm.kill)
        return vm

    def recording(self):
        with open(os.path.join(SOURCE, "tests/golden/cpu/qemu.json"), encoding="utf-8") as f:
            return json.load(f)

    def expand(self, vm, name, how="full", **props):
        return vm.qmp("query-cpu-model-expansion", type=how,
                      model={"name": name, "props": props})["model"]

    def test_definitions(self):
        """Each of QEMU's; what nobody has been asked for is not said."""
        mine = {d["name"]: d for d in self.vm().qmp("query-cpu-definitions")}
        for name, theirs in self.recording()["definitions"].items():
            if name == "base":
                continue
            for key, value in theirs.items():
                self.assertEqual((name, key, mine[name].get(key)), (name, key, value))
            self.assertEqual(mine[name]["typename"], name + "-x86_64-cpu")
            self.assertNotIn("unavailable-features", mine[name])

    def test_full(self):
        vm, recording = self.vm(), self.recording()
        names = set(recording["bits"])
        for name, model in recording["models"].items():
            reply = self.expand(vm, name)
            self.assertEqual(reply["name"], name)
            props = reply["props"]
            expected = (set(model["features"].split()) | ADDED) - TAKEN
            self.assertEqual((name, {n for n in names if props[n]}), (name, expected))
            for key in ("family", "model", "stepping", "model-id", "vendor"):
                self.assertEqual((name, props[key]), (name, model[key]))
            for alias, of in recording["aliases"].items():
                self.assertEqual(props[alias], props[of])

    def test_static(self):
        """Names once, and what was asked for counts."""
        vm = self.vm()
        model = self.expand(vm, "Haswell-noTSX-IBRS", "static", avx2=False, sse4_1=False,
                            **{"invtsc": True, "stepping": 3})
        self.assertEqual(model["name"], "base")
        props = model["props"]
        self.assertFalse(props["avx2"] or props["sse4.1"] or "sse4_1" in props)
        self.assertTrue(props["invtsc"] and props["avx"] and props["spec-ctrl"])
        self.assertEqual(props["stepping"], 3)
        self.assertNotIn("check", props)

    def test_refused(self):
        vm = self.vm()
        for name, props, part in (("foo", {}, "CPU model 'foo' not found"),
                                  ("", {}, "CPU model '' not found"),
                                  ("host", {}, "no CPU that could be asked"),
                                  ("Haswell", {"foo": True}, "'foo' is not supported"),
                                  ("Haswell", {"avx": 3}, "avx"),
                                  ("Haswell", {"model": 3}, "'model' is not supported")):
            with self.assertRaises(QmpError) as caught:
                self.expand(vm, name, **props)
            self.assertIn(part, str(caught.exception))
        with self.assertRaises(QmpError):
            vm.qmp("query-cpu-model-expansion", type="full",
                   model={"name": "Haswell", "props": 3})

    @unittest.skipUnless(KVM, "no /dev/kvm")
    def test_kvm(self):
        """A machine without CPUs knows what the host can do."""
        vm = self.vm(accel="kvm")
        mine = {d["name"]: d for d in vm.qmp("query-cpu-definitions")}
        self.assertEqual(mine["host"]["unavailable-features"], [])
        self.assertEqual(mine["max"]["unavailable-features"], [])
        props = self.expand(vm, "host")["props"]
        self.assertTrue(props["hypervisor"] and props["x2apic"] and props["fpu"])
        self.assertFalse(props["vmx"] or props["svm"] or props["invtsc"])
        for name in ("Haswell", "EPYC-Milan-v1", "486-v1"):
            features = self.expand(vm, name)["props"]
            for feature in mine[name]["unavailable-features"]:
                self.assertFalse(props[feature])
                self.assertTrue(features[feature])

    @unittest.skipUnless(KVM, "no /dev/kvm")
    def test_enforce(self):
        """What the host lacks is refused by name, or told and left out."""
        vm = self.vm(accel="kvm")
        lacks = {d["name"]: d["unavailable-features"]
                 for d in vm.qmp("query-cpu-definitions")}
        for name in ("Icelake-Server-v6", "EPYC-Milan-v1"):
            if not lacks[name]:
                continue
            done = subprocess.run(
                [VIREO, *EXTRA, "-accel", "kvm", "-machine", "microvm", "-nodefaults",
                 "-cpu", name + ",enforce"], stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("-cpu %s: Host doesn't support requested features: " % name,
                          done.stderr)
            for feature in lacks[name]:
                self.assertIn(".%s [bit " % feature, done.stderr)
            warned = Vm("-machine", "microvm", "-m", "24M", "-S", "-kernel",
                        GUEST, *EXTRA, "-cpu", name)
            self.addCleanup(warned.kill)
            self.assertIn("child<%s-x86_64-cpu>" % name,
                          {e["type"] for e in
                           warned.qmp("qom-list", path="/machine/unattached")})
            warned.quit()
            for feature in lacks[name]:
                self.assertRegex(warned.said.decode(), "host doesn't support requested "
                                 r"feature: [^\n]*\.%s \[bit" % re.escape(feature))

    def test_help(self):
        text = subprocess.run([VIREO, "-cpu", "help"], check=True, stdout=subprocess.PIPE,
                              text=True).stdout
        for part in ("\nx86 Skylake-Server-v4 ", "\nx86 host ", "\nRecognized CPUID flags:\n",
                     "sse4.1"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
