#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of CPU features and models against libvirt's CPU map and a running QEMU.

What differs from the map is explained in the file "differences"; a line there that is not
needed is an error as well. Each part is skipped where there is nothing to compare with.
"""
import importlib.machinery
import importlib.util
import os
import re
import shutil
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CAPABILITIES = os.path.join(TOP, "capabilities")


def load_tool():
    path = os.path.join(TOP, "tools", "cpu-tables")
    loader = importlib.machinery.SourceFileLoader("cpu_tables", path)
    spec = importlib.util.spec_from_loader("cpu_tables", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


TOOL = load_tool()


def calls(name):
    """The macro calls of a table: (macro, [argument, ...])."""
    with open(os.path.join(CAPABILITIES, name), encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    for macro, body in re.findall(r"^([A-Z]+)\((.*?)\)$", text, flags=re.S | re.M):
        body = re.sub(r'"\s*\n\s*"', "", body)
        yield macro, [a.strip().strip('"') for a in
                      re.findall(r'"[^"]*"|[^,\s]+', body)]


def changed(features, delta):
    result = set(features)
    for word in delta.split():
        if word.startswith("-"):
            result.discard(word[1:])
        else:
            result.add(word.lstrip("+"))
    return result


def read_models():
    """{versioned name: (arguments, features, features with vmx)}, {alias: name}"""
    models, aliases, before, nested = {}, {}, set(), set()
    for macro, args in calls("cpu-models.def"):
        if macro == "ALIAS":
            aliases[args[0]] = args[1]
            continue
        first = args[1] == "1"
        before = changed(set() if first else before, args[12])
        nested = changed(set() if first else nested, args[13])
        models["%s-v%s" % (args[0], args[1])] = (args, before, nested)
    return models, aliases


def spellings():
    """{any name: that of the table}"""
    result = {}
    for _, args in calls("cpu-features.def"):
        for name in [args[0]] + args[2].split():
            result.setdefault(name, args[0])
    for _, args in calls("cpu-features.def"):
        result.setdefault(args[1], args[0])
    return result


def read_differences():
    """{model of the map: set of "+f" and "-f"}; a reason follows each colon."""
    result = {}
    with open(os.path.join(HERE, "differences"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            head, reason = line.split(":", 1)
            if not reason.strip():
                raise ValueError("no reason: " + line)
            names, words = head.split("|")
            for name in names.split():
                result.setdefault(name, set()).update(words.split())
    return result


class Tables(unittest.TestCase):
    def setUp(self):
        self.models, self.aliases = read_models()

    def of(self, name):
        return self.models[self.aliases.get(name, name)]

    @unittest.skipUnless(os.path.isdir(TOOL.CPU_MAP), "no CPU map of libvirt's")
    def test_made(self):
        """The tables are what the tool makes of the recording."""
        sys.argv[1:] = ["--check"]
        self.assertEqual(TOOL.main(), 0)

    @unittest.skipUnless(os.path.isdir(TOOL.CPU_MAP), "no CPU map of libvirt's")
    def test_map(self):
        """Each model of the map for 64 bits is there, and has the map's features."""
        _, models = TOOL.read_map()
        names, expected, found = spellings(), read_differences(), {}
        for name, element in models.items():
            theirs = {names[f.get("name")] for f in element.findall("feature")}
            if "lm" not in theirs and name not in self.aliases:
                continue
            args, mine, _ = self.of(name)
            mine = mine - {"hypervisor"}
            differ = {"+" + f for f in mine - theirs} | {"-" + f for f in theirs - mine}
            if differ:
                found[name] = differ
            signature = element.find("signature")
            # Opteron_G3 is 16 since QEMU corrected it
            if signature is not None and name != "Opteron_G3":
                self.assertEqual((signature.get("family"), name), (args[7], name))
        for name in sorted(set(found) | set(expected)):
            self.assertEqual((name, sorted(found.get(name, []))),
                             (name, sorted(expected.get(name, []))))

    @unittest.skipUnless(shutil.which("qemu-system-x86_64"), "no QEMU")
    def test_qemu(self):
        """Each model that QEMU has is the same there."""
        qemu = TOOL.Qemu("tcg", "-cpu", "base")
        self.addCleanup(qemu.end)
        version = qemu("query-version")["qemu"]
        if (version["major"], version["minor"]) != (7, 2):
            self.skipTest("the tables are of QEMU 7.2")
        definitions = {d["name"]: d for d in qemu("query-cpu-definitions")}
        for name, definition in sorted(definitions.items()):
            if "alias-of" in definition:
                self.assertEqual(self.aliases.get(name), definition["alias-of"])
            self.assertTrue(name in self.models or name in self.aliases or
                            name in ("base", "host", "max"))
            self.assertFalse(definition["deprecated"])
        names = sorted(set(self.models) & set(definitions))
        plain = qemu.expand_all([(n, {}) for n in names])
        nested = qemu.expand_all([(n, {"vmx": True}) for n in names])
        for name, without, with_vmx in zip(names, plain, nested):
            self.check_model(name, without, with_vmx)

    def check_model(self, name, without, with_vmx):
        args, features, nested = self.models[name]
        numbers = dict(zip(("vendor", "level", "level-func7", "xlevel", "xlevel2", "family",
                            "model", "stepping", "legacy-cache", "model-id"), args[2:12]))
        names = {a[0] for _, a in calls("cpu-features.def") if a[-1] == "TRUE"}
        for theirs, mine in ((without, features),
                             (with_vmx, features | nested | {"vmx"})):
            on = {n for n in names if theirs.get(n) is True}
            # TCG's default takes it from each model
            self.assertEqual((name, sorted(on ^ mine - {"vme"})), (name, []))
        for key, value in numbers.items():
            if isinstance(theirs[key], str):
                self.assertEqual((name, key, theirs[key]), (name, key, value))
            else:
                self.assertEqual((name, key, int(theirs[key])), (name, key, int(value, 0)))


if __name__ == "__main__":
    unittest.main()
